"""Any regressor with `return_std` serves as a surrogate; it is fitted once for what was told."""

import numpy as np
import pandas as pd
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF
from sklearn.linear_model import BayesianRidge, LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bnnopt import MCDropoutRegressor, Minimize, OutcomeConstraint, Real, SearchSpace
from bnnopt.acquisition import get_acquisition
from bnnopt.exceptions import InvalidDataError, UnknownNameError

PLANE = SearchSpace([Real("x", -2, 2), Real("z", 10, 1000, scale="log")])
TWO_OUTCOMES = [Minimize("y"), OutcomeConstraint("peak", lower=0.2)]


def plane_outcome(rows):
    return rows["x"] + np.log10(rows["z"])


def two_outcomes(rows):
    return {"y": rows["x"], "peak": 2 * rows["x"]}


def small_gaussian_process():
    return GaussianProcessRegressor(RBF(0.5), alpha=1e-3, optimizer=None)


@pytest.mark.parametrize(
    "surrogate",
    [
        small_gaussian_process(),
        BayesianRidge(),
        make_pipeline(StandardScaler(), small_gaussian_process()),
        make_pipeline(StandardScaler(), BayesianRidge()),
        "gaussian_process",
        MCDropoutRegressor(max_iter=150, n_networks=2),
    ],
    ids=["gpr", "ridge", "scaled gpr", "scaled ridge", "gaussian_process", "mc_dropout"],
)
def test_a_round_of_ask_and_tell_with_any_regressor(surrogate, make_told):
    optimizer = make_told(PLANE, n=7, outcome=plane_outcome, surrogate=surrogate)
    batch = optimizer.ask(2)
    assert len(batch) == 2
    assert PLANE.is_feasible(batch).all()
    assert np.isfinite(batch[["y_mean", "y_std", "score"]].to_numpy()).all()
    assert (batch["y_std"] > 0).all()
    optimizer.tell(batch, plane_outcome(batch))
    assert optimizer.summary()["n_measured"] == 9


def test_predictions_of_a_linear_model_are_those_of_the_line_in_user_units(make_told):
    optimizer = make_told(n=8, outcome=lambda rows: 1000 + 50 * rows["x"])
    batch = optimizer.ask(2, candidates=pd.DataFrame({"x": [0.25, 0.75]})).sort_values("x")
    np.testing.assert_allclose(batch["y_mean"], [1012.5, 1037.5], atol=0.01)


def test_the_surrogate_given_is_cloned_and_stays_unfitted(make_told):
    surrogate = BayesianRidge()
    make_told(surrogate=surrogate).ask()
    assert not hasattr(surrogate, "coef_")


def test_a_regressor_without_return_std_is_named(make_told):
    optimizer = make_told(surrogate=LinearRegression())
    with pytest.raises(InvalidDataError, match=r"LinearRegression cannot be used.*return_std"):
        optimizer.ask()
    assert optimizer.pending.empty


@pytest.mark.parametrize("wrong", [None, 3, object()])
def test_what_is_no_estimator_is_refused_at_once(wrong, make_optimizer):
    with pytest.raises(TypeError, match="surrogate must be one of"):
        make_optimizer(surrogate=wrong)


def test_unknown_names_list_the_known_ones(make_optimizer):
    with pytest.raises(UnknownNameError, match=r"Unknown surrogate 'gp'.*gaussian_process.*mc_dropout"):
        make_optimizer(surrogate="gp")
    with pytest.raises(UnknownNameError, match=r"Unknown acquisition 'logei'.*log_ei.*Did you mean 'log_ei'"):
        make_optimizer(acquisition="logei")
    with pytest.raises(UnknownNameError, match=r"Unknown design method 'sobolev'.*latin_hypercube.*sobol"):
        make_optimizer(initial_design="sobolev")


def test_a_joint_estimator_is_fitted_once_on_all_outcomes(known_joint_moments, make_told):
    optimizer = make_told(objectives=TWO_OUTCOMES, outcome=two_outcomes, surrogate=known_joint_moments())
    optimizer.ask()
    assert known_joint_moments.fits == ((6, 2),)


def test_any_other_estimator_is_fitted_once_for_each_outcome(known_moments, make_told):
    optimizer = make_told(objectives=TWO_OUTCOMES, outcome=two_outcomes, surrogate=known_moments())
    optimizer.ask()
    assert known_moments.fits == ((6,), (6,))


def test_ask_fits_again_only_when_something_was_told(known_moments, make_told):
    optimizer = make_told(surrogate=known_moments())
    assert known_moments.fits == ()
    batch = optimizer.ask()
    optimizer.ask(3)
    optimizer.withdraw(batch)
    optimizer.ask(candidates=pd.DataFrame({"x": [0.5]}))
    assert known_moments.fits == ((6,),)
    optimizer.tell([[0.1]], [0.0])
    optimizer.ask()
    assert known_moments.fits == ((6,), (7,))


@pytest.mark.parametrize("joint", [False, True])
def test_predictions_are_of_a_new_observation_in_the_units_of_each_outcome(
    joint, known_moments, known_joint_moments, make_optimizer
):
    surrogate = known_joint_moments() if joint else known_moments()
    optimizer = make_optimizer(objectives=TWO_OUTCOMES, surrogate=surrogate, n_initial=2)
    optimizer.tell([[0.0], [1.0]], [[10.0, -1.0], [14.0, 1.0]])  # means 12 and 0, standard deviations 2 and 1
    batch = optimizer.ask(candidates=pd.DataFrame({"x": [0.5]}))
    row = batch[["y_mean", "y_std", "peak_mean", "peak_std"]].iloc[0]
    np.testing.assert_allclose(row, [13.0, 1.0, 0.5, 0.5])


def test_the_score_is_the_acquisition_of_the_function_without_noise(known_moments, make_optimizer):
    acquisition = get_acquisition("ucb", kappa=3.0)
    optimizer = make_optimizer(surrogate=known_moments(), acquisition=acquisition, n_initial=2)
    optimizer.tell([[0.0], [1.0]], [10.0, 14.0])
    batch = optimizer.ask(candidates=pd.DataFrame({"x": [0.5]}))
    assert batch["score"].iloc[0] == pytest.approx(-13.0 + 3.0 * 0.4)
