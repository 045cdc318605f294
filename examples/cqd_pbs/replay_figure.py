"""The picture of the closed loop in the virtual laboratory."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

__all__ = ["draw_replay"]

LOOKS = {
    "bnnopt": ("o", "#0072B2"),
    "Gaussian process": ("s", "#D55E00"),
    "random": ("^", "#000000"),
}
DPI = 200


def draw_replay(
    file: Path, counts: pd.DataFrame, runs: pd.DataFrame, n_grid: int, shown: float | None = None
) -> None:
    """Draw how many experiments each search took, and one campaign of bnnopt batch by batch.

    Parameters
    ----------
    file : Path
        A PNG, written anew.
    counts : DataFrame
        target_nm, search, seed, n_experiments (inf where a search gave up).
    runs : DataFrame
        The experiments of all campaigns, from `replay`.
    n_grid : int
        Recipes of the grid.
    shown : float, optional
        Target (nm) of the campaign to draw. Default: the one that bnnopt took longest for.
    """
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    figure.suptitle("Simulation: a virtual laboratory, no measured outcomes")
    _draw_counts(left, counts, n_grid)
    campaigns = runs[runs["search"] == "bnnopt"] if len(runs) else runs
    if len(campaigns):
        lengths = campaigns.groupby(["target_nm", "seed"]).size().groupby("target_nm").median()
        target = lengths.idxmax() if shown is None else shown
        _draw_campaign(right, campaigns[campaigns["target_nm"] == target], target)
    figure.savefig(file, dpi=DPI)


def _draw_counts(ax: Any, counts: pd.DataFrame, n_grid: int) -> None:
    """One column of points a target and search, one point a seed, a bar at the median."""
    targets = sorted(counts["target_nm"].unique())
    most = counts["n_experiments"].replace(np.inf, np.nan).max()
    for k, (search, (marker, color)) in enumerate(LOOKS.items()):
        for place, wanted in enumerate(targets):
            is_one = (counts["search"] == search) & (counts["target_nm"] == wanted)
            n = counts.loc[is_one, "n_experiments"]
            x = place + (k - 1) * 0.25
            ax.scatter(
                np.full(len(n), x),
                n.replace(np.inf, 2 * most),
                s=22,
                marker=marker,
                facecolors="none",
                edgecolors=color,
                label=search if place == 0 else None,
            )
            if len(n) and np.isfinite(n.median()):
                ax.plot([x - 0.1, x + 0.1], [n.median()] * 2, color=color, linewidth=3)
    ends = {n_grid: (f"full grid, {n_grid:,}", -0.45, "left")}
    ends[n_grid / 10] = ("a tenth of it", len(targets) - 0.45, "right")
    for level, (name, x, side) in ends.items():
        ax.axhline(level, color="grey", linestyle="--", linewidth=1)
        ax.annotate(name, (x, level), va="bottom", ha=side, fontsize="small")
    ax.set_yscale("log")
    ax.set_xticks(range(len(targets)), [f"{target:.0f}" for target in targets])
    ax.set_xlabel("Wanted exciton peak (nm)")
    ax.set_ylabel("Experiments until as good as the grid's best")
    ax.legend(frameon=False, ncols=3, loc="lower left", bbox_to_anchor=(0, 1), fontsize="small")


def _draw_campaign(ax: Any, campaigns: pd.DataFrame, target: float) -> None:
    """Draw the longest campaign of a target in the plane of both outcomes, without noise."""
    seed = campaigns.groupby("seed").size().idxmax()
    run = campaigns[campaigns["seed"] == seed]
    number = np.arange(1, len(run) + 1)
    ax.axvspan(target - 20, target + 20, color="#F0E442", alpha=0.5, label="wanted, ± 20 nm")
    drawn = ax.scatter(
        run["expected_peak_nm"],
        run["expected_polydispersity"],
        c=number,
        cmap="viridis_r",
        s=36,
        edgecolors="black",
        linewidths=0.4,
        zorder=3,
    )
    met = run[run["is_met"]]
    ax.scatter(
        met["expected_peak_nm"],
        met["expected_polydispersity"],
        s=150,
        facecolors="none",
        edgecolors="#D55E00",
        linewidths=2,
        label="as good as the grid's best",
        zorder=4,
    )
    ax.figure.colorbar(drawn, ax=ax, label=f"Experiment of the campaign at {target:.0f} nm, seed {seed}")
    ax.set_yscale("log")
    ax.set_xlabel("Exciton peak without noise (nm)")
    ax.set_ylabel("Polydispersity without noise")
    ax.legend(frameon=False, ncols=2, loc="lower left", bbox_to_anchor=(0, 1), fontsize="small")
