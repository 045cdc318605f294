"""An acquisition function with what is needed to call it."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt._validation import lookup
from bnnopt.acquisition._arrays import as_draws, as_moments
from bnnopt.acquisition._feasibility import FORMS, Form
from bnnopt.exceptions import BnnoptError, InvalidDataError, UnknownNameError

__all__ = ["Acquisition", "Needs", "parameters_of"]

Needs: TypeAlias = Literal["moments", "draws"]

CHECKS: dict[str, Callable[..., tuple[FloatArray, ...]]] = {
    "moments": as_moments,
    "draws": lambda draws: (as_draws(draws),),
}
N_ARRAYS = {"moments": 2, "draws": 1}
POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
KEYWORD = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


@dataclass(frozen=True)
class Acquisition:
    """An acquisition function, what it needs, and the values of its own parameters.

    Parameters
    ----------
    name : str
        The name for messages and tables.
    function : callable
        `function(mean, std, *, best, **parameters)` with mean and std of shape (n,), or
        `function(draws, *, best, **parameters)` with draws of shape (n_draws, n). It returns scores of shape
        (n,), finite or -inf, larger is better, and changes nothing. `best` is passed if it is accepted.
    needs : {"moments", "draws"}, default="moments"
        Which arrays the function takes.
    form : {"positive", "log", "utility"}, default="utility"
        How a probability of feasibility enters the score; see `with_feasibility`.
    parameters : mapping, optional
        Keyword arguments of the function.
    is_expectation : bool, default=False
        Whether the score by moments is an expected value under a normal law (or its logarithm, in the form
        "log"), so that the score of a mixture of normal laws is the mean of those of its components.

    Raises
    ------
    UnknownNameError
        `needs`, `form` or the name of a parameter is not known.
    InvalidDataError
        The signature of the function does not take the arrays.

    Examples
    --------
    >>> import numpy as np
    >>> def mine(mean, std, *, weight=1.0):
    ...     return mean + weight * np.sqrt(std)
    >>> Acquisition("mine", mine, parameters={"weight": 2.0}).score([1.0, 0.0], [0.0, 4.0])
    array([1., 4.])
    """

    name: str
    function: Callable[..., Any]
    needs: Needs = "moments"
    form: Form = "utility"
    parameters: Mapping[str, Any] = field(default_factory=dict, hash=False)
    is_expectation: bool = False

    def __post_init__(self) -> None:
        n_arrays = lookup(N_ARRAYS, self.needs, "needs of an acquisition")
        lookup(dict.fromkeys(FORMS), self.form, "form of an acquisition")
        object.__setattr__(self, "parameters", dict(self.parameters))
        _check_signature(self.name, self.function, n_arrays, self.parameters)

    def score(self, *arrays: ArrayLike, best: float | None = None) -> FloatArray:
        """Return the scores of candidates, checked.

        Parameters
        ----------
        *arrays : array-like
            mean and std of shape (n,) or draws of shape (n_draws, n), as `needs` says.
        best : float, optional
            Best utility observed so far; needed by the functions of improvement.

        Returns
        -------
        ndarray of shape (n,)
            Finite or -inf, larger is better.

        Raises
        ------
        InvalidDataError
            The arrays are not what the function needs, it tried to change them, or its result has a wrong
            shape, a NaN or +inf.
        """
        if len(arrays) != N_ARRAYS[self.needs]:
            raise InvalidDataError(
                f"Acquisition {self.name!r} needs {self.needs}: {N_ARRAYS[self.needs]} array(s), "
                f"got {len(arrays)}."
            )
        checked = CHECKS[self.needs](*arrays)
        return self._checked(self._call(checked, best), checked[0].shape[-1])

    def _call(self, arrays: tuple[FloatArray, ...], best: float | None) -> Any:
        keywords = {"best": best} if _accepts_best(self.function) else {}
        try:
            return self.function(*map(_read_only, arrays), **keywords, **self.parameters)
        except BnnoptError:
            raise
        except ValueError as error:
            if "read-only" not in str(error):
                raise
            raise InvalidDataError(
                f"Acquisition {self.name!r} tried to change its input in place ({error}). "
                "Let it work on a copy, or build a new array."
            ) from error

    def _checked(self, result: Any, n: int) -> FloatArray:
        scores = np.array(result, dtype=float)
        if scores.shape != (n,):
            raise InvalidDataError(
                f"Acquisition {self.name!r} must return one score for each candidate, shape ({n},), "
                f"got shape {scores.shape}."
            )
        is_bad = np.isnan(scores) | np.isposinf(scores)
        if is_bad.any():
            row = int(np.flatnonzero(is_bad)[0])
            raise InvalidDataError(
                f"Acquisition {self.name!r} must return scores that are finite or -inf, "
                f"got {scores[row]} for candidate {row}."
            )
        return scores


def parameters_of(function: Callable[..., Any]) -> tuple[inspect.Parameter, ...]:
    """Return the parameters of a function, or raise `InvalidDataError` where Python cannot tell them."""
    try:
        return tuple(inspect.signature(function).parameters.values())
    except (TypeError, ValueError) as error:
        raise InvalidDataError(
            f"The parameters of {function!r} cannot be read. Wrap it in a function such as "
            "`def mine(mean, std, *, best): ...` and pass that."
        ) from error


def _accepts_best(function: Callable[..., Any]) -> bool:
    return any(
        parameter.kind is inspect.Parameter.VAR_KEYWORD
        or (parameter.name == "best" and parameter.kind in KEYWORD)
        for parameter in parameters_of(function)
    )


def _check_signature(
    name: str, function: Callable[..., Any], n_arrays: int, parameters: Mapping[str, Any]
) -> None:
    known = parameters_of(function)
    kinds = {parameter.kind for parameter in known}
    n_positional = sum(parameter.kind in POSITIONAL for parameter in known)
    if n_positional < n_arrays and inspect.Parameter.VAR_POSITIONAL not in kinds:
        raise InvalidDataError(
            f"Acquisition {name!r} must take {n_arrays} array(s) by position, "
            f"its function takes {n_positional}."
        )
    accepted = [p.name for p in known[n_arrays:] if p.kind in KEYWORD and p.name != "best"]
    unknown = [key for key in parameters if key not in accepted]
    if unknown and ("best" in unknown or inspect.Parameter.VAR_KEYWORD not in kinds):
        raise UnknownNameError(
            f"Acquisition {name!r} has no parameter {', '.join(map(repr, unknown))}. "
            f"Accepted: {', '.join(accepted) or 'none'}."
        )


def _read_only(array: FloatArray) -> FloatArray:
    view = array.view()
    view.flags.writeable = False
    return view
