"""Covariances of infinitely wide layers of sine units, and the frequencies of layers of finite width.

A hidden layer of H units sqrt(2) sin(w·u + b) with b uniform on a circle, output weights of variance 1/H and
dropout masks of variance-keeping scale is a random function of covariance E[cos(w·(u - u'))], whatever H and
the dropout rate; as H grows it becomes a Gaussian process. Normal frequencies w give the squared exponential
covariance, Student-t frequencies of 2 nu degrees of freedom the Matérn covariance of smoothness nu.

References
----------
R. M. Neal, "Bayesian Learning for Neural Networks", Springer 1996, chapter 2 (the limit). A. Rahimi, B.
Recht, "Random features for large-scale kernel machines", NeurIPS 2007 (sine units). D. Duvenaud, O. Rippel,
R. P. Adams, Z. Ghahramani, "Avoiding pathologies in very deep networks", AISTATS 2014, section 5 (dropout of
hidden units leaves the limit as it is). C. E. Rasmussen, C. K. I. Williams, "Gaussian Processes for Machine
Learning", MIT Press 2006, equation 4.17 (Matérn).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bnnopt._typing import FloatArray

__all__ = ["SPECTRA", "Spectrum", "squared_distances"]

SMALLEST_SQUARED_DISTANCE = 1e-12


@dataclass(frozen=True)
class Spectrum:
    """A law of the frequencies, and the covariance that it gives.

    Attributes
    ----------
    correlation : callable
        Squared distances to the correlation and its derivative by the squared distance, of the same shape.
    degrees_of_freedom : float
        Of the Student-t law of the frequencies; infinite for the normal law.
    """

    correlation: Callable[[FloatArray], tuple[FloatArray, FloatArray]]
    degrees_of_freedom: float

    def draw_frequencies(self, n_inputs: int, n_units: int, rng: np.random.Generator) -> FloatArray:
        """Draw the frequencies of a layer, shape (n_inputs, n_units)."""
        frequencies = rng.standard_normal((n_inputs, n_units))
        if np.isfinite(self.degrees_of_freedom):
            frequencies /= np.sqrt(rng.chisquare(self.degrees_of_freedom, n_units) / self.degrees_of_freedom)
        return frequencies


def squared_distances(A: FloatArray, B: FloatArray) -> FloatArray:
    """Squared distances between rows, shapes (..., n, d) and (..., m, d) to (..., n, m)."""
    squares_a, squares_b = np.square(A).sum(axis=-1), np.square(B).sum(axis=-1)
    distances = A @ np.swapaxes(B, -1, -2)
    distances *= -2.0
    distances += squares_a[..., :, None]
    distances += squares_b[..., None, :]
    return np.maximum(distances, 0.0, out=distances)


def _squared_exponential(r2: FloatArray) -> tuple[FloatArray, FloatArray]:
    value = np.exp(-0.5 * r2)
    return value, -0.5 * value


def _matern_5_2(r2: FloatArray) -> tuple[FloatArray, FloatArray]:
    r = np.sqrt(5.0 * r2)
    decay = np.exp(-r)
    return (1.0 + r + r * r / 3.0) * decay, -5.0 / 6.0 * (1.0 + r) * decay


def _matern_1_2(r2: FloatArray) -> tuple[FloatArray, FloatArray]:
    r = np.sqrt(r2 + SMALLEST_SQUARED_DISTANCE)
    decay = np.exp(-r)
    return decay, -0.5 * decay / r


SPECTRA = {
    "smooth": Spectrum(_squared_exponential, np.inf),
    "matern": Spectrum(_matern_5_2, 5.0),
    "rough": Spectrum(_matern_1_2, 1.0),
}
"""Laws of the frequencies by name, from smooth functions to rough ones."""
