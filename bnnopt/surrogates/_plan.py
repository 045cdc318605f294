"""From an estimator's parameters and its rows to the plan of a training."""

from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from bnnopt.surrogates._networks import ACTIVATIONS, TrainingPlan
from bnnopt.surrogates._rows import DistinctRows

__all__ = ["PARAMETER_RANGES", "check_parameters", "is_whole", "loss_of_the_mean", "training_plan"]

FULL_BATCH_ROWS = 1024
MINI_BATCH_ROWS = 256
PARAMETER_RANGES: dict[str, list[Any]] = {
    "method": [StrOptions({"auto", "wide", "trained"})],
    "noise": [StrOptions({"constant", "input_dependent"})],
    "calibrate": ["boolean"],
    "hidden_layer_sizes": ["array-like"],
    "activation": [StrOptions(set(ACTIVATIONS))],
    "dropout": [Interval(Real, 0, 1, closed="left")],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "output_weights": ["array-like", None],
    "n_networks": [Interval(Integral, 1, None, closed="left")],
    "n_masks": [Interval(Integral, 1, None, closed="left")],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
    "tol": [Interval(Real, 0, None, closed="left")],
    "warm_start": ["boolean"],
    "callbacks": [list, tuple, None],
    "verbose": ["verbose"],
    "random_state": ["random_state"],
}


def check_parameters(parameters: Mapping[str, Any], n_outputs: int) -> None:
    """Check what scikit-learn's ranges cannot, whether or not networks will be trained.

    Raises
    ------
    ValueError
        If the layers or the output weights cannot be used; the message says what they must be.
    """
    _layer_sizes(parameters["hidden_layer_sizes"])
    _output_weights(parameters["output_weights"], n_outputs)


def training_plan(
    parameters: Mapping[str, Any], rows: DistinctRows, *, total_weight: float, n_updates: int, seed: int
) -> TrainingPlan:
    """Check what scikit-learn's ranges cannot, and put a plan together.

    Parameters
    ----------
    parameters : mapping
        The estimator's parameters.
    rows : DistinctRows
        Scaled rows.
    total_weight : float
        Sum of the weights of all rows that the penalty stands against.
    n_updates : int
        Optimizer updates.
    seed : int
        Seeds the training.

    Raises
    ------
    ValueError
        If the layers or the output weights cannot be used; the message says what they must be.
    """
    output_weights = _output_weights(parameters["output_weights"], rows.y.shape[1])
    is_stopping_early = bool(parameters["early_stopping"])
    return TrainingPlan(
        hidden_layer_sizes=_layer_sizes(parameters["hidden_layer_sizes"]),
        activation=parameters["activation"],
        dropout=float(parameters["dropout"]),
        n_networks=int(parameters["n_networks"]),
        penalty=float(parameters["alpha"]) / total_weight,
        output_weights=output_weights,
        learning_rate_init=float(parameters["learning_rate_init"]),
        n_updates=n_updates,
        batch_size=_rows_per_update(parameters["batch_size"], len(rows)),
        seed=seed,
        patience=int(parameters["n_iter_no_change"]) if is_stopping_early else 0,
        min_gain=float(parameters["tol"]) * loss_of_the_mean(rows, output_weights),
    )


def loss_of_the_mean(rows: DistinctRows, output_weights: tuple[float, ...]) -> float:
    """Loss of the prediction that is the same for all rows: the weighted sum of the outputs' variances."""
    mean = np.average(rows.y, axis=0, weights=rows.weights)
    variance = np.average(np.square(rows.y - mean), axis=0, weights=rows.weights)
    return float(variance @ np.asarray(output_weights))


def is_whole(value: object) -> bool:
    """Tell whether a value is a whole number, and not a truth value."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def _layer_sizes(hidden_layer_sizes: Any) -> tuple[int, ...]:
    sizes = list(hidden_layer_sizes)
    if not sizes or not all(is_whole(size) and size >= 1 for size in sizes):
        raise ValueError(
            "hidden_layer_sizes must name at least one layer of at least one unit, in whole numbers, "
            f"got {hidden_layer_sizes!r}."
        )
    return tuple(int(size) for size in sizes)


def _rows_per_update(batch_size: int | str, n_rows: int) -> int:
    if batch_size == "auto":
        return n_rows if n_rows <= FULL_BATCH_ROWS else MINI_BATCH_ROWS
    return min(int(batch_size), n_rows)


def _output_weights(output_weights: Any, n_outputs: int) -> tuple[float, ...]:
    if output_weights is None:
        return (1.0,) * n_outputs
    weights = np.asarray(output_weights, dtype=float)
    if weights.shape != (n_outputs,) or not np.all(np.isfinite(weights) & (weights > 0)):
        raise ValueError(
            f"output_weights must be {n_outputs} finite number(s) above 0, one for each output, "
            f"got {output_weights!r}."
        )
    return tuple(weights.tolist())
