import pytest

from benchmarks import optuna_study
from benchmarks.sequential import PROBLEMS


@pytest.mark.parametrize("sampler", ["TPESampler", "RandomSampler"])
def test_the_regret_is_that_of_the_best_trial(sampler):
    row = optuna_study.measure("branin", sampler, 0, n_trials=3)
    assert row["n_trials"] == 3
    assert row["software"].startswith("optuna ")
    again = optuna_study.measure("branin", sampler, 0, n_trials=2)
    assert 0 < float(row["regret"]) <= float(again["regret"])


def test_all_problems_are_those_of_the_sequential_loop(tmp_path, capsys):
    optuna_study.main(["--show", "--results", str(tmp_path / "none.csv")])
    assert optuna_study.HEADER[0] in capsys.readouterr().out
    assert list(PROBLEMS) == ["branin", "hartmann6", "ackley5", "levy8"]
    assert set(optuna_study.SHORT["methods"]) <= set(optuna_study.SAMPLERS)
