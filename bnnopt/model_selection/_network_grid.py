"""The networks among which the reference chose, as a grid for scikit-learn's searches."""

from collections.abc import Sequence
from typing import Any

from bnnopt._estimators import require, whole
from bnnopt._validation import refuse_flags
from bnnopt.exceptions import InvalidDataError

__all__ = ["network_grid"]

SHARES_OF_LARGEST = (10, 5, 2, 1)


def network_grid(
    *,
    max_layers: int = 4,
    max_units: int = 100,
    dropouts: Sequence[float] = (0.05, 0.1, 0.2),
    alphas: Sequence[float] = (0.001, 0.01, 0.1, 1.0),
    prefix: str = "",
) -> dict[str, list[Any]]:
    """Return sizes, dropout and L2 penalty of dropout networks for `GridSearchCV` or `RandomizedSearchCV`.

    All layers of a network are equally wide: a tenth, a fifth, a half and the whole of max_units, in 1 to
    max_layers layers. The whole default grid has 192 networks; a random search of some 30 of them, or first
    the sizes and then the regularisation as in the reference, finds a good one sooner.

    Parameters
    ----------
    max_layers : int, default=4
        The most hidden layers, at least 1.
    max_units : int, default=100
        The most units of a layer, at least 1.
    dropouts : sequence of float, default=(0.05, 0.1, 0.2)
        Probabilities that a unit is left out, each from 0 to below 1. Below 0.05, a layer of 20 units loses
        none of them most of the time.
    alphas : sequence of float, default=(0.001, 0.01, 0.1, 1)
        Strengths of the L2 penalty, each at least 0.
    prefix : str, default=""
        What the search is to call the network, such as "mcdropoutregressor__" in a Pipeline or "mc_dropout__"
        in a `BayesianStackingRegressor`.

    Returns
    -------
    dict of str to list
        Values of `hidden_layer_sizes`, `dropout` and `alpha` of `MCDropoutRegressor`.

    Raises
    ------
    InvalidDataError
        There would be no network to try.

    References
    ----------
    O. Voznyy et al., ACS Nano 2019, 13, 11122, Methods: up to 100 nodes per layer and up to four layers;
    dropout and L2 regularization by cross-validation.
    """
    require(whole(1), max_layers=max_layers, max_units=max_units)
    refuse_flags(dropouts=dropouts, alphas=alphas)
    if max_layers < 1 or max_units < 1 or not len(dropouts) or not len(alphas):
        raise InvalidDataError(
            "A grid needs at least one layer, one unit, one dropout and one alpha, got "
            f"max_layers={max_layers!r}, max_units={max_units!r}, dropouts={dropouts!r}, alphas={alphas!r}."
        )
    widths = sorted({max(1, max_units // share) for share in SHARES_OF_LARGEST})
    sizes = [(width,) * n_layers for n_layers in range(1, max_layers + 1) for width in widths]
    grid: dict[str, list[Any]] = {
        "hidden_layer_sizes": sizes,
        "dropout": list(dropouts),
        "alpha": list(alphas),
    }
    return {f"{prefix}{name}": values for name, values in grid.items()}
