"""Outcomes with bounds: nothing that is predicted leaves them, and numbers known by hand come out."""

import re
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.special import expit, logit, ndtri
from scipy.stats import lognorm, norm
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import BayesianRidge, LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from bnnopt import BayesianStackingRegressor, BoundedRegressor, GaussianProcessEnsembleRegressor, Outcome
from bnnopt.exceptions import InvalidDataError, UnknownNameError
from bnnopt.surrogates import HeldOutPredictions
from bnnopt.testing import check_surrogate

LEVELS = [0.025, 0.5, 0.975]
BOUNDS = {"log": (0.0, None), "logit": (0.0, 100.0), "identity": (0.0, 100.0)}


class Known(RegressorMixin, BaseEstimator):
    """Latent values with a mean, a std and a noise that were given, whatever the rows; remembers them."""

    def __init__(self, mean=0.0, std=1.0, noise_std=0.0, held_out_std=1.0):
        self.mean, self.std, self.noise_std, self.held_out_std = mean, std, noise_std, held_out_std

    def fit(self, X, y, sample_weight=None, noise_variance=None):
        self.seen_ = {"y": y, "sample_weight": sample_weight, "noise_variance": noise_variance}
        return self

    def predict(self, X, return_std=False, noise=True):
        mean = np.full(len(X), float(self.mean))
        return (mean, np.full(len(X), np.hypot(self.std, self.noise_std * noise))) if return_std else mean

    def predict_held_out(self):
        z = self.seen_["y"]
        return HeldOutPredictions(np.arange(len(z)), np.zeros(len(z)), np.full(len(z), self.held_out_std**2))


def quick(**parameters):
    return GaussianProcessEnsembleRegressor(("matern_5_2", "exponential_by_rank"), **parameters)


def latent_of(scale, y):
    """The scales, written down once more."""
    return {"log": np.log, "logit": lambda v: logit(v / 100.0), "identity": lambda v: v}[scale](y)


def outcome_of(scale, z):
    back = {"log": np.exp, "logit": lambda v: 100 * expit(v), "identity": lambda v: np.clip(v, 0, 100)}
    return back[scale](np.asarray(z))


X_FIVE = np.arange(5.0)[:, None]
Y_FIVE = np.array([2.0, 5.0, 20.0, 60.0, 90.0])


def known(scale, **parameters):
    """A model of five rows, with the mean and the spread of its latent values."""
    model = BoundedRegressor(Known(**parameters), *BOUNDS[scale], scale).fit(X_FIVE, Y_FIVE)
    z = latent_of(scale, Y_FIVE)
    return model, z.mean(), z.std()


def test_an_outcome_and_the_regressor_know_the_same_scales():
    with pytest.raises(UnknownNameError, match=r"Unknown scale 'root'\. Known: (.*)\.") as of_regressor:
        BoundedRegressor(Known(), 0, 100, "root").fit(X_FIVE, Y_FIVE)
    with pytest.raises(InvalidDataError, match=r"scale: expected (.*), got 'root'") as of_outcome:
        Outcome("y", lower=0, upper=100, scale="root")
    names = set(re.findall(r"\w+", str(of_regressor.value).split("Known:")[1]))
    assert names == set(re.findall(r"'(\w+)'", str(of_outcome.value))) - {"auto", "root"}
    assert names >= set(BOUNDS)


@pytest.mark.parametrize("scale", BOUNDS)
def test_the_regressor_learns_standardised_latent_values(scale):
    model, centre, unit = known(scale)
    assert model.scale_ == scale
    assert model.estimator_.seen_["y"] == pytest.approx((latent_of(scale, Y_FIVE) - centre) / unit, rel=1e-12)


@pytest.mark.parametrize("scale", BOUNDS)
@pytest.mark.parametrize(("std", "noise_std"), [(0.5, 0.0), (0.5, 0.7), (0.0, 0.8), (0.1, 0.1)])
def test_moments_are_those_of_the_latent_normal_through_the_scale(scale, std, noise_std):
    model, centre, unit = known(scale, mean=0.4, std=std, noise_std=noise_std)
    z, total = centre + 0.4 * unit, unit * np.hypot(std, noise_std)

    def moment(power):
        own = norm(z, total).pdf
        ends = z - 12 * total, z + 12 * total
        kinks = [v for v in (0.0, 100.0) if scale == "identity" and ends[0] < v < ends[1]]
        return quad(lambda v: own(v) * outcome_of(scale, v) ** power, *ends, points=kinks or None, limit=400)[
            0
        ]

    mean, std_y = model.predict([[0.0]], return_std=True)
    tolerance = 3e-3 if scale == "identity" and not noise_std else 1e-3  # a kink within a slice
    assert mean[0] == pytest.approx(moment(1), rel=tolerance)
    assert std_y[0] == pytest.approx(
        np.sqrt(moment(2) - moment(1) ** 2), rel=2e-2 if scale == "log" else 5e-3
    )


def test_the_mean_of_a_log_normal_outcome():
    model, centre, unit = known("log", mean=0.0, std=0.0, noise_std=0.5)
    mixture = lognorm(s=0.5 * unit, scale=np.exp(centre))
    mean, std = model.predict([[0.0]], return_std=True)
    assert (mean[0], std[0]) == pytest.approx((mixture.mean(), mixture.std()), rel=1e-12)
    assert model.predict([[0.0]], return_std=True, noise=False)[1][0] == pytest.approx(0, abs=1e-12)
    assert model.noise_variance_ == pytest.approx(mixture.var(), rel=1e-12)


def test_half_of_a_normal_outcome_beyond_its_bound_lies_on_it():
    """E max(0, e) = 1 / sqrt(2 pi), and its variance 1/2 - 1 / (2 pi), for standard normal e."""
    model = BoundedRegressor(Known(mean=-2.0, std=0.0, noise_std=1.0), 0.0, None, "identity")
    model.fit([[0], [1]], [1.0, 3.0])  # mean 2, standard deviation 1, so that the latent mean is 0
    mean, std = model.predict([[0.0]], return_std=True)
    assert mean[0] == pytest.approx(1 / np.sqrt(2 * np.pi), rel=1e-12)
    assert std[0] ** 2 == pytest.approx(0.5 - 1 / (2 * np.pi), rel=1e-12)
    assert model.predict_quantiles([[0.0]], [0.3, 0.5, 0.975])[0] == pytest.approx([0, 0, ndtri(0.975)])


@pytest.mark.parametrize("scale", BOUNDS)
def test_quantiles_of_an_observation_are_those_of_the_latent_value(scale):
    model, centre, unit = known(scale, mean=0.4, std=0.5, noise_std=0.7)
    z = centre + unit * (0.4 + np.hypot(0.5, 0.7) * ndtri(LEVELS))
    assert model.predict_quantiles([[0.0]], LEVELS)[0] == pytest.approx(outcome_of(scale, z), rel=1e-10)


@pytest.mark.parametrize("scale", ["log", "logit"])
def test_without_noise_the_function_has_the_quantiles_of_the_latent_value(scale):
    model, centre, unit = known(scale, mean=0.4, std=0.5)
    z = centre + unit * (0.4 + 0.5 * ndtri(LEVELS))
    for noise in (True, False):
        found = model.predict_quantiles([[0.0]], LEVELS, noise=noise)[0]
        assert found == pytest.approx(outcome_of(scale, z), rel=1e-10)


def test_an_upper_bound_alone_is_a_lower_one_mirrored():
    lower = BoundedRegressor(Known(std=0.3, noise_std=0.2), 0.0, None, "log").fit(X_FIVE, Y_FIVE)
    upper = BoundedRegressor(Known(std=0.3, noise_std=0.2), None, 0.0, "log").fit(X_FIVE, -Y_FIVE)
    assert upper.predict([[0.0]]) == pytest.approx(-lower.predict([[0.0]]), rel=1e-12)
    mirrored = -lower.predict_quantiles([[0.0]], LEVELS)[:, ::-1]
    assert upper.predict_quantiles([[0.0]], LEVELS) == pytest.approx(mirrored, rel=1e-12)


@pytest.mark.parametrize("scale", ["log", "logit", "identity"])
def test_the_density_of_held_out_rows_has_the_slope_of_the_scale(scale):
    """Each row is predicted as a standard normal latent value: log N(z) + log g'(y) + log of the spread."""
    model, centre, unit = known(scale)
    slope = {"log": 1 / Y_FIVE, "logit": 100 / (Y_FIVE * (100 - Y_FIVE)), "identity": np.ones(5)}[scale]
    z = (latent_of(scale, Y_FIVE) - centre) / unit
    expected = norm.logpdf(z) + np.log(slope / unit) + np.log(Y_FIVE.std())
    assert model.held_out_log_density_ == pytest.approx(expected.mean(), rel=1e-10)
    assert model.scale_log_densities_ == {scale: model.held_out_log_density_}


def test_values_on_a_bound_are_learned_a_little_inside():
    y = np.array([0.0, 0.0, 4.0, 50.0, 100.0])
    model = BoundedRegressor(Known(), 0, 100, "logit").fit(X_FIVE, y)
    z = logit(np.array([2.0, 2.0, 4.0, 50.0, 90.0]) / 100)  # 4 / 2, and 100 / (2 * 5) of at most 50 / 2
    assert model.estimator_.seen_["y"] == pytest.approx((z - z.mean()) / z.std(), rel=1e-12)
    assert np.isfinite(model.held_out_log_density_)


def test_values_on_a_bound_count_by_the_probability_within_the_margin():
    y = np.array([0.0, 4.0, 50.0, 90.0])
    model = BoundedRegressor(Known(), 0, 100, "identity").fit(X_FIVE[:4], y)
    assert model.estimator_.seen_["y"] == pytest.approx((y - y.mean()) / y.std(), rel=1e-12)
    # the margin is half of 4
    expected = [np.log(norm.cdf(2.0, y.mean(), y.std()) / 2.0), *norm.logpdf(y[1:], y.mean(), y.std())]
    assert model.held_out_log_density_ == pytest.approx(np.mean(expected) + np.log(y.std()), rel=1e-12)


def test_all_values_on_one_bound_are_no_error():
    model = BoundedRegressor(quick(), 0, 100, random_state=0).fit(X_FIVE, np.zeros(5))
    mean, std = model.predict(X_FIVE, return_std=True)
    assert (mean >= 0).all()
    assert np.isfinite(std).all()


@pytest.fixture(scope="module")
def table():
    """Yields in %, 0 and 100 among them, of a steep rise; read-only."""
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(30, 2))
    y = np.clip(100 * expit(12 * (X[:, 0] - 0.5) + rng.normal(0, 0.5, 30)), 0, 100)
    y[X[:, 0].argmin()], y[X[:, 0].argmax()] = 0.0, 100.0
    return X, y


@pytest.fixture(scope="module")
def far():
    return np.random.default_rng(1).uniform(-3, 4, (200, 2))


@pytest.mark.parametrize(
    ("lower", "upper", "scale"), [(0, 100, "auto"), (0, 100, "identity"), (0, None, "log")]
)
def test_nothing_that_is_predicted_leaves_the_bounds(table, far, lower, upper, scale):
    model = BoundedRegressor(quick(), lower, upper, scale, random_state=0).fit(*table)
    high = np.inf if upper is None else upper
    shares, means, stds = model.predict_mixture(far)
    parts = [model.predict(far), means, model.sample_y(far, 16), model.predict_held_out().mean]
    parts += [model.predict_quantiles(far, [1e-6, 0.5, 1 - 1e-6], noise=own) for own in (True, False)]
    assert all(part.min() >= lower and part.max() <= high for part in parts)
    assert shares.sum() == pytest.approx(1.0)
    assert (stds >= 0).all()


def test_no_digit_of_a_prediction_depends_on_other_rows(table, far):
    model = BoundedRegressor(quick(), 0, 100, random_state=0).fit(*table)
    whole = np.stack(model.predict(far, return_std=True))
    order = np.random.default_rng(0).permutation(len(far))
    assert np.array_equal(np.stack(model.predict(far[order[:7]], return_std=True)), whole[:, order[:7]])


def test_the_largest_share_is_that_of_the_scale_which_held_out_rows_speak_for():
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(40, 1))
    wide = np.exp(6 * X[:, 0] + 0.3 * rng.normal(size=40))
    even = 50 + 3 * X[:, 0] + 0.3 * rng.normal(size=40)
    of_wide = BoundedRegressor(quick(), lower=0, random_state=0).fit(X, wide)
    assert of_wide.scale_ == "log"
    assert of_wide.scale_shares_["log"] > 0.8
    best = max(of_wide.scale_log_densities_.values())
    assert of_wide.held_out_log_density_ == pytest.approx(best, abs=0.05)
    assert set(of_wide.scale_log_densities_) == {"log", "identity"}
    plain = quick(random_state=0).fit(X, wide)
    assert of_wide.held_out_log_density_ > plain.held_out_log_density_ + 0.5
    same = BoundedRegressor(quick(), 0, 100, "identity", random_state=0).fit(X, even)
    plain = quick(random_state=same.estimator_.random_state).fit(X, even)
    assert same.held_out_log_density_ == pytest.approx(plain.held_out_log_density_, abs=0.02)
    assert same.predict(X) == pytest.approx(plain.predict(X), rel=1e-6)  # far from the bounds


def test_rows_next_to_a_bound_do_not_decide_by_their_density():
    """On the logarithm the density of 1e-12 is beyond all measure, but nobody tells it from 1e-3."""
    X = np.random.default_rng(0).uniform(size=(40, 1))
    y = np.abs(3 + 2 * np.sin(6 * X[:, 0]) - 1)
    y[y.argsort()[:3]] = [1e-12, 1e-9, 1e-6]
    assert BoundedRegressor(quick(), lower=0, random_state=0).fit(X, y).scale_ == "identity"


def test_regressors_without_held_out_rows_are_cross_validated_to_choose():
    X = np.linspace(0, 1, 20)[:, None]
    model = BoundedRegressor(make_pipeline(StandardScaler(), BayesianRidge()), lower=0)
    model.fit(X, np.exp(5 * X[:, 0] + 0.1 * np.cos(40 * X[:, 0])))
    assert model.scale_ == "log"
    assert not hasattr(model, "predict_held_out")
    assert not hasattr(model, "sample_y")
    assert np.isnan(model.set_params(scale="log").fit(X, X[:, 0]).held_out_log_density_)


def test_any_regressor_with_a_standard_deviation_will_do(table, far):
    process = GaussianProcessRegressor(alpha=1e-2, optimizer=None)
    model = BoundedRegressor(process, 0, 100).fit(*table)
    assert model.sample_y(far, 3).shape == (200, 3)
    interval = model.predict_quantiles(far, [0.025, 0.975])
    assert interval.min() >= 0
    assert interval.max() <= 100
    with pytest.raises((InvalidDataError, TypeError), match="return_std"):
        BoundedRegressor(LinearRegression(), 0, 100).fit(*table)


def test_weights_and_known_noise_reach_the_latent_value():
    variances = np.array([0.0, 1.0, 4.0, 4.0, 1.0])
    model = BoundedRegressor(Known(), 0, None, "log")
    model.fit(X_FIVE, Y_FIVE, sample_weight=[1, 1, 2, 1, 0], noise_variance=variances)
    seen, kept = model.estimator_.seen_, slice(0, 4)
    unit = np.sqrt(np.cov(np.log(Y_FIVE[kept]), aweights=[1, 1, 2, 1], bias=True))
    assert seen["sample_weight"].tolist() == [1, 1, 2, 1]
    assert seen["noise_variance"] == pytest.approx(variances[kept] / (Y_FIVE[kept] * unit) ** 2, rel=1e-12)
    with pytest.raises(InvalidDataError, match="BayesianRidge, takes no noise_variance"):
        BoundedRegressor(BayesianRidge()).fit(X_FIVE, Y_FIVE, noise_variance=variances)
    with pytest.raises(InvalidDataError, match=r"sample_weight must be 0 or from .*, got -2 in row 2"):
        model.fit(X_FIVE, Y_FIVE, sample_weight=[1, 1, -2, 1, 0])


def test_a_fit_goes_on_from_an_earlier_one_on_the_same_scale():
    class GoingOn(Known):
        def fit_after(self, previous, X, y):
            self.previous_ = previous
            return self.fit(X, y)

    first = BoundedRegressor(GoingOn(), 0, None, "log").fit(X_FIVE, Y_FIVE)
    again = BoundedRegressor(GoingOn(), 0, None, "log").fit_after(first, X_FIVE, Y_FIVE)
    other = BoundedRegressor(GoingOn(), 0, None, "identity").fit_after(first, X_FIVE, Y_FIVE)
    assert again.estimator_.previous_ is first.estimator_
    assert getattr(other.estimator_, "previous_", None) is None


def test_trials_of_members_go_on_in_parts_where_the_scale_changes():
    """A scale that comes, changes or goes does not cost a whole trial of networks in one fit."""
    made = []

    class InParts(Known):
        trial_parameters: ClassVar[dict[str, object]] = {}

        def fit_trial(self, X, y, *, previous=None, share=1.0):
            made.append(round(share, 3))
            return self.fit(X, y)

    rng = np.random.default_rng(0)
    X, y = rng.random((30, 2)), np.exp(rng.standard_normal(30))
    plain = BayesianStackingRegressor([("poor", Known()), ("tried", InParts())], random_state=0)
    last = clone(plain).fit(X[:20], y[:20])
    assert made == [1.0]
    for n_rows, scale in ((21, "power"), (22, "power"), (23, "log"), (24, None), (25, None)):
        bounded = BoundedRegressor(plain, None if scale == "power" else 0, None, scale)
        model = clone(plain) if scale is None else bounded
        last = model.fit_after(last, X[:n_rows], y[:n_rows])
    assert made == [1.0, *5 * [0.1]]
    assert list(last.left_out_) == ["tried"]


def test_values_beyond_a_bound_are_named_by_row_and_bound():
    y = pd.Series([2.0, -1.0, 50.0], index=["a", "b", "c"])
    with pytest.raises(
        InvalidDataError, match=r"'y' has a value below its lower bound 0 in row\(s\) 'b' .*-1"
    ):
        BoundedRegressor(quick(), 0, 100).fit([[0], [1], [2]], y)
    with pytest.raises(InvalidDataError, match=r"above its upper bound 40 in row\(s\) 2"):
        BoundedRegressor(quick(), None, 40).fit([[0], [1], [2]], [2.0, 1.0, 50.0])


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"lower": 1, "upper": 0}, InvalidDataError, "lower must be below upper"),
        ({"lower": "0"}, InvalidDataError, "lower must be None or a finite number"),
        ({"scale": "logit", "lower": 0}, InvalidDataError, "'logit' needs 2 bound"),
        ({"scale": "probit"}, UnknownNameError, "Unknown scale 'probit'"),
    ],
)
def test_bounds_and_scales_that_make_no_sense_are_refused(parameters, error, message):
    with pytest.raises(error, match=message):
        BoundedRegressor(quick(), **parameters).fit(X_FIVE, Y_FIVE)


def test_a_failed_fit_changes_nothing(table):
    model = BoundedRegressor(quick(), 0, 100, random_state=0).fit(*table)
    before = model.predict(table[0])
    with pytest.raises(InvalidDataError):
        model.fit(table[0], table[1] - 1)
    assert np.array_equal(model.predict(table[0]), before)


@pytest.mark.parametrize(
    "parameters",
    [
        {"lower": -1.0},
        {"upper": 1e3, "scale": "log"},
        {"lower": -1.0, "upper": 1e3, "scale": "logit"},
        {"lower": -1.0, "scale": "identity"},
    ],
)
def test_it_keeps_the_rules_of_surrogates(parameters):
    passed = check_surrogate(BoundedRegressor(quick(), **parameters)).passed
    assert {"gradients_are_slopes_of_the_mixture", "held_out_moments_are_finite"} <= set(passed)


def test_near_a_bound_it_keeps_the_rules_that_know_no_unit():
    names = ("gradients_are_slopes_of_the_mixture", "mixture_has_the_moments_of_predict", "noise_adds_to_std")
    for scale in ("log", "identity"):
        model = BoundedRegressor(quick(), lower=-0.25, scale=scale)
        assert check_surrogate(model, checks=names).passed == names


def test_noise_that_depends_on_the_inputs_has_no_gradients(table):
    model = BoundedRegressor(quick(noise="input_dependent"), 0, 100, "logit", random_state=0).fit(*table)
    assert not model.has_gradients_
    assert np.ptp(model.predict_noise_variance(table[0])) > 0


@pytest.mark.slow
@parametrize_with_checks([BoundedRegressor(quick())])
def test_common_checks_of_scikit_learn(estimator, check):
    check(estimator)


def test_an_interval_reaches_the_bound_that_rows_lie_on():
    """Yields of 0 in half of the space: an interval there has to hold 0, on every scale."""
    X = np.random.default_rng(0).random((60, 1))
    y = np.where(X[:, 0] < 0.5, 0.0, 100 * (X[:, 0] - 0.4))
    inside = np.linspace(0.02, 0.4, 20)[:, None]
    for scale in ("logit", "identity"):
        model = BoundedRegressor(
            GaussianProcessEnsembleRegressor(random_state=0), lower=0, upper=100, scale=scale
        ).fit(X, y)
        assert (model.predict_quantiles(inside, [0.025])[:, 0] == 0).all()
    never_met = BoundedRegressor(
        GaussianProcessEnsembleRegressor(random_state=0), lower=0, upper=100, scale="logit"
    ).fit(X, y + 1)
    assert (never_met.predict_quantiles(inside, [0.025]) > 0).all()
