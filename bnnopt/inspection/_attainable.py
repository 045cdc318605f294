"""What can be had over two settings: the best over all others, beside the mean and the slice of a recipe."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._tables import with_names
from bnnopt._typing import BoolArray, FloatArray, IntArray
from bnnopt._validation import lookup, numeric_frame, require_columns
from bnnopt.exceptions import InvalidDataError
from bnnopt.inspection._ranges import cells_along, is_allowed, varied
from bnnopt.inspection._table_model import NamedModel, as_model, goal_of, row_of, utility_of
from bnnopt.objectives import OutcomeConstraint, UtilityObjective, split_objectives
from bnnopt.space import SearchSpace

__all__ = ["REDUCTIONS", "AttainableMap", "attainable_map"]

REDUCTIONS = {name: name for name in ("best", "mean", "slice")}
"""What a cell may show."""

BLOCK = 8192  # recipes predicted at a time
N_CHILDREN = 8  # recipes tried in each cell in one round
WIDTHS = (0.15, 0.05, 0.02)  # of changes in the unit cube, round after round
EXCHANGED = 0.1  # share of the settings that come from another recipe of the pool


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
    grid = _Grid.of(known.space, x, y, n_cells)
    rng = np.random.default_rng(random_state)
    chooser = _Chooser(known, goal, grid)
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


@dataclass(frozen=True)
class _Grid:
    """Cells over two settings, with the values that each is asked at."""

    x: str
    y: str
    x_edges: FloatArray
    y_edges: FloatArray
    x_values: FloatArray
    y_values: FloatArray

    @classmethod
    def of(cls, space: SearchSpace, x: str, y: str, n_cells: int) -> "_Grid":
        (x_edges, x_values), (y_edges, y_values) = (cells_along(space, name, n_cells) for name in (x, y))
        return cls(x, y, x_edges, y_edges, x_values, y_values)

    @property
    def shape(self) -> tuple[int, int]:
        """Cells along y and along x."""
        return len(self.y_values), len(self.x_values)

    def cells(self, rows: pd.DataFrame) -> IntArray:
        """Return the number of the cell of each row, line after line, -1 outside."""
        places = []
        for name, edges in ((self.y, self.y_edges), (self.x, self.x_edges)):
            values = rows[name].to_numpy(float)
            place = np.searchsorted(edges, values, side="right") - 1
            places.append(np.where(values == edges[-1], len(edges) - 2, place))
        is_inside = [(place >= 0) & (place < n) for place, n in zip(places, self.shape, strict=True)]
        return np.where(is_inside[0] & is_inside[1], places[0] * self.shape[1] + places[1], -1)


class _Chooser:
    """Keeps the best recipe of each cell, and the sums over the pool, while recipes go by."""

    def __init__(self, model: NamedModel, goal: UtilityObjective, grid: _Grid) -> None:
        self._model, self._goal, self._grid = model, goal, grid
        self._n_cells = grid.shape[0] * grid.shape[1]
        self._utility = np.full(self._n_cells, -np.inf)
        self._best: dict[int, tuple[pd.DataFrame, int]] = {}
        self._moments = np.full((2, self._n_cells, len(model.outputs)), np.nan)
        self._sums = np.zeros((2, self._n_cells, len(model.outputs)))
        self._counts = np.zeros(self._n_cells)
        self.n_recipes = 0

    def add(self, rows: pd.DataFrame, means: FloatArray | None = None, *, is_pool: bool = True) -> None:
        """Predict recipes, unless they are, and keep what is best."""
        for start in range(0, len(rows), BLOCK):
            part = rows.iloc[start : start + BLOCK].reset_index(drop=True)
            if means is None:
                moments = np.stack(self._model.moments(part))
            else:
                known = means[start : start + BLOCK]
                moments = np.stack([known, np.full_like(known, np.nan)])
            self._take(part, moments, is_pool)
            self.n_recipes += len(part)

    def children(self, width: float, rng: np.random.Generator) -> pd.DataFrame:
        """Return changed copies of the best of each cell and of those beside it, in this cell."""
        filled = np.array(sorted(self._best))
        if not len(filled):
            return self._model.space.as_table({name: [] for name in self._model.space.names})
        parents = pd.concat([self._row(cell) for cell in filled], ignore_index=True)
        cells = np.repeat(np.arange(self._n_cells), N_CHILDREN)
        chosen = self._parents(cells, filled, rng)
        known = chosen >= 0
        rows = parents.iloc[chosen[known]].reset_index(drop=True)
        children = self._changed(rows, parents, width, rng)
        children = self._placed(children, cells[known], rng)
        return children[self._model.space.is_feasible(children)].reset_index(drop=True)

    def best(self) -> FloatArray:
        """Return mean and standard deviation of the best recipes, each (n_outputs, n_y, n_x)."""
        return self._as_maps(self._moments)

    def average(self, moment: int) -> FloatArray:
        """Return the average of means (0) or standard deviations (1) over the pool."""
        with np.errstate(invalid="ignore"):
            mean = self._sums[moment] / np.where(self._counts > 0, self._counts, np.nan)[:, None]
        return self._as_maps(mean[None])[0]

    def recipes(self) -> pd.DataFrame:
        """Return the best recipe of each cell that has one."""
        cells = np.array(sorted(self._best), dtype=int)
        names = ["cell_x", "cell_y", *self._model.space.names]
        if not len(cells):
            return pd.DataFrame(columns=names)
        table = pd.concat([self._row(cell) for cell in cells], ignore_index=True)
        table.insert(0, "cell_x", cells % self._grid.shape[1])
        table.insert(1, "cell_y", cells // self._grid.shape[1])
        for place, name in enumerate(self._model.outputs):
            table[f"{name}_mean"], table[f"{name}_std"] = self._moments[:, cells, place]
        return table.assign(utility=self._utility[cells])

    def _take(self, rows: pd.DataFrame, moments: FloatArray, is_pool: bool) -> None:
        cells = self._grid.cells(rows)
        inside = cells >= 0
        if is_pool:
            np.add.at(self._counts, cells[inside], 1)
            for place in (0, 1):
                np.add.at(self._sums[place], cells[inside], moments[place][inside])
        utility = np.where(
            inside & self._is_kept(moments[0]),
            utility_of(self._goal, self._model.outputs, moments[0]),
            -np.inf,
        )
        order = np.lexsort((-utility, cells))
        first = order[np.flatnonzero(np.diff(cells[order], prepend=-2))]
        for place in first[utility[first] > self._utility[cells[first]]]:
            cell = int(cells[place])
            self._utility[cell], self._best[cell] = utility[place], (rows, int(place))
            self._moments[:, cell] = moments[:, place]

    def _is_kept(self, means: FloatArray) -> BoolArray:
        """Return whether predicted outcomes keep all outcome constraints, shape (n,)."""
        _, constraints = split_objectives(self._model.objectives)
        flags = np.ones(len(means), dtype=bool)
        for each in constraints:
            flags &= _satisfied(each, self._model.outputs, means)
        return flags

    def _row(self, cell: int) -> pd.DataFrame:
        rows, place = self._best[cell]
        return rows.iloc[[place]]

    def _parents(self, cells: IntArray, filled: IntArray, rng: np.random.Generator) -> IntArray:
        """Return for each cell the place in `filled` of a cell at most one away, -1 where that is empty."""
        n_y, n_x = self._grid.shape
        shift = rng.integers(-1, 2, (2, len(cells)))
        beside = np.clip(cells // n_x + shift[0], 0, n_y - 1) * n_x + np.clip(
            cells % n_x + shift[1], 0, n_x - 1
        )
        place_of = np.full(self._n_cells, -1)
        place_of[filled] = np.arange(len(filled))
        return np.where(place_of[beside] >= 0, place_of[beside], place_of[cells])

    def _changed(
        self, rows: pd.DataFrame, others: pd.DataFrame, width: float, rng: np.random.Generator
    ) -> pd.DataFrame:
        """Return recipes with all settings a little changed, and some taken from other recipes."""
        space = self._model.space
        points = space.encode(rows)
        moved = np.clip(points + rng.normal(0, width, points.shape), 0, 1)
        strangers = space.encode(others)[rng.integers(len(others), size=len(rows))]
        column = 0
        for variable in space.variables:
            block = slice(column, column + variable.codec.n_dims)
            column = block.stop
            is_other = rng.random((len(rows), 1)) < EXCHANGED
            moved[:, block] = np.where(is_other, strangers[:, block], moved[:, block])
            if variable.is_context:
                moved[:, block] = points[:, block]
        children = space.decode(moved)
        for name in space.context_names:
            children[name] = rows[name].to_numpy()
        return children

    def _placed(self, rows: pd.DataFrame, cells: IntArray, rng: np.random.Generator) -> pd.DataFrame:
        """Return recipes moved into cells where they are not, to a value of both settings that can be set."""
        grid, space = self._grid, self._model.space
        places = {grid.y: cells // grid.shape[1], grid.x: cells % grid.shape[1]}
        for name, edges, values in (
            (grid.x, grid.x_edges, grid.x_values),
            (grid.y, grid.y_edges, grid.y_values),
        ):
            variable = next(each for each in space.variables if each.name == name)
            place = places[name]
            if variable.is_context:
                continue
            low, high = edges[place], edges[place + 1]
            now = rows[name].to_numpy()
            elsewhere = rng.uniform(low, high) if variable.type == "real" else values[place]
            rows[name] = np.where((now >= low) & (now < high), now, elsewhere).astype(now.dtype)
        return space.rounded(rows)

    def _as_maps(self, values: FloatArray) -> FloatArray:
        """Return values of shape (n, n_cells, n_outputs) as maps, (n, n_outputs, n_y, n_x)."""
        return np.moveaxis(values, -1, 1).reshape(len(values), -1, *self._grid.shape)


def _satisfied(constraint: OutcomeConstraint, outputs: tuple[str, ...], means: FloatArray) -> BoolArray:
    return constraint.is_satisfied(means[:, outputs.index(constraint.name)])


def _check(x: str, y: str, n_pool: int, n_cells: int, n_rounds: int) -> None:
    if x == y:
        raise InvalidDataError(f"Two settings were expected; {x!r} came twice.")
    if n_pool < 1 or n_cells < 2 or not 0 <= n_rounds <= len(WIDTHS):
        raise InvalidDataError(
            f"n_pool must be at least 1, n_cells at least 2 and n_rounds from 0 to {len(WIDTHS)}; "
            f"{n_pool}, {n_cells} and {n_rounds} came."
        )


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


def _slice(model: NamedModel, grid: _Grid, row: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation of the recipe at each cell, each (n_outputs, n_y, n_x)."""
    x, y = np.meshgrid(grid.x_values, grid.y_values)
    rows = varied(row, {grid.x: x.ravel(), grid.y: y.ravel()})
    allowed = is_allowed(model.space, rows)
    mean, std = (np.where(allowed[:, None], each, np.nan) for each in model.moments(rows))
    return mean.T.reshape(-1, *grid.shape), std.T.reshape(-1, *grid.shape)
