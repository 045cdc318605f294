"""An outcome along one setting while a second one keeps another outcome level."""

from typing import Any

import numpy as np

from bnnopt._estimators import real, require
from bnnopt._typing import ArrayLike, BoolArray
from bnnopt._validation import lookup, refuse_flags
from bnnopt.exceptions import InvalidDataError
from bnnopt.inspection import TradeOff
from bnnopt.plotting._checks import column, same_length
from bnnopt.plotting._style import OKABE_ITO, legend_above, name_axes, new_axes, with_unit


class TradeOffDisplay:
    """An outcome along one setting; the colour of the points is the setting that makes up for it.

    Grey: there the level of the outcome that is held cannot be had.

    Parameters
    ----------
    x : array-like of shape (n,)
        The setting that is moved, in `x_unit`, increasing.
    by : array-like of shape (n,)
        The setting that makes up for it, in `by_unit`; NaN where the level cannot be had.
    mean, lower, upper : array-like of shape (n,)
        The outcome and the ends of its interval, in `y_unit`; NaN where `by` is.
    start : int, optional
        The point at the recipe, which is marked.
    title : str, default=""
        What stands above, such as what is held.
    x_label, y_label, by_label, x_unit, y_unit, by_unit : str
        Names and units on the axes and on the colour bar; a unit of "" is left out.

    Attributes
    ----------
    is_there_ : ndarray of bool of shape (n,)
        Where the level can be had.
    ax_, figure_ : Axes, Figure
        What was drawn on.
    line_ : Line2D
    band_ : PolyCollection
    points_ : PathCollection
    start_ : PathCollection or None
    gaps_ : list of Polygon or Rectangle
        Where it cannot be had.
    colorbar_ : Colorbar

    Raises
    ------
    InvalidDataError
        The arrays are not columns of one length, x does not increase, or the level can be had nowhere.

    References
    ----------
    Voznyy et al., ACS Nano 2019, 13, 11122-11128, Figure 2a, the yellow arrow.
    """

    def __init__(
        self,
        x: ArrayLike,
        by: ArrayLike,
        mean: ArrayLike,
        lower: ArrayLike,
        upper: ArrayLike,
        *,
        start: int | None = None,
        title: str = "",
        x_label: str = "x",
        y_label: str = "y",
        by_label: str = "by",
        x_unit: str = "",
        y_unit: str = "",
        by_unit: str = "",
    ) -> None:
        self.x, self.by = column(x, "x"), column(by, "by", allow_nan=True)
        names = {"mean": mean, "lower": lower, "upper": upper}
        self.mean, self.lower, self.upper = (column(each, n, allow_nan=True) for n, each in names.items())
        same_length(x=self.x, by=self.by, mean=self.mean, lower=self.lower, upper=self.upper)
        self.is_there_: BoolArray = np.isfinite(self.by)
        if (np.diff(self.x) <= 0).any() or not self.is_there_.any():
            raise InvalidDataError(
                "x: increasing values with at least one where the level can be had were expected; "
                f"{int(self.is_there_.sum())} of {len(self.x)} can."
            )
        refuse_flags(start=start)
        self.start, self.title = start, title
        self.x_label, self.y_label, self.by_label = x_label, y_label, by_label
        self.x_unit, self.y_unit, self.by_unit = x_unit, y_unit, by_unit

    @classmethod
    def from_trade_off(cls, found: TradeOff, outcome: str | None = None, **options: Any) -> "TradeOffDisplay":
        """Show one outcome along the path.

        Parameters
        ----------
        found : TradeOff
            Of `bnnopt.inspection.trade_off`.
        outcome : str, optional
            Which outcome. Default: the first that is not held, or the one that is held if there is no other.
        **options
            Passed to `TradeOffDisplay`; they go before what is taken from the path.

        Returns
        -------
        TradeOffDisplay
            Not drawn yet; `plot` draws it.

        Raises
        ------
        InvalidDataError
            The level can be had nowhere.
        UnknownNameError
            There is no such outcome.
        """
        outputs = [str(name)[: -len("_change")] for name in found.table if str(name).endswith("_change")]
        others = [name for name in outputs if name != found.held] or outputs
        shown = lookup({name: name for name in outputs}, others[0] if outcome is None else outcome, "outcome")
        units, table = found.units, found.table
        held = f"{found.held} held at {found.value:.4g} {units.get(found.held, '')}".rstrip()
        defaults = {"start": found.start if found.start >= 0 else None, "title": held}
        for axis, name in (("x", found.setting), ("by", found.by), ("y", shown)):
            defaults |= {f"{axis}_label": name, f"{axis}_unit": units.get(name, "")}
        columns = (table[f"{shown}_{part}"] for part in ("mean", "lower", "upper"))
        return cls(table[found.setting], table[found.by], *columns, **(defaults | options))

    def plot(self, ax: Any | None = None, *, cmap: str = "cividis", size: float = 46.0) -> "TradeOffDisplay":
        """Draw the path.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw. Default: a new figure.
        cmap : str, default="cividis"
            A perceptually uniform colour map of matplotlib.
        size : float, default=46
            Area of a marker, points squared.

        Returns
        -------
        TradeOffDisplay
            Itself, with `ax_`, `figure_` and the artists.
        """
        require(real(0), size=size)
        self.figure_, self.ax_ = new_axes(ax)
        self.gaps_ = self._draw_gaps()
        look = {
            "color": OKABE_ITO["sky blue"],
            "alpha": 0.3,
            "linewidth": 0.0,
            "label": "interval of the function",
        }
        self.band_ = self.ax_.fill_between(self.x, self.lower, self.upper, zorder=1, **look)
        (self.line_,) = self.ax_.plot(
            self.x, self.mean, color=OKABE_ITO["blue"], label="predicted mean", zorder=2
        )
        there = self.is_there_
        self.points_ = self.ax_.scatter(
            self.x[there],
            self.mean[there],
            c=self.by[there],
            s=size,
            cmap=cmap,
            edgecolors="black",
            linewidths=0.4,
            zorder=3,
        )
        self.start_ = self._draw_start(size)
        label = with_unit(self.by_label, self.by_unit)
        self.colorbar_ = self.figure_.colorbar(self.points_, ax=self.ax_, label=label)
        name_axes(self.ax_, self)
        legend_above(
            self.ax_, n_columns=4, title=self.title or None, title_fontsize="small", alignment="left"
        )
        return self

    def _draw_gaps(self) -> list[Any]:
        """Shade where the level cannot be had, up to half-way to the points where it can."""
        middles = (self.x[:-1] + self.x[1:]) / 2
        edges = np.concatenate([self.x[:1], middles, self.x[-1:]])
        missing = np.flatnonzero(~self.is_there_)
        runs = np.split(missing, np.flatnonzero(np.diff(missing) > 1) + 1) if len(missing) else []
        look = {"color": "0.9", "linewidth": 0, "zorder": 0}
        return [
            self.ax_.axvspan(
                edges[run[0]], edges[run[-1] + 1], label="cannot be had" if number == 0 else None, **look
            )
            for number, run in enumerate(runs)
        ]

    def _draw_start(self, size: float) -> Any:
        if self.start is None:
            return None
        place = slice(self.start, self.start + 1)
        look = {"facecolors": "none", "edgecolors": OKABE_ITO["vermillion"], "linewidths": 1.8, "zorder": 4}
        return self.ax_.scatter(
            self.x[place], self.mean[place], s=4 * size, label="nearest to the recipe", **look
        )
