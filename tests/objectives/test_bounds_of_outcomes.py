"""Outcomes with bounds: a frozen value, which scales fit which bounds, and what is possible."""

import pytest

from bnnopt import Outcome
from bnnopt.exceptions import InvalidDataError


def test_dictionary_and_json_forms_are_the_same_thing():
    outcome = Outcome("yield", lower=0, upper=100, scale="logit", unit="%")
    assert Outcome.model_validate_json(outcome.model_dump_json()) == outcome
    assert (
        Outcome.model_validate({"name": "yield", "lower": 0, "upper": 100, "scale": "logit", "unit": "%"})
        == outcome
    )
    with pytest.raises(InvalidDataError, match="frozen"):
        outcome.lower = 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"lower": 1, "upper": 1}, "outcome 'y': lower must be below upper, got lower=1.0 and upper=1.0"),
        ({"lower": float("nan")}, "finite number"),
        ({"upper": float("inf")}, "finite number"),
        ({"scale": "log"}, "'log' needs 1 bound"),
        ({"lower": 0, "upper": 1, "scale": "log"}, "Use 'auto', or one of .'logit', 'identity'."),
        ({"lower": 0, "scale": "logit"}, "'logit' needs 2 bound"),
        ({"lower": 0, "scale": "power"}, "'power' is for outcomes without bounds"),
        ({"lower": 0, "scale": "sqrt"}, "'auto', 'identity', 'log', 'logit' or 'power'"),
        ({"lower": 0, "closed": "upper"}, "'both', 'left', 'right' or 'neither'"),
        ({"low": 0}, "'low' is none of the arguments.*Did you mean 'lower'"),
    ],
)
def test_bounds_that_make_no_sense_are_refused(fields, message):
    with pytest.raises(InvalidDataError, match=message):
        Outcome("y", **fields)


@pytest.mark.parametrize(
    ("closed", "expected"),
    [
        ("both", [False, True, True, True, False, True]),
        ("left", [False, True, True, False, False, True]),
        ("right", [False, False, True, True, False, True]),
        ("neither", [False, False, True, False, False, True]),
    ],
)
def test_what_is_possible(closed, expected):
    outcome = Outcome("y", lower=0, upper=1, closed=closed)
    assert outcome.is_possible([-0.1, 0, 0.5, 1, 1.1, float("nan")]).tolist() == expected


def test_without_bounds_everything_is_possible():
    outcome = Outcome("y")
    assert not outcome.is_bounded
    assert outcome.is_possible([-1e9, 0, 1e9]).all()
    assert Outcome("y", upper=3).is_bounded
