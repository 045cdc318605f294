"""Which outcomes are possible: predictions and data in the plane of two outputs."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bnnopt._estimators import real, require
from bnnopt._typing import ArrayLike
from bnnopt.exceptions import InvalidDataError
from bnnopt.plotting._checks import Points, flags, measured_points, points
from bnnopt.plotting._style import OKABE_ITO, draw_measured, legend_above, name_axes, new_axes

LAYER_COLORS = ["#B8B8B8", OKABE_ITO["sky blue"], OKABE_ITO["blue"], OKABE_ITO["yellow"], OKABE_ITO["purple"]]


class OutcomeSpaceDisplay:
    """Layers of predicted points in the plane of two outputs, with data on top.

    The layer whose points span the largest rectangle lies at the bottom, so that it hides no narrower one.

    Parameters
    ----------
    layers : mapping of str to tuple of 2 array-like of shape (k,)
        Name of each layer and its predicted points (x, y), in `x_unit` and `y_unit`; thinned by the caller if
        they are many. At least one layer, at most five.
    sort_layers : bool, default=True
        Whether to put the widest layer at the bottom; otherwise the first one given is at the bottom.
    measured : tuple of 2 array-like of shape (n,), optional
        Experiments (x, y) to draw on top; those with NaN are not drawn.
    guided : array-like of bool of shape (n,), optional
        True for the experiments that a model suggested (open markers). Default: none of them.
    labels : tuple of 2 str
        Names of the historical and of the guided experiments in the legend.
    x_label, y_label, x_unit, y_unit : str
        Names and units on the axes; a unit of "" is left out.

    Attributes
    ----------
    ax_, figure_ : Axes, Figure
        What was drawn on.
    layers_ : dict of str to PathCollection
        The points of each layer, from the bottom up; stored as an image in vector formats.
    historical_, guided_ : PathCollection

    Raises
    ------
    InvalidDataError
        If there is no layer, there are too many, or one is not a pair of columns of one length.

    References
    ----------
    Voznyy et al., ACS Nano 2019, 13, 11122-11128, Figure 3.
    """

    def __init__(
        self,
        layers: Mapping[str, tuple[ArrayLike, ArrayLike]],
        *,
        sort_layers: bool = True,
        measured: tuple[ArrayLike, ArrayLike] | None = None,
        guided: ArrayLike | None = None,
        labels: tuple[str, str] = ("historical", "model-guided"),
        x_label: str = "x",
        y_label: str = "y",
        x_unit: str = "",
        y_unit: str = "",
    ) -> None:
        if not 1 <= len(layers) <= len(LAYER_COLORS):
            raise InvalidDataError(f"layers: 1 to {len(LAYER_COLORS)} were expected; {len(layers)} came.")
        checked = {name: points(pair, f"layer {name!r}") for name, pair in layers.items()}
        names = sorted(checked, key=lambda name: -_area(checked[name])) if sort_layers else list(checked)
        self.layers = {name: checked[name] for name in names}
        self.measured = measured_points(measured)
        self.guided = flags(guided, len(self.measured[0]), "guided")
        self.labels = labels
        self.x_label, self.y_label, self.x_unit, self.y_unit = x_label, y_label, x_unit, y_unit

    def plot(
        self, ax: Any | None = None, *, point_size: float = 3.0, size: float = 26.0
    ) -> "OutcomeSpaceDisplay":
        """Draw the layers and the data.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw. Default: a new figure.
        point_size : float, default=3
            Area of a predicted point, points squared.
        size : float, default=26
            Area of the marker of a measured point, points squared.

        Returns
        -------
        OutcomeSpaceDisplay
            Itself, with `ax_`, `figure_` and the artists.
        """
        require(real(0), point_size=point_size, size=size)
        self.figure_, self.ax_ = new_axes(ax)
        self.layers_ = {
            name: self.ax_.scatter(
                x,
                y,
                s=point_size,
                color=color,
                linewidths=0,
                label=name,
                zorder=1 + 0.1 * level,
                rasterized=True,
            )
            for level, ((name, (x, y)), color) in enumerate(
                zip(self.layers.items(), LAYER_COLORS, strict=False)
            )
        }
        self.historical_, self.guided_ = draw_measured(
            self.ax_, self.measured, self.guided, self.labels, size=size
        )
        name_axes(self.ax_, self)
        self._draw_legend()
        return self

    def _draw_legend(self) -> None:
        """Show the points of the layers as large as the data, so that their colours can be told apart."""
        legend_above(self.ax_)
        for handle in self.ax_.get_legend().legend_handles:
            handle.set_sizes([26.0])


def _area(layer: Points) -> float:
    x, y = layer
    return float(np.ptp(x) * np.ptp(y)) if len(x) else 0.0
