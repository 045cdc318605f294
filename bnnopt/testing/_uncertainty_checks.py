"""Checks of what the standard deviation means: less near data, less with more data, less without noise."""

from bnnopt.testing._check import TOLERANCE, expect, expect_same
from bnnopt.testing._subject import Subject, moments, moments_of_function
from bnnopt.testing._tables import FAR, FEW_ROWS, INSIDE, X_TRAIN

__all__ = ["noise_adds_to_std", "std_grows_away_from_data", "std_shrinks_with_data"]


def std_grows_away_from_data(subject: Subject) -> None:
    """Expect a larger std far outside than at the rows of training, on average."""
    _, near = moments_of_function(subject.first.estimator, X_TRAIN)
    _, far = moments_of_function(subject.first.estimator, FAR)
    expected = "a larger std three widths of the data away than at the data, on average"
    expect(far.mean() > near.mean(), expected, f"{far.mean():.3g} and {near.mean():.3g}")


def std_shrinks_with_data(subject: Subject) -> None:
    """Expect a smaller std between the rows of training when there are more of them, on average."""
    _, with_few = moments_of_function(subject.few.estimator, INSIDE)
    _, with_all = moments_of_function(subject.first.estimator, INSIDE)
    expected = f"a smaller std with {len(X_TRAIN)} rows than with {FEW_ROWS}, on average"
    expect(with_all.mean() < with_few.mean(), expected, f"{with_all.mean():.3g} and {with_few.mean():.3g}")


def noise_adds_to_std(subject: Subject) -> None:
    """Expect that leaving noise out changes no mean and raises no std, and that the default has it."""
    model = subject.first.estimator
    mean, std = moments(model, INSIDE)
    observed_mean, observed_std = moments(model, INSIDE, noise=True)
    function_mean, function_std = moments(model, INSIDE, noise=False)
    expect_same(std, observed_std, "noise=True as the default of predict")
    expect_same(mean, observed_mean, "noise=True as the default of predict")
    expect_same(function_mean, mean, "the same mean with and without noise")
    excess = (function_std - std).max()
    expect(excess <= TOLERANCE, "a std with noise=False that is nowhere larger", f"an excess of {excess:.3g}")
