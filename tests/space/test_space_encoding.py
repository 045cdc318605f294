import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from bnnopt.exceptions import InvalidDataError
from bnnopt.space import Categorical, Context, Integer, Real, SearchSpace

SPACE = SearchSpace(
    [
        Real("rate", 1, 100, scale="log"),
        Integer("steps", 1, 5),
        Categorical("solvent", ["toluene", "hexane", "water"]),
        Context("T"),
        Context("humidity", lower=20, upper=60),
        Context("batch", levels=[7, 8]),
    ]
)
ROW = {"rate": [10.0], "steps": [3], "solvent": ["hexane"], "T": [-3.5], "humidity": [30.0], "batch": [8]}


def test_encode_by_hand():
    expected = [[0.5, 0.5, 0, 1, 0, -3.5, 0.25, 0, 1]]
    np.testing.assert_allclose(SPACE.encode(pd.DataFrame(ROW)), expected, rtol=1e-15)
    assert SPACE.n_dims == 9
    assert SPACE.encoded_names[2:6] == ["solvent=toluene", "solvent=hexane", "solvent=water", "T"]
    assert SPACE.encoded_names[7:] == ["batch=7", "batch=8"]


def test_log_midpoint_of_1_and_100_is_10():
    space = SearchSpace([Real("x", 1, 100, scale="log")])
    assert space.decode([[0.5]])["x"][0] == pytest.approx(10, rel=1e-14)


def test_array_in_the_order_of_names_is_the_same_as_a_frame():
    frame = pd.DataFrame(ROW)
    array = frame[SPACE.names].to_numpy(dtype=object)
    np.testing.assert_array_equal(SPACE.encode(array), SPACE.encode(frame))


def test_column_order_and_extra_columns_do_not_matter():
    frame = pd.DataFrame(ROW)
    shuffled = frame[frame.columns[::-1]].assign(remark="fine")
    np.testing.assert_array_equal(SPACE.encode(shuffled), SPACE.encode(frame))


def test_values_outside_bounds_extrapolate_and_come_back():
    space = SearchSpace([Real("x", 0, 10), Integer("n", 0, 4), Real("c", 1, 10, scale="log")])
    frame = pd.DataFrame({"x": [-5.0, 20.0], "n": [-2, 7], "c": [0.1, 100.0]})
    encoded = space.encode(frame)
    np.testing.assert_allclose(encoded, [[-0.5, -0.5, -1], [2, 1.75, 2]], rtol=1e-15)
    assert_frame_equal(space.decode(encoded), frame, rtol=1e-12)


@given(
    bounds=st.tuples(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6)),
    log_bounds=st.tuples(st.floats(1e-9, 1e6), st.floats(1.01, 1e9)),
    integers=st.tuples(st.integers(-(10**11), 10**11), st.integers(1, 10**11)),
    fractions=st.lists(st.floats(-0.5, 1.5), min_size=1, max_size=5),
    data=st.data(),
)
@settings(max_examples=100, deadline=None)
def test_decode_undoes_encode(bounds, log_bounds, integers, fractions, data):
    (low, width), (log_low, ratio), (first, count) = bounds, log_bounds, integers
    levels = ["a", 1, 2.5, False]
    space = SearchSpace(
        [
            Real("x", low, low + width),
            Real("c", log_low, log_low * ratio, scale="log"),
            Integer("n", first, first + count),
            Integer("m", 1, count + 1, scale="log"),
            Categorical("k", levels),
        ]
    )
    u = np.array(fractions)
    chosen = data.draw(st.lists(st.sampled_from(levels), min_size=len(u), max_size=len(u)))
    frame = pd.DataFrame(
        {
            "x": low + u * width,
            "c": log_low * ratio**u,
            "n": np.rint(first + u * count).astype(np.int64),
            "m": np.rint(1 + np.abs(u) * count).astype(np.int64),
            "k": pd.Series(chosen, dtype=object),
        }
    )
    again = space.decode(space.encode(frame))
    np.testing.assert_allclose(again["x"], frame["x"], rtol=1e-9, atol=1e-9 * width)
    np.testing.assert_allclose(again["c"], frame["c"], rtol=1e-9)
    assert_frame_equal(again[["n", "m", "k"]], frame[["n", "m", "k"]])


@given(low=st.floats(1e-9, 1e9), width=st.floats(1e-3, 1e9), scale=st.sampled_from(["linear", "log"]))
@settings(max_examples=100, deadline=None)
def test_the_ends_of_the_cube_are_exactly_the_bounds(low, width, scale):
    variable = Real("x", low, low + width, scale=scale)
    space = SearchSpace([variable])
    values = space.decode([[0.0], [1.0], [1 + 1e-15], [-1e-15], [1 - 1e-16], [1e-300]])["x"].to_numpy()
    np.testing.assert_array_equal(values[[0, 3, 5]], variable.lower)
    np.testing.assert_array_equal(values[[1, 2, 4]], variable.upper)


@given(u=st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_integers_of_the_cube_are_rounded_and_stay_inside(u):
    value = SearchSpace([Integer("n", -3, 4)]).decode([[u]])["n"][0]
    assert -3 <= value <= 4
    assert abs(value - (-3 + 7 * u)) <= 0.5 + 1e-12


def test_decode_returns_the_natural_types():
    space = SearchSpace(
        [Real("x", 0, 1), Integer("n", 0, 3), Categorical("b", [True, False]), Categorical("i", [1, 5])]
    )
    frame = space.decode([[0.25, 0.34, 0.2, 0.7, 0.9, 0.1]])
    assert frame.iloc[0].tolist() == [0.25, 1, False, 1]
    assert [str(dtype) for dtype in frame.dtypes] == ["float64", "int64", "bool", "int64"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rate": ["fast"]}, r"'rate' has text.*'fast'"),
        ({"rate": [np.nan]}, r"'rate' has an empty cell in row\(s\) 0"),
        ({"rate": [np.inf]}, r"'rate' has an infinite value"),
        ({"rate": [0.0]}, r"'rate' has a value that is not positive.*row\(s\) 0"),
        ({"steps": [2.5]}, r"'steps' has a number that is not whole.*2.5"),
        (
            {"solvent": ["Hexane"]},
            r"'solvent' has a level that is not one of \['toluene', 'hexane', 'water'\] in row",
        ),
        ({"solvent": [None]}, r"'solvent' has an empty cell"),
        ({"T": ["warm"]}, r"'T' has text.*with_observed_context"),
        ({"humidity": [np.nan]}, r"'humidity' has an empty cell"),
        ({"batch": ["8"]}, r"'batch' has a level that is not one of \[7, 8\]"),
    ],
)
def test_bad_cells_are_named(change, message):
    with pytest.raises(InvalidDataError, match=message):
        SPACE.encode(pd.DataFrame(ROW | change))


def test_missing_and_doubled_columns_are_named():
    frame = pd.DataFrame(ROW)
    with pytest.raises(InvalidDataError, match=r"missing column\(s\) \['rate', 'T'\]"):
        SPACE.encode(frame.drop(columns=["rate", "T"]))
    with pytest.raises(InvalidDataError, match=r"\['rate'\] occur more than once"):
        SPACE.encode(pd.concat([frame, frame[["rate"]]], axis=1))


def test_wrong_shapes_are_refused():
    with pytest.raises(InvalidDataError, match=r"\(n_rows, 6\).*got shape \(2, 3\)"):
        SPACE.encode(np.zeros((2, 3)))
    with pytest.raises(InvalidDataError, match=r"\(n_rows, 9\).*got shape \(9,\)"):
        SPACE.decode(np.zeros(9))
    with pytest.raises(InvalidDataError, match="nan in 'rate'"):
        SPACE.decode(np.full((1, 9), np.nan))


def test_encode_leaves_its_input_alone():
    frame = pd.DataFrame(ROW)
    before = frame.copy(deep=True)
    SPACE.encode(frame)
    assert_frame_equal(frame, before)


def test_zero_rows():
    empty = pd.DataFrame(ROW).iloc[:0]
    assert SPACE.encode(empty).shape == (0, 9)
    assert SPACE.decode(np.empty((0, 9))).shape == (0, 6)
