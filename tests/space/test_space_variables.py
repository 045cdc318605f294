import numpy as np
import pytest
from pydantic import TypeAdapter

from bnnopt.exceptions import InvalidDataError
from bnnopt.space import Categorical, Context, Integer, Real, Variable


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Real("T", 5, 2), r"'T'.*lower=5.0 and upper=2.0; swap"),
        (lambda: Real("T", 2, 2), r"'T'.*equal, got lower=2.0 and upper=2.0; widen"),
        (lambda: Real("T", 0, np.inf), r"'T'.*finite.*lower=0.0 and upper=inf"),
        (lambda: Real("T", np.nan, 1), r"'T'.*finite.*lower=nan and upper=1.0"),
        (lambda: Real("T", -1e308, 1e308), r"'T'.*finite"),
        (
            lambda: Real("T", 0, 1, scale="log"),
            r"'T'.*log scale needs lower > 0, got lower=0.0 and upper=1.0",
        ),
        (lambda: Integer("n", 5, 2), r"'n'.*lower=5 and upper=2; swap"),
        (lambda: Integer("n", 0, 5, scale="log"), r"'n'.*log scale needs lower > 0"),
        (lambda: Integer("n", 0, 10**15), r"'n'.*at most 1000000000000"),
        (lambda: Integer("n", 0.5, 2), r"lower: expected a valid integer.* got 0\.5"),
        (lambda: Categorical("s", []), r"'s'.*no levels"),
        (lambda: Categorical("s", ["a", "b", "a"]), r"'s'.*'a' occur more than once.*keep each once"),
        (lambda: Categorical("s", [1, True]), r"'s'.*more than once"),
        (lambda: Categorical("s", [1.0, np.nan]), r"'s'.*finite"),
        (lambda: Context("T", lower=1), r"'T'.*both bounds, or levels, or neither.*lower=1.0, upper=None"),
        (lambda: Context("T", lower=1, upper=2, levels=["a"]), r"'T'.*both bounds, or levels"),
        (lambda: Context("T", lower=2, upper=1), r"'T'.*swap"),
        (lambda: Context("T", levels=["a", "a"]), r"'T'.*'a' occur"),
        (lambda: Real("T", 0), r"upper is missing"),
        (lambda: Real("T", 0, 1, colour="red"), r"'colour' is none of the arguments"),
        (lambda: Real("", 0, 1), r"name: .*at least 1 character, got \'\'"),
    ],
)
def test_bad_definition_is_refused_with_a_reason(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_variables_are_frozen():
    with pytest.raises(InvalidDataError, match="frozen"):
        Real("T", 0, 1).upper = 5


@pytest.mark.parametrize(
    "variable",
    [
        Real("T", 50, 170, unit="°C", description="injection"),
        Integer("n", 1, 100, scale="log"),
        Categorical("s", ["toluene", 1, 2.5, False]),
        Context("batch", levels=np.array(["a", "b"])),
        Context("T_outdoor", lower=-5, upper=30, unit="°C"),
    ],
)
def test_json_round_trip(variable):
    adapter = TypeAdapter(Variable)
    again = adapter.validate_json(variable.model_dump_json())
    assert again == variable
    assert type(again) is type(variable)
    assert adapter.validate_python(variable.model_dump(mode="json")) == variable


def test_levels_keep_their_types():
    levels = Categorical("s", ["1", np.int64(2), 2.5, np.True_]).levels
    assert levels == ("1", 2, 2.5, True)
    assert [type(level) for level in levels] == [str, int, float, bool]


@pytest.mark.parametrize("levels", [["7", 7], [True, "true"], [1, "1.0"], ["007", 7.0]], ids=str)
def test_levels_that_a_file_cannot_tell_apart_are_refused(levels):
    with pytest.raises(ValueError, match="no table in a file can tell"):
        Categorical("lot", levels)
