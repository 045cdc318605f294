import os
import subprocess
import sys
import time

import pytest

from benchmarks._load import busy_processes, can_pin, describe_load, first_core
from benchmarks._results import options_of
from benchmarks._timing import how, loaded, parse, timing_parser


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def ends_within(pid, seconds):
    last = time.monotonic() + seconds
    while is_running(pid) and time.monotonic() < last:
        time.sleep(0.02)
    return not is_running(pid)


def test_busy_processes_run_in_the_block_and_end_with_it():
    with busy_processes(2) as pids:
        assert len(set(pids)) == 2
        assert all(is_running(pid) for pid in pids)
    assert not any(is_running(pid) for pid in pids)


def test_they_end_when_the_block_fails():
    with pytest.raises(KeyboardInterrupt), busy_processes(1) as pids:
        raise KeyboardInterrupt
    assert not is_running(pids[0])


def test_they_end_when_the_process_that_started_them_is_killed():
    code = """
import time
from benchmarks._load import busy_processes
with busy_processes(1) as pids:
    print(pids[0], flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as starter:
        pid = int(starter.stdout.readline())
        starter.kill()
    assert ends_within(pid, 10)


def test_a_load_that_ended_early_is_told():
    message = r"ended before the measurement \(limit 0.01 s\)"
    with pytest.raises(RuntimeError, match=message), busy_processes(1, longest_seconds=0.01) as pids:
        os.waitid(os.P_PID, pids[0], os.WEXITED | os.WNOWAIT)


def test_all_of_them_stay_on_the_core_they_are_given():
    if not can_pin():
        with pytest.raises(RuntimeError, match="sched_setaffinity"), busy_processes(1, pinned_to=0):
            pass
        return
    core = first_core()
    with busy_processes(2, pinned_to=core) as pids:
        assert [os.sched_getaffinity(pid) for pid in pids] == [{core}, {core}]


def test_the_load_is_said_in_words():
    assert describe_load(0) == "idle"
    assert describe_load(1) == "beside 1 busy process"
    assert describe_load(3, is_pinned=True) == "beside 3 busy processes on one core"


def test_the_option_of_the_speed_benchmarks_starts_the_load_and_is_printed():
    options = parse(timing_parser("What."), {}, ["--busy", "1"])
    assert "beside 1 busy process" in how(options)
    with loaded(options) as pids:
        assert len(pids) == 1
    assert "idle" in how(parse(timing_parser("What."), {}, []))


def test_less_than_no_load_is_refused(capsys):
    with pytest.raises(SystemExit):
        parse(timing_parser("What."), {}, ["--busy", "-1"])
    assert "--busy: must be at least 0, got -1" in capsys.readouterr().err


def test_rows_measured_beside_a_load_are_kept_apart():
    idle, busy = (
        options_of("name", "What.", ["a"], ["p"], 1, {}, given).results for given in ([], ["--busy", "2"])
    )
    assert (idle.name, busy.name) == ("name.csv", "name_busy2.csv")
