"""Retrainings, sweeps, and verdicts on models known to overfit, to underfit and to fit."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.dummy import DummyRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler

from bnnopt import BayesianStackingRegressor, GaussianProcessEnsembleRegressor
from bnnopt.exceptions import InvalidDataError, UnknownNameError
from bnnopt.metrics import retraining_agreement
from bnnopt.model_selection import (
    LaterCohortSplit,
    check_fit,
    input_sweeps,
    judge_fit,
    retrain,
    retrained_predictions,
)

RNG = np.random.default_rng(0)
X3 = RNG.uniform(0, 1, (80, 3))
Y3 = np.sin(np.pi * X3[:, 0]) + X3[:, 1] ** 2 + RNG.normal(0, 0.15, 80)
X1 = RNG.uniform(0, 1, (40, 1))
Y1 = np.sin(np.pi * X1[:, 0]) + RNG.normal(0, 0.15, 40)
SOUND = {"train_r2": 0.9, "held_out_r2": 0.8, "agreement": 0.99, "roughness": 0.8}


def network(*sizes, **parameters):
    return MLPRegressor(hidden_layer_sizes=sizes, solver="lbfgs", max_iter=2000, tol=1e-3, **parameters)


class Seeded(RegressorMixin, BaseEstimator):
    """Predicts its seed plus the number of rows it was fitted to."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, X, y):
        self.constant_ = self.random_state + len(X)
        return self

    def predict(self, X):
        return np.full(len(X), float(self.constant_))


@pytest.mark.parametrize("wrap", [lambda model: model, lambda model: make_pipeline(StandardScaler(), model)])
def test_clones_differ_in_their_seeds(wrap):
    original = wrap(Seeded(random_state=1))
    models = retrain(original, X1, Y1, n_retrainings=4, random_state=0)
    seeds = [model.predict(X1[:1])[0] for model in models]
    assert len(set(seeds)) == 4
    assert [m.predict(X1[:1])[0] for m in retrain(original, X1, Y1, n_retrainings=4, random_state=0)] == seeds
    assert not hasattr(original, "constant_")


def test_members_of_a_stacking_get_other_seeds_too():
    processes = GaussianProcessEnsembleRegressor(["matern_5_2"], n_members=1, random_state=0)
    stacking = BayesianStackingRegressor([("processes", processes)])
    models = retrain(stacking, X1, Y1, n_retrainings=2, random_state=0)
    assert len({0, *(model.get_params()["processes__random_state"] for model in models)}) == 3
    assert processes.random_state == 0


def test_predictions_are_those_of_the_clones():
    table = retrained_predictions(Seeded(), X1, Y1, X1[:3], n_retrainings=2, random_state=0)
    models = retrain(Seeded(), X1, Y1, n_retrainings=2, random_state=0)
    assert table.tolist() == [model.predict(X1[:3]).tolist() for model in models]
    two = retrained_predictions(LinearRegression(), X1, np.column_stack([Y1, Y1]), X1[:3], n_retrainings=2)
    assert two.shape == (2, 3, 2)
    assert retraining_agreement(two).tolist() == [1.0, 1.0]


def test_one_retraining_is_no_comparison():
    with pytest.raises(InvalidDataError, match="at least 2 for a comparison, got 1"):
        retrain(Seeded(), X1, Y1, n_retrainings=1)


class Weighted:
    def predict(self, X):
        return np.asarray(X, dtype=float) @ [10.0, 1.0]


def test_sweeps_by_hand():
    sweeps = input_sweeps(Weighted(), [[1.0, 5.0], [3.0, 5.0]], n_points=3)
    assert list(sweeps) == [0]  # the other column does not vary
    assert sweeps[0].values.tolist() == [1, 2, 3]
    assert sweeps[0].predictions.tolist() == [[15, 25, 35], [15, 25, 35]]
    assert sweeps[0].roughness == 0.0


def test_a_table_is_swept_as_a_table_with_its_text_held():
    rows = pd.DataFrame({"T": [50, 70], "solvent": ["ODE", "OLA"], "dry": [True, False]}, index=[4, 4])
    encode = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LinearRegression()).fit(rows, [0.0, 1.0])
    before = rows.copy()
    assert list(input_sweeps(encode, rows, n_points=3)) == ["T"]
    assert input_sweeps(encode, rows, {"T": (0, 100)}, n_points=5)["T"].predictions.shape == (2, 5)
    pd.testing.assert_frame_equal(rows, before)


@pytest.mark.parametrize(
    ("rows", "options", "error", "message"),
    [
        ([[1.0, 2.0]], {}, InvalidDataError, "No column of numbers varies"),
        (np.empty((0, 2)), {}, InvalidDataError, r"got 0 row\(s\)"),
        ([[1.0, 2.0]], {"n_points": 2}, InvalidDataError, "n_points=2"),
        ([[1.0, 2.0]], {"ranges": {0: (2, 1)}}, InvalidDataError, "lower < upper"),
        ([[1.0, 2.0]], {"ranges": {"T": (0, 1)}}, UnknownNameError, r"'T'. Known: \[0, 1\]"),
    ],
)
def test_what_cannot_be_swept_is_refused(rows, options, error, message):
    with pytest.raises(error, match=message):
        input_sweeps(Weighted(), rows, **options)


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, "fits"),
        ({"train_r2": 0.69, "held_out_r2": 0.6}, "underfits"),
        ({"train_r2": 0.69, "held_out_r2": 0.6, "noise_share": 0.1}, "fits"),
        ({"train_r2": 0.69, "held_out_r2": 0.6, "min_explained": 0.6}, "fits"),
        ({"held_out_r2": 0.59}, "overfits"),
        ({"held_out_r2": 0.59, "max_gap": 0.35}, "fits"),
        ({"agreement": 0.89}, "overfits"),
        ({"agreement": 0.89, "min_agreement": 0.75}, "fits"),
        ({"roughness": 1.6}, "overfits"),
        ({"roughness": 1.6, "max_roughness": 2.0}, "fits"),
        ({"train_r2": 0.1, "agreement": 0.2}, "underfits"),
    ],
)
def test_the_limits_by_hand(changed, verdict):
    assert judge_fit(**SOUND | changed).verdict == verdict


def test_a_verdict_says_its_reasons():
    verdict = judge_fit(**SOUND | {"agreement": 0.5, "roughness": 3.0})
    assert verdict.reasons == (
        "agreement of retrained models is 0.50; at least 0.90 was expected",
        "roughness of sweeps is 3.00; at most 1.50 was expected",
    )
    assert str(verdict) == f"overfits: {'; '.join(verdict.reasons)}"
    assert str(judge_fit(**SOUND)) == "fits"


def test_figures_that_are_no_numbers_are_refused():
    with pytest.raises(InvalidDataError, match="agreement of retrained models must be a number"):
        judge_fit(**SOUND | {"agreement": np.nan})
    with pytest.raises(InvalidDataError, match=r"noise_share must be a number in \[0, 1\], got 1\.5"):
        judge_fit(**SOUND, noise_share=1.5)


def smooth_process():
    return GaussianProcessRegressor(RBF(0.5, "fixed") + WhiteKernel(0.03, "fixed"), normalize_y=True)


@pytest.mark.parametrize(
    ("model", "X", "y", "verdict"),
    [
        (KNeighborsRegressor(1), X1, Y1, "overfits"),
        (KNeighborsRegressor(1), X3, Y3, "overfits"),
        (make_pipeline(PolynomialFeatures(6), LinearRegression()), X3, Y3, "overfits"),
        (network(30, 30, alpha=0), X3[:40], Y3[:40], "overfits"),
        (DummyRegressor(), X1, Y1, "underfits"),
        (DummyRegressor(), X3, Y3, "underfits"),
        (LinearRegression(), X1, Y1, "underfits"),
        (network(10, alpha=300), X3, Y3, "underfits"),
        (make_pipeline(PolynomialFeatures(2), LinearRegression()), X1, Y1, "fits"),
        (make_pipeline(PolynomialFeatures(2), LinearRegression()), X3, Y3, "fits"),
        (network(10, activation="tanh", alpha=0.1), X3, Y3, "fits"),
        (smooth_process(), X3, Y3, "fits"),
    ],
)
def test_models_known_to_over_and_underfit(model, X, y, verdict):
    check = check_fit(model, X, y, cv=2, n_retrainings=2, random_state=0).verdict()
    assert check.verdict == verdict, str(check)


def test_each_figure_shows_the_fault_it_is_meant_for():
    neighbour = check_fit(KNeighborsRegressor(1), X1, Y1, random_state=0)
    assert neighbour.train_r2[0] == 1.0
    assert neighbour.agreement[0] == 1.0  # it knows no chance
    assert neighbour.roughness[0] > 2
    large = check_fit(network(30, 30, alpha=0), X3[:40], Y3[:40], cv=2, random_state=1)
    small = check_fit(network(10, activation="tanh", alpha=0.1), X3, Y3, cv=2, random_state=1)
    assert large.agreement[0] < 0.9 < 0.99 < small.agreement[0]
    assert large.roughness[0] > small.roughness[0]


def test_noise_alone_is_not_called_underfitted():
    y = 2 * X3[:, 0] + RNG.normal(0, 0.6, 80)
    check = check_fit(LinearRegression(), X3, y, random_state=0)
    assert check.train_r2[0] < 0.7
    assert check.verdict().verdict == "fits"
    assert check_fit(LinearRegression(), X3, y, noise=0.0, random_state=0).verdict().verdict == "underfits"


def noise_share(X, y, noise=None):
    options = {"cv": 2, "n_retrainings": 2, "n_points": 3, "random_state": 0}
    return check_fit(DummyRegressor(), X, y, noise=noise, **options).noise_share.tolist()


def test_the_noise_share_by_hand():
    X, y = [[0.0], [1.0], [3.0], [7.0]], np.array([0.0, 2.0, 6.0, 8.0])  # differences 2, 2, 4, 2; variance 10
    assert noise_share(X, y) == [pytest.approx(0.5 * (4 + 4 + 16 + 4) / 4 / 10)]
    assert noise_share(np.multiply(X, [[1e9]]), y) == noise_share(X, y)  # columns are scaled
    assert noise_share(X, y, 2.0) == [pytest.approx(0.4)]
    assert noise_share(X, y, 99.0) == [1.0]
    repeated = [[0.0], [0.0], [3.0], [3.0]]  # variance within: (2 + 2) / 2
    assert noise_share(repeated, y) == [pytest.approx(0.2)]
    assert noise_share(X, np.ones(4), 1.0) == [1.0]
    with pytest.raises(InvalidDataError, match="noise must be finite and at least 0, one number or 1"):
        noise_share(X, y, [1.0, 2.0])


def test_levels_that_differ_in_every_row_say_nothing_of_the_noise():
    class Constant(RegressorMixin, BaseEstimator):
        def fit(self, X, y):
            return self

        def predict(self, X):
            return np.zeros(len(X))

    X = pd.DataFrame({"lot": ["a", "b", "c", "d"], "T": 20.0})
    check = check_fit(Constant(), X, [0.0, 2.0, 6.0, 8.0], cv=2, n_retrainings=2, ranges={"T": (0, 40)})
    assert check.noise_share.tolist() == [0.0]


def test_a_check_of_a_table_with_two_outputs_on_later_cohorts():
    X = pd.DataFrame(X3, columns=["T", "OLA", "lot"], index=range(100, 180))
    X["lot"] = np.repeat(["a", "b"], 40)
    y = pd.DataFrame({"peak": 900 + 100 * X["T"], "width": -X["OLA"]})
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), DummyRegressor())
    check = check_fit(model, X, y, cv=LaterCohortSplit(), groups=X["lot"], n_sweeps=4, n_points=5)
    assert check.outcomes.tolist() == y.to_numpy()[40:].tolist()
    assert check.predictions.shape == (3, 40, 2)
    assert {name: s.predictions.shape for name, s in check.sweeps.items()} == {
        "T": (4, 5, 2),
        "OLA": (4, 5, 2),
    }
    np.testing.assert_allclose(check.predictions[0, 0], y.to_numpy()[:40].mean(axis=0))
    assert check.train_r2.tolist() == pytest.approx([0.0, 0.0])
    assert check.verdict(output=1).verdict == "underfits"
    with pytest.raises(InvalidDataError, match="output must be a number from 0 to 1, got 2"):
        check.verdict(output=2)


def test_the_same_seed_gives_the_same_check():
    first, second = (check_fit(network(3), X1, Y1, cv=2, n_retrainings=2, random_state=3) for _ in range(2))
    assert np.array_equal(first.predictions, second.predictions)
    assert np.array_equal(first.sweeps[0].predictions, second.sweeps[0].predictions)


def test_a_check_without_sweeps_or_comparison_is_refused():
    with pytest.raises(InvalidDataError, match=r"got 0 row\(s\)"):
        check_fit(DummyRegressor(), X1, Y1, n_sweeps=0)
    with pytest.raises(InvalidDataError, match="No column of numbers varies"):
        check_fit(DummyRegressor(), np.ones((40, 1)), Y1)
    with pytest.raises(InvalidDataError, match="n_retrainings must be a whole number of at least 2"):
        check_fit(DummyRegressor(), X1, Y1, n_retrainings=1)
