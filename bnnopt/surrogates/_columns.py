"""A check of DataFrame columns at predict that names what is missing, unknown or out of order."""

from typing import Any

__all__ = ["check_columns"]


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
