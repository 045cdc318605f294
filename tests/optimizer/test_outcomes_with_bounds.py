"""An optimizer that knows the bounds of its outcomes predicts nothing beyond, and is told nothing beyond."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import BayesianRidge

from bnnopt import (
    BayesianOptimizer,
    GaussianProcessEnsembleRegressor,
    Maximize,
    Minimize,
    Outcome,
    OutcomeConstraint,
    Real,
    SearchSpace,
)
from bnnopt.acquisition import posterior_quantiles
from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates import BoundedRegressor

POLYDISPERSITY = Outcome("polydispersity", lower=0, upper=1, closed="right")
SPACE = SearchSpace([Real("a", 0, 1), Real("b", 0, 1)])
OBJECTIVES = [Minimize("polydispersity"), OutcomeConstraint("peak", 900, 1000, unit="nm")]


def measured(runs):
    """Polydispersity next to 0 at the middle, and a peak without bounds."""
    distance = (runs["a"] - 0.5) ** 2 + (runs["b"] - 0.5) ** 2
    return pd.DataFrame({"polydispersity": 0.002 + 0.6 * distance, "peak": 900 + 100 * runs["a"]})


def processes(**parameters):
    return GaussianProcessEnsembleRegressor(("squared_exponential",), **parameters)


def told(outcomes=(POLYDISPERSITY,), surrogate=None, objectives=OBJECTIVES, **options):
    settings = {"n_candidates": 128, "n_draws": 64, "random_state": 0} | options
    optimizer = BayesianOptimizer(
        SPACE, objectives, outcomes=outcomes, surrogate=surrogate or processes(), **settings
    )
    rows = optimizer.ask(8)
    optimizer.tell(rows, measured(rows))
    return optimizer


@pytest.mark.parametrize("scale", ["auto", "logit", "identity"])
def test_predictions_and_intervals_stay_within_the_bounds(scale):
    optimizer = told([Outcome("polydispersity", lower=0, upper=1, scale=scale)])
    grid = SPACE.sample(300, random_state=0)
    scores = optimizer.score_pool(grid, n_best=50, n_sample=50)
    for table in (optimizer.ask(3), scores.best, scores.sample):
        assert table["polydispersity_mean"].between(0, 1).all()
        ends = optimizer.intervals(table, 0.999)
        assert ends["polydispersity_lower"].between(0, 1).all()
        assert ends["polydispersity_upper"].between(0, 1).all()
        assert (ends["polydispersity_lower"] <= ends["polydispersity_upper"]).all()


def test_without_bounds_intervals_leave_them_and_numbers_are_as_before():
    plain, empty = told(()), told([Outcome("polydispersity")])
    rows = SPACE.sample(300, random_state=0)
    assert plain.intervals(rows, 1 - 1e-9)["polydispersity_lower"].min() < 0
    pd.testing.assert_frame_equal(plain.ask(3), empty.ask(3))


def test_intervals_without_quantiles_are_those_of_normal_distributions(make_told):
    optimizer = make_told(surrogate=BayesianRidge())
    batch = optimizer.ask(2)
    ends = optimizer.intervals(batch, level=0.95)
    assert list(ends) == ["y_lower", "y_upper"]
    half = 1.959963984540054 * batch["y_std"].to_numpy()
    assert ends["y_lower"].to_numpy() == pytest.approx(batch["y_mean"].to_numpy() - half, rel=1e-9)
    assert ends["y_upper"].to_numpy() == pytest.approx(batch["y_mean"].to_numpy() + half, rel=1e-9)


def test_quantiles_of_any_regressor():
    regressor = BayesianRidge().fit([[0.0], [1.0], [2.0]], [0.0, 1.1, 1.9])
    mean, std = regressor.predict([[3.0]], return_std=True)
    found = posterior_quantiles(regressor, [[3.0]], [0.5, 0.8413447460685429])
    assert found[0] == pytest.approx([mean[0], mean[0] + std[0]])
    with pytest.raises(InvalidDataError, match="above 0 and below 1"):
        posterior_quantiles(regressor, [[3.0]], [1.0])


def test_intervals_of_the_first_design_are_empty():
    optimizer = BayesianOptimizer(SPACE, OBJECTIVES, outcomes=[POLYDISPERSITY], random_state=0)
    rows = optimizer.ask(2)
    assert optimizer.intervals(rows).isna().all(axis=None)
    assert list(optimizer.intervals(rows)) == [
        *("polydispersity_lower", "polydispersity_upper", "peak_lower", "peak_upper")
    ]
    with pytest.raises(InvalidDataError, match=r"level must be a number in \(0, 1\)"):
        optimizer.intervals(rows, level=95)


def test_outcomes_without_bounds_are_learned_together():
    """Three outcomes, that in the middle with bounds: predictions come back at their places."""
    objectives = [Maximize("first"), Minimize("polydispersity"), Maximize("peak")]
    optimizer = told(objectives=objectives[1:], outcomes=[Outcome("polydispersity", lower=0)])
    bounded = BayesianOptimizer(
        SPACE,
        objectives,
        outcomes=[Outcome("polydispersity", lower=0, scale="log")],
        surrogate=processes(),
        acquisition="std",
        random_state=0,
    )
    rows = optimizer.data[["a", "b"]]
    outcomes = measured(rows).assign(first=7.0 - rows["b"])
    bounded.tell(rows, outcomes)
    ends = bounded.intervals(rows)
    for name in ("first", "polydispersity", "peak"):
        inside = (ends[f"{name}_lower"] <= outcomes[name]) & (outcomes[name] <= ends[f"{name}_upper"])
        assert inside.all()


@pytest.mark.parametrize("acquisition", ["log_ei", "ucb", "thompson", "q_log_ei"])
def test_every_kind_of_acquisition_takes_an_outcome_with_bounds(acquisition):
    batch = told(acquisition=acquisition).ask(2)
    assert np.isfinite(batch["score"]).all()
    assert batch["polydispersity_mean"].between(0, 1).all()


def test_several_objectives_with_bounds():
    objectives = [Minimize("polydispersity"), Maximize("peak")]
    optimizer = told([POLYDISPERSITY, Outcome("peak", lower=0)], objectives=objectives)
    assert optimizer.ask(2)["peak_mean"].gt(0).all()
    assert optimizer.front()["polydispersity"].between(0, 1).all()


def test_the_optimum_next_to_a_bound_is_found():
    optimizer = told(objectives=[Minimize("polydispersity"), Maximize("peak")][:1])
    for _ in range(10):
        rows = optimizer.ask(1)
        optimizer.tell(rows, measured(rows))
    assert optimizer.best()["polydispersity"] < 0.01


def test_what_is_not_possible_is_refused_by_row_column_value_and_bound():
    optimizer = told()
    rows = SPACE.sample(3, random_state=1)
    wrong = measured(rows).set_axis(["r1", "r2", "r3"])
    for value, words in (
        (-0.25, "not above its lower bound 0"),
        (0.0, "not above"),
        (1.5, "above its upper"),
    ):
        wrong.loc["r2", "polydispersity"] = value
        message = rf"column 'polydispersity' has a value {words}.* in row\(s\) 'r2' \(first: .*{value}"
        with pytest.raises(InvalidDataError, match=message):
            optimizer.tell(rows, wrong)
        with pytest.raises(InvalidDataError, match="polydispersity"):
            optimizer.correct([0, 1, 2], wrong)
    assert optimizer.summary()["n_told"] == 8
    wrong.loc["r2", "polydispersity"] = 1.0  # the closed end
    wrong.loc["r3", "polydispersity"] = np.nan  # failed
    optimizer.tell(rows, wrong)
    assert optimizer.summary()["n_failed"] == 1
    assert optimizer.ask(1)["polydispersity_mean"].between(0, 1).all()


@pytest.mark.parametrize(
    ("outcomes", "message"),
    [
        ([Outcome("width", lower=0)], r"each of \['polydispersity', 'peak'\] at most once, got \['width'\]"),
        ([POLYDISPERSITY, POLYDISPERSITY], "at most once"),
        ([("polydispersity", 0, 1)], "expected a list of Outcome"),
    ],
)
def test_outcomes_that_are_not_told_are_refused(outcomes, message):
    with pytest.raises(InvalidDataError, match=message):
        BayesianOptimizer(SPACE, OBJECTIVES, outcomes=outcomes)


def test_the_state_keeps_the_bounds_and_a_restart_asks_the_same():
    optimizer = told()
    again = BayesianOptimizer.from_json(optimizer.to_json(), surrogate=optimizer.surrogate)
    assert again.outcomes == (POLYDISPERSITY,)
    pd.testing.assert_frame_equal(again.ask(2), optimizer.ask(2))
    with pytest.raises(InvalidDataError, match="upper bound 1"):
        again.tell(SPACE.sample(1, random_state=0), {"polydispersity": [2.0], "peak": [950.0]})


def test_a_state_with_a_value_beyond_a_bound_is_refused():
    text = told(()).to_json()
    changed = text.replace('"outcomes": []', '"outcomes": [{"name": "peak", "upper": 800}]')
    assert changed != text
    with pytest.raises(InvalidDataError, match="above its upper bound 800"):
        BayesianOptimizer.from_json(changed, surrogate=processes())


def test_error_bars_reach_the_surrogate_of_an_outcome_with_bounds():
    rows, widths = SPACE.design(10, random_state=0), []
    for error in (1e-4, 0.1):
        optimizer = BayesianOptimizer(
            SPACE, OBJECTIVES, outcomes=[POLYDISPERSITY], surrogate=processes(), random_state=0
        )
        optimizer.tell(rows, measured(rows), noise_std={"polydispersity": [error] * 10, "peak": [0.0] * 10})
        ends = optimizer.intervals(rows)
        widths.append((ends["polydispersity_upper"] - ends["polydispersity_lower"]).mean())
    assert widths[0] < widths[1]


def test_a_bounded_regressor_is_a_surrogate_too():
    optimizer = told((), surrogate=BoundedRegressor(processes(), lower=-10.0), acquisition="log_ei")
    assert np.isfinite(optimizer.ask(1)["score"]).all()


def energy_of(rows):
    """From 0.01 to a hundred thousand."""
    return np.exp(4 * np.sin(5 * rows["a"]) + 9 * rows["b"])


def steep(outcomes=(), objective=None):
    optimizer = BayesianOptimizer(
        SPACE, [objective or Minimize("energy")], outcomes=outcomes, surrogate=processes(), random_state=0
    )
    rows = SPACE.design(40, random_state=0)
    optimizer.tell(rows, pd.DataFrame({"energy": energy_of(rows)}))
    return optimizer


def test_an_outcome_that_reaches_far_is_learned_as_a_root_where_the_wanted_values_crowd():
    rows = SPACE.sample(200, random_state=1)

    def error(optimizer):
        return float(np.median(np.abs(optimizer.predict(rows)["energy_mean"] - energy_of(rows))))

    wanted_small, wanted_large = error(steep()), error(steep(objective=Maximize("energy")))
    assert wanted_small == error(steep([Outcome("energy", scale="power")]))
    assert wanted_large == error(steep([Outcome("energy", scale="identity")]))
    assert wanted_small < 0.5 * wanted_large


def test_a_root_leads_to_the_lowest_values():
    optimizer, lowest = steep(), np.exp(-4)
    assert optimizer.data["energy"].min() > 1.2 * lowest
    for _ in range(5):
        row = optimizer.ask()
        optimizer.tell(row[["a", "b"]], pd.DataFrame({"energy": energy_of(row)}))
    assert optimizer.data["energy"].min() < 1.1 * lowest
