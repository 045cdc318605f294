"""The few rows on which surrogates are checked: two inputs in the unit square, a smooth function, some noise.

They are the same for every seed, so that a check says something about the estimator and not about the rows.
"""

import numpy as np
from scipy.stats import qmc

from bnnopt._typing import FloatArray

__all__ = ["FAR", "FEW_ROWS", "INSIDE", "NOISE", "SPREAD", "X_TRAIN", "Y_INSIDE", "Y_TRAIN", "Y_TWO"]

FEW_ROWS = 8
NOISE = 0.02  # standard deviation of the noise, in the unit of y
BOXES_AWAY = 3.0


def _read_only(values: FloatArray) -> FloatArray:
    values.setflags(write=False)
    return values


def _smooth(X: FloatArray) -> FloatArray:
    """Return a slope with a wave on it, so that a linear model explains most of it and not all."""
    return 1.0 + 2.0 * X[:, 0] - X[:, 1] + 0.6 * np.sin(2 * np.pi * X[:, 1])


def _moved_away(X: FloatArray) -> FloatArray:
    """Return rows on the border of a box around the unit square, several times as wide."""
    offsets = X - 0.5
    return 0.5 + BOXES_AWAY * offsets / np.abs(offsets).max(axis=1, keepdims=True)


_POINTS = qmc.Sobol(2, rng=0).random(128)

X_TRAIN = _read_only(_POINTS[:64].copy())
Y_TRAIN = _read_only(_smooth(X_TRAIN) + NOISE * np.random.default_rng(0).standard_normal(64))
Y_TWO = _read_only(np.column_stack([Y_TRAIN, 500.0 + 100.0 * X_TRAIN[:, 0] * X_TRAIN[:, 1]]))
INSIDE = _read_only(_POINTS[64:96].copy())  # between the rows of training
Y_INSIDE = _read_only(_smooth(INSIDE))
FAR = _read_only(_moved_away(INSIDE))
SPREAD = float(Y_TRAIN.std())
