"""The loop comes near known optima, whatever the direction, and keeps outcome constraints."""

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF
from sklearn.linear_model import BayesianRidge

from bnnopt import BayesianOptimizer, Maximize, Minimize, OutcomeConstraint, Real, SearchSpace, Target
from bnnopt.exceptions import InvalidDataError

LINE = SearchSpace([Real("x", 0, 1)])
SQUARE = SearchSpace([Real("x", -3, 1), Real("z", 0, 100)])


def parabola(rows):
    return (rows["x"] - 0.3) ** 2


def bowl(rows):
    return (rows["x"] + 1) ** 2 + ((rows["z"] - 60) / 50) ** 2


def run(optimizer, outcome, n_asks):
    for _ in range(n_asks):
        rows = optimizer.ask()
        optimizer.tell(rows, outcome(rows))
    return optimizer


def gaussian_process_optimizer(space, objectives, surrogate="gaussian_process"):
    return BayesianOptimizer(
        space, objectives, surrogate=surrogate, n_candidates=256, n_draws=16, random_state=0
    )


def fixed_gaussian_process():
    return GaussianProcessRegressor(RBF(0.5), alpha=1e-4, optimizer=None)


@pytest.mark.parametrize(("space", "outcome", "regret"), [(LINE, parabola, 1e-3), (SQUARE, bowl, 0.05)])
def test_minimum_of_a_quadratic_within_15_asks(space, outcome, regret):
    optimizer = run(gaussian_process_optimizer(space, [Minimize("y")]), outcome, 15)
    assert optimizer.best()["y"] < regret


def test_target_is_met():
    objectives = [Target("y", 0.7, tolerance=0.01)]
    optimizer = gaussian_process_optimizer(LINE, objectives, fixed_gaussian_process())
    run(optimizer, lambda rows: rows["x"], 10)
    assert optimizer.best()["y"] == pytest.approx(0.7, abs=0.01)


@pytest.mark.parametrize("acquisition", ["ei", "log_ei", "pi", "ucb", "std"])
@pytest.mark.parametrize(
    ("objective", "mirror"),
    [(Minimize("y"), Maximize("y")), (Target("y", 0.1, tolerance=1), Target("y", -0.1, tolerance=1))],
    ids=["minimize", "target"],
)
def test_a_mirrored_outcome_with_a_mirrored_objective_gives_the_same_rows(
    objective, mirror, acquisition, make_told
):
    n = 1 if acquisition == "log_ei" else 3  # its batches are chosen by draws, which have no mirror image
    options = {"acquisition": acquisition, "surrogate": BayesianRidge()}
    asked = make_told(SQUARE, [objective], outcome=bowl, **options).ask(n)
    mirrored = make_told(SQUARE, [mirror], outcome=lambda rows: -bowl(rows), **options).ask(n)
    np.testing.assert_allclose(asked[["x", "z"]], mirrored[["x", "z"]], rtol=1e-9)
    np.testing.assert_allclose(asked["y_mean"], -mirrored["y_mean"], rtol=1e-6)
    np.testing.assert_allclose(asked["y_std"], mirrored["y_std"], rtol=1e-6)


def test_optimum_outside_the_feasible_region_is_not_the_best_and_proposals_stay_inside():
    objectives = [Minimize("y"), OutcomeConstraint("peak", lower=950)]
    optimizer = gaussian_process_optimizer(LINE, objectives, fixed_gaussian_process())

    def outcome(rows):  # feasible from x = 0.5, where y is 0.04; the minimum at x = 0.3 is not
        return {"y": parabola(rows), "peak": 900 + 100 * rows["x"]}

    run(optimizer, outcome, 14)
    best = optimizer.best()
    assert best["peak"] >= 950
    assert best["y"] < 0.06
    assert (optimizer.data["x"].tail(5) > 0.49).sum() >= 4


def test_without_a_feasible_row_ask_looks_for_one_and_best_says_so():
    objectives = [Minimize("y"), OutcomeConstraint("peak", lower=2)]
    optimizer = BayesianOptimizer(
        LINE, objectives, surrogate=BayesianRidge(), n_candidates=128, random_state=0
    )
    rows = np.linspace(0, 0.7, 8)
    optimizer.tell(rows, {"y": rows, "peak": 2.5 * rows})
    with pytest.raises(InvalidDataError, match="None of the 8 measured row"):
        optimizer.best()
    assert optimizer.ask()["x"].iloc[0] > 0.75


def test_a_batch_does_not_crowd_at_the_promising_row(make_told):
    batch = make_told(n=8, outcome=parabola, surrogate=BayesianRidge()).ask(3)
    gaps = np.diff(np.sort(batch["x"]))
    assert gaps.min() > 0.01


def test_best_without_rows_or_with_failures_only_says_so(make_optimizer):
    optimizer = make_optimizer()
    with pytest.raises(InvalidDataError, match="None of the 0 measured"):
        optimizer.best()
    optimizer.tell([[0.5]], [np.nan])
    with pytest.raises(InvalidDataError, match="None of the 0 measured"):
        optimizer.best()


def test_best_is_the_measured_row_with_the_best_utility(make_optimizer):
    rows, y = [[0.1], [0.2], [0.3], [0.4]], [3.0, np.nan, 1.0, 2.0]
    expected = {Minimize("y"): 0.3, Maximize("y"): 0.1, Target("y", 2.1, tolerance=1): 0.4}
    for objective, x in expected.items():
        optimizer = make_optimizer(objectives=[objective])
        optimizer.tell(rows, y)
        assert optimizer.best()["x"] == x
        assert list(optimizer.best().index) == ["x", "y", "y_mean"]


def test_with_noise_the_best_row_is_the_one_believed_in_not_the_luckiest(make_optimizer):
    """A line rises to the right; one value at the wrong end was lucky."""
    x = np.linspace(0.0, 1.0, 12)
    y = -x + 0.01 * np.cos(40 * x)
    y[1] = -1.2
    optimizer = make_optimizer(surrogate=BayesianRidge(), n_initial=5)
    optimizer.tell(x[:, None], y)
    best = optimizer.best()
    assert best["x"] == 1.0
    assert best["y"] == y[-1]
    assert best["y_mean"] == pytest.approx(-0.9, abs=0.25)
