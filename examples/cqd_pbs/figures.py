"""The figures of the paper, drawn for the rows at hand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from explore import LAYERS
from figures_of_model import effects, maps, ratio_slice, sweeps
from figures_of_trust import growing_data, parity, repeats, retraining
from looks import BLUE, GREEN, MARKS, NAMES, ORANGE, PEAK, POLYDISPERSITY, draw_rows
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from models import HWHM
from preparation import HWHM_RELATION, INPUTS, MEV_NM
from results import Results
from simulator import VirtualLab

from bnnopt.plotting import CoverageDisplay, SearchDisplay

__all__ = ["draw_all", "draw_networks", "lower_edge"]

DPI = 160
WIDE, SQUARE = (10.5, 4.4), (6.4, 4.8)
N_POINTS_DRAWN = 30_000
BIN_NM = 25.0
FEWEST_IN_BIN = 20


def draw_all(out: Path, results: Results) -> list[Path]:
    """Draw all figures into the folder `out`; return the files."""
    figures: dict[str, tuple[Callable[[Figure, Results], None], tuple[float, float]]] = {
        "fig1_coverage": (_coverage, SQUARE),
        "fig2a_effects": (effects, (11.5, 5.0)),
        "fig2b_maps": (maps, (13.5, 4.6)),
        "fig2c_ratio": (ratio_slice, SQUARE),
        "fig3_output_space": (_output_space, (8.0, 5.2)),
        "parity": (parity, (13.0, 4.4)),
        "si1_repeats": (repeats, WIDE),
        "si3_growing_data": (growing_data, WIDE),
        "si4_sweeps": (sweeps, (13.0, 6.4)),
        "si10_hwhm": (_hwhm, SQUARE),
        "retraining": (retraining, WIDE),
        "simulator": (_simulator, WIDE),
    }
    return [_save(draw, size, results, out / f"{name}.png") for name, (draw, size) in figures.items()]


def _save(
    draw: Callable[[Figure, Results], None], size: tuple[float, float], results: Results, file: Path
) -> Path:
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    draw(figure, results)
    figure.savefig(file, dpi=DPI)
    return file


def draw_networks(file: Path, search: Any) -> Path:
    """SI 8: error of networks on the rows of their training against that of held-out rows."""
    figure = Figure(figsize=SQUARE, layout="constrained")
    FigureCanvasAgg(figure)
    display = SearchDisplay.from_search(
        search, parameter="mcdropoutregressor__dropout", kind_label="dropout", label="minus error"
    )
    display.plot(ax=figure.add_subplot())
    figure.savefig(file, dpi=DPI)
    return file


def _coverage(figure: Figure, results: Results) -> None:
    table = results.table
    display = CoverageDisplay(
        table["PbOA2_mL"],
        table["T_inj_C"],
        table["peak_nm"],
        guided=results.guided,
        failed=results.failed,
        x_label=NAMES["PbOA2_mL"],
        x_unit="mL",
        y_label=NAMES["T_inj_C"],
        y_unit="°C",
        outcome_label=PEAK,
        outcome_unit="nm",
    ).plot(ax=figure.add_subplot())
    failed = table.loc[results.failed, ["PbOA2_mL", "T_inj_C"]]
    for (x, y), n in failed.value_counts().items():
        if n > 1:
            display.ax_.annotate(
                f"{n} failed", (x, y), xytext=(-46, -3), textcoords="offset points", fontsize=8
            )


def _output_space(figure: Figure, results: Results) -> None:
    """Draw what random recipes are predicted to give, and the least polydispersity at each peak.

    Recipes with an additive may have none of it, so that a kind with more additives holds those with fewer.
    """
    ax, pool, table = figure.add_subplot(), results.pool, results.table
    drawn = pool.iloc[:N_POINTS_DRAWN]
    look = {
        "s": 2,
        "color": "0.82",
        "linewidths": 0,
        "rasterized": True,
        "label": "random recipes, predicted",
    }
    ax.scatter(drawn["peak_nm"], drawn["polydispersity"], **look)
    styles = [(ORANGE, "-", "s"), (BLUE, "--", "^"), (GREEN, ":", "o")]
    for layer, (name, (color, line, marker)) in enumerate(zip(LAYERS, styles, strict=True)):
        look = {"color": color, "marker": marker, "markersize": 4, "linewidth": 2, "label": f"best {name}"}
        ax.plot(*lower_edge(pool[pool["layer"] >= layer]), line, **look)
    draw_rows(ax, table["peak_nm"], table["polydispersity"], results.guided)
    ax.set(xlabel=f"{PEAK} (nm)", ylabel=POLYDISPERSITY, ylim=(-0.01, 0.5))
    _legend(ax)


def lower_edge(recipes: pd.DataFrame) -> tuple[Any, Any]:
    """Return the middles of bins of the peak and the least polydispersity in each that has some recipes."""
    bins = (recipes["peak_nm"] / BIN_NM).astype(int)
    found = recipes.groupby(bins)["polydispersity"].agg(["min", "size"]).query("size >= @FEWEST_IN_BIN")
    return (found.index + 0.5) * BIN_NM, found["min"]


def _hwhm(figure: Figure, results: Results) -> None:
    """Draw the relation of the metric to hwhm over bandgap, and the six verified recipes that it is from."""
    ax, table1 = figure.add_subplot(), results.table1
    bandgap = MEV_NM / table1.target_nm
    a, b, c = HWHM_RELATION
    metric = np.linspace(0, 0.5, 400)
    ax.plot(metric, a + b * metric ** (1 / c), color=BLUE, label=f"{a:g} + {b:g} polydispersity^(1/{c:g})")
    ax.axvspan(np.exp(-table1.peak_valley.min()), 0.5, color="0.9", label="beyond Table 1: extrapolated")
    error = table1.hwhm_meV_err / bandgap
    points = {"fmt": "o", "color": ORANGE, "capsize": 3, "label": "Table 1, measured"}
    ax.errorbar(np.exp(-table1.peak_valley), table1.hwhm_meV / bandgap, yerr=error, **points)
    for x, y, nm in zip(
        np.exp(-table1.peak_valley), table1.hwhm_meV / bandgap, table1.target_nm, strict=True
    ):
        if nm <= 950:
            ax.annotate(f"{nm:.0f} nm", (x, y), xytext=(8, -10), textcoords="offset points", fontsize=8)
    ax.set(xlabel=POLYDISPERSITY, ylabel="hwhm / bandgap", ylim=(0, None))
    _legend(ax)


def _simulator(figure: Figure, results: Results) -> None:
    """Draw what the virtual laboratory expects of the real recipes against what was measured."""
    figure.suptitle("The virtual laboratory (a simulation) held against measured outcomes")
    table, lab, table1 = results.table, VirtualLab.calibrated(), results.table1
    expected, verified = lab.expected(table[INPUTS]), lab.expected(table1.data)
    measured = {"peak_nm": table1.target_nm, "hwhm_meV": table1.hwhm_meV}
    for ax, name, label in zip(
        figure.subplots(1, 2), measured, (f"{PEAK.lower()} (nm)", f"{HWHM.name[:4]} (meV)"), strict=True
    ):
        draw_rows(ax, table[name], expected[name], results.guided)
        mark = {**MARKS["verified"], "label": "Table 1, measured"}
        ax.scatter(measured[name], verified[name], **mark)
        ends = [min(table[name].min(), expected[name].min()), max(table[name].max(), expected[name].max())]
        ax.plot(ends, ends, color="black", linestyle="--", linewidth=1)
        note = "measured" if name == "peak_nm" else "derived from measured peak/valley"
        ax.set(xlabel=f"{note} {label}", ylabel=f"simulated {label}, without noise")
        _legend(ax)


def _legend(ax: Any) -> None:
    ax.legend(frameon=False, fontsize="small", ncols=2, loc="lower left", bbox_to_anchor=(0, 1.0))
