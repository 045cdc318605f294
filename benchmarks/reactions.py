"""How soon the best of 1,728 measured reactions is found, beside published runs of a peer and of people.

Run `python -m benchmarks.reactions --data FOLDER` (`--short` for CI). The folder holds the direct arylation
of Shields et al. (Nature 2021, 590, 89): `direct_arylation.csv`, the descriptors of its ligands, bases and
solvents, `published_edbo_runs.csv` and `published_human_runs.csv`. The project holds no copy; without
`--data` it is looked for in `../shared/data/reactions`.

A run takes five reactions at a time, the first five those of the published run of the same number, found by
their yields, and chooses the next out of all that were not run. The figures are the best yield so far (%)
after 15, 25 and 50 reactions: means over runs, the worst run after 50, and how many of them stay below 95 %.
`auto` and the others of bnnopt know of levels that they differ; `_described` adds the descriptors; `bounded`
says that a yield lies in 0 to 100 %. Ten runs mislead here, so 50 are the default.

Seconds are processor time of a batch; see `benchmarks.sequential`.
"""

import argparse
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._results import measure_missing, options_of, print_table, runs_of, software
from bnnopt._typing import FloatArray
from bnnopt.objectives import Maximize, Outcome
from bnnopt.optimizer import BayesianOptimizer
from bnnopt.space import Categorical, Discrete, SearchSpace

N_BATCH, N_REACTIONS, N_SEEDS = 5, 50, 50
AFTER = (15, 25, 50)
GOAL = 95.0
LEVELS = {"base": "Base_SMILES", "ligand": "Ligand_SMILES", "solvent": "Solvent_SMILES"}
NUMBERS = {"concentration": "Concentration", "temperature": "Temp_C"}
PUBLISHED = {"published_edbo": "published_edbo_runs.csv", "published_people": "published_human_runs.csv"}
HEADER = [
    "method",
    *(f"best after {n}" for n in AFTER),
    "worst run",
    f"runs below {GOAL:g}",
    "seconds a batch",
]
HEADER += ["runs"]
DEFAULT_DATA = Path(__file__).parents[2] / "shared" / "data" / "reactions"


class _Data:
    """The tables, read once; `folder` is set by the command."""

    folder = DEFAULT_DATA

    @classmethod
    @cache
    def reactions(cls) -> pd.DataFrame:
        """All measured reactions: settings and `yield`."""
        table = pd.read_csv(cls.folder / "direct_arylation.csv")
        return table.rename(columns={old: new for new, old in {**LEVELS, **NUMBERS}.items()})

    @classmethod
    @cache
    def published(cls, method: str) -> FloatArray:
        """Return yields in the order of measurement, a row a run; NaN where somebody had stopped."""
        return pd.read_csv(cls.folder / PUBLISHED[method], index_col=0).to_numpy(float)

    @classmethod
    @cache
    def descriptors(cls, variable: str) -> pd.DataFrame:
        """Numbers of each level."""
        table = pd.read_csv(cls.folder / f"direct_arylation_{variable}_dft.csv")
        numbers = table.set_index(f"{variable}_SMILES").select_dtypes("number")
        return numbers.loc[list(dict.fromkeys(cls.reactions()[variable]))].dropna(axis=1)


def _space(*, is_described: bool) -> SearchSpace:
    table = _Data.reactions()
    categories = [
        Categorical(
            name,
            list(dict.fromkeys(table[name])),
            **({"descriptors": _Data.descriptors(name)} if is_described else {}),
        )
        for name in LEVELS
    ]
    return SearchSpace([*categories, *(Discrete(name, sorted(set(table[name]))) for name in NUMBERS)])


def _optimized(
    first: Any, seed: int, n: int, *, surrogate: str, is_described: bool = False, is_bounded: bool = False
) -> FloatArray:
    """Run the optimizer from the positions of the first reactions; return yields in order."""
    table, rows = _Data.reactions(), list(first)
    outcomes = [Outcome("yield", lower=0, upper=100)] if is_bounded else []
    optimizer = BayesianOptimizer(
        _space(is_described=is_described),
        [Maximize("yield")],
        surrogate=surrogate,
        outcomes=outcomes,
        n_initial=N_BATCH,
        random_state=seed,
    )
    settings = [*LEVELS, *NUMBERS]
    while len(rows) < n:
        new = table.iloc[rows[-N_BATCH:]]
        optimizer.tell(new[settings], new[["yield"]])
        asked = optimizer.ask(N_BATCH, candidates=table.drop(index=table.index[rows])[settings])
        rows += _positions(table, asked, settings)
    return table["yield"].to_numpy()[rows[:n]]


def _positions(table: pd.DataFrame, asked: pd.DataFrame, settings: list[str]) -> list[int]:
    places = table.reset_index(names="place").merge(
        asked[settings].assign(order=range(len(asked))), on=settings
    )
    return places.sort_values("order")["place"].tolist()


def _random(first: Any, seed: int, n: int) -> FloatArray:
    rest = np.setdiff1d(np.arange(len(_Data.reactions())), first)
    order = np.random.default_rng([seed, 1]).permutation(rest)
    return _Data.reactions()["yield"].to_numpy()[[*first, *order]][:n]


METHODS: dict[str, Callable[..., FloatArray] | None] = {
    **dict.fromkeys(PUBLISHED),
    "random": _random,
    "auto": partial(_optimized, surrogate="auto"),
    "auto_bounded": partial(_optimized, surrogate="auto", is_bounded=True),
    "auto_described": partial(_optimized, surrogate="auto", is_described=True),
    "auto_described_bounded": partial(_optimized, surrogate="auto", is_described=True, is_bounded=True),
    "gaussian_process": partial(_optimized, surrogate="gaussian_process"),
    "gaussian_process_described": partial(_optimized, surrogate="gaussian_process", is_described=True),
}
SHORT = {"methods": ["published_edbo", "random", "gaussian_process"], "seeds": 1}
N_SHORT = 15


def main(arguments: list[str] | None = None) -> None:
    """Measure what is missing and print the table."""
    options = options_of(
        "reactions", __doc__, METHODS, ["direct_arylation"], N_SEEDS, SHORT, arguments, add=_add_data
    )
    _Data.folder = options.data
    n = N_SHORT if options.short else N_REACTIONS
    frame = measure_missing(options, partial(measure, n_reactions=n))
    title = f"best yield so far (%), means over runs, in batches of {N_BATCH}; runs 0 to {options.seeds - 1}"
    print_table(title, HEADER, _rows(frame, options.methods), busy=options.busy)


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the tables")


def measure(problem: str, method: str, seed: int, n_reactions: int = N_REACTIONS) -> dict[str, Any]:
    """Make one run and return the figures of the CSV file."""
    del problem  # there is one
    make, start = METHODS[method], time.process_time()
    if make is None:
        yields = _Data.published(method)[seed][:n_reactions]
    else:
        yields = make(_first(seed), seed, n_reactions)
    n_batches = max(n_reactions // N_BATCH - 1, 1)
    best = np.fmax.accumulate(yields)
    return {
        "n_reactions": n_reactions,
        "bests": " ".join(f"{value:.4g}" for value in best),
        "seconds_a_batch": f"{(time.process_time() - start) / n_batches:.3g}",
        "software": software(),
    }


def _first(seed: int) -> list[int]:
    """Return the positions of the first reactions of the published run: by their yields, in order.

    Where a yield occurs more than once, one of the reactions that have it is drawn.
    """
    rng, yields, places = np.random.default_rng(seed), _Data.reactions()["yield"].to_numpy(), list[int]()
    for value in _Data.published("published_edbo")[seed][:N_BATCH]:
        same = np.setdiff1d(np.flatnonzero(yields == value), places)
        places.append(int(rng.choice(same)))
    return places


def _rows(frame: pd.DataFrame, methods: list[str]) -> list[list[str]]:
    rows = []
    for _, method, runs in runs_of(frame, ["direct_arylation"], methods):
        best = np.array([[float(value) for value in text.split()] for text in runs["bests"]])
        after = [f"{best[:, n - 1].mean():.1f}" if n <= best.shape[1] else "" for n in AFTER]
        below = str(int((best[:, -1] < GOAL).sum()))
        seconds = f"{runs['seconds_a_batch'].median():.2g}"
        rows.append([method, *after, f"{best[:, -1].min():.1f}", below, seconds, str(len(runs))])
    return rows


if __name__ == "__main__":
    main()
