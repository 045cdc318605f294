"""The same seed gives the same numbers anywhere, nothing global is left changed, models can be stored."""

import copy
import pickle
import random
import warnings
from concurrent.futures import ThreadPoolExecutor

import joblib
import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.base import clone

from bnnopt.surrogates import KerasMCDropoutRegressor

NEW_PROCESS = """
import pickle, sys
import joblib, numpy as np
from bnnopt.surrogates import KerasMCDropoutRegressor

folder = sys.argv[1]
data = np.load(folder + "/data.npz")
with open(folder + "/model.pickle", "rb") as file:
    models = {"pickle": pickle.load(file), "joblib": joblib.load(folder + "/model.joblib")}
models["refitted"] = KerasMCDropoutRegressor(**models["pickle"].get_params()).fit(data["X"], data["y"])
numbers = {}
for name, model in models.items():
    mean, std = model.predict(data["X"], return_std=True)
    more = model.partial_fit(data["X"], data["y"]).predict(data["X"])
    numbers[name] = np.stack([mean, std, more])
np.savez(folder + "/numbers.npz", **numbers)
"""


def make_model(**parameters):
    return KerasMCDropoutRegressor(**({"epochs": 3, "n_masks": 10, "random_state": 0} | parameters))


@pytest.fixture(scope="module")
def fitted(rows, outcomes):
    return make_model().fit(rows, outcomes)


def numbers_of(model, X):
    return np.stack([*model.predict(X, return_std=True), model.sample_y(X)[..., 0]])


@pytest.mark.slow
def test_a_new_process_gives_the_same_numbers(fitted, rows, outcomes, tmp_path, new_process):
    np.savez(tmp_path / "data.npz", X=rows, y=outcomes)
    (tmp_path / "model.pickle").write_bytes(pickle.dumps(fitted))
    joblib.dump(fitted, tmp_path / "model.joblib")
    new_process(NEW_PROCESS, tmp_path)
    more = copy.deepcopy(fitted).partial_fit(rows, outcomes).predict(rows)
    expected = np.stack([*fitted.predict(rows, return_std=True), more])
    with np.load(tmp_path / "numbers.npz") as numbers:
        for name in ("pickle", "joblib", "refitted"):
            np.testing.assert_array_equal(numbers[name], expected)


def test_copies_predict_the_same_and_train_on_alike(fitted, rows, outcomes):
    copies = [pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)]
    copies.append(pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(fitted)))))  # stored while not in use
    for other in copies:
        np.testing.assert_array_equal(numbers_of(other, rows), numbers_of(fitted, rows))
    first, *others = [other.partial_fit(rows, outcomes).predict(rows) for other in copies]
    assert np.all(first != fitted.predict(rows))
    for other in others:
        np.testing.assert_array_equal(other, first)


def test_a_stored_model_keeps_the_network_it_was_fitted_with(rows, outcomes):
    model = make_model(model__hidden_layer_sizes=(5,)).fit(rows, outcomes)
    expected = model.predict(rows)
    stored = pickle.loads(pickle.dumps(model.set_params(model__hidden_layer_sizes=(9,))))
    np.testing.assert_array_equal(stored.predict(rows), expected)


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(fitted, rows, outcomes):
    again = clone(fitted).fit(rows[:20, :2], outcomes[:20]).fit(rows, outcomes)
    np.testing.assert_array_equal(numbers_of(again, rows), numbers_of(fitted, rows))
    assert np.all(make_model(random_state=1).fit(rows, outcomes).predict(rows) != fitted.predict(rows))
    fresh = [make_model(random_state=None, epochs=1).fit(rows, outcomes).predict(rows) for _ in range(2)]
    assert np.all(fresh[0] != fresh[1])


def test_two_threads_give_the_numbers_of_one(rows, outcomes):
    def fit(seed):
        return numbers_of(make_model(random_state=seed, epochs=2).fit(rows, outcomes), rows)

    with ThreadPoolExecutor(max_workers=2) as pool:
        together = list(pool.map(fit, [0, 1, 2]))
    np.testing.assert_array_equal(together, [fit(seed) for seed in [0, 1, 2]])


def test_one_model_predicts_in_two_threads(fitted, many_rows):
    expected = fitted.sample_y(many_rows, 3, random_state=0), fitted.sample_y(many_rows, 3, random_state=1)
    with ThreadPoolExecutor(max_workers=2) as pool:
        drawn = list(pool.map(lambda seed: fitted.sample_y(many_rows, 3, random_state=seed), [0, 1] * 4))
    for number, values in enumerate(drawn):
        np.testing.assert_array_equal(values, expected[number % 2])


def global_state():
    return {
        "numpy": [np.asarray(part).tolist() for part in np.random.get_state()],  # noqa: NPY002
        "python": random.getstate(),
        "warnings": list(warnings.filters),
        "eager functions": tf.config.functions_run_eagerly(),
        "floatx": keras.config.floatx(),
        "dtype policy": keras.config.dtype_policy().name,
        "traceback filtering": keras.config.is_traceback_filtering_enabled(),
    }


def seed_all_global_generators():
    keras.utils.clear_session(free_memory=False)  # up to 3.10 the next line leaves Keras's own as it is
    keras.utils.set_random_seed(5)


def test_nothing_global_is_left_changed_or_looked_at(fitted, rows, outcomes):
    seed_all_global_generators()
    expected = [tf.random.uniform([3]).numpy(), keras.random.uniform([3]).numpy()]
    seed_all_global_generators()
    before = global_state()
    model = make_model().fit(rows, outcomes)
    np.testing.assert_array_equal(numbers_of(model, rows), numbers_of(fitted, rows))
    pickle.loads(pickle.dumps(model)).partial_fit(rows, outcomes).predict(rows)
    assert global_state() == before
    np.testing.assert_array_equal(
        [tf.random.uniform([3]).numpy(), keras.random.uniform([3]).numpy()], expected
    )
    with tf.Graph().as_default():
        tf.random.uniform([3])  # an unseeded op raises where op determinism is on


def draws_at_will(meta):
    """A build function that uses the global generators of Python and NumPy."""
    units = random.choice([3, 4, 5]) + np.random.randint(3)  # noqa: NPY002
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(units),
            keras.layers.Dropout(0.1),
            keras.layers.Dense(meta["n_outputs_"]),
        ]
    )


def test_build_functions_may_draw_from_the_global_generators(rows, outcomes):
    before = global_state()
    first, second = (make_model(model=draws_at_will, epochs=1).fit(rows, outcomes) for _ in range(2))
    assert global_state() == before
    np.testing.assert_array_equal(numbers_of(first, rows), numbers_of(second, rows))


@pytest.mark.slow
@pytest.mark.parametrize("setting", ["set_floatx('float64')", "set_dtype_policy('mixed_float16')"])
def test_other_global_precisions_work(setting, new_process):
    code = f"""
import keras, numpy as np
keras.config.{setting}
from bnnopt.surrogates import KerasMCDropoutRegressor
X = np.linspace(0, 1, 20)[:, None]
KerasMCDropoutRegressor(epochs=2, n_masks=5, random_state=0).fit(X, X[:, 0]).predict(X)
"""
    new_process(code)
