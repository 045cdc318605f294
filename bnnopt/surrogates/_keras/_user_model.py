"""A user's network: built and trained through scikeras, drawn from under masks, stored as arrays."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from bnnopt._typing import FloatArray
from bnnopt.surrogates._dropout._tensorflow import KerasRegressor, keras
from bnnopt.surrogates._keras._user_build import build_checked, dropout_network
from bnnopt.surrogates._keras._user_masks import ThinnedNetwork
from bnnopt.surrogates._keras._user_trainee import Trainee
from bnnopt.surrogates._rows import Rows

__all__ = ["UserNetwork"]

DEFAULT_LEARNING_RATE = 0.01


class UserNetwork:
    """A network of the user's making, and what is needed to build it again.

    A stored network holds its weights and the optimizer's as arrays, and its build function by name; it is
    built again when it is first used.

    Parameters
    ----------
    build : callable or None
        Build function in the sense of scikeras; None for `dropout_network`.
    settings : dict
        Parameters of `scikeras.wrappers.KerasRegressor` for building and compiling, routed ones included.
    n_features, n_outputs : int
        Columns that go in and come out.
    seed : int
        Seeds first weights, dropout in training and the order of the rows.

    Attributes
    ----------
    history : dict of str to list of float
        Loss and metrics of each epoch.
    """

    def __init__(
        self,
        build: Callable[..., Any] | None,
        settings: dict[str, Any],
        n_features: int,
        n_outputs: int,
        seed: int,
    ) -> None:
        self._build = build
        self._settings = settings
        self._n_features, self._n_outputs = n_features, n_outputs
        self._seed = seed
        self._trainee: Trainee | None = None
        self._thinned: ThinnedNetwork | None = None
        self._stored: dict[str, Any] = {}
        self.history: dict[str, list[float]] = {}

    @property
    def network(self) -> Any:
        """The network as a `keras.Model`."""
        return self._present_trainee().network

    @property
    def thinned(self) -> ThinnedNetwork:
        """The network under masks."""
        if self._thinned is None:
            self._thinned = ThinnedNetwork(self.network)
        return self._thinned

    def train(
        self,
        rows: Rows,
        validation: Rows | None,
        options: dict[str, Any],
        *,
        epochs: int,
        is_partial: bool = False,
    ) -> None:
        """Train on from the present weights, of which the first call makes the first.

        Parameters
        ----------
        rows : Rows
            Scaled inputs and outputs.
        validation : Rows or None
            Rows for the validation of Keras.
        options : dict
            Parameters of `KerasRegressor` for training: batch_size, callbacks, verbose.
        epochs : int
            Passes over the rows.
        is_partial : bool, default=False
            Whether the epochs are counted on from those of the call before.
        """
        X, y, weights = _as_keras_takes_it(rows)
        self._present_trainee().validation_data = None if validation is None else _in_single(validation)
        regressor = self._regressor(options)
        before = self.history if is_partial else {}
        n_before = len(before.get("loss", []))
        regressor.fit(X, y, sample_weight=weights, epochs=epochs, initial_epoch=n_before)
        self.history = {name: before.get(name, []) + values for name, values in regressor.history_.items()}
        for callback in keras.tree.flatten([options.get("callbacks"), options.get("fit__callbacks")]):
            if isinstance(callback, keras.callbacks.Callback):
                callback.set_model(None)  # a callback that held the network could not be copied or stored

    def check_dropout(self) -> None:
        """Raise `ValueError` if no mask stands anywhere in the network."""
        if not self.thinned.n_places:
            raise ValueError(
                "The network has no dropout layer with a rate above 0: all its draws are equal and the "
                "standard deviation knows only the noise. Add keras.layers.Dropout to it, or pass "
                "require_dropout=False."
            )

    def outputs(self, X: FloatArray, n_draws: int, rng: np.random.Generator) -> FloatArray:
        """Draw functions and evaluate them at scaled rows: (n_draws, n_rows, n_outputs), scaled."""
        return self.thinned.outputs(X, self.thinned.draw_masks(n_draws, rng), n_draws)

    def _present_trainee(self) -> Trainee:
        """Return the network and what trains it, built when it is first asked for."""
        if self._trainee is None:
            rows = np.zeros((2, self._n_features), np.float32)
            targets = np.repeat(np.array([[0.0], [0.5]], np.float32), self._n_outputs, axis=1)
            self._trainee = self._regressor({}).initialize(rows, targets).model_
        return self._trainee

    def _regressor(self, options: dict[str, Any]) -> KerasRegressor:
        """Make the scikeras estimator, whose build function builds the network or returns the present one."""
        build = dropout_network if self._build is None else self._build

        @functools.wraps(build)
        def trainee(**arguments: Any) -> Trainee:
            return self._built(build, arguments) if self._trainee is None else self._trainee

        return KerasRegressor(model=trainee, **(_with_own_optimizer(self._settings) | options))

    def _built(self, build: Callable[..., Any], arguments: dict[str, Any]) -> Trainee:
        network = build_checked(build, arguments, self._n_features, self._n_outputs, self._seed)
        _assign(network.variables, self._stored.get("network"))
        n_epochs_done = self._stored.get("n_epochs_done", 0)
        return Trainee(network, self._seed, n_epochs_done, self._stored.get("optimizer"))

    def __getstate__(self) -> dict[str, Any]:
        """Return arrays in the place of what Keras holds."""
        state = self.__dict__ | {"_trainee": None, "_thinned": None}
        if self._trainee is not None:
            state["_stored"] = {
                "network": [variable.numpy() for variable in self.network.variables],
                "optimizer": self._trainee.optimizer_values(),
                "n_epochs_done": self._trainee.n_epochs_done,
            }
        return state


def _in_single(rows: Rows) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return rows, targets and weights in single precision."""
    X, y, weights = (part.astype(np.float32) for part in (rows.X, rows.y, rows.weights))
    return X, y, weights


def _as_keras_takes_it(rows: Rows) -> tuple[FloatArray, FloatArray, FloatArray | None]:
    """Return rows, targets and weights of mean 1, or None for equal weights, in single precision."""
    X, y, weights = (part.astype(np.float32) for part in (rows.X, rows.y, rows.weights / rows.weights.mean()))
    return X, y, None if np.all(rows.weights == rows.weights[0]) else weights


def _with_own_optimizer(settings: dict[str, Any]) -> dict[str, Any]:
    """Put the default or a copy in the place of the optimizer, which remembers what it has trained."""
    optimizer = settings["optimizer"]
    if optimizer is None:
        return {"optimizer__learning_rate": DEFAULT_LEARNING_RATE} | settings | {"optimizer": "adam"}
    if isinstance(optimizer, keras.optimizers.Optimizer):
        return settings | {"optimizer": type(optimizer).from_config(optimizer.get_config())}
    return settings


def _assign(variables: list[Any], values: list[FloatArray] | None) -> None:
    if values is None:
        return
    if [tuple(variable.shape) for variable in variables] != [value.shape for value in values]:
        raise ValueError(
            "The build function gives a network of other shapes than the one that was stored. Load the model "
            "where the function is the one that it was fitted with."
        )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
