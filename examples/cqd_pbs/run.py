"""The PbS quantum dot example from past syntheses to the next ones: judge, fit, explore, suggest, draw.

Run `python examples/cqd_pbs/run.py --help` for the options.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from dataset import fetch_cqd_pbs, load_cqd_pbs, load_table1
from explore import score_pool, suggest, usual_context
from figures import draw_all, draw_networks
from judge import (
    MOST_ROWS_OF_EXACT_PROCESS,
    Predictor,
    cross_validate,
    judge_table1,
    predictors,
    score,
)
from models import LEARNED, as_table_model, outcome_models, success_model, with_hwhm
from preparation import INPUTS, prepare, summarize
from report import print_results, write_tables
from results import Results
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from sklearn.utils import Bunch
from trust import MOST_TRAINED, N_REPEATS, TEST_SHARE, judge_trust, search_networks

from bnnopt.campaign import CampaignSettings
from bnnopt.exceptions import BnnoptError, MissingDependencyError

HERE = Path(__file__).parent
N_RECIPES, N_RECIPES_SHORT = 1_000_000, 50_000
SHORT_TARGETS = 2
SHORT_UPDATES = 1500
PIPE_WIDTH = 120
LARGEST_SEED = 2**32 - 1


@dataclass(frozen=True)
class Options:
    """The options of the command line."""

    data: str
    short: bool
    out: Path
    seed: int
    t_outdoor_c: float | None
    networks: bool = False

    @property
    def n_recipes(self) -> int:
        """Random recipes to score."""
        return N_RECIPES_SHORT if self.short else N_RECIPES

    @property
    def n_repeats(self) -> int:
        """Subsets of each size that the learning curve is made of."""
        return 1 if self.short else N_REPEATS

    @property
    def max_iter(self) -> int | None:
        """Updates of networks that are judged alone; None for their own number."""
        return SHORT_UPDATES if self.short else None


def main(arguments: list[str] | None = None) -> int:
    """Run the example; return the exit code."""
    options = _parse(arguments)
    console = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)
    try:
        results = run(options, console)
    except (BnnoptError, OSError) as error:
        console.print(f"Error: {error}", style="bold", markup=False)
        return 2
    print_results(console, results)
    console.print(f"Tables and figures: {options.out}", markup=False)
    return 0


def run(options: Options, console: Console) -> Results:
    """Do all steps, write tables and figures to `options.out`, and return the results."""
    settings = load_settings(options.short)
    bunch = load_data(options.data)
    table, table1 = with_hwhm(prepare(bunch)), load_table1(t_outdoor_c=options.t_outdoor_c)
    console.print(str(summarize(bunch)), markup=False, highlight=False)
    done, cohort = table.dropna(subset=LEARNED), np.asarray(bunch.cohort)
    for line in what_is_cut(len(done)):
        console.print(line, markup=False, highlight=False)
    context = usual_context(table, options.t_outdoor_c)
    options.out.mkdir(parents=True, exist_ok=True)
    with _progress(console) as progress:
        step = partial(_steps, progress)
        models = outcome_models(settings, options.seed)
        judged = predictors(models, settings.surrogate.name, options.seed, options.max_iter, len(done))
        advance = step(f"cross-validate {len(judged)} models", len(judged))
        scores, predictions = _judge(judged, done, options.seed, advance, progress.console)
        advance = step("fit on all rows", 1)
        fitted = models.fit(done[INPUTS], done[LEARNED])
        success = success_model().fit(table[INPUTS], table["peak_nm"].notna())
        model = as_table_model(settings, fitted, table)
        advance(1)
        advance = step("later rows, growing data, repeats, retraining", 4)
        trust = judge_trust(
            model, done, cohort[done.index], options.seed, advance, options.max_iter, options.n_repeats
        )
        advance = step(f"score {options.n_recipes:,} random recipes", options.n_recipes)
        pool = score_pool(fitted, success, settings.space, context, options.n_recipes, options.seed, advance)
        advance = step("suggest recipes", len(settings.targets.values) if settings.targets else 0)
        suggestions = suggest(settings, fitted, table, pool, context, options.seed, advance)
        results = Results(
            settings=settings,
            table=table,
            cohort=cohort,
            scores=scores,
            predictions=predictions,
            trust=trust,
            fitted=fitted,
            model=model,
            success=success,
            table1=table1,
            verified=judge_table1(fitted, table1, LEARNED),
            pool=pool,
            suggestions=suggestions,
        )
        if options.networks:
            search = search_networks(done, options.seed, options.max_iter)
            draw_networks(options.out / "si8_networks.png", search)
        advance = step("write tables and figures", 1)
        write_tables(options.out, results)
        draw_all(options.out, results)
        advance(1)
    return results


def what_is_cut(n_rows: int) -> list[str]:
    """Say in words what is left out so that a table of so many rows with outcomes takes minutes."""
    lines = []
    if n_rows > MOST_ROWS_OF_EXACT_PROCESS:
        lines.append(
            f"scikit-learn's exact Gaussian process is not compared: with {n_rows:,} rows, more than "
            f"{MOST_ROWS_OF_EXACT_PROCESS}, it would take hours."
        )
    if (1 - TEST_SHARE) * n_rows > MOST_TRAINED:
        lines.append(
            f"The learning curve ends at {MOST_TRAINED} rows, drawn from {n_rows:,}; all other steps take "
            "them all."
        )
    return lines


def load_settings(short: bool) -> CampaignSettings:
    """Read campaign.toml; in the short mode take fewer targets."""
    settings = CampaignSettings.from_toml(HERE / "campaign.toml")
    if not short or settings.targets is None:
        return settings
    values = settings.targets.values[:SHORT_TARGETS]
    return settings.model_copy(update={"targets": settings.targets.model_copy(update={"values": values})})


def load_data(data: str) -> Bunch:
    """Load the 100 rows that ship ("subset"), the published table ("full") or a file of the same form."""
    if data == "subset":
        return load_cqd_pbs()
    return fetch_cqd_pbs() if data == "full" else load_cqd_pbs(data)


def _judge(
    judged: Mapping[str, Predictor],
    done: pd.DataFrame,
    seed: int,
    advance: Callable[[int], None],
    console: Console,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the scores of all models that can be had here, and the predictions of the first."""
    predictions = {}
    for name, predictor in judged.items():
        try:
            predictions[name] = cross_validate(done, predictor, seed)
        except MissingDependencyError as error:
            console.print(f"Without the {name}: {error}", markup=False, highlight=False)
        advance(1)
    scores = [score(done, of_model).assign(model=name) for name, of_model in predictions.items()]
    table = pd.concat(scores, ignore_index=True).sort_values("outcome", kind="stable")
    first = next(iter(predictions.values()))
    return table[["outcome", "model", *table.columns.drop(["outcome", "model"])]], first


def _progress(console: Console) -> Progress:
    percent = TextColumn("{task.percentage:>3.0f} %")
    description = TextColumn("{task.description}")
    return Progress(description, BarColumn(), percent, TimeElapsedColumn(), console=console)


def _steps(progress: Progress, name: str, total: int) -> Callable[[int], None]:
    task = progress.add_task(name, total=total)
    return lambda n: progress.advance(task, n)


def _parse(arguments: list[str] | None) -> Options:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--data", default="subset", help="subset (100 rows that ship), full (fetched), or a file"
    )
    parser.add_argument(
        "--short", action="store_true", help="fewer updates, recipes and targets, to see it run"
    )
    parser.add_argument("--out", type=Path, default=HERE / "out", help="folder for tables and figures")
    parser.add_argument("--seed", type=_seed, default=0, help="the same seed gives the same suggestions")
    parser.add_argument(
        "--t-outdoor", dest="t_outdoor_c", type=float, help="outdoor °C; by default the median of the rows"
    )
    parser.add_argument(
        "--networks", action="store_true", help="also search size, dropout and L2 of networks (minutes)"
    )
    return Options(**vars(parser.parse_args(arguments)))


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) > LARGEST_SEED:
        raise argparse.ArgumentTypeError(
            f"a whole number from 0 to {LARGEST_SEED} was expected, got {text!r}"
        )
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
