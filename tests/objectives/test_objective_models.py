"""Objectives as frozen values: the Python object, the dictionary and the JSON form are one thing."""

import pickle

import pytest
from pydantic import TypeAdapter, ValidationError

from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives import Maximize, Minimize, Objective, OutcomeConstraint, Target, split_objectives

ADAPTER = TypeAdapter(list[Objective])
OBJECTIVES = [
    Minimize("polydispersity"),
    Maximize("yield", unit="%"),
    Target("peak", 950, 20, unit="nm"),
    OutcomeConstraint("peak", lower=900),
]


def test_a_configuration_list_becomes_objects():
    entries = [
        {"type": "minimize", "name": "polydispersity"},
        {"type": "maximize", "name": "yield", "unit": "%"},
        {"type": "target", "name": "peak", "value": 950, "tolerance": 20, "unit": "nm"},
        {"type": "outcome_constraint", "name": "peak", "lower": 900},
    ]
    assert ADAPTER.validate_python(entries) == OBJECTIVES


def test_json_and_pickle_round_trips():
    assert ADAPTER.validate_json(ADAPTER.dump_json(OBJECTIVES)) == OBJECTIVES
    assert pickle.loads(pickle.dumps(OBJECTIVES)) == OBJECTIVES
    assert (
        ADAPTER.validate_python([entry.model_dump(exclude_none=True) for entry in OBJECTIVES]) == OBJECTIVES
    )


def test_position_and_keyword_mean_the_same():
    assert Target("peak", 950, 20) == Target(name="peak", value=950, tolerance=20)
    assert Minimize("a") == Minimize(name="a") != Maximize("a")
    assert OutcomeConstraint("a", 1, 2) == OutcomeConstraint("a", upper=2, lower=1)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: objective.type)
def test_objectives_are_frozen_and_hashable(objective):
    with pytest.raises(InvalidDataError, match="frozen"):
        objective.name = "other"
    assert hash(objective) == hash(pickle.loads(pickle.dumps(objective)))


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"type": "target", "name": "peak", "value": 950}, "tolerance is missing"),
        ({"type": "minimize"}, "name is missing"),
        ({"type": "minimize", "name": ""}, "at least 1 character"),
        ({"type": "minimize", "name": "a", "weight": 2}, "'weight' is none of the arguments"),
        ({"type": "minimise", "name": "a"}, "'minimize', 'maximize', 'target', 'weighted_sum', 'chebyshev'"),
    ],
)
def test_wrong_entries_are_refused_with_the_field_named(entry, message):
    with pytest.raises(ValidationError, match=message):
        ADAPTER.validate_python([entry])


def test_split_keeps_the_order():
    objectives, constraints = split_objectives(reversed(OBJECTIVES))
    assert objectives == OBJECTIVES[2::-1]
    assert constraints == OBJECTIVES[3:]
