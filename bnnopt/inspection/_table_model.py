"""Fitted models by the names of their settings and outcomes: an optimizer, or any regressor with a space."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd

from bnnopt._estimators import real, require
from bnnopt._tables import with_names
from bnnopt._typing import FloatArray
from bnnopt._validation import lookup
from bnnopt.acquisition import posterior_draws, posterior_moments, posterior_quantiles
from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives import Maximize, Minimize, Objective, UtilityObjective, split_objectives
from bnnopt.space import SearchSpace

__all__ = ["NamedModel", "TableModel", "as_model", "goal_of", "outcome_of", "row_of", "utility_of"]


class NamedModel(Protocol):
    """What an inspection asks of a model."""

    @property
    def space(self) -> SearchSpace:
        """Settings and context, each with its range or levels."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outcomes."""

    @property
    def units(self) -> Mapping[str, str]:
        """Unit of each setting and outcome, "" where there is none."""

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """What is wanted of the outcomes."""

    def moments(self, rows: pd.DataFrame, *, noise: bool = False) -> tuple[FloatArray, FloatArray]:
        """Return mean and std of the function, or of new observations, each (n_rows, n_outputs)."""

    def intervals(self, rows: pd.DataFrame, level: float) -> FloatArray:
        """Return between which limits new observations lie, (2, n_rows, n_outputs)."""

    def draws(self, rows: pd.DataFrame, n_draws: int, seed: int | None) -> FloatArray:
        """Return joint draws of the function, (n_outputs, n_draws, n_rows)."""

    def best(self) -> Any:
        """Return the best row measured, or raise `InvalidDataError`."""


@dataclass(frozen=True)
class TableModel:
    """A fitted regressor that is asked by the names of its settings.

    Parameters
    ----------
    estimator : fitted regressor
        With `sample_y` or `predict(X, return_std=True)`, fitted on tables with the names of the space, or on
        arrays with its columns in their order; in the user's units. Without `sample_y` intervals of changes
        rest on a guess of how predictions are correlated, see `bnnopt.acquisition.posterior_draws`.
    space : SearchSpace
        The settings and context that it was fitted on, with their ranges.
    outputs : str or sequence of str, optional
        Names of the outcomes in the order of its outputs. Default: `output_names_` of the estimator, else
        "outcome".
    units : mapping of str to str, optional
        Units of the outcomes.
    objectives : objective or sequence of objectives, default=()
        What is wanted of the outcomes, outcome constraints among them.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import BayesianRidge
    >>> from bnnopt.space import Real, SearchSpace
    >>> rows = np.linspace(0, 1, 9)[:, None]
    >>> model = TableModel(BayesianRidge().fit(rows, 3 * rows[:, 0]), SearchSpace([Real("x", 0, 1)]), "y")
    >>> model.outputs
    ('y',)
    """

    estimator: Any
    space: SearchSpace
    outputs: Any = None
    units: Mapping[str, str] = field(default_factory=dict)
    objectives: Any = ()

    def __post_init__(self) -> None:
        named = getattr(self.estimator, "output_names_", ["outcome"])
        outputs = [self.outputs] if isinstance(self.outputs, str) else list(self.outputs or named)
        object.__setattr__(self, "outputs", tuple(str(name) for name in outputs))
        known = {**self.space.units, **dict.fromkeys(self.outputs, ""), **self.units}
        object.__setattr__(self, "units", known)
        several = isinstance(self.objectives, Sequence)
        object.__setattr__(self, "objectives", tuple(self.objectives) if several else (self.objectives,))

    def moments(self, rows: pd.DataFrame, *, noise: bool = False) -> tuple[FloatArray, FloatArray]:
        """Predict the function at rows, without noise where the estimator can tell.

        Parameters
        ----------
        rows : DataFrame of shape (n_rows, n_names)
            Settings and context.
        noise : bool, default=False
            Whether of a new observation, as `predict(X, return_std=True)` says it.

        Returns
        -------
        mean, std : ndarray of shape (n_rows, n_outputs)
            In the unit of each outcome.

        Raises
        ------
        InvalidDataError
            The estimator predicts another number of outcomes than there are names.
        """
        inputs = self._inputs(rows)
        found = (
            self.estimator.predict(inputs, return_std=True)
            if noise
            else posterior_moments(self.estimator, inputs)
        )
        mean, std = (np.asarray(each, dtype=float) for each in found)
        return self._checked(mean.reshape(len(rows), -1)), std.reshape(len(rows), -1)

    def intervals(self, rows: pd.DataFrame, level: float) -> FloatArray:
        """Predict between which limits new observations lie.

        Parameters
        ----------
        rows : DataFrame of shape (n_rows, n_names)
            Settings and context.
        level : float
            Probability of the interval, above 0 and below 1.

        Returns
        -------
        ndarray of shape (2, n_rows, n_outputs)
            Lower and upper ends, in the unit of each outcome.
        """
        require(real(0, 1), level=level)
        found = posterior_quantiles(self.estimator, self._inputs(rows), [0.5 - level / 2, 0.5 + level / 2])
        return np.moveaxis(self._checked(found.reshape(len(rows), -1, 2).swapaxes(1, 2)), 1, 0)

    def draws(self, rows: pd.DataFrame, n_draws: int, seed: int | None) -> FloatArray:
        """Draw functions that the model believes in.

        Parameters
        ----------
        rows : DataFrame of shape (n_rows, n_names)
            Settings and context.
        n_draws : int
            At least 1.
        seed : int or None
            The same seed gives the same draws.

        Returns
        -------
        ndarray of shape (n_outputs, n_draws, n_rows)
            In the unit of each outcome.
        """
        found = posterior_draws(self.estimator, self._inputs(rows), n_draws, seed)
        return np.moveaxis(self._checked(found.reshape(n_draws, len(rows), -1)), -1, 0)

    def best(self) -> Any:
        """Refuse to say which row is best, which an estimator does not know.

        Raises
        ------
        InvalidDataError
            In any case; the row has to be given.
        """
        raise InvalidDataError(
            "row: an estimator knows no best row; give the settings to look at, as row=...."
        )

    def _inputs(self, rows: pd.DataFrame) -> Any:
        """Return rows as the estimator was fitted: by its names, or as an array."""
        names = getattr(self.estimator, "feature_names_in_", None)
        table = rows[self.space.names if names is None else list(names)]
        is_of_arrays = names is None and hasattr(self.estimator, "n_features_in_")
        return table.to_numpy(dtype=float) if is_of_arrays else table

    def _checked(self, values: FloatArray) -> FloatArray:
        if values.shape[-1] != len(self.outputs):
            raise InvalidDataError(
                f"outputs: {type(self.estimator).__name__} predicts {values.shape[-1]} outcome(s), but "
                f"{len(self.outputs)} name(s) were given: {list(self.outputs)}; give one for each."
            )
        return values


@dataclass(frozen=True)
class _OptimizerModel:
    """An optimizer, whose context has the range of what was told."""

    optimizer: Any
    space: SearchSpace

    @property
    def outputs(self) -> tuple[str, ...]:
        return tuple(self.optimizer.outputs)

    @property
    def units(self) -> Mapping[str, str]:
        return dict(self.optimizer.units)

    @property
    def objectives(self) -> tuple[Objective, ...]:
        return tuple(self.optimizer.objectives)

    @property
    def data(self) -> pd.DataFrame:
        data = self.optimizer.data
        return data[~data["is_failed"]].reset_index(drop=True)

    def moments(self, rows: pd.DataFrame, *, noise: bool = False) -> tuple[FloatArray, FloatArray]:
        table = self.optimizer.predict(rows, noise=noise)
        mean, std = (table[[f"{name}_{end}" for name in self.outputs]].to_numpy() for end in ("mean", "std"))
        return mean, std

    def intervals(self, rows: pd.DataFrame, level: float) -> FloatArray:
        table = self.optimizer.intervals(rows, level)
        names = [[f"{name}_{end}" for name in self.outputs] for end in ("lower", "upper")]
        return np.stack([table[each].to_numpy() for each in names])

    def draws(self, rows: pd.DataFrame, n_draws: int, seed: int | None) -> FloatArray:
        return np.asarray(self.optimizer.sample_y(rows, n_draws, random_state=seed))

    def best(self) -> Any:
        return self.optimizer.best()


def as_model(model: Any) -> NamedModel:
    """Return an optimizer or a `TableModel` as what inspections ask, or raise `InvalidDataError`."""
    if isinstance(model, TableModel):
        return model
    if all(hasattr(model, name) for name in ("space", "outputs", "objectives", "data", "sample_y")):
        data = model.data
        return _OptimizerModel(model, model.space.with_observed_context(data) if len(data) else model.space)
    raise InvalidDataError(
        f"model: expected a BayesianOptimizer or a TableModel, got {type(model).__name__}. A fitted "
        "regressor is given as TableModel(regressor, space, outputs=[...])."
    )


def row_of(model: NamedModel, row: Any = None) -> pd.DataFrame:
    """Return a recipe as a table of one row, by default the best one measured; unknown values are refused."""
    given = model.best() if row is None else row
    if isinstance(given, pd.Series):
        given = given.to_frame().T.infer_objects()
    elif isinstance(given, Mapping):
        given = pd.DataFrame({name: [value] for name, value in given.items()})
    table = model.space.as_table(with_names(given)).reset_index(drop=True).infer_objects()
    if len(table) != 1:
        raise InvalidDataError(f"row: the settings of one recipe were expected; {len(table)} rows came.")
    model.space.encode(table)
    return table


def outcome_of(model: NamedModel, name: str | None) -> str:
    """Return the name of an outcome, by default the first; an unknown one raises `UnknownNameError`."""
    names = {each: each for each in model.outputs}
    return lookup(names, model.outputs[0] if name is None else name, "outcome")


def goal_of(model: NamedModel, objective: Any = None) -> UtilityObjective:
    """Return what is to get better: an objective, the model's objective of an outcome, or its first one.

    Of an outcome that no objective is about, "min y" and "max y" say which way is better.
    """
    objectives, _ = split_objectives(model.objectives)
    if objective is None and objectives:
        return objectives[0]
    if isinstance(objective, str):
        return _by_name(model, objectives, objective)
    if objective is None or not hasattr(objective, "utility"):
        raise InvalidDataError(
            "objective: expected one with a utility, such as Minimize or Target, or the name of an outcome "
            f"with one; got {objective!r}."
        )
    for name in objective.names:
        outcome_of(model, name)
    return objective


def utility_of(goal: UtilityObjective, outputs: Sequence[str], outcomes: FloatArray) -> FloatArray:
    """Return the utility of outcomes of shape (..., n_outputs), shape (...)."""
    parts = outcomes[..., [list(outputs).index(name) for name in goal.names]]
    return np.asarray(goal.utility(parts if len(goal.names) > 1 else parts[..., 0]))


def _by_name(model: NamedModel, objectives: Sequence[UtilityObjective], name: str) -> UtilityObjective:
    first, _, rest = name.partition(" ")
    if first in ("min", "max") and rest.strip() in model.outputs:
        unit = model.units.get(rest.strip()) or None
        return (Minimize if first == "min" else Maximize)(rest.strip(), unit=unit)
    of_outcome = [each for each in objectives if name in each.names]
    if of_outcome:
        return of_outcome[0]
    outcome_of(model, name)
    raise InvalidDataError(
        f"objective: nothing says which way {name!r} gets better; give 'min {name}', 'max {name}' or an "
        f"objective such as Minimize({name!r})."
    )
