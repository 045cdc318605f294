"""What a search needs before its first fit, made of its parameters and checked."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._estimators import Rule, draw_seed, flag, is_whole, optional, real, seed_parameter, whole
from bnnopt._plain import shown
from bnnopt.exceptions import InvalidDataError
from bnnopt.model_selection._search._compatibility import mapped
from bnnopt.model_selection._search._evaluation import Trial
from bnnopt.model_selection._search._proposals import Model, Proposals
from bnnopt.model_selection._search._results import trials_of
from bnnopt.model_selection._search._spaces import SpaceToSearch, check_names_of_parameters, spaces_of
from bnnopt.surrogates import GaussianProcessEnsembleRegressor

__all__ = ["RULES", "earlier_trials", "new_proposals", "spaces_to_search"]

KERNELS = (
    "matern_5_2",
    "squared_exponential",
    "anova_matern_5_2",
    "matern_5_2_by_rank",
    "exponential_by_rank",
)
"""Those of the surrogate by default: without that of a deep network, whose joint draws take the longest."""

FEWEST_FIRST = 5
N_FIRST_OF_A_BRANCH = 2


def _is_verbosity(value: Any) -> bool:
    return isinstance(value, bool) or (is_whole(value) and value >= 0)


def _is_number_or_nan(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


RULES = {
    "estimator": Rule(lambda value: hasattr(value, "fit"), "an estimator with fit"),
    "n_iter": whole(1),
    "n_points": whole(1),
    "pre_dispatch": Rule(lambda value: isinstance(value, str) or is_whole(value), "a whole number or text"),
    "n_initial": optional(whole(2)),
    "time_budget": optional(real(0, closed="left")),
    "n_jobs": optional(Rule(lambda value: is_whole(value) and value != 0, "a whole number other than 0")),
    "progress": flag(),
    "verbose": Rule(_is_verbosity, "a whole number of at least 0, or a flag"),
    "return_train_score": flag(),
    "random_state": seed_parameter(),
    "error_score": optional(Rule(_is_number_or_nan, "a number"), "raise"),
    "refit": Rule(lambda value: isinstance(value, bool | str) or callable(value), "a bool, str or callable"),
}
"""What the parameters of a search may be, by name; others are checked by what they are handed to."""


def spaces_to_search(search: Any) -> list[SpaceToSearch]:
    """Return the search spaces, each with its number of settings.

    Raises
    ------
    InvalidDataError
        The first design has more settings than the search.
    UnknownNameError
        The estimator has no parameter of a name.
    """
    spaces = [each._replace(n_iter=each.n_iter or search.n_iter) for each in spaces_of(search.search_spaces)]
    check_names_of_parameters(search.estimator, spaces)
    fewest = min(each.n_iter or 0 for each in spaces)
    if search.n_initial is not None and search.n_initial > fewest and search.earlier_results is None:
        raise InvalidDataError(
            f"n_iter: expected at least the {search.n_initial} settings of the first design (n_initial), "
            f"got {fewest}; raise n_iter, or lower n_initial."
        )
    return spaces


def earlier_trials(
    results: Any, spaces: Sequence[SpaceToSearch], n_splits: int, names: Sequence[str]
) -> list[Trial]:
    """Return the trials of an earlier search, held against the spaces and the names of the scores, if known.

    Raises
    ------
    InvalidDataError
        These are no results of a search, of other splits or scores, or with settings that are in none of the
        spaces.
    """
    trials = trials_of(results, n_splits, names)
    for trial in trials:
        if all(each.space.row(trial.params) is None for each in spaces):
            raise InvalidDataError(
                f"earlier_results: {shown(trial.params)} is in none of the search_spaces; leave "
                "such settings out, or give a space with these parameters and choices."
            )
    return trials


def new_proposals(search: Any, spaces: Sequence[SpaceToSearch], earlier: Sequence[Trial]) -> list[Proposals]:
    """Return what proposes settings of each space; parameters that the optimizer refuses are told."""
    own = ("surrogate", "acquisition", "initial_design", "n_initial", "n_points")
    options = {**{name: getattr(search, name) for name in own}, **mapped(search.optimizer_kwargs)}
    if options["surrogate"] is None:
        options["surrogate"] = GaussianProcessEnsembleRegressor(KERNELS)
    seed = draw_seed(search.random_state)
    found = []
    for number, (space, n_iter) in enumerate(spaces):
        n_earlier = sum(space.row(trial.params) is not None for trial in earlier)
        n_first = _n_first(space.space.n_settings, len(space.branches), n_earlier + (n_iter or 0))
        model = {**options, "n_initial": options["n_initial"] or n_first, "seed": seed + number}
        found.append(Proposals(space, Model(**model)))
        found[-1].optimizer([], pd.DataFrame(columns=["test_score"]))
    return found


def _n_first(n_parameters: int, n_branches: int, n_iter: int) -> int:
    """Return how many settings a first design has by default."""
    usual = max(FEWEST_FIRST, n_parameters + 1, N_FIRST_OF_A_BRANCH * n_branches if n_branches > 1 else 0)
    return max(2, min(usual, n_iter // 2))
