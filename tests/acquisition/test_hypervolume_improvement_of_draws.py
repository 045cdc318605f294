"""Gain in hypervolume draw by draw, against differences of hypervolumes by moocore."""

import moocore
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnnopt.acquisition import expected_hypervolume_improvement_of_draws, noisy_hypervolume_improvement
from bnnopt.exceptions import InvalidDataError


def volume(points, reference):
    above = points[(points > reference).all(axis=1)]
    return moocore.hypervolume(above, ref=reference, maximise=True)


def direct(draws, known, reference):
    """Mean over draws of the hypervolume with each candidate minus that without."""
    gains = [
        [volume(np.vstack([base, point]), reference) - volume(base, reference) for point in candidates]
        for candidates, base in zip(draws, known, strict=True)
    ]
    return np.mean(gains, axis=0)


def test_by_hand():
    draws = [[[2.0, 2.0], [0.5, 0.5]], [[1.0, 1.0], [3.0, 0.5]]]
    observed = [[[1.0, 1.0]], [[1.0, 2.0]]]
    gain = noisy_hypervolume_improvement(draws, observed=observed, reference=[0.0, 0.0])
    np.testing.assert_allclose(gain, [(3 + 0) / 2, (0 + 1) / 2], rtol=1e-15)
    known = expected_hypervolume_improvement_of_draws(draws, front=[[1.0, 1.0]], reference=[0.0, 0.0])
    np.testing.assert_allclose(known, [3 / 2, 1 / 2], rtol=1e-15)


@pytest.mark.parametrize("m", [2, 3, 4])
@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 10_000), n_observed=st.integers(0, 7), n_chosen=st.integers(0, 2), whole=st.booleans()
)
def test_against_differences_of_hypervolumes(m, seed, n_observed, n_chosen, whole):
    rng = np.random.default_rng(seed)
    draws, known = rng.normal(1, 1, (3, 4, m)), rng.normal(1, 1, (3, n_observed + n_chosen, m))
    if whole:  # many equal coordinates
        draws, known = draws.round(), known.round()
    reference = np.full(m, -0.5)
    gain = noisy_hypervolume_improvement(
        draws, observed=known[:, :n_observed], chosen=known[:, n_observed:], reference=reference
    )
    np.testing.assert_allclose(gain, direct(draws, known, reference), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("m", [2, 3, 4])
def test_a_known_front_is_a_front_that_is_the_same_in_all_draws(m):
    rng = np.random.default_rng(m)
    draws, chosen, front = rng.normal(1, 1, (5, 6, m)), rng.normal(1, 1, (5, 2, m)), rng.normal(1, 1, (8, m))
    reference = np.zeros(m)
    known = expected_hypervolume_improvement_of_draws(draws, front=front, chosen=chosen, reference=reference)
    repeated = np.broadcast_to(front, (5, 8, m))
    noisy = noisy_hypervolume_improvement(draws, observed=repeated, chosen=chosen, reference=reference)
    np.testing.assert_allclose(known, noisy, rtol=1e-10, atol=1e-14)


def test_the_gains_of_a_batch_add_up_to_its_hypervolume():
    rng = np.random.default_rng(0)
    batch, observed, reference = rng.normal(1, 1, (6, 4, 3)), rng.normal(0, 1, (6, 5, 3)), -np.ones(3)
    gains = [
        noisy_hypervolume_improvement(
            batch[:, [i]], observed=observed, chosen=batch[:, :i], reference=reference
        )
        for i in range(4)
    ]
    together = [
        volume(np.vstack(pair), reference) - volume(pair[0], reference)
        for pair in zip(observed, batch, strict=True)
    ]
    assert np.sum(gains) == pytest.approx(np.mean(together), rel=1e-12)


def test_what_is_dominated_gains_exactly_nothing():
    observed = np.random.default_rng(1).uniform(0.5, 1, (4, 30, 3))
    candidates = observed[:, :10] - [0.0, 0.1, 0.0]
    gain = noisy_hypervolume_improvement(candidates, observed=observed, reference=np.zeros(3))
    np.testing.assert_array_equal(gain, 0.0)


@pytest.mark.parametrize("m", [2, 3, 4])
def test_the_gains_of_a_grid_count_each_free_cell_once(m):
    """Corners of unit cells, points of the front at corners: the mixed differences of the gains are cells."""
    rng = np.random.default_rng(m)
    front, side = rng.integers(0, 5, (9, m)), 6
    corners = np.stack(np.meshgrid(*[np.arange(side)] * m, indexing="ij"), axis=-1)
    draws = corners.reshape(1, -1, m).astype(float)
    gain = noisy_hypervolume_improvement(draws, observed=front[None], reference=np.zeros(m))
    cells = gain.reshape([side] * m)
    for axis in range(m):
        cells = np.diff(cells, axis=axis)
    highest = np.moveaxis(corners[tuple([slice(1, None)] * m)], -1, 0)
    is_free = ~(highest[..., None] <= front.T.reshape(m, *[1] * m, 9)).all(axis=0).any(axis=-1)
    np.testing.assert_array_equal(cells, is_free.astype(float))


def test_many_candidates_score_what_each_scores_among_few():
    """So many that they are scored in blocks: four million pairs of a candidate and a box at least."""
    rng = np.random.default_rng(4)
    draws, observed = rng.normal(size=(1, 200_000, 2)), rng.normal(size=(1, 60, 2))
    observed[0] = np.column_stack([np.arange(60), -np.arange(60)]) / 20
    whole = noisy_hypervolume_improvement(draws, observed=observed, reference=[-4.0, -4.0])
    places = np.linspace(0, 199_999, 999).astype(int)
    few = noisy_hypervolume_improvement(draws[:, places], observed=observed, reference=[-4.0, -4.0])
    np.testing.assert_array_equal(whole[places], few)
    assert (whole > 0).any()


def test_no_candidates_and_inputs_that_stay_as_they_are():
    observed = np.ones((3, 2, 2))
    observed.flags.writeable = False
    none = noisy_hypervolume_improvement(np.empty((3, 0, 2)), observed=observed, reference=[0, 0])
    assert none.shape == (0,)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"draws": [[1.0, 2.0]]}, r"draws must have the shape \(n_draws, n, m\).*got \(1, 2\)"),
        ({"draws": np.ones((0, 2, 2))}, "at least one draw"),
        ({"draws": np.ones((3, 2, 1))}, "m >= 2"),
        (
            {"observed": np.ones((2, 4, 2))},
            r"observed must have the shape \(3, any number, 2\), got \(2, 4, 2\)",
        ),
        ({"chosen": np.ones((3, 1, 3))}, r"chosen must have the shape \(3, any number, 2\), got \(3, 1, 3\)"),
        ({"observed": np.full((3, 4, 2), np.nan)}, r"got \[nan, nan\] for row 0 in draw 0"),
        ({"reference": [0.0]}, "reference must be 2 finite numbers"),
    ],
)
def test_what_cannot_be_is_refused(changed, message):
    usual = {"draws": np.ones((3, 5, 2)), "observed": np.ones((3, 4, 2)), "reference": [0.0, 0.0]}
    arguments = {**usual, **changed}
    with pytest.raises(InvalidDataError, match=message):
        noisy_hypervolume_improvement(arguments.pop("draws"), **arguments)
