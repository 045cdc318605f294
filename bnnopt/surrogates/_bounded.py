"""Regression of an outcome with bounds, by any regressor on a scale without bounds."""

from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import has_fit_parameter

from bnnopt._estimators import (
    Rule,
    draw_seed,
    last_step,
    optional,
    real,
    seed_parameter,
)
from bnnopt._typing import ArrayLike, FloatArray
from bnnopt._validation import admissible_scales, beyond_bounds, refuse_rows
from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates._bayesian_stacking import BayesianStackingRegressor, standing_of
from bnnopt.surrogates._predictive._mixtures import HeldOutPredictions
from bnnopt.surrogates._predictive._regressor import MixtureRegressor
from bnnopt.surrogates._rows import check_arrays, checked_noise, checked_weights
from bnnopt.surrogates._scales._latent import BoundedRows, ScaleFit, fit_on_scale
from bnnopt.surrogates._scales._mixture import ScaleMixture, needs_power_scale, shares_of_scales
from bnnopt.surrogates._scales._posterior import WarpedPosterior
from bnnopt.surrogates._stacking._members import Member

__all__ = ["BoundedRegressor"]

WIDTHS = (1e-100, 1e100)  # the exponents of the scale end at e**-300 and e**300


class BoundedRegressor(MixtureRegressor):
    """Regression of one outcome that lies between bounds, such as a yield, a rate or a polydispersity.

    A regressor learns z = g(y), with g the logarithm of the distance from one bound ("log"), the logarithm of
    the ratio of the distances from both ("logit"), or y itself ("identity"). What it predicts of z comes back
    through the inverse of g, which never leaves the bounds (warped Gaussian processes; Snelson, Rasmussen and
    Ghahramani 2004). On the identity, predictions are cut off at the bounds: what would be beyond lies on
    them. `scale="auto"` mixes the scales that fit the bounds, each with a share, so that held-out rows have
    the highest density in the unit of y (stacking; Yao et al. 2018): of one scale, log N(g(y)) + log g'(y).
    One that next to no row speaks for is left out. Near a bound a logit may be sure of a thousandth of the
    width and wrong, which costs no more than its share where another scale has one too. A value nearer to a
    bound than a hundredth of the standard deviation of y counts by the probability to be so near, divided by
    that distance: a density has no limit near a bound.

    Without bounds, the scale "power" is for values that reach over orders of magnitude: a signed square root
    or fourth root of the distance from a centre, which is the least value, the median or the largest one
    (John and Draper 1980), as makes the values most like normal ones. `scale="auto"` takes it if a short
    trial says that held-out rows are more likely on it by more than chance.

    All numbers are in the unit of y. The function, of which `noise=False` speaks, is the expected outcome at
    an input, with the noise of z averaged out. `predict_quantiles` is exact, for g keeps the order; draws are
    those of z, each as an expected outcome. `predict_mixture` takes one normal distribution of z, with the
    moments of what is predicted, on each scale, cuts it into 8 slices of equal probability and returns a
    component for each, with the mean and the standard deviation of the function on it, so that what is
    averaged over components has the unit of y.

    A measured value on a bound has no finite z but on the identity. It is learned as a little inside: half as
    far from the bound as the nearest other value, and at most the share 1 / (2 n) of the width among n rows,
    the width being the distance between the bounds or the largest distance from the only one.

    Parameters
    ----------
    estimator : estimator, default=None
        Learns z: a regressor with `predict(X, return_std=True)`, alone or as the last step of a Pipeline; it
        is cloned. None for `BayesianStackingRegressor()`. What it may offer besides stands in
        docs/surrogates.md. z is standardised for it.
    lower, upper : float or None, default=None
        The bounds, lower < upper, finite, in the unit of y, of which they are possible values; None where
        there is none.
    scale : {"auto", "identity", "log", "logit", "power"}, default="auto"
        "log" needs one bound, "logit" both, "power" none. "auto" fits on each that fits the bounds and mixes
        them; without any, a short trial chooses between "identity" and "power".
    random_state : int, RandomState or None, default=None
        Seeds each `random_state` of the estimator that is None, and folds.

    Attributes
    ----------
    scale_ : str
        The scale that predicts, that of the largest share if there are two.
    scale_shares_ : dict of str to float
        Share of each scale that was fitted, 0 where it does not predict; the sum is 1.
    estimator_ : estimator
        Fitted on standardised z of `scale_`.
    estimators_ : dict of str to estimator
        Those of all scales that predict.
    scale_log_densities_ : dict of str to float
        Of each scale that was compared: mean over rows, by their weights, of the log density of the
        standardised outcome, predicted without the row. Empty where nothing was to choose and the estimator
        has no `predict_held_out`.
    held_out_log_density_ : float
        That of the mixture; NaN where it is not known.
    noise_variance_ : float
        Mean variance of an observation around the function, in squared units of y.
    has_gradients_ : bool
        Whether `predict_mixture` can return gradients: if the estimators can, and their noise is constant.
    n_features_in_, n_outputs_ : int
        Number of inputs, and 1.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the inputs, if fitted on a DataFrame with string column names.
    output_names_ : ndarray of shape (1,)
        Name of the output, if y was a DataFrame with a string column name.

    References
    ----------
    E. Snelson, C. E. Rasmussen, Z. Ghahramani, "Warped Gaussian processes", NIPS 2003 (2004). J. A. John,
    N. R. Draper, "An alternative family of transformations", Applied Statistics 29 (1980) 190-197. Y. Yao, A.
    Vehtari, D. Simpson, A. Gelman, "Using stacking to average Bayesian predictive distributions", Bayesian
    Analysis 13 (2018) 917-1007.

    Examples
    --------
    >>> import numpy as np
    >>> from bnnopt import BoundedRegressor, GaussianProcessEnsembleRegressor
    >>> X = np.linspace(0, 1, 20)[:, None]
    >>> y = 100 / (1 + np.exp(-20 * (X[:, 0] - 0.6)))
    >>> processes = GaussianProcessEnsembleRegressor()
    >>> model = BoundedRegressor(processes, lower=0, upper=100, random_state=0).fit(X, y)
    >>> interval = model.predict_quantiles([[-3.0], [0.5], [3.0]], [0.025, 0.975])
    >>> bool(interval.min() >= 0 and interval.max() <= 100)
    True
    """

    trains_outputs_jointly: ClassVar[bool] = False
    has_sliced_mixture: ClassVar[bool] = True  # components are its shape, not models that disagree

    _rules: ClassVar[dict[str, Rule]] = {
        "lower": optional(real(-np.inf)),
        "upper": optional(real(-np.inf)),
        "random_state": seed_parameter(),
    }

    def __init__(
        self,
        estimator: BaseEstimator | None = None,
        lower: float | None = None,
        upper: float | None = None,
        scale: str = "auto",
        *,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.lower = lower
        self.upper = upper
        self.scale = scale
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        noise_variance: ArrayLike | None = None,
    ) -> Self:
        """Fit on each scale that fits the bounds, and mix those that held-out rows speak for.

        A fit that fails or is stopped leaves the last one as it was.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Inputs in any units, finite; at least 2 rows.
        y : array-like of shape (n_samples,)
            One outcome within the bounds, finite.
        sample_weight : array-like of shape (n_samples,), default=None
            How many times each row counts, at least 0; only if the estimator takes it.
        noise_variance : array-like of shape (n_samples,), default=None
            Noise variance of each measurement where it is known, in squared units of y; only if the estimator
            takes it. It reaches z to first order, times g'(y) squared.

        Returns
        -------
        self
            The estimator itself, fitted.

        Raises
        ------
        ValueError
            If the data are not finite numbers of fitting shapes, a value is beyond a bound (the message names
            the row), the bounds or the scale make no sense, or the estimator does not take what is given.
        """
        return self.fit_after(None, X, y, sample_weight=sample_weight, noise_variance=noise_variance)

    def fit_after(
        self,
        previous: Any,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        noise_variance: ArrayLike | None = None,
    ) -> Self:
        """Fit, on each scale of an earlier fit from where its estimator stood; see `fit`.

        Parameters
        ----------
        previous : BoundedRegressor or None
            Fitted on some of the rows; None for a fit that knows of none. Of a stacking on another scale, or
            on none, which members take part is kept.
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Inputs, as in `fit`.
        y : array-like of shape (n_samples,)
            Outputs, as in `fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            As in `fit`.
        noise_variance : array-like of shape (n_samples,), default=None
            As in `fit`.

        Returns
        -------
        self
            The estimator itself, fitted.
        """
        with self._fitting():
            scales = admissible_scales(self.lower, self.upper, self.scale)
            rows, given = self._checked_rows(X, y, sample_weight, noise_variance)
            seed = draw_seed(self.random_state)
            if self.scale == "auto" and rows.lower is None and rows.upper is None:
                is_power = needs_power_scale(rows.X, rows.y, rows.weights, rows.noise)
                scales = ("power",) if is_power else ("identity",)
            fits = [
                fit_on_scale(
                    name,
                    rows,
                    self._unfitted,
                    seed,
                    given=given,
                    before=_known_of(previous, name),
                    is_compared=len(scales) > 1,
                )
                for name in scales
            ]
            return self._take(fits, rows)

    def _offers(self, name: str) -> bool:
        return hasattr(last_step(self._inner)[0], name)

    @property
    def _inner(self) -> Any:
        """The estimator, fitted if this one is."""
        return self.estimator_ if hasattr(self, "estimator_") else self._unfitted

    @property
    def _unfitted(self) -> Any:
        return BayesianStackingRegressor() if self.estimator is None else self.estimator

    def _check(self) -> None:
        super()._check()
        admissible_scales(self.lower, self.upper, self.scale)

    def _checked_rows(
        self, X: Any, y: Any, sample_weight: Any, noise_variance: Any
    ) -> tuple[BoundedRows, frozenset[str]]:
        """Return the rows of a weight above 0, and the names of what was given with them."""
        named = {"sample_weight": sample_weight, "noise_variance": noise_variance}
        given = frozenset(name for name, value in named.items() if value is not None)
        self._refuse_unknown(given)
        index = y.index if isinstance(y, pd.Series) else None
        inputs, targets = check_arrays(self, X, y, multi_output=False)
        outcomes = targets[:, 0]
        column = pd.Series(outcomes, index=index, name="y")
        for is_bad, problem in beyond_bounds(outcomes, self.lower, self.upper):
            refuse_rows(column, is_bad, "y", problem)
        _refuse_extremes(outcomes, self.lower, self.upper)
        weights = checked_weights(sample_weight, len(outcomes), 2)
        known = checked_noise(noise_variance, targets)
        noise = np.ones(len(outcomes)) if known is None else known[:, 0]  # then none reaches the estimator
        kept = weights > 0
        bounds = self.lower, self.upper
        return BoundedRows.of(inputs[kept], outcomes[kept], weights[kept], noise[kept], *bounds), given

    def _refuse_unknown(self, given: frozenset[str]) -> None:
        inner = self._unfitted
        unknown = sorted(name for name in given if not has_fit_parameter(inner, name))
        if unknown:
            raise InvalidDataError(
                f"fit of the estimator, {type(inner).__name__}, takes no {' and no '.join(unknown)}. Leave "
                "it out, or take an estimator that does, such as GaussianProcessEnsembleRegressor."
            )

    def _take(self, fits: list[ScaleFit], rows: BoundedRows) -> Self:
        shares, log_density = shares_of_scales(fits, rows.weights)
        kept = np.flatnonzero(shares)
        none = np.empty((0, 1))
        held_out = HeldOutPredictions(np.empty(0, dtype=int), none, none)
        members = [Member("estimator", [fits[place].model], 1, held_out) for place in kept]
        parts = [
            WarpedPosterior(member, fits[place].latent, rows, fits[place].held_out)
            for place, member in zip(kept, members, strict=True)
        ]
        posterior = parts[0] if len(parts) == 1 else ScaleMixture(shares[kept], parts)
        best = fits[int(shares.argmax())]
        return self._keep(
            posterior,
            rows.y,
            scale=best.scale,
            estimator=best.model,
            estimators={fits[place].scale: fits[place].model for place in kept},
            scale_shares={fit.scale: float(share) for fit, share in zip(fits, shares, strict=True)},
            scale_log_densities={
                each.scale: each.log_density for each in fits if each.log_density is not None
            },
            held_out_log_density=log_density,
            has_gradients=all(own.has_gradients for own in members) and posterior.has_constant_noise,
        )

    def _quantiles(self, rows: FloatArray, levels: FloatArray, noise: bool) -> list[FloatArray]:
        posterior: Any = self._posterior
        return [posterior.quantiles(rows, levels, noise=noise)]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        return tags


def _known_of(previous: Any, scale: str) -> Any:
    """Return what an estimator on a scale can go on from; of a stacking on another scale who takes part."""
    if isinstance(previous, BoundedRegressor) and scale in previous.estimators_:
        return previous.estimators_[scale]
    return standing_of(getattr(previous, "estimator_", previous))


def _refuse_extremes(y: FloatArray, lower: float | None, upper: float | None) -> None:
    """Refuse distances of which a logarithm would not come back as it was."""
    with np.errstate(over="ignore"):
        widths = [float(np.abs(y - bound).max()) for bound in (lower, upper) if bound is not None]
        widths += [] if lower is None or upper is None else [upper - lower]
    bad = [width for width in widths if width > 0 and not WIDTHS[0] <= width <= WIDTHS[1]]
    if bad:
        raise InvalidDataError(
            f"y: distances between values and bounds must be {WIDTHS[0]:.0e} to {WIDTHS[1]:.0e}, got "
            f"{bad[0]:.3g}. Use another unit."
        )
