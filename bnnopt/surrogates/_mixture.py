"""The posterior of an estimator: for each output a weighted mixture of wide and trained networks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bnnopt._typing import FloatArray, IntArray
from bnnopt.surrogates._blocks import ROWS_PER_BLOCK, in_blocks
from bnnopt.surrogates._wide import WideNetwork

__all__ = ["Mixture", "OutputMixture", "Trained"]

SMALLEST_SHARE = 1e-2

NoiseFactors = Callable[[FloatArray], FloatArray]


class Trained(Protocol):
    """Trained networks, which predict all outputs in their own units."""

    @property
    def noise(self) -> FloatArray:
        """Variance of the observation noise, shape (n_outputs,)."""

    def moments(self, X: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and variance of the function, each of shape (n_rows, n_outputs)."""

    def draw(self, X: FloatArray, n_samples: int, rng: np.random.Generator) -> FloatArray:
        """Evaluate new functions, shape (n_rows, n_samples, n_outputs)."""


@dataclass(frozen=True)
class OutputMixture:
    """Networks of one output and their shares.

    Attributes
    ----------
    centre, unit : float
        Mean and standard deviation of the output, in which the wide networks count.
    wide : tuple of WideNetwork
        Wide networks.
    shares : ndarray of shape (n_wide,)
        Their shares.
    trained_share : float
        Share of the trained networks; all shares together make 1.
    known_noise : float
        Mean of the noise variances that were given with the rows, in squared units of the output.
    noise_factors : callable or None
        Noise variance at rows as a multiple of the mean; None where it is the same everywhere.
    calibration : float
        Factor of all variances.
    """

    centre: float
    unit: float
    wide: tuple[WideNetwork, ...]
    shares: FloatArray
    trained_share: float
    known_noise: float = 0.0
    noise_factors: NoiseFactors | None = None
    calibration: float = 1.0

    @classmethod
    def of(
        cls,
        centre: float,
        unit: float,
        wide: Sequence[WideNetwork],
        shares: FloatArray,
        trained_share: float,
        known_noise: float,
        noise_factors: NoiseFactors | None,
        calibration: float,
    ) -> "OutputMixture":
        """Leave out networks of next to no share."""
        is_kept = shares >= SMALLEST_SHARE
        trained_share = trained_share if trained_share >= SMALLEST_SHARE else 0.0
        total = shares[is_kept].sum() + trained_share
        kept = tuple(network for network, keep in zip(wide, is_kept, strict=True) if keep)
        return cls(
            centre,
            unit,
            kept,
            shares[is_kept] / total,
            trained_share / total,
            known_noise,
            noise_factors,
            calibration,
        )

    def noise(self, of_trained: float) -> float:
        """Mean noise variance, in squared units of the output."""
        wide = np.array([network.noise for network in self.wide]) * self.unit**2
        return (
            float(self.shares @ wide + self.trained_share * of_trained + self.known_noise) * self.calibration
        )


@dataclass(frozen=True)
class Mixture:
    """Networks of all outputs, in the units of the outputs.

    Attributes
    ----------
    outputs : tuple of OutputMixture
        One for each output; the functions of two outputs are independent of each other, but for those of
        trained networks.
    trained : Trained or None
        Trained networks.
    dropout : float
        Probability that a unit of a wide network is left out in a draw.
    """

    outputs: tuple[OutputMixture, ...]
    trained: Trained | None
    dropout: float

    @property
    def noise(self) -> FloatArray:
        """Mean variance of the observation noise, shape (n_outputs,)."""
        of_trained = np.zeros(len(self.outputs)) if self.trained is None else self.trained.noise
        return np.array([out.noise(float(part)) for out, part in zip(self.outputs, of_trained, strict=True)])

    def noise_at(self, X: FloatArray) -> FloatArray:
        """Noise variance at rows, shape (n_rows, n_outputs)."""
        factors = [np.ones(len(X)) if o.noise_factors is None else o.noise_factors(X) for o in self.outputs]
        return self.noise * np.column_stack(factors)

    def components(
        self, X: FloatArray, *, is_padded: bool = True
    ) -> list[tuple[FloatArray, FloatArray, FloatArray]]:
        """For each output the shares (k,), means (k, n_rows) and variances (k, n_rows) of the function.

        Calibration scales variances and moves means away from their average, as it does with draws. Without
        padding, fewer rows than a block cost less, and their number may show in the last digit.
        """
        run = in_blocks if is_padded or len(X) > ROWS_PER_BLOCK else _as_one_block
        trained = self.trained.moments(X) if self.trained is not None and self._uses_trained else None
        parts: list[tuple[FloatArray, FloatArray, FloatArray]] = []
        for place, output in enumerate(self.outputs):
            moments = [run(_moments_of(network), X) for network in output.wide]
            means = [output.centre + output.unit * part[:, 0] for part in moments]
            variances = [output.unit**2 * part[:, 1] for part in moments]
            if trained is not None and output.trained_share:
                means.append(trained[0][:, place])
                variances.append(trained[1][:, place])
            shares = np.append(output.shares, output.trained_share)[: len(means)]
            calibrated = _spread_out(shares, np.array(means), output.calibration)
            parts.append((shares, calibrated, np.array(variances) * output.calibration))
        return parts

    def moments(self, X: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and variance of the function, each of shape (n_rows, n_outputs)."""
        means, variances = [], []
        for shares, mean, variance in self.components(X):
            middle = _average(shares, mean)
            means.append(middle)
            variances.append(_average(shares, variance + np.square(mean - middle)))
        return np.column_stack(means), np.column_stack(variances)

    def draw(self, X: FloatArray, n_samples: int, rng: np.random.Generator) -> FloatArray:
        """Evaluate new functions, shape (n_rows, n_samples, n_outputs); networks come by their shares."""
        trained = None
        if self.trained is not None and self._uses_trained:
            trained = self.trained.draw(X, n_samples, rng)
        draws = np.empty((len(X), n_samples, len(self.outputs)))
        for place, output in enumerate(self.outputs):
            chosen = _in_proportion(np.append(output.shares, output.trained_share), n_samples, rng)
            for number, network in enumerate(output.wide):
                taken = np.flatnonzero(chosen == number)
                if len(taken):
                    functions = network.draw(self.dropout, len(taken), rng)
                    draws[:, taken, place] = output.centre + output.unit * in_blocks(functions, X)
            if trained is not None:
                taken = np.flatnonzero(chosen == len(output.wide))
                draws[:, taken, place] = trained[:, taken, place]
        return self._calibrated(draws, X)

    def _calibrated(self, draws: FloatArray, X: FloatArray) -> FloatArray:
        """Widen or narrow draws around the mean as calibration found."""
        factors = np.array([output.calibration for output in self.outputs])
        if np.all(factors == 1.0):
            return draws
        middle = self.moments(X)[0][:, None]
        return middle + np.sqrt(factors) * (draws - middle)

    @property
    def _uses_trained(self) -> bool:
        return any(output.trained_share > 0 for output in self.outputs)


def _average(shares: FloatArray, values: FloatArray) -> FloatArray:
    """Average over the first axis, term by term: a product, or a sum of one row, would round differently."""
    total = np.zeros(values.shape[1:])
    for share, value in zip(shares, values, strict=True):
        total += share * value
    return total


def _spread_out(shares: FloatArray, means: FloatArray, factor: float) -> FloatArray:
    """Move means away from their average so that their variance is multiplied by a factor."""
    if factor == 1.0:
        return means
    middle = _average(shares, means)
    return middle + np.sqrt(factor) * (means - middle)


def _moments_of(network: WideNetwork) -> Callable[[FloatArray], FloatArray]:
    return lambda block: np.column_stack(network.moments(block)).astype(float)


def _as_one_block(evaluate: Callable[[FloatArray], FloatArray], X: FloatArray) -> FloatArray:
    return evaluate(X)


def _in_proportion(shares: FloatArray, n: int, rng: np.random.Generator) -> IntArray:
    """Choose places in proportion to shares, as evenly as n allows (systematic sampling), in random order."""
    ticks = (rng.random() + np.arange(n)) / n
    places = np.searchsorted(np.cumsum(shares) / shares.sum(), ticks, side="right")
    return rng.permutation(np.minimum(places, np.flatnonzero(shares)[-1]))
