"""An outcome with bounds that two scales predict together: shares, moments, quantiles and draws of both.

Quantiles of two distributions are a function of them, imported by itself: no estimator has members whose
distributions could be chosen.
"""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import expit

from bnnopt import BoundedRegressor, GaussianProcessEnsembleRegressor
from bnnopt.metrics import negative_log_likelihood
from bnnopt.surrogates._scales._mixture import quantiles_of_two
from bnnopt.testing import check_surrogate

LEVELS = np.array([0.025, 0.3, 0.5, 0.9, 0.975])


def quick(**parameters):
    return GaussianProcessEnsembleRegressor(("matern_5_2", "exponential_by_rank"), **parameters)


def beta_table(seed, n):
    """Yields between 0 and 100 that scatter about a smooth function as a beta distribution, many near 0."""
    rng = np.random.default_rng(seed)
    X = rng.random((n, 2))
    mean = np.clip(expit(5 * np.sin(3 * X[:, 0] + X[:, 1]) - 4), 0.01, 0.99)
    return X, 100 * rng.beta(10 * mean, 10 * (1 - mean))


@pytest.fixture(scope="module")
def mixed():
    """A model of both scales, and one for each alone, with the same seed; rows of other settings."""
    X, y = beta_table(7, 30)
    alone = {
        name: BoundedRegressor(quick(), 0, 100, name, random_state=3).fit(X, y)
        for name in ("logit", "identity")
    }
    model = BoundedRegressor(quick(), 0, 100, random_state=3).fit(X, y)
    assert min(model.scale_shares_.values()) > 0.05, "the table is one that both scales have a share of"
    for each in (model, *alone.values()):
        each._posterior.calibrations = None  # levels as they are
    return model, alone, np.random.default_rng(1).uniform(-0.2, 1.2, (20, 2))


def test_moments_are_those_of_both_scales_by_their_shares(mixed):
    model, alone, X = mixed
    assert sum(model.scale_shares_.values()) == pytest.approx(1)
    assert model.scale_ == max(model.scale_shares_, key=model.scale_shares_.get)
    assert model.estimator_ is model.estimators_[model.scale_]
    parts = [(share, *alone[name].predict(X, return_std=True)) for name, share in model.scale_shares_.items()]
    mean = sum(share * own for share, own, _ in parts)
    square = sum(share * (own**2 + std**2) for share, own, std in parts)
    found = model.predict(X, return_std=True)
    assert found[0] == pytest.approx(mean, rel=1e-9)
    assert found[1] == pytest.approx(np.sqrt(square - mean**2), rel=1e-9)


@pytest.mark.parametrize("noise", [True, False])
def test_at_a_quantile_the_levels_of_both_scales_make_its_level(mixed, noise):
    model, alone, X = mixed
    found = model.predict_quantiles(X[:4], LEVELS, noise=noise)
    assert (np.diff(found) > 0).all()
    for x, quantiles in zip(X[:4], found, strict=True):
        for level, y in zip(LEVELS, quantiles, strict=True):
            total = sum(
                share * level_of(alone[name], x, y, noise) for name, share in model.scale_shares_.items()
            )
            if y > 0:  # on the bound is an atom, of more than the level
                assert total == pytest.approx(level, abs=1e-6)


def level_of(model, x, y, noise):
    def gap(level):
        return model.predict_quantiles([x], [level], noise=noise)[0, 0] - y

    low, high = 1e-9, 1 - 1e-9
    return low if gap(low) > 0 else high if gap(high) < 0 else brentq(gap, low, high, xtol=1e-10)


def test_quantiles_of_distributions_that_are_far_apart_or_jump():
    """Uniform on (0, 1) and on (10, 11); an atom of a half at 0 beside (0, 1); all by hand."""
    levels = np.array([[0.1, 0.25, 0.75, 0.9]])
    apart = quantiles_of_two(np.array([0.5, 0.5]), lambda u: u, lambda v: 10 + v, levels)
    assert apart[0] == pytest.approx([0.2, 0.5, 10.5, 10.8])
    turned = quantiles_of_two(np.array([0.5, 0.5]), lambda u: 10 + u, lambda v: v, levels)
    assert turned[0] == pytest.approx([0.2, 0.5, 10.5, 10.8])
    atom = quantiles_of_two(np.array([0.5, 0.5]), lambda u: np.maximum(0, 2 * u - 1), lambda v: v, levels)
    # below y > 0 lie 0.5 (1 + y) / 2 + 0.5 y = 0.25 + 0.75 y
    assert atom[0] == pytest.approx([0, 0, 2 / 3, 0.65 / 0.75], abs=1e-12)


def test_draws_have_the_moments_of_the_function(mixed):
    model, _, X = mixed
    draws = model.sample_y(X, 2000, random_state=0)
    mean, std = model.predict(X, return_std=True, noise=False)
    assert (draws.min(), draws.max()) >= (0, 0)
    assert draws.max() <= 100
    assert draws.mean(axis=1) == pytest.approx(mean, abs=0.1 * std.max())
    assert draws.std(axis=1) == pytest.approx(std, rel=0.25)


def test_it_keeps_the_rules_of_surrogates():
    names = (
        "gradients_are_slopes_of_the_mixture",
        "mixture_has_the_moments_of_predict",
        "noise_adds_to_std",
        "held_out_moments_are_finite",
    )
    assert check_surrogate(BoundedRegressor(quick(), -4.0, 4.0), checks=names).passed == names


def test_a_scale_that_is_sure_near_a_bound_costs_no_more_than_its_share():
    """Of other rows the mixture is never far below the better of both scales; each scale alone is."""
    losses = []
    for seed in range(4):
        X, y = beta_table(seed, 160)
        density = {}
        for name in ("auto", "logit", "identity"):
            model = BoundedRegressor(quick(), 0, 100, name, random_state=0).fit(X[:30], y[:30])
            density[name] = -negative_log_likelihood(y[30:], *model.predict(X[30:], return_std=True))
        best = max(density["logit"], density["identity"])
        losses.append([best - density[name] for name in ("auto", "logit", "identity")])
    worst = np.max(losses, axis=0)
    assert worst[0] < 0.2
    assert worst[1] > 2 * worst[0]
