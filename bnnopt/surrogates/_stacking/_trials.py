"""Who takes part in a stacking: members fitted side by side, some of them after a short trial.

A trial is a short fit that shows whether a member is worth a long one. In a loop of asks a member that can
pause makes its trial in parts, one for each row told since the last fit, so that no ask takes much longer
than those around it.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import ConvergenceWarning

from bnnopt._estimators import draw_seed, seeded_clone
from bnnopt._parallel import spread
from bnnopt._typing import RandomState
from bnnopt.exceptions import MissingDependencyError
from bnnopt.surrogates._stacking._members import Data, Member, can_pause, fit_member
from bnnopt.surrogates._stacking._posterior import SMALLEST_SHARE, gain_by

__all__ = ["EarlierFit", "fitted_members"]

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


@dataclass(frozen=True)
class EarlierFit:
    """What a stacking keeps of a fit for the next one.

    Attributes
    ----------
    estimators : dict of str to estimator
        The fitted members by name.
    left_out : dict of str to str
        Why others took no part.
    shares : dict of str to float
        The largest share of each member in any output.
    trials : Trials
    """

    estimators: dict[str, Any]
    left_out: dict[str, str]
    shares: dict[str, float]
    trials: Trials

    def standing(self, name: str, known: int) -> str:
        """Say why a member, tried at so many rows, is left out of the next fit; "" if it is not."""
        if name in self.left_out:
            return self.left_out[name]
        is_needed = self.shares[name] >= SMALLEST_SHARE
        return "" if is_needed else f"its share was next to nothing at {known} rows"

    def without_members(self) -> "EarlierFit":
        """Return who took part only; a trial in parts begins anew."""
        own = self.trials
        trials = Trials(own.n_rows, own.ended_at, dict.fromkeys(own.ended_at, Trial(None, 0)))
        return replace(self, estimators={}, trials=trials)


def fitted_members(
    data: Data, named: Mapping[str, BaseEstimator], random_state: RandomState, earlier: EarlierFit | None
) -> tuple[list[Member], dict[str, str], Trials]:
    """Fit the members that take part; say why others are left out, and how trials stand.

    Parameters
    ----------
    data : Data
    named : mapping of str to estimator
        Not fitted.
    random_state : int, RandomState or None
        Seeds the members, and folds.
    earlier : EarlierFit or None
        To go on from.
    """
    seed = draw_seed(random_state)
    seeded = {name: seeded_clone(estimator, seed) for name, estimator in named.items()}
    short = [name for name, model in seeded.items() if hasattr(model, "trial_parameters")]
    before = {} if earlier is None else earlier.estimators
    long = {name: (model, before.get(name)) for name, model in seeded.items() if name not in short}
    found, left_out = _side_by_side(long, data, seed)
    trials = Trials(data.n_rows)
    for name in short:
        others = list(found.values())
        try:
            reason = (
                _reason(name, seeded[name], data, others, random_state, earlier, trials) if others else ""
            )
            if reason:
                left_out[name] = reason
            else:
                found[name] = fit_member(name, seeded[name], data, seed, before.get(name))
        except MissingDependencyError as error:
            left_out[name] = str(error)
    return [found[name] for name in named if name in found], left_out, trials


def _side_by_side(
    models: Mapping[str, tuple[BaseEstimator, Any]], data: Data, seed: int
) -> tuple[dict[str, Member], dict[str, str]]:
    """Fit members, each after an earlier one if there is any; say why others cannot be had."""
    calls = [(name, model, data, seed, previous) for name, (model, previous) in models.items()]
    is_here = data.rows.stream is not None  # batches that only this process can read
    done = [_fit_or_reason(*call) for call in calls] if is_here else spread(_fit_or_reason, calls)
    members = {name: each for name, each in zip(models, done, strict=True) if isinstance(each, Member)}
    return members, {name: each for name, each in zip(models, done, strict=True) if isinstance(each, str)}


def _fit_or_reason(name: str, model: BaseEstimator, data: Data, seed: int, previous: Any) -> Member | str:
    """Fit a member, or say what is missing for it."""
    try:
        return fit_member(name, model, data, seed, previous)
    except MissingDependencyError as error:
        return str(error)


def _reason(
    name: str,
    model: BaseEstimator,
    data: Data,
    others: Sequence[Member],
    random_state: RandomState,
    earlier: EarlierFit | None,
    trials: Trials,
) -> str:
    """Say why a member is left out, "" if it is not, by a trial now or the last; note how it stands."""
    known = None if earlier is None else earlier.trials.ended_at.get(name)
    if earlier is None or known is None:
        trial = _trial_of(name, model, data, draw_seed(random_state))
    else:
        trials.ended_at[name] = known
        before, n_new = earlier.trials.open.get(name), data.n_rows - earlier.trials.n_rows
        if before is None and data.n_rows < GROWTH * known:
            return earlier.standing(name, known)
        trial = _trial_of(name, model, data, draw_seed(random_state), before, n_new)
        if not trial.has_ended:
            trials.open[name] = trial
            return earlier.standing(name, known)
    trials.ended_at[name] = data.n_rows
    return _verdict(trial, data, others)


def _trial_of(
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


def _verdict(trial: Trial, data: Data, others: Sequence[Member]) -> str:
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
