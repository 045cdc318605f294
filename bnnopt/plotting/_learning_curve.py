"""How good predictions are by the number of rows."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._typing import FloatArray
from bnnopt._validation import lookup, require_columns
from bnnopt.exceptions import InvalidDataError
from bnnopt.plotting._around_row import shown_outcome
from bnnopt.plotting._style import OKABE_ITO, legend_above, new_axes, with_unit

SCORES = {
    "rmse": ("root mean squared error", True, None),
    "mae": ("mean absolute error", True, None),
    "half_width": ("half-width of 95 % intervals", True, None),
    "r2": ("R²", False, 1.0),
    "inside": ("share inside 95 % intervals", False, 0.95),
    "calibration_error": ("calibration error", False, 0.0),
    "log_density": ("log density (nats a row)", False, None),
}
"""How a score is called, whether it has the unit of the outcome, and what is best where that is known."""
STYLES = {"random": ("blue", "o", "random rows"), "in time": ("vermillion", "s", "as they came")}


class LearningCurveDisplay:
    """A score of held-out rows by the number of rows of the training, with the range of the repeats.

    Parameters
    ----------
    curves : mapping of str to DataFrame
        For each kind, "random" or "in time", a table with `n_rows` (increasing), `median`, `lowest` and
        `highest`.
    score : str, default="rmse"
        A field of `bnnopt.metrics.PredictionScores`.
    label, unit : str
        Name and unit of the outcome; a unit of "" is left out.

    Attributes
    ----------
    ax_, figure_ : Axes, Figure
        What was drawn on.
    lines_ : dict of str to Line2D
    bands_ : dict of str to PolyCollection
    best_ : Line2D or None
        What is best, where that is known.

    Raises
    ------
    InvalidDataError
        There is no curve, a column is missing, or the numbers of rows do not increase.
    UnknownNameError
        The score or a kind is not known.

    References
    ----------
    Voznyy et al., ACS Nano 2019, 13, 11122-11128, SI Figures 1b-e and 3.
    """

    def __init__(
        self,
        curves: Mapping[str, pd.DataFrame],
        *,
        score: str = "rmse",
        label: str = "outcome",
        unit: str = "",
    ) -> None:
        self.said, self.has_unit, self.best = lookup(SCORES, score, "score")
        if not curves:
            raise InvalidDataError("curves: at least one was expected; none came.")
        self.curves = {kind: _curve(kind, table) for kind, table in curves.items()}
        self.score, self.label, self.unit = score, label, unit

    @classmethod
    def from_curve(
        cls, curve: Any, outcome: str | None = None, *, score: str = "rmse", **options: Any
    ) -> "LearningCurveDisplay":
        """Show one outcome and score.

        Parameters
        ----------
        curve : LearningCurve
            Of `bnnopt.model_selection.learning_curve`.
        outcome : str, optional
            By default the first.
        score : str, default="rmse"
            A field of `bnnopt.metrics.PredictionScores`.
        **options
            Passed to `LearningCurveDisplay`.

        Returns
        -------
        LearningCurveDisplay
            Not drawn yet; `plot` draws it.

        Raises
        ------
        UnknownNameError
            The outcome or the score is not known.
        """
        lookup(SCORES, score, "score")
        shown = shown_outcome(curve, outcome)
        table = curve.summary(score)
        of_outcome = table[table["outcome"] == shown]
        curves = {kind: part.sort_values("n_rows") for kind, part in of_outcome.groupby("kind", sort=False)}
        return cls(curves, **{"score": score, "label": shown, **options})

    def plot(self, ax: Any | None = None) -> "LearningCurveDisplay":
        """Draw the curves.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw. Default: a new figure.

        Returns
        -------
        LearningCurveDisplay
            Itself, with `ax_`, `figure_` and the artists.
        """
        self.figure_, self.ax_ = new_axes(ax)
        self.lines_: dict[str, Any] = {}
        self.bands_: dict[str, Any] = {}
        for kind, curve in self.curves.items():
            color, marker, said = STYLES[kind]
            n_rows, median, lowest, highest = curve.T
            look = {"color": OKABE_ITO[color], "alpha": 0.18, "linewidth": 0.0, "zorder": 1}
            self.bands_[kind] = self.ax_.fill_between(n_rows, lowest, highest, **look)
            (self.lines_[kind],) = self.ax_.plot(
                n_rows, median, color=OKABE_ITO[color], marker=marker, markersize=5, label=said, zorder=3
            )
        self.best_ = None
        if self.best is not None:
            self.best_ = self.ax_.axhline(self.best, color="black", linewidth=1, linestyle="--", zorder=2)
        self.ax_.set_xlabel("rows of the training")
        self.ax_.set_ylabel(with_unit(f"{self.label}: {self.said}", self.unit if self.has_unit else ""))
        legend_above(
            self.ax_, title="median and range of the repeats", title_fontsize="small", alignment="left"
        )
        return self


def _curve(kind: str, table: pd.DataFrame) -> FloatArray:
    """Return n_rows, median, lowest and highest, shape (n_sizes, 4)."""
    lookup(STYLES, kind, "kind of curve")
    names = ["n_rows", "median", "lowest", "highest"]
    require_columns(table, names, f"curve {kind!r}")
    values = table[names].to_numpy(dtype=float)
    if not len(values) or (np.diff(values[:, 0]) <= 0).any():
        raise InvalidDataError(
            f"curve {kind!r}: increasing numbers of rows were expected; {values[:, 0].tolist()} came."
        )
    return values
