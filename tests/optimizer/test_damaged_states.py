"""A state that was damaged or changed is refused in one sentence, or is the same optimizer."""

import json
import random
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import BayesianRidge

from bnnopt import (
    BayesianOptimizer,
    Categorical,
    Context,
    Discrete,
    Integer,
    LinearConstraint,
    Minimize,
    NonlinearConstraint,
    Real,
    SearchSpace,
)
from bnnopt.exceptions import InvalidDataError

VARIABLES = [
    Real("x", 0, 1),
    Integer("k", 1, 5),
    Discrete("flask", [50, 100, 250]),
    Categorical("oven", ["a", "b"]),
    Context("T"),
]
SPACE = SearchSpace(VARIABLES, [LinearConstraint({"x": 1, "k": 0.2}, upper=1.5)])


def lived(space=SPACE, **options):
    """An optimizer with rows told, failed, corrected, retracted and pending."""
    defaults = {"surrogate": "gaussian_process", "random_state": 3, "n_candidates": 64, "n_draws": 32}
    optimizer = BayesianOptimizer(space, [Minimize("y")], **(defaults | options))
    rows = optimizer.ask(6, context={"T": 20.5})
    optimizer.tell(rows, {"y": rows["x"].where(rows.index != 3)})
    optimizer.correct([1], {"y": [0.5]})
    optimizer.retract([2])
    optimizer.ask(1, context={"T": 21.0})
    return optimizer


OPTIMIZER = lived()
TEXT = OPTIMIZER.to_json()
STATE = json.loads(TEXT)


def places(value, path=()):
    """Yield the path of everything in a JSON document but the document itself."""
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, child in children:
        yield (*path, key)
        yield from places(child, (*path, key))


PLACES = list(places(STATE))
OTHERS = [None, True, -1, 7, 3.5, 10**400, "x", "1", [], [1], [[2]], {}, {"a": 1}, 9999, "os:system"]


def changed(path, value):
    state = json.loads(TEXT)
    inside = state
    for key in path[:-1]:
        inside = inside[key]
    if value == "delete":
        del inside[path[-1]]
    else:
        inside[path[-1]] = value
    return state


def refused(text, **options):
    """Whether it is refused in one sentence or two; any other error comes through."""
    try:
        found = BayesianOptimizer.from_json(text, **options)
    except InvalidDataError as error:
        message = str(error)
    else:
        assert found.to_json() == TEXT
        return False
    assert "\n" not in message
    assert len(message) < 700
    return True


@given(st.integers(0, len(TEXT) - 1), st.integers(0, 7))
@settings(max_examples=60, deadline=None)
def test_a_bit_that_flipped_is_found_or_changes_nothing(place, bit):
    damaged = bytearray(TEXT.encode())
    damaged[place] ^= 1 << bit
    refused(bytes(damaged))


@given(st.integers(0, len(TEXT) - 1))
@settings(max_examples=30, deadline=None)
def test_a_state_that_ends_early_is_refused(length):
    assert refused(TEXT[:length])


@given(st.sampled_from(PLACES), st.sampled_from([*OTHERS, "delete"]))
@settings(max_examples=150, deadline=None)
def test_a_change_by_hand_is_found_or_changes_nothing(path, value):
    refused(json.dumps(changed(path, value)))


def test_a_change_on_purpose_is_taken_and_nothing_else_is():
    """Without the checksum each value is what was written, or refused: no silent other reading."""
    rng = random.Random(0)
    for path in rng.sample(PLACES, 80):
        state = changed(path, rng.choice(OTHERS))
        try:
            found = BayesianOptimizer.from_json(json.dumps(state), verify=False)
        except InvalidDataError:
            continue
        again = json.loads(found.to_json())
        assert state | {"checksum": None} == again | {"checksum": None}, path
    moved = changed(("n_candidates",), 128)
    assert BayesianOptimizer.from_json(json.dumps(moved), verify=False).n_candidates == 128


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("rows", "retracted"), 2, "damaged at 'rows.retracted'"),
        (("rows", "retracted"), [-1], "damaged at 'rows.retracted.0'"),
        (("rows", "retracted"), [2, 2], "damaged at 'rows.retracted'"),
        (("rows", "corrections", "row"), [9999], r"corrected rows \[9999\] of 6 rows told"),
        (("rows", "corrections", "row"), [1.5], r"corrected rows \[1.5\] of 6 rows told"),
        (("rows", "outcomes", "y", 0), True, "damaged at 'rows.outcomes.y.0'"),
        (("rows", "told", "x", 0), "0.25", "damaged at 'rows.told.x.0'"),
        (("space", "variables", 2, "values"), "123", "damaged at .*expected a list of numbers"),
        (("seed",), 10**30, "damaged at 'seed'"),
        (("surrogate", "name"), "gp", "Unknown surrogate 'gp'"),
        (("surrogate", "parameters"), {"restarts": 3}, "'restarts'"),
        (("surrogate", "parameters"), {"n_restarts_optimizer": "x"}, "whole number of at least 0, got 'x'"),
        (("acquisition", "parameters"), {"xi": "x"}, "xi must be finite and at least 0, got 'x'"),
        (("initial_design",), "sobool", "Unknown design method 'sobool'.*Did you mean 'sobol'"),
    ],
)
def test_changes_on_purpose_are_checked_like_all_that_is_told(path, value, message):
    with pytest.raises(InvalidDataError, match=message):
        BayesianOptimizer.from_json(json.dumps(changed(path, value)), verify=False)


def test_a_change_says_how_it_can_be_taken():
    with pytest.raises(InvalidDataError, match=r"checksum does not fit.*from_json\(text, verify=False\)"):
        BayesianOptimizer.from_json(json.dumps(changed(("n_draws",), 64)))
    with pytest.raises(InvalidDataError, match="has no checksum"):
        BayesianOptimizer.from_json(json.dumps(changed(("checksum",), "delete")))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"version": 2, "version": 2}',
        '{"version": NaN}',
        '{"version": 1e999}',
        b"\xff\xfe",
        5,
        "1" * 5000,
    ],
    ids=["deep", "twice", "nan", "too large", "no text", "a number", "digits"],
)
def test_what_is_no_json_is_refused(text):
    with pytest.raises(InvalidDataError, match=r"Expected the (JSON|state)"):
        BayesianOptimizer.from_json(text)


def test_reading_imports_nothing(tmp_path, monkeypatch):
    (tmp_path / "bnnopt_unasked.py").write_text("raise SystemExit('it ran')")
    monkeypatch.syspath_prepend(tmp_path)
    constraint = {
        "type": "nonlinear",
        "function": "bnnopt_unasked:f",
        "name": "",
        "lower": None,
        "upper": None,
    }
    for state in (
        changed(("space", "constraints"), [constraint]),
        changed(("acquisition",), {"name": "bnnopt_unasked:f", "parameters": {}}),
    ):
        for verify in (True, False):
            with pytest.raises(InvalidDataError, match=r"'bnnopt_unasked:f'.*not imported unasked"):
                BayesianOptimizer.from_json(json.dumps(state), verify=verify)
    assert "bnnopt_unasked" not in sys.modules


def is_dry(rows):
    return rows["x"] < 0.9


def test_functions_of_ones_own_are_given_again():
    def is_cold(rows):
        return rows["x"] > 0.05

    constraints = [
        NonlinearConstraint(is_dry),
        NonlinearConstraint(is_cold),
        NonlinearConstraint(lambda rows: rows["k"], upper=4, name="few"),
    ]
    optimizer = lived(SearchSpace(VARIABLES, constraints))
    text = optimizer.to_json()
    with pytest.raises(InvalidDataError, match=r"is_dry.*give it, from_json\(text, functions=\[\.\.\.\]\)"):
        BayesianOptimizer.from_json(text)
    few = constraints[2].function
    for functions in (
        [is_dry, is_cold, few],
        {"few": few, **{f"{__name__}:{f.__qualname__}": f for f in (is_dry, is_cold)}},
    ):
        again = BayesianOptimizer.from_json(text, functions=functions)
        assert again.to_json() == text
        assert again.space.constraints == tuple(constraints)


def test_constraints_that_no_file_could_tell_apart_are_refused_when_given():
    functions = [lambda rows: rows["x"] > 0.1, lambda rows: rows["x"] < 0.9]
    with pytest.raises(InvalidDataError, match=r"both called '.*<lambda>'.*Give each a name"):
        lived(SearchSpace(VARIABLES, [NonlinearConstraint(each) for each in functions]))
    named = [NonlinearConstraint(each, name=name) for each, name in zip(functions, "ab", strict=True)]
    optimizer = lived(SearchSpace(VARIABLES, named))
    again = BayesianOptimizer.from_json(
        optimizer.to_json(), functions=dict(zip("ab", functions, strict=True))
    )
    assert again.to_json() == optimizer.to_json()
    with pytest.raises(InvalidDataError, match=r"functions of different names"):
        BayesianOptimizer.from_json(optimizer.to_json(), functions=functions)


def highest(mean, std, *, weight=1.0):
    return np.asarray(mean) + weight * np.asarray(std)


def test_an_acquisition_of_a_module_is_given_again():
    name = f"{__name__}:highest"
    sys.modules.setdefault(__name__, sys.modules[highest.__module__])
    optimizer = lived(acquisition=name, surrogate=BayesianRidge())
    text = optimizer.to_json()
    again = BayesianOptimizer.from_json(text, functions=[highest], surrogate=BayesianRidge())
    assert again.acquisition.name == name
    assert BayesianOptimizer.from_json(text, acquisition=name, surrogate=BayesianRidge()).to_json() == text
