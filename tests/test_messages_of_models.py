"""What constructors say of arguments that they cannot take: the place, what was expected, and what came."""

import numpy as np
import pytest

from bnnopt import (
    CampaignSettings,
    Categorical,
    Discrete,
    Integer,
    LinearConstraint,
    Minimize,
    OutcomeConstraint,
    Real,
    SearchSpace,
    Target,
)
from bnnopt.exceptions import BnnoptError, InvalidDataError
from bnnopt.objectives import WeightedSum
from bnnopt.optimizer import TrustRegion

CASES = [
    (
        lambda: Real("T", 5, 1),
        "Variable 'T': lower must be below upper, got lower=5.0 and upper=1.0; swap them.",
    ),
    (
        lambda: Real("T", "x", 1),
        "lower: expected a valid number, unable to parse string as a number, got 'x'",
    ),
    (lambda: Real("T", 0, 1, scale="lg"), "scale: expected 'linear' or 'log', got 'lg'"),
    (lambda: Real("T", 0), "upper is missing; give it."),
    (lambda: Categorical("c", ["a", None]), "levels.1: expected one of str, int, float, bool, got None"),
    (lambda: LinearConstraint({"a": "x"}, upper=1), "coefficients.a: expected a valid number"),
    (lambda: SearchSpace([3]), "variables.0: expected one of the objects that belong here"),
    (lambda: Minimize(3), "name: expected a valid string, got 3"),
    (
        lambda: TrustRegion(initial_length=-1, batch_size=0),
        "TrustRegion: 2 problems\n  initial_length: expected greater than 0, got -1\n"
        "  batch_size: expected greater than or equal to 1, got 0",
    ),
    (lambda: CampaignSettings(name="x"), "CampaignSettings: 2 problems\n  space is missing"),
    (lambda: Real("T", 0, 1, stp=0.1), "'stp' is none of the arguments"),
    (lambda: SearchSpace([Real("T", 0, 1)]).restricted(bounds={"T": (1, 0)}), "lower must be below upper"),
]


@pytest.mark.parametrize(("make", "said"), CASES)
def test_a_wrong_argument_is_told_in_plain_words(make, said):
    with pytest.raises(InvalidDataError) as caught:
        make()
    assert said in str(caught.value)
    assert "pydantic" not in str(caught.value)
    assert isinstance(caught.value, BnnoptError)
    assert isinstance(caught.value, ValueError)


def test_the_nearest_argument_is_named():
    with pytest.raises(InvalidDataError, match="Did you mean 'step'"):
        Real("T", 0, 1, stp=0.1)


def test_what_is_frozen_says_how_to_change_it():
    variable = Real("T", 0, 1)
    with pytest.raises(InvalidDataError, match="model_copy"):
        variable.upper = 5
    assert variable.upper == 1


@pytest.mark.parametrize("flag", [True, False, np.True_])
@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda flag: OutcomeConstraint("y", lower=flag), "lower"),
        (lambda flag: Real("x", flag, 3), "lower"),
        (lambda flag: Integer("x", 0, flag), "upper"),
        (lambda flag: Discrete("x", [flag, 2.5]), "values"),
        (lambda flag: Discrete("x", np.array([flag, not flag])), "values"),
        (lambda flag: Target("y", 1, tolerance=flag), "tolerance"),
        (lambda flag: WeightedSum([Minimize("a"), Minimize("b")], weights=[0.5, flag]), "weights"),
        (lambda flag: LinearConstraint({"x": flag, "z": 1.0}, upper=1), "coefficients"),
    ],
)
def test_true_and_false_are_no_numbers(make, name, flag):
    with pytest.raises(InvalidDataError, match=f"{name}: expected a number, got {bool(flag)}"):
        make(flag)


def test_levels_may_be_true_and_false():
    assert Categorical("is_stirred", [True, False]).levels == (True, False)
