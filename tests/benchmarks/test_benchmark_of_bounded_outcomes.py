from pathlib import Path

import numpy as np
import pytest

from benchmarks import all as all_benchmarks
from benchmarks import bounded
from benchmarks.reactions import Reactions

NO_DATA = Reactions(Path("none"))


def test_it_is_run_with_all_others_and_shows_a_table_of_no_runs(tmp_path, capsys):
    bounded.main(["--show", "--results", str(tmp_path / "none.csv")])
    assert "| --- |" in capsys.readouterr().out
    assert "bounded" in all_benchmarks.NAMES


@pytest.mark.parametrize("problem", bounded.DRAWN)
def test_outcomes_lie_within_the_bounds(problem):
    X, y = bounded.table_of(problem, 0, NO_DATA)
    assert X.shape == (440, 4)
    assert y.min() >= 0
    assert y.max() <= 100
    assert (problem in ("zeros", "cut_off")) == bool((y == 0).any())


def test_rows_outside_an_interval_are_counted_on_their_side(monkeypatch):
    class Constant:
        """Predicts 50, and an interval of 3.92 around it, whatever the rows."""

        def fit(self, X, y):
            return self

        def predict(self, X, return_std):
            return np.full(len(X), 50.0), np.full(len(X), 1.0)

    monkeypatch.setitem(bounded.METHODS, "constant", lambda seed: Constant())
    figures = bounded.measure("smooth", "constant", 0, data=NO_DATA)
    y = bounded.table_of("smooth", 0, NO_DATA)[1][40:]
    assert float(figures["below"]) == pytest.approx(np.mean(y < 48.04))
    assert float(figures["above"]) == pytest.approx(np.mean(y > 51.96))
