"""Checks of what `predict` returns: shapes, finite numbers, the same numbers for the same row, units."""

import numpy as np

from bnnopt._typing import FloatArray
from bnnopt.testing._check import expect, expect_same
from bnnopt.testing._subject import FACTOR, SHIFT, Fit, Subject, moments
from bnnopt.testing._tables import FAR, INSIDE, SPREAD, Y_INSIDE

__all__ = [
    "mean_follows_the_function",
    "predicting_twice_gives_the_same",
    "rows_in_any_company_give_the_same",
    "rows_in_any_order_give_the_same",
    "shapes_of_one_output",
    "shapes_of_two_outputs",
    "std_is_finite_and_not_negative",
    "units_are_those_of_y",
]

LARGEST_FACTOR_OF_STD = 10.0
LARGEST_SHIFT_OF_MEAN = 0.5


def shapes_of_one_output(subject: Subject) -> None:
    """Expect mean and std of shape (n,), and the same mean without std."""
    _expect_shapes(subject.first, (len(INSIDE),))


def shapes_of_two_outputs(subject: Subject) -> None:
    """Expect mean and std of shape (n, 2), and the same mean without std."""
    _expect_shapes(subject.two_outputs, (len(INSIDE), 2))


def _expect_shapes(fit: Fit, shape: tuple[int, ...]) -> None:
    alone = np.asarray(fit.estimator.predict(INSIDE.copy()), dtype=float)
    mean, std = moments(fit.estimator, INSIDE)
    expect(alone.shape == shape, f"predict(X) of shape {shape}", alone.shape)
    expect(mean.shape == shape, f"a mean of shape {shape}", mean.shape)
    expect(std.shape == shape, f"a std of shape {shape}", std.shape)
    expect_same(alone, mean, "the same mean with and without return_std")


def std_is_finite_and_not_negative(subject: Subject) -> None:
    """Expect finite mean and std, and std >= 0, near the data and far from them."""
    for rows in (INSIDE, FAR):
        mean, std = moments(subject.first.estimator, rows)
        expect(np.isfinite(mean).all(), "a finite mean", mean[~np.isfinite(mean)][:3])
        expect(np.isfinite(std).all(), "a finite std", std[~np.isfinite(std)][:3])
        expect((std >= 0).all(), "a std of at least 0", std.min())


def mean_follows_the_function(subject: Subject) -> None:
    """Expect R² > 0 between the rows of training: the mean is a better guess than a constant."""
    mean, _ = moments(subject.first.estimator, INSIDE)
    r2 = 1 - np.mean((mean - Y_INSIDE) ** 2) / np.var(Y_INSIDE)
    expect(r2 > 0, "R² above 0 between the rows of training", f"{r2:.3g}")


def predicting_twice_gives_the_same(subject: Subject) -> None:
    """Expect the same numbers from the same call."""
    first, second = (_stacked(subject, INSIDE) for _ in range(2))
    expect_same(second, first, "the same numbers from the same call of predict")


def rows_in_any_company_give_the_same(subject: Subject) -> None:
    """Expect for a row alone, or with some of the others, the numbers that it has among all."""
    rows = np.concatenate([INSIDE, FAR])
    whole = _stacked(subject, rows)
    for part in (slice(0, 1), slice(5, 6), slice(20, 40)):
        expected = "a prediction that does not depend on which other rows are in X"
        expect_same(_stacked(subject, rows[part]), whole[:, part], expected)


def rows_in_any_order_give_the_same(subject: Subject) -> None:
    """Expect that reordering the rows reorders the predictions."""
    rows = np.concatenate([INSIDE, FAR])
    order = np.random.default_rng(subject.seed).permutation(len(rows))
    expected = "a prediction that does not depend on the order of the rows"
    expect_same(_stacked(subject, rows[order]), _stacked(subject, rows)[:, order], expected)


def units_are_those_of_y(subject: Subject) -> None:
    """Expect mean and std that follow the unit of y.

    Estimators that do not standardise y are only about equivariant: the std may be off by a factor of 10 and
    the mean by half of the spread of y, root mean square.
    """
    mean, std = moments(subject.first.estimator, INSIDE)
    new_mean, new_std = moments(subject.rescaled.estimator, INSIDE)
    average, new_average = std.mean(), new_std.mean() / FACTOR
    is_near = average / LARGEST_FACTOR_OF_STD <= new_average <= average * LARGEST_FACTOR_OF_STD
    expected = f"a std about {FACTOR:g} times as large for y times {FACTOR:g}"
    expect(is_near, expected, f"{new_std.mean():.3g} for {average:.3g}")
    shift = np.sqrt(np.mean(((new_mean - SHIFT) / FACTOR - mean) ** 2)) / SPREAD
    expected = f"the mean times {FACTOR:g} plus {SHIFT:g} for y times {FACTOR:g} plus {SHIFT:g}"
    expect(shift <= LARGEST_SHIFT_OF_MEAN, expected, f"a difference of {shift:.2g} times the spread of y")


def _stacked(subject: Subject, X: FloatArray) -> FloatArray:
    """Return mean and std as one array of shape (2, n)."""
    return np.stack(moments(subject.first.estimator, X))
