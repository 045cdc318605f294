"""Fits and predictions in other processes: an answer, or an error that says what to do, and never no end.

Each case is a script of its own with a limit of time, since a fault would show as no end.
"""

import subprocess
import sys

import pytest

SCRIPT = """
import multiprocessing, pickle
import numpy as np
from sklearn.base import clone
from bnnopt.surrogates import *

X = np.random.default_rng(0).uniform(size=(20, 2))
Y = X[:, 0]

def processes():
    return GaussianProcessEnsembleRegressor(["matern_5_2"], random_state=0)

def networks():
    return MCDropoutRegressor((8,), n_networks=2, max_iter=5, random_state=0)

def keras_network():
    return KerasMCDropoutRegressor(epochs=1, n_masks=2, random_state=0)

def stacking():
    return BayesianStackingRegressor([("a", processes()), ("b", networks())], random_state=0)

def fit(make):
    return make().fit(X, Y).predict(X).tolist()

def in_pool(method, function, *arguments):
    with multiprocessing.get_context(method).Pool(1) as pool:
        return pool.apply_async(function, arguments).get(timeout=60)

def error_of(function, *arguments):
    try:
        in_pool("fork", function, *arguments)
    except Exception as error:
        return type(error).__name__ + ": " + str(error)

if __name__ == "__main__":
"""


def printed(*lines):
    """Run a script with these lines at its end, and return what it prints."""
    script = SCRIPT + "\n".join(f"    {line}" for line in lines)
    command = [sys.executable, "-W", "ignore", "-c", script]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_fork_after_a_fit_of_networks_is_told_what_to_do():
    out = printed(
        "models = [make().fit(X, Y) for make in (networks, keras_network)]",
        "for make in (networks, keras_network):",
        "    print(error_of(fit, make))",
        "for model in models:",
        "    print(error_of(model.predict, X))",
        "    print(error_of(model.sample_y, X))",
        "    stored = in_pool('fork', pickle.dumps, model)",
        "    assert np.array_equal(pickle.loads(stored).predict(X), model.predict(X))",
        "for make in (processes, stacking):  # whose networks do not join",
        "    assert in_pool('fork', fit, make) == fit(make)",
    ).splitlines()
    assert len(out) == 6
    for line in out:
        assert line.startswith("ForkedProcessError: This process (")
        assert "joblib's 'loky' or multiprocessing.get_context('spawn'), or fork before the first fit" in line


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_fork_before_the_first_fit_gives_the_same_numbers():
    out = printed(
        "import keras, tensorflow",
        "for make in (networks, keras_network, stacking):",
        "    print(in_pool('fork', fit, make))",
        "for make in (networks, keras_network, stacking):",
        "    print(fit(make))",
    ).splitlines()
    assert out[:3] == out[3:]


@pytest.mark.slow
@pytest.mark.tensorflow
def test_loky_gives_the_same_numbers_after_a_fit():
    out = printed(
        "from joblib import Parallel, delayed",
        "models = [make().fit(X, Y) for make in (networks, keras_network, stacking)]",
        "asks = [delayed(type(model).predict)(model, X) for model in models]",
        "fits = [delayed(type(model).fit)(clone(model), X, Y) for model in models]",
        "found = Parallel(2)(asks + fits)",
        "for model, mean, fitted in zip(models, found[:3], found[3:]):",
        "    print(np.array_equal(mean, model.predict(X)), np.array_equal(fitted.predict(X), mean))",
    )
    assert out.split() == ["True"] * 6


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_process_that_starts_anew_gives_the_same_numbers_after_a_fit(tmp_path):
    (tmp_path / "work.py").write_text(
        SCRIPT
        + "    alone = fit(networks)\n"
        + "    for method in ('spawn',):\n"
        + "        print(in_pool(method, fit, networks) == alone)\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-W", "ignore", str(tmp_path / "work.py")]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert result.stdout.split() == ["True"]


def test_processes_can_be_forked_and_ask_for_no_tensorflow():
    out = printed(
        "model = processes().fit(X, Y)",
        "print(np.array_equal(in_pool('fork', model.predict, X), model.predict(X)))",
        "import sys",
        "print('tensorflow' in sys.modules)",
    )
    assert out.split() == ["True", "False"]
