"""Regression helped by rows of earlier campaigns, as far as rows of the present one say that they help."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from bnnopt._estimators import (
    Rule,
    draw_seed,
    is_whole,
    last_step,
    optional,
    real,
    seed_parameter,
    seeded_clone,
)
from bnnopt._typing import ArrayLike, FloatArray
from bnnopt._validation import lookup
from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates._bayesian_stacking import BayesianStackingRegressor
from bnnopt.surrogates._predictive._mixtures import HeldOutPredictions, OutputMixture
from bnnopt.surrogates._predictive._regressor import MixtureRegressor
from bnnopt.surrogates._rows import Rows, check_fit_data
from bnnopt.surrogates._stacking._members import Data, Member, fit_member
from bnnopt.surrogates._stacking._posterior import StackedPosterior, Weighed

__all__ = ["TransferRegressor"]

ALONE, WITH_EARLIER = "alone", "with_earlier"


class TransferRegressor(MixtureRegressor):
    """Regression of a present campaign of experiments, with rows of earlier, similar ones.

    A column says which campaign a row is of. One copy of an estimator learns from the rows of the present
    campaign alone; a second one from all rows, with a further input for each earlier campaign, 1 in its rows
    and 0 in all others: how far the function moves along it says how unlike the campaigns are. What both
    predict for rows of the present campaign without them decides their shares (stacking; Yao et al. 2018): an
    earlier campaign that misleads loses its share as rows come.

    Predictions are those of the present campaign, whatever stands in the column.

    Parameters
    ----------
    estimator : estimator, default=None
        Learns: a regressor with `predict(X, return_std=True)`; it is cloned. None for
        `BayesianStackingRegressor()`.
    campaign : int, str or None, default=None
        The column of X that says of which campaign a row is, by position (negative ones count from the end)
        or by name; a number for each campaign. None: all rows are of the present campaign.
    present : float, default=0
        What stands in that column in rows of the present campaign, of which there must be at least 2.
    random_state : int, RandomState or None, default=None
        Seeds each `random_state` of the estimator that is None.

    Attributes
    ----------
    shares_ : DataFrame of shape (n_models, n_outputs)
        Share of the rows "alone" and of those "with_earlier"; each column makes 1.
    estimators_ : dict of str to estimator
        Both, fitted; a list of one for each output where the estimator learns one output at a time.
    held_out_log_density_ : float
        Mean log density of each standardised output of the present campaign, predicted without the row.
    noise_variance_ : float or ndarray of shape (n_outputs,)
        Mean variance of the observation noise, in squared units of y.
    has_gradients_ : bool
        Whether `predict_mixture` can return gradients: if the estimator can.
    n_features_in_, n_outputs_ : int
        Number of columns of X, that of the campaign included, and of outputs.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the inputs, if fitted on a DataFrame with string column names.
    output_names_ : ndarray of shape (n_outputs,)
        Names of the outputs, if y was a DataFrame with string column names. Predictions are arrays in that
        order.

    References
    ----------
    Y. Yao, A. Vehtari, D. Simpson, A. Gelman, "Using stacking to average Bayesian predictive distributions",
    Bayesian Analysis 2018, 13, 917. K. Swersky, J. Snoek, R. P. Adams, "Multi-task Bayesian optimization",
    NIPS 2013 (tasks that share a function).

    Examples
    --------
    >>> import numpy as np
    >>> from bnnopt import GaussianProcessEnsembleRegressor, TransferRegressor
    >>> x = np.linspace(0, 1, 24)
    >>> campaign = np.where(np.arange(24) % 4 == 0, 0, 1)
    >>> X, y = np.column_stack([x, campaign]), np.sin(9 * x) + 0.3 * campaign
    >>> model = TransferRegressor(GaussianProcessEnsembleRegressor(), campaign=1, random_state=0).fit(X, y)
    >>> bool(model.shares_.loc["with_earlier", 0] > 0.5)
    True
    """

    trains_outputs_jointly: ClassVar[bool] = True

    _rules: ClassVar[dict[str, Rule]] = {
        "campaign": optional(
            Rule(lambda value: isinstance(value, str) or is_whole(value), "a whole number or name")
        ),
        "present": real(-np.inf),
        "random_state": seed_parameter(),
    }

    def __init__(
        self,
        estimator: BaseEstimator | None = None,
        *,
        campaign: int | str | None = None,
        present: float = 0,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.campaign = campaign
        self.present = present
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        noise_variance: ArrayLike | None = None,
    ) -> Self:
        """Fit without and with the earlier campaigns, and weigh both.

        A fit that fails or is stopped leaves the last one as it was.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Inputs in any units, and the column of campaigns; finite, at least 2 rows of the present one.
        y : array-like or DataFrame of shape (n_samples,) or (n_samples, n_outputs)
            Outputs, in the same unit in all campaigns; finite.
        sample_weight : array-like of shape (n_samples,), default=None
            How many times each row counts, at least 0; only if the estimator takes it.
        noise_variance : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Noise variance of each measurement where it is known, in squared units of y; for an estimator
            whose `fit` takes it.

        Returns
        -------
        self
            The estimator itself, fitted.

        Raises
        ------
        ValueError
            If the data are not finite numbers of fitting shapes, there is no such column, fewer than 2 rows
            are of the present campaign, or the estimator does not take what is given.
        """
        return self.fit_after(None, X, y, sample_weight=sample_weight, noise_variance=noise_variance)

    def fit_after(
        self,
        previous: Any,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        noise_variance: ArrayLike | None = None,
    ) -> Self:
        """Fit, each of the two after that of an earlier fit; see `fit`.

        Parameters
        ----------
        previous : TransferRegressor or None
            Fitted on some of the rows; None for a fit that knows of none.
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Inputs, as in `fit`.
        y : array-like or DataFrame of shape (n_samples,) or (n_samples, n_outputs)
            Outputs, as in `fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            As in `fit`.
        noise_variance : array-like of the shape of y, default=None
            As in `fit`.

        Returns
        -------
        self
            The estimator itself, fitted.
        """
        with self._fitting():
            rows = check_fit_data(self, X, y, sample_weight, noise_variance, may_stay=False)
            tables = _Tables.of(rows, self._place(), self.present)
            before = previous.estimators_ if isinstance(previous, type(self)) else {}
            return self._learn(tables, self._datas(tables, sample_weight, noise_variance), before, y)

    def _place(self) -> int | None:
        """Position of the column of campaigns."""
        n = self.n_features_in_
        if isinstance(self.campaign, str):
            names = getattr(self, "feature_names_in_", ())
            return lookup({name: place for place, name in enumerate(names)}, self.campaign, "campaign column")
        if self.campaign is not None and not -n <= self.campaign < n:
            raise InvalidDataError(
                f"campaign: X has no column {self.campaign}, it has {n}. Give the position or the name of "
                "the column that says of which campaign a row is."
            )
        return None if self.campaign is None else self.campaign % n

    def _datas(self, tables: "_Tables", sample_weight: Any, noise_variance: Any) -> dict[str, Data]:
        """Return the rows of the present campaign and, if there are others, all rows."""
        named: dict[str, BaseEstimator] = {"estimator": self._unfitted}
        present = Data.of(tables.present, None, None, sample_weight, noise_variance, named)
        datas = {ALONE: present}
        if len(tables.earlier):
            earlier = Data.of(tables.earlier, None, None, sample_weight, noise_variance, named)
            datas[WITH_EARLIER] = _joined(present, earlier)
        return datas

    def _learn(self, tables: "_Tables", datas: dict[str, Data], before: dict[str, Any], y: Any) -> Self:
        seed = draw_seed(self.random_state)
        fitted = {
            name: fit_member(name, seeded_clone(self._unfitted, seed), data, seed, before.get(name))
            for name, data in datas.items()
        }
        members: list[Any] = [
            _AtPresent(
                member,
                len(datas[ALONE].rows),
                tables.n_campaigns if name == WITH_EARLIER else 0,
                tables.column,
            )
            for name, member in fitted.items()
        ]
        weighed = Weighed.of(datas[ALONE], members)
        posterior = StackedPosterior(members, weighed, False, datas[ALONE])
        return self._keep(
            posterior,
            y,
            shares=pd.DataFrame(weighed.shares, index=list(fitted)),
            estimators={name: member.fitted for name, member in fitted.items()},
            held_out_log_density=posterior.held_out_log_density,
            has_gradients=all(member.has_gradients for member in posterior.predicting),
        )

    @property
    def _unfitted(self) -> BaseEstimator:
        return BayesianStackingRegressor() if self.estimator is None else self.estimator

    def _offers(self, name: str) -> bool:
        return name == "predict_held_out" or hasattr(last_step(self._unfitted)[0], name)


@dataclass(frozen=True)
class _Tables:
    """Rows of the present campaign and of the earlier ones, without the column, in the order of the fit.

    The earlier ones have a further input for each campaign, 1 in its rows and 0 in the others.
    """

    present: Rows
    earlier: Rows
    column: int | None
    n_campaigns: int

    @classmethod
    def of(cls, rows: Rows, column: int | None, present: float) -> "_Tables":
        """Part the rows by a column."""
        if column is None:
            return cls(rows, rows.only(slice(0)), None, 0)
        campaigns = rows.X[:, column]
        is_present = campaigns == present
        if (n_present := int(rows.weights[is_present].sum())) < 2:
            raise InvalidDataError(
                f"At least 2 rows must be of the present campaign, {present!r} in column {column}, got "
                f"{n_present}; the campaigns are {np.unique(campaigns).tolist()}."
            )
        inputs = np.delete(rows.X, column, axis=1)
        others = np.unique(campaigns[~is_present])
        marks = (campaigns[:, None] == others).astype(float)
        plain = replace(rows, X=inputs)
        marked = replace(rows, X=np.column_stack([inputs, marks]))
        return cls(_part(plain, is_present), _part(marked, ~is_present), column, len(others))


def _part(rows: Rows, is_kept: Any) -> Rows:
    """Return some of distinct rows, with the repeats that they stand for."""
    number = np.where(is_kept, np.cumsum(is_kept) - 1, -1)
    repeats = np.where(rows.repeats >= 0, number[rows.repeats], -1)
    return replace(rows.only(is_kept), repeats=repeats, given=rows.given)


def _joined(present: Data, earlier: Data) -> Data:
    """Return all rows, those of the present campaign first, with the marks of the earlier ones."""
    n_marks = earlier.rows.X.shape[1] - present.rows.X.shape[1]
    marked = np.pad(present.rows.X, ((0, 0), (0, n_marks)))
    rows = Rows.joined([replace(present.rows, X=marked), earlier.rows])
    further: dict[str, Any] = {}
    if "sample_weight" in {**present.further, **earlier.further}:
        further["sample_weight"] = rows.weights
    if "noise_variance" in present.further:
        further["noise_variance"] = rows.known_noise
    return Data(rows, rows.X, rows.y, further)


class _AtPresent:
    """A member, asked at the present campaign by rows that have the column of campaigns among their inputs.

    The column is left aside, and no mark of an earlier campaign is set.
    """

    def __init__(self, member: Member, n_present: int, n_marks: int, column: int | None) -> None:
        self.name, self.has_gradients = member.name, member.has_gradients
        self._member, self._n_present, self._n_marks, self._column = member, n_present, n_marks, column
        self.held_out = self._of_present(member.held_out)

    def has(self, name: str) -> bool:
        """Tell that there is no more than what stands here."""
        return False

    def held_out_at(self, places: Any) -> tuple[FloatArray, FloatArray]:
        """As `Member.held_out_at`, of rows of the present campaign."""
        return self._member.held_out_at(places)

    def unseen(self) -> list[HeldOutPredictions]:
        """As `Member.unseen`, of rows of the present campaign."""
        return [self._of_present(own) for own in self._member.unseen()]

    def moments(self, X: FloatArray) -> list[OutputMixture]:
        """As `Member.moments`."""
        return self._member.moments(self._at(X))

    def mixtures(self, X: FloatArray) -> list[OutputMixture]:
        """As `Member.mixtures`."""
        return self._member.mixtures(self._at(X))

    def slopes(self, X: FloatArray) -> list[tuple[OutputMixture, FloatArray, FloatArray]]:
        """As `Member.slopes`, 0 by the column."""
        found = self._member.slopes(self._at(X))
        return [
            (mixture, self._by_inputs(mean), self._by_inputs(variance)) for mixture, mean, variance in found
        ]

    def noise_at(self, X: FloatArray) -> FloatArray:
        """As `Member.noise_at`."""
        return self._member.noise_at(self._at(X))

    def mean_noise(self, X: Any) -> FloatArray:
        """As `Member.mean_noise`, of rows without the column."""
        return self._member.mean_noise(None if X is None else self._marked(X))

    def draw(self, X: FloatArray, n_samples: int, seed: int) -> FloatArray:
        """As `Member.draw`."""
        return self._member.draw(self._at(X), n_samples, seed)

    def _at(self, X: FloatArray) -> FloatArray:
        return self._marked(X if self._column is None else np.delete(X, self._column, axis=1))

    def _marked(self, X: FloatArray) -> FloatArray:
        return np.pad(np.asarray(X), ((0, 0), (0, self._n_marks)))

    def _by_inputs(self, slopes: FloatArray) -> FloatArray:
        own = slopes[..., : slopes.shape[-1] - self._n_marks]
        return own if self._column is None else np.insert(own, self._column, 0.0, axis=-1)

    def _of_present(self, own: HeldOutPredictions) -> HeldOutPredictions:
        """Return predictions of the rows of the present campaign, which come first."""
        kept = own.rows < self._n_present
        return HeldOutPredictions(own.rows[kept], own.mean[kept], own.variance[kept])
