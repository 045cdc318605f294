import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _close_figures():
    import matplotlib.pyplot as plt

    before = dict(plt.rcParams)
    yield
    plt.close("all")
    assert dict(plt.rcParams) == before


@pytest.fixture
def ax():
    import matplotlib.pyplot as plt

    return plt.subplots()[1]


class PlaneRegressor:
    """Outputs known by hand: 10 a + b with std 2, and a - b with std 3, of the first two features a, b."""

    def __init__(self, n_outputs=2):
        self.n_outputs, self.seen = n_outputs, []

    def predict(self, X, return_std=False):
        self.seen.append(X)
        a, b = np.asarray(X, dtype=float)[:, :2].T
        mean, std = np.column_stack([10 * a + b, a - b]), np.tile([2.0, 3.0], (len(a), 1))
        return (mean, std) if self.n_outputs == 2 else (mean[:, 0], std[:, 0])


@pytest.fixture
def plane():
    return PlaneRegressor()


@pytest.fixture
def line():
    return PlaneRegressor(n_outputs=1)
