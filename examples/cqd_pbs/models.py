"""The models of the example: outcomes within their bounds, and whether a synthesis succeeds at all."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from preparation import CONTEXT, INPUTS, SETTINGS, chemical_inputs, hwhm_mev
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, PolynomialFeatures, StandardScaler
from sklearn.utils.metaestimators import available_if

from bnnopt.campaign import CampaignSettings
from bnnopt.inspection import TableModel
from bnnopt.objectives import Minimize, Outcome
from bnnopt.optimizer import BayesianOptimizer
from bnnopt.space import SearchSpace
from bnnopt.surrogates import BoundedRegressor, make_surrogate

__all__ = [
    "HWHM",
    "LEARNED",
    "OUTPUTS",
    "OutcomeModels",
    "as_table_model",
    "left_out",
    "make_optimizer",
    "outcome_models",
    "shares",
    "success_model",
    "with_hwhm",
]

Array = npt.NDArray[np.float64]

OUTPUTS = ["polydispersity", "peak_nm"]
LEARNED = [*OUTPUTS, "hwhm_meV"]
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

    def predict(self, X: pd.DataFrame, return_std: bool = False, *, noise: bool = True) -> Any:
        """Predict means and, on request, standard deviations, each of shape (n, n_outputs).

        `noise=False` leaves the noise of an observation out of the standard deviation; for surrogates that
        can tell.
        """
        keywords = {} if noise else {"noise": False}
        found = [
            model.predict(X[INPUTS], return_std=return_std, **keywords) for model in self.models_.values()
        ]
        if not return_std:
            return np.column_stack(found)
        return tuple(np.column_stack(part) for part in zip(*found, strict=True))

    @available_if(lambda self: hasattr(self.surrogate, "predict_quantiles"))
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
        model = clone(make_pipeline(FunctionTransformer(chemical_inputs), surrogate))
        seeds = {name: self.random_state for name in model.get_params() if name.endswith("random_state")}
        return model.set_params(**seeds)


def with_hwhm(table: pd.DataFrame) -> pd.DataFrame:
    """Add the column hwhm_meV, derived from peak_nm and polydispersity by `hwhm_mev`, NaN where these are."""
    return table.assign(hwhm_meV=hwhm_mev(table["peak_nm"], table["polydispersity"]))


def outcome_models(settings: CampaignSettings, seed: int) -> OutcomeModels:
    """Return the surrogate of the campaign, to be fitted on any of `LEARNED`, each within its bounds."""
    return OutcomeModels(settings.make_surrogate(), (*settings.outcomes, HWHM), random_state=seed)


def success_model() -> Pipeline:
    """Return a classifier of success: logistic in the square polynomial of ln(Pb:S), heat and oleylamine."""
    chosen = FunctionTransformer(_what_blocks)
    return make_pipeline(chosen, PolynomialFeatures(2), StandardScaler(), LogisticRegression(max_iter=1000))


def make_optimizer(settings: CampaignSettings, seed: int, *, surrogate: Any = None) -> BayesianOptimizer:
    """Return the optimizer of the campaign with a surrogate that sees the chemical inputs of a recipe.

    Parameters
    ----------
    settings : CampaignSettings
    seed : int
    surrogate : estimator or str, optional
        An estimator or its key, in the place of that of the settings.
    """
    inputs = FunctionTransformer(recipes_of_points, kw_args={"space": settings.space})
    chosen = settings.make_surrogate() if surrogate is None else make_surrogate(surrogate)
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


def as_table_model(settings: CampaignSettings, fitted: OutcomeModels, table: pd.DataFrame) -> TableModel:
    """Return fitted models as something that inspections can ask by the names of settings and outcomes."""
    units = {"peak_nm": "nm", "hwhm_meV": "meV"}
    space = settings.space.with_observed_context(table)
    objectives = (*settings.objectives, Minimize("hwhm_meV", unit="meV"))
    return TableModel(fitted, space, list(fitted.output_names_), units=units, objectives=objectives)


def left_out(fitted: OutcomeModels) -> dict[tuple[str, str], str]:
    """Return why members of a stacking take no part, by the names of member and outcome."""
    return {
        (member, output): reason
        for output, model in fitted.models_.items()
        for member, reason in getattr(_inner(model), "left_out_", {}).items()
    }
