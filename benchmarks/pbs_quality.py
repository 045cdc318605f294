"""How well surrogates predict the 95 successful PbS rows and the six recipes of Table 1, on the same folds.

Run `python -m benchmarks.pbs_quality` (`--short` for one shuffle). Every model is fitted on each training
fold of shuffled 5-fold cross-validation, and once on all 95 rows for Table 1, for each of several seeds,
which shuffle the rows and seed the model. The surrogate of `examples/cqd_pbs/campaign.toml` is beside those
of the registry by their keys, with their defaults, and the network as in the paper.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from benchmarks._surrogates import OWN
from benchmarks.machine import describe, markdown
from bnnopt.surrogates import make_surrogate

sys.path.insert(0, str(Path(__file__).parents[1] / "examples" / "cqd_pbs"))

from dataset import load_cqd_pbs, load_table1
from judge import OUTPUTS, cross_validate, judge_table1, predictors, score
from preparation import INPUTS, prepare
from run import load_settings

N_SEEDS = 5
CAMPAIGN, PAPER = "as in campaign.toml", "mc_dropout_paper"


def main(arguments: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    about_short = "one shuffle, the surrogate of campaign.toml and the peers alone"
    parser.add_argument("--short", action="store_true", help=about_short)
    parser.add_argument("--seeds", type=int, default=N_SEEDS, help="number of shuffles, counted from seed 0")
    options = parser.parse_args(arguments)
    table = prepare(load_cqd_pbs()).dropna(subset=OUTPUTS)
    networks: dict[str, Any] = {CAMPAIGN: load_settings(short=False).make_surrogate()}
    if not options.short:
        networks |= {name: make_surrogate(name) for name in OWN}
        networks[PAPER] = make_surrogate(PAPER, output_weights=(1 / 9, 1))
    seeds = range(1 if options.short else options.seeds)
    rows = [row for seed in seeds for row in _measure(table, networks, seed)]
    print(describe())
    print(f"seeds {list(seeds)}; median (smallest to largest) over seeds\n")
    print(_summary(pd.DataFrame(rows)))


def _measure(table: pd.DataFrame, networks: dict[str, Any], seed: int) -> list[dict[str, Any]]:
    rows = []
    for label, network in networks.items():
        network = clone(network).set_params(random_state=seed)
        start = time.perf_counter()
        for place, (name, predictions) in enumerate(cross_validate(table, network, seed)):
            seconds = time.perf_counter() - start
            model = name if place else label  # peers come after the network, the same beside each
            rows.append({"model": model, **_figures(table, predictions), "seconds": seconds})
            rows[-1] |= _table1(name, table, network, seed)
            start = time.perf_counter()
            if label != CAMPAIGN:
                break
    return rows


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


def _table1(name: str, table: pd.DataFrame, network: Any, seed: int) -> dict[str, float]:
    predict = predictors(network, seed)[name]

    class Fitted:
        """The model behind the interface that `judge_table1` expects."""

        def predict(self, X: pd.DataFrame, return_std: bool) -> Any:
            return predict(table[INPUTS], table[OUTPUTS], X)

    verified = judge_table1(Fitted(), load_table1())
    error = (verified["peak_nm_predicted"] - verified["peak_nm_measured"]).abs().mean()
    return {"Table 1 error (nm)": error, "Table 1 inside": float(verified["peak_nm_inside"].sum())}


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
