"""From an estimator's parameters and its rows to the plan of a training."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bnnopt._estimators import Rule, flag, is_whole, one_of, optional, real, seed_parameter, whole
from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates._dropout._networks import ACTIVATIONS, TrainingPlan
from bnnopt.surrogates._rows import Rows

__all__ = ["RULES", "check_shapes", "loss_of_the_mean", "training_plan"]

FULL_BATCH_ROWS = 1024  # up to here an update of all rows costs little more than one of some
MINI_BATCH_ROWS = 256
RULES: dict[str, Rule] = {
    "activation": one_of(*ACTIVATIONS),
    "dropout": real(0, 1, closed="left"),
    "alpha": real(0, closed="left"),
    "n_networks": whole(1),
    "n_masks": whole(1),
    "learning_rate_init": real(0),
    "max_iter": whole(1),
    "batch_size": optional(whole(1), "auto"),
    "early_stopping": flag(),
    "validation_fraction": real(0, 1),
    "n_iter_no_change": whole(1),
    "tol": real(0, closed="left"),
    "warm_start": flag(),
    "callbacks": optional(Rule(lambda value: isinstance(value, list | tuple), "a list of Keras callbacks")),
    "verbose": Rule(lambda value: isinstance(value, bool) or is_whole(value), "a whole number or a flag"),
    "random_state": seed_parameter(),
}


def check_shapes(parameters: Mapping[str, Any], n_outputs: int) -> None:
    """Check layers and output weights.

    Raises
    ------
    InvalidDataError
        If they cannot be used; the message says what they must be.
    """
    _layer_sizes(parameters["hidden_layer_sizes"])
    _output_weights(parameters["output_weights"], n_outputs)


def training_plan(
    parameters: Mapping[str, Any], rows: Rows, *, total_weight: float, n_updates: int, seed: int
) -> TrainingPlan:
    """Put a plan together.

    Parameters
    ----------
    parameters : mapping
        The estimator's parameters.
    rows : Rows
        Scaled ones.
    total_weight : float
        Sum of the weights of all rows that the penalty stands against.
    n_updates : int
        Optimizer updates.
    seed : int
        Seeds the training.
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


def loss_of_the_mean(rows: Rows, output_weights: tuple[float, ...]) -> float:
    """Loss of the prediction that is the same for all rows: the weighted sum of the outputs' variances."""
    mean = np.average(rows.y, axis=0, weights=rows.weights)
    variance = np.average(np.square(rows.y - mean), axis=0, weights=rows.weights)
    return float(variance @ np.asarray(output_weights))


def _layer_sizes(hidden_layer_sizes: Any) -> tuple[int, ...]:
    sizes = list(hidden_layer_sizes) if np.ndim(hidden_layer_sizes) == 1 else []
    if not sizes or not all(is_whole(size) and size >= 1 for size in sizes):
        raise InvalidDataError(
            "hidden_layer_sizes must name at least one layer of at least one unit, in whole numbers, "
            f"got {hidden_layer_sizes!r}."
        )
    return tuple(int(size) for size in sizes)


def _rows_per_update(batch_size: int | str, n_rows: int) -> int:
    if isinstance(batch_size, str):
        return n_rows if n_rows <= FULL_BATCH_ROWS else MINI_BATCH_ROWS
    return min(int(batch_size), n_rows)


def _output_weights(output_weights: Any, n_outputs: int) -> tuple[float, ...]:
    if output_weights is None:
        return (1.0,) * n_outputs
    weights = np.asarray(output_weights, dtype=float)
    if weights.shape != (n_outputs,) or not np.all(np.isfinite(weights) & (weights > 0)):
        raise InvalidDataError(
            f"output_weights must be {n_outputs} finite number(s) above 0, one for each output, "
            f"got {output_weights!r}."
        )
    return tuple(weights.tolist())
