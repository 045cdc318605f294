"""What an acquisition function takes: arrays by position, the situation and its own parameters by keyword."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from bnnopt.exceptions import InvalidDataError, UnknownNameError

__all__ = ["SITUATION", "check_signature", "parameters_of", "required_entries", "takes"]

SITUATION = {
    "best": "the best utility observed so far, one finite number. Where nothing was observed yet, use an "
    "acquisition without best, such as 'std' or 'ucb'",
    "chosen": "draws at the rows in the batch or on their way, of shape (n_draws, n_chosen), joint with "
    "those of the candidates",
    "observed": "draws at the rows measured, of shape (n_draws, n_observed), joint with those of the "
    "candidates",
    "n_observed": "the number of rows measured so far",
    "noise_variance": "the variance of the observation noise, in the squared unit of the utility",
    "front": "the utilities of the best trade-offs so far, of shape (k, m)",
    "reference": "the utilities that count as worthless, of shape (m,)",
}
"""What a function may ask to know besides the arrays; its own parameters have other names."""

POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
KEYWORD = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def parameters_of(function: Callable[..., Any]) -> tuple[inspect.Parameter, ...]:
    """Return the parameters of a function, or raise `InvalidDataError` where Python cannot tell them."""
    try:
        is_hashable = getattr(type(function), "__hash__", None) is not None
        return (_remembered_parameters if is_hashable else _parameters)(function)
    except (TypeError, ValueError) as error:
        raise InvalidDataError(
            f"The parameters of {function!r} cannot be read. Wrap it in a function such as "
            "`def mine(mean, std, *, best): ...` and pass that."
        ) from error


def _parameters(function: Callable[..., Any]) -> tuple[inspect.Parameter, ...]:
    return tuple(inspect.signature(function).parameters.values())


_remembered_parameters = lru_cache(maxsize=128)(_parameters)  # a score asks for them at every call


def takes(function: Callable[..., Any], name: str, n_arrays: int, *, by_name: bool = False) -> bool:
    """Tell whether a function takes a keyword; any is taken by `**keywords`, unless `by_name`."""
    keywords = _keywords(function, n_arrays)
    return name in keywords or (not by_name and _takes_any_keyword(function))


def required_entries(function: Callable[..., Any], n_arrays: int) -> list[str]:
    """Return what a function must know of the situation: the entries that have no default."""
    keywords = _keywords(function, n_arrays)
    return [
        name for name in SITUATION if name in keywords and keywords[name].default is inspect.Parameter.empty
    ]


def check_signature(
    name: str, function: Callable[..., Any], n_arrays: int, parameters: Mapping[str, Any]
) -> None:
    """Raise an error if a function does not take the arrays or one of its own parameters."""
    known = parameters_of(function)
    kinds = {parameter.kind for parameter in known}
    n_positional = sum(parameter.kind in POSITIONAL for parameter in known)
    if n_positional < n_arrays and inspect.Parameter.VAR_POSITIONAL not in kinds:
        raise InvalidDataError(
            f"Acquisition {name!r} must take {n_arrays} array(s) by position, "
            f"its function takes {n_positional}."
        )
    accepted = [key for key in _keywords(function, n_arrays) if key not in SITUATION]
    is_open = _takes_any_keyword(function)
    _refuse_unknown(name, [key for key in parameters if key in SITUATION], accepted)
    _refuse_unknown(name, [key for key in parameters if key not in accepted and not is_open], accepted)


def _refuse_unknown(name: str, unknown: Iterable[str], accepted: Iterable[str]) -> None:
    if named := ", ".join(map(repr, unknown)):
        raise UnknownNameError(
            f"Acquisition {name!r} has no parameter {named}. Accepted: {', '.join(accepted) or 'none'}."
        )


def _keywords(function: Callable[..., Any], n_arrays: int) -> dict[str, inspect.Parameter]:
    """Return the parameters behind the arrays that can be given by name."""
    return {
        parameter.name: parameter
        for place, parameter in enumerate(parameters_of(function))
        if parameter.kind in KEYWORD and not (place < n_arrays and parameter.kind in POSITIONAL)
    }


def _takes_any_keyword(function: Callable[..., Any]) -> bool:
    return any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters_of(function))
