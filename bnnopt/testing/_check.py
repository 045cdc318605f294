"""What a check is, how it says what it found, and what it may need of an estimator."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils import get_tags

from bnnopt._typing import FloatArray
from bnnopt.testing._tables import SPREAD

if TYPE_CHECKING:
    from bnnopt.testing._subject import Subject

__all__ = [
    "FEATURES",
    "GRADIENT_KEYWORD",
    "HELD_OUT",
    "MIXTURE",
    "NOISE_KEYWORD",
    "NOISE_VARIANCE",
    "QUANTILES",
    "SAMPLE_Y",
    "SEVERAL_OUTPUTS",
    "TOLERANCE",
    "Check",
    "Violation",
    "accepts",
    "expect",
    "expect_same",
]

SAMPLE_Y, NOISE_KEYWORD = "sample_y", "the keyword noise of predict"
HELD_OUT, MIXTURE, NOISE_VARIANCE = "predict_held_out", "predict_mixture", "predict_noise_variance"
QUANTILES = "predict_quantiles"
GRADIENT_KEYWORD = "the keyword return_gradient of predict_mixture"
SEVERAL_OUTPUTS = "several outputs (the tag multi_output)"
TOLERANCE = 1e-6 * SPREAD  # "the same": to a millionth of the spread of y


class Violation(AssertionError):
    """What was expected and what came."""


def expect(is_met: object, expected: str, got: object) -> None:
    """Raise `Violation` unless the expectation is met."""
    if not is_met:
        raise Violation(f"expected {expected}, got {got}")


def expect_same(values: FloatArray, reference: FloatArray, expected: str) -> None:
    """Raise `Violation` if arrays differ by more than a millionth of the spread of y, or in shape."""
    if values.shape != reference.shape:
        raise Violation(f"expected {expected}, got the shapes {values.shape} and {reference.shape}")
    if not np.allclose(values, reference, rtol=1e-6, atol=TOLERANCE, equal_nan=True):
        largest = np.abs(values - reference).max() / SPREAD
        raise Violation(f"expected {expected}, got differences up to {largest:.2g} of the spread of y")


@dataclass(frozen=True)
class Check:
    """A function that raises `Violation`, and the features without which it does not apply."""

    function: Callable[["Subject"], None]
    needs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.function.__name__

    def missing(self, estimator: Any) -> list[str]:
        """Return the features that the check needs and the estimator does not have."""
        return [feature for feature in self.needs if not FEATURES[feature](estimator)]


def accepts(method: Callable[..., Any], name: str) -> bool:
    """Tell whether a method has a parameter of this name."""
    return name in inspect.signature(method).parameters


def _has(method: str) -> Callable[[Any], bool]:
    return lambda estimator: hasattr(estimator, method)


def _has_gradient_keyword(estimator: Any) -> bool:
    return hasattr(estimator, MIXTURE) and accepts(estimator.predict_mixture, "return_gradient")


def _has_noise_keyword(estimator: Any) -> bool:
    return accepts(estimator.predict, "noise")


def _takes_two_outputs(estimator: Any) -> bool:
    return hasattr(estimator, "__sklearn_tags__") and get_tags(estimator).target_tags.multi_output


FEATURES: dict[str, Callable[[Any], bool]] = {
    SAMPLE_Y: _has(SAMPLE_Y),
    HELD_OUT: _has(HELD_OUT),
    MIXTURE: _has(MIXTURE),
    GRADIENT_KEYWORD: _has_gradient_keyword,
    NOISE_VARIANCE: _has(NOISE_VARIANCE),
    QUANTILES: _has(QUANTILES),
    NOISE_KEYWORD: _has_noise_keyword,
    SEVERAL_OUTPUTS: _takes_two_outputs,
}
