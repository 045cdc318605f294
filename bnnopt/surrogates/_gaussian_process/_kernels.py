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
from bnnopt.surrogates._gaussian_process._pairs import Between, Pairs

__all__ = ["KERNELS", "Kernel", "KernelMatrix", "NetworkKernel", "StationaryKernel"]

SMALLEST_SQUARED_DISTANCE = 1e-12
UNITS_WITHIN = 128  # of each hidden layer before the last, in draws: the covariance is off by about 1 %
SHARE_OF_INPUTS = 0.5  # that a unit sees where inputs are dropped

Profile = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
Units = Callable[[FloatArray], FloatArray]
ByRows: TypeAlias = Callable[[FloatArray], FloatArray]
"""Weights (..., n, m) to the derivative of the weighed sum of each row's values by the row, (..., n, d)."""


class KernelMatrix(NamedTuple):
    """Kernel of pairs of rows, and how it changes with the length scales.

    Attributes
    ----------
    value : ndarray
        The values, in the shape of the pairs.
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

    def matrix(self, pairs: Pairs) -> KernelMatrix:
        """Values of pairs of rows, and how they change."""
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
        pairs = Between(A, B)
        if not self.is_anova:
            return self.profile(pairs.squared_distances())[0]
        value = np.ones((*A.shape[:-1], B.shape[-2]))
        for place in range(pairs.n_inputs):
            value *= self._factor(pairs.squared_differences(place))[0]
        return value

    def matrix(self, pairs: Pairs) -> KernelMatrix:
        """Correlations of pairs of rows, and how they change."""
        if self.is_anova:
            return self._anova_matrix(pairs)
        value, slope = self.profile(pairs.squared_distances())
        return KernelMatrix(value, lambda weights: pairs.by_distances(weights * slope))

    def gradient(self, A: FloatArray, B: FloatArray) -> tuple[FloatArray, ByRows]:
        """Correlations (n, m) between rows A (n, d) and B (m, d), and how they change with the rows A."""
        if not self.is_anova:
            value, slope = self.profile(Between(A, B).squared_distances())
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

    def _anova_matrix(self, pairs: Pairs) -> KernelMatrix:
        """Multiply the factors, and keep each one's relative slope by its length scale."""
        value, slopes = np.ones(()), []
        for place in range(pairs.n_inputs):
            r2 = pairs.squared_differences(place)
            factor, slope = self._factor(r2)
            value = value * factor
            slope *= r2
            slope /= factor
            slopes.append(slope)

        def by_log_length_scales(weights: FloatArray) -> FloatArray:
            weighted, axes = weights * value, pairs.axes
            sums = [np.einsum(f"...{axes},...{axes}->...", weighted, slope) for slope in slopes]
            return -2.0 * np.stack(sums, axis=-1)

        return KernelMatrix(value, by_log_length_scales)


@dataclass(frozen=True)
class NetworkKernel:
    """Kernel of an infinitely wide network of rectified linear units, with inputs about 0.

    The first layer sees k(a, b) = 1 + a·b, 1 for its bias. With the norm n = sqrt(k(a, a) k(b, b)) and the
    angle t of cos t = k(a, b) / n, a layer makes

        n (sin t + (pi - t) cos t) / pi

    of it, which leaves k(a, a) as it is (Cho and Saul 2009, equation 6, for units of twice the variance). Its
    derivative by k(a, b) is 1 - t / pi; that of several layers is the product of theirs. As the value is n
    times a function of k(a, b) / n, that by the logarithm of n is the value less k(a, b) times the other.

    Attributes
    ----------
    n_layers : int
        Hidden layers, at least 1.
    """

    n_layers: int

    def __call__(self, A: FloatArray, B: FloatArray) -> FloatArray:
        """Values between rows, shapes (..., n, d) and (..., m, d) to (..., n, m)."""
        return self._through_layers(Between(A, B))[0]

    def matrix(self, pairs: Pairs) -> KernelMatrix:
        """Values of pairs of rows, and how they change."""
        value, by_product, by_log_norm, variances = self._through_layers(pairs)

        def by_log_length_scales(weights: FloatArray) -> FloatArray:
            half, of_norm = 0.5 * weights * by_product, 0.5 * weights * by_log_norm
            by_first, by_second = (half + of_norm / variance for variance in variances)
            return pairs.by_norms(by_first, by_second) - pairs.by_distances(half)

        return KernelMatrix(value, by_log_length_scales)

    def gradient(self, A: FloatArray, B: FloatArray) -> tuple[FloatArray, ByRows]:
        """Values (n, m) between rows A (n, d) and B (m, d), and how they change with the rows A."""
        value, by_product, by_log_norm, (variance, _) = self._through_layers(Between(A, B))
        by_square = by_log_norm / variance

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

    def _through_layers(
        self, pairs: Pairs
    ) -> tuple[FloatArray, FloatArray, FloatArray, tuple[FloatArray, FloatArray]]:
        """Values, their derivatives by k(a, b) and by the logarithm of n, and the variances of both rows.

        With v for the variances, 1 + a·b = (v(a) + v(b) - |a - b|²) / 2.
        """
        first, second = pairs.of_both(self.variance)
        norm = np.sqrt(first * second)
        cosine = np.clip(0.5 * (first + second - pairs.squared_distances()) / norm, -1.0, 1.0)
        start, by_product = cosine, np.ones(())
        for _ in range(self.n_layers):
            sine = np.sqrt(1.0 - np.square(cosine))
            sine /= np.pi
            slope = np.arccos(cosine)
            slope /= -np.pi
            slope += 1.0
            by_product = slope * by_product
            slope *= cosine
            slope += sine
            cosine = np.minimum(slope, 1.0, out=slope)
        return norm * cosine, by_product, norm * (cosine - by_product * start), (first, second)


def _by_rows(A: FloatArray, B: FloatArray, by_distance: FloatArray) -> FloatArray:
    """Sum derivatives by squared distances times the gaps of each row A, (..., n, m) to (..., n, d)."""
    return np.asarray(by_distance.sum(axis=-1)[..., None] * A - by_distance @ B)


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
