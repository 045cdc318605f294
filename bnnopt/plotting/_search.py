"""The candidates of a search: score on the rows of the training against score on held-out rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bnnopt._estimators import real, require
from bnnopt._typing import ArrayLike
from bnnopt._validation import lookup
from bnnopt.exceptions import InvalidDataError
from bnnopt.plotting._checks import column, deviations, same_length
from bnnopt.plotting._style import MARKERS, OKABE_ITO, legend_above, new_axes, with_unit

COLORS = [color for name, color in OKABE_ITO.items() if name not in ("yellow", "black")]


class SearchDisplay:
    """Candidates by their scores on the rows of the training and on held-out rows, larger being better.

    Far below the diagonal candidates overfit: good on their own rows only. Low on both they underfit. The
    shaded band reaches one standard error below the best: of the candidates in it, take the smallest or the
    most regularised, as they cannot be told from the best.

    Parameters
    ----------
    train_score, held_out_score : array-like of shape (n_candidates,)
        Mean scores over the splits, larger is better, in `unit`; a candidate with NaN (a fit that failed)
        is left out.
    standard_error : array-like of shape (n_candidates,), optional
        Of the held-out scores, in `unit`, at least 0. Default: 0.
    kind : sequence of length n_candidates, optional
        What colour and marker tell apart, such as the values of a parameter. Default: one kind.
    kind_label, label, unit : str
        What the kinds are, name and unit of the score; a unit of "" is left out.

    Attributes
    ----------
    best_ : int
        Place of the best held-out score among the candidates that were given.
    as_good_ : ndarray of int
        Places of the candidates whose held-out score is within one standard error of the best.
    ax_, figure_ : Axes, Figure
        What was drawn on.
    points_ : dict of str to PathCollection
    band_ : Polygon or Rectangle
    best_point_ : PathCollection
        A ring around the best.
    diagonal_ : Line2D

    Raises
    ------
    InvalidDataError
        If the arrays are not columns of one length, or there is no candidate with scores.

    References
    ----------
    L. Breiman et al., "Classification and Regression Trees", Wadsworth 1984, section 3.4.3 (the rule of one
    standard error).
    """

    def __init__(
        self,
        train_score: ArrayLike,
        held_out_score: ArrayLike,
        *,
        standard_error: ArrayLike | None = None,
        kind: Sequence[object] | None = None,
        kind_label: str = "",
        label: str = "score",
        unit: str = "",
    ) -> None:
        self.train_score = column(train_score, "train_score", allow_nan=True)
        self.held_out_score = column(held_out_score, "held_out_score", allow_nan=True)
        n = len(self.held_out_score)
        error = np.zeros(n) if standard_error is None else np.array(standard_error, dtype=float)
        self.kind = np.array([""] * n if kind is None else [str(value) for value in kind])
        scores = {"train_score": self.train_score, "held_out_score": self.held_out_score}
        same_length(**scores, standard_error=error, kind=self.kind)
        self.is_there = ~np.isnan(self.train_score + self.held_out_score)
        self.standard_error = deviations(np.where(self.is_there, error, 0.0))
        if not self.is_there.any():
            raise InvalidDataError("At least one candidate with both scores was expected; none came.")
        self.kind_label, self.label, self.unit = kind_label, label, unit
        self.best_ = int(np.nanargmax(np.where(self.is_there, self.held_out_score, np.nan)))
        self.as_good_ = np.flatnonzero(self.is_there & (self.held_out_score >= self._threshold()))

    @classmethod
    def from_search(cls, search: Any, *, parameter: str | None = None, **options: Any) -> "SearchDisplay":
        """Show the candidates of a fitted search of scikit-learn.

        Parameters
        ----------
        search : GridSearchCV, RandomizedSearchCV or alike
            Fitted with `return_train_score=True` and one scoring.
        parameter : str, optional
            The searched parameter that colours show, as it is called in the search.
        **options
            Passed to `SearchDisplay`.

        Returns
        -------
        SearchDisplay
            Not drawn yet; `plot` draws it.

        Raises
        ------
        InvalidDataError
            The search has no scores on the rows of the training.
        UnknownNameError
            The search has no such parameter.
        """
        results = search.cv_results_
        if "mean_train_score" not in results:
            raise InvalidDataError("The search needs return_train_score=True and one scoring; fit it again.")
        error = results["std_test_score"] / np.sqrt(search.n_splits_)
        if parameter is not None:
            lookup({name: name for each in results["params"] for name in each}, parameter, "parameter")
            kinds = [str(each.get(parameter, "")) for each in results["params"]]
            options = {"kind": kinds, "kind_label": parameter, **options}
        scores = results["mean_train_score"], results["mean_test_score"]
        return cls(*scores, **{"standard_error": error, **options})

    def plot(self, ax: Any | None = None, *, size: float = 36.0) -> "SearchDisplay":
        """Draw the candidates.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw. Default: a new figure.
        size : float, default=36
            Area of a marker, points squared.

        Returns
        -------
        SearchDisplay
            Itself, with `ax_`, `figure_` and the artists.
        """
        require(real(0), size=size)
        self.figure_, self.ax_ = new_axes(ax)
        top = self.held_out_score[self.best_]
        self.band_ = self.ax_.axhspan(self._threshold(), top, color=OKABE_ITO["green"], alpha=0.2, zorder=0)
        self.points_ = {kind: self._draw(i, kind, size) for i, kind in enumerate(dict.fromkeys(self.kind))}
        self.best_point_ = self.ax_.scatter(
            self.train_score[self.best_], top, s=4 * size, facecolors="none", edgecolors="black", label="best"
        )
        self.diagonal_ = self.ax_.axline((top, top), slope=1, color="black", linewidth=1, linestyle="--")
        self.ax_.set_xlabel(with_unit(f"{self.label} on training rows", self.unit))
        self.ax_.set_ylabel(with_unit(f"{self.label} on held-out rows", self.unit))
        legend_above(self.ax_, n_columns=4, title=self.kind_label or None, title_fontsize="small")
        return self

    def _threshold(self) -> float:
        return float(self.held_out_score[self.best_] - self.standard_error[self.best_])

    def _draw(self, number: int, kind: str, size: float) -> Any:
        chosen = self.is_there & (self.kind == kind)
        look = {
            "marker": MARKERS[number % len(MARKERS)],
            "edgecolors": "white",
            "linewidths": 0.4,
            "zorder": 3,
        }
        x, y = self.train_score[chosen], self.held_out_score[chosen]
        return self.ax_.scatter(
            x, y, s=size, color=COLORS[number % len(COLORS)], label=kind or "candidates", **look
        )
