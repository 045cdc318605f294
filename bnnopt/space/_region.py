"""What is drawn from: variables with some of them fixed, and constraints, as points of a cube."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from bnnopt._typing import BoolArray, FloatArray
from bnnopt.space._cardinality import CardinalityConstraint, Parts
from bnnopt.space._constraints import Constraint, LinearConstraint
from bnnopt.space._encoding import IntervalCodec, Level, ListCodec
from bnnopt.space._polytope import Rows
from bnnopt.space._variables import Variable

__all__ = ["Region", "affine_map", "linear_rows"]


@dataclass(frozen=True)
class Region:
    """What is drawn from: variables with some of them fixed, and the constraints to keep.

    A point u of the unit cube has one coordinate per variable that is not fixed, and one more per cardinality
    constraint, which says what parts are not zero. Uniform u gives uniform values (on the logarithm for log
    scales), discrete values owning equal slices, and uniform supports.
    """

    variables: tuple[Variable, ...]
    constraints: tuple[Constraint, ...]
    fixed: Mapping[str, Level]

    @property
    def free(self) -> list[Variable]:
        """The variables to draw, in order."""
        return [variable for variable in self.variables if variable.name not in self.fixed]

    @cached_property
    def parts(self) -> Parts:
        """The parts that cardinality constraints name."""
        return Parts.of(self.variables, self.constraints, self.fixed)

    @property
    def n_coordinates(self) -> int:
        """Number of coordinates of a point of the unit cube."""
        return len(self.free) + self.parts.n_constraints

    def frame(self, u: FloatArray) -> pd.DataFrame:
        """Return the settings, (n_rows, n_variables), at the points u, (n_rows, n_coordinates)."""
        shares = {variable.name: u[:, i] for i, variable in enumerate(self.free)}
        drawn = {variable.name: variable.codec.quantile(shares[variable.name]) for variable in self.free}
        drawn |= self.parts.amounts(self.parts.supports_at(u[:, len(shares) :]), shares)
        columns = {
            variable.name: drawn[variable.name] if variable.name in drawn else self.fixed[variable.name]
            for variable in self.variables
        }
        return pd.DataFrame(columns, index=pd.RangeIndex(len(u)))

    def is_feasible(self, frame: pd.DataFrame) -> BoolArray:
        """Return, for each row, whether all constraints are satisfied."""
        is_kept = np.ones(len(frame), dtype=bool)
        for constraint in self.constraints:
            is_kept &= constraint.is_satisfied(frame)
        return is_kept

    def face(self, support: BoolArray) -> "Region":
        """Return the region of a support: others are 0, and those in it their least amount or more."""
        variables, values = self.parts.on_face(support, self.variables)
        others = tuple(c for c in self.constraints if not isinstance(c, CardinalityConstraint))
        return Region(variables, others, {**self.fixed, **values})

    def describe(self) -> str:
        """Return the constraints as text, one after the other."""
        return "; ".join(str(constraint) for constraint in self.constraints)


def linear_rows(region: Region, constraints: Sequence[LinearConstraint], *, is_relaxed: bool) -> Rows:
    """Return linear constraints on the unit cube; what is counted owns half a step beyond if relaxed."""
    names = [variable.name for variable in region.free]
    starts, spans = affine_map(region, is_relaxed)
    weights = np.array([[c.coefficients.get(name, 0.0) for name in names] for c in constraints])
    weights = weights.reshape(len(constraints), len(names))
    fixed = [
        sum(w * float(region.fixed[k]) for k, w in c.coefficients.items() if k in region.fixed)
        for c in constraints
    ]
    shift = weights @ starts + np.array(fixed, dtype=float)
    matrix = weights * spans
    sizes = np.abs(matrix).max(axis=1, initial=0.0)
    sizes[sizes == 0] = 1.0
    lengths = sizes * np.linalg.norm(
        matrix / sizes[:, np.newaxis], axis=1
    )  # squares of them may be beyond floats
    lengths[lengths == 0] = 1.0
    limits = np.array([c.limits for c in constraints]).reshape(-1, 2)
    lower, upper = ((limits[:, i] - shift) / lengths for i in (0, 1))
    return Rows(matrix / lengths[:, np.newaxis], lower, upper)


def affine_map(region: Region, is_relaxed: bool) -> tuple[FloatArray, FloatArray]:
    """Return start and span of each free variable: value = start + u * span (0 and 0 for levels)."""
    codecs = [variable.codec for variable in region.free]
    ends = np.array(
        [
            codec.cells
            if isinstance(codec, ListCodec) or (isinstance(codec, IntervalCodec) and is_relaxed)
            else (codec.lower, codec.upper)
            if isinstance(codec, IntervalCodec)
            else (0, 0)
            for codec in codecs
        ],
        dtype=float,
    ).reshape(len(codecs), 2)
    return ends[:, 0], ends[:, 1] - ends[:, 0]
