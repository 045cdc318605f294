"""The settings of a campaign: what a `campaign.toml` holds, as frozen models."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    Field,
    StrictBool,
    StrictInt,
    ValidationError,
    field_validator,
    model_validator,
)
from sklearn.base import BaseEstimator

from bnnopt._models import FrozenModel
from bnnopt._validation import lookup, refuse_flags
from bnnopt.acquisition import Acquisition, get_acquisition, try_acquisition
from bnnopt.campaign._document import read_document
from bnnopt.campaign._formula import Formula, formula_of
from bnnopt.campaign._mistakes import listed
from bnnopt.campaign._named_files import with_descriptor_tables, with_earlier_files
from bnnopt.exceptions import InvalidDataError, UnknownNameError
from bnnopt.objectives import Objective, Outcome, OutcomeConstraint
from bnnopt.optimizer import BayesianOptimizer, TrustRegion
from bnnopt.space import NonlinearConstraint, SearchSpace
from bnnopt.surrogates import make_surrogate

__all__ = ["CampaignSettings", "EarlierRuns", "NamedChoice", "TargetList"]

CHOICES = ("surrogate", "acquisition")
FiniteFloat = Annotated[float, Field(allow_inf_nan=False)]


class NamedChoice(FrozenModel):
    """A registered thing.

    Parameters
    ----------
    name : str
        Its key in the registry.
    parameters : dict, default empty
        Its parameters by name.
    """

    name: str
    parameters: dict[str, Any] = Field(default_factory=dict)


class TargetList(FrozenModel):
    """Values of one outcome that are wanted in turn.

    Parameters
    ----------
    outcome : str
        Name of the outcome.
    values : sequence of float
        The wanted values, in the outcome's unit, at least one, finite.
    tolerance : float
        How far from a value is still good, in the outcome's unit, above 0.
    """

    outcome: str
    values: tuple[FiniteFloat, ...] = Field(min_length=1)
    tolerance: FiniteFloat = Field(gt=0)

    def constraint(self, value: float) -> OutcomeConstraint:
        """Return the constraint that the outcome is within the tolerance of `value`.

        Parameters
        ----------
        value : float
            What is wanted of the outcome, in its unit.

        Returns
        -------
        OutcomeConstraint
            From `value` - `tolerance` to `value` + `tolerance`.
        """
        refuse_flags(value=value)
        return OutcomeConstraint(self.outcome, value - self.tolerance, value + self.tolerance)


class EarlierRuns(FrozenModel):
    """Runs of an earlier, similar campaign, or of several: see `BayesianOptimizer.tell_earlier`.

    Parameters
    ----------
    file : str
        CSV, xlsx or Parquet, with the settings and outcomes of this campaign; relative to the file of the
        campaign.
    campaign : str, optional
        The name of the campaign.
    column : str, optional
        The column of the file that names the campaign of each run; one of the two is needed.
    """

    file: str
    campaign: str | None = Field(default=None, min_length=1)
    column: str | None = None

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if (self.campaign is None) == (self.column is None):
            raise ValueError(
                "give either campaign, the name of the campaign, or column, that of the file which names it"
            )
        return self


class CampaignSettings(FrozenModel):
    """Everything that defines a campaign besides its data.

    Parameters
    ----------
    name : str
        Of the campaign.
    description : str, default=""
        What it is about.
    space : SearchSpace
        Settings, context and constraints.
    objectives : sequence of objectives
        What is wanted of the outcomes.
    outcomes : sequence of Outcome, default empty
        The bounds of outcomes, as in `BayesianOptimizer`; in the file a table `[[outcomes]]` for each.
    surrogate : NamedChoice, default auto
        A key of `bnnopt.SURROGATES` and its parameters, those of members and steps too, such as
        `mc_dropout__max_iter` of "auto".
    acquisition : NamedChoice, optional
        A key of `bnnopt.ACQUISITIONS` and its parameters; by default as in `BayesianOptimizer`.
    targets : TargetList, optional
        Values of an outcome that are wanted in turn.
    n_initial : int, optional
        Rows of the first design.
    cost : str, optional
        Name of the outcome that tells what an experiment costs; or what it costs as a formula over settings,
        such as "2*Pb + 0.3*T": numbers, names, + - * / **, brackets, abs, exp, log, max, min, sqrt.
    learns_failures : bool, default=True
        Whether failed experiments are learned from, or only left out.
    earlier : sequence of EarlierRuns, default empty
        Runs of earlier, similar campaigns; in the file a table `[[earlier]]` for each.
    trust_region : bool or TrustRegion, default=False
        As in `BayesianOptimizer`; a table of its numbers, or true for the usual ones.

    Raises
    ------
    InvalidDataError
        When a key is unknown or a value is not valid; names of surrogate and acquisition and
        of their parameters, and the outcome of the targets, are checked too.
    """

    name: str
    description: str = ""
    space: SearchSpace
    objectives: tuple[Objective, ...] = Field(min_length=1)
    outcomes: tuple[Outcome, ...] = ()
    surrogate: NamedChoice = NamedChoice(name="auto")
    acquisition: NamedChoice | None = None
    targets: TargetList | None = None
    n_initial: StrictInt | None = Field(default=None, ge=2)
    cost: str | None = None
    learns_failures: StrictBool = True
    trust_region: StrictBool | TrustRegion = False
    earlier: tuple[EarlierRuns, ...] = ()

    @field_validator("objectives", "outcomes", "earlier", mode="before")
    @classmethod
    def _take_one(cls, given: Any) -> Any:
        return (given,) if isinstance(given, dict | BaseModel) else given

    @field_validator("space")
    @classmethod
    def _check_file_can_hold(cls, space: SearchSpace) -> SearchSpace:
        for constraint in space.constraints:
            if isinstance(constraint, NonlinearConstraint):
                constraint.importable_name()
        return space

    @field_validator("surrogate")
    @classmethod
    def _check_surrogate(cls, choice: NamedChoice) -> NamedChoice:
        try:
            _surrogate(choice)
        except UnknownNameError:
            raise
        except (TypeError, ValueError) as error:
            raise ValueError(f"surrogate {choice.name!r}: {error}") from error
        return choice

    @field_validator("acquisition")
    @classmethod
    def _check_acquisition(cls, choice: NamedChoice | None) -> NamedChoice | None:
        if choice is not None:
            try_acquisition(get_acquisition(choice.name, **choice.parameters))
        return choice

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        self.make_optimizer()
        return self

    @model_validator(mode="after")
    def _check_targets(self) -> Self:
        outcomes = list(dict.fromkeys(name for objective in self.objectives for name in objective.names))
        if self.targets is not None and self.targets.outcome not in outcomes:
            raise ValueError(
                f"targets: unknown outcome {self.targets.outcome!r}; the objectives name {outcomes}. "
                "Add an outcome_constraint on it, which the targets then replace."
            )
        return self

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Read the settings from a TOML file.

        Parameters
        ----------
        path : str or Path
            The file. `descriptors` of a variable may be the path of a CSV, relative to it, whose first column
            is the level.

        Returns
        -------
        CampaignSettings
            What the file says, with the tables that it names.

        Raises
        ------
        InvalidDataError
            The file is not there, is not TOML, a file of descriptors cannot be read, or a value is not valid;
            the message names the place.
        """
        folder = Path(path).parent
        document = with_earlier_files(with_descriptor_tables(read_document(path), folder), folder)
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            models: dict[str, type[BaseModel]] = {"": cls, "targets": TargetList}
            models |= dict.fromkeys(CHOICES, NamedChoice)
            raise InvalidDataError(f"{path} is not a valid campaign:\n{listed(error, models)}") from error

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outcomes to be measured, that of the cost last."""
        named = [name for objective in self.objectives for name in objective.names]
        is_outcome = self.cost and self.cost_formula is None
        return tuple(dict.fromkeys([*named, *([self.cost] if self.cost and is_outcome else [])]))

    @property
    def cost_formula(self) -> Formula | None:
        """The cost as a formula over settings, None where it is an outcome or there is none."""
        numbers = [each.name for each in self.space.variables if getattr(each, "levels", None) is None]
        return formula_of(self.cost, numbers) if self.cost else None

    @property
    def units(self) -> dict[str, str]:
        """Units of settings, context and outcomes by name, of those that have one."""
        units: dict[str, str | None] = dict(self.space.units)
        for each in (*self.outcomes, *self.objectives):
            units.update({name: unit for name, unit in each.units.items() if unit})
        return {name: unit for name, unit in units.items() if unit}

    def make_surrogate(self, **parameters: Any) -> BaseEstimator:
        """Make the surrogate.

        Parameters
        ----------
        **parameters
            Parameters of the estimator; they override those of the settings.

        Returns
        -------
        estimator
            Not fitted.
        """
        return _surrogate(self.surrogate, **parameters)

    def make_acquisition(self) -> Acquisition | None:
        """Make the acquisition function.

        Returns
        -------
        Acquisition or None
            None for the default of the optimizer.
        """
        if self.acquisition is None:
            return None
        return get_acquisition(self.acquisition.name, **self.acquisition.parameters)

    def make_optimizer(self, *, random_state: int | None = None, **parameters: Any) -> BayesianOptimizer:
        """Make an optimizer that was told nothing yet.

        Parameters
        ----------
        random_state : int or None, default=None
            Seeds the optimizer.
        **parameters
            Parameters of `BayesianOptimizer` that are not in the settings, or are to differ from them.

        Returns
        -------
        BayesianOptimizer
            Of the space, objectives and outcomes of these settings.
        """
        setting: dict[str, Any] = {
            "outcomes": self.outcomes,
            "surrogate": self.make_surrogate(),
            "acquisition": self.make_acquisition(),
            "n_initial": self.n_initial,
            "cost": self.cost_formula or self.cost,
            "success_classifier": "auto" if self.learns_failures else None,
            "trust_region": self.trust_region,
            "random_state": random_state,
        }
        return BayesianOptimizer(self.space, self.objectives, **(setting | parameters))

    def objectives_for(self, target: float) -> tuple[Objective, ...]:
        """Return the objectives, constraints on the outcome of the targets replaced by that of `target`.

        Parameters
        ----------
        target : float
            The value wanted, in the unit of the outcome of `targets`.

        Returns
        -------
        tuple of objectives
            As `BayesianOptimizer` and its `ask` take them.

        Raises
        ------
        InvalidDataError
            The settings have no targets.
        """
        if self.targets is None:
            raise InvalidDataError("The campaign has no [targets]; add outcome, values and tolerance.")
        kept = [
            objective
            for objective in self.objectives
            if not isinstance(objective, OutcomeConstraint) or objective.name != self.targets.outcome
        ]
        return (*kept, self.targets.constraint(target))


def _surrogate(choice: NamedChoice, **parameters: Any) -> BaseEstimator:
    usual = make_surrogate(choice.name)  # a constructor does not take parameters of members
    given = choice.parameters | parameters
    known = usual.get_params(deep=True)
    for name in given:
        _check_known(name, known, choice.name)
    return make_surrogate(usual, **given)


def _check_known(name: str, known: Mapping[str, Any], surrogate: str) -> None:
    """Raise `UnknownNameError` for a parameter that neither the surrogate nor a part of it has."""
    part, separator, _ = name.partition("__")
    if separator and not isinstance(known.get(part), BaseEstimator):
        return  # a surrogate that passes parameters on checks them itself
    head = part + separator if separator else ""
    alike = {key: key for key in known if key.startswith(head) and (head or "__" not in key)}
    lookup(alike, name, f"parameter of {surrogate!r},")
