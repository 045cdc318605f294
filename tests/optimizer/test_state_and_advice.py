"""The state as JSON, and advice whether to stop."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import BayesianRidge

from bnnopt import (
    BayesianOptimizer,
    Categorical,
    Context,
    Integer,
    LinearConstraint,
    Maximize,
    Minimize,
    OutcomeConstraint,
    Real,
    SearchSpace,
)
from bnnopt.exceptions import InvalidDataError
from bnnopt.optimizer import OptimizerState
from bnnopt.space import Discrete

MIXED = SearchSpace(
    [
        Real("x", 0, 1),
        Real("c", 0.1, 10, scale="log"),
        Integer("k", 1, 5),
        Discrete("flask", [50, 100, 250]),
        Categorical("oven", ["a", "b"]),
        Context("T"),
    ],
    constraints=[LinearConstraint({"x": 1, "k": 0.2}, upper=1.5)],
)


def lived(**options):
    """An optimizer with rows told, failed, corrected, retracted and pending."""
    defaults = {"surrogate": "gaussian_process", "random_state": 3, "n_candidates": 64, "n_draws": 32}
    objectives = [Minimize("y"), OutcomeConstraint("w", upper=2.0)]
    optimizer = BayesianOptimizer(MIXED, objectives, **(defaults | options))
    rows = optimizer.ask(10, context={"T": 20.5})
    y = rows["x"] + rows["c"] / 10
    y.iloc[3] = np.nan
    optimizer.tell(rows, {"y": y, "w": rows["k"] / 3.0})
    optimizer.correct([1], {"y": [0.123456789], "w": [1 / 3]})
    optimizer.retract([2])
    optimizer.ask(1, context={"T": 21.0})
    return optimizer


def test_a_restart_changes_nothing():
    before = lived()
    after = BayesianOptimizer.from_json(before.to_json())
    for name in ("data", "pending", "retracted", "corrections"):
        pd.testing.assert_frame_equal(getattr(before, name), getattr(after, name))
    assert before.summary() == after.summary()
    context = {"context": {"T": 19.0}}
    pd.testing.assert_frame_equal(before.ask(2, **context), after.ask(2, **context))
    pd.testing.assert_frame_equal(before.ask(1, **context), after.ask(1, **context))
    assert before.to_json() == after.to_json()


def test_the_state_is_plain_json_with_a_seed_even_without_one():
    optimizer = lived(random_state=None)
    state = json.loads(optimizer.to_json())
    assert state["seed"] >= 0
    assert state["rows"]["outcomes"]["y"][3] is None
    again = BayesianOptimizer.from_json(optimizer.to_json())
    pd.testing.assert_frame_equal(optimizer.ask(1, context={"T": 20}), again.ask(1, context={"T": 20}))


def test_the_schema_describes_the_state():
    schema = OptimizerState.model_json_schema()
    state = json.loads(lived().to_json())
    assert set(state) == set(schema["properties"])
    assert set(state["rows"]) == set(schema["$defs"]["RowsState"]["properties"])
    assert schema["properties"]["version"]["const"] == state["version"] == 2
    assert schema["additionalProperties"] is False


def test_the_state_is_frozen_and_equal_to_what_is_read():
    optimizer = lived()
    state = optimizer.state()
    assert OptimizerState.read(optimizer.to_json()) == state
    with pytest.raises(ValueError, match="frozen"):
        state.seed = 1


@given(st.lists(st.floats(-1e140, 1e140), min_size=1, max_size=8))
@settings(max_examples=40, deadline=None)
def test_outcomes_come_back_to_the_last_digit(outcomes):
    optimizer = BayesianOptimizer(SearchSpace([Real("x", 0, 1)]), [Minimize("y")], random_state=0)
    optimizer.tell(np.linspace(0, 1, len(outcomes) + 1)[:, None], [*outcomes, np.nan])
    again = BayesianOptimizer.from_json(optimizer.to_json())
    pd.testing.assert_frame_equal(again.data, optimizer.data, check_exact=True)


DAMAGES = {
    "a column is short": (
        lambda s: s["rows"]["outcomes"]["w"].pop(),
        "at 'rows.outcomes'.*one length",
    ),
    "a column is lost": (lambda s: s["rows"]["told"].pop("c"), r"rows.told.*missing column\(s\) \['c'\]"),
    "a number is text": (lambda s: s.update(n_draws="many"), "damaged at 'n_draws'.*got 'many'"),
    "a name is new": (lambda s: s.update(pace=1), "damaged at 'pace': Extra inputs"),
    "a row is not there": (lambda s: s["rows"].update(retracted=[77]), r"retracted rows \[77\] of 10 rows"),
    "a level is unknown": (lambda s: s["rows"]["told"].update(oven=["c"] * 10), "'oven' has a level"),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_state_says_where(kind):
    damage, message = DAMAGES[kind]
    state = json.loads(lived().to_json())
    damage(state)
    with pytest.raises(InvalidDataError, match=message):
        BayesianOptimizer.from_json(json.dumps(state))


def test_parameters_of_registered_parts_are_kept():
    space = SearchSpace([Real("x", 0, 1)])
    from bnnopt import MCDropoutRegressor
    from bnnopt.acquisition import get_acquisition

    optimizer = BayesianOptimizer(
        space,
        [Maximize("y", unit="%")],
        surrogate=MCDropoutRegressor(hidden_layer_sizes=(32,), dropout=0.2),
        acquisition=get_acquisition("ucb", kappa=3.0),
        cost="y",
        n_initial=7,
    )
    again = BayesianOptimizer.from_json(optimizer.to_json())
    assert tuple(again.surrogate.hidden_layer_sizes) == (32,)
    assert again.surrogate.dropout == 0.2
    assert again.acquisition.parameters == {"kappa": 3.0}
    assert (again.cost, again.n_initial, again.objectives) == ("y", 7, optimizer.objectives)


def test_parts_of_ones_own_are_given_again():
    optimizer = lived(surrogate=BayesianRidge(), cost=lambda rows: np.ones(len(rows)))
    text = optimizer.to_json()
    with pytest.raises(InvalidDataError, match=r"\['surrogate', 'cost'\] of this optimizer were objects"):
        BayesianOptimizer.from_json(text)
    again = BayesianOptimizer.from_json(text, surrogate=BayesianRidge(), cost=lambda rows: np.ones(len(rows)))
    pd.testing.assert_frame_equal(optimizer.ask(1, context={"T": 20}), again.ask(1, context={"T": 20}))


@pytest.mark.parametrize(
    ("text", "parts", "message"),
    [
        ("{", {}, "Expected the JSON that BayesianOptimizer.to_json returns"),
        ("[]", {}, "an optimizer of version 2, .* got version None; make the optimizer anew"),
        ('{"format": "bnnopt optimizer 1"}', {}, "of version 2, .* got version 'bnnopt optimizer 1'; make"),
        ('{"version": 2}', {}, r"damaged at 'space': Field required, got .* \(12 more like this\)"),
        (None, {"space": MIXED}, r"from_json takes no \['space'\]"),
    ],
)
def test_what_is_no_state_is_refused(text, parts, message):
    with pytest.raises(InvalidDataError, match=message):
        BayesianOptimizer.from_json(lived().to_json() if text is None else text, **parts)


class Alike(RegressorMixin, BaseEstimator):
    """Predicts the same everywhere, with a standard deviation of the function and one of the noise."""

    def __init__(self, std=1.0, noise_std=0.0):
        self.std, self.noise_std = std, noise_std

    def fit(self, X, y):
        return self

    def predict(self, X, return_std=False, noise=True):
        mean = np.zeros(len(X))
        return (
            (mean, np.full(len(X), np.hypot(self.std, self.noise_std if noise else 0.0)))
            if return_std
            else mean
        )


def advice(utility, gain=1.0, noise=0.0, **options):
    """Advice after utilities, -inf beyond a limit, where the expected improvement is the same everywhere."""
    utility = np.array(utility, dtype=float)
    is_kept = np.isfinite(utility)
    y = np.where(is_kept, utility, 0.0)
    unit = y.std()  # of what the surrogate learns
    surrogate = Alike(gain * np.sqrt(2 * np.pi) / unit, noise / unit)  # the improvement is std φ(0)
    limits = [] if is_kept.all() else [OutcomeConstraint("w", upper=0.0)]
    optimizer = BayesianOptimizer(
        SearchSpace([Real("x", 0, 1)]),
        [Maximize("y"), *limits],
        surrogate=surrogate,
        n_candidates=16,
        random_state=0,
    )
    told = pd.DataFrame({"y": y, "w": np.where(is_kept, -9.0, 9.0)})
    optimizer.tell({"x": np.linspace(0, 1, len(y))}, told[list(optimizer.outputs)])
    return optimizer.advise(**options)


def test_going_on_has_a_reason_too():
    said = advice([0, 1, 2])
    assert not said.is_stop
    assert said.reasons == ("the expected gain of 1 is worth a run (at least 0.02)",)
    assert said.n_since_best == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"gain": 0.019}, "the expected gain of 0.019 is below 0.02"),
        ({"min_gain": 1.5}, "the expected gain of 1 is below 1.5"),
        ({"noise": 11.0}, r"below a tenth of the noise \(11\)"),
        ({"budget": 3}, r"the budget of 3 rows is used up \(3 told\)"),
    ],
)
def test_each_reason_to_stop_is_named(options, words):
    said = advice([0, 1, 2], **options)
    assert said.is_stop
    assert len([reason for reason in said.reasons if re.search(words, reason)]) == 1


def test_patience_counts_rows_since_a_rise_beyond_the_noise():
    """The last rise by more than 0.5 is to 2 in row 1; 2.3 does not count, nor does a row beyond a limit."""
    said = advice([0, 2, 1, 2.3, -np.inf, 1], noise=0.5, patience=4)
    assert said.n_since_best == 4
    assert said.is_stop
    assert "no improvement beyond the noise in the last 4 rows (patience 4)" in said.reasons


def test_an_optimizer_advises(make_told):
    told = make_told(n=8, outcome=lambda rows: rows["x"])
    said = told.advise()
    assert said.expected_gain >= 0
    assert said.noise_std >= 0
    assert told.advise(budget=8).is_stop
    assert not len(told.pending)
    with pytest.raises(InvalidDataError, match="min_gain must be finite and at least 0, got -1"):
        told.advise(min_gain=-1)
    with pytest.raises(InvalidDataError, match="patience must be a whole number of at least 1"):
        told.advise(patience=0)


def test_advice_needs_rows(make_optimizer):
    with pytest.raises(InvalidDataError, match="A model needs at least 2 rows"):
        make_optimizer().advise()
