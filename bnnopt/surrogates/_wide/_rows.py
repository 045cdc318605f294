"""Rows of one output, held whole, or as a sample of rows that are read in blocks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields

from bnnopt._typing import FloatArray, IntArray

__all__ = ["ROWS_AT_ONCE", "OneOutput", "StreamedRows"]

ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class OneOutput:
    """Rows of one output.

    Attributes
    ----------
    X : ndarray of shape (n_rows, n_inputs)
        Inputs in their own units.
    y : ndarray of shape (n_rows,)
        Standardised output.
    weights, noise_factors, known_noise : ndarray of shape (n_rows,)
        As in `ThinnedRows`.
    """

    X: FloatArray
    y: FloatArray
    weights: FloatArray
    noise_factors: FloatArray
    known_noise: FloatArray

    def only(self, places: IntArray | slice) -> "OneOutput":
        """Return some of the rows."""
        return OneOutput(*(getattr(self, each.name)[places] for each in fields(self)))

    def noise(self, variance: float) -> FloatArray:
        """Noise variance of one measurement of each row, for a network of that noise variance."""
        return variance * self.noise_factors + self.known_noise


@dataclass(frozen=True)
class StreamedRows:
    """Rows that are read in blocks, as often as they are needed.

    Attributes
    ----------
    lower, upper : ndarray of shape (n_inputs,)
        Smallest and largest value of each input.
    blocks : callable
        Reads all rows anew and gives them as `OneOutput`, some thousand at once.
    """

    lower: FloatArray
    upper: FloatArray
    blocks: Callable[[], Iterator[OneOutput]]
