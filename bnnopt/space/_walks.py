"""Walks along linear constraints that leave little room, for any kind of number.

A walk goes through the cube of the numbers themselves, in which linear constraints are straight. What is
drawn otherwise, by its logarithm or out of a list, is as dense there as in the space without constraints.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from bnnopt._typing import BoolArray, FloatArray, IntArray
from bnnopt.exceptions import InfeasibleSpaceError
from bnnopt.space._constraints import LinearConstraint
from bnnopt.space._encoding import IntervalCodec, ListCodec
from bnnopt.space._polytope import Chart, Rows, chart_of, hit_and_run
from bnnopt.space._region import Region, linear_rows
from bnnopt.space._variables import Variable

__all__ = ["Walk"]

NARROW = 0.05  # of the cube: limits so close that what is rounded hardly ever keeps them
TINY = 1e-300


@dataclass(frozen=True)
class Walk:
    """The polytope of the linear constraints of a region, and how its points become settings.

    Points are u, of the cube that a region draws from, or v, of the cube of the numbers themselves; they are
    the same but for numbers on a log scale or out of a list that a linear constraint names.

    Attributes
    ----------
    region : Region
    rows : Rows
        Limits on v.
    chart : Chart
        Round coordinates of the polytope of v.
    """

    region: Region
    rows: Rows
    chart: Chart

    @classmethod
    def along(cls, region: Region) -> Self:
        """Return the walk in a region, or raise `InfeasibleSpaceError` where its polytope is empty."""
        linear = [each for each in region.constraints if isinstance(each, LinearConstraint)]
        rows = linear_rows(region, linear, is_relaxed=True)
        chart = chart_of(rows)
        if chart is None:
            raise InfeasibleSpaceError(f"No setting within the bounds satisfies: {region.describe()}.")
        return cls(region, rows, chart)

    def begun(self, n_chains: int, rng: np.random.Generator) -> FloatArray:
        """Return chains that have forgotten the centre, where they began, (n_chains, n_free)."""
        n_free = self.chart.basis.shape[1]
        return self._gone_on(np.zeros((n_chains, n_free)), 50 + 20 * n_free, rng)

    def gone_on(self, w: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Return the chains some steps later."""
        return self._gone_on(w, 10 + 2 * w.shape[1], rng)

    def explored(self, w: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Return the chains some steps later that stay where all constraints are kept, as they do now."""

        def accept(v: FloatArray) -> BoolArray:
            return self.region.is_feasible(self.region.frame(self._settled(v)))

        steps = 20 + 2 * w.shape[1]
        return hit_and_run(self.chart, w, steps, rng, accept, self._log_density if self._bent else None)

    def points(self, w: FloatArray) -> FloatArray:
        """Return the points u of chains: what is counted at its values, the rest such that sums are kept."""
        return self._settled(self.chart.to_cube(w))

    def coordinates(self, u: FloatArray) -> FloatArray:
        """Return the chains at points u."""
        v = u.copy()
        for place, codec in self._bent.items():
            v[:, place] = _share(codec, np.asarray(codec.quantile(u[:, place]), dtype=float))
        return self.chart.from_cube(v)

    def _gone_on(self, w: FloatArray, n_steps: int, rng: np.random.Generator) -> FloatArray:
        return hit_and_run(self.chart, w, n_steps, rng, None, self._log_density if self._bent else None)

    @cached_property
    def _bent(self) -> dict[int, IntervalCodec | ListCodec]:
        """The codecs of variables whose u is not v, by their place."""
        named = {name for each in self.region.constraints for name in _names_of_sum(each)}
        return {
            place: codec
            for place, (variable, codec) in enumerate((each, each.codec) for each in self.region.free)
            if variable.name in named
            and (isinstance(codec, ListCodec) or (isinstance(codec, IntervalCodec) and codec.is_log))
        }

    def _log_density(self, v: FloatArray) -> FloatArray:
        """Return how dense points v are in the space without constraints, up to a constant."""
        total = np.zeros(len(v))
        for place, codec in self._bent.items():
            values = _value(codec, v[:, place])
            if isinstance(codec, ListCodec):
                total -= np.log(_widths(codec)[_nearest(codec, values)])
            else:
                total -= np.log(np.maximum(values, TINY))
        return total

    def _settled(self, v: FloatArray) -> FloatArray:
        """Return points u near v: what is counted takes one of its values, the rest makes up for it."""
        settled = v.copy()
        is_counted = np.zeros(v.shape[1], dtype=bool)
        for place, variable in enumerate(self.region.free):
            if (n_slices := _n_slices(variable)) and place not in self._bent:
                is_counted[place] = True
                slices = np.clip(np.floor(v[:, place] * n_slices), 0, n_slices - 1)
                settled[:, place] = (slices + 0.5) / n_slices
            elif place in self._bent and variable.codec.n_points:
                is_counted[place] = True
                codec = self._bent[place]
                settled[:, place] = _share(codec, _counted(codec, _value(codec, v[:, place])))
        if is_counted.any():
            kept = np.vstack([self.chart.normals, self._narrow])
            reals = np.linalg.pinv(kept[:, ~is_counted])
            settled[:, ~is_counted] += ((v - settled) @ kept.T) @ reals.T
        return self._as_drawn(settled)

    @property
    def _narrow(self) -> FloatArray:
        """Sums whose limits are so close that rounding would break them, as rows of a matrix."""
        return self.rows.matrix[self.rows.upper - self.rows.lower < NARROW]

    def _as_drawn(self, v: FloatArray) -> FloatArray:
        """Return the points u at points v, of which some may be outside the cube."""
        u = v.copy()
        for place, codec in self._bent.items():
            u[:, place] = _share_drawn(codec, _value(codec, v[:, place]))
        return u


def _names_of_sum(constraint: object) -> tuple[str, ...]:
    return constraint.names if isinstance(constraint, LinearConstraint) else ()


def _value(codec: IntervalCodec | ListCodec, v: FloatArray) -> FloatArray:
    start, end = codec.cells
    return start + v * (end - start)


def _share(codec: IntervalCodec | ListCodec, values: FloatArray) -> FloatArray:
    start, end = codec.cells
    return (values - start) / (end - start)


def _share_drawn(codec: IntervalCodec | ListCodec, values: FloatArray) -> FloatArray:
    """Return where values are among all that is drawn: a log scale by logarithms, a list by its slices."""
    if isinstance(codec, ListCodec):
        return (_nearest(codec, values) + 0.5) / codec.n_points
    start, end = np.log(codec.cells)
    return (np.log(np.maximum(values, TINY)) - start) / (end - start)


def _counted(codec: IntervalCodec | ListCodec, values: FloatArray) -> FloatArray:
    """Return the nearest values that can be set."""
    if isinstance(codec, ListCodec):
        return np.array(codec.values)[_nearest(codec, values)]
    if codec.grid is not None:
        return codec.grid.values(codec.grid.inside(codec.grid.places(values)))
    return np.clip(np.rint(values), codec.lower, codec.upper)


def _nearest(codec: ListCodec, values: FloatArray) -> IntArray:
    middles = (np.array(codec.values[1:]) + np.array(codec.values[:-1])) / 2
    return np.searchsorted(middles, values)


def _widths(codec: ListCodec) -> FloatArray:
    """Return the width of the numbers nearest to each value of a list."""
    values = np.array(codec.values)
    middles = (values[1:] + values[:-1]) / 2
    return np.diff(np.concatenate([values[:1], middles, values[-1:]]))


def _n_slices(variable: Variable) -> int:
    """Return how many equal slices of the cube what is counted on a linear scale has, 0 for the others."""
    is_sliced = variable.type in ("integer", "real") and variable.scale == "linear"
    return (variable.codec.n_points or 0) if is_sliced else 0
