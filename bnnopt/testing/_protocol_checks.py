"""Checks of what a surrogate may offer besides: held-out rows, mixture, gradients, noise variance."""

from typing import Any

import numpy as np
from sklearn.utils import get_tags

from bnnopt._typing import FloatArray
from bnnopt.testing._check import TOLERANCE, expect, expect_same
from bnnopt.testing._subject import Fit, Subject, moments
from bnnopt.testing._tables import FAR, INSIDE, SPREAD, X_TRAIN

__all__ = [
    "gradients_are_slopes_of_the_mixture",
    "held_out_moments_are_finite",
    "held_out_rows_are_those_of_the_fit",
    "mixture_has_the_moments_of_predict",
    "noise_variance_comes_on_top",
    "quantiles_rise_around_the_mean",
]

LEVELS = (0.025, 0.5, 0.975)
STEP = 1e-5  # of a central difference, in the unit of X
LARGEST_ERROR_OF_A_SLOPE = 1e-3  # relative, and in spreads of y by the width of X


def held_out_rows_are_those_of_the_fit(subject: Subject) -> None:
    """Expect places in the data of the fit, in rising order, each at most once."""
    for fit in _fits(subject):
        held_out = _held_out(fit)
        if held_out is None:
            continue
        rows = np.asarray(held_out[0])
        expect(rows.ndim == 1 and len(rows) > 0, "held-out rows of shape (n,)", rows.shape)
        expect(np.issubdtype(rows.dtype, np.integer), "held-out rows as whole numbers", rows.dtype)
        expect((np.diff(rows) > 0).all(), "held-out rows in rising order, each once", rows[:5])
        is_within = rows[0] >= 0 and rows[-1] < len(X_TRAIN)
        expect(is_within, f"held-out rows from 0 to {len(X_TRAIN) - 1}", (rows[0], rows[-1]))


def held_out_moments_are_finite(subject: Subject) -> None:
    """Expect for each held-out row a finite mean and a variance above 0, in the shape of y."""
    for fit in _fits(subject):
        held_out = _held_out(fit)
        if held_out is None:
            continue
        rows, mean, variance = (np.asarray(part) for part in held_out)
        shape = (len(rows), *moments(fit.estimator, INSIDE)[0].shape[1:])
        expect(mean.shape == shape, f"a held-out mean of shape {shape}", mean.shape)
        expect(variance.shape == shape, f"a held-out variance of shape {shape}", variance.shape)
        expect(np.isfinite(mean).all(), "a finite held-out mean", mean[~np.isfinite(mean)][:3])
        is_positive = np.isfinite(variance) & (variance > 0)
        expect(is_positive.all(), "a finite held-out variance above 0", variance[~is_positive][:3])


def mixture_has_the_moments_of_predict(subject: Subject) -> None:
    """Expect shares that make 1, and of the mixture the moments of `predict` without noise."""
    for fit in _fits(subject):
        for rows in (INSIDE, FAR):
            mean, std = moments(fit.estimator, rows, noise=False)
            mixtures = [
                _mixture_moments(*mixture) for mixture in _mixtures(fit.estimator, rows, n_axes=mean.ndim)
            ]
            expected = "of predict_mixture the {} of predict(noise=False)"
            columns = [np.column_stack(parts).reshape(mean.shape) for parts in zip(*mixtures, strict=True)]
            expect_same(columns[0], mean, expected.format("mean"))
            expect_same(columns[1], std, expected.format("std"))


def gradients_are_slopes_of_the_mixture(subject: Subject) -> None:
    """Expect, where `has_gradients_` is true, central differences of the means and stds of the components."""
    model = subject.first.estimator
    if not getattr(model, "has_gradients_", False):
        return
    *_, by_mean, by_std = model.predict_mixture(INSIDE.copy(), return_gradient=True)
    for place in range(INSIDE.shape[1]):
        away = STEP * (np.arange(INSIDE.shape[1]) == place)
        (_, *above), (_, *below) = (model.predict_mixture(INSIDE + sign * away) for sign in (1.0, -1.0))
        for name, found, high, low in zip(("mean", "std"), (by_mean, by_std), above, below, strict=True):
            slope = (np.asarray(high) - np.asarray(low)) / (2.0 * STEP)
            _expect_slope(np.asarray(found)[..., place], slope, f"{name} by column {place}")


def quantiles_rise_around_the_mean(subject: Subject) -> None:
    """Expect finite quantiles that rise with the level, and medians at most a std from the mean."""
    for fit in _fits(subject):
        for rows in (INSIDE, FAR):
            mean, std = moments(fit.estimator, rows)
            found = np.asarray(fit.estimator.predict_quantiles(rows.copy(), list(LEVELS)), dtype=float)
            shape = (*mean.shape, len(LEVELS))
            expect(found.shape == shape, f"quantiles of shape {shape}", found.shape)
            expect(np.isfinite(found).all(), "finite quantiles", found[~np.isfinite(found)][:3])
            falls = np.diff(found, axis=-1).min()
            expect(falls >= -TOLERANCE, "quantiles that rise with the level", f"a fall of {-falls:.3g}")
            excess = (np.abs(found[..., LEVELS.index(0.5)] - mean) - std).max()
            expect(excess <= TOLERANCE, "a median within a std of the mean", f"an excess of {excess:.3g}")


def noise_variance_comes_on_top(subject: Subject) -> None:
    """Expect that the variance of an observation is that of the function plus that of the noise."""
    for fit in _fits(subject):
        _, total = moments(fit.estimator, INSIDE, noise=True)
        _, function = moments(fit.estimator, INSIDE, noise=False)
        noise = np.asarray(fit.estimator.predict_noise_variance(INSIDE.copy()), dtype=float)
        expect(noise.shape == total.shape, f"a noise variance of shape {total.shape}", noise.shape)
        expect((noise >= 0).all(), "a noise variance of at least 0", noise.min())
        expected = "a std whose square is that of the function plus the noise variance"
        expect_same(np.sqrt(np.square(function) + noise), total, expected)


def _fits(subject: Subject) -> list[Fit]:
    """Return the fit on one output and, where two can be learned, on two."""
    estimator = subject.estimator
    has_two = hasattr(estimator, "__sklearn_tags__") and get_tags(estimator).target_tags.multi_output
    return [subject.first, subject.two_outputs] if has_two else [subject.first]


def _held_out(fit: Fit) -> Any:
    """Rows, mean and variance; None where the estimator says by a `ValueError` that it left no row out."""
    try:
        held_out = fit.estimator.predict_held_out()
    except ValueError:
        return None
    is_triple = isinstance(held_out, tuple) and len(held_out) == 3
    expect(is_triple, "(rows, mean, variance) of predict_held_out", type(held_out).__name__)
    return held_out


def _mixtures(model: Any, X: FloatArray, *, n_axes: int) -> list[Any]:
    mixtures = model.predict_mixture(X.copy())
    is_list = isinstance(mixtures, list)
    expect(
        is_list == (n_axes == 2), "a list of mixtures where y has two axes, else one", type(mixtures).__name__
    )
    return list(mixtures) if is_list else [mixtures]


def _mixture_moments(shares: Any, means: Any, stds: Any) -> tuple[FloatArray, FloatArray]:
    """Mean and std by the law of total variance."""
    weights = np.asarray(shares, dtype=float)
    total = weights.sum()
    expect(abs(total - 1.0) < 1e-6 and weights.min() >= 0, "shares of at least 0 that make 1", weights)
    mean = weights @ means
    return mean, np.sqrt(weights @ (np.square(stds) + np.square(means - mean)))


def _expect_slope(found: FloatArray, slope: FloatArray, what: str) -> None:
    expect(found.shape == slope.shape, f"a gradient of shape {slope.shape} for each column", found.shape)
    error = np.abs(found - slope) / (np.abs(slope) + SPREAD)
    got = f"a difference of {error.max():.2g}, relative"
    expect((error <= LARGEST_ERROR_OF_A_SLOPE).all(), f"the central difference of the {what}", got)
