"""Score a million random recipes, and suggest from them recipes for the wanted wavelengths."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from judge import LEVEL, OUTPUTS
from preparation import INPUTS, SETTINGS

from bnnopt.campaign import CampaignSettings, with_units
from bnnopt.optimizer import BayesianOptimizer
from bnnopt.space import SearchSpace

__all__ = ["LAYERS", "for_print", "is_new", "score_pool", "suggest", "usual_context"]

LAYERS = ("with OLA and Cl", "with OLA", "without additives")
CHLORIDES = ["Cl_hot_mM", "Cl_60C_mM"]
DECIMALS = {
    "PbOA2_mL": 1,
    "ODE_Pb_mL": 1,
    "OLA_mL": 2,
    "T_inj_C": 0,
    "TMS2S_uL": 0,
    "ODE_S_mL": 1,
    "Cl_hot_mM": 2,
    "Cl_60C_mM": 2,
}
CHUNK = 50_000
N_PER_TARGET = 3
N_CLOSEST = 50
N_CANDIDATES = 20_000
COOL_C = 140.0


def score_pool(
    fitted: Any,
    space: SearchSpace,
    context: Mapping[str, float],
    n: int,
    seed: int,
    advance: Callable[[int], None],
) -> pd.DataFrame:
    """Predict random recipes, a third each with both additives, with OLA alone and with none (Fig. 3).

    Parameters
    ----------
    fitted : estimator
        Predicts `OUTPUTS`.
    space : SearchSpace
        Where the recipes are drawn, uniformly, and rounded to what a pipette and a thermometer can do.
    context : mapping
        Values of the context variables.
    n : int
        Recipes to draw.
    seed : int
        Seeds the recipes.
    advance : callable
        Told the number of recipes after each chunk.

    Returns
    -------
    DataFrame of at most n rows
        The recipe, the predicted means and `layer`, the position in `LAYERS`, in 32 and 8 bits.
    """
    rng = np.random.default_rng(seed)
    parts = []
    for start in range(0, n, CHUNK):
        size = min(CHUNK, n - start)
        recipes = space.sample(size, random_state=rng, context=context).round(DECIMALS)
        layer = rng.integers(0, len(LAYERS), size)
        recipes.loc[layer >= 1, CHLORIDES] = 0.0
        recipes.loc[layer == len(LAYERS) - 1, "OLA_mL"] = 0.0
        means = pd.DataFrame(fitted.predict(recipes[INPUTS]), columns=OUTPUTS)
        part = pd.concat([recipes, means], axis=1).astype(np.float32).assign(layer=layer.astype(np.int8))
        parts.append(part[space.is_feasible(recipes)])
        advance(size)
    return pd.concat(parts, ignore_index=True)


def suggest(
    settings: CampaignSettings,
    table: pd.DataFrame,
    pool: pd.DataFrame,
    context: Mapping[str, float],
    seed: int,
    advance: Callable[[int], None],
) -> pd.DataFrame:
    """Suggest recipes for every target, in the whole space and with cool injection.

    The optimizer chooses among the recipes of the pool whose predicted peak is within the tolerance, or,
    where there are none, among the closest.

    Parameters
    ----------
    settings : CampaignSettings
        Space, objectives, surrogate, acquisition and targets.
    table : DataFrame
        All rows, failed ones with empty outcomes.
    pool : DataFrame
        From `score_pool`.
    context : mapping
        Values of the context variables.
    seed : int
        Seeds the optimizer.
    advance : callable
        Told 1 after each target.

    Returns
    -------
    DataFrame
        Target, injection limit, recipe, predicted outcomes, their 95 % intervals, and whether the one of the
        peak contains the target.
    """
    surrogate = settings.make_surrogate(random_state=seed)  # the one that scored the pool
    optimizer = settings.make_optimizer(random_state=seed, surrogate=surrogate)
    optimizer.tell(table, table)
    targets = settings.targets
    parts = []
    for limit in (np.inf, COOL_C):
        for target in targets.values if targets else ():
            near = _near(pool[pool["T_inj_C"] <= limit], target, targets.tolerance)
            batch = optimizer.ask(
                N_PER_TARGET,
                context=context,
                objectives=settings.objectives_for(target),
                candidates=_most_hopeful(near),
            )
            parts.append(_with_intervals(batch, optimizer, target, limit))
            advance(1)
    return pd.concat(parts, ignore_index=True)


def for_print(suggestions: pd.DataFrame, units_of_space: Mapping[str, str]) -> pd.DataFrame:
    """Put units behind the names of the columns."""
    intervals = {f"peak_nm_{end}_95": "nm" for end in ("lower", "upper")}
    units = {**units_of_space, "target_nm": "nm", "T_inj_limit_C": "°C", "peak_nm": "nm", **intervals}
    return with_units(suggestions, units)


def is_new(suggestions: pd.DataFrame, table: pd.DataFrame) -> bool:
    """Tell whether no suggested recipe was made before."""
    made = set(table[SETTINGS].round(9).itertuples(index=False, name=None))
    return made.isdisjoint(suggestions[SETTINGS].round(9).itertuples(index=False, name=None))


def usual_context(table: pd.DataFrame, t_outdoor_c: float | None) -> dict[str, float]:
    """Return the given outdoor temperature, or the median of the rows."""
    value = table["T_outdoor_C"].median() if t_outdoor_c is None else t_outdoor_c
    return {"T_outdoor_C": float(value)}


def _near(recipes: pd.DataFrame, target: float, tolerance: float) -> pd.DataFrame:
    """Return the recipes with a predicted peak within the tolerance, or else the closest ones."""
    distance = (recipes["peak_nm"] - target).abs()
    is_near = distance <= tolerance
    return recipes[is_near] if is_near.any() else recipes.loc[distance.nsmallest(N_CLOSEST).index]


def _most_hopeful(recipes: pd.DataFrame) -> pd.DataFrame:
    """Return the recipes of least predicted polydispersity, as many as are worth a closer look."""
    chosen = recipes.nsmallest(N_CANDIDATES, "polydispersity")
    return chosen[SETTINGS].astype(float).round(DECIMALS)


def _with_intervals(
    batch: pd.DataFrame, optimizer: BayesianOptimizer, target: float, limit: float
) -> pd.DataFrame:
    """Add the quantiles between which outcomes are expected; those of polydispersity lie in (0, 1]."""
    batch = pd.concat([batch, optimizer.intervals(batch, LEVEL).add_suffix("_95")], axis=1)
    is_inside = (batch["peak_nm_lower_95"] <= target) & (target <= batch["peak_nm_upper_95"])
    batch["interval_contains_target"] = is_inside
    batch.insert(0, "target_nm", target)
    batch.insert(1, "T_inj_limit_C", limit if np.isfinite(limit) else np.nan)
    return batch
