"""Effects of settings as arrows in the plane of two outcomes."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bnnopt._estimators import real, require
from bnnopt._typing import ArrayLike, FloatArray
from bnnopt._validation import lookup
from bnnopt.exceptions import InvalidDataError
from bnnopt.inspection import LocalEffects
from bnnopt.plotting._local_effects import said_changes
from bnnopt.plotting._style import OKABE_ITO, name_axes, new_axes

COLORS = [color for name, color in OKABE_ITO.items() if name not in ("yellow", "black")]
LINES: list[Any] = ["-", "--", "-.", ":"]
MOST_SHOWN = 200  # ends of draws around each arrow
MARGIN = 0.12


class EffectArrowsDisplay:
    """Arrows from one recipe in the plane of two outcomes: what each change of a setting does to both.

    The cloud around the head of an arrow is where it ends in single functions that the model believes in.
    Arrows that are not parallel can be combined so that one outcome stays and the other one changes.

    Parameters
    ----------
    arrows : mapping of str to array-like of shape (n_draws, 2)
        What is changed, and the changes (x, y) of the two outcomes in each draw; at least one arrow.
    x_label, y_label, x_unit, y_unit : str
        Names and units on the axes; a unit of "" is left out.

    Attributes
    ----------
    heads_ : dict of str to ndarray of shape (2,)
        Medians of the draws.
    ax_, figure_ : Axes, Figure
        What was drawn on.
    arrows_ : dict of str to FancyArrow or Annotation
    clouds_ : dict of str to PathCollection

    Raises
    ------
    InvalidDataError
        There is no arrow, or one has not the shape (n_draws, 2).

    References
    ----------
    Voznyy et al., ACS Nano 2019, 13, 11122-11128, Figure 2a.
    """

    def __init__(
        self,
        arrows: Mapping[str, ArrayLike],
        *,
        x_label: str = "x",
        y_label: str = "y",
        x_unit: str = "",
        y_unit: str = "",
    ) -> None:
        if not arrows:
            raise InvalidDataError("arrows: at least one was expected; none came.")
        self.arrows = {str(name): _ends(draws, name) for name, draws in arrows.items()}
        self.heads_ = {name: np.median(draws, axis=0) for name, draws in self.arrows.items()}
        self.x_label, self.y_label, self.x_unit, self.y_unit = x_label, y_label, x_unit, y_unit

    @classmethod
    def from_effects(
        cls,
        effects: LocalEffects,
        outcomes: tuple[str, str] | None = None,
        *,
        settings: Any = None,
        **options: Any,
    ) -> "EffectArrowsDisplay":
        """Show local effects in the plane of two outcomes.

        Parameters
        ----------
        effects : LocalEffects
            Of `bnnopt.inspection.local_effects`.
        outcomes : tuple of 2 str, optional
            Those on the horizontal and the vertical axis. Default: the first two.
        settings : sequence of str, optional
            Whose changes to show. Default: all.
        **options
            Passed to `EffectArrowsDisplay`; they go before what is taken from the effects.

        Returns
        -------
        EffectArrowsDisplay
            Not drawn yet; `plot` draws it.

        Raises
        ------
        InvalidDataError
            There are fewer than two outcomes.
        UnknownNameError
            An outcome or a setting is not known.
        """
        known = {name: place for place, name in enumerate(effects.outputs)}
        if len(known) < 2:
            raise InvalidDataError(f"Two outcomes were expected; the model has {list(known)}.")
        x, y = effects.outputs[:2] if outcomes is None else outcomes
        places = [lookup(known, name, "outcome") for name in (x, y)]
        changes = effects.changes
        moved = {name: name for name in changes["setting"]}
        wanted = set(moved if settings is None else [lookup(moved, name, "setting") for name in settings])
        arrows = {
            said: effects.draws[places, :, place].T
            for place, said in enumerate(said_changes(changes, effects.units))
            if changes["setting"].iloc[place] in wanted
        }
        found = {"x_label": f"change of {x}", "y_label": f"change of {y}"}
        found |= {"x_unit": effects.units.get(x, ""), "y_unit": effects.units.get(y, "")}
        return cls(arrows, **(found | options))

    def plot(self, ax: Any | None = None, *, point_size: float = 5.0) -> "EffectArrowsDisplay":
        """Draw the arrows and the clouds around their heads.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw. Default: a new figure.
        point_size : float, default=5
            Area of a point of the clouds, points squared.

        Returns
        -------
        EffectArrowsDisplay
            Itself, with `ax_`, `figure_` and the artists.
        """
        require(real(0), point_size=point_size)
        self.figure_, self.ax_ = new_axes(ax)
        self.arrows_: dict[str, Any] = {}
        self.clouds_: dict[str, Any] = {}
        for line in (self.ax_.axhline, self.ax_.axvline):
            line(0.0, color="0.8", linewidth=0.8, zorder=0)
        for number, (name, draws) in enumerate(self.arrows.items()):
            color = COLORS[number % len(COLORS)]
            style = LINES[number // len(COLORS) % len(LINES)]
            shown = draws[np.linspace(0, len(draws) - 1, min(len(draws), MOST_SHOWN)).astype(int)]
            look = {"color": color, "alpha": 0.35, "linewidths": 0, "rasterized": True, "zorder": 1}
            self.clouds_[name] = self.ax_.scatter(*shown.T, s=point_size, **look)
            arrow = {"arrowstyle": "-|>", "color": color, "linestyle": style, "linewidth": 1.8}
            arrow |= {"mutation_scale": 14, "shrinkA": 0, "shrinkB": 0}
            head = self.heads_[name]
            self.arrows_[name] = self.ax_.annotate("", head, (0.0, 0.0), arrowprops=arrow, zorder=3)
        self.ax_.scatter([0], [0], s=44, color="white", edgecolors="black", linewidths=1.4, zorder=4)
        self._set_limits()
        self._draw_legend()
        name_axes(self.ax_, self)
        return self

    def _set_limits(self) -> None:
        """Show all heads and most of the clouds."""
        ends = np.vstack(list(self.arrows.values()))
        low, high = np.quantile(ends, [0.01, 0.99], axis=0)
        heads = np.vstack([*self.heads_.values(), [0.0, 0.0]])
        low, high = np.minimum(low, heads.min(axis=0)), np.maximum(high, heads.max(axis=0))
        margin = np.where(high > low, MARGIN * (high - low), 1.0)
        self.ax_.set(xlim=(low[0] - margin[0], high[0] + margin[0]))
        self.ax_.set(ylim=(low[1] - margin[1], high[1] + margin[1]))

    def _draw_legend(self) -> None:
        """Name the arrows beside the axes, where names of any length hide nothing."""
        from matplotlib.lines import Line2D

        handles = [
            Line2D([], [], color=COLORS[n % len(COLORS)], linestyle=LINES[n // len(COLORS) % len(LINES)])
            for n in range(len(self.arrows))
        ]
        place = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0), "borderaxespad": 0.0}
        self.ax_.legend(handles, list(self.arrows), frameon=False, fontsize="small", **place)


def _ends(draws: ArrayLike, name: str) -> FloatArray:
    ends = np.array(draws, dtype=float)
    if ends.ndim != 2 or ends.shape[1] != 2 or not len(ends) or not np.isfinite(ends).all():
        raise InvalidDataError(
            f"arrow {name!r}: finite changes of two outcomes, shape (n_draws, 2), were expected; "
            f"{ends.shape} came."
        )
    return ends
