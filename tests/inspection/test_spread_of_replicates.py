import numpy as np
import pandas as pd
import pytest

from bnnopt import BayesianOptimizer, Minimize, Real, SearchSpace
from bnnopt.exceptions import InvalidDataError
from bnnopt.inspection import TableModel, replicate_spread


class Known:
    """Predicts 2 a, with a standard deviation of 3 for observations and of 1 for the function."""

    def predict(self, X, return_std=False, noise=True):
        mean = 2 * X["a"].to_numpy(float)
        return mean, np.full(len(mean), 3.0 if noise else 1.0)


SPACE = SearchSpace([Real("a", 0, 10), Real("b", 0, 10)])
ROWS = pd.DataFrame(
    {"a": [1, 1, 2, 3, 3, 3], "b": [1, 1, 1, 2, 2, 2], "y": [2.0, 4.0, 9.0, 5.0, 6.0, np.nan]}
)


def test_the_noise_of_repeats_is_pooled_and_stands_beside_the_model():
    found = replicate_spread(TableModel(Known(), SPACE, "y"), ROWS)
    row = found.summary.iloc[0]
    assert row["degrees_of_freedom"] == 2
    assert row["std"] == pytest.approx(np.sqrt((2 + 0.5) / 2))
    assert (row["model_std"], row["function_std"]) == (3, 1)
    assert row["ratio"] == pytest.approx(3 / row["std"])
    # chi-squared with 2 degrees of freedom: 7.378 and 0.0506
    assert row["std_lower"] == pytest.approx(row["std"] * np.sqrt(2 / 7.378), rel=1e-3)
    assert row["std_upper"] == pytest.approx(row["std"] * np.sqrt(2 / 0.05064), rel=1e-3)
    assert found.groups[["a", "b", "n", "mean", "model_mean"]].to_numpy().tolist() == [
        [1, 1, 2, 3, 2],
        [3, 2, 2, 5.5, 6],
    ]
    assert found.values["value"].tolist() == [2, 4, 5, 6]


def test_an_optimizer_knows_its_rows():
    optimizer = BayesianOptimizer(SPACE, Minimize("y"), surrogate="gaussian_process", random_state=0)
    rng = np.random.default_rng(0)
    rows = SPACE.sample(12, random_state=0)
    rows = pd.concat([rows, rows], ignore_index=True)
    outcomes = rows["a"] + rng.normal(0, 0.5, 24)
    outcomes[3] = np.nan
    optimizer.tell(rows, outcomes)
    found = replicate_spread(optimizer)
    assert found.summary["degrees_of_freedom"].tolist() == [11]
    assert found.summary["std"].iloc[0] == pytest.approx(0.5, rel=0.5)


def test_without_repeats_or_data_there_is_nothing_to_compare():
    with pytest.raises(InvalidDataError, match="No settings are repeated in the 2 row"):
        replicate_spread(TableModel(Known(), SPACE, "y"), ROWS.iloc[1:3])
    with pytest.raises(InvalidDataError, match="a table of experiments was expected"):
        replicate_spread(TableModel(Known(), SPACE, "y"))
    with pytest.raises(InvalidDataError, match="missing column"):
        replicate_spread(TableModel(Known(), SPACE, "y"), ROWS[["a", "y"]])
