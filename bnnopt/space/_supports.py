"""Which parts of a mixture can be other than zero together, by linear and integer programs."""

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, milp
from scipy.optimize import LinearConstraint as Limits

from bnnopt._typing import BoolArray, FloatArray, IntArray
from bnnopt.exceptions import InfeasibleSpaceError
from bnnopt.space._constraints import LinearConstraint
from bnnopt.space._polytope import is_empty
from bnnopt.space._region import Region, affine_map, linear_rows
from bnnopt.space._whole_numbers import refuse_no_whole_number

__all__ = ["feasible_supports", "refuse_contradiction", "refuse_no_sum", "refuse_no_support"]

MOST_FACES = 64  # that one sample has rows of: each costs some milliseconds
MOST_TRIED = 256  # supports, until the others are looked for by integer programming
FEW_FACES = 8
MILP_INFEASIBLE = 2


def refuse_no_support(region: Region) -> None:
    """Raise when integer programming proves that cardinality and linear constraints exclude each other."""
    if not region.parts.n_constraints:
        return
    refuse_contradiction(region)
    if _support_of_least(region, np.zeros(len(region.parts.names))) is None:
        raise InfeasibleSpaceError(
            f"No setting within the bounds satisfies: {region.describe()}"
            f"{f' with {dict(region.fixed)}' if region.fixed else ''}. "
            "Allow more parts, widen their bounds, lower the least amount or loosen a linear constraint."
        )


def refuse_no_sum(region: Region) -> None:
    """Raise when a linear or integer program proves that no setting keeps the linear constraints."""
    refuse_contradiction(region)
    refuse_no_whole_number(region)


def refuse_contradiction(region: Region) -> None:
    """Raise when linear programming proves that the linear constraints exclude each other."""
    culprits = [c for c in region.constraints if isinstance(c, LinearConstraint)]
    if not culprits or not is_empty(linear_rows(region, culprits, is_relaxed=False)):
        return
    for constraint in list(culprits):
        others = [c for c in culprits if c is not constraint]
        if others and is_empty(linear_rows(region, others, is_relaxed=False)):
            culprits = others
    raise InfeasibleSpaceError(
        f"No setting within the bounds satisfies {' and '.join(f'({c})' for c in culprits)}"
        f"{f' with {dict(region.fixed)}' if region.fixed else ''}. "
        "Loosen one of these constraints or widen the bounds of their variables."
    )


def feasible_supports(region: Region, n: int, rng: np.random.Generator) -> BoolArray:
    """Return supports that the linear constraints allow, at most n, shape (n_supports, n_parts).

    They are drawn without replacement from all, evenly along the coordinates that say which; where too few of
    those drawn are feasible, some more come from integer programming with random costs, by which any feasible
    support may be the best one.
    """
    parts = region.parts
    cells = rng.permuted(np.tile(np.arange(MOST_TRIED), (parts.n_constraints, 1)), axis=1).T
    drawn = parts.supports_at((cells + rng.random(cells.shape)) / MOST_TRIED)
    drawn = drawn[parts.allowed(drawn)]
    found: list[BoolArray] = []
    for place in _first_of_each(drawn):
        if len(found) == min(n, MOST_FACES):
            break
        if _is_feasible_support(region, drawn[place]):
            found.append(drawn[place])
    for _ in range(min(n, FEW_FACES) - len(found)):
        support = _support_of_least(region, rng.standard_normal(len(parts.names)))
        if support is not None:
            found.append(support)
    if not found:
        refuse_no_support(region)
    each = np.array(found)
    return each[_first_of_each(each)]


def _first_of_each(supports: BoolArray) -> IntArray:
    """Return the positions of different rows, in their order."""
    return np.flatnonzero(~pd.DataFrame(supports).duplicated().to_numpy())


def _is_feasible_support(region: Region, support: BoolArray) -> bool:
    """Return whether linear programming finds a setting on the face of a support."""
    face = region.face(support)
    linear = [c for c in face.constraints if isinstance(c, LinearConstraint)]
    return not is_empty(linear_rows(face, linear, is_relaxed=False))


def _support_of_least(region: Region, costs: FloatArray) -> BoolArray | None:
    """Return the feasible support of least costs, the sum over its parts, or None where there is none.

    A mixed integer program: the settings as points of the cube, and for each part a number that is 1 if it is
    in the support and 0 if not.
    """
    parts, n_free = region.parts, len(region.free)
    if not (parts.may_be_in | parts.may_be_out).all():
        return None
    n_parts = len(parts.names)
    starts, spans = affine_map(region, is_relaxed=False)
    at = np.array([[each.name == name for each in region.free] for name in parts.names], dtype=float)
    at = at.reshape(n_parts, n_free)
    least = np.divide(parts.least - at @ starts, at @ spans, out=np.zeros(n_parts), where=at @ spans > 0)
    is_free = at.any(axis=1)
    no, each = np.zeros((parts.n_constraints, n_free)), np.eye(n_parts)
    rows = linear_rows(
        region, [c for c in region.constraints if isinstance(c, LinearConstraint)], is_relaxed=False
    )
    limits = [
        Limits(np.hstack([rows.matrix, np.zeros((len(rows.matrix), n_parts))]), rows.lower, rows.upper),
        Limits(np.hstack([at, -each])[is_free], -np.inf, 0.0),
        Limits(np.hstack([at, -least[:, np.newaxis] * each])[is_free], 0.0, np.inf),
        Limits(np.hstack([no, parts.is_bound]), parts.limits[:, 0], parts.limits[:, 1]),
    ]
    result = milp(
        np.concatenate([np.zeros(n_free), costs]),
        integrality=np.repeat([0, 1], [n_free, n_parts]),
        bounds=Bounds(
            np.concatenate([np.zeros(n_free), ~parts.may_be_out]),
            np.concatenate([np.ones(n_free), parts.may_be_in]),
        ),
        constraints=[each for each in limits if len(each.A)],
    )
    if result.status == MILP_INFEASIBLE:
        return None
    if result.x is None:
        raise RuntimeError(f"integer programming failed on the constraints: {result.message}")
    return np.asarray(result.x[n_free:] > 0.5)
