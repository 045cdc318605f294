"""Thompson sampling: one coherent draw is the score."""

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.acquisition._arrays import as_draws

__all__ = ["thompson"]


def thompson(draws: ArrayLike, *, best: float | None = None) -> FloatArray:
    """Return one coherent draw of the utility, the first.

    A batch takes a further draw for each of its points: `greedy_batch` brings the next one to the front.

    Parameters
    ----------
    draws : array-like of shape (n_draws, n)
        Draws of the utility, each one function over all candidates.
    best : float, optional
        Not used; every acquisition function takes it.

    Returns
    -------
    ndarray of shape (n,)
        In the unit of the utility.

    Raises
    ------
    InvalidDataError
        The shape is wrong or a draw is not finite.

    References
    ----------
    W. R. Thompson, "On the likelihood that one unknown probability exceeds another in view of the
    evidence of two samples", Biometrika 25 (1933) 285-294.
    """
    return as_draws(draws)[0].copy()
