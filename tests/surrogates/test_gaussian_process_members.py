"""Members of several families: what each learns from, who predicts which row, and how honest that is."""

import numpy as np
import pytest

from bnnopt.surrogates import GaussianProcessEnsembleRegressor
from bnnopt.surrogates._gaussian_process import FAMILIES, _ensemble, _process
from bnnopt.surrogates._gaussian_process._ensemble import _are_noise as are_noise
from bnnopt.surrogates._gaussian_process._ensemble import _is_seen as is_seen
from bnnopt.surrogates._gaussian_process._ensemble import _mixed as held_out
from bnnopt.surrogates._gaussian_process._ensemble import _parts as parts_of
from bnnopt.surrogates._gaussian_process._ensemble import fit_ensemble
from bnnopt.surrogates._gaussian_process._exact import LeftOut
from bnnopt.surrogates._rows import Rows

TWO = ("matern_5_2", "exponential_by_rank")


def one_output(n_rows, noise=0.15, **further):
    rng = np.random.default_rng(n_rows)
    X = rng.random((n_rows, 2))
    y = np.sqrt(2) * np.sin(9 * X[:, 0]) + noise * rng.standard_normal(n_rows)
    return Rows.of(X, y, **further)


@pytest.fixture(scope="module")
def small():
    return fit_ensemble(one_output(40), TWO, 2, np.random.default_rng(0))


def test_families_have_their_kernel_and_shares_that_make_1(small):
    assert [family.name for family in small.families] == list(TWO)
    for family in small.families:
        assert len(family.members) == 2
        assert family.shares.min() >= 0
        assert family.shares.sum() == pytest.approx(1.0)
        assert {member.kernel for member in family.members} == {FAMILIES[family.name][0]}
    assert small.shares.sum() == pytest.approx(1.0)


def test_the_family_that_predicts_held_out_rows_better_has_the_larger_share(small):
    densities = small.held_out.log_density(small.rows.y[:, 0]).mean(axis=1)
    assert small.shares.argmax() == densities.argmax()


def test_held_out_predictions_are_honest(small):
    """They miss the rows by about as much as they say, and more than the members that know the rows."""
    for family in small.families:
        place = small.names.index(family.name)
        errors = np.square(small.rows.y[:, 0] - small.held_out.mean[place])
        known = np.square(small.rows.y[:, 0] - family.members[0].moments(small.rows.X)[0])
        assert errors.mean() > known.mean()
        assert 0.2 < np.mean(errors / small.held_out.variance[place]) < 5.0


def test_the_same_generator_gives_the_same_members(small):
    again = fit_ensemble(one_output(40), TWO, 2, np.random.default_rng(0))
    np.testing.assert_array_equal(small.held_out.mean, again.held_out.mean)
    np.testing.assert_array_equal(small.held_out.variance, again.held_out.variance)


@pytest.mark.parametrize("n_members", [1, 2, 6])
@pytest.mark.parametrize("n_rows", [2, 3, 64, 267, 1000])
def test_members_learn_from_parts_of_one_size_and_leave_some_rows_out(n_rows, n_members):
    parts = parts_of(n_rows, n_members, 200, np.random.default_rng(0))
    seen = is_seen(parts, n_rows)
    assert len(parts) == n_members
    assert 1 <= parts.shape[1] <= 200
    np.testing.assert_array_equal(seen.sum(axis=1), parts.shape[1])
    assert not seen.all(axis=1).any()
    if n_members == 6 and n_rows > 6:
        assert (~seen).any(axis=0).all()  # of many members, one is there for each row that has not seen it


def test_more_rows_than_inducing_points_are_judged_on_a_part(monkeypatch):
    monkeypatch.setattr(_ensemble, "MOST_INDUCING", 80)
    monkeypatch.setattr(_process, "MOST_EXACT", 80)
    monkeypatch.setattr(_ensemble, "MOST_JUDGED", 100)
    rows = one_output(600)
    ensemble = fit_ensemble(rows, TWO, 1, np.random.default_rng(0))
    assert len(ensemble.judged) == len(set(ensemble.judged.tolist())) == 100
    np.testing.assert_array_equal(ensemble.rows.y, rows.y[ensemble.judged])
    for family in ensemble.families:
        assert family.members[0].inducing.shape == (80, 2)
    errors = np.square(rows.y[ensemble.judged, 0] - ensemble.held_out.mean)
    assert (np.mean(errors / ensemble.held_out.variance, axis=1) > 0.3).all()
    assert (np.mean(errors / ensemble.held_out.variance, axis=1) < 3.0).all()


def test_what_few_inducing_points_cannot_say_is_not_taken_for_noise(monkeypatch):
    """A rough function with noise of 0.05, which the bound of 8 points would call smooth and noisy."""
    monkeypatch.setattr(_ensemble, "INDUCING_OF_THE_BOUND", 8)
    rng = np.random.default_rng(5)
    X = rng.random((800, 2))
    y = np.sin(12 * X[:, 0]) * np.cos(10 * X[:, 1]) + 0.05 * rng.standard_normal(800)
    ensemble = fit_ensemble(Rows.of(X, y / y.std()), ["squared_exponential"], 1, rng)
    assert ensemble.families[0].members[0].noise_variance < 4 * (0.05 / y.std()) ** 2


def judge(mean, variance):
    return LeftOut(np.array(mean), np.array(variance))


def test_a_row_is_judged_by_those_who_have_not_seen_it_by_hand():
    """Row 0 by judge 1 alone, row 1 by both with shares 1/4 and 3/4: mean 3, variance 2 + 3 of the means."""
    judges = [judge([100.0, 0.0], [100.0, 2.0]), judge([7.0, 4.0], [1.5, 2.0])]
    seen = np.array([[True, False], [False, False]])
    mean, variance = held_out(judges, np.array([0.25, 0.75]), seen)
    np.testing.assert_allclose(mean, [7.0, 3.0], atol=1e-6)
    np.testing.assert_allclose(variance, [1.5, 5.0], atol=1e-5)


def test_a_row_that_all_judges_have_seen_is_judged_by_all():
    judges = [judge([2.0], [1.0]), judge([4.0], [1.0])]
    mean, variance = held_out(judges, np.array([0.5, 0.5]), np.ones((2, 1), dtype=bool))
    np.testing.assert_allclose([mean[0], variance[0]], [3.0, 2.0])


def test_judges_of_no_share_are_asked_if_there_are_no_others():
    judges = [judge([1.0], [1.0]), judge([3.0], [1.0]), judge([9.0], [1.0])]
    seen = np.array([[False], [False], [True]])
    mean, _ = held_out(judges, np.array([0.0, 0.0, 1.0]), seen)
    np.testing.assert_allclose(mean, [2.0])


@pytest.mark.parametrize("family", FAMILIES)
def test_what_has_not_varied_is_open_where_it_does(family):
    """A level that no row has had: its column is 0 throughout, and 1 is nearly as unknown as without rows."""
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.random(40), np.zeros(40)])
    model = GaussianProcessEnsembleRegressor([family], random_state=0).fit(X, np.sin(6 * X[:, 0]))
    seen, unseen = (np.array([[0.5, level]]) for level in (0.0, 1.0))
    _, known = model.predict(seen, return_std=True, noise=False)
    _, open_ = model.predict(unseen, return_std=True, noise=False)
    assert known[0] < 0.1
    assert open_[0] > 3 * known[0]
    assert open_[0] > 0.25


def test_as_many_members_take_rows_for_noise_as_is_likely():
    """Probabilities 0, 1/2, 1, 1/2: two of four, the surest first."""
    assert are_noise(np.array([-40.0, 0.0, 40.0, 0.0])).tolist() == [False, True, True, False]
    assert not are_noise(np.full(6, -40.0)).any()
    assert are_noise(np.full(6, 40.0)).all()
