"""Levels of intervals, widened or narrowed by how far rows fell that a fit has not seen.

A fit with few rows is too sure: its hyperparameters are the likeliest ones, and its kernels are those that
are there. What it predicts of unseen rows says by how much. Let z be the standard normal number of the level
that such a row has in its predictive distribution. Of a model that is right z is standard normal. Here it has
a Student-t distribution: its scale says how far rows fall in general, its degrees of freedom how much farther
than that a few of them do. Both are posterior means over a grid, with a log-normal prior of the scale.

References
----------
V. Kuleshov, N. Fenner, S. Ermon, "Accurate uncertainties for deep learning using calibrated regression", ICML
2018 (levels from levels of held-out rows).
"""

from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri, softmax, stdtr, stdtrit
from scipy.stats import t as student_t

from bnnopt._typing import FloatArray

__all__ = ["Calibration", "calibrated", "calibration_of"]

PRIOR_STD = 0.25  # of the logarithm of the scale
SCALES = np.exp(np.linspace(-4.0, 4.0, 41) * PRIOR_STD)
DEGREES = np.array([4.0, 8.0, 16.0, 1e6])  # alike likely before the rows; the last is the normal distribution
FARTHEST = 7.0  # standard deviations: farther off than that is all the same
FARTHEST_QUANTILE = 8.0  # standard deviations: the probability of more is still told from 0
LEAST_TAIL = 1e-15
POINT = 1e-9  # of probability: an outcome of more is an atom


class Calibration(NamedTuple):
    """Distribution of the standard normal numbers of the levels of unseen rows.

    Attributes
    ----------
    scale : float
        Of the Student-t distribution, above 0.
    degrees : float
        Its degrees of freedom, above 0.
    """

    scale: float
    degrees: float

    def levels(self, levels: FloatArray) -> FloatArray:
        """Return the levels at which a predictive distribution has the quantiles that are meant by levels."""
        tail = np.maximum(np.minimum(levels, 1.0 - levels), LEAST_TAIL)
        quantiles = np.where(tail < 0.5, stdtrit(self.degrees, tail), 0.0)  # SciPy may miss 0 by rounding
        size = np.minimum(-self.scale * quantiles, FARTHEST_QUANTILE)
        return np.asarray(ndtr(np.where(levels < 0.5, -size, size)))


def calibration_of(below: FloatArray, up_to: FloatArray, weights: FloatArray) -> Calibration:
    """Learn from unseen rows.

    Parameters
    ----------
    below, up_to : ndarray of shape (n_rows,)
        Predicted probability that an outcome is less than that of the row, and at most that. They differ
        where the outcome has a probability of its own, as on a bound: of z only the ends are known then.
    weights : ndarray of shape (n_rows,)
        How many times each row counts.

    Returns
    -------
    Calibration
    """
    ends = np.clip(ndtri(np.stack([below, up_to])), -FARTHEST, FARTHEST)
    is_point = up_to - below <= POINT
    densities = _of_points(ends[1, is_point]) @ weights[is_point]
    densities += _of_atoms(ends[:, ~is_point]) @ weights[~is_point]
    densities -= 0.5 * np.square(np.log(SCALES) / PRIOR_STD)[:, None]
    shares = softmax(densities)
    scale = np.exp(shares.sum(axis=1) @ np.log(SCALES))
    return Calibration(float(scale), 1.0 / float(shares.sum(axis=0) @ (1.0 / DEGREES)))


def calibrated(posterior: Any, levels: FloatArray) -> list[FloatArray]:
    """Return for each output the levels at which its predictive distribution has the quantiles.

    Parameters
    ----------
    posterior : Posterior
        With a list of `calibrations`, one for each output, where it has learned what levels mean.
    levels : ndarray of shape (n_levels,)
    """
    known = getattr(posterior, "calibrations", None)
    return [levels] * len(posterior.noise) if known is None else [own.levels(levels) for own in known]


def _of_points(z: FloatArray) -> FloatArray:
    """Log density of each z for all scales and degrees, shape (n_scales, n_degrees, n)."""
    scales, degrees = SCALES[:, None, None], DEGREES[:, None]
    return np.asarray(student_t.logpdf(z / scales, degrees) - np.log(scales))


def _of_atoms(ends: FloatArray) -> FloatArray:
    """Log probability of a z between two ends, (2, n), likewise; the farthest ends stand for infinity."""
    ends = np.where(np.abs(ends) >= FARTHEST, np.copysign(np.inf, ends), ends)
    below, up_to = stdtr(DEGREES[:, None], ends[:, None, None] / SCALES[:, None, None])
    return np.asarray(np.log(np.maximum(up_to - below, np.finfo(float).tiny)))
