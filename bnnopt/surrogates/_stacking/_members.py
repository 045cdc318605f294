"""Members of a stacking: regressors with `predict(X, return_std=True)`, asked through a small protocol."""

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import KFold
from sklearn.utils.validation import has_fit_parameter

from bnnopt._estimators import last_step, require, whole
from bnnopt._parallel import spread
from bnnopt._typing import ArrayLike, FloatArray, IntArray
from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates._predictive._mixtures import (
    SMALLEST_VARIANCE,
    Covariances,
    HeldOutPredictions,
    OutputMixture,
)
from bnnopt.surrogates._rows import Rows

__all__ = [
    "Data",
    "Member",
    "can_pause",
    "cross_validated",
    "fit_member",
    "fitted_after",
    "held_out_predictions",
]

N_FOLDS = 5


@dataclass(frozen=True)
class Data:
    """What members are fitted on.

    Attributes
    ----------
    rows : Rows
        Distinct rows, or a sample of many.
    X, y : array of shape (n, n_features) and (n, n_outputs)
        What the members get: the distinct rows, unless weights of joined rows are more than a member takes,
        or the rows are too many to be copied.
    further : dict
        Weights and known noise, by the name of the parameter of `fit`.
    batches : iterable or None
        In the place of X and y.
    """

    rows: Rows
    X: Any
    y: Any
    further: dict[str, Any]
    batches: Iterable[Any] | None = None

    @classmethod
    def of(
        cls,
        rows: Rows,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None,
        noise_variance: ArrayLike | None,
        named: Mapping[str, BaseEstimator],
    ) -> "Data":
        """Take the rows of a fit."""
        given = {"sample_weight": sample_weight, "noise_variance": noise_variance}
        further = {name: value for name, value in given.items() if value is not None}
        _refuse_weights(named, sample_weight)
        if rows.stream is not None:
            return cls(rows, X, y, further)
        if "sample_weight" in further or (rows.weights != 1.0).any():
            if all(has_fit_parameter(each, "sample_weight") for each in named.values()):
                further["sample_weight"] = rows.weights
            else:
                rows = rows.repeated()
        if "noise_variance" in further:
            further["noise_variance"] = rows.known_noise
        return cls(rows, rows.X, rows.y, further)

    @classmethod
    def of_batches(cls, rows: Rows, batches: Iterable[Any], named: Mapping[str, BaseEstimator]) -> "Data":
        """Take the rows of a stream; those that were collected are fitted as arrays."""
        if rows.stream is None:
            return cls.of(rows, None, None, rows.weights, None, named)
        missing = [name for name, estimator in named.items() if not hasattr(estimator, "fit_stream")]
        if missing:
            raise InvalidDataError(
                f"These members cannot read batches, for they have no fit_stream: {missing}. Leave them out, "
                "or fit on arrays."
            )
        return cls(rows, None, None, {}, batches)

    @property
    def n_rows(self) -> int:
        """Number of all rows."""
        return self.rows.n_rows

    @property
    def places(self) -> IntArray:
        """Where the rows at hand stand in what the members get."""
        return self.rows.places if self.rows.stream is not None else np.arange(len(self.rows))

    def given_places(self, places: IntArray) -> tuple[IntArray, IntArray]:
        """Say where rows of the members stood in the data of the fit; see `Rows.given_places`."""
        if self.rows.stream is not None:
            return places, np.arange(len(places))
        return self.rows.given_places(places)

    def held_out_rows(self, places: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return outputs (n, n_outputs) and weights (n,) of rows that were predicted without them."""
        order = np.argsort(self.places)
        at = order[np.searchsorted(self.places[order], places)]
        return self.rows.y[at], self.rows.weights[at]

    def centre_and_unit(self) -> tuple[FloatArray, FloatArray]:
        """Mean and standard deviation of each output; the unit of a constant one is 1."""
        unit = np.sqrt(self.rows.outputs.variance)
        return self.rows.outputs.mean, np.where(unit > 0, unit, 1.0)

    def for_output(self, place: int) -> tuple[Any, Any, dict[str, Any]]:
        """Return X, one output and what else goes with it."""
        further = {
            name: np.asarray(value).reshape(len(self.y), -1)[:, place] if name == "noise_variance" else value
            for name, value in self.further.items()
        }
        return self.X, np.asarray(self.y).reshape(len(self.y), -1)[:, place], further


@dataclass(frozen=True)
class Member:
    """A fitted member.

    Attributes
    ----------
    name : str
    models : list of estimator
        One that learned all outputs together, or one for each.
    n_outputs : int
    held_out : HeldOutPredictions
        With an axis of outputs.
    """

    name: str
    models: list[Any]
    n_outputs: int
    held_out: HeldOutPredictions

    @property
    def fitted(self) -> Any:
        """The estimator, or a list of one for each output."""
        return self.models[0] if len(self.models) == 1 else self.models

    @cached_property
    def has_gradients(self) -> bool:
        """Whether `predict_mixture` can give gradients."""
        return all(
            bool(getattr(model, "has_gradients_", False))
            and _accepts(model, "predict_mixture", "return_gradient")
            for model in self.models
        )

    def has(self, name: str) -> bool:
        """Tell whether the estimators have a method."""
        return all(hasattr(last_step(model)[0], name) for model in self.models)

    def held_out_at(self, places: IntArray) -> tuple[FloatArray, FloatArray]:
        """Mean and variance of rows predicted without them, each of shape (n_places, n_outputs)."""
        at = np.searchsorted(self.held_out.rows, places)
        return self.held_out.mean[at], self.held_out.variance[at]

    def unseen(self) -> list[HeldOutPredictions]:
        """Predictions of rows as if the member had never seen them, of each output; else held-out ones."""
        if self.has("predict_unseen"):
            return [each for model in self.models for each in last_step(model)[0].predict_unseen()]
        rows, mean, variance = self.held_out
        return [HeldOutPredictions(rows, *own) for own in zip(mean.T, variance.T, strict=True)]

    def moments(self, X: FloatArray) -> list[OutputMixture]:
        """Distribution of each output's function, a normal one."""
        parts = [_moments(model, X, noise=False) for model in self.models]
        mean, std = (np.column_stack(each) for each in zip(*parts, strict=True))
        return [OutputMixture(np.ones(1), m[None], s[None] ** 2) for m, s in zip(mean.T, std.T, strict=True)]

    def mixtures(self, X: FloatArray) -> list[OutputMixture]:
        """Distribution of each output's function, with all components that the member gives."""
        if not self.has("predict_mixture"):
            return self.moments(X)
        steps = [last_step(model, X) for model in self.models]
        mixtures = [mixture for model, rows in steps for mixture in _as_list(model.predict_mixture(rows))]
        return [OutputMixture(shares, mean, np.square(std)) for shares, mean, std in mixtures]

    def slopes(self, X: FloatArray) -> list[tuple[OutputMixture, FloatArray, FloatArray]]:
        """Distribution of each output and the derivatives of its means and variances by X."""
        parts = [
            part for model in self.models for part in _as_list(model.predict_mixture(X, return_gradient=True))
        ]
        return [
            (OutputMixture(shares, mean, np.square(std)), by_mean, 2.0 * std[:, :, None] * by_std)
            for shares, mean, std, by_mean, by_std in parts
        ]

    def covariances(self, X: FloatArray, Z: FloatArray, *, slopes: bool) -> list[Covariances]:
        """Covariances of each output's function at rows X with that at rows Z; with slopes if wanted."""
        found = [model.predict_covariance(X, Z, return_gradient=slopes) for model in self.models]
        parts = [part for each in found for part in _as_list(each)]
        return [Covariances(*part) if slopes else Covariances(part) for part in parts]

    def noise_at(self, X: FloatArray) -> FloatArray:
        """Variance of the observation noise at rows, (n_rows, n_outputs); 0 where a member cannot tell it."""
        return np.column_stack([_noise_variance(model, X) for model in self.models])

    def mean_noise(self, X: Any) -> FloatArray:
        """Mean variance of the observation noise, shape (n_outputs,)."""
        if self.has("noise_variance_"):
            own = [np.atleast_1d(last_step(model)[0].noise_variance_) for model in self.models]
            return np.concatenate(own).astype(float)
        return np.zeros(self.n_outputs) if X is None else self.noise_at(np.asarray(X)).mean(axis=0)

    def draw(self, X: FloatArray, n_samples: int, seed: int) -> FloatArray:
        """Evaluate new functions, shape (n_rows, n_samples, n_outputs)."""
        parts = []
        for number, model in enumerate(self.models):
            step, rows = last_step(model, X)
            keywords = {"noise": False} if _accepts(step, "sample_y", "noise") else {}
            values = step.sample_y(rows, n_samples=n_samples, random_state=seed + number, **keywords)
            parts.append(np.asarray(values, dtype=float).reshape(len(X), -1, n_samples))
        return np.swapaxes(np.concatenate(parts, axis=1), 1, 2)


def fit_member(
    name: str, model: BaseEstimator, data: Data, seed: int, previous: Any, *, trial: float = 0.0
) -> Member:
    """Fit a member, after an earlier one if it can, and ask it for held-out rows.

    Parameters
    ----------
    name : str
    model : estimator
        Seeded, not fitted.
    data : Data
    seed : int
        Shuffles the rows of a cross-validation.
    previous : estimator, list of estimator or None
        Fitted before on some of the rows.
    trial : float, default=0.0
        Share to make of a short fit that shows whether a long one is worth its time, above 0; one that has
        `fit_trial` makes that. 0 for a fit.
    """
    _check_return_std(name, model)
    n_outputs = data.rows.y.shape[1]
    if data.batches is not None:
        models = [model.fit_stream(data.batches)]
    elif getattr(last_step(model)[0], "trains_outputs_jointly", False):
        y = data.y[:, 0] if n_outputs == 1 and np.ndim(data.y) == 2 else data.y
        models = [fitted_after(previous, model, data.X, y, data.further, trial)]
    else:
        earlier = previous if isinstance(previous, list) else [previous] * n_outputs
        calls = [(earlier[k], clone(model), *data.for_output(k), trial) for k in range(n_outputs)]
        models = spread(fitted_after, calls)
    return Member(name, models, n_outputs, _held_out(models, data, seed))


def fitted_after(
    previous: Any, model: Any, X: Any, y: Any, further: Mapping[str, Any], trial: float = 0.0
) -> Any:
    """Fit an estimator on rows and what else goes with them, after an earlier fit if there is one."""
    taken = {name: value for name, value in further.items() if has_fit_parameter(model, name)}
    if trial and hasattr(model, "fit_trial"):
        part = {"previous": previous, "share": trial} if can_pause(model) else {}
        return model.fit_trial(X, y, **taken, **part)
    if previous is not None and hasattr(model, "fit_after"):
        return model.fit_after(previous, X, y, **taken)
    return model.fit(X, y, **taken)


def can_pause(model: Any) -> bool:
    """Tell whether a member can make its short fit in parts, each going on from the one before."""
    return _accepts(model, "fit_trial", "share")


def _held_out(models: list[Any], data: Data, seed: int) -> HeldOutPredictions:
    """Ask the models for rows that they have not seen, or cross-validate them; with an axis of outputs."""
    parts = [
        held_out_predictions(model, *_given(data, models, place), seed=seed)
        for place, model in enumerate(models)
    ]
    floor = SMALLEST_VARIANCE * np.square(data.centre_and_unit()[1])
    mean = np.column_stack([part.mean for part in parts])
    return HeldOutPredictions(parts[0].rows, mean, np.column_stack([part.variance for part in parts]) + floor)


def held_out_predictions(
    model: Any, X: Any, y: Any, further: Mapping[str, Any] | None = None, *, seed: int = 0
) -> HeldOutPredictions:
    """Return what a fitted regressor predicts for its rows, each without itself.

    It is asked by `predict_held_out`; one that has no such method is cross-validated in 5 folds.

    Parameters
    ----------
    model : fitted regressor
        With `predict(X, return_std=True)`, alone or as the last step of a Pipeline.
    X : array-like of shape (n_rows, n_features)
        What it was fitted on.
    y : array-like of shape (n_rows,) or (n_rows, n_outputs)
        The outcomes, in any unit.
    further : mapping of str to array-like of shape (n_rows,), optional
        What else its `fit` was given, such as `noise_variance`.
    seed : int, default=0
        Shuffles the rows of a cross-validation.

    Returns
    -------
    HeldOutPredictions
        In the unit of y and its square.
    """
    require(whole(0), seed=seed)
    step = last_step(model)[0]
    if hasattr(step, "predict_held_out"):
        return HeldOutPredictions(*step.predict_held_out())
    return cross_validated(model, X, y, further or {}, seed)


def _given(data: Data, models: list[Any], place: int) -> tuple[Any, Any, dict[str, Any]]:
    """Return what one of the models was fitted on."""
    if len(models) == data.rows.y.shape[1]:
        return data.for_output(place)
    return data.X, data.y, data.further


def cross_validated(model: Any, X: Any, y: Any, further: Mapping[str, Any], seed: int) -> HeldOutPredictions:
    """Predict each row by a clone that was fitted on the other folds; the folds go through joblib."""
    mean, variance = np.empty(np.shape(y)), np.empty(np.shape(y))
    folds = list(KFold(min(N_FOLDS, len(y)), shuffle=True, random_state=seed).split(X))
    found = spread(_predicted_fold, [(model, X, y, further, *fold) for fold in folds])
    for (_, left_out), (means, std) in zip(folds, found, strict=True):
        mean[left_out], variance[left_out] = means, np.square(std)
    return HeldOutPredictions(np.arange(len(y)), mean, variance)


def _predicted_fold(
    model: Any, X: Any, y: Any, further: Mapping[str, Any], seen: IntArray, left_out: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Fit a clone on some rows and predict the others."""
    part = {name: np.asarray(value)[seen] for name, value in further.items()}
    fold = fitted_after(None, clone(model), X[seen], y[seen], part)
    return _moments(fold, X[left_out], noise=True)


def _moments(model: Any, X: FloatArray, *, noise: bool) -> tuple[FloatArray, FloatArray]:
    """Predict mean and standard deviation, of the function alone where asked for and possible."""
    step, rows = last_step(model, X)
    keywords = {"noise": noise} if _accepts(step, "predict", "noise") else {}
    mean, std = step.predict(rows, return_std=True, **keywords)
    return np.asarray(mean, dtype=float), np.asarray(std, dtype=float)


def _noise_variance(model: Any, X: FloatArray) -> FloatArray:
    step, rows = last_step(model, X)
    if hasattr(step, "predict_noise_variance"):
        return np.asarray(step.predict_noise_variance(rows), dtype=float)
    _, total = _moments(model, X, noise=True)
    _, of_function = _moments(model, X, noise=False)
    return np.maximum(np.square(total) - np.square(of_function), 0.0)


def _as_list(mixtures: Any) -> list[Any]:
    return mixtures if isinstance(mixtures, list) else [mixtures]


def _accepts(model: Any, method: str, parameter: str) -> bool:
    found = getattr(model, method, None)
    return callable(found) and parameter in inspect.signature(found).parameters


def _check_return_std(name: str, model: Any) -> None:
    step, _ = last_step(model)
    if not _accepts(step, "predict", "return_std"):
        raise InvalidDataError(
            f"{name} ({type(step).__name__}) cannot be a member: its predict has no parameter return_std. "
            "Use a regressor that has, such as GaussianProcessRegressor or BayesianRidge, alone or as the "
            "last step of a Pipeline."
        )


def _refuse_weights(named: Mapping[str, BaseEstimator], sample_weight: ArrayLike | None) -> None:
    refusing = [name for name, each in named.items() if not has_fit_parameter(each, "sample_weight")]
    if sample_weight is not None and refusing:
        raise InvalidDataError(
            f"These members take no sample_weight: {refusing}. Leave it out, or leave them out."
        )
