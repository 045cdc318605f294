"""Families of wide networks: a law of frequencies and a way to lay the inputs, with the scales learned."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from bnnopt._typing import BoolArray, FloatArray, IntArray
from bnnopt.surrogates._wide._bound import Bound
from bnnopt.surrogates._wide._evidence import (
    Anchors,
    ScalePrior,
    Scales,
    ThinnedRows,
    learn_scales,
    log_evidence,
)
from bnnopt.surrogates._wide._few_centres import MAX_CENTRES
from bnnopt.surrogates._wide._inputs import INPUT_MAPS, InputMap
from bnnopt.surrogates._wide._last_layer import Observed, ObservedRows
from bnnopt.surrogates._wide._network import WideNetwork, solve_network
from bnnopt.surrogates._wide._rows import OneOutput, StreamedRows
from bnnopt.surrogates._wide._search import SHORT_STEP, maximise

__all__ = ["ROWS_TO_JUDGE", "WideFamily", "fit_families", "regime_of"]

ROWS_TO_JUDGE = 64
MOST_ROWS_JUDGED = 4096
JUDGING_PARTS = 4  # each network learns from all but one of so many parts of the rows


class FamilySize(NamedTuple):
    """How many networks a family has, and from how many rows at most each learns its scales."""

    n_networks: int
    n_learned: int


class Regime(NamedTuple):
    """What a number of rows asks for.

    Attributes
    ----------
    families : dict of str to (str, str)
        Law of the frequencies and input map of each family.
    size : FamilySize
        Of each.
    prior : ScalePrior
        Of the scales.
    """

    families: dict[str, tuple[str, str]]
    size: FamilySize
    prior: ScalePrior


BY_RANK = {
    "wide, matern, by rank": ("matern", "rank"),
    "wide, rough, by rank": ("rough", "rank"),
}
BY_RANGE = {
    "wide, matern": ("matern", "range"),
    "wide, smooth": ("smooth", "range"),
}
BY_RANGE_WITHOUT_SOME_INPUTS = {
    "wide, matern, dropped inputs": ("matern, dropped inputs", "range"),
    "wide, smooth, dropped inputs": ("smooth, dropped inputs", "range"),
}
STEPS_ON_ALL_ROWS = 10  # from scales learned from fewer rows, where not more than MAX_CENTRES are too many
STEPS_OF_THE_BOUND = 20  # likewise, with more rows
CENTRES_OF_THE_BOUND = 128
LARGEST_LOSS = 1.0  # of the evidence, in nats for each scale

# Below ROWS_TO_JUDGE rows it is the prior that keeps a function from wiggling between them.
PRIOR_OF_FEW_ROWS = ScalePrior(
    scale_mean=-0.5,
    scale_std=1.0,
    scale_std_below=1.0,
    noise_mean=-4.0,
    scale_spread=0.5,
    amplitude_spread=0.3,
    noise_spread=1.0,
    first_scale=np.inf,
    first_noise=-4.0,
)
PRIOR_OF_MANY_ROWS = ScalePrior(
    scale_mean=0.0,
    scale_std=1.5,
    scale_std_below=4.0,  # with rows enough to tell, inputs that do not matter are let go
    noise_mean=-6.0,
    scale_spread=1.0,
    amplitude_spread=0.5,
    noise_spread=1.5,
    first_scale=-0.5,
    first_noise=-2.5,
)
FEW_ROWS = Regime(BY_RANGE, FamilySize(4, 200), PRIOR_OF_FEW_ROWS)
JUDGED_ROWS = Regime(BY_RANGE_WITHOUT_SOME_INPUTS | BY_RANK, FamilySize(4, 200), PRIOR_OF_MANY_ROWS)
# Networks of one family agree: one that learns from more rows beats several. To drop inputs gains next to
# nothing here, and takes an exponential for each input, row and centre.
MANY_ROWS = Regime(BY_RANGE | BY_RANK, FamilySize(1, 400), PRIOR_OF_MANY_ROWS)
SMALLEST_SHARE = 1e-12  # where all judges of a row weigh nothing, they weigh the same


@dataclass(frozen=True)
class WideFamily:
    """Networks of one kind that differ by their anchors and by the rows they learned their scales from.

    Attributes
    ----------
    name : str
        As in `Regime.families`.
    networks : tuple of WideNetwork
        With their last layers solved on all rows.
    shares : ndarray of shape (n_networks,)
        Weight of each within the family; the sum is 1.
    judged : ndarray of int, shape (n_judged,)
        Rows that were predicted without them, in rising order; the same for all families of a fit.
    held_out_mean, held_out_variance : ndarray of shape (n_judged,)
        Their predictions, noise included, by the networks that did not learn their scales from the row where
        there are any.
    """

    name: str
    networks: tuple[WideNetwork, ...]
    shares: FloatArray
    judged: IntArray
    held_out_mean: FloatArray
    held_out_variance: FloatArray


def regime_of(n_rows: int) -> Regime:
    """Return the regime of so many rows."""
    if n_rows < ROWS_TO_JUDGE:
        return FEW_ROWS
    return JUDGED_ROWS if n_rows <= MAX_CENTRES else MANY_ROWS


def fit_families(
    rows: OneOutput, rng: np.random.Generator, n_steps: int, everything: StreamedRows | None = None
) -> list[WideFamily]:
    """Learn the scales of all networks side by side, then solve each on all rows.

    From `ROWS_TO_JUDGE` rows on the families are judged by networks that learned their scales from a part of
    the rows each: the last layer is solved on all, and what it predicts for a row without that row follows in
    closed form. Where there are rows enough for every part, these networks are also the ones that predict.
    With few rows nothing is judged, and only the smoother families take part.

    Parameters
    ----------
    rows : OneOutput
        At least one row.
    rng : numpy.random.Generator
        Draws anchors, parts and centres.
    n_steps : int
        Steps of the search.
    everything : StreamedRows, default=None
        All rows, if `rows` are a sample of them: the last layers are solved on them.
    """
    n_rows = len(rows.y)
    regime = regime_of(n_rows)
    size, crew = regime.size, _Crew.of(rows, everything, regime, rng)
    all_places = np.tile(np.arange(n_rows), (size.n_networks, 1))
    if regime is FEW_ROWS:
        networks = crew.solved(crew.learned(all_places, n_steps))
        return crew.families(
            networks, networks, np.zeros(len(networks)), np.zeros_like(all_places, dtype=bool)
        )
    parts = _parts(n_rows, size, rng)
    judges = scales = crew.learned(parts, n_steps)
    common = _common_part(n_rows, size, rng)
    if n_rows <= size.n_learned:
        scales = crew.learned(all_places, n_steps)
    elif n_rows <= MAX_CENTRES:
        scales = crew.learned(all_places, min(n_steps, STEPS_ON_ALL_ROWS), start=judges)
    else:
        judges = scales = crew.learned_further(scales, common, min(n_steps, STEPS_OF_THE_BOUND))
    evidence = crew.log_evidence(scales, common)
    networks = crew.solved(scales)
    judging = networks if judges is scales else crew.solved(judges)
    return crew.families(networks, judging, evidence, _is_seen(parts, n_rows))


class _Crew:
    """Networks of several families, as many of each as the size says, one after the other."""

    def __init__(
        self,
        rows: OneOutput,
        everything: StreamedRows | None,
        regime: Regime,
        anchors: Anchors,
        rng: np.random.Generator,
    ) -> None:
        n_rows, families, each = len(rows.y), regime.families, regime.size.n_networks
        maps = _input_maps(rows, everything)
        self._rows, self._names, self._each, self._anchors = rows, list(families), each, anchors
        self._everything = everything
        self._spectra = [spectrum for spectrum, _ in families.values() for _ in range(each)]
        self._maps: list[InputMap] = [maps[kind] for _, kind in families.values() for _ in range(each)]
        self._centres = np.sort(rng.permutation(n_rows)[:MAX_CENTRES])
        is_sample = n_rows > MOST_ROWS_JUDGED
        self._judged = np.sort(rng.permutation(n_rows)[:MOST_ROWS_JUDGED]) if is_sample else np.arange(n_rows)

    @classmethod
    def of(
        cls, rows: OneOutput, everything: StreamedRows | None, regime: Regime, rng: np.random.Generator
    ) -> "_Crew":
        """Draw anchors, centres and the rows to judge by."""
        n_networks = len(regime.families) * regime.size.n_networks
        anchors = Anchors.draw(n_networks, rows.X.shape[1], regime.prior, rng)
        return cls(rows, everything, regime, anchors, rng)

    def learned(self, parts: IntArray, n_steps: int, start: Scales | None = None) -> Scales:
        """Learn scales, each network of a family from its part of the rows."""
        thinned = self._thinned(np.tile(parts, (len(self._names), 1)))
        return learn_scales(thinned, self._spectra, self._anchors, n_steps, start)

    def learned_further(self, scales: Scales, part: IntArray, n_steps: int) -> Scales:
        """Let the network of most evidence learn on from all rows, or as many as are judged, with a bound.

        With 128 centres a function that needs more looks like a smoother one with more noise: what was
        learned is kept if the evidence of the part, which needs no centres, is not much smaller with it.
        """
        evidence = self.log_evidence(scales, part)
        best = int(np.argmax(evidence))
        input_map, anchor, spectrum = self._maps[best], self._anchors.only(best), self._spectra[best]
        rows = self._rows.only(self._judged)
        rows = replace(rows, X=input_map(rows.X))
        step = max(len(self._centres) // CENTRES_OF_THE_BOUND, 1)
        centres = input_map(self._rows.X[self._centres[::step]])

        def gradient(point: FloatArray) -> FloatArray:
            return Bound(rows, centres, spectrum, Scales.of(point)).gradient()[None] + anchor.pull(point)

        point = scales.point
        point[best] = maximise(gradient, point[[best]], n_steps, SHORT_STEP)[0]
        further = Scales.of(point)
        loss = (evidence - self.log_evidence(further, part))[best]
        return further if loss <= LARGEST_LOSS * point.shape[1] else scales

    def log_evidence(self, scales: Scales, part: IntArray) -> FloatArray:
        """Evidence of all networks on the same rows."""
        parts = np.tile(part, (len(self._spectra), 1))
        return log_evidence(self._thinned(parts), self._spectra, scales)

    def solved(self, scales: Scales) -> list[WideNetwork]:
        """Solve the last layers on all rows."""
        networks = []
        for place, spectrum in enumerate(self._spectra):
            noise = float(scales.noises[place])
            observed = _observed(self._rows, noise)
            blocks = None if self._everything is None else _in_blocks(self._everything, noise)
            own = self._maps[place], scales.only(place)
            networks.append(solve_network(spectrum, *own, *observed, self._centres, self._judged, blocks))
        return networks

    def families(
        self,
        networks: list[WideNetwork],
        judges: list[WideNetwork],
        evidence: FloatArray,
        is_seen: BoolArray,
    ) -> list[WideFamily]:
        """Put the families together."""
        found = []
        for number, name in enumerate(self._names):
            own = slice(number * self._each, (number + 1) * self._each)
            shares = np.exp(evidence[own] - evidence[own].max())
            shares /= shares.sum()
            held_out = _held_out(self._rows.only(self._judged), judges[own], shares, is_seen[:, self._judged])
            found.append(WideFamily(name, tuple(networks[own]), shares, self._judged, *held_out))
        return found

    def _thinned(self, parts: IntArray) -> ThinnedRows:
        rows = self._rows
        mapped = [input_map(rows.X[part]) for input_map, part in zip(self._maps, parts, strict=True)]
        return ThinnedRows(
            X=np.stack(mapped),
            y=rows.y[parts],
            weights=rows.weights[parts],
            noise_factors=rows.noise_factors[parts],
            known_noise=rows.known_noise[parts],
        )


def _input_maps(rows: OneOutput, everything: StreamedRows | None) -> dict[str, InputMap]:
    """Make each kind of input map: ranks from the rows at hand, ranges from all."""
    maps: dict[str, InputMap] = {kind: law.of(rows.X, rows.weights) for kind, law in INPUT_MAPS.items()}
    if everything is None:
        return maps
    return {kind: own.within(everything.lower, everything.upper) for kind, own in maps.items()}


def _observed(rows: OneOutput, noise: float) -> ObservedRows:
    """Rows as a network of that noise variance sees them: one stands for all its repeats."""
    return ObservedRows(rows.X, Observed(rows.y, rows.noise(noise) / rows.weights))


def _in_blocks(everything: StreamedRows, noise: float) -> Iterator[ObservedRows]:
    return (_observed(block, noise) for block in everything.blocks())


def _parts(n_rows: int, size: FamilySize, rng: np.random.Generator) -> IntArray:
    """Rows that each network of a family learns from, shape (n_networks, n_learned); each omits a share."""
    order = rng.permutation(n_rows)
    left_out = [order[number::JUDGING_PARTS] for number in range(size.n_networks)]
    n_learned = min(n_rows - len(left_out[0]), size.n_learned)
    parts = [rng.permutation(np.setdiff1d(order, rest))[:n_learned] for rest in left_out]
    return np.array([np.sort(part) for part in parts])


def _common_part(n_rows: int, size: FamilySize, rng: np.random.Generator) -> IntArray:
    """All rows, or as many of them as the scales are learned from."""
    return np.sort(rng.permutation(n_rows)[: size.n_learned])


def _is_seen(parts: IntArray, n_rows: int) -> BoolArray:
    """Tell which rows each network learned its scales from, shape (n_networks, n_rows)."""
    is_seen = np.zeros((len(parts), n_rows), dtype=bool)
    np.put_along_axis(is_seen, parts, True, axis=1)
    return is_seen


def _held_out(
    rows: OneOutput, judges: list[WideNetwork], shares: FloatArray, is_seen: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Predict each row without it, by networks that did not learn their scales from it, if there are any."""
    means = np.array([judge.last_layer.left_out_mean for judge in judges])
    variances = np.array([_left_out_variance(rows, judge) for judge in judges])
    judging = (shares[:, None] + SMALLEST_SHARE) * (~is_seen | is_seen.all(axis=0))
    judging /= judging.sum(axis=0)
    mean = (judging * means).sum(axis=0)
    return mean, (judging * (variances + np.square(means - mean))).sum(axis=0)


def _left_out_variance(rows: OneOutput, network: WideNetwork) -> FloatArray:
    """Variance of one measurement of each row, predicted without the row."""
    one = rows.noise(network.noise)
    return network.last_layer.left_out_variance + one * (1.0 - 1.0 / rows.weights)
