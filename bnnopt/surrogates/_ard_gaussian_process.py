"""A Gaussian process that tells the function from the noise, around scikit-learn's."""

import warnings
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar, Self

import numpy as np
from scipy.linalg import solve_triangular
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
from sklearn.utils.validation import check_is_fitted

from bnnopt._estimators import (
    Documented,
    Rule,
    check_parameters,
    draw_seed,
    last_fit_kept,
    require,
    seed_parameter,
    whole,
)
from bnnopt._threads import one_thread
from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.surrogates._predictive._mixtures import HeldOutPredictions, log_normal_density
from bnnopt.surrogates._predictive._quantiles import NormalQuantiles
from bnnopt.surrogates._predictive._regressor import checked_number_of_draws
from bnnopt.surrogates._rows import Rows, check_arrays, check_rows

__all__ = ["ARDGaussianProcessRegressor"]

ROWS_OF_ONE_THREAD = 500  # beyond, a second thread gains more than it waits


class ARDGaussianProcessRegressor(Documented, NormalQuantiles, RegressorMixin, BaseEstimator):
    """Gaussian process with a Matérn-5/2 kernel, a length scale for each input, and learned noise.

    It holds scikit-learn's `GaussianProcessRegressor`, whose standard deviation includes the learned noise,
    and gives that of the function alone on request, which is what exploration needs. Time grows with the cube
    of the number of rows. Inputs are divided by the power of two that is nearest to their range.

    Parameters
    ----------
    n_restarts_optimizer : int, default=2
        Further starts of the search for the kernel's parameters, at least 0.
    random_state : int, RandomState or None, default=None
        Seeds the starts.

    Attributes
    ----------
    gaussian_process_ : GaussianProcessRegressor
        The fitted process of scikit-learn, on scaled inputs and a standardised output.
    n_features_in_ : int
        Number of inputs.
    noise_variance_ : float
        Learned variance of the observation noise, in squared units of y.
    held_out_log_density_ : float
        Mean over rows of the log density of each standardised output, noise included, given all other rows,
        under the kernel that was learned from all.

    References
    ----------
    C. E. Rasmussen, C. K. I. Williams, "Gaussian Processes for Machine Learning", MIT Press 2006, equations
    5.10 to 5.12 (the density of a row left out).
    J. Snoek, H. Larochelle, R. P. Adams, "Practical Bayesian Optimization of Machine Learning Algorithms",
    NeurIPS 2012, section 3.1 (the choice of the kernel).
    """

    trains_outputs_jointly: ClassVar[bool] = False

    _rules: ClassVar[dict[str, Rule]] = {"n_restarts_optimizer": whole(0), "random_state": seed_parameter()}

    def __init__(
        self, *, n_restarts_optimizer: int = 2, random_state: int | np.random.RandomState | None = None
    ) -> None:
        self.n_restarts_optimizer = n_restarts_optimizer
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Find the kernel's parameters by their marginal likelihood.

        A fit that fails or is stopped leaves the last one as it was.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Inputs in any units, finite.
        y : array-like of shape (n_samples,)
            One output in any units; finite.

        Returns
        -------
        self
            The estimator itself, fitted.

        Raises
        ------
        ValueError
            If a parameter is out of its range, or the data are not finite numbers of fitting shapes.
        """
        with last_fit_kept(self, *_OF_A_FIT):
            check_parameters(self, self._rules)
            rows, outcomes = check_arrays(self, X, y, n_needed=1, multi_output=False)
            return self._learn(rows, outcomes)

    def _learn(self, rows: FloatArray, y: FloatArray) -> Self:
        columns = Rows.of(rows, y).outputs
        self._offset, self._scale = float(columns.mean[0]), float(np.sqrt(columns.variance[0])) or 1.0
        self._units = _units(np.ptp(rows, axis=0))
        self.gaussian_process_ = GaussianProcessRegressor(
            kernel=_kernel(rows.shape[1]),
            n_restarts_optimizer=self.n_restarts_optimizer,
            random_state=self.random_state,
        )
        with warnings.catch_warnings(), _threads_for(len(rows)):
            # a length scale at its bound says that an input hardly matters, and a search that stops early is
            # one of several starts: neither is for the user to mend
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.gaussian_process_.fit(rows / self._units, (y[:, 0] - self._offset) / self._scale)
        self.noise_variance_ = float(self.gaussian_process_.kernel_.k2.noise_level) * self._scale**2
        mean, variance = _left_out(self.gaussian_process_)
        density = log_normal_density(self.gaussian_process_.y_train_, mean, variance)
        self.held_out_log_density_ = float(density.mean())
        self._left_out = mean * self._scale + self._offset, variance * self._scale**2
        return self

    def predict_held_out(self) -> HeldOutPredictions:
        """Return what is expected of each row given all others, under the kernel learned from all.

        Returns
        -------
        HeldOutPredictions
            Of the rows that were left out, in the units of y.
        """
        check_is_fitted(self)
        return HeldOutPredictions(np.arange(len(self._left_out[0])), *self._left_out)

    def predict(
        self, X: ArrayLike, return_std: bool = False, *, noise: bool = True
    ) -> FloatArray | tuple[FloatArray, FloatArray]:
        """Predict the mean and, on request, the standard deviation.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Inputs.
        return_std : bool, default=False
            Whether to return the standard deviation too.
        noise : bool, default=True
            Whether the standard deviation is that of a new observation (True) or of the function (False).

        Returns
        -------
        mean : ndarray of shape (n_samples,)
            In the units of y.
        std : ndarray of shape (n_samples,)
            Only with `return_std=True`; in the units of y.
        """
        check_is_fitted(self)
        rows = check_rows(self, X) / self._units
        with _threads_for(len(self._left_out[0])):
            mean, std = self.gaussian_process_.predict(rows, return_std=True)
        if not return_std:
            return mean * self._scale + self._offset
        total = np.square(std * self._scale)
        variance = total if noise else np.maximum(total - self.noise_variance_, 0.0)
        return mean * self._scale + self._offset, np.sqrt(variance)

    def sample_y(
        self, X: ArrayLike, n_samples: int = 1, random_state: int | np.random.RandomState | None = 0
    ) -> FloatArray:
        """Draw functions from the posterior, without observation noise, and evaluate them at X.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples_X, n_features)
            Inputs; time grows with the cube of their number.
        n_samples : int, default=1
            Number of draws, at least 1.
        random_state : int, RandomState or None, default=0
            Seeds the draws.

        Returns
        -------
        ndarray of shape (n_samples_X, n_samples)
            In the units of y.
        """
        check_is_fitted(self)
        require(whole(1), n_samples=n_samples)
        rows = check_rows(self, X) / self._units
        n_draws, rng = checked_number_of_draws(n_samples), np.random.default_rng(draw_seed(random_state))
        with _threads_for(max(len(rows), len(self._left_out[0]))):
            mean, covariance = self.gaussian_process_.predict(rows, return_cov=True)
            function = covariance - self.gaussian_process_.kernel_.k2.noise_level * np.eye(len(rows))
            values, vectors = np.linalg.eigh(function)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        draws = mean[:, None] + root @ rng.standard_normal((len(rows), n_draws))
        return draws * self._scale + self._offset

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


_OF_A_FIT = ("_left_out", "_offset", "_scale", "_units")


def _left_out(process: GaussianProcessRegressor) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of each row given the others, by the diagonal of the inverse covariance."""
    inverse_root = solve_triangular(process.L_, np.eye(len(process.L_)), lower=True)
    variance = 1.0 / np.square(inverse_root).sum(axis=0)
    return process.y_train_ - process.alpha_ * variance, variance


def _threads_for(n_rows: int) -> AbstractContextManager[None]:
    """Keep small products to one thread; large ones take what the libraries take."""
    return one_thread() if n_rows <= ROWS_OF_ONE_THREAD else nullcontext()


def _units(ranges: FloatArray) -> FloatArray:
    """Return the power of two nearest to each range, by which a division is exact; 1 for a range of 0."""
    return np.exp2(np.round(np.log2(np.where(ranges > 0, ranges, 1.0))))


def _kernel(n_features: int) -> Any:
    function = ConstantKernel(1.0, (1e-3, 1e3)) * Matern([1.0] * n_features, (0.03, 100.0), nu=2.5)
    return function + WhiteKernel(1e-2, (1e-8, 1e1))
