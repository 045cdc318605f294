"""Checks of `sample_y`: each draw is one function over all rows, and the draws vary as `predict` says."""

import numpy as np

from bnnopt.testing._check import TOLERANCE, expect, expect_same
from bnnopt.testing._subject import Subject, draws, moments_of_function
from bnnopt.testing._tables import FAR, INSIDE

__all__ = [
    "draws_agree_at_the_same_point",
    "draws_are_functions",
    "draws_have_the_moments_of_predict",
    "draws_repeat_with_their_seed",
    "shapes_of_draws",
    "shapes_of_draws_of_two_outputs",
]

N_FEW_DRAWS = 7
N_TWINS = 8
LARGEST_INDEPENDENT_SHARE = 0.5
N_STANDARD_ERRORS = 5.0
SHIFT_ALLOWED = 0.1  # of the std: predictions may be averages over a hundred draws themselves
RATIO_OF_STD = (0.7, 1.4)


def shapes_of_draws(subject: Subject) -> None:
    """Expect finite draws of shape (n, n_samples)."""
    values = draws(subject.first.estimator, INSIDE, N_FEW_DRAWS, subject.seed)
    shape = (len(INSIDE), N_FEW_DRAWS)
    expect(values.shape == shape, f"draws of shape {shape}", values.shape)
    expect(np.isfinite(values).all(), "finite draws", values[~np.isfinite(values)][:3])


def shapes_of_draws_of_two_outputs(subject: Subject) -> None:
    """Expect finite draws of shape (n, 2, n_samples)."""
    values = draws(subject.two_outputs.estimator, INSIDE, N_FEW_DRAWS, subject.seed)
    shape = (len(INSIDE), 2, N_FEW_DRAWS)
    expect(values.shape == shape, f"draws of shape {shape}", values.shape)
    expect(np.isfinite(values).all(), "finite draws", values[~np.isfinite(values)][:3])


def draws_repeat_with_their_seed(subject: Subject) -> None:
    """Expect the same draws from the same seed and others from another one."""
    model, seed = subject.first.estimator, subject.seed
    first, second, other = (draws(model, FAR, N_FEW_DRAWS, chosen) for chosen in (seed, seed, seed + 1))
    expect_same(second, first, "the same draws with the same random_state")
    largest = np.abs(other - first).max()
    expect(largest > TOLERANCE, "other draws with another random_state", "the same draws")


def draws_are_functions(subject: Subject) -> None:
    """Expect, far from data where noise is small beside std, about the same value at the same point.

    Independent values at two copies of a row differ by twice their variance, mean square; at most half of
    that is allowed, so that a draw may hold observation noise.
    """
    left, right = _at_twins(subject, subject.n_draws)
    difference = np.mean((left - right) ** 2)
    independent = 2 * np.mean([left.var(axis=1), right.var(axis=1)])
    expected = "draws that are functions: far from data, near values at two copies of a row"
    got = f"a mean square difference of {difference:.3g}, {independent:.3g} being that of unrelated values"
    expect(difference <= LARGEST_INDEPENDENT_SHARE * independent + TOLERANCE**2, expected, got)


def draws_agree_at_the_same_point(subject: Subject) -> None:
    """Expect the same value of a draw at two copies of a row, where noise can be left out."""
    left, right = _at_twins(subject, N_FEW_DRAWS)
    expect_same(left, right, "the same value of a draw at two copies of a row")


def _at_twins(subject: Subject, n_draws: int) -> np.ndarray:
    """Return draws at rows far from data and at their copies, shape (2, n, n_draws)."""
    rows = np.concatenate([FAR[:N_TWINS], FAR[:N_TWINS]])
    values = draws(subject.first.estimator, rows, n_draws, subject.seed)
    return values.reshape(2, N_TWINS, n_draws)


def draws_have_the_moments_of_predict(subject: Subject) -> None:
    """Expect mean and std over the draws as `predict` has them, within Monte Carlo error.

    Those without noise, if `predict` has the keyword `noise`; those with it otherwise.
    """
    values = draws(subject.first.estimator, INSIDE, subject.n_draws, subject.seed)
    mean, std = moments_of_function(subject.first.estimator, INSIDE)
    allowed = (N_STANDARD_ERRORS / np.sqrt(subject.n_draws) + SHIFT_ALLOWED) * std + TOLERANCE
    worst = (np.abs(values.mean(axis=1) - mean) / allowed).max()
    got = f"a difference of {worst:.3g} times what Monte Carlo error explains"
    expect(worst <= 1, "the mean of the draws at the mean of predict", got)
    ratio = values.std(axis=1).mean() / max(std.mean(), TOLERANCE)
    low, high = RATIO_OF_STD
    expect(low <= ratio <= high, f"draws whose std is {low} to {high} times that of predict", f"{ratio:.3g}")
