"""A map of predictions over the plane of two inputs."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from scipy.stats import binned_statistic_2d

from bnnopt._estimators import real, require, whole
from bnnopt._typing import ArrayLike, FloatArray
from bnnopt._validation import lookup, refuse_flags
from bnnopt.exceptions import InvalidDataError
from bnnopt.inspection import REDUCTIONS, AttainableMap, attainable_map, cells_along
from bnnopt.plotting._around_row import AroundRow, observed_space
from bnnopt.plotting._checks import column, flags, measured_points, same_length
from bnnopt.plotting._predictions import base_row, pick_output, spread
from bnnopt.plotting._style import draw_failed, draw_measured, legend_above, name_axes, new_axes, with_unit

STATISTICS = {name: name for name in ("mean", "median", "min", "max")}


class MapDisplay:
    """A map of one predicted value over the plane of two inputs, with data on top.

    Parameters
    ----------
    x_edges : array-like of shape (n_x + 1,)
        Borders of the cells along the first input, increasing, in `x_unit`.
    y_edges : array-like of shape (n_y + 1,)
        The same along the second input, in `y_unit`.
    values : array-like of shape (n_y, n_x)
        Value of each cell, in `value_unit`; NaN leaves the cell white.
    contour : array-like of shape (n_y, n_x), optional
        A second value, drawn as contour lines, in `contour_unit`: an uncertainty or another output.
    measured : tuple of 2 array-like of shape (n,), optional
        Inputs (x, y) of experiments to draw on top.
    failed : array-like of bool of shape (n,), optional
        True for failed experiments, drawn as crosses. Default: none of them.
    guided : array-like of bool of shape (n,), optional
        True for the experiments that a model suggested (open markers). Default: none of them.
    labels : tuple of 2 str
        Names of the historical and of the guided experiments in the legend.
    x_label, y_label, value_label, contour_label, x_unit, y_unit, value_unit, contour_unit : str
        Names and units on the axes, the colour bar and the legend; a unit of "" is left out.

    Attributes
    ----------
    ax_, figure_ : Axes, Figure
        What was drawn on.
    mesh_ : QuadMesh
        The cells.
    contour_ : ContourSet or None
    historical_, guided_, failed_ : PathCollection
    colorbar_ : Colorbar

    Raises
    ------
    InvalidDataError
        If the shapes do not fit each other or the edges do not increase.

    References
    ----------
    Voznyy et al., ACS Nano 2019, 13, 11122-11128, Figure 2b.
    """

    def __init__(
        self,
        x_edges: ArrayLike,
        y_edges: ArrayLike,
        values: ArrayLike,
        *,
        contour: ArrayLike | None = None,
        measured: tuple[ArrayLike, ArrayLike] | None = None,
        failed: ArrayLike | None = None,
        guided: ArrayLike | None = None,
        labels: tuple[str, str] = ("historical", "model-guided"),
        x_label: str = "x",
        y_label: str = "y",
        value_label: str = "prediction",
        contour_label: str = "contour",
        x_unit: str = "",
        y_unit: str = "",
        value_unit: str = "",
        contour_unit: str = "",
    ) -> None:
        self.x_edges, self.y_edges = _edges(x_edges, "x_edges"), _edges(y_edges, "y_edges")
        shape = len(self.y_edges) - 1, len(self.x_edges) - 1
        self.values = _cells(values, shape, "values")
        self.contour = None if contour is None else _cells(contour, shape, "contour")
        self.measured = measured_points(measured)
        self.failed = flags(failed, len(self.measured[0]), "failed")
        self.guided = flags(guided, len(self.measured[0]), "guided")
        self.labels = labels
        self.x_label, self.y_label, self.x_unit, self.y_unit = x_label, y_label, x_unit, y_unit
        self.value_label, self.value_unit = value_label, value_unit
        self.contour_label, self.contour_unit = contour_label, contour_unit

    @classmethod
    def from_points(
        cls,
        x: ArrayLike,
        y: ArrayLike,
        values: ArrayLike,
        *,
        contour_values: ArrayLike | None = None,
        n_bins: int = 40,
        statistic: str = "mean",
        **options: Any,
    ) -> "MapDisplay":
        """Bin scored points, such as random ones that cover all inputs, into the cells of a map.

        Parameters
        ----------
        x, y : array-like of shape (n,)
            The two inputs of each point.
        values : array-like of shape (n,)
            The predicted value of each point.
        contour_values : array-like of shape (n,), optional
            A second value of each point, for contour lines; a cell has their mean.
        n_bins : int, default=40
            Cells along each input, at least 1.
        statistic : {"mean", "median", "min", "max"}, default="mean"
            What a cell shows of its points. "min" shows, for an outcome that should be small, the best that
            any values of the other inputs reach there. Cells without a point stay white.
        **options
            Passed to `MapDisplay`.

        Returns
        -------
        MapDisplay
            Not drawn yet; `plot` draws it.
        """
        statistic = lookup(STATISTICS, statistic, "statistic")
        first, second, value = column(x, "x"), column(y, "y"), column(values, "values")
        same_length(x=first, y=second, values=value)
        require(whole(1), n_bins=n_bins)
        cells = binned_statistic_2d(first, second, value, statistic, bins=n_bins)
        if contour_values is not None:
            extra = column(contour_values, "contour_values")
            same_length(x=first, contour_values=extra)
            edges = [cells.x_edge, cells.y_edge]
            options["contour"] = binned_statistic_2d(first, second, extra, "mean", bins=edges).statistic.T
        return cls(cells.x_edge, cells.y_edge, cells.statistic.T, **options)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        row: Any,
        features: tuple[Hashable, Hashable],
        ranges: tuple[tuple[float, float], tuple[float, float]],
        *,
        feature_names: Sequence[Hashable] | None = None,
        output: int = 0,
        contour: str | int | None = None,
        n_points: int = 60,
        **options: Any,
    ) -> "MapDisplay":
        """Predict on a grid over two features, the others held as in one row.

        Parameters
        ----------
        estimator : fitted regressor
            Anything with `predict(X, return_std=True)`.
        row : Series, DataFrame of one row, or array-like of shape (n_features,)
            The settings that are held; the estimator is given DataFrames or arrays accordingly.
        features : tuple of 2
            Names of the two features (for an array without `feature_names`: their numbers).
        ranges : tuple of 2 tuples (lower, upper)
            The range of each of the two features, lower < upper.
        feature_names : sequence, optional
            Names of the values of an array.
        output : int, default=0
            Which output the map shows.
        contour : "std" or int, optional
            Contour lines of the predictive standard deviation, or of the output with this number.
        n_points : int, default=60
            Cells along each feature, at least 2; predictions are made at their centres.
        **options
            Passed to `MapDisplay`.

        Returns
        -------
        MapDisplay
            Not drawn yet; `plot` draws it.
        """
        require(whole(2), n_points=n_points)
        refuse_flags(contour=contour)
        base = base_row(row, feature_names)
        x_edges, y_edges = (spread(ranges[side], n_points + 1, features[side]) for side in (0, 1))
        x, y = np.meshgrid(_centres(x_edges), _centres(y_edges))
        mean, std = base.predict(estimator, base.varied({features[0]: x.ravel(), features[1]: y.ravel()}))
        if contour is not None:
            lines = pick_output(std, output) if contour == "std" else pick_output(mean, int(contour))
            options["contour"] = lines.reshape(x.shape)
        defaults = {"x_label": str(features[0]), "y_label": str(features[1])}
        values = pick_output(mean, output).reshape(x.shape)
        return cls(x_edges, y_edges, values, **{**defaults, **options})

    @classmethod
    def from_optimizer(
        cls,
        optimizer: Any,
        features: tuple[str, str],
        *,
        row: Any = None,
        outcome: str | None = None,
        reduce: str = "slice",
        n_points: int = 40,
        **options: Any,
    ) -> "MapDisplay":
        """Predict over two settings, with the rows told on top.

        Parameters
        ----------
        optimizer : BayesianOptimizer
            Told two measured rows or more.
        features : tuple of 2 str
            Two settings that are numbers.
        row : Series or DataFrame of one row, optional
            What is held, with "best" and "mean" the context only; by default the best row.
        outcome : str, optional
            By default the first; with "best" and "mean" that of the first objective.
        reduce : {"slice", "best", "mean"}, default="slice"
            Whether the other settings are held as in the row, the best in each cell, or averaged over; see
            `bnnopt.inspection.attainable_map`.
        n_points : int, default=40
            Cells along each setting, at least 2; cells that break a constraint are left white.
        **options
            Passed to `MapDisplay`; they go before what is taken from the optimizer.

        Returns
        -------
        MapDisplay
            The contour is the standard deviation, in a slice that of a new observation, else of the function.
        """
        if lookup(REDUCTIONS, reduce, "reduction") != "slice":
            best = attainable_map(optimizer, *features, row=row, objective=outcome, n_cells=n_points)
            return cls.from_attainable(best, reduce, **(_told(optimizer, features) | options))
        around = AroundRow.of(optimizer, row, outcome)
        space = observed_space(optimizer)
        edges, values = zip(*(cells_along(space, name, n_points) for name in features), strict=True)
        x, y = np.meshgrid(*values)
        rows = around.varied({features[0]: x.ravel(), features[1]: y.ravel()})
        mean, std = (
            np.where(around.is_allowed(rows), each, np.nan).reshape(x.shape) for each in around.predict(rows)
        )
        found: dict[str, Any] = {
            "contour": std,
            "contour_label": "standard deviation",
            "value_label": around.outcome,
            **_told(optimizer, features),
        }
        for axis, name in (("x", features[0]), ("y", features[1]), ("value", around.outcome)):
            found |= {f"{axis}_unit": optimizer.units[name]}
        found |= {"x_label": features[0], "y_label": features[1], "contour_unit": found["value_unit"]}
        return cls(edges[0], edges[1], mean, **(found | options))

    @classmethod
    def from_attainable(
        cls,
        found: AttainableMap,
        reduce: str = "best",
        *,
        contour: str | None = "std",
        **options: Any,
    ) -> "MapDisplay":
        """Show the best of each cell, the mean over all recipes, or the slice through one recipe.

        Parameters
        ----------
        found : AttainableMap
            Of `bnnopt.inspection.attainable_map`.
        reduce : {"best", "mean", "slice"}, default="best"
            Which of them.
        contour : "std", str or None, default="std"
            Contour lines: the standard deviation, another outcome by its name, or none.
        **options
            Passed to `MapDisplay`; they go before what is taken from the map.

        Returns
        -------
        MapDisplay
            Not drawn yet; `plot` draws it.

        Raises
        ------
        UnknownNameError
            The reduction or the outcome is not known.
        """
        heads = {"best": "best predicted", "mean": "mean predicted", "slice": "predicted"}
        values = found.values(reduce)
        labels: dict[str, Any] = {"value_label": f"{heads[reduce]} {found.label}", "value_unit": found.unit}
        for axis, name in (("x", found.x), ("y", found.y)):
            labels |= {f"{axis}_label": name, f"{axis}_unit": found.units.get(name, "")}
        if contour == "std" and len(found.goal.names) == 1:
            place = found.outputs.index(found.goal.name)
            labels |= {"contour": found.stds[reduce][place], "contour_label": "standard deviation"}
            labels |= {"contour_unit": found.unit}
        elif contour is not None and contour != "std":
            labels |= {"contour": found.values(reduce, contour), "contour_label": f"predicted {contour}"}
            labels |= {"contour_unit": found.units.get(contour, "")}
        if not np.isfinite(labels.get("contour", np.nan)).any():
            labels.pop("contour", None)
        return cls(found.x_edges, found.y_edges, values, **(labels | options))

    def plot(self, ax: Any | None = None, *, cmap: str = "viridis", size: float = 26.0) -> "MapDisplay":
        """Draw the map.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw. Default: a new figure.
        cmap : str, default="viridis"
            A perceptually uniform colour map of matplotlib.
        size : float, default=26
            Area of the marker of a measured point, points squared.

        Returns
        -------
        MapDisplay
            Itself, with `ax_`, `figure_` and the artists.
        """
        require(real(0), size=size)
        self.figure_, self.ax_ = new_axes(ax)
        cells = np.ma.masked_invalid(self.values)
        self.mesh_ = self.ax_.pcolormesh(self.x_edges, self.y_edges, cells, cmap=cmap, rasterized=True)
        self.colorbar_ = self.figure_.colorbar(
            self.mesh_, ax=self.ax_, label=with_unit(self.value_label, self.value_unit)
        )
        self.contour_ = self._draw_contour()
        done = ~self.failed
        x, y = self.measured
        self.historical_, self.guided_ = draw_measured(
            self.ax_, (x[done], y[done]), self.guided[done], self.labels, size=size
        )
        self.failed_ = draw_failed(self.ax_, (x[self.failed], y[self.failed]), size=1.4 * size)
        for artist in (self.historical_, self.guided_, self.failed_):
            artist.set_clip_on(False)  # a point at a border is whole
        name_axes(self.ax_, self)
        self._draw_legend()
        return self

    def _draw_contour(self) -> Any:
        if self.contour is None:
            return None
        from matplotlib.patheffects import withStroke

        heights = np.ma.masked_invalid(self.contour)
        centres = _centres(self.x_edges), _centres(self.y_edges)
        lines = self.ax_.contour(*centres, heights, levels=6, colors="white", linewidths=1.1)
        lines.set_path_effects([withStroke(linewidth=2.6, foreground="black")])
        plate = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.0}
        for text in self.ax_.clabel(lines, colors="black", fontsize="small", fmt="%.4g", inline_spacing=2):
            text.set(bbox=plate, zorder=lines.get_zorder() + 0.5)
        return lines

    def _draw_legend(self) -> None:
        handles, names = self.ax_.get_legend_handles_labels()
        if self.contour is not None:
            from matplotlib.lines import Line2D
            from matplotlib.patheffects import withStroke

            outline = [withStroke(linewidth=2.6, foreground="black")]
            handles.append(Line2D([], [], color="white", linewidth=1.1, path_effects=outline))
            names.append(with_unit(self.contour_label, self.contour_unit))
        if handles:
            legend_above(self.ax_, handles=handles, labels=names)


def _told(optimizer: Any, features: tuple[str, str]) -> dict[str, Any]:
    """Return where the rows told lie, and which failed."""
    data = optimizer.data
    return {
        "measured": tuple(data[name].to_numpy(float) for name in features),
        "failed": data["is_failed"].to_numpy(bool),
    }


def _edges(values: ArrayLike, name: str) -> FloatArray:
    edges = column(values, name)
    if len(edges) < 2 or not (np.diff(edges) > 0).all():
        raise InvalidDataError(f"{name}: at least two increasing borders of cells were expected.")
    return edges


def _cells(values: ArrayLike, shape: tuple[int, int], name: str) -> FloatArray:
    cells = np.array(values, dtype=float)
    if cells.shape != shape:
        raise InvalidDataError(
            f"{name}: one value per cell, shape (n_y, n_x) = {shape}, was expected; {cells.shape} came."
        )
    return cells


def _centres(edges: FloatArray) -> FloatArray:
    return (edges[:-1] + edges[1:]) / 2
