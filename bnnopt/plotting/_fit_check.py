"""The figures on which a verdict on a model rests."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bnnopt._estimators import real, require
from bnnopt._typing import ArrayLike
from bnnopt.exceptions import InvalidDataError
from bnnopt.plotting._checks import column
from bnnopt.plotting._style import OKABE_ITO, new_axes

LOWEST, HIGHEST = -0.5, 2.0
BAND = 0.35


class FitCheckDisplay:
    """Figures without a unit, each with the range in which it should lie.

    A dot within its band is as it should be, a cross outside is a reason of the verdict. What lies beyond the
    axis is drawn at its end; the number beside it is right.

    Parameters
    ----------
    names : sequence of str of length n
        What the figures are, at least one.
    values : array-like of shape (n,)
        The figures, finite.
    lower, upper : array-like of shape (n,)
        The limits between which each should lie; infinite where there is none.
    title : str, default=""
        What stands above, such as the verdict.

    Attributes
    ----------
    is_within_ : ndarray of bool of shape (n,)
    ax_, figure_ : Axes, Figure
        What was drawn on.
    within_, outside_ : PathCollection
        The markers of the figures within and outside their limits.
    bands_ : BarContainer
        The allowed ranges.

    Raises
    ------
    InvalidDataError
        If the arrays are not columns of one length, there is no figure, or a limit is not a number.
    """

    def __init__(
        self, names: Sequence[str], values: ArrayLike, lower: ArrayLike, upper: ArrayLike, *, title: str = ""
    ) -> None:
        self.names, self.values = [str(name) for name in names], column(values, "values")
        self.lower, self.upper = np.array(lower, dtype=float), np.array(upper, dtype=float)
        lengths = {len(self.names), len(self.values), *self.lower.shape, *self.upper.shape}
        if len(lengths) != 1 or 0 in lengths or np.isnan([self.lower, self.upper]).any():
            raise InvalidDataError(
                "One value, lower and upper limit for each of one or more names were expected; the shapes "
                f"are: names {len(self.names)}, values {self.values.shape}, lower {self.lower.shape}, upper "
                f"{self.upper.shape}; limits may be infinite, but not nan."
            )
        self.is_within_ = (self.lower <= self.values) & (self.values <= self.upper)
        self.title = title

    @classmethod
    def from_verdict(cls, verdict: Any, **options: Any) -> "FitCheckDisplay":
        """Show the findings of a verdict.

        Parameters
        ----------
        verdict : FitVerdict
            Of `bnnopt.model_selection.judge_fit`, or of `FitCheck.verdict`.
        **options
            Passed to `FitCheckDisplay`. The title is the verdict by default.

        Returns
        -------
        FitCheckDisplay
            Not drawn yet; `plot` draws it.
        """
        found = verdict.findings
        arrays = [[getattr(finding, part) for finding in found] for part in ("value", "lower", "upper")]
        names = [f"{finding.name}\n(else it {finding.fault})" for finding in found]
        return cls(names, *arrays, **{"title": f"The model {verdict.verdict}", **options})

    def plot(self, ax: Any | None = None, *, size: float = 60.0) -> "FitCheckDisplay":
        """Draw the figures, the first one on top.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw. Default: a new figure.
        size : float, default=60
            Area of a marker, points squared.

        Returns
        -------
        FitCheckDisplay
            Itself, with `ax_`, `figure_` and the artists.
        """
        require(real(0), size=size)
        self.figure_, self.ax_ = new_axes(ax)
        place = np.arange(len(self.names))
        start, end = np.clip(self.lower, LOWEST, HIGHEST), np.clip(self.upper, LOWEST, HIGHEST)
        self.bands_ = self.ax_.barh(
            place, end - start, left=start, height=2 * BAND, color=OKABE_ITO["green"], alpha=0.25, zorder=1
        )
        self.within_ = self._draw(self.is_within_, OKABE_ITO["green"], "o", size)
        self.outside_ = self._draw(~self.is_within_, OKABE_ITO["vermillion"], "X", size)
        for row, value in enumerate(self.values):
            self.ax_.text(1.02, row, f"{value:.2f}", va="center", transform=self.ax_.get_yaxis_transform())
        self.ax_.set_yticks(place, self.names)
        self.ax_.set(xlim=(LOWEST, HIGHEST), ylim=(len(self.names) - 0.5, -0.5), title=self.title)
        self.ax_.set_xlabel("figure, shaded where it should lie")
        return self

    def _draw(self, chosen: Any, color: str, marker: str, size: float) -> Any:
        x, rows = np.clip(self.values[chosen], LOWEST, HIGHEST), np.flatnonzero(chosen)
        look = {"edgecolors": "black", "linewidths": 0.5, "zorder": 3, "clip_on": False}
        return self.ax_.scatter(x, rows, s=size, marker=marker, color=color, **look)
