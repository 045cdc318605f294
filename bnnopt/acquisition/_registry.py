"""The acquisition functions that are known by name, and how others join them."""

from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import EntryPoint
from typing import Any

from bnnopt._validation import lookup
from bnnopt.acquisition._acquisition import Acquisition
from bnnopt.acquisition._confidence import (
    posterior_standard_deviation,
    scheduled_upper_confidence_bound,
    upper_confidence_bound,
)
from bnnopt.acquisition._draws import expected_improvement_of_draws
from bnnopt.acquisition._entropy_search import max_value_entropy_search
from bnnopt.acquisition._hypervolume import (
    expected_hypervolume_improvement,
    expected_hypervolume_improvement_of_draws,
    noisy_hypervolume_improvement,
)
from bnnopt.acquisition._improvement import (
    expected_improvement,
    log_expected_improvement,
    probability_of_improvement,
)
from bnnopt.acquisition._joint import (
    q_expected_improvement,
    q_noisy_expected_improvement,
    q_upper_confidence_bound,
)
from bnnopt.acquisition._knowledge_gradient import knowledge_gradient
from bnnopt.acquisition._level_sets import expected_feasibility, straddle
from bnnopt.acquisition._mutual_information import mutual_information
from bnnopt.acquisition._optimistic_hypervolume import optimistic_hypervolume_improvement
from bnnopt.acquisition._plugins import (
    import_acquisition,
    installed_acquisitions,
    load_acquisition,
    warn_of_namesake,
)
from bnnopt.acquisition._signature import parameters_of
from bnnopt.acquisition._smooth_improvement import q_log_expected_improvement
from bnnopt.acquisition._target import (
    expected_improvement_to_target,
    log_expected_improvement_to_target,
    probability_of_improvement_to_target,
)
from bnnopt.acquisition._thompson import thompson
from bnnopt.exceptions import InvalidDataError

__all__ = ["ACQUISITIONS", "get_acquisition", "joint_form_of", "stand_in_for"]

LOG_EI = Acquisition(
    "log_ei",
    log_expected_improvement,
    "moments",
    "log",
    is_expectation=True,
    folded=log_expected_improvement_to_target,
    joint="q_log_ei",
)
STD = Acquisition("std", posterior_standard_deviation, "moments", "positive")
UCB = Acquisition("ucb", upper_confidence_bound, "moments", "utility")
EHVI = Acquisition("ehvi", expected_hypervolume_improvement, "moments", "positive", n_utilities=2)
OPTIMISTIC = Acquisition(
    "optimistic hypervolume",
    optimistic_hypervolume_improvement,
    "moments",
    "positive",
    n_utilities="many",
)
STAND_INS = (UCB, EHVI, OPTIMISTIC)
"""What searches a space in the place of a function of draws that names no stand-in, or none that will do."""

ACQUISITIONS: dict[str, Acquisition] = {
    entry.name: entry
    for entry in (
        Acquisition(
            "pi",
            probability_of_improvement,
            "moments",
            "positive",
            is_expectation=True,
            folded=probability_of_improvement_to_target,
        ),
        Acquisition(
            "ei",
            expected_improvement,
            "moments",
            "positive",
            is_expectation=True,
            folded=expected_improvement_to_target,
        ),
        LOG_EI,
        UCB,
        Acquisition("gp_ucb", scheduled_upper_confidence_bound, "moments", "utility"),
        STD,
        Acquisition("ef", expected_feasibility, "moments", "positive"),
        Acquisition("straddle", straddle, "moments", "utility"),
        Acquisition("thompson", thompson, "draws", "utility"),
        Acquisition("mc_ei", expected_improvement_of_draws, "draws", "positive", stand_in=LOG_EI),
        Acquisition("q_ei", q_expected_improvement, "draws", "positive", stand_in=LOG_EI),
        Acquisition("q_log_ei", q_log_expected_improvement, "draws", "log", stand_in=LOG_EI),
        Acquisition("q_nei", q_noisy_expected_improvement, "draws", "positive", stand_in=LOG_EI),
        Acquisition("q_ucb", q_upper_confidence_bound, "draws", "utility"),
        Acquisition("mes", max_value_entropy_search, "draws", "positive"),
        Acquisition("bald", mutual_information, "draws", "positive", stand_in=STD),
        EHVI,
        Acquisition(
            "q_ehvi",
            expected_hypervolume_improvement_of_draws,
            "draws",
            "positive",
            n_utilities="many",
        ),
        Acquisition(
            "q_nehvi",
            noisy_hypervolume_improvement,
            "draws",
            "positive",
            n_utilities="many",
        ),
        Acquisition("kg", knowledge_gradient, "draws", "positive", stand_in=LOG_EI),
    )
}
"""The acquisition functions by name; an entry added here is known everywhere."""


def get_acquisition(acquisition: str | Callable[..., Any] | Acquisition, **parameters: Any) -> Acquisition:
    """Return the `Acquisition` that is meant, with values for its parameters.

    Parameters
    ----------
    acquisition : str, callable or Acquisition
        A name in `ACQUISITIONS`, or of an entry point that an installed package has in the group
        `bnnopt.acquisitions`, or "module:name", which lead to one of the following; a function, which needs
        draws if its first parameter is called `draws` and moments otherwise, and has the form "utility"; or
        an `Acquisition`.
    **parameters
        Keyword arguments of the function, such as `xi` or `kappa`; they go before those already set.

    Returns
    -------
    Acquisition
        As registered or given, with these parameters; what was given is not changed.

    Raises
    ------
    UnknownNameError
        The name or a parameter is not known; the message lists the known ones.
    InvalidDataError
        The signature of a function does not take the arrays, or an entry point does not lead to one.

    Warns
    -----
    ShadowedNameWarning
        An installed package brings one of the same name as bnnopt's, which is the one that is taken.

    Examples
    --------
    >>> get_acquisition("ucb", kappa=3.0).score([1.0], [0.5])
    array([2.5])
    """
    found = _as_acquisition(acquisition)
    return replace(found, parameters={**found.parameters, **parameters}) if parameters else found


def joint_form_of(acquisition: Acquisition) -> Acquisition:
    """Return the acquisition by which rows are chosen together.

    Parameters
    ----------
    acquisition : Acquisition
        One that has values of its own for parameters, which the joint score does not know, is its own.

    Returns
    -------
    Acquisition
        What `joint` names, else the acquisition itself.
    """
    if not acquisition.joint or acquisition.parameters:
        return acquisition
    return ACQUISITIONS[acquisition.joint]


def stand_in_for(acquisition: Acquisition, n_utilities: int) -> Acquisition:
    """Return the acquisition of moments by which a whole space is searched.

    Parameters
    ----------
    acquisition : Acquisition
        One of moments is the answer itself.
    n_utilities : int
        Utilities of each candidate, at least 1.

    Returns
    -------
    Acquisition
        Of one utility if `acquisition` is, else of so many.
    """
    if acquisition.needs == "moments":
        return acquisition
    n_weighed = n_utilities if acquisition.takes_many else 1
    known = (*acquisition.stand_ins, *STAND_INS)
    return next(each for each in known if each.needs == "moments" and each.weighs(n_weighed))


def _as_acquisition(acquisition: str | Callable[..., Any] | Acquisition) -> Acquisition:
    if isinstance(acquisition, Acquisition):
        return acquisition
    if callable(acquisition):
        name = getattr(acquisition, "__name__", type(acquisition).__name__)
        return _from_function(name, acquisition)
    if acquisition in ACQUISITIONS:
        warn_of_namesake(acquisition)
        return ACQUISITIONS[acquisition]
    if ":" in str(acquisition):
        return _from_found(acquisition, "it", import_acquisition(acquisition))
    known: dict[str, Acquisition | EntryPoint] = {**ACQUISITIONS, **installed_acquisitions()}
    found = lookup(known, acquisition, "acquisition")
    if isinstance(found, Acquisition):
        return found
    return _from_found(found.name, f"its entry point {found.value!r}", load_acquisition(found))


def _from_function(name: str, function: Callable[..., Any]) -> Acquisition:
    names = [parameter.name for parameter in parameters_of(function)]
    return Acquisition(name, function, "draws" if names[:1] == ["draws"] else "moments")


def _from_found(name: str, source: str, found: Any) -> Acquisition:
    if isinstance(found, Acquisition):
        return replace(found, name=name)
    if callable(found):
        return _from_function(name, found)
    raise InvalidDataError(
        f"The acquisition {name!r} must be a function or an Acquisition, but {source} names {found!r}."
    )
