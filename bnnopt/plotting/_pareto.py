"""The front of two objectives: experiments, what they dominate, and candidates with their spread."""

from typing import Any

import numpy as np

from bnnopt._estimators import real, require
from bnnopt._pareto import as_reference, non_dominated
from bnnopt._typing import ArrayLike, BoolArray, FloatArray
from bnnopt._validation import lookup
from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives import split_objectives
from bnnopt.plotting._checks import deviations, flags, points, same_length
from bnnopt.plotting._shown_objective import DIRECTIONS, ShownObjective
from bnnopt.plotting._style import OKABE_ITO, Z95, draw_measured, legend_above, name_axes, new_axes

DOMINATED = "0.65"


class ParetoDisplay:
    """Outcomes of two objectives, the front of those that none dominates, and where it may move.

    Parameters
    ----------
    x, y : array-like of shape (n,)
        Outcomes of the experiments, in `x_unit` and `y_unit`; rows with NaN (failed) are left out.
    directions : tuple of 2 {"minimize", "maximize"}, default=("maximize", "maximize")
        What is better in x and in y; utilities are maximised.
    reference : tuple of 2 float, optional
        The worst outcomes that count: what the front dominates is shaded up to there. Default: no shade.
    guided : array-like of bool of shape (n,), optional
        True for the experiments that a model suggested (open markers). Default: none of them.
    candidates : tuple of 2 array-like of shape (k,), optional
        Predicted means (x, y) of candidates, in the units of the outcomes.
    candidates_std : tuple of 2 array-like of shape (k,), optional
        Their standard deviations, at least 0: bars show intervals of 95 %.
    labels : tuple of 2 str
        Names of the historical and of the guided experiments in the legend.
    x_label, y_label, x_unit, y_unit : str
        Names and units on the axes; a unit of "" is left out.

    Attributes
    ----------
    front_ : ndarray of shape (n_front, 2)
        Outcomes of the front, sorted by x, without repeats.
    is_front_ : ndarray of bool of shape (n,)
        Which experiments are in the front.
    ax_, figure_ : Axes, Figure
        What was drawn on.
    historical_, guided_ : PathCollection
    steps_ : Line2D
        The edge of what the front dominates.
    reference_ : PathCollection or None
    shade_ : Polygon or None
        What the front dominates up to the reference.
    candidates_ : ErrorbarContainer or None

    Raises
    ------
    InvalidDataError
        If arrays are not columns of one length, no experiment has both outcomes, or deviations come without
        candidates.
    UnknownNameError
        If a direction is not known.

    Examples
    --------
    >>> display = ParetoDisplay([1.0, 2.0, 1.5], [3.0, 1.0, 1.0], reference=(0.0, 0.0))
    >>> display.front_.tolist()
    [[1.0, 3.0], [2.0, 1.0]]
    """

    def __init__(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        directions: tuple[str, str] = ("maximize", "maximize"),
        reference: tuple[float, float] | None = None,
        guided: ArrayLike | None = None,
        candidates: tuple[ArrayLike, ArrayLike] | None = None,
        candidates_std: tuple[ArrayLike, ArrayLike] | None = None,
        labels: tuple[str, str] = ("historical", "model-guided"),
        x_label: str = "x",
        y_label: str = "y",
        x_unit: str = "",
        y_unit: str = "",
    ) -> None:
        self.outcomes = np.column_stack(points((x, y), "outcomes", allow_nan=True))
        self.guided = flags(guided, len(self.outcomes), "guided")
        self.directions = directions
        self._signs = np.array([lookup(DIRECTIONS, name, "direction") for name in directions])
        self.reference = None if reference is None else as_reference(reference, 2)
        self.candidates, self.candidates_std = _as_candidates(candidates, candidates_std)
        self.labels = labels
        self.x_label, self.y_label, self.x_unit, self.y_unit = x_label, y_label, x_unit, y_unit
        self.is_front_ = _front_of(self.outcomes, self._signs)
        self.front_ = np.unique(self.outcomes[self.is_front_], axis=0)

    @classmethod
    def from_optimizer(
        cls,
        optimizer: Any,
        batch: Any | None = None,
        *,
        pair: tuple[int, int] = (0, 1),
        **options: Any,
    ) -> "ParetoDisplay":
        """Show what an optimizer was told of two of its objectives, and what it suggests.

        An outcome that is minimised or maximised is shown as it is, of every other objective the utility.

        Parameters
        ----------
        optimizer : BayesianOptimizer
            Told experiments, with at least two objectives besides outcome constraints.
        batch : DataFrame, optional
            Suggestions of `ask`, whose predictions are shown as candidates.
        pair : tuple of 2 int, default=(0, 1)
            Which objectives, outcome constraints not counted.
        **options
            Passed to `ParetoDisplay`; they go before what is taken from the optimizer.

        Returns
        -------
        ParetoDisplay
            Not drawn yet; `plot` draws it.

        Raises
        ------
        InvalidDataError
            The optimizer has fewer than two objectives, or the moments of a utility are not known.
        """
        objectives, _ = split_objectives(optimizer.objectives)
        if len(objectives) < 2:
            raise InvalidDataError(
                f"Two objectives were expected; the optimizer has {len(objectives)}. Pass x and y for a "
                "picture of other outcomes."
            )
        shown = [ShownObjective(objectives[place]) for place in pair]
        found: dict[str, Any] = {"directions": tuple(each.direction for each in shown)}
        for axis, each in zip("xy", shown, strict=True):
            found |= {f"{axis}_label": each.label, f"{axis}_unit": each.unit}
        if batch is not None:
            means, stds = zip(*(each.predicted(batch) for each in shown), strict=True)
            found |= {"candidates": means, "candidates_std": stds}
        x, y = (each.measured(optimizer.data) for each in shown)
        return cls(x, y, **(found | options))

    def plot(self, ax: Any | None = None, *, size: float = 26.0) -> "ParetoDisplay":
        """Draw experiments, front and candidates.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw. Default: a new figure.
        size : float, default=26
            Area of the marker of an experiment, points squared.

        Returns
        -------
        ParetoDisplay
            Itself, with `ax_`, `figure_` and the artists.
        """
        require(real(0), size=size)
        self.figure_, self.ax_ = new_axes(ax)
        self.historical_, self.guided_ = self._draw_experiments(size)
        self.candidates_ = self._draw_candidates()
        self.reference_ = self._draw_reference()
        limits = self.ax_.get_xlim(), self.ax_.get_ylim()
        edge, corner = self._edge(np.array(limits))
        (self.steps_,) = self.ax_.plot(*edge.T, color="black", linewidth=1.2, label="front", zorder=2)
        self.shade_ = self._draw_shade(edge, corner)
        self.ax_.set(xlim=limits[0], ylim=limits[1])
        name_axes(self.ax_, self)
        self._draw_legend()
        return self

    def _draw_experiments(self, size: float) -> tuple[Any, Any]:
        """Draw experiments of the front in colour, those that are dominated in grey."""
        from matplotlib.colors import to_rgba

        colors = to_rgba(DOMINATED), to_rgba(OKABE_ITO["vermillion"])
        shades = np.where(self.is_front_[:, None], colors[1], colors[0])
        xy = self.outcomes[:, 0], self.outcomes[:, 1]
        return draw_measured(self.ax_, xy, self.guided, self.labels, color=shades, size=size)

    def _draw_legend(self) -> None:
        """Show the kinds of experiments in the grey of those that are dominated."""
        legend_above(self.ax_, n_columns=5)
        legend = self.ax_.get_legend()
        for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True):
            if text.get_text() == self.labels[0]:
                handle.set_facecolor(DOMINATED)
            elif text.get_text() == self.labels[1]:
                handle.set_edgecolor(DOMINATED)

    def _draw_candidates(self) -> Any:
        if self.candidates is None:
            return None
        x_error, y_error = Z95 * self.candidates_std
        look = {"linestyle": "", "marker": "D", "markersize": 5, "elinewidth": 0.9, "zorder": 3}
        return self.ax_.errorbar(
            *self.candidates,
            xerr=x_error,
            yerr=y_error,
            color=OKABE_ITO["blue"],
            ecolor=OKABE_ITO["sky blue"],
            label="candidates",
            **look,
        )

    def _draw_reference(self) -> Any:
        if self.reference is None:
            return None
        look = {"marker": "+", "color": "black", "label": "reference", "zorder": 4}
        return self.ax_.scatter(*self.reference[:, None], s=60.0, **look)

    def _draw_shade(self, edge: FloatArray, corner: FloatArray) -> Any:
        if self.reference is None:
            return None
        (shade,) = self.ax_.fill(
            *np.vstack([edge, corner]).T, color=OKABE_ITO["green"], alpha=0.15, linewidth=0
        )
        return shade

    def _edge(self, limits: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the steps of the front, down to the reference or the end of the axes, and that corner."""
        worst = np.where(self._signs > 0, limits.min(axis=1), limits.max(axis=1))
        corner = worst if self.reference is None else self.reference
        front = np.maximum(self.front_ * self._signs, corner * self._signs)
        first, second = front[np.argsort(front[:, 0], kind="stable")].T
        x = np.concatenate([[corner[0] * self._signs[0]], np.repeat(first, 2)])
        y = np.concatenate([np.repeat(second, 2), [corner[1] * self._signs[1]]])
        return np.column_stack([x, y]) * self._signs, corner


def _front_of(outcomes: FloatArray, signs: FloatArray) -> BoolArray:
    is_there = ~np.isnan(outcomes).any(axis=1)
    if not is_there.any():
        raise InvalidDataError("At least one experiment with both outcomes was expected; none came.")
    is_front = np.zeros(len(outcomes), dtype=bool)
    is_front[is_there] = non_dominated(outcomes[is_there] * signs)
    return is_front


def _as_candidates(
    means: tuple[ArrayLike, ArrayLike] | None, stds: tuple[ArrayLike, ArrayLike] | None
) -> tuple[FloatArray | None, FloatArray]:
    """Return means and standard deviations of candidates, each of shape (2, k)."""
    if means is None and stds is not None:
        raise InvalidDataError("candidates_std: deviations came without candidates; give both.")
    if means is None:
        return None, np.empty((2, 0))
    mean = np.stack(points(means, "candidates"))
    if stds is None:
        return mean, np.zeros_like(mean)
    std = np.stack([deviations(part) for part in points(stds, "candidates_std")])
    same_length(candidates=mean[0], candidates_std=std[0])
    return mean, std
