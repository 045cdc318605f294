"""Searches inside a trust region: where the record leads, the space cut to its box, the way out of it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from bnnopt._plain import shown
from bnnopt._typing import FloatArray
from bnnopt.exceptions import InvalidDataError
from bnnopt.optimizer._batch import Where
from bnnopt.optimizer._goals import Goals
from bnnopt.optimizer._kept_limits import KeptLimits
from bnnopt.optimizer._maximum import Pool
from bnnopt.optimizer._observations import Observations
from bnnopt.optimizer._search import Search
from bnnopt.optimizer._trust_region import FAILED, Region, TrustRegion, box_around, replay
from bnnopt.space import Discrete, Integer, Real, SearchSpace

__all__ = ["checked_rule", "places_of", "region_of", "start_reason"]

ROUND_OFF = 1e-9

Number: TypeAlias = Real | Integer | Discrete


def checked_rule(trust_region: Any, space: SearchSpace, goals: Goals) -> TrustRegion | None:
    """Return the rule that is meant, None for none, or raise `InvalidDataError` where there can be none."""
    if trust_region is None or trust_region is False:
        return None
    if trust_region is not True and not isinstance(trust_region, TrustRegion):
        raise InvalidDataError(
            f"trust_region must be True, False or a TrustRegion, got {shown(trust_region)}."
        )
    _refuse_several(goals)
    if not _numbers(space):
        raise InvalidDataError(
            "trust_region: all settings have levels, and a box needs a numeric one; leave the region out."
        )
    if "reason" in space.names:
        raise InvalidDataError(
            "['reason'] is a column that the optimizer adds with a trust_region; give the variable another "
            "name."
        )
    return TrustRegion() if trust_region is True else trust_region


def region_of(
    rule: TrustRegion,
    observations: Observations,
    space: SearchSpace,
    goals: Goals,
    n_initial: int,
    counts: KeptLimits | None = None,
) -> Region:
    """Return the region to which the rows told lead, for these goals.

    Which rows keep the limits on outcomes is as `counts` of the measured rows say, see `kept_limits`; without
    a model as measured.
    """
    _refuse_several(goals)
    told, is_measured = observations.told, ~observations.is_failed
    ranks = np.full(len(told), FAILED)
    compared = None if counts is None else counts.compared
    ranks[is_measured] = goals.ranks(observations.outcomes[is_measured], compared)
    n_failures = rule.failures_of(space.n_settings)
    return replay(rule, _points(space, told), ranks, _steps(space), n_initial, n_failures)


def places_of(search: Search, region: Region, candidates: Pool | None) -> list[Where]:
    """Return where to look for rows, one place after the other until there are enough, and why there.

    Parameters
    ----------
    search : Search
        In the whole space.
    region : Region
        Where the record leads; it has a best row.
    candidates : DataFrame or iterable of DataFrame, optional
        What can be read only once is searched as a whole.
    """
    if isinstance(candidates, Iterator):
        return [Where(search, "all candidates: a stream is read only once")]
    row = search.observations.told.index[region.best]
    box = f"the box of length {region.length:.3g} around row {row}"
    return [
        Where(_inside(search, region), box),
        Where(search, f"whole space: nothing new and feasible in {box}"),
    ]


def start_reason(region: Region) -> str:
    """Say why a row fills the space."""
    return f"start after restart {region.n_restarts}" if region.n_restarts else "first design"


def _inside(search: Search, region: Region) -> Search:
    """Return the search in the box; settings that are held stay where they are."""
    space, told = search.model_space, search.observations.told
    centre = _points(space, told.iloc[[region.best]])[0]
    lower, upper = box_around(centre, region.length, _steps(space))
    numbers, free = _numbers(space), search.space.setting_names
    bounds = {
        variable.name: _limits(variable, *ends)
        for variable, *ends in zip(numbers, lower, upper, strict=True)
        if variable.name in free
    }
    return replace(search, space=search.space.restricted(bounds=bounds), start=region.start)


def _limits(variable: Number, lower: float, upper: float) -> Any:
    """Return the part of a variable between two ends, in its units: two bounds, or the values of a list."""
    if isinstance(variable, Discrete):
        places = _encoded(variable, variable.values)
        is_kept = (places >= lower - ROUND_OFF) & (places <= upper + ROUND_OFF)
        return np.array(variable.values)[is_kept].tolist()
    ends = variable.codec.decode(np.array([[lower], [upper]]))
    if isinstance(variable, Real) and variable.grid is not None and ends[0] == ends[1]:
        place = variable.grid.places(ends)[0]  # at a bound off the grid; a box has two values at least
        ends = variable.grid.values(variable.grid.inside(np.array([place - 1, place + (place < 1)])))
    return ends.tolist()


def _numbers(space: SearchSpace) -> list[Number]:
    return [variable for variable in space.settings if isinstance(variable, Real | Integer | Discrete)]


def _points(space: SearchSpace, settings: pd.DataFrame) -> FloatArray:
    """Return the numeric settings in the unit cube, shape (n, n_numbers)."""
    return np.hstack([variable.codec.encode(settings, variable.name) for variable in _numbers(space)])


def _steps(space: SearchSpace) -> FloatArray:
    """Return the largest distance between neighbouring values of each numeric setting, 0 for a continuum."""
    return np.array([_step(variable) for variable in _numbers(space)])


def _step(variable: Number) -> float:
    if isinstance(variable, Real):
        if variable.grid is None:
            return 0.0
        first = tuple(variable.grid.values(np.array([0.0, 1.0])).tolist())
    else:
        first = (variable.lower, variable.lower + 1) if isinstance(variable, Integer) else variable.values
    return float(np.diff(_encoded(variable, first)).max())


def _encoded(variable: Number, values: Any) -> FloatArray:
    return variable.codec.encode(pd.DataFrame({variable.name: values}), variable.name)[:, 0]


def _refuse_several(goals: Goals) -> None:
    if goals.n_utilities > 1:
        raise InvalidDataError(
            f"trust_region: a box around the best setting needs one objective, got {goals.n_utilities}; "
            "leave the region out, or join the objectives in a WeightedSum, Chebyshev or Desirability."
        )
