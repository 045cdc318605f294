"""A trust region: a box around the best setting that grows with successes and shrinks with failures.

Where it is and how long follows from the record alone, which is read in order each time: nothing is counted
on the side, so that a record that is saved, corrected or told all at once gives the region that it should.

References
----------
D. Eriksson, M. Pearce, J. R. Gardner, R. Turner, M. Poloczek, "Scalable global optimization via local
Bayesian optimization", NeurIPS 2019, arXiv:1910.01739 (TuRBO-1).
"""

from dataclasses import dataclass
from math import ceil
from typing import Self

import numpy as np
from pydantic import Field, model_validator

from bnnopt._models import FrozenModel
from bnnopt._typing import BoolArray, FloatArray, IntArray

__all__ = ["FAILED", "Region", "TrustRegion", "box_around", "replay"]

FAILED = -1  # the rank of a row without outcomes
ROUNDING = 0.1  # of half a side: settings are rounded before they are run


class TrustRegion(FrozenModel):
    """How a trust region grows, shrinks and begins anew (TuRBO-1, Eriksson et al. 2019).

    The box has sides of one length in the unit cube of the numeric settings and the best row since the last
    restart in its middle; bounds cut it off. `success_tolerance` successes in a row double the length,
    `failure_tolerance` failures in a row halve it, and below `min_length` a new design of the whole space
    begins, then a box around the best of its rows. A batch is a success if a row of it, inside the box, is
    better than all rows before it since the restart. Rows outside the box, such as those from elsewhere,
    count neither way; the box moves to them if they are the best.

    Parameters
    ----------
    initial_length : float, default=0.8
        Side at the beginning, in units of the range of a setting; from `min_length` to `max_length`.
    min_length : float, default=0.0078125
        Side below which the search begins anew, above 0; 2**-7 as in the paper.
    max_length : float, default=1.6
        Largest side; 2 covers the whole space from everywhere.
    success_tolerance : int, default=3
        Successes in a row, at least 1. The paper's number: any improvement counts, and where rows rarely
        improve, more of them in a row would hardly ever come.
    failure_tolerance : int, optional
        Failures in a row, at least 1; by default max(4, number of settings) / `batch_size`, rounded up.
    batch_size : int, default=1
        Rows that are run together and count once, at least 1; the record is read in batches of so many rows.

    Raises
    ------
    InvalidDataError
        When a number is out of its range, or the lengths are not in order.

    Examples
    --------
    >>> from bnnopt.optimizer import TrustRegion
    >>> TrustRegion(batch_size=4).failures_of(20)
    5
    """

    initial_length: float = Field(default=0.8, gt=0, allow_inf_nan=False)
    min_length: float = Field(default=0.5**7, gt=0, allow_inf_nan=False)
    max_length: float = Field(default=1.6, gt=0, allow_inf_nan=False)
    success_tolerance: int = Field(default=3, ge=1)
    failure_tolerance: int | None = Field(default=None, ge=1)
    batch_size: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _check_lengths(self) -> Self:
        if not self.min_length <= self.initial_length <= self.max_length:
            raise ValueError(
                "TrustRegion: expected min_length <= initial_length <= max_length, got "
                f"{self.min_length:g}, {self.initial_length:g} and {self.max_length:g}."
            )
        return self

    def failures_of(self, n_settings: int) -> int:
        """Return how many failures in a row halve the region.

        Parameters
        ----------
        n_settings : int
            Number of settings, at least 1.

        Returns
        -------
        int
            `failure_tolerance`, or by default the larger one of 4 and `n_settings`, divided by `batch_size`
            and rounded up.
        """
        return self.failure_tolerance or ceil(max(4, n_settings) / self.batch_size)


@dataclass(frozen=True)
class Region:
    """Where a record leads.

    Attributes
    ----------
    length : float
        Side of the box before it is cut off.
    best : int or None
        Place of the row in its middle, the best since the start; None if no row since then has an outcome.
    start : int
        Place of the first row since the last restart.
    n_restarts : int
        How often the search began anew.
    """

    length: float
    best: int | None
    start: int = 0
    n_restarts: int = 0


def replay(
    rule: TrustRegion, points: FloatArray, ranks: IntArray, steps: FloatArray, n_initial: int, n_failures: int
) -> Region:
    """Return the region to which a record leads.

    Parameters
    ----------
    rule : TrustRegion
        Lengths and tolerances.
    points : ndarray of shape (n_rows, n_numbers)
        Numeric settings in the unit cube, in the order in which the rows were told.
    ranks : ndarray of int, shape (n_rows,)
        Larger is better, equal is no better; `FAILED` where there is no outcome.
    steps : ndarray of shape (n_numbers,)
        Largest distance between neighbouring values of each setting, 0 for a continuum.
    n_initial : int
        Rows before the first box, and after each restart.
    n_failures : int
        Failures in a row that halve the length.
    """
    start = n_restarts = 0
    while True:
        region, end = _run(rule, points[start:], ranks[start:], steps, n_initial, n_failures)
        if end is None:
            best = None if region.best is None else start + region.best
            return Region(region.length, best, start, n_restarts)
        start, n_restarts = start + end, n_restarts + 1


def box_around(centre: FloatArray, length: float, steps: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the lower and upper ends of a box in the unit cube, each of shape (n_numbers,).

    A centre outside the cube counts as its nearest point; values next to the centre are always in the box.
    """
    half, middle = np.maximum(length / 2, steps), np.clip(centre, 0.0, 1.0)
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)


def _run(
    rule: TrustRegion, points: FloatArray, ranks: IntArray, steps: FloatArray, n_initial: int, n_failures: int
) -> tuple[Region, int | None]:
    """Read a record up to its end or to the next restart, and return the place after that."""
    best = _running_best(ranks)
    length, n_good, n_bad = rule.initial_length, 0, 0
    first = max(n_initial, int((best < 0).sum()) + 1)
    for place in range(first, len(ranks) - rule.batch_size + 1, rule.batch_size):
        centre, batch = best[place - 1], slice(place, place + rule.batch_size)
        is_inside = _is_inside(points[batch], points[centre], length, steps)
        if not is_inside.any():
            continue
        is_success = (ranks[batch][is_inside] > ranks[centre]).any()
        n_good, n_bad = (n_good + 1, 0) if is_success else (0, n_bad + 1)
        if n_good == rule.success_tolerance:
            length, n_good = min(2 * length, rule.max_length), 0
        if n_bad == n_failures:
            length, n_bad = length / 2, 0
        if length < rule.min_length:
            return Region(length, int(centre)), place + rule.batch_size
    return Region(length, int(best[-1]) if len(best) and best[-1] >= 0 else None), None


def _running_best(ranks: IntArray) -> IntArray:
    """Return the place of the best row up to each row, itself included; -1 while all have failed."""
    before = np.concatenate([[FAILED], np.maximum.accumulate(ranks)])[: len(ranks)]
    return np.maximum.accumulate(np.where(ranks > before, np.arange(len(ranks)), -1))


def _is_inside(points: FloatArray, centre: FloatArray, length: float, steps: FloatArray) -> BoolArray:
    """Tell which rows were run in a box, up to their rounding; shape (n,)."""
    lower, upper = box_around(centre, length, steps)
    margin = ROUNDING * np.maximum(length / 2, steps) + steps / 2
    return np.asarray(((points >= lower - margin) & (points <= upper + margin)).all(axis=1))
