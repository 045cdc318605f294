"""The models of the example: outcomes within their bounds, and whether a synthesis succeeds at all."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from preparation import CONTEXT, INPUTS, SETTINGS, chemical_inputs
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, PolynomialFeatures, StandardScaler

from bnnopt.campaign import CampaignSettings
from bnnopt.objectives import Outcome
from bnnopt.optimizer import BayesianOptimizer
from bnnopt.space import SearchSpace
from bnnopt.surrogates import BoundedRegressor

__all__ = ["HWHM", "OUTPUTS", "OutcomeModels", "make_optimizer", "outcome_models", "success_model"]

Array = npt.NDArray[np.float64]

OUTPUTS = ["polydispersity", "peak_nm", "hwhm_meV"]
HWHM = Outcome("hwhm_meV", lower=0.0, scale="log", closed="neither", unit="meV")


class OutcomeModels(RegressorMixin, BaseEstimator):
    """One regressor for each outcome, on the chemical inputs of a recipe, within the bounds of the outcome.

    Parameters
    ----------
    surrogate : estimator
        With `predict(X, return_std=True)`; it is cloned.
    outcomes : sequence of Outcome
        The bounds of those outcomes that have some.
    random_state : int, optional
        Seeds the regressors.

    Attributes
    ----------
    models_ : dict of str to Pipeline
        The fitted regressors by outcome.
    """

    def __init__(
        self, surrogate: Any, outcomes: Sequence[Outcome] = (), *, random_state: int | None = None
    ) -> None:
        self.surrogate = surrogate
        self.outcomes = outcomes
        self.random_state = random_state

    def fit(self, X: pd.DataFrame, y: pd.DataFrame) -> Self:
        """Fit a regressor to each column of outcomes.

        Parameters
        ----------
        X : DataFrame of shape (n, n_columns)
            With the columns of `INPUTS`, in the units of their names.
        y : DataFrame of shape (n, n_outputs)
            Outcomes, finite.
        """
        bounds = {outcome.name: outcome for outcome in self.outcomes}
        self.output_names_ = np.array(y.columns)
        self.models_ = {name: self._one(bounds.get(name)).fit(X[INPUTS], y[name]) for name in y.columns}
        return self

    def predict(self, X: pd.DataFrame, return_std: bool = False, **keywords: Any) -> Any:
        """Predict means and, on request, standard deviations, each of shape (n, n_outputs).

        `noise=False` leaves the noise of an observation out of the standard deviation.
        """
        found = [
            model.predict(X[INPUTS], return_std=return_std, **keywords) for model in self.models_.values()
        ]
        if not return_std:
            return np.column_stack(found)
        return tuple(np.column_stack(part) for part in zip(*found, strict=True))

    def predict_quantiles(self, X: pd.DataFrame, quantiles: Sequence[float], *, noise: bool = True) -> Array:
        """Return quantiles of new observations, shape (n, n_outputs, n_quantiles)."""
        found = [
            model[-1].predict_quantiles(model[:-1].transform(X[INPUTS]), quantiles, noise=noise)
            for model in self.models_.values()
        ]
        return np.stack(found, axis=1)

    def sample_y(self, X: pd.DataFrame, n_samples: int = 64, random_state: int | None = 0) -> Array:
        """Draw functions, without noise, shape (n, n_outputs, n_samples)."""
        found = [
            model[-1].sample_y(model[:-1].transform(X[INPUTS]), n_samples, random_state=random_state)
            for model in self.models_.values()
        ]
        return np.stack([draws.reshape(len(X), n_samples) for draws in found], axis=1)

    def only(self, output: str) -> Pipeline:
        """Return the fitted regressor of one outcome."""
        return self.models_[output]

    def _one(self, outcome: Outcome | None) -> Pipeline:
        surrogate: Any = self.surrogate
        if outcome is not None and outcome.is_bounded:
            surrogate = BoundedRegressor(surrogate, outcome.lower, outcome.upper, outcome.scale)
        model = make_pipeline(FunctionTransformer(chemical_inputs), surrogate)
        seeds = {name: self.random_state for name in model.get_params() if name.endswith("random_state")}
        return make_pipeline(*(step for _, step in model.steps)).set_params(**seeds)


def outcome_models(settings: CampaignSettings, seed: int) -> OutcomeModels:
    """Return the surrogate of the campaign, one for each of `OUTPUTS`."""
    return OutcomeModels(settings.make_surrogate(), (*settings.outcomes, HWHM), random_state=seed)


def success_model() -> Pipeline:
    """Return a classifier of success: logistic in the square polynomial of ln(Pb:S), heat and oleylamine."""
    chosen = FunctionTransformer(_what_blocks)
    return make_pipeline(chosen, PolynomialFeatures(2), StandardScaler(), LogisticRegression(max_iter=1000))


def make_optimizer(
    settings: CampaignSettings, seed: int, *, surrogate: Any = None
) -> BayesianOptimizer:
    """Return the optimizer of the campaign with a surrogate that sees the chemical inputs of a recipe.

    Parameters
    ----------
    settings : CampaignSettings
    seed : int
    surrogate : estimator, optional
        In the place of that of the settings.
    """
    inputs = FunctionTransformer(recipes_of_points, kw_args={"space": settings.space})
    chosen = settings.make_surrogate() if surrogate is None else surrogate
    model = make_pipeline(inputs, FunctionTransformer(chemical_inputs), chosen)
    return settings.make_optimizer(
        random_state=seed, surrogate=model, success_classifier=make_pipeline(inputs, success_model())
    )


def recipes_of_points(points: Array, space: SearchSpace) -> pd.DataFrame:
    """Turn points of the unit cube, as a surrogate of an optimizer sees them, back into recipes.

    The outdoor temperature stays in the unit of the cube: a surrogate scales it anyhow.
    """
    columns = [space.encoded_names.index(name) for name in SETTINGS]
    cube = SearchSpace(space.settings)
    recipes = cube.decode(np.clip(np.asarray(points)[:, columns], 0.0, 1.0))
    return recipes.assign(**{CONTEXT: np.asarray(points)[:, space.encoded_names.index(CONTEXT)]})[INPUTS]


def shares(fitted: OutcomeModels) -> pd.DataFrame:
    """Return the share of each member of a stacking in each outcome; no rows where there are none."""
    found: Mapping[str, Any] = {
        name: _inner(model).shares_.iloc[:, 0]
        for name, model in fitted.models_.items()
        if hasattr(_inner(model), "shares_")
    }
    return pd.DataFrame(found)


def _inner(model: Pipeline) -> Any:
    return getattr(model[-1], "estimator_", model[-1])


def _what_blocks(recipes: pd.DataFrame) -> pd.DataFrame:
    return chemical_inputs(recipes)[["ln_PbS", "T_inj_C", "OLA_mL"]]
