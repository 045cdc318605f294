"""What scikeras trains: a Keras network whose rows are shuffled without global random numbers."""

from typing import Any

from bnnopt._typing import FloatArray
from bnnopt.surrogates._dropout._tensorflow import tf

__all__ = ["Trainee"]

DECIDED_BY_THE_ESTIMATOR = ("shuffle", "validation_split", "validation_data")
MOST_STEPS_IN_A_CALL = 256


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
