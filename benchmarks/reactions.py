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
from dataclasses import dataclass
from functools import cached_property, partial
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


@dataclass(frozen=True)
class Reactions:
    """The tables of a folder, each read when it is first asked for."""

    folder: Path

    @cached_property
    def measured(self) -> pd.DataFrame:
        """All measured reactions: settings and `yield`."""
        table = pd.read_csv(self.folder / "direct_arylation.csv")
        return table.rename(columns={old: new for new, old in {**LEVELS, **NUMBERS}.items()})

    def published(self, method: str) -> FloatArray:
        """Return yields in the order of measurement, a row a run; NaN where somebody had stopped."""
        return pd.read_csv(self.folder / PUBLISHED[method], index_col=0).to_numpy(float)

    def first(self, seed: int) -> list[int]:
        """Return the positions of the first reactions of the published run: by their yields, in order.

        Where a yield occurs more than once, one of the reactions that have it is drawn.
        """
        rng, yields, places = np.random.default_rng(seed), self.measured["yield"].to_numpy(), list[int]()
        for value in self.published("published_edbo")[seed][:N_BATCH]:
            same = np.setdiff1d(np.flatnonzero(yields == value), places)
            places.append(int(rng.choice(same)))
        return places

    def space(self, *, is_described: bool) -> SearchSpace:
        """Return the settings; levels with their descriptors, or bare."""
        categories = []
        for name in LEVELS:
            levels = list(dict.fromkeys(self.measured[name]))
            table = self._descriptors(name, levels) if is_described else None
            categories.append(Categorical(name, levels, descriptors=table))
        numbers = [Discrete(name, sorted(set(self.measured[name]))) for name in NUMBERS]
        return SearchSpace([*categories, *numbers])

    def _descriptors(self, variable: str, levels: list[str]) -> pd.DataFrame:
        table = pd.read_csv(self.folder / f"direct_arylation_{variable}_dft.csv")
        numbers = table.set_index(f"{variable}_SMILES").select_dtypes("number")
        return numbers.loc[levels].dropna(axis=1)


def _optimized(
    data: Reactions,
    seed: int,
    n: int,
    *,
    surrogate: str,
    is_described: bool = False,
    is_bounded: bool = False,
) -> FloatArray:
    """Run the optimizer from the first reactions; return yields in order."""
    table, rows, settings = data.measured, data.first(seed), [*LEVELS, *NUMBERS]
    optimizer = BayesianOptimizer(
        data.space(is_described=is_described),
        [Maximize("yield")],
        surrogate=surrogate,
        outcomes=[Outcome("yield", lower=0, upper=100)] if is_bounded else [],
        n_initial=N_BATCH,
        random_state=seed,
    )
    while len(rows) < n:
        new = table.iloc[rows[-N_BATCH:]]
        optimizer.tell(new[settings], new[["yield"]])
        asked = optimizer.ask(N_BATCH, candidates=table.drop(index=table.index[rows])[settings])
        rows += _positions(table, asked, settings)
    return table["yield"].to_numpy()[rows[:n]]


def _positions(table: pd.DataFrame, asked: pd.DataFrame, settings: list[str]) -> list[int]:
    ordered = asked[settings].assign(order=range(len(asked)))
    places = table.reset_index(names="place").merge(ordered, on=settings)
    return places.sort_values("order")["place"].tolist()


def _random(data: Reactions, seed: int, n: int) -> FloatArray:
    first = data.first(seed)
    rest = np.setdiff1d(np.arange(len(data.measured)), first)
    order = np.random.default_rng([seed, 1]).permutation(rest)
    return data.measured["yield"].to_numpy()[[*first, *order]][:n]


def _published(data: Reactions, seed: int, n: int, *, method: str) -> FloatArray:
    return data.published(method)[seed][:n]


METHODS: dict[str, Callable[[Reactions, int, int], FloatArray]] = {
    **{method: partial(_published, method=method) for method in PUBLISHED},
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
    n = N_SHORT if options.short else N_REACTIONS
    frame = measure_missing(options, partial(measure, data=Reactions(options.data), n_reactions=n))
    title = f"best yield so far (%), means over runs, in batches of {N_BATCH}; runs 0 to {options.seeds - 1}"
    print_table(title, HEADER, _rows(frame, options.methods), busy=options.busy)


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the tables")


def measure(
    problem: str, method: str, seed: int, *, data: Reactions, n_reactions: int = N_REACTIONS
) -> dict[str, Any]:
    """Make one run and return the figures of the CSV file."""
    del problem  # there is one
    start = time.process_time()
    yields = METHODS[method](data, seed, n_reactions)
    seconds = (time.process_time() - start) / max(n_reactions // N_BATCH - 1, 1)
    return {
        "n_reactions": n_reactions,
        "bests": " ".join(f"{value:.4g}" for value in np.fmax.accumulate(yields)),
        "seconds_a_batch": f"{seconds:.3g}",
        "software": software(),
    }


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
