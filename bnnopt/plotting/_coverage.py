"""Where the experiments lie in the plane of two inputs."""

from typing import Any

import numpy as np

from bnnopt._estimators import real, require
from bnnopt._typing import ArrayLike, BoolArray
from bnnopt.plotting._around_row import shown_outcome
from bnnopt.plotting._checks import column, flags, points, same_length
from bnnopt.plotting._style import draw_failed, draw_measured, legend_above, name_axes, new_axes, with_unit


class CoverageDisplay:
    """Experiments in the plane of two inputs, coloured by an outcome.

    Filled markers are historical experiments, open markers those that a model suggested, crosses failures.

    Parameters
    ----------
    x, y : array-like of shape (n,)
        The two inputs, in `x_unit` and `y_unit`.
    outcome : array-like of shape (n,)
        What the colour shows, in `outcome_unit`; NaN where there is none.
    guided : array-like of bool of shape (n,), optional
        True for the experiments that a model suggested. Default: none of them.
    failed : array-like of bool of shape (n,), optional
        True for failed experiments. Default: those whose outcome is NaN. An outcome of NaN is drawn as a
        cross in any case.
    labels : tuple of 2 str
        Names of the historical and of the guided experiments in the legend.
    x_label, y_label, outcome_label, x_unit, y_unit, outcome_unit : str
        Names and units on the axes and on the colour bar; a unit of "" is left out.

    Attributes
    ----------
    ax_, figure_ : Axes, Figure
        What was drawn on.
    historical_, guided_, failed_ : PathCollection
        The markers of each kind.
    colorbar_ : Colorbar

    Raises
    ------
    InvalidDataError
        If the arrays are not columns of one length.

    References
    ----------
    Voznyy et al., ACS Nano 2019, 13, 11122-11128, Figure 1.
    """

    def __init__(
        self,
        x: ArrayLike,
        y: ArrayLike,
        outcome: ArrayLike,
        *,
        guided: ArrayLike | None = None,
        failed: ArrayLike | None = None,
        labels: tuple[str, str] = ("historical", "model-guided"),
        x_label: str = "x",
        y_label: str = "y",
        outcome_label: str = "outcome",
        x_unit: str = "",
        y_unit: str = "",
        outcome_unit: str = "",
    ) -> None:
        self.x, self.y = points((x, y), "inputs")
        self.outcome = column(outcome, "outcome", allow_nan=True)
        same_length(x=self.x, y=self.y, outcome=self.outcome)
        self.guided = flags(guided, len(self.x), "guided")
        self.failed: BoolArray = flags(failed, len(self.x), "failed") | np.isnan(self.outcome)
        self.labels = labels
        self.x_label, self.y_label, self.outcome_label = x_label, y_label, outcome_label
        self.x_unit, self.y_unit, self.outcome_unit = x_unit, y_unit, outcome_unit

    @classmethod
    def from_optimizer(
        cls, optimizer: Any, features: tuple[str, str], *, outcome: str | None = None, **options: Any
    ) -> "CoverageDisplay":
        """Show the rows told in the plane of two settings.

        Parameters
        ----------
        optimizer : BayesianOptimizer
            Told at least one row.
        features : tuple of 2 str
            Two settings that are numbers.
        outcome : str, optional
            What the colour shows; by default the first outcome.
        **options
            Passed to `CoverageDisplay`; they go before what is taken from the optimizer.

        Returns
        -------
        CoverageDisplay
            Not drawn yet; `plot` draws it.
        """
        data, shown = optimizer.data, shown_outcome(optimizer, outcome)
        x, y = features
        found = {
            "failed": data["is_failed"].to_numpy(bool),
            "x_label": x,
            "y_label": y,
            "outcome_label": shown,
            "x_unit": optimizer.units[x],
            "y_unit": optimizer.units[y],
            "outcome_unit": optimizer.units[shown],
        }
        columns = (data[name].to_numpy(float) for name in (x, y, shown))
        return cls(*columns, **(found | options))

    def plot(self, ax: Any | None = None, *, cmap: str = "viridis", size: float = 30.0) -> "CoverageDisplay":
        """Draw the experiments.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw. Default: a new figure.
        cmap : str, default="viridis"
            A perceptually uniform colour map of matplotlib.
        size : float, default=30
            Area of a marker, points squared.

        Returns
        -------
        CoverageDisplay
            Itself, with `ax_`, `figure_` and the artists.
        """
        require(real(0), size=size)
        self.figure_, self.ax_ = new_axes(ax)
        from matplotlib.cm import ScalarMappable

        done = ~self.failed
        colors = ScalarMappable(cmap=cmap)
        colors.set_array(self.outcome[done])
        colors.autoscale()
        xy = self.x[done], self.y[done]
        shades = colors.to_rgba(self.outcome[done])
        self.historical_, self.guided_ = draw_measured(
            self.ax_, xy, self.guided[done], self.labels, color=shades, size=size
        )
        self.failed_ = draw_failed(self.ax_, (self.x[self.failed], self.y[self.failed]), size=size)
        self.colorbar_ = self.figure_.colorbar(
            colors, ax=self.ax_, label=with_unit(self.outcome_label, self.outcome_unit)
        )
        name_axes(self.ax_, self)
        self._draw_legend()
        return self

    def _draw_legend(self) -> None:
        """Show the kinds of markers in grey: their colours belong to the colour bar."""
        legend_above(self.ax_)
        legend = self.ax_.get_legend()
        for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True):
            if text.get_text() == self.labels[0]:
                handle.set_facecolor("0.5")
            elif text.get_text() == self.labels[1]:
                handle.set_edgecolor("0.5")
