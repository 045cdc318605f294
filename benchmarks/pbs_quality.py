"""How well surrogates predict the 95 successful PbS rows and the six recipes of Table 1, on the same folds.

Run `python -m benchmarks.pbs_quality` (`--short` for one shuffle). Every model is fitted on each training
fold of shuffled 5-fold cross-validation, and once on all 95 rows for Table 1, for each of several seeds,
which shuffle the rows and seed the model. The models are those of the example under their names there, the
surrogate of `examples/cqd_pbs/campaign.toml` first, and the Gaussian process ensemble alone.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.machine import describe, markdown
from bnnopt.surrogates import make_surrogate

sys.path.insert(0, str(Path(__file__).parents[1] / "examples" / "cqd_pbs"))

from dataset import load_cqd_pbs, load_table1
from judge import OUTPUTS, cross_validate, predictors, score
from models import OutcomeModels, outcome_models
from preparation import INPUTS, prepare
from run import load_settings

N_SEEDS = 5
ENSEMBLE = "gaussian_process_ensemble"
SHORT = ("stacking", "Gaussian process", "random forest")


def main(arguments: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    about_short = "one shuffle, the surrogate of campaign.toml and the peers alone"
    parser.add_argument("--short", action="store_true", help=about_short)
    parser.add_argument("--seeds", type=int, default=N_SEEDS, help="number of shuffles, counted from seed 0")
    options = parser.parse_args(arguments)
    table = prepare(load_cqd_pbs()).dropna(subset=OUTPUTS)
    seeds = range(1 if options.short else options.seeds)
    rows = [row for seed in seeds for row in _measure(table, seed, is_short=options.short)]
    print(describe())
    print(f"seeds {list(seeds)}; median (smallest to largest) over seeds\n")
    print(_summary(pd.DataFrame(rows)))


def _measure(table: pd.DataFrame, seed: int, *, is_short: bool) -> list[dict[str, Any]]:
    rows = []
    for name, predict in _models(seed, is_short=is_short).items():
        start = time.perf_counter()
        predictions = cross_validate(table, predict, seed)
        seconds = time.perf_counter() - start
        figures = {**_figures(table, predictions), "seconds": seconds}
        rows.append({"model": name, **figures, **_table1(predict, table)})
    return rows


def _models(seed: int, *, is_short: bool) -> dict[str, Any]:
    """Return those of the example, and the Gaussian process ensemble alone."""
    settings = load_settings(short=False)
    models = predictors(outcome_models(settings, seed), settings.surrogate.name, seed)
    if is_short:
        return {name: models[name] for name in SHORT}
    alone = OutcomeModels(make_surrogate(ENSEMBLE), settings.outcomes, random_state=seed)
    return models | {ENSEMBLE: predictors(alone, ENSEMBLE, seed)[ENSEMBLE]}


def _figures(table: pd.DataFrame, predictions: pd.DataFrame) -> dict[str, float]:
    scores = score(table, predictions).set_index("outcome")
    return {
        "peak error (nm)": scores.loc["peak_nm", "mean_absolute_error"],
        "peak 95 % covers": scores.loc["peak_nm", "coverage_95"],
        "peak log density": scores.loc["peak_nm", "mean_log_density"],
        "polydispersity error": scores.loc["polydispersity", "mean_absolute_error"],
        "polydispersity 95 % covers": scores.loc["polydispersity", "coverage_95"],
        "polydispersity log density": scores.loc["polydispersity", "mean_log_density"],
    }


def _table1(predict: Any, table: pd.DataFrame) -> dict[str, float]:
    table1 = load_table1()
    found = predict(table[INPUTS], table[OUTPUTS], table1.data)
    error = (found["peak_nm_median"] - table1.target_nm).abs().mean()
    is_inside = (found["peak_nm_lower"] <= table1.target_nm) & (table1.target_nm <= found["peak_nm_upper"])
    return {"Table 1 error (nm)": error, "Table 1 inside": float(is_inside.sum())}


def _summary(rows: pd.DataFrame) -> str:
    figures = [column for column in rows.columns if column != "model"]
    lines = []
    for model, group in rows.groupby("model", sort=False):
        lines.append([str(model), *(_spread(group[figure].to_numpy()) for figure in figures)])
    return markdown(["model", *figures], lines)


def _spread(values: Any) -> str:
    middle, low, high = (f"{value:.3g}" for value in (np.median(values), values.min(), values.max()))
    return middle if low == high else f"{middle} ({low} to {high})"


if __name__ == "__main__":
    main()
