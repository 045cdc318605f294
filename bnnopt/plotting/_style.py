"""The look that all pictures share: readable in print and by the colour-blind, nothing global changed."""

from typing import Any

import numpy as np

from bnnopt._typing import BoolArray, FloatArray

OKABE_ITO = {
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "sky blue": "#56B4E9",
    "orange": "#E69F00",
    "purple": "#CC79A7",
    "green": "#009E73",
    "yellow": "#F0E442",
    "black": "#000000",
}
MARKERS = ["o", "s", "^", "D", "v", "P", "X", "*"]
Z95 = 1.959963984540054
"""Half-width of a normal distribution's central 95 % interval, in standard deviations."""


def new_axes(ax: Any | None) -> tuple[Any, Any]:
    """Return the figure and the axes to draw on: those of `ax`, or new ones; matplotlib is loaded here."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError('Plotting needs matplotlib: pip install "bnnopt[plot]".') from error
    if ax is not None:
        return ax.figure, ax
    return plt.subplots(layout="constrained")


def with_unit(label: str, unit: str) -> str:
    """Return "label (unit)", or the label alone where there is no unit."""
    return f"{label} ({unit})" if unit else label


def name_axes(ax: Any, display: Any) -> None:
    """Write the display's labels with their units on both axes."""
    ax.set_xlabel(with_unit(display.x_label, display.x_unit))
    ax.set_ylabel(with_unit(display.y_label, display.y_unit))


def legend_above(ax: Any, n_columns: int = 3, **options: Any) -> None:
    """Put the legend above the axes, where it hides no data; nothing is drawn when nothing has a label."""
    if ax.get_legend_handles_labels()[1] or "handles" in options:
        place = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.01), "borderaxespad": 0.0}
        ax.legend(ncols=n_columns, frameon=False, fontsize="small", **place, **options)


def draw_measured(
    ax: Any,
    xy: tuple[FloatArray, FloatArray],
    guided: BoolArray,
    labels: tuple[str, str],
    *,
    color: Any = OKABE_ITO["vermillion"],
    size: float = 26.0,
) -> tuple[Any, Any]:
    """Draw measured points, filled where historical and open where guided, and return the two artists.

    `color` is one colour or an array of shape (n, 4), one per point; a kind without points gets no label.
    """
    from matplotlib.patheffects import withStroke

    x, y = xy
    ring = [withStroke(linewidth=2.2, foreground="black")]
    per_point = np.ndim(color) == 2
    artists = []
    for chosen, label, is_open in [(~guided, labels[0], False), (guided, labels[1], True)]:
        shade = color[chosen] if per_point else color
        artists.append(
            ax.scatter(
                x[chosen],
                y[chosen],
                s=size,
                marker="o",
                facecolors=("white" if is_open else shade),
                edgecolors=(shade if is_open else "black"),
                linewidths=(1.4 if is_open else 0.4),
                label=(label if chosen.any() else None),
                path_effects=(ring if is_open else None),
                zorder=4,
            )
        )
    return artists[0], artists[1]


def draw_failed(ax: Any, xy: tuple[FloatArray, FloatArray], *, size: float = 36.0) -> Any:
    """Draw failed experiments as crosses that can be seen on any ground, and return the artist."""
    from matplotlib.patheffects import withStroke

    look = {"marker": "x", "color": "black", "linewidths": 1.4, "zorder": 5}
    ring = [withStroke(linewidth=3.0, foreground="white")]
    return ax.scatter(*xy, s=size, label="failed" if len(xy[0]) else None, path_effects=ring, **look)
