"""Rows read in blocks: statistics, random samples, and which network leaves a row out."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates._dropout._held_out import HashedHoldout
from bnnopt.surrogates._rows import Rows, _blocks, draw_chunks
from bnnopt.surrogates._rows._blocks import read_rows
from bnnopt.surrogates._rows._rows import Columns


def table_of(n_rows, seed=0):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(3.0, 2.0, (n_rows, 3)), rng.normal(0.0, 1.0, (n_rows, 2))
    return Rows.of(X, y, rng.uniform(0.5, 2.0, n_rows))


def numbers_up_to(n_rows, weights=None):
    numbers = np.arange(float(n_rows))
    return Rows.of(numbers[:, None], numbers, weights)


def parts_of(rows, cuts):
    return [rows.only(slice(*pair)) for pair in pairwise([0, *sorted(cuts), len(rows)])]


def read(parts):
    return read_rows(parts, 2)


def assert_same_rows(rows, other):
    for name in ("X", "y", "weights", "known_noise", "places"):
        np.testing.assert_array_equal(getattr(rows, name), getattr(other, name))


def test_columns_of_two_rows_and_one_by_hand():
    """Values 1 and 3, then 8 of weight 2: mean 5, squares 16 + 4 + 2 * 9."""
    two = Columns.of(np.array([[1.0], [3.0]]), np.ones(2))
    joined = two.joined(Columns.of(np.array([[8.0]]), np.array([2.0])))
    assert (joined.weight, joined.lower[0], joined.upper[0]) == (4.0, 1.0, 8.0)
    np.testing.assert_allclose([joined.mean[0], joined.squares[0], joined.variance[0]], [5.0, 38.0, 9.5])


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(0, 9000), max_size=6))
def test_the_way_rows_are_cut_does_not_matter(cuts):
    table = table_of(9000)
    whole, cut = read([table]), read(parts_of(table, cuts))
    assert_same_rows(cut, whole)
    np.testing.assert_array_equal(cut.x.mean, whole.x.mean)
    np.testing.assert_array_equal(cut.outputs.squares, whole.outputs.squares)


def test_statistics_are_those_of_the_whole_table(monkeypatch):
    monkeypatch.setattr(_blocks, "ROWS_OF_A_SAMPLE", 100)
    table = table_of(9000)
    many = read([table])
    assert (len(many), many.n_rows) == (100, 9000)
    np.testing.assert_allclose(many.total_weight, table.weights.sum())
    np.testing.assert_array_equal(many.x.lower, table.X.min(axis=0))
    np.testing.assert_array_equal(many.x.upper, table.X.max(axis=0))
    mean = np.average(table.y, axis=0, weights=table.weights)
    np.testing.assert_allclose(many.outputs.mean, mean, atol=1e-14)
    variance = np.average(np.square(table.y - mean), axis=0, weights=table.weights)
    np.testing.assert_allclose(many.outputs.variance, variance)
    np.testing.assert_array_equal(many.X, table.X[many.places])


def test_weights_count_as_repeats():
    table = table_of(500)
    twice, double = read([table.only(np.repeat(np.arange(500), 2))]), table_of(500)
    np.testing.assert_allclose(twice.x.mean, read([double]).x.mean)
    np.testing.assert_allclose(twice.outputs.squares, 2.0 * read([double]).outputs.squares)
    np.testing.assert_array_equal(twice.X, read([double]).X)
    np.testing.assert_array_equal(twice.weights, 2.0 * read([double]).weights)


def test_a_sample_has_every_row_once_with_the_same_chance(monkeypatch):
    monkeypatch.setattr(_blocks, "ROWS_OF_A_SAMPLE", 100)
    table, count = numbers_up_to(1000), np.zeros(1000)
    for seed in range(200):
        monkeypatch.setattr(_blocks, "SEED", seed)
        drawn = read(parts_of(table, [10, 20, 700])).X[:, 0].astype(int)
        assert len(np.unique(drawn)) == 100
        count[drawn] += 1
    chi_square = np.sum(np.square(count - 20.0) / 18.0)  # 1000 degrees of freedom, less a little
    assert abs(chi_square - 1000.0) < 5 * np.sqrt(2000.0)


def test_a_row_of_weight_3_is_drawn_like_three_rows(monkeypatch):
    """In a sample of 300 of 2,000 + 3 * 2,000 rows, a quarter is of the first kind."""
    monkeypatch.setattr(_blocks, "ROWS_OF_A_SAMPLE", 300)
    table, samples = numbers_up_to(4000, np.repeat([1.0, 3.0], 2000)), []
    for seed in range(50):
        monkeypatch.setattr(_blocks, "SEED", seed)
        samples.append(read([table]))
    share = np.mean([np.average(drawn.X[:, 0] < 2000, weights=drawn.weights) for drawn in samples])
    assert share == pytest.approx(0.25, abs=5 * np.sqrt(0.25 * 0.75 / 15_000))
    weights = samples[0].weights[samples[0].X[:, 0] >= 2000]
    limit = 300 / 8000  # about; of three rows one is drawn, seldom two
    np.testing.assert_allclose(weights, 3 * limit / (1 - (1 - limit) ** 3), rtol=0.02)
    np.testing.assert_allclose(samples[0].weights[samples[0].X[:, 0] < 2000], 1.0)


@pytest.mark.parametrize("weight", [1e-3, 1e-9])
def test_rows_of_tiny_weights_are_drawn_as_those_of_weight_1(monkeypatch, weight):
    """Weights that make 1, for instance."""
    monkeypatch.setattr(_blocks, "ROWS_OF_A_SAMPLE", 300)
    drawn = read([numbers_up_to(2000, np.full(2000, weight))])
    assert len(drawn) == 300
    np.testing.assert_array_equal(drawn.X, read([numbers_up_to(2000)]).X)


def test_rows_that_all_fit_keep_their_weights(monkeypatch):
    table = table_of(100)
    monkeypatch.setattr(_blocks, "ROWS_OF_A_SAMPLE", 100)
    drawn = read([table])
    np.testing.assert_array_equal(drawn.weights, table.weights[drawn.places])


def test_chunks_are_of_one_size_and_need_few_readings():
    passes = []

    class Source:
        def __iter__(self):
            passes.append(1)
            return iter([table_of(9000)])

    many = read(Source())
    at_once = _blocks.VALUES_DRAWN_AT_ONCE // (2000 * 8)
    chunks = list(draw_chunks(many, 2000, 6, np.random.default_rng(0)))
    assert [chunk.X.shape for chunk in chunks] == [(2000, 3)] * 6
    assert at_once > 4
    assert len(passes) == 3  # one to begin with, then four chunks, for there are no more rows, and two
    assert all(len(np.unique(chunk.X[:, 0])) == 2000 for chunk in chunks)


def test_rows_that_come_and_go_are_an_error():
    lengths = iter([9000, 8000])

    class Source:
        def __iter__(self):
            return iter([table_of(next(lengths))])

    many = read(Source())
    with pytest.raises(InvalidDataError, match=r"gave 9000 rows .* at first, and 8000 when"):
        list(many.blocks())


@pytest.mark.parametrize("value", [1e200, 1e308])
def test_values_too_far_apart_are_refused(value):
    with pytest.raises(InvalidDataError, match="X: the values of column 0 are further apart"):
        read([Rows.of(np.array([[value], [-value]]), np.zeros(2))])


def rule_of(rows, n_networks=4, share=0.0):
    return HashedHoldout.of(rows.distinct(), n_networks, share, np.random.default_rng(0))


def test_a_row_is_left_out_by_one_network_whatever_stands_beside_it():
    table = table_of(8000)
    rule = rule_of(table)
    is_held_out = rule(table.X, table.y)
    assert (is_held_out.sum(axis=1) == 1).all()
    assert (np.abs(is_held_out.sum(axis=0) - 2000) < 5 * np.sqrt(8000 * 3 / 16)).all()
    order = np.random.default_rng(1).permutation(8000)[:50]
    np.testing.assert_array_equal(rule(table.X[order], table.y[order]), is_held_out[order])


def test_rows_of_equal_inputs_are_left_out_together():
    X = np.repeat(np.arange(50.0)[:, None], 20, axis=0)
    y = np.random.default_rng(0).normal(size=(1000, 1))
    groups = rule_of(Rows.of(X, y))(X, y).argmax(axis=1).reshape(50, 20)
    assert (groups == groups[:, :1]).all()
    assert len(np.unique(groups)) == 4


def test_few_inputs_are_split_by_outputs_and_few_rows_not_at_all():
    X, y = np.ones((1000, 2)), np.random.default_rng(0).normal(size=(1000, 1))
    assert len(np.unique(rule_of(Rows.of(X, y))(X, y).argmax(axis=1))) == 4
    few_rows = Rows.of(X, np.round(y).clip(-1, 1))
    assert not rule_of(few_rows)(X, y).any()


def test_a_single_network_leaves_out_its_share():
    table = table_of(8000)
    left_out = rule_of(table, n_networks=1, share=0.1)(table.X, table.y)
    assert left_out.shape == (8000, 1)
    assert abs(left_out.sum() - 800) < 5 * np.sqrt(8000 * 0.09)
    assert not rule_of(table, n_networks=1)(table.X, table.y).any()


def test_minus_zero_is_zero():
    rule, y = rule_of(table_of(100)), np.zeros((1, 2))
    np.testing.assert_array_equal(rule(np.full((1, 3), -0.0), y), rule(np.zeros((1, 3)), y))
