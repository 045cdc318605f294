import numpy as np
import pandas as pd
import pytest

from bnnopt import BayesianOptimizer, Context, Maximize, Minimize, Real, SearchSpace
from bnnopt.exceptions import InvalidDataError, UnknownNameError
from bnnopt.inspection import TableModel, local_effects
from bnnopt.space import LinearConstraint


def test_slopes_of_a_linear_function_are_its_coefficients(make_model, recipe):
    effects = local_effects(make_model(), recipe)
    table = effects.table.set_index(["outcome", "setting"])
    assert effects.outputs == ["peak", "width"]
    np.testing.assert_allclose(table.loc["peak", "slope"][:3], [20, 4, 0], atol=1e-9)
    np.testing.assert_allclose(table.loc["width", "slope"][:3], [-1, 0.1, 2], atol=1e-9)
    assert table.loc[("peak", "lead"), ["before", "after"]].tolist() == [9, 11]
    assert table.loc[("peak", "n"), ["before", "after"]].tolist() == [2, 4]


def test_a_level_changes_to_each_other_one_and_has_no_slope(make_model, recipe):
    table = local_effects(make_model(), recipe).of("width")
    level = table[table["setting"] == "solvent"].iloc[0]
    assert (level["before"], level["after"], level["change"]) == ("toluene", "THF", pytest.approx(-3))
    assert np.isnan(level["slope"])


def test_a_stated_step_starts_at_the_recipe_and_turns_round_at_the_end_of_the_range(make_model, recipe):
    steps = {"heat": 20, "lead": 8}
    table = local_effects(make_model(), {**recipe, "lead": 15.0}, steps=steps).of("peak").set_index("setting")
    assert table.loc["heat", ["before", "after"]].tolist() == [100, 120]
    assert table.loc["lead", ["before", "after"]].tolist() == [15, 7]
    assert table.loc["heat", "change"] == pytest.approx(80)
    assert table.loc["lead", "slope"] == pytest.approx(20)


def test_the_interval_is_that_of_the_draws(make_model, recipe):
    effects = local_effects(make_model(error=0.5), recipe, n_draws=4000, random_state=1)
    row = effects.of("width").set_index("setting").loc["lead"]
    np.testing.assert_allclose(
        row[["slope_lower", "slope_upper"]].astype(float), [-1 - 0.98, -1 + 0.98], atol=0.06
    )
    assert not effects.of("peak").set_index("setting").loc["n", "is_certain"]
    assert effects.of("peak").set_index("setting").loc["lead", "is_certain"]


def test_two_settings_together_keep_one_outcome_and_change_the_other(make_model, recipe):
    found = local_effects(make_model(), recipe).compensated("lead", by="heat", held="peak", outcome="width")
    assert found.ratio.middle == pytest.approx(-20 / 4)
    assert found.effect.middle == pytest.approx(-1 - 0.1 * 5)
    assert found.effect.is_certain


def test_parallel_effects_cannot_be_played_off(recipe, make_model):
    model = make_model()
    model.estimator.slopes = [[20.0, 4.0, 0.0, 0.0], [5.0, 1.0, 0.0, 0.0]]
    found = local_effects(model, recipe).compensated("lead", by="heat", held="peak", outcome="width")
    assert found.effect.middle == pytest.approx(0, abs=1e-9)


def test_changes_that_break_a_constraint_are_marked(make_model, recipe):
    model = make_model(constraints=[LinearConstraint({"lead": 10, "heat": 1}, upper=201)])
    table = local_effects(model, recipe).of("peak").set_index("setting")
    assert not table.loc["lead", "is_allowed"]
    assert table.loc["solvent", "is_allowed"]


def test_faults_are_told_before_anything_is_computed(make_model, recipe):
    model = make_model()
    with pytest.raises(UnknownNameError, match="Did you mean 'lead'"):
        local_effects(model, recipe, steps={"leed": 1})
    with pytest.raises(InvalidDataError, match="whole number other than 0"):
        local_effects(model, recipe, steps={"n": 0.5})
    with pytest.raises(InvalidDataError, match="leaves its range from 0 to 20"):
        local_effects(model, recipe, steps={"lead": 15})
    with pytest.raises(InvalidDataError, match="give the settings to look at"):
        local_effects(model)
    with pytest.raises(InvalidDataError, match=r"TableModel\(regressor"):
        local_effects(model.estimator, recipe)
    with pytest.raises(InvalidDataError, match="2 outcome"):
        local_effects(TableModel(model.estimator, model.space, "peak"), recipe)
    effects = local_effects(model, recipe)
    with pytest.raises(UnknownNameError, match="setting that is a number"):
        effects.slopes("solvent", "peak")
    with pytest.raises(InvalidDataError, match="Two settings and two outcomes"):
        effects.compensated("lead", by="lead", held="peak", outcome="width")
    with pytest.raises(UnknownNameError, match="Unknown outcome"):
        effects.of("hight")


@pytest.fixture(scope="module")
def optimizer():
    """An optimizer that was told y = (x - 0.6)² + z at a known temperature of the laboratory."""
    space = SearchSpace([Real("x", 0, 1), Real("z", 0, 1, step=0.1), Context("lab")])
    told = BayesianOptimizer(
        space, Minimize("y", unit="nm"), surrogate="gaussian_process_ensemble", random_state=0
    )
    rows = space.sample(25, random_state=0, context={"lab": 20.0})
    rows["lab"] = np.linspace(19, 21, 25)
    told.tell(rows, (rows["x"] - 0.6) ** 2 + rows["z"])
    return told


def test_an_optimizer_is_asked_around_its_best_row(optimizer):
    effects = local_effects(optimizer)
    best = optimizer.best()
    assert effects.row[["x", "z"]].iloc[0].tolist() == best[["x", "z"]].tolist()
    assert effects.units["y"] == "nm"
    slopes = effects.of("y").set_index("setting")["slope"]
    assert slopes["z"] == pytest.approx(1, abs=0.15)
    assert abs(slopes["lab"]) < 0.1


def test_a_row_of_a_table_is_a_recipe_as_well_as_a_mapping(optimizer):
    recipe = {"x": 0.2, "z": 0.5, "lab": 20.0}
    frames = [
        local_effects(optimizer, each).table for each in (recipe, pd.DataFrame([recipe]), pd.Series(recipe))
    ]
    for other in frames[1:]:
        pd.testing.assert_frame_equal(frames[0], other)
    slope = frames[0].set_index("setting")["slope"]["x"]
    assert slope == pytest.approx(2 * (0.2 - 0.6), abs=0.1)


def test_without_rows_there_is_nothing_to_say():
    empty = BayesianOptimizer(SearchSpace([Real("x", 0, 1)]), Maximize("y"), surrogate="gaussian_process")
    with pytest.raises(InvalidDataError, match="measured"):
        local_effects(empty)
