"""Reproducibility: seeds, a new process, stored models, threads, and the global state that stays as it is."""

import pickle
import random
import warnings
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
import tensorflow as tf
from sklearn.base import clone

from bnnopt.surrogates import MCDropoutRegressor

NEW_PROCESS = """
import pickle, sys
import joblib, numpy as np
from bnnopt.surrogates import MCDropoutRegressor

folder = sys.argv[1]
data = np.load(folder + "/data.npz")
with open(folder + "/model.pickle", "rb") as file:
    models = {"pickle": pickle.load(file), "joblib": joblib.load(folder + "/model.joblib")}
models["refitted"] = MCDropoutRegressor(**models["pickle"].get_params()).fit(data["X"], data["y"])
numbers = {
    f"{name} {kind}": values
    for name, model in models.items()
    for kind, values in [
        *zip(["mean", "std"], model.predict(data["X"], return_std=True)),
        ("draws", model.sample_y(data["X"], 5)),
        ("noise", model.noise_variance_),
    ]
}
np.savez(folder + "/numbers.npz", **numbers)
"""


@pytest.fixture(scope="module")
def from_new_process(tmp_path_factory, new_process, fitted, rows, outcomes):
    folder = tmp_path_factory.mktemp("new_process")
    np.savez(folder / "data.npz", X=rows, y=outcomes)
    (folder / "model.pickle").write_bytes(pickle.dumps(fitted))
    joblib.dump(fitted, folder / "model.joblib")
    new_process(NEW_PROCESS, folder)
    with np.load(folder / "numbers.npz") as numbers:
        return dict(numbers)


def assert_same_predictions(model, other, X):
    for mine, theirs in zip(
        model.predict(X, return_std=True), other.predict(X, return_std=True), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(model.sample_y(X, 5), other.sample_y(X, 5))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pickle", "joblib", "refitted"])
def test_a_new_process_gives_the_same_numbers(from_new_process, fitted, rows, kind):
    mean, std = fitted.predict(rows, return_std=True)
    np.testing.assert_array_equal(from_new_process[f"{kind} mean"], mean)
    np.testing.assert_array_equal(from_new_process[f"{kind} std"], std)
    np.testing.assert_array_equal(from_new_process[f"{kind} draws"], fitted.sample_y(rows, 5))
    np.testing.assert_array_equal(from_new_process[f"{kind} noise"], fitted.noise_variance_)


REFIT = """
import pickle, sys
import numpy as np
from sklearn.base import clone

folder = sys.argv[1]
data = np.load(folder + "/data.npz")
with open(folder + "/models.pickle", "rb") as file:
    models = pickle.load(file)
refitted = {name: clone(model).fit(data["X"], data["y"]) for name, model in models.items()}
np.savez(folder + "/numbers.npz", **{name: model.sample_y(data["X"], 3) for name, model in refitted.items()})
"""


def test_every_estimator_learns_the_same_in_a_new_process(
    tmp_path, new_process, fitted_of_each, rows, outcomes
):
    np.savez(tmp_path / "data.npz", X=rows, y=outcomes)
    (tmp_path / "models.pickle").write_bytes(pickle.dumps(fitted_of_each))
    new_process(REFIT, tmp_path)
    with np.load(tmp_path / "numbers.npz") as numbers:
        for name, model in fitted_of_each.items():
            np.testing.assert_array_equal(numbers[name], model.sample_y(rows, 3))


def test_every_estimator_follows_its_seed(make, each, rows, outcomes):
    same, other = make().fit(rows, outcomes), make(random_state=1).fit(rows, outcomes)
    assert_same_predictions(same, each, rows)
    assert np.any(other.predict(rows) != each.predict(rows))


def test_a_stored_model_predicts_the_same(fitted, rows, tmp_path):
    assert_same_predictions(pickle.loads(pickle.dumps(fitted)), fitted, rows)
    joblib.dump(fitted, tmp_path / "model.joblib")
    assert_same_predictions(joblib.load(tmp_path / "model.joblib"), fitted, rows)


def test_a_clone_fitted_on_other_data_first_predicts_the_same(fitted_single, rows, outcomes):
    copy = clone(fitted_single)
    assert not hasattr(copy, "networks_")
    copy.fit(rows[:20, :2], outcomes[:20])
    assert_same_predictions(copy.fit(rows, outcomes[:, 0]), fitted_single, rows)


def test_other_seeds_give_other_numbers(quick, rows, outcomes, fitted_single):
    other = quick(random_state=1).fit(rows, outcomes[:, 0])
    assert np.all(other.predict(rows) != fitted_single.predict(rows))


def test_random_state_none_takes_a_new_seed_each_time(quick, rows, outcomes):
    first, second = (quick(random_state=None, max_iter=2).fit(rows, outcomes) for _ in range(2))
    assert np.all(first.predict(rows) != second.predict(rows))


def test_two_threads_give_the_numbers_of_one(quick, rows, outcomes):
    def fit(seed):  # a shape that no other fit of this process has
        return quick(hidden_layer_sizes=(11, 6), random_state=seed).fit(rows, outcomes[:, 0])

    filters = list(warnings.filters)
    with ThreadPoolExecutor(max_workers=2) as pool:
        models = list(pool.map(fit, [0, 1, 2, 3]))
    for seed, model in enumerate(models):
        assert_same_predictions(model, fit(seed), rows)
    assert list(warnings.filters) == filters


def test_threads_of_joblib_give_the_numbers_of_one(quick, rows, outcomes):
    models = [quick(max_iter=20, random_state=seed) for seed in (0, 1)]
    fits = joblib.Parallel(n_jobs=2, prefer="threads")(
        joblib.delayed(model.fit)(rows, outcomes) for model in models
    )
    for model, fitted in zip(models, fits, strict=True):
        assert_same_predictions(fitted, clone(model).fit(rows, outcomes), rows)


def test_global_seeds_do_not_matter(quick, rows, outcomes, fitted_single, monkeypatch):
    numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002
    np.random.seed(12345)  # noqa: NPY002
    random.seed(12345)
    tf.random.set_seed(12345)
    try:
        assert_same_predictions(quick().fit(rows, outcomes[:, 0]), fitted_single, rows)
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)


def global_state():
    return {
        "numpy": [np.asarray(part).tolist() for part in np.random.get_state()],  # noqa: NPY002
        "python": random.getstate(),
        "warnings": list(warnings.filters),
        "intra-op threads": tf.config.threading.get_intra_op_parallelism_threads(),
        "inter-op threads": tf.config.threading.get_inter_op_parallelism_threads(),
        "eager functions": tf.config.functions_run_eagerly(),
        "jit": tf.config.optimizer.get_jit(),
        "floatx": tf.keras.config.floatx(),
        "dtype policy": tf.keras.config.dtype_policy().name,
        "traceback filtering": tf.keras.config.is_traceback_filtering_enabled(),
    }


def test_fit_predict_and_draw_leave_global_state_as_it_was(quick, rows, outcomes):
    before = global_state()
    model = quick(max_iter=2).fit(rows, outcomes)
    model.predict(rows, return_std=True)
    model.sample_y(rows, 3)
    assert global_state() == before


def test_fit_leaves_random_numbers_and_op_determinism_of_tensorflow_as_they_were(quick, rows, outcomes):
    tf.random.set_seed(5)
    expected = tf.random.uniform([3]).numpy()
    tf.random.set_seed(5)
    quick(max_iter=2).fit(rows, outcomes)
    np.testing.assert_array_equal(tf.random.uniform([3]).numpy(), expected)
    with tf.Graph().as_default():
        tf.random.uniform([3])  # an unseeded op raises where op determinism is on


def test_many_rows_and_one_network_are_reproducible():
    X = np.random.default_rng(0).uniform(size=(900, 4))
    y = X @ [1.0, -2.0, 0.5, 3.0]
    models = [MCDropoutRegressor(n_networks=1, max_iter=50, random_state=2).fit(X, y) for _ in range(2)]
    assert_same_predictions(*models, X)
