"""New processes: what an import and a fit load and write, and what goes on without TensorFlow."""

import os
import subprocess
import sys

import pytest

ESTIMATORS = (
    "ARDGaussianProcessRegressor",
    "BayesianStackingRegressor",
    "GaussianProcessEnsembleRegressor",
    "KerasMCDropoutRegressor",
    "MCDropoutRegressor",
)
HEAVY = "print(sorted({'tensorflow', 'keras', 'scikeras', 'matplotlib'} & set(sys.modules)))\n"
TABLE = """
import numpy as np
X = np.random.default_rng(0).random((16, 2))
y = np.sin(4 * X[:, 0]) + X[:, 1]
"""
BLOCKED = """
import sys
from importlib.abc import MetaPathFinder

class Missing(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "tensorflow":
            raise ModuleNotFoundError("No module named 'tensorflow'", name="tensorflow")

sys.meta_path.insert(0, Missing())
"""


def output_of(code, **further):
    """Run code where no level of logging is set; return what it wrote to both outputs."""
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    command = [sys.executable, "-W", "error", "-c", "import sys\n" + code]
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment | further)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip(), result.stderr


@pytest.mark.parametrize("imported", ["bnnopt", "bnnopt.surrogates", "bnnopt.testing"])
def test_an_import_loads_no_tensorflow(imported):
    assert output_of(f"import {imported}\n{HEAVY}") == ("[]", "")


def test_making_estimators_loads_no_tensorflow():
    made = "".join(
        f"bnnopt.surrogates.{name}()\nbnnopt.surrogates.{name}().get_params()\n" for name in ESTIMATORS
    )
    names = "[bnnopt.surrogates.make_surrogate(name) for name in bnnopt.surrogates.SURROGATES]\n"
    assert output_of(f"import bnnopt.surrogates\n{made}{names}{HEAVY}") == ("[]", "")


def test_processes_are_fitted_asked_and_stored_without_tensorflow():
    code = TABLE + (
        "import pickle\n"
        "from bnnopt import GaussianProcessEnsembleRegressor\n"
        "model = GaussianProcessEnsembleRegressor(random_state=0).fit(X, y)\n"
        "model.predict(X, return_std=True), model.sample_y(X, 2)\n"
        "model.predict_mixture(X, return_gradient=True)\n"
        "model.predict_held_out(), model.fit_stream([(X, y)]), pickle.loads(pickle.dumps(model))\n"
    )
    assert output_of(code + HEAVY) == ("[]", "")


@pytest.mark.slow
def test_a_fit_of_networks_and_of_a_stacking_says_nothing():
    code = TABLE + (
        "from bnnopt.surrogates import BayesianStackingRegressor, MCDropoutRegressor\n"
        "MCDropoutRegressor(max_iter=5, random_state=0).fit(X, y).predict(X, return_std=True)\n"
        "model = BayesianStackingRegressor(random_state=0).set_params(mc_dropout__max_iter=6)\n"
        "model.fit(X, y).predict(X, return_std=True)\n"
    )
    assert output_of(code) == ("", "")


def test_without_tensorflow_processes_and_a_stacking_of_them_are_fitted():
    code = (
        BLOCKED
        + TABLE
        + (
            "from bnnopt.surrogates import BayesianStackingRegressor, GaussianProcessEnsembleRegressor\n"
            "GaussianProcessEnsembleRegressor(random_state=0).fit(X, y).predict(X, return_std=True)\n"
            "model = BayesianStackingRegressor(random_state=0).fit(X, y)\n"
            "model.predict(X, return_std=True), model.sample_y(X, 3)\n"
            "print(list(model.shares_.index), list(model.estimators_), model.left_out_)\n"
        )
    )
    said, _ = output_of(code)
    assert said.startswith("['gaussian_process_ensemble'] ['gaussian_process_ensemble'] {'mc_dropout':")
    assert "Install tensorflow" in said


def test_without_tensorflow_networks_say_what_to_do():
    code = (
        BLOCKED
        + TABLE
        + (
            "from bnnopt.exceptions import MissingDependencyError\n"
            "from bnnopt.surrogates import BayesianStackingRegressor, MCDropoutRegressor\n"
            "networks = MCDropoutRegressor(max_iter=5)\n"
            "for model in (networks, BayesianStackingRegressor([('networks', networks)])):\n"
            "    for _ in range(2):\n"
            "        try:\n"
            "            model.fit(X, y)\n"
            "        except MissingDependencyError as error:\n"
            "            assert isinstance(error, ImportError)\n"
            "            said = str(error)\n"
            "            print('Install tensorflow' in said, 'gaussian_process_ensemble' in said)\n"
        )
    )
    assert output_of(code) == ("\n".join(["True True"] * 4), "")


def test_without_tensorflow_a_keras_network_of_ones_own_says_what_to_do():
    code = (
        BLOCKED
        + TABLE
        + (
            "from bnnopt.exceptions import MissingDependencyError\n"
            "from bnnopt.surrogates import KerasMCDropoutRegressor\n"
            "try:\n"
            "    KerasMCDropoutRegressor().fit(X, y)\n"
            "except MissingDependencyError as error:\n"
            "    print('Install tensorflow' in str(error))\n"
        )
    )
    assert output_of(code) == ("True", "")
