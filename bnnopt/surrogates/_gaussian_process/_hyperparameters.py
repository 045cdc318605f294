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

from bnnopt._typing import BoolArray, FloatArray, IntArray

__all__ = ["Anchors", "Hyperparameters", "Prior", "climb"]

SMALLEST_NOISE = 1e-8  # of the variance of y: keeps the covariance of coincident rows invertible
INPUTS_OF_THE_PRIOR = 8  # with more, length scales grow so that rows stay as near as with so many
N_OTHERS = 3  # hyperparameters besides the length scales
SHARE_OF_NOISE = 0.7  # where a search begins that takes rows for noise, in units of the variance of y
UNVARIED = 0.5  # longest length scale of an input that has not varied: one unit on, rows have little to say

# of Rprop
FIRST_STEP, SHORT_STEP = 0.2, 0.05  # from afar, and from where little is left to climb
SMALLEST_STEP, LARGEST_STEP = 1e-6, 1.0
GROWTH, SHRINKAGE = 1.2, 0.6
SMALLEST_SLOPE = 0.1  # nats for one unit of all logarithms together, below which a search has ended


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
        """Read from an array of shape (n_members, n_inputs + 3)."""
        return cls(point[:, :-N_OTHERS], point[:, -3], point[:, -2], point[:, -1])

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

    Around its anchor each has a Student-t law with `tail` degrees of freedom: near the anchor as strict as a
    normal law of that standard deviation, which few rows need, and far from it weak enough for rows that have
    something to say, such as that an input does not matter.

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
        Degrees of freedom of its law.
    counts : ndarray of shape (n_inputs + 3,) or float, default=1.0
        How much each counts in the density: less than 1 where columns share one length scale.
    """

    point: FloatArray
    start: FloatArray
    std: FloatArray
    tail: float
    counts: FloatArray | float = 1.0

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
        logs = self.counts * np.log1p(np.square(gap) / self.tail)
        return np.asarray(-0.5 * (self.tail + 1.0) * logs.sum(axis=1))

    def gradient(self, point: FloatArray) -> FloatArray:
        """Gradient of the log prior density, shape of `point`; of a shared length scale in each column."""
        gap = (self.point - point) / self.std
        return (self.tail + 1.0) / (self.tail + np.square(gap)) * gap / self.std


def climb(
    gradient: Callable[[Hyperparameters, IntArray], FloatArray],
    anchors: Anchors,
    n_steps: int,
    start: Hyperparameters | None = None,
) -> Hyperparameters:
    """Maximise a likelihood times the prior for each member.

    Parameters
    ----------
    gradient : callable
        Hyperparameters of some members, and their places among all, to the gradient of each one's log
        likelihood, shape (len(places), n_inputs + 3).
    anchors : Anchors
        Of the members.
    n_steps : int
        Steps of the search, at most.
    start : Hyperparameters, default=None
        Good ones to go on from, in short steps; where the anchors say by default.
    """

    def slope(point: FloatArray, places: IntArray) -> FloatArray:
        return gradient(Hyperparameters.of(point), places) + anchors.only(places).gradient(point)

    begin = anchors.start if start is None else start.point
    return Hyperparameters.of(_maximise(slope, begin, n_steps, is_near=start is not None))


def _maximise(
    gradient: Callable[[FloatArray, IntArray], FloatArray],
    start: FloatArray,
    n_steps: int,
    *,
    is_near: bool = False,
) -> FloatArray:
    """Climb with Rprop: each coordinate has its own step, longer while the slope keeps its sign.

    On the marginal likelihood of a few dozen rows, 40 such steps come as far as 200 of Adam. A coordinate
    whose slope turned around stays where it is for one step. A function whose slopes promise next to nothing
    is left where it is, and costs nothing from there on.

    Parameters
    ----------
    gradient : callable
        Points of shape (n, n_coordinates) of some functions, and the places of these, to the gradient of each
        at its point.
    start : ndarray of shape (n_functions, n_coordinates)
        Where to begin.
    n_steps : int
        Steps to make, at most.
    is_near : bool, default=False
        Whether the start is a good one: first steps are then 0.05 long in each coordinate, else 0.2.

    Returns
    -------
    ndarray of shape (n_functions, n_coordinates)
        Where the climb ended.

    References
    ----------
    M. Riedmiller, H. Braun, "A direct adaptive method for faster backpropagation learning: the RPROP
    algorithm", ICNN 1993. M. Blum, M. Riedmiller, "Optimization of Gaussian process hyperparameters using
    Rprop", ESANN 2013.
    """
    point, before = start.copy(), np.zeros_like(start)
    step = np.full_like(start, SHORT_STEP if is_near else FIRST_STEP)
    places = np.arange(len(start))
    for _ in range(n_steps):
        slope = gradient(point[places], places)
        is_open = np.abs(slope).sum(axis=1) >= SMALLEST_SLOPE
        places, slope = places[is_open], slope[is_open]
        if not len(places):
            break
        turn = np.sign(slope * before[places])
        factor = np.where(turn > 0, GROWTH, np.where(turn < 0, SHRINKAGE, 1.0))
        step[places] = np.clip(factor * step[places], SMALLEST_STEP, LARGEST_STEP)
        before[places] = np.where(turn < 0, 0.0, slope)
        point[places] += np.sign(before[places]) * step[places]
    return point
