"""The paper's network in plain Keras, 9 → 20 → 20 → 2 with elu and 10 % dropout, and rows scaled for it."""

from typing import Any

import numpy as np
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from bnnopt._typing import FloatArray

__all__ = ["ALPHA", "UNITS", "Scalers", "paper_network"]

UNITS, DROPOUT = (20, 20), 0.1
ALPHA = 0.01  # of the L2 penalty, divided by the number of rows
STDS_PER_UNIT = 1.4


class Scalers:
    """Scale as `MCDropoutRegressor` does: inputs to mean 0, unit 1.4 standard deviations; outcomes to [0, 1].

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_inputs)
        Inputs of the training.
    y : ndarray of shape (n_rows, n_outputs)
        Outcomes of the training.
    """

    def __init__(self, X: FloatArray, y: FloatArray) -> None:
        self._inputs, self._outputs = StandardScaler().fit(X), MinMaxScaler().fit(y)

    def inputs(self, X: FloatArray) -> FloatArray:
        """Scale inputs, to float32."""
        return (self._inputs.transform(X) / STDS_PER_UNIT).astype(np.float32)

    def outputs(self, y: FloatArray) -> FloatArray:
        """Scale outcomes, to float32."""
        return np.asarray(self._outputs.transform(y), dtype=np.float32)

    def restored(self, mean: FloatArray, std: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return moments of scaled outcomes in the outcomes' own units."""
        return self._outputs.inverse_transform(mean), std / self._outputs.scale_


def paper_network(n_inputs: int, n_outputs: int, penalty: float = 0.0) -> Any:
    """Build the network.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Columns that go in and come out.
    penalty : float, default=0.0
        Factor of the sum of the squared weights in the loss.
    """
    import keras

    layers: list[Any] = [keras.Input((n_inputs,))]
    for n_units in UNITS:
        regularizer = keras.regularizers.L2(penalty)
        layers.append(keras.layers.Dense(n_units, activation="elu", kernel_regularizer=regularizer))
        layers.append(keras.layers.Dropout(DROPOUT))
    last = keras.layers.Dense(n_outputs, kernel_regularizer=keras.regularizers.L2(penalty))
    return keras.Sequential([*layers, last])
