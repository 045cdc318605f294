"""What is given as a set is taken in ascending order, so that a seed means the same in each process."""

import os
import subprocess
import sys

import pytest

from bnnopt import BayesianOptimizer, Categorical, Maximize, Minimize, Real, SearchSpace
from bnnopt.space import CardinalityConstraint, Context

NAMES = {"toluene", "hexane", "octane", "water", "ethanol"}


@pytest.mark.parametrize("kind", [set, frozenset])
def test_levels_of_a_set_are_sorted(kind):
    assert Categorical("s", kind(NAMES)).levels == tuple(sorted(NAMES))
    assert Context("s", levels=kind(NAMES)).levels == tuple(sorted(NAMES))
    assert Categorical("n", kind({10, 9, 2})).levels == (2, 9, 10)
    assert Categorical("m", kind({"b", 1})).levels == (1, "b")


def test_other_sets_are_sorted_too():
    parts = [Real(name, 0, 1) for name in sorted(NAMES)]
    assert CardinalityConstraint(NAMES, 2).variables == tuple(sorted(NAMES))
    assert SearchSpace(set(parts)).names == sorted(NAMES)
    few = SearchSpace([Categorical("s", sorted(NAMES)), *parts]).restricted(bounds={"s": {"water", "hexane"}})
    assert few.variables[0].levels == ("hexane", "water")
    optimizer = BayesianOptimizer(SearchSpace(parts), {Minimize("b"), Maximize("a"), Minimize("c")})
    assert optimizer.outputs == ("a", "b", "c")


SCRIPT = """
from bnnopt import BayesianOptimizer, Categorical, Minimize, SearchSpace
space = SearchSpace(Categorical("s", {"toluene", "hexane", "octane", "water", "ethanol"}))
print(BayesianOptimizer(space, Minimize("y"), random_state=0).ask(5)["s"].tolist())
"""


def test_one_seed_gives_the_same_rows_in_each_process():
    said = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
