import copy
import pickle
import tomllib

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from bnnopt.exceptions import InvalidDataError
from bnnopt.space import (
    Categorical,
    Context,
    Integer,
    LinearConstraint,
    NonlinearConstraint,
    Real,
    SearchSpace,
)

TOML = """
variables = [
    { type = "real", name = "A", lower = 0, upper = 30, unit = "mL" },
    { type = "integer", name = "n", lower = 1, upper = 4 },
    { type = "categorical", name = "solvent", levels = ["toluene", "hexane"] },
    { type = "context", name = "T", unit = "°C" },
]
constraints = [
    { type = "linear", coefficients = { A = 1.0, n = 2.0 }, upper = 30 },
    { type = "nonlinear", function = "statistics:mean", upper = 3 },
]
"""


def space_of_the_file():
    from statistics import mean

    return SearchSpace(
        [
            Real("A", 0, 30, unit="mL"),
            Integer("n", 1, 4),
            Categorical("solvent", ["toluene", "hexane"]),
            Context("T", unit="°C"),
        ],
        constraints=[LinearConstraint({"A": 1, "n": 2}, upper=30), NonlinearConstraint(mean, upper=3)],
    )


def test_config_file_and_object_are_the_same():
    space = space_of_the_file()
    assert SearchSpace.model_validate(tomllib.loads(TOML)) == space
    assert SearchSpace.model_validate(space.model_dump(mode="json")) == space
    assert SearchSpace.model_validate_json(space.model_dump_json(exclude_none=True)) == space


def test_names_and_sizes():
    space = space_of_the_file()
    assert space.names == ["A", "n", "solvent", "T"]
    assert space.setting_names == ["A", "n", "solvent"]
    assert space.context_names == ["T"]
    assert space.units == {"A": "mL", "n": "", "solvent": "", "T": "°C"}
    assert (space.n_settings, space.n_dims) == (3, 5)
    assert not space.is_finite


def test_finite_space_counts_settings_only():
    space = SearchSpace([Integer("n", 1, 4), Categorical("s", ["a", "b", "c"]), Context("T")])
    assert space.is_finite
    assert space.n_points == 12


@pytest.mark.parametrize(
    ("variables", "constraints", "message"),
    [
        ([Real("A", 0, 1), Integer("A", 0, 1)], [], r"\['A'\] occur more than once"),
        ([Context("T")], [], "at least one Real, Integer or Categorical"),
        ([], [], "at least one Real"),
        (
            [Real("A", 0, 1)],
            [LinearConstraint({"B": 1}, upper=1)],
            r"unknown variable\(s\) \['B'\]. Known: \['A'\]",
        ),
        (
            [Real("A", 0, 1), Categorical("s", ["a", "b"])],
            [LinearConstraint({"A": 1, "s": 1}, upper=1)],
            r"\['s'\] have levels, not numbers",
        ),
        ([{"type": "reel", "name": "A"}], [], "reel.*'real', 'integer', 'discrete', 'categorical'"),
    ],
)
def test_bad_definition_is_refused_with_a_reason(variables, constraints, message):
    with pytest.raises(ValueError, match=message):
        SearchSpace(variables, constraints)


def test_is_inside_by_hand():
    space = SearchSpace(
        [Real("x", 0, 1), Integer("n", 1, 3), Categorical("s", ["a", "b"]), Context("T", lower=0, upper=1)]
    )
    frame = pd.DataFrame(
        {
            "x": [0, 1, 1.1, 0.5, 0.5, 1 + 1e-12],
            "n": [1, 3, 1, 2.5, 2, 0],
            "s": ["a", "b", "a", "a", "c", "b"],
            "T": 9,
        }
    )
    assert space.is_inside(frame).tolist() == [True, True, False, False, False, False]
    assert space.is_inside(frame.drop(columns="T")).tolist() == space.is_inside(frame).tolist()


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_a_bound_with_round_off_is_inside(scale):
    space = SearchSpace([Real("x", 1e-3, 1e3, scale=scale)])
    rows = pd.DataFrame({"x": [1e3 * (1 + 1e-12), 1e-3 * (1 - 1e-12), 1e3 * (1 + 1e-6), 1e-3 * (1 - 1e-2)]})
    assert space.is_inside(rows).tolist() == [True, True, False, False]


def test_is_feasible_is_inside_and_within_constraints():
    space = SearchSpace([Real("A", 0, 30), Real("B", 0, 30)], [LinearConstraint({"A": 1, "B": 1}, upper=30)])
    frame = pd.DataFrame({"A": [10, 20, -1], "B": [20, 20, 1]})
    assert space.is_feasible(frame).tolist() == [True, False, False]
    assert space.is_feasible(frame.to_numpy()).tolist() == [True, False, False]


def test_observed_context():
    space = SearchSpace(
        [Real("A", 0, 1), Context("T"), Context("p"), Context("batch"), Context("h", lower=0, upper=1)]
    )
    rows = pd.DataFrame({"T": [10.0, 30.0, 20.0], "p": [5, 5, 5], "batch": ["b2", "b1", "b2"]})
    observed = space.with_observed_context(rows)
    assert observed.variables[1] == Context("T", lower=10, upper=30)
    assert observed.variables[2] == Context("p", lower=4.5, upper=5.5)
    assert observed.variables[3] == Context("batch", levels=["b1", "b2"])
    assert observed.variables[4] == space.variables[4]
    encoded = observed.encode(rows.assign(A=0.5, h=0.25))
    np.testing.assert_allclose(encoded[0], [0.5, 0, 0.5, 0, 1, 0.25])
    assert space.variables[1] == Context("T")


def test_observed_context_needs_clean_rows():
    space = SearchSpace([Real("A", 0, 1), Context("T")])
    with pytest.raises(InvalidDataError, match=r"missing column\(s\) \['T'\]"):
        space.with_observed_context(pd.DataFrame({"A": [1.0]}))
    with pytest.raises(InvalidDataError, match=r"No row to observe the context \['T'\]"):
        space.with_observed_context(pd.DataFrame({"T": []}))
    with pytest.raises(InvalidDataError, match="'T' has an empty cell"):
        space.with_observed_context(pd.DataFrame({"T": [1.0, np.nan]}))
    with pytest.raises(InvalidDataError, match="'T' has an empty cell"):
        space.with_observed_context(pd.DataFrame({"T": ["a", None]}))


def test_restricted():
    space = SearchSpace([Real("A", 0, 30), Integer("n", 0, 9), Categorical("s", ["a", "b", "c"])])
    limit = LinearConstraint({"A": 1}, upper=5)
    narrow = space.restricted(bounds={"A": (2, 8), "s": ("a", "c")}, constraints=[limit])
    assert narrow == SearchSpace([Real("A", 2, 8), Integer("n", 0, 9), Categorical("s", ["a", "c"])], [limit])
    assert space.restricted() == space
    with pytest.raises(InvalidDataError, match=r"unknown variable\(s\) \['B'\]. Known: \['A', 'n', 's'\]"):
        space.restricted(bounds={"B": (0, 1)})
    with pytest.raises(ValueError, match=r"'A'.*swap"):
        space.restricted(bounds={"A": (8, 2)})
    with pytest.raises(ValueError, match=r"'A'.*\(lower, upper\)"):
        space.restricted(bounds={"A": (1, 2, 3)})


def test_enumerate_points():
    space = SearchSpace(
        [Integer("n", 1, 100, scale="log"), Categorical("s", ["a", "b"]), Context("T")],
        [LinearConstraint({"n": 1, "T": 1}, upper=4)],
    )
    points = space.enumerate_points(200, context={"T": 2.0})
    assert points.to_numpy(dtype=object).tolist() == [
        [1, "a", 2.0],
        [1, "b", 2.0],
        [2, "a", 2.0],
        [2, "b", 2.0],
    ]
    with pytest.raises(InvalidDataError, match="200 settings, more than 199"):
        space.enumerate_points(199)
    with pytest.raises(InvalidDataError, match=r"missing column\(s\) \['T'\]"):
        space.enumerate_points(200)
    with pytest.raises(InvalidDataError, match="continuum"):
        SearchSpace([Real("x", 0, 1)]).enumerate_points(10)


def test_space_copies_clones_and_pickles():
    space = space_of_the_file()
    assert pickle.loads(pickle.dumps(space)) == space
    assert copy.deepcopy(space) == space
    assert clone(space, safe=False) == space
