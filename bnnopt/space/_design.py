"""First designs: space-filling settings from scipy.stats.qmc, and all settings of a finite space."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf, prod

import numpy as np
import pandas as pd
from scipy.stats import qmc

from bnnopt._tables import with_columns
from bnnopt._typing import FloatArray
from bnnopt._validation import lookup
from bnnopt.exceptions import InfeasibleSpaceError
from bnnopt.space._encoding import Codec, IntervalCodec
from bnnopt.space._region import Region
from bnnopt.space._sampling import sample_rows
from bnnopt.space._variables import Variable

__all__ = ["DESIGN_METHODS", "all_rows", "design_rows"]

GROWTHS = (1, 2, 4, 8, 16, 32, 64)
LARGEST_DRAW = 2**20
LARGEST_GRID = 2**20
N_REFILLS = 8


def design_rows(
    region: Region, names: Sequence[str], n: int, method: str, rng: np.random.Generator
) -> pd.DataFrame:
    """Return n settings that fill a region evenly.

    Points of the sequence that break a constraint or repeat a row are left out and the sequence is drawn
    longer; what is then still missing is filled with the unused points of a finite region, or with uniform
    feasible rows.

    Parameters
    ----------
    region : Region
    names : sequence of str
        The columns in which two rows must differ.
    n : int
        Number of rows.
    method : {"sobol", "latin_hypercube", "random"}
        Scrambled Sobol sequence (Owen 1998), Latin hypercube (McKay et al. 1979) or independent uniform
        points.
    rng : numpy.random.Generator

    Returns
    -------
    DataFrame of shape (n, n_variables)
        Rows are repeated only when the region has fewer than n distinct ones.

    Raises
    ------
    UnknownNameError
        When the method is not known.
    InfeasibleSpaceError
        When no feasible point was found.
    """
    draw = lookup(_METHODS, method, "design method")
    seed = int(rng.integers(2**31))
    rows = region.frame(np.empty((0, region.n_coordinates)))
    for growth in GROWTHS:
        if growth > 1 and n * growth > LARGEST_DRAW:
            continue
        found = region.frame(draw(max(n, 1) * growth, region.n_coordinates, seed))
        found = found[region.is_feasible(found)].drop_duplicates(subset=list(names))
        rows = found if len(found) > len(rows) else rows
        if len(rows) >= n:
            break
    else:
        rows = _fill(region, rows, names, n, rng)
    return rows.head(n).reset_index(drop=True)


def all_rows(variables: Sequence[Variable]) -> pd.DataFrame:
    """Return all combinations of discrete variables, the last one varying fastest."""
    codecs = [_evenly(variable.codec) for variable in variables]
    counts = [codec.n_points or 0 for codec in codecs]
    slices = np.indices(counts).reshape(len(counts), -1)
    return pd.DataFrame(
        {
            variable.name: codec.quantile((index + 0.5) / count)
            for variable, codec, count, index in zip(variables, codecs, counts, slices, strict=True)
        }
    )


def _evenly(codec: Codec) -> Codec:
    """Return the codec with equal slices for all its discrete values."""
    return replace(codec, is_log=False) if isinstance(codec, IntervalCodec) else codec


def _fill(
    region: Region, rows: pd.DataFrame, names: Sequence[str], n: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Return n rows: the given ones, then other distinct ones, then repeats."""
    n_points = [variable.codec.n_points or inf for variable in region.free]
    if prod(n_points) <= LARGEST_GRID:
        rows = _distinct(rows, _unused(region, rng), names)
    else:
        for _ in range(N_REFILLS):
            rows = _distinct(rows, sample_rows(region, n, rng), names) if len(rows) < n else rows
    return rows if len(rows) >= n else rows.iloc[np.resize(rng.permutation(len(rows)), n)]


def _unused(region: Region, rng: np.random.Generator) -> pd.DataFrame:
    grid = with_columns(all_rows(region.free), region.fixed)[[variable.name for variable in region.variables]]
    grid = grid[region.is_feasible(grid)]
    if grid.empty:
        raise InfeasibleSpaceError(
            f"None of the settings of this finite space satisfies: {region.describe()}. Loosen a constraint."
        )
    return grid.iloc[rng.permutation(len(grid))]


def _distinct(rows: pd.DataFrame, more: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    return pd.concat([rows, more] if len(rows) else [more], ignore_index=True).drop_duplicates(
        subset=list(names)
    )


def _sobol(n: int, n_dims: int, seed: int) -> FloatArray:
    # a whole power of two keeps the sequence balanced (and scipy silent); the first n are its beginning
    return qmc.Sobol(n_dims, rng=seed).random_base2((n - 1).bit_length())[:n]


def _latin_hypercube(n: int, n_dims: int, seed: int) -> FloatArray:
    return qmc.LatinHypercube(n_dims, rng=seed).random(n)


def _random(n: int, n_dims: int, seed: int) -> FloatArray:
    return np.random.default_rng(seed).random((n, n_dims))


_METHODS: dict[str, Callable[[int, int, int], FloatArray]] = {
    "sobol": _sobol,
    "latin_hypercube": _latin_hypercube,
    "random": _random,
}

DESIGN_METHODS = {name: name for name in _METHODS}
"""The names of all first designs."""
