"""The one bridge from a fitted regressor to the scores of its rows."""

from collections.abc import Callable
from typing import Any

import numpy as np

from bnnopt._estimators import require, whole
from bnnopt._typing import FloatArray, RandomState
from bnnopt._validation import refuse_flags
from bnnopt.acquisition._acquisition import Acquisition
from bnnopt.acquisition._arrays import as_best
from bnnopt.acquisition._mixture import NormalMixture, average_scores, posterior_mixtures
from bnnopt.acquisition._posterior import posterior_draws, posterior_moments
from bnnopt.acquisition._registry import get_acquisition
from bnnopt.exceptions import InvalidDataError

__all__ = ["acquisition_scores"]

# of the situation; its arrays would have to be joint with the draws
NUMBERS = ("n_observed", "noise_variance")


def acquisition_scores(
    regressor: Any,
    X: Any,
    *,
    acquisition: str | Callable[..., Any] | Acquisition = "log_ei",
    best: float | None = None,
    maximize: bool = True,
    n_samples: int = 256,
    random_state: RandomState = 0,
    **parameters: Any,
) -> FloatArray:
    """Score rows by the predictions of any fitted regressor of one output.

    Parameters
    ----------
    regressor : estimator
        Fitted, with `predict(X, return_std=True)`; see `posterior_moments` and `posterior_draws`.
    X : array-like or DataFrame of shape (n, n_features)
        The candidates.
    acquisition : str, callable or Acquisition, default="log_ei"
        See `get_acquisition`.
    best : float, optional
        Best outcome so far, in the unit of the output; the functions of improvement need it.
    maximize : bool, default=True
        Whether a larger output is better; if not, the utility is the negative output.
    n_samples : int, default=256
        Number of draws, for acquisition functions that need draws.
    random_state : int, Generator, RandomState or None, default=0
        Seed of the draws.
    **parameters
        Keyword arguments of the acquisition function, such as `xi` or `kappa`, and what it asks to know of
        the situation as a number: `n_observed`, `noise_variance`.

    Returns
    -------
    ndarray of shape (n,)
        Finite or -inf, larger is better.

    Raises
    ------
    InvalidDataError
        The regressor has no `return_std` or several outputs, or the acquisition function needs something
        that is not given, such as `best`.
    UnknownNameError
        The acquisition function or a parameter is not known.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import BayesianRidge
    >>> regressor = BayesianRidge().fit([[0.0], [1.0], [2.0]], [0.1, 0.9, 2.1])
    >>> int(np.argmax(acquisition_scores(regressor, [[0.5], [1.5], [2.5]], best=2.1)))
    2
    """
    require(whole(1), n_samples=n_samples)
    refuse_flags(random_state=random_state, best=best)
    own = {key: value for key, value in parameters.items() if key not in NUMBERS}
    chosen = get_acquisition(acquisition, **own)
    sign = 1.0 if maximize else -1.0
    situation = {key: parameters[key] for key in NUMBERS if key in parameters}
    situation["best"] = None if best is None else sign * as_best(best)
    if chosen.needs == "draws":
        draws = _one_output(posterior_draws(regressor, X, n_samples, random_state), 2)
        return chosen.score(sign * draws, **situation)
    if not chosen.is_expectation:
        mean, std = (_one_output(array, 1) for array in posterior_moments(regressor, X))
        return chosen.score(sign * mean, std, **situation)
    mixture = _only(posterior_mixtures(regressor, X))
    moments = zip(sign * mixture.mean, mixture.std, strict=True)
    scores = np.array([chosen.score(mean, std, **situation) for mean, std in moments])
    return average_scores(scores, mixture.shares, chosen.form)


def _only(mixtures: list[NormalMixture]) -> NormalMixture:
    """Return the distribution of the one output."""
    if len(mixtures) != 1:
        raise _several_outputs(len(mixtures))
    return mixtures[0]


def _one_output(array: FloatArray, n_axes: int) -> FloatArray:
    """Drop the axis of the outputs, which must have length 1."""
    if array.ndim > n_axes and array.shape[-1] != 1:
        raise _several_outputs(array.shape[-1])
    return array if array.ndim == n_axes else np.squeeze(array, axis=-1)


def _several_outputs(n_outputs: int) -> InvalidDataError:
    return InvalidDataError(
        f"The regressor predicts {n_outputs} outputs; scores need one. "
        "Fit a regressor on one output, or use BayesianOptimizer with an objective."
    )
