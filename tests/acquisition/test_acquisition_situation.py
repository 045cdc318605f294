"""What a function may know besides the arrays: it gets what it takes, and what it needs must be given."""

import functools

import numpy as np
import pytest

from bnnopt.acquisition import (
    ACQUISITIONS,
    SITUATION,
    Acquisition,
    expected_improvement,
    expected_improvement_to_target,
    get_acquisition,
)
from bnnopt.exceptions import InvalidDataError, UnknownNameError

DRAWS = np.random.default_rng(0).normal(size=(16, 6))
MEAN, STD = np.arange(6.0), np.ones(6)
EVERYTHING = {
    "best": 1.0,
    "chosen": DRAWS[:, :2],
    "observed": DRAWS[:, 2:5],
    "n_observed": 3,
    "noise_variance": 0.25,
    "front": np.ones((2, 2)),
    "reference": np.zeros(2),
}


def needs_two(mean, std, *, n_observed, noise_variance=7.0):
    return mean + 10 * n_observed + noise_variance


def test_there_is_a_value_for_every_entry():
    assert set(EVERYTHING) == set(SITUATION)


@pytest.mark.parametrize("entry", SITUATION)
def test_each_entry_reaches_the_function_that_names_it(entry):
    got = {}
    namespace = {}
    exec(f"def mine(draws, *, {entry}): got.update(value={entry}); return draws[0]", {"got": got}, namespace)
    acquisition = get_acquisition(namespace["mine"])
    acquisition.score(DRAWS, **EVERYTHING)
    np.testing.assert_array_equal(got["value"], EVERYTHING[entry])
    assert [name for name in SITUATION if acquisition.accepts(name)] == [entry]
    assert acquisition.is_joint == (entry == "chosen")
    with pytest.raises(InvalidDataError, match=f"'mine' needs {entry}: .*; got None"):
        acquisition.score(DRAWS, **{**EVERYTHING, entry: None})


def test_what_has_a_default_may_be_missing():
    np.testing.assert_array_equal(get_acquisition(needs_two).score(MEAN, STD, n_observed=2), MEAN + 27)
    scores = get_acquisition(needs_two).score(MEAN, STD, n_observed=2, noise_variance=None)
    np.testing.assert_array_equal(scores, MEAN + 27)


def test_a_function_of_any_keyword_gets_all_that_is_given_but_is_not_joint():
    def mine(draws, **keywords):
        return np.full(6, float(len(keywords)))

    acquisition = get_acquisition(mine)
    assert acquisition.score(DRAWS, **EVERYTHING).tolist() == [7.0] * 6
    assert acquisition.score(DRAWS, best=1.0).tolist() == [1.0] * 6
    assert all(acquisition.accepts(entry) for entry in SITUATION)
    assert not acquisition.is_joint


def test_an_array_named_like_an_entry_is_an_array():
    acquisition = get_acquisition(lambda observed, chosen: observed + chosen)
    np.testing.assert_array_equal(acquisition.score(MEAN, STD, **EVERYTHING), MEAN + 1)
    assert not acquisition.is_joint


def test_what_a_partial_sets_is_not_missing():
    acquisition = get_acquisition(functools.partial(needs_two, n_observed=1))
    np.testing.assert_array_equal(acquisition.score(MEAN, STD), MEAN + 17)


def test_unknown_entries_are_refused():
    with pytest.raises(UnknownNameError, match=r"'choosen'. Known: best, chosen, .* Did you mean 'chosen'"):
        get_acquisition(needs_two).score(MEAN, STD, n_observed=1, choosen=DRAWS)
    with pytest.raises(UnknownNameError, match="entry of the situation 'pending'"):
        get_acquisition(needs_two).accepts("pending")


@pytest.mark.parametrize("entry", SITUATION)
def test_no_own_parameter_has_the_name_of_an_entry(entry):
    with pytest.raises(UnknownNameError, match=f"no parameter '{entry}'"):
        Acquisition("x", lambda mean, std, **keywords: mean, parameters={entry: 1.0})


def test_a_function_cannot_change_the_situation():
    def greedy(draws, *, chosen):
        chosen += 1
        return draws[0]

    chosen = DRAWS[:, :2].copy()
    with pytest.raises(InvalidDataError, match="'greedy' tried to change its input"):
        get_acquisition(greedy).score(DRAWS, chosen=chosen)
    np.testing.assert_array_equal(chosen, DRAWS[:, :2])


def test_what_the_table_takes():
    def those_that_accept(entry):
        return [name for name, acquisition in ACQUISITIONS.items() if acquisition.accepts(entry)]

    joint = ["q_ei", "q_log_ei", "q_nei", "q_ucb", "q_ehvi", "q_nehvi"]
    assert [name for name, acquisition in ACQUISITIONS.items() if acquisition.is_joint] == joint
    assert those_that_accept("observed") == ["q_nei", "mes", "q_nehvi", "kg"]
    assert those_that_accept("n_observed") == ["gp_ucb"]
    assert those_that_accept("noise_variance") == ["bald", "kg"]
    assert [name for name, one in ACQUISITIONS.items() if one.folded] == ["pi", "ei", "log_ei"]


def test_several_utilities_are_checked_and_give_one_score():
    def total(mean, std, *, reference):
        return (mean - reference).sum(axis=1)

    many = Acquisition("total", total, n_utilities="many")
    mean = np.array([[1.0, 2.0], [3.0, 5.0], [0.0, 0.0]])
    assert many.score(mean, np.ones((3, 2)), reference=[0.5, 1.0]).tolist() == [1.5, 6.5, -1.5]
    with pytest.raises(InvalidDataError, match=r"shape \(n, m\), got \(3,\) and \(3,\)"):
        many.score(mean[:, 0], np.ones(3), reference=[0.0])
    with pytest.raises(InvalidDataError, match=r"at least 0.*candidate 1, -1.0"):
        many.score(mean, np.array([[1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]), reference=[0.0, 0.0])


def test_draws_of_several_utilities_have_a_last_axis():
    first = Acquisition("first", lambda draws: draws[0].sum(axis=-1), "draws", n_utilities="many")
    assert first.score(np.arange(12.0).reshape(2, 3, 2)).tolist() == [1, 5, 9]
    with pytest.raises(InvalidDataError, match=r"\(n_draws, n, m\) .* got \(16, 6\)"):
        first.score(DRAWS)
    with pytest.raises(InvalidDataError, match="every draw must be finite"):
        first.score(np.full((2, 3, 2), np.nan))
    with pytest.raises(UnknownNameError, match="number of utilities of an acquisition 'two'"):
        Acquisition("first", first.function, "draws", n_utilities="two")


def test_folded_scores_are_checked_like_others():
    np.testing.assert_array_equal(
        get_acquisition("ei", xi=0.5).score_folded(MEAN, STD, best=-2.0),
        expected_improvement_to_target(MEAN, STD, best=-2.0, xi=0.5),
    )
    with pytest.raises(InvalidDataError, match="'ucb' has no closed form"):
        ACQUISITIONS["ucb"].score_folded(MEAN, STD)
    with pytest.raises(InvalidDataError, match="'ei, folded' needs best"):
        ACQUISITIONS["ei"].score_folded(MEAN, STD)
    wrong = Acquisition("wrong", expected_improvement, folded=lambda mean, std: np.full(6, np.nan))
    with pytest.raises(InvalidDataError, match="'wrong, folded' must return scores that are finite"):
        wrong.score_folded(MEAN, STD)
    with pytest.raises(InvalidDataError, match=r"'wrong, folded' must take 2 array\(s\)"):
        Acquisition("wrong", expected_improvement, folded=lambda mean: mean)
    with pytest.raises(UnknownNameError, match="'wrong, folded' has no parameter 'xi'"):
        Acquisition("wrong", expected_improvement, parameters={"xi": 1.0}, folded=lambda mean, std: mean)
