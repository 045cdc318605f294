"""The acquisition functions that are known by name, and how others join them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bnnopt._validation import lookup
from bnnopt.acquisition._acquisition import Acquisition, parameters_of
from bnnopt.acquisition._confidence import posterior_standard_deviation, upper_confidence_bound
from bnnopt.acquisition._draws import expected_improvement_of_draws
from bnnopt.acquisition._improvement import (
    expected_improvement,
    log_expected_improvement,
    probability_of_improvement,
)
from bnnopt.acquisition._thompson import thompson

__all__ = ["ACQUISITIONS", "get_acquisition"]

ACQUISITIONS: dict[str, Acquisition] = {
    entry.name: entry
    for entry in (
        Acquisition("pi", probability_of_improvement, "moments", "positive", is_expectation=True),
        Acquisition("ei", expected_improvement, "moments", "positive", is_expectation=True),
        Acquisition("log_ei", log_expected_improvement, "moments", "log", is_expectation=True),
        Acquisition("ucb", upper_confidence_bound, "moments", "utility"),
        Acquisition("std", posterior_standard_deviation, "moments", "positive"),
        Acquisition("thompson", thompson, "draws", "utility"),
        Acquisition("mc_ei", expected_improvement_of_draws, "draws", "positive"),
    )
}
"""The acquisition functions by name; an entry added here is known everywhere."""


def get_acquisition(acquisition: str | Callable[..., Any] | Acquisition, **parameters: Any) -> Acquisition:
    """Return the `Acquisition` that is meant, with values for its parameters.

    Parameters
    ----------
    acquisition : str, callable or Acquisition
        A name in `ACQUISITIONS`; or a function, which needs draws if its first parameter is called `draws`
        and moments otherwise, and has the form "utility"; or an `Acquisition`.
    **parameters
        Keyword arguments of the function, such as `xi` or `kappa`; they go before those already set.

    Returns
    -------
    Acquisition

    Raises
    ------
    UnknownNameError
        The name or a parameter is not known; the message lists the known ones.
    InvalidDataError
        The signature of a function does not take the arrays.

    Examples
    --------
    >>> get_acquisition("ucb", kappa=3.0).score([1.0], [0.5])
    array([2.5])
    """
    found = _as_acquisition(acquisition)
    return replace(found, parameters={**found.parameters, **parameters}) if parameters else found


def _as_acquisition(acquisition: str | Callable[..., Any] | Acquisition) -> Acquisition:
    if isinstance(acquisition, Acquisition):
        return acquisition
    if callable(acquisition):
        names = [parameter.name for parameter in parameters_of(acquisition)]
        name = getattr(acquisition, "__name__", type(acquisition).__name__)
        return Acquisition(name, acquisition, "draws" if names[:1] == ["draws"] else "moments")
    return lookup(ACQUISITIONS, acquisition, "acquisition")
