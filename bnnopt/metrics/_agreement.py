"""Whether a model says the same when it is trained again."""

import numpy as np

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.metrics._stacks import as_stack, per_output

__all__ = ["retraining_agreement"]


def retraining_agreement(predictions: ArrayLike) -> float | FloatArray:
    """Return how well models that were trained again with other seeds agree on the same rows.

    ICC = (B - W) / (B + (k - 1) W), with k retrainings, the mean square within rows
    W = mean over rows of the variance between retrainings (divisor k - 1), and the mean square between rows
    B = k times the variance over rows of the mean of the retrainings (divisor n_rows - 1)

    It is the share of the variance of one model's predictions that all retrainings have in common. A low
    value says that the rows do not determine the model: it overfits, or its training stopped too early; the
    reference discards such a model and regularises more. A difference counts as large or small beside the
    spread of the predictions over the rows, so choose rows that span the region of interest, and others
    than those of the training, at which overfitted models agree.

    Parameters
    ----------
    predictions : array-like of shape (n_retrainings, n_rows) or (n_retrainings, n_rows, n_outputs)
        Predictions in any unit, finite; at least 2 retrainings and 2 rows.

    Returns
    -------
    float, or ndarray of shape (n_outputs,)
        Between -1 / (n_retrainings - 1) and 1, without a unit. 1: the retrainings agree on every row, even
        where all predictions are equal; 0 or below: they differ as much between retrainings as between rows.

    Raises
    ------
    InvalidDataError
        The shape is wrong or a prediction is not finite.

    References
    ----------
    P. E. Shrout, J. L. Fleiss, "Intraclass correlations: uses in assessing rater reliability", Psychological
    Bulletin 86 (1979) 420-428, ICC(1, 1). O. Voznyy et al., ACS Nano 2019, 13, 11122, Methods (a robust model
    predicts the same when it is retrained from scratch).
    """
    stack = as_stack(predictions, "predictions", ("n_retrainings", "n_rows"), (2, 2))
    k = len(stack)
    centred = stack - stack[:1].mean(axis=1, keepdims=True)
    within = centred.var(axis=0, ddof=1).mean(axis=0)
    between = k * centred.mean(axis=0).var(axis=0, ddof=1)
    total = between + (k - 1) * within
    agrees = np.all(stack == stack[0], axis=(0, 1)) | (total == 0)
    return per_output(np.where(agrees, 1.0, (between - within) / np.where(agrees, 1.0, total)))
