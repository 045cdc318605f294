"""What trains networks and passes rows through them: TensorFlow, or NumPy for a short trial on few rows."""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from bnnopt._typing import FloatArray
from bnnopt.surrogates._dropout._networks import Networks, Training

__all__ = ["FEW_ROWS", "TENSORFLOW", "Engine", "check_installed"]

NEEDED = ("tensorflow", "keras", "scikeras")


@dataclass(frozen=True)
class Engine:
    """Modules that know how, loaded when they are needed.

    Attributes
    ----------
    training, passes : str
        Files of this room, of which one has `train_networks`, the other `propagate` and `propagate_moments`.
    """

    training: str
    passes: str

    def train(self, *arrays: Any, **options: Any) -> Training:
        """Train networks; see `_training.train_networks`."""
        training: Training = _file(self.training).train_networks(*arrays, **options)
        return training

    def propagate(self, X: FloatArray, networks: Networks, masks: list[FloatArray]) -> FloatArray:
        """Evaluate every thinned network at every row, (n_rows, n_networks, n_masks, n_outputs)."""
        values: FloatArray = _file(self.passes).propagate(X, networks, masks)
        return values

    def moments(
        self, X: FloatArray, networks: Networks, masks: list[FloatArray]
    ) -> tuple[FloatArray, FloatArray]:
        """Mean and variance over networks and masks at every row, each of shape (n_rows, n_outputs)."""
        mean, variance = _file(self.passes).propagate_moments(X, networks, masks)
        return mean, variance


def _file(name: str) -> Any:
    return import_module(f"bnnopt.surrogates._dropout.{name}")


def check_installed() -> None:
    """Raise `MissingDependencyError` where what trains networks is not installed, without loading it."""
    try:
        missing = [name for name in NEEDED if find_spec(name) is None]
    except (ImportError, ValueError) as error:  # a package that is kept from being found
        missing = [str(error)]
    if missing:
        _file("_tensorflow")  # says what is missing, and the remedy


TENSORFLOW = Engine("_training", "_propagation")
FEW_ROWS = Engine("_few_rows", "_few_rows")
