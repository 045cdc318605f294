"""The bound of the evidence from few centres: what it is near, what it is below, and its gradient."""

import numpy as np
import pytest

from bnnopt.surrogates._wide import OneOutput
from bnnopt.surrogates._wide._bound import Bound
from bnnopt.surrogates._wide._evidence import Scales, ThinnedRows, log_evidence
from bnnopt.surrogates._wide._kernels import SPECTRA

POINT = np.array([[0.3, -0.8, 0.4, -1.0, -2.0]])  # two inputs, amplitude, offset, noise


@pytest.fixture
def rows():
    """Rows that count unlike often, with noise of several kinds."""
    rng = np.random.default_rng(0)
    weights, factors, known = rng.integers(1, 4, 40), rng.uniform(0.5, 2, 40), rng.uniform(0, 0.1, 40)
    return OneOutput(rng.random((40, 2)), rng.standard_normal(40), weights.astype(float), factors, known)


def evidence(rows, name):
    """The evidence itself."""
    arrays = (rows.X, rows.y, rows.weights, rows.noise_factors, rows.known_noise)
    return log_evidence(ThinnedRows(*(array[None] for array in arrays)), [name], Scales.of(POINT))[0]


@pytest.mark.parametrize("name", SPECTRA)
def test_with_all_rows_as_centres_it_is_the_evidence(rows, name):
    assert Bound(rows, rows.X, name, Scales.of(POINT)).value() == pytest.approx(
        evidence(rows, name), abs=0.01
    )


@pytest.mark.parametrize("name", SPECTRA)
def test_more_centres_raise_it_towards_the_evidence(rows, name):
    values = [Bound(rows, rows.X[:n], name, Scales.of(POINT)).value() for n in (1, 4, 12, 39)]
    assert values == sorted(values)
    assert values[-1] < evidence(rows, name)


@pytest.mark.parametrize("n_centres", [1, 15, 40])
@pytest.mark.parametrize("name", SPECTRA)
def test_its_gradient_is_that_of_finite_differences(rows, name, n_centres):
    centres, step = rows.X[:n_centres], 1e-4

    def value(point):
        return Bound(rows, centres, name, Scales.of(point)).value()

    numeric = [(value(POINT + step * way) - value(POINT - step * way)) / (2 * step) for way in np.eye(5)]
    found = Bound(rows, centres, name, Scales.of(POINT)).gradient()
    np.testing.assert_allclose(found, numeric, rtol=1e-4, atol=5e-3)  # the rough one is not smooth at 0


def test_the_gradient_stays_right_where_rows_say_much(rows):
    """A large amplitude and little noise leave matrices of a condition of 1e12."""
    point = POINT + np.array([-2.0, -2.0, 6.0, 0.0, -6.0])
    step, found = 1e-4, Bound(rows, rows.X[::2], "smooth", Scales.of(point)).gradient()

    def value(place):
        return Bound(rows, rows.X[::2], "smooth", Scales.of(place)).value()

    numeric = [(value(point + step * way) - value(point - step * way)) / (2 * step) for way in np.eye(5)]
    np.testing.assert_allclose(found, numeric, rtol=1e-2, atol=0.1)
