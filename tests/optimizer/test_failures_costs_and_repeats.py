"""What an optimizer learns from failures, pays for, repeats, and is told again."""

import numpy as np
import pandas as pd
import pytest
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF

from bnnopt import (
    BayesianOptimizer,
    Categorical,
    Context,
    Integer,
    LinearConstraint,
    Maximize,
    Minimize,
    Real,
    SearchSpace,
)
from bnnopt.acquisition import Acquisition
from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates import GaussianProcessEnsembleRegressor

SQUARE = SearchSpace([Real("x", 0, 1), Real("z", 0, 1)])


def fails_on_the_right(rows):
    """The nearer to the right the better, but beyond 0.6 experiments fail."""
    return pd.Series(np.where(rows["x"] > 0.6, np.nan, -rows["x"] + (rows["z"] - 0.5) ** 2), name="y")


@pytest.fixture
def success(make_optimizer):
    """Return a function: how likely experiments are to succeed, learned from which rows did, told as such.

    A candidate of which nothing but its chance of success is known has the weight of that as its score: p,
    and p (p / r)^10 where p is below the share r of successes.
    """

    def probability(X, works, elsewhere, **options):
        names = [f"x{i}" for i in range(X.shape[1])]
        optimizer = make_optimizer(
            SearchSpace([Real(name, 0, 1) for name in names]),
            acquisition=Acquisition("all alike", lambda mean, std: np.ones(len(mean)), form="positive"),
            n_initial=2,
            **options,
        )
        optimizer.tell(pd.DataFrame(X, columns=names), np.where(works, np.arange(len(X)), np.nan))
        pool = pd.DataFrame(elsewhere, columns=names)
        weight = optimizer.score_pool(pool, n_sample=len(pool)).sample["score"].to_numpy()
        share = np.mean(works)
        return np.where(weight < share, (weight * share**10) ** (1 / 11), weight)

    return probability


def test_success_is_likelier_among_successes_and_never_certain(success):
    X = np.linspace(0, 1, 20)[:, None]
    probability = success(X, X[:, 0] < 0.5, X)
    assert probability[:9].min() > 0.7 > 0.3 > probability[11:].max()
    assert 0.0 < probability.min() < probability.max() < 1.0


def test_with_one_failure_among_few_the_share_of_successes_tempers(success):
    """Of 4 rows one failed: however sure the classifier is, p is at least (4 * 0 + 0.75) / 5."""
    X = np.array([[0.0], [0.3], [0.6], [1.0]])
    classifier = GaussianProcessClassifier(RBF(0.1, "fixed"))
    p = success(X, np.array([1, 1, 1, 0], bool), X, success_classifier=classifier)
    assert p.min() >= 0.15
    own = classifier.fit(X, [1, 1, 1, 0]).predict_proba(X)[:, 1]
    np.testing.assert_allclose(p, (4 * own + 0.75) / 5, rtol=1e-6)


@pytest.mark.parametrize("n", [40, 400, 1_001])
def test_few_and_many_rows_have_a_classifier(n, success):
    X = np.random.default_rng(0).random((n, 3))
    corners = np.array([[0.5, 0.1, 0.5], [0.5, 0.98, 0.5]])
    likely, unlikely = success(X, X[:, 1] < 0.7, corners)
    assert likely > 0.8 > 0.4 > unlikely


def test_one_input_that_decides_is_told_from_those_that_do_not(success):
    """The border x2 = 0.4 is learned from 24 rows of six inputs, wherever the other five are."""
    rng = np.random.default_rng(1)
    X, elsewhere = rng.random((24, 6)), rng.random((200, 6))
    p = success(X, X[:, 2] > 0.4, elsewhere)
    clear = np.abs(elsewhere[:, 2] - 0.4) > 0.15
    assert ((p > 0.5) == (elsewhere[:, 2] > 0.4))[clear].mean() > 0.95


def test_a_plane_across_several_inputs_is_learned_beyond_the_rows(success):
    rng = np.random.default_rng(2)
    X, elsewhere = rng.random((40, 6)), rng.random((400, 6))
    works, works_elsewhere = (Z[:, [0, 3, 5]].sum(axis=1) > 1.4 for Z in (X, elsewhere))
    p = success(X, works, elsewhere)
    assert ((p > 0.5) == works_elsewhere).mean() > 0.85
    surprise = -np.where(works_elsewhere, np.log(p), np.log1p(-p)).mean()
    assert surprise < 0.4  # log 2 = 0.69 for who knows nothing


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_failures_at_random_leave_the_probability_near_their_share(share, success):
    rng = np.random.default_rng(3)
    X, works = rng.random((60, 3)), rng.permutation(60) < 60 * share
    assert abs(np.median(success(X, works, rng.random((200, 3)))) - share) < 0.12


def test_at_the_border_between_successes_and_failures_they_are_alike(success):
    X = np.array([[0.2], [0.3], [0.7], [0.8]])
    left, middle, right = success(X, np.array([1, 1, 0, 0], bool), np.array([[0.3], [0.5], [0.7]]))
    assert middle == pytest.approx(0.5, abs=1e-3)
    assert left + right == pytest.approx(1.0, abs=1e-3)
    assert left > 0.55


def test_what_few_rows_leave_open_is_settled_by_a_prior(success):
    """By evidence alone 30 rows tell these sides as 0.74 and 0.24, and four leave the end open: 0.6."""
    X = np.random.default_rng(0).random((30, 2))
    likely, unlikely = success(X, X[:, 0] < 0.5, np.array([[0.25, 0.5], [0.75, 0.5]]))
    assert likely > 0.92 > 0.06 > unlikely
    four = np.array([[0.2], [0.3], [0.7], [0.8]])
    end, row = success(four, four[:, 0] < 0.5, np.array([[0.0], [0.2]]))
    assert 0.7 < end < row < 0.85


@pytest.mark.parametrize("n", [201, 1000])
def test_many_rows_learn_their_scales_from_some_and_predict_from_all(n, success):
    """A failure that stands alone is seen, whether or not it is among the 200 rows that scales come from."""
    X = np.random.default_rng(4).random((n, 2))
    works = np.hypot(*(X - 0.5).T) > 0.2
    assert ((success(X, works, X) > 0.5) == works).mean() > 0.97


def test_an_optimizer_learns_where_experiments_fail(make_optimizer):
    failures = {}
    for classifier in ("auto", None):
        optimizer = make_optimizer(
            SQUARE, surrogate="gaussian_process", n_candidates=256, success_classifier=classifier
        )
        for _ in range(18):
            rows = optimizer.ask(1)
            optimizer.tell(rows, fails_on_the_right(rows))
        failures[classifier] = optimizer.summary()["n_failed"]
    assert failures["auto"] < failures[None]


def test_a_classifier_that_cannot_tell_probabilities_is_refused(make_optimizer):
    with pytest.raises(InvalidDataError, match=r"success_classifier.*predict_proba"):
        make_optimizer(SQUARE, success_classifier=object())


def test_cost_turns_the_choice_to_what_is_cheap(make_told):
    """Two settings of equal promise, one of which costs 100 times as much."""
    space = SearchSpace([Real("x", 0, 1), Categorical("oven", ["cheap", "dear"])])

    def cost(rows):
        return np.where(rows["oven"] == "dear", 100.0, 1.0)

    told = make_told(space, [Maximize("y")], n=8, outcome=lambda rows: rows["x"], cost=cost)
    assert told.ask(1)["oven"].tolist() == ["cheap"]
    with pytest.raises(InvalidDataError, match=r"cost must return one finite number above 0"):
        make_told(space, [Maximize("y")], n=8, outcome=lambda rows: rows["x"], cost=lambda r: 0.0).ask(1)


def test_cost_can_be_an_outcome_that_is_told(make_optimizer):
    space = SearchSpace([Real("x", 0, 1), Categorical("oven", ["cheap", "dear"])])
    optimizer = make_optimizer(space, [Maximize("y")], cost="hours")
    assert optimizer.outputs == ("y", "hours")
    rows = optimizer.ask(8)
    optimizer.tell(rows, {"y": rows["x"], "hours": np.where(rows["oven"] == "dear", 100.0, 1.0)})
    batch = optimizer.ask(1)
    assert batch["oven"].tolist() == ["cheap"]
    assert batch["hours_mean"].between(-20, 50).all()
    optimizer.tell(rows.iloc[:1], {"y": [0.0], "hours": [0.0]})
    with pytest.raises(InvalidDataError, match=r"'hours' is the cost.*above 0"):
        optimizer.ask(1)


def test_replicates_are_measured_settings_that_may_be_the_best(make_told):
    told = make_told(SQUARE, n=8, outcome=lambda rows: rows["x"])
    batch = told.ask(3, n_replicates=2)
    repeated = batch.iloc[1:][["x", "z"]].to_numpy()
    measured = told.data[["x", "z"]].to_numpy()
    assert all((measured == row).all(axis=1).any() for row in repeated)
    assert len(np.unique(repeated, axis=0)) == 2
    assert not (measured == batch.iloc[0][["x", "z"]].to_numpy(float)).all(axis=1).any()
    best = told.data.loc[told.data["y"].idxmin(), ["x", "z"]].to_numpy(float)
    assert (repeated == best).all(axis=1).any()


def test_what_was_measured_often_is_worth_the_less_for_it(make_optimizer):
    """Of two settings that are as likely the best the one measured once comes before that of three runs."""
    optimizer = make_optimizer(SQUARE, n_initial=2)
    optimizer.tell([[0.2, 0.5], [0.2, 0.5], [0.2, 0.5], [0.8, 0.5]], [1.0, -1.0, 0.0, 0.0])
    batch = optimizer.ask(2, n_replicates=2)
    assert batch["x"].tolist() == [0.8, 0.2]
    assert batch["score"].iloc[0] + 3 * batch["score"].iloc[1] == pytest.approx(1.0)


def test_replicates_need_a_model(make_optimizer):
    with pytest.raises(InvalidDataError, match="n_replicates: there is no model yet"):
        make_optimizer(SQUARE).ask(2, n_replicates=1)
    with pytest.raises(InvalidDataError, match="n_replicates must be at most n = 2, got 3"):
        make_optimizer(SQUARE).ask(2, n_replicates=3)


def test_corrected_rows_count_as_corrected_and_nothing_is_lost(make_told):
    told = make_told(n=6)
    former = told.data["y"].iloc[4]
    told.correct([4], {"y": [-7.0]})
    assert told.best()["y"] == -7.0
    assert told.corrections.to_dict("list") == {"row": [4], "y": [former]}
    told.correct([4], {"y": [np.nan]})
    assert told.summary()["n_failed"] == 1
    assert told.corrections["y"].tolist() == [former, -7.0]


def test_retracted_rows_are_left_out_kept_and_may_be_proposed_again(make_told):
    space = SearchSpace([Integer("k", 1, 6)])
    told = make_told(space, n=6, n_initial=6, outcome=lambda rows: -rows["k"])
    best = int(told.best()["k"])
    told.retract([int(told.data.index[told.data["k"] == 6][0])])
    assert best == 6
    assert told.best()["k"] == 5
    assert told.retracted["k"].tolist() == [6]
    assert told.ask(1)["k"].tolist() == [6]
    with pytest.raises(InvalidDataError, match="rows: expected different row numbers"):
        told.retract(told.retracted.index.tolist())
    with pytest.raises(InvalidDataError, match="rows: expected different row numbers"):
        told.correct([99], {"y": [0.0]})


def test_error_bars_reach_a_surrogate_that_takes_them():
    """With a huge error bar the outlier no longer draws the mean to itself."""
    space = SearchSpace([Real("x", 0, 1)])
    rows = pd.DataFrame({"x": np.linspace(0, 1, 12)})
    y = np.where(rows["x"] == rows["x"].iloc[6], 5.0, rows["x"])
    means = []
    for noise_std in (None, np.where(y == 5.0, 50.0, np.nan)):
        surrogate = GaussianProcessEnsembleRegressor(random_state=0)
        optimizer = BayesianOptimizer(space, [Minimize("y")], surrogate=surrogate, random_state=0)
        optimizer.tell(rows, y, noise_std=noise_std)
        means.append(optimizer.score_pool(rows.iloc[[6]].assign(x=0.55)).best["y_mean"].iloc[0])
    assert abs(means[1] - 0.55) < 0.2 < means[0] - 0.55


def test_error_bars_that_no_surrogate_uses_give_a_warning(make_optimizer):
    optimizer = make_optimizer()
    optimizer.tell({"x": np.linspace(0, 1, 6)}, np.arange(6.0), noise_std=np.full(6, 0.1))
    with pytest.warns(UserWarning, match="BayesianRidge takes no noise_variance"):
        optimizer.ask(1)


@pytest.mark.parametrize(
    ("noise_std", "message"),
    [
        ([-1.0, 0.1], "noise_std must be at least 0, got -1.0"),
        ([0.1], "one row of noise_std for each of the 2"),
    ],
)
def test_error_bars_that_make_no_sense_are_refused(make_optimizer, noise_std, message):
    optimizer = make_optimizer()
    with pytest.raises(InvalidDataError, match=message):
        optimizer.tell({"x": [0.1, 0.2]}, [1.0, 2.0], noise_std=noise_std)
    assert not len(optimizer.data)


def test_bounds_may_change_in_mid_campaign(make_told):
    told = make_told(n=8)
    told.change_space(SearchSpace([Real("x", 2, 3)]))
    batch = told.ask(2)
    assert batch["x"].between(2, 3).all()
    assert len(told.data) == 8
    with pytest.raises(InvalidDataError, match="The new space must have the variables"):
        told.change_space(SearchSpace([Real("x", 0, 1), Context("T")]))
    with pytest.raises(InvalidDataError, match="The new space must have the variables"):
        told.change_space(SearchSpace([Integer("x", 0, 1)]))


def test_a_level_in_use_cannot_leave_the_space(make_told):
    space = SearchSpace([Real("x", 0, 1), Categorical("oven", ["a", "b"])])
    told = make_told(space, n=8)
    with pytest.raises(InvalidDataError, match="'oven' has a level that is not one of"):
        told.change_space(space.restricted(bounds={"oven": ["a", "c"]}))
    assert told.space is space
    told.change_space(space.restricted(bounds={"oven": ["a", "b", "c"]}))
    assert len(told.ask(2)) == 2


def test_all_failed_or_all_equal_rows_are_no_dead_end(make_optimizer):
    optimizer = make_optimizer(SQUARE)
    rows = optimizer.ask(5)
    optimizer.tell(rows, np.full(5, np.nan))
    again = optimizer.ask(5)
    assert np.isnan(again["score"]).all()
    optimizer.tell(again, np.ones(5))
    assert len(optimizer.ask(2)) == 2


def test_replicates_keep_to_what_is_held_shared_and_constrained(make_told):
    space = SearchSpace([Integer("T", 1, 3), Real("x", 0, 1)])
    told = make_told(space, n=12, outcome=lambda rows: rows["x"] - rows["T"])
    assert (told.ask(3, held={"T": 2}, n_replicates=2)["T"] == 2).all()
    assert len(set(told.ask(3, shared="T", n_replicates=1)["T"])) == 1
    cool = told.ask(2, n_replicates=2, constraints=[LinearConstraint({"T": 1}, upper=1)])
    assert (cool["T"] == 1).all()
