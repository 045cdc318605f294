"""The suite on estimators of scikit-learn and bnnopt: what passes, what does not apply, what is said."""

import pickle
import sys
from contextlib import nullcontext
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.linear_model import ARDRegression, BayesianRidge, LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state

from bnnopt.exceptions import InvalidDataError, UnknownNameError
from bnnopt.surrogates import SURROGATES, make_surrogate
from bnnopt.testing import ConformanceError, check_surrogate, surrogate_checks

TABLE = check_surrogate.__doc__.split("====\n")[2]
CHECKS = [line.split()[0] for line in TABLE.splitlines() if line[4:5].strip()][:-1]
OF_DRAWS = {name for name in CHECKS if "draws" in name}
OF_NOISE = {"noise_adds_to_std", "draws_agree_at_the_same_point"}
OF_PROTOCOL = {
    "noise_variance_comes_on_top",
    "quantiles_rise_around_the_mean",
    "mixture_has_the_moments_of_predict",
    "gradients_are_slopes_of_the_mixture",
    "held_out_rows_are_those_of_the_fit",
    "held_out_moments_are_finite",
}
OF_HELD_OUT = {"held_out_rows_are_those_of_the_fit", "held_out_moments_are_finite"}
OF_QUANTILES = {"quantiles_rise_around_the_mean"}
ONE_NETWORK = {"keras_mc_dropout", "mc_dropout_paper"}
OF_TWO_OUTPUTS = {"shapes_of_two_outputs", "shapes_of_draws_of_two_outputs"}


def gaussian_process():
    kernel = ConstantKernel() * RBF([1.0, 1.0]) + WhiteKernel(0.1)
    return GaussianProcessRegressor(kernel, normalize_y=True)


class Recorder(BayesianRidge):
    """Bayesian regression that counts its fits and keeps the seeds it was given."""

    fits: ClassVar[list] = []

    def __init__(self, random_state=None):
        super().__init__()
        self.random_state = random_state

    def fit(self, X, y):
        self.fits.append((X.shape, self.random_state))
        check_random_state(self.random_state).random_sample()  # without a seed, the global one
        return super().fit(X, y)


class TurnsDeterminismOn(BayesianRidge):
    def fit(self, X, y):
        sys.modules["tensorflow"].is_deterministic = True
        return super().fit(X, y)


@pytest.mark.parametrize(
    ("estimator", "not_applicable"),
    [
        (gaussian_process(), OF_NOISE | OF_PROTOCOL),
        (make_pipeline(StandardScaler(), gaussian_process()), OF_DRAWS | OF_NOISE | OF_PROTOCOL),
        (BayesianRidge(), OF_DRAWS | OF_NOISE | OF_PROTOCOL | OF_TWO_OUTPUTS),
        (ARDRegression(), OF_DRAWS | OF_NOISE | OF_PROTOCOL | OF_TWO_OUTPUTS),
        ("gaussian_process", OF_PROTOCOL - OF_HELD_OUT - OF_QUANTILES | OF_TWO_OUTPUTS),
    ],
    ids=["gp", "pipeline", "bayesian_ridge", "ard_regression", "gaussian_process"],
)
def test_an_estimator_passes_what_applies_to_it(estimator, not_applicable):
    report = check_surrogate(estimator)
    assert set(report.not_applicable) == not_applicable
    assert report.passed == tuple(name for name in CHECKS if name not in not_applicable)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(SURROGATES) - ONE_NETWORK))
def test_every_registered_surrogate_passes(name):
    assert check_surrogate(name).passed


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(ONE_NETWORK))
def test_one_network_does_not_get_surer_with_data(name):
    """The spread of one network under a fixed rate of dropout does not depend on the number of rows."""
    with pytest.raises(ConformanceError) as caught:
        check_surrogate(name)
    assert set(caught.value.failures) == {"std_shrinks_with_data"}


def test_what_is_missing_is_said():
    report = check_surrogate(
        BayesianRidge(),
        checks=[
            "shapes_of_two_outputs",
            "draws_agree_at_the_same_point",
            "gradients_are_slopes_of_the_mixture",
        ],
    )
    assert report.passed == ()
    assert report.not_applicable == {
        "shapes_of_two_outputs": "needs several outputs (the tag multi_output)",
        "draws_agree_at_the_same_point": "needs sample_y and the keyword noise of predict",
        "gradients_are_slopes_of_the_mixture": "needs the keyword return_gradient of predict_mixture",
    }


def test_chosen_checks_are_run_in_their_order():
    names = ["std_grows_away_from_data", "fit_returns_self"]
    assert check_surrogate(BayesianRidge(), checks=names).passed == tuple(names)


def test_the_docstring_has_every_check():
    report = check_surrogate(gaussian_process())
    assert sorted([*report.passed, *report.not_applicable]) == sorted(CHECKS)


def test_a_regressor_without_std_is_told_once():
    with pytest.raises(ConformanceError) as caught:
        check_surrogate(LinearRegression())
    lines = str(caught.value).splitlines()
    assert lines[0] == f"LinearRegression failed {len(caught.value.failures)} check(s):"
    assert len(lines) == 2
    assert "predict() got an unexpected keyword argument 'return_std'" in lines[1]
    assert "std_grows_away_from_data" in lines[1]


def test_the_error_names_check_expectation_and_what_came():
    class Halved(BayesianRidge):
        def predict(self, X, return_std=False):
            values = super().predict(X, return_std)
            return values if return_std else values[:16]

    with pytest.raises(ConformanceError) as caught:
        check_surrogate(Halved(), checks=["shapes_of_one_output", "fit_returns_self"])
    expected = "  shapes_of_one_output: expected predict(X) of shape (32,), got (16,)"
    assert str(caught.value) == f"Halved failed 1 check(s):\n{expected}"
    assert isinstance(caught.value, AssertionError)
    assert len(caught.value.__cause__.exceptions) == 1


def test_the_error_can_be_pickled():
    error = pickle.loads(pickle.dumps(ConformanceError("Mine", {"fit_returns_self": "nothing came"})))
    assert error.failures == {"fit_returns_self": "nothing came"}
    assert str(error) == "Mine failed 1 check(s):\n  fit_returns_self: nothing came"


def test_one_by_one_the_checks_are_those_that_apply():
    checks = surrogate_checks(BayesianRidge())
    assert [name for name, _ in checks] == list(check_surrogate(BayesianRidge()).passed)
    assert [check() for _, check in checks] == [None] * len(checks)


def test_one_by_one_a_failure_names_its_check():
    checks = dict(surrogate_checks(LinearRegression()))
    checks["fit_returns_self"]()
    with pytest.raises(ConformanceError, match="pickling_keeps_predictions: raised TypeError"):
        checks["pickling_keeps_predictions"]()


def test_a_suite_fits_clones_few_times_on_few_rows_with_one_seed():
    Recorder.fits.clear()
    estimator = Recorder()
    check_surrogate(make_pipeline(StandardScaler(), estimator), random_state=3)
    shapes, seeds = zip(*Recorder.fits, strict=True)
    assert sorted(shapes) == [(8, 2), (64, 2), (64, 2), (64, 2)]
    assert len(set(seeds)) == 1
    assert None not in seeds
    assert not hasattr(estimator, "coef_")


def test_the_seed_is_an_argument():
    Recorder.fits.clear()
    for seed in (3, 3, 4, np.random.default_rng(3)):
        check_surrogate(Recorder(), random_state=seed, checks=["fit_returns_self"])
    seeds = [seed for _, seed in Recorder.fits]
    assert seeds[0] == seeds[1] == seeds[3] != seeds[2]


@pytest.mark.parametrize("is_on", [False, True])
def test_op_determinism_is_asked_of_a_tensorflow_that_is_loaded(monkeypatch, is_on):
    """A stand-in for TensorFlow refuses random ops without a seed once determinism is on."""

    class Graph:
        def as_default(self):
            return nullcontext()

    def uniform(shape):
        if tensorflow.is_deterministic:
            raise RuntimeError("Random ops require a seed to be set when determinism is enabled.")

    random = SimpleNamespace(uniform=uniform)
    tensorflow = SimpleNamespace(is_deterministic=False, Graph=Graph, random=random)
    monkeypatch.setitem(sys.modules, "tensorflow", tensorflow)
    if not is_on:
        assert check_surrogate(BayesianRidge(), checks=["globals_stay_unchanged"]).passed
        return
    with pytest.raises(ConformanceError, match="got a change of the op determinism of TensorFlow"):
        check_surrogate(TurnsDeterminismOn(), checks=["globals_stay_unchanged"])


def test_unknown_checks_and_surrogates_are_named():
    with pytest.raises(UnknownNameError, match="Did you mean 'fit_returns_self'"):
        check_surrogate(BayesianRidge(), checks=["fit_return_self"])
    with pytest.raises(UnknownNameError, match="Unknown surrogate 'gp'"):
        check_surrogate("gp")


@pytest.mark.parametrize("n_draws", [63, 100.5])
def test_too_few_draws_are_refused(n_draws):
    with pytest.raises(InvalidDataError, match="n_draws must be a whole number of at least 64"):
        surrogate_checks(BayesianRidge(), n_draws=n_draws)


@pytest.mark.parametrize("thing", [None, 3, BaseEstimator(), BayesianRidge])
def test_what_is_no_estimator_is_refused(thing):
    with pytest.raises(TypeError, match="estimator"):
        check_surrogate(thing)


def test_a_registered_name_stands_for_its_surrogate():
    names = [name for name, _ in surrogate_checks("gaussian_process")]
    assert names == [name for name, _ in surrogate_checks(make_surrogate("gaussian_process"))]
