"""The outcome of each run, and the best so far."""

from typing import Any

import numpy as np

from bnnopt._estimators import real, require
from bnnopt._pareto import as_reference, dominated_volume
from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives import split_objectives
from bnnopt.plotting._checks import column, flags, same_length
from bnnopt.plotting._shown_objective import ShownObjective
from bnnopt.plotting._style import OKABE_ITO, legend_above, name_axes, new_axes


class ConvergenceDisplay:
    """What came of each run in order, failed ones as crosses, and the best so far.

    Parameters
    ----------
    values : array-like of shape (n,)
        What each run reached, in `y_unit`; NaN for failed runs.
    best : array-like of shape (n,)
        The best value up to each run; NaN before there is one.
    allowed : array-like of bool of shape (n,), optional
        Whether a run keeps the constraints on outcomes and counts. Default: all do.
    y_label, y_unit : str
        Name and unit of the value; a unit of "" is left out.

    Attributes
    ----------
    ax_, figure_ : Axes, Figure
        What was drawn on.
    runs_, broken_, failed_ : PathCollection
        Runs that count, those that break a constraint, and those that failed.
    best_ : Line2D

    Raises
    ------
    InvalidDataError
        If the arrays are not columns of one length.
    """

    def __init__(
        self,
        values: ArrayLike,
        best: ArrayLike,
        *,
        allowed: ArrayLike | None = None,
        y_label: str = "outcome",
        y_unit: str = "",
    ) -> None:
        self.values = column(values, "values", allow_nan=True)
        self.best = column(best, "best", allow_nan=True)
        same_length(values=self.values, best=self.best)
        everyone = np.ones(len(self.values), dtype=bool)
        self.allowed = everyone if allowed is None else flags(allowed, len(self.values), "allowed")
        self.failed = np.isnan(self.values)
        self.x_label, self.x_unit = "run", ""
        self.y_label, self.y_unit = y_label, y_unit

    @classmethod
    def from_optimizer(cls, optimizer: Any, *, objective: int = 0, **options: Any) -> "ConvergenceDisplay":
        """Follow one objective over the rows told, in their order.

        Parameters
        ----------
        optimizer : BayesianOptimizer
            Told at least one row.
        objective : int, default=0
            Which objective, outcome constraints not counted. One that minimises or maximises is shown as its
            outcome, a target as its outcome too, any other as its utility.
        **options
            Passed to `ConvergenceDisplay`; they go before what is taken from the optimizer.

        Returns
        -------
        ConvergenceDisplay
            Not drawn yet; `plot` draws it.

        Raises
        ------
        InvalidDataError
            There is no such objective.
        """
        objectives, _ = split_objectives(optimizer.objectives)
        if not 0 <= objective < len(objectives):
            raise InvalidDataError(
                f"objective: a number from 0 to {len(objectives) - 1} was expected; {objective} came."
            )
        data, shown = optimizer.data, ShownObjective(objectives[objective])
        outcomes = data[list(shown.objective.names)].to_numpy(float)
        utility = shown.objective.utility(outcomes if outcomes.shape[1] > 1 else outcomes[:, 0])
        is_outcome = outcomes.shape[1] == 1
        values = outcomes[:, 0] if is_outcome else np.asarray(utility)
        values = np.where(data["is_failed"], np.nan, values)
        allowed = optimizer.keeps_limits().to_numpy()
        found = {
            "allowed": allowed,
            "y_label": shown.objective.name if is_outcome else shown.label,
            "y_unit": shown.objective.unit or "",
        }
        best = _best_so_far(values, np.where(data["is_failed"] | ~allowed, -np.inf, utility))
        return cls(values, best, **(found | options))

    @classmethod
    def of_hypervolume(cls, optimizer: Any, reference: ArrayLike, **options: Any) -> "ConvergenceDisplay":
        """Follow the hypervolume that the front of several objectives dominates.

        Parameters
        ----------
        optimizer : BayesianOptimizer
            With two objectives or more.
        reference : array-like of shape (n_objectives,)
            The worst utility of each objective that counts.
        **options
            Passed to `ConvergenceDisplay`.

        Returns
        -------
        ConvergenceDisplay
            Values and best are the same: the hypervolume of all runs so far.
        """
        objectives, _ = split_objectives(optimizer.objectives)
        data = optimizer.data
        columns = [
            each.utility(data[list(each.names)].to_numpy(float)[:, slice(None) if len(each.names) > 1 else 0])
            for each in objectives
        ]
        counts = ~data["is_failed"].to_numpy(bool) & optimizer.keeps_limits().to_numpy()
        volume = _volumes(np.column_stack(columns), counts, as_reference(reference, len(objectives)))
        values = np.where(data["is_failed"], np.nan, volume)
        return cls(values, volume, **({"y_label": "hypervolume of the front"} | options))

    def plot(self, ax: Any | None = None, *, size: float = 22.0) -> "ConvergenceDisplay":
        """Draw the runs.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw. Default: a new figure.
        size : float, default=22
            Area of a marker, points squared.

        Returns
        -------
        ConvergenceDisplay
            Itself, with `ax_`, `figure_` and the artists.
        """
        require(real(0), size=size)
        self.figure_, self.ax_ = new_axes(ax)
        self.runs_ = self._draw(~self.failed & self.allowed, "run", OKABE_ITO["blue"], size)
        self.broken_ = self._draw(~self.failed & ~self.allowed, "breaks a constraint", "0.65", size)
        (self.best_,) = self.ax_.step(
            np.arange(1, len(self.best) + 1), self.best, where="post", color="black", label="best so far"
        )
        name_axes(self.ax_, self)
        places = np.flatnonzero(self.failed) + 1
        self.failed_ = self.ax_.scatter(
            places,
            np.zeros(len(places)),
            s=size,
            marker="x",
            color=OKABE_ITO["vermillion"],
            label="failed" if len(places) else None,
            transform=self.ax_.get_xaxis_transform(),
            clip_on=False,
        )
        legend_above(self.ax_, n_columns=4)
        return self

    def _draw(self, chosen: Any, label: str, color: str, size: float) -> Any:
        x, y = np.flatnonzero(chosen) + 1, self.values[chosen]
        return self.ax_.scatter(x, y, s=size, color=color, label=label if chosen.any() else None)


def _best_so_far(values: FloatArray, utility: FloatArray) -> FloatArray:
    """Return the value of the best utility up to each row, NaN before there is one."""
    best, place = np.full(len(values), np.nan), -1
    for row, each in enumerate(utility):
        if each > (utility[place] if place >= 0 else -np.inf):
            place = row
        best[row] = values[place] if place >= 0 else np.nan
    return best


def _volumes(utilities: FloatArray, counts: Any, reference: FloatArray) -> FloatArray:
    """Return the hypervolume of the rows up to each, that of the last one where a row adds nothing."""
    found, last, front = np.zeros(len(utilities)), 0.0, np.empty((0, utilities.shape[1]))
    for row, each in enumerate(utilities):
        if counts[row] and not (front >= each).all(axis=1).any():
            front = np.vstack([front[~(front <= each).all(axis=1)], each])
            last = dominated_volume(front, reference)
        found[row] = last
    return found
