"""Proposals keep every constraint, in the first design and after it; the context is what was given."""

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from bnnopt import (
    Acquisition,
    Categorical,
    Context,
    Integer,
    LinearConstraint,
    NonlinearConstraint,
    Real,
    SearchSpace,
)
from bnnopt.exceptions import InfeasibleSpaceError, InvalidDataError

ABC = [Real("a", 0, 1), Real("b", 0, 1), Real("c", 0, 1)]
MIXTURE = LinearConstraint({"a": 1, "b": 1, "c": 1}, lower=1, upper=1)


def inside_disc(frame):
    return (frame["x"] - 0.5) ** 2 + (frame["z"] - 0.5) ** 2 <= 0.04


SPACES = {
    "linear": SearchSpace(
        [Real("x", 0, 10), Integer("n", 1, 20)], [LinearConstraint({"x": 1, "n": 0.5}, lower=2, upper=6)]
    ),
    "disc": SearchSpace([Real("x", 0, 1), Real("z", 0, 1)], [NonlinearConstraint(inside_disc)]),
    "mixture": SearchSpace(ABC, [MIXTURE]),
    "log and levels": SearchSpace(
        [Real("x", 0.1, 100, scale="log"), Real("z", 0.1, 100), Categorical("l", ["OA", "OLA"])],
        [LinearConstraint({"x": 1, "z": 1}, upper=50)],
    ),
}


def cautious(mean, std):
    return mean - std


def optimistic_draws(draws):
    return np.asarray(draws).max(axis=0)


ACQUISITIONS = {
    "log_ei": "log_ei",
    "ucb": "ucb",
    "std": "std",
    "thompson": "thompson",
    "mc_ei": "mc_ei",
    "function of moments": cautious,
    "function of draws": optimistic_draws,
    "object": Acquisition("mine", cautious, needs="moments", form="utility"),
}


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
@pytest.mark.parametrize("design", ["sobol", "latin_hypercube", "random"])
def test_first_designs_keep_the_constraints(space, design, make_optimizer):
    rows = make_optimizer(space, initial_design=design).ask(9)
    assert len(rows) == 9
    assert space.is_feasible(rows).all()


@pytest.mark.parametrize("acquisition", ACQUISITIONS.values(), ids=ACQUISITIONS)
def test_every_kind_of_acquisition_keeps_the_constraints(acquisition, make_told):
    batch = make_told(SPACES["linear"], acquisition=acquisition).ask(3)
    assert len(batch) == 3
    assert SPACES["linear"].is_feasible(batch).all()


@pytest.mark.parametrize("acquisition", ["log_ei", cautious])
@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_the_model_phase_keeps_every_kind_of_constraint(space, acquisition, make_told):
    batch = make_told(space, acquisition=acquisition).ask(3)
    assert len(batch) == 3
    assert space.is_feasible(batch).all()


def test_mixtures_add_up(make_told):
    batch = make_told(SPACES["mixture"]).ask(4)
    np.testing.assert_allclose(batch[["a", "b", "c"]].sum(axis=1), 1.0, rtol=1e-9)


@pytest.mark.parametrize("n_told", [0, 6])
def test_constraints_for_one_ask_add_to_those_of_the_space(n_told, make_optimizer):
    optimizer = make_optimizer(SearchSpace(ABC))
    rows = optimizer.space.sample(n_told, random_state=1)
    optimizer.tell(rows, rows["a"])
    extra = [MIXTURE, NonlinearConstraint(lambda frame: frame["a"] > 0.4, name="rich in a")]
    batch = optimizer.ask(4, constraints=extra)
    np.testing.assert_allclose(batch[["a", "b", "c"]].sum(axis=1), 1.0, rtol=1e-9)
    assert (batch["a"] > 0.4).all()
    assert optimizer.space.constraints == ()


@pytest.mark.parametrize("n_told", [0, 6])
def test_constraints_that_exclude_each_other_are_told(n_told, make_optimizer):
    optimizer = make_optimizer(SPACES["mixture"])
    rows = optimizer.space.sample(n_told, random_state=1)
    optimizer.tell(rows, rows["a"])
    with pytest.raises(InfeasibleSpaceError):
        optimizer.ask(constraints=[LinearConstraint({"a": 1, "b": 1, "c": 1}, upper=0.5)])
    assert optimizer.pending.empty


def test_an_infeasible_space_is_told_at_construction(make_optimizer):
    with pytest.raises(InfeasibleSpaceError, match="a"):
        make_optimizer(SearchSpace(ABC, [LinearConstraint({"a": 1}, lower=2)]))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda mean, std: mean * np.nan, "finite or -inf, got nan for candidate 0"),
        (lambda mean, std: mean[:-1], "one score for each candidate"),
        (lambda mean, std: 1.0, r"one score for each candidate.*got shape \(\)"),
    ],
    ids=["nan", "short", "scalar"],
)
def test_a_users_function_that_goes_wrong_is_named(function, message, make_told):
    function.__name__ = "my_score"
    optimizer = make_told(acquisition=function)
    with pytest.raises(InvalidDataError, match=f"'my_score'.*{message}"):
        optimizer.ask()


def test_a_users_function_is_followed(make_told):
    def near_a_tenth(mean, std):  # the outcome is the setting: y = x
        return -np.abs(mean + 0.1)  # the utility of Minimize is -y

    batch = make_told(n=8, outcome=lambda rows: rows["x"], acquisition=near_a_tenth).ask()
    assert batch["x"].iloc[0] == pytest.approx(0.1, abs=0.01)


def test_the_score_minus_infinity_is_a_veto(make_told):
    def only_low(mean, std):
        return np.where(mean > -0.5, mean, -np.inf)  # y below 0.5

    optimizer = make_told(n=8, outcome=lambda rows: rows["x"], acquisition=only_low)
    candidates = pd.DataFrame({"x": [0.1, 0.3, 0.8, 0.9]})
    with pytest.warns(match="Only 2 new row"):
        assert sorted(optimizer.ask(4, candidates=candidates)["x"]) == [0.1, 0.3]


ROOM = SearchSpace([Real("x", 0, 1), Context("T_room", unit="°C"), Context("lot", levels=["A", "B"])])
GIVEN = {"T_room": 21.5, "lot": "B"}


@pytest.mark.parametrize("n_told", [0, 6])
def test_context_is_needed_by_name_and_nothing_else(n_told, make_optimizer):
    optimizer = make_optimizer(ROOM)
    rows = optimizer.space.sample(n_told, random_state=0, context={"T_room": 20.0})
    optimizer.tell(rows, rows["x"])
    with pytest.raises(InvalidDataError, match=r"context: no value for \['T_room', 'lot'\]"):
        optimizer.ask()
    with pytest.raises(InvalidDataError, match=r"context: no value for \['lot'\].*ask\(context=\{'lot'"):
        optimizer.ask(context={"T_room": 20})
    with pytest.raises(InvalidDataError, match=r"context: \['x'\] are not context variables"):
        optimizer.ask(context=GIVEN | {"x": 0.5})
    with pytest.raises(InvalidDataError, match="'lot' has a level that is not one of"):
        optimizer.ask(context=GIVEN | {"lot": "C"})
    with pytest.raises(InvalidDataError, match="'T_room' has text"):
        optimizer.ask(context=GIVEN | {"T_room": "warm"})
    assert optimizer.pending.empty


def test_context_comes_back_in_every_row(make_told):
    optimizer = make_told(ROOM, context=GIVEN)
    batch = optimizer.ask(3, context={"T_room": 30, "lot": "A"})
    assert (batch["T_room"] == 30).all()
    assert (batch["lot"] == "A").all()
    assert list(batch.columns)[:3] == ["x", "T_room", "lot"]
    assert optimizer.pending["T_room"].tolist() == [30, 30, 30]


def test_context_without_bounds_is_learned_from_the_rows_told(make_optimizer):
    space = SearchSpace([Real("x", 0, 1), Context("T")])
    optimizer = make_optimizer(space)
    rows = pd.DataFrame({"x": np.tile(np.linspace(0, 1, 5), 2), "T": np.repeat([10.0, 30.0], 5)})
    optimizer.tell(rows, rows["x"] + rows["T"] / 10)
    cool = optimizer.ask(context={"T": 10}, candidates=pd.DataFrame({"x": [0.4]}))
    warm = optimizer.ask(context={"T": 20}, candidates=pd.DataFrame({"x": [0.6]}))
    assert cool["y_mean"].iloc[0] == pytest.approx(1.4, abs=0.01)
    assert warm["y_mean"].iloc[0] == pytest.approx(2.6, abs=0.01)


def test_a_constraint_may_name_the_context(make_told):
    space = SearchSpace(
        [Real("x", 0, 100), Context("T")], constraints=[LinearConstraint({"x": 1, "T": 1}, upper=50)]
    )
    optimizer = make_told(space, context={"T": 10})
    assert (optimizer.data["x"] <= 40).all()
    assert (optimizer.ask(3, context={"T": 30})["x"] <= 20 + 1e-9).all()


@pytest.mark.parametrize(
    "context",
    [
        {"T": 20.5},
        {"T": "20.5"},
        {"T": Decimal("20.5")},
        pd.Series({"T": 20.5}),
        pd.DataFrame({"T": [20.5]}),
        pl.DataFrame({"T": [20.5]}),
        pa.table({"T": [20.5]}),
        np.array([(20.5,)], dtype=[("T", "f8")]),
    ],
    ids=lambda context: type(context).__name__,
)
def test_context_goes_by_name_in_whatever_it_comes(context, make_told):
    told = make_told(SearchSpace([Real("x", 0, 1), Context("T")]), context={"T": 20.0})
    assert told.ask(1, context=context)["T"].tolist() == [20.5]
    assert told.pending["T"].tolist() == [20.5]


@pytest.mark.parametrize("context", ["T=20", {"T"}, 20.0, pd.DataFrame({"T": [20.5, 21.0]})], ids=repr)
def test_context_without_names_or_of_several_rows_is_refused(context, make_told):
    told = make_told(SearchSpace([Real("x", 0, 1), Context("T")]), context={"T": 20.0})
    with pytest.raises(InvalidDataError, match="context: expected a value by name"):
        told.ask(1, context=context)
    with pytest.raises(InvalidDataError, match="held: expected a value by name"):
        told.ask(1, context={"T": 20}, held=context)
