"""Moments and joint draws of any fitted regressor that has scikit-learn's `predict(X, return_std=True)`."""

import inspect
from collections.abc import Callable
from typing import Any, cast

import numpy as np
from scipy.special import ndtri
from sklearn.utils import check_array

from bnnopt._estimators import draw_seed, last_step, require, whole
from bnnopt._plain import shown
from bnnopt._typing import ArrayLike, FloatArray, RandomState
from bnnopt._validation import as_generator, numbers_of
from bnnopt.exceptions import InvalidDataError

__all__ = ["accepts", "posterior_draws", "posterior_moments", "posterior_quantiles"]

N_FREQUENCIES = 512
RELATIVE_LENGTH_SCALE = 0.2


def posterior_moments(regressor: Any, X: Any) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation of the outputs at rows.

    Parameters
    ----------
    regressor : estimator
        Fitted, with `predict(X, return_std=True)`, or a Pipeline that ends in one. If `predict` has a
        parameter `noise`, it is called with `noise=False`: the uncertainty of the function alone.
    X : array-like or DataFrame of shape (n, n_features)
        The rows.

    Returns
    -------
    mean, std : ndarray of shape (n,) or (n, n_outputs)
        In the unit of the outputs.

    Raises
    ------
    InvalidDataError
        `predict` has no `return_std`.
    """
    return _moments(*last_step(regressor, X))


def posterior_quantiles(regressor: Any, X: Any, quantiles: ArrayLike) -> FloatArray:
    """Return quantiles of new observations at rows, noise included.

    They come from `predict_quantiles(X, quantiles)` where the regressor has it. Otherwise they are those of
    normal distributions with the mean and the standard deviation that `predict` returns.

    Parameters
    ----------
    regressor : estimator
        As in `posterior_moments`.
    X : array-like or DataFrame of shape (n, n_features)
        The rows.
    quantiles : array-like of shape (n_quantiles,)
        Levels, above 0 and below 1.

    Returns
    -------
    ndarray of shape (n, n_quantiles) or (n, n_outputs, n_quantiles)
        In the unit of the outputs.

    Raises
    ------
    InvalidDataError
        `predict` has no `return_std`, or a level is out of range.
    """
    levels = numbers_of(quantiles, "quantiles")
    if levels.ndim != 1 or not np.all((levels > 0) & (levels < 1)):
        raise InvalidDataError(f"quantiles must be numbers above 0 and below 1, got {shown(quantiles)}.")
    model, rows = last_step(regressor, X)
    if hasattr(model, "predict_quantiles"):
        return np.asarray(model.predict_quantiles(rows, levels), dtype=float)
    mean, std = _moments(model, rows, with_noise=True)
    return mean[..., None] + std[..., None] * ndtri(levels)


def posterior_draws(
    regressor: Any, X: Any, n_samples: int = 256, random_state: RandomState = 0
) -> FloatArray:
    """Return joint draws of the outputs at rows.

    They come from `sample_y` where the regressor has it. Otherwise they are normal with the regressor's
    moments, and joined by assumption: the correlation of two rows is exp(-d² / (2 l²)), d their distance
    after scaling each column to unit range over the rows and l = 0.2 sqrt(n_features). This smooth guess
    makes batches spread out; it knows nothing of the regressor. It is realised with 512 random frequencies,
    so it costs time linear in the number of rows, and each correlation is met to about 0.03.

    Parameters
    ----------
    regressor : estimator
        Fitted, with `sample_y(X, n_samples, random_state)` or `predict(X, return_std=True)`, or a Pipeline
        that ends in one.
    X : array-like or DataFrame of shape (n, n_features)
        The rows; numbers, where the regressor has no `sample_y`.
    n_samples : int, default=256
        Number of draws, at least 1.
    random_state : int, Generator, RandomState or None, default=0
        The seed; the same seed gives the same draws.

    Returns
    -------
    ndarray of shape (n_samples, n) or (n_samples, n, n_outputs)
        Each draw is one function over all rows, in the unit of the outputs.

    Raises
    ------
    InvalidDataError
        The regressor has neither `sample_y` nor `return_std`, or n_samples is below 1.

    References
    ----------
    A. Rahimi, B. Recht, "Random features for large-scale kernel machines", NeurIPS 2007, algorithm 1.
    """
    require(whole(1), n_samples=n_samples)
    model, rows = last_step(regressor, X)
    if hasattr(model, "sample_y"):
        keywords = _without_noise(model.sample_y)
        samples = model.sample_y(rows, n_samples=n_samples, random_state=_seed(random_state), **keywords)
        return np.ascontiguousarray(np.moveaxis(np.asarray(samples, dtype=float), -1, 0))
    mean, std = _moments(model, rows)
    return _smooth_draws(mean, std, _unit_range(rows), n_samples, as_generator(random_state))


def _moments(model: Any, rows: Any, *, with_noise: bool = False) -> tuple[FloatArray, FloatArray]:
    if not accepts(getattr(model, "predict", None), "return_std"):
        raise InvalidDataError(
            f"{type(model).__name__} cannot be used as a surrogate: its predict has no parameter return_std. "
            "Use one that has, such as MCDropoutRegressor, GaussianProcessRegressor or BayesianRidge, alone "
            "or as the last step of a Pipeline; of a search, pass best_estimator_."
        )
    keywords = {} if with_noise else _without_noise(model.predict)
    mean, std = model.predict(rows, return_std=True, **keywords)
    return np.asarray(mean, dtype=float), np.asarray(std, dtype=float)


def accepts(method: Callable[..., Any] | None, name: str) -> bool:
    """Tell whether a method, if it is one, has a parameter of this name."""
    return callable(method) and name in inspect.signature(method).parameters


def _without_noise(method: Callable[..., Any]) -> dict[str, bool]:
    return {"noise": False} if accepts(method, "noise") else {}


def _seed(random_state: RandomState) -> int:
    """Return an integer seed, which every estimator takes; one that is given as it is."""
    is_number = isinstance(random_state, int | np.integer) and not isinstance(random_state, bool)
    return int(cast(int, random_state)) if is_number else draw_seed(random_state)


def _unit_range(rows: Any) -> FloatArray:
    """Return the rows with each column scaled to [0, 1]; constant columns become 0."""
    values = check_array(rows, dtype=float)
    low, spread = values.min(axis=0), np.ptp(values, axis=0)
    return (values - low) / np.where(spread > 0, spread, 1.0)


def _smooth_draws(
    mean: FloatArray, std: FloatArray, rows: FloatArray, n_samples: int, generator: np.random.Generator
) -> FloatArray:
    """Return normal draws of shape (n_samples, *mean.shape), smooth over the rows."""
    features = _fourier_features(rows, generator)
    n_outputs = mean.size // len(rows)
    weights = generator.standard_normal((n_outputs, n_samples, features.shape[1]))
    normals = np.moveaxis(weights @ features.T, 0, -1)
    return mean + std * normals.reshape(n_samples, *mean.shape)


def _fourier_features(rows: FloatArray, generator: np.random.Generator) -> FloatArray:
    """Return features of shape (n, 1024) and length 1 whose products are the correlations of the rows."""
    length_scale = RELATIVE_LENGTH_SCALE * np.sqrt(rows.shape[1])
    frequencies = generator.standard_normal((rows.shape[1], N_FREQUENCIES)) / length_scale
    phases = rows @ frequencies
    return np.hstack([np.cos(phases), np.sin(phases)]) / np.sqrt(N_FREQUENCIES)
