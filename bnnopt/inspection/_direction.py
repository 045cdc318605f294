"""Which way to move the settings so that one outcome gets better while others stay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from bnnopt._estimators import real, require, whole
from bnnopt._typing import FloatArray
from bnnopt.exceptions import InvalidDataError
from bnnopt.inspection._intervals import ends
from bnnopt.inspection._ranges import is_allowed
from bnnopt.inspection._table_model import NamedModel, as_model, goal_of, outcome_of, row_of, utility_of
from bnnopt.objectives import UtilityObjective
from bnnopt.space import CardinalityConstraint, LinearConstraint, SearchSpace

__all__ = ["ImprovingDirection", "improving_direction"]

STEP = 0.02  # of the unit cube, to both sides: for slopes
NOTHING = 1e-9  # of a slope, relative to the largest
N_PLACES = 64  # along the way, at which constraints and the utility are looked at


@dataclass(frozen=True)
class ImprovingDirection:
    """A step of the settings that improves one outcome while others stay, to first order.

    Parameters
    ----------
    objective : objective
        What gets better.
    settings : DataFrame
        A row for each setting that can move: `setting`, `before`, `after`, `change` (in its unit), and
        `share`, its part of the step in the unit cube, whose squares make 1; 0 everywhere where no step
        helps.
    outcomes : DataFrame
        A row for each outcome: `outcome`, `role` ("improved", "held" or "free"), `before`, `after` (means of
        the function), `change`, `lower`, `upper` (median and interval of the change).
    utility : DataFrame of one row
        `change`, `lower`, `upper` of the utility of the objective.
    end : DataFrame of one row
        The recipe at the end of the step, not rounded to the steps of settings.
    length : float
        Of the step in the unit cube; 0 where no step helps.
    level : float
        Probability of the intervals.
    units : mapping of str to str
        Unit of each setting and outcome.
    """

    objective: UtilityObjective
    settings: pd.DataFrame
    outcomes: pd.DataFrame
    utility: pd.DataFrame
    end: pd.DataFrame
    length: float
    level: float
    units: Mapping[str, str]


def improving_direction(
    model: Any,
    row: Any = None,
    *,
    objective: Any = None,
    held: Sequence[str] | None = None,
    radius: float = 0.1,
    level: float = 0.95,
    n_draws: int = 256,
    random_state: int | None = 0,
) -> ImprovingDirection:
    """Find the step of at most a given length that improves one outcome most while others stay.

    With g the slopes of the utility and H those of the held outcomes in the unit cube, it is the d of largest
    g·d with H d = 0, |d| <= radius, and recipe + d within bounds and linear constraints: where these leave
    room, the projection of g. All other constraints are kept by a shorter step, and it ends where the
    predicted utility along it is the largest, so that no step is longer than it helps. Numbers on a
    continuous scale move (`Real`, its steps not counted, on a log scale by their logarithm); whole numbers,
    lists, choices and context stay.

    Parameters
    ----------
    model : BayesianOptimizer or TableModel
        With two measured rows or more, or fitted.
    row : Series, mapping or DataFrame of one row, optional
        The recipe, context included. Default: the best row measured.
    objective : objective or str, optional
        What is to get better: an objective, an outcome with one, or "min NAME" and "max NAME". Default: the
        first objective of the model.
    held : sequence of str, optional
        Outcomes that are to stay. Default: all that the objective is not about.
    radius : float, default=0.1
        Length of the step in the unit cube, above 0.
    level : float, default=0.95
        Probability of the intervals, above 0 and below 1.
    n_draws : int, default=256
        Functions drawn from the model for the intervals, at least 2.
    random_state : int or None, default=0
        Seeds the draws.

    Returns
    -------
    ImprovingDirection
        The change of each setting and what it does to each outcome, with intervals.

    Raises
    ------
    InvalidDataError
        There is no model yet, the recipe is not one of the space, nothing can move, or an outcome is to
        improve and to stay.
    UnknownNameError
        An outcome is not known.

    Examples
    --------
    >>> import numpy as np
    >>> from bnnopt import GaussianProcessEnsembleRegressor, Minimize, Real, SearchSpace
    >>> from bnnopt.inspection import TableModel
    >>> X = np.random.default_rng(0).uniform(size=(20, 2))
    >>> Y = np.column_stack([X[:, 0] + X[:, 1], X[:, 0]])
    >>> fitted = GaussianProcessEnsembleRegressor(random_state=0).fit(X, Y)
    >>> space = SearchSpace([Real("a", 0, 1), Real("b", 0, 1)])
    >>> model = TableModel(fitted, space, ["peak", "width"])
    >>> way = improving_direction(model, {"a": 0.5, "b": 0.5}, objective=Minimize("width"), held=["peak"])
    >>> way.settings["share"].round(1).tolist()
    [-0.7, 0.7]
    """
    known = as_model(model)
    base, goal = row_of(known, row), goal_of(known, objective)
    stay = [name for name in known.outputs if name not in goal.names] if held is None else list(held)
    for name in stay:
        outcome_of(known, name)
    require(whole(2), n_draws=n_draws)
    require(real(0), radius=radius)
    if set(stay) & set(goal.names):
        raise InvalidDataError(
            f"Other outcomes than those to improve must stay; improved {list(goal.names)}, held {stay} came."
        )
    ground = _Ground.at(known.space, base)
    uphill, level_slopes = _slopes(known, ground, goal, stay)
    step = _best_part(known, ground, goal, _step(uphill, level_slopes, ground, radius))
    return _described(known, goal, stay, ground, step, level, n_draws, random_state)


@dataclass(frozen=True)
class _Ground:
    """A recipe in the unit cube, and where it may move."""

    space: SearchSpace
    row: pd.DataFrame
    names: list[str]
    columns: list[int]
    start: FloatArray

    @classmethod
    def at(cls, space: SearchSpace, row: pd.DataFrame) -> "_Ground":
        free = space.without_steps()
        zero = {
            name
            for each in space.constraints
            if isinstance(each, CardinalityConstraint)
            for name in each.names
            if float(row[name].iloc[0]) == 0
        }
        widths = np.cumsum([0, *(variable.codec.n_dims for variable in space.variables)])
        pairs = [
            (variable.name, int(first))
            for variable, first in zip(space.variables, widths[:-1], strict=True)
            if variable.type == "real" and not variable.is_context and variable.name not in zero
        ]
        if not pairs:
            raise InvalidDataError(
                "Nothing can move: no setting of this recipe is a number on a continuous scale."
            )
        names, columns = (list(each) for each in zip(*pairs, strict=True))
        return cls(free, row, names, columns, free.encode(row)[0, columns])

    @property
    def bounds(self) -> list[tuple[float, float]]:
        """How far each setting may go down and up, a recipe beyond its range inwards only."""
        return [(min(-u, 0.0), max(1 - u, 0.0)) for u in self.start]

    def rows(self, steps: FloatArray) -> pd.DataFrame:
        """Return the recipe after each of some steps of shape (n_steps, n_names)."""
        points = np.repeat(self.space.encode(self.row), len(steps), axis=0)
        points[:, self.columns] = self.start + steps
        moved = self.space.decode(points)
        rows = self.row.iloc[np.zeros(len(steps), dtype=int)].reset_index(drop=True)
        for place, name in enumerate(self.names):
            is_moved = steps[:, place] != 0
            rows[name] = np.where(is_moved, moved[name], rows[name].to_numpy(float))
        return rows

    def linear(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return rows A, lower and upper limits of A d, for the linear constraints, to first order."""
        width = np.array([self._width(name) for name in self.names])
        rows, limits = [], []
        for each in self.space.constraints:
            if isinstance(each, LinearConstraint):
                total = sum(c * float(self.row[name].iloc[0]) for name, c in each.coefficients.items())
                slope = np.array([each.coefficients.get(name, 0.0) for name in self.names]) * width
                size = float(np.abs(slope).max()) or 1.0
                rows.append(slope / size)
                limits.append(
                    [min((each.limits[0] - total) / size, 0.0), max((each.limits[1] - total) / size, 0.0)]
                )
        return np.array(rows).reshape(-1, len(self.names)), *np.array(limits).reshape(-1, 2).T

    def kept(self, step: FloatArray) -> FloatArray:
        """Return places along a step up to where a constraint is broken, (n_places, n_names), from 0 on."""
        shares = np.linspace(0, 1, N_PLACES + 1)
        places = shares[:, None] * step
        allowed = is_allowed(self.space, self.rows(places))
        allowed[0] = True
        return places if allowed.all() else places[: int(np.argmin(allowed))]

    def _width(self, name: str) -> float:
        """Return by how much a setting changes for each unit of the cube, at the recipe."""
        low, high = self.space.ranges[name]
        variable = next(each for each in self.space.variables if each.name == name)
        is_log = getattr(variable, "scale", "linear") == "log"
        return float(self.row[name].iloc[0]) * float(np.log(high / low)) if is_log else high - low


def _slopes(
    model: NamedModel, ground: _Ground, goal: UtilityObjective, stay: Sequence[str]
) -> tuple[FloatArray, FloatArray]:
    """Return slopes of the utility (n,) and of held outcomes (n_held, n) in the unit cube, by differences."""
    bounds = np.array(ground.bounds)
    down, up = np.diag(np.maximum(bounds[:, 0], -STEP)), np.diag(np.minimum(bounds[:, 1], STEP))
    n = len(bounds)
    means, _ = model.moments(ground.rows(np.vstack([up, down])))
    ways = np.diag(up) - np.diag(down)
    utility = utility_of(goal, model.outputs, means)
    uphill = (utility[:n] - utility[n:]) / ways
    held = [model.outputs.index(name) for name in stay]
    return uphill, ((means[:n] - means[n:]) / ways[:, None])[:, held].T


def _step(uphill: FloatArray, held: FloatArray, ground: _Ground, radius: float) -> FloatArray:
    """Return the step of most gain in a ball, within bounds and linear constraints, held outcomes level."""
    size = np.abs(uphill).max()
    if not size > 0:
        return np.zeros_like(uphill)
    gain = uphill / size
    level = _independent(held)
    start = gain - level.T @ (level @ gain)  # the projection, where no bound is near
    length = np.linalg.norm(start)
    if length <= NOTHING:
        return np.zeros_like(gain)
    low, high = np.array(ground.bounds).T
    start = start * radius / length
    rows, least, most = ground.linear()
    is_free = (start >= low).all() and (start <= high).all()
    along = rows @ start
    if is_free and (along >= least - NOTHING).all() and (along <= most + NOTHING).all():
        return start
    return _constrained_step(gain, level, np.clip(start, low, high), ground, radius)


def _best_part(model: NamedModel, ground: _Ground, goal: UtilityObjective, step: FloatArray) -> FloatArray:
    """Return as much of a step as keeps all constraints and has the largest predicted utility."""
    if not step.any():
        return step
    places = ground.kept(step)
    utility = utility_of(goal, model.outputs, model.moments(ground.rows(places))[0])
    return places[int(np.argmax(utility))]


def _constrained_step(
    gain: FloatArray, level: FloatArray, start: FloatArray, ground: _Ground, radius: float
) -> FloatArray:
    """Solve the same with bounds or constraints in the way, by SLSQP in units of the radius."""
    rows, least, most = ground.linear()
    is_equal = np.isclose(least, most, atol=NOTHING)
    basis = _independent(np.vstack([level, rows[is_equal]]))
    above, below = (~is_equal & np.isfinite(limit) for limit in (least, most))
    matrix = np.vstack([rows[above], -rows[below]])
    limits = np.concatenate([least[above], -most[below]]) / radius
    rules: list[dict[str, Any]] = [
        {"type": "ineq", "fun": lambda d: 1 - d @ d, "jac": lambda d: -2 * d},
        {"type": "eq", "fun": lambda d: basis @ d, "jac": lambda d: basis},
        {"type": "ineq", "fun": lambda d: matrix @ d - limits, "jac": lambda d: matrix},
    ]
    found = minimize(
        lambda d: -gain @ d,
        start / radius,
        jac=lambda d: -gain,
        method="SLSQP",
        bounds=[(low / radius, high / radius) for low, high in ground.bounds],
        constraints=[rule for rule in rules if len(np.atleast_1d(rule["fun"](start)))],
        options={"maxiter": 200, "ftol": 1e-10},
    )
    step = radius * (found.x - basis.T @ (basis @ found.x))
    return step if gain @ step > NOTHING * radius else np.zeros_like(step)


def _independent(rows: FloatArray) -> FloatArray:
    """Return an orthonormal basis of the space that rows span, shape (rank, n)."""
    sizes = np.linalg.norm(rows, axis=1)
    scaled = rows[sizes > 0] / sizes[sizes > 0, None]
    if not len(scaled):
        return np.empty((0, rows.shape[1]))
    _, values, basis = np.linalg.svd(scaled, full_matrices=False)
    return basis[values > NOTHING * values[0]]


def _described(
    model: NamedModel,
    goal: UtilityObjective,
    stay: Sequence[str],
    ground: _Ground,
    step: FloatArray,
    level: float,
    n_draws: int,
    seed: int | None,
) -> ImprovingDirection:
    length = float(np.linalg.norm(step))
    both = ground.rows(np.vstack([np.zeros_like(step), step]))
    means, draws = model.moments(both)[0], model.draws(both, n_draws, seed)
    lower, middle, upper = ends(draws[..., 1] - draws[..., 0], level, 1)
    roles = {**dict.fromkeys(goal.names, "improved"), **dict.fromkeys(stay, "held")}
    outcomes = pd.DataFrame({"outcome": model.outputs}).assign(
        role=[roles.get(name, "free") for name in model.outputs],
        before=means[0],
        after=means[1],
        change=middle,
        lower=lower,
        upper=upper,
    )
    utility = utility_of(goal, model.outputs, np.moveaxis(draws, 0, -1))
    gained = ends(utility[:, 1] - utility[:, 0], level, 0)
    before, after = (both[ground.names].iloc[place].to_numpy(float) for place in (0, 1))
    settings = pd.DataFrame({"setting": ground.names, "before": before, "after": after}).assign(
        change=after - before, share=step / length if length else step
    )
    return ImprovingDirection(
        objective=goal,
        settings=settings,
        outcomes=outcomes,
        utility=pd.DataFrame([dict(zip(("lower", "change", "upper"), gained, strict=True))]),
        end=both.iloc[[1]].reset_index(drop=True),
        length=length,
        level=level,
        units=model.units,
    )
