"""The Gaussian process ensemble: what it learns, noise of rows, calibration, known noise, awkward tables."""

import numpy as np
import pandas as pd
import pytest

from bnnopt.surrogates import GaussianProcessEnsembleRegressor

NEW = np.linspace(0.0, 1.0, 21)[:, None]


def ensemble(**parameters):
    return GaussianProcessEnsembleRegressor(**({"random_state": 0} | parameters))


def line(n_rows, noise, seed=0):
    """Evenly spread rows of a slow sine with normal noise, a number or one for each row."""
    rng = np.random.default_rng(seed)
    X = np.linspace(0.0, 1.0, n_rows)[:, None]
    return X, np.sin(4 * X[:, 0]) + noise * rng.standard_normal(n_rows)


def test_noise_that_grows_is_found_where_it_is():
    X = np.linspace(0.0, 1.0, 60)[:, None]
    y = np.sin(4 * X[:, 0]) + np.where(X[:, 0] < 0.5, 0.05, 0.5) * np.random.default_rng(0).standard_normal(
        60
    )
    model = ensemble(noise="input_dependent").fit(X, y)
    total, function = (
        model.predict([[0.1], [0.9]], return_std=True, noise=noise)[1] for noise in (True, False)
    )
    noise = np.sqrt(total**2 - function**2)
    assert 0.02 < noise[0] < 0.2
    assert 0.2 < noise[1] < 1.0
    assert 3.0 < noise[1] / noise[0] < 30.0
    at_rows = np.square(model.predict(X, return_std=True)[1]) - np.square(
        model.predict(X, return_std=True, noise=False)[1]
    )
    assert at_rows.mean() == pytest.approx(model.noise_variance_)


def test_constant_noise_is_constant():
    model = ensemble().fit(*line(30, 0.2))
    total, function = (model.predict(NEW, return_std=True, noise=noise)[1] for noise in (True, False))
    np.testing.assert_allclose(total**2 - function**2, np.full(21, model.noise_variance_))
    assert 0.1 < np.sqrt(model.noise_variance_) < 0.35


def test_rows_of_huge_known_noise_hardly_matter():
    X, y = line(30, 0.02)
    wild = np.linspace(0.02, 0.98, 10)[:, None]
    table, outcomes = np.concatenate([X, wild]), np.concatenate([y, np.sin(4 * wild[:, 0]) + 5.0])
    without = ensemble().fit(X, y).predict(NEW)
    known = np.repeat([0.0, 1e6], [30, 10])
    told = ensemble().fit(table, outcomes, noise_variance=known).predict(NEW)
    untold = ensemble().fit(table, outcomes).predict(NEW)
    assert np.abs(told - without).max() < 0.15
    assert np.abs(untold - without).max() > 0.5


def test_known_noise_is_part_of_the_noise_of_predictions():
    X, y = line(25, 0.2)
    model = ensemble().fit(X, y, noise_variance=np.full(25, 0.04))
    assert model.noise_variance_ >= 0.04
    assert np.sqrt(model.noise_variance_) < 0.35
    column = ensemble().fit(X, y, noise_variance=np.full((25, 1), 0.04))
    np.testing.assert_array_equal(column.predict(NEW), model.predict(NEW))


def test_no_known_noise_is_a_known_noise_of_zero():
    X, y = line(12, 0.1)
    one, other = ensemble().fit(X, y), ensemble().fit(X, y, noise_variance=np.zeros(12))
    np.testing.assert_array_equal(one.predict(NEW, return_std=True), other.predict(NEW, return_std=True))


def test_calibration_mends_a_noise_that_was_given_too_large():
    """Errors of 0.1 given as 0.14: the mean squared z of new rows is about a half, and 1 when calibrated."""
    new, outcomes = line(400, 0.1, seed=99)
    z2 = {False: [], True: []}
    for seed in (1, 2, 3, 4):
        for calibrate, found in z2.items():
            model = ensemble(calibrate=calibrate).fit(*line(50, 0.1, seed), noise_variance=np.full(50, 0.02))
            mean, std = model.predict(new, return_std=True)
            found.append(np.mean(np.square((outcomes - mean) / std)))
    assert np.mean(z2[False]) < 0.65
    assert 0.75 < np.mean(z2[True]) < 1.3


def test_calibration_scales_all_variances_and_leaves_the_mean():
    X, y = line(20, 0.1)
    models = [ensemble(calibrate=flag).fit(X, y, noise_variance=np.full(20, 0.02)) for flag in (False, True)]
    plain, calibrated = (model.predict(NEW, return_std=True) for model in models)
    np.testing.assert_allclose(plain[0], calibrated[0], rtol=1e-9, atol=1e-12)
    factors = np.square(calibrated[1] / plain[1])
    np.testing.assert_allclose(factors, factors[0])
    assert factors[0] < 0.9
    draws = [model.sample_y(NEW, 3) - model.predict(NEW)[:, None] for model in models]
    np.testing.assert_allclose(draws[1], np.sqrt(factors[0]) * draws[0], rtol=1e-6, atol=1e-9)


def test_the_function_is_less_known_away_from_rows_and_better_with_more_rows():
    few, many = ensemble().fit(*line(15, 0.2)), ensemble().fit(*line(60, 0.2))
    std_few, std_many = (model.predict(NEW, return_std=True, noise=False)[1] for model in (few, many))
    assert std_many.mean() < 0.8 * std_few.mean()
    far = many.predict([[0.5], [1.2], [1.5]], return_std=True, noise=False)[1]
    assert (np.diff(far) > 0).all()
    assert far[-1] > 3 * far[0]


def test_a_sine_is_learned_from_twenty_rows():
    X, y = line(20, 0.0)
    assert np.abs(ensemble().fit(X, y).predict(NEW) - np.sin(4 * NEW[:, 0])).max() < 0.02


def finite_moments(model, X):
    mean, std = model.predict(X, return_std=True)
    assert np.isfinite(mean).all()
    assert np.isfinite(std).all()
    assert (std > 0).all()
    assert np.isfinite(model.sample_y(X, 2)).all()
    return mean, std


def test_two_rows_are_enough():
    mean, std = finite_moments(ensemble().fit([[0.0], [1.0]], [2.0, 4.0]), np.array([[0.0], [1.0], [9.0]]))
    assert (np.abs(mean - 3.0) <= 1.5).all()
    assert std[2] > std[0]


@pytest.mark.parametrize("value", [0.0, 0.1, -7.3e5])
def test_a_constant_output_is_predicted(value):
    mean, _ = finite_moments(ensemble().fit(np.linspace(0, 1, 12)[:, None], np.full(12, value)), NEW)
    np.testing.assert_allclose(mean, value, rtol=1e-6, atol=1e-9)


def test_a_constant_output_with_all_that_can_be_asked_for():
    model = ensemble(noise="input_dependent", calibrate=True).fit(np.linspace(0, 1, 8)[:, None], np.ones(8))
    np.testing.assert_allclose(finite_moments(model, NEW)[0], 1.0, rtol=1e-6)


def test_one_setting_measured_many_times_tells_the_noise():
    y = np.random.default_rng(0).normal(5.0, 2.0, 40)
    model = ensemble().fit(np.full((40, 3), 0.7), y)
    mean, _ = finite_moments(model, np.full((1, 3), 0.7))
    assert mean[0] == pytest.approx(y.mean(), abs=0.3)
    assert model.noise_variance_ == pytest.approx(y.var(), rel=0.5)


@pytest.mark.parametrize("spread", [1.0, 1e-9])
def test_two_hundred_copies_of_a_row_are_no_trouble(spread):
    X = np.repeat([[1.0, 2.0], [1.0, 3.0]], [199, 1], axis=0)
    y = 3.0 + spread * np.random.default_rng(0).standard_normal(200)
    model = ensemble().fit(X, y)
    mean, _ = finite_moments(model, X[:1])
    assert abs(mean[0] - 3.0) < 0.5 * spread


def test_more_rows_than_inducing_points_with_copies_among_them():
    X = np.repeat(np.linspace(0, 1, 60)[:, None], 9, axis=0)
    y = X[:, 0] + 1e-6 * np.arange(540)
    model = ensemble(kernels=["matern_5_2"], n_members=1).fit(X, y)
    assert np.abs(finite_moments(model, NEW)[0] - NEW[:, 0]).max() < 0.1


def test_pairs_of_rows_a_hair_apart():
    X = np.repeat(np.linspace(0, 1, 20), 2)[:, None]
    X[1::2] += 1e-13
    y = np.sin(4 * X[:, 0])
    mean, _ = finite_moments(ensemble().fit(X, y), NEW)
    assert np.abs(mean - np.sin(4 * NEW[:, 0])).max() < 0.05


def test_more_columns_than_rows():
    X = np.random.default_rng(0).random((6, 30))
    finite_moments(ensemble().fit(X, X[:, 0]), X + 0.1)


def test_tiny_and_huge_units_change_nothing():
    """Factors are powers of 2 near 1e-12 and 1e12, so that not even rounding differs."""
    rng = np.random.default_rng(0)
    X = rng.random((15, 2))
    y = np.sin(4 * X[:, 0]) + X[:, 1]
    units, unit = np.array([2.0**-40, 2.0**40]), 2.0**40
    mean, std = ensemble().fit(X, y).predict(X + 0.1, return_std=True)
    other_mean, other_std = finite_moments(ensemble().fit(X * units, y * unit), (X + 0.1) * units)
    np.testing.assert_allclose(other_mean, mean * unit, rtol=1e-9)
    np.testing.assert_allclose(other_std, std * unit, rtol=1e-9)


def test_single_precision_gives_the_numbers_of_its_copy():
    X, y = (part.astype(np.float32) for part in line(12, 0.1))
    one, other = ensemble().fit(X, y), ensemble().fit(X.astype(float), y.astype(float))
    np.testing.assert_array_equal(one.predict(NEW, return_std=True), other.predict(NEW, return_std=True))


def test_the_table_of_members_says_what_predicts():
    rng = np.random.default_rng(0)
    X = rng.random((40, 2))
    y = np.column_stack([np.sin(6 * X[:, 0]), 1e3 * X[:, 1] + 30 * rng.standard_normal(40)])
    model = ensemble().fit(X, y)
    table = model.members_
    assert set(table["output"]) == {0, 1}
    assert set(table["kernel"]) <= set(model.kernels)
    np.testing.assert_allclose(table.groupby("output")["share"].sum(), [1.0, 1.0])
    np.testing.assert_allclose(model.shares_.sum(), [1.0, 1.0])
    assert list(model.shares_.index) == list(model.kernels)
    for place in (0, 1):
        own = table[table["output"] == place]
        noise = own["share"] @ own["noise_variance"] * y[:, place].var()
        assert model.noise_variance_[place] == pytest.approx(noise)
    own = table[table["output"] == 0]  # the first output depends on the first input alone
    assert (own["length_scale_0"] < own["length_scale_1"]).all()


def test_kernels_that_are_asked_for_are_there():
    X, y = line(12, 0.1)
    model = ensemble(kernels=["exponential_by_rank", "anova_squared_exponential"], n_members=3).fit(X, y)
    assert list(model.shares_.index) == ["exponential_by_rank", "anova_squared_exponential"]
    assert len(model.members_) <= 6


def test_the_first_output_of_two_is_that_output_alone():
    rng = np.random.default_rng(1)
    X = rng.random((12, 2))
    y = np.column_stack([5 + np.sin(4 * X[:, 0]), 100 * X[:, 1] + rng.standard_normal(12)])
    both, alone = ensemble().fit(X, y), ensemble().fit(X, y[:, 0])
    np.testing.assert_array_equal(both.predict(X)[:, 0], alone.predict(X))
    assert both.noise_variance_[0] == alone.noise_variance_
    assert isinstance(alone.noise_variance_, float)


def test_networks_of_the_same_rows_are_not_what_it_is():
    with pytest.raises(TypeError, match="dropout"):
        GaussianProcessEnsembleRegressor(dropout=0.1)


@pytest.mark.parametrize("settings", [{}, {"calibrate": True, "noise": "input_dependent"}])
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_gradients_are_central_differences(settings, n_outputs):
    rng = np.random.default_rng(2)
    X = 10.0 * rng.random((30, 3)) - 5.0
    y = np.column_stack([np.sin(X[:, 0]), 50.0 * X[:, 1]]) + 0.1 * rng.standard_normal((30, 2))
    model = ensemble(**settings).fit(X, y[:, 0] if n_outputs == 1 else y)
    at, step = 10.0 * rng.random((7, 3)) - 5.0, 1e-5
    mixtures = model.predict_mixture(at, return_gradient=True)
    mixtures = mixtures if n_outputs == 2 else [mixtures]
    for place in range(3):
        away = step * (np.arange(3) == place)
        ends = [model.predict_mixture(at + sign * away) for sign in (1.0, -1.0)]
        for k, (shares, _, _, by_mean, by_std) in enumerate(mixtures):
            (_, mean_above, above), (_, mean_below, below) = (
                end[k] if n_outputs == 2 else end for end in ends
            )
            assert by_mean.shape == by_std.shape == (len(shares), 7, 3)
            tolerance = {"rtol": 1e-3, "atol": 1e-4 * y[:, k].std()}
            np.testing.assert_allclose(
                by_mean[..., place], (mean_above - mean_below) / (2 * step), **tolerance
            )
            np.testing.assert_allclose(by_std[..., place], (above - below) / (2 * step), **tolerance)


def test_it_says_that_it_has_gradients():
    assert ensemble().fit(*line(5, 0.1)).has_gradients_ is True


def test_noise_of_its_own_at_each_row_is_what_comes_on_top_of_the_function():
    X, y = line(30, 0.2)
    model = ensemble(noise="input_dependent", calibrate=True).fit(X, y)
    total, function = (model.predict(NEW, return_std=True, noise=noise)[1] for noise in (True, False))
    np.testing.assert_allclose(model.predict_noise_variance(NEW), total**2 - function**2, rtol=1e-6)


def test_a_table_of_outputs_has_names_and_its_columns_keep_their_order():
    X, y = line(12, 0.1)
    frame = pd.DataFrame({"V": X[:, 0], "T": X[:, 0] ** 2})
    model = ensemble().fit(frame, pd.DataFrame({"peak": y}))
    assert (model.feature_names_in_.tolist(), model.output_names_.tolist()) == (["V", "T"], ["peak"])
    assert model.predict(frame).shape == (12, 1)
    with pytest.raises(ValueError, match=r"(?s)same order.*Out of order"):
        model.predict(frame[["T", "V"]])


@pytest.mark.parametrize("n_rows", [2, 3, 30, 700])
def test_one_rule_from_two_rows_on(n_rows):
    rng = np.random.default_rng(n_rows)
    X = rng.random((n_rows, 2))
    y = 3.0 + X[:, 0] + 0.1 * rng.standard_normal(n_rows)
    model = ensemble(kernels=["squared_exponential"], n_members=1).fit(X, y)
    mean, std = finite_moments(model, rng.random((5, 2)))
    assert np.abs(mean - y.mean()).max() < 2.0
    assert std.max() < 3.0


@pytest.mark.slow
def test_an_input_without_effect_is_let_go():
    """Of eight inputs one matters: its length scale is far below those of the others in each member."""
    X = np.random.default_rng(0).random((120, 8))
    table = ensemble(kernels=["squared_exponential"]).fit(X, np.sin(6 * X[:, 0])).members_
    others = table[[f"length_scale_{place}" for place in range(1, 8)]].to_numpy()
    assert (others > 3 * table[["length_scale_0"]].to_numpy()).all()


def test_half_noise_is_found_by_every_member():
    """Half of the variance is noise: every member must find it, none may call it a rough function."""
    rng = np.random.default_rng(0)
    X = rng.random((100, 4))
    function = np.sin(3 * X[:, 0])
    y = function / function.std() + rng.standard_normal(100)
    noises = ensemble(kernels=["matern_5_2"], n_members=4).fit(X, y).members_["noise_variance"]
    assert (noises > 0.25).all()


@pytest.mark.parametrize("n_rows", [60, 200])
def test_pure_noise_of_several_inputs_is_called_noise(n_rows):
    ratios = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        X, y = rng.random((n_rows, 5)), rng.standard_normal(n_rows)
        model = GaussianProcessEnsembleRegressor(random_state=seed).fit(X, y)
        ratios.append(np.sqrt(model.noise_variance_))
    assert 1 / 1.5 < np.median(ratios) < 1.5
    assert min(ratios) > 0.5


def test_a_fast_wave_is_not_called_noise():
    X = np.random.default_rng(0).random((60, 1))
    model = GaussianProcessEnsembleRegressor(random_state=0).fit(X, np.sin(10 * np.pi * X[:, 0]))
    assert np.sqrt(model.noise_variance_) < 0.1
