"""Batches that share settings, explore, serve several goals or objectives; joint acquisition functions."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin

from bnnopt import ACQUISITIONS, Maximize, Minimize, OutcomeConstraint, Real, SearchSpace, Target
from bnnopt.acquisition import Acquisition, get_acquisition, log_expected_improvement
from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives import Chebyshev, Desirability, WeightedSum
from bnnopt.optimizer import TrustRegion

SQUARE = SearchSpace([Real("x", 0, 1), Real("z", 0, 1)])
BOTH = [Minimize("a"), Minimize("b")]


def two_bowls(rows):
    """Two minima, at the left and at the right; the front is the line between them at z = 0.5."""
    across = (rows["z"] - 0.5) ** 2
    return pd.DataFrame({"a": rows["x"] ** 2 + across, "b": (rows["x"] - 1) ** 2 + across})


@pytest.fixture
def told_two(make_told):
    def make(objectives=None, **options):
        defaults = {"surrogate": "gaussian_process", "n": 10, "outcome": two_bowls}
        return make_told(SQUARE, objectives or BOTH, **(defaults | options))

    return make


@pytest.mark.parametrize("n_told", [0, 8])
def test_rows_of_a_batch_share_what_is_shared(make_told, make_optimizer, n_told):
    optimizer = make_told(SQUARE, n=n_told) if n_told else make_optimizer(SQUARE)
    batch = optimizer.ask(3, shared="x")
    assert len(batch) == 3
    assert len(set(batch["x"])) == 1
    assert batch["z"].nunique() == 3
    assert len(optimizer.pending) == 3


@pytest.mark.parametrize("n_told", [0, 8])
def test_held_settings_stand_still(make_told, make_optimizer, n_told):
    optimizer = make_told(SQUARE, n=n_told) if n_told else make_optimizer(SQUARE)
    batch = optimizer.ask(3, held={"z": 0.25})
    assert (batch["z"] == 0.25).all()
    assert batch["x"].nunique() == 3


def test_held_settings_choose_from_a_table_too(make_told):
    table = pd.DataFrame({"x": [0.1, 0.2, 0.3, 0.4], "z": [0.0, 0.5, 0.5, 1.0]})
    batch = make_told(SQUARE, n=8).ask(2, held={"z": 0.5}, candidates=table)
    assert sorted(batch["x"]) == [0.2, 0.3]


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"held": {"y": 1}}, r"held: \['y'\] are no settings"),
        ({"held": {"z": 7.0}}, "held: 'z' cannot be set to 7.0"),
        ({"held": {"x": 0.5, "z": 0.5}}, "all settings are shared or held"),
        ({"shared": ["q"]}, r"shared: \['q'\] are no settings"),
        ({"shared": ["x", "z"]}, "shared: all settings are shared or held"),
        ({"shared": "x", "held": {"z": 0.5}}, "shared: all settings are shared or held"),
        ({"exploration": 1.5}, r"exploration must be a number in \[0, 1\], got 1.5"),
        ({"n_replicates": 0.5}, "n_replicates must be a whole number"),
    ],
)
def test_wishes_that_cannot_be_met_are_refused(make_told, wishes, message):
    told = make_told(SQUARE, n=8)
    with pytest.raises(InvalidDataError, match=message):
        told.ask(2, **wishes)
    assert not len(told.pending)


def test_a_share_of_the_batch_explores(make_told):
    """Of four rows two are where the model is least sure: a corner, as the rows told are in the middle."""
    middle = lambda rows: (rows["x"] - 0.5) ** 2  # noqa: E731
    told = make_told(SQUARE, n=8, surrogate="gaussian_process", outcome=middle)
    std = told.ask(4, exploration=0.5)["y_std"]
    assert std.iloc[2:].min() > std.iloc[:2].max()


def test_each_goal_gets_its_rows(make_told):
    goals = {f"{value}": [Target("y", value, 0.01)] for value in (0.2, 0.5, 0.8)}
    told = make_told(SQUARE, n=8, surrogate="gaussian_process", outcome=lambda rows: rows["x"])
    batch = told.ask_each(goals, 2)
    assert batch.columns[0] == "goal"
    assert batch["goal"].tolist() == ["0.2", "0.2", "0.5", "0.5", "0.8", "0.8"]
    np.testing.assert_allclose(batch["x"], batch["goal"].astype(float), atol=0.05)
    assert len(told.pending) == 6
    with pytest.raises(InvalidDataError, match="unknown outcome"):
        told.ask_each({"fine": [Target("y", 0.3, 0.1)], "wrong": [Target("w", 0.3, 0.1)]})
    assert len(told.pending) == 6


@pytest.mark.parametrize("acquisition", [None, "q_ehvi", "q_nehvi", "log_ei", "thompson"])
def test_two_objectives_are_traded_off(told_two, acquisition):
    told = told_two(acquisition=acquisition)
    assert told.acquisition.name == (acquisition or "ehvi")
    rows = told.ask(4)
    assert (rows["z"] - 0.5).abs().median() < 0.15
    assert rows["x"].max() - rows["x"].min() > 0.1
    assert {"a_mean", "a_std", "b_mean", "b_std", "score"} <= set(rows)


def test_the_front_has_the_best_of_each_objective(told_two):
    told = told_two()
    front = told.front()
    assert 2 <= len(front) <= 10
    assert front["a"].min() == told.data["a"].min() == told.best()["a"]
    assert front["b"].min() == told.data["b"].min()
    assert (front.sort_values("a")["b"].diff().dropna() < 0).all()


def test_three_objectives_are_scored_by_joint_draws(make_told):
    objectives = [Minimize("a"), Minimize("b"), Maximize("z2")]
    told = make_told(
        SQUARE,
        objectives,
        n=8,
        n_draws=16,
        outcome=lambda rows: two_bowls(rows).assign(z2=rows["z"]),
    )
    assert told.acquisition.name == "q_nehvi"
    assert np.isfinite(told.ask(2)["score"]).all()


@pytest.mark.parametrize(
    ("objective", "x"),
    [
        (WeightedSum(BOTH, weights=[1.0, 3.0]), 0.75),
        (Chebyshev(BOTH).scaled([-1, -1], [0, 0]), 0.5),
        (Desirability(BOTH, lows=[-1, -1], highs=[0, 0], exponents=[1, 1]), None),
    ],
)
def test_objectives_of_several_outcomes_have_one_best_row(told_two, objective, x):
    """a = x² and b = (x - 1)²: the sum a + 3 b is least at 3/4, the larger of both at 1/2."""
    told = told_two([objective], n=16)
    row = told.ask(1).iloc[0]
    assert abs(row["z"] - 0.5) < 0.15
    assert x is None or abs(row["x"] - x) < 0.15
    assert np.isfinite(told.best()[["a", "b"]].to_numpy(float)).all()


@pytest.mark.parametrize("name", sorted(ACQUISITIONS))
def test_every_acquisition_proposes_a_batch_with_rows_pending(name, make_told):
    many = ACQUISITIONS[name].takes_many
    parameters = {"ef": {"level": -0.1}, "straddle": {"level": -0.1}}.get(name, {})
    told = make_told(
        SQUARE,
        [*(BOTH if many else BOTH[:1]), OutcomeConstraint("b", upper=2.0)],
        n=8,
        n_candidates=64,
        n_draws=32,
        outcome=two_bowls,
        acquisition=get_acquisition(name, **parameters),
    )
    told.ask(1)
    batch = told.ask(3)
    assert len(batch) == 3
    assert len(batch[["x", "z"]].drop_duplicates()) == 3


def test_joint_scores_leave_a_pending_row_alone(told_two):
    """What is on its way is worth nothing twice: the next row is elsewhere."""
    told = told_two([Minimize("a")], acquisition="q_ei", n_draws=256)
    first = told.ask(1).iloc[0]
    second = told.ask(1).iloc[0]
    assert abs(first["x"] - second["x"]) + abs(first["z"] - second["z"]) > 1e-6


def test_targets_are_scored_in_closed_form(make_told):
    """The expected improvement of a folded normal is not that of a normal distribution with its moments."""
    pool = SQUARE.sample(50, random_state=0)
    by_moments = Acquisition("by moments", log_expected_improvement, form="log")
    scores, moments = (
        make_told(
            SQUARE,
            [Target("y", 0.5, 0.1)],
            n=8,
            outcome=lambda rows: rows["x"] + np.sin(9 * rows["z"]),
            acquisition=acquisition,
        )
        .score_pool(pool, n_best=50)
        .best["score"]
        for acquisition in ("log_ei", by_moments)
    )
    assert np.isfinite(scores).all()
    assert np.abs(scores - moments).max() > 1e-3


@pytest.mark.parametrize(
    ("objectives", "acquisition", "message"),
    [
        ([Chebyshev(BOTH)], None, r"'chebyshev\(a, b\)'\] has no limits"),
        ([Minimize("a")], "ehvi", "'ehvi' weighs several objectives, got one"),
        ([Minimize("a"), Minimize("b"), Maximize("c")], "ehvi", "'ehvi' weighs 2 objectives, got 3"),
        ([Minimize("a"), WeightedSum(BOTH)], "log_ei", "only if each is of one outcome"),
        ([Minimize("a"), Maximize("a")], "log_ei", "no two of the same"),
    ],
)
def test_objectives_that_an_acquisition_cannot_weigh_are_refused_at_once(
    make_optimizer, objectives, acquisition, message
):
    optimizer = None
    with pytest.raises(InvalidDataError, match=message):
        optimizer = make_optimizer(SQUARE, objectives, acquisition=acquisition)
    assert optimizer is None


def test_goals_read_a_stream_of_candidates_once(make_told):
    told = make_told(SQUARE, n=8, outcome=lambda rows: rows["x"])
    goals = {"low": [Minimize("y")], "high": [Maximize("y")]}
    batch = told.ask_each(goals, candidates=(SQUARE.sample(50, random_state=seed) for seed in range(2)))
    assert batch["x"].iloc[0] < 0.2 < 0.8 < batch["x"].iloc[1]


def test_the_front_of_one_objective_is_its_best_row(make_told):
    told = make_told(SQUARE, n=8)
    assert told.front()["y"].tolist() == [told.data["y"].min()]


def test_a_reference_point_is_given_in_the_units_of_the_outcomes(make_told):
    """Rows worse than the reference in one objective are worth nothing: the batch leaves the ends alone."""
    options = {"surrogate": "gaussian_process", "n": 10, "outcome": two_bowls}
    told = make_told(SQUARE, BOTH, reference_point=[0.3, 0.3], **options)
    rows = told.ask(3)
    assert rows["x"].between(0.4, 0.6).all()
    again = type(told).from_json(told.to_json())
    assert again.reference_point == [0.3, 0.3]


@pytest.mark.parametrize("reference", [[1.0], [1.0, np.nan], [1.0, 2.0, 3.0]])
def test_a_reference_point_of_other_length_is_refused(make_optimizer, reference):
    with pytest.raises(InvalidDataError, match="reference_point: expected a finite number for each"):
        make_optimizer(SQUARE, BOTH, reference_point=reference)
    with pytest.raises(InvalidDataError, match="reference_point: expected a finite number for each"):
        make_optimizer(SQUARE, BOTH[:1], reference_point=reference)


def test_a_shared_setting_that_is_held_is_just_held(make_told):
    batch = make_told(SQUARE, n=8).ask(3, held={"z": 0.25}, shared="z")
    assert (batch["z"] == 0.25).all()


@pytest.mark.parametrize("goals", [{}, [[Minimize("y")]]])
def test_goals_need_names(make_told, goals):
    with pytest.raises(InvalidDataError, match="goals: expected a mapping of names"):
        make_told(SQUARE, n=8).ask_each(goals)


def test_arguments_of_the_wrong_kind_are_refused(make_told, make_optimizer):
    told = make_told(SQUARE, n=8)
    for call, message in (
        (lambda: told.ask(1, exploration="a"), r"exploration must be a number in \[0, 1\], got 'a'"),
        (lambda: told.advise(min_gain="a"), "min_gain must be finite"),
        (lambda: told.change_space("a"), "Expected a SearchSpace"),
        (lambda: told.retract([True]), "rows: expected different row numbers"),
        (lambda: make_optimizer(SQUARE, cost=3), "cost must be a function"),
        (lambda: type(told).from_json('{"version": 2}'), "damaged at 'space'"),
    ):
        with pytest.raises(InvalidDataError, match=message):
            call()
    assert len(told.data) == 8


class KnownPair(RegressorMixin, BaseEstimator):
    """Predicts outcomes a and b at x = 0, 1/2 and 1 by 256 draws that are known, and elsewhere zeros."""

    trains_outputs_jointly = True

    def __init__(self, draws=None):
        self.draws = draws

    def fit(self, X, y):
        return self

    def sample_y(self, X, n_samples=1, random_state=0):
        place = np.rint(2 * X[:, 0]).astype(int)
        is_known = np.isin(X[:, 0], [0.0, 0.5, 1.0])
        return np.where(is_known[:, None, None], self.draws[:, place].transpose(1, 2, 0), 0.0)

    def predict(self, X, return_std=False):
        draws = self.sample_y(X)
        return (draws.mean(axis=-1), draws.std(axis=-1)) if return_std else draws.mean(axis=-1)


def two_of_three(make_optimizer, b, a, acquisition):
    """Return which of three rows are asked for together, in their order, with a to be small and b near 0."""
    optimizer = make_optimizer(
        SearchSpace([Real("x", 0, 1)]),
        [Minimize("a"), OutcomeConstraint("b", -1.5, 1.5)],
        surrogate=KnownPair(np.stack([a, b], axis=-1)),
        acquisition=acquisition,
        n_initial=2,
        n_draws=256,
    )
    optimizer.tell({"x": [0.25, 0.75]}, {"a": [-1.0, 1.0], "b": [-1.0, 1.0]})
    rows = optimizer.ask(2, candidates=pd.DataFrame({"x": [0.0, 0.5, 1.0]}))
    return (2 * rows["x"]).astype(int).tolist()


@pytest.mark.parametrize(("n_kept", "chosen"), [(16, [1, 2]), (15, [0, 1])])
def test_rows_are_chosen_together_where_enough_draws_keep_the_limits(n_kept, chosen, make_optimizer):
    """Row 0 is on either side of the limits in all draws, and between them by its moments."""
    a = np.random.default_rng(0).normal(-1.0, 1.0, (256, 3))
    b = np.full((256, 3), 9.0)
    b[::2, 0], b[:n_kept, 1], b[100:108, 2] = -9.0, 0.0, 0.0
    assert sorted(two_of_three(make_optimizer, b, a, "log_ei")) == chosen


def test_rows_chosen_together_keep_narrow_limits_in_different_draws(make_optimizer):
    """The second row keeps them whenever the first one does, the third more seldom, but in other draws."""
    b = np.full((256, 3), 9.0)
    b[:100, :2], b[100:160, 2] = 0.0, 0.0
    a = np.random.default_rng(0).normal(-1.0, 1e-3, (256, 3))
    chosen = two_of_three(make_optimizer, b, a, "q_log_ei")
    assert chosen[0] in (0, 1)
    assert chosen[1] == 2


def test_a_row_that_only_noise_put_within_the_limits_is_not_one_to_improve_on(make_optimizer):
    objectives = [Minimize("width"), OutcomeConstraint("peak", -0.05, 0.05)]
    optimizer = make_optimizer(
        SearchSpace([Real("x", 0, 1)]),
        objectives,
        surrogate="gaussian_process",
        acquisition=lambda mean, std, *, best: np.full(len(mean), best),
    )
    x = np.repeat(np.linspace(0, 1, 11), 3)
    peak = x + np.tile([-0.1, 0.0, 0.1], 11)
    peak[15] = 0.0  # one of three at 0.5, of a width that nothing near 0 has
    rows = pd.DataFrame({"x": x})
    optimizer.tell(rows, pd.DataFrame({"width": 1 - x, "peak": peak}))
    assert optimizer.ask(1)["score"].item() == pytest.approx(-1.0, abs=0.1)


@pytest.fixture
def lucky(make_optimizer):
    """Three runs at each of 11 settings; one of three at 0.5 was put within narrow limits by noise alone."""
    objectives = [Minimize("width"), OutcomeConstraint("peak", -0.05, 0.05)]
    optimizer = make_optimizer(SearchSpace([Real("x", 0, 1)]), objectives, surrogate="gaussian_process")
    x = np.repeat(np.linspace(0, 1, 11), 3)
    peak = x + np.tile([-0.1, 0.0, 0.1], 11)
    peak[15] = 0.0
    optimizer.tell(pd.DataFrame({"x": x}), pd.DataFrame({"width": 1 - x, "peak": peak}))
    return optimizer


def test_the_best_row_is_one_that_is_believed_within_the_limits(lucky):
    assert lucky.best()["x"] == 0.0
    assert not lucky.keeps_limits()[15]
    assert lucky.front()["x"].tolist() == [0.0, 0.0, 0.0]
    assert lucky.front()["is_measured_within"].tolist() == [False, True, False]


def test_a_best_row_measured_beyond_a_limit_says_so(lucky):
    lucky.retract([1, 3, 4, 5])
    best = lucky.best()
    assert not best["is_measured_within"]
    assert abs(best["peak"]) > 0.05
    assert abs(best["peak_mean"]) < 0.05


def test_where_only_luck_has_kept_the_limits_best_names_these_rows(lucky):
    lucky.retract(range(12))
    with pytest.raises(InvalidDataError, match=r"None of the 21 measured row.*Row\(s\) \[15\] were measured"):
        lucky.best()
    assert not lucky.keeps_limits().any()


def test_without_noise_the_measured_values_say_which_rows_keep_the_limits(make_optimizer):
    objectives = [Minimize("y"), OutcomeConstraint("peak", lower=0.5)]
    optimizer = make_optimizer(SearchSpace([Real("x", 0, 1)]), objectives, surrogate="gaussian_process")
    x = np.linspace(0, 1, 13)
    optimizer.tell(pd.DataFrame({"x": x}), pd.DataFrame({"y": x**2, "peak": x}))
    assert optimizer.keeps_limits().to_numpy().tolist() == (x >= 0.5).tolist()
    assert optimizer.best()["x"] == 0.5
    assert optimizer.best()["is_measured_within"]


def test_a_trust_region_goes_by_the_rows_believed_within_the_limits(lucky, make_optimizer):
    objectives = [Minimize("width"), OutcomeConstraint("peak", -0.05, 0.05)]
    optimizer = make_optimizer(
        lucky.space, objectives, surrogate="gaussian_process", trust_region=TrustRegion(initial_length=0.2)
    )
    optimizer.tell(lucky.data, lucky.data)
    batch = optimizer.ask(2)
    assert (batch["x"] <= 0.1).all()
    assert set(batch["reason"]) <= {f"the box of length 0.2 around row {row}" for row in (0, 1, 2)}


def test_a_clean_outcome_on_its_limit_keeps_it_in_every_draw(make_optimizer):
    """What was measured on a limit is within it; the smallest error of a draw would put half beyond."""
    objectives = [Minimize("y"), OutcomeConstraint("peak", lower=0.5)]
    optimizer = make_optimizer(SearchSpace([Real("x", 0, 1)]), objectives, surrogate="gaussian_process")
    x = np.linspace(0, 1, 13)
    optimizer.tell(pd.DataFrame({"x": x}), pd.DataFrame({"y": x**2, "peak": x}))
    again = optimizer.ask(1, n_replicates=1).iloc[0]
    assert again["x"] == 0.5
    assert again["score"] > 0.95


def test_a_draw_without_any_row_within_the_limits_speaks_for_none(lucky):
    lucky.retract(range(12))
    assert lucky.ask(1, n_replicates=1)["score"].item() < 0.1
