"""What one `ask` wants, checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives import Objective
from bnnopt.optimizer._arguments import at_least, checked_context
from bnnopt.space import LinearConstraint, NonlinearConstraint, SearchSpace

__all__ = ["Request"]


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
    """

    n: int = 1
    context: Mapping[str, Any] = field(default_factory=dict)
    held: Mapping[str, Any] = field(default_factory=dict)
    objectives: Sequence[Objective] | None = None
    constraints: Sequence[LinearConstraint | NonlinearConstraint] = ()
    shared: Sequence[str] = ()
    exploration: float = 0.0
    n_replicates: int = 0

    @classmethod
    def checked(cls, space: SearchSpace, n: int, **wishes: Any) -> "Request":
        """Return a request, or raise `InvalidDataError` for what is missing, unknown or out of range."""
        shared = [wishes.pop("shared")] if isinstance(wishes.get("shared"), str) else wishes.pop("shared", ())
        request = cls(
            at_least(n, "n", 1),
            checked_context(space, wishes.pop("context", None)),
            dict(wishes.get("held") or {}),
            shared=tuple(name for name in shared if name not in (wishes.get("held") or {})),
            n_replicates=at_least(wishes.pop("n_replicates", 0), "n_replicates", 0),
            **{name: wish for name, wish in wishes.items() if name != "held"},
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
        is_number = isinstance(self.exploration, Real)
        if not is_number or not 0 <= self.exploration <= 1:
            raise InvalidDataError(f"exploration must be from 0 to 1, got {self.exploration!r}.")
        if self.n_replicates > self.n:
            raise InvalidDataError(f"n_replicates must be at most n = {self.n}, got {self.n_replicates}.")
