"""True and False are refused wherever a number is meant: of every public argument that takes numbers.

The arguments are found by their annotations, so a new one takes part by itself. Where its callable needs
others of a new name, the test says which to add to the values below.
"""

import inspect
import re
from functools import cache
from importlib import import_module
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pydantic import BaseModel
from sklearn.base import BaseEstimator
from sklearn.linear_model import BayesianRidge

from bnnopt import (
    BayesianOptimizer,
    Campaign,
    CampaignSettings,
    Categorical,
    Chebyshev,
    Context,
    Desirability,
    Discrete,
    GaussianProcessEnsembleRegressor,
    Integer,
    Maximize,
    Minimize,
    OutcomeConstraint,
    Real,
    SearchSpace,
    TableModel,
    Target,
    WeightedSum,
)
from bnnopt.campaign import read_runs, resume
from bnnopt.exceptions import BnnoptError, InvalidDataError
from bnnopt.metrics import hypervolume
from bnnopt.space import faces_of
from bnnopt.surrogates import ARDGaussianProcessRegressor

ROOMS = ["acquisition", "campaign", "inspection", "metrics", "model_selection", "objectives", "optimizer"]
ROOMS += ["plotting", "report", "space", "surrogates", "testing"]

ANSWERS = {"AttainableMap", "Change", "ConstrainedProblem", "Finding", "FitCheck", "HeldOutPredictions"}
ANSWERS |= {"ImprovingDirection", "Interval", "LocalEffects", "MixtureWithGradients", "MultiObjectiveProblem"}
ANSWERS |= {"NormalMixture", "OptimizerState", "Overview", "PoolScores", "PredictionScores", "Problem"}
ANSWERS |= {"Face", "ReportData", "StoppingAdvice", "Sweep", "TradeOff", "Validation"}
"""What bnnopt alone makes."""

INNER = {"average_scores", "needs_power_scale", "stand_in_for", "failures_of", "weighs", "score_folded"}
INNER |= {
    "score",
    "Acquisition.score",
    "ConvergenceDisplay.of_hypervolume",
    "log_predictive_density",
    "shown_number",
}
"""Called by bnnopt itself with what it has checked."""

LABELS = {"allowed", "failed", "group", "groups", "guided", "is_allowed", "is_satisfied", "is_taken", "order"}
LABELS |= {"sample_weight", "noise_variance", "score", "verbose"}
"""Labels, flags and functions, and what scikit-learn takes a flag for."""

UNUSED = {"posterior_standard_deviation-best", "thompson-best", "upper_confidence_bound-best"}
UNUSED |= {
    f"{name}.utility_moments-{each}" for name in ("Chebyshev", "Desirability") for each in ("mean", "std")
}
"""Arguments that are there for others to be called alike."""

TRAINED = {"KerasMCDropoutRegressor", "MCDropoutRegressor"}
"""Estimators whose fits take long, and whose methods are those of the others."""

ALSO = {"row", "best", "lower", "upper", "objective"}
"""Arguments that are given although they may be left out."""

SPACE = SearchSpace([Real("a", 0, 1), Real("b", 0, 1)])
X = np.linspace(0.05, 0.95, 10)
ROWS = pd.DataFrame({"a": X, "b": X[::-1] ** 2})
Y = pd.DataFrame({"y": np.arange(10.0)})
SETTINGS = CampaignSettings(
    name="n",
    space=SPACE,
    objectives=[Minimize("y")],
    surrogate={"name": "gaussian_process"},
    targets={"outcome": "y", "values": [1.0], "tolerance": 0.5},
)
BOTH = [Minimize("p"), Maximize("q")]
DRAWS, PAIRS = np.arange(24.0).reshape(8, 3) % 5, np.arange(6.0).reshape(3, 2)


@cache
def optimizer():
    made = BayesianOptimizer(SPACE, [Minimize("y")], surrogate="gaussian_process", n_initial=3)
    made.tell(ROWS, Y)
    return made


@cache
def model():
    return TableModel(BayesianRidge().fit(ROWS, Y["y"]), SPACE, "y")


def fitted():
    return model().estimator


@cache
def campaign():
    """A campaign with runs, in a folder that is gone with this process."""
    folder = TemporaryDirectory()
    made = Campaign.create(folder.name, SETTINGS, pd.concat([ROWS, Y], axis=1))
    made.kept_folder = folder
    return made


VALUES = {
    "mean": np.zeros(10),
    "std": np.ones(10),
    "draws": DRAWS,
    "observed": DRAWS[:, :2],
    "chosen": DRAWS[:, :1],
    "best": 0.0,
    "front": np.zeros((1, 2)),
    "reference": np.full(2, -1.0),
    "scores": np.zeros(3),
    "log_probability": -np.ones(3),
    "cost": np.ones(3),
    "form": "utility",
    "floor": -1.0,
    "n": 2,
    "m": 2,
    "is_satisfied": np.ones((8, 3), dtype=bool),
    "prior": 0.5,
    "quantiles": np.full(2, 0.5),
    "index": 1,
    "rng": 0,
    "utilities": PAIRS,
    "outputs": [DRAWS],
    "score": lambda draws: np.zeros(3),
    "n_observed": 4,
    "regressor": fitted,
    "estimator": fitted,
    "X": ROWS,
    "y": Y["y"].to_numpy(),
    "rows": ROWS,
    "row": ROWS[:1],
    "by": X,
    "outcome": X,
    "model": model,
    "setting": "a",
    "x": X,
    "space": SPACE,
    "name": "a",
    "settings": SETTINGS,
    "runs": pd.concat([ROWS, Y], axis=1),
    "batch": ROWS,
    "optimizer": optimizer,
    "lower": 0.0,
    "upper": 1.0,
    "value": 0.5,
    "tolerance": 0.1,
    "coefficients": {"a": 1.0},
    "levels": [0.5],
    "values": [1.0, 2.0],
    "variables": ["a", "b"],
    "parts": BOTH,
    "weights": [1.0, 1.0],
    "lows": [0.0, 0.0],
    "highs": [1.0, 1.0],
    "low": np.zeros(2),
    "high": np.ones(2),
    "predictions": PAIRS.T,
    "optimum": 1.0,
    "train_r2": 0.9,
    "held_out_r2": 0.9,
    "agreement": 0.9,
    "roughness": 0.1,
    "groups": [1, 1, 2, 2, 3, 3, 4, 4, 5, 5],
    "goals": {"one": BOTH[:1]},
    "candidates": ROWS,
    "objectives": [Minimize("y")],
    "max_points": 10,
    "level": 0.5,
    "n_draws": 8,
    "seed": 0,
    "n_cells": 4,
    "n_points": 4,
    "search_spaces": {"alpha_1": [1e-6, 1e-3]},
    "target": 1.0,
    "objective": Minimize("y"),
    "limits": (0.0, 1.0),
    "features": ("a", "b"),
    "feature": "a",
    "ranges": {"a": (0.0, 1.0)},
    "path": "runs.csv",
    "pair": (0, 0),
    "number": 1.0,
    "spread": 1.0,
    "sizes": [2, 3],
    "steps": {"a": 0.1},
    "pending": [0],
    "targets": [1.0],
    "dropouts": [0.1],
    "alphas": [0.1],
    "exponents": [1.0, 1.0],
    "noise": 0.1,
    "reference_point": [1.0, 2.0],
    "function": len,
    "n_rows": 4,
    "names": ["a", "b", "c"],
    "group": [0, 1, 2],
    "estimators": [BayesianRidge().fit(ROWS, Y["y"])],
    "held_out_score": [0.1],
    "train_score": [0.1],
    "curves": PAIRS,
    "hidden_layer_sizes": [2],
    "one_hot_columns": [[0, 1]],
    "sweeps": {"a": PAIRS},
    "routed": None,
    "x_edges": [0, 1],
    "y_edges": [0, 1],
    "change": np.zeros(3),
    "layers": {"a": (np.zeros(3), np.zeros(3))},
    "campaign": None,
}
"""Good values of arguments, by their names."""

OBJECTS = {
    "ARDGaussianProcessRegressor": lambda: ARDGaussianProcessRegressor(n_restarts_optimizer=0).fit(ROWS, X),
    "BayesianOptimizer": optimizer,
    "Campaign": campaign,
    "CampaignSettings": lambda: SETTINGS,
    "Chebyshev": lambda: Chebyshev(BOTH, lows=[0, 0], highs=[1, 1]),
    "Desirability": lambda: Desirability(BOTH, lows=[0, 0], highs=[1, 1]),
    "Face": lambda: faces_of(SPACE, ROWS)[0],
    "GaussianProcessEnsembleRegressor": lambda: GaussianProcessEnsembleRegressor(["matern_5_2"]).fit(ROWS, X),
    "Maximize": lambda: Maximize("y"),
    "Minimize": lambda: Minimize("y"),
    "OutcomeConstraint": lambda: OutcomeConstraint("y", lower=0),
    "SearchSpace": lambda: SPACE,
    "TableModel": model,
    "Target": lambda: Target("y", 1, 1),
    "TargetList": lambda: SETTINGS.targets,
    "WeightedSum": lambda: WeightedSum(BOTH),
}
"""What methods are called of."""

OTHERS = {
    "expected_hypervolume_improvement": {"mean": PAIRS, "std": PAIRS + 1},
    "expected_hypervolume_improvement_of_draws": {
        "draws": np.zeros((8, 3, 2)),
        "chosen": np.zeros((8, 1, 2)),
    },
    "noisy_hypervolume_improvement": {
        "draws": np.zeros((8, 3, 2)),
        "observed": np.zeros((8, 2, 2)),
        "chosen": np.zeros((8, 1, 2)),
    },
    "simple_regret": {"utilities": np.zeros(3)},
    "prediction_scores": {"lower": np.zeros(10), "upper": np.ones(10)},
    "product_pool": {"values": {"a": [0.1], "b": [0.2]}},
    "guess_settings": {"bounds": {"a": (0, 1)}, "objectives": [{"type": "minimize", "name": "y"}]},
    "MapDisplay.from_estimator": {"ranges": ((0, 1), (0, 1))},
    "Face.sample": {"n": 2},
    "CalibrationDisplay": {"observed": [0.5]},
    "flare_mixture": {"X": np.ones((2, 4))},
    "pressure_vessel": {"X": np.ones((2, 4))},
    "hartmann6": {"X": np.ones((2, 6))},
    "hartmann6_ball": {"X": np.ones((2, 6))},
    "WeightedSum.utility": {"y": PAIRS},
    "Chebyshev.utility": {"y": PAIRS},
    "Desirability.utility": {"y": PAIRS},
    "WeightedSum.utility_moments": {"mean": PAIRS, "std": PAIRS},
    "trade_off": {"by": "b"},
    "attainable_map": {"x": "a", "y": "b"},
    "campaign_map": {"x": "a", "y": "b"},
    "held_out_predictions": {"model": BayesianRidge(), "X": ROWS.to_numpy()},
    "improving_direction": {"objective": Minimize("y")},
    "LocalEffectsDisplay": {"lower": np.zeros(3), "upper": np.ones(3)},
    "MapDisplay.from_points": {"values": X},
    "TradeOffDisplay": {"lower": X, "upper": X},
    "CoverageDisplay": {"y": X},
    "SweepDisplay.from_estimator": {"ranges": {"a": (0, 1)}},
}
"""Good values where those by name do not fit."""


def public():
    """Yield name and callable of all that is public and called by users, methods with their class."""
    for room in ROOMS:
        module = import_module(f"bnnopt.{room}")
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isfunction(value) and name not in INNER:
                yield name, value
            elif inspect.isclass(value) and not issubclass(value, Exception) and name not in ANSWERS:
                yield name, value
                if name in TRAINED:
                    continue
                for part in (part for part in dir(value) if not part.startswith("_") and part not in INNER):
                    method = inspect.getattr_static(value, part)
                    made = method.__func__ if isinstance(method, classmethod | staticmethod) else method
                    if inspect.isfunction(made) and made.__module__.startswith("bnnopt"):
                        yield f"{name}.{part}", getattr(value, part)


def arguments(thing):
    """What the arguments of a callable may be, as text."""
    given = inspect.signature(thing).parameters.values()
    named = {p.name: p.annotation for p in given if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
    if inspect.isclass(thing) and issubclass(thing, BaseModel):
        named |= {name: field.annotation for name, field in thing.model_fields.items()}
    return {name: str(annotation) for name, annotation in named.items()}


def takes(text):
    """What an annotation takes: "array", "several" or "one" number, "" for anything else."""
    if "_SupportsArray" in text:
        return "" if "DataFrame" in text else "array"
    if not re.search(r"\b(int|float)\b", text) or re.search(r"\bbool\b|Callable|Any\b|Literal", text):
        return ""
    several = re.search(r"(Sequence|tuple|Mapping|dict|Iterable)\[", text)
    return "several" if several else "one"


def is_shown_or_learned(name):
    """Whether it is a picture, or an estimator: arrays of flags are points and columns of 0 and 1 there."""
    return name.partition(".")[0].endswith(("Display", "Regressor"))


CASES = [
    (name, thing, argument, kind)
    for name, thing in public()
    for argument, text in arguments(thing).items()
    if (kind := takes(text)) and argument not in LABELS and f"{name}-{argument}" not in UNUSED
    if not (kind != "one" and is_shown_or_learned(name))
]


def good(value):
    return value() if any(value is each for each in (optimizer, model, fitted)) else value


def flagged(value, kind):
    """The value with True in the place of numbers."""
    if kind == "array":
        return np.ones(np.shape(value), dtype=bool)
    if kind == "several" and isinstance(value, dict):
        return dict.fromkeys(value, True)
    return [True] * len(value) if kind == "several" else True


def called(name, thing, argument, kind):
    """Call with good values where they are needed, and True for one argument."""
    known = {key: good(each) for key, each in (VALUES | OTHERS.get(name, {})).items() if key != "campaign"}
    parameters = list(inspect.signature(thing).parameters.values())
    named = [p for p in parameters if p.name != "self" and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    names = [p.name for p in named if p.default in (p.empty, ...) or p.name in ALSO & set(known)]
    if "campaign" in names:
        known["campaign"] = campaign()
    missing = sorted({*names, *([] if kind == "one" else [argument])} - set(known))
    assert not missing, f"add good values of {missing} to VALUES, for {name}"
    keywords = {each: known[each] for each in names} | {argument: flagged(known.get(argument), kind)}
    if parameters and parameters[0].name == "self":
        return thing(OBJECTS.get(name.partition(".")[0], object)(), **keywords)
    made = thing(**keywords)
    if inspect.isgenerator(made):
        return list(made)
    if hasattr(made, "split"):
        return list(made.split(ROWS, groups=VALUES["groups"]))
    return made.fit(ROWS, Y["y"]) if isinstance(made, BaseEstimator) else made


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A folder with a table of runs."""
    pd.concat([ROWS, Y], axis=1).to_csv(tmp_path / "runs.csv", index=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("name", "thing", "argument", "kind"), CASES, ids=[f"{c[0]}-{c[2]}" for c in CASES])
def test_no_public_argument_takes_true_for_a_number(name, thing, argument, kind):
    with pytest.raises(BnnoptError, match="True"):
        called(name, thing, argument, kind)


FLAGS = {
    "bool": pd.Series([True, False]),
    "nullable": pd.Series([True, None], dtype="boolean"),
    "among numbers": pd.Series([1.5, True], dtype=object),
    "of NumPy": pd.Series([np.True_, 2.0], dtype=object),
    "categories": pd.Series(pd.Categorical([True, False])),
    "polars": pl.Series([True, None]),
    "pyarrow": pa.array([True, False]),
    "text": pd.Series(["1.5", "True"]),
    "capitals": pd.Series(["TRUE", "FALSE"]),
    "of a German spreadsheet": pd.Series(["WAHR", "2"]),
}
MANY = SearchSpace(
    [
        Real("x", 0, 2),
        Integer("k", 0, 9),
        Discrete("d", [0, 1]),
        Categorical("lot", [True, "b"]),
        Context("T"),
    ]
)
GOOD = {"x": [0.5, 1.0], "k": [1, 2], "d": [0, 1], "lot": [True, "b"], "T": [20.0, 21.0]}


@pytest.mark.parametrize("flags", FLAGS.values(), ids=FLAGS)
@pytest.mark.parametrize("name", ["x", "k", "d", "T", "y", "noise_std"])
def test_no_table_that_is_told_has_true_for_a_number(name, flags):
    told = BayesianOptimizer(MANY, [Minimize("y")], surrogate="gaussian_process")
    X, y = {**GOOD, **({name: flags} if name in GOOD else {})}, {"y": flags if name == "y" else [1.0, 2.0]}
    noise = {"y": flags} if name == "noise_std" else None
    with pytest.raises(InvalidDataError, match=r"(True or False|text) where a number is needed"):
        told.tell(X, y, noise)
    assert told.summary()["n_told"] == 0


def test_a_level_that_is_true_is_a_level_and_0_and_1_of_a_list_are_numbers():
    told = BayesianOptimizer(MANY, [Minimize("y")], surrogate="gaussian_process")
    told.tell(GOOD, {"y": [1.0, 2.0]})
    assert told.data[["lot", "d"]].values.tolist() == [[True, 0], ["b", 1]]
    assert told.ask(1, context={"T": 20}, held={"lot": True})["lot"].tolist() == [True]
    for context in ({"T": True}, {"T": np.True_}):
        with pytest.raises(InvalidDataError, match="True or False where a number is needed"):
            told.ask(1, context=context)


@pytest.mark.parametrize("cell", ["True", "TRUE", "WAHR"])
@pytest.mark.parametrize("place", [0, 1])
def test_no_file_has_true_for_a_number(cell, place, tmp_path):
    cells = ["0.5", "0.5", "1"]
    cells[2 * place] = cell
    (tmp_path / "runs.csv").write_text(f"a,b,y\n0.1,0.2,3\n{','.join(cells)}\n", encoding="utf-8")
    with pytest.raises(InvalidDataError, match=rf"text where a number is needed in row.s. 3 .*'{cell}'"):
        resume(SETTINGS, read_runs(tmp_path / "runs.csv", SETTINGS))


def test_columns_of_flags_are_columns_of_0_and_1_to_an_estimator():
    """As encoders of levels and `pandas.get_dummies` make them."""
    table = pd.DataFrame({"a": X, "is_b": X > 0.5})
    model = GaussianProcessEnsembleRegressor(["matern_5_2"], random_state=0)
    as_numbers = model.fit(table.astype(float), X).predict(table[:2])
    assert model.fit(table, X).predict(table[:2]).tolist() == as_numbers.tolist()


@pytest.mark.parametrize(
    "values",
    [
        [[True, 2.0], [1.0, 2.0]],
        ((1.0, False), (1.0, 2.0)),
        pd.DataFrame({"a": [True, False], "b": [True, True]}),
    ],
    ids=["in lists", "in tuples", "a table"],
)
def test_flags_are_found_among_numbers_however_they_are_nested(values):
    with pytest.raises(
        InvalidDataError, match=r"(?s)utilities must be a number.*True and False count as no numbers"
    ):
        hypervolume(values, reference=[0.0, 0.0])
