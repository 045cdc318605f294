"""Nothing that was acknowledged is lost: commands killed at any instant, many processes at once."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bnnopt import Campaign, CampaignSettings, Minimize, Real, SearchSpace

ROOT = Path(__file__).parents[2]
SETTINGS = CampaignSettings(
    name="hard",
    space=SearchSpace([Real("x", 0, 1), Real("z", 0, 10)]),
    objectives=[Minimize("y")],
    surrogate={"name": "gaussian_process"},
)

ROUNDS = """
import sys
from bnnopt.cli import app
from bnnopt.campaign import Campaign
app(["status", "--json", "-f", sys.argv[1]], standalone_mode=False)  # all is loaded
print("ready", flush=True)
number = int(sys.argv[2])
while True:
    number += 1
    if number % 4 == 0:
        app(["suggest", "-n", "2", "-f", sys.argv[1], "--json"], standalone_mode=False)
        print("asked", flush=True)
    result = [f"x={number / 10007 % 1}", "z=1", f"y={number}"]
    app(["record", "-f", sys.argv[1], "--id", f"r{number}", *result], standalone_mode=False)
    print(f"recorded r{number} {number}", flush=True)
"""

MANY = """
import sys
from bnnopt.campaign import Campaign
campaign = Campaign.open(sys.argv[1])
worker, n = int(sys.argv[2]), int(sys.argv[3])
for number in range(n):
    campaign.record({"x": (worker * n + number) / 1000, "z": worker, "y": number + 1000 * worker})
"""


def started(code, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def killed(folder, number, seconds):
    """Let commands run one after the other, kill them after some time, and return what they acknowledged."""
    process = started(ROUNDS, folder, number)
    for line in process.stdout:
        if line == "ready\n":
            break
    time.sleep(seconds)
    process.kill()
    lines = [line.split() for line in process.stdout.read().splitlines()]
    process.wait()
    process.stdout.close()
    return {line[1]: float(line[2]) for line in lines if len(line) == 3 and line[0] == "recorded"}


def check_kills(folder, n_kills, rng):
    """Kill commands many times; return how many runs were acknowledged, and the commands that were."""
    Campaign.create(folder, SETTINGS)
    acknowledged = {}
    for _ in range(n_kills):
        acknowledged |= killed(folder, 1000 * (len(acknowledged) + 1), rng.uniform(0, 0.6))
        campaign = Campaign.open(folder)
        runs = campaign.experiments
        found = dict(zip(runs["id"], runs["y"], strict=True))
        assert {name: found.get(name) for name in acknowledged} == acknowledged
        assert campaign.check() == []
        assert runs["id"].is_unique
    campaign.suggest(1)  # and it goes on
    return len(acknowledged)


def check_many(folder, n_workers, n_rows):
    """Let processes record at once, and see that every row is there once."""
    Campaign.create(folder, SETTINGS)
    processes = [started(MANY, folder, worker, n_rows) for worker in range(n_workers)]
    assert [process.wait() for process in processes] == [0] * n_workers
    for process in processes:
        process.stdout.close()
    runs = Campaign.open(folder).experiments
    assert sorted(runs["y"]) == sorted(n + 1000.0 * w for w in range(n_workers) for n in range(n_rows))
    assert runs["id"].tolist() == [str(number + 1) for number in range(n_workers * n_rows)]


@pytest.mark.slow
def test_commands_killed_at_any_instant_lose_nothing(tmp_path):
    assert check_kills(tmp_path / "campaign", 6, random.Random(0)) > 0


@pytest.mark.slow
def test_processes_that_record_at_once_lose_nothing(tmp_path):
    check_many(tmp_path / "campaign", 3, 5)
