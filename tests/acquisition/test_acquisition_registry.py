"""Acquisition functions by name, by function and by value; every one of the table keeps the contract."""

import functools
import pickle
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from bnnopt.acquisition import ACQUISITIONS, Acquisition, expected_improvement, get_acquisition
from bnnopt.exceptions import InvalidDataError, UnknownNameError

DRAWS = np.random.default_rng(0).normal(size=(16, 6)) * np.array([0, 1, 2, 1, 0, 3])
MEAN, STD = np.arange(6.0), np.array([0, 1, 2, 1, 0, 3.0])


SITUATION = {
    "best": 1.0,
    "n_observed": 3,
    "noise_variance": 0.25,
    "observed": DRAWS[:, :2],
    "chosen": DRAWS[:, 2:3],
}
SITUATION_OF_TWO = {
    **{name: SITUATION[name] for name in ("n_observed", "noise_variance")},
    **{name: np.stack([SITUATION[name], -SITUATION[name]], axis=-1) for name in ("observed", "chosen")},
    "front": np.array([[1.0, -2.0], [-1.0, 0.0]]),
    "reference": np.array([-2.0, -3.0]),
}


def arrays_for(acquisition):
    arrays = (DRAWS,) if acquisition.needs == "draws" else (MEAN, STD)
    if not acquisition.takes_many:
        return arrays
    return tuple(np.stack([array, array[..., ::-1]], axis=-1) for array in arrays)


def situation_for(acquisition):
    return SITUATION if not acquisition.takes_many else SITUATION_OF_TWO


def mine(mean, std, *, weight=1.0):
    return mean + weight * std


def of_draws(draws, best=0.0):
    return np.mean(draws > best, axis=0)


@pytest.mark.parametrize("name", ACQUISITIONS)
def test_every_acquisition_keeps_the_contract(name):
    acquisition = ACQUISITIONS[name]
    before = [array.copy() for array in arrays_for(acquisition)]
    situation = situation_for(acquisition)
    scores = acquisition.score(*arrays_for(acquisition), **situation)
    assert acquisition.name == name
    assert scores.shape == (6,)
    assert not np.any(np.isnan(scores) | np.isposinf(scores))
    np.testing.assert_array_equal(
        scores, acquisition.score(*arrays_for(acquisition), **situation_for(acquisition))
    )
    for array, old in zip(arrays_for(acquisition), before, strict=True):
        np.testing.assert_array_equal(array, old)
        assert array.flags.writeable


@pytest.mark.parametrize("name", ACQUISITIONS)
def test_scores_follow_the_candidates(name):
    acquisition, order = ACQUISITIONS[name], np.array([3, 0, 5, 1, 4, 2])
    axis = 1 if acquisition.needs == "draws" else 0
    shuffled = [np.take(array, order, axis) for array in arrays_for(acquisition)]
    scores = acquisition.score(*arrays_for(acquisition), **situation_for(acquisition))
    np.testing.assert_allclose(
        acquisition.score(*shuffled, **situation_for(acquisition)), scores[order], rtol=1e-12
    )


@pytest.mark.parametrize("name", ACQUISITIONS)
def test_positive_scores_are_positive(name):
    acquisition = ACQUISITIONS[name]
    if acquisition.form == "positive":
        assert np.all(acquisition.score(*arrays_for(acquisition), **situation_for(acquisition)) >= 0)


@pytest.mark.parametrize("name", ACQUISITIONS)
def test_certain_candidates_are_defined_by_every_acquisition(name):
    acquisition = ACQUISITIONS[name]
    shapes = [array.shape for array in arrays_for(acquisition)]
    certain = [np.full(shape, value) for shape, value in zip(shapes, (2.0, 0.0), strict=False)]
    scores = acquisition.score(*certain, **situation_for(acquisition))
    np.testing.assert_array_equal(scores, np.full(6, scores[0]))


@pytest.mark.parametrize("name", ACQUISITIONS)
def test_acquisitions_survive_pickling(name):
    assert pickle.loads(pickle.dumps(ACQUISITIONS[name])) == ACQUISITIONS[name]
    assert hash(ACQUISITIONS[name]) == hash(get_acquisition(name))


def test_needs_and_forms_of_the_table():
    table = {name: (entry.needs, entry.form) for name, entry in ACQUISITIONS.items()}
    assert table == {
        "pi": ("moments", "positive"),
        "ei": ("moments", "positive"),
        "log_ei": ("moments", "log"),
        "ucb": ("moments", "utility"),
        "gp_ucb": ("moments", "utility"),
        "std": ("moments", "positive"),
        "ef": ("moments", "positive"),
        "straddle": ("moments", "utility"),
        "thompson": ("draws", "utility"),
        "mc_ei": ("draws", "positive"),
        "q_ei": ("draws", "positive"),
        "q_log_ei": ("draws", "log"),
        "q_nei": ("draws", "positive"),
        "q_ucb": ("draws", "utility"),
        "mes": ("draws", "positive"),
        "bald": ("draws", "positive"),
        "ehvi": ("moments", "positive"),
        "q_ehvi": ("draws", "positive"),
        "q_nehvi": ("draws", "positive"),
        "kg": ("draws", "positive"),
    }


def test_parameters_reach_the_function():
    np.testing.assert_array_equal(
        get_acquisition("ei", xi=0.5).score(MEAN, STD, best=1.0),
        expected_improvement(MEAN, STD, best=1.0, xi=0.5),
    )
    strong = get_acquisition(get_acquisition("ucb", kappa=1.0), kappa=5.0)
    np.testing.assert_array_equal(strong.score(MEAN, STD), MEAN + 5 * STD)
    assert ACQUISITIONS["ucb"].parameters == {}


def test_a_function_is_enough():
    acquisition = get_acquisition(mine, weight=3.0)
    assert (acquisition.name, acquisition.needs, acquisition.form) == ("mine", "moments", "utility")
    np.testing.assert_array_equal(acquisition.score(MEAN, STD, best=9.0), MEAN + 3 * STD)
    joint = get_acquisition(of_draws)
    assert (joint.name, joint.needs) == ("of_draws", "draws")
    np.testing.assert_array_equal(joint.score(DRAWS, best=0.5), of_draws(DRAWS, 0.5))


def test_partials_and_keyword_functions_are_called_right():
    bound = get_acquisition(functools.partial(mine, weight=2.0))
    np.testing.assert_array_equal(bound.score(MEAN, STD, best=1.0), MEAN + 2 * STD)
    anything = get_acquisition(lambda *arrays, **keywords: arrays[0] - keywords["best"] + keywords["c"], c=1)
    np.testing.assert_array_equal(anything.score(MEAN, STD, best=2.0), MEAN - 1)


def test_the_result_is_a_new_array():
    scores = get_acquisition(lambda mean, std: mean).score(MEAN, STD)
    assert scores.flags.writeable
    assert not np.shares_memory(scores, MEAN)


def test_unknown_names_list_the_known_ones():
    with pytest.raises(UnknownNameError, match=r"'logei'. Known: bald, ef, ehvi, .* Did you mean 'log_ei'"):
        get_acquisition("logei")
    with pytest.raises(UnknownNameError, match=r"'ucb' has no parameter 'xi'. Accepted: kappa"):
        get_acquisition("ucb", xi=0.1)
    with pytest.raises(UnknownNameError, match=r"'thompson' has no parameter 'xi'. Accepted: none"):
        get_acquisition("thompson", xi=0.1)
    with pytest.raises(UnknownNameError, match="'best'"):
        Acquisition("x", expected_improvement, parameters={"best": 1.0})
    with pytest.raises(UnknownNameError, match="Known: draws, moments"):
        Acquisition("x", mine, needs="samples")
    with pytest.raises(UnknownNameError, match="Known: log, positive, utility"):
        Acquisition("x", mine, form="product")


def test_signatures_that_do_not_fit_are_refused():
    with pytest.raises(InvalidDataError, match=r"'<lambda>' must take 2 array\(s\).* takes 1"):
        get_acquisition(lambda mu: mu)
    with pytest.raises(InvalidDataError, match="cannot be read"):
        get_acquisition(min)


def test_a_function_that_changes_its_input_is_named():
    def greedy(mean, std):
        std += 1
        return mean

    mean, std = MEAN.copy(), STD.copy()
    with pytest.raises(InvalidDataError, match="'greedy' tried to change its input"):
        get_acquisition(greedy).score(mean, std)
    np.testing.assert_array_equal(std, STD)


def test_other_errors_of_a_function_pass_through():
    def broken(mean, std):
        raise ValueError("my own trouble")

    with pytest.raises(ValueError, match=r"^my own trouble$"):
        get_acquisition(broken).score(MEAN, STD)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (np.zeros(5), r"'<lambda>'.*shape \(6,\), got shape \(5,\)"),
        (np.zeros((6, 1)), r"got shape \(6, 1\)"),
        (3.0, r"got shape \(\)"),
        (np.array([0, 1, np.nan, 0, 0, 0]), "got nan for candidate 2"),
        (np.array([0, np.inf, 0, 0, 0, 0]), "got inf for candidate 1"),
    ],
)
def test_results_that_cannot_be_scores_are_refused(result, message):
    with pytest.raises(InvalidDataError, match=message):
        get_acquisition(lambda mean, std: result).score(MEAN, STD)


def test_minus_infinity_is_a_score():
    scores = get_acquisition(lambda mean, std: np.full(6, -np.inf)).score(MEAN, STD)
    assert np.all(np.isneginf(scores))


def test_the_arrays_must_be_what_the_function_needs():
    with pytest.raises(InvalidDataError, match=r"'ei' needs moments: 2 array\(s\), got 1"):
        ACQUISITIONS["ei"].score(DRAWS, best=1.0)
    with pytest.raises(InvalidDataError, match="at least 0"):
        get_acquisition(mine).score(MEAN, -STD)
    with pytest.raises(InvalidDataError, match=r"'ei' needs best: .* one finite number"):
        ACQUISITIONS["ei"].score(MEAN, STD)


def test_acquisitions_are_frozen():
    own = {"kappa": 1.0}
    acquisition = Acquisition("mine", ACQUISITIONS["ucb"].function, parameters=own)
    own["kappa"] = 9.0
    assert acquisition.parameters == {"kappa": 1.0}
    with pytest.raises(FrozenInstanceError):
        acquisition.name = "other"
