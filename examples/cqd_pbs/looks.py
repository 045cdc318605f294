"""Names, colours and markers that the figures share."""

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "BLUE",
    "GREEN",
    "LABELS",
    "MARKS",
    "NAMES",
    "ORANGE",
    "PEAK",
    "POLYDISPERSITY",
    "PURPLE",
    "RED",
    "draw_failed",
    "draw_rows",
    "legend_below",
]

# Of M. Okabe and K. Ito, told apart by the colour-blind too; print tells them apart by lines and markers.
BLUE, ORANGE, GREEN, PURPLE, RED = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00"
NAMES = {
    "T_outdoor_C": "Outdoor temperature",
    "PbOA2_mL": "Pb oleate",
    "ODE_Pb_mL": "Octadecene with Pb",
    "OLA_mL": "Oleylamine",
    "T_inj_C": "Injection temperature",
    "TMS2S_uL": "(TMS)2S",
    "ODE_S_mL": "Octadecene with S",
    "Cl_hot_mM": "Chloride, hot",
    "Cl_60C_mM": "Chloride, at 60 °C",
}
PEAK, POLYDISPERSITY = "Exciton peak", "Polydispersity, exp(-peak/valley)"
LABELS = {
    "peak_nm": ("exciton peak", "nm"),
    "polydispersity": ("polydispersity", ""),
    "hwhm_meV": ("hwhm, derived", "meV"),
}
MARKS: dict[str, dict[str, Any]] = {
    "historical": {"s": 24, "facecolors": RED, "edgecolors": "black", "linewidths": 0.5, "zorder": 4},
    "guided": {"s": 24, "facecolors": "white", "edgecolors": RED, "linewidths": 1.4, "zorder": 4},
    "failed": {"s": 46, "marker": "x", "color": "black", "linewidths": 1.8, "zorder": 5},
    "verified": {"s": 70, "marker": "*", "color": "black", "zorder": 6},
}


def draw_rows(ax: Any, x: Any, y: Any, guided: npt.NDArray[np.bool_]) -> None:
    """Draw measured rows, filled where historical and open where a model suggested them."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    for kind, chosen, label in (
        ("historical", ~guided, "historical rows"),
        ("guided", guided, "model-guided rows"),
    ):
        ax.scatter(x[chosen], y[chosen], **MARKS[kind], label=label)


def legend_below(figure: Any, *axes: Any, n_columns: int = 5) -> None:
    """Put the legends of some axes, each entry once, below all of them."""
    entries: dict[str, Any] = {}
    for ax in axes:
        legend = ax.get_legend()
        if legend is not None:
            texts = [text.get_text() for text in legend.get_texts()]
            entries |= dict(zip(texts, legend.legend_handles, strict=True))
            legend.remove()
    look = {"ncols": n_columns, "frameon": False, "fontsize": "small", "loc": "outside lower center"}
    figure.legend(list(entries.values()), list(entries), **look)


def draw_failed(ax: Any, x: Any, y: Any) -> None:
    """Draw failed rows as crosses."""
    ax.scatter(x, y, **MARKS["failed"], label="failed")
