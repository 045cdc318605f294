"""Uniform settings inside bounds and constraints: rejection, or hit-and-run where that is hopeless."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bnnopt._typing import BoolArray, FloatArray
from bnnopt.exceptions import InfeasibleSpaceError
from bnnopt.space._constraints import Constraint, LinearConstraint
from bnnopt.space._encoding import IntervalCodec, Level, ListCodec
from bnnopt.space._polytope import Chart, Rows, chart_of, hit_and_run, is_empty
from bnnopt.space._variables import Variable

__all__ = ["Region", "sample_rows"]

FIRST_CHUNK = 2**12
LARGEST_CHUNK = 2**18
BUDGET = 2**20
WALK_BUDGET = 2**17
LOWEST_ACCEPTANCE = 0.01
N_CHAINS = 2**12

Propose = Callable[[int], FloatArray]  # asked for so many points of the cube; may return more or fewer


@dataclass(frozen=True)
class Region:
    """What is drawn from: variables with some of them fixed, and the constraints to keep.

    A point u of the unit cube has one coordinate per variable that is not fixed; uniform u gives uniform
    values (on the logarithm for log scales), discrete values owning equal slices.
    """

    variables: tuple[Variable, ...]
    constraints: tuple[Constraint, ...]
    fixed: Mapping[str, Level]

    @property
    def free(self) -> list[Variable]:
        """The variables to draw, in order."""
        return [variable for variable in self.variables if variable.name not in self.fixed]

    def frame(self, u: FloatArray) -> pd.DataFrame:
        """Return the settings of shape (n_rows, n_variables) at the points u of shape (n_rows, n_free)."""
        drawn = {variable.name: variable.codec.quantile(u[:, i]) for i, variable in enumerate(self.free)}
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

    @property
    def linear(self) -> list[LinearConstraint]:
        """The linear constraints without log scales and lists, which are straight in the cube too."""
        bent = {each.name for each in self.free if each.type == "discrete" or _is_log(each)}
        return [c for c in self.constraints if isinstance(c, LinearConstraint) and not bent & set(c.names)]

    def describe(self) -> str:
        """Return the constraints as text, one after the other."""
        return "; ".join(str(constraint) for constraint in self.constraints)


def sample_rows(region: Region, n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return n settings drawn uniformly from a region.

    Points of the cube are rejected until the acceptance turns out too low; then linear constraints on linear
    scales are walked by hit-and-run and the others filter what it proposes. Where that finds only some
    points, chains started at them explore the feasible part around them.

    Parameters
    ----------
    region : Region
    n : int
        Number of rows, >= 0.
    rng : numpy.random.Generator

    Returns
    -------
    DataFrame of shape (n, n_variables)

    Raises
    ------
    InfeasibleSpaceError
        When the linear constraints exclude each other, or no feasible point was found within the budget.
    """
    n_free = len(region.free)
    if not region.constraints:
        return region.frame(rng.random((n_free, n)).T)
    is_straight = bool(region.linear)
    lowest, budget = (LOWEST_ACCEPTANCE, 100 * n) if is_straight else (0.0, 8 * n)
    u, n_tried = _collect(region, n, lambda size: rng.random((n_free, size)).T, max(BUDGET, budget), lowest)
    if len(u) == n:
        return region.frame(u)
    _refuse_contradiction(region)
    chart = _chart(region)
    if is_straight:
        walked, n_walked = _collect(region, n, _walker(region, chart, rng), max(WALK_BUDGET, 8 * n), 0.0)
        u, n_tried = np.concatenate([walked, u])[:n], n_tried + n_walked
    if not len(u):
        raise InfeasibleSpaceError(
            f"No feasible point among {n_tried} that were tried; the constraints are: {region.describe()}. "
            "Loosen a constraint, or narrow the bounds to where it can be satisfied."
        )
    return region.frame(u if len(u) == n else _spread(region, chart, u, n, rng))


def _collect(region: Region, n: int, propose: Propose, budget: int, lowest: float) -> tuple[FloatArray, int]:
    """Return up to n feasible points and the number tried; stop at the budget or lowest acceptance."""
    kept: list[FloatArray] = []
    n_kept, n_tried, size = 0, 0, FIRST_CHUNK
    while n_kept < n and n_tried < budget and n_kept >= lowest * n_tried:
        u = propose(size)
        feasible = u[region.is_feasible(region.frame(u))]
        kept.append(feasible)
        n_kept, n_tried = n_kept + len(feasible), n_tried + len(u)
        wanted = int(1.1 * (n - n_kept) * n_tried / n_kept) if n_kept else 2 * size
        size = int(np.clip(wanted, FIRST_CHUNK, LARGEST_CHUNK))
    n_free = len(region.free)
    return np.concatenate([np.empty((0, n_free)), *kept])[:n], n_tried


def _refuse_contradiction(region: Region) -> None:
    """Raise when linear programming proves that the linear constraints exclude each other."""
    culprits = [c for c in region.constraints if isinstance(c, LinearConstraint)]
    if not culprits or not is_empty(_rows(region, culprits, is_relaxed=False)):
        return
    for constraint in list(culprits):
        others = [c for c in culprits if c is not constraint]
        if others and is_empty(_rows(region, others, is_relaxed=False)):
            culprits = others
    raise InfeasibleSpaceError(
        f"No setting within the bounds satisfies {' and '.join(f'({c})' for c in culprits)}"
        f"{f' with {dict(region.fixed)}' if region.fixed else ''}. "
        "Loosen one of these constraints or widen the bounds of their variables."
    )


def _rows(region: Region, constraints: Sequence[LinearConstraint], *, is_relaxed: bool) -> Rows:
    """Return linear constraints on the unit cube; what is counted owns half a step beyond if relaxed."""
    names = [variable.name for variable in region.free]
    starts, spans = _affine(region, is_relaxed)
    weights = np.array([[c.coefficients.get(name, 0.0) for name in names] for c in constraints])
    weights = weights.reshape(len(constraints), len(names))
    fixed = [
        sum(w * float(region.fixed[k]) for k, w in c.coefficients.items() if k in region.fixed)
        for c in constraints
    ]
    shift = weights @ starts + np.array(fixed, dtype=float)
    matrix = weights * spans
    lengths = np.linalg.norm(matrix, axis=1)
    lengths[lengths == 0] = 1.0
    limits = np.array([c.limits for c in constraints]).reshape(-1, 2)
    lower, upper = ((limits[:, i] - shift) / lengths for i in (0, 1))
    return Rows(matrix / lengths[:, np.newaxis], lower, upper)


def _affine(region: Region, is_relaxed: bool) -> tuple[FloatArray, FloatArray]:
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
    )
    return ends[:, 0], ends[:, 1] - ends[:, 0]


def _chart(region: Region) -> Chart:
    chart = chart_of(_rows(region, region.linear, is_relaxed=True))
    if chart is None:
        raise InfeasibleSpaceError(f"No setting within the bounds satisfies: {region.describe()}.")
    return chart


def _walker(region: Region, chart: Chart, rng: np.random.Generator) -> Propose:
    """Return a source of points of the polytope: many chains, at first long enough to forget its centre."""
    n_free = chart.basis.shape[1]
    w = hit_and_run(chart, np.zeros((N_CHAINS, n_free)), 50 + 20 * n_free, rng)

    def propose(size: int) -> FloatArray:
        nonlocal w
        w = hit_and_run(chart, w, 10 + 2 * n_free, rng)
        return _settle(region, chart, chart.to_cube(w))

    return propose


def _spread(region: Region, chart: Chart, u: FloatArray, n: int, rng: np.random.Generator) -> FloatArray:
    """Return n feasible points from chains that start at the feasible points u."""

    def accept(u: FloatArray) -> BoolArray:
        return region.is_feasible(region.frame(_settle(region, chart, u)))

    starts = _settle(region, chart, u[rng.integers(len(u), size=min(n, N_CHAINS))])
    w = chart.from_cube(starts)
    batches: list[FloatArray] = []
    for _ in range(-(-n // len(starts))):
        w = hit_and_run(chart, w, 20 + 2 * w.shape[1], rng, accept)
        batches.append(_settle(region, chart, chart.to_cube(w)))
    return np.concatenate(batches)[:n]


def _settle(region: Region, chart: Chart, u: FloatArray) -> FloatArray:
    """Return u with what is counted in the middle of its slices and the reals moved to keep sums exact."""
    n_points = np.array([_n_slices(variable) for variable in region.free])
    is_counted = n_points > 0
    if not is_counted.any():
        return u
    n_slices = n_points[is_counted]
    settled = u.copy()
    slices = np.clip(np.floor(u[:, is_counted] * n_slices), 0, n_slices - 1)
    settled[:, is_counted] = (slices + 0.5) / n_slices
    reals = chart.normals[:, ~is_counted]
    missing = (chart.origin - settled) @ chart.normals.T
    settled[:, ~is_counted] += missing @ np.linalg.pinv(reals).T
    return settled


def _is_log(variable: Variable) -> bool:
    return getattr(variable, "scale", "linear") == "log"


def _n_slices(variable: Variable) -> int:
    """Return how many equal slices of the cube what is counted on a linear scale has, 0 for the others."""
    is_sliced = variable.type in ("integer", "real") and variable.scale == "linear"
    return (variable.codec.n_points or 0) if is_sliced else 0
