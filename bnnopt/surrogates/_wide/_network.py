"""One wide thinned network with its last layer solved: moments, and draws of finite width."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from bnnopt._typing import FloatArray, IntArray
from bnnopt.surrogates._wide._evidence import Scales
from bnnopt.surrogates._wide._few_centres import MAX_CENTRES, solve_few_centres
from bnnopt.surrogates._wide._inputs import InputMap
from bnnopt.surrogates._wide._kernels import SPECTRA
from bnnopt.surrogates._wide._last_layer import LastLayer, Observed, ObservedRows, solve_all_rows
from bnnopt.surrogates._wide._rows import ROWS_AT_ONCE

__all__ = ["WideNetwork", "solve_network"]

UNITS_OF_A_DRAW = 512


@dataclass(frozen=True)
class WideNetwork:
    """A network of sine units, infinitely wide in its moments and of 512 thinned units in a draw.

    Attributes
    ----------
    spectrum : str
        Law of the frequencies (`SPECTRA`).
    input_map : InputMap
        Lays inputs on [0, 1].
    scales : Scales
        Of this network alone: first axis of length 1.
    centres : ndarray of shape (n_centres, n_inputs)
        Stretched inputs of the centres.
    last_layer : LastLayer
        Solved.
    """

    spectrum: str
    input_map: InputMap
    scales: Scales
    centres: FloatArray
    last_layer: LastLayer

    @property
    def noise(self) -> float:
        """Variance of the noise, in units of the variance of y."""
        return float(self.scales.noises[0])

    def moments(self, X: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and variance of the function at rows of X, each of shape (n_rows,)."""
        return self.last_layer.moments(self._covariances(self._stretch(X)), self._prior)

    def draw(
        self, dropout: float, n_draws: int, rng: np.random.Generator
    ) -> Callable[[FloatArray], FloatArray]:
        """Make `n_draws` networks of finite width: a function of rows of X to shape (n_rows, n_draws).

        Each has frequencies, dropout mask and output weights of its own; what it misses of the rows is added
        as a function of the centres. Over networks, mean and covariance are those of the limit.
        """
        layers = [self._thinned_layer(dropout, rng) for _ in range(n_draws)]
        corrections = np.column_stack([self.last_layer.correct(layer(self.centres), rng) for layer in layers])

        def evaluate(X: FloatArray) -> FloatArray:
            places = self._stretch(X)
            return (
                np.column_stack([layer(places) for layer in layers]) + self._covariances(places) @ corrections
            )

        return evaluate

    def _thinned_layer(self, dropout: float, rng: np.random.Generator) -> Callable[[FloatArray], FloatArray]:
        spectrum, n_inputs = SPECTRA[self.spectrum], self.centres.shape[1]
        frequencies = spectrum.draw_frequencies(n_inputs, UNITS_OF_A_DRAW, rng)
        phases = rng.uniform(0.0, 2.0 * np.pi, UNITS_OF_A_DRAW)
        mask = (rng.random(UNITS_OF_A_DRAW) >= dropout) / np.sqrt(1.0 - dropout)
        unit_variance = 2.0 * self.scales.amplitudes[0] / UNITS_OF_A_DRAW
        weights = mask * np.sqrt(unit_variance) * rng.standard_normal(UNITS_OF_A_DRAW)
        offset = np.sqrt(self.scales.offsets[0]) * rng.standard_normal()
        single = np.float32
        layer = _Layer(
            frequencies.astype(single), phases.astype(single), weights.astype(single), float(offset)
        )
        return partial(_propagate, layer)

    @property
    def _prior(self) -> float:
        return float(self.scales.amplitudes[0] + self.scales.offsets[0])

    def _stretch(self, X: FloatArray) -> FloatArray:
        return self.scales.stretch(self.input_map(X)[None])[0]

    def _covariances(self, places: FloatArray) -> FloatArray:
        return _covariance(self.spectrum, self.scales, places, self.centres)


def solve_network(
    spectrum: str,
    input_map: InputMap,
    scales: Scales,
    X: FloatArray,
    observed: Observed,
    centres: IntArray,
    judged: IntArray,
    blocks: Iterable[ObservedRows] | None = None,
) -> WideNetwork:
    """Solve the last layer of a network on all rows.

    Parameters
    ----------
    spectrum, input_map, scales
        As in `WideNetwork`.
    X : ndarray of shape (n_rows, n_inputs)
        Inputs of all rows, or of a sample of them.
    observed : Observed
        Their standardised outputs, and the variance of their noise.
    centres : ndarray of int
        Rows that serve as centres where there are more than `MAX_CENTRES`, or more than the sample.
    judged : ndarray of int
        Rows to predict without them, in that case; else it is all.
    blocks : iterable of ObservedRows, default=None
        All rows, some thousand at once, if X is a sample.
    """

    def places(rows: FloatArray) -> FloatArray:
        return scales.stretch(input_map(rows)[None])[0]

    if blocks is None and len(X) <= MAX_CENTRES:
        chosen = places(X)
        layer = solve_all_rows(_covariance(spectrum, scales, chosen, chosen), observed)
        return WideNetwork(spectrum, input_map, scales, chosen, layer)
    chosen, rows = places(X[centres]), ObservedRows(X, observed)
    layer = solve_few_centres(
        _covariance(spectrum, scales, chosen, chosen),
        lambda inputs: _covariance(spectrum, scales, places(inputs), chosen),
        float(scales.amplitudes[0] + scales.offsets[0]),
        rows.blocks(ROWS_AT_ONCE) if blocks is None else blocks,
        rows.only(judged),
    )
    return WideNetwork(spectrum, input_map, scales, chosen, layer)


def _covariance(spectrum: str, scales: Scales, A: FloatArray, B: FloatArray) -> FloatArray:
    return scales.amplitudes[0] * SPECTRA[spectrum].between(A, B) + scales.offsets[0]


class _Layer(NamedTuple):
    """A layer of sine units in single precision, and what it adds up to."""

    frequencies: FloatArray
    phases: FloatArray
    weights: FloatArray
    offset: float


def _propagate(layer: _Layer, places: FloatArray) -> FloatArray:
    """Evaluate a layer at rows, shape (n_rows,)."""
    units = np.sin(places.astype(np.float32) @ layer.frequencies + layer.phases)
    return units @ layer.weights + layer.offset
