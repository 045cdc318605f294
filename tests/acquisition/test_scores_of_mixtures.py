"""Mixtures of normal distributions: moments and scores by hand, and those of fitted regressors."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import BayesianRidge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bnnopt import BayesianOptimizer, Real, SearchSpace
from bnnopt.acquisition import (
    Acquisition,
    MixtureWithGradients,
    NormalMixture,
    acquisition_scores,
    average_scores,
    expected_improvement,
    get_acquisition,
    log_expected_improvement,
    posterior_mixtures,
    probability_of_improvement,
    upper_confidence_bound,
)
from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives import Maximize, Minimize, OutcomeConstraint
from bnnopt.surrogates import GaussianProcessEnsembleRegressor

MIXTURE = NormalMixture(
    np.array([0.25, 0.75]),
    np.array([[0.0, 1.0, 5.0], [4.0, 1.0, -60.0]]),
    np.array([[1.0, 2.0, 0.0], [3.0, 2.0, 1.0]]),
)
POSITIVE = NormalMixture(np.array([0.5, 0.5]), np.array([[1.0, 0.0, -1.0], [1.0, 2.0, 3.0]]), np.ones((2, 3)))
X = np.random.default_rng(0).random((12, 2))
CANDIDATES = np.random.default_rng(1).random((30, 2))


def mean_over_components(score, mixture=MIXTURE, **parameters):
    parts = [score(mean, std, **parameters) for mean, std in zip(mixture.mean, mixture.std, strict=True)]
    return mixture.shares @ np.array(parts)


@pytest.fixture(scope="module")
def model():
    return GaussianProcessEnsembleRegressor(random_state=0).fit(X, np.sin(4 * X[:, 0]) + X[:, 1])


def test_slopes_of_a_mixture_are_those_of_its_moments():
    """Two components whose moments are linear in one input: differences of the moments tell their slopes."""
    by_mean, by_std = np.array([[[2.0]], [[-1.0]]]), np.array([[[0.5]], [[0.25]]])

    def at(step):
        start = NormalMixture(
            np.array([0.25, 0.75]), np.array([[0.0], [4.0]]), np.array([[1.0], [3.0]])
        )  # at one row
        return MixtureWithGradients(start, by_mean, by_std).moved(np.array([[[step]]]))

    here = MixtureWithGradients(at(0.0), by_mean, by_std).matched()
    ahead, behind = at(1e-5).moments(), at(-1e-5).moments()
    slopes = [(high - low).item() / 2e-5 for high, low in zip(ahead, behind, strict=True)]
    assert [here.mean_gradient.item(), here.std_gradient.item()] == pytest.approx(slopes, rel=1e-7)
    assert at(-4.0).std.tolist() == [[0.0], [2.0]]  # 1 - 4 / 2 would be below 0


def test_moments_by_the_law_of_total_variance():
    """Row 0: mean 3, variance (1 + 3 * 9) / 4 = 7 within and 16 * 3/16 = 3 between."""
    mean, std = MIXTURE.moments()
    np.testing.assert_allclose(mean[:2], [3.0, 1.0])
    np.testing.assert_allclose(std[:2], [np.sqrt(10.0), 2.0])


@pytest.mark.parametrize("form", ["positive", "utility"])
def test_scores_are_averaged(form):
    scores = np.array([[0.0, 4.0], [8.0, 4.0]])
    np.testing.assert_allclose(average_scores(scores, np.array([0.25, 0.75]), form), [6.0, 4.0])


def test_logarithms_are_averaged_as_what_they_are_logarithms_of():
    scores = np.log([[2.0, 1e-3], [6.0, 3e-3]])
    np.testing.assert_allclose(average_scores(scores, np.array([0.25, 0.75]), "log"), np.log([5.0, 2.5e-3]))


def test_logarithms_that_underflow_or_are_of_nothing():
    """e to the -5000 is 0 in a float, its logarithm is not; a component without a chance counts as 0."""
    scores = np.array([[-5000.0, -np.inf, -np.inf], [-5000.0, 2.0, -np.inf]])
    averaged = average_scores(scores, np.array([0.5, 0.5]), "log")
    np.testing.assert_allclose(averaged, [-5000.0, 2.0 + np.log(0.5), -np.inf])


def test_one_component_is_its_own_average():
    scores = np.array([[1.0, -np.inf, -700.0]])
    for form in ("log", "utility"):
        np.testing.assert_array_equal(average_scores(scores[:, [0, 2]], np.ones(1), form), scores[0, [0, 2]])
    np.testing.assert_array_equal(average_scores(scores, np.ones(1), "log"), scores[0])


@pytest.mark.parametrize("regressor", [BayesianRidge(), GaussianProcessRegressor(alpha=0.01)])
def test_a_plain_regressor_has_one_component_with_its_moments(regressor):
    regressor.fit(X, X[:, 0])
    mixtures = posterior_mixtures(regressor, CANDIDATES)
    assert len(mixtures) == 1
    np.testing.assert_array_equal(mixtures[0].shares, [1.0])
    mean, std = regressor.predict(CANDIDATES, return_std=True)
    np.testing.assert_array_equal(mixtures[0].mean, mean[None])
    np.testing.assert_array_equal(mixtures[0].std, std[None])
    np.testing.assert_allclose(mixtures[0].moments(), (mean, std))


def test_several_outputs_have_a_mixture_each():
    regressor = GaussianProcessRegressor(alpha=0.01).fit(X, X)
    mixtures = posterior_mixtures(regressor, CANDIDATES)
    mean, std = regressor.predict(CANDIDATES, return_std=True)
    assert [mixture.mean.shape for mixture in mixtures] == [(1, 30), (1, 30)]
    np.testing.assert_array_equal(np.column_stack([mixture.mean[0] for mixture in mixtures]), mean)
    np.testing.assert_array_equal(np.column_stack([mixture.std[0] for mixture in mixtures]), std)


def test_the_mixture_of_networks_is_theirs_also_behind_a_scaler(model):
    (mixture,) = posterior_mixtures(model, CANDIDATES)
    for one, other in zip(mixture, model.predict_mixture(CANDIDATES), strict=True):
        np.testing.assert_array_equal(one, other)
    moments = model.predict(CANDIDATES, return_std=True, noise=False)
    np.testing.assert_allclose(mixture.moments(), moments, rtol=1e-9)
    scaler = StandardScaler().fit(X)
    pipeline = make_pipeline(scaler, GaussianProcessEnsembleRegressor(random_state=0)).fit(X, X[:, 0])
    (scaled,) = posterior_mixtures(pipeline, CANDIDATES)
    np.testing.assert_array_equal(scaled.mean, pipeline[-1].predict_mixture(scaler.transform(CANDIDATES))[1])


@pytest.mark.parametrize("maximize", [True, False])
def test_improvements_over_networks_are_averaged_by_their_shares(model, maximize):
    shares, means, stds = model.predict_mixture(CANDIDATES)
    sign = 1.0 if maximize else -1.0
    best = 1.2 if maximize else 0.2
    by_hand = shares @ np.array(
        [expected_improvement(sign * m, s, best=sign * best) for m, s in zip(means, stds, strict=True)]
    )
    asked = {"best": best, "maximize": maximize}
    np.testing.assert_allclose(acquisition_scores(model, CANDIDATES, acquisition="ei", **asked), by_hand)
    logs = acquisition_scores(model, CANDIDATES, acquisition="log_ei", **asked)
    is_likely = by_hand > 1e-300
    np.testing.assert_allclose(logs[is_likely], np.log(by_hand[is_likely]), rtol=1e-6)
    assert np.isfinite(logs).all()
    assert (logs[~is_likely] < np.log(1e-299)).all()


def test_other_scores_take_the_moments_of_the_mixture(model):
    moments = model.predict(CANDIDATES, return_std=True, noise=False)
    scores = acquisition_scores(model, CANDIDATES, acquisition="ucb", kappa=1.5)
    np.testing.assert_allclose(scores, upper_confidence_bound(*moments, kappa=1.5))


def test_networks_of_two_outputs_have_no_single_score():
    model = GaussianProcessEnsembleRegressor(random_state=0).fit(X, X)
    with pytest.raises(InvalidDataError, match="predicts 2 outputs; scores need one"):
        acquisition_scores(model, CANDIDATES, best=0.0)


class Sliced(RegressorMixin, BaseEstimator):
    """Predicts of each outcome its mixture at x = 0, 1/2 and 1, and elsewhere a value that it is sure of.

    Outcome a is told by -1 and 1, b by 1 and -1.
    """

    has_sliced_mixture = True

    def __init__(self, mixtures=(MIXTURE, POSITIVE), elsewhere=2.0):
        self.mixtures, self.elsewhere = mixtures, elsewhere

    def fit(self, X, y):
        self.mixture_ = self.mixtures[int(y[0] > y[1])]
        return self

    def predict_mixture(self, X):
        place = np.rint(2 * X[:, 0]).astype(int)
        is_known = np.isin(X[:, 0], [0.0, 0.5, 1.0])
        shares, mean, std = self.mixture_
        return (
            shares,
            np.where(is_known, mean[:, place], self.elsewhere),
            np.where(is_known, std[:, place], 0.0),
        )

    def predict(self, X, return_std=False):
        mean, std = NormalMixture(*self.predict_mixture(np.asarray(X))).moments()
        return (mean, std) if return_std else mean


class Plain(Sliced):
    """The same by moments alone."""

    predict_mixture = property()

    def predict(self, X, return_std=False):
        mean, std = NormalMixture(*Sliced.predict_mixture(self, np.asarray(X))).moments()
        return (mean, std) if return_std else mean


def scores_of(objectives, acquisition, surrogate=None, **options):
    """Scores of an optimizer at x = 0, 1/2 and 1, told rows that are believed to have 2."""
    space = SearchSpace([Real("x", 0, 1)])
    made = options.pop("made", objectives)
    optimizer = BayesianOptimizer(
        space, made, acquisition=acquisition, surrogate=surrogate or Sliced(), n_initial=2, random_state=0
    )
    told = pd.DataFrame({"a": [-1.0, 1.0], "b": [1.0, -1.0]})
    optimizer.tell({"x": [0.25, 0.75]}, told[list(optimizer.outputs)])
    best = optimizer.score_pool(pd.DataFrame({"x": [0.0, 0.5, 1.0]}), objectives=objectives).best
    return best.sort_values("x")["score"].to_numpy()


def test_the_improvement_of_a_mixture_is_that_of_its_draws():
    """What the moments of the mixture alone would not give: row 0 of the mixture, by many draws."""
    rng = np.random.default_rng(0)
    chosen = rng.choice(2, 400_000, p=MIXTURE.shares)
    gains = np.maximum(
        MIXTURE.mean[chosen, 0] + MIXTURE.std[chosen, 0] * rng.standard_normal(400_000) - 8.0, 0.0
    )
    score = scores_of([Maximize("a")], "ei", Sliced(elsewhere=8.0))[0]
    assert score == pytest.approx(gains.mean(), abs=5 * gains.std() / np.sqrt(400_000))
    mean, std = MIXTURE.moments()
    assert abs(score - expected_improvement(mean[:1], std[:1], best=8.0)[0]) > 10 * gains.std() / np.sqrt(
        400_000
    )


@pytest.mark.parametrize(
    ("name", "function"), [("ei", expected_improvement), ("pi", probability_of_improvement)]
)
def test_candidates_are_scored_by_the_mean_over_components(name, function):
    np.testing.assert_allclose(
        scores_of([Maximize("a")], name), mean_over_components(function, best=2.0), atol=1e-15
    )


def test_logarithms_of_scores_are_those_of_the_mean():
    scores = scores_of([Maximize("a")], "log_ei")
    np.testing.assert_allclose(scores, np.log(mean_over_components(expected_improvement, best=2.0)))


def test_a_smaller_outcome_can_be_the_better_one():
    scores = scores_of([Minimize("a")], "ei")
    mirrored = NormalMixture(MIXTURE.shares, -MIXTURE.mean, MIXTURE.std)
    np.testing.assert_allclose(scores, mean_over_components(expected_improvement, mirrored, best=-2.0))


def test_probabilities_of_constraints_are_averaged_over_components():
    """That b is above 0: Φ(1) twice in row 0, Φ(0) and Φ(2) in row 1, Φ(-1) and Φ(3) in row 2."""
    probability = 0.5 * norm.cdf([[1.0, 0.0, -1.0], [1.0, 2.0, 3.0]]).sum(axis=0)
    objectives = [Maximize("a"), OutcomeConstraint("b", lower=0.0)]
    scores = scores_of(objectives, "ei")
    np.testing.assert_allclose(scores, probability * mean_over_components(expected_improvement, best=2.0))
    np.testing.assert_allclose(scores_of(objectives, "log_ei"), np.log(scores))
    other_order = scores_of(objectives, "ei", made=[Maximize("b"), OutcomeConstraint("a", lower=0.0)])
    np.testing.assert_array_equal(other_order, scores)


@pytest.mark.parametrize("name", ["ucb", "std", "thompson"])
def test_scores_that_are_no_expected_values_are_those_of_the_moments(name):
    matched = Sliced([MIXTURE.matched(), POSITIVE.matched()])
    scores = scores_of([Maximize("a")], name)
    np.testing.assert_array_equal(scores, scores_of([Maximize("a")], name, matched))
    if name == "ucb":
        by_hand = upper_confidence_bound(*MIXTURE.moments(), **get_acquisition("ucb").parameters)
        np.testing.assert_allclose(scores, by_hand)


@pytest.mark.parametrize("name", ["ei", "log_ei", "pi", "ucb"])
def test_mixtures_of_one_component_give_the_scores_of_their_moments(name):
    objectives = [Maximize("a"), OutcomeConstraint("b", upper=1.0)]
    mixtures = [
        NormalMixture(np.ones(1), mixture.mean[:1], mixture.std[:1] + 0.1) for mixture in (MIXTURE, POSITIVE)
    ]
    np.testing.assert_allclose(
        scores_of(objectives, name, Sliced(mixtures)),
        scores_of(objectives, name, Plain(mixtures)),
        rtol=1e-12,
    )


def test_a_function_of_ones_own_can_be_an_expected_value(model):
    own = {"function": lambda mean, std, best: mean**2 + std**2, "form": "positive"}
    shares, means, stds = model.predict_mixture(CANDIDATES)
    scores = acquisition_scores(
        model, CANDIDATES, acquisition=Acquisition("square", is_expectation=True, **own), best=0
    )
    np.testing.assert_allclose(scores, shares @ (means**2 + stds**2))
    assert get_acquisition("log_ei").function is log_expected_improvement
