"""Bayesian optimization of real experiments with scikit-learn-compatible networks and Gaussian processes.

Every public name is loaded when it is first used: `import bnnopt` loads neither TensorFlow nor matplotlib.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bnnopt.acquisition import ACQUISITIONS, Acquisition
    from bnnopt.campaign import Campaign, CampaignSettings
    from bnnopt.inspection import TableModel, attainable_map, improving_direction, local_effects, trade_off
    from bnnopt.model_selection import (
        BayesSearchCV,
        LaterCohortSplit,
        check_fit,
        learning_curve,
        log_predictive_density,
        network_grid,
    )
    from bnnopt.objectives import (
        Chebyshev,
        Desirability,
        Maximize,
        Minimize,
        Outcome,
        OutcomeConstraint,
        Target,
        WeightedSum,
    )
    from bnnopt.optimizer import BayesianOptimizer
    from bnnopt.space import (
        CardinalityConstraint,
        Categorical,
        Context,
        Discrete,
        Integer,
        LinearConstraint,
        NonlinearConstraint,
        Real,
        SearchSpace,
    )
    from bnnopt.surrogates import (
        SURROGATES,
        BayesianStackingRegressor,
        BoundedRegressor,
        GaussianProcessEnsembleRegressor,
        KerasMCDropoutRegressor,
        MCDropoutRegressor,
        TransferRegressor,
    )

__version__ = "0.2.0"

__all__ = [
    "ACQUISITIONS",
    "SURROGATES",
    "Acquisition",
    "BayesSearchCV",
    "BayesianOptimizer",
    "BayesianStackingRegressor",
    "BoundedRegressor",
    "Campaign",
    "CampaignSettings",
    "CardinalityConstraint",
    "Categorical",
    "Chebyshev",
    "Context",
    "Desirability",
    "Discrete",
    "GaussianProcessEnsembleRegressor",
    "Integer",
    "KerasMCDropoutRegressor",
    "LaterCohortSplit",
    "LinearConstraint",
    "MCDropoutRegressor",
    "Maximize",
    "Minimize",
    "NonlinearConstraint",
    "Outcome",
    "OutcomeConstraint",
    "Real",
    "SearchSpace",
    "TableModel",
    "Target",
    "TransferRegressor",
    "WeightedSum",
    "__version__",
    "attainable_map",
    "check_fit",
    "improving_direction",
    "learning_curve",
    "local_effects",
    "log_predictive_density",
    "network_grid",
    "trade_off",
]

_ROOM_OF = {
    "ACQUISITIONS": "acquisition",
    "Acquisition": "acquisition",
    "BayesSearchCV": "model_selection",
    "BayesianOptimizer": "optimizer",
    "BayesianStackingRegressor": "surrogates",
    "BoundedRegressor": "surrogates",
    "Campaign": "campaign",
    "CampaignSettings": "campaign",
    "CardinalityConstraint": "space",
    "Categorical": "space",
    "Chebyshev": "objectives",
    "Context": "space",
    "Desirability": "objectives",
    "Discrete": "space",
    "GaussianProcessEnsembleRegressor": "surrogates",
    "Integer": "space",
    "KerasMCDropoutRegressor": "surrogates",
    "LaterCohortSplit": "model_selection",
    "LinearConstraint": "space",
    "MCDropoutRegressor": "surrogates",
    "Maximize": "objectives",
    "Minimize": "objectives",
    "NonlinearConstraint": "space",
    "Outcome": "objectives",
    "OutcomeConstraint": "objectives",
    "Real": "space",
    "SURROGATES": "surrogates",
    "SearchSpace": "space",
    "TableModel": "inspection",
    "Target": "objectives",
    "TransferRegressor": "surrogates",
    "WeightedSum": "objectives",
    "attainable_map": "inspection",
    "check_fit": "model_selection",
    "improving_direction": "inspection",
    "learning_curve": "model_selection",
    "local_effects": "inspection",
    "log_predictive_density": "model_selection",
    "network_grid": "model_selection",
    "trade_off": "inspection",
}


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'bnnopt' has no attribute {name!r}")
    value = getattr(import_module(f"bnnopt.{_ROOM_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
