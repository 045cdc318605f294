import pickle

import numpy as np
import pytest
from scipy import stats
from sklearn.base import BaseEstimator
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from bnnopt import BayesSearchCV, Categorical, Context, Discrete, Integer, LinearConstraint, Real, SearchSpace
from bnnopt.exceptions import InvalidDataError, SpaceExhaustedWarning, UnknownNameError

QUICK = {"surrogate": "gaussian_process", "random_state": 0, "cv": [([0, 1], [2, 3])]}
X, Y = np.arange(8.0).reshape(4, 2), np.array([0.0, 1.0, 0.0, 1.0])


class Scored(BaseEstimator):
    """An estimator whose score is a function of its parameters; fits cost nothing."""

    def __init__(self, a=0.0, b=0.0, c=None):
        self.a, self.b, self.c = a, b, c

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def predict(self, X):
        return np.full(len(X), self.a)

    def score(self, X, y=None):
        return -((float(self.a) - 0.3) ** 2)


def search(space, n_iter=6, estimator=None, **options):
    return BayesSearchCV(estimator or Scored(), space, n_iter=n_iter, **{**QUICK, **options}).fit(X, Y)


def values(found, name):
    return [params[name] for params in found.cv_results_["params"] if name in params]


@pytest.mark.parametrize(
    ("given", "kind", "lower", "upper"),
    [
        ((1, 8), int, 1, 8),
        ((0.5, 2), float, 0.5, 2),
        ((1e-3, 1e3, "log-uniform"), float, 1e-3, 1e3),
        ((1, 100, "log-uniform"), int, 1, 100),
        ((1e-3, 1e3, "log-uniform", 10), float, 1e-3, 1e3),
        (Real("any name", 2, 3), float, 2, 3),
        (Integer("any name", 2, 9, scale="log"), int, 2, 9),
        (Discrete("any name", [2, 4, 8]), int, 2, 8),
        (Discrete("any name", [0.5, 1.5]), float, 0.5, 1.5),
        (stats.uniform(1, 3), float, 1, 4),
        (stats.loguniform(1e-2, 1), float, 1e-2, 1),
        (stats.randint(3, 12), int, 3, 11),
        (stats.poisson(4), int, 0, 12),
        (stats.norm(5, 1), float, 1, 9),
        ([1, 10, 100, 1000], int, 1, 1000),
        (np.logspace(-2, 2, 5), float, 1e-2, 1e2),
        (range(2, 7), int, 2, 6),
    ],
)
def test_a_parameter_is_searched_where_it_may_be(given, kind, lower, upper):
    n_iter = 2 if isinstance(given, Discrete) else 4
    found = values(search({"a": given, "b": (0.0, 1.0)}, n_iter=n_iter), "a")
    assert {type(value) for value in found} == {kind}
    assert lower <= min(found) <= max(found) <= upper


def test_dimensions_of_scikit_optimize_are_read_without_it():
    class Dimension:
        prior, transform_ = "log-uniform", None

        def __init__(self, **fields):
            vars(self).update(fields)

    space = {
        "a": Dimension(low=1e-2, high=1.0, dtype=float),
        "b": Dimension(low=1, high=64, dtype=np.int64),
        "c": Dimension(categories=((1, 2), (3,)), prior=None),
    }
    found = search(space)
    assert {type(value) for value in values(found, "b")} == {int}
    assert set(values(found, "c")) == {(1, 2), (3,)}


def test_choices_may_be_anything():
    choices = [None, True, "text", (10, 10), (20,), {"a": 1}, np.sqrt, StandardScaler()]
    found = values(search({"c": choices}, n_iter=8), "c")
    assert len(found) == 8
    assert {repr(value) for value in found} == {repr(value) for value in choices}


def test_one_choice_and_1_and_true_are_told_apart():
    found = search({"a": [0.5], "c": [1, True, 1.0]}, n_iter=3)
    assert values(found, "a") == [0.5, 0.5, 0.5]
    assert {type(value) for value in values(found, "c")} == {int, bool, float}


def test_a_space_of_one_setting_is_tried_once():
    with pytest.warns(SpaceExhaustedWarning, match="ended after 1 of 5 settings"):
        found = search({"a": [0.5], "b": [1]}, n_iter=5)
    assert found.cv_results_["params"] == [{"a": 0.5, "b": 1}]


def test_no_setting_is_tried_twice_and_all_are_tried():
    with pytest.warns(SpaceExhaustedWarning):
        found = search({"a": [0.1, 0.2, 0.3], "c": ["x", "y"]}, n_iter=10)
    assert len({(p["a"], p["c"]) for p in found.cv_results_["params"]}) == 6
    assert len(found.cv_results_["params"]) == 6


def test_a_parameter_of_one_choice_is_there_with_this_choice_only():
    space = {"c": ["none", ("one", {"a": (0.0, 1.0)}), ("two", {"a": (2.0, 3.0), "b": [1, 2]})]}
    found = search(space, n_iter=12).cv_results_
    names = {"none": {"c"}, "one": {"a", "c"}, "two": {"a", "b", "c"}}
    assert all(set(params) == names[params["c"]] for params in found["params"])
    assert {params["c"] for params in found["params"]} == set(names)
    assert sum(params["c"] == "none" for params in found["params"]) == 1
    assert all((params["a"] <= 1) == (params["c"] == "one") for params in found["params"] if "a" in params)
    assert found["param_a"].mask.tolist() == ["a" not in params for params in found["params"]]


def test_more_settings_go_to_the_choice_that_scores_higher():
    space = {"c": [("near", {"a": (0.0, 0.6)}), ("far", {"a": (5.0, 9.0)})]}
    found = search(space, n_iter=14).cv_results_["params"]
    assert sum(params["c"] == "near" for params in found) > 9


def test_choices_of_choices():
    space = {"c": [("x", {"b": [0, ("deep", {"a": (0.0, 1.0)})]}), "y"]}
    found = search(space, n_iter=8).cv_results_["params"]
    assert {(params["c"], params.get("b"), "a" in params) for params in found} == {
        ("x", 0, False),
        ("x", "deep", True),
        ("y", None, False),
    }


def test_estimators_are_chosen_with_parameters_of_their_own():
    X, y = make_classification(80, 5, random_state=0)
    pipe = Pipeline([("model", SVC())])
    models = [
        (SVC(), {"model__C": (1e-2, 1e2, "log-uniform")}),
        (DecisionTreeClassifier(random_state=0), {"model__max_depth": (1, 5)}),
    ]
    options = {**QUICK, "cv": 2}
    found = BayesSearchCV(pipe, {"model": models}, n_iter=8, **options).fit(X, y)
    kinds = {type(params["model"]) for params in found.cv_results_["params"]}
    assert kinds == {SVC, DecisionTreeClassifier}
    assert type(found.best_estimator_["model"]) is type(found.best_params_["model"])


def test_spaces_of_a_list_are_searched_one_after_the_other():
    found = search([({"a": (0.0, 1.0)}, 3), {"b": (0.0, 1.0)}], n_iter=4)
    assert [set(params) for params in found.cv_results_["params"]] == [{"a"}] * 3 + [{"b"}] * 4
    assert found.total_iterations == 7
    assert [len(result.x_iters) for result in found.optimizer_results_] == [3, 4]


def test_spaces_that_overlap_repeat_nothing():
    with pytest.warns(SpaceExhaustedWarning):
        found = search([{"a": [0.1, 0.2]}, {"a": [0.2, 0.3]}], n_iter=2)
    assert sorted(values(found, "a")) == [0.1, 0.2, 0.3]


def test_constraints_of_a_search_space_are_kept():
    space = SearchSpace(
        [Real("a", 0, 1), Real("b", 0, 1)], constraints=[LinearConstraint({"a": 1, "b": 1}, upper=0.5)]
    )
    found = search(space, n_iter=8).cv_results_["params"]
    assert max(params["a"] + params["b"] for params in found) <= 0.5 + 1e-9


def test_the_settings_of_a_search_survive_pickling():
    found = search({"a": (0.0, 1.0), "c": [(1, 2), None]})
    again = pickle.loads(pickle.dumps(found))
    assert again.best_params_ == found.best_params_
    assert len(again.optimizers_[0].data) == 6


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({}, "at least one parameter"),
        ([], "got no space"),
        ({"a": []}, "'a': got no choices"),
        ({"a": "1 ... 100"}, "'a': expected a Real, Integer.*got '1 ... 100'"),
        ({"a": 3.0}, "'a': expected a Real"),
        ({"a": (1.0, 1.0)}, "'a'.*bounds are equal"),
        ({"a": (0.0, 1.0, "log-uniform")}, "'a'.*log scale needs lower > 0"),
        ({"a": (0.1, 1.0, "log-unifrom")}, "'a': expected the prior 'uniform' or 'log-uniform'"),
        ({"a": Context("a")}, "a Context cannot be set"),
        ({1: (0.0, 1.0)}, "names of parameters must be text"),
        ([({"a": (0.0, 1.0)}, 0)], "whole number of at least 1, got 0"),
        ({"a": type("Drawn", (), {"rvs": print})()}, "which can only be drawn from"),
        ({"a": [1, (2, {"b": ()})]}, "'b': got no choices"),
    ],
)
def test_a_space_that_is_none_is_told_at_once(space, message):
    with pytest.raises(InvalidDataError, match=f"(?s){message}"):
        BayesSearchCV(Scored(), space)


def test_all_faults_of_a_space_are_told_together():
    with pytest.raises(InvalidDataError, match=r"(?s)'a'.*'b'.*'c'"):
        BayesSearchCV(Scored(), [{"a": [], "b": 3}, {"c": (2.0, 1.0)}])


@pytest.mark.parametrize("space", [["a", (1.0, 2.0)], "a", [({"a": [1]},)], None])
def test_what_is_no_space_is_a_type_error(space):
    with pytest.raises(TypeError, match="search_spaces: expected"):
        BayesSearchCV(Scored(), space)


def test_unknown_parameters_are_told_with_the_nearest():
    pipe = Pipeline([("scale", StandardScaler()), ("model", Ridge())])
    space = {"model__alhpa": (0.1, 1.0), "nothing": [1], "model__tol": (1e-4, 1e-3)}
    message = r"Pipeline: 'model__alhpa' \(did you mean 'model__alpha'\?\), 'nothing'"
    with pytest.raises(UnknownNameError, match=message):
        BayesSearchCV(pipe, space).fit(X, Y)


def test_a_parameter_of_another_choice_is_unknown():
    pipe = Pipeline([("model", Ridge())])
    space = {"model": [(Ridge(), {"model__C": (0.1, 1.0)}), (LogisticRegression(), {"model__C": (0.1, 1.0)})]}
    with pytest.raises(UnknownNameError, match="'model__C'"):
        BayesSearchCV(pipe, space).fit(X, Y)


def test_results_of_a_grid_are_gone_on_from():
    grid = GridSearchCV(Scored(), {"a": [0.0, 0.5, 1.0], "c": ["x"]}, cv=QUICK["cv"]).fit(X, Y)
    space = {"a": (0.0, 1.0), "c": ["x", "y"]}
    found = search(space, n_iter=4, earlier_results=grid.cv_results_)
    assert found.cv_results_["params"][:3] == grid.cv_results_["params"]
    assert found.cv_results_["mean_test_score"][:3].tolist() == grid.cv_results_["mean_test_score"].tolist()
    assert len(found.cv_results_["params"]) == 7


@pytest.mark.parametrize("levels", [["u", "v"], [1, 2, 3]])
def test_levels_of_a_categorical_come_as_they_are(levels):
    found = values(search({"c": Categorical("c", levels), "a": (0.0, 1.0)}), "c")
    assert {type(value) for value in found} == {type(levels[0])}
    assert set(found) <= set(levels)


def choices_tried(given, n_iter):
    """Return what is tried of a parameter, sorted by its text."""
    return sorted(values(search({"c": given}, n_iter), "c"), key=str)


def test_a_distribution_that_lists_its_values_has_no_others():
    listed = stats.rv_discrete(values=([1, 5, 9], [0.2, 0.3, 0.5]))
    assert choices_tried(listed, 3) == [1, 5, 9]
    assert choices_tried(listed(loc=2), 3) == [11, 3, 7]


def test_numbers_that_are_not_finite_are_choices_like_any_other():
    assert list(map(str, choices_tried([np.nan, 1.0, float("nan")], 2))) == ["1.0", "nan"]
    assert choices_tried([1.0, np.inf, 2.0], 3) == [1.0, 2.0, np.inf]


def test_a_fault_of_a_parameter_is_named_once():
    with pytest.raises(InvalidDataError) as caught:
        BayesSearchCV(Scored(), {"a": 1.0})
    assert str(caught.value).count("search_spaces: 'a'") == 1
