"""What can be had over two settings: the best over all others, beside the mean and the slice of a recipe."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._estimators import require, whole
from bnnopt._tables import with_names
from bnnopt._typing import FloatArray
from bnnopt._validation import as_generator, lookup, numeric_frame, require_columns
from bnnopt.exceptions import InvalidDataError
from bnnopt.inspection._cells import WIDTHS, BestOfCells, Grid
from bnnopt.inspection._ranges import is_allowed, varied
from bnnopt.inspection._table_model import NamedModel, as_model, goal_of, row_of, utility_of
from bnnopt.objectives import UtilityObjective

__all__ = ["REDUCTIONS", "AttainableMap", "attainable_map"]

REDUCTIONS = {name: name for name in ("best", "mean", "slice")}
"""What a cell may show."""


@dataclass(frozen=True)
class AttainableMap:
    """Predictions in the cells of the plane of two settings.

    Parameters
    ----------
    x, y : str
        The two settings.
    goal : objective
        What is best.
    x_edges, y_edges : ndarray of shape (n_x + 1,), (n_y + 1,)
        Borders of the cells, increasing, in the units of the settings.
    outputs : tuple of str
        Names of the outcomes.
    means, stds : dict of str to ndarray of shape (n_outputs, n_y, n_x)
        Predicted means and standard deviations of the function: of the best recipe of each cell ("best"), on
        average over the pool ("mean") and in the slice through the recipe ("slice"); NaN where there is none.
    recipes : DataFrame
        The best recipe of each cell that has one: `cell_x`, `cell_y` (numbers from 0), settings and context,
        `<name>_mean` and `<name>_std` of each outcome, `utility`.
    row : DataFrame of one row
        The recipe of the slice.
    n_recipes : int
        Recipes that were predicted.
    units : mapping of str to str
        Unit of each setting and outcome.
    """

    x: str
    y: str
    goal: UtilityObjective
    x_edges: FloatArray
    y_edges: FloatArray
    outputs: tuple[str, ...]
    means: dict[str, FloatArray]
    stds: dict[str, FloatArray]
    recipes: pd.DataFrame
    row: pd.DataFrame
    n_recipes: int
    units: Mapping[str, str]

    @property
    def label(self) -> str:
        """What the map shows: the outcome of the objective, or its utility where it is of several."""
        return self.goal.name if len(self.goal.names) == 1 else f"utility of {self.goal.name}"

    @property
    def unit(self) -> str:
        """Unit of what the map shows."""
        return self.units.get(self.goal.name, "") if len(self.goal.names) == 1 else ""

    def values(self, reduce: str = "best", outcome: str | None = None) -> FloatArray:
        """Return what a map shows.

        Parameters
        ----------
        reduce : {"best", "mean", "slice"}, default="best"
            Of the best recipe of each cell, of all on average, or of the recipe with these two settings.
        outcome : str, optional
            An outcome. Default: that of the objective, its utility where it is of several.

        Returns
        -------
        ndarray of shape (n_y, n_x)
            Predicted means; NaN where there is none.

        Raises
        ------
        UnknownNameError
            The reduction or the outcome is not known.
        """
        means = self.means[lookup(REDUCTIONS, reduce, "reduction")]
        if outcome is None and len(self.goal.names) > 1:
            return utility_of(self.goal, self.outputs, np.moveaxis(means, 0, -1))
        name = self.goal.name if outcome is None else outcome
        return means[self.outputs.index(lookup({each: each for each in self.outputs}, name, "outcome"))]


def attainable_map(
    model: Any,
    x: str,
    y: str,
    *,
    objective: Any = None,
    row: Any = None,
    pool: Any = None,
    n_pool: int = 16_384,
    n_cells: int = 20,
    n_rounds: int = 3,
    random_state: int = 0,
) -> AttainableMap:
    """Predict the best that any recipe reaches in each cell of two settings, and what lies beside it.

    A pool of recipes is predicted, by default drawn uniformly within bounds and constraints, with the context
    of one recipe. Each cell keeps the recipe whose predicted outcomes have the highest utility among those
    that keep the outcome constraints; then, for some rounds, changed copies of the best of the cell and its
    neighbours are tried in it. So what a map shows can be had, and a little more may be.

    Parameters
    ----------
    model : BayesianOptimizer or TableModel
        With two measured rows or more, or fitted. Its outcome constraints are kept by the predicted means.
    x, y : str
        Two settings that are numbers.
    objective : objective or str, optional
        What is best: an objective, an outcome with one, or "min NAME" and "max NAME". Default: the first
        objective of the model.
    row : Series, mapping or DataFrame of one row, optional
        The recipe of the slice, whose context all recipes have. Default: the best row measured.
    pool : table, optional
        Recipes to choose from in place of random ones; with the columns `<name>_mean` of all outcomes they
        are taken as predicted. Those outside the space are left out, and no copies are tried.
    n_pool : int, default=16384
        Recipes to draw, at least 1.
    n_cells : int, default=20
        Cells along each setting, at least 2; one around each value where these are few.
    n_rounds : int, default=3
        Rounds of changed copies, 0 to 3.
    random_state : int, default=0
        Draws recipes and changes.

    Returns
    -------
    AttainableMap
        Cell by cell the best prediction, its recipe, and the mean and the slice beside it.

    Raises
    ------
    InvalidDataError
        There is no model yet, a number is out of its range, or no recipe of the pool is inside the space.
    UnknownNameError
        A setting is not known or no number.

    References
    ----------
    Voznyy et al., ACS Nano 2019, 13, 11122-11128, Figure 2b and Methods (random recipes that cover all other
    inputs, predicted and projected). J.-B. Mouret, J. Clune, "Illuminating search spaces by mapping elites",
    arXiv:1504.04909 (a best one for each cell, found from those of its neighbours).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import BayesianRidge
    >>> from bnnopt.inspection import TableModel
    >>> from bnnopt.objectives import Minimize
    >>> from bnnopt.space import Real, SearchSpace
    >>> X = np.random.default_rng(0).uniform(size=(40, 3))
    >>> space = SearchSpace([Real(name, 0, 1) for name in "abc"])
    >>> model = TableModel(BayesianRidge().fit(X, X.sum(axis=1)), space, "y", objectives=Minimize("y"))
    >>> found = attainable_map(model, "a", "b", row={"a": 0, "b": 0, "c": 1}, n_cells=2, n_pool=1000)
    >>> found.values("slice").round(2).tolist()
    [[1.5, 2.0], [2.0, 2.5]]
    >>> bool((found.values("best") < found.values("mean") - 0.5).all())
    True
    """
    known = as_model(model)
    _check(x, y, n_pool, n_cells, n_rounds)
    goal, base = goal_of(known, objective), row_of(known, row)
    grid = Grid.of(known.space, x, y, n_cells)
    rng = as_generator(random_state)
    chooser = BestOfCells(known, goal, grid)
    if pool is None:
        context = {name: base[name].iloc[0] for name in known.space.context_names}
        chooser.add(known.space.sample(n_pool, random_state=rng, context=context or None))
        for width in WIDTHS[:n_rounds]:
            chooser.add(chooser.children(width, rng), is_pool=False)
    else:
        chooser.add(*_as_pool(known, pool))
    slice_mean, slice_std = _slice(known, grid, base)
    best_mean, best_std = chooser.best()
    return AttainableMap(
        x=x,
        y=y,
        goal=goal,
        x_edges=grid.x_edges,
        y_edges=grid.y_edges,
        outputs=tuple(known.outputs),
        means={"best": best_mean, "mean": chooser.average(0), "slice": slice_mean},
        stds={"best": best_std, "mean": chooser.average(1), "slice": slice_std},
        recipes=chooser.recipes(),
        row=base,
        n_recipes=chooser.n_recipes,
        units=known.units,
    )


def _check(x: str, y: str, n_pool: int, n_cells: int, n_rounds: int) -> None:
    if x == y:
        raise InvalidDataError(f"Two settings were expected; {x!r} came twice.")
    require(whole(1), n_pool=n_pool)
    require(whole(2), n_cells=n_cells)
    require(whole(0), n_rounds=n_rounds)
    if n_rounds > len(WIDTHS):
        raise InvalidDataError(f"n_rounds must be from 0 to {len(WIDTHS)}, got {n_rounds}.")


def _as_pool(model: NamedModel, pool: Any) -> tuple[pd.DataFrame, FloatArray | None]:
    """Return the recipes of a pool that are in the space, and their means if they have them."""
    table = with_names(pool)
    if not isinstance(table, pd.DataFrame):
        raise InvalidDataError(f"pool: a table of recipes was expected; {type(pool).__name__} came.")
    require_columns(table, model.space.names, "pool")
    names = [f"{name}_mean" for name in model.outputs]
    has_means = all(name in table.columns for name in names)
    means = numeric_frame(table, names, "pool") if has_means else None
    rows = model.space.as_table(table)
    is_kept = model.space.is_feasible(rows)
    if not is_kept.any():
        raise InvalidDataError(
            f"pool: none of the {len(rows)} recipe(s) is inside the bounds and constraints of the space."
        )
    return rows[is_kept].reset_index(drop=True), None if means is None else means[is_kept]


def _slice(model: NamedModel, grid: Grid, row: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation of the recipe at each cell, each (n_outputs, n_y, n_x)."""
    x, y = np.meshgrid(grid.x_values, grid.y_values)
    rows = varied(row, {grid.x: x.ravel(), grid.y: y.ravel()})
    allowed = is_allowed(model.space, rows)
    mean, std = (np.where(allowed[:, None], each, np.nan) for each in model.moments(rows))
    return mean.T.reshape(-1, *grid.shape), std.T.reshape(-1, *grid.shape)
