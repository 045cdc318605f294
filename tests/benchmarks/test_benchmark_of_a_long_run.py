"""The long run: what is counted, and what is held against the bars."""

import pytest

from benchmarks import all as all_benchmarks
from benchmarks import long_run
from benchmarks.long_run import Ask


def test_it_is_among_all_benchmarks():
    assert "long_run" in all_benchmarks.NAMES


def test_what_comes_before_the_first_networks_is_not_counted():
    asks = [Ask(0.1, 100.0, False), Ask(9.0, 700.0, True), Ask(0.2, 701.0, True), Ask(0.3, 710.0, True)]
    assert long_run.counted(asks) == asks[1:]
    assert long_run.counted(asks[:1]) == asks[:1]
    memory, seconds = long_run.verdict(asks).splitlines()
    assert memory == "- memory grew by 10.0 MB over 2 asks (bar ≤ 20; met: yes)"
    assert seconds == "- largest ÷ median of the seconds of an ask: 1.20 (bar ≤ 2; met: yes)"


def test_growth_and_a_slow_ask_miss_the_bars():
    asks = [Ask(1.0, 0.0, True), *[Ask(1.0, 0.0, True)] * 3, Ask(3.0, 30.0, True)]
    assert long_run.verdict(asks).count("met: no") == 2
    assert long_run.verdict(asks[:1]).startswith("bars: need")


def test_a_run_is_measured(capsys):
    long_run.main(["--asks", "6", "--asking", "random"])
    assert "1 to 2" in capsys.readouterr().out
    assert long_run.memory() > 10 * long_run.MEGABYTE


@pytest.mark.parametrize("n_asks", [1, 7])
def test_all_asks_are_in_the_table(n_asks):
    rows = long_run.rows_of([Ask(1.0, 5.0, True)] * n_asks)
    assert rows[-1][0].endswith(f"to {n_asks}")
    assert rows[0][0].startswith("1 to ")
