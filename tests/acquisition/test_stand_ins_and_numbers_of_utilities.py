"""What the record of a function says: how many utilities it weighs, and what stands in for it."""

import numpy as np
import pytest

from bnnopt.acquisition import (
    ACQUISITIONS,
    Acquisition,
    expected_hypervolume_improvement_of_draws,
    get_acquisition,
    stand_in_for,
)
from bnnopt.exceptions import InvalidDataError, UnknownNameError

FRONT, REFERENCE = np.array([[1.0, 3.0], [2.0, 1.0]]), np.array([0.0, 0.0])


@pytest.mark.parametrize("name", ACQUISITIONS)
@pytest.mark.parametrize("n_utilities", [1, 2, 3])
def test_a_stand_in_takes_moments_of_so_many_utilities(name, n_utilities):
    acquisition = ACQUISITIONS[name]
    if acquisition.takes_many and n_utilities == 1:
        return  # refused before: several objectives are needed
    chosen = stand_in_for(acquisition, n_utilities)
    assert chosen.needs == "moments"
    if acquisition.needs == "moments":
        assert chosen is acquisition
    else:
        assert chosen.weighs(n_utilities if acquisition.takes_many else 1)


@pytest.mark.parametrize(
    ("name", "n_utilities", "expected"),
    [
        ("q_ei", 1, "log_ei"),
        ("q_ei", 2, "log_ei"),
        ("bald", 1, "std"),
        ("thompson", 1, "ucb"),
        ("q_nehvi", 2, "ehvi"),
        ("q_nehvi", 3, "optimistic hypervolume"),
    ],
)
def test_stand_ins_by_name(name, n_utilities, expected):
    assert stand_in_for(ACQUISITIONS[name], n_utilities).name == expected


def total(mean, std):
    return mean.sum(axis=1)


def test_the_first_stand_in_that_fits_is_taken():
    pairs = Acquisition("pairs", total, n_utilities=2)
    some = Acquisition("some", total, n_utilities="many")
    mine = Acquisition(
        "mine", lambda draws: draws[0].sum(axis=-1), "draws", n_utilities="many", stand_in=[pairs, some]
    )
    assert stand_in_for(mine, 2) is pairs
    assert stand_in_for(mine, 5) is some
    assert get_acquisition(mine) is mine
    assert hash(mine) == hash(mine)


@pytest.mark.parametrize(("n_utilities", "weighed"), [("one", {1}), ("many", {2, 3, 4}), (2, {2}), (3, {3})])
def test_how_many_utilities_are_weighed(n_utilities, weighed):
    acquisition = Acquisition("mine", total, n_utilities=n_utilities)
    assert {n for n in range(1, 5) if acquisition.weighs(n)} == weighed
    assert acquisition.takes_many is (n_utilities != "one")


@pytest.mark.parametrize("n_utilities", [0, 1, 2.5, True, "two"])
def test_a_number_of_utilities_that_is_none_is_refused(n_utilities):
    with pytest.raises(UnknownNameError, match="number of utilities"):
        Acquisition("mine", total, n_utilities=n_utilities)


def test_the_optimistic_hypervolume_by_hand():
    """Above the front of (1, 3) and (2, 1) the point (2, 2) adds one square; without spread (1, 1) none."""
    optimistic = stand_in_for(ACQUISITIONS["q_nehvi"], 3)
    known = {"front": FRONT, "reference": REFERENCE}
    mean, std = np.array([[1.0, 1.0], [1.0, 1.0], [3.0, 4.0]]), np.array([[1.0, 1.0], [0.0, 0.0], [0.0, 0.0]])
    assert optimistic.score(mean, std, **known).tolist() == [1.0, 0.0, 12.0 - 4.0]
    wider = get_acquisition(optimistic, kappa=2.0).score(mean, std, **known)
    np.testing.assert_allclose(
        wider, expected_hypervolume_improvement_of_draws((mean + 2 * std)[None], **known)
    )
    with pytest.raises(InvalidDataError, match="kappa must be finite and at least 0"):
        get_acquisition(optimistic, kappa=-1.0).score(mean, std, **known)
