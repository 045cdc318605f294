"""scikit-learn's common checks; in a file of its own so that it runs beside the other tests."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from bnnopt.surrogates import KerasMCDropoutRegressor


@pytest.mark.slow
@parametrize_with_checks([KerasMCDropoutRegressor(epochs=20, n_masks=10)])
def test_common_checks_of_scikit_learn_with_a_keras_network(estimator, check):
    check(estimator)
