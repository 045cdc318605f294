"""A surrogate of several outcomes: one estimator for all, or one for each, on standardised outcomes."""

import warnings
from inspect import signature
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone

from bnnopt._typing import FloatArray
from bnnopt.acquisition import NormalMixture, posterior_draws, posterior_mixtures, posterior_moments

__all__ = ["OutcomeModel"]


class OutcomeModel:
    """Fitted surrogates of the outcomes.

    An estimator that says `trains_outputs_jointly = True` is fitted once on all outcomes, any other once for
    each. Outcomes are standardised first, as many estimators expect, and come back in their units.

    Parameters
    ----------
    surrogate : estimator
        Any regressor with `fit` and `predict(X, return_std=True)`; it is cloned.
    seed : int
        Given to each `random_state` of the estimator that is None.
    """

    def __init__(self, surrogate: BaseEstimator, seed: int) -> None:
        self._surrogate = surrogate
        self._seed = seed

    def fit(self, X: FloatArray, y: FloatArray, noise_std: FloatArray | None = None) -> "OutcomeModel":
        """Fit on rows of shape (n_rows, n_dims) and outcomes of shape (n_rows, n_outputs).

        `noise_std`, of the shape of the outcomes, holds the standard error of each outcome, 0 where it is not
        known. A surrogate whose `fit` takes `noise_variance` is given it; any other learns without, and a
        `UserWarning` says so.
        """
        self._mean = y.mean(axis=0)
        spread = y.std(axis=0)
        self._scale = np.where(spread > 0, spread, 1.0)
        targets = (y - self._mean) / self._scale
        if getattr(self._surrogate, "trains_outputs_jointly", False) and y.shape[1] > 1:
            self.surrogates = [self._seeded().fit(X, targets, **self._given_noise(noise_std))]
        else:
            noises = [self._given_noise(noise_std, column) for column in range(y.shape[1])]
            pairs = zip(targets.T, noises, strict=True)
            self.surrogates = [self._seeded().fit(X, column, **noise) for column, noise in pairs]
        return self

    def _given_noise(self, noise_std: FloatArray | None, column: Any = slice(None)) -> dict[str, FloatArray]:
        if noise_std is None or not noise_std.any():
            return {}
        if "noise_variance" not in signature(self._surrogate.fit).parameters:
            warnings.warn(
                f"The error bars that were told are not used: fit of {type(self._surrogate).__name__} takes "
                "no noise_variance. Use a surrogate that does, such as 'mc_dropout'.",
                UserWarning,
                stacklevel=2,
            )
            return {}
        return {"noise_variance": np.square(noise_std / self._scale)[:, column]}

    def noise_variance(self, X: FloatArray) -> FloatArray:
        """Return the variance of the observation noise of each outcome, a mean over rows; (n_outputs,)."""
        _, total = self.observation_moments(X)
        _, of_function = self.moments(X)
        return np.maximum(np.square(total) - np.square(of_function), 0.0).mean(axis=0)

    def moments(self, X: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation of the functions, each of shape (n, n_outputs)."""
        moments = [posterior_moments(surrogate, X) for surrogate in self.surrogates]
        return self._restored(moments)

    def mixtures(self, X: FloatArray) -> list[NormalMixture]:
        """Return the law of each outcome's function, a mixture of normal laws."""
        laws = [law for surrogate in self.surrogates for law in posterior_mixtures(surrogate, X)]
        return [
            NormalMixture(law.shares, law.mean * scale + mean, law.std * scale)
            for law, mean, scale in zip(laws, self._mean, self._scale, strict=True)
        ]

    def observation_moments(self, X: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation of new observations, each of shape (n, n_outputs)."""
        return self._restored([surrogate.predict(X, return_std=True) for surrogate in self.surrogates])

    def draws(self, X: FloatArray, n_draws: int, seed: int) -> FloatArray:
        """Return joint draws of the functions, shape (n_outputs, n_draws, n)."""
        parts = []
        for offset, surrogate in enumerate(self.surrogates):
            samples = posterior_draws(surrogate, X, n_draws, seed + offset)
            parts.append(samples.reshape(n_draws, len(X), -1))
        scaled = np.concatenate(parts, axis=2)
        return np.moveaxis(scaled * self._scale + self._mean, 2, 0)

    def _restored(self, moments: list[tuple[Any, Any]]) -> tuple[FloatArray, FloatArray]:
        means, stds = zip(*moments, strict=True)
        mean = np.column_stack([np.asarray(part, dtype=float) for part in means])
        std = np.column_stack([np.asarray(part, dtype=float) for part in stds])
        return mean * self._scale + self._mean, std * self._scale

    def _seeded(self) -> Any:
        surrogate = clone(self._surrogate)
        unset = [
            name
            for name, value in surrogate.get_params(deep=True).items()
            if value is None and (name == "random_state" or name.endswith("__random_state"))
        ]
        return surrogate.set_params(**dict.fromkeys(unset, self._seed))
