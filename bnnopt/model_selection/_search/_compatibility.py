"""What code written for the class of scikit-optimize hands over and expects back."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult

from bnnopt._estimators import is_whole
from bnnopt._plain import shown
from bnnopt._typing import FloatArray
from bnnopt.exceptions import InvalidDataError

__all__ = ["mapped", "optimize_result"]

ACQUISITIONS = {"EI": "log_ei", "LCB": "ucb", "PI": "pi", "gp_hedge": None}
DESIGNS = {"sobol": "sobol", "lhs": "latin_hypercube", "random": "random"}
GAUSSIAN_PROCESS = "GP"


def mapped(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return `optimizer_kwargs` of scikit-optimize as parameters of `BayesSearchCV`.

    Warns
    -----
    UserWarning
        Something has no counterpart and is ignored.
    """
    if given is not None and not isinstance(given, Mapping):
        raise InvalidDataError(f"optimizer_kwargs: expected a dict or None, got {shown(given)}.")
    taken: dict[str, Any] = {}
    ignored = []
    for name, value in (given or {}).items():
        if name in ("n_initial_points", "n_random_starts"):
            taken["n_initial"] = _number_of_points(name, value)
        elif name == "initial_point_generator" and isinstance(value, str) and value in DESIGNS:
            taken["initial_design"] = DESIGNS[value]
        elif name == "acq_func" and isinstance(value, str) and value in ACQUISITIONS:
            taken["acquisition"] = ACQUISITIONS[value]
        elif name == "base_estimator" and hasattr(value, "predict"):
            taken["surrogate"] = value
        elif not (name == "base_estimator" and str(value).upper() == GAUSSIAN_PROCESS):
            ignored.append(f"{name}={shown(value)}")
    if ignored:
        warnings.warn(
            f"optimizer_kwargs: ignored {', '.join(ignored)}, which bnnopt does not have; see the parameters "
            "surrogate, acquisition, n_initial and initial_design of BayesSearchCV.",
            UserWarning,
            stacklevel=3,
        )
    return taken


def _number_of_points(name: str, value: Any) -> int:
    if not is_whole(value):
        raise InvalidDataError(f"optimizer_kwargs: {name} must be a whole number, got {shown(value)}.")
    return max(2, int(value))


def optimize_result(settings: Sequence[Mapping[str, Any]], scores: FloatArray) -> OptimizeResult:
    """Return settings and scores as the result of a minimisation.

    Parameters
    ----------
    settings : sequence of dict
        At least one.
    scores : ndarray of shape (n_settings,)
        Larger is better; NaN for those that failed.

    Returns
    -------
    OptimizeResult
        `x` and `x_iters`, the best and all settings, values in the order of the names of parameters; `fun`
        and `func_vals`, minus the scores; `params`, all settings as dicts.
    """
    lists = [[params[name] for name in sorted(params)] for params in settings]
    best = int(np.argmax(np.where(np.isnan(scores), -np.inf, scores)))
    return OptimizeResult(
        x=lists[best],
        fun=-scores[best],
        x_iters=lists,
        func_vals=-scores,
        params=[dict(params) for params in settings],
    )
