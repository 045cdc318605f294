"""scikit-learn's common checks; in a file of its own so that it runs beside the other tests."""

import pytest
from sklearn.linear_model import BayesianRidge
from sklearn.utils.estimator_checks import parametrize_with_checks

from bnnopt.surrogates import (
    BayesianStackingRegressor,
    GaussianProcessEnsembleRegressor,
    MCDropoutRegressor,
)


@pytest.mark.slow
@parametrize_with_checks(
    [
        GaussianProcessEnsembleRegressor(),
        BayesianStackingRegressor(
            [("processes", GaussianProcessEnsembleRegressor(n_members=1)), ("line", BayesianRidge())]
        ),
        MCDropoutRegressor(max_iter=300, n_networks=3),
    ]
)
def test_common_checks_of_scikit_learn(estimator, check):
    check(estimator)
