"""Trials: short fits that show whether a member of a stacking is worth a long one.

In a loop of asks a member that can pause makes its trial in parts, one for each row told since the last fit,
so that no ask takes much longer than those around it.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from bnnopt.surrogates._stacking._members import Data, Member, can_pause, fit_member
from bnnopt.surrogates._stacking._posterior import gain_by

__all__ = ["GROWTH", "Trial", "Trials", "trial_of", "verdict"]

LEAST_GAIN = 0.01  # of the mean log density of held-out rows, that a trial must show
GROWTH = 1.5  # of the rows, after which a member is tried again
N_PARTS = 10  # of a trial in a loop; each costs less than half of the fit of the Gaussian processes


@dataclass(frozen=True)
class Trials:
    """How the trials of all members stand after a fit.

    Attributes
    ----------
    n_rows : int
        Of the fit.
    ended_at : dict of str to int
        Rows of the fit that ended the last whole trial, by the name of the member.
    open : dict of str to Trial
        Those under way.
    """

    n_rows: int
    ended_at: dict[str, int] = field(default_factory=dict)
    open: "dict[str, Trial]" = field(default_factory=dict)


@dataclass(frozen=True)
class Trial:
    """A trial that ended, or one under way.

    Attributes
    ----------
    member : Member or None
        As it is fitted so far; None before the first part.
    n_parts : int
        Parts made.
    """

    member: Member | None
    n_parts: int

    @property
    def has_ended(self) -> bool:
        """Whether all parts are made."""
        return self.n_parts == N_PARTS


def trial_of(
    name: str, model: Any, data: Data, seed: int, before: Trial | None = None, n_new: int | None = None
) -> Trial:
    """Make a trial, or the next parts of one.

    Parameters
    ----------
    name : str
    model : estimator
        Seeded, not fitted, with `trial_parameters`.
    data : Data
    seed : int
        Shuffles the rows of a cross-validation.
    before : Trial, optional
        The parts made before.
    n_new : int, optional
        Rows that are new since the last fit, in a loop; all parts are made by default.
    """
    n_before = 0 if before is None else before.n_parts
    n_parts = N_PARTS - n_before
    if n_new is not None and can_pause(model):
        n_parts = min(n_parts, max(n_new, 1))
    previous = None if before is None or before.member is None else before.member.fitted
    short = clone(model).set_params(**model.trial_parameters)
    with warnings.catch_warnings():
        # that a short fit has not converged is what makes it short
        warnings.simplefilter("ignore", ConvergenceWarning)
        member = fit_member(name, short, data, seed, previous, trial=n_parts / N_PARTS)
    return Trial(member, n_before + n_parts)


def verdict(trial: Trial, data: Data, others: Sequence[Member]) -> str:
    """Say why a member is left out after its trial; "" if it is not."""
    assert trial.member is not None, "a trial that ended has a member"
    gain, chance = gain_by(data, list(others), trial.member)
    needed = max(LEAST_GAIN, chance)
    if gain >= needed:
        return ""
    return (
        f"a short trial changed the mean log density of held-out rows by {gain:.2g} at {data.n_rows} "
        f"rows, and a gain of {needed:.2g} is needed"
    )
