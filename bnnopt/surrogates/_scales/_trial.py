"""Whether an outcome without bounds is better learned as a power of itself, told by held-out rows."""

import numpy as np

from bnnopt._typing import FloatArray
from bnnopt.surrogates._gaussian_process_ensemble import GaussianProcessEnsembleRegressor
from bnnopt.surrogates._scales._latent import BoundedRows, fit_on_scale
from bnnopt.surrogates._scales._power import PowerScale, marginal_gain

__all__ = ["needs_power_scale"]

KERNELS = ("matern_5_2", "squared_exponential")  # a trial is short: two kernels of all
FEWEST_ROWS = 8
MOST_ROWS = 256
LEAST_MARGINAL_GAIN = 0.2  # nats a value; below it, no fit is spent
LEAST_GAIN = 0.5  # nats a held-out row: less is gained by many a bent function that is no better searched so
STANDARD_ERRORS = 3.0


def needs_power_scale(
    X: FloatArray,
    y: FloatArray,
    weights: FloatArray,
    noise: FloatArray,
    *,
    wanted: float = 0.0,
    seed: int = 0,
) -> bool:
    """Tell whether held-out rows speak for the scale "power", by more than chance.

    Where the values alone are no more likely as normal ones on that scale, nothing is fitted. Else Gaussian
    processes of two kernels predict rows without them on both scales: the mean gain in log density, in the
    unit of y, must be 0.5 and three standard errors. Of many rows, 256 decide.

    Parameters
    ----------
    X : ndarray of shape (n, n_features)
    y, weights : ndarray of shape (n,)
    noise : ndarray of shape (n,)
        Known noise variance, in squared units of y.
    wanted : {-1, 0, 1}, default=0
        Which end has to be the centre of the scale: that of the least values, any, or that of the largest. A
        root draws apart what is near its centre, and together what is far from it.
    seed : int, default=0
        Of the Gaussian processes.
    """
    if len(y) < FEWEST_ROWS or np.ptp(y) == 0 or marginal_gain(y, weights) < LEAST_MARGINAL_GAIN:
        return False
    if wanted and PowerScale.of(y, weights).centre != (y.min() if wanted < 0 else y.max()):
        return False
    places = np.linspace(0, len(y) - 1, min(len(y), MOST_ROWS)).astype(int)
    gains = _gains(BoundedRows.of(X[places], y[places], weights[places], noise[places], None, None), seed)
    if len(gains) < 2:
        return False
    error = float(gains.std(ddof=1) / np.sqrt(len(gains)))
    return float(gains.mean()) > max(LEAST_GAIN, STANDARD_ERRORS * error)


def _gains(rows: BoundedRows, seed: int) -> FloatArray:
    """By how much held-out rows are more likely on the scale "power", shape (n_held_out,)."""
    given = ["sample_weight", *(["noise_variance"] if rows.noise.any() else [])]
    estimator = GaussianProcessEnsembleRegressor(KERNELS)
    densities = []
    for name in ("power", "identity"):
        fit = fit_on_scale(name, rows, estimator, seed, given=given, before=None, is_compared=True)
        assert fit.held_out is not None, "a Gaussian process predicts rows without them"
        densities.append(fit.latent.log_density(rows, fit.held_out))
    return densities[0] - densities[1]
