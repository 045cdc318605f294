import signal
import subprocess
import sys
from collections import Counter

import optuna
import pandas as pd
import pytest
from optuna.trial import TrialState
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from bnnopt import Campaign, CampaignSettings, Minimize, Real, SearchSpace
from bnnopt.campaign import campaign_of_study, study_of_campaign
from bnnopt.exceptions import InvalidDataError
from bnnopt.integrations.optuna import BnnSampler

N_TRIALS = 16
WORKER = """
import os, sys, time
import optuna
from bnnopt.integrations.optuna import BnnSampler
from optuna.trial import TrialState
from sklearn.linear_model import BayesianRidge

url, name, seed, log, n_trials, n_before_hanging = sys.argv[1:]
optuna.logging.set_verbosity(optuna.logging.CRITICAL)
own = {"connect_args": {"timeout": 60}} if url.startswith("sqlite") else None
storage = optuna.storages.RDBStorage(url, engine_kwargs=own, heartbeat_interval=1, grace_period=4)
sampler = BnnSampler(surrogate=BayesianRidge(), n_startup_trials=4, n_candidates=64, seed=int(seed))
study = optuna.load_study(study_name=name, storage=storage, sampler=sampler)
count = 0

def objective(trial):
    global count
    x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
    with open(log, "a") as file:
        file.write(f"{trial.number} {os.getpid()} {x!r} {y!r}\\n")
    if count == int(n_before_hanging):
        print("hanging", flush=True)
        time.sleep(600)
    count += 1
    return (x - 0.3) ** 2 + (y - 0.6) ** 2

limit = optuna.study.MaxTrialsCallback(int(n_trials), states=(TrialState.COMPLETE,))
study.optimize(objective, callbacks=[limit])
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/shared.db"
    return request.getfixturevalue("server").url


def storage_of(url):
    """Return a storage that keeps no connection open."""
    return optuna.storages.RDBStorage(url, engine_kwargs={"poolclass": NullPool})


def square(trial):
    return (trial.suggest_float("x", 0, 1) - 0.3) ** 2


def sampler():
    return BnnSampler(surrogate="gaussian_process", n_candidates=64, seed=0)


@pytest.mark.slow
def test_workers_one_of_them_killed_lose_no_trial_and_run_none_twice(database, tmp_path):
    n_workers = 2 if database.startswith("sqlite") else 4  # SQLite lets one write at a time
    study = optuna.create_study(storage=storage_of(database), study_name="shared")
    log = tmp_path / "log.txt"

    def worker(seed, n_before_hanging):
        arguments = [database, "shared", str(seed), str(log), str(N_TRIALS), str(n_before_hanging)]
        command = [sys.executable, "-c", WORKER, *arguments]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    victim = worker(0, 1)
    others = [worker(seed, -1) for seed in range(1, n_workers)]
    assert victim.stdout.readline() == "hanging\n"
    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    for each in others:
        each.communicate()
    assert {each.returncode for each in others} == {0}

    started = [line.split() for line in log.read_text().splitlines()]
    trials = study.get_trials()
    assert [trial.number for trial in trials] == list(range(len(trials)))
    assert set(Counter(int(number) for number, *_ in started).values()) == {1}
    given = {int(number): (float(x), float(y)) for number, _, x, y in started}
    assert {trial.number: tuple(trial.params.values()) for trial in trials} == given
    completed = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    assert len(completed) >= N_TRIALS
    for trial in completed:
        x, y = given[trial.number]
        assert trial.value == (x - 0.3) ** 2 + (y - 0.6) ** 2
    left = [trial for trial in trials if trial.state != TrialState.COMPLETE]
    assert [given[trial.number] for trial in left] == [
        (float(x), float(y)) for _, pid, x, y in started if pid == str(victim.pid)
    ][1:]

    study.sampler = sampler()
    study.optimize(lambda trial: square(trial) + trial.suggest_float("y", 0, 1), n_trials=2)
    assert study.trials[-1].state == TrialState.COMPLETE


def test_a_database_that_is_stopped_is_told_and_the_study_goes_on_when_it_runs_again(server):
    study = optuna.create_study(storage=storage_of(server.url), study_name="stopped", sampler=sampler())
    study.optimize(square, n_trials=6)
    server.stop()
    try:
        with pytest.raises((optuna.exceptions.StorageInternalError, OperationalError)):
            study.optimize(square, n_trials=1)
        with pytest.raises(InvalidDataError, match="cannot be used"):
            campaign_of_study("nowhere", server.url, "stopped")
    finally:
        server.start()
    study.optimize(square, n_trials=2)
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE] * 8


def test_a_campaign_goes_through_postgresql_and_comes_back(server, tmp_path):
    space = SearchSpace([Real("x", 0, 1), Real("c", 1e-9, 1e9, scale="log")])
    settings = CampaignSettings(name="tü", space=space, objectives=[Minimize("y", unit="µm")])
    runs = pd.DataFrame({"x": [1 / 3, 0.1 + 0.2], "c": [1e-9 / 3, 1e9], "y": [5e-324, None]})
    first = Campaign.create(tmp_path / "first", settings, runs)
    study_of_campaign(first, server.url)
    again = campaign_of_study(tmp_path / "again", server.url, "tü")
    columns = ["id", "x", "c", "y", "status"]
    pd.testing.assert_frame_equal(again.experiments[columns], first.experiments[columns])
    assert again.settings == settings
