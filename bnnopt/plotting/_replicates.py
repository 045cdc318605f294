"""Repeated experiments beside what a model expects there."""

from typing import Any

import numpy as np

from bnnopt._estimators import real, require
from bnnopt._typing import ArrayLike
from bnnopt._validation import lookup
from bnnopt.exceptions import InvalidDataError
from bnnopt.inspection import ReplicateSpread
from bnnopt.plotting._checks import column, same_length
from bnnopt.plotting._style import OKABE_ITO, legend_above, new_axes, with_unit


class ReplicateSpreadDisplay:
    """Measured values of each repeated setting, and the interval that the model has for a new one.

    Parameters
    ----------
    group : array-like of int of shape (n,)
        To which setting each measured value belongs, from 0.
    value : array-like of shape (n,)
        The measured values, in `unit`.
    mean, lower, upper : array-like of shape (n_groups,)
        What the model predicts for each setting, and between which limits 95 % of new observations lie, in
        `unit`.
    title : str, default=""
        What stands above, such as the noise.
    label, unit : str
        Name and unit of the outcome; a unit of "" is left out.

    Attributes
    ----------
    ax_, figure_ : Axes, Figure
        What was drawn on.
    points_ : PathCollection
    means_ : PathCollection
    intervals_ : LineCollection

    Raises
    ------
    InvalidDataError
        The arrays are not columns of one length, or a group is not one of the settings.
    """

    def __init__(
        self,
        group: ArrayLike,
        value: ArrayLike,
        mean: ArrayLike,
        lower: ArrayLike,
        upper: ArrayLike,
        *,
        title: str = "",
        label: str = "outcome",
        unit: str = "",
    ) -> None:
        self.group, self.value = column(group, "group").astype(int), column(value, "value")
        same_length(group=self.group, value=self.value)
        self.mean = column(mean, "mean")
        self.lower, self.upper = column(lower, "lower"), column(upper, "upper")
        same_length(mean=self.mean, lower=self.lower, upper=self.upper)
        if not len(self.group) or self.group.min() < 0 or self.group.max() >= len(self.mean):
            raise InvalidDataError(
                f"group: numbers from 0 to {len(self.mean) - 1}, of the {len(self.mean)} setting(s), were "
                f"expected; {sorted(set(self.group.tolist()))} came."
            )
        self.title, self.label, self.unit = title, label, unit

    @classmethod
    def from_spread(
        cls, spread: ReplicateSpread, outcome: str | None = None, **options: Any
    ) -> "ReplicateSpreadDisplay":
        """Show one outcome, the settings in the order of what the model predicts.

        Parameters
        ----------
        spread : ReplicateSpread
            Of `bnnopt.inspection.replicate_spread`.
        outcome : str, optional
            By default the first.
        **options
            Passed to `ReplicateSpreadDisplay`; they go before what is taken from the spread.

        Returns
        -------
        ReplicateSpreadDisplay
            Not drawn yet; `plot` draws it.

        Raises
        ------
        UnknownNameError
            There is no such outcome.
        """
        summary = spread.summary.set_index("outcome")
        names = {str(name): str(name) for name in summary.index}
        shown = lookup(names, str(summary.index[0]) if outcome is None else outcome, "outcome")
        groups = spread.groups[spread.groups["outcome"] == shown].sort_values("model_mean", kind="stable")
        values = spread.values[spread.values["outcome"] == shown]
        place = {number: rank for rank, number in enumerate(groups["group"])}
        unit, row = spread.units.get(shown, ""), summary.loc[shown]
        said = (
            f"repeats scatter by {row['std']:.3g} {unit}".rstrip()
            + f" ({row['degrees_of_freedom']:.0f} repeats), the model expects {row['model_std']:.3g}: "
            + f"{row['ratio']:.2g} times as much"
        )
        arrays = (groups[name] for name in ("model_mean", "lower", "upper"))
        found: dict[str, Any] = {"title": said, "label": shown, "unit": unit}
        return cls(values["group"].map(place), values["value"], *arrays, **(found | options))

    def plot(self, ax: Any | None = None, *, size: float = 30.0) -> "ReplicateSpreadDisplay":
        """Draw values and intervals.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw. Default: a new figure.
        size : float, default=30
            Area of a marker, points squared.

        Returns
        -------
        ReplicateSpreadDisplay
            Itself, with `ax_`, `figure_` and the artists.
        """
        require(real(0), size=size)
        self.figure_, self.ax_ = new_axes(ax)
        places = np.arange(len(self.mean))
        look = {"color": OKABE_ITO["sky blue"], "linewidth": 7.0, "label": "95 % of new runs, by the model"}
        self.intervals_ = self.ax_.vlines(places, self.lower, self.upper, zorder=1, **look)
        self.means_ = self.ax_.scatter(
            places, self.mean, s=2 * size, marker="_", color="black", label="predicted", zorder=3
        )
        self.points_ = self.ax_.scatter(
            self.group,
            self.value,
            s=size,
            color=OKABE_ITO["vermillion"],
            edgecolors="black",
            linewidths=0.4,
            label="measured",
            zorder=4,
        )
        self.ax_.set_xticks(places, [str(place + 1) for place in places])
        self.ax_.set_xlabel("repeated setting")
        self.ax_.set_ylabel(with_unit(self.label, self.unit))
        legend_above(
            self.ax_, n_columns=4, title=self.title or None, title_fontsize="small", alignment="left"
        )
        return self
