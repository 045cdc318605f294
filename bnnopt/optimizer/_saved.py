"""An optimizer to JSON and back."""

from typing import Any, Self

from bnnopt.exceptions import InvalidDataError
from bnnopt.optimizer._records import Records
from bnnopt.optimizer._state import OptimizerState
from bnnopt.optimizer._state_text import Functions, parsed, refuse_changes

__all__ = ["Saved"]


class Saved(Records):
    """The side of an optimizer that is written down and read again."""

    def to_json(self) -> str:
        """Return the whole state as JSON: settings of the optimizer, rows told and pending, and the seed.

        `from_json` gives an optimizer whose next `ask` is what that of this one would have been. A checksum
        in it finds what was changed or lost since.

        A surrogate, an acquisition, a classifier or a function of cost of your own, which a name and plain
        values do not describe, is left out, and of a function of a `NonlinearConstraint` there is the name;
        give them to `from_json` again.

        Returns
        -------
        str
            JSON; write it to a file of any name.
        """
        return self.state().text()

    def state(self) -> OptimizerState:
        """Return the whole state as a frozen model, whose `model_json_schema` describes the JSON.

        Returns
        -------
        OptimizerState
            What `to_json` writes.
        """
        return OptimizerState.of(self, self._observations, self._modelling.seed)

    @classmethod
    def from_json(
        cls, text: str | bytes, *, functions: Functions = (), verify: bool = True, **parts: Any
    ) -> Self:
        """Return the optimizer whose `to_json` this is.

        Reading imports nothing that the JSON names, and runs no code of others.

        Parameters
        ----------
        text : str or bytes
            JSON, as `to_json` returns it.
        functions : sequence of callables, or mapping of str to callable, default=()
            The functions that constraints of the space name, as "module:function" or by the name of the
            constraint; a mapping says which is which where two functions have one name.
        verify : bool, default=True
            Whether to refuse JSON that was changed since it was written. With False a change by hand is
            taken; every value is checked as ever.
        **parts
            `surrogate`, `acquisition`, `success_classifier` and `cost`, where they were objects or functions
            of your own, which JSON cannot hold.

        Returns
        -------
        BayesianOptimizer
            Its next `ask` is that of the optimizer that was saved.

        Raises
        ------
        InvalidDataError
            The text is no such JSON, of another version, damaged or changed, or a function or a part of your
            own is missing.
        """
        try:
            state = OptimizerState.read(text, functions, verify=False)
            optimizer = cls(**state.arguments(parts, functions))
            state.rows.restore(state.space, optimizer._observations, state.outcomes)
        except InvalidDataError as error:
            if "\n" not in str(error):
                raise
            said = "; ".join(line.strip() for line in str(error).splitlines())
            raise InvalidDataError(f"The state of the optimizer is damaged: {said:.400}") from error
        except (TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
            raise InvalidDataError(
                f"The state of the optimizer is damaged: {error} Repair the file, or take a whole copy of it."
            ) from error
        optimizer._modelling.seed = state.seed
        if verify:
            refuse_changes(parsed(text))
        else:
            optimizer.state().refuse_reinterpretation(text, parts)
        return optimizer
