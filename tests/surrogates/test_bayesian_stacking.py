"""The stacking: members of any kind, shares by known densities, trials, what is left out, parameters."""

from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from scipy.special import logsumexp
from scipy.stats import norm
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.linear_model import BayesianRidge, LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import validate_data

from bnnopt.exceptions import InvalidDataError, MissingDependencyError
from bnnopt.surrogates import (
    ARDGaussianProcessRegressor,
    BayesianStackingRegressor,
    HeldOutPredictions,
    MCDropoutRegressor,
    make_surrogate,
)


class Stated(RegressorMixin, BaseEstimator):
    """Predicts a constant with a constant spread, for held-out rows too."""

    def __init__(self, mean=0.0, std=1.0, random_state=None):
        self.mean, self.std, self.random_state = mean, std, random_state

    def fit(self, X, y):
        validate_data(self, X, y)
        self.n_rows_ = len(X)
        return self

    def predict(self, X, return_std=False):
        mean = np.full(len(X), self.mean)
        return (mean, np.full(len(X), self.std)) if return_std else mean

    def predict_held_out(self):
        moments = np.full(self.n_rows_, self.mean), np.full(self.n_rows_, self.std**2)
        return HeldOutPredictions(np.arange(self.n_rows_), *moments)


class OnTrial(Stated):
    """Is tried with a smaller spread or another mean before it joins."""

    fits: ClassVar[list[float]] = []

    def __init__(self, mean=0.0, std=1.0, short_std=1.0, random_state=None):
        super().__init__(mean, std, random_state)
        self.short_std = short_std

    def fit(self, X, y):
        self.fits.append(self.std)
        return super().fit(X, y)

    @property
    def trial_parameters(self):
        return {"std": self.short_std}


class InParts(OnTrial):
    """Can pause: notes the share of its trial that each call makes, and of what it goes on."""

    def fit_trial(self, X, y, *, previous=None, share=1.0):
        self.made_ = round(share, 3) + (0.0 if previous is None else previous.made_)
        self.fits.append(round(share, 3))
        return super(OnTrial, self).fit(X, y)


class Missing(Stated):
    def fit(self, X, y):
        raise MissingDependencyError("It needs what is not here.")


class OneAtATime(Stated):
    """Goes on from an earlier fit."""

    def fit_after(self, previous, X, y):
        self.previous_ = previous
        return self.fit(X, y)


def table(n_rows=20, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.uniform(size=(n_rows, 2))
    return X, 5 + np.sin(6 * X[:, 0]) + 0.1 * rng.normal(size=n_rows)


def fitted(n_rows=20, **members):
    return BayesianStackingRegressor(list(members.items()), random_state=0).fit(*table(n_rows))


def test_shares_are_those_that_make_held_out_rows_most_likely():
    """On a grid of shares nothing is better under rows plus the prior of two rows for each member."""
    _, y = table(40)
    model = fitted(40, low=Stated(4.5, 0.5), high=Stated(5.5, 0.5))
    first = np.linspace(0.001, 0.999, 999)
    densities = [norm.logpdf(y, mean, 0.5) for mean in (4.5, 5.5)]
    mixed = np.logaddexp(np.log(first)[:, None] + densities[0], np.log1p(-first)[:, None] + densities[1])
    target = mixed.sum(axis=1) + 2 * (np.log(first) + np.log1p(-first))
    assert model.shares_.loc["low", 0] == pytest.approx(first[target.argmax()], abs=0.002)
    assert model.shares_.to_numpy().sum() == pytest.approx(1.0)


def test_moments_and_log_density_are_those_of_the_mixture():
    (X, y), model = table(), fitted(low=Stated(4.5, 0.5), high=Stated(5.5, 1.0))
    shares = model.shares_[0].to_numpy()
    mean, std = model.predict(X, return_std=True)
    middle = shares @ [4.5, 5.5]
    np.testing.assert_allclose(mean, middle)
    np.testing.assert_allclose(std**2, shares @ [0.25, 1.0] + shares @ (np.array([4.5, 5.5]) - middle) ** 2)
    logs = [norm.logpdf(y, 4.5, 0.5), norm.logpdf(y, 5.5, 1.0)]
    expected = logsumexp(logs, axis=0, b=shares[:, None]).mean() + np.log(y.std())
    assert model.held_out_log_density_ == pytest.approx(expected, rel=1e-6)
    assert model.noise_variance_ == 0.0  # no member can tell it


def test_a_member_of_next_to_no_share_does_not_predict():
    model = fitted(200, good=Stated(5.0, 0.8), bad=Stated(500.0, 0.1))
    assert list(model.estimators_) == ["good", "bad"]
    np.testing.assert_array_equal(model.predict(table()[0]), 5.0)
    assert len(model.predict_mixture(table()[0])[0]) == 1


def test_a_member_alone_is_itself(processes):
    X, y = table()
    alone = processes(kernels=["matern_5_2"], random_state=None)
    model = BayesianStackingRegressor([("only", alone)], random_state=0).fit(X, y)
    own = model.estimators_["only"]
    for noise in (True, False):
        np.testing.assert_allclose(
            model.predict(X, return_std=True, noise=noise),
            own.predict(X, return_std=True, noise=noise),
            rtol=1e-9,
        )
    assert model.noise_variance_ == pytest.approx(own.noise_variance_)
    assert model.held_out_log_density_ == pytest.approx(own.held_out_log_density_, abs=1e-6)


def test_a_member_on_trial_joins_where_held_out_rows_gain():
    OnTrial.fits.clear()
    model = fitted(60, poor=Stated(5.0, 5.0), tried=OnTrial(5.0, 0.8, short_std=0.7))
    assert OnTrial.fits == [0.7, 0.8]
    assert model.left_out_ == {}
    assert list(model.shares_.index) == ["poor", "tried"]


@pytest.mark.parametrize("short_std", [5.0, 50.0])
def test_a_member_on_trial_is_left_out_where_they_do_not_gain(short_std):
    OnTrial.fits.clear()
    model = fitted(60, tried=OnTrial(5.0, 0.8, short_std=short_std), poor=Stated(5.0, 5.0))
    assert OnTrial.fits == [short_std]
    assert list(model.shares_.index) == ["poor"]
    assert "a short trial changed the mean log density of held-out rows by" in model.left_out_["tried"]


def test_a_member_on_trial_that_stands_alone_is_not_tried():
    OnTrial.fits.clear()
    fitted(tried=OnTrial(5.0, 0.8))
    assert OnTrial.fits == [0.8]


def test_a_member_that_was_left_out_is_tried_again_at_half_as_many_rows_more():
    members = [("poor", Stated(5.0, 5.0)), ("tried", OnTrial(5.0, 0.8, short_std=50.0))]
    model = BayesianStackingRegressor(members, random_state=0).fit(*table(40))
    OnTrial.fits.clear()
    for n_rows, n_trials in ((50, 0), (59, 0), (60, 1), (80, 1)):
        model = clone(model).fit_after(model, *table(n_rows))
        assert len(OnTrial.fits) == n_trials
        assert list(model.left_out_) == ["tried"]


def test_a_trial_in_a_loop_is_made_in_parts_one_for_each_new_row():
    """At 40 rows whole; from 60 rows on a tenth a row, with a verdict at 70, and again from 105 on."""
    members = [("poor", Stated(5.0, 5.0)), ("tried", InParts(5.0, 0.8, short_std=50.0))]
    InParts.fits.clear()
    model = BayesianStackingRegressor(members, random_state=0).fit(*table(40))
    assert InParts.fits == [1.0]
    for n_rows, share in (
        (59, 0),
        (60, 0.1),
        (61, 0.1),
        (63, 0.2),
        (68, 0.5),
        (70, 0.1),
        (104, 0),
        (105, 0.1),
    ):
        InParts.fits.clear()
        model = clone(model).fit_after(model, *table(n_rows))
        assert InParts.fits == ([share] if share else [])
        assert f"at {40 if n_rows < 70 else 70} rows" in model.left_out_["tried"]


def test_a_trial_in_parts_lets_a_member_in_at_its_end():
    members = [("poor", Stated(5.0, 5.0)), ("tried", InParts(5.0, 0.8, short_std=50.0))]
    model = BayesianStackingRegressor(members, random_state=0).fit(*table(60))
    better = BayesianStackingRegressor(
        [members[0], ("tried", InParts(5.0, 0.8, short_std=0.8))], random_state=0
    )
    first = clone(better).fit_after(model, *table(90))
    assert first.left_out_ == {}  # all parts at once, for there are thirty new rows
    assert first.shares_.loc["tried", 0] > 0.5


def test_members_go_on_from_the_last_fit():
    model = BayesianStackingRegressor([("own", OneAtATime(5.0))], random_state=0).fit(*table())
    later = clone(model).fit_after(model, *table(25))
    assert later.estimators_["own"].previous_ is model.estimators_["own"]


def test_what_is_not_here_is_left_out_with_its_reason():
    model = fitted(here=Stated(5.0), gone=Missing())
    assert model.left_out_ == {"gone": "It needs what is not here."}
    with pytest.raises(MissingDependencyError, match="No member could be fitted: It needs what is not here"):
        fitted(gone=Missing())


def test_a_member_without_held_out_rows_is_cross_validated():
    """Rows are predicted by five fits that have not seen them."""
    X, y = table(40)
    model = BayesianStackingRegressor([("line", BayesianRidge())], random_state=0).fit(X, y)
    held_out = model.predict_held_out()
    assert held_out.rows.tolist() == list(range(40))
    np.testing.assert_allclose(held_out.mean, BayesianRidge().fit(X, y).predict(X), atol=0.3)
    assert np.mean((y - held_out.mean) ** 2) > np.mean((y - model.predict(X)) ** 2)


def test_a_pipeline_can_be_a_member_and_its_noise_is_told():
    X, y = table()
    pipeline = make_pipeline(StandardScaler(), ARDGaussianProcessRegressor(n_restarts_optimizer=0))
    model = BayesianStackingRegressor([("scaled", pipeline)], random_state=0).fit(X, y)
    total, function = (model.predict(X, return_std=True, noise=noise)[1] for noise in (True, False))
    np.testing.assert_allclose(total**2 - function**2, model.noise_variance_, rtol=1e-4)
    assert model.sample_y(X, 3).shape == (20, 3)


def test_outputs_that_are_learned_one_by_one_have_shares_and_estimators_of_their_own():
    X, y = table(30)
    Y = np.column_stack([y, 100 * X[:, 1]])
    members = [("gp", ARDGaussianProcessRegressor(n_restarts_optimizer=0)), ("line", BayesianRidge())]
    model = BayesianStackingRegressor(members, random_state=0).fit(X, Y)
    assert model.shares_.shape == (2, 2)
    np.testing.assert_allclose(model.shares_.sum(), [1.0, 1.0])
    assert [len(each) for each in model.estimators_.values()] == [2, 2]
    mean, std = model.predict(X, return_std=True)
    assert mean.shape == std.shape == (30, 2)
    assert model.noise_variance_.shape == (2,)
    assert model.shares_.loc["line", 1] > model.shares_.loc["line", 0]  # the second output is a line


def test_what_a_member_that_predicts_cannot_do_is_absent():
    assert hasattr(BayesianStackingRegressor(), "sample_y")
    model = fitted(only=Stated(5.0))
    assert not hasattr(model, "sample_y")
    assert model.has_gradients_ is False


def test_draws_come_in_proportion_to_the_shares(processes):
    X, y = table(40)
    members = [("a", processes(kernels=["matern_5_2"])), ("b", processes(kernels=["exponential_by_rank"]))]
    model = BayesianStackingRegressor(members, calibrate=True, random_state=0).fit(X, y)
    mean, std = model.predict(X, return_std=True, noise=False)
    draws = model.sample_y(X, 1000)
    assert (np.abs(draws.mean(axis=1) - mean) < 5 * std / np.sqrt(1000)).all()
    np.testing.assert_allclose(draws.std(axis=1), std, rtol=0.2)


def test_calibration_scales_all_variances_and_leaves_the_mean():
    """Held-out errors of the table under one member: their mean square is the variance."""
    (X, y), members = table(40), [("only", Stated(5.0, 3.0))]
    model = BayesianStackingRegressor(members, calibrate=True).fit(X, y)
    mean, std = model.predict(X, return_std=True)
    np.testing.assert_array_equal(mean, 5.0)
    np.testing.assert_allclose(std**2, max(np.mean((y - 5.0) ** 2), 9.0 / 4))
    np.testing.assert_allclose(model.predict_held_out().variance, std**2)


def test_weights_and_known_noise_reach_the_members_that_take_them(processes):
    X, y = table()
    weights = np.r_[np.zeros(5), np.ones(15)]
    line = BayesianStackingRegressor([("line", BayesianRidge())], random_state=0)
    np.testing.assert_allclose(
        line.fit(X, y, weights).predict(X), BayesianRidge().fit(X[5:], y[5:]).predict(X), rtol=1e-6
    )
    with pytest.raises(InvalidDataError, match=r"These members take no sample_weight: \['stated'\]"):
        BayesianStackingRegressor([("stated", Stated())]).fit(X, y, weights)
    members = [("processes", processes()), ("stated", Stated(5.0))]
    known = BayesianStackingRegressor(members, random_state=0).fit(X, y, noise_variance=np.full(20, 4.0))
    assert known.estimators_["processes"].noise_variance_ >= 4.0


def test_repeated_rows_are_given_as_they_are_to_a_member_that_takes_no_weights():
    X, y = (np.repeat(part, 2, axis=0) for part in table(10))
    model = BayesianStackingRegressor([("stated", Stated(5.0))]).fit(X, y)
    assert model.estimators_["stated"].n_rows_ == 20


def test_seeds_reach_members_without_one():
    model = fitted(own=Stated(5.0, random_state=7), none=Stated(5.0))
    assert model.estimators_["own"].random_state == 7
    seed = model.estimators_["none"].random_state
    assert isinstance(seed, int)
    assert clone(model).fit(*table()).estimators_["none"].random_state == seed
    other = clone(model).set_params(random_state=1).fit(*table()).estimators_["none"].random_state
    assert other != seed


def test_nested_parameters_and_the_replacement_of_a_member():
    model = make_surrogate("auto", estimators=[("networks", MCDropoutRegressor()), ("own", Stated(3.0))])
    assert model.get_params()["own__mean"] == 3.0
    assert set(model.get_params(deep=False)) == {"estimators", "calibrate", "random_state"}
    copy = clone(model).set_params(own__mean=4.0, calibrate=True, networks__dropout=0.5)
    assert (copy.estimators[1][1].mean, model.estimators[1][1].mean) == (4.0, 3.0)
    assert copy.get_params()["networks__dropout"] == 0.5
    copy.set_params(own=BayesianRidge())
    assert isinstance(copy.get_params()["own"], BayesianRidge)
    assert [name for name, _ in copy.estimators] == ["networks", "own"]
    with pytest.raises(ValueError, match="Invalid parameter 'depth'"):
        copy.set_params(depth=3)


def test_parameters_of_the_default_members_can_be_set():
    model = BayesianStackingRegressor(random_state=0).set_params(
        mc_dropout__max_iter=7, gaussian_process_ensemble__n_members=1
    )
    params = clone(model).get_params()
    assert (params["mc_dropout__max_iter"], params["gaussian_process_ensemble__n_members"]) == (7, 1)
    assert BayesianStackingRegressor().get_params(deep=False)["estimators"] is None


@pytest.mark.slow
def test_the_default_members_learn_a_noisy_sine():
    X, y = table(60)
    model = BayesianStackingRegressor(random_state=0).fit(X, y)
    new = table(200, seed=1)[0]
    function = 5 + np.sin(6 * new[:, 0])
    assert np.sqrt(np.mean((model.predict(new) - function) ** 2)) < 0.1
    assert 0.01 / 3 < model.noise_variance_ < 0.03
    assert set(model.shares_.index) | set(model.left_out_) == {"gaussian_process_ensemble", "mc_dropout"}


@pytest.mark.parametrize(
    "estimators",
    [
        [],
        [("a", Stated()), ("a", Stated())],
        [Stated()],
        ["auto"],
        [("a__b", Stated())],
        [("a", 3)],
        [("calibrate", Stated())],
        [("", Stated())],
    ],
)
def test_members_that_cannot_be_used(estimators):
    with pytest.raises(InvalidDataError, match="estimators must be"):
        BayesianStackingRegressor(estimators).fit(*table())


def test_other_mistakes_are_named():
    X, y = table()
    with pytest.raises(
        InvalidDataError, match=r"line \(LinearRegression\) cannot be a member: its predict has no"
    ):
        BayesianStackingRegressor([("line", LinearRegression())]).fit(X, y)
    with pytest.raises(
        InvalidDataError, match="calibrate must be True or False, got 'yes'; random_state must"
    ):
        BayesianStackingRegressor(calibrate="yes", random_state="zero").fit(X, y)
    frame = pd.DataFrame(X, columns=["a", "b"])
    model = BayesianStackingRegressor([("stated", Stated(5.0))]).fit(frame, y)
    assert model.feature_names_in_.tolist() == ["a", "b"]
    with pytest.raises(ValueError, match="order"):
        model.predict(frame[["b", "a"]])
