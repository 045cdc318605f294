"""Mean and std from stochastic passes of a network, and how far they and bnnopt are from the truth."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks._paper_network import Scalers, paper_network
from bnnopt._typing import FloatArray

__all__ = ["N_MASKS", "Errors", "NaivePasses", "monte_carlo_errors"]

N_MASKS, N_MASKS_OF_TRUTH = 100, 4000
FEWER_MASKS = (2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 100)
N_JUDGED = 2000
ROWS_PER_BATCH = 4096

Moments = tuple[FloatArray, FloatArray]


class NaivePasses:
    """Stochastic passes of the trained network in plain Keras, a new mask for every row and pass."""

    def __init__(self, networks: Any, scalers: Scalers) -> None:
        import tensorflow as tf

        self._scalers = scalers
        self._network = paper_network(networks.kernels[0].shape[1], networks.kernels[-1].shape[2])
        layers = zip(networks.kernels, networks.biases, strict=True)
        self._network.set_weights([values[0] for layer in layers for values in layer])
        self._passes = tf.function(self._moments_of_batch, autograph=False, reduce_retracing=True)

    def moments(self, X: FloatArray) -> Moments:
        """Mean and std at rows of the table, in the outcomes' units."""
        return self._scalers.restored(*self.scaled_moments(self._scalers.inputs(X)))

    def scaled_moments(self, rows: FloatArray) -> Moments:
        """Mean and std of scaled outcomes at scaled rows, each of shape (n_rows, n_outputs)."""
        batches = [rows[i : i + ROWS_PER_BATCH] for i in range(0, len(rows), ROWS_PER_BATCH)]
        parts = [[part.numpy() for part in self._passes(batch)] for batch in batches]
        mean, squares = (np.concatenate(part) for part in zip(*parts, strict=True))
        return mean, np.sqrt(squares / N_MASKS)

    def _moments_of_batch(self, rows: Any) -> Any:
        """Mean and sum of squared differences from it (Welford 1962)."""
        import tensorflow as tf

        def one_pass(done: Any, mean: Any, squares: Any) -> Any:
            outputs = self._network(rows, training=True)
            difference = outputs - mean
            mean += difference / tf.cast(done + 1, tf.float32)
            return done + 1, mean, squares + difference * (outputs - mean)

        zeros = tf.zeros([tf.shape(rows)[0], self._network.output_shape[1]])
        return tf.while_loop(lambda done, *_: done < N_MASKS, one_pass, [tf.constant(0), zeros, zeros])[1:]


@dataclass(frozen=True)
class Errors:
    """Monte Carlo errors of the std, relative, and how far naive passes are from bnnopt.

    Attributes
    ----------
    naive : float
        Of 100 naive passes.
    by_masks : dict of int to float
        Of bnnopt by its number of masks, up to the first that is no larger than `naive`.
    deviations : tuple of float
        Largest difference of the means and of the variances, in standard errors.
    """

    naive: float
    by_masks: dict[int, float]
    deviations: tuple[float, float]

    @property
    def n_masks(self) -> int:
        """Number of masks with the error of naive passes."""
        return max(self.by_masks)

    def notes(self) -> list[str]:
        """Say it in words."""
        errors = ", ".join(f"{n_masks} masks {error:.3g}" for n_masks, error in self.by_masks.items())
        mean, variance = self.deviations
        naive = f"{N_MASKS} naive passes {self.naive:.3g}"
        return [
            f"- relative Monte Carlo error of the std: {naive}; bnnopt, {errors}",
            f"- largest difference from bnnopt, in standard errors: mean {mean:.2f}, variance {variance:.2f}",
        ]


def monte_carlo_errors(networks: Any, naive: NaivePasses, n_draws: int) -> Errors:
    """Measure the errors of independent draws of the masks at scaled rows.

    Parameters
    ----------
    networks : object with kernels and biases
        The trained network.
    naive : NaivePasses
        Its passes.
    n_draws : int
        Draws of the masks, at least 2.
    """
    rows = np.random.default_rng(2).uniform(-1.2, 1.2, (N_JUDGED, 9)).astype(np.float32)
    mean, std = _scaled_moments(networks, rows, N_MASKS_OF_TRUTH, 0)

    def relative(draws: list[Moments]) -> FloatArray:
        """Differences from the truth: of the means in units of the std, and of the std over the std."""
        return np.array([((m - mean) / std, s / std - 1) for m, s in draws])

    passes = relative([naive.scaled_moments(rows) for _ in range(n_draws)])
    by_masks: dict[int, FloatArray] = {}
    for n_masks in FEWER_MASKS:
        by_masks[n_masks] = relative(
            [_scaled_moments(networks, rows, n_masks, 1 + draw) for draw in range(n_draws)]
        )
        if _error(by_masks[n_masks]) <= _error(passes):
            break
    of_truth = next(reversed(by_masks.values())).var(axis=0, ddof=1) * max(by_masks) / N_MASKS_OF_TRUTH
    errors = {n_masks: _error(draws) for n_masks, draws in by_masks.items()}
    return Errors(_error(passes), errors, _deviations(passes, of_truth))


def _error(draws: FloatArray) -> float:
    """Root mean square of the relative differences of the std, from shape (n_draws, 2, n_rows, n_outputs)."""
    return float(np.sqrt(np.mean(np.square(draws[:, 1]))))


def _deviations(passes: FloatArray, of_truth: FloatArray) -> tuple[float, float]:
    """Largest differences from the truth of the naive mean and variance, in standard errors.

    Their variances are means over rows: in these units rows are alike. The variance of 100 passes, with 99 in
    the denominator, has no bias.
    """
    passes = np.stack([passes[:, 0], np.square(1 + passes[:, 1]) * N_MASKS / (N_MASKS - 1) - 1], axis=1)
    variance = passes.var(axis=0, ddof=1) / len(passes) + of_truth * np.array([1, 4])[:, None, None]
    deviations = np.abs(passes.mean(axis=0)) / np.sqrt(variance.mean(axis=1, keepdims=True))
    mean, spread = deviations.max(axis=(1, 2))
    return float(mean), float(spread)


def _scaled_moments(networks: Any, rows: FloatArray, n_masks: int, seed: int) -> Moments:
    """Mean and std as bnnopt predicts them, with masks by a seed."""
    from bnnopt.surrogates._dropout._networks import draw_masks
    from bnnopt.surrogates._dropout._propagation import propagate_moments

    masks = draw_masks(networks, n_masks, np.random.default_rng(seed))
    mean, variance = propagate_moments(rows, networks, masks)
    return mean, np.sqrt(variance)
