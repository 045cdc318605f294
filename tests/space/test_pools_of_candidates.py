"""Streams of candidates: what they yield, in which order, how much at a time, and what they refuse."""

import itertools
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from bnnopt.exceptions import InfeasibleSpaceError, InvalidDataError
from bnnopt.space import (
    Categorical,
    Context,
    Integer,
    LinearConstraint,
    NonlinearConstraint,
    Real,
    SearchSpace,
    file_pool,
    product_pool,
    random_pool,
    sobol_pool,
)

MIXED = SearchSpace(
    [Real("x", -5, 5), Real("c", 1, 1000, scale="log"), Integer("n", 1, 6), Categorical("s", ["a", "b"])]
)
HALF = SearchSpace([Real("x", 0, 1), Real("z", 0, 1)], [LinearConstraint({"x": 1, "z": 1}, upper=1)])
ROOM = SearchSpace([Real("x", 0, 1), Context("T"), Context("h", lower=0, upper=2)])
VALUES = {"x": [-1.0, 0.0, 5.0], "c": np.array([1.0, 10.0]), "n": range(1, 5), "s": ("b", "a")}
SAMPLERS = pytest.mark.parametrize("pool", [random_pool, sobol_pool])

sizes = st.integers(1, 40)


def joined(blocks):
    return pd.concat(list(blocks), ignore_index=True)


@SAMPLERS
@given(n=sizes, block_size=sizes, seed=st.integers(0, 9))
@settings(max_examples=12, deadline=None)
def test_n_settings_come_in_full_blocks_and_one_rest(pool, n, block_size, seed):
    blocks = list(pool(MIXED, n, random_state=seed, block_size=block_size))
    full, rest = divmod(n, block_size)
    assert [len(block) for block in blocks] == [block_size] * full + [rest] * (rest > 0)
    for block in blocks:
        assert list(block.columns) == MIXED.names
        assert list(block.index) == list(range(len(block)))
        assert MIXED.is_feasible(block).all()


@SAMPLERS
def test_the_same_seed_gives_the_same_rows(pool):
    first, again, other = (joined(pool(MIXED, 20, random_state=seed, block_size=7)) for seed in (3, 3, 4))
    assert_frame_equal(first, again)
    assert not first["x"].equals(other["x"])


@SAMPLERS
def test_a_generator_is_used_as_it_is_and_nothing_global_is_touched(pool):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    rng = np.random.default_rng(3)
    first, second = (joined(pool(MIXED, 5, random_state=rng)) for _ in range(2))
    assert_frame_equal(first, joined(pool(MIXED, 5, random_state=np.random.default_rng(3))))
    assert not first["x"].equals(second["x"])
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_random_settings_are_those_of_sample():
    expected = HALF.sample(30, random_state=np.random.default_rng(1))
    assert_frame_equal(joined(random_pool(HALF, 30, random_state=1)), expected)


def test_blocks_of_random_settings_differ():
    rows = joined(random_pool(HALF, 60, random_state=0, block_size=10))
    assert len(rows.drop_duplicates()) == 60


@given(n=sizes, block_size=sizes)
@settings(max_examples=20, deadline=None)
def test_a_sobol_pool_is_the_start_of_one_sequence_whatever_the_blocks(n, block_size):
    space = SearchSpace([Real("x", 0, 1), Real("z", 0, 1), Real("w", 0, 1)])
    rows = joined(sobol_pool(space, n, random_state=5, block_size=block_size))
    assert_frame_equal(rows, space.design(64, method="sobol", random_state=5).head(n))


def test_a_sobol_pool_fills_every_slice():
    rows = joined(sobol_pool(SearchSpace([Real("x", 0, 1)]), 64, random_state=0, block_size=5))
    assert sorted(np.floor(64 * rows["x"])) == list(range(64))


def test_constraints_take_points_of_a_sobol_sequence_away():
    square = SearchSpace([Real("x", 0, 1), Real("z", 0, 1)])
    everywhere = joined(sobol_pool(square, 128, random_state=2))
    blocks = list(sobol_pool(HALF, 128, random_state=2, block_size=32))
    expected = everywhere[everywhere["x"] + everywhere["z"] <= 1].reset_index(drop=True)
    assert_frame_equal(joined(blocks), expected)
    assert len(blocks) == 4
    assert 56 <= len(expected) <= 72


def test_constraints_keep_random_settings_in_number():
    thin = SearchSpace(list(HALF.variables), [LinearConstraint({"x": 1, "z": 1}, lower=1, upper=1)])
    rows = joined(random_pool(thin, 50, random_state=0, block_size=20))
    assert rows.shape == (50, 2)
    np.testing.assert_allclose(rows.sum(axis=1), 1.0, rtol=1e-9)


def test_a_region_without_settings_is_told():
    never = NonlinearConstraint(lambda d: d["x"] < 0, name="never")
    with pytest.raises(InfeasibleSpaceError, match="never"):
        next(random_pool(SearchSpace([Real("x", 0, 1)], [never]), 3, random_state=0))


@given(block_size=st.integers(1, 60))
@settings(max_examples=12, deadline=None)
def test_a_product_is_that_of_itertools_in_order(block_size):
    expected = pd.DataFrame(itertools.product(*VALUES.values()), columns=list(VALUES))
    values = dict(reversed(VALUES.items()))  # the order is that of the space
    blocks = list(product_pool(MIXED, values, block_size=block_size))
    assert_frame_equal(joined(blocks), expected)
    assert {len(block) for block in blocks[:-1]} <= {block_size}


def test_constraints_and_bounds_take_combinations_away():
    values = {"x": [0.0, 0.25, 0.75, 2.0], "z": [0.25, 0.5, -1.0]}
    rows = joined(product_pool(HALF, values, block_size=5))
    assert rows.to_numpy().tolist() == [[0.0, 0.25], [0.0, 0.5], [0.25, 0.25], [0.25, 0.5], [0.75, 0.25]]


def test_levels_of_several_types_keep_them():
    levels = ["a", 1, 2.5, True]
    space = SearchSpace([Categorical("s", ["a", 2.5, 1, False]), Integer("n", 1, 2)])
    rows = joined(product_pool(space, {"s": levels, "n": [2]}))
    assert rows["s"].tolist() == ["a", 1, 2.5, True]  # True is the level 1
    assert [type(level) for level in rows["s"]] == [str, int, float, bool]
    assert rows["n"].dtype == np.int64


@pytest.mark.parametrize(("n_settings", "n_values"), [(12, 10), (20, 20)])
def test_a_huge_product_starts_at_once(n_settings, n_values):
    names = [f"x{i}" for i in range(n_settings)]
    space = SearchSpace([Real(name, 0, 1) for name in names])
    grid = np.linspace(0, 1, n_values)
    stream = product_pool(space, dict.fromkeys(names, grid), block_size=3 * n_values)
    first, second = next(stream), next(stream)
    np.testing.assert_array_equal(first[names[-1]], np.tile(grid, 3))
    np.testing.assert_array_equal(first[names[-2]], np.repeat(grid[:3], n_values))
    np.testing.assert_array_equal(second[names[-2]], np.repeat(grid[3:6], n_values))
    assert (first[names[:-2]] == 0).all(axis=None)


@SAMPLERS
def test_a_stream_is_made_block_by_block(pool):
    blocks = pool(MIXED, 2**30, random_state=0, block_size=4)
    assert [len(next(blocks)) for _ in range(3)] == [4, 4, 4]


@SAMPLERS
def test_context_stands_in_each_row(pool):
    rows = joined(pool(ROOM, 9, random_state=0, context={"T": 21.5}, block_size=4))
    assert list(rows.columns) == ["x", "T", "h"]
    assert (rows["T"] == 21.5).all()
    assert rows["h"].between(0, 2).all()
    assert rows["h"].nunique() == 9


def test_context_stands_in_each_combination():
    rows = joined(product_pool(ROOM, {"x": [0.5, 1.0]}, context={"h": 1.0, "T": 20.0}))
    assert rows.to_dict("list") == {"x": [0.5, 1.0], "T": [20.0, 20.0], "h": [1.0, 1.0]}


def test_context_in_a_constraint_is_kept():
    warm = LinearConstraint({"x": 10, "T": 1}, upper=25)
    space = SearchSpace([Real("x", 0, 1), Context("T")], [warm])
    context = {"T": 20.0}
    assert joined(product_pool(space, {"x": [0.2, 0.5, 0.6]}, context=context))["x"].tolist() == [0.2, 0.5]
    assert joined(sobol_pool(space, 64, random_state=0, context=context))["x"].max() <= 0.5
    assert joined(random_pool(space, 64, random_state=0, context=context))["x"].max() <= 0.5


@pytest.mark.parametrize(
    ("context", "message"),
    [
        (None, r"context: no value for \['T'"),
        ({"h": 1.0}, r"context: no value for \['T'"),
        ({"T": 1.0, "x": 0.5}, r"\['x'\] are no context variables"),
        ({"T": "warm"}, "'T' has text"),
    ],
)
def test_context_that_is_missing_or_not_valid_is_told(context, message):
    streams = [random_pool(ROOM, 4, context=context), sobol_pool(ROOM, 4, context=context)]
    for stream in [*streams, product_pool(ROOM, {"x": [0.5]}, context=context)]:
        with pytest.raises(InvalidDataError, match=message):
            next(stream)


def test_a_product_needs_the_whole_context():
    with pytest.raises(InvalidDataError, match=r"no value for \['h'\]; give context=\{'h': value\}"):
        next(product_pool(ROOM, {"x": [0.5]}, context={"T": 20.0}))


@pytest.mark.parametrize("value", [0, -3, 2.5, "many", None, float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["n", "block_size"])
@SAMPLERS
def test_counts_must_be_whole_and_positive(pool, name, value):
    with pytest.raises(InvalidDataError, match=f"{name} must be a whole number of at least 1, got {value!r}"):
        next(pool(MIXED, **({"n": 8, "block_size": 4} | {name: value})))


def test_a_sobol_sequence_ends():
    with pytest.raises(InvalidDataError, match=r"has 1073741824 points, got 1073741825; use random_pool"):
        next(sobol_pool(MIXED, 2**30 + 1))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"x": [0.5]}, r"values: expected at least one value for each of \['x', 'z'\]; none for \['z'\]"),
        ({"x": [0.5], "z": []}, r"none for \['z'\]"),
        ({"x": [0.5], "z": [0.5], "w": [1]}, r"\['w'\] are no settings"),
        ({"x": [0.5, np.nan], "z": [0.5]}, r"column 'x' has an empty cell in row\(s\) 1 "),
        ({"x": [0.5], "z": [0.5, "wide"]}, r"column 'z' has text.*row\(s\) 1 .*'wide'"),
    ],
)
def test_values_that_cannot_be_combined_are_named(values, message):
    with pytest.raises(InvalidDataError, match=message):
        next(product_pool(HALF, values))


def test_values_for_a_context_are_refused():
    with pytest.raises(InvalidDataError, match=r"\['T'\] are no settings"):
        next(product_pool(ROOM, {"x": [0.5], "T": [20.0]}, context={"T": 20.0, "h": 1.0}))


TABLE = pd.DataFrame(
    {"x": np.linspace(0, 1, 23), "n": np.arange(23), "s": list("ab") * 11 + ["ä"], "note": ["kept"] * 23}
)


def write(table, path):
    table.to_csv(path, index=False) if path.suffix == ".csv" else table.to_parquet(path)
    return path


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet", "ROWS.PARQUET"])
@pytest.mark.parametrize("block_size", [1, 7, 23, 100])
def test_a_file_gives_its_rows_back(name, block_size, tmp_path):
    path = write(TABLE, tmp_path / name)
    blocks = list(file_pool(path, block_size=block_size))
    assert {len(block) for block in blocks[:-1]} <= {block_size}
    assert_frame_equal(pd.concat(blocks), TABLE)  # with the numbers of the rows in the file
    assert_frame_equal(joined(file_pool(str(path))), TABLE)


def test_a_parquet_file_of_several_row_groups_and_an_index_gives_all_columns(tmp_path):
    path = tmp_path / "rows.parquet"
    TABLE.set_index("x").to_parquet(path, row_group_size=5)
    blocks = list(file_pool(path, block_size=4))
    assert max(map(len, blocks)) == 4
    assert_frame_equal(pd.concat(blocks)[list(TABLE.columns)], TABLE)


def test_what_was_streamed_out_streams_in(tmp_path):
    rows = joined(random_pool(MIXED, 50, random_state=0))
    for name in ("rows.csv", "rows.parquet"):
        again = joined(file_pool(write(rows, tmp_path / name), block_size=20))
        assert_frame_equal(again, rows, rtol=1e-12)


def test_a_file_that_is_not_there_is_named(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path / "none.parquet", tmp_path):
        with pytest.raises(InvalidDataError, match=f"There is no file {path} to read candidates from"):
            next(file_pool(path))


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
def test_blocks_of_a_file_have_rows(name, tmp_path):
    with pytest.raises(InvalidDataError, match="block_size must be a whole number of at least 1, got 0"):
        next(file_pool(write(TABLE, tmp_path / name), block_size=0))


def test_a_parquet_file_without_pyarrow_says_what_to_install(tmp_path, monkeypatch):
    path = write(TABLE, tmp_path / "rows.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(InvalidDataError, match=r"needs the package pyarrow: pip install pyarrow, .* CSV"):
        next(file_pool(path))
