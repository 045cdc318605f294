import os

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris, make_regression
from sklearn.decomposition import PCA
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, get_scorer, make_scorer
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, cross_val_score, cross_validate
from sklearn.svm import SVC

from bnnopt import BayesSearchCV
from bnnopt.exceptions import InvalidDataError
from bnnopt.model_selection import KilledWorkerError
from bnnopt.plotting import ConvergenceDisplay, SearchDisplay

QUICK = {"surrogate": "gaussian_process", "random_state": 0, "cv": 2}
C = {"C": (1e-3, 1e2, "log-uniform")}
IRIS = load_iris(return_X_y=True)


class Curve(BaseEstimator):
    """An estimator whose score is a parabola of x that is highest at 0.3; fits cost nothing."""

    def __init__(self, x=0.0, fails_above=np.inf, breaks_above=np.inf):
        self.x, self.fails_above, self.breaks_above = x, fails_above, breaks_above

    def fit(self, X, y=None, **given):
        if self.x > self.fails_above:
            raise ValueError(f"x is above {self.fails_above}")
        self.given_ = given
        return self

    def predict(self, X):
        return np.zeros(len(X))

    def score(self, X, y=None):
        if self.x > self.breaks_above:
            raise RuntimeError("no score there")
        return -((self.x - 0.3) ** 2)


def curve(n_iter=8, space=None, estimator=None, **options):
    return BayesSearchCV(
        estimator or Curve(), space or {"x": (0.0, 1.0)}, n_iter=n_iter, **{**QUICK, **options}
    )


def settings(search):
    return [params["x"] for params in search.cv_results_["params"]]


def fit(search, n=8, **params):
    return search.fit(np.arange(2.0 * n).reshape(n, 2), np.arange(n) % 2, **params)


def test_it_finds_the_top_of_a_parabola():
    search = fit(curve(n_iter=12))
    assert search.best_params_["x"] == pytest.approx(0.3, abs=0.01)
    assert search.best_score_ == search.cv_results_["mean_test_score"].max()
    assert search.best_index_ == search.cv_results_["rank_test_score"].argmin()
    assert search.best_estimator_.x == search.best_params_["x"]


def test_scores_are_those_of_scikit_learn():
    search = BayesSearchCV(SVC(), C, n_iter=3, return_train_score=True, **{**QUICK, "cv": 3}).fit(*IRIS)
    results = search.cv_results_
    for place, params in enumerate(results["params"]):
        expected = cross_val_score(SVC(**params), *IRIS, cv=3)
        assert [results[f"split{split}_test_score"][place] for split in range(3)] == expected.tolist()
        assert results["mean_test_score"][place] == pytest.approx(expected.mean())
        assert results["std_test_score"][place] == pytest.approx(expected.std())
        assert results["param_C"][place] == params["C"]
    assert {"mean_train_score", "rank_train_score", "mean_fit_time", "std_score_time"} < set(results)
    assert search.n_splits_ == 3
    assert search.refit_time_ > 0


def test_it_stands_for_the_best_estimator():
    X, y = IRIS
    search = BayesSearchCV(SVC(), C, n_iter=3, **QUICK).fit(pd.DataFrame(X, columns=list("abcd")), y)
    frame = pd.DataFrame(X, columns=list("abcd"))
    assert search.predict(frame).tolist() == search.best_estimator_.predict(frame).tolist()
    assert search.score(frame, y) == search.best_estimator_.score(frame, y)
    assert search.decision_function(frame).shape == (150, 3)
    assert search.classes_.tolist() == [0, 1, 2]
    assert search.n_features_in_ == 4
    assert search.feature_names_in_.tolist() == list("abcd")
    assert not hasattr(search, "transform")


def test_transformers_and_clusters_are_searched_too():
    X = IRIS[0]
    components = BayesSearchCV(PCA(), {"n_components": [1, 2, 3]}, n_iter=3, **QUICK).fit(X)
    assert components.inverse_transform(components.transform(X)).shape == X.shape
    assert components.score_samples(X).shape == (150,)
    clusters = BayesSearchCV(KMeans(random_state=0), {"n_clusters": (2, 5)}, n_iter=2, **QUICK).fit(X)
    assert len(np.unique(clusters.predict(X))) == clusters.best_params_["n_clusters"]


def test_before_a_fit_and_without_a_refit_there_is_nothing_to_predict_with():
    search = curve(refit=False)
    with pytest.raises(AttributeError, match="'predict'"):
        search.predict([[0.0]])
    with pytest.raises(NotFittedError):
        curve().predict([[0.0]])
    fit(search)
    assert search.best_params_["x"] == pytest.approx(0.3, abs=0.05)
    assert not hasattr(search, "best_estimator_")


def test_the_same_seed_gives_the_same_settings_with_any_number_of_jobs():
    first = settings(fit(curve(n_iter=5)))
    assert settings(fit(curve(n_iter=5, n_jobs=2))) == first
    seeds = [1, np.random.RandomState(3), np.random.RandomState(3)]
    others = [settings(fit(curve(n_iter=3, random_state=seed))) for seed in seeds]
    assert others[0] != first[:3]
    assert others[1] == others[2]


@pytest.mark.parametrize("options", [{"n_points": 2}, {"n_points": 4, "n_jobs": 2}, {"n_points": 3}])
def test_the_settings_do_not_depend_on_how_many_run_at_a_time(options):
    first = settings(fit(curve(n_iter=15, n_initial=5)))
    assert settings(fit(curve(n_iter=15, n_initial=5, **options))) == first


def test_more_settings_at_a_time_than_a_block_has_make_blocks_larger():
    first = settings(fit(curve(n_iter=11, n_initial=5)))
    several = settings(fit(curve(n_iter=11, n_initial=5, n_points=6)))
    assert several[:5] == first[:5]
    assert len(set(several)) == 11
    assert several != first


def test_a_longer_search_begins_as_a_shorter_one():
    assert settings(fit(curve(n_iter=7, n_initial=5))) == settings(fit(curve(n_iter=12, n_initial=5)))[:7]


def test_a_second_fit_starts_afresh():
    search = fit(curve(n_iter=5))
    first = settings(search)
    assert settings(fit(search)) == first
    assert len(search.cv_results_["params"]) == 5


def test_within_a_cross_validation_each_fold_searches_on_its_own():
    X, y = make_regression(40, 3, noise=1.0, random_state=0)
    search = BayesSearchCV(Ridge(), {"alpha": (1e-3, 1e3, "log-uniform")}, n_iter=3, **QUICK)
    found = cross_validate(search, X, y, cv=2, return_estimator=True, return_indices=True)
    for each, rows in zip(found["estimator"], found["indices"]["train"], strict=True):
        alone = clone(search).fit(X[rows], y[rows])
        assert each.cv_results_["mean_test_score"].tolist() == alone.cv_results_["mean_test_score"].tolist()


def test_all_settings_have_the_same_splits():
    class Constant(Curve):
        def score(self, X, y=None):
            return float(np.sum(X))

    search = fit(curve(estimator=Constant(), n_iter=4, cv=KFold(2, shuffle=True)))
    assert len(set(search.cv_results_["split0_test_score"])) == 1


def test_failed_fits_are_learned_from():
    failures = pytest.warns(FitFailedWarning, match=r"(?s)fits failed out of a total of 40.*x is above 0.4")
    with failures, pytest.warns(UserWarning, match="test scores are non-finite"):
        search = fit(curve(n_iter=20, estimator=Curve(fails_above=0.4)))
    failed = np.isnan(search.cv_results_["mean_test_score"])
    assert failed.tolist() == [x > 0.4 for x in settings(search)]
    assert failed[12:].sum() <= 2
    assert search.best_params_["x"] == pytest.approx(0.3, abs=0.02)
    assert search.cv_results_["rank_test_score"][failed].min() == 20 - failed.sum() + 1


def test_a_number_as_the_score_of_a_failed_fit_is_learned_as_that():
    with pytest.warns(FitFailedWarning, match="will be set to -5.0"):
        search = fit(curve(n_iter=6, estimator=Curve(fails_above=0.4), error_score=-5))
    assert search.cv_results_["mean_test_score"].min() == -5
    assert search.optimizers_[0].summary()["n_failed"] == 0


def test_a_failed_fit_is_raised_where_this_is_wanted():
    with pytest.raises(ValueError, match=r"x is above 0\.4"):
        fit(curve(estimator=Curve(fails_above=0.4), error_score="raise"))


def test_where_all_fits_fail_the_search_ends_with_the_first_design():
    search = curve(n_iter=20, estimator=Curve(fails_above=-1))
    with pytest.raises(InvalidDataError, match=r"(?s)All the 10 fits failed, of 5 settings.*x is above -1"):
        fit(search)
    assert len(search.cv_results_["params"]) == 5
    with pytest.raises(NotFittedError):
        search.predict([[0.0]])


@pytest.mark.filterwarnings("ignore:Scoring failed")
@pytest.mark.parametrize(
    ("scoring", "said"),
    [
        (lambda *_: np.nan, r"where it fails\.$"),
        (lambda *_: 1 / 0, r"The scoring raised ZeroDivisionError: division by zero$"),
    ],
)
def test_a_scorer_that_returns_nothing_or_raises_is_told(scoring, said):
    with pytest.raises(InvalidDataError, match=f"None of the first 5 settings has a score.*{said}"):
        fit(curve(n_iter=20, scoring=scoring))


@pytest.mark.filterwarnings("ignore:Scoring failed", "ignore:One or more")
def test_settings_without_a_score_are_learned_from():
    search = fit(curve(n_iter=10, estimator=Curve(breaks_above=0.5)))
    assert np.isnan(search.cv_results_["mean_test_score"]).tolist() == [x > 0.5 for x in settings(search)]
    assert search.optimizers_[0].summary()["n_failed"] > 0


def test_scores_far_below_the_others_leave_the_top_in_sight():
    class Steep(Curve):
        def score(self, X, y=None):
            return -((self.x - 0.3) ** 2) if self.x < 0.5 else -1e12 * self.x

    search = fit(curve(n_iter=14, estimator=Steep()))
    assert search.best_params_["x"] == pytest.approx(0.3, abs=0.02)


class Killer(ClassifierMixin, Curve):
    def fit(self, X, y=None):
        if self.x > 0.5:
            os._exit(9)
        self.classes_ = np.unique(y)
        return self


def test_a_killed_worker_is_told_and_what_was_tried_is_kept():
    search = curve(n_iter=20, estimator=Killer(), n_jobs=2)
    with pytest.raises(KilledWorkerError, match=r"killed while it fitted one of the settings \[\{'x': "):
        fit(search)
    n_kept = len(getattr(search, "cv_results_", {"params": []})["params"])
    assert n_kept == next(i for i, x in enumerate(settings(fit(curve()))) if x > 0.5)


def test_several_metrics_are_searched_by_the_one_of_refit():
    search = BayesSearchCV(SVC(), C, scoring=["accuracy", "f1_macro"], refit="f1_macro", n_iter=4, **QUICK)
    search.fit(*IRIS)
    assert search.multimetric_
    assert set(search.scorer_) == {"accuracy", "f1_macro"}
    assert search.best_score_ == search.cv_results_["mean_test_f1_macro"].max()
    assert search.score(*IRIS) == get_scorer("f1_macro")(search.best_estimator_, *IRIS)
    assert search.optimizers_[0].outputs == ("test_f1_macro",)


def test_metrics_of_a_set_come_in_one_order():
    space, scoring = {"C": [1.0, 2.0]}, {"f1_macro", "accuracy"}
    search = BayesSearchCV(SVC(), space, n_iter=2, scoring=scoring, refit="accuracy", **QUICK).fit(*IRIS)
    assert list(search.scorer_) == ["accuracy", "f1_macro"]
    assert np.isfinite(search.cv_results_["mean_test_f1_macro"]).all()


def test_several_metrics_without_one_of_refit_are_traded_off():
    scoring = {"low": lambda model, X, y: -model.x, "high": lambda model, X, y: model.x}
    search = fit(
        curve(n_iter=8, scoring=scoring, refit=lambda results: int(np.argmax(results["mean_test_low"])))
    )
    assert search.best_params_["x"] == min(settings(search))
    assert not hasattr(search, "best_score_")
    assert search.optimizers_[0].outputs == ("test_low", "test_high")
    search = fit(curve(n_iter=3, scoring=lambda *_: {"one": 1.0, "two": 2.0}, refit=False))
    assert not hasattr(search, "best_params_")


@pytest.mark.parametrize("refit", [True, "recall"])
def test_one_of_several_metrics_must_be_named(refit):
    with pytest.raises(InvalidDataError, match=r"refit must be set to a scorer key.*'accuracy', 'f1_macro'"):
        BayesSearchCV(SVC(), C, scoring=["accuracy", "f1_macro"], refit=refit).fit(*IRIS)


@pytest.mark.parametrize(("place", "error"), [(0.5, TypeError), (8, IndexError), (-1, IndexError)])
def test_a_callable_refit_returns_the_place_of_a_setting(place, error):
    with pytest.raises(error, match="best_index_"):
        fit(curve(refit=lambda _: place))


def test_parameters_of_fit_reach_the_estimator_and_groups_the_splitter():
    levels, groups = np.arange(8.0), np.repeat([0, 1], 4)
    search = fit(curve(n_iter=2, cv=GroupKFold(2), fit_params={"mark": "m"}), levels=levels, groups=groups)
    assert search.best_estimator_.given_["levels"].tolist() == levels.tolist()
    assert search.best_estimator_.given_["mark"] == "m"
    assert "groups" not in search.best_estimator_.given_


def test_metadata_go_where_they_are_requested():
    X, y = IRIS
    weights, groups = np.linspace(0.1, 2, 150), np.arange(150) % 3
    with sklearn.config_context(enable_metadata_routing=True):
        model = LogisticRegression(max_iter=500).set_fit_request(sample_weight="importance")
        scorer = make_scorer(accuracy_score).set_score_request(sample_weight=True)
        search = BayesSearchCV(model, C, scoring=scorer, n_iter=2, **{**QUICK, "cv": GroupKFold(3)})
        search.fit(X, y, importance=weights, sample_weight=weights, groups=groups)
        weighted = scorer(search.best_estimator_, X, y, sample_weight=weights)
        assert search.score(X, y, sample_weight=weights) == weighted
        params = {"importance": weights, "sample_weight": weights, "groups": groups}
        expected = cross_validate(
            clone(model).set_params(**search.best_params_),
            X,
            y,
            cv=GroupKFold(3),
            scoring=scorer,
            params=params,
        )
        assert search.best_score_ == pytest.approx(expected["test_score"].mean())
        several = clone(search).set_params(scoring={"one": scorer}, refit="one")
        several.fit(X, y, importance=weights, sample_weight=weights, groups=groups)
        assert several.score(X, y, sample_weight=weights) == weighted


def test_metadata_for_a_score_need_routing():
    with pytest.raises(InvalidDataError, match="only supported if"):
        fit(curve(n_iter=2)).score([[0.0]], sample_weight=[1.0])


def test_callbacks_see_the_result_so_far_and_may_stop():
    seen = []

    def note(result):
        seen.append(len(result.x_iters))
        return result.fun < 0.01

    search = fit(curve(n_iter=30, callbacks=note), callback=[lambda result: None])
    assert seen == list(range(1, len(seen) + 1))
    assert len(search.cv_results_["params"]) == len(seen) < 30
    assert search.optimizer_results_[0].x == [search.best_params_["x"]]
    with pytest.raises(InvalidDataError, match="callbacks: expected functions"):
        fit(curve(callbacks=3))


def test_a_callback_that_says_neither_true_nor_false_is_told():
    with pytest.raises(InvalidDataError, match="callbacks: expected true, false or nothing"):
        fit(curve(callbacks=lambda _: np.array([True, False])))


def test_time_that_is_over_ends_the_search_after_one_setting():
    search = fit(curve(n_iter=30, time_budget=0))
    assert len(search.cv_results_["params"]) == 1
    assert search.best_estimator_.x == search.best_params_["x"]


@pytest.mark.parametrize("n_tried", [3, 4, 6, 8])
def test_a_search_that_was_stopped_goes_on_as_if_it_was_not(n_tried):
    def stop(result):
        if len(result.x_iters) == n_tried:
            raise KeyboardInterrupt

    search = curve(n_iter=10, n_initial=4, callbacks=stop)
    with pytest.raises(KeyboardInterrupt):
        fit(search)
    assert len(settings(search)) == n_tried
    again = curve(n_iter=10 - n_tried, n_initial=4, earlier_results=pd.DataFrame(search.cv_results_))
    assert settings(fit(again)) == settings(fit(curve(n_iter=10, n_initial=4)))


def test_a_search_that_begins_with_settings_of_another_starts_a_block_with_them():
    grid = fit(GridSearchCV(Curve(), {"x": [0.0, 0.1, 0.2, 0.8, 0.9, 1.0]}, cv=2))
    search = fit(curve(n_iter=8, n_initial=4, earlier_results=grid.cv_results_))
    assert search.best_params_["x"] == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda results: {**results, "params": [{"y": 1}] * 4}, "in none of the search_spaces"),
        (lambda results: {"params": results["params"]}, "scores of 2 splits.*got 0"),
        (lambda results: {**results, "params": ["{'x': 1}"] * 4}, "'params' is a list of dicts"),
        (lambda results: 3, "expected the cv_results_ of a search"),
        (lambda results: {**results, "split1_test_score": [0.5]}, "4 values.*'split1_test_score' has 1"),
        (
            lambda results: {key.replace("_score", "_r2"): value for key, value in results.items()},
            r"expected the scores \['score'\], as scoring has them, got \['r2'\]",
        ),
    ],
)
def test_earlier_results_that_do_not_fit_are_told(change, message):
    results = fit(curve(n_iter=4)).cv_results_
    with pytest.raises(InvalidDataError, match=message):
        fit(curve(n_iter=4, earlier_results=change(results)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_iter": 0}, "n_iter must be a whole number of at least 1, got 0"),
        ({"n_points": 0, "n_iter": 1.5}, "(?s)n_iter must be.*n_points must be"),
        ({"n_iter": 4, "n_initial": 6}, "at least the 6 settings of the first design"),
        ({"time_budget": -1}, "time_budget must be None or a number"),
        ({"error_score": "riase"}, "error_score must be 'raise' or a number"),
        ({"initial_design": "sobl"}, "Did you mean 'sobol'"),
        ({"surrogate": "gausian_process"}, "Did you mean 'gaussian_process'"),
        ({"acquisition": "log_eii"}, "Did you mean 'log_ei'"),
        ({"cv": iter([])}, "Was the CV iterator empty"),
        (
            {"verbose": "yes", "n_jobs": 0},
            "(?s)n_jobs must be .* other than 0.*verbose must be a whole number",
        ),
        (
            {"optimizer_kwargs": {"n_initial_points": "ten"}},
            "n_initial_points must be a whole number, got 'ten'",
        ),
    ],
)
def test_what_is_out_of_range_is_told_before_any_fit(options, message):
    with pytest.raises(ValueError, match=message):
        fit(curve(**options))


def test_lines_and_a_bar_are_shown_where_they_are_wanted(capsys):
    fit(curve(n_iter=2, verbose=1))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Fitting 2 folds for each of 2 settings"
    assert lines[2].startswith("setting 2 of 2: -0.")
    fit(curve(n_iter=2, progress=True))
    assert "2/2" in capsys.readouterr().out
    fit(curve(n_iter=2))
    assert capsys.readouterr().out == ""


def test_what_scikit_optimize_takes_is_taken_or_named():
    kwargs = {
        "base_estimator": "GP",
        "n_initial_points": 3,
        "acq_func": "EI",
        "initial_point_generator": "lhs",
    }
    assert len(settings(fit(curve(n_iter=4, optimizer_kwargs=kwargs)))) == 4
    with pytest.warns(UserWarning, match="ignored base_estimator='RF', acq_optimizer='lbfgs'"):
        fit(curve(n_iter=2, optimizer_kwargs={"base_estimator": "RF", "acq_optimizer": "lbfgs"}))
    with pytest.warns(UserWarning, match="iid is ignored"):
        fit(curve(n_iter=2, iid=False))


def test_displays_show_a_search():
    search = fit(curve(n_iter=5, return_train_score=True))
    assert SearchDisplay.from_search(search).best_ == search.best_index_
    shown = ConvergenceDisplay.from_optimizer(search.optimizers_[0])
    assert shown.values.tolist() == search.cv_results_["mean_test_score"].tolist()
