"""scikit-learn's common checks; in a file of its own so that it runs beside the other tests."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from bnnopt.surrogates import MCDropoutRegressor


@pytest.mark.slow
@parametrize_with_checks([MCDropoutRegressor(max_iter=300, n_networks=3)])
def test_common_checks_of_scikit_learn(estimator, check):
    check(estimator)
