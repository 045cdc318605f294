"""Rows read in blocks: how they are cut, which are drawn, how often they are read, and what is refused.

More than 2,000 rows are many here, of which 1,000 are a sample.
"""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bnnopt.exceptions import InvalidDataError

N_ROWS, N_SAMPLE = 4500, 1000
pytestmark = [pytest.mark.tensorflow, pytest.mark.usefixtures("few_rows_are_many")]


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = rng.normal(3.0, 2.0, (N_ROWS, 3))
    return X, X[:, 0] + rng.standard_normal(N_ROWS), rng.uniform(0.5, 2.0, N_ROWS)


def parts_of(columns, cuts):
    ends = pairwise([0, *sorted(cuts), len(columns[0])])
    return [tuple(each[start:stop] for each in columns) for start, stop in ends if stop > start]


@pytest.fixture
def sample(quick):
    """Return a function: which of many rows are drawn and judged, from their weights."""

    def rows_of(weights=None):
        X = np.arange(float(N_ROWS))[:, None]
        return quick(max_iter=1).fit(X, X[:, 0], weights).predict_held_out().rows

    return rows_of


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, N_ROWS), min_size=1, max_size=6))
def test_the_way_rows_are_cut_does_not_matter(cuts, table, quick):
    whole, cut = (quick(max_iter=2).fit_stream(parts_of(table, own)) for own in ([], cuts))
    np.testing.assert_array_equal(cut.predict(table[0][:20]), whole.predict(table[0][:20]))
    np.testing.assert_array_equal(cut.predict_held_out().rows, whole.predict_held_out().rows)
    np.testing.assert_array_equal(cut.noise_variance_, whole.noise_variance_)


def test_means_and_ranges_are_those_of_the_whole_table(quick):
    """A single row far out, which a sample may lack, widens the range that everything is measured in."""
    X = np.random.default_rng(0).random((N_ROWS, 1))
    means = []
    for place in (0, 2_000, N_ROWS - 1):  # one of them at least is no row of the sample
        wide = X.copy()
        wide[place] = 1e4
        means.append(quick(max_iter=30, learning_rate_init=0.01).fit(wide, X[:, 0]).predict([[0.0], [1.0]]))
    for mean in means:  # within a ten thousandth of the range there is nothing to tell apart
        assert abs(mean[1] - mean[0]) < 0.05


def test_a_sample_has_rows_from_everywhere_with_the_same_chance(sample):
    drawn = sample()
    assert len(np.unique(drawn)) == len(drawn) == N_SAMPLE
    counts = np.histogram(drawn, 45, (0, N_ROWS))[0]  # 22 of 100 each
    chi_square = np.sum(np.square(counts - N_SAMPLE / 45) / (N_SAMPLE / 45 * (1 - N_SAMPLE / N_ROWS)))
    assert abs(chi_square - 44) < 5 * np.sqrt(88)


def test_a_row_of_weight_3_is_drawn_like_three_rows(sample):
    """Of 2,250 + 3 * 2,250 rows 1,000 are drawn, a quarter of the first kind; of three seldom two."""
    drawn = sample(np.where(np.arange(N_ROWS) < N_ROWS // 2, 1.0, 3.0))
    limit = 1 - (1 - len(drawn) / 9000) ** 3  # about: a row of three is there if any of them is
    share = 1 / (1 + limit / (len(drawn) / 9000))
    assert np.mean(drawn < N_ROWS // 2) == pytest.approx(share, abs=5 * np.sqrt(0.2 / N_SAMPLE))


@pytest.mark.parametrize("weight", [1e-3, 1e-9])
def test_rows_of_tiny_weights_are_drawn_as_those_of_weight_1(weight, sample):
    """Weights that make 1, for instance."""
    np.testing.assert_array_equal(sample(np.full(N_ROWS, weight)), sample())


class Source:
    """Batches that count how often they are read; each time it may be other rows."""

    def __init__(self, *columns, lengths=None):
        self.columns, self.lengths, self.n_readings = columns, lengths, 0

    def __iter__(self):
        n_rows = None if self.lengths is None else self.lengths[min(self.n_readings, len(self.lengths) - 1)]
        self.n_readings += 1
        return iter([tuple(each[:n_rows] for each in self.columns)])


def test_long_trainings_need_few_readings(table, quick):
    readings = []
    for max_iter in (2, 100, 400):
        source = Source(*table[:2])
        quick(max_iter=max_iter).fit_stream(source)
        readings.append(source.n_readings)
    assert max(readings) <= 6


def test_rows_that_come_and_go_are_an_error(table, quick):
    with pytest.raises(InvalidDataError, match=r"gave 4500 rows .* at first, and 4000 when"):
        quick(max_iter=2).fit_stream(Source(*table[:2], lengths=[*[4500] * 4, 4000]))


@pytest.mark.parametrize("value", [1e200, 1e308])
def test_values_too_far_apart_are_refused(value, table, quick):
    X = table[0].copy()
    X[:2, 0] = value, -value
    with pytest.raises(InvalidDataError, match="X: the values of column 0 are further apart"):
        quick(max_iter=2).fit_stream([(X, table[1])])


def test_few_inputs_are_left_out_by_their_outcomes(quick):
    """Of one input with outcomes of chance, networks would otherwise leave out all rows or none."""
    y = np.random.default_rng(0).normal(size=N_ROWS)
    model = quick(max_iter=2).fit(np.ones((N_ROWS, 2)), y)
    assert len(model.predict_held_out().rows) > 100


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("is_stopping", [True, False])
def test_a_single_network_leaves_out_a_share_of_the_inputs_or_none(is_stopping, quick):
    """What it has seen of 16 inputs, each 150 times, it knows by heart."""
    rng = np.random.default_rng(0)
    X, y = rng.random((16, 4)), rng.choice([-1.0, 1.0], 16)
    model = quick(
        n_networks=1,
        hidden_layer_sizes=(60, 60),
        max_iter=1000,
        alpha=0,
        dropout=0.0,
        early_stopping=is_stopping,
        validation_fraction=0.3,
        n_iter_no_change=99,
    )
    model.fit(np.repeat(X, 150, axis=0), np.repeat(y, 150))
    n_wrong = (np.abs(model.predict(X) - y) > 0.3).sum()
    assert 1 <= n_wrong <= 12 if is_stopping else n_wrong == 0


def test_minus_zero_is_zero(table, quick):
    X = np.round(table[0])
    signed = np.where(X == 0, -0.0, X)
    one, other = (quick(max_iter=2).fit(each, table[1]) for each in (X + 0.0, signed))
    np.testing.assert_array_equal(one.predict(X[:20]), other.predict(X[:20]))
    np.testing.assert_array_equal(one.predict_held_out().mean, other.predict_held_out().mean)
