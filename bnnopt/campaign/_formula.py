"""A cost written as a formula over settings, read by its grammar and never run as code."""

import ast
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._typing import FloatArray

__all__ = ["Formula", "formula_of"]

OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
    ast.USub: np.negative,
    ast.UAdd: np.positive,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": np.abs,
    "exp": np.exp,
    "log": np.log,
    "max": np.maximum,
    "min": np.minimum,
    "sqrt": np.sqrt,
}
ARGUMENTS = {"max": 2, "min": 2}
MOST_CHARACTERS = 1000


@dataclass(frozen=True)
class Formula:
    """A formula over settings.

    Parameters
    ----------
    text : str
        Such as "2*Pb + 0.3*T"; numbers, names of settings, + - * / **, brackets, and `FUNCTIONS`.
    """

    text: str

    @property
    def tree(self) -> ast.expr:
        """The formula as it was read."""
        return ast.parse(self.text.strip(), mode="eval").body

    @property
    def names(self) -> set[str]:
        """The settings in it."""
        nodes = list(ast.walk(self.tree))
        called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
        return {node.id for node in nodes if isinstance(node, ast.Name) and id(node) not in called}

    def __call__(self, settings: pd.DataFrame) -> FloatArray:
        """Return the value for each row of settings."""
        columns = {name: settings[name].to_numpy(float) for name in self.names}
        with np.errstate(all="ignore"):  # what is not finite is refused where it matters
            return np.broadcast_to(_value(self.tree, columns), (len(settings),)).astype(float)


def formula_of(text: str, numbers: Collection[str]) -> Formula | None:
    """Return what a cost is as a formula over settings, None where it is the name of an outcome.

    Parameters
    ----------
    text : str
        Of the settings.
    numbers : collection of str
        Variables that are numbers.

    Raises
    ------
    ValueError
        It has settings in it, but is no formula; the message says what cannot be there.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found = Formula(text)
    if not found.names & set(numbers) or len(text) > MOST_CHARACTERS:
        return None
    _check(tree, text)
    unknown = sorted(found.names - set(numbers))
    if unknown:
        raise ValueError(
            f"cost: {unknown} in the formula {text!r} are no numeric settings; there are {list(numbers)}."
        )
    return found


def _check(tree: ast.expr, text: str) -> None:
    """Raise `ValueError` for what is neither a number, a name, an operator nor one of the functions."""
    for node in ast.walk(tree):
        is_number = isinstance(node, ast.Constant) and type(node.value) in (int, float)
        is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and _is_known(node)
        is_part = isinstance(node, ast.Name | ast.BinOp | ast.UnaryOp | ast.Load) or type(node) in OPERATORS
        if not (is_number or is_call or is_part):
            raise ValueError(
                f"cost: a formula has numbers, settings, + - * / **, brackets and {list(FUNCTIONS)}, got "
                f"{text!r}."
            )


def _is_known(call: ast.Call) -> bool:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    return name in FUNCTIONS and not call.keywords and len(call.args) == ARGUMENTS.get(name, 1)


def _value(node: ast.expr, columns: Mapping[str, FloatArray]) -> Any:
    if isinstance(node, ast.Constant):
        return float(node.value)  # type: ignore[arg-type]
    if isinstance(node, ast.Name):
        return columns[node.id]
    if isinstance(node, ast.UnaryOp):
        return OPERATORS[type(node.op)](_value(node.operand, columns))
    if isinstance(node, ast.BinOp):
        return OPERATORS[type(node.op)](_value(node.left, columns), _value(node.right, columns))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return FUNCTIONS[node.func.id](*(_value(each, columns) for each in node.args))
    raise TypeError(f"no part of a formula: {ast.dump(node)}")
