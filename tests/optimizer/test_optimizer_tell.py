"""What `tell` takes and refuses; failed, repeated and odd rows do no harm."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnnopt import (
    BayesianOptimizer,
    Categorical,
    Context,
    Integer,
    Minimize,
    OutcomeConstraint,
    Real,
    SearchSpace,
)
from bnnopt.exceptions import InvalidDataError

SPACE = SearchSpace(
    [
        Real("x", 0.1, 10, scale="log"),
        Integer("n", 1, 9),
        Categorical("solvent", ["ODE", "OLA"]),
        Context("T"),
    ]
)
OBJECTIVES = [Minimize("y"), OutcomeConstraint("peak", lower=1)]
ROWS = pd.DataFrame({"x": [0.5, 2.0], "n": [1, 3], "solvent": ["ODE", "OLA"], "T": [20.0, 25.5]})
OUTCOMES = pd.DataFrame({"peak": [900.0, 950.0], "y": [0.2, 0.1]})
LABELLED = ROWS.set_axis(["run 7", "run 8"])


@pytest.mark.parametrize(
    "X",
    [
        ROWS,
        LABELLED,
        ROWS[["T", "solvent", "n", "x"]].assign(note="ignored"),
        ROWS.to_numpy(dtype=object),
        ROWS.to_numpy(dtype=object).tolist(),
        ROWS.to_dict("list"),
    ],
    ids=["frame", "labelled frame", "columns in another order", "array", "lists", "dict"],
)
@pytest.mark.parametrize(
    "y",
    [
        OUTCOMES,
        OUTCOMES.set_axis([5, 5]),
        OUTCOMES[["y", "peak"]].to_numpy(),
        OUTCOMES[["y", "peak"]].to_numpy().tolist(),
        OUTCOMES.to_dict("list"),
        dict(OUTCOMES),
    ],
    ids=["frame", "other index", "array", "lists", "dict", "dict of series"],
)
def test_all_forms_are_stored_alike(X, y, make_optimizer):
    optimizer = make_optimizer(SPACE, OBJECTIVES)
    optimizer.tell(X, y)
    expected = ROWS.assign(y=OUTCOMES["y"], peak=OUTCOMES["peak"], is_failed=False)
    pd.testing.assert_frame_equal(optimizer.data, expected, check_dtype=False)
    assert optimizer.data["n"].dtype == np.int64
    assert optimizer.data["x"].dtype == np.float64


@pytest.mark.parametrize(
    ("X", "y"),
    [
        (pd.Series([0.1, 0.2]), pd.Series([1.0, 2.0], index=[8, 9], name="loss")),
        ([0.1, 0.2], [1, 2]),
        (np.array([0.1, 0.2]), np.array([[1.0], [2.0]])),
        ([["0.1"], ["0.2"]], ["1", "2"]),
    ],
    ids=["series", "lists", "arrays", "numbers as text"],
)
def test_forms_of_one_setting_and_one_outcome(X, y, make_optimizer):
    optimizer = make_optimizer()
    optimizer.tell(X, y)
    assert optimizer.data[["x", "y"]].to_numpy(dtype=float).tolist() == [[0.1, 1.0], [0.2, 2.0]]
    assert optimizer.data["x"].dtype == np.float64


def test_one_row_may_come_as_names_and_values(make_optimizer):
    optimizer = make_optimizer(SPACE, OBJECTIVES)
    optimizer.tell(ROWS.iloc[0].to_dict(), {"peak": 900.0, "y": 0.2})
    optimizer.tell(ROWS.iloc[1], pd.Series({"peak": 950.0, "y": 0.1}))
    assert optimizer.data["peak"].tolist() == [900.0, 950.0]
    assert optimizer.data["solvent"].tolist() == ["ODE", "OLA"]


def changed(column, value):
    return LABELLED.astype({column: object}).assign(**{column: [LABELLED[column].iloc[0], value]})


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (LABELLED.drop(columns="n"), OUTCOMES, r"missing column\(s\) \['n'\]"),
        (LABELLED.drop(columns="T"), OUTCOMES, r"missing column\(s\) \['T'\]"),
        (changed("x", "much"), OUTCOMES, "column 'x' has text.*'run 8'.*'much'"),
        (changed("x", np.nan), OUTCOMES, "column 'x' has an empty cell.*'run 8'"),
        (changed("x", np.inf), OUTCOMES, "column 'x' has an infinite value.*'run 8'"),
        (changed("x", -1.0), OUTCOMES, "column 'x' has a value that is not positive.*'run 8'"),
        (changed("n", 2.5), OUTCOMES, "column 'n' has a number that is not whole.*'run 8'"),
        (changed("solvent", "water"), OUTCOMES, "column 'solvent' has a level.*'run 8'.*'water'"),
        (changed("solvent", None), OUTCOMES, "column 'solvent' has an empty cell.*'run 8'"),
        (changed("T", "warm"), OUTCOMES, "column 'T' has text.*'run 8'"),
        (ROWS.to_numpy(dtype=object)[:, :3], OUTCOMES, r"columns \['x', 'n', 'solvent', 'T'\].*\(2, 3\)"),
        (ROWS, OUTCOMES[["y"]], r"outcomes: missing column\(s\) \['peak'\]"),
        (ROWS, OUTCOMES.assign(peak=["sharp", 1]), "outcomes: column 'peak' has text.*row.* 0"),
        (ROWS, OUTCOMES.assign(y=[1.0, -np.inf]), "outcomes: column 'y' has an infinite value.*row.* 1"),
        (ROWS, OUTCOMES.iloc[:1], r"each of the 2 row\(s\) of settings, got 1"),
        (ROWS, [[1.0], [2.0]], r"columns \['y', 'peak'\].*\(2, 1\)"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_stored(X, y, message, make_optimizer):
    optimizer = make_optimizer(SPACE, OBJECTIVES)
    optimizer.ask(2, context={"T": 20})
    optimizer.tell(ROWS, OUTCOMES)
    data, pending = optimizer.data, optimizer.pending
    with pytest.raises(InvalidDataError, match=message):
        optimizer.tell(X, y)
    pd.testing.assert_frame_equal(optimizer.data, data)
    pd.testing.assert_frame_equal(optimizer.pending, pending)


def test_tables_given_are_left_as_they_are(make_optimizer):
    X, y = LABELLED.copy(), OUTCOMES.copy()
    make_optimizer(SPACE, OBJECTIVES).tell(X, y)
    pd.testing.assert_frame_equal(X, LABELLED)
    pd.testing.assert_frame_equal(y, OUTCOMES)


def predictions(optimizer):
    candidates = pd.DataFrame({"x": [0.15, 0.55, 0.95]})
    asked = optimizer.ask(3, candidates=candidates).sort_values("x")
    return asked[[name for name in asked if name.endswith(("_mean", "_std"))]].to_numpy()


def test_a_failed_row_is_kept_counted_and_left_out_of_the_regression(make_told):
    def outcome(rows):
        return {"y": rows["x"] ** 2, "peak": rows["x"]}

    objectives = [Minimize("y"), OutcomeConstraint("peak", lower=0)]
    honest, lied_to = (make_told(objectives=objectives, n=8, outcome=outcome) for _ in range(2))
    lied_to.tell([[0.5], [0.7]], {"y": [1e9, np.nan], "peak": [np.nan, -1e9]})
    np.testing.assert_array_equal(predictions(honest), predictions(lied_to))
    assert lied_to.summary() == {
        "n_told": 10,
        "n_measured": 8,
        "n_failed": 2,
        "n_repeated": 0,
        "n_pending": 3,
    }
    assert lied_to.data["is_failed"].tolist() == [False] * 8 + [True] * 2
    assert lied_to.data["y"].iloc[8] == 1e9
    assert lied_to.best()["y"] < 1


def test_a_failed_row_is_not_proposed_again(make_optimizer):
    optimizer = make_optimizer(SearchSpace([Integer("i", 0, 4)]), n_initial=2)
    optimizer.tell([0, 1, 2, 3], [0.0, 1.0, np.nan, None])
    assert optimizer.ask()["i"].tolist() == [4]


@pytest.mark.parametrize("n_measured", [0, 1])
def test_with_fewer_than_two_measured_rows_the_design_goes_on(n_measured, make_optimizer):
    optimizer = make_optimizer()
    rows = optimizer.ask(7)
    optimizer.tell(rows, [1.0] * n_measured + [np.nan] * (7 - n_measured))
    batch = optimizer.ask(3)
    assert len(batch) == 3
    assert batch[["y_mean", "y_std", "score"]].isna().all(axis=None)
    assert not set(batch["x"]) & set(rows["x"])


@pytest.mark.parametrize("surrogate", ["gaussian_process", None])
def test_a_constant_outcome_is_predicted_as_it_is(surrogate, make_told):
    options = {"surrogate": surrogate} if surrogate else {}
    batch = make_told(n=6, outcome=lambda rows: np.full(len(rows), 7.0), **options).ask(2)
    assert len(batch) == 2
    np.testing.assert_allclose(batch["y_mean"], 7.0)


def test_the_same_row_many_times_is_welcome(make_optimizer):
    optimizer = make_optimizer()
    optimizer.tell(np.full(6, 0.5), [1.0, 2.0, 3.0, 1.0, 2.0, 3.0])
    assert optimizer.summary()["n_repeated"] == 5
    assert len(optimizer.ask(2)) == 2


def test_rows_out_of_bounds_are_welcome_and_learned_from(make_optimizer):
    optimizer = make_optimizer()
    x = np.array([-2.0, -1.0, 2.0, 3.0, 4.0, 5.0])
    optimizer.tell(x, 10 * x)
    batch = optimizer.ask(candidates=pd.DataFrame({"x": [0.5]}))
    assert batch["y_mean"].iloc[0] == pytest.approx(5.0, abs=0.05)
    assert optimizer.ask(3)["x"].between(0, 1).all()


@given(
    x=st.lists(st.floats(-10, 10), min_size=1, max_size=6),
    failed=st.lists(st.booleans(), min_size=6, max_size=6),
)
@settings(max_examples=30, deadline=None)
def test_every_row_is_kept_and_counted(x, failed, make_optimizer):
    optimizer = make_optimizer()
    y = np.where(failed[: len(x)], np.nan, 1.0)
    for position in range(len(x)):
        optimizer.tell(x[position : position + 1], y[position : position + 1])
    summary = optimizer.summary()
    np.testing.assert_array_equal(optimizer.data["x"], x)
    assert summary["n_told"] == len(x) == summary["n_measured"] + summary["n_failed"]
    assert summary["n_failed"] == sum(failed[: len(x)])


def test_an_outcome_column_that_occurs_twice_is_refused():
    optimizer = BayesianOptimizer(SearchSpace([Real("x", 0, 1)]), [Minimize("y")])
    doubled = pd.DataFrame([[0.1, 1.0, 2.0]], columns=["x", "y", "y"])
    with pytest.raises(InvalidDataError, match=r"\['y'\] occur more than once"):
        optimizer.tell(doubled[["x"]], doubled)


@pytest.mark.parametrize("name", ["self", "X", "index", "rows", "axis"])
def test_any_name_of_a_setting_goes_through_a_round(name):
    optimizer = BayesianOptimizer(
        SearchSpace([Real(name, 0, 1), Real("b", 0, 1, digits=2)]),
        Minimize("y"),
        surrogate="gaussian_process",
        n_initial=3,
        n_candidates=64,
        random_state=0,
    )
    for _ in range(4):
        rows = optimizer.ask()
        optimizer.tell(rows, rows[name] ** 2)
    read = BayesianOptimizer.from_json(optimizer.to_json())
    pd.testing.assert_frame_equal(read.data, optimizer.data)
    assert len(read.data) == 4


@pytest.mark.parametrize("y", [{"y": [10**400]}, [[10**400]], pd.DataFrame({"y": [10**400]}, dtype=object)])
def test_a_number_beyond_all_floats_is_infinite_and_refused(y):
    optimizer = BayesianOptimizer(SearchSpace([Real("a", 0, 1)]), Minimize("y"), surrogate="gaussian_process")
    with pytest.raises(InvalidDataError, match="infinite value in row"):
        optimizer.tell({"a": [0.5]}, y)


LINE = SearchSpace([Real("x", 0, 1)])
PLACES = np.linspace(0, 1, 6)


def asked_of(scale, objectives=None, **options):
    """What is asked and predicted where outcomes are those of a bowl times a scale."""
    known = BayesianOptimizer(
        LINE, objectives or [Minimize("y")], surrogate="gaussian_process", random_state=0, **options
    )
    with np.errstate(all="raise", under="ignore"):
        known.tell({"x": PLACES}, {"y": scale * (PLACES - 0.3) ** 2, "z": scale * PLACES})
        return known.ask(1)


@pytest.mark.parametrize("scale", [1e-280, 1e-200, 1e-162, 1e-100, 1e100, 1e138])
def test_what_is_asked_does_not_depend_on_the_unit(scale):
    row, usual = asked_of(scale).iloc[0], asked_of(1.0).iloc[0]
    assert row["x"] == pytest.approx(usual["x"], abs=1e-6)
    assert row["y_mean"] / scale == pytest.approx(usual["y_mean"], rel=1e-6)
    assert row["y_std"] / scale == pytest.approx(usual["y_std"], rel=1e-6)


@pytest.mark.parametrize("scale", [1e160, 1e300])
def test_outcomes_whose_squares_are_no_numbers_are_refused_where_they_are_told(scale):
    with pytest.raises(InvalidDataError, match=r"column 'y' has a number of a size beyond 1e\+140"):
        asked_of(scale)
    told = BayesianOptimizer(LINE, [Minimize("y")], surrogate="gaussian_process")
    with pytest.raises(InvalidDataError, match=r"noise_std: column 'y' has a number of a size beyond"):
        told.tell({"x": [0.5]}, [1.0], noise_std=[scale])
    assert told.summary()["n_told"] == 0


def test_outcomes_that_differ_by_less_than_floats_hold_are_refused():
    with pytest.raises(InvalidDataError, match=r"spread by .*e-309, less than can be reckoned with"):
        asked_of(1e-308)


def test_volumes_of_several_objectives_that_are_no_numbers_are_refused():
    with pytest.raises(InvalidDataError, match=r"'z' are of a size of 1.0e\+100; beyond 1e\+70"):
        asked_of(1e100, [Minimize("y"), Minimize("z")])
