"""Functions whose minimum and axes a seed draws: they keep their minimum, and differ between seeds."""

import numpy as np
import pytest

from benchmarks import rotated


@pytest.mark.parametrize("name", ["ackley10", "rosenbrock4"])
def test_the_minimum_is_moved_and_kept(name):
    tasks = [rotated.TASKS[name](seed) for seed in range(2)]
    X = np.random.default_rng(0).uniform(*tasks[0].bounds.T, (2000, len(tasks[0].bounds)))
    values = [task.function(X) for task in tasks]
    assert all(found.min() > task.minimum for found, task in zip(values, tasks, strict=True))
    assert not np.allclose(*values)
    again = rotated.TASKS[name](0).function(X)
    np.testing.assert_array_equal(again, values[0])


def test_michalewicz_at_its_known_minimum_of_two_inputs():
    """Michalewicz 1996: -1.8013 at (2.20, 1.57)."""
    assert rotated.michalewicz(np.array([[2.20290552, 1.57079633]]))[0] == pytest.approx(-1.8013, abs=1e-4)


def test_a_short_run_has_the_figures_of_its_row():
    row = rotated.short("rosenbrock4", "random", 0)
    assert row["n_steps"] == rotated.N_STEPS_SHORT
    assert len(row["regrets"].split()) == rotated.N_STEPS_SHORT + 1
