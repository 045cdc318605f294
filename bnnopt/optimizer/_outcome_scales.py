"""On which scale each outcome is learned: those with bounds, and those whose values reach far."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from bnnopt._typing import FloatArray
from bnnopt.objectives import Maximize, Minimize, Objective, Outcome
from bnnopt.surrogates import needs_power_scale

__all__ = ["OutcomeScales", "OwnScale", "wanted_ends"]


class OwnScale(NamedTuple):
    """Bounds of an outcome and its scale, as `BoundedRegressor` takes them."""

    lower: float | None
    upper: float | None
    scale: str


POWER = OwnScale(None, None, "power")
FIRST_TRIAL, GROWTH = 8, 1.25  # rows; each further trial has a quarter more


class Verdict(NamedTuple):
    """Rows that a trial was made on, shape (n_rows, n_dims + 2), and whether they speak for a power."""

    rows: FloatArray
    is_power: bool


class OutcomeScales:
    """The scales of all outcomes.

    An outcome without bounds is learned in its own unit. One that is to be small or large is learned as a
    power where its wanted values crowd and `needs_power_scale`: a trial on the first rows says so, and is
    made anew when they are a quarter more or one of them has changed.

    Parameters
    ----------
    outcomes : sequence of Outcome or None
        What is known of each outcome.
    wanted : dict of int to float
        Places of outcomes that are to be as small (-1) or as large (1) as possible; see `wanted_ends`.
    previous : OutcomeScales, optional
        Of an earlier fit on the same outcomes, whose trials hold as long as their rows do.
    """

    def __init__(
        self,
        outcomes: Sequence[Outcome | None],
        wanted: Mapping[int, float],
        previous: "OutcomeScales | None" = None,
    ) -> None:
        known = {place: own for place, own in enumerate(outcomes) if own is not None}
        self.bounded = [place for place, own in known.items() if own.is_bounded]
        self._given = {
            place: OwnScale(own.lower, own.upper, own.scale)
            for place, own in known.items()
            if own.is_bounded or own.scale == POWER.scale
        }
        fixed = {place for place, own in known.items() if own.is_bounded or own.scale != "auto"}
        self._open = {place: end for place, end in wanted.items() if place not in fixed}
        self._verdicts: dict[int, Verdict] = {} if previous is None else dict(previous._verdicts)

    def of(self, X: FloatArray, y: FloatArray, noise_std: FloatArray | None) -> dict[int, OwnScale]:
        """Return the outcomes that have a scale of their own, by their places, in order.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_dims)
            Rows in the order in which they were told.
        y, noise_std : ndarray of shape (n_rows, n_outputs)
            Outcomes and their standard errors, if they are known.
        """
        errors = np.zeros_like(y) if noise_std is None else noise_std
        powers = [place for place in self._open if self._is_power(place, X, y[:, place], errors[:, place])]
        return dict(sorted({**self._given, **dict.fromkeys(powers, POWER)}.items()))

    def _is_power(self, place: int, X: FloatArray, y: FloatArray, errors: FloatArray) -> bool:
        """Return what the trial of an outcome says, that of an earlier fit if its rows are the same."""
        first = slice(rows_of_trial(len(y)))
        rows = np.column_stack([X, y, errors])[first]
        known = self._verdicts.get(place)
        if known is None or not np.array_equal(known.rows, rows):
            noise, end = np.square(errors[first]), self._open[place]
            is_power = needs_power_scale(X[first], y[first], np.ones(len(rows)), noise, wanted=end)
            self._verdicts[place] = known = Verdict(rows, is_power)
        return known.is_power


def wanted_ends(objectives: Sequence[Objective], outputs: Sequence[str]) -> dict[int, float]:
    """Return the places of outcomes that are to be as small (-1) or as large (1) as possible."""
    ends: dict[type, float] = {Minimize: -1.0, Maximize: 1.0}
    return {outputs.index(each.name): ends[type(each)] for each in objectives if type(each) in ends}


def rows_of_trial(n_rows: int) -> int:
    """Return how many rows the last trial has; 0 before the first one."""
    n_asked, following = 0, FIRST_TRIAL
    while following <= n_rows:
        n_asked, following = following, int(np.ceil(GROWTH * following))
    return n_asked
