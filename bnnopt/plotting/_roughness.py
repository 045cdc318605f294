"""How jagged the predictions are along one input."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._tables import with_names
from bnnopt._typing import ArrayLike
from bnnopt.exceptions import InvalidDataError
from bnnopt.metrics import sweep_roughness
from bnnopt.plotting._checks import column, measured_points
from bnnopt.plotting._predictions import base_row, pick_output, spread
from bnnopt.plotting._style import OKABE_ITO, legend_above, name_axes, new_axes


class RoughnessDisplay:
    """Predictions along one input, a curve for each row around which it was swept.

    Smooth curves are a sign of a sound model, jagged ones of overfitting, flat ones of an input without
    effect or of underfitting.

    Parameters
    ----------
    x : array-like of shape (n_points,)
        The swept input, in `x_unit`, increasing.
    curves : array-like of shape (n_sweeps, n_points)
        Predictions, in `y_unit`, finite; at least 1 sweep of 3 points.
    measured : tuple of 2 array-like of shape (n,), optional
        Experiments (x, y) to draw behind the curves; beside them flat curves look flat. Those with NaN are
        not drawn.
    x_label, y_label, x_unit, y_unit : str
        Names and units on the axes; a unit of "" is left out.

    Attributes
    ----------
    roughness_ : float
        See `bnnopt.metrics.sweep_roughness`.
    ax_, figure_ : Axes, Figure
        What was drawn on.
    lines_ : list of Line2D
    roughest_ : Line2D
        The curve that goes up and down the most, drawn thicker.
    measured_ : PathCollection

    Raises
    ------
    InvalidDataError
        If the arrays do not fit each other or hold values that are not finite.

    References
    ----------
    Voznyy et al., ACS Nano 2019, 13, 11122-11128, Methods and SI Figure 4.
    """

    def __init__(
        self,
        x: ArrayLike,
        curves: ArrayLike,
        *,
        measured: tuple[ArrayLike, ArrayLike] | None = None,
        x_label: str = "x",
        y_label: str = "prediction",
        x_unit: str = "",
        y_unit: str = "",
    ) -> None:
        self.x, self.curves = column(x, "x"), np.array(curves, dtype=float)
        if self.curves.ndim != 2 or self.curves.shape[1] != len(self.x):
            raise InvalidDataError(
                f"curves: one outcome at {len(self.x)} points, shape (n_sweeps, {len(self.x)}), was "
                f"expected; {self.curves.shape} came. Of several outputs, pass curves[:, :, output]."
            )
        if np.any(np.diff(self.x) <= 0):
            raise InvalidDataError("x: increasing values were expected; sort the points of the sweeps.")
        self.measured = measured_points(measured)
        self.roughness_ = float(sweep_roughness(self.curves))
        self.x_label, self.y_label, self.x_unit, self.y_unit = x_label, y_label, x_unit, y_unit

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        rows: Any,
        feature: Hashable,
        limits: tuple[float, float],
        *,
        feature_names: Sequence[Hashable] | None = None,
        output: int = 0,
        n_points: int = 100,
        **options: Any,
    ) -> "RoughnessDisplay":
        """Predict along one feature, the others held as in each of the rows.

        Parameters
        ----------
        estimator : fitted regressor
            Anything with `predict(X)`.
        rows : DataFrame or array-like of shape (n_sweeps, n_features)
            The settings that are held; the estimator is given DataFrames or arrays accordingly.
        feature : hashable
            Name of the feature (for an array without `feature_names`: its number).
        limits : tuple (lower, upper)
            Range of the feature, lower < upper.
        feature_names : sequence, optional
            Names of the columns of an array.
        output : int, default=0
            Which output is drawn.
        n_points : int, default=100
            Points along the feature, at least 3.
        **options
            Passed to `RoughnessDisplay`.

        Returns
        -------
        RoughnessDisplay
            Not drawn yet; `plot` draws it.
        """
        x = spread(limits, n_points, feature)
        rows = with_names(rows)
        is_frame = isinstance(rows, pd.DataFrame)
        each = [rows.iloc[[i]] for i in range(len(rows))] if is_frame else np.atleast_2d(rows)
        curves = []
        for row in each:
            table = base_row(row, feature_names).varied({feature: x})
            mean = np.asarray(estimator.predict(table if is_frame else table.to_numpy(float)), dtype=float)
            curves.append(pick_output(mean.reshape(len(x), -1), output))
        return cls(x, curves, **{"x_label": str(feature), **options})

    def plot(self, ax: Any | None = None) -> "RoughnessDisplay":
        """Draw the curves.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw. Default: a new figure.

        Returns
        -------
        RoughnessDisplay
            Itself, with `ax_`, `figure_` and the artists.
        """
        self.figure_, self.ax_ = new_axes(ax)
        look = {"color": OKABE_ITO["sky blue"], "linewidth": 1.0, "zorder": 2}
        self.lines_ = [self.ax_.plot(self.x, curve, **look)[0] for curve in self.curves]
        detours = np.abs(np.diff(self.curves)).sum(axis=1) - np.ptp(self.curves, axis=1)
        self.roughest_ = self.lines_[int(np.argmax(detours))]
        self.roughest_.set(color=OKABE_ITO["vermillion"], linewidth=2.0, zorder=3, label="roughest sweep")
        label = "measured" if len(self.measured[0]) else None
        self.measured_ = self.ax_.scatter(*self.measured, s=14, color="0.6", label=label, zorder=1)
        name_axes(self.ax_, self)
        legend_above(self.ax_, title=self.describe(), title_fontsize="small", alignment="left")
        return self

    def describe(self) -> str:
        """Return the roughness and the number of sweeps, as the legend shows them.

        Returns
        -------
        str
            One line.
        """
        return f"roughness {self.roughness_:.2f} over {len(self.curves)} sweep(s)"
