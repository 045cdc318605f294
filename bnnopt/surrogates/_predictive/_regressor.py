"""What all estimators that predict a mixture of normal distributions share: predict, draw, keep a fit."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from bnnopt._estimators import Documented, Rule, check_parameters, draw_seed, is_whole, last_fit_kept
from bnnopt._plain import shown
from bnnopt._threads import one_thread
from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates._predictive._mixtures import HeldOutPredictions, OutputMixture
from bnnopt.surrogates._predictive._quantiles import as_levels, calibrated, mixture_quantiles
from bnnopt.surrogates._rows import check_rows, number_of_axes, output_names

__all__ = ["MixtureRegressor", "Posterior", "checked_number_of_draws"]


class Posterior(Protocol):
    """What a fit leaves behind, in the units of the outputs; some have `slopes`, `unseen` and more."""

    @property
    def noise(self) -> FloatArray:
        """Mean variance of the observation noise, shape (n_outputs,)."""

    def noise_at(self, X: FloatArray) -> FloatArray:
        """Variance of the observation noise at rows, shape (n_rows, n_outputs)."""

    def mixtures(self, X: FloatArray, *, is_padded: bool) -> list[OutputMixture]:
        """Distribution of each output's function; padded, so that no digit depends on the number of rows."""

    def draw(self, X: FloatArray, n_samples: int, rng: np.random.Generator) -> FloatArray:
        """Evaluate new functions, shape (n_rows, n_samples, n_outputs)."""

    def held_out(self) -> HeldOutPredictions | None:
        """Predictions of rows without them, with an axis of outputs; None where no row was left out."""


def _posterior_has(name: str) -> Callable[["MixtureRegressor"], bool]:
    """Tell whether a fit can do something; taken for granted before one, so that a call says so."""
    return lambda model: not hasattr(model, "_posterior") or bool(getattr(model._posterior, name, False))


def _offered(name: str) -> Callable[["MixtureRegressor"], bool]:
    """Tell whether an estimator has a method; one that passes on what others say has it if they do."""
    return lambda model: model._offers(name)


def checked_number_of_draws(n_samples: Any) -> int:
    """Return how many draws are wanted, or raise `InvalidDataError`."""
    if not is_whole(n_samples) or n_samples < 1:
        raise InvalidDataError(f"n_samples must be a whole number of at least 1, got {shown(n_samples)}.")
    return int(n_samples)


class MixtureRegressor(Documented, RegressorMixin, BaseEstimator):
    """Predicts from a posterior; an estimator adds parameters and how it is learned."""

    _rules: ClassVar[Mapping[str, Rule]] = {}
    _posterior: Posterior
    _has_output_axis: bool

    def predict(
        self, X: ArrayLike, return_std: bool = False, *, noise: bool = True
    ) -> FloatArray | tuple[FloatArray, FloatArray]:
        """Predict the mean and, on request, the standard deviation of each output.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Inputs; a DataFrame needs the columns of fitting in the same order.
        return_std : bool, default=False
            Whether to return the standard deviation too.
        noise : bool, default=True
            Whether the standard deviation is that of a new observation (True) or of the function alone
            (False).

        Returns
        -------
        mean : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            In the units of y.
        std : ndarray of the same shape
            Only with `return_std=True`; in the units of y.
        """
        check_is_fitted(self)
        rows = check_rows(self, X)
        with one_thread():
            moments = [mixture.moments() for mixture in self._posterior.mixtures(rows, is_padded=True)]
            mean, variance = (np.column_stack(parts) for parts in zip(*moments, strict=True))
            if not return_std:
                return self._as_given(mean)
            total = variance + self._posterior.noise_at(rows) if noise else variance
        return self._as_given(mean), self._as_given(np.sqrt(total))

    def predict_quantiles(self, X: ArrayLike, quantiles: ArrayLike, *, noise: bool = True) -> FloatArray:
        """Predict quantiles of each output: roots of the distribution function of the predicted mixture.

        Other than mean plus and minus a multiple of the standard deviation they are not symmetric where the
        components of `predict_mixture` disagree. Gaussian processes and stackings take their levels as
        calibrated by rows that the fit has not seen (docs/method.md): an interval of 95 % may be one of 90 or
        98 % of the mixture. As there, the last digit of a row may depend on the number of rows beside it.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Inputs.
        quantiles : array-like of shape (n_quantiles,)
            Levels, above 0 and below 1, in any order, such as [0.025, 0.975] for an interval of 95 %.
        noise : bool, default=True
            Whether the quantiles are those of a new observation (True) or of the function alone (False).

        Returns
        -------
        ndarray of shape (n_samples, n_quantiles) or (n_samples, n_outputs, n_quantiles)
            In the units of y.

        Raises
        ------
        InvalidDataError
            If a level is out of range.
        """
        check_is_fitted(self)
        levels, rows = as_levels(quantiles), check_rows(self, X)
        with one_thread():
            of_outputs = self._quantiles(rows, levels, noise)
        return np.stack(of_outputs, axis=1) if self._has_output_axis else of_outputs[0]

    def _quantiles(self, rows: FloatArray, levels: FloatArray, noise: bool) -> list[FloatArray]:
        """Quantiles of each output, each of shape (n_samples, n_quantiles)."""
        of_outputs = calibrated(self._posterior, levels)
        mixtures = self._posterior.mixtures(rows, is_padded=False)
        added = self._posterior.noise_at(rows).T if noise else np.zeros((len(mixtures), len(rows)))
        return [
            mixture_quantiles(mixture.shares, mixture.means, np.sqrt(mixture.variances + own), at)
            for mixture, own, at in zip(mixtures, added, of_outputs, strict=True)
        ]

    def predict_mixture(self, X: ArrayLike, *, return_gradient: bool = False) -> Any:
        """Predict the function as a mixture of normal distributions.

        Its moments are those of `predict` with `noise=False`; an expected value over functions, such as an
        expected improvement, is the mean of that of each component by its share, which moments alone do not
        give. Other than with `predict`, the last digit of a row may depend on the number of rows beside it.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Inputs.
        return_gradient : bool, default=False
            Whether to return derivatives by the inputs too; only where `has_gradients_` is True.

        Returns
        -------
        tuple of ndarray, or list of such tuples, one for each output
            Shares of shape (n_components,), which make 1, and means and standard deviations of shape
            (n_components, n_samples), in the units of y; with gradients also their derivatives by the columns
            of X, of shape (n_components, n_samples, n_features), in the units of y and X.

        Raises
        ------
        InvalidDataError
            If gradients are asked for and there are none.
        """
        check_is_fitted(self)
        rows = check_rows(self, X)
        with one_thread():
            if return_gradient:
                mixtures = [_with_gradient(*slopes) for slopes in self._slopes(rows)]
            else:
                mixtures = [
                    (mixture.shares, mixture.means, np.sqrt(mixture.variances))
                    for mixture in self._posterior.mixtures(rows, is_padded=False)
                ]
        return mixtures if self._has_output_axis else mixtures[0]

    @available_if(_posterior_has("has_covariances"))
    def predict_covariance(self, X: ArrayLike, Z: ArrayLike, *, return_gradient: bool = False) -> Any:
        """Predict the covariance of the function at some rows with the function at others.

        There after a fit in which all that predict are Gaussian processes. With itself a row has the variance
        of `predict` with `noise=False`.

        Parameters
        ----------
        X, Z : array-like, sparse matrix or DataFrame of shape (n, n_features) and (m, n_features)
            Inputs.
        return_gradient : bool, default=False
            Whether to return derivatives by the columns of X too.

        Returns
        -------
        ndarray of shape (n, m), or tuple of two; a list of such, one for each output, if y had several
            In squared units of y; the derivatives, of shape (n, m, n_features), per unit of X.
        """
        check_is_fitted(self)
        rows, others = check_rows(self, X), check_rows(self, Z)
        with one_thread():
            posterior: Any = self._posterior
            found = posterior.covariances(rows, others, slopes=return_gradient)
        chosen = [tuple(each) if return_gradient else each.value for each in found]
        return chosen if self._has_output_axis else chosen[0]

    @available_if(_posterior_has("can_believe"))
    def given_expected(self, X: ArrayLike) -> Self:
        """Return a copy of the fit for which what it expects of the function at some rows is known.

        There after a fit in which all that predict are Gaussian processes. Means stay and standard deviations
        fall; draws are those of the fit.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            The rows, at least one, such as those whose outcomes are on their way.

        Returns
        -------
        estimator
            Fitted.
        """
        check_is_fitted(self)
        posterior: Any = self._posterior
        found = copy(self)
        found._posterior = posterior.believing(check_rows(self, X))
        return found

    def predict_noise_variance(self, X: ArrayLike) -> FloatArray:
        """Predict the variance of the observation noise.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            In squared units of y.
        """
        check_is_fitted(self)
        with one_thread():
            return self._as_given(self._posterior.noise_at(check_rows(self, X)))

    @available_if(_offered("sample_y"))
    def sample_y(
        self, X: ArrayLike, n_samples: int = 1, random_state: int | np.random.RandomState | None = 0
    ) -> FloatArray:
        """Draw functions from the posterior and evaluate them at X.

        Each draw is one function for all rows, without observation noise, and draws vary as much as `predict`
        says with `noise=False`. Components come in proportion to their shares, so that few draws already show
        how they differ.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples_X, n_features)
            Inputs.
        n_samples : int, default=1
            Number of draws, at least 1.
        random_state : int, RandomState or None, default=0
            Seeds the draws.

        Returns
        -------
        ndarray of shape (n_samples_X, n_samples) or (n_samples_X, n_outputs, n_samples)
            In the units of y.

        Raises
        ------
        InvalidDataError
            `n_samples` is no whole number of at least 1.
        """
        check_is_fitted(self)
        rows = check_rows(self, X)
        n_draws, rng = checked_number_of_draws(n_samples), np.random.default_rng(draw_seed(random_state))
        with one_thread():
            draws = self._posterior.draw(rows, n_draws, rng)
        return np.swapaxes(draws, 1, 2) if self._has_output_axis else draws[..., 0]

    @available_if(_offered("predict_held_out"))
    def predict_held_out(self) -> HeldOutPredictions:
        """Return what the fit predicts for its rows, each without itself: what a stacking weighs it by.

        Returns
        -------
        HeldOutPredictions
            Of the rows that were left out, in the units of y.

        Raises
        ------
        InvalidDataError
            If no row was left out.
        """
        check_is_fitted(self)
        held_out = self._posterior.held_out()
        if held_out is None:
            raise InvalidDataError(
                f"{type(self).__name__} left no row out. Raise n_networks to 2 or more, so that each row is "
                "left out by one network."
            )
        return HeldOutPredictions(
            held_out.rows, self._as_given(held_out.mean), self._as_given(held_out.variance)
        )

    @available_if(_posterior_has("unseen"))
    def predict_unseen(self) -> list[HeldOutPredictions]:
        """Return what the fit would predict for its rows if it had never seen them.

        Other than with `predict_held_out`, what rows told of the hyperparameters is taken back too, to first
        order. Of more rows than hyperparameters are learned from, some hundred, they had next to no part in
        them, and nothing is taken back. The levels of `predict_quantiles` are calibrated by these rows.

        Returns
        -------
        list of HeldOutPredictions
            One for each output, each with its own rows; mean and variance of shape (n_rows,).
        """
        check_is_fitted(self)
        posterior: Any = self._posterior
        with one_thread():
            return list(posterior.unseen())

    def _offers(self, name: str) -> bool:
        """Tell whether `sample_y` or `predict_held_out` is there: in general, both are."""
        return True

    def _slopes(self, rows: FloatArray) -> list[tuple[OutputMixture, FloatArray, FloatArray]]:
        if not getattr(self, "has_gradients_", False):
            raise InvalidDataError(
                f"This {type(self).__name__} has no exact gradients (has_gradients_ is False): only Gaussian "
                "processes have. Leave return_gradient out and take differences."
            )
        posterior: Any = self._posterior
        return list(posterior.slopes(rows))

    def _as_given(self, values: Any) -> Any:
        """Drop the axis of the outputs if y had none."""
        return values if self._has_output_axis else values[..., 0]

    def _keep(self, posterior: Posterior, y: Any, **attributes: Any) -> Self:
        """Take over what a fit has found, with attributes whose names get an underscore."""
        self._posterior = posterior
        self._has_output_axis = number_of_axes(y) == 2
        names = output_names(y)
        if names is not None:
            self.output_names_ = names
        for name, value in attributes.items():
            setattr(self, f"{name}_", value)
        self.n_outputs_ = len(posterior.noise)
        self.noise_variance_ = self._as_given(posterior.noise[None])[0]
        return self

    @contextmanager
    def _fitting(self, *, is_first: bool = True) -> Iterator[None]:
        """Check the parameters, and keep the last fit in case that the new one fails or is stopped."""
        with last_fit_kept(self, *_OF_A_FIT, is_first=is_first):
            self._check()
            yield

    def _check(self) -> None:
        check_parameters(self, self._rules)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_posterior")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = True
        tags.non_deterministic = False
        return tags


_OF_A_FIT = ("_posterior", "_has_output_axis")


def _with_gradient(
    mixture: OutputMixture, by_mean: FloatArray, by_variance: FloatArray
) -> tuple[FloatArray, ...]:
    """Return shares, means, standard deviations and their derivatives; 0 where a variance is 0."""
    std = np.sqrt(mixture.variances)
    twice = 2.0 * std[:, :, None]
    by_std = np.divide(by_variance, twice, out=np.zeros_like(by_variance), where=twice > 0)
    return mixture.shares, mixture.means, std, by_mean, by_std
