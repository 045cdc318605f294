"""A prediction along one variable."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._estimators import real, require, whole
from bnnopt._typing import ArrayLike, FloatArray, IntArray
from bnnopt.exceptions import InvalidDataError
from bnnopt.inspection import values_along
from bnnopt.plotting._around_row import AroundRow, observed_space
from bnnopt.plotting._checks import Points, column, deviations, flags, measured_points, points, same_length
from bnnopt.plotting._predictions import base_row, pick_output, spread
from bnnopt.plotting._style import OKABE_ITO, Z95, draw_measured, legend_above, name_axes, new_axes


class SliceDisplay:
    """A prediction along one variable: its mean with a 95 % band, or a cloud of points, with data on top.

    Parameters
    ----------
    x : array-like of shape (m,), optional
        The variable, in `x_unit`; drawn in increasing order. Default: no line, only the cloud.
    mean : array-like of shape (m,), optional
        Predicted mean, in `y_unit`; needed with `x`.
    std : array-like of shape (m,), optional
        Predicted standard deviation, in `y_unit`, at least 0. Default: no band.
    cloud : tuple of 2 array-like of shape (k,), optional
        Predicted points (x, y), such as random ones that cover the other inputs, drawn as their density.
    measured : tuple of 2 array-like of shape (n,), optional
        Experiments (x, y) to draw on top; those with NaN are not drawn.
    guided : array-like of bool of shape (n,), optional
        True for the experiments that a model suggested (open markers). Default: none of them.
    interval : tuple of 2 array-like of shape (m,), optional
        Lower and upper ends of the band of 95 %, in `y_unit`. Default: mean ± 1.96 std.
    is_allowed : array-like of bool of shape (m,), optional
        Whether the settings at each x keep the constraints between them. Default: all do.
    labels : tuple of 2 str
        Names of the historical and of the guided experiments in the legend.
    x_label, y_label, x_unit, y_unit : str
        Names and units on the axes; a unit of "" is left out.

    Attributes
    ----------
    ax_, figure_ : Axes, Figure
        What was drawn on.
    line_ : Line2D or None
        The mean.
    band_ : PolyCollection or None
        The interval.
    cloud_ : PolyCollection or None
        The cells of the density, their array being the number of points.
    historical_, guided_ : PathCollection

    Raises
    ------
    InvalidDataError
        If there is neither a line nor a cloud, or the arrays are not columns of one length.

    References
    ----------
    Voznyy et al., ACS Nano 2019, 13, 11122-11128, Figure 2c.
    """

    def __init__(
        self,
        x: ArrayLike | None = None,
        mean: ArrayLike | None = None,
        std: ArrayLike | None = None,
        *,
        cloud: tuple[ArrayLike, ArrayLike] | None = None,
        measured: tuple[ArrayLike, ArrayLike] | None = None,
        guided: ArrayLike | None = None,
        interval: tuple[ArrayLike, ArrayLike] | None = None,
        is_allowed: ArrayLike | None = None,
        labels: tuple[str, str] = ("historical", "model-guided"),
        x_label: str = "x",
        y_label: str = "y",
        x_unit: str = "",
        y_unit: str = "",
    ) -> None:
        if (x is None) != (mean is None) or (x is None and cloud is None):
            raise InvalidDataError("A slice needs x with mean, a cloud, or both.")
        self.x, self.mean, self.std = _line(x, mean, std)
        order = np.argsort(column([] if x is None else x, "x"), kind="stable")
        self.interval = _band(self.mean, self.std) if interval is None else _ends(interval, order)
        allowed = np.ones(len(order), dtype=bool) if is_allowed is None else is_allowed
        self.is_allowed = flags(allowed, len(order), "is_allowed")[order]
        self.cloud = None if cloud is None else points(cloud, "cloud")
        self.measured = measured_points(measured)
        self.guided = flags(guided, len(self.measured[0]), "guided")
        self.labels = labels
        self.x_label, self.y_label, self.x_unit, self.y_unit = x_label, y_label, x_unit, y_unit

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        row: Any,
        feature: Hashable,
        limits: tuple[float, float],
        *,
        feature_names: Sequence[Hashable] | None = None,
        output: int = 0,
        n_points: int = 200,
        x_of: Callable[[pd.DataFrame], ArrayLike] | None = None,
        **options: Any,
    ) -> "SliceDisplay":
        """Predict along one feature, the others held as in one row.

        Parameters
        ----------
        estimator : fitted regressor
            Anything with `predict(X, return_std=True)`.
        row : Series, DataFrame of one row, or array-like of shape (n_features,)
            The settings that are held; the estimator is given DataFrames or arrays accordingly.
        feature : hashable
            Name of the feature (for an array without `feature_names`: its number).
        limits : tuple (lower, upper)
            Range of the feature, lower < upper.
        feature_names : sequence, optional
            Names of the values of an array.
        output : int, default=0
            Which output is drawn.
        n_points : int, default=200
            Points along the feature, at least 2.
        x_of : callable, optional
            Takes the rows as a DataFrame of shape (n_points, n_features) and returns what the horizontal
            axis shows, such as a ratio of two settings. Default: the feature itself.
        **options
            Passed to `SliceDisplay`.

        Returns
        -------
        SliceDisplay
            Not drawn yet; `plot` draws it.
        """
        base = base_row(row, feature_names)
        rows = base.varied({feature: spread(limits, n_points, feature)})
        mean, std = base.predict(estimator, rows)
        x = rows[feature] if x_of is None else x_of(rows)
        return cls(
            x, pick_output(mean, output), pick_output(std, output), **{"x_label": str(feature), **options}
        )

    @classmethod
    def from_optimizer(
        cls,
        optimizer: Any,
        feature: str,
        *,
        row: Any = None,
        outcome: str | None = None,
        n_points: int = 100,
        **options: Any,
    ) -> "SliceDisplay":
        """Predict new observations along one setting, the others held as in one row, with the rows told.

        Parameters
        ----------
        optimizer : BayesianOptimizer
            Told two measured rows or more.
        feature : str
            A setting or context that is a number.
        row : Series or DataFrame of one row, optional
            What is held; by default the best row.
        outcome : str, optional
            By default the first.
        n_points : int, default=100
            Points along the setting, at least 2; fewer where it can take fewer values.
        **options
            Passed to `SliceDisplay`; they go before what is taken from the optimizer.

        Returns
        -------
        SliceDisplay
            Not drawn yet; `plot` draws it.
        """
        around = AroundRow.of(optimizer, row, outcome)
        values = values_along(observed_space(optimizer), feature, n_points)
        rows = around.varied({feature: values})
        found: dict[str, Any] = {
            "measured": around.measured(feature),
            "interval": around.interval(rows),
            "is_allowed": around.is_allowed(rows),
            "x_label": feature,
            "x_unit": optimizer.units[feature],
            "y_label": around.outcome,
            "y_unit": optimizer.units[around.outcome],
        }
        return cls(values, *around.predict(rows), **(found | options))

    def plot(
        self, ax: Any | None = None, *, cmap: str = "cividis_r", n_bins: int = 60, size: float = 26.0
    ) -> "SliceDisplay":
        """Draw the slice.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw. Default: a new figure.
        cmap : str, default="cividis_r"
            A perceptually uniform colour map of matplotlib, for the cloud.
        n_bins : int, default=60
            Cells of the cloud along the horizontal axis, at least 1.
        size : float, default=26
            Area of the marker of a measured point, points squared.

        Returns
        -------
        SliceDisplay
            Itself, with `ax_`, `figure_` and the artists.
        """
        require(real(0), size=size)
        require(whole(1), n_bins=n_bins)
        self.figure_, self.ax_ = new_axes(ax)
        self.cloud_ = self._draw_cloud(cmap, n_bins)
        self.line_, self.band_ = self._draw_line()
        self.historical_, self.guided_ = draw_measured(
            self.ax_, self.measured, self.guided, self.labels, size=size
        )
        name_axes(self.ax_, self)
        legend_above(self.ax_, n_columns=4)
        return self

    def _draw_cloud(self, cmap: str, n_bins: int) -> Any:
        if self.cloud is None:
            return None
        cells = self.ax_.hexbin(
            *self.cloud, gridsize=n_bins, bins="log", mincnt=1, cmap=cmap, linewidths=0.0, rasterized=True
        )
        from matplotlib.ticker import LogLocator, NullFormatter

        bar = self.figure_.colorbar(cells, ax=self.ax_, label="predicted points per cell", format="%g")
        bar.locator, bar.minorformatter = LogLocator(subs=(1.0, 2.0, 5.0)), NullFormatter()
        return cells

    def _draw_line(self) -> tuple[Any, Any]:
        if not len(self.x):
            return None, None
        (line,) = self.ax_.plot(self.x, self.mean, color=OKABE_ITO["blue"], label="predicted mean", zorder=3)
        if self.interval is None:
            return line, None
        look = {"color": OKABE_ITO["sky blue"], "alpha": 0.35, "linewidth": 0.0, "label": "95 % band"}
        return line, self.ax_.fill_between(self.x, *self.interval, zorder=2, **look)


def _band(mean: FloatArray, std: FloatArray | None) -> Points | None:
    """Return the ends of the interval of 95 % of normal distributions, None without deviations."""
    return None if std is None else (mean - Z95 * std, mean + Z95 * std)


def _ends(interval: tuple[ArrayLike, ArrayLike], order: IntArray) -> Points:
    """Return the ends of an interval in the order of the line."""
    lower, upper = points(interval, "interval")
    same_length(x=order, interval=lower)
    return lower[order], upper[order]


def _line(
    x: ArrayLike | None, mean: ArrayLike | None, std: ArrayLike | None
) -> tuple[FloatArray, FloatArray, FloatArray | None]:
    """Return the line in increasing order of x; without one, empty columns."""
    if x is None or mean is None:
        return np.empty(0), np.empty(0), None
    place, height = column(x, "x"), column(mean, "mean")
    width = None if std is None else deviations(std)
    same_length(x=place, mean=height, **({} if width is None else {"std": width}))
    order = np.argsort(place, kind="stable")
    return place[order], height[order], None if width is None else width[order]
