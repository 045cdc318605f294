"""Each check lets a surrogate pass that keeps every rule, and names one that breaks its rule."""

import itertools
import random
import warnings

import numpy as np
import pytest
from scipy.special import ndtri
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import check_random_state

from bnnopt.testing import ConformanceError, check_surrogate, surrogate_checks

NOISE = 0.01  # variance, as a part of that of y


def features(X):
    """Products of up to two inputs."""
    return np.column_stack([np.ones(len(X)), X, X**2, X[:, 0] * X[:, 1]])


class Quadratic(RegressorMixin, BaseEstimator):
    """Bayesian linear regression on the products of up to two inputs, with known noise, in closed form."""

    def fit(self, X, y):
        self.offset_, self.scale_ = np.mean(y, axis=0), np.std(y, axis=0)
        phi = features(X)
        self.covariance_ = np.linalg.inv(phi.T @ phi / NOISE + 0.01 * np.eye(phi.shape[1]))
        self.weights_ = self.covariance_ @ phi.T @ ((y - self.offset_) / self.scale_) / NOISE
        return self

    def predict(self, X, return_std=False, *, noise=True):
        mean = features(X) @ self.weights_ * self.scale_ + self.offset_
        return (mean, self.std(X, noise)) if return_std else mean

    def std(self, X, noise):
        phi = features(X)
        variance = np.einsum("ij,jk,ik->i", phi, self.covariance_, phi) + NOISE * noise
        return np.multiply.outer(np.sqrt(variance), self.scale_)

    def sample_y(self, X, n_samples=1, random_state=0):
        normals = np.random.default_rng(random_state).standard_normal((*self.weights_.shape, n_samples))
        root = np.linalg.cholesky(self.covariance_)
        weights = self.weights_[..., None] + np.tensordot(root, normals, axes=1)
        scale, offset = np.asarray(self.scale_)[..., None], np.asarray(self.offset_)[..., None]
        return np.tensordot(features(X), weights, axes=1) * scale + offset

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


class Complete(Quadratic):
    """The same with all that a surrogate may offer besides."""

    def fit(self, X, y):
        super().fit(X, y)
        self.X_, self.y_, self.has_gradients_ = X.copy(), y.copy(), True
        return self

    def predict_noise_variance(self, X):
        return np.multiply.outer(np.full(len(X), NOISE), np.square(self.scale_))

    def predict_quantiles(self, X, quantiles, *, noise=True):
        mean, std = self.predict(X, return_std=True, noise=noise)
        return mean[..., None] + std[..., None] * ndtri(quantiles)

    def predict_mixture(self, X, *, return_gradient=False):
        """Two components half a std to each side of the mean."""
        mean, std = (part.reshape(len(X), -1).T for part in self.predict(X, return_std=True, noise=False))
        slopes = [part.reshape(*X.shape, -1).transpose(2, 0, 1) for part in self.slopes(X)]
        mixtures = []
        for m, s, by_mean, by_std in zip(mean, std, *slopes, strict=True):
            mixture = np.array([0.5, 0.5]), np.stack([m - s / 2, m + s / 2]), np.stack([s, s]) * np.sqrt(0.75)
            further = (
                np.stack([by_mean - by_std / 2, by_mean + by_std / 2]),
                np.stack([by_std] * 2) * np.sqrt(0.75),
            )
            mixtures.append((*mixture, *further) if return_gradient else mixture)
        return mixtures if np.ndim(self.offset_) else mixtures[0]

    def slopes(self, X):
        """Derivatives of mean and std by X, (n, 2, ...)."""
        one, zero = np.ones(len(X)), np.zeros(len(X))
        by_first = np.column_stack([zero, one, zero, 2 * X[:, 0], zero, X[:, 1]])
        by_second = np.column_stack([zero, zero, one, zero, 2 * X[:, 1], X[:, 0]])
        by_x = np.stack([by_first, by_second], axis=1)
        phi = features(X)
        by_variance = 2 * np.einsum("idj,jk,ik->id", by_x, self.covariance_, phi)
        root = np.sqrt(np.einsum("ij,jk,ik->i", phi, self.covariance_, phi))
        by_std = by_variance / (2 * root[:, None])
        return by_x @ self.weights_ * self.scale_, np.multiply.outer(by_std, self.scale_)

    def predict_held_out(self):
        """Of every other row, in closed form."""
        phi, rows = features(self.X_), np.arange(0, len(self.X_), 2)
        leverage = np.einsum("ij,jk,ik->i", phi, self.covariance_, phi)[rows] / NOISE
        error = (self.y_ - self.predict(self.X_))[rows]
        mean = self.y_[rows] - (error.T / (1 - leverage)).T
        return rows, mean, np.multiply.outer(NOISE / (1 - leverage), np.square(self.scale_))


class ReturnsNothing(Quadratic):
    def fit(self, X, y):
        super().fit(X, y)


class MeanWithNoise(Quadratic):
    """The mean that comes with std is not the one that comes alone."""

    def predict(self, X, return_std=False, *, noise=True):
        mean = super().predict(X)
        return (mean + 1e-4, self.std(X, noise)) if return_std else mean


class OneStdForAllOutputs(Quadratic):
    def std(self, X, noise):
        return super().std(X, noise).reshape(len(X), -1)[:, 0]


class StdAsColumn(Quadratic):
    def std(self, X, noise):
        return super().std(X, noise).reshape(len(X), 1, -1)


class OnlyTheMean(Quadratic):
    def predict(self, X, return_std=False, *, noise=True):
        return super().predict(X)


class NegativeStd(Quadratic):
    def std(self, X, noise):
        return np.where(X[:, 0] > 3.0, -1e-3, super().std(X, noise).T).T


class StdOfNaN(Quadratic):
    """Far from the data, the std of a new observation is not a number."""

    def std(self, X, noise):
        return np.where(noise & (X[:, 0] > 3.0), np.nan, super().std(X, noise).T).T


class Constant(Quadratic):
    """The mean has nothing to do with the data but their sum."""

    def fit(self, X, y):
        super().fit(X, y)
        self.weights_ = 0.0 * self.weights_
        self.weights_[0] = 0.001
        return self


CALLS = itertools.count()


class FreshMasks(Quadratic):
    """Each call averages over other masks, when std is asked for."""

    def predict(self, X, return_std=False, *, noise=True):
        mean = super().predict(X)
        if not return_std:
            return mean
        return mean, self.std(X, noise) * (1 + 1e-3 * (next(CALLS) % 97))


class StandardisesTheBatch(Quadratic):
    def std(self, X, noise):
        return super().std(X, noise) * (1 + 0.01 * np.mean(X))


class CarriesAState(Quadratic):
    """A row's std holds something of the row before, as in a recurrent network that is not reset."""

    def std(self, X, noise):
        values = super().std(X, noise)
        return values + 0.01 * np.roll(values, 1, axis=0)


class StdInScaledUnits(Quadratic):
    def std(self, X, noise):
        return super().std(X, noise) / self.scale_


class MeanWithoutOffset(Quadratic):
    """The mean of y is restored only where it is small."""

    def fit(self, X, y):
        super().fit(X, y)
        self.offset_ = np.where(np.abs(self.offset_) > 100, 0.0, self.offset_)
        return self


class SureFarAway(Quadratic):
    def std(self, X, noise):
        is_far = np.abs(X - 0.5).max(axis=1) > 1
        return np.where(is_far, 1e-4, super().std(X, noise).T).T


class UnsureWithManyRows(Quadratic):
    def fit(self, X, y):
        super().fit(X, y)
        self.covariance_ = self.covariance_ * len(X) ** 2 / 100
        return self


class NoNoiseByDefault(Quadratic):
    def predict(self, X, return_std=False, *, noise=False):
        return super().predict(X, return_std, noise=noise)


class NoiseMovesTheMean(Quadratic):
    def predict(self, X, return_std=False, *, noise=True):
        moments = super().predict(X, return_std, noise=noise)
        return moments if noise else (moments[0] + 1e-3, moments[1])


class NoiseTakenAwayTwice(Quadratic):
    """What is called the std of the function is larger than that of an observation."""

    def std(self, X, noise):
        return super().std(X, False) * (0.9 if noise else 1.0)


class DrawsAsColumns(Quadratic):
    def sample_y(self, X, n_samples=1, random_state=0):
        return super().sample_y(X, n_samples, random_state).T


class DrawsOfTheLastOutput(Quadratic):
    def sample_y(self, X, n_samples=1, random_state=0):
        draws = super().sample_y(X, n_samples, random_state)
        return draws if draws.ndim == 2 else draws[:, -1]


class DrawsWithoutSeed(Quadratic):
    def sample_y(self, X, n_samples=1, random_state=0):
        return super().sample_y(X, n_samples, None)


class DrawsOfOneSeed(Quadratic):
    def sample_y(self, X, n_samples=1, random_state=0):
        return super().sample_y(X, n_samples, 7)


class DrawsRowByRow(Quadratic):
    """Each row has a mask of its own."""

    def sample_y(self, X, n_samples=1, random_state=0):
        mean, std = self.predict(X, return_std=True, noise=False)
        normals = np.random.default_rng(random_state).standard_normal((*mean.shape, n_samples))
        return mean[..., None] + std[..., None] * normals


class DrawsWithNoise(Quadratic):
    def sample_y(self, X, n_samples=1, random_state=0):
        draws = super().sample_y(X, n_samples, random_state)
        return draws + 1e-3 * np.random.default_rng(random_state).standard_normal(draws.shape)


class DrawsTooNarrow(Quadratic):
    def sample_y(self, X, n_samples=1, random_state=0):
        mean = self.predict(X)[..., None]
        return mean + 0.6 * (super().sample_y(X, n_samples, random_state) - mean)


class DrawsAside(Quadratic):
    def sample_y(self, X, n_samples=1, random_state=0):
        std = self.std(X, noise=False)[..., None]
        return super().sample_y(X, n_samples, random_state) + std


class OwnSeed(Quadratic):
    def fit(self, X, y):
        super().fit(X, y)
        self.weights_ += 1e-3 * np.random.default_rng().standard_normal(self.weights_.shape)
        return self


class NotPicklable(Quadratic):
    def fit(self, X, y):
        self.link_ = lambda values: values
        return super().fit(X, y)


class ForgetsWhenPickled(Quadratic):
    def __getstate__(self):
        return {**super().__getstate__(), "offset_": 0.0}


class ScalesInPlace(Quadratic):
    def fit(self, X, y):
        super().fit(X, y)
        y -= self.offset_
        return self


class PredictsInPlace(Quadratic):
    def predict(self, X, return_std=False, *, noise=True):
        moments = super().predict(X, return_std, noise=noise)
        X[:] = 0.0
        return moments


class DrawsInPlace(Quadratic):
    def sample_y(self, X, n_samples=1, random_state=0):
        draws = super().sample_y(X, n_samples, random_state)
        X[:] = 0.0
        return draws


class SeedsNumPy(Quadratic):
    def fit(self, X, y):
        np.random.seed(0)  # noqa: NPY002
        return super().fit(X, y)


class SeedsPython(Quadratic):
    def sample_y(self, X, n_samples=1, random_state=0):
        random.seed(random_state)
        return super().sample_y(X, n_samples, random_state)


class SilencesWarnings(Quadratic):
    def predict(self, X, return_std=False, *, noise=True):
        warnings.filterwarnings("ignore", message=f"{len(warnings.filters)} filters are too few")
        return super().predict(X, return_std, noise=noise)


class SilencesWarningsOfFits(Quadratic):
    def fit(self, X, y):
        warnings.filterwarnings("ignore", message=f"{len(warnings.filters)} filters are too few")
        return super().fit(X, y)


class SilencesDivisions(Quadratic):
    def fit(self, X, y):
        np.seterr(divide="ignore")
        return super().fit(X, y)


class NoiseAsStd(Complete):
    def predict_noise_variance(self, X):
        return np.sqrt(super().predict_noise_variance(X))


class NoiseOfAllOutputs(Complete):
    def predict_noise_variance(self, X):
        return super().predict_noise_variance(X).reshape(len(X), -1).mean(axis=1)


class QuantilesByRow(Complete):
    def predict_quantiles(self, X, quantiles, *, noise=True):
        return np.moveaxis(super().predict_quantiles(X, quantiles, noise=noise), -1, 0)


class QuantilesUpsideDown(Complete):
    def predict_quantiles(self, X, quantiles, *, noise=True):
        return super().predict_quantiles(X, quantiles, noise=noise)[..., ::-1]


class QuantilesInPercent(Complete):
    def predict_quantiles(self, X, quantiles, *, noise=True):
        return super().predict_quantiles(X, np.array(quantiles) / 100, noise=noise)


class SharesInPercent(Complete):
    def predict_mixture(self, X, *, return_gradient=False):
        mixtures = super().predict_mixture(X, return_gradient=return_gradient)
        return (
            [(100 * mixture[0], *mixture[1:]) for mixture in mixtures]
            if isinstance(mixtures, list)
            else (100 * mixtures[0], *mixtures[1:])
        )


class MixtureWithNoise(Complete):
    has_gradients_ = property(lambda self: False, lambda self, value: None)

    def predict_mixture(self, X, *, return_gradient=False):
        mixtures = super().predict_mixture(X)
        if isinstance(mixtures, list):
            return mixtures
        return mixtures[0], mixtures[1], np.sqrt(mixtures[2] ** 2 + NOISE * self.scale_**2)


class MixturesOfOneOutputInAList(Complete):
    has_gradients_ = property(lambda self: False, lambda self, value: None)

    def predict_mixture(self, X, *, return_gradient=False):
        mixtures = super().predict_mixture(X, return_gradient=return_gradient)
        return mixtures if isinstance(mixtures, list) or return_gradient else [mixtures]


class GradientOfVariance(Complete):
    def slopes(self, X):
        by_mean, by_std = super().slopes(X)
        return by_mean, 2 * by_std * self.std(X, False).reshape(len(X), 1, *np.shape(self.scale_))


class GradientInUnitsOfY(Complete):
    """The gradient of the mean is that of the scaled output."""

    def slopes(self, X):
        by_mean, by_std = super().slopes(X)
        return by_mean / self.scale_, by_std


class HeldOutRowsInDisorder(Complete):
    def predict_held_out(self):
        return tuple(part[::-1] for part in super().predict_held_out())


class HeldOutRowsTwice(Complete):
    def predict_held_out(self):
        return tuple(np.repeat(part, 2, axis=0) for part in super().predict_held_out())


class HeldOutRowsFromOne(Complete):
    def predict_held_out(self):
        rows, mean, variance = super().predict_held_out()
        return rows + 2, mean, variance


class HeldOutRowsAsMask(Complete):
    def predict_held_out(self):
        rows, mean, variance = super().predict_held_out()
        return rows.astype(float), mean, variance


class HeldOutWithNothingSaid(Complete):
    """Rows that were not judged are NaN, not left out."""

    def predict_held_out(self):
        rows, mean, variance = super().predict_held_out()
        mean[0] = np.nan
        return rows, mean, variance


class HeldOutWithoutDoubt(Complete):
    def predict_held_out(self):
        rows, mean, variance = super().predict_held_out()
        return rows, mean, 0.0 * variance


class HeldOutOfTheFirstOutput(Complete):
    def predict_held_out(self):
        rows, mean, variance = super().predict_held_out()
        return rows, mean.reshape(len(rows), -1)[:, 0], variance.reshape(len(rows), -1)[:, 0]


BROKEN = {
    NoiseAsStd: {"noise_variance_comes_on_top"},
    NoiseOfAllOutputs: {"noise_variance_comes_on_top"},
    QuantilesByRow: {"quantiles_rise_around_the_mean"},
    QuantilesUpsideDown: {"quantiles_rise_around_the_mean"},
    QuantilesInPercent: {"quantiles_rise_around_the_mean"},
    SharesInPercent: {"mixture_has_the_moments_of_predict"},
    MixtureWithNoise: {"mixture_has_the_moments_of_predict"},
    MixturesOfOneOutputInAList: {"mixture_has_the_moments_of_predict"},
    GradientOfVariance: {"gradients_are_slopes_of_the_mixture"},
    GradientInUnitsOfY: {"gradients_are_slopes_of_the_mixture"},
    HeldOutRowsInDisorder: {"held_out_rows_are_those_of_the_fit"},
    HeldOutRowsTwice: {"held_out_rows_are_those_of_the_fit"},
    HeldOutRowsFromOne: {"held_out_rows_are_those_of_the_fit"},
    HeldOutRowsAsMask: {"held_out_rows_are_those_of_the_fit"},
    HeldOutWithNothingSaid: {"held_out_moments_are_finite"},
    HeldOutWithoutDoubt: {"held_out_moments_are_finite"},
    HeldOutOfTheFirstOutput: {"held_out_moments_are_finite"},
    ReturnsNothing: {"fit_returns_self"},
    MeanWithNoise: {"shapes_of_one_output", "shapes_of_two_outputs"},
    OneStdForAllOutputs: {"shapes_of_two_outputs"},
    NegativeStd: {"std_is_finite_and_not_negative"},
    StdOfNaN: {"std_is_finite_and_not_negative"},
    Constant: {"mean_follows_the_function"},
    FreshMasks: {
        "predicting_twice_gives_the_same",
        "rows_in_any_company_give_the_same",
        "rows_in_any_order_give_the_same",
        "noise_adds_to_std",
        "fitting_again_gives_the_same",
        "pickling_keeps_predictions",
    },
    StandardisesTheBatch: {"rows_in_any_company_give_the_same"},
    CarriesAState: {"rows_in_any_company_give_the_same", "rows_in_any_order_give_the_same"},
    StdInScaledUnits: {"units_are_those_of_y"},
    MeanWithoutOffset: {"units_are_those_of_y"},
    SureFarAway: {"std_grows_away_from_data"},
    UnsureWithManyRows: {"std_shrinks_with_data"},
    NoNoiseByDefault: {"noise_adds_to_std"},
    NoiseMovesTheMean: {"noise_adds_to_std"},
    NoiseTakenAwayTwice: {"noise_adds_to_std"},
    DrawsAsColumns: {
        "shapes_of_draws",
        "shapes_of_draws_of_two_outputs",
        "draws_agree_at_the_same_point",
        "draws_have_the_moments_of_predict",
    },
    DrawsOfTheLastOutput: {"shapes_of_draws_of_two_outputs"},
    DrawsWithoutSeed: {"draws_repeat_with_their_seed"},
    DrawsOfOneSeed: {"draws_repeat_with_their_seed"},
    DrawsRowByRow: {"draws_are_functions", "draws_agree_at_the_same_point"},
    DrawsWithNoise: {"draws_agree_at_the_same_point"},
    DrawsTooNarrow: {"draws_have_the_moments_of_predict"},
    DrawsAside: {"draws_have_the_moments_of_predict"},
    OwnSeed: {"fitting_again_gives_the_same"},
    NotPicklable: {"pickling_keeps_predictions"},
    ForgetsWhenPickled: {"pickling_keeps_predictions"},
    ScalesInPlace: {"data_stay_unchanged"},
    PredictsInPlace: {"data_stay_unchanged"},
    DrawsInPlace: {"data_stay_unchanged"},
    SeedsNumPy: {"globals_stay_unchanged"},
    SeedsPython: {"globals_stay_unchanged"},
    SilencesWarnings: {"globals_stay_unchanged"},
    SilencesWarningsOfFits: {"globals_stay_unchanged"},
    SilencesDivisions: {"globals_stay_unchanged"},
}


def failures_of(estimator, **settings):
    with pytest.raises(ConformanceError) as caught:
        check_surrogate(estimator, **settings)
    return caught.value.failures


EVERY = tuple(name for name, _ in surrogate_checks(Complete()))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_surrogate_that_keeps_every_rule_passes_every_check(seed):
    report = check_surrogate(Complete(), random_state=seed)
    assert report.passed == EVERY
    assert report.not_applicable == {}


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_a_broken_rule_is_named_and_no_other(broken):
    assert set(failures_of(broken())) == BROKEN[broken]


def test_every_check_has_found_something():
    assert set().union(*BROKEN.values()) == set(EVERY)


def test_a_std_of_another_shape_than_the_mean_is_told():
    message = failures_of(StdAsColumn())["shapes_of_one_output"]
    assert message == "expected a std of shape (32,), got (32, 1, 1)"


def test_a_mean_alone_where_std_was_asked_for_is_told():
    messages = set(failures_of(OnlyTheMean()).values())
    assert messages == {"expected (mean, std) of predict(X, return_std=True), got ndarray"}


def test_what_a_broken_surrogate_changed_in_the_process_is_put_back():
    numpy_state, filters = check_random_state(None).get_state(), list(warnings.filters)
    failures_of(SeedsNumPy())
    failures_of(SilencesWarningsOfFits())
    np.testing.assert_array_equal(check_random_state(None).get_state()[1], numpy_state[1])
    assert warnings.filters == filters


def test_a_seed_shows_though_it_is_the_one_that_was_set_before():
    state = random.getstate()
    random.seed(0)
    assert set(failures_of(SeedsPython(), checks=["globals_stay_unchanged"])) == {"globals_stay_unchanged"}
    assert set(failures_of(SeedsPython(), checks=["globals_stay_unchanged"])) == {"globals_stay_unchanged"}
    random.setstate(state)
