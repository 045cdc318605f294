import numpy as np
import pytest

from bnnopt import Real, SearchSpace
from bnnopt.exceptions import InvalidDataError, UnknownNameError
from bnnopt.inspection import TableModel, trade_off
from bnnopt.space import LinearConstraint


class Bowl:
    """y = (b - 0.5)² + 0.1 a, z = a - b."""

    def predict(self, X, return_std=False):
        a, b = X["a"].to_numpy(), X["b"].to_numpy()
        mean = np.column_stack([(b - 0.5) ** 2 + 0.1 * a, a - b])
        return mean, np.full_like(mean, 0.1)


@pytest.fixture
def bowl():
    return TableModel(Bowl(), SearchSpace([Real("a", -1, 1), Real("b", 0, 1)]), ["y", "z"])


def test_the_second_setting_keeps_the_outcome_where_it_is(make_model, recipe):
    found = trade_off(make_model(error=0.1), "lead", "heat", held="peak", row=recipe, n_points=5)
    assert found.value == 600  # 20 * 10 + 4 * 100
    np.testing.assert_allclose(found.table["lead"], [0, 5, 10, 15, 20])
    np.testing.assert_allclose(found.table["heat"], [150, 125, 100, 75, 50], rtol=1e-9)
    np.testing.assert_allclose(found.table["peak_mean"], 600)
    np.testing.assert_allclose(found.table["width_mean"], 6 - 1.5 * found.table["lead"] + 15)
    assert found.start == 2
    assert (found.table["reason"] == "").all()


def test_changes_count_from_the_recipe(make_model, recipe):
    found = trade_off(make_model(error=0.01), "lead", "heat", held="peak", row=recipe, n_points=5)
    change = found.table["width_change"]
    np.testing.assert_allclose(change, [15, 7.5, 0, -7.5, -15], atol=1.0)
    assert (found.table["width_change_lower"] <= change).all()
    assert found.table[["width_change_lower", "width_change_upper"]].iloc[2].tolist() == [0, 0]


def test_it_says_where_the_level_cannot_be_had(make_model, recipe):
    found = trade_off(make_model(), "lead", "heat", held="peak", value=900, row=recipe, n_points=5)
    assert found.table["reason"].tolist() == ["peak stays below 900"] * 3 + ["", ""]
    assert found.table["heat"].isna().tolist() == [True] * 3 + [False] * 2
    assert len(found.path) == 2
    assert found.start == 3
    nowhere = trade_off(make_model(), "lead", "heat", held="peak", value=9000, row=recipe, n_points=3)
    assert nowhere.start == -1
    assert nowhere.table["width_mean"].isna().all()


def test_a_constraint_is_another_reason(make_model, recipe):
    model = make_model(constraints=[LinearConstraint({"heat": 1}, upper=110)])
    found = trade_off(model, "lead", "heat", held="peak", row=recipe, n_points=5)
    assert found.table["reason"].tolist() == ["a constraint between settings forbids it"] * 2 + [""] * 3


def test_the_path_stays_on_the_branch_of_the_recipe(bowl):
    upper = trade_off(bowl, "a", "b", held="y", row={"a": 0.0, "b": 0.8}, n_points=9)
    lower = trade_off(bowl, "a", "b", held="y", row={"a": 0.0, "b": 0.2}, n_points=9)
    there = upper.table["b"].notna()
    expected = np.sqrt(np.maximum(0.09 - 0.1 * upper.table["a"][there], 0))
    np.testing.assert_allclose(upper.table["b"][there], 0.5 + expected, atol=1e-8)
    np.testing.assert_allclose(lower.table["b"][there], 0.5 - expected, atol=1e-8)
    assert upper.table["reason"].iloc[-1] == "y stays above 0.09"


def test_faults_say_what_came(make_model, recipe, bowl):
    with pytest.raises(InvalidDataError, match="'n' is of type integer"):
        trade_off(make_model(), "lead", "n", row=recipe)
    with pytest.raises(InvalidDataError, match="came twice"):
        trade_off(make_model(), "lead", "lead", row=recipe)
    with pytest.raises(UnknownNameError, match="setting that is a number"):
        trade_off(make_model(), "solvent", "lead", row=recipe)
    with pytest.raises(InvalidDataError, match="value must be None or a finite number"):
        trade_off(bowl, "a", "b", value=np.nan, row={"a": 0.0, "b": 0.5})
    with pytest.raises(InvalidDataError, match="must be a whole number of at least 2"):
        trade_off(bowl, "a", "b", n_points=1, row={"a": 0.0, "b": 0.5})
