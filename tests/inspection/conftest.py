import numpy as np
import pytest

from bnnopt.inspection import TableModel
from bnnopt.space import Categorical, Integer, Real, SearchSpace


class LinearTable:
    """Two outcomes that are linear in the settings, with slopes known but for a normal error of each draw."""

    def __init__(self, slopes, error=0.0):
        self.slopes, self.error = slopes, error

    def _inputs(self, X):
        solvent = (X["solvent"] == "THF").to_numpy(float) if "solvent" in X else np.zeros(len(X))
        return np.column_stack([*(X[name].to_numpy(float) for name in X if name != "solvent"), solvent])

    def predict(self, X, return_std=False):
        mean = self._inputs(X) @ np.array(self.slopes).T
        return (mean, self.error * np.ones_like(mean)) if return_std else mean

    def sample_y(self, X, n_samples=1, random_state=0):
        rng = np.random.default_rng(random_state)
        shift = self.error * rng.standard_normal((*np.shape(self.slopes), n_samples))
        return np.einsum("np,ops->nos", self._inputs(X), np.array(self.slopes)[..., None] + shift)


@pytest.fixture
def recipe():
    return {"lead": 10.0, "heat": 100.0, "n": 3, "solvent": "toluene"}


@pytest.fixture
def make_model():
    """Make a model of peak and width over lead, heat, a number of drops and a solvent."""

    def make(error=0.0, constraints=(), objectives=(), lead=None):
        space = SearchSpace(
            [
                lead or Real("lead", 0, 20, unit="mL"),
                Real("heat", 50, 150, unit="°C"),
                Integer("n", 1, 5),
                Categorical("solvent", ["toluene", "THF"]),
            ],
            constraints,
        )
        slopes = [[20.0, 4.0, 0.0, 50.0], [-1.0, 0.1, 2.0, -3.0]]
        units = {"peak": "nm", "width": "meV"}
        return TableModel(LinearTable(slopes, error), space, ["peak", "width"], units, objectives)

    return make
