"""The surrogates that benchmarks compare, by the keys of the registry."""

import argparse
import warnings
from collections.abc import Sequence
from typing import Any

from sklearn.exceptions import ConvergenceWarning

from bnnopt.surrogates import SURROGATES, make_surrogate

__all__ = ["COMPARED", "DEFAULT", "OWN", "add_surrogates", "fitted"]

DEFAULT = "auto"
OWN = (DEFAULT, "gaussian_process_ensemble", "mc_dropout")
COMPARED = (*OWN, "gaussian_process")


def add_surrogates(parser: argparse.ArgumentParser, default: Sequence[str] = OWN) -> None:
    """Add the option `--surrogates`, keys of the registry."""
    about = f"keys of the registry; by default {', '.join(default)}"
    keys = list(SURROGATES)
    parser.add_argument(
        "--surrogates", nargs="+", choices=keys, default=list(default), metavar="KEY", help=about
    )


def fitted(surrogate: str, X: Any, y: Any, **parameters: Any) -> Any:
    """Make a surrogate by its key and fit it, without the warning that a search ended early.

    Parameters
    ----------
    surrogate : str
        A key of the registry.
    X : array-like of shape (n_rows, n_inputs)
        Inputs.
    y : array-like of shape (n_rows,) or (n_rows, n_outputs)
        Outcomes.
    **parameters
        Of the surrogate, `random_state` among them.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return make_surrogate(surrogate, **parameters).fit(X, y)
