import statistics
from functools import partial

import numpy as np
import pandas as pd
import pytest
from pydantic_core import PydanticSerializationError

from bnnopt.exceptions import InvalidDataError
from bnnopt.space import LinearConstraint, NonlinearConstraint


def test_linear_by_hand():
    constraint = LinearConstraint({"A": 2, "B": -1}, lower=0, upper=10)
    frame = pd.DataFrame({"A": [1.0, 5, 6, 0], "B": [2.0, 0, 1, 1], "other": "x"})
    assert constraint.is_satisfied(frame).tolist() == [True, True, False, False]


def test_linear_allows_round_off_only():
    constraint = LinearConstraint({"A": 1, "B": 1, "C": 1}, lower=0.6, upper=0.6)
    frame = pd.DataFrame({"A": [0.1, 0.1], "B": [0.2, 0.2], "C": [0.3, 0.3 + 1e-8]})
    assert frame.loc[0].sum() != 0.6
    assert constraint.is_satisfied(frame).tolist() == [True, False]


def test_nonlinear_numbers_and_booleans():
    frame = pd.DataFrame({"A": [1.0, 2.0, 3.0]})
    assert NonlinearConstraint(lambda d: d["A"] ** 2, lower=2, upper=5).is_satisfied(frame).tolist() == [
        False,
        True,
        False,
    ]
    assert NonlinearConstraint(lambda d: d["A"] > 1).is_satisfied(frame).tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda d: [1.0, np.nan], "heat.*NaN for row 1"),
        (lambda d: 1.0, r"heat.*expected 2 numbers or booleans.*shape \(\)"),
        (lambda d: ["a", "b"], "heat.*expected 2 numbers"),
        (lambda d: [1.0, 2.0], "heat.*give lower or upper"),
    ],
)
def test_what_a_function_returns_is_checked(function, message):
    with pytest.raises(InvalidDataError, match=message):
        NonlinearConstraint(function, name="heat").is_satisfied(pd.DataFrame({"A": [1.0, 2.0]}))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LinearConstraint({"A": 1}), r"1\*A: no limit; give lower, upper or both"),
        (lambda: LinearConstraint({"A": 1}, lower=2, upper=1), "lower=2.0 and upper=1.0; swap"),
        (lambda: LinearConstraint({"A": 1}, upper=np.nan), "upper=nan|no limit"),
        (lambda: LinearConstraint({}, upper=1), "not all 0, got {}"),
        (lambda: LinearConstraint({"A": 0}, upper=1), "not all 0"),
        (lambda: LinearConstraint({"A": np.inf}, upper=1), "must be finite"),
        (lambda: NonlinearConstraint("no_such_module:f"), "cannot import 'no_such_module:f'"),
        (lambda: NonlinearConstraint("math:no_such_function"), "cannot import 'math:no_such_function'"),
        (lambda: NonlinearConstraint(len, lower=2, upper=1), "len.*swap"),
        (lambda: NonlinearConstraint(5), "callable"),
    ],
)
def test_bad_definition_is_refused_with_a_reason(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_function_may_add_columns_without_changing_the_table():
    frame = pd.DataFrame({"A": [1.0, 3.0]})

    def is_large(table):
        table["C"] = table["A"] ** 2
        return table["C"] > 2

    assert NonlinearConstraint(is_large).is_satisfied(frame).tolist() == [False, True]
    assert list(frame.columns) == ["A"]


def test_missing_column_names_the_constraint():
    with pytest.raises(InvalidDataError, match=r"1\*A \+ 1\*B <= 3.*missing column\(s\) \['B'\]"):
        LinearConstraint({"A": 1, "B": 1}, upper=3).is_satisfied(pd.DataFrame({"A": [1.0]}))


def test_function_round_trips_as_its_path():
    constraint = NonlinearConstraint("statistics:fmean", lower=0, name="mean")
    assert constraint.function is statistics.fmean
    assert constraint.model_dump(mode="json")["function"] == "statistics:fmean"
    assert NonlinearConstraint.model_validate_json(constraint.model_dump_json()) == constraint


@pytest.mark.parametrize(
    "function",
    [lambda d: d["A"] > 0, partial(max, 0), statistics.NormalDist().cdf],
    ids=["lambda", "partial", "method"],
)
def test_what_has_no_path_fails_on_dump_only(function):
    constraint = NonlinearConstraint(function, name="mine")
    assert constraint.model_dump()["function"] == function
    with pytest.raises(PydanticSerializationError, match=r"mine.*cannot be imported by name"):
        constraint.model_dump_json()
