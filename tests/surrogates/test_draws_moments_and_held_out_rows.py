"""What the three estimators that compose share: shapes, draws, mixtures, noise and held-out rows."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates import BayesianStackingRegressor, HeldOutPredictions

METHODS = ("predict", "predict_mixture", "predict_noise_variance", "sample_y")


def noisy_sine(n_rows, noise=0.2, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.random((n_rows, 2))
    return X, 5.0 + np.sin(6 * X[:, 0]) + noise * rng.standard_normal(n_rows)


@pytest.fixture(scope="module")
def sine(make):
    return make().fit(*noisy_sine(60))


def test_shapes_follow_those_of_y(each, sine, rows):
    X, _ = noisy_sine(7)
    for model, points, shape in ((sine, X, ()), (each, rows[:7], (2,))):
        mean, std = model.predict(points, return_std=True)
        assert mean.shape == std.shape == model.predict(points).shape == (7, *shape)
        assert model.sample_y(points, 5).shape == (7, *shape, 5)
        assert model.predict_noise_variance(points).shape == (7, *shape)
        assert np.shape(model.noise_variance_) == shape
        held_out = model.predict_held_out()
        assert held_out.mean.shape == held_out.variance.shape == (len(held_out.rows), *shape)
    assert (each.n_features_in_, each.n_outputs_, sine.n_outputs_) == (3, 2, 1)


def test_noise_is_what_comes_on_top_of_the_function(each, rows):
    mean, total = each.predict(rows, return_std=True)
    mean_of_function, of_function = each.predict(rows, return_std=True, noise=False)
    np.testing.assert_array_equal(mean, mean_of_function)
    np.testing.assert_array_equal(mean, each.predict(rows))
    difference = np.square(total) - np.square(of_function)
    # moments at the rows are close together, so the difference of squares has some rounding
    np.testing.assert_allclose(
        difference, each.predict_noise_variance(rows), atol=1e-9 * np.square(total).max()
    )
    np.testing.assert_allclose(
        each.noise_variance_, each.predict_noise_variance(rows).mean(axis=0), rtol=1e-6
    )


def test_components_have_the_moments_of_predict(each, many_rows):
    mean, std = each.predict(many_rows[:50], return_std=True, noise=False)
    mixtures = each.predict_mixture(many_rows[:50])
    assert len(mixtures) == 2
    for place, (shares, means, stds) in enumerate(mixtures):
        assert shares.sum() == pytest.approx(1.0)
        middle = shares @ means
        np.testing.assert_allclose(middle, mean[:, place], rtol=1e-9, atol=1e-6 * np.ptp(mean[:, place]))
        spread = np.sqrt(shares @ (stds**2 + (means - middle) ** 2))
        np.testing.assert_allclose(spread, std[:, place], rtol=1e-6)


def test_a_mixture_of_a_flat_y_is_no_list(sine):
    shares, means, stds = sine.predict_mixture(noisy_sine(9)[0])
    assert means.shape == stds.shape == (len(shares), 9)


def test_many_draws_have_the_moments_of_predict(sine):
    X, _ = noisy_sine(20, seed=1)
    mean, std = sine.predict(X, return_std=True, noise=False)
    draws = sine.sample_y(X, 1000, random_state=1)
    # predict averages over a dozen masks of each network where there are such
    assert np.all(np.abs(draws.mean(axis=1) - mean) < (5 / np.sqrt(1000) + 0.2) * std)
    np.testing.assert_allclose(draws.std(axis=1).mean(), std.mean(), rtol=0.1)


def test_draws_follow_their_seed(each, rows):
    draws = [each.sample_y(rows, 9, random_state=seed) for seed in (4, 4, 5)]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert np.mean(draws[0] != draws[2]) > 0.9
    np.testing.assert_array_equal(each.sample_y(rows), each.sample_y(rows))


@pytest.mark.parametrize("n_samples", [0, -3, 1.5, "3", None, True])
def test_a_number_of_draws_that_is_none_is_named(each, rows, n_samples):
    with pytest.raises(
        InvalidDataError, match=f"n_samples must be a whole number of at least 1, got {n_samples!r}"
    ):
        each.sample_y(rows, n_samples)


def test_held_out_rows_are_those_of_the_fit(each):
    held_out = each.predict_held_out()
    assert isinstance(held_out, HeldOutPredictions)
    np.testing.assert_array_equal(held_out.rows, np.arange(40))
    assert np.isfinite(held_out.mean).all()
    assert (held_out.variance > 0).all()


def test_held_out_predictions_are_honest(sine):
    """They miss by about as much as they say, and by more than the prediction that knows the rows."""
    X, y = noisy_sine(60)
    held_out = sine.predict_held_out()
    errors = np.square(y[held_out.rows] - held_out.mean)
    assert errors.mean() > np.square(y - sine.predict(X)).mean()
    assert errors.mean() < y.var()
    assert 0.3 < np.mean(errors / held_out.variance) < 3.0


def test_an_outcome_does_not_shape_its_own_held_out_prediction(make):
    X, y = noisy_sine(60)
    wild = y.copy()
    wild[31] += 1.5
    before, after = (make().fit(X, outcome).predict_held_out().mean for outcome in (y, wild))
    assert abs(after[31] - before[31]) < 0.5


def test_held_out_rows_follow_the_order_of_the_rows(make):
    X, y = noisy_sine(60)
    order = np.random.default_rng(5).permutation(60)
    plain, moved = make().fit(X, y).predict_held_out(), make().fit(X[order], y[order]).predict_held_out()
    np.testing.assert_array_equal(moved.mean, plain.mean[order])
    np.testing.assert_array_equal(moved.variance, plain.variance[order])


def test_repeats_are_held_out_together_and_rows_without_weight_are_not_there(make):
    X, y = noisy_sine(30)
    X, y = np.concatenate([X, X[:5]]), np.concatenate([y, y[:5]])
    weights = np.where(np.arange(35) == 7, 0.0, 1.0)
    held_out = make().fit(X, y, weights).predict_held_out()
    assert held_out.rows.tolist() == [row for row in range(35) if row != 7]
    np.testing.assert_array_equal(held_out.mean[:5], held_out.mean[-5:])
    np.testing.assert_array_equal(held_out.variance[:5], held_out.variance[-5:])


def test_the_log_density_is_that_of_the_held_out_rows_in_units_of_y(make):
    """A mixture may have longer tails than a normal one: about as likely, and the same in other units."""
    X, y = noisy_sine(60)
    model, scaled = make().fit(X, y), make().fit(X, 1024.0 * y)
    assert scaled.held_out_log_density_ == pytest.approx(model.held_out_log_density_, abs=1e-3)
    held_out = model.predict_held_out()
    errors = np.square(y[held_out.rows] - held_out.mean) / held_out.variance
    normal = -0.5 * np.mean(np.log(2 * np.pi * held_out.variance / y.var()) + errors)
    assert model.held_out_log_density_ == pytest.approx(normal, abs=0.15)


def test_predictions_follow_units_and_offsets(make, sine):
    """Units are powers of 2, so that rounding is the same."""
    X, y = noisy_sine(60)
    units = np.array([2.0**-40, 2.0**40])
    model = make().fit(X * units, 2.0**20 * y)
    mean, std = sine.predict(X, return_std=True)
    scaled_mean, scaled_std = model.predict(X * units, return_std=True)
    np.testing.assert_allclose(scaled_mean, 2.0**20 * mean, rtol=1e-5)
    np.testing.assert_allclose(scaled_std, 2.0**20 * std, rtol=1e-4)
    np.testing.assert_allclose(model.noise_variance_, 2.0**40 * sine.noise_variance_, rtol=1e-4)
    moved = make().fit(X + 273.15, y - 700.0)
    np.testing.assert_allclose(moved.predict(X + 273.15), mean - 700.0, rtol=1e-3)


@pytest.mark.parametrize("form", ["single", "list", "table"])
def test_the_form_of_the_data_does_not_matter(make, form):
    X, y = (part.astype(np.float32) for part in noisy_sine(20))
    forms = {
        "single": (X, y),
        "list": (X.tolist(), y.tolist()),
        "table": (pd.DataFrame(X, columns=["a", "b"]), pd.Series(y, name="peak")),
    }
    model, plain = make().fit(*forms[form]), make().fit(X.astype(float), y.astype(float))
    for mine, theirs in zip(
        model.predict(forms[form][0], return_std=True), plain.predict(X, return_std=True), strict=True
    ):
        assert type(mine) is np.ndarray
        assert mine.dtype == np.float64
        np.testing.assert_array_equal(mine, theirs)
    assert not hasattr(model, "output_names_")


def test_names_of_outputs_come_and_go_with_the_table(make, rows, outcomes):
    model = make().fit(rows, pd.DataFrame(outcomes, columns=["peak_nm", "polydispersity"]))
    assert model.output_names_.tolist() == ["peak_nm", "polydispersity"]
    assert not hasattr(model.fit(rows, outcomes), "output_names_")


@pytest.mark.parametrize("method", METHODS)
def test_use_before_a_fit_and_with_other_columns(make, each, rows, method):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        getattr(make(), method)(rows)
    with pytest.raises(ValueError, match=f"X has 2 features, but {type(each).__name__} is expecting 3"):
        getattr(each, method)(rows[:, :2])


def test_held_out_rows_before_a_fit(make):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        make().predict_held_out()


@pytest.mark.parametrize("place", ["X", "y"])
@pytest.mark.parametrize(("value", "came"), [(np.nan, "NaN"), (-np.inf, "infinity")])
def test_a_fit_that_fails_leaves_the_last_one_as_it_was(make, rows, outcomes, place, value, came):
    model = make().fit(rows, outcomes)
    before, state = model.predict(rows, return_std=True), sorted(vars(model))
    bad = {"X": np.column_stack([rows, rows]), "y": outcomes[:, 0].copy()}
    bad[place].flat[5] = value
    with pytest.raises(ValueError, match=f"Input {place} contains {came}"):
        model.fit(**bad)
    np.testing.assert_array_equal(model.predict(rows, return_std=True), before)
    assert (model.n_features_in_, model.n_outputs_, sorted(vars(model))) == (3, 2, state)


def test_pickled_and_cloned(each, make, rows, outcomes):
    copy = pickle.loads(pickle.dumps(each))
    np.testing.assert_array_equal(copy.predict(rows, return_std=True), each.predict(rows, return_std=True))
    np.testing.assert_array_equal(copy.sample_y(rows, 3), each.sample_y(rows, 3))
    refitted = clone(each)
    assert not hasattr(refitted, "n_features_in_")
    refitted.fit(rows[:20, :2], outcomes[:20, 0]).fit(rows, outcomes)
    np.testing.assert_array_equal(
        refitted.predict(rows, return_std=True), each.predict(rows, return_std=True)
    )


def test_at_the_end_of_a_pipeline(make, sine):
    X, y = noisy_sine(60)
    pipeline = make_pipeline(StandardScaler(), make()).fit(X, y)
    mean, std = pipeline.predict(X, return_std=True)
    alone_mean, alone_std = sine.predict(X, return_std=True)
    np.testing.assert_allclose(mean, alone_mean, rtol=1e-3)
    np.testing.assert_allclose(std, alone_std, rtol=0.02)
    assert np.all(pipeline.predict(X, return_std=True, noise=False)[1] < std)


def test_cross_validated_and_searched(make):
    X, y = noisy_sine(40, noise=0.05)
    assert cross_val_score(make(), X, y, cv=2).min() > -1.0
    model = make()
    name = next(key for key in model.get_params() if key.rpartition("__")[2] == "random_state")
    search = GridSearchCV(model, {name: [1, 2]}, cv=2).fit(X, y)
    np.testing.assert_array_equal(search.predict(X), search.best_estimator_.predict(X, return_std=True)[0])


@pytest.mark.tensorflow
def test_only_processes_have_gradients(each, rows, fitted, processes, outcomes, quick):
    if each.has_gradients_:
        assert len(each.predict_mixture(rows[:2], return_gradient=True)[0]) == 5
    else:
        with pytest.raises(InvalidDataError, match="has no exact gradients"):
            each.predict_mixture(rows[:2], return_gradient=True)
    mixed = BayesianStackingRegressor([("p", processes()), ("q", processes(kernels=["exponential_by_rank"]))])
    assert mixed.fit(rows, outcomes).has_gradients_ is True
    assert fitted.has_gradients_ is False
