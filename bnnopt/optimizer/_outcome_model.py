"""A surrogate of several outcomes: one estimator for all, or one for each, on standardised outcomes."""

import warnings
from collections.abc import Mapping, Sequence
from copy import copy
from inspect import signature
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from bnnopt._estimators import last_step, seeded_clone
from bnnopt._typing import FloatArray, IntArray
from bnnopt.acquisition import (
    MixtureWithGradients,
    NormalMixture,
    has_gradients,
    posterior_draws,
    posterior_mixtures,
    posterior_mixtures_with_gradients,
    posterior_moments,
    posterior_quantiles,
)
from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives import Outcome
from bnnopt.optimizer._outcome_scales import OutcomeScales
from bnnopt.surrogates import BoundedRegressor, TransferRegressor, held_out_predictions

__all__ = ["EarlierRows", "OutcomeModel"]

SMALLEST = 1e-290  # spread of outcomes, below which its parts are no whole floats any more

Each = TypeVar("Each")


class EarlierRows(NamedTuple):
    """Rows of earlier campaigns: X (n, n_dims), outcomes (n, n_outputs), numbers of campaigns from 1 (n,)."""

    X: FloatArray
    y: FloatArray
    campaigns: IntArray


class OutcomeModel:
    """Fitted surrogates of the outcomes.

    An estimator that says `trains_outputs_jointly = True` is fitted once on all outcomes, any other once for
    each. Outcomes are standardised first, as many estimators expect, and come back in their units. An outcome
    with bounds, or whose values reach over orders of magnitude, has a fit of its own, of a `BoundedRegressor`
    around the estimator.

    A score sees one normal distribution of each outcome, with the moments of the mixture that a surrogate
    predicts: averaged over models that disagree, it would be taken by the tails of those that the next rows
    refute. Slices of an outcome on a bent scale stay, for they are its shape.

    Parameters
    ----------
    surrogate : estimator
        Any regressor with `fit` and `predict(X, return_std=True)`; it is cloned.
    seed : int
        Given to each `random_state` of the estimator that is None.
    previous : OutcomeModel, optional
        Fitted before on the same outcomes. An estimator that has `fit_after(previous, X, y, **keywords)` may
        go on from its estimator of the same outcome; it is called in the place of `fit`, also with None.
    bounds : sequence of Outcome or None, optional
        The bounds and the scale of each outcome, None where nothing is known; none at all by default.
    wanted : dict of int to float, optional
        Places of outcomes that are to be as small (-1) or as large (1) as possible.

    With rows of earlier campaigns each estimator is put into a `TransferRegressor`, and sees a last column
    that says of which campaign a row is: 0 for the present one, of which all is asked.
    """

    expected: FloatArray | None = None
    """Outcomes of rows that count as known, (n, n_outputs), if there are any."""

    def __init__(
        self,
        surrogate: BaseEstimator,
        seed: int,
        previous: "OutcomeModel | None" = None,
        bounds: Sequence[Outcome | None] = (),
        wanted: Mapping[int, float] | None = None,
    ) -> None:
        self._surrogate = surrogate
        self._seed = seed
        self.scales: OutcomeScales = OutcomeScales(
            bounds, wanted or {}, None if previous is None else previous.scales
        )
        self._previous: dict[str, Any] = {} if previous is None else previous.by_outcomes

    def fit(
        self,
        X: FloatArray,
        y: FloatArray,
        noise_std: FloatArray | None = None,
        earlier: EarlierRows | None = None,
    ) -> "OutcomeModel":
        """Fit on rows of shape (n_rows, n_dims) and outcomes of shape (n_rows, n_outputs).

        `noise_std`, of the shape of the outcomes, holds the standard error of each outcome, 0 where it is not
        known. A surrogate whose `fit` takes `noise_variance` is given it; any other learns without, and a
        `UserWarning` says so.
        """
        sizes = 2.0 ** np.frexp(np.abs(y).max(axis=0))[1]  # by which squares of small outcomes are not 0
        spread = sizes * (y / sizes).std(axis=0)
        _refuse_tiny(spread)
        self._mean, self._scale = y.mean(axis=0), np.where(spread > 0, spread, 1.0)
        bounded = self.scales.bounded
        self._mean[bounded], self._scale[bounded] = 0.0, 1.0
        self._own = self.scales.of(X, y, noise_std)
        self._has_earlier = earlier is not None and len(earlier.X) > 0
        if earlier is not None and self._has_earlier:
            X = np.concatenate([self._asked(X), np.column_stack([earlier.X, earlier.campaigns])])
            y = np.concatenate([y, earlier.y])
            if noise_std is not None:
                noise_std = np.concatenate([noise_std, np.zeros_like(earlier.y)])
        targets = (y - self._mean) / self._scale
        parts = self._parts(y.shape[1])
        given = [self._given_noise(noise_std, columns) for columns in parts]
        self.surrogates = [
            self._fitted(columns, X, targets[:, columns], keywords)
            for columns, keywords in zip(parts, given, strict=True)
        ]
        self._fitted_on = X, [targets[:, columns] for columns in parts], given
        self._previous = {}  # what was fitted last is held by one model only
        return self

    @property
    def by_outcomes(self) -> dict[str, Any]:
        """The fitted estimators by the outcomes that each has learned."""
        return dict(zip(map(str, self._parts(len(self._mean))), self.surrogates, strict=True))

    def _parts(self, n_outputs: int) -> list[Any]:
        """Return the outcomes that each estimator learns, as an index, and note their order.

        Those on no scale of their own come first.
        """
        free = [place for place in range(n_outputs) if place not in self._own]
        self._order = [*free, *self._own]
        if not getattr(self._surrogate, "trains_outputs_jointly", False) or len(free) < 2:
            return self._order
        return [slice(None) if len(free) == n_outputs else free, *self._own]

    def _unfitted(self, columns: Any) -> BaseEstimator:
        """Return the estimator of some outcomes, on its scale if it is one that has a scale of its own."""
        own = self._own.get(columns) if isinstance(columns, int) else None
        surrogate = self._surrogate
        if self._has_earlier:
            surrogate = TransferRegressor(surrogate, campaign=-1)
        return surrogate if own is None else BoundedRegressor(surrogate, own.lower, own.upper, own.scale)

    def _asked(self, X: FloatArray) -> FloatArray:
        """Return rows of the present campaign as the estimators take them."""
        return np.pad(X, ((0, 0), (0, 1))) if self._has_earlier else X

    def _fitted(self, columns: Any, X: FloatArray, y: FloatArray, keywords: dict[str, FloatArray]) -> Any:
        """Return an estimator that has learned, if it can from where the one of its outcomes stood before."""
        model: Any = seeded_clone(self._unfitted(columns), self._seed)
        if not hasattr(model, "fit_after"):
            return model.fit(X, y, **keywords)
        return model.fit_after(self._previous.get(str(columns)), X, y, **keywords)

    def _given_noise(self, noise_std: FloatArray | None, column: Any = slice(None)) -> dict[str, FloatArray]:
        if noise_std is None or not noise_std.any():
            return {}
        if "noise_variance" not in signature(self._surrogate.fit).parameters:
            warnings.warn(
                f"The error bars that were told are not used: fit of {type(self._surrogate).__name__} takes "
                "no noise_variance. Use a surrogate that does, such as 'auto'.",
                UserWarning,
                stacklevel=2,
            )
            return {}
        return {"noise_variance": np.square(noise_std / self._scale)[:, column]}

    def noise_variance(self, X: FloatArray) -> FloatArray:
        """Return the variance of the observation noise of each outcome, a mean over rows; (n_outputs,)."""
        _, total = self.observation_moments(X)
        _, of_function = self.moments(X)
        return np.maximum(np.square(total) - np.square(of_function), 0.0).mean(axis=0)

    def moments(self, X: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation of the functions, each of shape (n, n_outputs)."""
        X = self._asked(X)
        moments = [posterior_moments(surrogate, X) for surrogate in self.surrogates]
        return self._restored(moments)

    def mixtures(self, X: FloatArray) -> list[NormalMixture]:
        """Return the distribution of each outcome's function: normal, or in slices if it has bounds."""
        X = self._asked(X)
        mixtures = [
            mixture if _has_slices(surrogate) else mixture.matched()
            for surrogate in self.surrogates
            for mixture in posterior_mixtures(surrogate, X)
        ]
        mixtures = self._as_told(mixtures)
        return [_restored_mixture(*each) for each in zip(mixtures, self._mean, self._scale, strict=True)]

    @property
    def has_gradients(self) -> bool:
        """Whether `mixtures_with_gradients` can be asked for."""
        return all(has_gradients(surrogate) for surrogate in self.surrogates)

    def mixtures_with_gradients(self, X: FloatArray) -> list[MixtureWithGradients]:
        """Return the distribution of each outcome's function, and its derivatives by the columns."""
        rows, inputs = self._asked(X), slice(X.shape[1])
        mixtures = [
            mixture if _has_slices(surrogate) else mixture.matched()
            for surrogate in self.surrogates
            for mixture in posterior_mixtures_with_gradients(surrogate, rows)
        ]
        return [
            MixtureWithGradients(
                _restored_mixture(each.mixture, mean, scale),
                each.mean_gradient[..., inputs] * scale,
                each.std_gradient[..., inputs] * scale,
            )
            for each, mean, scale in zip(self._as_told(mixtures), self._mean, self._scale, strict=True)
        ]

    @property
    def can_believe(self) -> bool:
        """Whether `given_expected` can be asked for."""
        return all(hasattr(surrogate, "given_expected") for surrogate in self.surrogates)

    def given_expected(self, X: FloatArray) -> "OutcomeModel":
        """Return the model for which what it expects of the functions at rows is known."""
        found, rows = copy(self), self._asked(X)
        found.surrogates = [surrogate.given_expected(rows) for surrogate in self.surrogates]
        found.expected = found.moments(X)[0]
        return found

    def observation_moments(self, X: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation of new observations, each of shape (n, n_outputs)."""
        X = self._asked(X)
        return self._restored([surrogate.predict(X, return_std=True) for surrogate in self.surrogates])

    def observation_quantiles(self, X: FloatArray, levels: Sequence[float]) -> FloatArray:
        """Return quantiles of new observations, shape (n, n_outputs, n_levels)."""
        rows = self._asked(X)
        parts = [posterior_quantiles(surrogate, rows, levels) for surrogate in self.surrogates]
        columns = [part.reshape(len(X), -1, len(levels)) for part in parts]
        found = np.concatenate(columns, axis=1)[:, np.argsort(self._order)]
        return found * self._scale[:, None] + self._mean[:, None]

    def held_out(self, n_rows: int) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation of the first rows of the fit, each predicted without itself.

        Each of shape (n_rows, n_outputs); NaN for rows that no model left out.
        """
        X, targets, given = self._fitted_on
        parts: list[tuple[Any, ...]] = []
        for surrogate, y, keywords in zip(self.surrogates, targets, given, strict=True):
            found = held_out_predictions(surrogate, X, y, keywords, seed=self._seed)
            moments = found.mean, np.sqrt(found.variance)
            parts.append(tuple(_at_rows(each, found.rows, len(X))[:n_rows] for each in moments))
        return self._restored(parts)

    def shares(self) -> list[tuple[int, str, float]]:
        """Return outcome, model and share of each model in the prediction of each outcome that names some."""
        found: list[tuple[int, str, float]] = []
        for surrogate, columns in zip(self.surrogates, self._parts(len(self._mean)), strict=True):
            table = _shares_of(surrogate)
            if table is not None:
                places = np.atleast_1d(np.arange(len(self._mean))[columns]).tolist()
                found += [
                    (place, str(name), float(share))
                    for place, column in zip(places, table.columns, strict=True)
                    for name, share in table[column].items()
                ]
        return found

    def draws(self, X: FloatArray, n_draws: int, seed: int) -> FloatArray:
        """Return joint draws of the functions, shape (n_outputs, n_draws, n)."""
        parts, rows = [], self._asked(X)
        for offset, surrogate in enumerate(self.surrogates):
            samples = posterior_draws(surrogate, rows, n_draws, seed + offset)
            parts.append(samples.reshape(n_draws, len(X), -1))
        scaled = self._columns_as_told(np.concatenate(parts, axis=2))
        return np.moveaxis(scaled * self._scale + self._mean, 2, 0)

    def _restored(self, moments: Sequence[tuple[Any, ...]]) -> tuple[FloatArray, FloatArray]:
        means, stds = zip(*moments, strict=True)
        mean, std = (
            self._columns_as_told(np.column_stack([np.asarray(part, dtype=float) for part in parts]))
            for parts in (means, stds)
        )
        return mean * self._scale + self._mean, std * self._scale

    def _as_told(self, values: list[Each]) -> list[Each]:
        """Return what belongs to each outcome in the order in which outcomes are told."""
        return [values[place] for place in np.argsort(self._order)]

    def _columns_as_told(self, values: FloatArray) -> FloatArray:
        """Return columns, the last axis, in that order; an array in this order as it is."""
        return values if not self._own else values[..., np.argsort(self._order)]


def _has_slices(surrogate: Any) -> bool:
    """Tell whether the components of a mixture are slices of one distribution, not models that disagree."""
    return bool(getattr(last_step(surrogate)[0], "has_sliced_mixture", False))


def _at_rows(values: FloatArray, rows: IntArray, n_rows: int) -> FloatArray:
    """Return values at their rows, shape (n_rows, n_outputs), NaN in all others."""
    columns = values.reshape(len(rows), -1)
    table = np.full((n_rows, columns.shape[1]), np.nan)
    table[rows] = columns
    return table


def _shares_of(surrogate: Any) -> pd.DataFrame | None:
    """Return the shares of what a fitted estimator is made of, also within the bounds of an outcome."""
    step = last_step(surrogate)[0]
    if hasattr(step, "shares_"):
        return step.shares_
    return _shares_of(step.estimator_) if isinstance(step, BoundedRegressor) else None


def _restored_mixture(mixture: NormalMixture, mean: float, scale: float) -> NormalMixture:
    """Return the distribution of a standardised outcome in its unit."""
    return NormalMixture(mixture.shares, mixture.mean * scale + mean, mixture.std * scale)


def _refuse_tiny(spread: FloatArray) -> None:
    """Raise `InvalidDataError` where outcomes differ by so little that a float loses digits of it."""
    is_tiny = (spread > 0) & (spread < SMALLEST)
    if is_tiny.any():
        raise InvalidDataError(
            f"The outcomes told of output {int(np.argmax(is_tiny))} (counted from 0) spread by "
            f"{spread[is_tiny][0]:.1e}, less than can be reckoned with ({SMALLEST:.0e}); tell them in a "
            "smaller unit."
        )
