"""The conformance suite: one table of checks, run together or one by one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from bnnopt._estimators import require, whole
from bnnopt._typing import RandomState
from bnnopt._validation import as_generator, lookup
from bnnopt.exceptions import BnnoptError
from bnnopt.surrogates import make_surrogate
from bnnopt.testing import _draw_checks as of_draws
from bnnopt.testing import _fit_checks as of_fits
from bnnopt.testing import _prediction_checks as of_predictions
from bnnopt.testing import _protocol_checks as of_protocol
from bnnopt.testing import _uncertainty_checks as of_uncertainty
from bnnopt.testing._check import (
    GRADIENT_KEYWORD,
    HELD_OUT,
    MIXTURE,
    NOISE_KEYWORD,
    NOISE_VARIANCE,
    QUANTILES,
    SAMPLE_Y,
    SEVERAL_OUTPUTS,
    Check,
    Violation,
)
from bnnopt.testing._subject import Subject

__all__ = ["CHECKS", "ConformanceError", "ConformanceReport", "check_surrogate", "surrogate_checks"]

LEAST_DRAWS = 64

_TABLE = (
    Check(of_fits.fit_returns_self),
    Check(of_predictions.shapes_of_one_output),
    Check(of_predictions.shapes_of_two_outputs, (SEVERAL_OUTPUTS,)),
    Check(of_predictions.std_is_finite_and_not_negative),
    Check(of_predictions.mean_follows_the_function),
    Check(of_predictions.predicting_twice_gives_the_same),
    Check(of_predictions.rows_in_any_company_give_the_same),
    Check(of_predictions.rows_in_any_order_give_the_same),
    Check(of_predictions.units_are_those_of_y),
    Check(of_uncertainty.std_grows_away_from_data),
    Check(of_uncertainty.std_shrinks_with_data),
    Check(of_uncertainty.noise_adds_to_std, (NOISE_KEYWORD,)),
    Check(of_draws.shapes_of_draws, (SAMPLE_Y,)),
    Check(of_draws.shapes_of_draws_of_two_outputs, (SAMPLE_Y, SEVERAL_OUTPUTS)),
    Check(of_draws.draws_repeat_with_their_seed, (SAMPLE_Y,)),
    Check(of_draws.draws_are_functions, (SAMPLE_Y,)),
    Check(of_draws.draws_agree_at_the_same_point, (SAMPLE_Y, NOISE_KEYWORD)),
    Check(of_draws.draws_have_the_moments_of_predict, (SAMPLE_Y,)),
    Check(of_protocol.noise_variance_comes_on_top, (NOISE_VARIANCE, NOISE_KEYWORD)),
    Check(of_protocol.quantiles_rise_around_the_mean, (QUANTILES,)),
    Check(of_protocol.mixture_has_the_moments_of_predict, (MIXTURE, NOISE_KEYWORD)),
    Check(of_protocol.gradients_are_slopes_of_the_mixture, (GRADIENT_KEYWORD,)),
    Check(of_protocol.held_out_rows_are_those_of_the_fit, (HELD_OUT,)),
    Check(of_protocol.held_out_moments_are_finite, (HELD_OUT,)),
    Check(of_fits.fitting_again_gives_the_same),
    Check(of_fits.pickling_keeps_predictions),
    Check(of_fits.data_stay_unchanged),
    Check(of_fits.globals_stay_unchanged),
)
CHECKS = {check.name: check for check in _TABLE}


class ConformanceError(BnnoptError, AssertionError):
    """An estimator does not do what a surrogate must; the message names each failed check and what came.

    Parameters
    ----------
    estimator : str
        The name of its class.
    failures : mapping of str to str
        What was expected and what came, by the name of the check.
    """

    def __init__(self, estimator: str, failures: Mapping[str, str]) -> None:
        super().__init__(estimator, dict(failures))
        self.estimator = estimator
        self.failures = dict(failures)

    def __str__(self) -> str:
        checks_of: dict[str, list[str]] = {}
        for name, message in self.failures.items():
            checks_of.setdefault(message, []).append(name)
        lines = [f"  {', '.join(names)}: {message}" for message, names in checks_of.items()]
        return "\n".join([f"{self.estimator} failed {len(self.failures)} check(s):", *lines])


@dataclass(frozen=True)
class ConformanceReport:
    """What `check_surrogate` did for an estimator that passed.

    Parameters
    ----------
    passed : tuple of str
        The checks that were run, in their order.
    not_applicable : dict of str to str
        What is missing for a check to apply, by the name of the check.
    """

    passed: tuple[str, ...]
    not_applicable: dict[str, str]


def check_surrogate(
    estimator: Any,
    *,
    random_state: RandomState = 0,
    n_draws: int = 256,
    checks: Sequence[str] | None = None,
) -> ConformanceReport:
    """Check that a regressor does what bnnopt relies on, alone or at the end of a Pipeline.

    The checks fit clones of it, at most five, on at most 64 rows of two inputs. "The same" means: to 1e-6,
    relative to the numbers or to the spread of y.

    ===================================  =====================================================================
    check                                what must hold
    ===================================  =====================================================================
    fit_returns_self                     `fit` returns the estimator
    shapes_of_one_output                 mean and std are (n,) for y of (n,); the mean is the same without std
    shapes_of_two_outputs                they are (n, 2) for y of (n, 2)
    std_is_finite_and_not_negative       mean and std are finite and std >= 0, near and far from the data
    mean_follows_the_function            R² > 0 between the rows of training
    predicting_twice_gives_the_same      the same call gives the same numbers
    rows_in_any_company_give_the_same    a prediction does not depend on which other rows are in X
    rows_in_any_order_give_the_same      nor on their order
    units_are_those_of_y                 y times 100 plus 50: std is 10 to 1,000 times as large, and the mean
                                         times 100 plus 50 to half the spread of y, root mean square
    std_grows_away_from_data             the average std is larger three widths of the data away than at them
    std_shrinks_with_data                between the data, the average std is smaller with 64 rows than with 8
    noise_adds_to_std                    `noise=False` changes no mean and raises no std; True is the default
    shapes_of_draws                      `sample_y` returns (n, n_samples), finite
    shapes_of_draws_of_two_outputs       it returns (n, 2, n_samples), finite
    draws_repeat_with_their_seed         the same seed gives the same draws, another seed gives others
    draws_are_functions                  far from data, draws at two copies of a row differ by at most half
                                         of what unrelated values would (noise may be in the draws)
    draws_agree_at_the_same_point        where `predict` has `noise`: draws at two copies of a row agree
    draws_have_the_moments_of_predict    mean within 5 / sqrt(n_draws) + 0.1 std, ratio of std 0.7 to 1.4; of
                                         `predict(noise=False)`, where it has `noise`
    noise_variance_comes_on_top          `predict_noise_variance` is what an observation adds to the
                                         variance of the function, (n,) or (n, 2)
    quantiles_rise_around_the_mean       `predict_quantiles` returns (n, n_quantiles), or (n, 2, n_quantiles);
                                         they rise with the level; a median is within a std of the mean
    mixture_has_the_moments_of_predict   `predict_mixture`: shares make 1; moments are those of `predict`
                                         without noise; a list for y of (n, 2)
    gradients_are_slopes_of_the_mixture  where `has_gradients_`: `return_gradient=True` adds derivatives of
                                         means and stds, (k, n, d): central differences to a thousandth
    held_out_rows_are_those_of_the_fit   `predict_held_out`: rows rise, each at most once, in the data of
                                         the fit; a `ValueError` says that there are none
    held_out_moments_are_finite          each has a finite mean and a variance above 0, in the shape of y
    fitting_again_gives_the_same         a clone fitted with the same random_state predicts the same
    pickling_keeps_predictions           the fitted estimator predicts the same after pickling
    data_stay_unchanged                  `fit`, `predict` and `sample_y` change no X and y in place
    globals_stay_unchanged               nor seeds of NumPy and Python, warning filters, floating-point error
                                         handling of NumPy or op determinism of TensorFlow
    ===================================  =====================================================================

    Checks of further methods, of `noise` and of two outputs apply where the estimator has the method,
    `predict` has the keyword, and the tag `multi_output` of scikit-learn is set. What a fit says about its
    convergence, by scikit-learn's `ConvergenceWarning`, is not judged. An estimator that does not standardise
    y, such as `GaussianProcessRegressor` without `normalize_y=True`, may fail `units_are_those_of_y`.

    Parameters
    ----------
    estimator : estimator or str
        Not fitted, with scikit-learn's `get_params`, `fit` and `predict(X, return_std=True)`, or a key of
        `SURROGATES`. It is cloned, never fitted.
    random_state : int, Generator, RandomState or None, default=0
        Seeds the draws and each `random_state` of the estimator.
    n_draws : int, default=256
        Number of draws where their moments are estimated, at least 64.
    checks : sequence of str, optional
        Names of the checks to run. Default: all.

    Returns
    -------
    ConformanceReport
        Which checks passed and which do not apply.

    Raises
    ------
    ConformanceError
        If a check failed, or the estimator raised an error in it; the message lists all checks that failed.
    UnknownNameError
        If a name in `checks`, or of a surrogate, is not known.
    InvalidDataError
        If `n_draws` is below 64.
    TypeError
        If `estimator` is neither a name nor an estimator.

    Examples
    --------
    >>> from sklearn.linear_model import BayesianRidge
    >>> from bnnopt.testing import check_surrogate
    >>> report = check_surrogate(BayesianRidge())
    >>> report.not_applicable["draws_are_functions"]
    'needs sample_y'
    """
    subject = _subject(estimator, random_state, n_draws)
    chosen = list(CHECKS.values()) if checks is None else [lookup(CHECKS, name, "check") for name in checks]
    missing = {check.name: check.missing(subject.estimator) for check in chosen}
    applicable = [check for check in chosen if not missing[check.name]]
    errors = [error for check in applicable if (error := _error_of(check, subject)) is not None]
    if errors:
        failures = {name: message for error in errors for name, message in error.failures.items()}
        raise ConformanceError(_name(subject), failures) from ExceptionGroup("failed checks", errors)
    return ConformanceReport(
        passed=tuple(check.name for check in applicable),
        not_applicable={name: f"needs {' and '.join(parts)}" for name, parts in missing.items() if parts},
    )


def surrogate_checks(
    estimator: Any, *, random_state: RandomState = 0, n_draws: int = 256
) -> list[tuple[str, Callable[[], None]]]:
    """Return the checks of `check_surrogate` that apply to a regressor, to run them one by one.

    They share their fits: each is made when a check first needs it.

    Parameters
    ----------
    estimator : estimator or str
        As in `check_surrogate`.
    random_state : int, Generator, RandomState or None, default=0
        As in `check_surrogate`.
    n_draws : int, default=256
        As in `check_surrogate`, at least 64.

    Returns
    -------
    list of (str, callable)
        Names, and functions without arguments that raise `ConformanceError`.

    Raises
    ------
    UnknownNameError, InvalidDataError, TypeError
        As in `check_surrogate`.

    Examples
    --------
    >>> import pytest
    >>> from sklearn.linear_model import BayesianRidge
    >>> from bnnopt.testing import surrogate_checks
    >>> @pytest.mark.parametrize(("name", "check"), surrogate_checks(BayesianRidge()))
    ... def test_conformance(name, check):
    ...     check()
    """
    subject = _subject(estimator, random_state, n_draws)
    applicable = [check for check in CHECKS.values() if not check.missing(subject.estimator)]
    return [(check.name, partial(_run, check, subject)) for check in applicable]


def _subject(estimator: Any, random_state: RandomState, n_draws: int) -> Subject:
    require(whole(LEAST_DRAWS), n_draws=n_draws)
    seed = int(as_generator(random_state).integers(2**31 - 2))
    return Subject(make_surrogate(estimator), seed, int(n_draws))


def _error_of(check: Check, subject: Subject) -> ConformanceError | None:
    try:
        _run(check, subject)
    except ConformanceError as error:
        return error
    return None


def _run(check: Check, subject: Subject) -> None:
    """Run one check; whatever the estimator raises in it is a failure of this check."""
    try:
        check.function(subject)
    except Violation as error:
        raise ConformanceError(_name(subject), {check.name: str(error)}) from error
    except Exception as error:
        message = f"raised {type(error).__name__}: {error}"
        raise ConformanceError(_name(subject), {check.name: message}) from error


def _name(subject: Subject) -> str:
    return type(subject.estimator).__name__
