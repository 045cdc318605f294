"""A virtual laboratory for PbS quantum dots: a simulation, calibrated on the rows at hand and on Table 1.

It stands in for a laboratory where a loop of suggesting, making and learning is to be tried many times. Its
numbers are made up by the formulas of `VirtualLab`; nothing that it returns was measured.

Source of its trends: O. Voznyy et al., ACS Nano 2019, 13, 11122-11128, DOI 10.1021/acsnano.9b03864.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from dataset import load_cqd_pbs, load_table1
from preparation import (
    HISTORICAL_PBOA2_ML,
    INPUTS,
    hwhm_mev,
    lead_mol_per_l,
    pb_to_s_ratio,
    polydispersity,
)
from scipy.optimize import lsq_linear
from scipy.special import expit

from bnnopt.space import SearchSpace

__all__ = ["VirtualLab", "historical_recipes", "season_c", "simulated_table"]

Array = npt.NDArray[np.float64]

SMALLEST_PEAK_NM, SMALLEST_PEAK_VALLEY = 550.0, 0.5  # what peak and peak/valley tend to from above
LARGEST_LOG_SIZE = 7.6  # ln(peak - 550): 2,550 nm, a little beyond what was ever made
BEST_RATIO, USUAL_T_C, USUAL_LEAD, USUAL_OUTDOOR_C = 8.0, 110.0, 0.19, 10.0
HALF_OLA_ML, HALF_CL_MM = 0.3, 0.3  # half of the effect of an additive
PEAK_NOISE_NM = 30.0  # the paper: repeats of a synthesis vary by up to 30 nm
PEAK_VALLEY_NOISE = 0.1  # relative; the median of what Table 1 prints after ±
BLOCKED_RATIO, BLOCKED_STEEPNESS = 17.0, 8.0  # half of the syntheses fail there; 1 in 400 at 8, 4 in 5 at 20
STARVED_RATIO, STARVED_STEEPNESS = 0.5, 6.0  # too little lead for the sulfur: the failed row at Pb:S 0.1
WEIGHT_OF_TABLE1 = 3.0  # its recipes were verified several times
RIDGE = 0.3

# Terms, and between which bounds the calibration may put them: what the paper says of their direction.
ANY, UP, DOWN = (-np.inf, np.inf), (0.0, np.inf), (-np.inf, 0.0)
SIZE_TERMS = {
    "constant": ANY,
    "ratio": UP,
    "ratio squared": ANY,
    "heat": UP,
    "heat squared": ANY,
    "ratio x heat": UP,
    "OLA": DOWN,
    "OLA x heat": ANY,
    "lead": ANY,
    "season": ANY,
    "chloride": ANY,
}
FOCUS_TERMS = {
    "constant": ANY,
    "size": ANY,
    "size squared": ANY,
    "size cubed": ANY,
    "ratio below 8": UP,
    "ratio above 8": DOWN,
    "heat": DOWN,
    "OLA": UP,
    "chloride": UP,
}


@dataclass(frozen=True)
class VirtualLab:
    """A made-up response of peak and line width to a recipe, with noise, season and blocked nucleation.

    With u = 2 tanh(ln(Pb:S / 8) / 2), t = (T - 110 °C) / 50 °C, o = OLA / (OLA + 0.3 mL),
    x = Cl / (Cl + 0.3 mM), l = 1.5 tanh(ln(c(Pb) / 0.19 mol/L) / 1.5), w = (T_outdoor - 10 °C) / 10 °C and
    q = ln(peak / 1300 nm):

    ln(peak - 550 nm) = a . (1, u, u², t, t², u t, o, o t, l, w, x),
    ln(peak/valley - 0.5) = b . (1, q, q², q³, min(u, 0), max(u, 0), t, o, x),
    p(success) = s(8 ln(17 / Pb:S)) s(6 ln(Pb:S / 0.5)), s being the logistic function.

    `calibrated` fits a and b to real rows by least squares, within the directions that the paper tells: more
    lead, more heat and less oleylamine make larger dots; of dots of one size those with Pb:S nearer to 8,
    injected cooler, with oleylamine and with chlorides are more alike.

    Parameters
    ----------
    size, focus : mapping of str to float
        a and b, by the names of `SIZE_TERMS` and `FOCUS_TERMS`.
    size_range : tuple of float
        The q between which the second formula is believed; beyond, that of the nearer end counts.
    is_blocking : bool, default=True
        Whether nucleation can be blocked; else p(success) is 1.
    """

    size: Mapping[str, float]
    focus: Mapping[str, float]
    size_range: tuple[float, float]
    is_blocking: bool = True

    @classmethod
    @cache
    def calibrated(cls) -> "VirtualLab":
        """Return the laboratory fitted to the 95 successful rows and to Table 1, which counts three times."""
        rows, table1 = load_cqd_pbs(), load_table1()
        recipes = pd.concat([rows.data[~rows.failed], table1.data], ignore_index=True)
        target = rows.target[~rows.failed]
        peak = np.concatenate([target["peak_nm"], table1.target_nm])
        ratio = np.concatenate([target["peak_valley"], table1.peak_valley])
        weight = np.where(np.arange(len(peak)) < len(target), 1.0, WEIGHT_OF_TABLE1)
        size = _fit(_size_terms(recipes), np.log(peak - SMALLEST_PEAK_NM), weight, SIZE_TERMS)
        q = np.log(peak / 1300.0)
        over = np.log(np.maximum(ratio - SMALLEST_PEAK_VALLEY, 0.2))
        focus = _fit(_focus_terms(recipes, q), over, weight, FOCUS_TERMS)
        return cls(size, focus, (float(q.min()), float(q.max())))

    def expected(self, recipes: pd.DataFrame) -> pd.DataFrame:
        """Return the outcomes without noise, as if nucleation were never blocked.

        Parameters
        ----------
        recipes : DataFrame of n rows
            The columns of `INPUTS`, each in the unit of its name.

        Returns
        -------
        DataFrame of n rows
            peak_nm (nm), peak_valley, polydispersity (no unit) and hwhm_meV (meV); rows as in `recipes`.
        """
        log_size = _size_terms(recipes) @ np.array(list(self.size.values()))
        peak = SMALLEST_PEAK_NM + np.exp(np.minimum(log_size, LARGEST_LOG_SIZE))
        q = np.clip(np.log(peak / 1300.0), *self.size_range)
        over = np.exp(_focus_terms(recipes, q) @ np.array(list(self.focus.values())))
        return _outcomes(recipes, peak, SMALLEST_PEAK_VALLEY + over)

    def success_probability(self, recipes: pd.DataFrame) -> Array:
        """Return how likely nucleation is not blocked, shape (n,)."""
        if not self.is_blocking:
            return np.ones(len(recipes))
        ratio = np.log(pb_to_s_ratio(recipes["PbOA2_mL"], recipes["TMS2S_uL"]))
        not_blocked = expit(BLOCKED_STEEPNESS * (np.log(BLOCKED_RATIO) - ratio))
        return not_blocked * expit(STARVED_STEEPNESS * (ratio - np.log(STARVED_RATIO)))

    def make(self, recipes: pd.DataFrame, random_state: int | np.random.Generator) -> pd.DataFrame:
        """Make every recipe once: `expected` with noise of 30 nm and 10 % of peak/valley; failures are NaN.

        Parameters
        ----------
        recipes : DataFrame of n rows
            As in `expected`.
        random_state : int or Generator
            Seeds noise and failures.
        """
        rng = np.random.default_rng(random_state)
        expected, n = self.expected(recipes), len(recipes)
        peak = np.maximum(expected["peak_nm"] + rng.normal(0, PEAK_NOISE_NM, n), SMALLEST_PEAK_NM)
        ratio = expected["peak_valley"] * np.exp(rng.normal(0, PEAK_VALLEY_NOISE, n))
        is_made = rng.random(n) < self.success_probability(recipes)
        return _outcomes(recipes, peak.to_numpy(), ratio.to_numpy()).where(pd.Series(is_made, recipes.index))


def season_c(n: int, rng: np.random.Generator) -> Array:
    """Return outdoor temperatures of n days spread over a year, 8 ± 13 °C with 2 °C from day to day."""
    return (8.0 + 13.0 * np.sin(2 * np.pi * rng.random(n)) + rng.normal(0, 2, n)).round(1)


def historical_recipes(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return recipes like the historical ones: usual volumes of lead, one or two other settings moved."""
    rows = load_cqd_pbs()
    known = rows.data[(rows.cohort == "historical") & ~rows.failed]
    recipes = known.iloc[rng.integers(0, len(known), n)].reset_index(drop=True)
    moved = pd.DataFrame({"T_inj_C": rng.normal(0, 12, n).round(), "TMS2S_uL": rng.normal(0, 20, n).round()})
    recipes[moved.columns] += moved * rng.integers(0, 2, (n, 2))
    recipes["T_inj_C"] = recipes["T_inj_C"].clip(45, 170)
    recipes["TMS2S_uL"] = recipes["TMS2S_uL"].clip(85, 400)
    return recipes.assign(T_outdoor_C=season_c(n, rng))


def simulated_table(
    space: SearchSpace, *, n_historical: int = 2315, n_guided: int = 237, n_failed: int = 23, seed: int = 0
) -> pd.DataFrame:
    """Make a simulated table of the form and the size of the published one, none of it measured.

    Parameters
    ----------
    space : SearchSpace
        Where the recipes that a model may have suggested are drawn, uniformly.
    n_historical, n_guided, n_failed : int
        Rows of each cohort, and how many rows in all have failed.
    seed : int
        Seeds all.

    Returns
    -------
    DataFrame of n_historical + n_guided rows
        `INPUTS`, peak_nm and peak_valley, coded as 650 and 0.5 where the synthesis failed.
    """
    rng, lab = np.random.default_rng(seed), VirtualLab.calibrated()
    guided = _guided_recipes(space, 20 * n_guided, rng)
    is_made = rng.random(len(guided)) < lab.success_probability(guided)
    guided = pd.concat([guided[is_made][: n_guided - n_failed], guided[~is_made][:n_failed]])
    recipes = pd.concat([historical_recipes(n_historical, rng), guided], ignore_index=True)
    made = replace(lab, is_blocking=False).make(recipes, rng)[["peak_nm", "peak_valley"]]
    made.iloc[len(made) - n_failed :] = [650.0, 0.5]
    return pd.concat([recipes, made.round(3)], axis=1)


def _guided_recipes(space: SearchSpace, n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return recipes all over the space, a third without additives, none with a historical volume of lead."""
    recipes = space.sample(n, random_state=rng, context={"T_outdoor_C": USUAL_OUTDOOR_C})[INPUTS].round(1)
    recipes.loc[rng.random(n) < 1 / 3, ["OLA_mL", "Cl_hot_mM", "Cl_60C_mM"]] = 0.0
    recipes = recipes.assign(T_outdoor_C=season_c(n, rng))
    return recipes[~recipes["PbOA2_mL"].isin(HISTORICAL_PBOA2_ML)]


def _outcomes(recipes: pd.DataFrame, peak: Array, peak_valley: Array) -> pd.DataFrame:
    metric = polydispersity(peak_valley)
    columns = {"peak_nm": peak, "peak_valley": peak_valley, "polydispersity": metric}
    return pd.DataFrame({**columns, "hwhm_meV": hwhm_mev(peak, metric)}, index=recipes.index)


def _chemistry(recipes: pd.DataFrame) -> dict[str, Array]:
    """Return u, t, o, l, w and x of `VirtualLab`."""
    ratio = np.log(pb_to_s_ratio(recipes["PbOA2_mL"], recipes["TMS2S_uL"]) / BEST_RATIO)
    lead = np.log(lead_mol_per_l(recipes) / USUAL_LEAD)
    ola, chloride = recipes["OLA_mL"], recipes["Cl_hot_mM"] + recipes["Cl_60C_mM"]
    columns = {
        "u": 2 * np.tanh(ratio / 2),
        "t": (recipes["T_inj_C"] - USUAL_T_C) / 50.0,
        "o": ola / (ola + HALF_OLA_ML),
        "l": 1.5 * np.tanh(lead / 1.5),
        "w": (recipes["T_outdoor_C"] - USUAL_OUTDOOR_C) / 10.0,
        "x": chloride / (chloride + HALF_CL_MM),
    }
    return {name: np.asarray(values, dtype=float) for name, values in columns.items()}


def _size_terms(recipes: pd.DataFrame) -> Array:
    v = _chemistry(recipes)
    u, t, o = v["u"], v["t"], v["o"]
    return np.column_stack([np.ones_like(u), u, u**2, t, t**2, u * t, o, o * t, v["l"], v["w"], v["x"]])


def _focus_terms(recipes: pd.DataFrame, q: Array) -> Array:
    v = _chemistry(recipes)
    u = v["u"]
    ratio = [np.minimum(u, 0.0), np.maximum(u, 0.0)]
    return np.column_stack([np.ones_like(u), q, q**2, q**3, *ratio, v["t"], v["o"], v["x"]])


def _fit(terms: Array, y: Array, weight: Array, bounds: Mapping[str, Any]) -> dict[str, float]:
    """Return coefficients by weighted least squares within bounds, all but the constant drawn to 0."""
    root = np.sqrt(weight)
    pull = np.sqrt(RIDGE) * np.eye(terms.shape[1])[1:]
    A, b = np.vstack([terms * root[:, None], pull]), np.concatenate([y * root, np.zeros(len(pull))])
    found = lsq_linear(A, b, bounds=tuple(np.array(list(bounds.values())).T))
    return dict(zip(bounds, found.x.tolist(), strict=True))
