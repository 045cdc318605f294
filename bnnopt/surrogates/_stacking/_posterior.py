"""Members with their shares of each output, and what they predict together."""

from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import ndtr
from scipy.stats import t as student_t

from bnnopt._estimators import draw_seed
from bnnopt._typing import FloatArray, IntArray
from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates._predictive._mixtures import (
    Believed,
    Covariances,
    HeldOutPredictions,
    OutputMixture,
    in_proportion,
    joined_mixtures,
    matched_slopes,
    mixed_covariances,
    spread_out,
)
from bnnopt.surrogates._predictive._quantiles import Calibration, calibration_of
from bnnopt.surrogates._stacking._members import Data, Member
from bnnopt.surrogates._stacking._shares import HeldOut, calibration_factor, stacking_shares

__all__ = ["SMALLEST_SHARE", "StackedPosterior", "Weighed", "gain_by"]

SMALLEST_SHARE = 0.01  # a member below is left out of predictions, and of the next fits for a while


class Weighed:
    """Members, what they say of the same held-out rows, and their shares of each output."""

    def __init__(self, data: Data, members: list[Member]) -> None:
        self.places = _common_places(data, members)
        self.y, self.weights = data.held_out_rows(self.places)
        self.centre, self.unit = data.centre_and_unit()
        at_places = [member.held_out_at(self.places) for member in members]
        self.mean = np.array([mean for mean, _ in at_places])
        self.variance = np.array([variance for _, variance in at_places])

    @classmethod
    def of(cls, data: Data, members: list[Member]) -> "Weighed":
        """Weigh members; `shares` has the shape (n_members, n_outputs)."""
        weighed = cls(data, members)
        columns = [weighed.shares_of(place) for place in range(len(weighed.unit))]
        weighed.shares = np.column_stack(columns)
        return weighed

    shares: FloatArray

    def held_out(self, place: int, chosen: Any = slice(None)) -> tuple[HeldOut, FloatArray]:
        """Predictions of one output by some of the members, and its values, standardised."""
        centre, unit = self.centre[place], self.unit[place]
        mean = (self.mean[chosen, :, place] - centre) / unit
        return HeldOut(mean, self.variance[chosen, :, place] / unit**2), (self.y[:, place] - centre) / unit

    def shares_of(self, place: int, chosen: Any = slice(None)) -> FloatArray:
        """Shares of some of the members in one output."""
        held_out, y = self.held_out(place, chosen)
        return stacking_shares(held_out.log_density(y), self.weights)

    def log_density(self, place: int, chosen: Any = slice(None)) -> FloatArray:
        """Log density of each row under the stacking of some of the members."""
        held_out, y = self.held_out(place, chosen)
        return held_out.mixed_log_density(y, self.shares_of(place, chosen))


def gain_by(data: Data, others: list[Member], trial: Member) -> tuple[float, float]:
    """Return how much a member raises the mean log density of held-out rows, and what chance may do.

    The latter is the upper limit of the 95 % interval of a mean difference of 0 (Student's t). Of several
    outputs, that which gains most beyond it.
    """
    weighed = Weighed(data, [*others, trial])
    gains = []
    for place in range(len(weighed.unit)):
        difference = weighed.log_density(place) - weighed.log_density(place, slice(len(others)))
        mean = float(np.average(difference, weights=weighed.weights))
        variance = float(np.average(np.square(difference - mean), weights=weighed.weights))
        n_others = max(len(difference) - 1, 1)
        gains.append((mean, float(student_t.ppf(0.975, n_others) * np.sqrt(variance / n_others))))
    return max(gains, key=lambda pair: pair[0] - pair[1])


def _common_places(data: Data, members: list[Member]) -> Any:
    places = np.sort(data.places)
    for member in members:
        places = np.intersect1d(places, member.held_out.rows)
    if not len(places):
        raise InvalidDataError(
            "The members have no held-out row in common. Let predict_held_out of each give all rows, or give "
            "all members the same random_state."
        )
    return places


def _at(rows: IntArray, chosen: IntArray) -> IntArray:
    """Return where chosen rows stand among others, both in rising order."""
    return np.searchsorted(rows, chosen)


class StackedPosterior:
    """Members with their shares, in the units of the outputs.

    Parameters
    ----------
    members : list of Member
    weighed : Weighed
        Their shares, and what they were weighed by.
    is_calibrated : bool
        Whether variances are scaled to the errors of held-out rows.
    data : Data
        What was learned from.

    Attributes
    ----------
    predicting : list of Member
        Those whose share is not next to nothing.
    shares : ndarray of shape (n_predicting, n_outputs)
    """

    def __init__(self, members: list[Member], weighed: Weighed, is_calibrated: bool, data: Data) -> None:
        is_kept = np.asarray((weighed.shares >= min(SMALLEST_SHARE, 1.0 / len(members))).any(axis=1))
        self.predicting = [member for member, keep in zip(members, is_kept, strict=True) if keep]
        shares = weighed.shares[is_kept]
        self.shares = shares / shares.sum(axis=0)
        self._weighed, self._given = weighed, data.given_places(weighed.places)
        self._outputs = range(shares.shape[1])
        self._calibration = [self._factor(place) if is_calibrated else 1.0 for place in self._outputs]
        mean_noise = np.array([member.mean_noise(data.X) for member in self.predicting])
        self.noise = (self.shares * mean_noise).sum(axis=0) * np.array(self._calibration)

    def _factor(self, place: int) -> float:
        held_out, y = self._weighed.held_out(place)
        moments = held_out.mixed(self._weighed.shares[:, place])
        return calibration_factor(y, *moments, self._weighed.weights)

    @property
    def held_out_log_density(self) -> float:
        """Mean log density of held-out rows, over rows and outputs."""
        means = []
        for place in self._outputs:
            held_out, y = self._weighed.held_out(place)
            shares, factor = self._weighed.shares[:, place], self._calibration[place]
            density = held_out.mixed_log_density(y, shares, factor)
            means.append(np.average(density, weights=self._weighed.weights))
        return float(np.mean(means))

    def noise_at(self, X: FloatArray) -> FloatArray:
        """Variance of the observation noise at rows, shape (n_rows, n_outputs)."""
        pairs = zip(self.predicting, self.shares, strict=True)
        return sum(shares * member.noise_at(X) for member, shares in pairs) * np.array(self._calibration)

    def mixtures(self, X: FloatArray, *, is_padded: bool) -> list[OutputMixture]:
        """Distribution of each output's function: where digits matter one component a member, else all."""
        of_members = [member.moments(X) if is_padded else member.mixtures(X) for member in self.predicting]
        return [self._joined([mixtures[place] for mixtures in of_members], place) for place in self._outputs]

    def slopes(self, X: FloatArray) -> list[tuple[OutputMixture, FloatArray, FloatArray]]:
        """Distribution of each output and the derivatives of its means and variances by X."""
        of_members = [member.slopes(X) for member in self.predicting]
        found: list[tuple[OutputMixture, FloatArray, FloatArray]] = []
        for place in self._outputs:
            mixtures, by_mean, by_variance = zip(*(each[place] for each in of_members), strict=True)
            mixture, factor = self._joined(list(mixtures), place), self._calibration[place]
            spread = spread_out(mixture.shares, np.concatenate(by_mean), factor)
            found.append((mixture, spread, factor * np.concatenate(by_variance)))
        return found

    @property
    def has_covariances(self) -> bool:
        """Whether all members that predict can tell covariances."""
        return all(member.has("predict_covariance") for member in self.predicting)

    @property
    def can_believe(self) -> bool:
        """Whether what is expected of rows can be taken for known."""
        return self.has_covariances

    def believing(self, X: FloatArray) -> Believed:
        """Return the posterior for which what it expects of rows is known."""
        return Believed(self, X)

    def covariances(self, X: FloatArray, Z: FloatArray, *, slopes: bool) -> list[Covariances]:
        """Covariances of each output's function at rows X with that at rows Z; with slopes if wanted."""
        parts = [member.covariances(X, Z, slopes=slopes) for member in self.predicting]
        if len(parts) == 1:
            return [own.times(factor) for own, factor in zip(parts[0], self._calibration, strict=True)]
        at_rows, at_others = ([member.moments(rows) for member in self.predicting] for rows in (X, Z))
        by_rows = [member.slopes(X) for member in self.predicting] if slopes else []
        found = []
        for place in self._outputs:
            means, others = (np.array([e[place].means[0] for e in each]) for each in (at_rows, at_others))
            by_means = [matched_slopes(*each[place])[1][0] for each in by_rows]
            own = [each[place] for each in parts]
            shares, rises = self.shares[:, place], np.array(by_means) if slopes else None
            joined = mixed_covariances(shares, own, means, others, rises)
            found.append(joined.times(self._calibration[place]))
        return found

    def draw(self, X: FloatArray, n_samples: int, rng: np.random.Generator) -> FloatArray:
        """Evaluate new functions, shape (n_rows, n_samples, n_outputs)."""
        chosen = [in_proportion(self.shares[:, place], n_samples, rng) for place in self._outputs]
        draws = np.empty((len(X), n_samples, len(self._outputs)))
        for number, member in enumerate(self.predicting):
            n_needed = max(int((each == number).sum()) for each in chosen)
            if not n_needed:
                continue
            values = member.draw(X, n_needed, draw_seed(rng))
            for place, own in enumerate(chosen):
                taken = np.flatnonzero(own == number)
                draws[:, taken, place] = values[:, : len(taken), place]
        factors = np.array(self._calibration)
        if (factors == 1.0).all():
            return draws
        middle = np.column_stack([mixture.moments()[0] for mixture in self.mixtures(X, is_padded=True)])[
            :, None
        ]
        return middle + np.sqrt(factors) * (draws - middle)

    def unseen(self) -> list[HeldOutPredictions]:
        """Predictions of rows as if they had never been seen, of each output."""
        found, (places, sources) = [], self._given
        for place in self._outputs:
            at, held_out = self._unseen(place)
            mean, variance = np.full((2, len(self._weighed.places)), np.nan)
            mean[at], variance[at] = held_out.mixed(self.shares[:, place])
            is_there = np.isfinite(mean)[sources]
            mean, variance = mean[sources][is_there], self._calibration[place] * variance[sources][is_there]
            found.append(HeldOutPredictions(places[is_there], mean, variance))
        return found

    @cached_property
    def calibrations(self) -> list[Calibration]:
        """What levels of quantiles mean, of each output."""
        return [self._learned_levels(place) for place in self._outputs]

    def _learned_levels(self, place: int) -> Calibration:
        """Learn from unseen rows what levels of quantiles of an output mean."""
        at, held_out = self._unseen(place)
        own, shares, factor = self._weighed, self.shares[:, place], self._calibration[place]
        away = own.y[at, place] - spread_out(shares, held_out.mean, factor)
        probability = shares @ ndtr(away / np.sqrt(factor * held_out.variance))
        return calibration_of(probability, probability, own.weights[at])

    def _unseen(self, place: int) -> tuple[IntArray, HeldOut]:
        """Rows that no member that predicts has seen, among those weighed, and what each says of them."""
        parts = [member.unseen()[place] for member in self.predicting]
        rows = self._weighed.places
        for part in parts:
            rows = np.intersect1d(rows, part.rows)
        pairs = [(part.mean[own], part.variance[own]) for part in parts for own in [_at(part.rows, rows)]]
        return _at(self._weighed.places, rows), HeldOut(*(np.array(e) for e in zip(*pairs, strict=True)))

    def held_out(self) -> HeldOutPredictions:
        """Predictions of rows without them."""
        own = self._weighed
        pairs = []
        for place in self._outputs:
            held_out, _ = own.held_out(place)
            mean, variance = held_out.mixed(own.shares[:, place])
            scale = own.unit[place] ** 2 * self._calibration[place]
            pairs.append((own.centre[place] + own.unit[place] * mean, scale * variance))
        mean, variance = (np.column_stack(part) for part in zip(*pairs, strict=True))
        places, sources = self._given
        return HeldOutPredictions(places, mean[sources], variance[sources])

    def _joined(self, mixtures: list[OutputMixture], place: int) -> OutputMixture:
        shares, means, variances = joined_mixtures(self.shares[:, place], mixtures)
        factor = self._calibration[place]
        return OutputMixture(shares, spread_out(shares, means, factor), factor * variances)
