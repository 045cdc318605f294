"""Which way a setting may move: continuous coordinates within their bounds and linear constraints."""

from dataclasses import dataclass

import numpy as np

from bnnopt._typing import BoolArray, FloatArray
from bnnopt.space import LinearConstraint, Real, SearchSpace

__all__ = ["Room"]

TOUCHING = 1e-9  # a face nearer than this is touched, in units of the cube


@dataclass(frozen=True)
class Room:
    """The continuous coordinates of a space and the faces that bound them, others held fixed.

    Attributes
    ----------
    is_free : ndarray of bool, shape (n_dims,)
        Encoded coordinates that may move by any amount.
    normals : ndarray of shape (n_faces, n_free)
        Unit normals of the linear constraints.
    is_equality : ndarray of bool, shape (n_faces,)
        Faces that may not be left to either side.
    """

    is_free: BoolArray
    normals: FloatArray
    is_equality: BoolArray

    @classmethod
    def of(cls, space: SearchSpace) -> "Room":
        """Find the free coordinates and the constraints on them.

        A variable on a log scale in a linear constraint would move along a curve; it is held fixed.
        """
        linear = [each for each in space.constraints if isinstance(each, LinearConstraint)]
        bound = {name for constraint in linear for name in constraint.names}
        moving = {
            variable.name: variable.upper - variable.lower
            for variable in space.settings
            if isinstance(variable, Real) and not (variable.scale == "log" and variable.name in bound)
        }
        is_free = np.concatenate(
            [np.full(variable.codec.n_dims, variable.name in moving) for variable in space.variables]
        )
        rows, is_equality = [], []
        for constraint in linear:
            normal = np.array([constraint.coefficients.get(name, 0.0) * moving[name] for name in moving])
            lower, upper = constraint.limits
            sides = [1.0] if lower == upper else [1.0] * np.isfinite(upper) + [-1.0] * np.isfinite(lower)
            if normal.any():
                rows += [side * normal / np.linalg.norm(normal) for side in sides]
                is_equality += [lower == upper] * len(sides)
        normals = np.array(rows).reshape(len(rows), len(moving))
        return cls(is_free, normals, np.array(is_equality, dtype=bool))

    def slack(self, space: SearchSpace, points: FloatArray) -> FloatArray:
        """Distance of encoded points (n, n_dims) from each face, shape (n, n_faces); 0 for equalities."""
        raise NotImplementedError
