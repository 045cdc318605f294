import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.utils.estimator_checks import parametrize_with_checks

from bnnopt import BayesSearchCV

SMALL = {"n_iter": 1, "cv": 2, "surrogate": "gaussian_process", "random_state": 0, "error_score": "raise"}


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")  # scikit-learn's, of y
@parametrize_with_checks(
    [
        BayesSearchCV(Ridge(), {"alpha": (0.1, 1.0)}, **SMALL),
        BayesSearchCV(LogisticRegression(), {"C": (0.1, 1.0)}, **SMALL),
    ]
)
def test_it_keeps_the_rules_of_scikit_learn(estimator, check):
    check(estimator)
