"""How the paper prepares its data: each step a named, pure function of arrays.

Source: O. Voznyy et al., ACS Nano 2019, 13, 11122-11128, DOI 10.1021/acsnano.9b03864, Methods ("Data
Preparation"). Scaling inputs and outputs is left to the estimator, which does it inside.
"""

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils import Bunch

from bnnopt.exceptions import InvalidDataError

CONTEXT = "T_outdoor_C"
SETTINGS = [
    "PbOA2_mL",
    "ODE_Pb_mL",
    "OLA_mL",
    "T_inj_C",
    "TMS2S_uL",
    "ODE_S_mL",
    "Cl_hot_mM",
    "Cl_60C_mM",
]
INPUTS = [CONTEXT, *SETTINGS]
OUTCOMES = ["peak_nm", "peak_valley"]
SOURCE_COLUMNS = [*INPUTS, *OUTCOMES]

HISTORICAL_PBOA2_ML = (4.5, 7.0, 18.0, 19.0)
FAILED_PEAK_NM = 650.0
FAILED_PEAK_VALLEY = 0.5
ASCL3_RESCALING = 5.0
TOLERANCE = 1e-6

PBO_G = 9.0
PBO_G_PER_MOL = 223.2
OLEIC_ACID_ML = 30.0
STOCK_ODE_ML = 60.0
PB_STOCK_MOL_PER_L = PBO_G / PBO_G_PER_MOL / (OLEIC_ACID_ML + STOCK_ODE_ML) * 1000.0
TMS2S_G_PER_ML = 0.846
TMS2S_G_PER_MOL = 178.44
OLA_SCALE_ML = 0.2  # from here on, twice as much oleylamine does less than twice as much
MEV_NM = 1_239_842.0  # bandgap in meV times wavelength in nm
HWHM_RELATION = (0.0261, 0.0683, 3.31)  # a, b, c of `hwhm_mev`


@dataclass(frozen=True)
class DataSummary:
    """Counts of a table of experiments.

    Attributes
    ----------
    n_rows : int
    n_historical, n_ml_guided : int
        Rows of each cohort (see `cohort_of`).
    n_failed : int
        Rows in which nucleation was blocked (see `is_failed`).
    n_recipes : int
        Distinct recipes: combinations of the eight settings, the outdoor temperature left aside.
    n_replicates : int
        Rows whose recipe was made at least twice.
    """

    n_rows: int
    n_historical: int
    n_ml_guided: int
    n_failed: int
    n_recipes: int
    n_replicates: int


def parse_source(text: str) -> npt.NDArray[np.float64]:
    """Read the source's table: 11 numbers a line, separated by blanks, tabs, commas or semicolons.

    Parameters
    ----------
    text : str
        The content of `full.dat`; a header above the numbers is passed over, # and % start a comment.

    Returns
    -------
    ndarray of shape (n, 11)
        In the order and units of `SOURCE_COLUMNS`.

    Raises
    ------
    InvalidDataError
        If a line has not 11 finite numbers; the message gives its number.
    """
    rows: list[list[float]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        cells = re.split(r"[\s,;]+", re.split("[#%]", line)[0].strip(" \t,;"))
        is_header = not rows and not _is_number(cells[-1])
        if cells == [""] or is_header:
            continue
        if len(cells) != len(SOURCE_COLUMNS) or not all(map(_is_number, cells)):
            expected = f"{len(SOURCE_COLUMNS)} finite numbers"
            raise InvalidDataError(
                f"full.dat, line {number}: {expected} were expected, {line.strip()!r} came"
            )
        rows.append([float(cell) for cell in cells])
    return np.array(rows).reshape(-1, len(SOURCE_COLUMNS))


def polydispersity(peak_valley: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Turn peak-to-valley ratios into the paper's polydispersity metric, exp(-peak/valley).

    The metric goes with the line width divided by the bandgap and levels off for nearly monodisperse samples.

    Parameters
    ----------
    peak_valley : array-like
        Absorbance at the exciton peak over that at the valley beside it, dimensionless, at least 0.
        NaN (not measured) stays NaN.

    Returns
    -------
    ndarray of the same shape
        In (0, 1], smaller is more monodisperse.

    Raises
    ------
    InvalidDataError
        If a ratio is negative.

    References
    ----------
    Voznyy et al. 2019, Methods, "Data Preparation" and SI Figure 10.
    """
    ratio = np.asarray(peak_valley, dtype=float)
    _refuse(ratio, ratio < 0, "peak_valley: a ratio of absorbances is at least 0")
    return np.exp(-ratio)


def peak_valley_from_polydispersity(value: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Turn the polydispersity metric back into the peak-to-valley ratio, -log(polydispersity).

    Parameters
    ----------
    value : array-like
        Polydispersity, dimensionless, in (0, 1]. NaN stays NaN.

    Returns
    -------
    ndarray of the same shape
        Peak-to-valley ratio, dimensionless, at least 0.

    Raises
    ------
    InvalidDataError
        If a value is outside (0, 1]; clip a model's prediction first.
    """
    metric = np.asarray(value, dtype=float)
    _refuse(metric, (metric <= 0) | (metric > 1), "polydispersity: exp(-peak/valley) lies in (0, 1]")
    return np.maximum(-np.log(metric), 0.0)


def is_failed(peak_nm: npt.ArrayLike, peak_valley: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Tell the rows in which nucleation was blocked: the source codes them as 650 nm with peak/valley 0.5.

    Parameters
    ----------
    peak_nm : array-like of shape (n,)
        Wavelength of the exciton peak, nm.
    peak_valley : array-like of shape (n,)
        Peak-to-valley ratio, dimensionless.

    Returns
    -------
    ndarray of bool of shape (n,)
        Both numbers equal the code to within 1e-6; a row of 650 nm with another ratio is an ordinary row.
    """
    blocked_peak = np.isclose(np.asarray(peak_nm, dtype=float), FAILED_PEAK_NM, rtol=0, atol=TOLERANCE)
    blocked_ratio = np.isclose(
        np.asarray(peak_valley, dtype=float), FAILED_PEAK_VALLEY, rtol=0, atol=TOLERANCE
    )
    return blocked_peak & blocked_ratio


def cohort_of(pboa2_ml: npt.ArrayLike) -> npt.NDArray[np.str_]:
    """Name the cohort of each row by the authors' own rule; it is a rule, not a date.

    Parameters
    ----------
    pboa2_ml : array-like of shape (n,)
        Volume of the lead oleate stock, mL.

    Returns
    -------
    ndarray of str of shape (n,)
        "historical" where the volume is 18, 4.5, 7 or 19 mL (to within 1e-6 mL), else "ml_guided".
    """
    volume = np.asarray(pboa2_ml, dtype=float)[..., np.newaxis]
    is_historical = np.isclose(volume, HISTORICAL_PBOA2_ML, rtol=0, atol=TOLERANCE).any(axis=-1)
    return np.where(is_historical, "historical", "ml_guided")


def pool_chlorides(
    *,
    CdCl2: npt.ArrayLike = 0.0,
    TBAC: npt.ArrayLike = 0.0,
    PbCl2: npt.ArrayLike = 0.0,
    AsCl3: npt.ArrayLike = 0.0,
) -> npt.NDArray[np.float64]:
    """Pool the chloride additives into one molarity, CdCl2 + TBAC + PbCl2 + 5 AsCl3.

    AsCl3 is more active than the others and needs a fifth of the molarity, so it counts five times. A table
    with one column per salt is passed as ``pool_chlorides(**frame)``.

    Parameters
    ----------
    CdCl2, TBAC, PbCl2, AsCl3 : array-like of shape (n,) or float
        Molarities, mM, at least 0.

    Returns
    -------
    ndarray of shape (n,)
        Pooled molarity, mM.

    Raises
    ------
    InvalidDataError
        If a molarity is negative.

    References
    ----------
    Voznyy et al. 2019, Methods, "Data Preparation".
    """
    salts = {"CdCl2": CdCl2, "TBAC": TBAC, "PbCl2": PbCl2, "AsCl3": AsCl3}
    molarity = {name: np.asarray(values, dtype=float) for name, values in salts.items()}
    for name, values in molarity.items():
        _refuse(values, values < 0, f"{name}: a molarity in mM is at least 0")
    return molarity["CdCl2"] + molarity["TBAC"] + molarity["PbCl2"] + ASCL3_RESCALING * molarity["AsCl3"]


def pb_to_s_ratio(pboa2_ml: npt.ArrayLike, tms2s_ul: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the molar ratio of lead to sulfur of a recipe, c(Pb) V(PbOA2) / (density V(TMS2S) / M(TMS2S)).

    The stock is 9.0 g PbO (223.2 g/mol) in 30 mL oleic acid and 60 mL 1-octadecene: 0.448 mol/L if the
    volumes add up to 90 mL and all PbO dissolves. (TMS)2S is taken as pure, with the density 0.846 g/mL and
    the molar mass 178.44 g/mol of C6H18SSi2. Lead brought by PbCl2 is not counted.

    Parameters
    ----------
    pboa2_ml : array-like of shape (n,)
        Volume of the lead oleate stock, mL.
    tms2s_ul : array-like of shape (n,)
        Volume of (TMS)2S, µL, above 0.

    Returns
    -------
    ndarray of shape (n,)
        Pb:S, mol/mol.

    Raises
    ------
    InvalidDataError
        If a volume of (TMS)2S is 0 or less.

    References
    ----------
    Voznyy et al. 2019, Methods, "Pb(OA)2 Preparation", and Figure 2c.
    """
    sulfur_ul = np.asarray(tms2s_ul, dtype=float)
    _refuse(sulfur_ul, sulfur_ul <= 0, "TMS2S_uL: a ratio to sulfur needs a volume above 0 µL")
    lead_mmol = np.asarray(pboa2_ml, dtype=float) * PB_STOCK_MOL_PER_L
    return lead_mmol / (sulfur_ul * TMS2S_G_PER_ML / TMS2S_G_PER_MOL)


def lead_mol_per_l(recipes: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return the concentration of lead once all is in the flask, mol/L.

    Parameters
    ----------
    recipes : DataFrame of n rows
        With PbOA2_mL, ODE_Pb_mL, ODE_S_mL and OLA_mL, mL; volumes are taken to add up.

    Returns
    -------
    ndarray of shape (n,)
    """
    volume = recipes[["PbOA2_mL", "ODE_Pb_mL", "ODE_S_mL", "OLA_mL"]].sum(axis=1)
    return (recipes["PbOA2_mL"] * PB_STOCK_MOL_PER_L / volume).to_numpy(float)


def chemical_inputs(recipes: pd.DataFrame) -> pd.DataFrame:
    """Say a recipe as a chemist thinks of it: Pb:S besides the volumes, oleylamine by its logarithm.

    Parameters
    ----------
    recipes : DataFrame of n rows
        The columns of `INPUTS`, in the units of their names.

    Returns
    -------
    DataFrame of shape (n, 10)
        The inputs with OLA_mL replaced by ln(1 + OLA / 0.2 mL), and ln(Pb:S).
    """
    ratio = np.log(pb_to_s_ratio(recipes["PbOA2_mL"], recipes["TMS2S_uL"]))
    columns = {"OLA_mL": np.log1p(recipes["OLA_mL"] / OLA_SCALE_ML), "ln_PbS": ratio}
    return recipes[INPUTS].assign(**columns)


def hwhm_mev(peak_nm: npt.ArrayLike, metric: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the half-width at half-maximum that goes with a peak and a polydispersity.

    hwhm = (1239.84 meV µm / peak) (a + b polydispersity^(1/c)),

    a unique mapping of the metric to hwhm over bandgap, as the paper asks for; `HWHM_RELATION` has a, b and
    c, by least squares from the six verified recipes of Table 1, whose widths it meets to 2 meV (root mean
    square). No row of the data has a measured width: what this returns is derived, not measured, and of
    samples worse than the worst of Table 1 (peak/valley below 1.27) it is an extrapolation.

    Parameters
    ----------
    peak_nm : array-like
        Wavelength of the exciton peak, nm, above 0.
    metric : array-like
        Polydispersity, in (0, 1]. NaN stays NaN.

    Returns
    -------
    ndarray
        meV.

    References
    ----------
    Voznyy et al. 2019, Table 1, Methods, "Data Preparation", and SI Figure 10.
    """
    a, b, c = HWHM_RELATION
    bandgap = MEV_NM / np.asarray(peak_nm, dtype=float)
    return bandgap * (a + b * np.asarray(metric, dtype=float) ** (1 / c))


def prepare(bunch: Bunch) -> pd.DataFrame:
    """Make the table that a model learns from: context, settings and the two outcomes.

    The paper counts one volume of 1-octadecene among its eight inputs; the data have two, and both are kept.

    Parameters
    ----------
    bunch : Bunch
        From `load_cqd_pbs` or `fetch_cqd_pbs`.

    Returns
    -------
    DataFrame of shape (n, 11)
        The context T_outdoor_C, the eight settings, peak_nm and polydispersity, both NaN where it failed.
    """
    frame = pd.DataFrame(np.asarray(bunch.data, dtype=float), columns=list(bunch.feature_names))
    target = pd.DataFrame(np.asarray(bunch.target, dtype=float), columns=list(bunch.target_names))
    failed = np.asarray(bunch.failed, dtype=bool)
    frame["peak_nm"] = target["peak_nm"].mask(failed)
    frame["polydispersity"] = polydispersity(target["peak_valley"].mask(failed))
    return frame


def summarize(bunch: Bunch) -> DataSummary:
    """Count rows, cohorts, failures, recipes and replicates of a data set; see `DataSummary`."""
    recipes = pd.DataFrame(np.asarray(bunch.data, dtype=float), columns=list(bunch.feature_names))[SETTINGS]
    cohort = np.asarray(bunch.cohort)
    return DataSummary(
        n_rows=len(recipes),
        n_historical=int((cohort == "historical").sum()),
        n_ml_guided=int((cohort == "ml_guided").sum()),
        n_failed=int(np.asarray(bunch.failed, dtype=bool).sum()),
        n_recipes=len(recipes.drop_duplicates()),
        n_replicates=int(recipes.duplicated(keep=False).sum()),
    )


def _refuse(values: npt.NDArray[np.float64], is_bad: npt.NDArray[np.bool_], rule: str) -> None:
    if not np.any(is_bad):
        return
    first = int(np.flatnonzero(is_bad)[0])
    raise InvalidDataError(f"{rule}, but value {first} is {values.reshape(-1)[first]:g}. Correct it first.")


def _is_number(cell: str) -> bool:
    try:
        return bool(np.isfinite(float(cell)))
    except ValueError:
        return False
