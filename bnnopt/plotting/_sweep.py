"""What each input does to two outputs, starting from one recipe."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from bnnopt._estimators import require, whole
from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.exceptions import InvalidDataError
from bnnopt.plotting._predictions import base_row, pick_output, spread
from bnnopt.plotting._style import MARKERS, OKABE_ITO, legend_above, name_axes, new_axes, with_unit

COLORS = [color for name, color in OKABE_ITO.items() if name not in ("yellow", "black")]
SMALLEST, LARGEST = 8.0, 60.0


class SweepDisplay:
    """Sweeps of single inputs in the plane of two outputs, all through one recipe.

    Markers grow and an arrow points in the direction in which the input increases. Smooth curves are a sign
    of a sound model, jagged ones of overfitting.

    Parameters
    ----------
    sweeps : mapping of str to array-like of shape (m, 2)
        Name of each swept input and the two predicted outputs, (x, y), in the order in which the input
        increases, m >= 2.
    start : array-like of shape (2,), optional
        The outputs predicted for the recipe itself. Default: not marked.
    x_label, y_label, x_unit, y_unit : str
        Names and units on the axes; a unit of "" is left out.

    Attributes
    ----------
    ax_, figure_ : Axes, Figure
        What was drawn on.
    lines_ : dict of str to Line2D
    markers_ : dict of str to PathCollection
    arrows_ : dict of str to Annotation
        Missing for an input that changes neither output.
    start_ : PathCollection or None

    Raises
    ------
    InvalidDataError
        If there is no sweep, or one has not the shape (m, 2).

    References
    ----------
    Voznyy et al., ACS Nano 2019, 13, 11122-11128, Figure 2a and SI Figure 4.
    """

    def __init__(
        self,
        sweeps: Mapping[str, ArrayLike],
        start: ArrayLike | None = None,
        *,
        x_label: str = "x",
        y_label: str = "y",
        x_unit: str = "",
        y_unit: str = "",
    ) -> None:
        if not sweeps:
            raise InvalidDataError("sweeps: at least one was expected; none came.")
        self.sweeps = {name: _path(outputs, name) for name, outputs in sweeps.items()}
        self.start = None if start is None else _point(start)
        self.x_label, self.y_label, self.x_unit, self.y_unit = x_label, y_label, x_unit, y_unit

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        row: Any,
        ranges: Mapping[Hashable, tuple[float, float]],
        *,
        feature_names: Sequence[Hashable] | None = None,
        units: Mapping[Hashable, str] | None = None,
        outputs: tuple[int, int] = (0, 1),
        n_points: int = 25,
        **options: Any,
    ) -> "SweepDisplay":
        """Predict along each of several features, the others held as in one row.

        Parameters
        ----------
        estimator : fitted regressor
            Anything with `predict(X, return_std=True)` and at least two outputs.
        row : Series, DataFrame of one row, or array-like of shape (n_features,)
            The recipe; the estimator is given DataFrames or arrays accordingly.
        ranges : mapping of feature to tuple (lower, upper)
            The features to sweep and their ranges, lower < upper.
        feature_names : sequence, optional
            Names of the values of an array.
        units : mapping of feature to str, optional
            Units to name in the legend.
        outputs : tuple of 2 int, default=(0, 1)
            Which outputs the horizontal and the vertical axis show.
        n_points : int, default=25
            Points of a sweep, at least 2.
        **options
            Passed to `SweepDisplay`.

        Returns
        -------
        SweepDisplay
            Not drawn yet; `plot` draws it.
        """
        base = base_row(row, feature_names)

        def both(mean: FloatArray) -> FloatArray:
            return np.column_stack([pick_output(mean, output) for output in outputs])

        sweeps = {}
        for name, limits in ranges.items():
            rows = base.varied({name: spread(limits, n_points, name)})
            text = with_unit(
                str(name), f"{limits[0]:g} to {limits[1]:g} {(units or {}).get(name, '')}".strip()
            )
            sweeps[text] = both(base.predict(estimator, rows)[0])
        return cls(sweeps, both(base.predict(estimator, base.frame)[0])[0], **options)

    def plot(self, ax: Any | None = None, *, n_markers: int = 8) -> "SweepDisplay":
        """Draw the sweeps.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw. Default: a new figure.
        n_markers : int, default=8
            Markers along a sweep, at least 1; its end has the arrow instead.

        Returns
        -------
        SweepDisplay
            Itself, with `ax_`, `figure_` and the artists.
        """
        require(whole(1), n_markers=n_markers)
        self.figure_, self.ax_ = new_axes(ax)
        self.lines_: dict[str, Any] = {}
        self.markers_: dict[str, Any] = {}
        self.arrows_: dict[str, Any] = {}
        for number, (name, path) in enumerate(self.sweeps.items()):
            color, marker = COLORS[number % len(COLORS)], MARKERS[number % len(MARKERS)]
            self._draw_sweep(name, path, color, marker, n_markers)
        self.start_ = self._draw_start()
        name_axes(self.ax_, self)
        self._draw_legend()
        return self

    def _draw_sweep(self, name: str, path: FloatArray, color: str, marker: str, n_markers: int) -> None:
        (self.lines_[name],) = self.ax_.plot(*path.T, color=color, linewidth=1.3, zorder=2)
        shown = np.unique(np.linspace(0, len(path) - 1, n_markers + 1).round().astype(int))[:-1]
        sizes = np.linspace(SMALLEST, LARGEST, len(shown))
        self.markers_[name] = self.ax_.scatter(
            *path[shown].T,
            s=sizes,
            marker=marker,
            color=color,
            edgecolors="white",
            linewidths=0.5,
            zorder=3,
            label=name,
        )
        moved = np.flatnonzero((path != path[-1]).any(axis=1))
        if len(moved):
            look = {"arrowstyle": "-|>", "color": color, "mutation_scale": 18, "shrinkA": 0, "shrinkB": 0}
            self.arrows_[name] = self.ax_.annotate("", path[-1], path[moved[-1]], arrowprops=look, zorder=4)

    def _draw_start(self) -> Any:
        if self.start is None:
            return None
        look = {"facecolors": "white", "edgecolors": "black", "linewidths": 1.6, "zorder": 5}
        return self.ax_.scatter(*self.start, s=90, marker="o", label="start", **look)

    def _draw_legend(self) -> None:
        legend_above(self.ax_, n_columns=2)
        for handle in self.ax_.get_legend().legend_handles:
            handle.set_sizes([36.0])


def _path(outputs: ArrayLike, name: str) -> FloatArray:
    path = np.array(outputs, dtype=float)
    if path.ndim != 2 or path.shape[1] != 2 or len(path) < 2 or not np.isfinite(path).all():
        raise InvalidDataError(
            f"sweep {name!r}: two finite outputs at two or more points, shape (m, 2), were expected; "
            f"{path.shape} came."
        )
    return path


def _point(start: ArrayLike) -> FloatArray:
    point = np.array(start, dtype=float)
    if point.shape != (2,) or not np.isfinite(point).all():
        raise InvalidDataError(f"start: two finite outputs, shape (2,), were expected; {start!r} came.")
    return point
