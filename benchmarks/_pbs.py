"""The 95 successful PbS rows and the wavelengths of Table 1, from the worked example."""

import sys
from functools import cache
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "examples" / "cqd_pbs"))

from dataset import load_cqd_pbs, load_table1
from judge import OUTPUTS
from preparation import INPUTS, prepare

__all__ = ["INPUTS", "OUTPUTS", "pbs_table", "pbs_wavelengths"]


@cache
def pbs_table() -> pd.DataFrame:
    """Return the rows with outcomes: `INPUTS`, and `OUTPUTS` (polydispersity, peak_nm). Do not change it."""
    return prepare(load_cqd_pbs()).dropna(subset=OUTPUTS).reset_index(drop=True)


def pbs_wavelengths() -> list[int]:
    """Return the six wavelengths of Table 1, in nm."""
    return [round(wavelength) for wavelength in load_table1().target_nm]
