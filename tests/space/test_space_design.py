import numpy as np
import pytest
from pandas.testing import assert_frame_equal

from bnnopt.exceptions import InfeasibleSpaceError, UnknownNameError
from bnnopt.space import (
    Categorical,
    Context,
    Integer,
    LinearConstraint,
    NonlinearConstraint,
    Real,
    SearchSpace,
)

METHODS = ["sobol", "latin_hypercube", "random"]
MIXED = SearchSpace(
    [Real("x", -5, 5), Real("c", 1, 1000, scale="log"), Integer("n", 1, 6), Categorical("s", ["a", "b"])]
)


def test_latin_hypercube_has_one_point_in_each_slice():
    space = SearchSpace([Real("x", -5, 5), Real("c", 1, 1000, scale="log")])
    u = space.encode(space.design(13, method="latin_hypercube", random_state=0))
    for column in u.T:
        assert sorted(np.floor(column * 13)) == list(range(13))


def test_sobol_fills_every_slice_of_a_power_of_two():
    space = SearchSpace([Real("x", -5, 5), Real("c", 1, 1000, scale="log"), Real("y", 0, 1)])
    u = space.encode(space.design(16, random_state=0))
    for column in u.T:
        assert sorted(np.floor(column * 16)) == list(range(16))


def test_discrete_variables_get_equal_slices():
    frame = MIXED.design(12, method="latin_hypercube", random_state=0)
    assert frame["n"].value_counts().to_dict() == dict.fromkeys(range(1, 7), 2)
    assert frame["s"].value_counts().to_dict() == {"a": 6, "b": 6}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [0, 1, 7, 8])
def test_size_bounds_and_seed(method, n):
    frame = MIXED.design(n, method=method, random_state=5)
    assert frame.shape == (n, 4)
    assert MIXED.is_feasible(frame).all()
    assert_frame_equal(frame, MIXED.design(n, method=method, random_state=5))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "limits",
    [{"upper": 30}, {"lower": 29.9, "upper": 30}, {"lower": 30, "upper": 30}],
    ids=["wide", "thin", "exact"],
)
def test_constraints_are_kept(method, limits):
    space = SearchSpace(
        [Real(name, 0, 30) for name in "ABCD"], [LinearConstraint(dict.fromkeys("ABCD", 1), **limits)]
    )
    frame = space.design(20, method=method, random_state=0)
    assert space.is_feasible(frame).all()
    assert frame.drop_duplicates().shape == (20, 4)


@pytest.mark.parametrize("method", METHODS)
def test_rows_are_distinct_while_there_are_enough(method):
    space = SearchSpace(
        [Integer("n", 1, 5), Categorical("s", ["a", "b"])], [LinearConstraint({"n": 1}, upper=4)]
    )
    frame = space.design(8, method=method, random_state=0)
    assert frame.drop_duplicates().shape == (8, 2)
    repeated = space.design(12, method=method, random_state=0)
    assert repeated.shape == (12, 2)
    assert repeated.value_counts().max() == 2
    assert repeated.drop_duplicates().shape == (8, 2)


def test_a_rare_setting_of_a_finite_space_is_found():
    only = NonlinearConstraint(lambda d: (d["i"] == 17) & (d["j"] == 900), name="only")
    space = SearchSpace([Integer("i", 1, 1000), Integer("j", 1, 1000)], [only])
    assert space.design(1, random_state=0).to_numpy().tolist() == [[17, 900]]


def test_context_is_put_in_each_row():
    space = SearchSpace([Integer("n", 1, 4), Context("T"), Context("h", lower=0, upper=1)])
    frame = space.design(4, random_state=0, context={"T": 3.0})
    assert sorted(frame["n"]) == [1, 2, 3, 4]
    assert (frame["T"] == 3).all()
    assert frame["h"].between(0, 1).all()


def test_errors():
    with pytest.raises(UnknownNameError, match=r"Unknown design method 'sobel'.*Did you mean 'sobol'"):
        MIXED.design(4, method="sobel")
    never = NonlinearConstraint(lambda d: d["n"] < 0, name="never")
    with pytest.raises(InfeasibleSpaceError, match=r"None of the settings.*never"):
        SearchSpace([Integer("n", 1, 4)], [never]).design(2, random_state=0)
    contradiction = LinearConstraint({"x": 1}, lower=2)
    with pytest.raises(InfeasibleSpaceError, match="2 <= 1"):
        SearchSpace([Real("x", 0, 1)], [contradiction]).design(2, random_state=0)
