"""Input maps, kernels, the marginal likelihood and its bound: against dense formulas and differences.

They are functions of given hyperparameters, imported by themselves: the ensemble learns its own, and shows
neither a kernel alone nor the slope that it climbs.
"""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern

from bnnopt.surrogates._gaussian_process._exact import (
    LearningRows,
    cholesky,
    inverse_root,
    inverses,
    likelihood_with_gradient,
    log_marginal_likelihood,
)
from bnnopt.surrogates._gaussian_process._hyperparameters import (
    SMALLEST_NOISE,
    Anchors,
    Hyperparameters,
    climb,
)
from bnnopt.surrogates._gaussian_process._input_maps import INPUT_MAPS, RangeMap, RankMap
from bnnopt.surrogates._gaussian_process._kernels import KERNELS, NetworkKernel
from bnnopt.surrogates._gaussian_process._pairs import Between, RowsOfMembers
from bnnopt.surrogates._gaussian_process._sparse import JITTER, bound_with_gradient
from bnnopt.surrogates._rows import Rows

OF_SCIKIT_LEARN = {
    "squared_exponential": lambda length: RBF(length),
    "matern_5_2": lambda length: Matern(length, nu=2.5),
    "exponential": lambda length: Matern(length, nu=0.5),
}
POINT = np.array([-0.4, 0.3, 0.4, -1.0, -2.0])  # two length scales, signal, offset and noise variance


def some_rows(n_rows=12, seed=0, **changes):
    """Rows of one member and two inputs; every row counts once, with noise of its own kind."""
    rng = np.random.default_rng(seed)
    own = {
        "X": rng.random((1, n_rows, 2)),
        "y": rng.standard_normal((1, n_rows)),
        "weights": np.ones((1, n_rows)),
        "noise_factors": np.ones((1, n_rows)),
        "known_noise": np.zeros((1, n_rows)),
    }
    own |= changes
    return LearningRows(**(own | {"X": RowsOfMembers.of(own["X"])}))


def differences(value, point, step=1e-4):
    """Slopes of a function of a point, by central differences."""
    ways = np.eye(len(point))
    return np.array([(value(point + step * way) - value(point - step * way)) / (2 * step) for way in ways])


def likelihood_at(rows, kernel, point):
    return log_marginal_likelihood(rows, [kernel], Hyperparameters.of(point[None]))[0]


@pytest.mark.parametrize("name", OF_SCIKIT_LEARN)
def test_kernels_are_those_of_scikit_learn(name):
    X = np.random.default_rng(0).random((20, 3)) * 3.0
    np.testing.assert_allclose(KERNELS[name](X, X), OF_SCIKIT_LEARN[name](1.0)(X), atol=2e-6)


@pytest.mark.parametrize("name", ["squared_exponential", "matern_5_2"])
def test_an_anova_kernel_is_the_mean_over_all_subsets_of_inputs(name):
    """Of three inputs a unit sees each of the eight subsets with the same probability."""
    A, B = np.random.default_rng(0).random((2, 6, 3)) * 3.0
    kernel, expected = OF_SCIKIT_LEARN[name](1.0), np.zeros((6, 6))
    for seen in product([False, True], repeat=3):
        expected += np.prod([kernel(A[:, [i]], B[:, [i]]) for i in range(3) if seen[i]] or [1.0], axis=0) / 8
    np.testing.assert_allclose(KERNELS[f"anova_{name}"](A, B), expected, atol=2e-6)


def test_kernels_at_a_distance_of_one_by_hand():
    at_one = {name: KERNELS[name](np.zeros((1, 1)), np.ones((1, 1)))[0, 0] for name in OF_SCIKIT_LEARN}
    root = np.sqrt(5.0)
    expected = {
        "squared_exponential": np.exp(-0.5),
        "matern_5_2": (1 + root + 5 / 3) * np.exp(-root),
        "exponential": np.exp(-1.0),
    }
    assert at_one == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", KERNELS)
def test_slopes_by_the_inputs_are_those_of_differences(name):
    rng = np.random.default_rng(0)
    A, B = 2.0 * rng.random((5, 3)), 2.0 * rng.random((4, 3))
    weights = rng.standard_normal((2, 5, 4))
    value, by_rows = KERNELS[name].gradient(A, B)
    np.testing.assert_allclose(value, KERNELS[name](A, B), rtol=1e-9)
    for row in range(5):
        expected = differences(lambda x: KERNELS[name](x[None], B)[0], A[row], 1e-5)
        found = by_rows(weights)[:, row]
        np.testing.assert_allclose(found, weights[:, row] @ expected.T, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("name", KERNELS)
def test_slopes_by_the_length_scales_are_those_of_differences(name):
    rng = np.random.default_rng(0)
    X, Z, weights = rng.random((2, 8, 3)) * 2.0, rng.random((2, 5, 3)), rng.standard_normal((2, 8, 5))
    matrix = KERNELS[name].matrix(Between(X, Z))
    np.testing.assert_allclose(matrix.value, KERNELS[name](X, Z), rtol=1e-12)
    for member in range(2):
        expected = differences(
            lambda logs, own=member: np.sum(
                weights[own] * KERNELS[name](X[own] * np.exp(-logs), Z[own] * np.exp(-logs))
            ),
            np.zeros(3),
            1e-5,
        )
        found = matrix.by_log_length_scales(weights)[member]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", KERNELS)
def test_the_mean_product_of_random_units_is_the_kernel(name):
    """But for the two inner layers of a deep network, which are of finite width in a draw."""
    rng = np.random.default_rng(0)
    X = np.array([[0.0, 0.0], [0.4, 0.1], [1.0, 1.5]])
    layers = [KERNELS[name].draw_units(2, 256, rng)(X).astype(float) for _ in range(400)]
    products = np.array([layer @ layer.T / 256 for layer in layers])
    error = products.std(axis=0) / np.sqrt(len(products))
    width = 0.02 if name == "deep_relu" else 0.0
    expected = KERNELS[name](X, X)
    assert (np.abs(products.mean(axis=0) - expected) < 4 * error + width * expected + 1e-6).all()


def test_the_kernel_of_a_relu_network_by_hand():
    """Rows at a right angle once the bias counts, of norm 2 both; then one row with itself."""
    A, B = np.array([[1.0]]), np.array([[-1.0]])
    assert NetworkKernel(1)(A, B)[0, 0] == pytest.approx(2.0 / np.pi)
    assert NetworkKernel(3)(A, A)[0, 0] == pytest.approx(2.0)
    one = 1.0 / np.pi  # cosine after one layer
    two = (np.sqrt(1.0 - one**2) + (np.pi - np.arccos(one)) * one) / np.pi
    assert NetworkKernel(2)(A, B)[0, 0] == pytest.approx(2.0 * two)
    assert NetworkKernel(3).variance(np.array([[3.0, 1.0]]))[0] == 11.0


@pytest.mark.parametrize("name", KERNELS)
def test_the_variance_of_a_row_is_the_kernel_with_itself(name):
    X = np.random.default_rng(0).random((5, 3)) - 0.5
    kernel = KERNELS[name]
    np.testing.assert_allclose(kernel.variance(X), np.diag(kernel(X, X)), rtol=1e-5)
    for row in range(5):
        expected = differences(lambda x: kernel.variance(x[None])[0], X[row], 1e-5)
        np.testing.assert_allclose(kernel.variance_gradient(X)[row], expected, atol=1e-8)


@pytest.mark.parametrize("name", OF_SCIKIT_LEARN)
def test_the_marginal_likelihood_is_that_of_scikit_learn(name):
    factors, known = np.linspace(0.5, 2.0, 12), np.linspace(0.0, 0.3, 12)
    rows = some_rows(noise_factors=factors[None], known_noise=known[None])
    own = OF_SCIKIT_LEARN[name](np.exp(POINT[:2]))
    kernel = ConstantKernel(np.exp(0.4)) * own + ConstantKernel(np.exp(-1.0))
    alpha = (np.exp(-2.0) + SMALLEST_NOISE) * factors + known
    process = GaussianProcessRegressor(kernel, alpha=alpha, optimizer=None).fit(rows.X.tables[0], rows.y[0])
    assert likelihood_at(rows, name, POINT) == pytest.approx(process.log_marginal_likelihood_value_, rel=1e-5)


def test_the_marginal_likelihood_of_a_single_row_by_hand():
    """A normal distribution whose variance is signal, offset and noise: 1 + 1 + 1, and a point of y at 2."""
    rows = some_rows(1, y=np.array([[2.0]]))
    expected = -0.5 * (np.log(2 * np.pi * 3.0) + 4.0 / 3.0)
    assert likelihood_at(rows, "squared_exponential", np.zeros(5)) == pytest.approx(expected, rel=1e-7)


def test_a_row_of_weight_three_is_three_rows():
    weights = np.ones((1, 12))
    weights[0, [2, 7]] = 3.0, 2.0
    factors, known = np.linspace(0.5, 2.0, 12)[None], np.linspace(0.0, 0.3, 12)[None]
    weighted = some_rows(weights=weights, noise_factors=factors, known_noise=known)
    places = np.repeat(np.arange(12), weights[0].astype(int))
    repeated = some_rows(
        X=weighted.X.tables[:, places],
        y=weighted.y[:, places],
        weights=np.ones((1, 15)),
        noise_factors=factors[:, places],
        known_noise=known[:, places],
    )
    own = Hyperparameters.of(POINT[None])
    for quantity in (log_marginal_likelihood, lambda *given: likelihood_with_gradient(*given)[1]):
        of_weights, of_repeats = (quantity(rows, ["matern_5_2"], own) for rows in (weighted, repeated))
        np.testing.assert_allclose(of_weights, of_repeats, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"noise_factors": np.linspace(0.2, 4.0, 12)[None], "known_noise": np.linspace(0.0, 1.0, 12)[None]},
        {"weights": np.linspace(0.4, 3.0, 12)[None], "known_noise": np.linspace(0.0, 1.0, 12)[None]},
    ],
    ids=["plain", "noise of rows", "weights and known noise"],
)
def test_the_gradient_of_the_marginal_likelihood_is_that_of_differences(name, changes):
    rows = some_rows(**changes)
    value, (gradient,) = likelihood_with_gradient(rows, [name], Hyperparameters.of(POINT[None]))
    assert value == likelihood_at(rows, name, POINT)
    expected = differences(lambda point: likelihood_at(rows, name, point), POINT)
    np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-4)  # the exponential is not smooth at 0


def test_members_side_by_side_do_not_know_each_other():
    one, other = some_rows(seed=1), some_rows(seed=2)
    both = some_rows(
        X=np.concatenate([one.X.tables, other.X.tables]),
        y=np.concatenate([one.y, other.y]),
        **{
            name: np.concatenate([getattr(one, name)] * 2)
            for name in ("weights", "noise_factors", "known_noise")
        },
    )
    names, points = ["exponential", "squared_exponential"], np.stack([POINT, 0.5 * POINT])
    together = likelihood_with_gradient(both, names, Hyperparameters.of(points))
    for place, rows in enumerate((one, other)):
        alone = likelihood_with_gradient(rows, [names[place]], Hyperparameters.of(points[[place]]))
        for quantity, own in zip(together, alone, strict=True):
            np.testing.assert_allclose(quantity[place], own[0], rtol=1e-10)


@pytest.fixture
def table():
    """Rows that count unlike often, with noise of several kinds."""
    rng = np.random.default_rng(0)
    weights, factors, known = rng.integers(1, 4, 40), rng.uniform(0.5, 2, 40), rng.uniform(0, 0.1, 40)
    rows = Rows.of(rng.random((40, 2)), rng.standard_normal(40), weights.astype(float), known)
    return replace(rows, noise_factors=factors)


def dense_bound(rows, inducing, name, point):
    """Titsias 2009, equation 9, by plain inverses: log Normal(y; 0, Q + N) - tr(N⁻¹ (K - Q)) / 2."""
    own, kernel = Hyperparameters.of(point[None]), KERNELS[name]
    signal, offset = np.exp(point[-3]), np.exp(point[-2])
    x, z = (own.scaled(inputs[None])[0] for inputs in (rows.X, inducing))
    of_inducing = (signal * kernel(z, z) + offset) * (1.0 + JITTER * np.eye(len(z)))
    prior = signal * kernel.variance(x) + offset
    cross = signal * kernel(x, z) + offset
    explained = cross @ np.linalg.solve(of_inducing, cross.T)
    noise = rows.noise(np.exp(point[-1]) + SMALLEST_NOISE) / rows.weights
    covariance, y = explained + np.diag(noise), rows.y[:, 0]
    value = -0.5 * (y @ np.linalg.solve(covariance, y) + np.linalg.slogdet(covariance)[1])
    value -= 0.5 * np.sum((prior - np.diagonal(explained)) / noise)
    repeats = (rows.weights - 1.0) * np.log(2.0 * np.pi * noise * rows.weights) + np.log(rows.weights)
    return value - 0.5 * (len(y) * np.log(2.0 * np.pi) + repeats.sum())


@pytest.mark.parametrize("n_inducing", [1, 15, 40])
@pytest.mark.parametrize("name", KERNELS)
def test_the_gradient_of_the_bound_is_that_of_differences(table, name, n_inducing):
    inducing = table.X[:n_inducing]
    bound, found = bound_with_gradient(table, inducing, KERNELS[name], Hyperparameters.of(POINT[None]))
    assert bound == pytest.approx(dense_bound(table, inducing, name, POINT), rel=1e-6)
    expected = differences(lambda point: dense_bound(table, inducing, name, point), POINT)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=5e-3)


def test_the_gradient_of_the_bound_stays_right_where_rows_say_much(table):
    """A large signal and little noise leave matrices of a condition of 1e12."""
    point = POINT + np.array([2.0, 2.0, 6.0, 0.0, -6.0])
    _, found = bound_with_gradient(
        table, table.X[::2], KERNELS["squared_exponential"], Hyperparameters.of(point[None])
    )
    expected = differences(lambda at: dense_bound(table, table.X[::2], "squared_exponential", at), point)
    np.testing.assert_allclose(found, expected, rtol=1e-2, atol=0.5)


@pytest.mark.parametrize("name", KERNELS)
def test_with_all_rows_inducing_the_bound_climbs_as_the_marginal_likelihood(table, name):
    rows = some_rows(
        X=table.X[None],
        y=table.y[None, :, 0],
        weights=table.weights[None],
        noise_factors=table.noise_factors[None],
        known_noise=table.known_noise.T,
    )
    own = Hyperparameters.of(POINT[None])
    bound, of_bound = bound_with_gradient(table, table.X, KERNELS[name], own)
    (value,), (gradient,) = likelihood_with_gradient(rows, [name], own)
    np.testing.assert_allclose(of_bound, gradient, atol=0.02)
    assert bound == pytest.approx(value, abs=0.01)


def some_anchors(point, std=2.0):
    """Anchors of one member, where a search begins too."""
    return Anchors(np.array([point]), np.array([point]), np.full(len(point), std), 3.0)


def of_a_sine(n_rows=40):
    rows = some_rows(n_rows)
    return replace(rows, y=np.sin(6 * rows.X.tables[..., 0]))


def climbed(rows, kernel, anchors, n_steps, start=None):
    return climb(lambda own, _: likelihood_with_gradient(rows, [kernel], own), anchors, n_steps, start)


def test_what_is_learned_is_more_likely_than_where_the_search_began():
    rows, start = of_a_sine(), np.array([-0.7, -0.7, 0.0, -2.0, -5.0])
    found = climbed(rows, "squared_exponential", some_anchors(start), 40).hyperparameters
    gain = likelihood_at(rows, "squared_exponential", found.point[0]) - likelihood_at(
        rows, "squared_exponential", start
    )
    assert gain > 10.0
    assert found.log_length_scales[0, 1] > found.log_length_scales[0, 0]  # the first input alone matters


def test_a_search_goes_on_from_good_hyperparameters_without_leaving_them():
    rows, anchors = of_a_sine(), some_anchors([-0.7, -0.7, 0.0, -2.0, -5.0])
    first = climbed(rows, "squared_exponential", anchors, 80)
    second = climbed(rows, "squared_exponential", anchors, 10, start=first)
    before, after = (each.hyperparameters for each in (first, second))
    np.testing.assert_allclose(after.log_length_scales[0, 0], before.log_length_scales[0, 0], atol=0.1)
    before, after = (likelihood_at(rows, "squared_exponential", each.point[0]) for each in (before, after))
    assert after > before - 0.5  # length scale of an idle input and noise of 1e-10 are the prior's alone


def test_without_rows_that_say_anything_the_anchor_holds():
    """Rows of enormous known noise have no say, and the prior's mode is the anchor."""
    rows = some_rows(known_noise=np.full((1, 12), 1e9))
    anchors = some_anchors([0.7, -0.9, 0.2, -2.0, -6.0])
    anchors = replace(anchors, start=anchors.point + 1.0)
    found = climbed(rows, "matern_5_2", anchors, 100).hyperparameters
    np.testing.assert_allclose(found.point, anchors.point, atol=0.1)


def test_the_pull_of_the_prior_is_that_of_student_t_by_hand():
    """3 degrees of freedom, 2 and 4 standard deviations below: 4 / (3 + 4) * 2 / 0.5 and 4 / 19 * 4 / 0.5."""
    pull = some_anchors([0.0, 0.0, 0.0, 0.0], 0.5).gradient(np.array([[-1.0, -2.0, 0.0, 1.0]]))
    np.testing.assert_allclose(pull, [[16 / 7, 32 / 19, 0.0, -16 / 7]])


def test_far_from_the_anchor_the_prior_is_normal():
    """8 standard deviations above: 4 / (3 + 64) * 8 / 0.5 of Student-t, and 2 / 0.5 beyond 6."""
    anchors = some_anchors([0.0, 0.0, 0.0, 0.0], 0.5)
    point = np.array([[4.0, 0.0, 0.0, 0.0]])
    assert anchors.gradient(point)[0, 0] == pytest.approx(-64 / 67 - 4.0)
    expected = differences(lambda at: anchors.log_density(at[None])[0], point[0])
    np.testing.assert_allclose(anchors.gradient(point)[0], expected, atol=1e-6)


def test_factors_of_matrices_on_the_edge():
    """All ones has rank 1; its factor needs a little on the diagonal. A negative matrix has none."""
    root = np.tril(cholesky(np.ones((4, 4))))
    np.testing.assert_allclose(root @ root.T, np.ones((4, 4)), atol=1e-6)
    np.testing.assert_allclose(cholesky(np.array([[4.0, 2.0], [2.0, 5.0]]))[1], [1.0, 2.0])
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite"):
        cholesky(-np.eye(2))


@pytest.mark.parametrize("n_rows", [1, 2, 5, 8])
def test_inverses_and_log_determinants_are_those_of_numpy(n_rows):
    rng = np.random.default_rng(0)
    roots, y = rng.standard_normal((3, n_rows, n_rows)), rng.standard_normal((3, n_rows))
    covariances = roots @ np.swapaxes(roots, 1, 2) + np.eye(n_rows)
    rows = RowsOfMembers.of(rng.random((3, n_rows, 2)))
    found, solved, log_determinants = inverses(covariances[:, rows.first, rows.second], y, rows.diagonal)
    inverse = np.linalg.inv(covariances)
    np.testing.assert_allclose(found, inverse[:, rows.first, rows.second], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(solved, (inverse @ y[:, :, None])[:, :, 0], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(log_determinants, np.linalg.slogdet(covariances)[1])
    root = inverse_root(covariances[0])
    np.testing.assert_allclose(root.T @ root, inverse[0], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", KERNELS)
def test_pairs_among_rows_are_those_of_each_with_each(name):
    """Two members of one table and one of another; every pair of rows stands there once."""
    rng = np.random.default_rng(0)
    X, logs = rng.random((2, 7, 3))[[0, 1, 0]], 0.3 * rng.standard_normal((3, 3))
    rows, weights = RowsOfMembers.of(X), rng.standard_normal((3, 28))
    assert len(rows.tables) == 2
    scaled = X * np.exp(-logs)[:, None]
    once, each = KERNELS[name].matrix(rows.scaled(logs)), KERNELS[name].matrix(Between(scaled, scaled))
    np.testing.assert_allclose(once.value, each.value[:, rows.first, rows.second], rtol=1e-6)
    spread = np.zeros((3, 7, 7))
    spread[:, rows.first, rows.second] = weights
    expected = each.by_log_length_scales(spread)
    np.testing.assert_allclose(once.by_log_length_scales(weights), expected, rtol=1e-6, atol=1e-9)


def test_the_map_by_range_by_hand():
    X = np.array([[2.0, 5.0], [4.0, 5.0], [6.0, 5.0]])
    lay = RangeMap.of(X, np.ones(3))
    np.testing.assert_array_equal(lay(X), [[-0.5, -0.5], [0.0, -0.5], [0.5, -0.5]])
    np.testing.assert_array_equal(lay(np.array([[8.0, 6.0]])), [[1.0, 0.5]])  # on, and a constant in its unit


def test_the_map_by_rank_by_hand():
    """Ranks of 0, 0, 0 and 10 are 3/8 and 7/8; the mean with the range, less one half: -5/16 and 7/16."""
    X = np.array([[0.0], [0.0], [0.0], [10.0]])
    lay = RankMap.of(X, np.ones(4))
    np.testing.assert_array_equal(lay(X)[:, 0], [-0.3125, -0.3125, -0.3125, 0.4375])
    beyond = lay(np.array([[5.0], [20.0]]))[:, 0]
    np.testing.assert_array_equal(beyond, [0.5 * (0.0 + 0.125), 0.5 * (1.5 + 0.375)])
    weighted = RankMap.of(X[2:], np.array([3.0, 1.0]))
    np.testing.assert_array_equal(weighted(X), lay(X))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-50, 50), min_size=2, max_size=12), st.sampled_from([RangeMap, RankMap]))
def test_maps_keep_the_order_and_the_rows_stay_within_the_unit(values, kind):
    X = np.sort(np.array(values, dtype=float))[:, None]
    placed = kind.of(X, np.ones(len(X)))(X)[:, 0]
    assert (np.abs(placed) <= 0.5).all()
    assert (np.diff(placed)[np.diff(X[:, 0]) > 0] > 0).all()
    assert (np.diff(placed)[np.diff(X[:, 0]) == 0] == 0).all()


@pytest.mark.parametrize("name", INPUT_MAPS)
def test_slopes_are_those_of_differences(name):
    rng = np.random.default_rng(0)
    lay, X, step = INPUT_MAPS[name].of(rng.random((9, 2)), np.ones(9)), 1.4 * rng.random((30, 2)) - 0.2, 1e-7
    expected = (lay(X + step) - lay(X - step)) / (2 * step)
    np.testing.assert_allclose(lay.slope(X), expected, rtol=1e-5)


def test_ranges_of_all_rows_and_ranks_of_a_sample():
    lay = RankMap.of(np.array([[1.0], [3.0]]), np.ones(2)).within(np.array([0.0]), np.array([4.0]))
    np.testing.assert_array_equal(lay(np.array([[1.0], [3.0]]))[:, 0], [-0.25, 0.25])
