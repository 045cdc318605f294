"""Kernels of infinitely wide networks, one length scale an input: values, gradients, units to draw from.

A hidden layer of H units sqrt(2) sin(w·u + b) with b uniform on a circle and output weights of variance 1/H
is a random function of covariance E[cos(w·(u - u'))]; as H grows it becomes a Gaussian process, and dropout
of units leaves that limit as it is. Normal frequencies w give the squared exponential kernel, Student-t of
2 nu degrees of freedom the Matérn kernel of smoothness nu.

Where the inputs are dropped too, a unit sees each input with probability one half, and the frequencies of the
inputs that it sees are drawn independently. The kernel is then the product over the inputs of (1 + k_i) / 2,
with k_i that of one input alone: a sum of functions of every subset of the inputs, an ANOVA kernel.

Several hidden layers of rectified linear units with a bias in the first make an arc-cosine kernel, which is
not stationary: far from the centre of the inputs its functions go on as straight lines, so that it knows
trends.

References
----------
R. M. Neal, "Bayesian Learning for Neural Networks", Springer 1996, chapter 2 (the limit). A. Rahimi, B.
Recht, "Random features for large-scale kernel machines", NeurIPS 2007 (sine units). D. Duvenaud, O. Rippel,
R. P. Adams, Z. Ghahramani, "Avoiding pathologies in very deep networks", AISTATS 2014, section 5 (dropout of
units, of inputs). N. Durrande, D. Ginsbourger, O. Roustant, L. Carraro, "ANOVA kernels and RKHS of zero mean
functions", J. Multivar. Anal. 2013, 115, 57. Y. Cho, L. K. Saul, "Kernel methods for deep learning", NIPS
2009 (arc-cosine kernels). J. Lee et al., "Deep neural networks as Gaussian processes", ICLR 2018. R&W
equations 4.9 and 4.17 (squared exponential, Matérn).
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np

from bnnopt._typing import FloatArray

__all__ = ["KERNELS", "Kernel", "KernelMatrix", "NetworkKernel", "StationaryKernel"]

SMALLEST_SQUARED_DISTANCE = 1e-12
UNITS_WITHIN = 128  # of each hidden layer before the last, in draws: the covariance is off by about 1 %
SHARE_OF_INPUTS = 0.5  # that a unit sees where inputs are dropped

Profile = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
Units = Callable[[FloatArray], FloatArray]
ByRows: TypeAlias = Callable[[FloatArray], FloatArray]
"""Weights (..., n, m) to the derivative of the weighed sum of each row's values by the row, (..., n, d)."""


class KernelMatrix(NamedTuple):
    """Kernel between rows, and how it changes with the length scales.

    Attributes
    ----------
    value : ndarray of shape (..., n, m)
        The values.
    by_log_length_scales : callable
        From weights of the same shape to the derivative of the weighted sum of the values by the
        logarithm of each length scale, shape (..., n_inputs).
    """

    value: FloatArray
    by_log_length_scales: Callable[[FloatArray], FloatArray]


class Kernel(Protocol):
    """What a kernel of inputs that are divided by their length scales can do."""

    def __call__(self, A: FloatArray, B: FloatArray) -> FloatArray:
        """Values between rows, shapes (..., n, d) and (..., m, d) to (..., n, m)."""
        ...

    def matrix(self, A: FloatArray, B: FloatArray) -> KernelMatrix:
        """Values between rows, and how they change; shapes as for a call."""
        ...

    def gradient(self, A: FloatArray, B: FloatArray) -> tuple[FloatArray, ByRows]:
        """Values (n, m) between rows A (n, d) and B (m, d), and how they change with the rows A."""
        ...

    def variance(self, A: FloatArray) -> FloatArray:
        """Value of each row with itself, (..., n, d) to (..., n)."""
        ...

    def variance_gradient(self, A: FloatArray) -> FloatArray:
        """Return the derivatives of the variances of rows (n, d) by the rows, (n, d)."""
        ...

    def draw_units(self, n_inputs: int, n_units: int, rng: np.random.Generator) -> Units:
        """Draw a hidden layer: from rows (n, d) to (n, n_units), in single precision.

        Over draws, the mean product of a unit at two rows is the kernel between them.
        """
        ...


@dataclass(frozen=True)
class StationaryKernel:
    """A kernel of the distance between rows.

    Attributes
    ----------
    profile : callable
        Squared distances to the correlation and its derivative by the squared distance, of the same shape.
    degrees_of_freedom : float
        Of the Student-t distribution of the frequencies; infinite for the normal distribution.
    is_anova : bool, default=False
        Whether it is the product over the inputs of (1 + k_i) / 2.
    """

    profile: Profile
    degrees_of_freedom: float
    is_anova: bool = False

    def __call__(self, A: FloatArray, B: FloatArray) -> FloatArray:
        """Correlations between rows, shapes (..., n, d) and (..., m, d) to (..., n, m)."""
        if not self.is_anova:
            return self.profile(_squared_distances(A, B))[0]
        value = np.ones((*A.shape[:-1], B.shape[-2]))
        for place in range(A.shape[-1]):
            value *= self._factor(_squared_differences(A, B, place))[0]
        return value

    def matrix(self, A: FloatArray, B: FloatArray) -> KernelMatrix:
        """Correlations between rows, and how they change; shapes as for a call."""
        if not self.is_anova:
            value, slope = self.profile(_squared_distances(A, B))
            return KernelMatrix(value, lambda weights: _by_length_scales(A, B, weights * slope))
        return self._anova_matrix(A, B)

    def gradient(self, A: FloatArray, B: FloatArray) -> tuple[FloatArray, ByRows]:
        """Correlations (n, m) between rows A (n, d) and B (m, d), and how they change with the rows A."""
        if not self.is_anova:
            value, slope = self.profile(_squared_distances(A, B))
            return value, lambda weights: _by_rows(A, B, 2.0 * weights * slope)
        gaps = A[:, None] - B
        factor, slopes = self._factor(np.square(gaps))
        value = factor.prod(axis=-1)
        slopes *= gaps
        slopes /= factor
        return value, lambda weights: (2.0 * (weights * value)[..., None, :] @ slopes)[..., 0, :]

    def variance(self, A: FloatArray) -> FloatArray:
        """Value of each row with itself: 1."""
        return np.ones(A.shape[:-1])

    def variance_gradient(self, A: FloatArray) -> FloatArray:
        """Return the derivatives of the variances: 0."""
        return np.zeros_like(A)

    def draw_units(self, n_inputs: int, n_units: int, rng: np.random.Generator) -> Units:
        """Draw sines (Rahimi and Recht 2007)."""
        frequencies = self.draw_frequencies(n_inputs, n_units, rng).astype(np.float32)
        phases = rng.uniform(0.0, 2.0 * np.pi, n_units).astype(np.float32)
        return lambda A: np.float32(np.sqrt(2.0)) * np.sin(A.astype(np.float32) @ frequencies + phases)

    def draw_frequencies(self, n_inputs: int, n_units: int, rng: np.random.Generator) -> FloatArray:
        """Draw the frequencies of a layer, shape (n_inputs, n_units); 0 for inputs not seen by a unit."""
        shape = (n_inputs, n_units)
        frequencies = rng.standard_normal(shape)
        if np.isfinite(self.degrees_of_freedom):
            squares = rng.chisquare(self.degrees_of_freedom, shape if self.is_anova else n_units)
            frequencies /= np.sqrt(squares / self.degrees_of_freedom)
        return frequencies * (rng.random(shape) < SHARE_OF_INPUTS) if self.is_anova else frequencies

    def _factor(self, r2: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Factor of one input of an ANOVA kernel, and its derivative by the squared distance."""
        value, slope = self.profile(r2)
        return 1.0 - SHARE_OF_INPUTS + SHARE_OF_INPUTS * value, SHARE_OF_INPUTS * slope

    def _anova_matrix(self, A: FloatArray, B: FloatArray) -> KernelMatrix:
        """Multiply the factors, and keep each one's relative slope by its length scale."""
        value = np.ones((*A.shape[:-1], B.shape[-2]))
        slopes = np.empty((A.shape[-1], *value.shape))
        for place in range(A.shape[-1]):
            r2 = _squared_differences(A, B, place)
            factor, slope = self._factor(r2)
            value *= factor
            slope *= r2
            np.divide(slope, factor, out=slopes[place])

        def by_log_length_scales(weights: FloatArray) -> FloatArray:
            return np.moveaxis(-2.0 * np.einsum("...ij,d...ij->d...", weights * value, slopes), 0, -1)

        return KernelMatrix(value, by_log_length_scales)


@dataclass(frozen=True)
class NetworkKernel:
    """Kernel of an infinitely wide network of rectified linear units, with inputs about 0.

    The first layer sees k(a, b) = 1 + a·b, 1 for its bias. With the norm n = sqrt(k(a, a) k(b, b)) and the
    angle t of cos t = k(a, b) / n, a layer makes

        n (sin t + (pi - t) cos t) / pi

    of it, which leaves k(a, a) as it is (Cho and Saul 2009, equation 6, for units of twice the variance). Its
    derivatives are 1 - t / pi by k(a, b) and sin t / pi by n.

    Attributes
    ----------
    n_layers : int
        Hidden layers, at least 1.
    """

    n_layers: int

    def __call__(self, A: FloatArray, B: FloatArray) -> FloatArray:
        """Values between rows, shapes (..., n, d) and (..., m, d) to (..., n, m)."""
        return self._through_layers(A, B)[0]

    def matrix(self, A: FloatArray, B: FloatArray) -> KernelMatrix:
        """Values between rows, and how they change; shapes as for a call."""
        value, by_product, by_log_norm = self._through_layers(A, B)

        def by_log_length_scales(weights: FloatArray) -> FloatArray:
            of_norm = weights * by_log_norm
            total = (A * ((weights * by_product) @ B)).sum(axis=-2)
            for rows, sums in ((A, of_norm.sum(axis=-1)), (B, of_norm.sum(axis=-2))):
                total += 0.5 * (np.square(rows) * (sums / self.variance(rows))[..., None]).sum(axis=-2)
            return np.asarray(-2.0 * total)

        return KernelMatrix(value, by_log_length_scales)

    def gradient(self, A: FloatArray, B: FloatArray) -> tuple[FloatArray, ByRows]:
        """Values (n, m) between rows A (n, d) and B (m, d), and how they change with the rows A."""
        value, by_product, by_log_norm = self._through_layers(A, B)
        by_square = by_log_norm / self.variance(A)[:, None]

        def by_rows(weights: FloatArray) -> FloatArray:
            return np.asarray((weights * by_product) @ B + (weights * by_square).sum(axis=-1)[..., None] * A)

        return value, by_rows

    def variance(self, A: FloatArray) -> FloatArray:
        """Value of each row with itself, (..., n, d) to (..., n)."""
        return np.asarray(1.0 + np.square(A).sum(axis=-1))

    def variance_gradient(self, A: FloatArray) -> FloatArray:
        """Return the derivatives of the variances of rows (n, d) by the rows, (n, d)."""
        return 2.0 * A

    def draw_units(self, n_inputs: int, n_units: int, rng: np.random.Generator) -> Units:
        """Draw the last hidden layer of a network that has 128 units in each layer before."""
        widths = [*[UNITS_WITHIN] * (self.n_layers - 1), n_units]
        first = rng.standard_normal((n_inputs, widths[0])).astype(np.float32)
        bias = rng.standard_normal(widths[0]).astype(np.float32)
        further = [
            (np.sqrt(2.0 / before) * rng.standard_normal((before, after))).astype(np.float32)
            for before, after in pairwise(widths)
        ]

        def units(A: FloatArray) -> FloatArray:
            layer = A.astype(np.float32) @ first + bias
            for weights in further:
                layer = np.maximum(layer, 0.0, out=layer) @ weights
            return np.float32(np.sqrt(2.0)) * np.maximum(layer, 0.0, out=layer)

        return units

    def _through_layers(self, A: FloatArray, B: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Values, and their derivatives by the products of rows and by the logarithms of the norms."""
        norm = np.sqrt(self.variance(A)[..., :, None] * self.variance(B)[..., None, :])
        cosine = np.clip((1.0 + A @ np.swapaxes(B, -1, -2)) / norm, -1.0, 1.0)
        by_product, by_norm = np.ones_like(cosine), np.zeros_like(cosine)
        for _ in range(self.n_layers):
            sine, slope = np.sqrt(1.0 - np.square(cosine)), 1.0 - np.arccos(cosine) / np.pi
            by_product = slope * by_product
            by_norm = slope * by_norm + sine / np.pi
            cosine = np.minimum(slope * cosine + sine / np.pi, 1.0)
        return norm * cosine, by_product, norm * by_norm


def _squared_distances(A: FloatArray, B: FloatArray) -> FloatArray:
    """Squared distances between rows, shapes (..., n, d) and (..., m, d) to (..., n, m)."""
    squares_a, squares_b = np.square(A).sum(axis=-1), np.square(B).sum(axis=-1)
    distances = A @ np.swapaxes(B, -1, -2)
    distances *= -2.0
    distances += squares_a[..., :, None]
    distances += squares_b[..., None, :]
    return np.maximum(distances, 0.0, out=distances)


def _squared_differences(A: FloatArray, B: FloatArray, place: int) -> FloatArray:
    return np.square(A[..., :, None, place] - B[..., None, :, place])


def _by_rows(A: FloatArray, B: FloatArray, by_distance: FloatArray) -> FloatArray:
    """Sum derivatives by squared distances times the gaps of each row A, (..., n, m) to (..., n, d)."""
    return np.asarray(by_distance.sum(axis=-1)[..., None] * A - by_distance @ B)


def _by_length_scales(A: FloatArray, B: FloatArray, by_distance: FloatArray) -> FloatArray:
    """From derivatives by squared distances to those by the logarithms of the length scales."""
    of_rows = (by_distance.sum(axis=-1)[..., None] * A - 2.0 * by_distance @ B) * A
    of_others = by_distance.sum(axis=-2)[..., None] * np.square(B)
    return np.asarray(-2.0 * (of_rows.sum(axis=-2) + of_others.sum(axis=-2)))


def _squared_exponential(r2: FloatArray) -> tuple[FloatArray, FloatArray]:
    value = np.exp(-0.5 * r2)
    return value, -0.5 * value


def _matern_5_2(r2: FloatArray) -> tuple[FloatArray, FloatArray]:
    r = 5.0 * r2
    value = r / 3.0
    np.sqrt(r, out=r)
    decay = np.exp(-r)
    value *= decay
    r += 1.0
    r *= decay
    value += r
    r *= -5.0 / 6.0
    return value, r


def _exponential(r2: FloatArray) -> tuple[FloatArray, FloatArray]:
    r = np.sqrt(r2 + SMALLEST_SQUARED_DISTANCE)
    decay = np.exp(-r)
    return decay, -0.5 * decay / r


KERNELS: dict[str, Kernel] = {
    "squared_exponential": StationaryKernel(_squared_exponential, np.inf),
    "matern_5_2": StationaryKernel(_matern_5_2, 5.0),
    "exponential": StationaryKernel(_exponential, 1.0),
    "anova_squared_exponential": StationaryKernel(_squared_exponential, np.inf, is_anova=True),
    "anova_matern_5_2": StationaryKernel(_matern_5_2, 5.0, is_anova=True),
    "deep_relu": NetworkKernel(n_layers=3),
}
"""Kernels by name."""
