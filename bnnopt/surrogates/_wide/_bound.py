"""A lower bound of the log evidence from all rows and few centres, and the scales that maximise it.

The evidence itself costs the cube of the rows, so that large tables learn their scales from a part of the
rows; the noise that a few hundred rows tell is off by some per cent. The bound costs the rows times the
square of the centres. It is the evidence of the part of a function that the centres can say, less what they
leave unsaid of each row's variance in units of its noise.

With K the covariance of the rows, C that with the centres, Z that of the centres, N the noise of the rows on
a diagonal and Q = C Z⁻¹ Cᵀ what the centres explain, the bound is

    log Normal(y; 0, Q + N) - tr(N⁻¹ (K - Q)) / 2

With W Wᵀ = Z⁻¹, features F = C W, G = Fᵀ N⁻¹ F, a = (Q + N)⁻¹ y and b = W Fᵀ a its derivatives are

    by C: a bᵀ + E,  E = N⁻¹ F G (I + G)⁻¹ Wᵀ
    by Z: -(b bᵀ + W G (I + G)⁻¹ G Wᵀ) / 2
    by the variance of a row: -1 / (2 N)
    by the noise of a row: (a² + N⁻¹ (N⁻¹ K - diag(E Cᵀ) - 1)) / 2

in which nothing cancels, however much the rows say about a direction.

References
----------
M. K. Titsias, "Variational learning of inducing variables in sparse Gaussian processes", AISTATS 2009,
equation 9.
"""

import numpy as np
from scipy.linalg.lapack import dpotrs

from bnnopt._typing import FloatArray
from bnnopt.surrogates._wide._evidence import LOG_2_PI, Scales
from bnnopt.surrogates._wide._factor import factor
from bnnopt.surrogates._wide._kernels import SPECTRA
from bnnopt.surrogates._wide._last_layer import inverse_root
from bnnopt.surrogates._wide._rows import OneOutput

__all__ = ["Bound"]

JITTER = 1e-6  # of the prior variance, at the centres


class Bound:
    """The bound of one network at given scales.

    Parameters
    ----------
    rows : OneOutput
        Rows with mapped inputs.
    centres : ndarray of shape (n_centres, n_inputs)
        Mapped inputs of the centres.
    spectrum : str
        Law of the frequencies.
    scales : Scales
        Of one network.
    """

    def __init__(self, rows: OneOutput, centres: FloatArray, spectrum: str, scales: Scales) -> None:
        self._rows, self._scales = rows, scales
        law = SPECTRA[spectrum]
        places, others = (scales.stretch(X[None])[0] for X in (rows.X, centres))
        amplitude, offset = float(scales.amplitudes[0]), float(scales.offsets[0])
        self._prior = amplitude + offset
        self._of_centres = law.correlations(others, others)
        self._with_centres = law.correlations(places, others)
        self._noise = rows.noise(float(scales.noises[0])) / rows.weights
        covariance = amplitude * self._of_centres.value + offset
        covariance[np.diag_indices_from(covariance)] += JITTER * self._prior
        self._cross = amplitude * self._with_centres.value + offset
        self._whitening = inverse_root(covariance).T
        self._features = self._cross @ self._whitening
        weighted = self._features / self._noise[:, None]
        self._told = self._features.T @ weighted
        self._root = factor(self._told + np.eye(len(centres)))
        told_of = dpotrs(self._root, self._told, lower=True)[0]  # (I + G)⁻¹ G
        moment = weighted.T @ rows.y
        self._solved = rows.y / self._noise - weighted @ dpotrs(self._root, moment, lower=True)[0]
        self._gain = weighted @ (told_of.T @ self._whitening.T)
        self._told_twice = self._whitening @ (self._told @ told_of) @ self._whitening.T

    def value(self) -> float:
        """Value of the bound; a row of weight w counts as w rows with the same output."""
        rows, noise = self._rows, self._noise
        squares = rows.y @ self._solved + 2.0 * np.log(np.diagonal(self._root)).sum()
        squares += (LOG_2_PI + np.log(noise)).sum()
        unsaid = ((self._prior - np.square(self._features).sum(axis=1)) / noise).sum()
        repeats = (rows.weights - 1.0) * (LOG_2_PI + np.log(noise * rows.weights)) + np.log(rows.weights)
        return float(-0.5 * (squares + unsaid + repeats.sum()))

    def gradient(self) -> FloatArray:
        """Gradient by `Scales.point`, shape (n_inputs + 3,)."""
        rows, scales, noise = self._rows, self._scales, self._noise
        amplitude, offset = float(scales.amplitudes[0]), float(scales.offsets[0])
        through = self._whitening @ (self._features.T @ self._solved)
        by_cross = self._solved[:, None] * through + self._gain
        by_centres = -0.5 * (through[:, None] * through + self._told_twice)
        by_variance = -0.5 * (1.0 / noise).sum() + JITTER * np.trace(by_centres)
        left = self._prior / noise - np.einsum("ij,ij->i", self._gain, self._cross)
        by_noise = 0.5 * (np.square(self._solved) + (left - 1.0) / noise)
        others, between = self._of_centres, self._with_centres
        by_inputs = amplitude * (between.by_scales(by_cross) + others.by_scales(by_centres))
        by_values = (between.value * by_cross).sum() + (others.value * by_centres).sum()
        by_amplitude = amplitude * (by_variance + by_values)
        by_offset = offset * (by_variance + by_cross.sum() + by_centres.sum())
        by_noise = by_noise / rows.weights - 0.5 * (rows.weights - 1.0) / (noise * rows.weights)
        by_log_noise = (by_noise * rows.noise_factors).sum() * np.exp(scales.noise[0])
        return np.concatenate([by_inputs, [by_amplitude, by_offset, by_log_noise]])
