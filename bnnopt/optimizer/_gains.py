"""Whether there is anything to gain, and what is said and done where there is not."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd

from bnnopt._typing import FloatArray
from bnnopt.exceptions import NothingToGainWarning
from bnnopt.optimizer._maximum import from_everywhere
from bnnopt.optimizer._scoring import Scoring
from bnnopt.optimizer._search import Search

__all__ = ["NOTHING", "has_no_gain", "warn_of_no_gain", "with_reachable_reference"]

NOTHING = "elsewhere: the acquisition expects nothing of any row"
BEYOND = "the highest score without the reference_point, which nothing is expected to exceed in "
N_LOOKED_AT = 512
SURE = 3.0  # standard deviations: what is farther from the mean is not expected
ROUND_OFF = 1e-6  # of the size of a reference or the range of the utilities

REMEDIES = {
    NOTHING: "All scores are 0: the acquisition expects nothing of any row, so rows were chosen away from "
    "those known, where the model is least sure. Look at objectives, constraints and the acquisition: "
    "can anything still be better than what was measured?",
    BEYOND: "No outcome is expected to exceed the reference_point in {names} anywhere, so that no row could "
    "gain anything; it was left out this time. Give a reference_point that is worse than what is wanted, in "
    "the unit of each outcome, or none.",
}


def has_no_gain(search: Search, scores: FloatArray) -> bool:
    """Tell whether scores that measure a gain are all 0, so that no row is better than another."""
    is_gain = search.scoring.form == "positive"
    return is_gain and len(scores) > 0 and not float(np.nanmax(scores)) > 0


def with_reachable_reference(search: Search) -> tuple[Search, str | None]:
    """Return the search, without its reference point where nothing is expected to exceed that, and a reason.

    Parameters
    ----------
    search : Search
        Of any number of objectives.

    Returns
    -------
    search : Search
    reason : str or None
        Why rows come from a search without the reference, None where it stayed.
    """
    goals = search.scoring.goals
    if goals.reference is None or (search.situation.front > goals.reference).all(axis=1).any():
        return search, None
    points = from_everywhere(search, N_LOOKED_AT, np.random.default_rng(search.seed)).points
    utilities = goals.utilities(search.measured[1])
    mean, std = goals.utility_moments(*search.moments(points))
    spread = np.ptp(utilities, axis=0)
    hoped = np.where(spread > 0, (mean + SURE * std).max(axis=0), -np.inf)  # of a constant nothing is known
    hoped = np.maximum(hoped, utilities.max(axis=0))
    size = np.maximum(np.abs(goals.reference), spread)
    is_beyond = hoped <= goals.reference + ROUND_OFF * size
    if not is_beyond.any():
        return search, None
    names = [each.name for each, flag in zip(goals.objectives, is_beyond, strict=True) if flag]
    old = search.scoring
    wanted = [*goals.objectives, *goals.constraints]
    scoring = Scoring(wanted, old.acquisition, goals.outputs, old.cost_output)
    return replace(search, scoring=scoring), f"{BEYOND}{names}"


def warn_of_no_gain(batch: pd.DataFrame, stacklevel: int) -> None:
    """Warn (`NothingToGainWarning`) for each reason of a batch that says that there was nothing to gain."""
    for reason in dict.fromkeys(batch["reason"]):
        for start, said in REMEDIES.items():
            if str(reason).startswith(start):
                names = str(reason).removeprefix(start)
                warnings.warn(said.format(names=names), NothingToGainWarning, stacklevel=stacklevel + 1)
