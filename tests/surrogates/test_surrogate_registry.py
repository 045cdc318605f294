"""Surrogates by name."""

import pytest
from sklearn.linear_model import BayesianRidge, LinearRegression

import bnnopt.surrogates
from bnnopt.exceptions import InvalidDataError, UnknownNameError
from bnnopt.surrogates import (
    SURROGATES,
    ARDGaussianProcessRegressor,
    BayesianStackingRegressor,
    GaussianProcessEnsembleRegressor,
    KerasMCDropoutRegressor,
    MCDropoutRegressor,
    make_surrogate,
)

NAMES = [
    "auto",
    "gaussian_process",
    "gaussian_process_ensemble",
    "keras_mc_dropout",
    "mc_dropout",
    "mc_dropout_paper",
]


def test_the_names_of_the_registry():
    assert list(SURROGATES) == NAMES


@pytest.mark.parametrize("name", SURROGATES)
def test_every_surrogate_is_made_by_its_name(name):
    surrogate = make_surrogate(name)
    assert hasattr(surrogate, "fit")
    assert not hasattr(surrogate, "n_features_in_")
    assert make_surrogate(name) is not surrogate


def test_parameters_reach_the_surrogate():
    assert make_surrogate("mc_dropout", dropout=0.3).dropout == 0.3
    paper = make_surrogate("mc_dropout_paper", max_iter=7)
    assert (paper.max_iter, paper.activation) == (7, "elu")
    assert make_surrogate("gaussian_process", n_restarts_optimizer=5).n_restarts_optimizer == 5


def test_an_unknown_name_lists_the_known_ones():
    message = f"Unknown surrogate 'mc_dropuot'. Known: {', '.join(NAMES)}"
    with pytest.raises(UnknownNameError, match=message):
        make_surrogate("mc_dropuot")
    with pytest.raises(ValueError, match="Did you mean 'mc_dropout'"):
        make_surrogate("mc_dropuot")


def test_an_estimator_is_cloned():
    fitted = BayesianRidge(max_iter=50).fit([[0.0], [1.0]], [0.0, 1.0])
    surrogate = make_surrogate(fitted, tol=0.1)
    assert surrogate is not fitted
    assert not hasattr(surrogate, "coef_")
    assert (surrogate.max_iter, surrogate.tol, fitted.tol) == (50, 0.1, 1e-3)


@pytest.mark.parametrize("thing", [None, 3, [1.0], object()])
def test_neither_name_nor_estimator(thing):
    with pytest.raises(TypeError, match=r"surrogate must be one of .*'mc_dropout'.* or an estimator"):
        make_surrogate(thing)


def test_an_unknown_parameter_is_named():
    with pytest.raises(TypeError, match="depth"):
        make_surrogate("mc_dropout", depth=3)
    with pytest.raises(ValueError, match="Invalid parameter 'depth'"):
        make_surrogate(LinearRegression(), depth=3)


def test_the_public_names():
    assert set(bnnopt.surrogates.__all__) == {
        "SURROGATES",
        "ARDGaussianProcessRegressor",
        "BayesianStackingRegressor",
        "BoundedRegressor",
        "GaussianProcessEnsembleRegressor",
        "HeldOutPredictions",
        "KerasMCDropoutRegressor",
        "MCDropoutRegressor",
        "TransferRegressor",
        "held_out_predictions",
        "make_surrogate",
        "needs_power_scale",
    }
    assert all(hasattr(bnnopt.surrogates, name) for name in bnnopt.surrogates.__all__)
    assert SURROGATES["auto"] is BayesianStackingRegressor
    assert SURROGATES["mc_dropout"] is MCDropoutRegressor
    assert SURROGATES["gaussian_process"] is ARDGaussianProcessRegressor
    assert SURROGATES["gaussian_process_ensemble"] is GaussianProcessEnsembleRegressor
    assert SURROGATES["keras_mc_dropout"] is KerasMCDropoutRegressor


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("mc_dropout", {"dropout": 2.0}, r"dropout must be a number in \[0, 1\), got 2.0"),
        ("mc_dropout", {"hidden_layer_sizes": "x"}, "hidden_layer_sizes must name at least one layer"),
        ("gaussian_process", {"n_restarts_optimizer": -1}, "n_restarts_optimizer must be a whole number"),
        ("gaussian_process_ensemble", {"kernels": []}, "kernels must name at least one"),
        ("keras_mc_dropout", {"model": "x"}, "model must be a build function or None"),
    ],
)
def test_a_parameter_out_of_its_range_is_refused_before_any_fit(name, parameters, message):
    with pytest.raises(InvalidDataError, match=message):
        make_surrogate(name, **parameters)


def test_parameters_of_members_are_checked_too():
    members = [("networks", MCDropoutRegressor(dropout="x")), ("linear", BayesianRidge())]
    with pytest.raises(InvalidDataError, match="MCDropoutRegressor: dropout must be"):
        make_surrogate(BayesianStackingRegressor(members))
