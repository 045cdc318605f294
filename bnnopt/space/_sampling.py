"""Uniform settings inside bounds and constraints: rejection, or hit-and-run where that is hopeless.

Where only some parts of a mixture may be other than zero, supports are drawn first, then settings of each.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bnnopt._typing import FloatArray
from bnnopt.exceptions import InfeasibleSpaceError
from bnnopt.space._constraints import LinearConstraint
from bnnopt.space._region import Region
from bnnopt.space._supports import feasible_supports, refuse_contradiction
from bnnopt.space._walks import Walk

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

    Points of the cube are rejected until the acceptance turns out too low; then linear constraints are walked
    by hit-and-run and the others filter what it proposes. Where that finds only some
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
    has_sums = any(isinstance(each, LinearConstraint) for each in region.constraints)
    lowest, budget = (LOWEST_ACCEPTANCE, 100 * n) if has_sums else (0.0, 8 * n)
    budget = max(effort.budget, budget)
    u, n_tried = _collect(region, n, lambda size: rng.random((n_free, size)).T, budget, lowest, effort)
    if len(u) == n:
        return region.frame(u)
    refuse_contradiction(region)
    if region.parts.n_constraints:
        return _rows_on_faces(region, n, rng)
    walk = Walk.along(region)
    if has_sums:
        walker, budget = _walker(walk, rng, effort.n_chains), max(effort.walk_budget, 8 * n)
        walked, n_walked = _collect(region, n, walker, budget, 0.0, effort)
        u, n_tried = np.concatenate([walked, u])[:n], n_tried + n_walked
    if not len(u):
        raise InfeasibleSpaceError(
            f"No feasible point among {n_tried} that were tried; the constraints are: {region.describe()}. "
            "Loosen a constraint, or narrow the bounds to where it can be satisfied."
        )
    return region.frame(u if len(u) == n else _spread(walk, u, n, rng, effort.n_chains))


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


def _walker(walk: Walk, rng: np.random.Generator, n_chains: int) -> Propose:
    """Return a source of points of the polytope: many chains, at first long enough to forget its centre."""
    w = walk.begun(n_chains, rng)

    def propose(size: int) -> FloatArray:
        nonlocal w
        w = walk.gone_on(w, rng)
        return walk.points(w)

    return propose


def _spread(walk: Walk, u: FloatArray, n: int, rng: np.random.Generator, n_chains: int) -> FloatArray:
    """Return n feasible points from chains that start at the feasible points u."""
    starts = u[rng.integers(len(u), size=min(n, n_chains))]
    w = walk.coordinates(starts)
    batches: list[FloatArray] = []
    for _ in range(-(-n // len(starts))):
        w = walk.explored(w, rng)
        batches.append(walk.points(w))
    return np.concatenate(batches)[:n]
