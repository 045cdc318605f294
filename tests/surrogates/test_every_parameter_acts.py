"""Each parameter changed to another valid value changes predictions, with few rows and with many."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import BayesianRidge

from bnnopt.surrogates import (
    BayesianStackingRegressor,
    GaussianProcessEnsembleRegressor,
    MCDropoutRegressor,
)

NEW = np.random.default_rng(1).random((9, 3))

NETWORKS = MCDropoutRegressor((8,), n_networks=2, max_iter=300, n_masks=3, random_state=0)
PROCESSES = GaussianProcessEnsembleRegressor(random_state=0)
STACKING = BayesianStackingRegressor(
    [("processes", GaussianProcessEnsembleRegressor(["matern_5_2"], n_members=1)), ("line", BayesianRidge())],
    random_state=0,
)

OTHER = {
    "networks": {
        "hidden_layer_sizes": (9,),
        "activation": "tanh",
        "dropout": 0.2,
        "alpha": 1.0,
        "output_weights": (1.0, 0.1),
        "n_networks": 3,
        "n_masks": 4,
        "learning_rate_init": 0.02,
        "max_iter": 350,
        "batch_size": 16,
        "early_stopping": True,
        "validation_fraction": 0.3,
        "n_iter_no_change": 20,
        "tol": 1e6,
        "warm_start": True,
        "callbacks": [],
        "verbose": 1,
        "random_state": 1,
    },
    "processes": {
        "kernels": ["exponential_by_rank"],
        "n_members": 2,
        "noise": "input_dependent",
        "calibrate": True,
        "random_state": 1,
    },
    "stacking": {
        "estimators": [("line", BayesianRidge()), ("processes", PROCESSES)],
        "calibrate": True,
        "random_state": 1,
    },
}
ELSEWHERE = {"processes": {"one_hot_columns"}}  # needs columns of levels: see test_one_hot_columns
MODELS = {"networks": NETWORKS, "processes": PROCESSES, "stacking": STACKING}
WHERE = {  # what else has to be set for a parameter to have something to act on
    ("networks", "early_stopping"): {"max_iter": 5000, "alpha": 0.0, "learning_rate_init": 0.05},
    ("networks", "validation_fraction"): {"n_networks": 1, "early_stopping": True},
    ("networks", "n_iter_no_change"): {
        "max_iter": 5000,
        "early_stopping": True,
        "tol": 0.0,
        "learning_rate_init": 0.05,
        "dropout": 0.5,
    },
    ("networks", "tol"): {"max_iter": 2000, "early_stopping": True, "n_iter_no_change": 2},
}
INERT = {
    ("networks", "early_stopping"): "a training that is as good at its end stops there",
    (
        "networks",
        "validation_fraction",
    ): "several networks leave rows out in any case; and only to stop early",
    ("networks", "n_iter_no_change"): "only for early stopping",
    ("networks", "tol"): "only for early stopping",
    ("networks", "warm_start"): "at a first fit there is nothing to go on from",
    ("networks", "callbacks"): "they watch",
    ("networks", "verbose"): "it shows",
}
PAIRS = [(name, parameter) for name, others in OTHER.items() for parameter in others]


def table(n_rows):
    """The noise grows with the first input; the outputs want unlike functions of one hidden layer."""
    rng = np.random.default_rng(0)
    X = rng.random((n_rows, 3))
    noise = (0.05 + 0.4 * X[:, 0])[:, None] * rng.standard_normal((n_rows, 2))
    return X, np.column_stack([np.sin(5 * X[:, 0]), 100 * X[:, 1] * X[:, 2]]) + noise * [1.0, 30.0]


FITTED = {}


def numbers(name, n_rows, **parameters):
    """Mean and standard deviations with and without noise, fitted once for each setting."""
    key = (name, n_rows, repr(sorted(parameters.items())))
    if key not in FITTED:
        model = clone(MODELS[name]).set_params(**parameters).fit(*table(n_rows))
        mean, std = model.predict(NEW, return_std=True)
        FITTED[key] = np.stack([mean, std, model.predict(NEW, return_std=True, noise=False)[1]])
    return FITTED[key]


@pytest.mark.parametrize("name", MODELS)
def test_every_parameter_is_here(name):
    known = set(OTHER[name]) | ELSEWHERE.get(name, set())
    assert known == set(MODELS[name].get_params(deep=False))


@pytest.mark.slow
@pytest.mark.parametrize("n_rows", [40, 400])
@pytest.mark.parametrize(("name", "parameter"), [pair for pair in PAIRS if pair not in INERT])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_another_value_changes_predictions(name, parameter, n_rows):
    changed = numbers(name, n_rows, **{parameter: OTHER[name][parameter]})
    assert np.any(changed != numbers(name, n_rows))


@pytest.mark.slow
@pytest.mark.parametrize("n_rows", [40, 400])
@pytest.mark.parametrize(("name", "parameter"), WHERE)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_what_has_something_to_act_on_changes_predictions(name, parameter, n_rows):
    setting = WHERE[name, parameter]
    changed = numbers(name, n_rows, **(setting | {parameter: OTHER[name][parameter]}))
    assert np.any(changed != numbers(name, n_rows, **setting))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "parameter"), INERT)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_what_is_said_to_change_nothing_changes_nothing(name, parameter, capsys):
    changed = numbers(name, 40, **{parameter: OTHER[name][parameter]})
    np.testing.assert_array_equal(changed, numbers(name, 40))


@pytest.mark.slow
@pytest.mark.parametrize("parameter", ["alpha", "dropout"])
def test_parameters_of_members_act_behind_their_name(parameter):
    members = [("networks", clone(NETWORKS).set_params(max_iter=20, random_state=None))]
    model = BayesianStackingRegressor(members, random_state=0)
    X, y = table(40)
    plain = clone(model).fit(X, y).predict(NEW)
    changed = clone(model).set_params(**{f"networks__{parameter}": 0.5}).fit(X, y).predict(NEW)
    assert np.any(changed != plain)
