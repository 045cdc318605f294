"""The closed loop in a virtual laboratory: suggest ten recipes, make them, learn, until a grid is beaten.

All outcomes are SIMULATED (`simulator.py`). Each search starts from the same 60 historical rows and looks for
a recipe whose peak is within 20 nm of the target and whose polydispersity is at most that of the best recipe
of a full grid; both are judged without noise, which the search does not see. Run
`python examples/cqd_pbs/replay.py --help` for the options; a batch of ten takes some 6 s of computing.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from models import make_optimizer
from preparation import SETTINGS
from replay_figure import draw_replay
from simulator import USUAL_OUTDOOR_C, VirtualLab, historical_recipes, season_c

from bnnopt.campaign import CampaignSettings
from bnnopt.exceptions import BnnoptError

__all__ = ["GRID", "best_of_grid", "grid_recipes", "random_search", "replay", "summary"]

HERE = Path(__file__).parent
N_HISTORICAL, N_BATCH = 60, 10
MOST_EXPERIMENTS, MOST_RANDOM = 150, 20_000
LIKELY = 0.5  # recipes of the grid that fail more often than not do not count
GRID = {
    "PbOA2_mL": (4.5, 9.0, 18.0, 27.0, 36.0),
    "ODE_Pb_mL": (15.0,),
    "OLA_mL": (0.0, 0.2, 0.5, 1.0),
    "T_inj_C": (50.0, 75.0, 100.0, 125.0, 150.0, 170.0),
    "TMS2S_uL": (100.0, 150.0, 210.0, 300.0, 450.0),
    "ODE_S_mL": (8.0, 12.0),
    "Cl_hot_mM": (0.0,),
    "Cl_60C_mM": (0.0, 0.3),
}
MODELS = {"bnnopt": None, "Gaussian process": "gaussian_process"}


@dataclass(frozen=True)
class Goal:
    """A recipe wanted: its peak within `tolerance` of `target` (nm), at most `polydispersity`."""

    target: float
    tolerance: float
    polydispersity: float

    def is_near(self, expected: pd.DataFrame) -> pd.Series:
        """Tell the recipes whose expected peak is within the tolerance."""
        return (expected["peak_nm"] - self.target).abs() <= self.tolerance

    def is_met(self, expected: pd.DataFrame) -> pd.Series:
        """Tell the recipes that are near and at most as polydisperse as wanted."""
        return self.is_near(expected) & (expected["polydispersity"] <= self.polydispersity)


def grid_recipes(settings: CampaignSettings) -> pd.DataFrame:
    """Return all recipes of the grid that can be made, at the usual outdoor temperature."""
    grid = pd.DataFrame(list(product(*GRID.values())), columns=list(GRID)).assign(T_outdoor_C=USUAL_OUTDOOR_C)
    return grid[settings.space.is_feasible(grid)].reset_index(drop=True)


def best_of_grid(settings: CampaignSettings, lab: VirtualLab, target: float) -> Goal:
    """Return what the best recipe of the grid reaches at a target."""
    grid = grid_recipes(settings)
    expected = lab.expected(grid)
    tolerance = settings.targets.tolerance if settings.targets else 20.0
    goal = Goal(target, tolerance, np.inf)
    is_candidate = goal.is_near(expected) & (lab.success_probability(grid) > LIKELY)
    return Goal(target, tolerance, float(expected["polydispersity"][is_candidate].min()))


def replay(
    settings: CampaignSettings,
    goal: Goal,
    seed: int,
    *,
    surrogate: Any = None,
    most: int = MOST_EXPERIMENTS,
    advance: Callable[[str], None] = lambda _: None,
) -> pd.DataFrame:
    """Run one campaign in the virtual laboratory until the goal is met.

    Parameters
    ----------
    settings : CampaignSettings
    goal : Goal
    seed : int
        Seeds history, weather, noise and the optimizer; the same history for every surrogate.
    surrogate : estimator or str, optional
        In the place of that of the settings.
    most : int, default=150
        Experiments after which to give up.
    advance : callable
        Told in words after each batch how far it is.

    Returns
    -------
    DataFrame with a row for each experiment, in order
        The recipe; expected_peak_nm (nm) and expected_polydispersity, without noise; what was made of it
        (NaN where it failed); is_met.
    """
    lab, rng = VirtualLab.calibrated(), np.random.default_rng(seed)
    history = historical_recipes(N_HISTORICAL, rng)
    optimizer = make_optimizer(settings, seed, surrogate=surrogate)
    optimizer.tell(history, lab.make(history, rng)[list(optimizer.outputs)])
    parts: list[pd.DataFrame] = []
    while not parts or (sum(map(len, parts)) < most and not parts[-1]["is_met"].any()):
        context = {"T_outdoor_C": float(season_c(1, rng)[0])}
        batch = optimizer.ask(N_BATCH, context=context, objectives=settings.objectives_for(goal.target))
        made = lab.make(batch, rng)
        optimizer.tell(batch, made[list(optimizer.outputs)])
        parts.append(_record(batch, made, lab.expected(batch), goal))
        advance(f"{goal.target:.0f} nm, seed {seed}: {sum(map(len, parts))} experiments")
    return pd.concat(parts, ignore_index=True)


def random_search(settings: CampaignSettings, goal: Goal, seed: int, most: int = MOST_RANDOM) -> float:
    """Return how many uniformly random recipes it takes until one meets the goal; inf if `most` do not."""
    lab, rng = VirtualLab.calibrated(), np.random.default_rng([seed, round(goal.target)])
    recipes = settings.space.sample(most, random_state=rng, context={"T_outdoor_C": USUAL_OUTDOOR_C})
    is_made = rng.random(most) < lab.success_probability(recipes)
    return first(goal.is_met(lab.expected(recipes)).to_numpy() & is_made)


def first(is_met: Sequence[bool]) -> float:
    """Return the number of the first experiment that met the goal, from 1; inf if none did."""
    found = np.flatnonzero(is_met)
    return float(found[0] + 1) if len(found) else np.inf


def summary(counts: pd.DataFrame, n_grid: int) -> pd.DataFrame:
    """Return the median number of experiments of each search at each target, beside those of the grid.

    Parameters
    ----------
    counts : DataFrame
        target_nm, search, seed and n_experiments.
    n_grid : int
        Recipes of the grid.
    """
    table = counts.pivot_table(index="target_nm", columns="search", values="n_experiments", aggfunc="median")
    table["full grid"] = float(n_grid)
    table["seeds"] = counts.groupby("target_nm")["seed"].nunique()
    return table.reset_index()


def _record(batch: pd.DataFrame, made: pd.DataFrame, expected: pd.DataFrame, goal: Goal) -> pd.DataFrame:
    seen = expected[["peak_nm", "polydispersity"]].add_prefix("expected_")
    is_met = goal.is_met(expected) & made["peak_nm"].notna()
    return pd.concat([batch[["T_outdoor_C", *SETTINGS]], seen, made], axis=1).assign(is_met=is_met)


def main(arguments: list[str] | None = None) -> int:
    """Run the searches, print their medians, and write replay.csv, replay_runs.csv and replay.png."""
    options = _parse(arguments)
    try:
        settings = CampaignSettings.from_toml(HERE / "campaign.toml")
        options.out.mkdir(parents=True, exist_ok=True)
        counts, runs = _run_all(settings, options)
        n_grid = len(grid_recipes(settings))
        print(f"SIMULATED: experiments to the best of a grid of {n_grid:,}, median over seeds")
        print(summary(counts, n_grid).to_string(index=False))
        draw_replay(options.out / "replay.png", counts, runs, n_grid, options.shown)
    except (BnnoptError, OSError) as error:
        print(f"Error: {error}")
        return 2
    print(f"Tables and figure: {options.out}")
    return 0


def _run_all(settings: CampaignSettings, options: argparse.Namespace) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Run each search for all seeds and targets; those that the folder has already are not run again."""
    counts, runs = _stored(options.out / "replay.csv"), _stored(options.out / "replay_runs.csv")
    for seed, target, search in product(range(options.seeds), options.targets, ("random", *options.searches)):
        key = {"target_nm": target, "search": search, "seed": seed}
        if len(counts) and (counts[list(key)] == pd.Series(key)).all(axis=1).any():
            continue
        goal = best_of_grid(settings, VirtualLab.calibrated(), target)
        if search == "random":
            n = random_search(settings, goal, seed)
        else:
            surrogate = MODELS[search] or options.surrogate
            run = replay(settings, goal, seed, surrogate=surrogate, most=options.most)
            runs, n = _with(runs, run.assign(**key)), first(run["is_met"])
            runs.to_csv(options.out / "replay_runs.csv", index=False)
        counts = _with(counts, pd.DataFrame([{**key, "n_experiments": n}]))
        counts.to_csv(options.out / "replay.csv", index=False)
        print(f"{target:.0f} nm, seed {seed}, {search}: {n:.0f} experiments", flush=True)
    return counts, runs


def _stored(file: Path) -> pd.DataFrame:
    return pd.read_csv(file) if file.exists() else pd.DataFrame()


def _with(table: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([table, more], ignore_index=True) if len(table) else more


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("--seeds", type=int, default=10, help="campaigns for each target, counted from seed 0")
    add("--targets", type=float, nargs="+", default=[620, 780, 950, 1150, 1330, 1500], help="peaks, nm")
    add("--surrogate", help="a key of bnnopt.SURROGATES in the place of that of campaign.toml")
    add("--searches", nargs="*", choices=MODELS, default=list(MODELS), help="by default all, and random")
    add("--most", type=int, default=MOST_EXPERIMENTS, help="experiments after which a campaign gives up")
    add("--shown", type=float, help="the target whose first campaign is drawn; by default the slowest")
    add("--out", type=Path, default=HERE / "out", help="folder for tables and the figure")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
