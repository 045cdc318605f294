"""Hyperparameters of Gaussian processes, what is thought of them before the rows, and how they are learned.

Each member is pulled to a draw of its own from the prior (anchored ensembles): where the rows say little the
members differ, so that their mixture stands for what is not known, and where the rows say much they agree.

References
----------
T. Pearce, F. Leibfried, A. Brintrup, "Uncertainty in neural networks: approximately Bayesian ensembling",
AISTATS 2020 (anchors). C. Hvarfner, E. O. Hellsten, L. Nardi, "Vanilla Bayesian optimization performs great
in high dimensions", ICML 2024 (length scales that grow with the root of the number of inputs).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from bnnopt import _climb
from bnnopt._climb import Steps
from bnnopt._typing import BoolArray, FloatArray, IntArray

__all__ = ["Anchors", "Hyperparameters", "Learned", "Prior", "climb"]

SMALLEST_NOISE = 1e-8  # of the variance of y: keeps the covariance of coincident rows invertible
INPUTS_OF_THE_PRIOR = 8  # with more, length scales grow so that rows stay as near as with so many
N_OTHERS = 3  # hyperparameters besides the length scales
SHARE_OF_NOISE = 0.7  # where a search begins that takes rows for noise, in units of the variance of y
FARTHEST = 6.0  # standard deviations from the anchor, beyond which the tail of the prior is a normal one
UNVARIED = 0.5  # longest length scale of an input that has not varied: one unit on, rows have little to say

FROM_AFAR = Steps(first_move=0.4, longest_move=2.0, least_gain=0.02, curvatures=(1.0, 1e3))
NEARBY = replace(FROM_AFAR, first_move=0.05)  # from where little is left to climb


@dataclass(frozen=True)
class Hyperparameters:
    """Hyperparameters of some members, as logarithms.

    Attributes
    ----------
    log_length_scales : ndarray of shape (n_members, n_inputs)
        In units of the range of each input.
    log_signal, log_offset, log_noise : ndarray of shape (n_members,)
        Variances of the function, of its offset and of the noise, in units of the variance of y.
    """

    log_length_scales: FloatArray
    log_signal: FloatArray
    log_offset: FloatArray
    log_noise: FloatArray

    @classmethod
    def of(cls, point: FloatArray) -> "Hyperparameters":
        """Read from an array of shape (n_members, n_inputs + 3).

        Copies, not views: NumPy 2.0 takes the exponential of a view of one number by another path, which
        differs by the last bit, where the result happens to lie next to it in memory.
        """
        parts = point[:, :-N_OTHERS], point[:, -3], point[:, -2], point[:, -1]
        return cls(*(part.copy() for part in parts))

    @property
    def point(self) -> FloatArray:
        """As one array of shape (n_members, n_inputs + 3)."""
        return np.column_stack([self.log_length_scales, self.log_signal, self.log_offset, self.log_noise])

    def only(self, chosen: "list[int] | np.ndarray") -> "Hyperparameters":
        """Hyperparameters of some of the members."""
        return Hyperparameters.of(self.point[chosen])

    def open_to(self, is_unvaried: BoolArray) -> "Hyperparameters":
        """Cap the length scales of inputs that have not varied, (n_inputs,), such as those of unseen levels.

        Nothing was learned of such an input, and what moves along it is new. With the length scale of the
        prior a level of a category that no row has had would be taken for much like those that were run.
        """
        longest = np.where(is_unvaried, np.log(UNVARIED), np.inf)
        return replace(self, log_length_scales=np.minimum(self.log_length_scales, longest))

    @property
    def signal_variance(self) -> FloatArray:
        """Variance of the function, shape (n_members,)."""
        return np.exp(self.log_signal)

    @property
    def offset_variance(self) -> FloatArray:
        """Variance of the offset, shape (n_members,)."""
        return np.exp(self.log_offset)

    @property
    def noise_variance(self) -> FloatArray:
        """Variance of the noise, shape (n_members,)."""
        return np.exp(self.log_noise) + SMALLEST_NOISE

    def scaled(self, X: FloatArray) -> FloatArray:
        """Divide inputs of shape (n_members, n_rows, n_inputs) by the length scales."""
        return X * np.exp(-self.log_length_scales)[:, None]


class Prior(NamedTuple):
    """What is thought of the logarithms of the hyperparameters before the rows.

    Around its anchor each has a Student-t distribution with `tail` degrees of freedom. Near the anchor it
    is as strict as a normal distribution of that standard deviation, which few rows need. Far from it, it is
    weak enough for rows that have something to say, such as that an input does not matter. Beyond 6 standard
    deviations, where nothing changes but the rounding, it falls as a normal distribution.

    Attributes
    ----------
    length_scale : float
        Median of the length scale, in ranges of the input, with 8 inputs or fewer; with more it grows with
        the root of their number.
    length_scale_std, signal_std, offset_std, noise_std : float
        Standard deviations of the logarithms around the anchor.
    offset, noise : float
        Medians of the offset variance and the noise variance, in units of the variance of y.
    tail : float
        Degrees of freedom.
    length_scale_spread, signal_spread, noise_spread : float
        Standard deviations of the anchors.
    first_length_scale, first_noise : float
        A search begins at length scales no shorter than the first, and at the second. From long scales and
        much noise it finds the smooth explanation of the rows before one that runs through all of them.
    """

    length_scale: float
    length_scale_std: float
    signal_std: float
    offset_std: float
    noise_std: float
    offset: float
    noise: float
    tail: float
    length_scale_spread: float
    signal_spread: float
    noise_spread: float
    first_length_scale: float
    first_noise: float

    def curvature(self, n_hyperparameters: int) -> FloatArray:
        """Curvature of minus the log density at an anchor, in the order of `Hyperparameters.point`."""
        std = np.full(n_hyperparameters, self.length_scale_std)
        std[-N_OTHERS:] = self.signal_std, self.offset_std, self.noise_std
        return np.asarray((self.tail + 1.0) / self.tail / np.square(std))


@dataclass(frozen=True)
class Anchors:
    """Draws from the prior that the members are pulled to, how strongly, and where a search begins.

    Attributes
    ----------
    point, start : ndarray of shape (n_members, n_inputs + 3)
        In the order of `Hyperparameters.point`.
    std : ndarray of shape (n_inputs + 3,)
        Standard deviations of the prior around the anchor.
    tail : float
        Degrees of freedom of its distribution.
    """

    point: FloatArray
    start: FloatArray
    std: FloatArray
    tail: float

    @classmethod
    def draw(cls, n_members: int, n_inputs: int, prior: Prior, rng: np.random.Generator) -> "Anchors":
        """Draw the anchors of members with `n_inputs` inputs."""
        growth = 0.5 * np.log(max(n_inputs / INPUTS_OF_THE_PRIOR, 1.0))
        mean = np.full(n_inputs + N_OTHERS, np.log(prior.length_scale) + growth)
        mean[-N_OTHERS:] = 0.0, np.log(prior.offset), np.log(prior.noise)
        std, spread = np.full(
            (2, n_inputs + N_OTHERS), [[prior.length_scale_std], [prior.length_scale_spread]]
        )
        std[-N_OTHERS:] = prior.signal_std, prior.offset_std, prior.noise_std
        spread[-N_OTHERS:] = prior.signal_spread, 0.0, prior.noise_spread
        point = mean + spread * rng.standard_normal((n_members, n_inputs + N_OTHERS))
        start = point.copy()
        start[:, :-N_OTHERS] = np.maximum(start[:, :-N_OTHERS], np.log(prior.first_length_scale) + growth)
        start[:, -1] = np.log(prior.first_noise)
        return cls(point, start, std, prior.tail)

    def only(self, chosen: "list[int] | np.ndarray") -> "Anchors":
        """Anchors of some of the members."""
        return replace(self, point=self.point[chosen], start=self.start[chosen])

    def from_noise(self) -> "Anchors":
        """Anchors of the same members, whose search begins where nearly all is noise."""
        start = self.start.copy()
        start[:, -N_OTHERS], start[:, -1] = np.log(1.0 - SHARE_OF_NOISE), np.log(SHARE_OF_NOISE)
        return replace(self, start=start)

    def followed_by(self, other: "Anchors") -> "Anchors":
        """Put the anchors of further members behind these."""
        point, start = np.concatenate([self.point, other.point]), np.concatenate([self.start, other.start])
        return replace(self, point=point, start=start)

    def log_density(self, point: FloatArray) -> FloatArray:
        """Log prior density of each member's hyperparameters, up to a constant, (n_members,)."""
        gap = (self.point - point) / self.std
        beyond = np.maximum(np.abs(gap) - FARTHEST, 0.0)
        density = (self.tail + 1.0) * np.log1p(np.square(gap) / self.tail) + np.square(beyond)
        return np.asarray(-0.5 * density.sum(axis=1))

    def gradient(self, point: FloatArray) -> FloatArray:
        """Gradient of the log prior density, shape of `point`."""
        gap = (self.point - point) / self.std
        beyond = gap - np.clip(gap, -FARTHEST, FARTHEST)
        return ((self.tail + 1.0) / (self.tail + np.square(gap)) * gap + beyond) / self.std


@dataclass(frozen=True)
class Learned:
    """Hyperparameters of some members, as a search left them.

    Attributes
    ----------
    hyperparameters : Hyperparameters
    density : ndarray of shape (n_members,)
        Logarithm of what was maximised, up to a constant.
    inverse_curvatures : ndarray of shape (n_members, n_blocks + 3, n_blocks + 3)
        Of minus that, by the hyperparameters that were learned: one length scale for each block of columns.
    """

    hyperparameters: Hyperparameters
    density: FloatArray
    inverse_curvatures: FloatArray

    def only(self, chosen: "list[int] | np.ndarray") -> "Learned":
        """Those of some of the members."""
        return Learned(
            self.hyperparameters.only(chosen), self.density[chosen], self.inverse_curvatures[chosen]
        )


def climb(
    likelihood: Callable[[Hyperparameters, IntArray], tuple[FloatArray, FloatArray]],
    anchors: Anchors,
    n_steps: int,
    start: Learned | None = None,
) -> Learned:
    """Maximise a likelihood times the prior for each member.

    Parameters
    ----------
    likelihood : callable
        Hyperparameters of some members, and their places among all, to each one's log likelihood, (n,), and
        its gradient by `Hyperparameters.point`, (n, n_inputs + 3).
    anchors : Anchors
        Of the members.
    n_steps : int
        Steps of the search, at most.
    start : Learned, default=None
        Good ones to go on from, in short steps; where the anchors say by default.
    """

    def posterior(point: FloatArray, places: IntArray) -> tuple[FloatArray, FloatArray]:
        value, slope = likelihood(Hyperparameters.of(point), places)
        own = anchors.only(places)
        return value + own.log_density(point), slope + own.gradient(point)

    if start is None:
        found = _climb.climb(posterior, anchors.start, n_steps, FROM_AFAR)
    else:
        begin, known = start.hyperparameters.point, start.inverse_curvatures
        found = _climb.climb(posterior, begin, n_steps, NEARBY, inverse_curvatures=known)
    return Learned(Hyperparameters.of(found.points), found.values, found.inverse_curvatures)
