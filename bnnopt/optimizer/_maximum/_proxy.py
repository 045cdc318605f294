"""A cheap stand-in for the moments of a surrogate: it says which candidates deserve the real ones."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bnnopt._typing import FloatArray

__all__ = ["Proxy", "fit_proxy"]

N_UNITS = 256
LARGEST_SQUARED = 32  # inputs, up to which their products are features too
SHORTEST, LONGEST = 0.15, 1.5  # waves, in units of the diagonal of the cube
RIDGES = (1e-6, 1e-4, 1e-2)
HELD_OUT = 4  # one row in so many
SMALLEST_STD = 1e-9  # of the spread of an output's mean
ROUND_OFF = 1e-12
ROWS_AT_ONCE = 2_048  # whose features stay in the cache of a core: a third less time than 16,384


@dataclass(frozen=True)
class Proxy:
    """Linear in random waves and products of the inputs.

    Attributes
    ----------
    features : callable
        Points (n, n_dims) to features (n, n_features), in single precision.
    weights : ndarray of shape (n_features, 2 * n_outputs)
        Of the means, then of the logarithms of the standard deviations, each standardised.
    centre, scale : ndarray of shape (2 * n_outputs,)
        Undo the standardisation.
    error : ndarray of shape (n_outputs,)
        Root mean square error of the means at held-out points.
    """

    features: Callable[[FloatArray], FloatArray]
    weights: FloatArray
    centre: FloatArray
    scale: FloatArray
    error: FloatArray

    def moments(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and standard deviation, each (n, n_outputs); the error of the proxy widens the latter."""
        blocks = [points[start : start + ROWS_AT_ONCE] for start in range(0, len(points) or 1, ROWS_AT_ONCE)]
        standardised = np.concatenate([self.features(each) @ self.weights for each in blocks]).astype(float)
        mean, log_std = np.split(self.centre + self.scale * standardised, 2, axis=1)
        return mean, np.hypot(np.exp(log_std), self.error)


def fit_proxy(points: FloatArray, mean: FloatArray, std: FloatArray, rng: np.random.Generator) -> Proxy:
    """Fit a proxy by ridge regression, its penalty chosen on held-out points.

    Parameters
    ----------
    points : ndarray of shape (n, n_dims)
        Encoded.
    mean, std : ndarray of shape (n, n_outputs)
        What the surrogate says there.
    rng : numpy.random.Generator
        Draws the waves (Rahimi and Recht, NeurIPS 2007) of all lengths alike.
    """
    features = _make_features(points.shape[1], rng)
    spread = np.maximum(np.ptp(mean, axis=0), np.finfo(float).tiny)
    moments = np.hstack([mean, np.log(np.maximum(std, SMALLEST_STD * spread))])
    centre, scale = moments.mean(axis=0), moments.std(axis=0)
    varies = scale > ROUND_OFF * np.abs(centre)
    scale = np.where(varies, scale, 1.0)
    targets = np.where(varies, (moments - centre) / scale, 0.0)
    rows = features(points).astype(float)
    is_held_out = rng.permutation(len(points)) % HELD_OUT == 0
    solve = _ridge(rows[~is_held_out], targets[~is_held_out])
    found = [solve(ridge) for ridge in RIDGES]
    errors = [np.sqrt(np.square(rows[is_held_out] @ w - targets[is_held_out]).mean(axis=0)) for w in found]
    best = int(np.argmin([error.sum() for error in errors]))
    error = (errors[best] * scale)[: mean.shape[1]]
    return Proxy(features, found[best].astype(np.float32), centre, scale, error)


def _make_features(n_dims: int, rng: np.random.Generator) -> Callable[[FloatArray], FloatArray]:
    lengths = np.exp(rng.uniform(np.log(SHORTEST), np.log(LONGEST), N_UNITS)) * np.sqrt(n_dims)
    frequencies = (rng.standard_normal((n_dims, N_UNITS)) / lengths).astype(np.float32)
    phases = rng.uniform(0.0, 2.0 * np.pi, N_UNITS).astype(np.float32)
    first, second = np.triu_indices(n_dims if n_dims <= LARGEST_SQUARED else 0)

    def features(points: FloatArray) -> FloatArray:
        single = points.astype(np.float32)
        columns = np.empty((len(points), 1 + n_dims + len(first) + N_UNITS), dtype=np.float32)
        plain, products, waves = np.split(columns, np.cumsum([1 + n_dims, len(first)]), axis=1)
        plain[:, 0], plain[:, 1:] = 1.0, single
        np.multiply(single[:, first], single[:, second], out=products)
        angles = single @ frequencies
        angles += phases
        np.cos(angles, out=waves)
        return columns

    return features


def _ridge(rows: FloatArray, targets: FloatArray) -> Callable[[float], FloatArray]:
    """Return a function from the penalty, relative to the mean square of the features, to the weights."""
    values, directions = np.linalg.eigh(rows.T @ rows)
    moments = directions.T @ (rows.T @ targets)
    unit = float(values.mean())
    return lambda ridge: directions @ (moments / (np.maximum(values, 0.0) + ridge * unit)[:, None])
