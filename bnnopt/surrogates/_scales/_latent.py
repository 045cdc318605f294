"""An outcome with bounds on a latent scale: rows moved inside, standardised values, a fit and its density."""

from collections.abc import Callable, Collection
from typing import Any, NamedTuple, cast

import numpy as np
from scipy.special import log_ndtr
from sklearn.base import BaseEstimator

from bnnopt._estimators import last_step, seeded_clone
from bnnopt._typing import BoolArray, FloatArray
from bnnopt.surrogates._predictive._mixtures import HeldOutPredictions, OutputMixture, log_normal_density
from bnnopt.surrogates._rows import Columns
from bnnopt.surrogates._scales._warps import IdentityScale, LogitScale, LogScale, OutcomeScale, PowerScale
from bnnopt.surrogates._stacking._members import cross_validated, fitted_after

__all__ = ["SCALES", "BoundedRows", "LatentScale", "ScaleFit", "fit_on_scale"]

ON_A_BOUND = 1e-9  # of the width: what is nearer to a bound lies on it
RESOLUTION = 0.01  # of the standard deviation of the outcomes: nearer to a bound they count as so near


class BoundedRows(NamedTuple):
    """Rows of a fit on an outcome with bounds.

    Attributes
    ----------
    X : ndarray of shape (n, n_features)
    y, inside : ndarray of shape (n,)
        Outcomes as given, and the same with those on a bound moved a little inside.
    weights : ndarray of shape (n,)
    noise : ndarray of shape (n,)
        Known noise variance, in squared units of y.
    lower, upper : float or None
    margins : tuple of float
        How far from the bounds those on a bound were moved.
    """

    X: FloatArray
    y: FloatArray
    inside: FloatArray
    weights: FloatArray
    noise: FloatArray
    lower: float | None
    upper: float | None
    margins: tuple[float, float]

    @classmethod
    def of(
        cls,
        X: FloatArray,
        y: FloatArray,
        weights: FloatArray,
        noise: FloatArray,
        lower: float | None,
        upper: float | None,
    ) -> "BoundedRows":
        """Take rows within the bounds, each of a weight above 0."""
        of_lower, of_upper, is_lower, is_upper = _margins(y, lower, upper, float(weights.sum()))
        inside = y.copy()
        if lower is not None:
            inside[is_lower] = lower + of_lower
        if upper is not None:
            inside[is_upper] = upper - of_upper
        return cls(X, y, inside, weights, noise, lower, upper, (of_lower, of_upper))

    @property
    def bounds_met(self) -> list[tuple[float, float]]:
        """Bounds that rows lie on, each with the distance within which a value cannot be told from it.

        It is halfway, by the logarithm, from where these rows are learned to where the nearest other may be.
        """
        pairs = zip((self.lower, self.upper), self.margins, strict=True)
        return [
            (bound, float(np.sqrt(2.0)) * margin)
            for bound, margin in pairs
            if bound is not None and (np.abs(self.y - bound) < margin).any()
        ]

    @property
    def unit(self) -> float:
        """Standard deviation of the outcomes; 1 if they are constant."""
        return _moments(self.y, self.weights)[1]


SCALES: dict[str, Callable[[BoundedRows], OutcomeScale]] = {
    "identity": lambda rows: IdentityScale(rows.lower, rows.upper),
    "log": lambda rows: LogScale(rows.lower, rows.upper),
    "logit": lambda rows: LogitScale(cast(float, rows.lower), cast(float, rows.upper)),
    "power": lambda rows: PowerScale.of(rows.y, rows.weights),
}
"""Scales by name; how many bounds each needs is said by `N_BOUNDS_OF_SCALES`."""


class LatentScale:
    """A scale with the mean and the spread of the rows on it: latent values are standardised.

    Parameters
    ----------
    name : str
        A key of `SCALES`.
    rows : BoundedRows
    """

    def __init__(self, name: str, rows: BoundedRows) -> None:
        self.scale = SCALES[name](rows)
        self.centre, self.unit = _moments(self._raw_latent(rows), rows.weights)

    def latent(self, rows: BoundedRows) -> FloatArray:
        """Return standardised latent values of the rows, shape (n,)."""
        return (self._raw_latent(rows) - self.centre) / self.unit

    def _raw_latent(self, rows: BoundedRows) -> FloatArray:
        """Latent values in the unit of the scale, moved inside where the scale has no place on a bound."""
        return self.scale.to_latent(rows.y if self.scale.reaches_bounds else rows.inside)

    def latent_noise(self, rows: BoundedRows) -> FloatArray:
        """Return the known noise in latent units, to first order."""
        return rows.noise * np.exp(2.0 * self.scale.log_slope(rows.inside)) / self.unit**2

    def raw(self, mixture: OutputMixture) -> OutputMixture:
        """Return a standardised latent distribution in the unit of the scale."""
        return OutputMixture(
            mixture.shares, self.centre + self.unit * mixture.means, self.unit**2 * mixture.variances
        )

    def log_density(self, rows: BoundedRows, held_out: HeldOutPredictions) -> FloatArray:
        """Return the log density of held-out outcomes, in their own unit, shape (n_held_out,).

        It is that of the latent value and the logarithm of the slope of the scale. A value nearer to a bound
        than a hundredth of the spread, or than its margin, counts by the probability to be so near, over that
        distance, whatever the scale: a density has no limit near a bound, and one row of 1e-9 would speak
        louder than all others.
        """
        places = held_out.rows
        mean = self.centre + self.unit * held_out.mean.reshape(len(places))
        std = self.unit * np.sqrt(held_out.variance.reshape(len(places)))
        y = rows.inside[places]
        resolution = RESOLUTION * rows.unit if np.ptp(rows.y) > 0 else 0.0
        density = log_normal_density(self.scale.to_latent(y), mean, np.square(std)) + self.scale.log_slope(y)
        for bound, sign, margin in ((rows.lower, 1.0, rows.margins[0]), (rows.upper, -1.0, rows.margins[1])):
            if bound is not None:
                reach = max(margin, resolution)
                edge = self.scale.to_latent(np.array(bound + sign * reach))
                near = log_ndtr(sign * (edge - mean) / std) - np.log(reach)
                density = np.where(sign * (y - bound) <= reach, near, density)
        return density


class ScaleFit(NamedTuple):
    """A fit on one scale.

    Attributes
    ----------
    scale : str
    model : estimator
        Fitted on standardised latent values.
    latent : LatentScale
    held_out : HeldOutPredictions or None
        In standardised latent units; None where the estimator has none, and none were needed.
    log_densities : ndarray of shape (n_held_out,) or None
        Log density of each held-out row, of the standardised outcome.
    log_density : float or None
        Mean over held-out rows, by their weights.
    """

    scale: str
    model: Any
    latent: LatentScale
    held_out: HeldOutPredictions | None
    log_densities: FloatArray | None
    log_density: float | None


def fit_on_scale(
    scale: str,
    rows: BoundedRows,
    estimator: BaseEstimator,
    seed: int,
    *,
    given: Collection[str],
    before: Any,
    is_compared: bool,
) -> ScaleFit:
    """Fit a clone of an estimator on a scale, and ask how well it predicts held-out rows.

    Parameters
    ----------
    scale : str
        A key of `SCALES`.
    rows : BoundedRows
    estimator : estimator
        Not fitted.
    seed : int
        Of the clone, and of folds.
    given : collection of str
        Which of "sample_weight" and "noise_variance" the estimator is given.
    before : estimator or None
        Fitted earlier on this scale, for an estimator that can go on from it.
    is_compared : bool
        Whether a cross-validation is to stand in for held-out rows that the estimator does not have.
    """
    latent = LatentScale(scale, rows)
    z = latent.latent(rows)
    values = {"sample_weight": rows.weights, "noise_variance": latent.latent_noise(rows)}
    further: dict[str, Any] = {name: values[name] for name in given}
    model = fitted_after(before, seeded_clone(estimator, seed), rows.X, z, further)
    held_out = _held_out(model)
    if held_out is None and is_compared:
        held_out = cross_validated(model, rows.X, z, further, seed)
    if held_out is None:
        return ScaleFit(scale, model, latent, None, None, None)
    densities = latent.log_density(rows, held_out) + np.log(rows.unit)
    mean = float(np.average(densities, weights=rows.weights[held_out.rows]))
    return ScaleFit(scale, model, latent, held_out, densities, mean)


def _held_out(model: Any) -> HeldOutPredictions | None:
    """Ask for rows predicted without themselves; None where there are none."""
    step = last_step(model)[0]
    if not hasattr(step, "predict_held_out"):
        return None
    try:
        return HeldOutPredictions(*step.predict_held_out())
    except ValueError:  # the protocol's way to say that no row was left out
        return None


def _moments(values: FloatArray, weights: FloatArray) -> tuple[float, float]:
    """Weighted mean and standard deviation; 1 in the place of a standard deviation of 0."""
    column = Columns.of(values[:, None], weights)
    return float(column.mean[0]), float(np.sqrt(column.variance[0])) or 1.0


def _margins(
    y: FloatArray, lower: float | None, upper: float | None, n_rows: float
) -> tuple[float, float, BoolArray, BoolArray]:
    """Return how far from a bound a value is learned that lies on it, and which values do.

    Half the distance of the nearest other value, and at most the share 1 / (2 n) of the width: the distance
    between the bounds, or the largest one from the only bound. A value nearer than a billionth of the width
    counts as on the bound.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Values within the bounds.
    lower, upper : float or None
        The bounds.
    n_rows : float
        How many rows they are, weights counted.

    Returns
    -------
    of_lower, of_upper : float
        Above 0, in the unit of y; 0 where there is no bound.
    is_lower, is_upper : ndarray of bool, shape (n,)
        Whether a value lies on the bound.
    """
    of_lower, is_lower = _margin(None if lower is None else y - lower, lower, upper, n_rows, len(y))
    of_upper, is_upper = _margin(None if upper is None else upper - y, lower, upper, n_rows, len(y))
    return of_lower, of_upper, is_lower, is_upper


def _margin(
    distance: FloatArray | None, lower: float | None, upper: float | None, n_rows: float, n: int
) -> tuple[float, BoolArray]:
    if distance is None:
        return 0.0, np.zeros(n, dtype=bool)
    widest = upper - lower if lower is not None and upper is not None else float(distance.max())
    width = widest if widest > 0 else 1.0
    is_on = distance <= ON_A_BOUND * width
    nearest = float(distance[~is_on].min(initial=width))
    return min(0.5 * nearest, 0.5 * width / n_rows), is_on
