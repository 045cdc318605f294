import numpy as np
import pytest

from benchmarks import all as all_benchmarks
from benchmarks import transfer


def test_it_is_run_with_all_others_and_shows_a_table_of_no_runs(tmp_path, capsys):
    transfer.main(["--show", "--results", str(tmp_path / "none.csv")])
    assert "| --- |" in capsys.readouterr().out
    assert "transfer" in all_benchmarks.NAMES


def test_functions_have_a_standard_deviation_of_one_over_the_cube():
    rows = np.random.default_rng(1).random((4096, transfer.N_INPUTS))
    values = transfer.drawn(np.random.default_rng(0))(rows)
    assert (values.mean(), values.std()) == pytest.approx((0, 1), abs=0.05)


def test_earlier_functions_are_what_their_names_say():
    rows = np.random.default_rng(1).random((50, transfer.N_INPUTS))
    own = transfer.drawn(np.random.default_rng(0))
    made = {name: earlier(own, np.random.default_rng(2))(rows) for name, earlier in transfer.EARLIER.items()}
    assert np.array_equal(made["same"], own(rows))
    assert np.allclose(made["stretched"], 1.5 * own(rows) + 2)
    assert np.array_equal(made["shifted"], own(rows + 0.1))
    assert abs(np.corrcoef(made["unrelated"], own(rows))[0, 1]) < 0.8


def test_the_same_function_helps_and_fewer_rows_are_the_first_of_more():
    short, long = (transfer.measure(f"same_{n}", "pooled", 0) for n in (4, 16))
    alone = transfer.measure("same_4", "alone", 0)
    assert float(long["error"]) < float(short["error"]) + 0.05
    assert float(short["error"]) < 0.5 * float(alone["error"])
