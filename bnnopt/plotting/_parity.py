"""Measured against predicted."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bnnopt._estimators import real, require
from bnnopt._typing import ArrayLike
from bnnopt.exceptions import InvalidDataError
from bnnopt.plotting._around_row import shown_outcome
from bnnopt.plotting._checks import column, deviations, same_length
from bnnopt.plotting._predictions import pick_output, predict_outputs
from bnnopt.plotting._style import OKABE_ITO, Z95, new_axes, with_unit


class ParityDisplay:
    """Predicted against measured values with 95 % intervals, the diagonal and the statistics.

    Parameters
    ----------
    y : array-like of shape (n,)
        Measured values, in `unit`; rows with NaN (failed experiments) are left out.
    mean : array-like of shape (n,)
        Predicted means, in `unit`.
    std : array-like of shape (n,), optional
        Predicted standard deviations, in `unit`, at least 0. Default: no intervals and no coverage.
    names : sequence of length n, optional
        What each row is called, such as the number of its run. Default: its place.
    label, unit : str
        Name and unit of the outcome; a unit of "" is left out.

    Attributes
    ----------
    names : list of str
        Of the rows that are shown.
    mae_ : float
        Mean absolute error, mean(|y - mean|), in `unit`.
    r2_ : float
        Coefficient of determination, 1 - sum((y - mean)²) / sum((y - mean(y))²); NaN if all y are equal.
    coverage_ : float or None
        Fraction of the y within mean ± 1.96 std.
    ax_, figure_ : Axes, Figure
        What was drawn on.
    points_ : Line2D
        The pairs.
    errors_ : LineCollection or None
        The intervals.
    diagonal_ : Line2D

    Raises
    ------
    InvalidDataError
        If the arrays are not columns of one length, or nothing was measured.
    """

    def __init__(
        self,
        y: ArrayLike,
        mean: ArrayLike,
        std: ArrayLike | None = None,
        *,
        names: Sequence[Any] | None = None,
        label: str = "outcome",
        unit: str = "",
    ) -> None:
        measured, predicted = column(y, "y", allow_nan=True), column(mean, "mean")
        widths = None if std is None else deviations(std)
        same_length(y=measured, mean=predicted, **({} if widths is None else {"std": widths}))
        is_there = ~np.isnan(measured)
        if not is_there.any():
            raise InvalidDataError(
                "y: at least one measured value was expected; all are NaN or there are none."
            )
        self.y, self.mean = measured[is_there], predicted[is_there]
        self.std = None if widths is None else widths[is_there]
        called = [str(name) for name in (range(len(measured)) if names is None else names)]
        if len(called) != len(measured):
            raise InvalidDataError(
                f"names: one for each of the {len(measured)} rows was expected; {len(called)} came."
            )
        self.names = [name for name, shown in zip(called, is_there, strict=True) if shown]
        self.label, self.unit = label, unit
        self.mae_, self.r2_, self.coverage_ = self._statistics()

    @classmethod
    def from_predictions(
        cls, y: ArrayLike, mean: ArrayLike, std: ArrayLike | None = None, **options: Any
    ) -> "ParityDisplay":
        """Compare measured values with predictions that are at hand, as from cross-validation.

        Parameters
        ----------
        y, mean, std : array-like of shape (n,)
            As in `ParityDisplay`.
        **options
            Passed to `ParityDisplay`.

        Returns
        -------
        ParityDisplay
            Not drawn yet; `plot` draws it.
        """
        return cls(y, mean, std, **options)

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: ArrayLike, y: ArrayLike, *, output: int = 0, **options: Any
    ) -> "ParityDisplay":
        """Predict and compare; the rows should be others than those the estimator was fitted to.

        Parameters
        ----------
        estimator : fitted regressor
            Anything with `predict(X, return_std=True)`.
        X : array-like of shape (n, n_features)
            Inputs, in the units of the estimator.
        y : array-like of shape (n,) or (n, n_outputs)
            Measured values.
        output : int, default=0
            Which output is compared.
        **options
            Passed to `ParityDisplay`.

        Returns
        -------
        ParityDisplay
            Not drawn yet; `plot` draws it.
        """
        mean, std = predict_outputs(estimator, X)
        measured = np.asarray(y, dtype=float)
        one_output = measured if measured.ndim == 1 else pick_output(measured, output)
        return cls(one_output, pick_output(mean, output), pick_output(std, output), **options)

    @classmethod
    def from_optimizer(
        cls,
        optimizer: Any,
        *,
        outcome: str | None = None,
        names: Sequence[Any] | None = None,
        held_out: Any = None,
        **options: Any,
    ) -> "ParityDisplay":
        """Compare the rows told with what the model predicts for each without itself.

        Parameters
        ----------
        optimizer : BayesianOptimizer
            Told two measured rows or more.
        outcome : str, optional
            By default the first.
        names : sequence, optional
            What each row of `optimizer.data` is called; by default its number there.
        held_out : DataFrame, optional
            What `optimizer.predict_held_out` returned, where it is at hand.
        **options
            Passed to `ParityDisplay`; they go before what is taken from the optimizer.

        Returns
        -------
        ParityDisplay
            Of the rows that some model left out.
        """
        shown, data = shown_outcome(optimizer, outcome), optimizer.data
        table = optimizer.predict_held_out() if held_out is None else held_out
        left_out = table[[f"{shown}_mean", f"{shown}_std"]].dropna()
        called = dict(zip(data.index, data.index if names is None else names, strict=True))
        found = {
            "names": [called[row] for row in left_out.index],
            "label": shown,
            "unit": optimizer.units[shown],
        }
        return cls(data.loc[left_out.index, shown], *left_out.to_numpy().T, **(found | options))

    def plot(self, ax: Any | None = None, *, size: float = 5.0) -> "ParityDisplay":
        """Draw the comparison.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw. Default: a new figure.
        size : float, default=5
            Diameter of a marker, points.

        Returns
        -------
        ParityDisplay
            Itself, with `ax_`, `figure_` and the artists.
        """
        require(real(0), size=size)
        self.figure_, self.ax_ = new_axes(ax)
        limits = self._limits()
        (self.diagonal_,) = self.ax_.plot(limits, limits, color="black", linewidth=1, linestyle="--")
        self.errors_ = self._draw_errors()
        look = {"linestyle": "", "marker": "o", "markersize": size, "zorder": 3}
        edge = {"color": OKABE_ITO["blue"], "markeredgecolor": "white", "markeredgewidth": 0.4}
        (self.points_,) = self.ax_.plot(self.y, self.mean, label=self.describe(), **look, **edge)
        self.ax_.set(xlim=limits, ylim=limits, aspect="equal")
        self.ax_.set_xlabel(with_unit(f"measured {self.label}", self.unit))
        self.ax_.set_ylabel(with_unit(f"predicted {self.label}", self.unit))
        self.ax_.legend(loc="upper left", fontsize="small", frameon=False)
        return self

    def describe(self) -> str:
        """Return the statistics, a line each, as the legend shows them.

        Returns
        -------
        str
            Three lines, or four where there are standard deviations.
        """
        error = f"MAE {self.mae_:.3g} {self.unit}".strip()
        covered = "" if self.coverage_ is None else f"\n95 % interval covers {100 * self.coverage_:.0f} %"
        return f"n = {len(self.y)}\n{error}\nR² {self.r2_:.2f}{covered}"

    def _statistics(self) -> tuple[float, float, float | None]:
        error = self.y - self.mean
        spread = float(((self.y - self.y.mean()) ** 2).sum())
        r2 = 1 - float((error**2).sum()) / spread if spread > 0 else float("nan")
        covered = None if self.std is None else float((np.abs(error) <= Z95 * self.std).mean())
        return float(np.abs(error).mean()), r2, covered

    def _limits(self) -> tuple[float, float]:
        reach = np.zeros_like(self.mean) if self.std is None else Z95 * self.std
        values = np.concatenate([self.y, self.mean - reach, self.mean + reach])
        margin = 0.04 * np.ptp(values) or 1.0
        return float(values.min() - margin), float(values.max() + margin)

    def _draw_errors(self) -> Any:
        if self.std is None:
            return None
        low, high = self.mean - Z95 * self.std, self.mean + Z95 * self.std
        return self.ax_.vlines(self.y, low, high, color=OKABE_ITO["sky blue"], linewidth=0.9, zorder=2)
