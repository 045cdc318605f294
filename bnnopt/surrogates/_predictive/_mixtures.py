"""What is predicted: mixtures of normal distributions, their covariances, rows that a fit has not seen."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from bnnopt._typing import FloatArray, IntArray

__all__ = [
    "SMALLEST_VARIANCE",
    "Believed",
    "Covariances",
    "HeldOutPredictions",
    "OutputMixture",
    "average",
    "in_proportion",
    "joined_mixtures",
    "log_normal_density",
    "matched_slopes",
    "mixed_covariances",
    "mixture_moments",
    "shared_rows",
    "spread_out",
]

SMALLEST_VARIANCE = 1e-12  # of a held-out prediction, in squared units of the output's standard deviation
JITTER = 1e-8  # of the mean variance of rows whose covariance is inverted, which may coincide


class OutputMixture(NamedTuple):
    """A mixture of normal distributions of one output's function at some rows, in the unit of the output.

    Attributes
    ----------
    shares : ndarray of shape (k,)
        Of the components; their sum is 1.
    means, variances : ndarray of shape (k, n_rows)
        Of each component.
    """

    shares: FloatArray
    means: FloatArray
    variances: FloatArray

    def moments(self) -> tuple[FloatArray, FloatArray]:
        """Mean and variance of the mixture, each of shape (n_rows,)."""
        return mixture_moments(self.shares, self.means, self.variances)

    def matched(self) -> "OutputMixture":
        """Distribution of one component with the moments of the mixture."""
        mean, variance = self.moments()
        return OutputMixture(np.ones(1), mean[None], variance[None])


def matched_slopes(
    mixture: OutputMixture, by_means: FloatArray, by_variances: FloatArray
) -> tuple[OutputMixture, FloatArray, FloatArray]:
    """Match a mixture by one component, with derivatives of its moments from those of all, (k, n, d)."""
    matched = mixture.matched()
    away = 2.0 * mixture.shares[:, None] * (mixture.means - matched.means)
    by_mean = np.einsum("k,knd->nd", mixture.shares, by_means)
    by_variance = np.einsum("k,knd->nd", mixture.shares, by_variances) + np.einsum(
        "kn,knd->nd", away, by_means
    )
    return matched, by_mean[None], by_variance[None]


def joined_mixtures(shares: FloatArray, mixtures: Sequence[OutputMixture]) -> OutputMixture:
    """Return the mixture of some mixtures, all components of each times its share."""
    weighed = [share * mixture.shares for share, mixture in zip(shares, mixtures, strict=True)]
    means, variances = ([mixture[k] for mixture in mixtures] for k in (1, 2))
    return OutputMixture(np.concatenate(weighed), np.concatenate(means), np.concatenate(variances))


def log_normal_density(y: FloatArray, mean: FloatArray, variance: FloatArray) -> FloatArray:
    """Log density of the normal distribution, elementwise."""
    return -0.5 * (np.log(2.0 * np.pi * variance) + np.square(y - mean) / variance)


def average(shares: FloatArray, values: FloatArray) -> FloatArray:
    """Average over the first axis, term by term: a product, or a sum of one row, would round differently."""
    total = np.zeros(values.shape[1:])
    for share, value in zip(shares, values, strict=True):
        total += share * value
    return total


def _middle(shares: FloatArray, means: FloatArray) -> FloatArray:
    """Average means that may be alike and large, for which shares that make 1 but for rounding matter."""
    return means[0] + average(shares, means - means[0])


def mixture_moments(
    shares: FloatArray, means: FloatArray, variances: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of a mixture by the law of total variance, shapes (k, ...) to (...)."""
    mean = _middle(shares, means)
    return mean, average(shares, variances + np.square(means - mean))


def spread_out(shares: FloatArray, means: FloatArray, factor: float) -> FloatArray:
    """Move means away from their average so that their variance is multiplied by a factor."""
    if factor == 1.0:
        return means
    middle = _middle(shares, means)
    return middle + np.sqrt(factor) * (means - middle)


def in_proportion(shares: FloatArray, n: int, rng: np.random.Generator) -> IntArray:
    """Choose places in proportion to shares, as evenly as n allows (systematic sampling), in random order."""
    ticks = (rng.random() + np.arange(n)) / n
    places = np.searchsorted(np.cumsum(shares) / shares.sum(), ticks, side="right")
    return rng.permutation(np.minimum(places, np.flatnonzero(shares)[-1]))


class Covariances(NamedTuple):
    """Covariances of a function at rows X with the same function at rows Z, noise not included.

    Parameters
    ----------
    value : ndarray of shape (n, m)
        In the squared unit of the output.
    gradient : ndarray of shape (n, m, n_inputs) or None
        Derivatives by the columns of X, where they were asked for.
    """

    value: FloatArray
    gradient: FloatArray | None = None

    def times(self, factor: float) -> "Covariances":
        """Return them multiplied by a factor."""
        return Covariances(factor * self.value, None if self.gradient is None else factor * self.gradient)


def mixed_covariances(
    shares: FloatArray,
    parts: Sequence[Covariances],
    means: FloatArray,
    others: FloatArray,
    slopes: FloatArray | None = None,
) -> Covariances:
    """Return the covariances of a mixture from those of its k components (law of total covariance).

    Parameters
    ----------
    shares : ndarray of shape (k,)
        With sum 1.
    parts : sequence of Covariances
        Of the components.
    means : ndarray of shape (k, n)
        Of the components at X.
    others : ndarray of shape (k, m)
        Of the components at Z.
    slopes : ndarray of shape (k, n, n_inputs), optional
        Derivatives of the means at X, where gradients are wanted.
    """
    away, beside = (each - np.tensordot(shares, each, 1) for each in (means, others))
    weighed = shares[:, None] * beside
    value = np.einsum("kn,km->nm", away, weighed)
    value += sum(share * part.value for share, part in zip(shares, parts, strict=True))
    if slopes is None:
        return Covariances(value)
    gradient = np.einsum("knd,km->nmd", slopes - np.tensordot(shares, slopes, 1), weighed)
    return Covariances(
        value, gradient + sum(s * part.gradient for s, part in zip(shares, parts, strict=True))
    )


class Believed:
    """A posterior, or a member of a stacking, that takes what it expects of some rows for measured.

    Without noise: means stay and variances fall, of a row x with covariances c to these rows, whose
    covariance is K, by c K⁻¹ cᵀ. So the best row beside those on their way is found as if there were none.

    Parameters
    ----------
    posterior : Posterior or Member
        With `covariances`; what does not depend on the rows, such as noise, is asked from it.
    points : ndarray of shape (m, n_inputs)
        The rows, at least one.

    References
    ----------
    D. Ginsbourger, R. Le Riche, L. Carraro, "Kriging is well-suited to parallelize optimization", in
    "Computational Intelligence in Expensive Optimization Problems", Springer 2010 (the kriging believer).
    """

    def __init__(self, posterior: Any, points: FloatArray) -> None:
        self._posterior, self._points = posterior, points
        self._factors = [_factor(own.value) for own in posterior.covariances(points, points, slopes=False)]

    def __getattr__(self, name: str) -> Any:
        """Return what does not depend on the rows."""
        if name.startswith("__") or name == "_posterior":
            raise AttributeError(name)
        return getattr(self._posterior, name)

    def mixtures(self, X: FloatArray, **options: Any) -> list[OutputMixture]:
        """Distribution of each output's function, a normal one."""
        between = self._posterior.covariances(X, self._points, slopes=False)
        found = []
        for mixture, own, factor in zip(
            self._posterior.mixtures(X, **options), between, self._factors, strict=True
        ):
            matched = mixture.matched()
            taken = np.einsum("nm,nm->n", own.value, cho_solve(factor, own.value.T).T)
            found.append(matched._replace(variances=np.maximum(matched.variances - taken, 0.0)))
        return found

    def slopes(self, X: FloatArray) -> list[tuple[OutputMixture, FloatArray, FloatArray]]:
        """Distribution of each output; derivatives of its mean and variance by X, 0 where none is left."""
        between = self._posterior.covariances(X, self._points, slopes=True)
        found: list[tuple[OutputMixture, FloatArray, FloatArray]] = []
        for slopes, own, factor in zip(self._posterior.slopes(X), between, self._factors, strict=True):
            mixture, by_mean, by_variance = matched_slopes(*slopes)
            weights = cho_solve(factor, own.value.T).T
            left = mixture.variances[0] - np.einsum("nm,nm->n", own.value, weights)
            change = by_variance[0] - 2.0 * np.einsum("nm,nmd->nd", weights, own.gradient)
            mixture = mixture._replace(variances=np.maximum(left, 0.0)[None])
            found.append((mixture, by_mean, np.where(left[:, None] > 0, change, 0.0)[None]))
        return found


def _factor(between: FloatArray) -> Any:
    """Return the Cholesky factor of a covariance of rows that may coincide, or vary not at all."""
    added = JITTER * float(np.diagonal(between).mean()) + np.finfo(float).tiny
    return cho_factor(between + added * np.eye(len(between)), lower=True)


class HeldOutPredictions(NamedTuple):
    """What a fitted estimator predicts for rows that it has not seen.

    Parameters
    ----------
    rows : ndarray of int, shape (n_rows,)
        Places of the rows in the data of the fit, each at most once, in rising order.
    mean, variance : ndarray of shape (n_rows,) or (n_rows, n_outputs)
        Of a new observation at each, noise included, predicted without it; in the unit of y and its square.
    """

    rows: IntArray
    mean: FloatArray
    variance: FloatArray


def shared_rows(parts: Sequence[HeldOutPredictions]) -> tuple[IntArray, list[IntArray]]:
    """Return the rows that all have held out, and where each has them."""
    rows = parts[0].rows
    for part in parts[1:]:
        rows = np.intersect1d(rows, part.rows)
    return rows, [np.searchsorted(part.rows, rows) for part in parts]
