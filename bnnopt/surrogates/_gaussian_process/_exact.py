"""The posterior and the marginal likelihood given all rows, where every row is an inducing point.

Each of the two has its sparse counterpart in `_sparse`. At the end stand the roots of covariances.

References
----------
R&W equations 2.25, 2.26 and 5.12 (moments, rows left out), 2.30 and 5.9 (marginal likelihood, its gradient).
J. T. Wilson et al., "Efficiently sampling functions from Gaussian process posteriors", ICML 2020 (draws as
draws of the prior and an update).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg.lapack import dpftrf, dpftri, dpftrs, dpotrf, dsfrk, dtrtri

from bnnopt._typing import FloatArray, IntArray
from bnnopt.surrogates._gaussian_process._hyperparameters import Hyperparameters
from bnnopt.surrogates._gaussian_process._kernels import KERNELS
from bnnopt.surrogates._gaussian_process._pairs import RowsOfMembers

__all__ = [
    "LOG_2_PI",
    "LearningRows",
    "LeftOut",
    "Posterior",
    "Whitening",
    "cholesky",
    "exact_left_out",
    "exact_posterior",
    "inverse_root",
    "inverses",
    "likelihood_with_gradient",
    "log_marginal_likelihood",
]

LOG_2_PI = float(np.log(2.0 * np.pi))
NUMBERS_AT_ONCE = 2**14  # of an array of covariances, 128 kB: several of them fit into the cache of a core
JITTERS = (1e-10, 1e-8, 1e-6, 1e-4)  # of the mean of the diagonal


class Whitening(NamedTuple):
    """Roots of the precision of the inducing values before the rows, and of their weights' covariance after.

    Both are arrays of shape (n_inducing, n_inducing).
    """

    prior: FloatArray
    posterior: FloatArray


@dataclass(frozen=True)
class Posterior:
    """Weights of the covariances with the inducing points, and what the rows take from the variance.

    Mean at a row of covariances c with the inducing points: `c @ weights`. Variance: the prior's, less
    `sum((c @ explained)**2)`.

    Attributes
    ----------
    weights : ndarray of shape (n_inducing,)
        Posterior mean of the weights.
    explained : ndarray of shape (n_inducing, n_directions)
        Root of what the rows explain.
    y, noise : ndarray of shape (n_rows,)
        Outputs and the variance of their noise, those of repeats joined; empty in a sparse posterior.
    whitening : Whitening or None
        Of a sparse posterior, what draws need.
    """

    weights: FloatArray
    explained: FloatArray
    y: FloatArray
    noise: FloatArray
    whitening: Whitening | None = None

    def moments(self, covariances: FloatArray, prior: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and variance of the function, from covariances (n, n_inducing) and prior variances (n,)."""
        taken = covariances @ self.explained
        variance = prior - np.einsum("ij,ij->i", taken, taken)
        return covariances @ self.weights, np.maximum(variance, 0.0)

    def with_gradients(
        self, covariances: FloatArray, prior: FloatArray, by_rows: Callable[[FloatArray], FloatArray]
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Moments, and their derivatives by the rows, (n, d), but for that of the prior variance.

        Parameters
        ----------
        covariances, prior
            As in `moments`.
        by_rows : callable
            Weights of shape (..., n, n_inducing) to the derivatives of the sum of the covariances of each
            row, so weighed, by the row, (..., n, d).
        """
        taken = covariances @ self.explained
        variance = prior - np.einsum("ij,ij->i", taken, taken)
        weights = np.empty((2, *covariances.shape))
        weights[0] = self.weights
        np.matmul(-2.0 * taken, self.explained.T, out=weights[1])
        by_mean, by_variance = by_rows(weights)
        return covariances @ self.weights, np.maximum(variance, 0.0), by_mean, by_variance

    def update(self, prior_draw: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Weights that pull a draw of the prior, given at the inducing points, to the rows; (n_inducing,)."""
        normal = rng.standard_normal(len(prior_draw))
        if self.whitening is None:
            missing = self.y - prior_draw - np.sqrt(self.noise) * normal
            return np.asarray(self.explained @ (self.explained.T @ missing))
        before, after = self.whitening
        return np.asarray(self.weights + after @ normal - before @ (before.T @ prior_draw))


class LeftOut(NamedTuple):
    """Predictions of rows, each from all others, noise included; both of shape (n_rows,)."""

    mean: FloatArray
    variance: FloatArray


def exact_posterior(covariance: FloatArray, y: FloatArray, noise: FloatArray) -> Posterior:
    """Condition on all rows.

    Parameters
    ----------
    covariance : ndarray of shape (n_rows, n_rows)
        Of the function at the rows.
    y, noise : ndarray of shape (n_rows,)
        Outputs and the variance of their noise.
    """
    root = inverse_root(covariance + np.diag(noise))
    return Posterior(weights=root.T @ (root @ y), explained=root.T, y=y, noise=noise)


def exact_left_out(posterior: Posterior) -> LeftOut:
    """Predict each row from all others, given the posterior of all rows."""
    variance = 1.0 / np.square(posterior.explained).sum(axis=1)
    return LeftOut(posterior.y - posterior.weights * variance, variance)


@dataclass(frozen=True)
class LearningRows:
    """Rows that several members learn from, each with its own; first axis of all arrays: members.

    Attributes
    ----------
    X : RowsOfMembers
        Inputs, about [0, 1], and their pairs.
    y : ndarray of shape (n_members, n_rows)
        Standardised outputs.
    weights, noise_factors, known_noise : ndarray of shape (n_members, n_rows)
        As in `Rows`.
    """

    X: RowsOfMembers
    y: FloatArray
    weights: FloatArray
    noise_factors: FloatArray
    known_noise: FloatArray

    def of_members(self, places: IntArray) -> "LearningRows":
        """Rows of some of the members."""
        if np.array_equal(places, np.arange(len(self.y))):
            return self
        return LearningRows(
            self.X.only(places),
            self.y[places],
            self.weights[places],
            self.noise_factors[places],
            self.known_noise[places],
        )


def log_marginal_likelihood(
    rows: LearningRows, kernels: list[str], hyperparameters: Hyperparameters
) -> FloatArray:
    """Log density of the outputs under each member, whose kernels are named, shape (n_members,)."""
    found = np.empty(len(kernels))
    for places, part in _within_cache(rows, kernels, hyperparameters):
        found[places] = part.value()
    return found


def likelihood_with_gradient(
    rows: LearningRows, kernels: list[str], hyperparameters: Hyperparameters
) -> tuple[FloatArray, FloatArray]:
    """Log marginal likelihood, (n_members,), and gradient by `Hyperparameters.point`, (n_members, d + 3)."""
    values, gradient = np.empty(len(kernels)), np.empty(hyperparameters.point.shape)
    for places, part in _within_cache(rows, kernels, hyperparameters):
        values[places], gradient[places] = part.value(), part.gradient()
    return values, gradient


def _within_cache(
    rows: LearningRows, kernels: list[str], hyperparameters: Hyperparameters
) -> Iterator[tuple[list[int], "_Likelihood"]]:
    """Give the places and the likelihood of some members after the other, those of one kernel together.

    Arrays of all members at once are beyond the cache from about a hundred rows on, and are given back to the
    operating system and taken anew at each step, which took a third of the time of a fit.
    """
    n_at_once = max(NUMBERS_AT_ONCE // len(rows.X.first), 1)
    if n_at_once >= len(kernels):
        yield list(range(len(kernels))), _Likelihood(rows, kernels, hyperparameters)
        return
    order = [place for own in _groups(kernels).values() for place in own]
    for start in range(0, len(order), n_at_once):
        own = order[start : start + n_at_once]
        names = [kernels[place] for place in own]
        yield own, _Likelihood(rows.of_members(np.array(own)), names, hyperparameters.only(own))


class _Likelihood:
    """Covariances of the rows at given hyperparameters, inverted; of each pair of rows once."""

    def __init__(self, rows: LearningRows, kernels: list[str], hyperparameters: Hyperparameters) -> None:
        self._rows, self._hyperparameters = rows, hyperparameters
        self._correlation = np.empty((len(kernels), len(rows.X.first)))
        self._matrices = []
        for name, places in _groups(kernels).items():
            pairs = rows.X.scaled(hyperparameters.log_length_scales[places], places)
            matrix = KERNELS[name].matrix(pairs)
            self._correlation[places] = matrix.value
            self._matrices.append((places, matrix))
        covariance = hyperparameters.signal_variance[:, None] * self._correlation
        covariance += hyperparameters.offset_variance[:, None]
        self._noise = hyperparameters.noise_variance[:, None] * rows.noise_factors + rows.known_noise
        covariance[:, rows.X.diagonal] += self._noise / rows.weights
        self._precision, self._solved, self._log_determinant = inverses(covariance, rows.y, rows.X.diagonal)

    def value(self) -> FloatArray:
        """Return the logarithm; a row of weight w counts as w rows with the same output."""
        rows = self._rows
        squares = (rows.y * self._solved).sum(axis=1) + rows.y.shape[1] * LOG_2_PI
        repeats = (rows.weights - 1.0) * (LOG_2_PI + np.log(self._noise)) + np.log(rows.weights)
        return np.asarray(-0.5 * (squares + self._log_determinant + repeats.sum(axis=1)))

    def gradient(self) -> FloatArray:
        """Return the gradient by `Hyperparameters.point`."""
        rows, own = self._rows, self._hyperparameters
        by_covariance = np.empty_like(self._precision)
        for place, solved in enumerate(self._solved):
            by_covariance[place] = dsfrk(len(solved), 1, 1.0, solved[:, None], -1.0, self._precision[place])
        by_covariance[:, rows.X.diagonal] *= 0.5  # all other pairs stand for two
        by_offset = by_covariance.sum(axis=1) * own.offset_variance
        by_noise = by_covariance[:, rows.X.diagonal] / rows.weights
        by_noise = by_noise - 0.5 * (rows.weights - 1.0) / self._noise
        by_log_noise = (by_noise * rows.noise_factors).sum(axis=1) * np.exp(own.log_noise)
        by_signal = np.einsum("kp,kp->k", by_covariance, self._correlation)
        by_length_scales = np.empty_like(own.log_length_scales)
        for places, matrix in self._matrices:
            by_length_scales[places] = matrix.by_log_length_scales(by_covariance[places])
        by_logs = own.signal_variance[:, None] * np.column_stack([by_length_scales, by_signal])
        return np.column_stack([by_logs, by_offset, by_log_noise])


def _groups(kernels: list[str]) -> dict[str, list[int]]:
    """Places of the members of each kernel."""
    groups: dict[str, list[int]] = {}
    for place, name in enumerate(kernels):
        groups.setdefault(name, []).append(place)
    return groups


def cholesky(covariance: FloatArray) -> FloatArray:
    """Lower Cholesky factor, after adding as little to the diagonal as is needed.

    Coincident rows and smooth functions leave covariances of rank below their size; what is added, a share of
    the mean of the diagonal, stands for noise far below any that could be measured.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the covariance is not finite or far from positive definite.
    """

    def factor(matrix: FloatArray) -> tuple[FloatArray, int]:
        return dpotrf(matrix.T, lower=True)  # the same by symmetry, in the order of LAPACK

    n_rows = len(covariance)
    return _factored(factor, covariance, (np.arange(n_rows), np.arange(n_rows)))


def _factored(
    factor: Callable[[FloatArray], tuple[FloatArray, int]], covariance: FloatArray, diagonal: Any
) -> FloatArray:
    """Factor a covariance, whose diagonal stands at `diagonal`, raised as little as is needed."""
    root, failed = factor(covariance)
    for jitter in JITTERS if failed else ():
        raised = covariance.copy()
        raised[diagonal] += jitter * float(covariance[diagonal].mean())
        root, failed = factor(raised)
        if not failed:
            break
    if failed:
        raise np.linalg.LinAlgError(f"The covariance is not positive definite (leading minor {failed}).")
    return np.asarray(root)


def inverse_root(covariance: FloatArray) -> FloatArray:
    """Inverse of the lower Cholesky factor, shape (n, n)."""
    inverse, _ = dtrtri(cholesky(covariance), lower=True, overwrite_c=True)
    return np.asarray(inverse)


def inverses(
    covariances: FloatArray, y: FloatArray, diagonal: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Invert covariances of rows, each pair of which stands there once, in the order of `RowsOfMembers`.

    Parameters
    ----------
    covariances : ndarray of shape (k, n_pairs)
    y : ndarray of shape (k, n_rows)
        Right sides.
    diagonal : ndarray of int, shape (n_rows,)
        Where the diagonal stands.

    Returns
    -------
    inverses : ndarray of shape (k, n_pairs)
    solved : ndarray of shape (k, n_rows)
        Their products with y.
    log_determinants : ndarray of shape (k,)
        Of the covariances.
    """
    found, solved, log_determinants = np.empty_like(covariances), np.empty_like(y), np.empty(len(y))
    n_rows = y.shape[1]
    for place, covariance in enumerate(covariances):
        root = _factored(lambda packed: dpftrf(n_rows, packed), covariance, diagonal)
        log_determinants[place] = 2.0 * np.log(root[diagonal]).sum()
        solved[place] = dpftrs(n_rows, root, y[place][:, None])[0][:, 0]
        found[place] = dpftri(n_rows, root, overwrite_a=True)[0]
    return found, solved, log_determinants
