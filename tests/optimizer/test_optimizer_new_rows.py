"""What was measured, failed or is pending is never proposed again; a finite space ends."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import BayesianRidge

from bnnopt import (
    Categorical,
    Context,
    Integer,
    LinearConstraint,
    Minimize,
    OutcomeConstraint,
    Real,
    SearchSpace,
)
from bnnopt.exceptions import InvalidDataError, SpaceExhaustedWarning

GRID = SearchSpace([Integer("i", 1, 4), Categorical("solvent", ["ODE", "OLA", "None"])])
NUMBERS = SearchSpace([Real("x", -1, 1), Real("c", 1, 1000, scale="log"), Context("T")])
COLUMNS = ["i", "solvent", "y_mean", "y_std", "score"]


def keys(frame):
    return list(zip(frame["i"], frame["solvent"], strict=True))


def integer_outcome(rows):
    return (rows["i"] - 2.0) ** 2


@pytest.mark.parametrize("sizes", [(5, 3, 3, 1), (12,), (1,) * 12, (5, 7)])
def test_a_finite_space_is_exhausted_to_the_last_point_each_once(sizes, make_optimizer):
    optimizer = make_optimizer(GRID)
    for size in sizes:
        rows = optimizer.ask(size)
        optimizer.tell(rows, integer_outcome(rows))
    assert sorted(keys(optimizer.data)) == sorted(
        (i, solvent) for i in range(1, 5) for solvent in ("ODE", "OLA", "None")
    )
    with pytest.warns(SpaceExhaustedWarning, match="Only 0 new row"):
        nothing = optimizer.ask(2)
    assert nothing.shape == (0, 6)
    assert list(nothing.columns) == [*COLUMNS, "reason"]


def test_fewer_rows_come_when_fewer_are_left(make_told):
    optimizer = make_told(GRID, n=10, outcome=integer_outcome)
    with pytest.warns(SpaceExhaustedWarning, match=r"Only 2 new row.*of the 5 asked for"):
        batch = optimizer.ask(5)
    assert len(batch) == 2
    assert not set(keys(batch)) & set(keys(optimizer.data))


def test_the_first_design_of_a_small_space_ends_too(make_optimizer):
    optimizer = make_optimizer(SearchSpace([Integer("i", 0, 2)]))
    with pytest.warns(SpaceExhaustedWarning, match="Only 3"):
        rows = optimizer.ask(5)
    assert sorted(rows["i"]) == [0, 1, 2]
    with pytest.warns(SpaceExhaustedWarning, match="Only 0"):
        assert list(optimizer.ask().columns) == ["i", "y_mean", "y_std", "score", "reason"]


def test_the_last_points_are_found_with_few_candidates(make_optimizer):
    space = SearchSpace([Integer("i", 0, 199)])
    optimizer = make_optimizer(space, n_candidates=10)
    optimizer.tell(np.arange(197), np.arange(197.0))
    assert sorted(optimizer.ask(3)["i"]) == [197, 198, 199]


def test_a_large_batch_comes_with_few_candidates(make_told):
    batch = make_told(n_candidates=4).ask(300)
    assert len(batch) == 300
    assert batch["x"].nunique() == 300


def test_a_batch_is_complete_when_few_draws_are_conditioned_on_many_rows(make_told):
    optimizer = make_told(n_draws=2)
    optimizer.ask(10)
    assert len(optimizer.ask(5)) == 5


@given(
    measured=st.lists(st.integers(0, 7), unique=True, min_size=2, max_size=5),
    n_asks=st.integers(1, 3),
    seed=st.integers(0, 99),
)
@settings(max_examples=15, deadline=None)
def test_proposals_are_new_and_differ(measured, n_asks, seed, make_optimizer):
    optimizer = make_optimizer(SearchSpace([Integer("i", 0, 7)]), n_initial=2, random_state=seed)
    optimizer.tell(measured, np.square(measured))
    asked = [optimizer.ask()["i"].iloc[0] for _ in range(n_asks)]
    assert len(set(asked)) == n_asks
    assert not set(asked) & set(measured)


def test_rows_at_a_bound_come_once(make_told):
    batch = make_told(n=8, outcome=lambda rows: rows["x"]).ask(40)
    assert batch["x"].min() == 0.0
    assert batch["x"].nunique() == 40


def test_asking_twice_without_telling_gives_other_rows(make_optimizer):
    optimizer = make_optimizer()
    first, second = optimizer.ask(2), optimizer.ask(2)
    optimizer.tell(first, first["x"])
    third = optimizer.ask(2)
    fourth = optimizer.ask(2)
    settings_asked = pd.concat([first, second, third, fourth])["x"]
    assert settings_asked.nunique() == 8
    assert len(optimizer.pending) == 6


def test_settings_equal_to_nine_digits_are_the_same(make_optimizer):
    optimizer = make_optimizer(SearchSpace([Real("x", 0, 100)]), n_initial=2)
    optimizer.tell([[10.0], [20.0]], [0.0, 1.0])
    candidates = pd.DataFrame({"x": [10.0 + 1e-9, 20.0 - 1e-9, 30.0]})
    with pytest.warns(SpaceExhaustedWarning, match="Only 1"):
        assert optimizer.ask(3, candidates=candidates)["x"].tolist() == [30.0]


def test_told_rows_stop_being_pending_one_for_one(make_optimizer):
    optimizer = make_optimizer()
    rows = optimizer.ask(3)
    optimizer.tell(rows.iloc[:1], [1.0])
    np.testing.assert_array_equal(optimizer.pending["x"], rows["x"].iloc[1:])
    optimizer.tell([[0.123]], [1.0])  # never asked for
    assert optimizer.summary() == {
        "n_told": 2,
        "n_measured": 2,
        "n_failed": 0,
        "n_repeated": 0,
        "n_pending": 2,
    }


def test_withdrawn_rows_are_counted_and_may_be_proposed_again(make_optimizer):
    optimizer = make_optimizer(SearchSpace([Integer("i", 0, 2)]), n_initial=2)
    optimizer.tell([0], [1.0])
    optimizer.tell([1], [2.0])
    batch = optimizer.ask()
    assert optimizer.withdraw(batch) == 1
    assert optimizer.withdraw(batch) == 0
    assert optimizer.pending.empty
    assert optimizer.ask()["i"].tolist() == batch["i"].tolist() == [2]


def test_replicates_are_kept_and_counted(make_told):
    optimizer = make_told()
    again = optimizer.data.iloc[:2]
    optimizer.tell(again, again["y"] + 0.01)
    assert len(optimizer.data) == 8
    assert optimizer.summary()["n_repeated"] == 2
    assert len(optimizer.ask(2)) == 2


def test_changing_the_tables_changes_nothing_inside(make_optimizer):
    optimizer = make_optimizer()
    optimizer.tell([[0.5]], [1.0])
    batch, pending, data = optimizer.ask(2), optimizer.pending, optimizer.data
    for table in (batch, pending, data):
        table["x"] = 99.0
    assert (optimizer.pending["x"] <= 1).all()
    assert optimizer.data["x"].tolist() == [0.5]


def test_only_given_candidates_are_proposed_and_those_outside_left_out(make_told):
    space = SearchSpace([Real("x", 0, 1)], constraints=[LinearConstraint({"x": 1}, lower=0.1)])
    candidates = pd.DataFrame({"x": [0.05, 0.2, 0.4, 0.6, 1.5], "note": list("abcde")})
    optimizer = make_told(space)
    with pytest.warns(SpaceExhaustedWarning, match="Only 3"):
        batch = optimizer.ask(5, candidates=candidates)
    assert sorted(batch["x"]) == [0.2, 0.4, 0.6]
    assert list(candidates.columns) == ["x", "note"]


def test_candidates_with_an_unknown_level_are_left_out(make_told):
    candidates = pd.DataFrame({"i": [1, 2, 2], "solvent": ["ODE", "water", "OLA"]})
    optimizer = make_told(GRID, n=5, outcome=integer_outcome)
    with pytest.warns(SpaceExhaustedWarning):
        batch = optimizer.ask(3, candidates=candidates)
    assert "water" not in batch["solvent"].tolist()


def test_no_candidate_inside_is_an_error(make_told):
    with pytest.raises(InvalidDataError, match=r"None of the 2 candidate.*Check their units"):
        make_told().ask(candidates=pd.DataFrame({"x": [-1.0, 2.0]}))


def test_candidates_without_a_setting_are_an_error_that_names_it(make_told):
    with pytest.raises(InvalidDataError, match=r"candidates: missing column\(s\) \['x'\]"):
        make_told().ask(candidates=pd.DataFrame({"z": [0.5]}))


def test_candidates_need_a_model(make_optimizer):
    optimizer = make_optimizer()
    optimizer.tell([[0.1], [0.2]], [1.0, np.nan])
    with pytest.raises(InvalidDataError, match=r"at least 2 rows with outcomes, got 1 \(1 failed\)"):
        optimizer.ask(candidates=pd.DataFrame({"x": [0.5]}))


def test_objectives_for_one_ask_take_the_place_of_the_others(make_told):
    objectives = [Minimize("y"), OutcomeConstraint("peak", upper=20)]
    optimizer = make_told(
        objectives=objectives, n=8, outcome=lambda rows: {"y": rows["x"], "peak": 100 * rows["x"]}
    )
    low = optimizer.ask()
    high = optimizer.ask(objectives=[Minimize("y"), OutcomeConstraint("peak", lower=70)])
    assert low["x"].iloc[0] < 0.2
    assert high["x"].iloc[0] > 0.68
    assert optimizer.objectives == tuple(objectives)
    assert list(high.columns) == ["x", "y_mean", "y_std", "peak_mean", "peak_std", "score", "reason"]


@pytest.mark.parametrize("n_told", [0, 6])
def test_objectives_with_an_outcome_that_is_not_told_are_refused(n_told, make_optimizer):
    optimizer = make_optimizer()
    optimizer.tell(np.linspace(0, 1, n_told), np.zeros(n_told))
    with pytest.raises(InvalidDataError, match=r"unknown outcome\(s\) \['peak'\].*told \['y'\]"):
        optimizer.ask(objectives=[Minimize("y"), OutcomeConstraint("peak", lower=1)])
    with pytest.raises(InvalidDataError, match="at least one objective"):
        optimizer.ask(objectives=[])


@pytest.fixture
def new_among(make_optimizer):
    """Return a function: which of some candidates are proposed once others were told, in their order."""

    def find(space, candidates, told, **options):
        optimizer = make_optimizer(space, n_initial=2, n_candidates=8, n_draws=4)
        optimizer.tell(told, np.arange(len(told)) % 2)
        wanted = len(candidates) + 1
        with pytest.warns(SpaceExhaustedWarning):
            found = optimizer.ask(wanted, candidates=candidates, **options)[space.setting_names]
        return [row for row in candidates.index if (found == candidates.loc[row]).all(axis=1).any()]

    return find


def test_equal_settings_are_not_proposed_again_whatever_the_context(new_among):
    first = pd.DataFrame({"x": [0.0, 0.3], "c": [10.0, 7.0], "T": [20.0, 20.0]})
    again = pd.DataFrame({"x": [-0.0, 0.1 + 0.2, 0.0], "c": [np.exp(np.log(10.0)), 7.0, 7.0]})
    assert new_among(NUMBERS, again, first, context={"T": 35.0}) == [2]
    zeros = pd.DataFrame({"x": [-1e-12, 0.5]})
    assert new_among(SearchSpace([Real("x", -1, 1)]), zeros, pd.DataFrame({"x": [0.0, 1.0]})) == [1]


def test_numbers_are_compared_to_nine_digits_of_their_range(new_among):
    told = pd.DataFrame({"x": [0.5, -1.0], "c": [1000**0.5, 1.0], "T": [20.0, 20.0]})
    distances = np.array([1e-11, 4e-10, 3e-9, 0.1])
    along_x = pd.DataFrame({"x": 0.5 + 2 * distances, "c": 1000**0.5})
    along_c = pd.DataFrame({"x": 0.5, "c": 1000 ** (0.5 + distances)})
    for candidates in (along_x, along_c):
        assert new_among(NUMBERS, candidates, told, context={"T": 20.0}) == [2, 3]


@given(
    known=st.lists(
        st.tuples(st.integers(1, 4), st.sampled_from(["ODE", "OLA", "None"])), min_size=2, max_size=8
    ),
    candidates=st.lists(
        st.tuples(st.integers(1, 4), st.sampled_from(["ODE", "OLA", "None"])), min_size=1, max_size=12
    ),
)
@settings(max_examples=15, deadline=None)
def test_new_is_what_is_neither_known_nor_earlier_in_the_table(known, candidates, make_optimizer):
    optimizer = make_optimizer(GRID, n_initial=2, n_candidates=8, n_draws=4)
    optimizer.tell(pd.DataFrame(known, columns=["i", "solvent"]), np.arange(len(known)) % 2)
    table = pd.DataFrame(candidates, columns=["i", "solvent"])
    with pytest.warns(SpaceExhaustedWarning):
        found = optimizer.ask(13, candidates=table)
    assert sorted(keys(found)) == sorted({*candidates} - {*known})


def test_candidates_given_twice_or_with_another_zero_come_once(make_optimizer):
    optimizer = make_optimizer(SearchSpace([Real("x", -1, 1)]), n_initial=2)
    optimizer.tell([[-0.0], [0.75]], [0.0, 1.0])
    candidates = pd.DataFrame({"x": [0.0, -0.5, -0.5, 0.25, -0.5, 0.25]})
    with pytest.warns(SpaceExhaustedWarning, match="Only 2"):
        assert sorted(optimizer.ask(4, candidates=candidates)["x"]) == [-0.5, 0.25]


class Recorder(BayesianRidge):
    """Keeps how many rows are drawn jointly."""

    sizes = ()

    def sample_y(self, X, n_samples=1, random_state=None):
        Recorder.sizes = (*Recorder.sizes, len(X))
        mean, std = self.predict(X, return_std=True)
        noise = np.random.default_rng(random_state).standard_normal((len(X), n_samples))
        return mean[:, None] + std[:, None] * noise


def test_hundreds_of_rows_are_found_by_searches_of_a_hundred(make_told):
    """So that time grows with their number, and not with its cube."""
    told = make_told(SearchSpace([Real("x", 0, 1), Real("z", 0, 1)]), surrogate=Recorder())
    batch = told.ask(230)
    assert len(batch.drop_duplicates(["x", "z"])) == len(told.pending) == 230
    first, last = Recorder.sizes[0], Recorder.sizes[-4]
    told.ask(70)
    assert first <= 400
    assert max(last, *Recorder.sizes[-4:-3]) <= 400 + told.n_draws // 2
