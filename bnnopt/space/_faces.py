"""Settings of which the same parts of a mixture are zero, and the way from one such set to the next."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from bnnopt._typing import BoolArray, IntArray, RandomState
from bnnopt._validation import as_generator
from bnnopt.exceptions import InfeasibleSpaceError
from bnnopt.space._cardinality import CardinalityConstraint, Parts
from bnnopt.space._context import complete_context
from bnnopt.space._encoding import Level
from bnnopt.space._region import Region
from bnnopt.space._sampling import ON_A_FACE, sample_rows
from bnnopt.space._space import SearchSpace
from bnnopt.space._variables import as_context

__all__ = ["Face", "faces_of", "support_steps", "supports_of"]


class Face(NamedTuple):
    """The settings of which the same parts of a mixture are zero, as a space without cardinality constraints.

    Parameters
    ----------
    space : SearchSpace
        Parts that are zero are context there; the others are at least their least amount.
    values : dict of str to float
        What these contexts are.
    rows : ndarray of int, shape (n_rows,)
        Which rows of a table have it.
    is_whole : bool, default=False
        Whether this is the whole space, which has no cardinality constraint.
    """

    space: SearchSpace
    values: dict[str, float]
    rows: IntArray
    is_whole: bool = False

    def sample(
        self, n: int, *, random_state: RandomState = None, context: Mapping[str, Level] | None = None
    ) -> pd.DataFrame:
        """Return settings of the face drawn uniformly, none where it has none; see `SearchSpace.sample`.

        Parameters
        ----------
        n : int
            Number of rows, >= 0.
        random_state : int, Generator, RandomState or None, default=None
            Seeds the draws.
        context : mapping of str to value, optional
            As in `SearchSpace.sample`; `values` need not be given again.

        Returns
        -------
        DataFrame of shape (n, n_names), or of no rows
            Settings by name, in the user's units.

        Raises
        ------
        InfeasibleSpaceError
            When no setting of the whole space is feasible.
        """
        if self.is_whole:
            return self.space.sample(n, random_state=random_state, context=context)
        fixed = complete_context(self.space.variables, {**(context or {}), **self.values})
        region = Region(self.space.variables, self.space.constraints, fixed)
        try:
            return sample_rows(region, n, as_generator(random_state), ON_A_FACE)
        except InfeasibleSpaceError:
            return region.frame(np.empty((0, region.n_coordinates)))


def faces_of(space: SearchSpace, settings: pd.DataFrame) -> list[Face]:
    """Group settings by which parts of cardinality constraints are zero.

    Within one face such a constraint is nothing but bounds, so that lines and climbs in the space of the face
    keep zeros zero.

    Parameters
    ----------
    space : SearchSpace
        Whose constraints to keep.
    settings : DataFrame with the columns `names` of the space
        In the user's units.

    Returns
    -------
    list of Face
        Without a cardinality constraint one, the space itself with all rows. Rows of which other parts are
        zero than constraints and bounds allow are in none.

    Raises
    ------
    InvalidDataError
        When a column is missing or a number is not finite.
    """
    parts = Parts.of(space.variables, space.constraints, {})
    if not parts.n_constraints:
        return [Face(space, {}, np.arange(len(settings)), is_whole=True)]
    supports = parts.supports(settings)
    rows = np.flatnonzero(parts.allowed(supports))
    groups = pd.DataFrame(supports[rows]).groupby(list(range(len(parts.names))), sort=False)
    return [_face(space, parts, supports, rows[places]) for places in groups.indices.values()]


def supports_of(space: SearchSpace, settings: pd.DataFrame) -> pd.DataFrame:
    """Return which parts of cardinality constraints are not zero.

    Parameters
    ----------
    space : SearchSpace
        Says what the parts are.
    settings : DataFrame with the columns of the parts
        In the user's units.

    Returns
    -------
    DataFrame of bool, shape (n_rows, n_parts)
        A column for each part, none without such a constraint.

    Raises
    ------
    InvalidDataError
        When a column is missing or a number is not finite.
    """
    parts = Parts.of(space.variables, space.constraints, {})
    return pd.DataFrame(parts.supports(settings), columns=list(parts.names), index=settings.index)


def support_steps(space: SearchSpace, row: Mapping[str, Level]) -> list[dict[str, float]]:
    """Return changes of a setting after which other parts of cardinality constraints are zero.

    Parameters
    ----------
    space : SearchSpace
        Whose constraints to keep.
    row : mapping of str to value
        A setting in the user's units, with all names of the space.

    Returns
    -------
    list of dict of str to float
        Parts to change, by name, and their amounts: one more part, one less, or one in the place of another,
        as far as the cardinality constraints allow. Other constraints are not looked at; context stays.
    """
    context = {name: row[name] for name in space.context_names}
    parts = Parts.of(space.variables, space.constraints, context)
    return parts.steps(parts.supports(pd.DataFrame([dict(row)]))[0], row)


def _face(space: SearchSpace, parts: Parts, supports: BoolArray, rows: IntArray) -> Face:
    """Return the face of rows that have the same support."""
    variables, values = parts.on_face(supports[rows[0]], space.variables)
    settled = tuple(as_context(each) if each.name in values else each for each in variables)
    others = tuple(each for each in space.constraints if not isinstance(each, CardinalityConstraint))
    return Face(space.model_copy(update={"variables": settled, "constraints": others}), values, rows)
