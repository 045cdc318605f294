"""A batch: what one `ask` wants, and the rows found for it so far, each with those before it in mind.

Whatever finds rows, a design or searches one after the other, adds them to a `Batch`, which says what further
rows have to keep to: in which settings all agree (`shared`), how many are missing, and what is on its way.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from bnnopt._estimators import real, require
from bnnopt._plain import listed, shown
from bnnopt._typing import FloatArray
from bnnopt.exceptions import InfeasibleSpaceError, InvalidDataError
from bnnopt.objectives import Objective
from bnnopt.optimizer._arguments import MOST, as_held, at_least, checked_context
from bnnopt.optimizer._elsewhere import away_from, n_elsewhere
from bnnopt.optimizer._gains import NOTHING, has_no_gain
from bnnopt.optimizer._maximum import NoCandidateError, Pool, suggest
from bnnopt.optimizer._replicates import repeats
from bnnopt.optimizer._search import Search
from bnnopt.optimizer._steps import steps_of
from bnnopt.space import Constraint, SearchSpace

__all__ = ["Batch", "Request", "Where"]

MOST_AT_ONCE = 100  # rows of one search: its time grows with the cube of their number
HIGHEST = "the highest score"
ELSEWHERE = "elsewhere: beside the best rows nothing is to be gained that one measurement could tell"


@dataclass(frozen=True)
class Request:
    """What one `ask` wants.

    Attributes
    ----------
    n : int
        Rows, at least 1.
    context, held : mapping
        Values of the context variables, and of settings that are not to be chosen.
    objectives : sequence of objectives or None
        In place of those of the optimizer.
    constraints : sequence of constraints
        Besides those of the space.
    shared : sequence of str
        Settings in which all rows agree.
    exploration : float
        Share of the rows of which the model is least sure, from 0 to 1.
    n_replicates : int
        Rows among the `n` that repeat measured settings.
    is_shown : bool
        Whether to show on the standard error how many rows are found.
    """

    n: int = 1
    context: Mapping[str, Any] = field(default_factory=dict)
    held: Mapping[str, Any] = field(default_factory=dict)
    objectives: Sequence[Objective] | None = None
    constraints: Sequence[Constraint] = ()
    shared: Sequence[str] = ()
    exploration: float = 0.0
    n_replicates: int = 0
    is_shown: bool = False

    @property
    def n_new(self) -> int:
        """How many rows are to be new."""
        return self.n - self.n_replicates

    @classmethod
    def checked(cls, space: SearchSpace, n: int, **wishes: Any) -> "Request":
        """Return a request, or raise `InvalidDataError` for what is missing, unknown or out of range."""
        shared = [wishes.pop("shared")] if isinstance(wishes.get("shared"), str) else wishes.pop("shared", ())
        held = as_held(space, wishes.get("held"))
        request = cls(
            at_least(n, "n", 1, largest=MOST),
            checked_context(space, wishes.pop("context", None)),
            held,
            shared=tuple(name for name in shared if name not in held),
            n_replicates=at_least(wishes.pop("n_replicates", 0), "n_replicates", 0),
            is_shown=_as_flag(wishes.pop("verbose", False)),
            **{name: listed(wish) for name, wish in wishes.items() if name != "held"},
        )
        request._check(space)
        return request

    def _check(self, space: SearchSpace) -> None:
        unknown = [name for name in self.shared if name not in space.setting_names]
        if unknown:
            raise InvalidDataError(
                f"shared: {unknown} are no settings of the space; it has {space.setting_names}."
            )
        if set(self.shared) >= set(space.setting_names) - set(self.held):
            raise InvalidDataError("shared: all settings are shared or held; leave at least one to differ.")
        require(real(0, 1, closed="both"), exploration=self.exploration)
        if self.n_replicates > self.n:
            raise InvalidDataError(f"n_replicates must be at most n = {self.n}, got {self.n_replicates}.")


def _as_flag(verbose: Any) -> bool:
    """Return whether to say how far a batch is, or raise `InvalidDataError` for what is no flag."""
    if not isinstance(verbose, Real | np.bool_) or verbose not in (0, 1):
        raise InvalidDataError(f"verbose must be True or False, got {shown(verbose)}.")
    return bool(verbose)


class Where(NamedTuple):
    """Where rows are looked for, and why there."""

    search: Search
    reason: str = HIGHEST


@dataclass(frozen=True)
class Batch:
    """The rows found for a request so far.

    Attributes
    ----------
    request : Request
        What is wanted.
    rows : DataFrame of shape (n_found, n_names)
    scores : ndarray of shape (n_found,)
    reasons : tuple of str
        Where each row comes from.
    """

    request: Request
    rows: pd.DataFrame
    scores: FloatArray = field(default_factory=lambda: np.empty(0))
    reasons: tuple[str, ...] = ()

    @property
    def n_missing(self) -> int:
        """How many new rows are still wanted."""
        return self.request.n_new - len(self.rows)

    @property
    def agreed(self) -> dict[str, Any]:
        """The values in which further rows agree with the first."""
        return {name: self.rows[name].iloc[0] for name in self.request.shared if len(self.rows)}

    @property
    def held(self) -> dict[str, Any]:
        """The settings that are not to be chosen for further rows."""
        return {**self.request.held, **self.agreed}

    def plus(self, rows: pd.DataFrame, scores: FloatArray, reason: str) -> "Batch":
        """Return the batch with more rows."""
        if not len(rows):
            return self
        tables = [table for table in (self.rows, rows) if len(table)]
        return replace(
            self,
            rows=pd.concat(tables, ignore_index=True),
            scores=np.concatenate([self.scores, scores]),
            reasons=(*self.reasons, *[reason] * len(rows)),
        )

    def designed(self, draw: Callable[["Batch"], pd.DataFrame], reason: str) -> "Batch":
        """Return the batch with rows of a design, which have no scores.

        Parameters
        ----------
        draw : callable
            From a batch to the new rows that it misses, with the settings held that it holds.
        reason : str
            Where they come from.
        """
        batch, rows = self, draw(self)
        if self.request.shared and len(rows) > 1:
            batch = batch.plus(rows.iloc[:1], np.full(1, np.nan), reason)
            rows = draw(batch)
        return batch.plus(rows, np.full(len(rows), np.nan), reason)

    def filled(self, places: Sequence[Where], pool: Pool | None) -> "Batch":
        """Return the batch with new rows, from one place after the other until there are enough.

        Parameters
        ----------
        places : sequence of Where
            At least one; a place is left when it has no more rows.
        pool : DataFrame or iterable of DataFrame, optional
            The only settings to choose from; a stream is read once, and can serve one place only.

        Raises
        ------
        InfeasibleSpaceError or NoCandidateError
            There are no rows, and the last place has none to offer.
        """
        batch = self
        for where in places:
            try:
                batch = batch if batch.n_missing < 1 else batch._filled_at(where, pool)
            except (InfeasibleSpaceError, NoCandidateError):
                if where is places[-1] and not len(batch.rows):
                    raise
        return batch

    def with_replicates(self, search: Search) -> "Batch":
        """Return the batch with the measured settings that are worth another run."""
        again = repeats(search.holding(self.agreed), self.request.n_replicates)
        return self.plus(*again, "replicate")

    def _filled_at(self, where: Where, pool: Pool | None) -> "Batch":
        """Return the batch with the rows that the searches at one place find."""
        steps = steps_of(where.search, self.n_missing, self.request.exploration)
        if self.request.shared and not self.agreed:
            steps = [(steps[0][0], 1), (steps[0][0], steps[0][1] - 1), *steps[1:]]
        if not (pool is None or isinstance(pool, pd.DataFrame) or len(steps) == 1):
            pool = list(pool)  # read as often as there are searches
        batch = self
        for search, n in steps:
            if n > 0 and search is where.search:
                batch = batch._plus_many(search, n, pool, where.reason)
            elif n > 0:
                here = search.holding(batch.agreed).after(batch.rows)
                batch = batch.plus(*suggest(here, n, pool), where.reason)
        return batch

    def _plus_many(self, search: Search, n: int, pool: Pool | None, reason: str) -> "Batch":
        """Return the batch with the rows of searches one after the other, each for a part of many rows."""
        is_stream = not (pool is None or isinstance(pool, pd.DataFrame | list))
        most = n if is_stream else MOST_AT_ONCE
        batch = self
        for start in range(0, n, most):
            further = replace(search, seed=search.seed + start) if start else search
            here = further.holding(batch.agreed).after(batch.rows)
            n_before = len(batch.rows)
            batch = batch._plus_hopeful(here, min(most, n - start), pool, reason)
            if len(batch.rows) - n_before < min(most, n - start):
                break
        return batch

    def _plus_hopeful(self, search: Search, n: int, pool: Pool | None, reason: str) -> "Batch":
        """Return the batch with the rows of highest score, or elsewhere where that tells more."""
        rows, scores = suggest(search, n, pool)
        can_look_again = pool is None or isinstance(pool, pd.DataFrame | list)
        if has_no_gain(search, scores):
            return self.plus(*(away_from(search, n, pool) if can_look_again else (rows, scores)), NOTHING)
        n_away = n_elsewhere(search, rows, n) if can_look_again else 0
        away = away_from(search.after(rows.iloc[: n - n_away]), n_away, pool)
        n_kept = min(n - len(away[0]), len(rows))
        return self.plus(rows.iloc[:n_kept], scores[:n_kept], reason).plus(*away, ELSEWHERE)
