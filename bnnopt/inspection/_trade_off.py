"""What an outcome does along one setting while a second setting keeps another outcome where it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import elementwise

from bnnopt._estimators import optional, real, require, whole
from bnnopt._typing import FloatArray
from bnnopt._validation import refuse_flags
from bnnopt.exceptions import InvalidDataError
from bnnopt.inspection._intervals import ends
from bnnopt.inspection._ranges import is_allowed, values_along, variable_of, varied
from bnnopt.inspection._table_model import NamedModel, as_model, outcome_of, row_of

__all__ = ["TradeOff", "trade_off"]

N_BRACKETS = 48  # of the range of the setting that makes up for the other
TOLERANCE = 1e-10  # of a root, relative
ROUND_OFF = 1e-9  # of the predictions, by which a level at an end of the range may be missed


@dataclass(frozen=True)
class TradeOff:
    """The path of two settings along which the predicted mean of an outcome stays at a level.

    Parameters
    ----------
    setting, by, held : str
        The setting that is moved, the one that makes up for it, and the outcome that stays.
    value : float
        Where it stays, in its unit.
    row : DataFrame of one row
        The recipe; all other settings stay as in it.
    table : DataFrame
        A row for each value of the setting, increasing: the setting, the one that makes up for it (NaN where
        the level cannot be had), for each outcome `<name>_mean`, `<name>_lower`, `<name>_upper` (of the
        function), `<name>_change`, `<name>_change_lower`, `<name>_change_upper` (from the start of the path,
        which is where it is nearest to the recipe), and `reason`, why the level cannot be had, else "".
    start : int
        The row of the table that changes count from; -1 where the level can be had nowhere.
    level : float
        Probability of the intervals.
    units : mapping of str to str
        Unit of each setting and outcome.
    """

    setting: str
    by: str
    held: str
    value: float
    row: pd.DataFrame
    table: pd.DataFrame
    start: int
    level: float
    units: Mapping[str, str]

    @property
    def path(self) -> pd.DataFrame:
        """The rows of the table where the level can be had."""
        return self.table[self.table["reason"] == ""]


def trade_off(
    model: Any,
    setting: str,
    by: str,
    *,
    held: str | None = None,
    value: float | None = None,
    row: Any = None,
    n_points: int = 25,
    level: float = 0.95,
    n_draws: int = 256,
    random_state: int | None = 0,
) -> TradeOff:
    """Move one setting over its range while a second one keeps the predicted mean of an outcome at a level.

    Where several values of the second setting give the level, the one next to that of the neighbouring point
    is taken, from the recipe outwards, so that the path is one. Values are found by bracketing within the
    range of the second setting. Intervals of all outcomes along the path come from joint draws.

    Parameters
    ----------
    model : BayesianOptimizer or TableModel
        With two measured rows or more, or fitted.
    setting : str
        The setting that is moved, a number.
    by : str
        The setting that makes up for it, a number on a continuous scale (its steps are not counted).
    held : str, optional
        The outcome that stays. Default: the first.
    value : float, optional
        Where it stays, finite, in its unit. Default: its predicted mean at the recipe.
    row : Series, mapping or DataFrame of one row, optional
        The recipe, context included. Default: the best row measured.
    n_points : int, default=25
        Values of the setting, at least 2; fewer where it can take fewer.
    level : float, default=0.95
        Probability of the intervals, above 0 and below 1.
    n_draws : int, default=256
        Functions drawn from the model, at least 2.
    random_state : int or None, default=0
        Seeds the draws.

    Returns
    -------
    TradeOff
        Values of both settings along the path, and all outcomes there, with intervals.

    Raises
    ------
    InvalidDataError
        There is no model yet, the recipe is not one of the space, both settings are the same one, or a number
        is out of its range.
    UnknownNameError
        A setting is not known or no such number, or an outcome is not known.

    References
    ----------
    Voznyy et al., ACS Nano 2019, 13, 11122-11128, Figure 2a (more lead at a lower temperature, the bandgap
    held). Chandrupatla, "A new hybrid quadratic/bisection algorithm for finding the zero of a nonlinear
    function without using derivatives", Adv. Eng. Softw. 28 (1997) 145-149.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import BayesianRidge
    >>> from bnnopt.inspection import TableModel
    >>> from bnnopt.space import Real, SearchSpace
    >>> X = np.random.default_rng(0).uniform(size=(30, 2))
    >>> fitted = BayesianRidge().fit(X, X[:, 0] + X[:, 1])
    >>> model = TableModel(fitted, SearchSpace([Real("a", 0, 1), Real("b", 0, 1)]), "y")
    >>> found = trade_off(model, "a", "b", value=1.4, row={"a": 0.5, "b": 0.5}, n_points=5)
    >>> found.table["b"].round(2).tolist()
    [nan, nan, 0.9, 0.65, 0.4]
    >>> found.table["reason"].iloc[0]
    'y stays below 1.4'
    """
    require(real(0, 1), level=level)
    refuse_flags(random_state=random_state)
    known = as_model(model)
    _check(known, setting, by, n_draws, value)
    base, stays = row_of(known, row), outcome_of(known, held)
    place = known.outputs.index(stays)
    wanted = float(known.moments(base)[0][0, place]) if value is None else float(value)
    search = _Search(known, base, setting, by, place, wanted)
    values = values_along(known.space, setting, n_points)
    partners, reasons = search.path(values)
    table = pd.DataFrame({setting: values, by: partners})
    has_level = np.isfinite(partners)
    nearest = np.abs(values - float(base[setting].iloc[0]))
    start = int(np.argmin(np.where(has_level, nearest, np.inf))) if has_level.any() else -1
    table = table.join(_outcomes(known, search, table, start, level, n_draws, random_state))
    table["reason"] = reasons
    return TradeOff(setting, by, stays, wanted, base, table, start, level, known.units)


@dataclass(frozen=True)
class _Search:
    """Where one outcome has a value, along two settings of a recipe."""

    model: NamedModel
    row: pd.DataFrame
    setting: str
    by: str
    place: int
    wanted: float

    def rows(self, values: FloatArray, partners: FloatArray) -> pd.DataFrame:
        """Return the recipe at values of both settings."""
        return varied(self.row, {self.setting: values, self.by: partners})

    def gap(self, partners: FloatArray, values: FloatArray) -> FloatArray:
        """Return by how much the predicted mean is above the level, of any shape."""
        rows = self.rows(values.ravel(), partners.ravel())
        return (self.model.moments(rows)[0][:, self.place] - self.wanted).reshape(np.shape(partners))

    def path(self, values: FloatArray) -> tuple[FloatArray, list[str]]:
        """Return for each value what the second setting must be, NaN where there is none, and why."""
        grid = values_along(self.model.space, self.by, N_BRACKETS + 1)
        at, on = np.meshgrid(values, grid, indexing="ij")
        gaps = self.gap(on, at)
        roots = self._roots(values, grid, gaps)
        partners = self._linked(values, roots)
        reasons = [
            "" if np.isfinite(partner) else self._reason(gap, bool(len(known)))
            for partner, gap, known in zip(partners, gaps, roots, strict=True)
        ]
        return partners, reasons

    def _roots(self, values: FloatArray, grid: FloatArray, gaps: FloatArray) -> list[FloatArray]:
        """Return for each value all places between the points of a grid where the mean meets the level."""
        signs = np.where(gaps >= 0, 1, -1)
        rows, columns = np.nonzero(signs[:, 1:] != signs[:, :-1])
        places = np.empty(0)
        if len(rows):
            found = elementwise.find_root(
                self.gap,
                (grid[columns], grid[columns + 1]),
                args=(values[rows],),
                tolerances={"xrtol": TOLERANCE, "xatol": TOLERANCE * float(np.ptp(grid))},
            )
            places = np.asarray(found.x)
        on_edge = np.abs(gaps[:, [0, -1]]) <= ROUND_OFF * np.abs(gaps).max()
        return [
            np.concatenate([places[rows == row], grid[[0, -1]][on_edge[row]]]) for row in range(len(values))
        ]

    def _linked(self, values: FloatArray, roots: list[FloatArray]) -> FloatArray:
        """Choose one allowed root for each value, each next to that of its neighbour, from the recipe on."""
        partners = np.full(len(values), np.nan)
        now = float(self.row[self.by].iloc[0])
        allowed = [self._allowed(value, known) for value, known in zip(values, roots, strict=True)]
        first = int(np.argmin(np.abs(values - float(self.row[self.setting].iloc[0]))))
        for order in (range(first, len(values)), range(first - 1, -1, -1)):
            last = partners[first] if np.isfinite(partners[first]) else now
            for place in order:
                if len(allowed[place]):
                    last = allowed[place][int(np.argmin(np.abs(allowed[place] - last)))]
                    partners[place] = last
        return partners

    def _allowed(self, value: float, partners: FloatArray) -> FloatArray:
        if not len(partners):
            return partners
        rows = self.rows(np.full(len(partners), value), partners)
        return partners[is_allowed(self.model.space, rows)]

    def _reason(self, gaps: FloatArray, has_root: bool) -> str:
        """Say why the level cannot be had at one value of the setting."""
        if has_root:
            return "a constraint between settings forbids it"
        side = "below" if gaps[0] < 0 else "above"
        return f"{self.model.outputs[self.place]} stays {side} {self.wanted:.4g}"


def _check(model: NamedModel, setting: str, by: str, n_draws: int, value: float | None) -> None:
    variable_of(model.space, setting)
    partner = variable_of(model.space, by)
    if partner.type != "real" or partner.is_context:
        raise InvalidDataError(
            f"by: a setting on a continuous scale was expected to make up for {setting!r}; {by!r} is of type "
            f"{partner.type}."
        )
    if setting == by:
        raise InvalidDataError(f"Two settings were expected; {setting!r} came twice.")
    require(whole(2), n_draws=n_draws)
    require(optional(real(-np.inf)), value=value)


def _outcomes(
    model: NamedModel,
    search: _Search,
    table: pd.DataFrame,
    start: int,
    level: float,
    n_draws: int,
    seed: int | None,
) -> pd.DataFrame:
    """Return mean, interval and change of each outcome along the path, NaN where there is none."""
    parts = ("mean", "lower", "upper", "change", "change_lower", "change_upper")
    names = [f"{name}_{part}" for name in model.outputs for part in parts]
    found = pd.DataFrame(np.nan, index=table.index, columns=names)
    path = table.dropna(subset=[search.by])
    if not len(path):
        return found
    rows = search.rows(path[search.setting].to_numpy(), path[search.by].to_numpy())
    means, draws = model.moments(rows)[0], model.draws(rows, n_draws, seed)
    first = path.index.get_loc(start)
    lower, _, upper = ends(draws, level, 1)
    less, change, more = ends(draws - draws[..., [first]], level, 1)
    blocks = np.stack([means.T, lower, upper, change, less, more])
    found.loc[path.index] = blocks.transpose(2, 1, 0).reshape(len(path), -1)
    return found
