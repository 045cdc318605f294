"""Members of several families, learned side by side, conditioned on all rows and weighed.

One rule holds for all numbers of rows. What is chosen for cost only are the rows that hyperparameters are
learned from (`rows_within_budget`) and the inducing points of a sparse posterior.
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit, softmax

from bnnopt._typing import BoolArray, FloatArray, IntArray
from bnnopt.surrogates._gaussian_process._blocks import Blocks
from bnnopt.surrogates._gaussian_process._comparison import Comparison, compare
from bnnopt.surrogates._gaussian_process._exact import (
    LearningRows,
    likelihood_with_gradient,
    log_marginal_likelihood,
)
from bnnopt.surrogates._gaussian_process._hyperparameters import Anchors, Hyperparameters, Learned, Prior
from bnnopt.surrogates._gaussian_process._input_maps import InputMap, input_maps
from bnnopt.surrogates._gaussian_process._kernels import KERNELS
from bnnopt.surrogates._gaussian_process._pairs import RowsOfMembers
from bnnopt.surrogates._gaussian_process._process import GaussianProcess, condition
from bnnopt.surrogates._gaussian_process._sparse import MOST_INDUCING, bound_with_gradient
from bnnopt.surrogates._gaussian_process._unseen import predict_unseen
from bnnopt.surrogates._rows import Rows
from bnnopt.surrogates._stacking._shares import HeldOut

__all__ = ["FAMILIES", "Ensemble", "fit_ensemble"]

FAMILIES: dict[str, tuple[str, str]] = {
    "matern_5_2": ("matern_5_2", "range"),
    "squared_exponential": ("squared_exponential", "range"),
    "anova_matern_5_2": ("anova_matern_5_2", "range"),
    "anova_squared_exponential": ("anova_squared_exponential", "range"),
    "matern_5_2_by_rank": ("matern_5_2", "rank"),
    "exponential_by_rank": ("exponential", "rank"),
    "deep_relu": ("deep_relu", "range"),
}
"""Kernel and input map of each family by name."""

PRIOR = Prior(
    length_scale=0.8,
    length_scale_std=1.0,
    signal_std=2.0,
    offset_std=2.0,
    noise_std=3.0,
    offset=np.exp(-2.0),
    noise=np.exp(-4.0),
    tail=3.0,
    length_scale_spread=0.5,
    signal_spread=0.3,
    noise_spread=1.0,
    first_length_scale=0.1,
    first_noise=np.exp(-4.0),
)
N_PARTS = 4  # each member learns from all but one of so many parts of the rows
N_STARTS = 2
STEPS, FURTHER_STEPS, STEPS_OF_THE_BOUND = 24, 16, 12
N_LEARN_FROM_ALL = 2  # members
INDUCING_OF_THE_BOUND = 128
WIDTH_OF_NOISE = 1.0  # in nats, see `learn_from_two_starts`
LARGEST_LOSS = 1.0  # of the marginal likelihood, in nats for each hyperparameter
MOST_ON_TRIAL = 512  # rows by which families are compared before they go on
MOST_COMPARED = 4096
SMALLEST_WEIGHT = 0.02  # of a member in its family, that predicts

LEARNING_SECONDS = 0.25  # on one core, for a search of all members of an output
SECONDS_OF_A_CUBE = 5e-10  # of one step of one member, by the cube of its rows
SHARE_OF_STEPS = 0.5  # that a member makes in the mean before it has arrived
FEWEST_LEARNED = 100


@dataclass(frozen=True)
class Family:
    """Members of one kernel and input map, which differ by their anchors and by the rows they learned from.

    Attributes
    ----------
    name : str
        A key of `FAMILIES`.
    members : tuple of GaussianProcess
        Conditioned on all rows.
    shares : ndarray of shape (n_members,)
        Weight of each within the family; the sum is 1.
    """

    name: str
    members: tuple[GaussianProcess, ...]
    shares: FloatArray


@dataclass(frozen=True)
class Ensemble:
    """Families of one standardised output and what they say of rows that they have not seen.

    Attributes
    ----------
    families : tuple of Family
        Those that predict.
    compared : Comparison
        Of the families, by which those that predict were chosen.
    is_all_learned : bool
        Whether hyperparameters were learned from all rows in the end.
    blocks : Blocks
        Columns that share a length scale.
    """

    families: tuple[Family, ...]
    compared: Comparison
    is_all_learned: bool
    blocks: Blocks

    def unseen(self) -> tuple[FloatArray, HeldOut]:
        """Predict rows as if they had never been seen.

        Where hyperparameters were learned from all rows, they are corrected for each row, to first order.
        Those learned from a few hundred of more rows are taken as they are: most rows had no part in them,
        and the others next to none.

        Returns
        -------
        shares : ndarray of shape (k,)
            Of the members, or of the families that were compared.
        held_out : HeldOut
            Of the rows compared.
        """
        own = self.compared
        if not self.is_all_learned:
            return own.shares, own.held_out
        members = [member for family in self.families for member in family.members]
        found = [predict_unseen(member, own.rows, self.blocks, PRIOR) for member in members]
        shares = np.concatenate([own.share_of(each.name) * each.shares for each in self.families])
        return shares, HeldOut(*(np.array(each) for each in zip(*found, strict=True)))


def fit_ensemble(
    rows: Rows,
    families: Sequence[str],
    n_members: int,
    rng: np.random.Generator,
    one_hot_columns: Sequence[Sequence[int]] = (),
) -> Ensemble:
    """Learn members of several families, weigh the families, and condition those that predict on all rows.

    Each member of a family first learns from a part of the rows: what it then predicts for a row of the rest
    without that row is honest, and follows in closed form. It decides the shares of the families. Those that
    have any go on from there with all rows, as many as the time budget allows, and predict. Where these are
    not all, the shares are decided anew, with what was learned in the end, by all rows.

    Parameters
    ----------
    rows : Rows
        Of one output, standardised; at least one.
    families : sequence of str
        Keys of `FAMILIES`.
    n_members : int
        Members of each.
    rng : numpy.random.Generator
        Draws anchors, parts and inducing points.
    one_hot_columns : sequence of sequence of int, default=()
        The columns of the levels of each category; they share a length scale.
    """
    blocks = Blocks.of(rows.X.shape[1], one_hot_columns)
    learner = _Learner(rows, families, n_members, rng, blocks)
    parts = _parts(len(rows), n_members, learner.rows_for(N_STARTS * STEPS), rng)
    first = learner.learn_from_two_starts(parts, STEPS)
    part = np.sort(rng.permutation(len(rows))[: learner.rows_for(STEPS)])
    compared = learner.compare_on_trial(first.hyperparameters, _is_seen(parts, len(rows)), part)
    learner, start = learner.only(compared.kept), first.only(learner.places_of(compared.kept))
    part = np.sort(rng.permutation(len(rows))[: learner.rows_for(FURTHER_STEPS)])
    further = learner.learn(np.tile(part, (n_members, 1)), FURTHER_STEPS, start).hyperparameters
    is_all_learned = len(part) == len(rows)
    if not is_all_learned:
        further = learner.learn_from_all(further, part)
    weights = learner.within_families(further, part)
    is_unvaried = blocks.are_all(np.ptp(rows.X, axis=0) == 0)
    found = learner.condition(further.open_to(is_unvaried), weights)
    if not is_all_learned:
        compared = learner.compare(found)
        found = [found[number] for number in compared.kept]
    return Ensemble(tuple(found), compared, rows.stream is None and is_all_learned, blocks)


def rows_compared(n_rows: int) -> IntArray:
    """Places of the rows by which families are compared, the same for all outputs."""
    return np.sort(np.random.default_rng(0).permutation(n_rows)[:MOST_COMPARED])


def rows_within_budget(n_members: int, n_steps: int) -> int:
    """Rows that at most so many steps of so many members may take within the time budget of learning."""
    seconds = SECONDS_OF_A_CUBE * SHARE_OF_STEPS * n_members * n_steps
    return max(int(np.cbrt(LEARNING_SECONDS / seconds)), FEWEST_LEARNED)


class _Learner:
    """Members of several families, as many of each, one after the other."""

    def __init__(
        self,
        rows: Rows,
        families: Sequence[str],
        n_members: int,
        rng: np.random.Generator,
        blocks: Blocks,
    ) -> None:
        maps, n_rows = input_maps(rows, blocks.is_level), len(rows)
        self._blocks = blocks
        self._rows, self._names, self._each = rows, tuple(families), n_members
        pairs = [FAMILIES[name] for name in families for _ in range(n_members)]
        self._kernels = [kernel for kernel, _ in pairs]
        self._maps: list[InputMap] = [maps[name] for _, name in pairs]
        self._anchors = Anchors.draw(len(pairs), blocks.n_blocks, PRIOR, rng)
        self._inducing = np.sort(rng.permutation(n_rows)[:MOST_INDUCING])
        self._on_trial = np.sort(rng.permutation(n_rows)[:MOST_ON_TRIAL])
        self._compared = rows_compared(n_rows)

    def rows_for(self, n_steps: int) -> int:
        """Rows that so many steps of all members may take within the time budget of learning."""
        return rows_within_budget(len(self._kernels), n_steps)

    def places_of(self, families: Sequence[int]) -> IntArray:
        """Places of the members of some families."""
        return np.concatenate([np.arange(self._each) + self._each * number for number in families])

    def only(self, families: Sequence[int]) -> "_Learner":
        """Return the learner of some of the families."""
        places, own = self.places_of(families), copy(self)
        own._names = tuple(self._names[number] for number in families)
        own._kernels = [self._kernels[place] for place in places]
        own._maps = [self._maps[place] for place in places]
        own._anchors = self._anchors.only(places)
        return own

    def learn(self, parts: IntArray, n_steps: int, start: Learned | None = None) -> Learned:
        """Learn hyperparameters, each member of a family from its part of the rows."""
        rows = self._rows_of(np.tile(parts, (len(self._names), 1)))

        def likelihood(own: Hyperparameters, places: IntArray) -> tuple[FloatArray, FloatArray]:
            kernels = [self._kernels[place] for place in places]
            return likelihood_with_gradient(rows.of_members(places), kernels, own)

        return self._blocks.climb(likelihood, self._anchors, n_steps, start)

    def learn_from_two_starts(self, parts: IntArray, n_steps: int) -> Learned:
        """Learn as from a function of little noise and as from noise, each as often as it is likely.

        Where length scales are short against the gaps between rows, a function and noise are the same to the
        likelihood, and each has a maximum of its own. By Laplace's method that of noise, which leaves length
        scales open, is the wider one, by `WIDTH_OF_NOISE`. Where rows do not decide, some members take the
        rows for a function and some for noise, as many as the probabilities say: an optimizer that sees
        noise only would never look again at the best row of a plateau.
        """
        both, n = copy(self), len(self._kernels)
        both._names, both._kernels, both._maps = 2 * self._names, 2 * self._kernels, 2 * self._maps
        both._anchors = self._anchors.followed_by(self._anchors.from_noise())
        found = both.learn(parts, n_steps)
        is_noise = _are_noise(found.density[n:] - found.density[:n] + WIDTH_OF_NOISE)
        return found.only(np.arange(n) + n * is_noise)

    def learn_from_all(self, hyperparameters: Hyperparameters, part: IntArray) -> Hyperparameters:
        """Let the members of most marginal likelihood learn on from all rows, or as many as are compared.

        With 128 inducing points a function that needs more looks like a smoother one with more noise: what
        was learned is kept if the likelihood of the part, which needs no such points, is not much smaller
        with it.
        """
        before, point = self.log_likelihood(hyperparameters, part), hyperparameters.point
        best = np.argsort(-before, kind="stable")[:N_LEARN_FROM_ALL]
        for place in best.tolist():
            found = self._climb_the_bound(place, hyperparameters.only([place]), before[[place]])
            point[place] = found.point[0]
        loss = before - self.log_likelihood(Hyperparameters.of(point), part)
        is_lost = loss > LARGEST_LOSS * point.shape[1]
        return Hyperparameters.of(np.where(is_lost[:, None], hyperparameters.point, point))

    def _climb_the_bound(self, place: int, start: Hyperparameters, density: FloatArray) -> Hyperparameters:
        """Let one member learn on from all rows by the lower bound of the marginal likelihood."""
        input_map, kernel = self._maps[place], KERNELS[self._kernels[place]]
        rows = self._rows.only(self._compared)
        rows = replace(rows, X=input_map(rows.X))
        step = max(len(self._inducing) // INDUCING_OF_THE_BOUND, 1)
        inducing = input_map(self._rows.X[self._inducing[::step]])

        def likelihood(own: Hyperparameters, _: IntArray) -> tuple[FloatArray, FloatArray]:
            bound, gradient = bound_with_gradient(rows, inducing, kernel, own)
            return np.array([bound]), gradient[None]

        n_learned = self._anchors.point.shape[1]
        given = Learned(start, density, np.zeros((1, n_learned, n_learned)))
        anchors = self._anchors.only([place])
        return self._blocks.climb(likelihood, anchors, STEPS_OF_THE_BOUND, given).hyperparameters

    def log_likelihood(self, hyperparameters: Hyperparameters, parts: IntArray) -> FloatArray:
        """Log marginal likelihood of all members, (n_members,): those of a family on parts, or all on one."""
        parts = np.broadcast_to(parts, (self._each, parts.shape[-1]))
        rows = self._rows_of(np.tile(parts, (len(self._names), 1)))
        return log_marginal_likelihood(rows, self._kernels, hyperparameters)

    def within_families(self, hyperparameters: Hyperparameters, part: IntArray) -> FloatArray:
        """Weights of the members of each family by their marginal likelihood, (n_families, n_members)."""
        if self._each == 1:
            return np.ones((len(self._names), 1))
        likelihood = self.log_likelihood(hyperparameters, part).reshape(-1, self._each)
        return np.asarray(softmax(likelihood, axis=1))

    def compare_on_trial(
        self, hyperparameters: Hyperparameters, is_seen: BoolArray, part: IntArray
    ) -> Comparison:
        """Compare the families by rows on trial, given these; all rows, unless there are many."""
        rows = self._rows.only(self._on_trial)
        all_places = np.arange(len(rows))
        everyone = [
            self._conditioned(place, hyperparameters, rows, all_places).left_out(rows, all_places)
            for place in range(len(self._kernels))
        ]
        members = [everyone[start : start + self._each] for start in range(0, len(everyone), self._each)]
        weights = list(self.within_families(hyperparameters, part))
        return compare(self._names, members, weights, rows, self._on_trial, is_seen[:, self._on_trial])

    def compare(self, families: Sequence[Family]) -> Comparison:
        """Compare families that are conditioned on all rows."""
        members = [[each.left_out(self._rows, self._compared) for each in own.members] for own in families]
        weights, rows = [own.shares for own in families], self._rows.only(self._compared)
        return compare(self._names, members, weights, rows, self._compared)

    def condition(self, hyperparameters: Hyperparameters, weights: FloatArray) -> list[Family]:
        """Condition the members on all rows, but for those of next to no weight in their family."""
        families = []
        for number, (name, own) in enumerate(zip(self._names, weights, strict=True)):
            kept = np.flatnonzero(own >= min(SMALLEST_WEIGHT, own.max()))
            members = [
                self._conditioned(number * self._each + place, hyperparameters, self._rows, self._inducing)
                for place in kept.tolist()
            ]
            families.append(Family(name, tuple(members), own[kept] / own[kept].sum()))
        return families

    def _conditioned(
        self, place: int, hyperparameters: Hyperparameters, rows: Rows, inducing: IntArray
    ) -> GaussianProcess:
        own = self._kernels[place], self._maps[place], hyperparameters.only([place])
        return condition(*own, rows, inducing)

    def _rows_of(self, parts: IntArray) -> LearningRows:
        rows = self._rows
        return LearningRows(
            X=RowsOfMembers.of(
                np.stack([own(rows.X[part]) for own, part in zip(self._maps, parts, strict=True)])
            ),
            y=rows.y[parts, 0],
            weights=rows.weights[parts],
            noise_factors=rows.noise_factors[parts],
            known_noise=rows.known_noise[parts, 0],
        )


def _are_noise(log_odds: FloatArray) -> BoolArray:
    """Tell which members take rows for noise: as many as the sum of the probabilities, those of most odds."""
    n_noise = round(float(expit(log_odds).sum()))
    chosen = np.zeros(len(log_odds), dtype=bool)
    chosen[np.argsort(-log_odds, kind="stable")[:n_noise]] = True
    return chosen


def _parts(n_rows: int, n_members: int, n_learned: int, rng: np.random.Generator) -> IntArray:
    """Rows that each member of a family learns from, (n_members, at most n_learned); each omits a share."""
    order = rng.permutation(n_rows)
    n_parts = max(N_PARTS, n_members)
    left_out = [order[number::n_parts] for number in range(n_members)]
    n_learned = max(min(n_rows - len(left_out[0]), n_learned), 1)
    parts = [rng.permutation(np.setdiff1d(order, rest) if len(rest) < n_rows else order) for rest in left_out]
    return np.array([np.sort(part[:n_learned]) for part in parts])


def _is_seen(parts: IntArray, n_rows: int) -> BoolArray:
    """Tell which rows each member of a family learned from, shape (n_members, n_rows)."""
    is_seen = np.zeros((len(parts), n_rows), dtype=bool)
    np.put_along_axis(is_seen, parts, True, axis=1)
    return is_seen
