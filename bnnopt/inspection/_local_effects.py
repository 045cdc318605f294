"""What each setting does to each outcome at one recipe."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from bnnopt._estimators import real, require, whole
from bnnopt._tables import with_columns
from bnnopt._typing import FloatArray
from bnnopt._validation import lookup
from bnnopt.exceptions import InvalidDataError
from bnnopt.inspection._intervals import Interval, ends, interval_of
from bnnopt.inspection._ranges import SHARE, around, is_allowed, stepped, variable_of
from bnnopt.inspection._table_model import NamedModel, as_model, row_of

__all__ = ["Compensation", "LocalEffects", "local_effects"]


class Compensation(NamedTuple):
    """What one setting does while a second one keeps an outcome where it is.

    Parameters
    ----------
    setting, by, held, outcome : str
        The setting that is moved, the one that makes up for it, the outcome that stays, and the one looked
        at.
    ratio : Interval
        Units of `by` for each unit of `setting`.
    effect : Interval
        Change of the outcome for each unit of `setting`. It is 0 exactly where both settings move the two
        outcomes in the same direction of their plane.
    """

    setting: str
    by: str
    held: str
    outcome: str
    ratio: Interval
    effect: Interval


@dataclass(frozen=True)
class LocalEffects:
    """What each setting does to each outcome at one recipe, all others as they are.

    Parameters
    ----------
    row : DataFrame of one row
        The recipe.
    table : DataFrame
        A row for each outcome and change of one setting: `outcome`, `setting`, `before`, `after` (values of
        the setting), `slope`, `slope_lower`, `slope_upper` (unit of the outcome for each unit of the setting;
        NaN between levels), `change`, `change_lower`, `change_upper` (unit of the outcome), `is_certain`
        (the interval leaves out 0) and `is_allowed` (both ends keep the constraints between settings).
    draws : ndarray of shape (n_outputs, n_draws, n_changes)
        The same changes in single functions that the model believes in; changes in the order of the table.
    level : float
        Probability of the intervals.
    units : mapping of str to str
        Unit of each setting and outcome.
    """

    row: pd.DataFrame
    table: pd.DataFrame
    draws: FloatArray
    level: float
    units: Mapping[str, str]

    @property
    def outputs(self) -> list[str]:
        """Names of the outcomes."""
        return list(dict.fromkeys(self.table["outcome"]))

    @property
    def changes(self) -> pd.DataFrame:
        """Setting, before and after of each change, in order."""
        first = self.table[self.table["outcome"] == self.outputs[0]]
        return first[["setting", "before", "after"]].reset_index(drop=True)

    def of(self, outcome: str) -> pd.DataFrame:
        """Return the rows of one outcome, the strongest change first.

        Parameters
        ----------
        outcome : str
            Its name.

        Returns
        -------
        DataFrame
            With the columns of `table`.

        Raises
        ------
        UnknownNameError
            There is no such outcome.
        """
        self._place(outcome)
        rows = self.table[self.table["outcome"] == outcome]
        return rows.iloc[np.argsort(-rows["change"].abs().to_numpy(), kind="stable")].reset_index(drop=True)

    def slopes(self, setting: str, outcome: str) -> FloatArray:
        """Return draws of the slope of an outcome along a setting that is a number.

        Parameters
        ----------
        setting, outcome : str
            Their names.

        Returns
        -------
        ndarray of shape (n_draws,)
            Unit of the outcome for each unit of the setting.

        Raises
        ------
        UnknownNameError
            There is no such setting that is a number and not fixed, or no such outcome.
        """
        is_number = self.table["slope"].notna() & (self.table["outcome"] == self.outputs[0])
        numbers = {str(name): name for name in self.table["setting"][is_number]}
        lookup(numbers, setting, "setting that is a number,")
        place = self.changes["setting"].tolist().index(setting)
        before, after = self.changes.loc[place, ["before", "after"]]
        return self.draws[self._place(outcome), :, place] / (after - before)

    def compensated(self, setting: str, *, by: str, held: str, outcome: str) -> Compensation:
        """Move one setting, let a second one keep an outcome where it is, and look at another outcome.

        To first order and in each draw: ratio = - (∂held/∂setting) / (∂held/∂by), effect = ∂outcome/∂setting
        + ratio ∂outcome/∂by.

        Parameters
        ----------
        setting : str
            The setting that is moved, a number.
        by : str
            The setting that makes up for it, another number.
        held : str
            The outcome that stays.
        outcome : str
            The outcome that is looked at.

        Returns
        -------
        Compensation
            How much of the second setting it takes, and what happens to the other outcome, with intervals.

        Raises
        ------
        InvalidDataError
            Both settings or both outcomes are the same one.
        UnknownNameError
            A name is not known, or not that of a number.
        """
        if setting == by or held == outcome:
            raise InvalidDataError(
                f"Two settings and two outcomes were expected; {setting!r} with {by!r} and {held!r} with "
                f"{outcome!r} came."
            )
        against = self.slopes(by, held)
        tiny = np.finfo(float).tiny
        ratio = -self.slopes(setting, held) / np.where(against == 0, tiny, against)
        with np.errstate(over="ignore", invalid="ignore"):
            effect = self.slopes(setting, outcome) + ratio * self.slopes(by, outcome)
        known = (interval_of(np.nan_to_num(each), self.level) for each in (ratio, effect))
        return Compensation(setting, by, held, outcome, *known)

    def _place(self, outcome: str) -> int:
        return self.outputs.index(lookup({name: name for name in self.outputs}, outcome, "outcome"))


def local_effects(
    model: Any,
    row: Any = None,
    *,
    steps: Mapping[str, float] | None = None,
    share: float = SHARE,
    level: float = 0.95,
    n_draws: int = 256,
    random_state: int | None = 0,
) -> LocalEffects:
    """Say what each setting does to each outcome at one recipe, with intervals from joint draws.

    Each number goes a little down and up from the recipe, within its range and as it can be set, or by a step
    of one's own; each choice from its level to every other one. All other settings stay. The slope is the
    change divided by the way, which is that of the function, noise left out.

    Parameters
    ----------
    model : BayesianOptimizer or TableModel
        With two measured rows or more, or fitted.
    row : Series, mapping or DataFrame of one row, optional
        The recipe, context included. Default: the best row measured.
    steps : mapping of str to float, optional
        How far to move a number from the recipe, in its unit, other than 0: upwards if it is positive, to the
        other side where the range ends.
    share : float, default=0.05
        How far to go to either side where no step is given, of the range, above 0 and at most 0.5.
    level : float, default=0.95
        Probability of the intervals, above 0 and below 1.
    n_draws : int, default=256
        Functions drawn from the model, at least 2.
    random_state : int or None, default=0
        Seeds the draws.

    Returns
    -------
    LocalEffects
        Slopes and changes of each outcome by each setting, with intervals.

    Raises
    ------
    InvalidDataError
        There is no model yet, the recipe is not one of the space, or a number is out of its range.
    UnknownNameError
        A step is given for something that is no number of the space.

    References
    ----------
    Voznyy et al., ACS Nano 2019, 13, 11122-11128, Figure 2a.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import BayesianRidge
    >>> from bnnopt.inspection import TableModel
    >>> from bnnopt.space import Real, SearchSpace
    >>> X = np.random.default_rng(0).uniform(size=(30, 2))
    >>> fitted = BayesianRidge().fit(X, 3 * X[:, 0] - X[:, 1])
    >>> model = TableModel(fitted, SearchSpace([Real("a", 0, 1), Real("b", 0, 1)]), "y")
    >>> effects = local_effects(model, {"a": 0.5, "b": 0.5})
    >>> effects.table["slope"].round(1).tolist()
    [3.0, -1.0]
    """
    known = as_model(model)
    base = row_of(known, row)
    require(real(0, 0.5, closed="right"), share=share)
    require(whole(2), n_draws=n_draws)
    changes = _changes(known, base, dict(steps or {}), share)
    if not changes:
        raise InvalidDataError("Nothing can be changed: every setting of the space has one value only.")
    pairs = [with_columns(base, {name: [cell]}) for name, *cells in changes for cell in cells]
    rows = pd.concat(pairs, ignore_index=True)
    draws = known.draws(rows, n_draws, random_state)
    changed = draws[..., 1::2] - draws[..., ::2]
    allowed = is_allowed(known.space, rows).reshape(-1, 2).all(axis=1)
    table = _table(known, changes, changed, allowed, level)
    return LocalEffects(base, table, changed, level, known.units)


def _changes(
    model: NamedModel, base: pd.DataFrame, steps: Mapping[str, float], share: float
) -> list[tuple[str, Any, Any]]:
    """Return name, value before and value after of each change that moves something."""
    for name in steps:
        variable_of(model.space, name)
    found: list[tuple[str, Any, Any]] = []
    for variable in model.space.variables:
        name, levels = variable.name, getattr(variable, "levels", None)
        if levels is not None:
            now = base[name].iloc[0]
            found += [(name, now, level) for level in levels if level != now]
        elif name in steps:
            found.append((name, *stepped(model.space, base, name, steps[name])))
        else:
            found.append((name, *around(model.space, base, name, share)))
    return [change for change in found if change[1] != change[2]]


def _table(
    model: NamedModel,
    changes: list[tuple[str, Any, Any]],
    draws: FloatArray,
    allowed: Any,
    level: float,
) -> pd.DataFrame:
    """Return the table of `LocalEffects` from draws of shape (n_outputs, n_draws, n_changes)."""
    numbers = model.space.ranges
    ways = np.array([after - before if name in numbers else np.nan for name, before, after in changes])
    lower, middle, upper = ends(draws, level, 1)
    parts = []
    for place, outcome in enumerate(model.outputs):
        part = pd.DataFrame(changes, columns=["setting", "before", "after"]).astype(object)
        part.insert(0, "outcome", outcome)
        sides = np.sort([lower[place] / ways, upper[place] / ways], axis=0)
        part = part.assign(slope=middle[place] / ways, slope_lower=sides[0], slope_upper=sides[1])
        part = part.assign(change=middle[place], change_lower=lower[place], change_upper=upper[place])
        parts.append(part.assign(is_certain=(lower[place] > 0) | (upper[place] < 0), is_allowed=allowed))
    return pd.concat(parts, ignore_index=True)
