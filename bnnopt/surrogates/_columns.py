"""Checks of DataFrames that name the column, and the rows, at fault."""

from typing import Any

import pandas as pd

from bnnopt._validation import numeric_frame

__all__ = ["check_cells", "check_columns"]


def check_cells(table: Any, what: str) -> None:
    """Raise `InvalidDataError` if a cell of a DataFrame or Series is text, empty or infinite.

    Parameters
    ----------
    table : object
        Anything but a DataFrame or Series passes; scikit-learn checks arrays, which have no names.
    what : str
        What the table is, for the message.
    """
    if isinstance(table, pd.Series):
        table = table.to_frame(what if table.name is None else table.name)
    if isinstance(table, pd.DataFrame):
        numeric_frame(table, list(table.columns), what)


def check_columns(fitted: Any, X: Any) -> None:
    """Raise `ValueError` if the columns of the DataFrame `X` are not those of fitting, in that order.

    Parameters
    ----------
    fitted : sequence of str or None
        `feature_names_in_` of the estimator; None if it was fitted on an array.
    X : object
        Anything without string column names passes.
    """
    columns = getattr(X, "columns", None)
    if fitted is None or columns is None:
        return
    expected, came = list(fitted), list(columns)
    if came == expected or set(came) != set(expected) or len(came) != len(expected):
        return  # scikit-learn's own check names the missing and the unknown ones
    moved = [name for name, other in zip(came, expected, strict=True) if name != other]
    raise ValueError(
        "The feature names should match those that were passed during fit.\n"
        "Feature names must be in the same order as they were in fit.\n"
        f"Out of order: {moved}; expected {expected}, got {came}. "
        "Reorder with X[list(model.feature_names_in_)].\n"
    )
