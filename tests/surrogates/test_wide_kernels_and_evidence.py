"""Covariances of wide layers, the evidence of their scales, and the search that maximises it."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern

from bnnopt.surrogates._wide._evidence import (
    SMALLEST_NOISE,
    Anchors,
    Scales,
    ThinnedRows,
    learn_scales,
    log_evidence,
)
from bnnopt.surrogates._wide._evidence import _Evidence as Evidence
from bnnopt.surrogates._wide._factor import factor
from bnnopt.surrogates._wide._family import PRIOR_OF_FEW_ROWS, PRIOR_OF_MANY_ROWS
from bnnopt.surrogates._wide._inputs import RangeMap, RankMap
from bnnopt.surrogates._wide._kernels import SPECTRA, squared_distances
from bnnopt.surrogates._wide._search import maximise

KERNELS = {
    "smooth": lambda length: RBF(length),
    "matern": lambda length: Matern(length, nu=2.5),
    "rough": lambda length: Matern(length, nu=0.5),
}
POINT = np.array([0.3, -0.8, 0.4, -1.0, -2.0])  # two inputs, amplitude, offset, noise


def some_rows(n_rows=12, seed=0, **changes):
    """One network's rows of two inputs; every row counts once, with noise of its own kind."""
    rng = np.random.default_rng(seed)
    own = {
        "X": rng.random((1, n_rows, 2)),
        "y": rng.standard_normal((1, n_rows)),
        "weights": np.ones((1, n_rows)),
        "noise_factors": np.ones((1, n_rows)),
        "known_noise": np.zeros((1, n_rows)),
    }
    return ThinnedRows(**(own | changes))


def some_anchors(point):
    """Anchors of one network with a prior of standard deviation 2, and a search that begins there."""
    return Anchors(np.array([point]), *np.full((2, 5), 2.0), np.array([point]))


@pytest.mark.parametrize("name", KERNELS)
def test_correlations_are_those_of_scikit_learn(name):
    X = np.random.default_rng(0).random((20, 3)) * 3.0
    np.testing.assert_allclose(SPECTRA[name].between(X, X), KERNELS[name](1.0)(X), atol=2e-6)


@pytest.mark.parametrize("name", ["smooth", "matern"])
def test_where_inputs_are_dropped_correlations_are_means_over_all_subsets(name):
    """Of three inputs a unit sees each of the eight subsets with the same probability."""
    A, B = np.random.default_rng(0).random((2, 6, 3)) * 3.0
    kernel, expected = KERNELS[name](1.0), np.zeros((6, 6))
    for seen in product([False, True], repeat=3):
        expected += np.prod([kernel(A[:, [i]], B[:, [i]]) for i in range(3) if seen[i]] or [1.0], axis=0) / 8
    np.testing.assert_allclose(SPECTRA[f"{name}, dropped inputs"].between(A, B), expected, atol=2e-6)


@pytest.mark.parametrize("name", SPECTRA)
def test_slopes_of_correlations_are_those_of_finite_differences(name):
    r2, step = np.linspace(0.01, 20.0, 50), 1e-5
    above, below = (SPECTRA[name].law(r2 + sign * step)[0] for sign in (1.0, -1.0))
    np.testing.assert_allclose(SPECTRA[name].law(r2)[1], (above - below) / (2 * step), rtol=1e-5)


@pytest.mark.parametrize("name", SPECTRA)
def test_derivatives_by_scales_are_those_of_finite_differences(name):
    rng, step = np.random.default_rng(0), 1e-5
    X, Z, weights = rng.random((2, 8, 3)) * 2.0, rng.random((2, 5, 3)), rng.standard_normal((2, 8, 5))
    found = SPECTRA[name].correlations(X, Z).by_scales(weights)
    assert found.shape == (2, 3)
    for place in range(3):
        stretch = np.exp(step * (np.arange(3) == place))
        above, below = (
            (weights * SPECTRA[name].correlations(X * s, Z * s).value).sum(axis=(1, 2))
            for s in (stretch, 1 / stretch)
        )
        np.testing.assert_allclose(found[:, place], (above - below) / (2 * step), rtol=1e-4, atol=1e-6)


def test_correlations_at_a_distance_of_one_by_hand():
    at_one = {name: float(SPECTRA[name].law(np.ones(1))[0][0]) for name in KERNELS}
    root = np.sqrt(5.0)
    expected = {"smooth": np.exp(-0.5), "matern": (1 + root + 5 / 3) * np.exp(-root), "rough": np.exp(-1.0)}
    assert at_one == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
@pytest.mark.parametrize("name", SPECTRA)
def test_many_thinned_layers_have_the_covariance_of_the_limit(name, dropout):
    """Also of 4 units: the limit gives the covariance at any width, only the law is not normal."""
    n_layers, n_units, rng = 20_000, 4, np.random.default_rng(0)
    X = np.array([[0.0, 0.0], [0.4, 0.1], [1.0, 1.5]])
    frequencies = SPECTRA[name].draw_frequencies(2, n_layers * n_units, rng)
    phases = rng.uniform(0.0, 2 * np.pi, n_layers * n_units)
    mask = (rng.random(n_layers * n_units) >= dropout) / np.sqrt(1 - dropout)
    weights = mask * np.sqrt(2 / n_units) * rng.standard_normal(n_layers * n_units)
    layers = (np.sin(X @ frequencies + phases) * weights).reshape(3, n_layers, n_units).sum(axis=2)
    products = layers[:, None] * layers[None]
    error = products.std(axis=2) / np.sqrt(n_layers)
    expected = SPECTRA[name].between(X, X)
    assert (np.abs(products.mean(axis=2) - expected) < 4 * error).all()


def test_squared_distances_by_hand():
    A, B = np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([[0.0, 0.0], [0.0, 4.0], [3.0, 4.0]])
    np.testing.assert_allclose(squared_distances(A, B), [[0, 16, 25], [25, 9, 0]], atol=1e-12)
    np.testing.assert_array_equal(
        squared_distances(np.stack([A, A]), np.stack([B, B]))[1], squared_distances(A, B)
    )


@pytest.mark.parametrize("name", KERNELS)
def test_the_evidence_is_that_of_scikit_learn(name):
    noise = np.linspace(0.5, 2.0, 12)
    known = np.linspace(0.0, 0.3, 12)
    rows, scales = some_rows(noise_factors=noise[None], known_noise=known[None]), Scales.of(POINT[None])
    kernel = ConstantKernel(np.exp(0.4)) * KERNELS[name](0.5 * np.exp(-POINT[:2])) + ConstantKernel(
        np.exp(-1.0)
    )
    alpha = (np.exp(-2.0) + SMALLEST_NOISE) * noise + known
    process = GaussianProcessRegressor(kernel, alpha=alpha, optimizer=None).fit(rows.X[0], rows.y[0])
    expected = process.log_marginal_likelihood_value_
    np.testing.assert_allclose(log_evidence(rows, [name], scales), [expected], rtol=1e-5)


def test_the_evidence_of_a_single_row_by_hand():
    """A normal law whose variance is amplitude, offset and noise: 1 + 1 + 1, and a point of y at 2."""
    rows = some_rows(1, y=np.array([[2.0]]))
    scales = Scales.of(np.zeros((1, 5)))
    expected = -0.5 * (np.log(2 * np.pi * 3.0) + 4.0 / 3.0)
    np.testing.assert_allclose(log_evidence(rows, ["smooth"], scales), [expected], rtol=1e-7)


def test_a_row_of_weight_three_is_three_rows():
    weights = np.ones((1, 12))
    weights[0, [2, 7]] = 3.0, 2.0
    factors, known = np.linspace(0.5, 2.0, 12)[None], np.linspace(0.0, 0.3, 12)[None]
    weighted = some_rows(weights=weights, noise_factors=factors, known_noise=known)
    places = np.repeat(np.arange(12), weights[0].astype(int))
    repeated = ThinnedRows(
        weighted.X[:, places], weighted.y[:, places], np.ones((1, 15)), factors[:, places], known[:, places]
    )
    scales = Scales.of(POINT[None])
    for quantity in (Evidence.value, Evidence.gradient):
        of_weights, of_repeats = (
            quantity(Evidence(rows, ["matern"], scales)) for rows in (weighted, repeated)
        )
        np.testing.assert_allclose(of_weights, of_repeats, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"weights": np.linspace(0.4, 3.0, 12)[None]},
        {"noise_factors": np.linspace(0.2, 4.0, 12)[None], "known_noise": np.linspace(0.0, 1.0, 12)[None]},
        {"weights": np.linspace(0.4, 3.0, 12)[None], "known_noise": np.linspace(0.0, 1.0, 12)[None]},
    ],
    ids=["plain", "weights", "noise of rows", "weights and known noise"],
)
def test_the_gradient_is_that_of_finite_differences(name, changes):
    rows, step = some_rows(**changes), 1e-4
    gradient = Evidence(rows, [name], Scales.of(POINT[None])).gradient()[0]
    numeric = []
    for direction in np.eye(5):
        ends = [Scales.of((POINT + sign * step * direction)[None]) for sign in (1.0, -1.0)]
        above, below = (log_evidence(rows, [name], end)[0] for end in ends)
        numeric.append((above - below) / (2 * step))
    np.testing.assert_allclose(gradient, numeric, rtol=1e-4, atol=1e-4)  # the rough one is not smooth at 0


def test_networks_side_by_side_do_not_know_each_other():
    one, other = some_rows(seed=1), some_rows(seed=2)
    both = ThinnedRows(
        *(np.concatenate(pair) for pair in zip(vars(one).values(), vars(other).values(), strict=True))
    )
    points = np.stack([POINT, 0.5 * POINT])
    together = log_evidence(both, ["rough", "smooth"], Scales.of(points))
    alone = [
        log_evidence(rows, [name], Scales.of(point[None]))[0]
        for rows, name, point in zip((one, other), ("rough", "smooth"), points, strict=True)
    ]
    np.testing.assert_allclose(together, alone, rtol=1e-12)


def test_scales_are_read_and_written_in_one_order():
    points = np.arange(10.0).reshape(2, 5)
    scales = Scales.of(points)
    np.testing.assert_array_equal(scales.point, points)
    np.testing.assert_array_equal(scales.only(1).point, points[[1]])
    np.testing.assert_allclose(scales.amplitudes, np.exp([2.0, 7.0]))
    np.testing.assert_allclose(Scales.of(np.zeros((1, 3))).stretch(np.array([[[]]])).shape, (1, 1, 0))
    np.testing.assert_allclose(Scales.of(np.zeros((1, 4))).stretch(np.array([[[0.5]]])), [[[1.0]]])


def test_learned_scales_are_more_likely_than_where_the_search_began():
    rows = some_rows(40)
    rows = ThinnedRows(rows.X, np.sin(6 * rows.X[..., 0]), rows.weights, rows.noise_factors, rows.known_noise)
    anchors = some_anchors([0.0, 0.0, 0.0, -2.0, -5.0])
    scales = learn_scales(rows, ["smooth"], anchors, 40)
    gain = log_evidence(rows, ["smooth"], scales) - log_evidence(rows, ["smooth"], Scales.of(anchors.start))
    assert gain[0] > 10.0
    assert scales.inputs[0, 0] > scales.inputs[0, 1]  # the function depends on the first input alone


def test_a_search_goes_on_from_good_scales_without_leaving_them():
    """A second search that begins where the first ended, in short steps, ends no lower and close by."""
    rows = some_rows(40)
    rows = ThinnedRows(rows.X, np.sin(6 * rows.X[..., 0]), rows.weights, rows.noise_factors, rows.known_noise)
    anchors = some_anchors([0.0, 0.0, 0.0, -2.0, -5.0])
    first = learn_scales(rows, ["smooth"], anchors, 80)
    second = learn_scales(rows, ["smooth"], anchors, 10, start=first)
    np.testing.assert_allclose(second.point, first.point, atol=0.1)


def test_searches_begin_with_much_noise_and_no_large_scales_where_rows_are_many():
    anchors = Anchors.draw(50, 3, PRIOR_OF_MANY_ROWS, np.random.default_rng(0))
    assert (anchors.start[:, :-3] <= -0.5).all()
    assert (anchors.start[:, -1] == -2.5).all()
    np.testing.assert_array_equal(anchors.start[:, -3:-1], anchors.point[:, -3:-1])


def test_noisy_rows_are_smoothed_and_not_run_through():
    """Half of the variance is noise: every network must find it, none may call it a rough function."""
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(8, 100, 4))
    y = np.sqrt(2.0) * np.sin(3 * X[..., 0]) / np.sin(3 * X[..., 0]).std() + rng.standard_normal((8, 100))
    y = (y - y.mean(axis=1, keepdims=True)) / y.std(axis=1, keepdims=True)
    rows = ThinnedRows(X, y, np.ones((8, 100)), np.ones((8, 100)), np.zeros((8, 100)))
    anchors = Anchors.draw(8, 4, PRIOR_OF_MANY_ROWS, rng)
    noises = learn_scales(rows, ["matern"] * 8, anchors, 40).noises
    assert (noises > 0.15).all()


def test_below_its_anchor_a_scale_is_pulled_more_weakly():
    """The pull is the distance over the variance: 2 / 4**2 upwards from below, -1 / 0.5**2 from above."""
    anchors = Anchors(np.zeros((1, 4)), np.full(4, 0.5), np.full(4, 4.0), np.zeros((1, 4)))
    pull = anchors.pull(np.array([[-2.0, 1.0, 0.0, -2.0]]))
    np.testing.assert_allclose(pull, [[0.125, -4.0, 0.0, 0.125]])


def test_inputs_that_do_not_matter_are_let_go_where_rows_are_many():
    """Of eight inputs one matters; the scales of the others fall below a tenth."""
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(1, 120, 8))
    rows = ThinnedRows(X, np.sin(6 * X[..., 0]), np.ones((1, 120)), np.ones((1, 120)), np.zeros((1, 120)))
    anchors = Anchors.draw(1, 8, PRIOR_OF_MANY_ROWS, rng)
    scales = np.exp(learn_scales(rows, ["smooth"], anchors, 80).inputs[0])
    assert scales[0] > 0.5
    assert (scales[1:] < 0.1).all()


def test_without_rows_that_say_anything_the_anchor_holds():
    """Rows of enormous known noise have no say, and the prior's mode is the anchor."""
    rows = some_rows(known_noise=np.full((1, 12), 1e9))
    anchors = some_anchors([0.7, -0.9, 0.2, -2.0, -6.0])
    np.testing.assert_allclose(learn_scales(rows, ["matern"], anchors, 100).point, anchors.point, atol=0.01)


def test_the_search_finds_the_top_of_quadratics():
    tops = np.array([[1.0, -2.0, 0.3], [4.0, 0.0, -5.0]])
    curvatures = np.array([1.0, 100.0, 0.01])
    found = maximise(lambda point: curvatures * (tops - point), np.zeros((2, 3)), 80)
    np.testing.assert_allclose(found, tops, atol=1e-3)


def test_the_search_leaves_its_start_alone_and_makes_no_step_if_told_none():
    start = np.ones((1, 2))
    np.testing.assert_array_equal(maximise(lambda point: -point, start, 0), start)
    maximise(lambda point: -point, start, 3)
    np.testing.assert_array_equal(start, np.ones((1, 2)))


def test_factors_of_matrices_on_the_edge():
    """All ones has rank 1; its factor needs a little on the diagonal. A negative matrix has none."""
    root = factor(np.ones((4, 4)))
    np.testing.assert_allclose(np.tril(root) @ np.tril(root).T, np.ones((4, 4)), atol=1e-6)
    np.testing.assert_allclose(factor(np.array([[4.0, 2.0], [2.0, 5.0]]))[1], [1.0, 2.0])
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite"):
        factor(-np.eye(2))


def test_the_map_by_range_by_hand():
    X = np.array([[2.0, 5.0], [4.0, 5.0], [6.0, 5.0]])
    lay = RangeMap.of(X, np.ones(3))
    np.testing.assert_array_equal(lay(X), [[0.0, 0.0], [0.5, 0.0], [1.0, 0.0]])
    np.testing.assert_array_equal(lay(np.array([[8.0, 6.0]])), [[1.5, 1.0]])  # on, and a constant in its unit


def test_the_map_by_rank_by_hand():
    """Ranks of 0, 0, 0 and 10 are 3/8 and 7/8; the mean with the range is 3/16 and 15/16."""
    X = np.array([[0.0], [0.0], [0.0], [10.0]])
    lay = RankMap.of(X, np.ones(4))
    np.testing.assert_array_equal(lay(X)[:, 0], [0.1875, 0.1875, 0.1875, 0.9375])
    np.testing.assert_array_equal(
        lay(np.array([[5.0], [20.0]]))[:, 0], [0.5 * (0.5 + 0.625), 0.5 * (2 + 0.875)]
    )
    weighted = RankMap.of(X[2:], np.array([3.0, 1.0]))
    np.testing.assert_array_equal(weighted(X), lay(X))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-50, 50), min_size=2, max_size=12), st.sampled_from([RangeMap, RankMap]))
def test_maps_keep_the_order_and_the_rows_stay_between_0_and_1(values, kind):
    X = np.sort(np.array(values, dtype=float))[:, None]
    placed = kind.of(X, np.ones(len(X)))(X)[:, 0]
    assert ((placed >= 0) & (placed <= 1)).all()
    assert (np.diff(placed)[np.diff(X[:, 0]) > 0] > 0).all()
    assert (np.diff(placed)[np.diff(X[:, 0]) == 0] == 0).all()


@pytest.mark.parametrize(("n_inputs", "shift"), [(2, 0.0), (8, 0.0), (32, -np.log(2.0))])
def test_with_more_than_eight_inputs_rows_seem_no_farther_apart(n_inputs, shift):
    """Four times as many inputs are twice as far apart, so their scales are half as large in the mean."""
    anchors = Anchors.draw(2_000, n_inputs, PRIOR_OF_FEW_ROWS, np.random.default_rng(0))
    expected = PRIOR_OF_FEW_ROWS.scale_mean + shift
    assert anchors.point[:, :-3].mean() == pytest.approx(expected, abs=0.04)
