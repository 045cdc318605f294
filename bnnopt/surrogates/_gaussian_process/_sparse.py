"""The posterior given more rows than there are inducing points: cost grows with the rows, and no faster.

The rows come in blocks, so that memory beyond theirs stays flat. What the inducing points cannot say of a row
counts as noise of that row (FITC), without which rows of little noise are fitted too closely. In coordinates
that whiten the prior of the inducing values, the rows determine some directions well and others hardly at
all; those that take next to nothing from the variance are left out of predictions.

References
----------
E. Snelson, Z. Ghahramani, "Sparse Gaussian processes using pseudo-inputs", NIPS 2005. J. Quiñonero-Candela,
C. E. Rasmussen, "A unifying view of sparse approximate Gaussian process regression", JMLR 2005, 6, 1939,
section 6. R&W equation 5.12 (rows left out). M. K. Titsias, "Variational learning of inducing variables in
sparse Gaussian processes", AISTATS 2009, equation 9 (the bound).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dpotrs

from bnnopt._typing import FloatArray
from bnnopt.surrogates._gaussian_process._exact import (
    LOG_2_PI,
    LeftOut,
    Posterior,
    Whitening,
    cholesky,
    inverse_root,
)
from bnnopt.surrogates._gaussian_process._hyperparameters import Hyperparameters
from bnnopt.surrogates._gaussian_process._kernels import Kernel
from bnnopt.surrogates._gaussian_process._pairs import Between
from bnnopt.surrogates._rows import Rows

__all__ = ["MOST_EXACT", "MOST_INDUCING", "bound_with_gradient", "sparse_left_out", "sparse_posterior"]

MOST_EXACT = 1000  # rows of an exact posterior; with so many, both kinds take about the same time
MOST_INDUCING = 512
JITTER = 1e-9  # of the prior variance of each inducing point: noise far below any that could be measured
SMALLEST_SHARE = 1e-4  # of the variance in a direction, that the rows must explain for it to count
SMALLEST_KEPT = 1e-9  # of a row's weight in its own prediction, that must be left to the others

Covariances = Callable[[FloatArray], FloatArray]


def sparse_posterior(
    of_inducing: FloatArray,
    with_rows: Covariances,
    prior: Covariances,
    noise_variance: float,
    blocks: Iterable[Rows],
) -> Posterior:
    """Condition on all rows.

    Parameters
    ----------
    of_inducing : ndarray of shape (n_inducing, n_inducing)
        Covariance of the inducing points.
    with_rows : callable
        From inputs of n rows to their covariances with the inducing points, shape (n, n_inducing).
    prior : callable
        From inputs of n rows to the prior variance at each, shape (n,).
    noise_variance : float
        Learned variance of the noise.
    blocks : iterable of Rows
        All rows of one output, standardised.
    """
    features = _Features(with_rows, _whitening(of_inducing), prior, noise_variance)
    whitening, (precision, moment) = features.whitening, _sums(features, blocks)
    gains, directions = np.linalg.eigh(precision)
    gains = np.maximum(gains, 0.0)
    basis, shares = whitening @ directions, gains / (1.0 + gains)
    is_kept = shares >= SMALLEST_SHARE
    return Posterior(
        weights=basis @ ((directions.T @ moment) / (1.0 + gains)),
        explained=basis[:, is_kept] * np.sqrt(shares[is_kept]),
        y=np.empty(0),
        noise=np.empty(0),
        whitening=Whitening(whitening, basis / np.sqrt(1.0 + gains)),
    )


def sparse_left_out(
    chosen: Rows, posterior: Posterior, with_rows: Covariances, prior: Covariances, noise_variance: float
) -> LeftOut:
    """Predict some of the rows that a posterior was conditioned on, `chosen`, each from all others.

    Other parameters as for `sparse_posterior`.
    """
    assert posterior.whitening is not None
    before, after = posterior.whitening
    features_of, means, variances = _Features(with_rows, before, prior, noise_variance), [], []
    for rows in chosen.blocks():
        covariances, y = with_rows(rows.X), rows.y[:, 0]
        _, noise = features_of.given(covariances, rows)
        own = covariances @ after
        kept = np.maximum(1.0 - np.einsum("ij,ij->i", own, own) / noise, SMALLEST_KEPT)
        means.append(y - (y - covariances @ posterior.weights) / kept)
        variances.append(noise / kept)
    return LeftOut(np.concatenate(means), np.concatenate(variances))


def _whitening(of_inducing: FloatArray) -> FloatArray:
    """Root of the precision of the inducing values before the rows."""
    return inverse_root(of_inducing + JITTER * np.diag(np.diag(of_inducing))).T


@dataclass(frozen=True)
class _Features:
    """Rows as features: what the inducing points cannot say about a row is noise of its own."""

    with_rows: Covariances
    whitening: FloatArray
    prior: Covariances
    noise_variance: float

    def __call__(self, rows: Rows) -> tuple[FloatArray, FloatArray]:
        """Features of rows, shape (n, n_inducing), and the noise with what they leave unexplained."""
        return self.given(self.with_rows(rows.X), rows)

    def given(self, covariances: FloatArray, rows: Rows) -> tuple[FloatArray, FloatArray]:
        """Return the same of rows whose covariances with the inducing points, (n, n_inducing), are known."""
        features = covariances @ self.whitening
        explained = np.einsum("ij,ij->i", features, features)
        noise = rows.noise(self.noise_variance) / rows.weights
        return features, noise + np.maximum(self.prior(rows.X) - explained, 0.0)


def _sums(features_of: _Features, blocks: Iterable[Rows]) -> tuple[FloatArray, FloatArray]:
    """Return sums over the rows of products of features, and with the outputs, divided by the noise."""
    n_inducing = len(features_of.whitening)
    precision, moment = np.zeros((n_inducing, n_inducing)), np.zeros(n_inducing)
    for rows in blocks:
        features, noise = features_of(rows)
        root = np.sqrt(noise)
        features /= root[:, None]
        precision += features.T @ features  # of a matrix with itself, which takes half the time
        moment += features.T @ (rows.y[:, 0] / root)
    return precision, moment


def bound_with_gradient(
    rows: Rows, inducing: FloatArray, kernel: Kernel, hyperparameters: Hyperparameters
) -> tuple[float, FloatArray]:
    """Lower bound of the log marginal likelihood and its gradient by `Hyperparameters.point` (Titsias 2009).

    The marginal likelihood itself costs the cube of the rows, so that large tables learn hyperparameters from
    a part of the rows; the noise that a few hundred rows tell is off by some per cent. The bound costs the
    rows times the square of the inducing points. It is the likelihood of the part of a function that these
    can say, less what they leave unsaid of each row's variance in units of its noise.

    With K the covariance of the rows, C that with the inducing points, M that of the inducing points, N the
    noise on a diagonal and Q = C M⁻¹ Cᵀ what the inducing points explain, the bound is

        log Normal(y; 0, Q + N) - tr(N⁻¹ (K - Q)) / 2

    With W Wᵀ = M⁻¹, features F = C W, G = Fᵀ N⁻¹ F, a = (Q + N)⁻¹ y and b = W Fᵀ a its derivatives are

        by C: a bᵀ + E,  E = N⁻¹ F G (I + G)⁻¹ Wᵀ
        by M: -(b bᵀ + W G (I + G)⁻¹ G Wᵀ) / 2
        by the variance of a row: -1 / (2 N)
        by the noise of a row: (a² + N⁻¹ (N⁻¹ K - diag(E Cᵀ) - 1)) / 2

    in which nothing cancels, however much the rows say about a direction.

    Parameters
    ----------
    rows : Rows
        Of one output, standardised, with mapped inputs.
    inducing : ndarray of shape (n_inducing, n_inputs)
        Mapped inputs of the inducing points.
    kernel : Kernel
    hyperparameters : Hyperparameters
        Of one member.

    Returns
    -------
    bound : float
    gradient : ndarray of shape (n_inputs + 3,)
    """
    own = hyperparameters
    signal, offset = float(own.signal_variance[0]), float(own.offset_variance[0])
    x, z = (own.scaled(inputs[None])[0] for inputs in (rows.X, inducing))
    of_inducing, with_rows = kernel.matrix(Between(z, z)), kernel.matrix(Between(x, z))
    y, prior = rows.y[:, 0], signal * kernel.variance(x) + offset
    noise = rows.noise(float(own.noise_variance[0])) / rows.weights
    covariance = signal * of_inducing.value + offset
    covariance[np.diag_indices_from(covariance)] *= 1.0 + JITTER
    cross = signal * with_rows.value + offset
    whitening = inverse_root(covariance).T
    features = cross @ whitening
    weighted = features / noise[:, None]
    told = features.T @ weighted  # G
    root = cholesky(told + np.eye(len(z)))
    told_of = dpotrs(root, told, lower=True)[0]  # (I + G)⁻¹ G
    solved = y / noise - weighted @ dpotrs(root, weighted.T @ y, lower=True)[0]  # a
    gain = weighted @ (told_of.T @ whitening.T)  # E
    through = whitening @ (features.T @ solved)  # b
    by_cross = solved[:, None] * through + gain
    by_inducing = -0.5 * (through[:, None] * through + whitening @ (told @ told_of) @ whitening.T)
    by_inducing[np.diag_indices_from(by_inducing)] *= 1.0 + JITTER
    by_variance = -0.5 / noise
    unsaid = prior - np.einsum("ij,ij->i", features, features)
    repeats = (rows.weights - 1.0) * (LOG_2_PI + np.log(noise * rows.weights)) + np.log(rows.weights)
    bound = -0.5 * float(
        y @ solved
        + len(y) * LOG_2_PI
        + np.log(noise).sum()
        + 2.0 * np.log(root.diagonal()).sum()
        + (unsaid / noise).sum()
        + repeats.sum()
    )
    left = prior / noise - np.einsum("ij,ij->i", gain, cross)
    by_noise = 0.5 * (np.square(solved) + (left - 1.0) / noise) / rows.weights
    by_noise -= 0.5 * (rows.weights - 1.0) / (noise * rows.weights)
    of_variance = -(kernel.variance_gradient(x) * x * by_variance[:, None]).sum(axis=0)
    by_length_scales = (
        of_variance + with_rows.by_log_length_scales(by_cross) + of_inducing.by_log_length_scales(by_inducing)
    )
    by_values = (with_rows.value * by_cross).sum() + (of_inducing.value * by_inducing).sum()
    gradient = np.concatenate(
        [
            signal * by_length_scales,
            [
                signal * (by_variance @ kernel.variance(x) + by_values),
                offset * (by_variance.sum() + by_cross.sum() + by_inducing.sum()),
                (by_noise * rows.noise_factors).sum() * np.exp(own.log_noise[0]),
            ],
        ]
    )
    return bound, gradient
