"""Later cohorts, the grid of networks and the log density, with scikit-learn's own tools."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import config_context
from sklearn.base import clone
from sklearn.dummy import DummyRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import WhiteKernel
from sklearn.linear_model import BayesianRidge, Ridge
from sklearn.model_selection import GridSearchCV, ParameterGrid, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bnnopt import BayesianStackingRegressor, MCDropoutRegressor
from bnnopt.exceptions import InvalidDataError
from bnnopt.model_selection import LaterCohortSplit, log_predictive_density, network_grid

BATCH = [1, 1, 2, 3, 3, 2]


def pairs(splitter, groups):
    return [(train.tolist(), test.tolist()) for train, test in splitter.split(groups, groups=groups)]


def test_the_last_cohort_is_validated_on_all_earlier_ones():
    assert pairs(LaterCohortSplit(), BATCH) == [([0, 1, 2, 5], [3, 4])]
    assert LaterCohortSplit().get_n_splits() == 1


def test_several_splits_and_several_cohorts_at_a_time():
    assert pairs(LaterCohortSplit(2), BATCH) == [([0, 1], [2, 5]), ([0, 1, 2, 5], [3, 4])]
    assert pairs(LaterCohortSplit(n_later=2), BATCH) == [([0, 1], [2, 3, 4, 5])]


def test_names_of_cohorts_take_an_order():
    phase = ["guided", "historical", "guided"]
    assert pairs(LaterCohortSplit(order=["historical", "guided"]), phase) == [([1], [0, 2])]
    assert pairs(LaterCohortSplit(order=["none", "historical", "pause", "guided"]), phase) == [([1], [0, 2])]


@pytest.mark.parametrize("as_text", [False, True])
def test_dates_are_cohorts_in_their_order(as_text):
    day = pd.Series(["2019-05-18", "2018-12-31", "2019-09-20"], index=[7, 8, 9])
    assert pairs(LaterCohortSplit(), day if as_text else pd.to_datetime(day)) == [([0, 1], [2])]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=8, max_size=30), st.integers(1, 2), st.integers(1, 2))
def test_no_training_row_is_later_and_no_cohort_is_cut(cohorts, n_splits, n_later):
    cohort = np.array(cohorts)
    splitter = LaterCohortSplit(n_splits, n_later=n_later)
    if len(set(cohorts)) <= n_splits * n_later:
        with pytest.raises(InvalidDataError, match="leave a cohort to train on"):
            splitter.split(cohort, groups=cohort)
        return
    found = list(splitter.split(cohort, groups=cohort))
    assert len(found) == splitter.get_n_splits()
    for train, test in found:
        assert cohort[train].max() < cohort[test].min()
        assert len(np.unique(cohort[test])) == n_later
    assert np.array_equal(np.union1d(*found[-1]), np.arange(len(cohort)))


@pytest.mark.parametrize(
    ("groups", "options", "message"),
    [
        (None, {}, "pass groups="),
        ([1, 2], {}, "3 rows was expected, got 2"),
        ([1, np.nan, 2], {}, "row 1 has no cohort"),
        (["a", "b", "c"], {"order": ["a", "b"]}, "row 2 has a cohort that order=.* does not have: 'c'"),
        ([1, 1, 1], {}, "number of cohorts, 1"),
        ([1, 2, 3], {"n_later": 0}, "n_later must be a whole number of at least 1, got 0"),
    ],
)
def test_cohorts_that_cannot_be_split_are_refused(groups, options, message):
    with pytest.raises(InvalidDataError, match=message):
        LaterCohortSplit(**options).split(np.zeros(3), groups=groups)


def test_the_splitter_works_in_scikit_learn():
    X, y = np.arange(6.0)[:, None], np.array([0.0, 1.0, 2.0, 7.0, 9.0, 5.0])
    scores = cross_val_score(
        DummyRegressor(), X, y, groups=BATCH, cv=LaterCohortSplit(), scoring="neg_mean_absolute_error"
    )
    assert scores.tolist() == [-6.0]  # the mean of the earlier rows is 2
    search = GridSearchCV(Ridge(), {"alpha": [1e-6, 1e6]}, cv=LaterCohortSplit(2)).fit(X, y, groups=BATCH)
    assert search.n_splits_ == 2
    with config_context(enable_metadata_routing=True):
        routed = GridSearchCV(Ridge(), {"alpha": [1e-6, 1e6]}, cv=LaterCohortSplit(2))
        assert routed.fit(X, y, groups=BATCH).n_splits_ == 2


def test_the_splitter_shows_its_parameters():
    assert repr(LaterCohortSplit(2)) == "LaterCohortSplit(n_later=1, n_splits=2, order=None)"


def test_the_grid_of_the_paper():
    grid = network_grid()
    sizes = grid["hidden_layer_sizes"]
    assert len(sizes) == 16
    assert (20, 20) in sizes
    assert max(sizes) == (100, 100, 100, 100)
    assert 0.1 in grid["dropout"]
    assert len(ParameterGrid(grid)) == 192


def test_a_grid_for_a_pipeline_or_a_stacking_has_the_names_of_the_step():
    model = make_pipeline(StandardScaler(), MCDropoutRegressor())
    grid = network_grid(max_layers=1, max_units=3, dropouts=[0.1], alphas=[1], prefix="mcdropoutregressor__")
    assert grid["mcdropoutregressor__hidden_layer_sizes"] == [(1,), (3,)]
    clone(model).set_params(**{name: values[0] for name, values in grid.items()})
    stacked = network_grid(max_units=50, prefix="mc_dropout__")
    first = {name: values[0] for name, values in stacked.items()}
    assert first.items() <= BayesianStackingRegressor().set_params(**first).get_params().items()


@pytest.mark.parametrize("options", [{"max_layers": 0}, {"max_units": 0}, {"dropouts": []}, {"alphas": ()}])
def test_a_grid_without_networks_is_refused(options):
    with pytest.raises(
        InvalidDataError, match=r"A grid needs at least one|must be a whole number of at least 1"
    ):
        network_grid(**options)


class Standard:
    """Mean 0 and std 1 everywhere, for one or more outputs."""

    def __init__(self, n_outputs=None):
        self.shape = () if n_outputs is None else (n_outputs,)

    def predict(self, X, return_std=False):
        shape = (len(X), *self.shape)
        return (np.zeros(shape), np.ones(shape)) if return_std else np.zeros(shape)


def test_log_density_by_hand():
    at_mean = -0.5 * np.log(2 * np.pi)
    assert log_predictive_density(Standard(), np.zeros((2, 1)), [0.0, 2.0]) == pytest.approx(at_mean - 1)
    two = log_predictive_density(Standard(2), np.zeros((2, 1)), np.array([[0.0, 1.0], [2.0, 1.0]]))
    assert two == pytest.approx(2 * at_mean - 1 - 0.5)


def test_a_column_of_outcomes_is_one_output():
    column = pd.DataFrame({"peak": [0.0, 2.0]})
    flat = log_predictive_density(Standard(), np.zeros((2, 1)), column["peak"])
    assert log_predictive_density(Standard(), np.zeros((2, 1)), column) == flat


def test_a_search_prefers_the_right_noise():
    rng = np.random.default_rng(0)
    X, y = rng.uniform(0, 1, (60, 1)), rng.normal(0, 2.0, 60)
    kernels = [WhiteKernel(level, "fixed") for level in (0.04, 4.0, 400.0)]
    model = make_pipeline(StandardScaler(), GaussianProcessRegressor(optimizer=None))
    grid = {"gaussianprocessregressor__kernel": kernels}
    search = GridSearchCV(model, grid, scoring=log_predictive_density, cv=3, error_score="raise").fit(X, y)
    assert search.best_index_ == 1
    assert search.score(X, y) == pytest.approx(log_predictive_density(search.best_estimator_, X, y))


def test_a_regressor_without_std_is_refused():
    with pytest.raises(InvalidDataError, match="Ridge gave no standard deviation"):
        log_predictive_density(Ridge().fit([[0.0], [1.0]], [0.0, 1.0]), [[0.0]], [0.0])
    zero = DummyRegressor().fit([[0.0], [1.0]], [1.0, 1.0])
    with pytest.raises(InvalidDataError, match="std must be above 0"):
        log_predictive_density(zero, [[0.0]], [0.0])


def test_outcomes_of_another_number_are_refused():
    model = BayesianRidge().fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.5])
    with pytest.raises(InvalidDataError, match=r"one shape"):
        log_predictive_density(model, [[0.0]], [[0.0, 1.0]])


@pytest.mark.tensorflow
def test_networks_are_searched_by_their_log_density():
    X = np.linspace(0, 1, 12)[:, None]
    model = MCDropoutRegressor(max_iter=5, n_networks=1, random_state=0)
    grid = network_grid(max_layers=1, max_units=1, dropouts=[0.1], alphas=[0.1])
    search = GridSearchCV(
        model, grid, scoring=log_predictive_density, cv=LaterCohortSplit(), refit=False, error_score="raise"
    )
    search.fit(X, X[:, 0] ** 2, groups=np.repeat([0, 1], [9, 3]))
    assert np.isfinite(search.best_score_)
    assert search.best_params_ == {"hidden_layer_sizes": (1,), "dropout": 0.1, "alpha": 0.1}
