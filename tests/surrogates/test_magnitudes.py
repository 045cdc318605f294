"""Predictions follow the units of inputs and outputs to rounding, or the fit says that it cannot."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates import (
    ARDGaussianProcessRegressor,
    BayesianStackingRegressor,
    BoundedRegressor,
    GaussianProcessEnsembleRegressor,
    KerasMCDropoutRegressor,
    MCDropoutRegressor,
)

X = np.random.default_rng(0).uniform(size=(14, 2))
Y = np.sin(4 * X[:, 0]) + X[:, 1]
NEW = np.random.default_rng(1).uniform(size=(5, 2))


def processes(**parameters):
    return GaussianProcessEnsembleRegressor(["matern_5_2", "deep_relu"], random_state=0, **parameters)


def plain(*_):
    return processes()


MAKE = {
    "ard": lambda *_: ARDGaussianProcessRegressor(n_restarts_optimizer=0, random_state=0),
    "bounded": lambda lower, upper: BoundedRegressor(processes(), lower=lower, random_state=0),
    "bounded twice": lambda lower, upper: BoundedRegressor(processes(), lower, upper, random_state=0),
    "keras": lambda *_: KerasMCDropoutRegressor(epochs=2, n_masks=3, random_state=0),
    "networks": lambda *_: MCDropoutRegressor((8,), n_networks=2, max_iter=5, random_state=0),
    "processes": plain,
    "processes of unlike noise": lambda *_: processes(noise="input_dependent", calibrate=True),
    "stacking": lambda *_: BayesianStackingRegressor([("a", processes()), ("b", plain())], random_state=0),
}


@pytest.fixture(scope="module", params=MAKE)
def make(request):
    return MAKE[request.param]


def said(model, rows):
    return (
        *model.predict(rows, return_std=True),
        model.predict_quantiles(rows, [0.1]),
        model.sample_y(rows, 2),
    )


@pytest.mark.parametrize("power", [-320, -60, 60, 320])
def test_predictions_follow_the_units(make, power):
    unit, other = 2.0**power, 2.0 ** (power // 2)
    one = said(make(-2.0, 6.0).fit(X, Y), NEW)
    scaled = said(make(-2.0 * unit, 6.0 * unit).fit(X * [unit, other], unit * Y), NEW * [unit, other])
    for expected, found in zip(one, scaled, strict=True):
        np.testing.assert_allclose(found / unit, expected, rtol=1e-6, atol=1e-9)


REFUSED = [1e-320, 1e-162, 1e-150, 1e150, 1e160, 1e300]


@pytest.mark.parametrize("unit", REFUSED)
def test_what_cannot_be_reckoned_with_is_refused(make, unit):
    message = f"the values of column {{}} are {'closer together' if unit < 1 else 'further apart'}"
    with pytest.raises(InvalidDataError, match="y: " + message.format(0)):
        make(None, None).fit(X, unit * Y)
    with pytest.raises(InvalidDataError, match="X: " + message.format(1)):
        make(None, None).fit(X * [1.0, unit], Y)


@pytest.mark.parametrize("constant", [0.0, -7.5, 1e140, 1e300, -1.7e308])
def test_a_constant_is_predicted_as_it_is(make, constant):
    mean, std = make(None, None).fit(X, np.full(14, constant)).predict(NEW, return_std=True)
    np.testing.assert_allclose(mean, constant, rtol=0.03, atol=0.3)
    assert np.isfinite(std).all()
    table = np.column_stack([X[:, 0], np.full(14, constant)])
    values = said(make(None, None).fit(table, Y), np.column_stack([NEW[:, 0], np.full(5, constant)]))
    assert all(np.isfinite(part).all() for part in values)


@pytest.mark.parametrize("constant", [5e-324, -1e-162])
def test_a_constant_next_to_0_is_refused(make, constant):
    with pytest.raises(InvalidDataError, match=r"y: .*closer together, or to 0, than.*Use a smaller unit"):
        make(None, None).fit(X, np.full(14, constant))


@pytest.mark.parametrize("away", [1e6, -1e15, 1e29])
def test_predictions_far_away_are_finite(make, away):
    model = make(-2.0, 6.0).fit(X, Y)
    rows = [[away, 0.5], [away, -away]]
    assert all(np.isfinite(part).all() for part in said(model, rows))


@pytest.mark.parametrize("away", [1e31, -1e160, 1e308])
def test_rows_out_of_all_reach_are_refused(make, away):
    model = make(-2.0, 6.0).fit(X, Y)
    for rows in (np.array([[0.5, 0.5], [0.5, away]]), [[0.5, 0.5], [0.5, away]]):
        with pytest.raises(InvalidDataError, match=r"in row 1, column 1 .* further from the rows of the fit"):
            model.predict(rows)


def test_distances_from_a_bound_are_within_the_exponents_of_a_logarithm():
    for unit in (1e-120, 1e120):
        with pytest.raises(InvalidDataError, match=r"distances between values and bounds must be 1e-100 to"):
            BoundedRegressor(processes(), lower=-2 * unit).fit(X, unit * Y)


def test_a_constant_between_narrow_bounds_is_learned():
    model = BoundedRegressor(processes(), 0.0, 0.009, random_state=0).fit(X, np.full(14, 0.001))
    mean, std = model.predict(NEW, return_std=True)
    np.testing.assert_allclose(mean, 0.001, rtol=1e-3)
    assert np.isfinite(std).all()


floats = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(st.tuples(floats, floats, floats), min_size=6, max_size=6),
    new=st.tuples(floats, floats),
)
def test_any_table_of_floats_is_learned_from_or_refused(values, new):
    table = np.array(values)
    model = GaussianProcessEnsembleRegressor(["matern_5_2"], random_state=0)
    try:
        found = said(model.fit(table[:, :2], table[:, 2]), np.array([new]))
    except InvalidDataError:
        return
    assert all(np.isfinite(part).all() for part in found)
