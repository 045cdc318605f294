"""Predictions of held-out rows, with their intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from bnnopt._typing import FloatArray, IntArray
from bnnopt.acquisition import posterior_quantiles
from bnnopt.exceptions import InvalidDataError
from bnnopt.metrics import PredictionScores, prediction_scores

__all__ = ["Outcomes", "Predicted", "as_outcomes", "joined", "predict_rows", "take"]

ENDS = (0.025, 0.975)


class Outcomes(NamedTuple):
    """Outcomes of shape (n_rows, n_outputs) and their names."""

    values: FloatArray
    names: list[str]


@dataclass(frozen=True)
class Predicted:
    """Moments and intervals of 95 % of held-out rows, each of shape (n_rows, n_outputs)."""

    mean: FloatArray
    std: FloatArray
    lower: FloatArray
    upper: FloatArray

    def scores(self, outcomes: FloatArray) -> list[PredictionScores]:
        """Return the scores of each output."""
        return [
            prediction_scores(y, mean, std, lower=lower, upper=upper)
            for y, mean, std, lower, upper in zip(
                outcomes.T, self.mean.T, self.std.T, self.lower.T, self.upper.T, strict=True
            )
        ]

    def of(self, rows: IntArray) -> "Predicted":
        """Return those of some rows."""
        return Predicted(self.mean[rows], self.std[rows], self.lower[rows], self.upper[rows])


def as_outcomes(X: Any, y: Any, names: Sequence[str] | None) -> Outcomes:
    """Return outcomes as numbers with names, or raise `InvalidDataError`."""
    values = np.asarray(y, dtype=float).reshape(len(y), -1)
    if len(values) != len(X) or not np.isfinite(values).all():
        raise InvalidDataError(
            f"y: finite outcomes, one for each of the {len(X)} rows of X, were expected; {len(values)} came, "
            f"{int((~np.isfinite(values)).any(axis=1).sum())} of them not finite. Leave out failed rows."
        )
    found = list(names) if names is not None else _names(y, values.shape[1])
    if len(found) != values.shape[1]:
        raise InvalidDataError(f"outputs: {values.shape[1]} name(s) were expected; {found} came.")
    return Outcomes(values, found)


def predict_rows(model: Any, rows: Any, n_outputs: int) -> Predicted:
    """Predict new observations at rows."""
    try:
        mean, std = model.predict(rows, return_std=True)
    except TypeError as error:
        raise InvalidDataError(
            f"{type(model).__name__} gave no standard deviation ({error}). Use a regressor with "
            "predict(X, return_std=True), alone or at the end of a Pipeline."
        ) from error
    ends = posterior_quantiles(model, rows, ENDS)
    lower, upper = np.moveaxis(np.asarray(ends, dtype=float), -1, 0)
    shape = (len(np.asarray(mean)), n_outputs)
    return Predicted(*(np.asarray(each, dtype=float).reshape(shape) for each in (mean, std, lower, upper)))


def joined(parts: Sequence[tuple[IntArray, Predicted]]) -> tuple[IntArray, Predicted]:
    """Join the predictions of several splits; return the rows and what was predicted of them."""
    rows = np.concatenate([rows for rows, _ in parts])
    names = ("mean", "std", "lower", "upper")
    arrays = (np.concatenate([getattr(part, name) for _, part in parts]) for name in names)
    return rows, Predicted(*arrays)


def take(table: Any, rows: IntArray) -> Any:
    """Return rows by their positions, of a DataFrame or Series as of an array."""
    return table.iloc[rows] if hasattr(table, "iloc") else np.asarray(table)[rows]


def _names(y: Any, n_outputs: int) -> list[str]:
    if isinstance(y, pd.DataFrame):
        return [str(name) for name in y.columns]
    if n_outputs == 1:
        return [str(getattr(y, "name", None) or "outcome")]
    return [f"outcome {place}" for place in range(n_outputs)]
