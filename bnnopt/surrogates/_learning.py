"""From checked rows to a posterior: wide networks, trained ones where rows allow it, and their shares."""

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from bnnopt.surrogates._array_rows import ArrayRows
from bnnopt.surrogates._batch_rows import BatchRows
from bnnopt.surrogates._judging import Judgement, TrainedGuess
from bnnopt.surrogates._many_rows import ManyRows
from bnnopt.surrogates._mixture import Mixture, OutputMixture
from bnnopt.surrogates._networks import UPDATES_PER_CHUNK
from bnnopt.surrogates._noise import NoiseModel, learn_noise
from bnnopt.surrogates._plan import check_parameters
from bnnopt.surrogates._rows import DistinctRows, Rows
from bnnopt.surrogates._table import Table
from bnnopt.surrogates._trained_fit import LARGEST_SEED, TrainedFit, fit_networks
from bnnopt.surrogates._wide import ROWS_TO_JUDGE, OneOutput, StreamedRows, WideFamily, fit_families

__all__ = ["Learned", "learn"]

Source = ArrayRows | BatchRows  # of rows that stay where they are

STEPS_OF_SEARCH = 40
ROWS_FOR_A_TRIAL = 512  # beyond, a short training shows whether a long one is worth its time
SHARE_OF_A_TRIAL = 1 / 6
LEAST_GAIN = 0.01  # of the mean log density of held-out rows


@dataclass(frozen=True)
class Learned:
    """What a fitted estimator holds.

    Attributes
    ----------
    mixture : Mixture
        Predicts, in the units of the outputs.
    trained : TrainedFit or None
        The trained networks, to go on from.
    rows : Rows or None
        The rows, where wide networks take part and they were not too many: more rows are added to them.
    shares : DataFrame of shape (n_families, n_outputs)
        Share of each family of networks in the prediction of each output.
    n_steps : int
        Steps of the search for the wide networks' scales.
    held_out_log_density : float
        Mean log density of held-out rows, over rows and outputs, in units of the standardised outputs.
    were_many : bool
        Whether the rows were too many to be kept.
    """

    mixture: Mixture
    trained: TrainedFit | None
    rows: Rows | None
    shares: pd.DataFrame
    n_steps: int
    held_out_log_density: float
    were_many: bool

    def attributes(self) -> dict[str, Any]:
        """Return the public attributes that the estimator takes over."""
        own = {
            "n_outputs_": len(self.mixture.outputs),
            "shares_": self.shares,
            "n_iter_": self.n_steps,
            "held_out_log_density_": self.held_out_log_density,
        }
        return own if self.trained is None else own | self.trained.attributes()


def learn(
    estimator: BaseEstimator, table: Table | Source, before: Learned | None, *, n_updates: int, is_more: bool
) -> Learned:
    """Learn from a table, or from rows that are read in blocks.

    Parameters
    ----------
    estimator : MCDropoutRegressor
        Its parameters are read and nothing is set.
    table : Table or Source
        Checked data.
    before : Learned or None
        Trained networks go on from it; wide networks are learned anew.
    n_updates : int
        Optimizer updates of the trained networks at most.
    is_more : bool
        Whether the rows come in addition to those of `before`, or in their place.
    """
    n_outputs = table.y.shape[1] if isinstance(table, Table) else table.n_outputs
    check_parameters(estimator.get_params(deep=False), n_outputs)
    known = _rows_to_add_to(estimator, before) if is_more else None
    rng = np.random.default_rng(check_random_state(estimator.random_state).randint(0, LARGEST_SEED))
    many, own = (None, table) if isinstance(table, Table) else _read(table, rng)
    rows = Rows.of(own) if known is None else known.extended(own)
    n_steps = min(STEPS_OF_SEARCH, n_updates)
    learners = [_OutputLearner(estimator, rows, many, place, rng, n_steps) for place in range(n_outputs)]
    training = _Training(estimator, rows, many, before, n_updates, is_more=is_more and known is None)
    trained = training.networks(learners)
    guess = None if trained is None else TrainedGuess(trained, rows.distinct.X)
    outputs = [learner.learn(guess) for learner in learners]
    if estimator.method != "trained" and n_steps < STEPS_OF_SEARCH:
        _warn_of_few_steps(n_steps)
    return Learned(
        mixture=Mixture(tuple(outputs), trained, float(estimator.dropout)),
        trained=trained,
        rows=None if many or estimator.method == "trained" else rows,
        shares=pd.DataFrame([learner.shares for learner in learners]).T.fillna(0.0),
        n_steps=n_steps,
        held_out_log_density=float(np.mean([learner.held_out_log_density for learner in learners])),
        were_many=many is not None,
    )


def _read(source: Source, rng: np.random.Generator) -> tuple[ManyRows, Table]:
    """Read all rows once, and return them with their sample."""
    many = ManyRows.read(source, rng)
    return many, many.sample


def _rows_to_add_to(estimator: BaseEstimator, before: Learned | None) -> Rows | None:
    """Rows that further ones are added to; None where a training goes on with these alone."""
    if before is None or estimator.method == "trained":
        return None
    if before.were_many:
        raise ValueError(
            "partial_fit cannot add rows to those of the last fit: they were too many to be kept. Fit anew "
            "on all rows, or set method='trained' to train on with the new rows alone."
        )
    return before.rows


class _Training:
    """Trains networks, or does not: with few rows, or where a trial shows that wide networks know as much."""

    def __init__(
        self,
        estimator: BaseEstimator,
        rows: Rows,
        many: ManyRows | None,
        before: Learned | None,
        n_updates: int,
        is_more: bool,
    ) -> None:
        self._estimator, self._rows, self._many = estimator, rows, many
        self._n_updates, self._is_more = n_updates, is_more
        self._before = before.trained if before else None

    def networks(self, learners: "list[_OutputLearner]") -> TrainedFit | None:
        """Return trained networks, or None."""
        if self._estimator.method == "trained" or (self._may_join and self._is_asked_for):
            return self._fit(self._n_updates)
        if not self._may_join or len(self._rows.distinct) < ROWS_TO_JUDGE:
            return None
        if self._is_tried_first:
            trial = self._fit(int(self._n_updates * SHARE_OF_A_TRIAL), is_trial=True)
            guess = TrainedGuess(trial, self._rows.distinct.X)
            if max(learner.gain_by(guess) for learner in learners) < LEAST_GAIN:
                return None
        return self._fit(self._n_updates)

    @property
    def _may_join(self) -> bool:
        """Whether trained networks may join the wide ones: rows are held out of each of several."""
        return bool(self._estimator.method == "auto" and self._estimator.n_networks > 1)

    @property
    def _is_tried_first(self) -> bool:
        """Whether a new training is long enough for a trial to say something, and to save something."""
        is_long = self._n_updates > UPDATES_PER_CHUNK and len(self._rows.distinct) > ROWS_FOR_A_TRIAL
        return is_long and self._before is None

    @property
    def _is_asked_for(self) -> bool:
        estimator = self._estimator
        return bool(estimator.early_stopping or estimator.callbacks or estimator.warm_start)

    def _fit(self, n_updates: int, *, is_trial: bool = False) -> TrainedFit:
        return fit_networks(
            self._estimator,
            self._rows.distinct,
            self._before,
            n_updates=n_updates,
            many=self._many,
            is_more=self._is_more,
            is_trial=is_trial,
        )


class _OutputLearner:
    """Learns the networks of one output and their shares."""

    def __init__(
        self,
        estimator: BaseEstimator,
        rows: Rows,
        many: ManyRows | None,
        place: int,
        rng: np.random.Generator,
        n_steps: int,
    ) -> None:
        self._estimator, self._many, self._place = estimator, many, place
        self._rng, self._n_steps = rng, n_steps
        self._centre, self._unit = _centre_and_unit(rows.distinct, many, place)
        self._known_noise = rows.known_noise[:, place]
        own = rows.distinct
        self._rows = self._standardised(Table(own.X, own.y, own.weights, rows.known_noise))
        self._families = self._fit_families()

    def gain_by(self, trained: TrainedGuess) -> float:
        """By how much trained networks raise the mean log density of held-out rows."""
        with_them, without = (self._judged(self._families, guess) for guess in (trained, None))
        return with_them.log_density() - without.log_density()

    def learn(self, trained: TrainedGuess | None) -> OutputMixture:
        """Learn; then `shares` has the share of each family by name, `held_out_log_density` what it says."""
        families, model = self._families, None
        if families and self._estimator.noise == "input_dependent":
            families, model = self._with_noise_model(families, trained)
        judged = self._judged(families, trained)
        weights = judged.shares
        names = [family.name for family in families] + ["trained"] * (trained is not None)
        self.shares = dict(zip(names, weights.tolist(), strict=True))
        calibration = judged.calibration() if self._estimator.calibrate else 1.0
        self.held_out_log_density = judged.log_density(calibration)
        return OutputMixture.of(
            centre=self._centre,
            unit=self._unit,
            wide=[network for family in families for network in family.networks],
            shares=np.concatenate(
                [weight * family.shares for weight, family in zip(weights, families, strict=False)] or [[]]
            ),
            trained_share=self.shares.get("trained", 0.0),
            known_noise=float(np.average(self._known_noise, weights=self._rows.weights)),
            noise_factors=model,
            calibration=calibration,
        )

    def _fit_families(self, model: NoiseModel | None = None) -> list[WideFamily]:
        if self._estimator.method == "trained":
            return []
        return fit_families(self._rows, self._rng, self._n_steps, self._everything(model))

    def _everything(self, model: NoiseModel | None) -> StreamedRows | None:
        """Return all rows in blocks, if those at hand are a sample of them."""
        many = self._many
        if many is None:
            return None
        return StreamedRows(
            many.x.lower, many.x.upper, lambda: (self._standardised(block, model) for block in many.blocks())
        )

    def _standardised(self, table: Table, model: NoiseModel | None = None) -> OneOutput:
        """Rows of this output, in units of its standard deviation."""
        factors = np.ones(len(table.X)) if model is None else model(table.X)
        y = (table.y[:, self._place] - self._centre) / self._unit
        known_noise = table.noise_variance[:, self._place] / self._unit**2
        return OneOutput(table.X, y, table.weights, factors, known_noise)

    def _with_noise_model(
        self, families: list[WideFamily], trained: TrainedGuess | None
    ) -> tuple[list[WideFamily], NoiseModel]:
        """Learn the noise from held-out errors, then the families with it."""
        judged = self._judged(families, trained)
        errors = np.square(judged.rows.y - judged.mean)
        model = learn_noise(judged.rows, errors, self._rng, self._n_steps)
        self._rows = replace(self._rows, noise_factors=model(self._rows.X))
        return self._fit_families(model), model

    def _judged(self, families: list[WideFamily], trained: TrainedGuess | None) -> Judgement:
        return Judgement(self._rows, families, trained, self._place, self._centre, self._unit)


def _centre_and_unit(distinct: DistinctRows, many: ManyRows | None, place: int) -> tuple[float, float]:
    """Mean and standard deviation of an output over all rows; a constant one has the unit 1."""
    if many is not None:
        centre, variance = float(many.y.mean[place]), float(many.y.variance[place])
    else:
        y = distinct.y[:, place]
        centre = float(np.average(y, weights=distinct.weights))
        variance = float(np.average(np.square(y - centre), weights=distinct.weights))
    return centre, float(np.sqrt(variance)) if variance > 0 else 1.0


def _warn_of_few_steps(n_steps: int) -> None:
    warnings.warn(
        f"The search for the scales of the wide networks was stopped by max_iter={n_steps} before it "
        f"converged. Raise max_iter to at least {STEPS_OF_SEARCH}.",
        ConvergenceWarning,
        stacklevel=4,
    )
