import itertools
import sys

import numpy as np
import pytest

from benchmarks import all as all_benchmarks
from benchmarks import latency, prediction, scaling, training
from benchmarks._paper_network import Scalers
from benchmarks._passes import Errors
from benchmarks._tables import NOISE, synthetic_table
from benchmarks._timing import CLOCKS, Times, at_least, at_most, compare, parse, take_turns, timing_parser


@pytest.fixture
def counting_clock(monkeypatch):
    """A clock that goes on by 1 with each look."""
    looks = itertools.count()
    monkeypatch.setitem(CLOCKS, "counting", lambda: float(next(looks)))
    return "counting"


def times(**seconds):
    return Times({name: np.array(values, float) for name, values in seconds.items()}, {}, {})


def test_the_ratio_is_that_of_medians_and_its_range_that_within_repeats():
    ratio = times(slow=[10, 40, 12], fast=[1, 8, 4]).ratio("slow", "fast")
    assert (ratio.median, ratio.low, ratio.high) == (12 / 4, 3, 10)
    assert str(ratio) == "3 (3 to 10)"
    assert str(times(slow=[5], fast=[2]).ratio("slow", "fast")) == "2.5"


def test_work_is_called_in_turns_after_a_round_that_does_not_count(counting_clock):
    calls = []
    work = {name: lambda name=name: calls.append(name) or len(calls) for name in ["a", "b"]}
    measured = take_turns(work, 2, clock=counting_clock)
    assert calls == ["a", "b"] * 3
    assert measured.results == {"a": 5, "b": 6}
    assert measured.first == {"a": 1.0, "b": 1.0}
    assert {name: seconds.tolist() for name, seconds in measured.seconds.items()} == {
        "a": [1, 1],
        "b": [1, 1],
    }


def test_without_a_warm_up_the_first_call_counts(counting_clock):
    calls = []
    measured = take_turns({"a": lambda: calls.append(1)}, 1, clock=counting_clock, is_warmed_up=False)
    assert len(calls) == 1
    assert measured.first == {}


def test_a_row_holds_the_ratio_against_its_bar():
    measured = times(peer=[20, 30, 40], ours=[2, 3, 4])
    row = compare("fit", measured, "peer", "ours", at_least(10))
    assert row == ["fit", "peer 30 s ÷ ours 3 s", "10", "≥ 10", "yes"]
    assert compare("fit", measured, "ours", "peer", at_most(0.09))[-2:] == ["≤ 0.09", "no"]
    assert compare("fit", measured, "ours", "peer")[-2:] == ["", ""]


def test_seconds_of_a_part_are_multiplied():
    measured = times(peer=[1, 2], ours=[1, 1]).scaled("peer", 50)
    assert measured.seconds["peer"].tolist() == [50, 100]
    assert measured.median("ours") == 1


def test_the_short_form_sets_defaults_and_arguments_still_count():
    short = {"repeats": 2}
    assert parse(timing_parser("What."), short, []).repeats == 5
    assert parse(timing_parser("What."), short, ["--short"]).repeats == 2
    assert parse(timing_parser("What."), short, ["--short", "--repeats", "3"]).repeats == 3


def test_no_repeat_is_refused(capsys):
    with pytest.raises(SystemExit):
        parse(timing_parser("What."), {}, ["--repeats", "0"])
    assert "--repeats must be at least 1, got 0" in capsys.readouterr().err


@pytest.mark.parametrize("benchmark", [training, prediction, latency, scaling, all_benchmarks])
def test_help_names_the_short_form(benchmark, capsys):
    with pytest.raises(SystemExit):
        benchmark.main(["--help"])
    assert "--short" in capsys.readouterr().out


def test_the_noise_of_the_table_is_a_tenth_of_its_functions():
    X, y = synthetic_table(20_000, 0)
    assert (X.shape, y.shape) == ((20_000, 9), (20_000, 2))
    assert np.allclose(y.std(axis=0), 10 * np.array(NOISE), rtol=0.15)
    assert np.array_equal(y[:, 0], synthetic_table(20_000, 0)[1][:, 0])
    assert not np.array_equal(X, synthetic_table(20_000, 1)[0])


def test_rows_are_scaled_as_the_estimator_scales_them():
    X, y = synthetic_table(50, 0)
    scalers = Scalers(X, y)
    rows, targets = scalers.inputs(X), scalers.outputs(y)
    assert np.allclose(rows.mean(axis=0), 0, atol=1e-6)
    assert np.allclose(rows.std(axis=0), 1 / 1.4)
    assert (targets.min(axis=0).tolist(), targets.max(axis=0).tolist()) == ([0, 0], [1, 1])
    mean, std = scalers.restored(targets, np.ones_like(targets))
    assert np.allclose(mean, y)
    assert np.allclose(std, y.max(axis=0) - y.min(axis=0))


def test_the_number_of_masks_is_the_one_that_came_up_to_naive_passes():
    errors = Errors(0.08, {2: 0.12, 4: 0.09, 8: 0.07}, (1.0, 2.0))
    assert errors.n_masks == 8
    assert "100 naive passes 0.08; bnnopt, 2 masks 0.12" in errors.notes()[0]


def test_the_slope_of_a_power_is_its_exponent():
    rows = np.array([1e4, 1e5, 1e6])
    assert scaling.slope(rows, 3 * rows**0.75) == pytest.approx(0.75)


def test_all_goes_on_after_a_failure_and_names_it(monkeypatch, capsys):
    monkeypatch.setattr(sys, "executable", "true")
    all_benchmarks.main(["--only", "pool", "training"])
    assert "## pool" in capsys.readouterr().out
    monkeypatch.setattr(sys, "executable", "false")
    with pytest.raises(SystemExit, match="failed: pool, training"):
        all_benchmarks.main(["--only", "pool", "training"])
