"""Stacking of predictive distributions: members weighed by what they say of rows that they have not seen."""

from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from bnnopt._estimators import Rule, flag, seed_parameter
from bnnopt._plain import shown
from bnnopt._typing import ArrayLike
from bnnopt.exceptions import InvalidDataError, MissingDependencyError
from bnnopt.surrogates._gaussian_process_ensemble import GaussianProcessEnsembleRegressor
from bnnopt.surrogates._mc_dropout import MCDropoutRegressor
from bnnopt.surrogates._predictive._regressor import MixtureRegressor
from bnnopt.surrogates._rows import as_dense, check_fit_data, open_batches
from bnnopt.surrogates._stacking._members import Data, Member
from bnnopt.surrogates._stacking._posterior import StackedPosterior, Weighed
from bnnopt.surrogates._stacking._trials import EarlierFit, fitted_members

__all__ = ["BayesianStackingRegressor", "standing_of"]

Estimators = Sequence[tuple[str, BaseEstimator]]


class BayesianStackingRegressor(MixtureRegressor):
    """Regression with a standard deviation by several regressors, whose distributions are averaged.

    Each member says what it predicts for rows that it has not seen; for each output the shares are those
    under which these rows are most likely (Yao et al. 2018). By default the members are a
    `GaussianProcessEnsembleRegressor` and a `MCDropoutRegressor`.

    A member that offers a short fit (`trial_parameters`), as `MCDropoutRegressor` does, joins only where such
    a trial says that held-out rows gain: by 0.01 or more in mean log density, and by more than chance may do
    (Student's t at 95 %). Members that cannot be had here, such as dropout networks without TensorFlow, are
    left out; `left_out_` says which and why.

    Parameters
    ----------
    estimators : list of (str, estimator), default=None
        Names and regressors with `predict(X, return_std=True)`; None for
        `[("gaussian_process_ensemble", GaussianProcessEnsembleRegressor()), ("mc_dropout",
        MCDropoutRegressor())]`. Their parameters are those of this one behind the name:
        `mc_dropout__dropout`. What a member may offer besides stands in docs/surrogates.md; one that has no
        `predict_held_out` is cross-validated in 5 folds.
    calibrate : bool, default=False
        Whether to scale all variances so that the squared errors of held-out rows are as large as predicted.
    random_state : int, RandomState or None, default=None
        Seeds each `random_state` of the members that is None, and folds.

    Attributes
    ----------
    shares_ : DataFrame of shape (n_members, n_outputs)
        Share of each member in the prediction of each output; each column makes 1.
    estimators_ : dict of str to estimator
        The fitted members by name; a list of one for each output where a member learns one output at a time.
    left_out_ : dict of str to str
        Why a member takes no part, by name.
    held_out_log_density_ : float
        Mean over rows, by their weights, and outputs of the log density of each standardised output, noise
        included, under the mixture of what members predict without the row.
    noise_variance_ : float or ndarray of shape (n_outputs,)
        Mean variance of the observation noise, in squared units of y.
    has_gradients_ : bool
        Whether `predict_mixture` can return gradients: if all members that predict can.
    n_features_in_, n_outputs_ : int
        Number of inputs and outputs.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the inputs, if fitted on a DataFrame with string column names.
    output_names_ : ndarray of shape (n_outputs,)
        Names of the outputs, if y was a DataFrame with string column names.

    References
    ----------
    Y. Yao, A. Vehtari, D. Simpson, A. Gelman, "Using stacking to average Bayesian predictive distributions",
    Bayesian Analysis 2018, 13, 917 (equation 4).

    Examples
    --------
    >>> import numpy as np
    >>> from bnnopt import BayesianStackingRegressor, GaussianProcessEnsembleRegressor
    >>> from sklearn.linear_model import BayesianRidge
    >>> members = [("processes", GaussianProcessEnsembleRegressor()), ("linear", BayesianRidge())]
    >>> X = np.linspace(0, 1, 12)[:, None]
    >>> model = BayesianStackingRegressor(members, random_state=0).fit(X, np.sin(6 * X[:, 0]))
    >>> list(model.shares_.index)
    ['processes', 'linear']
    """

    trains_outputs_jointly: ClassVar[bool] = True

    _predicting: Sequence[Member] = ()  # before a fit
    _earlier: EarlierFit | None = None

    _rules: ClassVar[dict[str, Rule]] = {"calibrate": flag(), "random_state": seed_parameter()}

    def __init__(
        self,
        estimators: Estimators | None = None,
        *,
        calibrate: bool = False,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimators = estimators
        self.calibrate = calibrate
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        noise_variance: ArrayLike | None = None,
    ) -> Self:
        """Fit the members and weigh them.

        A fit that fails or is stopped leaves the last one as it was.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Inputs in any units, finite; at least 2 rows.
        y : array-like or DataFrame of shape (n_samples,) or (n_samples, n_outputs)
            Outputs in any units, finite.
        sample_weight : array-like of shape (n_samples,), default=None
            How many times each row counts, at least 0. If given, all members must take it.
        noise_variance : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Noise variance of each measurement where it is known, in squared units of y; for members whose
            `fit` takes it.

        Returns
        -------
        self
            The estimator itself, fitted.

        Raises
        ------
        ValueError
            If the data are not finite numbers of fitting shapes, a name stands twice, or a member has no
            `return_std` or does not take the weights that were given.
        MissingDependencyError
            If no member can be had.
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
        """Fit, with an earlier fit on some of the rows in mind: what an optimizer does from row to row.

        Members with a method `fit_after`, such as `MCDropoutRegressor`, go on from the earlier ones; a member
        that was left out, or whose share was next to nothing, is left out until there are half as many rows
        more. Then its trial is made in parts, a tenth for each row since the earlier fit, if it can pause.

        Parameters
        ----------
        previous : BayesianStackingRegressor or None
            Fitted; None for a fit that knows of none. Of a `BoundedRegressor` of one, on another scale,
            only which members take part is kept, until trials in parts on this scale are made.
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
            named, X = dict(self._pairs()), as_dense(X)
            rows = check_fit_data(self, X, y, sample_weight, noise_variance)
            data = Data.of(rows, X, y, sample_weight, noise_variance, named)
            return self._learn(data, named, y, _known_of(previous, self))

    def fit_stream(self, batches: Iterable[Any]) -> Self:
        """Learn from batches of rows, such as those of a tf.data set; all members must have `fit_stream`.

        Parameters
        ----------
        batches : iterable of (X, y) or (X, y, sample_weight)
            As in `GaussianProcessEnsembleRegressor.fit_stream`.

        Returns
        -------
        self
            The estimator itself, fitted.

        Raises
        ------
        TypeError, ValueError
            As `GaussianProcessEnsembleRegressor.fit_stream`, or if a member cannot read batches.
        """
        with self._fitting():
            named = dict(self._pairs())
            rows, source = open_batches(self, batches)
            return self._learn(Data.of_batches(rows, batches, named), named, source.y, None)

    def _check(self) -> None:
        super()._check()
        pairs = self._pairs()
        names = [name for name, _ in pairs]
        taken = set(self._get_param_names())
        is_free = all(
            isinstance(name, str) and name and "__" not in name and name not in taken for name in names
        )
        given = () if not isinstance(self.estimators, list | tuple) else self.estimators
        is_whole = self.estimators is None or len(pairs) == len(given)
        if not names or not is_whole or not is_free or len(set(names)) < len(names):
            raise InvalidDataError(
                "estimators must be (name, estimator) pairs, at least one, with unlike names that hold no "
                f"'__' and are none of {sorted(taken)}; got {shown(self.estimators)}."
            )

    def _learn(self, data: Data, named: dict[str, BaseEstimator], y: Any, earlier: EarlierFit | None) -> Self:
        members, left_out, trials = fitted_members(data, named, self.random_state, earlier)
        if not members:
            raise MissingDependencyError(f"No member could be fitted: {'; '.join(left_out.values())}")
        weighed = Weighed.of(data, members)
        posterior = StackedPosterior(members, weighed, bool(self.calibrate), data)
        shares = pd.DataFrame(weighed.shares, index=[member.name for member in members])
        estimators = {member.name: member.fitted for member in members}
        self._predicting = posterior.predicting
        self._earlier = EarlierFit(estimators, left_out, shares.max(axis=1).to_dict(), trials)
        return self._keep(
            posterior,
            y,
            shares=shares,
            estimators=estimators,
            left_out=left_out,
            held_out_log_density=posterior.held_out_log_density,
            has_gradients=all(member.has_gradients for member in posterior.predicting),
        )

    def _offers(self, name: str) -> bool:
        return name == "predict_held_out" or all(member.has(name) for member in self._predicting)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters.

        Parameters
        ----------
        deep : bool, default=True
            Whether to return the members by name and their parameters as `name__parameter`.

        Returns
        -------
        dict
            Values by name.
        """
        params: dict[str, Any] = super().get_params(deep=False)
        for name, estimator in self._pairs() if deep else ():
            params[name] = estimator
            params |= {f"{name}__{key}": value for key, value in estimator.get_params(deep=True).items()}
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters, those of members as `name__parameter`, and members by their names.

        Parameters
        ----------
        **params
            Names and values.

        Returns
        -------
        self
            The estimator itself, not fitted again.
        """
        if "estimators" in params:
            self.estimators = params.pop("estimators")
        pairs = self._pairs()
        names = [name for name, _ in pairs]
        if any(key.partition("__")[0] in names for key in params):
            self.estimators = [(name, params.pop(name, estimator)) for name, estimator in pairs]
        super().set_params(**params)
        return self

    def _pairs(self) -> list[tuple[str, BaseEstimator]]:
        """Return names and estimators, the default ones where none were given."""
        if self.estimators is None:
            return [
                ("gaussian_process_ensemble", GaussianProcessEnsembleRegressor()),
                ("mc_dropout", MCDropoutRegressor()),
            ]
        items = self.estimators if isinstance(self.estimators, list | tuple) else ()
        return [(item[0], item[1]) for item in items if _is_pair(item)]


def standing_of(previous: Any) -> BayesianStackingRegressor | None:
    """Return a fit on other values without its members: who takes part, until a trial in parts has ended.

    Parameters
    ----------
    previous : BayesianStackingRegressor, or anything else, of which there is nothing to keep
        Fitted on the same rows in other units, such as another scale of the outcome.
    """
    if not isinstance(previous, BayesianStackingRegressor) or previous._earlier is None:
        return None
    found = copy(previous)
    found._earlier = previous._earlier.without_members()
    return found


def _known_of(previous: Any, model: BayesianStackingRegressor) -> EarlierFit | None:
    """Return what a fit knows of an earlier one."""
    if not isinstance(previous, type(model)):
        previous = standing_of(getattr(previous, "estimator_", None))
    return None if previous is None else previous._earlier


def _is_pair(item: Any) -> bool:
    return isinstance(item, list | tuple) and len(item) == 2 and hasattr(item[1], "get_params")
