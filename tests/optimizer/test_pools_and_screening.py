"""Candidates that come as a stream: how they are cut, screened, scored and chosen from; what is refused."""

import weakref

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF

from bnnopt import (
    Categorical,
    Context,
    Integer,
    LinearConstraint,
    Maximize,
    Minimize,
    OutcomeConstraint,
    Real,
    SearchSpace,
)
from bnnopt.acquisition import get_acquisition
from bnnopt.exceptions import InvalidDataError, SpaceExhaustedWarning
from bnnopt.optimizer._maximum import PoolScan, _pool, _suggestion, blocks_of
from bnnopt.optimizer._maximum._proxy import fit_proxy
from bnnopt.optimizer._maximum._top import Top
from bnnopt.optimizer._observations import Observations
from bnnopt.optimizer._outcome_model import OutcomeModel
from bnnopt.optimizer._scoring import Scoring
from bnnopt.optimizer._search import Search
from bnnopt.space import file_pool, product_pool, random_pool, sobol_pool

EXACT = 200
SQUARE = SearchSpace([Real("x", -3, 1), Real("z", 0, 100)])
GRID = SearchSpace([Integer("i", 0, 9), Integer("j", 0, 9)])


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    for module in (_pool, _suggestion):
        monkeypatch.setattr(module, "EXACT_ROWS", EXACT)
    monkeypatch.setattr(_pool, "ROWS_OF_THE_SPACE", 200)


def gaussian_process():
    return GaussianProcessRegressor(RBF(0.5), alpha=1e-4, optimizer=None)


def bowl(rows):
    return ((rows.iloc[:, 0] + 1) / 2) ** 2 + ((rows.iloc[:, 1] - 60) / 50) ** 2


def make_search(space=SQUARE, *, n_told=8, context=None, acquisition="log_ei", surrogate=None):
    rows = space.sample(n_told, random_state=1, context=context)
    observations = Observations(space, ("y",))
    observations.add(rows, bowl(rows).to_numpy()[:, None])
    model = OutcomeModel(surrogate or gaussian_process(), 0)
    return Search(
        space=space,
        model_space=space,
        model=model.fit(space.encode(rows), observations.outcomes),
        scoring=Scoring([Minimize("y")], get_acquisition(acquisition)),
        observations=observations,
        pending=observations.pending,
        context=context or {},
        n_candidates=64,
        n_draws=32,
        seed=0,
    )


def scanned(search, pool, n_best=10, n_sample=0, *, is_screened=True):
    scan = PoolScan(search, n_best, n_sample, np.random.default_rng(0), is_screened=is_screened)
    return scan, *scan.run(blocks_of(pool, search))


def cut(table, size):
    return (table.iloc[start : start + size] for start in range(0, len(table), size))


@pytest.fixture
def told(make_told):
    """Return a function that makes an optimizer which has seen eight rows of the bowl."""

    def make(space=SQUARE, **options):
        return make_told(space, n=8, outcome=bowl, **({"surrogate": gaussian_process()} | options))

    return make


@given(n_rows=st.integers(1, 3 * EXACT), sizes=st.lists(st.integers(0, EXACT + 70), min_size=1, max_size=6))
@settings(max_examples=20, deadline=None)
def test_blocks_are_the_same_however_a_stream_is_cut(n_rows, sizes):
    search = make_search()
    table = SQUARE.sample(n_rows, random_state=0).assign(note="ignored")
    ends = np.minimum(np.cumsum([*sizes, n_rows]), n_rows)
    parts = [table.iloc[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    blocks = list(blocks_of(iter(parts), search))
    assert [len(block) for block in blocks[:-1]] == [EXACT] * (len(blocks) - 1)
    for block, expected in zip(blocks, blocks_of(table, search), strict=True):
        assert_frame_equal(block.reset_index(drop=True), expected.reset_index(drop=True))
    assert_frame_equal(pd.concat(blocks, ignore_index=True), table.drop(columns="note"))


@pytest.mark.parametrize("n_rows", [40, EXACT, 5 * EXACT + 37])
@pytest.mark.parametrize("n", [1, 4])
@pytest.mark.parametrize("size", [7, 64, EXACT, 10 * EXACT])
def test_a_stream_gives_the_answer_of_the_table(n_rows, n, size, told):
    table = SQUARE.sample(n_rows, random_state=0)
    expected = told().ask(n, candidates=table)
    assert len(expected) == n
    assert_frame_equal(told().ask(n, candidates=cut(table, size)), expected)
    assert_frame_equal(told().ask(n, candidates=list(cut(table, size))), expected)


def test_a_stream_of_single_rows(told):
    table = SQUARE.sample(EXACT + 20, random_state=0)
    assert_frame_equal(told().ask(2, candidates=cut(table, 1)), told().ask(2, candidates=table))


def test_infeasible_rows_of_a_stream_do_not_matter(told):
    table = SQUARE.sample(2 * EXACT, random_state=0)
    strewn = pd.concat([table, table + 1000]).sort_index(kind="stable")
    assert len(strewn) == 4 * EXACT
    assert_frame_equal(told().ask(3, candidates=cut(strewn, 33)), told().ask(3, candidates=table))


def test_screened_and_exact_scans_agree_on_the_best_rows():
    search = make_search()
    table = SQUARE.sample(15 * EXACT, random_state=5)
    _, exact, exact_scores = scanned(search, table, is_screened=False)
    _, screened, scores = scanned(search, table)
    assert_frame_equal(screened, exact)
    np.testing.assert_allclose(scores, exact_scores, rtol=1e-6)
    np.testing.assert_allclose(search.score(exact), exact_scores, rtol=1e-6)
    assert (np.diff(scores) <= 0).all()


@pytest.mark.parametrize("is_screened", [True, False])
def test_the_exact_scan_is_that_of_the_scores_sorted(is_screened):
    search = make_search()
    table = SQUARE.sample(EXACT - 1, random_state=5)
    order = np.argsort(-search.score(table), kind="stable")[:10]
    scan, best, _ = scanned(search, table, is_screened=is_screened)
    assert_frame_equal(best, table.iloc[order].reset_index(drop=True))
    assert scan.n_exact == scan.n_candidates == EXACT - 1


@pytest.mark.parametrize("column", ["x", "z"])
@pytest.mark.parametrize("ascending", [True, False])
def test_the_best_rows_are_found_wherever_a_sorted_stream_has_them(column, ascending):
    search = make_search()
    table = SQUARE.sample(15 * EXACT, random_state=5).sort_values(column, ascending=ascending)
    _, exact, _ = scanned(search, table, 1, is_screened=False)
    _, screened, _ = scanned(search, cut(table, EXACT), 1)
    assert_frame_equal(screened, exact)


@pytest.mark.parametrize(
    ("n_rows", "n_exact"), [(1, 1), (EXACT, EXACT), (EXACT + 3, EXACT + 3), (7 * EXACT + 5, 2 * EXACT)]
)
def test_candidates_are_counted(n_rows, n_exact):
    table = SQUARE.sample(n_rows, random_state=0)
    outside = table.iloc[:1] + 1000
    scan, best, scores = scanned(make_search(), [table, outside])
    assert (scan.n_candidates, scan.n_exact) == (n_rows, n_exact)
    assert len(best) == len(scores) == min(10, n_rows)


def test_the_surrogate_predicts_few_rows_of_a_long_stream(known_moments, told):
    class Counting(known_moments):
        n_rows = 0

        def predict(self, X, return_std=False, noise=True):
            Counting.n_rows += len(X)
            return super().predict(X, return_std, noise)

    optimizer = told(surrogate=Counting())
    optimizer.ask(1, candidates=random_pool(SQUARE, 40 * EXACT, random_state=0))
    # the first rows, the hopeful ones, those that the proxy learns from, the shortlist and the sample
    assert Counting.n_rows <= EXACT + 384 + (EXACT + 200) + (384 + 256) + 1


def test_a_sample_of_a_stream_is_of_all_its_rows_alike():
    line = pd.DataFrame({"x": np.linspace(-3, 1, 20 * EXACT), "z": 50.0})
    scan, _, _ = scanned(make_search(), line, 1, 400)
    drawn = scan.sample["x"]
    assert len(drawn) == drawn.nunique() == 400
    assert drawn.is_monotonic_increasing  # in the order in which they came
    np.testing.assert_allclose(np.histogram(drawn, 4, (-3, 1))[0], 100, atol=35)  # 4 standard deviations


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
@pytest.mark.parametrize("n_before", [3, 2 * EXACT])
def test_a_part_that_is_no_table_of_settings_is_named(n_before, bad, message, told):
    good = SQUARE.sample(n_before, random_state=1)
    optimizer = told()
    with pytest.raises(InvalidDataError, match=message):
        optimizer.ask(2, candidates=iter([good, good, bad, good]))
    assert optimizer.pending.empty


def test_an_array_is_no_stream_of_tables(told):
    with pytest.raises(InvalidDataError, match="part 0 is of type ndarray"):
        told().ask(candidates=SQUARE.sample(5, random_state=0).to_numpy())


@pytest.mark.parametrize("n_rows", [0, 7, 2 * EXACT + 1])
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
    batch = told().ask(500, candidates=random_pool(SQUARE, 5 * EXACT, random_state=0))
    assert len(batch) == len(batch[["x", "z"]].drop_duplicates()) == 500


@pytest.mark.parametrize("n_rows", [50, 4 * EXACT])
def test_known_and_pending_rows_of_a_stream_are_not_proposed(n_rows, told):
    optimizer = told()
    table = SQUARE.sample(n_rows, random_state=3)
    told_rows = optimizer.ask(3, candidates=table)
    optimizer.tell(told_rows, bowl(told_rows))
    pending = optimizer.ask(3, candidates=cut(table, 30))
    last = optimizer.ask(3, candidates=cut(table, 30))
    asked = pd.concat([told_rows, pending, last])[["x", "z"]]
    assert len(asked.drop_duplicates()) == 9
    assert asked.merge(table).shape == (9, 2)
    assert len(optimizer.pending) == 6


def test_rows_that_a_stream_repeats_leave_room_for_others():
    search = make_search(n_told=8)
    table = SQUARE.sample(15 * EXACT, random_state=5)
    _, expected, _ = scanned(search, table)
    repeats = pd.concat([expected] * 40)  # of the best rows, in each part of the stream and across parts
    known = search.observations.known
    stream = [part for rows in cut(table, EXACT) for part in (repeats, known, rows)]
    _, best, _ = scanned(search, stream)
    assert_frame_equal(best, expected)


def test_a_stream_of_a_finite_space_comes_down_to_its_points():
    search = make_search(GRID, n_told=5)
    everything = GRID.enumerate_points(100)
    everything = everything[search.is_new(everything)]
    scan, best, scores = scanned(search, random_pool(GRID, 20 * EXACT, random_state=0), 200)
    assert scan.n_candidates == 20 * EXACT
    assert sorted(map(tuple, best.to_numpy())) == sorted(map(tuple, everything.to_numpy()))
    np.testing.assert_allclose(scores, np.sort(search.score(everything))[::-1], rtol=1e-6)


def test_a_stream_is_consumed_part_by_part(told):
    alive, most = [], []

    def stream():
        for seed in range(30):
            table = SQUARE.sample(EXACT, random_state=seed)
            alive.append(weakref.ref(table))
            most.append(sum(each() is not None for each in alive))
            yield table
            del table

    told().ask(2, candidates=stream())
    assert len(most) == 30
    assert max(most) <= 2  # the one being made and the one before


def test_a_scan_holds_few_rows_however_many_come():
    search = make_search()
    scan = PoolScan(search, 10, 20, np.random.default_rng(0))
    sizes = []
    for block in blocks_of(random_pool(SQUARE, 30 * EXACT, random_state=0), search):
        scan.add([block])
        kept = [*scan._first, *scan._best._frames, *scan._sample._frames, *scan._hopeful._frames]
        sizes.append(sum(map(len, kept)))
    assert max(sizes) <= 3 * EXACT


def test_nothing_is_scored_before_the_first_block_is_full(told):
    optimizer = told()

    def stream():
        yield SQUARE.sample(3, random_state=0)
        raise KeyError("broken")

    with pytest.raises(KeyError, match="broken"):
        optimizer.ask(candidates=stream())
    assert optimizer.pending.empty


@pytest.mark.parametrize("n_rows", [50, 3 * EXACT])
def test_a_veto_of_all_rows_of_a_stream_leaves_none(n_rows, told):
    optimizer = told(acquisition=lambda mean, std: np.full(len(mean), -np.inf))
    with pytest.warns(SpaceExhaustedWarning, match="Only 0 new row"):
        batch = optimizer.ask(2, candidates=random_pool(SQUARE, n_rows, random_state=0))
    assert list(batch.columns) == ["x", "z", "y_mean", "y_std", "score", "reason"]


@pytest.mark.parametrize("acquisition", ["log_ei", "ei", "ucb", "pi", "thompson", "mc_ei"])
def test_every_acquisition_chooses_from_a_screened_stream(acquisition, told):
    optimizer = told(acquisition=acquisition)
    batch = optimizer.ask(3, candidates=random_pool(SQUARE, 4 * EXACT, random_state=0))
    assert len(batch.drop_duplicates()) == 3
    assert np.isfinite(batch["score"]).all()


def test_outcome_constraints_are_seen_by_the_proxy(make_told):
    objectives = [Maximize("y"), OutcomeConstraint("peak", upper=0)]
    optimizer = make_told(
        SQUARE, objectives, n=8, outcome=lambda rows: {"y": rows["x"], "peak": 50 * rows["x"] - 10}
    )
    batch = optimizer.ask(candidates=random_pool(SQUARE, 20 * EXACT, random_state=0))
    assert batch["x"].iloc[0] == pytest.approx(0.2, abs=0.05)


def test_every_kind_of_pool_serves(told, tmp_path):
    table = SQUARE.sample(3 * EXACT, random_state=0)
    table.to_csv(tmp_path / "rows.csv", index=False)
    grid = {"x": np.linspace(-3, 1, 41), "z": np.linspace(0, 100, 21)}
    pools = {
        "random": random_pool(SQUARE, 3 * EXACT, random_state=0),
        "sobol": sobol_pool(SQUARE, 3 * EXACT, random_state=0),
        "product": product_pool(SQUARE, grid),
        "file": file_pool(tmp_path / "rows.csv", block_size=70),
    }
    for name, pool in pools.items():
        batch = told().ask(candidates=pool)
        assert abs(batch["x"].iloc[0] + 1) < 0.5, name
        assert abs(batch["z"].iloc[0] - 60) < 12, name


@pytest.mark.parametrize("n_rows", [50, 3 * EXACT])
def test_context_is_that_of_the_question_in_every_row(n_rows, make_told):
    space = SearchSpace([Real("x", 0, 1), Context("T"), Categorical("s", ["a", "b"])])
    optimizer = make_told(space, n=8, context={"T": 20.0})
    table = space.sample(n_rows, random_state=0, context={"T": -1.0})
    without = optimizer.ask(2, context={"T": 30.0}, candidates=cut(table.drop(columns="T"), 20))
    assert (without["T"] == 30.0).all()
    optimizer.withdraw(without)
    assert_frame_equal(optimizer.ask(2, context={"T": 30.0}, candidates=table), without)


def test_constraints_of_the_question_hold_in_a_stream(told):
    low = LinearConstraint({"z": 1}, upper=30)
    stream = random_pool(SQUARE, 5 * EXACT, random_state=0)
    assert (told().ask(4, candidates=stream, constraints=[low])["z"] <= 30).all()


def test_many_candidates_of_ones_own_are_screened_too(told):
    few, many = told(n_candidates=64), told(n_candidates=10 * EXACT)
    batch = many.ask(1)
    assert bowl(batch)[0] < bowl(many.data).min()
    assert_frame_equal(batch, told(n_candidates=10 * EXACT).ask(1))
    assert batch["score"].iloc[0] >= few.ask(1)["score"].iloc[0] - 1e-3


@given(
    keys=st.lists(st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 2.0]), max_size=40),
    n=st.integers(0, 12),
    size=st.integers(1, 15),
)
@settings(max_examples=60, deadline=None)
def test_the_top_is_that_of_all_keys_sorted(keys, n, size):
    frame = pd.DataFrame({"place": np.arange(len(keys))})
    top = Top(n)
    top.add(frame.iloc[:0], np.empty(0))
    for start in range(0, len(keys), size):
        top.add(frame.iloc[start : start + size], np.array(keys[start : start + size]))
    order = np.argsort(-np.array(keys), kind="stable")
    expected = [place for place in order if keys[place] > -np.inf][:n]
    rows, found = top.sorted()
    assert rows["place"].tolist() == expected
    assert found.tolist() == [keys[place] for place in expected]
    assert top.frame["place"].tolist() == sorted(expected)


@given(
    places=st.lists(st.integers(0, 9), max_size=60),
    known=st.sets(st.integers(0, 9)),
    n=st.integers(0, 6),
    size=st.integers(1, 60),
)
@settings(max_examples=60, deadline=None)
def test_the_top_is_of_new_rows_however_many_of_the_highest_are_known(places, known, n, size):
    def is_new(frame):
        return (~frame["place"].isin(known) & ~frame["place"].duplicated()).to_numpy()

    frame, keys = pd.DataFrame({"place": places}, dtype=int), np.array(places, dtype=float)
    top = Top(n, is_new)
    for start in range(0, len(keys), size):
        top.add(frame.iloc[start : start + size], keys[start : start + size])
    rows, found = top.sorted()
    assert found.tolist() == sorted(set(places) - known, reverse=True)[:n]
    assert rows.get("place", pd.Series(dtype=int)).tolist() == found.tolist()


def quadratic(points):
    centred = points - 0.3
    return 3.0 + (centred @ np.arange(1.0, points.shape[1] + 1)) ** 2


def linear(points):
    return points @ np.linspace(-1, 2, points.shape[1]) - 5.0


def fitted(function, n_dims, std=0.1, n=1200):
    rng = np.random.default_rng(0)
    points = rng.random((n, n_dims))
    mean = np.column_stack([function(points)])
    return fit_proxy(points, mean, np.full(mean.shape, std), rng), rng.random((500, n_dims))


@pytest.mark.parametrize(
    ("function", "n_dims"), [(linear, 1), (linear, 5), (linear, 40), (quadratic, 1), (quadratic, 5)]
)
def test_simple_functions_are_learned_to_a_small_error(function, n_dims):
    proxy, points = fitted(function, n_dims)
    mean, std = proxy.moments(points)
    truth = function(points)
    assert mean.shape == std.shape == (500, 1)
    assert np.sqrt(np.mean((mean[:, 0] - truth) ** 2)) < 0.002 * np.ptp(truth)
    assert proxy.error[0] < 0.002 * np.ptp(truth)
    np.testing.assert_allclose(std, np.hypot(0.1, proxy.error[0]), rtol=1e-3)


def test_what_is_not_learned_widens_the_predictions():
    def noise(points):
        return np.random.default_rng(1).standard_normal(len(points))

    proxy, points = fitted(noise, 3, std=0.5)
    assert proxy.error[0] == pytest.approx(1.0, abs=0.2)
    np.testing.assert_allclose(proxy.moments(points)[1], np.hypot(0.5, proxy.error[0]), rtol=1e-3)


@pytest.mark.parametrize(("offset", "scale"), [(0.0, 1e-9), (1e6, 1.0), (-1e9, 1e3), (0.0, 1e12)])
def test_units_do_not_matter(offset, scale):
    plain, points = fitted(quadratic, 3)
    other, _ = fitted(lambda points: offset + scale * quadratic(points), 3, std=0.1 * scale)
    (mean, std), (other_mean, other_std) = plain.moments(points), other.moments(points)
    tolerance = 1e-4 + 1e-15 * abs(offset) / scale
    np.testing.assert_allclose((other_mean - offset) / scale, mean, atol=tolerance)
    np.testing.assert_allclose(other_std / scale, std, rtol=1e-3)


@pytest.mark.parametrize("value", [0.0, -7.5, 1e9])
@pytest.mark.parametrize("std", [0.0, 0.3])
def test_a_constant_is_learned_exactly(value, std):
    proxy, points = fitted(lambda points: np.full(len(points), value), 4, std=std)
    mean, found = proxy.moments(points)
    np.testing.assert_array_equal(mean, value)
    np.testing.assert_allclose(found, std, atol=1e-300)
    assert proxy.error.tolist() == [0.0]


def test_several_outputs_with_a_standard_deviation_that_varies():
    rng = np.random.default_rng(0)
    points, new = rng.random((1200, 2)), rng.random((400, 2))

    def moments(points):
        mean = np.column_stack([linear(points), np.full(len(points), 4.0), np.sin(4 * points[:, 0])])
        return mean, np.column_stack([0.1 + points[:, 0], np.full(len(points), 1e-3), np.exp(points[:, 1])])

    proxy = fit_proxy(points, *moments(points), rng)
    (mean, std), (true_mean, true_std) = proxy.moments(new), moments(new)
    assert proxy.error.shape == (3,)
    np.testing.assert_allclose(mean, true_mean, atol=0.02)
    np.testing.assert_allclose(std, true_std, rtol=0.05)
