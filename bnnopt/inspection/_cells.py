"""Cells over two settings, each with the best recipe that was found for it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bnnopt._typing import BoolArray, FloatArray, IntArray
from bnnopt.inspection._ranges import cells_along
from bnnopt.inspection._table_model import NamedModel, utility_of
from bnnopt.objectives import OutcomeConstraint, UtilityObjective, split_objectives
from bnnopt.space import SearchSpace

__all__ = ["WIDTHS", "BestOfCells", "Grid"]

BLOCK = 8192  # recipes predicted at a time
N_CHILDREN = 8  # recipes tried in each cell in one round
WIDTHS = (0.15, 0.05, 0.02)  # of changes in the unit cube, round after round
EXCHANGED = 0.1  # share of the settings that come from another recipe of the pool


@dataclass(frozen=True)
class Grid:
    """Cells over two settings, with the values that each is asked at."""

    x: str
    y: str
    x_edges: FloatArray
    y_edges: FloatArray
    x_values: FloatArray
    y_values: FloatArray

    @classmethod
    def of(cls, space: SearchSpace, x: str, y: str, n_cells: int) -> "Grid":
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


class BestOfCells:
    """Keeps the best recipe of each cell, and the sums over the pool, while recipes go by."""

    def __init__(self, model: NamedModel, goal: UtilityObjective, grid: Grid) -> None:
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
