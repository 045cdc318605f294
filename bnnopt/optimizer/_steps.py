"""The searches of a batch: for what is hoped for, with random weights of objectives, or least sure."""

from dataclasses import replace
from typing import Any

import numpy as np

from bnnopt.acquisition import chebyshev_weights, get_acquisition
from bnnopt.objectives import Chebyshev
from bnnopt.optimizer._maximum import suggest
from bnnopt.optimizer._scoring import Scoring
from bnnopt.optimizer._search import Search

__all__ = ["largest_gain", "steps_of"]


def steps_of(search: Search, n: int, exploration: float) -> list[tuple[Search, int]]:
    """Return the searches for `n` rows, each with how many it finds.

    The last rows of a share `exploration`, rounded, are those of which the model is least sure. If there are
    several objectives and the acquisition takes one utility, each of the others has a search of its own,
    whose utility is an augmented Chebyshev norm with random weights (ParEGO; Knowles 2006, IEEE Trans. Evol.
    Comput. 10, 50-66).
    """
    n_explored = round(exploration * n)
    n_hopeful = n - n_explored
    scoring = search.scoring
    if scoring.goals.n_utilities > 1 and not scoring.acquisition.takes_many:
        hopeful = [(_scalarised(search, place), 1) for place in range(n_hopeful)]
    else:
        hopeful = [(search, n_hopeful)] if n_hopeful else []
    return [*hopeful, *((_least_sure(search, place), 1) for place in range(n_explored))]


def _scalarised(search: Search, place: int) -> Search:
    goals = search.scoring.goals
    rng = np.random.default_rng([search.seed, place])
    utilities = goals.utilities(search.observations.measured[1])
    weights = chebyshev_weights(goals.n_utilities, rng).tolist()
    parts: Any = goals.objectives  # each of one outcome: `Scoring` has seen to it
    objective = Chebyshev(parts, weights=weights)
    scaled = objective.scaled(utilities.min(axis=0), utilities.max(axis=0))
    scoring = search.scoring.replaced(objectives=[scaled])
    return replace(search, scoring=scoring, seed=search.seed + place)


def _least_sure(search: Search, place: int) -> Search:
    """Take the objectives in turn."""
    goals = search.scoring.goals
    objective = goals.objectives[place % goals.n_utilities]
    scoring = search.scoring.replaced(objectives=[objective], acquisition="std")
    return replace(search, scoring=scoring, seed=search.seed + place)


def largest_gain(search: Search) -> float:
    """Return the largest expected improvement of the first utility that a search finds."""
    goals = search.scoring.goals
    wanted = [goals.objectives[0], *goals.constraints]
    scoring = Scoring(wanted, get_acquisition("ei"), goals.outputs)  # whatever it costs
    alone = replace(search, scoring=scoring, pending=search.pending.iloc[:0], cost=None)
    _, scores = suggest(alone, 1)
    return float(scores.max(initial=0.0))
