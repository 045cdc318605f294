"""Covariances of infinitely wide layers of sine units, and the frequencies of layers of finite width.

A hidden layer of H units sqrt(2) sin(w·u + b) with b uniform on a circle, output weights of variance 1/H and
dropout masks of variance-keeping scale is a random function of covariance E[cos(w·(u - u'))], whatever H and
the dropout rate; as H grows it becomes a Gaussian process. Normal frequencies w give the squared exponential
covariance, Student-t frequencies of 2 nu degrees of freedom the Matérn covariance of smoothness nu.

Where the inputs are dropped too, a unit sees each input with probability one half, and the frequencies of the
inputs that it sees are drawn independently. The covariance is then the product over the inputs of
(1 + k_i) / 2, with k_i that of one input alone: a sum of functions of every subset of the inputs.

References
----------
R. M. Neal, "Bayesian Learning for Neural Networks", Springer 1996, chapter 2 (the limit). A. Rahimi, B.
Recht, "Random features for large-scale kernel machines", NeurIPS 2007 (sine units). D. Duvenaud, O. Rippel,
R. P. Adams, Z. Ghahramani, "Avoiding pathologies in very deep networks", AISTATS 2014, section 5 (dropout of
hidden units leaves the limit as it is, dropout of inputs gives sums over subsets). C. E. Rasmussen, C. K. I.
Williams, "Gaussian Processes for Machine Learning", MIT Press 2006, equation 4.17 (Matérn).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bnnopt._typing import FloatArray

__all__ = ["SPECTRA", "Correlations", "Spectrum", "squared_distances"]

SMALLEST_SQUARED_DISTANCE = 1e-12
SHARE_OF_INPUTS = 0.5  # that a unit sees where inputs are dropped

Law = Callable[[FloatArray], tuple[FloatArray, FloatArray]]


class Correlations(NamedTuple):
    """Correlations between rows, and how they change with the scales.

    Attributes
    ----------
    value : ndarray of shape (..., n, m)
        The correlations.
    by_scales : callable
        From weights of the same shape to the derivative of the weighted sum of the correlations by
        the logarithm of each input's scale, shape (..., n_inputs).
    """

    value: FloatArray
    by_scales: Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class Spectrum:
    """A law of the frequencies, and the covariance that it gives.

    Attributes
    ----------
    law : callable
        Squared distances to the correlation and its derivative by the squared distance, of the same shape.
    degrees_of_freedom : float
        Of the Student-t law of the frequencies; infinite for the normal law.
    drops_inputs : bool
        Whether a unit sees each input with probability one half only.
    """

    law: Law
    degrees_of_freedom: float
    drops_inputs: bool = False

    def between(self, A: FloatArray, B: FloatArray) -> FloatArray:
        """Correlations between stretched rows, shapes (..., n, d) and (..., m, d) to (..., n, m)."""
        if not self.drops_inputs:
            return self.law(squared_distances(A, B))[0]
        value = np.ones((*A.shape[:-1], B.shape[-2]))
        for place in range(A.shape[-1]):
            value *= self._one_input(_squared_differences(A, B, place))[0]
        return value

    def correlations(self, A: FloatArray, B: FloatArray) -> Correlations:
        """Correlations between stretched rows, and how they change; shapes as in `between`."""
        if not self.drops_inputs:
            value, slope = self.law(squared_distances(A, B))
            return Correlations(value, lambda weights: _by_scales(A, B, weights * slope))
        value = self.between(A, B)

        def by_scales(weights: FloatArray) -> FloatArray:
            weighted = weights * value
            return np.stack([self._by_scale(A, B, weighted, place) for place in range(A.shape[-1])], axis=-1)

        return Correlations(value, by_scales)

    def draw_frequencies(self, n_inputs: int, n_units: int, rng: np.random.Generator) -> FloatArray:
        """Draw the frequencies of a layer, shape (n_inputs, n_units); 0 for inputs not seen by a unit."""
        shape = (n_inputs, n_units)
        frequencies = rng.standard_normal(shape)
        if np.isfinite(self.degrees_of_freedom):
            squares = rng.chisquare(self.degrees_of_freedom, shape if self.drops_inputs else n_units)
            frequencies /= np.sqrt(squares / self.degrees_of_freedom)
        return frequencies * (rng.random(shape) < SHARE_OF_INPUTS) if self.drops_inputs else frequencies

    def _one_input(self, r2: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Factor of one input that a unit may or may not see, and its derivative by the squared distance."""
        value, slope = self.law(r2)
        return 1.0 - SHARE_OF_INPUTS + SHARE_OF_INPUTS * value, SHARE_OF_INPUTS * slope

    def _by_scale(self, A: FloatArray, B: FloatArray, weighted: FloatArray, place: int) -> FloatArray:
        r2 = _squared_differences(A, B, place)
        factor, slope = self._one_input(r2)
        slope *= r2
        slope /= factor
        return 2.0 * np.einsum("...ij,...ij->...", weighted, slope)


def squared_distances(A: FloatArray, B: FloatArray) -> FloatArray:
    """Squared distances between rows, shapes (..., n, d) and (..., m, d) to (..., n, m)."""
    squares_a, squares_b = np.square(A).sum(axis=-1), np.square(B).sum(axis=-1)
    distances = A @ np.swapaxes(B, -1, -2)
    distances *= -2.0
    distances += squares_a[..., :, None]
    distances += squares_b[..., None, :]
    return np.maximum(distances, 0.0, out=distances)


def _squared_differences(A: FloatArray, B: FloatArray, place: int) -> FloatArray:
    return np.square(A[..., :, None, place] - B[..., None, :, place])


def _by_scales(A: FloatArray, B: FloatArray, by_distance: FloatArray) -> FloatArray:
    """From derivatives by squared distances to those by the logarithms of the inputs' scales."""
    of_rows = (by_distance.sum(axis=-1)[..., None] * A - 2.0 * by_distance @ B) * A
    of_others = by_distance.sum(axis=-2)[..., None] * np.square(B)
    return np.asarray(2.0 * (of_rows.sum(axis=-2) + of_others.sum(axis=-2)))


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
    "smooth, dropped inputs": Spectrum(_squared_exponential, np.inf, drops_inputs=True),
    "matern, dropped inputs": Spectrum(_matern_5_2, 5.0, drops_inputs=True),
}
"""Laws of the frequencies by name."""
