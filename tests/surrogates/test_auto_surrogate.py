"""The surrogate that chooses itself: by known densities, by time, anew with more data, always the same."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.special import logsumexp
from scipy.stats import norm
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import BayesianRidge, LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import validate_data

from bnnopt.exceptions import InvalidDataError, UnknownNameError
from bnnopt.surrogates import ARDGaussianProcessRegressor, AutoRegressor, MCDropoutRegressor, make_surrogate
from bnnopt.surrogates import _learning as learning
from bnnopt.surrogates._choosing import OneColumn, _cross_validated


class Stated(RegressorMixin, BaseEstimator):
    """Predicts a constant with a constant spread, and states its density: -a - b / n."""

    def __init__(self, density=0.0, by_rows=0.0, seconds=0.0, random_state=None):
        self.density, self.by_rows, self.seconds = density, by_rows, seconds
        self.random_state = random_state

    def fit(self, X, y):
        validate_data(self, X, y)
        self.held_out_log_density_ = self.density - self.by_rows / len(X)
        return self

    def predict(self, X, return_std=False):
        mean = np.full(len(X), self.density)
        return (mean, np.full(len(X), 2.0)) if return_std else mean

    def expected_fit_seconds(self, n_rows, n_features):
        return self.seconds * n_rows * n_features


class Blind(Stated):
    """States nothing: mean 0 and std 2 for all rows."""

    def fit(self, X, y):
        validate_data(self, X, y)
        self.is_fitted_ = True
        return self

    def predict(self, X, return_std=False):
        mean = np.zeros(len(X))
        return (mean, np.full(len(X), 2.0)) if return_std else mean


def table(n_rows=20, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.uniform(size=(n_rows, 2))
    return X, 5 + np.sin(6 * X[:, 0]) + 0.1 * rng.normal(size=n_rows)


def fitted(**candidates):
    return AutoRegressor(list(candidates.items()), random_state=0).fit(*table())


@pytest.fixture(scope="module")
def default():
    return AutoRegressor(random_state=0).fit(*table(12))


@pytest.mark.slow
@parametrize_with_checks(
    [
        AutoRegressor(
            [("mc_dropout", MCDropoutRegressor(max_iter=40, n_networks=1)), ("ridge", BayesianRidge())]
        )
    ]
)
def test_common_checks_of_scikit_learn(estimator, check):
    check(estimator)


def test_the_largest_density_is_chosen_and_the_figures_are_told():
    model = fitted(low=Stated(-1.5), high=Stated(-0.25), middle=Stated(-1.0))
    assert model.choice_ == "high"
    assert model.scores_ == {"low": -1.5, "high": -0.25, "middle": -1.0}
    assert model.reason_ == (
        "high was chosen for its held-out log density of -0.250 per row; low has -1.500; middle has -1.000."
    )
    assert set(model.seconds_) == set(model.scores_)
    assert model.surrogate_.density == -0.25


@pytest.mark.parametrize(("gain", "choice"), [(0.22, "first"), (0.225, "second")])
def test_a_difference_below_two_standard_errors_goes_to_the_first(gain, choice):
    """Of 20 rows that is 1 / sqrt(20) = 0.2236."""
    model = fitted(first=Stated(-1.0), second=Stated(-1.0 + gain))
    assert model.choice_ == choice
    assert ("second has -0.780, not better by 0.22, and stands later" in model.reason_) == (gain < 0.221)


@pytest.mark.parametrize(("n_rows", "choice"), [(19, "first"), (20, "second")])
def test_fewer_than_twenty_rows_leave_the_first_in_its_place(n_rows, choice):
    candidates = [("blind", Stated(np.nan)), ("first", Stated(-9.0)), ("second", Stated(0.0))]
    model = AutoRegressor(candidates, random_state=0).fit(*table(n_rows))
    assert model.choice_ == choice
    told = "second has 0.000, but fewer than 20 rows cannot tell, and it stands later" in model.reason_
    assert told == (n_rows < 20)


def test_the_choice_changes_as_data_grow():
    candidates = [("steady", Stated(-1.0)), ("learning", Stated(0.0, by_rows=30.0))]
    model = AutoRegressor(candidates, random_state=0)
    assert [model.fit(*table(n_rows)).choice_ for n_rows in (20, 40, 20)] == ["steady", "learning", "steady"]


def test_what_cannot_be_judged_is_chosen_only_alone_or_among_its_like():
    nan = Stated(np.nan)
    judged = fitted(blind=nan, poor=Stated(-9.0))
    assert judged.choice_ == "poor"
    assert "blind holds no rows out and cannot be judged" in judged.reason_
    assert fitted(blind=nan).reason_ == "blind was the only candidate to come into question."
    both = fitted(blind=nan, other=nan)
    assert (both.choice_, "chosen as the first" in both.reason_) == ("blind", True)


def test_too_slow_a_candidate_is_left_out_by_the_size_of_the_table():
    candidates = [("slow", Stated(0.0, seconds=1.0)), ("fast", Stated(-1.0))]
    model = AutoRegressor(candidates, time_budget=40.0, random_state=0)
    assert model.fit(*table(20)).choice_ == "slow"
    assert model.fit(*table(21)).choice_ == "fast"
    assert model.scores_ == {"fast": -1.0}
    assert model.reason_ == (
        "fast was the only candidate to come into question; slow was left out, for a fit of 21 rows is "
        "expected to take 42 s, more than the time budget of 40 s."
    )


def test_the_fastest_stays_where_all_are_too_slow():
    candidates = [("slow", Stated(0.0, seconds=2.0)), ("less", Stated(-1.0, seconds=1.0))]
    assert AutoRegressor(candidates, time_budget=1.0).fit(*table()).choice_ == "less"


def test_the_gaussian_process_is_left_out_of_a_large_table():
    X, y = table(2000)
    model = AutoRegressor([("quick", Stated(-9.0)), "gaussian_process"], random_state=0).fit(X, y)
    assert model.choice_ == "quick"
    assert "gaussian_process was left out, for a fit of 2,000 rows is expected to take 40 s" in model.reason_


def test_the_expected_time_of_a_gaussian_process_is_the_one_measured():
    estimator = ARDGaussianProcessRegressor()
    assert estimator.expected_fit_seconds(2300, 9) == pytest.approx(146, rel=0.01)
    assert estimator.expected_fit_seconds(4600, 9) == 4 * estimator.expected_fit_seconds(2300, 9)


def test_the_expected_time_of_mc_dropout_grows_slowly_with_many_rows():
    few, many = (MCDropoutRegressor().expected_fit_seconds(n_rows, 9) for n_rows in (20, 800))
    assert (few, many) == (pytest.approx(0.1), pytest.approx(10.0))
    assert MCDropoutRegressor().expected_fit_seconds(10**6 + 800, 9) == pytest.approx(many + 160.0)
    assert MCDropoutRegressor(method="wide").expected_fit_seconds(800, 9) == pytest.approx(4.0)
    assert MCDropoutRegressor(method="trained").expected_fit_seconds(20, 9) == pytest.approx(6.0)


def test_a_candidate_that_states_nothing_is_cross_validated():
    _, y = table()
    model = fitted(other=Stated(-99.0), blind=Blind())
    expected = norm(0.0, 2.0).logpdf(y).mean() + np.log(y.std())
    assert model.choice_ == "blind"
    assert model.scores_["blind"] == pytest.approx(expected, rel=1e-9)


def test_folds_predict_rows_that_they_have_not_seen_and_count_them_by_weight():
    (X, y), weights = table(5), np.array([1.0, 1.0, 2.0, 1.0, 3.0])
    centre = weights @ y / 8
    unit = np.sqrt(weights @ np.square(y - centre) / 8)
    densities = []
    for row in range(5):
        rest = np.arange(5) != row
        refit = BayesianRidge().fit(X[rest], y[rest], weights[rest])
        mean, std = refit.predict(X[[row]], return_std=True)
        densities.append(norm(mean, std).logpdf(y[row])[0] + np.log(unit))
    score = _cross_validated(BayesianRidge(), OneColumn(X, y, {"sample_weight": weights}), 0)
    assert score == pytest.approx(weights @ densities / 8, rel=1e-6)
    repeats = np.repeat(np.arange(5), weights.astype(int))
    assert _cross_validated(BayesianRidge(), OneColumn(X[repeats], y[repeats], {}), 0) == pytest.approx(score)
    assert np.isnan(_cross_validated(BayesianRidge(), OneColumn(X[[0, 0]], y[[0, 0]], {}), 0))


def test_a_pipeline_is_cross_validated_and_told_apart_from_its_noise():
    X, y = table()
    pipeline = make_pipeline(StandardScaler(), ARDGaussianProcessRegressor(n_restarts_optimizer=0))
    model = AutoRegressor([("poor", Stated(-9.0)), ("scaled", pipeline)], random_state=0).fit(X, y)
    assert model.choice_ == "scaled"
    total, function = (model.predict(X, return_std=True, noise=noise)[1] for noise in (True, False))
    np.testing.assert_allclose(total**2 - function**2, model.noise_variance_, rtol=1e-6)
    assert model.sample_y(X, 3).shape == (20, 3)


def test_left_out_densities_of_the_gaussian_process_are_those_of_refits_with_its_kernel():
    X, y = table(6)
    model = ARDGaussianProcessRegressor(n_restarts_optimizer=0, random_state=0).fit(X, y)
    scaled = (y - y.mean()) / y.std()
    densities = []
    for row in range(6):
        rest = np.arange(6) != row
        refit = GaussianProcessRegressor(model.gaussian_process_.kernel_, optimizer=None)
        mean, std = refit.fit(X[rest], scaled[rest]).predict(X[[row]], return_std=True)
        densities.append(norm(mean, std).logpdf(scaled[row])[0])
    assert model.held_out_log_density_ == pytest.approx(np.mean(densities), rel=1e-6)


@pytest.mark.parametrize("calibrate", [False, True])
def test_held_out_density_of_mc_dropout_is_that_of_its_stored_pieces(monkeypatch, calibrate):
    pieces = {}

    class Watched(learning.Judgement):
        def log_density(self, calibration=1.0):
            rows = self.rows
            pieces.update(w=self.shares, held_out=self.held_out, c=calibration, y=rows.y, n=rows.weights)
            return super().log_density(calibration)

    monkeypatch.setattr(learning, "Judgement", Watched)
    X, y = table(15)
    counts = np.arange(1, 16)
    model = MCDropoutRegressor(calibrate=calibrate, random_state=0).fit(X, y, counts)
    w, c, held_out = pieces["w"], pieces["c"], pieces["held_out"]
    assert (c != 1.0) == calibrate
    total = 0.0
    for row, count in enumerate(pieces["n"]):
        means, variances = held_out.mean[:, row], held_out.variance[:, row]
        middle = w @ means
        laws = norm(middle + np.sqrt(c) * (means - middle), np.sqrt(c * variances))
        total += count * logsumexp(laws.logpdf(pieces["y"][row]), b=w)
    assert model.held_out_log_density_ == pytest.approx(total / counts.sum(), rel=1e-9)


def test_trained_networks_that_hold_nothing_out_state_no_density(quick, fitted_single):
    assert np.isnan(quick(n_networks=1, max_iter=2).fit(*table()).held_out_log_density_)
    assert np.isfinite(fitted_single.held_out_log_density_)


def test_the_default_candidates_are_compared_in_the_units_of_standardised_y(default):
    X, y = table(12)
    assert list(default.scores_) == ["mc_dropout", "gaussian_process"]
    assert default.choice_ in default.reason_
    other = clone(default).fit(X, 1000 * y - 3)
    assert other.choice_ == default.choice_
    assert other.scores_ == pytest.approx(default.scores_, abs=1e-3)
    mean, std = default.predict(X, return_std=True)
    other_mean, other_std = other.predict(X, return_std=True)
    np.testing.assert_allclose(other_mean, 1000 * mean - 3, rtol=1e-3)
    np.testing.assert_allclose(other_std, 1000 * std, rtol=1e-2)


def test_same_data_and_seed_same_choice_reason_and_numbers(default, new_process):
    code = (
        "import numpy as np\n"
        "from bnnopt import AutoRegressor\n"
        "rng = np.random.default_rng(0)\n"
        "X = rng.uniform(size=(12, 2))\n"
        "y = 5 + np.sin(6 * X[:, 0]) + 0.1 * rng.normal(size=12)\n"
        "model = AutoRegressor(random_state=0).fit(X, y)\n"
        "print(model.reason_, model.predict(X[:1])[0].hex())"
    )
    assert new_process(code).strip() == f"{default.reason_} {default.predict(table(12)[0][:1])[0].hex()}"


def test_the_chosen_surrogate_predicts(default):
    X, _ = table(12)
    for mine, its in zip(
        default.predict(X, return_std=True, noise=False),
        default.surrogate_.predict(X, return_std=True, noise=False),
        strict=True,
    ):
        np.testing.assert_array_equal(mine, its)
    assert default.noise_variance_ == default.surrogate_.noise_variance_
    copy = pickle.loads(pickle.dumps(default))
    np.testing.assert_array_equal(copy.predict(X), default.predict(X))
    assert copy.reason_ == default.reason_


def test_each_output_has_a_choice_of_its_own():
    X, y = table(15)
    Y = pd.DataFrame({"sine": y, "line": 100 * X[:, 1]})
    ridge = ("ridge", BayesianRidge())
    model = AutoRegressor([("gp", ARDGaussianProcessRegressor()), ridge], random_state=0).fit(X, Y)
    assert len(model.choice_) == len(model.reason_) == len(model.scores_) == len(model.surrogate_) == 2
    mean, std = model.predict(X, return_std=True)
    assert mean.shape == std.shape == model.predict(X).shape == (15, 2)
    for place, choice in enumerate(model.surrogate_):
        np.testing.assert_array_equal(mean[:, place], choice.predict(X))
    alone = clone(model).fit(X, Y["line"])
    assert (alone.choice_, alone.scores_) == (model.choice_[1], model.scores_[1])


def test_draws_and_laws_of_several_outputs():
    X, y = table(10)
    model = AutoRegressor(["mc_dropout"], random_state=0).fit(X, np.column_stack([y, X[:, 1]]))
    draws = model.sample_y(X, 4, random_state=3)
    assert draws.shape == (10, 2, 4)
    np.testing.assert_array_equal(draws, model.sample_y(X, 4, random_state=3))
    laws = model.predict_mixture(X)
    function_mean = model.predict(X)
    for place, (shares, means, _) in enumerate(laws):
        np.testing.assert_allclose(shares @ means, function_mean[:, place], rtol=1e-9)
    assert model.noise_variance_.shape == (2,)


def test_what_the_chosen_surrogate_lacks_is_absent():
    model = fitted(only=Stated())
    for name in ("sample_y", "predict_mixture", "noise_variance_"):
        assert not hasattr(model, name)
    assert hasattr(AutoRegressor(), "sample_y")


def test_weights_leave_out_candidates_that_take_none():
    X, y = table()
    weights = np.r_[np.zeros(5), np.ones(15)]
    model = AutoRegressor([("stated", Stated(9.0)), ("ridge", BayesianRidge())], random_state=0)
    model.fit(X, y, sample_weight=weights)
    assert model.choice_ == "ridge"
    assert model.reason_.endswith("stated was left out, for its fit takes no sample_weight.")
    np.testing.assert_allclose(model.predict(X), BayesianRidge().fit(X[5:], y[5:]).predict(X))
    with pytest.raises(InvalidDataError, match="fitted with noise_variance: stated: its fit takes no noise"):
        model.fit(X, y, noise_variance=np.ones(20))


def test_seeds_reach_candidates_without_one():
    model = AutoRegressor([("own", Stated(random_state=7)), ("none", Stated(1.0))], random_state=0)
    seed = model.fit(*table()).surrogate_.random_state
    assert seed == clone(model).fit(*table()).surrogate_.random_state
    assert isinstance(seed, int)
    assert model.set_params(none__density=-1.0).fit(*table()).surrogate_.random_state == 7


def test_nested_parameters_and_the_replacement_of_a_candidate():
    model = make_surrogate("auto", candidates=["mc_dropout", ("own", Stated(-3.0))])
    assert model.get_params()["own__density"] == -3.0
    assert set(model.get_params(deep=False)) == {"candidates", "time_budget", "random_state"}
    copy = clone(model).set_params(own__density=-4.0, time_budget=1.0)
    assert (copy.candidates[1][1].density, model.candidates[1][1].density) == (-4.0, -3.0)
    copy.set_params(own=Blind())
    assert isinstance(copy.get_params()["own"], Blind)
    assert copy.candidates[0] == "mc_dropout"


@pytest.mark.parametrize(
    "candidates",
    [[], [("a", Stated()), ("a", Stated())], [Stated()], ["auto"], [("a__b", Stated())], [("a", 3)]],
)
def test_candidates_that_cannot_be_used(candidates):
    with pytest.raises(InvalidDataError, match="candidates must be keys of SURROGATES or"):
        AutoRegressor(candidates).fit(*table())


def test_other_mistakes_are_named():
    X, y = table()
    with pytest.raises(UnknownNameError, match="Did you mean 'mc_dropout'"):
        AutoRegressor(["mc_droput"]).fit(X, y)
    with pytest.raises(InvalidDataError, match="LinearRegression cannot be a candidate: its predict has no"):
        AutoRegressor([("line", LinearRegression())]).fit(X, y)
    with pytest.raises(ValueError, match="'time_budget' parameter"):
        AutoRegressor(time_budget=0.0).fit(X, y)
    for method in ("predict", "sample_y", "predict_mixture"):
        with pytest.raises(NotFittedError):
            getattr(AutoRegressor(), method)(X)
    frame = pd.DataFrame(X, columns=["a", "b"])
    model = AutoRegressor([("stated", Stated())]).fit(frame, y)
    assert model.feature_names_in_.tolist() == ["a", "b"]
    with pytest.raises(ValueError, match="order"):
        model.predict(frame[["b", "a"]])
