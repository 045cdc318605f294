import numpy as np
import pandas as pd
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel

from bnnopt import BayesianOptimizer, Maximize, Minimize, Outcome, Real, SearchSpace
from bnnopt.exceptions import InvalidDataError

SPACE = SearchSpace([Real("x", 0, 1, unit="mL")])


def optimizer_told(surrogate="gaussian_process_ensemble", outcomes=(), n=12):
    goals = [Maximize("yield", unit="%"), Minimize("width", unit="nm")]
    optimizer = BayesianOptimizer(SPACE, goals, outcomes=outcomes, surrogate=surrogate, random_state=0)
    x = np.linspace(0, 1, n)
    table = pd.DataFrame({"x": x, "yield": 50 + 10 * np.sin(6 * x), "width": 100 - 40 * x})
    table.loc[2, "yield"] = np.nan
    optimizer.tell(table, table)
    return optimizer, table


def test_what_is_predicted_without_noise_is_surer():
    optimizer, table = optimizer_told()
    observed, function = optimizer.predict(table), optimizer.predict(table, noise=False)
    assert list(observed) == ["yield_mean", "yield_std", "width_mean", "width_std"]
    np.testing.assert_allclose(observed["yield_mean"], function["yield_mean"])
    assert (observed["yield_std"] >= function["yield_std"]).all()
    assert np.abs(observed["width_mean"] - table["width"]).max() < 1


def test_a_prediction_is_that_of_ask():
    optimizer, _ = optimizer_told()
    batch = optimizer.ask(2)
    pd.testing.assert_frame_equal(optimizer.predict(batch), batch[list(optimizer.predict(batch))])


def test_a_draw_is_one_function_of_all_rows():
    optimizer, _ = optimizer_told()
    draws = optimizer.sample_y(pd.DataFrame({"x": [0.3, 0.3, 0.9]}), 5)
    assert draws.shape == (2, 5, 3)
    np.testing.assert_array_equal(draws[..., 0], draws[..., 1])
    assert np.ptp(draws[0, :, 2]) > 0


@pytest.mark.parametrize(
    "surrogate",
    ["gaussian_process_ensemble", GaussianProcessRegressor(RBF(0.3) + WhiteKernel(0.01), optimizer=None)],
)
@pytest.mark.parametrize("outcomes", [(), Outcome("yield", lower=0, upper=100)])
def test_rows_are_predicted_without_themselves_whatever_the_surrogate(surrogate, outcomes):
    optimizer, table = optimizer_told(surrogate, outcomes)
    held_out = optimizer.predict_held_out()
    assert held_out.index.tolist() == [row for row in range(12) if row != 2]
    measured = table.loc[held_out.index]
    assert np.corrcoef(held_out["width_mean"], measured["width"])[0, 1] > 0.9
    assert np.abs(held_out["yield_mean"] - measured["yield"]).median() < 5
    within = optimizer.predict(measured)
    assert held_out["yield_std"].mean() > within["yield_std"].mean()


def test_a_row_has_no_say_in_its_own_prediction():
    before, table = optimizer_told(GaussianProcessRegressor(RBF(0.3) + WhiteKernel(0.01), optimizer=None))
    after, _ = optimizer_told(GaussianProcessRegressor(RBF(0.3) + WhiteKernel(0.01), optimizer=None))
    after.correct([5], pd.DataFrame({"yield": [90.0], "width": table.loc[[5], "width"].to_numpy()}))
    moved = after.predict_held_out()["yield_mean"] - before.predict_held_out()["yield_mean"]
    assert moved.abs().max() > 1
    assert moved.abs()[5] < 1


def test_shares_make_one_for_each_outcome():
    optimizer, _ = optimizer_told(outcomes=Outcome("yield", lower=0, upper=100))
    shares = optimizer.shares()
    assert list(shares) == ["outcome", "model", "share"]
    np.testing.assert_allclose(shares.groupby("outcome")["share"].sum(), [1, 1])
    assert not len(optimizer_told("gaussian_process")[0].shares())


def test_units_and_ranges_are_known_by_name():
    optimizer, _ = optimizer_told()
    assert optimizer.units == {"x": "mL", "yield": "%", "width": "nm"}
    assert optimizer.space.ranges == {"x": (0.0, 1.0)}


def test_before_there_is_a_model_it_is_said():
    optimizer = BayesianOptimizer(SPACE, Maximize("yield"), random_state=0)
    assert not optimizer.has_model
    optimizer.tell({"x": [0.5]}, [1.0])
    with pytest.raises(InvalidDataError, match="at least 2 rows"):
        optimizer.predict({"x": [0.1]})
    assert optimizer_told()[0].has_model
