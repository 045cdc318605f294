"""Polytopes inside the unit cube: emptiness by linear programming, uniform points by hit-and-run.

Smith, R. L. (1984). Efficient Monte Carlo procedures for generating points uniformly distributed over bounded
regions. Operations Research 32, 1296-1308.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.linalg import null_space, orth, solve_triangular
from scipy.optimize import linprog

from bnnopt._typing import BoolArray, FloatArray, IntArray

__all__ = ["Chart", "Rows", "chart_of", "hit_and_run", "is_empty"]

FLAT = 1e-8
LP_OPTIONS = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
LP_INFEASIBLE = 2
MAX_NEWTON_STEPS = 500
MAX_SHRINKS = 30
MOST_KEPT = 2**12  # results of linear programs: the faces of a mixture come again, and many are alike

Accept = Callable[[FloatArray], BoolArray]
Density = Callable[[FloatArray], FloatArray]
Keeps = Callable[[FloatArray, IntArray], BoolArray]


@dataclass(frozen=True)
class Rows:
    """Linear limits lower <= matrix @ u <= upper on points u of the unit cube, rows of unit length.

    Attributes
    ----------
    matrix : ndarray of shape (n_rows, n_dims)
    lower, upper : ndarray of shape (n_rows,)
    """

    matrix: FloatArray
    lower: FloatArray
    upper: FloatArray

    @property
    def key(self) -> tuple[int, bytes, bytes, bytes]:
        """Number of dimensions and the numbers themselves, as what can be looked up."""
        matrix, lower, upper = (
            np.asarray(each, dtype=float) for each in (self.matrix, self.lower, self.upper)
        )
        return matrix.shape[1], matrix.tobytes(), lower.tobytes(), upper.tobytes()

    @classmethod
    def of_key(cls, key: tuple[int, bytes, bytes, bytes]) -> "Rows":
        """Return the limits of a key."""
        matrix, lower, upper = (np.frombuffer(each) for each in key[1:])
        return cls(matrix.reshape(len(lower), key[0]), lower, upper)

    @property
    def is_equality(self) -> BoolArray:
        """Rows whose limits leave no room."""
        return self.upper - self.lower <= FLAT * 1e-4

    def inequalities(self) -> tuple[FloatArray, FloatArray]:
        """Return (matrix, bound) of all matrix @ u <= bound, the faces of the cube included."""
        free, eye = ~self.is_equality, np.eye(self.matrix.shape[1])
        ones, zeros = np.ones(len(eye)), np.zeros(len(eye))
        matrix = np.vstack([self.matrix[free], -self.matrix[free], eye, -eye])
        bound = np.concatenate([self.upper[free], -self.lower[free], ones, zeros])
        return matrix[np.isfinite(bound)], bound[np.isfinite(bound)]

    def equalities(self) -> tuple[FloatArray, FloatArray]:
        """Return (matrix, target) of all matrix @ u = target."""
        fixed = self.is_equality
        return self.matrix[fixed], (self.lower[fixed] + self.upper[fixed]) / 2


@dataclass(frozen=True)
class Chart:
    """Round coordinates w of a polytope: u = origin + basis @ w, where matrix @ w <= slack.

    Equalities are solved away, w = 0 is the analytic centre, and lengths are those of the Dikin ellipsoid
    there, so that thin polytopes look round.

    Attributes
    ----------
    origin : ndarray of shape (n_dims,)
    basis : ndarray of shape (n_dims, n_free)
    matrix : ndarray of shape (n_faces, n_free)
    slack : ndarray of shape (n_faces,)
        All positive.
    normals : ndarray of shape (n_equalities, n_dims)
        Orthonormal directions in which the polytope has no extent; normals @ u is the same for all its
        points.
    """

    origin: FloatArray
    basis: FloatArray
    matrix: FloatArray
    slack: FloatArray
    normals: FloatArray

    def to_cube(self, w: FloatArray) -> FloatArray:
        """Return points of shape (n, n_dims) for round coordinates of shape (n, n_free)."""
        return np.clip(self.origin + w @ self.basis.T, 0.0, 1.0)

    def from_cube(self, u: FloatArray) -> FloatArray:
        """Return round coordinates of shape (n, n_free) for points of shape (n, n_dims)."""
        return (u - self.origin) @ np.linalg.pinv(self.basis).T


def is_empty(rows: Rows) -> bool:
    """Return whether no point of the unit cube keeps the rows (definite, by linear programming)."""
    if not rows.matrix.shape[1]:
        return bool((rows.lower > FLAT).any() or (rows.upper < -FLAT).any())
    return _is_empty(rows.key)


def chart_of(rows: Rows) -> Chart | None:
    """Return round coordinates of the polytope, or None when it is empty."""
    return _chart_of(rows.key)


@lru_cache(MOST_KEPT)
def _is_empty(key: tuple[int, bytes, bytes, bytes]) -> bool:
    rows = Rows.of_key(key)
    return _solve(np.zeros(rows.matrix.shape[1]), *rows.inequalities(), *rows.equalities()) is None


@lru_cache(MOST_KEPT)
def _chart_of(key: tuple[int, bytes, bytes, bytes]) -> Chart | None:
    rows = Rows.of_key(key)
    (matrix, bound), (fixed, target) = rows.inequalities(), rows.equalities()
    if _solve(np.zeros(matrix.shape[1]), matrix, bound, fixed, target) is None:
        return None
    is_flat = _flat_faces(matrix, bound, fixed, target)
    fixed, target = np.vstack([fixed, matrix[is_flat]]), np.concatenate([target, bound[is_flat]])
    origin, basis, normals = _solution_space(fixed, target)
    faces, slack = matrix[~is_flat] @ basis, bound[~is_flat] - matrix[~is_flat] @ origin
    lengths = np.linalg.norm(faces, axis=1)
    is_face = lengths > FLAT
    faces, slack = faces[is_face] / lengths[is_face, np.newaxis], slack[is_face] / lengths[is_face]
    if not basis.shape[1]:
        return Chart(origin, basis, faces, slack, normals)
    centre = _analytic_centre(faces, slack, _chebyshev_centre(faces, slack))
    slack_there = slack - faces @ centre
    scale = _dikin_axes(faces, slack_there)
    return Chart(origin + basis @ centre, basis @ scale, faces @ scale, slack_there, normals)


def hit_and_run(
    chart: Chart,
    w: FloatArray,
    n_steps: int,
    rng: np.random.Generator,
    accept: Accept | None = None,
    log_density: Density | None = None,
) -> FloatArray:
    """Return the chains `w` after `n_steps` of hit-and-run.

    Each step picks one random direction for all chains and, for each chain, a uniform point on its chord
    through the polytope. With `accept`, the chord is shrunk towards the point where the chain stands until
    the new point is accepted (Neal 2003, Slice sampling, Ann. Statist. 31, section 5); both keep the uniform
    distribution.

    Parameters
    ----------
    chart : Chart
    w : ndarray of shape (n_chains, n_free)
        Where the chains stand, inside and accepted.
    n_steps : int
    rng : numpy.random.Generator
    accept : callable, optional
        Points of the unit cube of shape (n, n_dims) to booleans of shape (n,).
    log_density : callable, optional
        Points of the unit cube of shape (n, n_dims) to the logarithms of their densities, up to a constant,
        in the place of a uniform one; each step is then one of slice sampling.

    Returns
    -------
    ndarray of shape (n_chains, n_free)
    """
    if not w.shape[1]:
        return w
    slack = chart.slack[:, np.newaxis] - chart.matrix @ w.T
    for direction in rng.standard_normal((n_steps, w.shape[1])):
        rates = chart.matrix @ direction
        low, high = _chords(slack, rates)
        if accept is None and log_density is None:
            length: FloatArray = rng.uniform(low, high)
        else:
            keeps = _kept_by(accept, log_density, chart.to_cube(w), rng)
            length = _shrunk(chart, w, direction, low, high, rng, keeps)
        w = w + length[:, np.newaxis] * direction
        slack -= rates[:, np.newaxis] * length
    return w


def _chords(slack: FloatArray, rates: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return how far each chain may go back and forth; slack has shape (n_faces, n_chains)."""
    ahead, behind = rates > 0, rates < 0
    high = (slack[ahead] / rates[ahead, np.newaxis]).min(axis=0)
    low = (slack[behind] / rates[behind, np.newaxis]).max(axis=0)
    return np.minimum(low, 0.0), np.maximum(high, 0.0)


def _kept_by(
    accept: Accept | None, log_density: Density | None, u: FloatArray, rng: np.random.Generator
) -> Keeps:
    """Return what tells whether chains, which stand at u, may go to points: (points, chains) to booleans."""
    if log_density is None:
        return lambda points, chains: np.ones(len(points), dtype=bool) if accept is None else accept(points)
    level = log_density(u) + np.log(1 - rng.random(len(u)))

    def keeps(points: FloatArray, chains: IntArray) -> BoolArray:
        is_kept = log_density(points) >= level[chains]
        if accept is not None and is_kept.any():
            is_kept[is_kept] = accept(points[is_kept])
        return is_kept

    return keeps


def _shrunk(
    chart: Chart,
    w: FloatArray,
    direction: FloatArray,
    low: FloatArray,
    high: FloatArray,
    rng: np.random.Generator,
    keeps: Keeps,
) -> FloatArray:
    """Return accepted lengths along the chords, 0 where none was found."""
    moved, pending = np.zeros(len(w)), np.arange(len(w))
    for _ in range(MAX_SHRINKS):
        length = rng.uniform(low, high)
        is_accepted = keeps(chart.to_cube(w[pending] + length[:, np.newaxis] * direction), pending)
        moved[pending[is_accepted]] = length[is_accepted]
        left = ~is_accepted
        if not left.any():
            break
        pending, length = pending[left], length[left]
        low = np.where(length < 0, length, low[left])
        high = np.where(length < 0, high[left], length)
    return moved


def _solve(
    cost: FloatArray, matrix: FloatArray, bound: FloatArray, fixed: FloatArray, target: FloatArray
) -> FloatArray | None:
    """Minimise cost @ u on the polytope; None when it is empty."""
    result = linprog(
        cost,
        A_ub=matrix,
        b_ub=bound,
        A_eq=fixed if len(fixed) else None,
        b_eq=target if len(fixed) else None,
        bounds=(None, None),
        method="highs",
        options=LP_OPTIONS,
    )
    if result.status == LP_INFEASIBLE:
        return None
    if result.x is None:
        raise RuntimeError(f"linear programming failed on the constraints: {result.message}")
    return result.x


def _flat_faces(matrix: FloatArray, bound: FloatArray, fixed: FloatArray, target: FloatArray) -> BoolArray:
    """Return the inequalities that hold with equality everywhere on the (non-empty) polytope."""
    is_flat = np.zeros(len(bound), dtype=bool)
    room = np.zeros(len(bound))
    for i, row in enumerate(matrix):
        if room[i] <= FLAT:
            point = _solve(row, matrix, bound, fixed, target)
            if point is not None:
                room = np.maximum(room, bound - matrix @ point)
        is_flat[i] = room[i] <= FLAT
    return is_flat


def _solution_space(fixed: FloatArray, target: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return a solution of fixed @ u = target, and orthonormal bases of what may be added and may not."""
    n_dims = fixed.shape[1]
    if not len(fixed):
        return np.zeros(n_dims), np.eye(n_dims), np.empty((0, n_dims))
    return (
        np.linalg.lstsq(fixed, target)[0],
        null_space(fixed, rcond=FLAT),
        orth(fixed.T, rcond=FLAT).T,
    )


def _chebyshev_centre(faces: FloatArray, slack: FloatArray) -> FloatArray:
    """Return the centre of the largest ball inside faces @ w <= slack, faces of unit length."""
    n_dims = faces.shape[1]
    cost = np.append(np.zeros(n_dims), -1.0)
    ball = np.column_stack([faces, np.ones(len(faces))])
    point = _solve(cost, ball, slack, np.empty((0, n_dims + 1)), np.empty(0))
    return np.zeros(n_dims) if point is None else point[:n_dims]


def _analytic_centre(faces: FloatArray, slack: FloatArray, start: FloatArray) -> FloatArray:
    """Return the point with the largest product of slacks, by damped Newton steps (which stay inside)."""
    w = start
    for _ in range(MAX_NEWTON_STEPS):
        scaled = faces / (slack - faces @ w)[:, np.newaxis]
        gradient = scaled.sum(axis=0)
        step = np.linalg.solve(scaled.T @ scaled, gradient)
        decrement = np.sqrt(gradient @ step)
        w = w - step / (1 + decrement)
        if decrement < 1e-3:
            break
    return w


def _dikin_axes(faces: FloatArray, slack: FloatArray) -> FloatArray:
    """Return axes of the ellipsoid of the log barrier's Hessian: columns that map round coordinates to w."""
    scaled = faces / slack[:, np.newaxis]
    return solve_triangular(
        np.linalg.cholesky(scaled.T @ scaled), np.eye(faces.shape[1]), lower=True, trans="T"
    )
