"""The surrogate that chooses itself: anew in every fit, by held-out log density and time."""

from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates._choosing import Choice, OneColumn, choose, last_step, moments
from bnnopt.surrogates._table import Table, checked_inputs, checked_table
from bnnopt.surrogates._trained_fit import LARGEST_SEED

__all__ = ["AutoRegressor"]


def _chosen_have(name: str) -> Callable[["AutoRegressor"], bool]:
    """Tell whether all chosen surrogates have a method; taken for granted before a fit."""

    def have(estimator: "AutoRegressor") -> bool:
        return all(hasattr(last_step(choice.surrogate)[0], name) for choice in estimator._chosen)

    return have


class AutoRegressor(RegressorMixin, BaseEstimator):
    """Regression with a standard deviation by the surrogate that suits the data best.

    Each fit fits the candidates and keeps the one with the largest mean log density of held-out rows, so that
    the choice can change as data come in. `MCDropoutRegressor` and `ARDGaussianProcessRegressor` say what
    they expect of each row without it after one fit on all rows (`held_out_log_density_`); any other
    candidate is cross-validated in 5 folds. A difference per row below 1 / sqrt(n_samples), about
    two of its standard errors, or below 0.01 counts as none, and the first of the candidates is kept (after
    the rule of one standard error; Breiman et al. 1984, section 3.4.3). With fewer than 20 rows no difference
    counts.

    A candidate whose fit is expected to take longer than `time_budget` is not tried; this is decided by the
    size of the table (`expected_fit_seconds`) and never by the clock, so that the same data and seed lead to
    the same choice everywhere.

    Parameters
    ----------
    candidates : sequence of str or (str, estimator), default=("mc_dropout", "gaussian_process")
        Keys of `SURROGATES`, or pairs of a name and a regressor with `predict(X, return_std=True)`. The
        parameters of a pair's estimator are those of this one, behind the name: `name__parameter`.
    time_budget : float in (0, inf], default=30.0
        Seconds on one core that one fit of a candidate may be expected to take. The one expected to be
        fastest stays in any case, and so do candidates without `expected_fit_seconds`.
    random_state : int, RandomState or None, default=None
        Seeds each `random_state` of the candidates that is None, and the folds.

    Attributes
    ----------
    choice_ : str
        Name of the chosen candidate. For y of shape (n_samples, n_outputs), each output has a choice of its
        own, and this and the next four are lists.
    reason_ : str
        Why it was chosen, with the figures, and why others were left out.
    scores_ : dict of str to float
        Mean log density per held-out row of each candidate that was tried, in units of the standardised
        output; NaN where it cannot be judged, or need not be because it is alone.
    seconds_ : dict of str to float
        Measured time of the fit of each candidate that was tried; it decides nothing.
    surrogate_ : estimator
        The chosen candidate, fitted on all rows.
    n_features_in_ : int
        Number of inputs.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the inputs, if fitted on a DataFrame with string column names.

    Examples
    --------
    >>> import numpy as np
    >>> from bnnopt import AutoRegressor
    >>> X = np.linspace(0, 1, 12)[:, None]
    >>> model = AutoRegressor(random_state=0).fit(X, np.sin(6 * X[:, 0]))
    >>> sorted(model.scores_)
    ['gaussian_process', 'mc_dropout']
    """

    trains_outputs_jointly: ClassVar[bool] = False

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "candidates": [list, tuple],
        "time_budget": [Interval(Real, 0, None, closed="neither")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        candidates: Sequence[str | tuple[str, BaseEstimator]] = ("mc_dropout", "gaussian_process"),
        *,
        time_budget: float = 30.0,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.candidates = candidates
        self.time_budget = time_budget
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        noise_variance: ArrayLike | None = None,
    ) -> Self:
        """Fit the candidates and choose one for each output.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Inputs in any units, finite; at least 2 rows.
        y : array-like or DataFrame of shape (n_samples,) or (n_samples, n_outputs)
            Outputs in any units, finite.
        sample_weight : array-like of shape (n_samples,), default=None
            How many times each row counts, at least 0. If given, only candidates whose `fit` takes it can be
            chosen; of the default ones, "mc_dropout".
        noise_variance : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Noise variance of each measurement where it is known, in squared units of y; only candidates whose
            `fit` takes it can be chosen.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the data are not finite numbers of fitting shapes, a candidate is unknown or has no
            `return_std`, or none takes the weights or variances that were given.
        """
        candidates = self._named_candidates()
        table = checked_table(self, X, y, sample_weight, noise_variance, is_first=True)
        seed = int(check_random_state(self.random_state).randint(0, LARGEST_SEED))
        given = {"sample_weight": sample_weight is not None, "noise_variance": noise_variance is not None}
        columns = [_column(table, place, given) for place in range(table.y.shape[1])]
        choices = [
            choose(candidates, column, time_budget=float(self.time_budget), seed=seed) for column in columns
        ]
        return self._keep(choices, has_output_axis=np.asarray(y).ndim == 2)

    def _named_candidates(self) -> dict[str, BaseEstimator]:
        """Return the candidates by name, not fitted."""
        from bnnopt.surrogates._registry import make_surrogate  # which has this class in its table

        items: list[Any] = list(self.candidates)
        pairs = [item if _is_pair(item) else (item, item) for item in items]
        names = [name for name, _ in pairs]
        reserved = {"auto", *self._get_param_names()}
        is_free = all(isinstance(name, str) and "__" not in name and name not in reserved for name in names)
        if not names or not is_free or len(set(names)) < len(names):
            raise InvalidDataError(
                "candidates must be keys of SURROGATES or (name, estimator) pairs, at least one, with unlike "
                f"names that hold no '__' and are none of {sorted(reserved)}; got {self.candidates!r}."
            )
        return {name: make_surrogate(surrogate) for name, surrogate in pairs}

    @property
    def _chosen(self) -> list[Choice]:
        return getattr(self, "_choices", [])

    def __sklearn_is_fitted__(self) -> bool:
        return bool(self._chosen)

    def _keep(self, choices: list[Choice], *, has_output_axis: bool) -> Self:
        self._choices, self._has_output_axis = choices, has_output_axis
        self.choice_ = self._as_given([choice.name for choice in choices])
        self.reason_ = self._as_given([choice.reason for choice in choices])
        self.scores_ = self._as_given([choice.scores for choice in choices])
        self.seconds_ = self._as_given([choice.seconds for choice in choices])
        self.surrogate_ = self._as_given([choice.surrogate for choice in choices])
        return self

    def _as_given(self, of_outputs: list[Any]) -> Any:
        """Return what each output has, or the one thing if y had no axis of outputs."""
        return of_outputs if self._has_output_axis else of_outputs[0]

    def _stacked(self, of_outputs: list[FloatArray]) -> FloatArray:
        """Stack what each output has as the second axis, if y had one."""
        return np.stack(of_outputs, axis=1) if self._has_output_axis else of_outputs[0]

    @property
    def noise_variance_(self) -> float | FloatArray:
        """Variance of the observation noise, in squared units of y, where the chosen surrogate tells it.

        A float, or an ndarray of shape (n_outputs,) if y had an axis of outputs.
        """
        variances = [last_step(choice.surrogate)[0].noise_variance_ for choice in self._choices]
        return np.array(variances, dtype=float) if self._has_output_axis else float(variances[0])

    def predict(
        self, X: ArrayLike, return_std: bool = False, *, noise: bool = True
    ) -> FloatArray | tuple[FloatArray, FloatArray]:
        """Predict the mean and, on request, the standard deviation of each output.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Inputs; a DataFrame needs the columns of fitting in the same order.
        return_std : bool, default=False
            Whether to return the standard deviation too.
        noise : bool, default=True
            Whether the standard deviation is that of a new observation (True) or of the function alone
            (False). A chosen surrogate that cannot tell them apart returns its own in both cases.

        Returns
        -------
        mean : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            In the units of y.
        std : ndarray of the same shape
            Only with `return_std=True`; in the units of y.
        """
        check_is_fitted(self)
        rows = checked_inputs(self, X)
        if not return_std:
            return self._stacked([np.asarray(choice.surrogate.predict(rows)) for choice in self._choices])
        parts = [moments(choice.surrogate, rows, noise=noise) for choice in self._choices]
        return self._stacked([mean for mean, _ in parts]), self._stacked([std for _, std in parts])

    @available_if(_chosen_have("predict_mixture"))
    def predict_mixture(self, X: ArrayLike) -> Any:
        """Predict the function as a mixture of normal laws; there if all chosen surrogates have it.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        tuple of ndarray, or list of such tuples, one for each output
            As `MCDropoutRegressor.predict_mixture`.
        """
        check_is_fitted(self)
        steps = [last_step(choice.surrogate, checked_inputs(self, X)) for choice in self._choices]
        return self._as_given([model.predict_mixture(rows) for model, rows in steps])

    @available_if(_chosen_have("sample_y"))
    def sample_y(
        self, X: ArrayLike, n_samples: int = 1, random_state: int | np.random.RandomState | None = 0
    ) -> FloatArray:
        """Draw functions from the posterior and evaluate them at X; there if all chosen surrogates have it.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples_X, n_features)
            Inputs.
        n_samples : int, default=1
            Number of draws, at least 1.
        random_state : int, RandomState or None, default=0
            Seeds the draws; outputs are drawn independently of each other.

        Returns
        -------
        ndarray of shape (n_samples_X, n_samples) or (n_samples_X, n_outputs, n_samples)
            In the units of y.
        """
        check_is_fitted(self)
        seed = int(check_random_state(random_state).randint(0, LARGEST_SEED))
        steps = [last_step(choice.surrogate, checked_inputs(self, X)) for choice in self._choices]
        draws = [model.sample_y(rows, n_samples, seed + place) for place, (model, rows) in enumerate(steps)]
        return self._stacked(draws)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters.

        Parameters
        ----------
        deep : bool, default=True
            Whether to return the estimators of the pairs by name and their parameters as `name__parameter`.

        Returns
        -------
        dict
        """
        params = super().get_params(deep=deep)
        for name, estimator in self._pairs().items() if deep else ():
            params[name] = estimator
            params |= {f"{name}__{key}": value for key, value in estimator.get_params(deep=True).items()}
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters, those of pairs as `name__parameter`, and estimators of pairs by their names.

        Parameters
        ----------
        **params
            Names and values.

        Returns
        -------
        self
        """
        if "candidates" in params:
            self.candidates = params.pop("candidates")
        replaced = {name: params.pop(name) for name in self._pairs() if name in params}
        if replaced:
            self.candidates = tuple(
                (item[0], replaced.get(item[0], item[1])) if _is_pair(item) else item
                for item in self.candidates
            )
        return super().set_params(**params)

    def _pairs(self) -> dict[str, BaseEstimator]:
        """Return the estimators of the candidates that are pairs."""
        items = self.candidates if isinstance(self.candidates, list | tuple) else ()
        return {item[0]: item[1] for item in items if _is_pair(item)}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _is_pair(item: Any) -> bool:
    return isinstance(item, list | tuple) and len(item) == 2 and hasattr(item[1], "get_params")


def _column(table: Table, place: int, given: dict[str, bool]) -> OneColumn:
    """Return the rows of one output, those of weight above 0, with what was given for them."""
    used = table.weights > 0
    values = {"sample_weight": table.weights, "noise_variance": table.noise_variance[:, place]}
    further = {name: value[used] for name, value in values.items() if given[name]}
    return OneColumn(table.X[used], table.y[used, place], further)
