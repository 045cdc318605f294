"""What each setting does to one outcome at a recipe, with intervals."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bnnopt._estimators import real, require
from bnnopt._typing import ArrayLike
from bnnopt.exceptions import InvalidDataError
from bnnopt.inspection import LocalEffects, local_effects
from bnnopt.plotting._checks import column, same_length
from bnnopt.plotting._style import OKABE_ITO, legend_above, new_axes, with_unit

MOST_OF_A_LEVEL = 18  # letters of a level, such as a molecule written out: labels leave room for the picture
HEAD = 9  # of them from its beginning


class LocalEffectsDisplay:
    """Changes of one outcome, one below the other, each with its interval: a forest plot.

    Those whose interval leaves out 0 are filled, the others open.

    Parameters
    ----------
    names : sequence of str of length n
        What is changed, at least one.
    change, lower, upper : array-like of shape (n,)
        Change of the outcome and the ends of its interval, in `unit`.
    label, unit : str
        Name and unit of the outcome; a unit of "" is left out.
    level : float, default=0.95
        Probability of the intervals, for the legend.

    Attributes
    ----------
    is_certain_ : ndarray of bool of shape (n,)
        Which intervals leave out 0.
    ax_, figure_ : Axes, Figure
        What was drawn on.
    certain_, open_ : PathCollection
    intervals_ : LineCollection

    Raises
    ------
    InvalidDataError
        The arrays are not columns of one length, or there is nothing to show.

    References
    ----------
    Voznyy et al., ACS Nano 2019, 13, 11122-11128, Figure 2a.
    """

    def __init__(
        self,
        names: Sequence[str],
        change: ArrayLike,
        lower: ArrayLike,
        upper: ArrayLike,
        *,
        label: str = "outcome",
        unit: str = "",
        level: float = 0.95,
    ) -> None:
        require(real(0, 1), level=level)
        self.names = [str(name) for name in names]
        self.change, self.lower, self.upper = (
            column(change, "change"),
            column(lower, "lower"),
            column(upper, "upper"),
        )
        same_length(change=self.change, lower=self.lower, upper=self.upper)
        if len(self.names) != len(self.change) or not self.names:
            raise InvalidDataError(
                f"names: one for each of at least one change was expected; {len(self.names)} came for "
                f"{len(self.change)} change(s)."
            )
        self.is_certain_ = (self.lower > 0) | (self.upper < 0)
        self.label, self.unit, self.level = label, unit, level

    @classmethod
    def from_effects(
        cls, effects: LocalEffects, outcome: str | None = None, **options: Any
    ) -> "LocalEffectsDisplay":
        """Show the effects on one outcome, the strongest first.

        Parameters
        ----------
        effects : LocalEffects
            Of `bnnopt.inspection.local_effects`.
        outcome : str, optional
            By default the first.
        **options
            Passed to `LocalEffectsDisplay`; they go before what is taken from the effects.

        Returns
        -------
        LocalEffectsDisplay
            Not drawn yet; `plot` draws it.
        """
        shown = effects.outputs[0] if outcome is None else outcome
        rows = effects.of(shown)
        columns = (rows[name] for name in ("change", "change_lower", "change_upper"))
        found: dict[str, Any] = {"label": shown, "unit": effects.units.get(shown, ""), "level": effects.level}
        return cls(said_changes(rows, effects.units), *columns, **(found | options))

    @classmethod
    def from_model(
        cls, model: Any, row: Any = None, *, outcome: str | None = None, **options: Any
    ) -> "LocalEffectsDisplay":
        """Ask a model for the effects at a recipe.

        Parameters
        ----------
        model : BayesianOptimizer or TableModel
            See `bnnopt.inspection.local_effects`.
        row : Series, mapping or DataFrame of one row, optional
            The recipe. Default: the best row measured.
        outcome : str, optional
            By default the first.
        **options
            Passed to `bnnopt.inspection.local_effects`.

        Returns
        -------
        LocalEffectsDisplay
            Not drawn yet; `plot` draws it.
        """
        return cls.from_effects(local_effects(model, row, **options), outcome)

    def plot(self, ax: Any | None = None, *, size: float = 42.0) -> "LocalEffectsDisplay":
        """Draw the changes, the first one on top.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw. Default: a new figure.
        size : float, default=42
            Area of a marker, points squared.

        Returns
        -------
        LocalEffectsDisplay
            Itself, with `ax_`, `figure_` and the artists.
        """
        require(real(0), size=size)
        self.figure_, self.ax_ = new_axes(ax)
        places = np.arange(len(self.names))
        self.ax_.axvline(0.0, color="black", linewidth=1, linestyle="--", zorder=1)
        self.intervals_ = self.ax_.hlines(
            places, self.lower, self.upper, color=OKABE_ITO["blue"], linewidth=1.6, zorder=2
        )
        self.certain_ = self._draw(self.is_certain_, OKABE_ITO["blue"], "effect", size)
        self.open_ = self._draw(~self.is_certain_, "white", "may be none", size)
        self.ax_.set_yticks(places, self.names)
        self.ax_.set_ylim(len(self.names) - 0.5, -0.5)
        said = f"change of {self.label}, {100 * self.level:g} % interval"
        self.ax_.set_xlabel(with_unit(said, self.unit))
        legend_above(self.ax_)
        return self

    def _draw(self, chosen: Any, face: str, label: str, size: float) -> Any:
        x, y = self.change[chosen], np.flatnonzero(chosen)
        look = {"edgecolors": OKABE_ITO["blue"], "linewidths": 1.4, "zorder": 3}
        return self.ax_.scatter(x, y, s=size, facecolors=face, label=label if chosen.any() else None, **look)


def said_changes(changes: Any, units: Any) -> list[str]:
    """Return changes of settings in words, "T: 100 → 110 °C", and "ligand → PPh3" to another level."""
    return [_said_change(row, units.get(row.setting, "")) for row in changes.itertuples(index=False)]


def _said_change(row: Any, unit: str) -> str:
    if isinstance(row.after, str):
        return f"{row.setting} → {_said(row.after)}"
    return f"{row.setting}: {_said(row.before)} → {_said(row.after)} {unit}".rstrip()


def _said(value: Any) -> str:
    text = f"{value:.4g}" if isinstance(value, int | float | np.number) else str(value)
    return text if len(text) <= MOST_OF_A_LEVEL else f"{text[:HEAD]}…{text[HEAD + 1 - MOST_OF_A_LEVEL :]}"
