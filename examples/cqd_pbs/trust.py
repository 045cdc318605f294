"""How far the surrogate is to be believed: later rows, growing data, repeats, retraining."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from judge import agreement, networks
from models import LEARNED, OUTPUTS, OutcomeModels
from preparation import INPUTS, chemical_inputs
from results import Trust
from sklearn.base import clone
from sklearn.model_selection import KFold, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler

from bnnopt.exceptions import MissingDependencyError
from bnnopt.inspection import TableModel, replicate_spread
from bnnopt.model_selection import compare_splits, learning_curve, network_grid
from bnnopt.space import SearchSpace
from bnnopt.surrogates import MCDropoutRegressor

__all__ = ["MOST_TRAINED", "TEST_SHARE", "judge_trust", "near_rows", "search_networks", "sizes"]

COHORTS = ("historical", "ml_guided")
N_SIZES, N_REPEATS, TEST_SHARE = 4, 3, 0.2
N_COMPARED, NEARNESS = 300, 0.05
N_NETWORKS = 12
MOST_TRAINED = 500  # rows of the largest training of the learning curve


def judge_trust(
    model: TableModel,
    done: pd.DataFrame,
    cohort: npt.NDArray[Any],
    seed: int,
    advance: Callable[[int], None],
    max_iter: int | None = None,
    n_repeats: int = N_REPEATS,
) -> Trust:
    """Ask all that a referee would ask of a surrogate.

    Parameters
    ----------
    model : TableModel
        Fitted on all rows with outcomes.
    done : DataFrame
        These rows.
    cohort : ndarray of shape (n_rows,)
        "historical" or "ml_guided" of each of them.
    seed : int
        Seeds splits, subsets and trainings.
    advance : callable
        Told 1 after each of four steps.
    max_iter : int, optional
        Updates of networks that are trained again. Default: theirs.
    n_repeats : int, default=3
        Subsets of each size for the learning curve.
    """
    models: OutcomeModels = model.estimator
    later = compare_splits(
        models, done[INPUTS], done[LEARNED], cohort, order=COHORTS, outputs=LEARNED, random_state=seed
    )
    advance(1)
    curve = learning_curve(
        models,
        done[INPUTS],
        done[OUTPUTS],
        sizes=sizes(len(done)),
        n_repeats=n_repeats,
        test_share=TEST_SHARE,
        outputs=OUTPUTS,
        random_state=seed,
    )
    advance(1)
    repeats = replicate_spread(model, done)
    advance(1)
    table, retrained = _retrained(models, model, done, seed, max_iter)
    advance(1)
    return Trust(later, curve, repeats, table, retrained)


def sizes(n_rows: int) -> list[int]:
    """Return how many rows the trainings of the learning curve have, their ratios equal."""
    most = min(MOST_TRAINED, int((1 - TEST_SHARE) * n_rows))
    return sorted(set(np.geomspace(max(5, most // 8), most, N_SIZES).round().astype(int).tolist()))


def near_rows(done: pd.DataFrame, space: SearchSpace, rng: np.random.Generator) -> pd.DataFrame:
    """Return recipes beside those that were made: each setting moved by up to a twentieth of its range."""
    recipes = done[INPUTS].iloc[rng.integers(0, len(done), N_COMPARED)].reset_index(drop=True)
    for variable in space.settings:
        reach = NEARNESS * (variable.upper - variable.lower)
        moved = recipes[variable.name] + rng.uniform(-reach, reach, N_COMPARED)
        recipes[variable.name] = moved.clip(variable.lower, variable.upper)
    return recipes


def _retrained(
    models: OutcomeModels, model: TableModel, done: pd.DataFrame, seed: int, max_iter: int | None
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Compare what comes of training again, of the paper's network too where it can be had here."""
    recipes = near_rows(done, model.space, np.random.default_rng(seed))
    chosen = {"stacking": clone(models), "paper's network": networks(seed, max_iter)["paper's network"]}
    try:
        return agreement(chosen, done, recipes, seed)
    except MissingDependencyError:
        return agreement({"stacking": chosen["stacking"]}, done, recipes, seed)


def search_networks(done: pd.DataFrame, seed: int, max_iter: int | None = None) -> RandomizedSearchCV:
    """Search size, dropout and L2 penalty of networks by cross-validation (SI 8).

    Parameters
    ----------
    done : DataFrame
        Rows with outcomes.
    seed : int
        Seeds the choice of networks, the folds and the trainings.
    max_iter : int, optional
        Updates of a training. Default: that of `MCDropoutRegressor`.

    Returns
    -------
    RandomizedSearchCV
        Fitted to both measured outcomes, each scaled to [0, 1] as in the paper, with scores on the rows of
        the training too: minus the mean absolute error.
    """
    updates = {} if max_iter is None else {"max_iter": max_iter}
    model = make_pipeline(
        FunctionTransformer(chemical_inputs), MCDropoutRegressor(random_state=seed, **updates)
    )
    search = RandomizedSearchCV(
        model,
        network_grid(prefix="mcdropoutregressor__"),
        n_iter=N_NETWORKS,
        cv=KFold(3, shuffle=True, random_state=seed),
        scoring="neg_mean_absolute_error",
        return_train_score=True,
        random_state=seed,
    )
    return search.fit(done[INPUTS], MinMaxScaler().fit_transform(done[OUTPUTS]))
