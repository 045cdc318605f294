"""The table that `ask` returns, its determinism, and arguments that are refused."""

import numpy as np
import pandas as pd
import pytest

from bnnopt import (
    BayesianOptimizer,
    Categorical,
    Context,
    Integer,
    Maximize,
    Minimize,
    OutcomeConstraint,
    Real,
    SearchSpace,
)
from bnnopt.exceptions import InvalidDataError

MIXED = SearchSpace(
    [Integer("n", 1, 50), Categorical("solvent", ["ODE", "OLA"]), Real("x", 0, 1), Context("T")]
)
OBJECTIVES = [OutcomeConstraint("peak", lower=0), Minimize("y"), OutcomeConstraint("y", upper=100)]
COLUMNS = ["n", "solvent", "x", "T", "y_mean", "y_std", "peak_mean", "peak_std", "score"]


def outcomes(rows):
    return {"y": rows["n"] + rows["x"], "peak": rows["x"]}


def played(make_optimizer, sizes=(5, 3), **options):
    optimizer = make_optimizer(MIXED, OBJECTIVES, **options)
    for size in sizes:
        rows = optimizer.ask(size, context={"T": 20.0})
        optimizer.tell(rows, outcomes(rows))
    return optimizer


@pytest.mark.parametrize("sizes", [(), (5, 3)], ids=["design", "model"])
def test_columns_and_types(sizes, make_optimizer):
    optimizer = played(make_optimizer, sizes)
    batch = optimizer.ask(3, context={"T": 25.5})
    assert optimizer.outputs == ("y", "peak")
    assert list(batch.columns) == [*COLUMNS, "reason"]
    assert list(batch.index) == [0, 1, 2]
    assert batch["n"].dtype == np.int64
    assert (batch.dtypes[["x", "T", *COLUMNS[4:]]] == np.float64).all()
    assert batch["solvent"].isin(["ODE", "OLA"]).all()
    assert optimizer.data["n"].dtype == np.int64 or not sizes
    assert batch[COLUMNS[4:]].isna().all(axis=None) == (not sizes)
    assert set(batch["reason"]) == {"the highest score" if sizes else "the first design"}


def test_the_first_design_is_followed_by_the_model(make_optimizer):
    optimizer = make_optimizer(n_initial=4)
    first = optimizer.ask(3)
    optimizer.tell(first, first["x"])
    assert optimizer.ask()["score"].isna().all()  # the fourth row of the design
    assert optimizer.ask()["score"].notna().all()


def test_rows_told_from_elsewhere_count_as_first_design(make_optimizer):
    optimizer = make_optimizer()
    optimizer.tell(np.linspace(0, 1, 5), np.linspace(0, 1, 5))
    assert optimizer.ask()["score"].notna().all()


@pytest.mark.parametrize(("n_settings", "n_initial"), [(1, 5), (4, 5), (7, 8)])
def test_the_default_first_design_has_one_row_more_than_settings(n_settings, n_initial, make_optimizer):
    space = SearchSpace([Real(f"x{i}", 0, 1) for i in range(n_settings)])
    assert make_optimizer(space).n_initial == n_initial


def test_the_same_seed_and_rows_give_the_same_rows(make_optimizer):
    first, second = (played(make_optimizer).ask(3, context={"T": 20}) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)


@pytest.mark.parametrize("sizes", [(3,), (5, 3)], ids=["design", "model"])
def test_a_new_optimizer_told_the_same_rows_goes_on_alike(sizes, make_optimizer):
    veteran = played(make_optimizer, sizes)
    newcomer = make_optimizer(MIXED, OBJECTIVES)
    newcomer.tell(veteran.data, veteran.data)
    pd.testing.assert_frame_equal(veteran.ask(2, context={"T": 20}), newcomer.ask(2, context={"T": 20}))
    pd.testing.assert_frame_equal(veteran.ask(2, context={"T": 20}), newcomer.ask(2, context={"T": 20}))


def test_another_seed_gives_other_rows(make_optimizer):
    asked = [make_optimizer(random_state=seed).ask(4)["x"].tolist() for seed in (0, 1, None, None)]
    assert len({tuple(rows) for rows in asked}) == 4


@pytest.mark.parametrize("seed", [0, None])
def test_the_global_random_state_is_neither_read_nor_changed(seed, make_optimizer):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    played(make_optimizer, random_state=seed).ask(2, context={"T": 20})
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("n", [0, -1, 1.5, float("nan"), float("inf"), "two", None])
def test_the_number_of_rows_must_be_whole_and_positive(n, make_optimizer):
    with pytest.raises(InvalidDataError, match="n must be a whole number of at least 1"):
        make_optimizer().ask(n)


@pytest.mark.parametrize("name", ["n_candidates", "n_draws", "n_initial"])
@pytest.mark.parametrize("value", [1, 0, 2.5, "many"])
def test_counts_must_be_at_least_two(name, value, make_optimizer):
    with pytest.raises(InvalidDataError, match=f"{name} must be a whole number of at least 2"):
        make_optimizer(**{name: value})


def test_the_smallest_counts_work(make_optimizer):
    optimizer = make_optimizer(n_candidates=2, n_draws=2, n_initial=2)
    for _ in range(5):
        rows = optimizer.ask()
        optimizer.tell(rows, rows["x"])
    assert optimizer.summary()["n_measured"] == 5


@pytest.mark.parametrize(
    ("objectives", "message"),
    [
        ([], "at least one objective.*got none"),
        ([OutcomeConstraint("y", lower=1)], "at least one objective.*got none"),
        ("y", "Expected a list of Minimize.*'y'"),
        (["y"], "Expected a list of Minimize.*'y'"),
        ([Minimize("y"), Minimize("y")], r"objectives: minimize 'y' occurs twice"),
        ([Minimize("x")], r"\['x'\] are both settings and outcomes"),
        ([Minimize("is_failed")], r"\['is_failed'\] are columns that the optimizer adds"),
        ([Minimize("score")], r"\['score'\] are columns that the optimizer adds"),
        ([Minimize("reason")], r"\['reason'\] are columns that the optimizer adds"),
        ([Minimize("row")], r"\['row'\] are columns that the optimizer adds"),
        ([Minimize("y"), Maximize("y_upper")], r"\['y_upper'\] are columns that the optimizer adds"),
    ],
)
def test_objectives_that_cannot_be_used_are_refused(objectives, message):
    with pytest.raises(InvalidDataError, match=message):
        BayesianOptimizer(SearchSpace([Real("x", 0, 1)]), objectives)


@pytest.mark.parametrize("name", ["score", "y_mean", "y_std", "is_failed", "row", "goal"])
def test_settings_named_like_added_columns_are_refused(name, make_optimizer):
    with pytest.raises(InvalidDataError, match=rf"\['{name}'\] are columns that the optimizer adds"):
        make_optimizer(SearchSpace([Real(name, 0, 1)]))
