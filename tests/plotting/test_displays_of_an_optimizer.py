import numpy as np
import pandas as pd
import pytest

from bnnopt import (
    BayesianOptimizer,
    Categorical,
    Context,
    Integer,
    LinearConstraint,
    Maximize,
    Outcome,
    Real,
    SearchSpace,
)
from bnnopt.exceptions import UnknownNameError
from bnnopt.plotting import CoverageDisplay, MapDisplay, ParityDisplay, SliceDisplay


@pytest.fixture(scope="module")
def optimizer():
    space = SearchSpace(
        [
            Real("x", 0, 1, unit="mL"),
            Real("rate", 1, 100, scale="log"),
            Integer("n", 1, 4),
            Categorical("solvent", ["a", "b"]),
            Context("lab", unit="°C"),
        ],
        [LinearConstraint({"x": 1, "n": 0.1}, upper=1.2)],
    )
    bounded = Outcome("yield", lower=0, upper=100)
    told = BayesianOptimizer(
        space,
        Maximize("yield", unit="%"),
        outcomes=bounded,
        surrogate="gaussian_process_ensemble",
        random_state=0,
    )
    rows = space.sample(16, random_state=0, context={"lab": 20.0})
    rows["lab"] = np.linspace(18, 24, 16)
    rows["yield"] = 100 * rows["x"] ** 2
    rows.loc[4, "yield"] = np.nan
    told.tell(rows, rows)
    return told


def test_a_slice_goes_through_the_best_row(optimizer):
    display = SliceDisplay.from_optimizer(optimizer, "x", n_points=11)
    best = optimizer.best()
    row = pd.DataFrame([best[optimizer.space.names]]).infer_objects().assign(x=0.3)
    assert display.x[3] == pytest.approx(0.3)
    assert display.mean[3] == pytest.approx(optimizer.predict(row)["yield_mean"][0])
    assert (display.x_label, display.x_unit, display.y_label, display.y_unit) == ("x", "mL", "yield", "%")
    assert len(display.measured[0]) == 16


def test_a_slice_stays_within_bounds_and_marks_what_a_constraint_forbids(optimizer, ax):
    display = SliceDisplay.from_optimizer(optimizer, "x", n_points=21).plot(ax)
    lower, upper = display.interval
    assert lower.min() >= 0
    assert upper.max() <= 100
    assert display.band_.get_paths()[0].vertices[:, 1].max() <= 100
    highest = 1.2 - 0.1 * optimizer.best()["n"]
    np.testing.assert_array_equal(display.is_allowed, display.x <= highest + 1e-9)


def test_slices_ask_for_what_can_be_set(optimizer):
    assert SliceDisplay.from_optimizer(optimizer, "n").x.tolist() == [1, 2, 3, 4]
    np.testing.assert_allclose(SliceDisplay.from_optimizer(optimizer, "rate", n_points=3).x, [1, 10, 100])
    assert SliceDisplay.from_optimizer(optimizer, "lab").x[[0, -1]].tolist() == [18, 24]
    with pytest.raises(UnknownNameError, match="setting that is a number"):
        SliceDisplay.from_optimizer(optimizer, "solvent")


def test_a_map_has_a_cell_for_each_value_and_none_where_a_constraint_forbids(optimizer):
    display = MapDisplay.from_optimizer(optimizer, ("x", "n"), n_points=10)
    assert display.values.shape == display.contour.shape == (4, 10)
    np.testing.assert_allclose(display.y_edges, [0.5, 1.5, 2.5, 3.5, 4.5])
    x, n = np.meshgrid(display.x_edges[:-1] + 0.05, [1, 2, 3, 4])
    np.testing.assert_array_equal(np.isnan(display.values), x + 0.1 * n > 1.2 + 1e-9)
    assert (display.value_label, display.value_unit) == ("yield", "%")


def test_a_map_shows_the_best_that_each_cell_allows(optimizer):
    best, through = (
        MapDisplay.from_optimizer(optimizer, ("x", "n"), n_points=5, reduce=reduce)
        for reduce in ("best", "slice")
    )
    assert best.value_label == "best predicted yield"
    assert np.flatnonzero(best.failed).tolist() == np.flatnonzero(through.failed).tolist() == [4]
    there = np.isfinite(through.values)
    assert (best.values[there] > through.values[there] - 3).all()


def test_coverage_shows_failed_rows_as_failed(optimizer):
    display = CoverageDisplay.from_optimizer(optimizer, ("x", "rate"))
    assert np.flatnonzero(display.failed).tolist() == [4]
    assert display.x_unit == "mL"


def test_a_parity_names_its_rows(optimizer):
    names = [f"run-{n}" for n in range(16)]
    display = ParityDisplay.from_optimizer(optimizer, names=names)
    assert display.names == [name for name in names if name != "run-4"]
    held_out = optimizer.predict_held_out()
    np.testing.assert_array_equal(display.mean, held_out["yield_mean"])
    again = ParityDisplay.from_optimizer(optimizer, held_out=held_out)
    assert again.names[:5] == ["0", "1", "2", "3", "5"]
