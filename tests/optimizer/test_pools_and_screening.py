"""Candidates that come as a stream: how they are cut, screened, scored and chosen from; what is refused."""

import tracemalloc
import weakref

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF

from bnnopt import (
    Categorical,
    Context,
    Integer,
    LinearConstraint,
    Maximize,
    OutcomeConstraint,
    Real,
    SearchSpace,
)
from bnnopt.exceptions import InvalidDataError, SpaceExhaustedWarning
from bnnopt.space import file_pool, product_pool, random_pool, sobol_pool

EXACT = 16_384  # candidates that the surrogate scores before a proxy screens
SQUARE = SearchSpace([Real("x", -3, 1), Real("z", 0, 100)])
GRID = SearchSpace([Integer("i", 0, 9), Integer("j", 0, 9)])


def gaussian_process():
    return GaussianProcessRegressor(RBF(0.5), alpha=1e-4, optimizer=None)


def bowl(rows):
    return ((rows.iloc[:, 0] + 1) / 2) ** 2 + ((rows.iloc[:, 1] - 60) / 50) ** 2


def cut(table, size):
    return (table.iloc[start : start + size] for start in range(0, len(table), size))


@pytest.fixture
def told(make_told):
    """Return a function that makes an optimizer which has seen eight rows of the bowl."""

    def make(space=SQUARE, **options):
        return make_told(space, n=8, outcome=bowl, **({"surrogate": gaussian_process()} | options))

    return make


@pytest.mark.parametrize(
    ("n_rows", "size"),
    [(40, 1), (40, 7), (EXACT, 999), (EXACT + 37, 5_000), (2 * EXACT + 37, EXACT), (2 * EXACT + 37, 99_999)],
)
def test_a_stream_gives_the_answer_of_the_table(n_rows, size, told):
    table = SQUARE.sample(n_rows, random_state=0).assign(note="ignored")
    expected = told().ask(4, candidates=table)
    assert len(expected) == 4
    assert_frame_equal(told().ask(4, candidates=cut(table, size)), expected)
    if n_rows == 40:
        assert_frame_equal(told().ask(4, candidates=list(cut(table, size))), expected)


def test_infeasible_rows_of_a_stream_do_not_matter(told):
    table = SQUARE.sample(2 * EXACT, random_state=0)
    strewn = pd.concat([table, table + 1000]).sort_index(kind="stable")
    assert len(strewn) == 4 * EXACT
    assert_frame_equal(told().ask(3, candidates=cut(strewn, 3_000)), told().ask(3, candidates=table))


@pytest.mark.parametrize(("column", "ascending"), [(None, True), ("x", True), ("x", False), ("z", True)])
def test_screened_and_exact_scans_agree_wherever_a_stream_has_its_best_rows(column, ascending, told):
    optimizer, table = told(), SQUARE.sample(5 * EXACT, random_state=5)
    if column:
        table = table.sort_values(column, ascending=ascending)
    exact = optimizer.score_pool(table, n_best=10, is_screened=False).best
    screened = optimizer.score_pool(cut(table, EXACT), n_best=10).best
    assert_frame_equal(screened, exact, rtol=1e-9)
    assert (np.diff(screened["score"]) <= 0).all()


def test_the_best_of_several_blocks_are_those_of_all_scores_sorted(told):
    """Of equal scores the first; rows that were told or came before are left out."""
    optimizer = told(acquisition=lambda mean, std: -np.floor(8 * mean))
    table = SQUARE.sample(2 * EXACT + 99, random_state=5)
    known = optimizer.data[SQUARE.names]
    stream = [table.iloc[:500], known, table, table.iloc[300:900], known]
    scores = optimizer.score_pool(table, n_sample=len(table), n_best=1, is_screened=False).sample["score"]
    order = np.argsort(-scores.to_numpy(), kind="stable")[:30]
    found = optimizer.score_pool(stream, n_best=30, is_screened=False)
    assert scores.iloc[order].nunique() < 30
    assert_frame_equal(found.best[SQUARE.names], table.iloc[order].reset_index(drop=True))
    np.testing.assert_array_equal(found.best["score"], scores.iloc[order])


@pytest.mark.parametrize(
    ("n_rows", "n_exact"), [(1, 1), (EXACT, EXACT), (EXACT + 3, EXACT + 3), (3 * EXACT + 5, 2 * EXACT)]
)
def test_candidates_are_counted(n_rows, n_exact, told):
    table = SQUARE.sample(n_rows, random_state=0)
    outside = table.iloc[:1] + 1000
    found = told().score_pool([table, outside], n_best=10, n_sample=0)
    assert (found.n_candidates, found.n_exact) == (n_rows, n_exact)
    assert len(found.best) == min(10, n_rows)


def test_the_surrogate_predicts_few_rows_of_a_long_stream(known_moments, told):
    class Counting(known_moments):
        n_rows = 0

        def predict(self, X, return_std=False, noise=True):
            Counting.n_rows += len(X)
            return super().predict(X, return_std, noise)

    optimizer = told(surrogate=Counting())
    optimizer.ask(1, candidates=random_pool(SQUARE, 6 * EXACT, random_state=0))
    # the first rows, the hopeful ones, those that the proxy learns from, the shortlist and the sample
    assert Counting.n_rows <= EXACT + EXACT + (EXACT + 2_048) + (384 + 256) + 8


def test_a_sample_of_a_stream_is_of_all_its_rows_alike(told):
    line = pd.DataFrame({"x": np.linspace(-3, 1, 4 * EXACT), "z": 50.0})
    drawn = told().score_pool(line, n_best=1, n_sample=400).sample["x"]
    assert len(drawn) == drawn.nunique() == 400
    assert drawn.is_monotonic_increasing  # in the order in which they came
    np.testing.assert_allclose(np.histogram(drawn, 10, (-3, 1))[0], 40, atol=24)  # 4 standard deviations


def rows_with(value):
    return SQUARE.sample(5, random_state=0).assign(x=[0.1, 0.2, value, 0.4, 0.5]).set_axis(range(40, 45))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (rows_with(np.nan), r"candidates, part 2: .*column 'x' has an empty cell in row\(s\) 42"),
        (rows_with(np.inf), r"candidates, part 2: .*column 'x' has an infinite value in row\(s\) 42"),
        (rows_with(0.0).astype({"x": str}).replace("0.0", "wide"), r"part 2: .*'x' has text.*\(s\) 42"),
        (rows_with(0.0).drop(columns="z"), r"candidates, part 2: candidates: missing column\(s\) \['z'\]"),
        (rows_with(0.0).set_axis(["x", "x"], axis=1), r"part 2: candidates: column\(s\) \['x'\] occur more"),
        (rows_with(0.0).to_numpy(), "candidates: part 2 is of type ndarray; expected a DataFrame"),
        ("x", "candidates: part 2 is of type str; expected a DataFrame"),
        (None, "candidates: part 2 is of type NoneType"),
    ],
)
def test_a_part_that_is_no_table_of_settings_is_named(bad, message, told):
    good = SQUARE.sample(2 * EXACT if bad is None else 3, random_state=1)
    optimizer = told()
    with pytest.raises(InvalidDataError, match=message):
        optimizer.ask(2, candidates=iter([good, good, bad, good]))
    assert optimizer.pending.empty


def test_an_array_is_no_stream_of_tables(told):
    with pytest.raises(InvalidDataError, match="part 0 is of type ndarray"):
        told().ask(candidates=SQUARE.sample(5, random_state=0).to_numpy())


@pytest.mark.parametrize("n_rows", [0, 7, EXACT + 1])
def test_a_stream_without_a_feasible_row_says_how_many_came(n_rows, told):
    outside = SQUARE.sample(n_rows, random_state=0) + 1000
    message = f"None of the {2 * n_rows} candidate.*Check their units"
    with pytest.raises(InvalidDataError, match=message):
        told().ask(candidates=[outside, outside])


def test_an_empty_stream_is_told(told):
    with pytest.raises(InvalidDataError, match="None of the 0 candidate"):
        told().ask(candidates=[])


@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_stream_with_fewer_rows_than_asked_gives_what_there_is(size, told):
    table = SQUARE.sample(6, random_state=3)
    with pytest.warns(SpaceExhaustedWarning, match="Only 6 new row.*of the 9 asked for"):
        batch = told().ask(9, candidates=cut(table, size))
    assert sorted(batch["x"]) == sorted(table["x"])
    assert np.isfinite(batch.drop(columns="reason").to_numpy()).all()


def test_a_large_batch_comes_from_a_screened_stream(told):
    batch = told().ask(500, candidates=random_pool(SQUARE, 2 * EXACT, random_state=0))
    assert len(batch) == len(batch[["x", "z"]].drop_duplicates()) == 500


@pytest.mark.parametrize("n_rows", [50, EXACT + 900])
def test_known_and_pending_rows_of_a_stream_are_not_proposed(n_rows, told):
    optimizer = told()
    table = SQUARE.sample(n_rows, random_state=3)
    told_rows = optimizer.ask(3, candidates=table)
    optimizer.tell(told_rows, bowl(told_rows))
    pending = optimizer.ask(3, candidates=cut(table, max(30, n_rows // 9)))
    last = optimizer.ask(3, candidates=cut(table, max(30, n_rows // 9)))
    asked = pd.concat([told_rows, pending, last])[["x", "z"]]
    assert len(asked.drop_duplicates()) == 9
    assert asked.merge(table).shape == (9, 2)
    assert len(optimizer.pending) == 6


def test_rows_that_a_stream_repeats_leave_room_for_others(told):
    optimizer, table = told(), SQUARE.sample(4 * EXACT, random_state=5)
    expected = optimizer.score_pool(table, n_best=10).best
    repeats = pd.concat([expected[SQUARE.names]] * 40)  # of the best rows, in each part and across parts
    known = optimizer.data[SQUARE.names]
    stream = [part for rows in cut(table, EXACT) for part in (repeats, known, rows)]
    assert_frame_equal(optimizer.score_pool(stream, n_best=10).best, expected, rtol=1e-9)


def test_a_stream_of_a_finite_space_comes_down_to_its_points(told):
    optimizer = told(GRID)
    everything = GRID.enumerate_points(100)
    expected = optimizer.score_pool(everything, n_best=200).best
    assert len(expected) == 92
    found = optimizer.score_pool(random_pool(GRID, 2 * EXACT + 9, random_state=0), n_best=200)
    assert found.n_candidates == 2 * EXACT + 9
    order = ["i", "j"]
    assert_frame_equal(
        found.best.sort_values(order, ignore_index=True),
        expected.sort_values(order, ignore_index=True),
        rtol=1e-6,
    )
    assert (np.diff(found.best["score"]) <= 0).all()


def test_a_stream_is_consumed_part_by_part(told):
    alive, most = [], []

    def stream():
        for seed in range(30):
            table = SQUARE.sample(3_000, random_state=seed)
            alive.append(weakref.ref(table))
            most.append(sum(each() is not None for each in alive))
            yield table
            del table

    told().ask(2, candidates=stream())
    assert len(most) == 30
    assert max(most) <= 2  # the one being made and the one before


def test_memory_stays_flat_however_many_come(told):
    """What is kept between blocks, and what is needed for one, are the same at the fifth and the ninth."""
    kept, peaks = [], []

    def stream():
        for seed in range(9):
            now, peak = tracemalloc.get_traced_memory()
            kept.append(now)
            peaks.append(peak)
            tracemalloc.reset_peak()
            yield SQUARE.sample(EXACT, random_state=seed)

    tracemalloc.start()
    told().score_pool(stream(), n_best=10, n_sample=20)
    tracemalloc.stop()
    assert abs(kept[-1] - kept[4]) < EXACT * 8  # bytes, of one column of a block
    assert peaks[-1] < 1.1 * peaks[4]


def test_nothing_is_scored_before_the_first_block_is_full(told):
    optimizer = told()

    def stream():
        yield SQUARE.sample(3, random_state=0)
        raise KeyError("broken")

    with pytest.raises(KeyError, match="broken"):
        optimizer.ask(candidates=stream())
    assert optimizer.pending.empty


@pytest.mark.parametrize("n_rows", [50, EXACT + 9])
def test_a_veto_of_all_rows_of_a_stream_leaves_none(n_rows, told):
    optimizer = told(acquisition=lambda mean, std: np.full(len(mean), -np.inf))
    with pytest.warns(SpaceExhaustedWarning, match="Only 0 new row"):
        batch = optimizer.ask(2, candidates=random_pool(SQUARE, n_rows, random_state=0))
    assert list(batch.columns) == ["x", "z", "y_mean", "y_std", "score", "reason"]


@pytest.mark.parametrize("acquisition", ["log_ei", "ei", "ucb", "pi", "thompson", "mc_ei"])
def test_every_acquisition_chooses_from_a_screened_stream(acquisition, told):
    optimizer = told(acquisition=acquisition)
    batch = optimizer.ask(3, candidates=random_pool(SQUARE, 2 * EXACT + 9, random_state=0))
    assert len(batch.drop_duplicates()) == 3
    assert np.isfinite(batch["score"]).all()


def test_outcome_constraints_are_seen_by_the_proxy(make_told):
    objectives = [Maximize("y"), OutcomeConstraint("peak", upper=0)]
    optimizer = make_told(
        SQUARE, objectives, n=8, outcome=lambda rows: {"y": rows["x"], "peak": 50 * rows["x"] - 10}
    )
    batch = optimizer.ask(candidates=random_pool(SQUARE, 4 * EXACT, random_state=0))
    assert batch["x"].iloc[0] == pytest.approx(0.2, abs=0.05)


def test_every_kind_of_pool_serves(told, tmp_path):
    table = SQUARE.sample(600, random_state=0)
    table.to_csv(tmp_path / "rows.csv", index=False)
    grid = {"x": np.linspace(-3, 1, 41), "z": np.linspace(0, 100, 21)}
    pools = {
        "random": random_pool(SQUARE, EXACT + 600, random_state=0),
        "sobol": sobol_pool(SQUARE, EXACT + 600, random_state=0),
        "product": product_pool(SQUARE, grid),
        "file": file_pool(tmp_path / "rows.csv", block_size=70),
    }
    for name, pool in pools.items():
        batch = told().ask(candidates=pool)
        assert abs(batch["x"].iloc[0] + 1) < 0.5, name
        assert abs(batch["z"].iloc[0] - 60) < 12, name


@pytest.mark.parametrize("n_rows", [50, EXACT + 600])
def test_context_is_that_of_the_question_in_every_row(n_rows, make_told):
    space = SearchSpace([Real("x", 0, 1), Context("T"), Categorical("s", ["a", "b"])])
    optimizer = make_told(space, n=8, context={"T": 20.0})
    table = space.sample(n_rows, random_state=0, context={"T": -1.0})
    without = optimizer.ask(
        2, context={"T": 30.0}, candidates=cut(table.drop(columns="T"), 20 if n_rows == 50 else 3_000)
    )
    assert (without["T"] == 30.0).all()
    optimizer.withdraw(without)
    assert_frame_equal(optimizer.ask(2, context={"T": 30.0}, candidates=table), without)


def test_constraints_of_the_question_hold_in_a_stream(told):
    low = LinearConstraint({"z": 1}, upper=30)
    stream = random_pool(SQUARE, 3 * EXACT, random_state=0)
    assert (told().ask(4, candidates=stream, constraints=[low])["z"] <= 30).all()


def test_many_candidates_of_ones_own_are_screened_too(told):
    few, many = told(n_candidates=64), told(n_candidates=40_000)
    batch = many.ask(1)
    assert bowl(batch)[0] < bowl(many.data).min()
    assert_frame_equal(batch, told(n_candidates=40_000).ask(1))
    assert batch["score"].iloc[0] >= few.ask(1)["score"].iloc[0] - 1e-3
