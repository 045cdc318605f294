import numpy as np
import pandas as pd
import pytest

from bnnopt import Context, Discrete, Minimize, OutcomeConstraint, Real, SearchSpace
from bnnopt.exceptions import InvalidDataError, UnknownNameError
from bnnopt.inspection import TableModel, attainable_map
from bnnopt.space import LinearConstraint


class Valley:
    """y = a + (c - b)² + 10 |lab - 20|, z = c."""

    def predict(self, X, return_std=False):
        a, b, c = (X[name].to_numpy(float) for name in "abc")
        mean = np.column_stack([a + (c - b) ** 2 + 10 * np.abs(X["lab"].to_numpy(float) - 20), c])
        return mean, np.full_like(mean, 0.2)


GOAL = Minimize("y")


def make(objectives=GOAL, constraints=(), b=None):
    variables = [Real("a", 0, 1), b or Real("b", 0, 1), Real("c", 0, 1), Context("lab", lower=18, upper=22)]
    return TableModel(Valley(), SearchSpace(variables, constraints), ["y", "z"], {"y": "nm"}, objectives)


ROW = {"a": 0.5, "b": 0.5, "c": 0.0, "lab": 20.0}


@pytest.fixture(scope="module")
def found():
    return attainable_map(make(), "a", "b", row=ROW, n_cells=5, n_pool=2000)


def test_the_best_of_a_cell_is_near_what_can_be_had(found):
    lowest = np.tile(found.x_edges[:-1], (5, 1))
    assert (found.values("best") >= lowest).all()
    assert (found.values("best") <= lowest + 0.05).all()


def test_the_slice_goes_through_the_recipe_and_the_mean_over_all(found):
    middle = (found.x_edges[:-1] + found.x_edges[1:]) / 2
    expected = middle[None, :] + (middle[:, None] - 0.0) ** 2
    np.testing.assert_allclose(found.values("slice"), expected)
    mean = middle[None, :] + (middle[:, None] ** 2 - middle[:, None] + 1 / 3)
    np.testing.assert_allclose(found.values("mean"), mean, atol=0.12)
    np.testing.assert_allclose(found.values("slice", "z"), 0)


def test_each_cell_names_its_recipe(found):
    table = found.recipes
    assert len(table) == 25
    cell_x = np.minimum((table["a"] * 5).astype(int), 4)
    assert (cell_x == table["cell_x"]).all()
    assert (table["lab"] == 20.0).all()
    np.testing.assert_allclose(table["y_mean"], table["a"] + (table["c"] - table["b"]) ** 2)
    np.testing.assert_allclose(-table["utility"], table["y_mean"])
    assert (found.label, found.unit, found.n_recipes > 2000) == ("y", "nm", True)


def test_outcome_constraints_and_those_of_settings_are_kept():
    goals = [Minimize("y"), OutcomeConstraint("z", upper=0.3)]
    model = make(goals, [LinearConstraint({"a": 1, "b": 1}, upper=1.5)])
    found = attainable_map(model, "a", "b", row=ROW, n_cells=4, n_pool=2000)
    assert (found.recipes["z_mean"] <= 0.3).all()
    assert model.space.is_feasible(found.recipes).all()
    assert found.values("best")[-1, 0] == pytest.approx((0.75 - 0.3) ** 2, abs=0.08)
    assert np.isnan(found.values("slice")[-1, -1])


def test_a_variable_of_few_values_has_a_cell_for_each():
    found = attainable_map(make(b=Discrete("b", [0.1, 0.5, 0.6])), "a", "b", row=ROW, n_cells=4, n_pool=500)
    assert found.values("best").shape == (3, 4)
    assert set(found.recipes["b"]) == {0.1, 0.5, 0.6}


def test_a_pool_of_ones_own_is_taken_as_it_is():
    pool = pd.DataFrame({"a": [0.1, 0.2, 0.9], "b": [0.1, 0.2, 0.9], "c": 0.5, "lab": 20.0})
    predicted = pool.assign(y_mean=[3.0, 1.0, 7.0], z_mean=0.5)
    found = attainable_map(make(), "a", "b", row=ROW, n_cells=2, pool=predicted)
    np.testing.assert_array_equal(found.values("best"), [[1.0, np.nan], [np.nan, 7.0]])
    np.testing.assert_array_equal(found.values("mean"), [[2.0, np.nan], [np.nan, 7.0]])
    asked = attainable_map(make(), "a", "b", row=ROW, n_cells=2, pool=pool)
    assert asked.values("best")[0, 0] == pytest.approx(0.1 + 0.4**2)


def test_faults_say_what_came():
    with pytest.raises(InvalidDataError, match="'a' came twice"):
        attainable_map(make(), "a", "a", row=ROW)
    with pytest.raises(UnknownNameError, match="setting that is a number"):
        attainable_map(make(), "a", "q", row=ROW)
    with pytest.raises(InvalidDataError, match="none of the 1 recipe"):
        attainable_map(make(), "a", "b", row=ROW, pool=pd.DataFrame([{**ROW, "a": 7.0}]))
    with pytest.raises(InvalidDataError, match="n_rounds must be from 0 to 3"):
        attainable_map(make(), "a", "b", row=ROW, n_rounds=9)
    found = attainable_map(make(), "a", "b", row=ROW, n_cells=2, n_pool=50, n_rounds=0)
    with pytest.raises(UnknownNameError, match="Unknown reduction"):
        found.values("worst")
