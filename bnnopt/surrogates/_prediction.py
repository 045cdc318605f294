"""The side of the MC-dropout estimator that predicts: moments, mixtures and draws in the units of y."""

from typing import Any

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.surrogates._learning import Learned
from bnnopt.surrogates._plan import is_whole
from bnnopt.surrogates._table import checked_inputs

__all__ = ["MixturePredictor"]


class MixturePredictor:
    """Predicts from what `learn` returns; an estimator adds how it is learned."""

    _learned: Learned
    _has_output_axis: bool

    def _as_given(self, values: FloatArray) -> Any:
        """Drop the axis of the outputs if y had none."""
        return values if self._has_output_axis else values[..., 0]

    def predict(
        self, X: ArrayLike, return_std: bool = False, *, noise: bool = True
    ) -> FloatArray | tuple[FloatArray, FloatArray]:
        """Predict the mean and, on request, the standard deviation of each output.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Inputs; a DataFrame needs the columns of fitting in the same order.
        return_std : bool, default=False
            Whether to return the standard deviation too.
        noise : bool, default=True
            Whether the standard deviation is that of a new observation (True) or of the function alone
            (False).

        Returns
        -------
        mean : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            In the units of y.
        std : ndarray of the same shape
            Only with `return_std=True`; in the units of y.
        """
        check_is_fitted(self)
        rows, mixture = checked_inputs(self, X), self._learned.mixture
        mean, variance = mixture.moments(rows)
        if not return_std:
            return self._as_given(mean)
        total = variance + mixture.noise_at(rows) if noise else variance
        return self._as_given(mean), self._as_given(np.sqrt(total))

    def predict_mixture(self, X: ArrayLike) -> Any:
        """Predict the function as a mixture of normal laws, one for each network.

        Its moments are those of `predict` with `noise=False`; an expected value over functions, such as an
        expected improvement, is the mean of that of each component by its share, which moments alone do not
        give. Other than with `predict`, the last digit of a row may depend on the number of rows beside it.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        tuple of ndarray, or list of such tuples, one for each output
            Shares of shape (n_components,), which make 1, and means and standard deviations of shape
            (n_components, n_samples), in the units of y.
        """
        check_is_fitted(self)
        parts = self._learned.mixture.components(checked_inputs(self, X), is_padded=False)
        laws = [(shares, means, np.sqrt(variances)) for shares, means, variances in parts]
        return laws if self._has_output_axis else laws[0]

    def sample_y(
        self, X: ArrayLike, n_samples: int = 1, random_state: int | np.random.RandomState | None = 0
    ) -> FloatArray:
        """Draw functions from the posterior and evaluate them at X.

        A draw is one network with one dropout mask for all rows, without observation noise, and draws vary as
        much as `predict` says with `noise=False`. Networks come in proportion to their shares, so that few
        draws already show how they differ.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples_X, n_features)
            Inputs.
        n_samples : int, default=1
            Number of draws, at least 1.
        random_state : int, RandomState or None, default=0
            Seeds weights and masks.

        Returns
        -------
        ndarray of shape (n_samples_X, n_samples) or (n_samples_X, n_outputs, n_samples)
            In the units of y.
        """
        check_is_fitted(self)
        rows = checked_inputs(self, X)
        if not is_whole(n_samples) or n_samples < 1:
            raise ValueError(f"n_samples must be a whole number of at least 1, got {n_samples!r}.")
        rng = np.random.default_rng(check_random_state(random_state).randint(0, 2**31 - 1))
        draws = self._learned.mixture.draw(rows, int(n_samples), rng)
        return np.swapaxes(draws, 1, 2) if self._has_output_axis else draws[..., 0]
