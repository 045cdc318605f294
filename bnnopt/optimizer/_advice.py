"""Advice whether to stop, with the reasons: it never stops anything by itself."""

from dataclasses import dataclass

import numpy as np

from bnnopt._typing import FloatArray

__all__ = ["StoppingAdvice", "advise"]


@dataclass(frozen=True)
class StoppingAdvice:
    """What `BayesianOptimizer.advise` returns.

    Parameters
    ----------
    is_stop : bool
        Whether any reason to stop holds.
    reasons : tuple of str
        The reasons that hold, in words; what speaks for going on where none does.
    expected_gain : float
        The largest expected improvement of the first utility that was found, in its unit.
    noise_std : float
        Standard deviation of the observation noise of the first utility, in its unit.
    n_since_best : int
        Rows measured since the utility last rose by more than the noise.
    """

    is_stop: bool
    reasons: tuple[str, ...]
    expected_gain: float
    noise_std: float
    n_since_best: int


def advise(
    utility: FloatArray,
    n_told: int,
    expected_gain: float,
    noise_std: float,
    *,
    min_gain: float | None,
    patience: int,
    budget: int | None,
) -> StoppingAdvice:
    """Weigh what is to be gained against what was asked for.

    Parameters
    ----------
    utility : ndarray of shape (n_measured,)
        Utilities in the order of the runs; -inf for rows that break a constraint.
    n_told : int
        Rows told, failed ones included.
    expected_gain, noise_std : float
        See `StoppingAdvice`.
    min_gain : float, optional
        Expected improvement that is still worth a run; by default 1 % of the range of the utilities.
    patience : int
        Rows without improvement after which to stop.
    budget : int, optional
        Rows after which to stop.
    """
    finite = utility[np.isfinite(utility)]
    threshold = 0.01 * float(np.ptp(finite)) if min_gain is None and len(finite) else min_gain or 0.0
    n_since = _rows_since_best(utility, noise_std)
    reasons = []
    if budget is not None and n_told >= budget:
        reasons.append(f"the budget of {budget} rows is used up ({n_told} told)")
    if len(finite) and expected_gain < threshold:
        reasons.append(f"the expected gain of {expected_gain:.3g} is below {threshold:.3g}")
    if len(finite) and expected_gain < noise_std / 10:
        reasons.append(
            f"the expected gain of {expected_gain:.3g} is below a tenth of the noise ({noise_std:.3g})"
        )
    if n_since >= patience:
        reasons.append(f"no improvement beyond the noise in the last {n_since} rows (patience {patience})")
    going_on = f"the expected gain of {expected_gain:.3g} is worth a run (at least {threshold:.3g})"
    return StoppingAdvice(bool(reasons), tuple(reasons or [going_on]), expected_gain, noise_std, n_since)


def _rows_since_best(utility: FloatArray, noise_std: float) -> int:
    """Count the rows since the running best last rose by more than the noise."""
    best, since = -np.inf, 0
    for value in utility:
        if value > best + (noise_std if np.isfinite(best) else 0.0):
            best, since = value, 0
        else:
            since += 1
    return since
