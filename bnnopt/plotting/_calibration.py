"""Observed against nominal coverage."""

from typing import Any

import numpy as np
from scipy.stats import binom

from bnnopt._typing import ArrayLike
from bnnopt._validation import refuse_flags
from bnnopt.exceptions import InvalidDataError
from bnnopt.metrics import calibration_curve
from bnnopt.plotting._checks import column, same_length
from bnnopt.plotting._style import OKABE_ITO, legend_above, new_axes

CHANCE = 0.95


class CalibrationDisplay:
    """Share of the outcomes inside their central interval, against the probability of the interval.

    Below the diagonal intervals are too narrow, above it too wide. Within the band, 95 % of the points of a
    calibrated model lie by chance, with so many rows.

    Parameters
    ----------
    levels : array-like of shape (n_levels,)
        Nominal probabilities, above 0 and below 1, increasing.
    observed : array-like of shape (n_levels,)
        Shares of the outcomes inside, 0 to 1.
    n_rows : int
        Outcomes, at least 1.
    label : str, default="outcome"
        Name of the outcome.

    Attributes
    ----------
    lower_, upper_ : ndarray of shape (n_levels,)
        The band of chance.
    error_ : float
        Mean distance from the diagonal.
    ax_, figure_ : Axes, Figure
        What was drawn on.
    line_, diagonal_ : Line2D
    band_ : PolyCollection

    Raises
    ------
    InvalidDataError
        The arrays are not columns of one length, or a number is out of its range.

    References
    ----------
    V. Kuleshov, N. Fenner, S. Ermon, "Accurate uncertainties for deep learning using calibrated regression",
    ICML 2018, arXiv:1807.00263.
    """

    def __init__(
        self, levels: ArrayLike, observed: ArrayLike, n_rows: int, *, label: str = "outcome"
    ) -> None:
        self.levels, self.observed = column(levels, "levels"), column(observed, "observed")
        same_length(levels=self.levels, observed=self.observed)
        refuse_flags(n_rows=n_rows)
        is_known = (self.levels > 0) & (self.levels < 1) & (self.observed >= 0) & (self.observed <= 1)
        if not len(self.levels) or not is_known.all() or (np.diff(self.levels) <= 0).any() or n_rows < 1:
            raise InvalidDataError(
                "increasing levels above 0 and below 1, shares from 0 to 1, and n_rows of at least 1 "
                f"were expected; {self.levels.tolist()}, {self.observed.tolist()} and {n_rows} came."
            )
        self.n_rows, self.label = int(n_rows), label
        self.error_ = float(np.abs(self.observed - self.levels).mean())
        tails = (1 - CHANCE) / 2
        self.lower_, self.upper_ = (
            binom.ppf(each, n_rows, self.levels) / n_rows for each in (tails, 1 - tails)
        )

    @classmethod
    def from_predictions(
        cls, y: ArrayLike, mean: ArrayLike, std: ArrayLike, **options: Any
    ) -> "CalibrationDisplay":
        """Compare outcomes with normal predictions of rows that the model has not seen.

        Parameters
        ----------
        y, mean, std : array-like of shape (n,)
            Outcomes and predictive moments, finite; std above 0.
        **options
            Passed to `CalibrationDisplay`.

        Returns
        -------
        CalibrationDisplay
            Not drawn yet; `plot` draws it.
        """
        return cls(*calibration_curve(y, mean, std), len(np.asarray(y)), **options)

    def plot(self, ax: Any | None = None) -> "CalibrationDisplay":
        """Draw the curve.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw. Default: a new figure.

        Returns
        -------
        CalibrationDisplay
            Itself, with `ax_`, `figure_` and the artists.
        """
        self.figure_, self.ax_ = new_axes(ax)
        look = {"color": "0.85", "linewidth": 0.0, "label": f"chance, {self.n_rows} rows", "zorder": 1}
        self.band_ = self.ax_.fill_between(self.levels, self.lower_, self.upper_, **look)
        (self.diagonal_,) = self.ax_.plot(
            [0, 1], [0, 1], color="black", linewidth=1, linestyle="--", label="calibrated"
        )
        line = {"color": OKABE_ITO["blue"], "marker": "o", "markersize": 4, "zorder": 3}
        (self.line_,) = self.ax_.plot(self.levels, self.observed, label=self.label, **line)
        self.ax_.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
        self.ax_.set_xlabel("probability of the interval")
        self.ax_.set_ylabel("share of outcomes inside")
        legend_above(self.ax_)
        return self
