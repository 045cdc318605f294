"""The state of an optimizer as frozen models with a JSON schema: what it was made of, its rows, its seed."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal, Self

from pydantic import Field, JsonValue, ValidationError

from bnnopt._estimators import LARGEST_SEED
from bnnopt._models import FrozenModel, problems_of
from bnnopt.acquisition import ACQUISITIONS, get_acquisition, try_acquisition
from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives import Objective, Outcome
from bnnopt.optimizer._observations import Observations
from bnnopt.optimizer._parts import NamedPart, OwnPart, part_of_acquisition, part_of_surrogate
from bnnopt.optimizer._state_rows import RowsState
from bnnopt.optimizer._state_text import (
    Functions,
    checksum_of,
    first_difference,
    functions_by_name,
    parsed,
    refuse_changes,
    with_functions,
)
from bnnopt.optimizer._trust_region import TrustRegion
from bnnopt.space import BY_NAME, SearchSpace
from bnnopt.surrogates import make_surrogate

__all__ = ["OptimizerState"]

VERSION = 2
PLAIN = ("space", "outcomes", "n_initial", "initial_design", "n_candidates", "n_draws", "trust_region")
OWN = ("surrogate", "acquisition", "success_classifier", "cost")


class OptimizerState(FrozenModel):
    """All that an optimizer is: what `BayesianOptimizer.to_json` writes and `from_json` reads.

    `OptimizerState.model_json_schema()` is the JSON schema of the file.

    Parameters
    ----------
    version : int
        Of this layout, 2; another one is refused.
    space : SearchSpace
        Settings, context and constraints.
    objectives : sequence of objectives and outcome constraints
        At least one.
    outcomes : sequence of Outcome
        As in `BayesianOptimizer`.
    surrogate, acquisition : NamedPart or OwnPart
        Name and parameters of what is registered; an object of one's own has to be given again.
    success_classifier : "auto", None or OwnPart
        As in `BayesianOptimizer`.
    cost : str, None or OwnPart
        As in `BayesianOptimizer`.
    n_initial, n_candidates, n_draws : int
        As in `BayesianOptimizer`, each at least 2.
    initial_design : str
        As in `BayesianOptimizer`.
    reference_point : sequence of float or None
        As in `BayesianOptimizer`.
    trust_region : TrustRegion or None
        As in `BayesianOptimizer`.
    seed : int
        Of the models and searches, at least 0.
    rows : RowsState
        Rows told and pending.
    checksum : str, optional
        Of all the rest, by which a change of the file is found.

    Raises
    ------
    InvalidDataError
        A part is missing, unknown or out of its range.
    """

    version: Literal[2]
    space: SearchSpace
    objectives: tuple[Objective, ...] = Field(min_length=1)
    outcomes: tuple[Outcome, ...] = ()
    surrogate: NamedPart | OwnPart
    acquisition: NamedPart | OwnPart
    success_classifier: Literal["auto"] | OwnPart | None
    cost: str | OwnPart | None
    n_initial: int = Field(ge=2)
    initial_design: str
    n_candidates: int = Field(ge=2)
    n_draws: int = Field(ge=2)
    reference_point: tuple[float, ...] | None
    trust_region: TrustRegion | None = None
    seed: int = Field(ge=0, lt=LARGEST_SEED)
    rows: RowsState
    checksum: str | None = None

    @classmethod
    def of(cls, optimizer: Any, observations: Observations, seed: int) -> Self:
        """Return the state of an optimizer.

        Parameters
        ----------
        optimizer : BayesianOptimizer
            What it was made of.
        observations : Observations
            Its rows.
        seed : int
            Of its models.

        Returns
        -------
        OptimizerState
            With its checksum.
        """
        state = cls(
            version=VERSION,
            objectives=tuple(optimizer.objectives),
            surrogate=part_of_surrogate(optimizer.surrogate),
            acquisition=part_of_acquisition(optimizer.acquisition),
            success_classifier=_plain_or_own(optimizer.success_classifier),
            cost=_plain_or_own(optimizer.cost),
            reference_point=None if optimizer.reference_point is None else tuple(optimizer.reference_point),
            seed=seed,
            rows=RowsState.of(observations),
            **{name: getattr(optimizer, name) for name in PLAIN},
        )
        return state.model_copy(update={"checksum": checksum_of(state.content())})

    def content(self) -> dict[str, JsonValue]:
        """Return what the JSON holds.

        Returns
        -------
        dict of str to JSON value
            The parameters of this class by name, `space` and `rows` as nested mappings.
        """
        content: dict[str, JsonValue] = json.loads(self.text())
        return content

    def text(self) -> str:
        """Return the JSON; functions of constraints are in it by name.

        Returns
        -------
        str
            JSON, indented by one space, with the checksum.
        """
        return self.model_dump_json(indent=1, context=BY_NAME)

    @classmethod
    def read(cls, text: str | bytes, functions: Functions = (), *, verify: bool = True) -> Self:
        """Return the state that JSON holds.

        Parameters
        ----------
        text : str or bytes
            As `BayesianOptimizer.to_json` returns it.
        functions : sequence of callables, or mapping of str to callable, default=()
            As in `BayesianOptimizer.from_json`.
        verify : bool, default=True
            Whether the checksum must fit.

        Returns
        -------
        OptimizerState
            Every value checked.

        Raises
        ------
        InvalidDataError
            The text is no JSON, of another version, changed since it was written, or a part of it is not what
            it should be, or names a function that is not given.
        """
        content = _of_this_version(text)
        state = cls._validated(with_functions(content, functions))
        if verify:
            refuse_changes(content)
        return state

    @classmethod
    def _validated(cls, content: dict[str, Any]) -> Self:
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            first, *others = problems_of(error)
            where = ".".join(str(part) for part in first["loc"])
            more = f" ({len(others)} more like this)" if others else ""
            raise InvalidDataError(
                f"The state of the optimizer is damaged at {where!r}: {first['msg']:.300}, got "
                f"{first['input']!r:.80}{more}. Repair the file, or take a whole copy of it."
            ) from error

    def refuse_reinterpretation(self, text: str | bytes, parts: Iterable[str]) -> None:
        """Check that JSON says the same as this state, which was made of it.

        Parameters
        ----------
        text : str or bytes
            The JSON.
        parts : iterable of str
            What was given in the place of what the JSON names.

        Raises
        ------
        InvalidDataError
            It says something else; the message names the first place.
        """
        given = {key: value for key, value in parsed(text).items() if key not in {*parts, "checksum"}}
        place = first_difference(given, self.content())
        if place is not None:
            raise InvalidDataError(
                f"The state of the optimizer is damaged at {place!r}: what stands there is not what it would "
                "be read as. Write it as to_json does, or take a whole copy of the file."
            )

    def arguments(self, parts: Mapping[str, Any], functions: Functions = ()) -> dict[str, Any]:
        """Return the arguments of the `BayesianOptimizer`.

        Parameters
        ----------
        parts : mapping
            The objects of one's own, by name; they may also take the place of what is registered.
        functions : sequence of callables, or mapping of str to callable, default=()
            One of them may be the acquisition function that the state names by its module.

        Returns
        -------
        dict of str to object
            Keyword arguments of `BayesianOptimizer`.

        Raises
        ------
        InvalidDataError
            An object of one's own is missing, or one is given that has no place.
        """
        unknown = sorted(set(parts) - set(OWN))
        if unknown:
            raise InvalidDataError(f"from_json takes no {unknown}; they are in the JSON.")
        missing = [name for name in OWN if isinstance(getattr(self, name), OwnPart) and name not in parts]
        if missing:
            raise InvalidDataError(
                f"{missing} of this optimizer were objects of your own, which JSON cannot hold; "
                f"give them again: from_json(text, {missing[0]}=...)."
            )
        made = {
            "surrogate": _made(self.surrogate, make_surrogate),
            "acquisition": None if "acquisition" in parts else self._acquisition(functions),
            "success_classifier": self.success_classifier,
            "cost": self.cost,
            "reference_point": None if self.reference_point is None else list(self.reference_point),
        }
        plain = {name: getattr(self, name) for name in (*PLAIN, "objectives")}
        return plain | made | dict(parts)

    def _acquisition(self, functions: Functions) -> Any:
        """Return the acquisition that is named; one that is not built in is not imported, but was given."""
        if isinstance(self.acquisition, OwnPart):
            return None
        name, known = self.acquisition.name, functions_by_name(functions)
        if name not in {**ACQUISITIONS, **known}:
            raise InvalidDataError(
                f"The state names the acquisition {name!r}, which bnnopt does not have. It is not imported "
                "unasked, because that runs what is in its module: if you trust it, give it, "
                f"from_json(text, acquisition={name!r})."
            )
        made = get_acquisition(known.get(name, name), **self.acquisition.parameters)
        try_acquisition(made)
        return replace(made, name=name)


def _of_this_version(text: str | bytes) -> dict[str, JsonValue]:
    """Return what JSON holds, or raise `InvalidDataError` if it is not of the version that is read."""
    state = parsed(text)
    found = state.get("version", state.get("format")) if isinstance(state, dict) else None
    if found != VERSION or isinstance(found, bool) or not isinstance(state, dict):
        raise InvalidDataError(
            f"Expected the state of an optimizer of version {VERSION}, as BayesianOptimizer.to_json returns "
            f"it, got version {found!r}; make the optimizer anew and tell it its rows."
        )
    return state


def _plain_or_own(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else OwnPart()


def _made(part: NamedPart | OwnPart, make: Any) -> Any:
    return None if isinstance(part, OwnPart) else make(part.name, **part.parameters)
