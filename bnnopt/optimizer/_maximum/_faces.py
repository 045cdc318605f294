"""Where a setting may move: its continuous coordinates, the bounds and the linear constraints on them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from bnnopt._typing import BoolArray, FloatArray
from bnnopt.space import LinearConstraint, Real, SearchSpace

__all__ = ["Faces"]

NOWHERE = 1e-9  # residual of a system of constraints that no step satisfies


@dataclass(frozen=True)
class Faces:
    """The coordinates of a space that move continuously, and the flat faces of the constraints on them.

    Attributes
    ----------
    is_free : ndarray of bool, shape (n_dims,)
        Encoded coordinates that may take any value within their bounds; the others stand still.
    lower, upper : ndarray of shape (n_free,)
        Bounds of the free coordinates, from 0 to 1.
    normals : ndarray of shape (n_faces, n_free)
        Unit normals of the linear constraints, pointing out of what they allow.
    is_equality : ndarray of bool, shape (n_faces,)
        Faces that may be left to neither side.
    all_settings_move : bool
        Whether no setting stands still.
    """

    is_free: BoolArray
    lower: FloatArray
    upper: FloatArray
    normals: FloatArray
    is_equality: BoolArray
    all_settings_move: bool
    _sides: tuple[tuple[LinearConstraint, float, float], ...]

    @classmethod
    def of(cls, space: SearchSpace, cube: SearchSpace | None = None) -> "Faces":
        """Find them. What has steps stands still, and so does what is on a log scale in a linear constraint.

        Coordinates are those of the unit cube of `cube`, a space of the same variables within wider bounds;
        by default that of the space itself.
        """
        linear = [each for each in space.constraints if isinstance(each, LinearConstraint)]
        bound = {name for constraint in linear for name in constraint.names}
        free = [
            variable
            for variable in space.settings
            if isinstance(variable, Real) and variable.grid is None
            if not (variable.scale == "log" and variable.name in bound)
        ]
        wide = {each.name: each for each in (cube or space).settings if isinstance(each, Real)}
        spans = {each.name: wide[each.name].upper - wide[each.name].lower for each in free}
        ends = np.array([_ends(each, wide[each.name]) for each in free]).reshape(len(free), 2)
        moves = [np.full(variable.codec.n_dims, variable.name in spans) for variable in space.variables]
        normals, sides = [], []
        for constraint in linear:
            normal = np.array([constraint.coefficients.get(name, 0.0) * spans[name] for name in spans])
            length = float(np.linalg.norm(normal))
            for sign in _signs(*constraint.limits) if length else []:
                normals.append(sign * normal / length)
                sides.append((constraint, sign, length))
        is_equality = [constraint.limits[0] == constraint.limits[1] for constraint, _, _ in sides]
        return cls(
            np.concatenate(moves),
            ends[:, 0],
            ends[:, 1],
            np.array(normals).reshape(len(normals), len(spans)),
            np.array(is_equality, dtype=bool),
            len(spans) == len(space.settings),
            tuple(sides),
        )

    @property
    def is_bound(self) -> BoolArray:
        """Which free coordinates a face binds, shape (n_free,)."""
        return np.asarray(self.normals.any(axis=0))

    def slack(self, settings: pd.DataFrame) -> FloatArray:
        """Distances of feasible settings from the faces, in units of the free coordinates; (n, n_faces)."""
        return np.maximum(self._signed_slack(settings), 0.0)

    def nearest(self, points: FloatArray, settings: pd.DataFrame) -> FloatArray:
        """Return the points with their free coordinates moved, as little as will do, within faces and bounds.

        Parameters
        ----------
        points : ndarray of shape (n, n_dims)
            Encoded; the coordinates that stand still may have been changed by hand.
        settings : DataFrame of shape (n, n_names)
            The same in the user's units.

        Returns
        -------
        ndarray of shape (n_kept, n_dims)
            Without those points for which no place is left.
        """
        eye = np.eye(self.normals.shape[1])
        slack = self._signed_slack(settings)
        normals = np.vstack([self.normals, -self.normals[self.is_equality], eye, -eye])
        moved = []
        for point, room in zip(points, slack, strict=True):
            here = point[self.is_free]
            ahead, behind = self.upper - here, here - self.lower
            shift = _least_step(normals, np.concatenate([room, -room[self.is_equality], ahead, behind]))
            if shift is not None:
                moved.append(point.copy())
                moved[-1][self.is_free] = np.clip(here + shift, self.lower, self.upper)
        return np.array(moved).reshape(len(moved), points.shape[1])

    def _signed_slack(self, settings: pd.DataFrame) -> FloatArray:
        """Distances from the faces, negative beyond them; shape (n, n_faces)."""
        slack = np.zeros((len(settings), len(self._sides)))
        for place, (constraint, sign, length) in enumerate(self._sides):
            weights = np.array(list(constraint.coefficients.values()))
            total = settings[list(constraint.names)].to_numpy(dtype=float) @ weights
            limit = constraint.limits[1] if sign > 0 else constraint.limits[0]
            slack[:, place] = sign * (limit - total) / length
        return slack


def _ends(variable: Real, wide: Real) -> FloatArray:
    """Return the bounds of a variable as coordinates of wider ones, shape (2,)."""
    if variable.codec == wide.codec:
        return np.array([0.0, 1.0])
    bounds = pd.DataFrame({variable.name: [variable.lower, variable.upper]})
    return wide.codec.encode(bounds, variable.name)[:, 0]


def _signs(lower: float, upper: float) -> list[float]:
    """One side for an exact total, else one for each limit there is."""
    if lower == upper:
        return [1.0]
    return [1.0] * bool(np.isfinite(upper)) + [-1.0] * bool(np.isfinite(lower))


def _least_step(normals: FloatArray, room: FloatArray) -> FloatArray | None:
    """Return the shortest step with normals @ step <= room, or None where there is none.

    Least distance programming by one least squares problem of weights that are not negative: C. L. Lawson,
    R. J. Hanson, "Solving Least Squares Problems", SIAM 1995, section 23.4.
    """
    if (room >= 0).all():
        return np.zeros(normals.shape[1])
    system = np.vstack([-normals.T, -room])
    target = np.append(np.zeros(normals.shape[1]), 1.0)
    weights, distance = nnls(system, target)
    missing = system @ weights - target
    if distance < NOWHERE:
        return None
    return np.asarray(-missing[:-1] / missing[-1])
