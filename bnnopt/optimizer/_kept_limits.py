"""Which measured rows keep the limits on outcomes, by what is believed: one rule for all that asks it."""

from typing import NamedTuple

import numpy as np

from bnnopt._typing import BoolArray, FloatArray
from bnnopt.optimizer._goals import Goals
from bnnopt.optimizer._outcome_model import OutcomeModel

__all__ = ["KeptLimits", "kept_limits"]

NOISELESS = 0.01  # of the range of an outcome: a standard deviation of noise that is none to speak of


class KeptLimits(NamedTuple):
    """What counts of measured rows.

    Attributes
    ----------
    believed : ndarray of shape (n_rows, n_outputs)
        What the model expects of the functions there.
    compared : ndarray of shape (n_rows, n_outputs)
        What limits are held against: of an outcome with noise what is believed, else what was measured.
    is_noisy : ndarray of bool of shape (n_outputs,)
        Which outcomes have noise to speak of; none where there are no limits.
    is_within : ndarray of bool of shape (n_rows,)
        Whether a row counts as keeping all outcome constraints.
    """

    believed: FloatArray
    compared: FloatArray
    is_noisy: BoolArray
    is_within: BoolArray


def kept_limits(goals: Goals, model: OutcomeModel, points: FloatArray, measured: FloatArray) -> KeptLimits:
    """Return what counts of rows at encoded points, from what was measured there, (n_rows, n_outputs).

    Of an outcome whose noise is more than a hundredth of its range, what the model believes says whether a
    row keeps the limits: a row that only luck has put within narrow ones would be one to improve on that
    nothing real can better. With less noise what was measured says so, since at a limit the smallest error of
    a model would decide.
    """
    believed = model.moments(points)[0]
    is_noisy = np.zeros(measured.shape[1], dtype=bool)
    if goals.constraints:
        is_noisy = np.sqrt(model.noise_variance(points)) > NOISELESS * np.ptp(measured, axis=0)
    compared = np.where(is_noisy, believed, measured)
    return KeptLimits(believed, compared, is_noisy, goals.is_feasible(compared))
