"""What a user of the package writes, checked by mypy --strict against the installed wheel."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bnnopt import (
    BayesianOptimizer,
    BayesianStackingRegressor,
    Campaign,
    GaussianProcessEnsembleRegressor,
    LinearConstraint,
    Minimize,
    Outcome,
    OutcomeConstraint,
    Real,
    SearchSpace,
)
from bnnopt.acquisition import Acquisition
from bnnopt.exceptions import InvalidDataError


def fitted(X: NDArray[np.float64], y: NDArray[np.float64]) -> BayesianStackingRegressor:
    """Return a fitted estimator; `fit` gives the class itself."""
    members = [("processes", GaussianProcessEnsembleRegressor(random_state=0))]
    return BayesianStackingRegressor(members, random_state=0).fit(X, y)


def next_rows(runs: pd.DataFrame) -> pd.DataFrame:
    """Tell and ask."""
    space = SearchSpace(
        [Real("A", 0, 20, unit="mL"), Real("B", 0, 20, unit="mL")],
        constraints=[LinearConstraint({"A": 1, "B": 1}, upper=30)],
    )
    optimizer = BayesianOptimizer(
        space,
        [Minimize("width", unit="meV"), OutcomeConstraint("peak", lower=930, upper=970)],
        outcomes=[Outcome("width", lower=0)],
        acquisition=Acquisition("mine", scores, needs="moments"),
        random_state=0,
    )
    try:
        optimizer.tell(runs[["A", "B"]], runs[["width", "peak"]])
    except InvalidDataError as error:
        raise SystemExit(str(error)) from error
    batch: pd.DataFrame = optimizer.ask(4)
    return batch


def scores(mean: NDArray[np.float64], std: NDArray[np.float64]) -> NDArray[np.float64]:
    """Upper confidence bound."""
    return mean + 2.0 * std


def n_rows(folder: str) -> int:
    """Count the runs of a campaign."""
    return len(Campaign.open(folder).experiments)
