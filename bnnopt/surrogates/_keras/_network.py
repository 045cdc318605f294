"""A user's network: trained through scikeras, drawn from under masks, stored as arrays.

Keras trains it, with rows shuffled without global random numbers.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from bnnopt._typing import FloatArray
from bnnopt.surrogates._dropout._tensorflow import KerasRegressor, check_process, keras, tf
from bnnopt.surrogates._keras._build import build_checked, dropout_network
from bnnopt.surrogates._keras._masks import ThinnedNetwork
from bnnopt.surrogates._rows import Rows

__all__ = ["UserNetwork"]

DEFAULT_LEARNING_RATE = 0.01
DECIDED_BY_THE_ESTIMATOR = ("shuffle", "validation_split", "validation_data")
MOST_STEPS_IN_A_CALL = 256


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
        check_process()
        return self.thinned.outputs(X, self.thinned.draw_masks(n_draws, rng), n_draws)

    def _present_trainee(self) -> "Trainee":
        """Return the network and what trains it, built when it is first asked for."""
        check_process()
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

    def _built(self, build: Callable[..., Any], arguments: dict[str, Any]) -> "Trainee":
        network = build_checked(build, arguments, self._n_features, self._n_outputs, self._seed)
        _assign(network.variables, self._stored.get("network"))
        n_epochs_done = self._stored.get("n_epochs_done", 0)
        return Trainee(network, self._seed, n_epochs_done, self._stored.get("optimizer"))

    def __getstate__(self) -> dict[str, Any]:
        """Return arrays in the place of what Keras holds."""
        state = self.__dict__ | {"_trainee": None, "_thinned": None}
        if self._trainee is not None:
            state["_stored"] = {
                "network": [variable.numpy() for variable in self._trainee.network.variables],
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


class Trainee:
    """Stands between scikeras and a Keras network, with the part of `keras.Model` that scikeras calls.

    Keras shuffles rows with TensorFlow's global generator. Here the order hangs on the seed and the number of
    the epoch only.

    Parameters
    ----------
    network : keras.Model
        The network that is trained.
    seed : int
        Of the order of the rows.
    n_epochs_done : int, default=0
        Epochs of earlier fits, for other orders than theirs.
    optimizer_state : list of ndarray, optional
        Variables of the optimizer, to go on from.

    Attributes
    ----------
    validation_data : tuple of arrays or None
        Rows, targets and weights for the validation of Keras in the next fit.
    """

    def __init__(
        self,
        network: Any,
        seed: int,
        n_epochs_done: int = 0,
        optimizer_state: list[FloatArray] | None = None,
    ) -> None:
        self.network = network
        self.seed = seed
        self.n_epochs_done = n_epochs_done
        self.optimizer_state = optimizer_state
        self.validation_data: tuple[FloatArray, ...] | None = None
        self._groups_steps = False

    @property
    def compiled(self) -> bool:
        return bool(self.network.compiled)

    @property
    def loss(self) -> Any:
        return getattr(self.network, "loss", None)

    @property
    def optimizer(self) -> Any:
        return getattr(self.network, "optimizer", None)

    @property
    def outputs(self) -> Any:
        return self.network.outputs

    def compile(self, *, loss: Any = None, **options: Any) -> None:
        """Compile the network; without a loss, for the mean squared error."""
        self._groups_steps = not {"steps_per_execution", "run_eagerly"} & {k for k, v in options.items() if v}
        self.network.compile(loss="mean_squared_error" if loss is None else loss, **options)

    def fit(
        self, x: FloatArray, y: FloatArray, sample_weight: FloatArray | None, batch_size: int, **options: Any
    ) -> Any:
        """Train on the rows in a new order at each epoch, and return the history of Keras."""
        self._prepare_optimizer()
        size = min(batch_size, len(x))
        n_steps = -(-len(x) // size)
        if self._groups_steps:
            self._group_steps(1 if options.get("callbacks") else n_steps)
        parts = (x, y) if sample_weight is None else (x, y, sample_weight)
        for name in DECIDED_BY_THE_ESTIMATOR:
            options.pop(name, None)
        history = self.network.fit(
            _reshuffled(parts, size, self.seed, self.n_epochs_done),
            steps_per_epoch=n_steps,
            validation_data=self.validation_data,
            shuffle=False,
            **options,
        )
        self.n_epochs_done += len(history.epoch)
        return history

    def optimizer_values(self) -> list[FloatArray] | None:
        """Variables of the optimizer as arrays, None if there is nothing to go on from."""
        if self.optimizer_state is not None or not self.n_epochs_done:
            return self.optimizer_state
        return [variable.numpy() for variable in self.optimizer.variables]

    def _prepare_optimizer(self) -> None:
        """Make the optimizer's variables before the graph is traced: else Keras would trace it twice."""
        self.optimizer.build(self.network.trainable_variables)
        if self.optimizer_state is not None:
            for variable, value in zip(self.optimizer.variables, self.optimizer_state, strict=True):
                variable.assign(value)
        self.optimizer_state = None

    def _group_steps(self, n_steps: int) -> None:
        """Make Keras take many steps of an epoch in one call of the graph, which is several times faster."""
        size = max(size for size in range(1, MOST_STEPS_IN_A_CALL + 1) if n_steps % size == 0)
        if self.network.steps_per_execution != size:
            self.network.steps_per_execution = size
            self.network.make_train_function(force=True)


def _reshuffled(parts: tuple[FloatArray, ...], batch_size: int, seed: int, first_epoch: int) -> Any:
    """Batches without end: epoch after epoch, each with all rows in an order of its own."""
    tensors = tuple(tf.constant(part, tf.float32) for part in parts)
    numbers = tf.range(len(parts[0]))

    def batches(epoch: Any) -> Any:
        epoch_seed = tf.stack([tf.constant(seed, tf.int64), epoch])
        order = tf.random.experimental.stateless_shuffle(numbers, seed=epoch_seed)
        return tf.data.Dataset.from_tensor_slices(order).batch(batch_size)

    epochs = tf.data.Dataset.range(first_epoch, 2**62).flat_map(batches)
    return epochs.map(lambda chosen: tuple(tf.gather(tensor, chosen) for tensor in tensors))
