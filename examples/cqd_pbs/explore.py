"""Score a million random recipes, and suggest from them recipes for the wanted wavelengths."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from judge import LEVEL, OUTPUTS, predicted
from models import LEARNED, OutcomeModels, make_optimizer
from preparation import INPUTS, SETTINGS

from bnnopt.campaign import CampaignSettings, TargetList, with_units
from bnnopt.optimizer import BayesianOptimizer
from bnnopt.space import SearchSpace

__all__ = ["LAYERS", "cost_of_limit", "for_print", "is_new", "score_pool", "suggest", "usual_context"]

LAYERS = ("with OLA and Cl", "with OLA", "without additives")  # each kind may also have none of them
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
    fitted: OutcomeModels,
    success: Any,
    space: SearchSpace,
    context: Mapping[str, float],
    n: int,
    seed: int,
    advance: Callable[[int], None],
) -> pd.DataFrame:
    """Predict random recipes, a third each with both additives, with OLA alone and with none (Fig. 3).

    Parameters
    ----------
    fitted : OutcomeModels
        Predicts `OUTPUTS`, each within its bounds.
    success : classifier
        Says how likely a synthesis succeeds.
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
        The recipe, the predicted means, the probability of `success` and `layer`, the position in `LAYERS`,
        in 32 and 8 bits.
    """
    rng = np.random.default_rng(seed)
    parts = []
    for start in range(0, n, CHUNK):
        size = min(CHUNK, n - start)
        recipes = space.sample(size, random_state=rng, context=context).round(DECIMALS)
        layer = rng.integers(0, len(LAYERS), size)
        recipes.loc[layer >= 1, CHLORIDES] = 0.0
        recipes.loc[layer == len(LAYERS) - 1, "OLA_mL"] = 0.0
        means = pd.DataFrame({name: fitted.only(name).predict(recipes[INPUTS]) for name in OUTPUTS})
        means["success"] = success.predict_proba(recipes[INPUTS])[:, 1]
        part = pd.concat([recipes, means], axis=1).astype(np.float32).assign(layer=layer.astype(np.int8))
        parts.append(part[space.is_feasible(recipes)])
        advance(size)
    return pd.concat(parts, ignore_index=True)


def suggest(
    settings: CampaignSettings,
    fitted: OutcomeModels,
    table: pd.DataFrame,
    pool: pd.DataFrame,
    context: Mapping[str, float],
    seed: int,
    advance: Callable[[int], None],
) -> pd.DataFrame:
    """Suggest recipes for every target; again with cool injection where one of them is injected hotter.

    The optimizer chooses among the recipes of the pool whose predicted peak is within the tolerance, or,
    where there are none, among the closest.

    Parameters
    ----------
    settings : CampaignSettings
        Space, objectives, surrogate, acquisition and targets.
    fitted : OutcomeModels
        Says what line width goes with a recipe.
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
        Target, injection limit, recipe, predicted outcomes, their 95 % intervals, how wide that of the peak
        is and whether it contains the target.
    """
    optimizer = make_optimizer(settings, seed)
    optimizer.tell(table, table)
    targets = settings.targets
    parts = []
    for target in targets.values if targets else ():
        for limit in (np.inf, COOL_C):
            if limit == COOL_C and (parts[-1]["T_inj_C"] <= COOL_C).all():
                continue
            near = _near(pool[pool["T_inj_C"] <= limit], target, targets.tolerance)
            batch = optimizer.ask(
                N_PER_TARGET,
                context=context,
                objectives=settings.objectives_for(target),
                candidates=_most_hopeful(near),
            )
            batch = _with_intervals(batch, optimizer, target, limit)
            parts.append(pd.concat([batch, _line_widths(fitted, batch)], axis=1))
        advance(1)
    return pd.concat(parts, ignore_index=True)


def cost_of_limit(pool: pd.DataFrame, targets: TargetList, limit: float = COOL_C) -> pd.DataFrame:
    """Say for each target what a limit of the injection temperature costs, as the paper asks for a scale-up.

    Parameters
    ----------
    pool : DataFrame
        From `score_pool`.
    targets : TargetList
        Wanted peaks, nm.
    limit : float, default=140
        °C.

    Returns
    -------
    DataFrame with a row for each target
        target_nm; T_inj_C of the recipe of least predicted polydispersity; that polydispersity, and that of
        the best recipe injected at the limit or below.
    """
    rows = []
    for target in targets.values:
        near = _near(pool, target, targets.tolerance)
        best, cool = near["polydispersity"].idxmin(), near[near["T_inj_C"] <= limit]["polydispersity"]
        rows.append(
            {
                "target_nm": target,
                "T_inj_C": float(near.loc[best, "T_inj_C"]),
                "polydispersity": float(near.loc[best, "polydispersity"]),
                "polydispersity_cool": float(cool.min()),
            }
        )
    return pd.DataFrame(rows)


def for_print(suggestions: pd.DataFrame, units_of_space: Mapping[str, str]) -> pd.DataFrame:
    """Put units behind the names of the columns."""
    ends = ("lower_95", "upper_95", "width_95")
    intervals = {f"{name}_{end}": name.split("_")[1] for name in ("peak_nm", "hwhm_meV") for end in ends}
    outcomes = {"target_nm": "nm", "T_inj_limit_C": "°C", "peak_nm": "nm", "hwhm_meV": "meV"}
    units = {**units_of_space, **outcomes, **intervals, "hwhm_meV_median": "meV"}
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
    batch["peak_nm_width_95"] = batch["peak_nm_upper_95"] - batch["peak_nm_lower_95"]
    is_inside = (batch["peak_nm_lower_95"] <= target) & (target <= batch["peak_nm_upper_95"])
    batch["interval_contains_target"] = is_inside
    batch.insert(0, "target_nm", target)
    batch.insert(1, "T_inj_limit_C", limit if np.isfinite(limit) else np.nan)
    return batch


def _line_widths(fitted: OutcomeModels, batch: pd.DataFrame) -> pd.DataFrame:
    """Return the predicted line width of recipes and the ends of its 95 % interval, meV."""
    names = {"median": "median", "lower": "lower_95", "upper": "upper_95"}
    found = predicted(fitted, batch, LEARNED)[[f"hwhm_meV_{name}" for name in names]]
    return found.set_axis([f"hwhm_meV_{name}" for name in names.values()], axis=1)
