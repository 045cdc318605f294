"""Uniform settings inside bounds and constraints: rejection, or hit-and-run where that is hopeless.

Where only some parts of a mixture may be other than zero, supports are drawn first, then settings of each.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bnnopt._typing import BoolArray, FloatArray
from bnnopt.exceptions import InfeasibleSpaceError
from bnnopt.space._polytope import Chart, chart_of, hit_and_run
from bnnopt.space._region import Region, linear_rows
from bnnopt.space._supports import feasible_supports, refuse_contradiction
from bnnopt.space._variables import Variable

__all__ = ["ON_A_FACE", "sample_rows"]

LARGEST_CHUNK = 2**18
LOWEST_ACCEPTANCE = 0.01
N_ROUNDS = 8

Propose = Callable[[int], FloatArray]  # asked for so many points of the cube; may return more or fewer


@dataclass(frozen=True)
class Effort:
    """How hard to look for feasible points.

    Attributes
    ----------
    n_first : int
        Points of the first chunk.
    budget, walk_budget : int
        Most points to try by rejection, and by hit-and-run.
    n_chains : int
        Chains of hit-and-run.
    """

    n_first: int = 2**12
    budget: int = 2**20
    walk_budget: int = 2**17
    n_chains: int = 2**12


ON_A_FACE = Effort(2**8, 2**14, 2**12, 2**7)


def sample_rows(region: Region, n: int, rng: np.random.Generator, effort: Effort = Effort()) -> pd.DataFrame:
    """Return n settings drawn uniformly from a region.

    Points of the cube are rejected until the acceptance turns out too low; then linear constraints on linear
    scales are walked by hit-and-run and the others filter what it proposes. Where that finds only some
    points, chains started at them explore the feasible part around them. Where the acceptance is too low in a
    region with cardinality constraints, supports are drawn at random among those that the linear constraints
    allow, then settings of each.

    Parameters
    ----------
    region : Region
    n : int
        Number of rows, >= 0.
    rng : numpy.random.Generator
    effort : Effort, optional
        How many points to try.

    Returns
    -------
    DataFrame of shape (n, n_variables)

    Raises
    ------
    InfeasibleSpaceError
        When the linear constraints exclude each other, or no feasible point was found within the budget.
    """
    n_free = region.n_coordinates
    if not region.constraints:
        return region.frame(rng.random((n_free, n)).T)
    is_straight = bool(region.linear)
    lowest, budget = (LOWEST_ACCEPTANCE, 100 * n) if is_straight else (0.0, 8 * n)
    budget = max(effort.budget, budget)
    u, n_tried = _collect(region, n, lambda size: rng.random((n_free, size)).T, budget, lowest, effort)
    if len(u) == n:
        return region.frame(u)
    refuse_contradiction(region)
    if region.parts.n_constraints:
        return _rows_on_faces(region, n, rng)
    chart = _chart(region)
    if is_straight:
        walker, budget = _walker(region, chart, rng, effort.n_chains), max(effort.walk_budget, 8 * n)
        walked, n_walked = _collect(region, n, walker, budget, 0.0, effort)
        u, n_tried = np.concatenate([walked, u])[:n], n_tried + n_walked
    if not len(u):
        raise InfeasibleSpaceError(
            f"No feasible point among {n_tried} that were tried; the constraints are: {region.describe()}. "
            "Loosen a constraint, or narrow the bounds to where it can be satisfied."
        )
    return region.frame(u if len(u) == n else _spread(region, chart, u, n, rng, effort.n_chains))


def _rows_on_faces(region: Region, n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return n settings on the faces of feasible supports, which are drawn alike, in random order."""
    rows: list[pd.DataFrame] = []
    supports, n_missing = feasible_supports(region, n, rng), n
    for _ in range(N_ROUNDS):
        is_fruitful = np.zeros(len(supports), dtype=bool)
        counts = np.bincount(rng.permutation(np.arange(n_missing) % len(supports)), minlength=len(supports))
        for place in np.flatnonzero(counts):
            try:
                rows.append(sample_rows(region.face(supports[place]), counts[place], rng, ON_A_FACE))
            except InfeasibleSpaceError:
                continue
            is_fruitful[place] = True
        n_missing = n - sum(map(len, rows))
        if not n_missing:
            return pd.concat(rows).iloc[rng.permutation(n)].reset_index(drop=True)
        supports = supports[is_fruitful] if is_fruitful.any() else feasible_supports(region, n, rng)
    raise InfeasibleSpaceError(
        f"No feasible point was found, whichever parts were zero; the constraints are: {region.describe()}. "
        "Loosen a constraint, or narrow the bounds to where it can be satisfied."
    )


def _collect(
    region: Region, n: int, propose: Propose, budget: int, lowest: float, effort: Effort
) -> tuple[FloatArray, int]:
    """Return up to n feasible points and the number tried; stop at the budget or lowest acceptance."""
    kept: list[FloatArray] = []
    n_kept, n_tried, size = 0, 0, effort.n_first
    while n_kept < n and n_tried < budget and n_kept >= lowest * n_tried:
        u = propose(size)
        feasible = u[region.is_feasible(region.frame(u))]
        kept.append(feasible)
        n_kept, n_tried = n_kept + len(feasible), n_tried + len(u)
        wanted = int(1.1 * (n - n_kept) * n_tried / n_kept) if n_kept else 2 * size
        size = int(np.clip(wanted, effort.n_first, LARGEST_CHUNK))
    return np.concatenate([np.empty((0, region.n_coordinates)), *kept])[:n], n_tried


def _chart(region: Region) -> Chart:
    chart = chart_of(linear_rows(region, region.linear, is_relaxed=True))
    if chart is None:
        raise InfeasibleSpaceError(f"No setting within the bounds satisfies: {region.describe()}.")
    return chart


def _walker(region: Region, chart: Chart, rng: np.random.Generator, n_chains: int) -> Propose:
    """Return a source of points of the polytope: many chains, at first long enough to forget its centre."""
    n_free = chart.basis.shape[1]
    w = hit_and_run(chart, np.zeros((n_chains, n_free)), 50 + 20 * n_free, rng)

    def propose(size: int) -> FloatArray:
        nonlocal w
        w = hit_and_run(chart, w, 10 + 2 * n_free, rng)
        return _settle(region, chart, chart.to_cube(w))

    return propose


def _spread(
    region: Region, chart: Chart, u: FloatArray, n: int, rng: np.random.Generator, n_chains: int
) -> FloatArray:
    """Return n feasible points from chains that start at the feasible points u."""

    def accept(u: FloatArray) -> BoolArray:
        return region.is_feasible(region.frame(_settle(region, chart, u)))

    starts = _settle(region, chart, u[rng.integers(len(u), size=min(n, n_chains))])
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


def _n_slices(variable: Variable) -> int:
    """Return how many equal slices of the cube what is counted on a linear scale has, 0 for the others."""
    is_sliced = variable.type in ("integer", "real") and variable.scale == "linear"
    return (variable.codec.n_points or 0) if is_sliced else 0
