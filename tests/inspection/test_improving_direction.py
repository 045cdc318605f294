import numpy as np
import pytest
from scipy.optimize import linprog

from bnnopt import Minimize, Real, SearchSpace, Target
from bnnopt.exceptions import InvalidDataError
from bnnopt.inspection import TableModel, improving_direction
from bnnopt.space import LinearConstraint


class Plane:
    """Outcomes that are linear in all settings."""

    def __init__(self, slopes):
        self.slopes = np.array(slopes)

    def predict(self, X, return_std=False):
        mean = X.to_numpy(float) @ self.slopes.T
        return mean, np.full_like(mean, 0.1)


def test_one_outcome_improves_and_the_other_stays(make_model, recipe):
    found = improving_direction(make_model(), recipe, objective=Minimize("width"))
    steps = found.settings.set_index("setting")["share"]
    # In the cube the peak goes up by 400 and 400, so lead and heat go opposite ways.
    np.testing.assert_allclose(steps, [np.sqrt(0.5), -np.sqrt(0.5)])
    assert found.length == pytest.approx(0.1)
    outcomes = found.outcomes.set_index("outcome")
    assert outcomes.loc["peak", "role"] == "held"
    assert outcomes.loc["peak", "change"] == pytest.approx(0, abs=1e-9)
    assert outcomes.loc["width", "change"] == pytest.approx(0.1 * np.sqrt(0.5) * (-20 - 10))
    assert found.utility["change"].iloc[0] == pytest.approx(0.1 * np.sqrt(0.5) * 30)
    assert found.end[["n", "solvent"]].iloc[0].tolist() == [3, "toluene"]


def test_without_held_outcomes_it_is_the_gradient(make_model, recipe):
    found = improving_direction(make_model(), recipe, objective="max peak", held=[])
    np.testing.assert_allclose(found.settings["share"], [np.sqrt(0.5), np.sqrt(0.5)])
    assert found.outcomes["role"].tolist() == ["improved", "free"]


def test_the_step_ends_at_a_bound_and_goes_along_it(make_model, recipe):
    found = improving_direction(make_model(), {**recipe, "lead": 20.0}, objective="max peak", held=[])
    np.testing.assert_allclose(found.settings["share"], [0, 1], atol=1e-6)
    near = improving_direction(make_model(), {**recipe, "lead": 19.0}, objective="max peak", held=[])
    assert near.settings["after"].iloc[0] == pytest.approx(20)
    assert near.length == pytest.approx(0.1)


def test_a_held_outcome_leaves_no_way_out_at_a_bound(make_model, recipe):
    found = improving_direction(make_model(), {**recipe, "lead": 20.0}, objective="min width")
    assert found.length == 0
    assert (found.settings["before"] == found.settings["after"]).all()
    assert found.utility["change"].iloc[0] == 0


def test_a_linear_constraint_is_kept(make_model, recipe):
    model = make_model(constraints=[LinearConstraint({"lead": 5, "heat": 1}, upper=150)])
    found = improving_direction(model, recipe, objective="max peak", held=[])
    assert model.space.is_feasible(found.end).all()
    # Along the constraint, heat down by 5 for each mL: the peak stays as it is, so no step helps.
    assert found.length == pytest.approx(0, abs=1e-6)
    looser = make_model(constraints=[LinearConstraint({"lead": 1, "heat": 1}, upper=110)])
    along = improving_direction(looser, recipe, objective="max peak", held=[])
    assert looser.space.is_feasible(along.end).all()
    assert along.end[["lead", "heat"]].iloc[0].sum() == pytest.approx(110)
    assert along.end["lead"].iloc[0] > 10


def test_an_exact_sum_is_kept():
    space = SearchSpace(
        [Real(n, 0, 1) for n in "abc"], LinearConstraint(dict.fromkeys("abc", 1), lower=1, upper=1)
    )
    model = TableModel(Plane([[1.0, 2.0, 4.0]]), space, "y")
    found = improving_direction(model, {"a": 0.5, "b": 0.5, "c": 0.0}, objective="max y")
    assert space.is_feasible(found.end).all()
    assert found.end["c"].iloc[0] > 0.05
    assert found.length == pytest.approx(0.1, rel=1e-3)


def test_it_does_as_well_as_a_linear_program(make_model):
    rng = np.random.default_rng(0)
    space = SearchSpace([Real(f"x{i}", 0, 1) for i in range(5)])
    for _ in range(8):
        gain, held = rng.normal(size=(2, 5))
        start = rng.choice([0.0, 1.0, 0.5], 5)
        row = dict(zip(space.names, start, strict=True))
        model = TableModel(Plane([gain, held]), space, ["y", "z"])
        found = improving_direction(model, row, objective="max y", radius=100, n_draws=2)
        best = linprog(-gain, A_eq=held[None], b_eq=[held @ start], bounds=[(0, 1)] * 5)
        reached = gain @ found.end.iloc[0].to_numpy(float)
        assert reached == pytest.approx(-best.fun, abs=1e-4)


def test_a_target_is_approached_from_either_side(make_model, recipe):
    goal = Target("peak", 650, 10)
    up = improving_direction(make_model(), recipe, objective=goal, held=[])
    down = improving_direction(make_model(), {**recipe, "lead": 20.0}, objective=goal, held=[])
    assert up.outcomes["change"].iloc[0] > 0
    assert down.outcomes["change"].iloc[0] < 0


def test_settings_on_a_log_scale_move_by_their_logarithm():
    class Log:
        def predict(self, X, return_std=False):
            return np.log10(X["rate"]).to_numpy(), np.full(len(X), 0.1)

    model = TableModel(Log(), SearchSpace([Real("rate", 1, 100, scale="log")]), "y", objectives=Minimize("y"))
    found = improving_direction(model, {"rate": 10.0})
    assert found.end["rate"].iloc[0] == pytest.approx(100**0.4)
    assert found.outcomes["change"].iloc[0] == pytest.approx(-0.2, abs=0.05)


def test_faults_say_what_came(make_model, recipe):
    model = make_model()
    with pytest.raises(InvalidDataError, match="which way 'width' gets better"):
        improving_direction(model, recipe, objective="width")
    with pytest.raises(InvalidDataError, match="Other outcomes than those to improve"):
        improving_direction(model, recipe, objective="min width", held=["width"])
    with pytest.raises(InvalidDataError, match="expected one with a utility"):
        improving_direction(model, recipe)


def test_a_step_is_no_longer_than_it_helps():
    class Hill:
        def predict(self, X, return_std=False):
            return -((X["x"].to_numpy() - 0.55) ** 2), np.full(len(X), 0.1)

    model = TableModel(Hill(), SearchSpace([Real("x", 0, 1)]), "y")
    found = improving_direction(model, {"x": 0.5}, objective="max y", radius=0.4)
    assert found.end["x"].iloc[0] == pytest.approx(0.55, abs=0.01)
