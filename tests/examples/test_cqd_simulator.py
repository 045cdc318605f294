"""The virtual laboratory of the PbS example: its trends, its noise, its tables."""

import numpy as np
import pandas as pd
import pytest
import run
from dataset import load_cqd_pbs, load_table1
from preparation import HISTORICAL_PBOA2_ML, INPUTS, pb_to_s_ratio
from simulator import VirtualLab, historical_recipes, simulated_table


@pytest.fixture(scope="module")
def lab():
    return VirtualLab.calibrated()


@pytest.fixture(scope="module")
def space():
    return run.load_settings(short=False).space


@pytest.fixture
def recipe():
    """The verified recipe for 950 nm, one row."""
    return load_table1().data.iloc[[2]].reset_index(drop=True)


def changed(recipe, **settings):
    return recipe.assign(**settings)


def test_the_verified_recipes_come_out_near_what_was_measured(lab):
    table1 = load_table1()
    expected = lab.expected(table1.data)
    assert (np.abs(expected["peak_nm"] - table1.target_nm) < 50).all()
    assert (np.abs(expected["hwhm_meV"] - table1.hwhm_meV) < 10).all()
    assert (lab.success_probability(table1.data) > 0.99).all()


def test_it_explains_most_of_the_real_rows(lab):
    rows = load_cqd_pbs()
    measured = rows.target["peak_nm"][~rows.failed]
    error = lab.expected(rows.data[~rows.failed])["peak_nm"] - measured
    assert 1 - (error**2).sum() / ((measured - measured.mean()) ** 2).sum() > 0.8


@pytest.mark.parametrize(
    ("less", "more", "grows"),
    [
        ({"PbOA2_mL": 10.0}, {"PbOA2_mL": 18.0}, True),
        ({"T_inj_C": 90.0}, {"T_inj_C": 120.0}, True),
        ({"OLA_mL": 0.0}, {"OLA_mL": 0.5}, False),
    ],
)
def test_lead_and_heat_make_larger_dots_and_oleylamine_smaller_ones(less, more, grows, lab, recipe):
    peaks = [lab.expected(changed(recipe, **each))["peak_nm"].item() for each in (less, more)]
    assert (peaks[1] > peaks[0]) == grows


def test_of_dots_of_one_size_those_with_pb_to_s_of_8_and_chloride_are_most_alike(lab):
    assert lab.focus["ratio below 8"] >= 0 >= lab.focus["ratio above 8"]
    assert lab.focus["heat"] <= 0 <= min(lab.focus["OLA"], lab.focus["chloride"])


def test_nucleation_is_blocked_beyond_pb_to_s_of_8(lab, recipe):
    sulfur = 210.0
    lead = 18.0 * np.array([1.0, 2.5]) * 8.0 / pb_to_s_ratio([18.0], [sulfur])
    recipes = pd.concat([recipe] * 2, ignore_index=True).assign(TMS2S_uL=sulfur, PbOA2_mL=lead)
    assert pb_to_s_ratio(recipes["PbOA2_mL"], recipes["TMS2S_uL"]) == pytest.approx([8.0, 20.0])
    assert lab.success_probability(recipes) == pytest.approx([1 / (1 + (8 / 17) ** 8), 0.2142], abs=1e-3)


def test_the_season_shifts_the_peak(lab, recipe):
    cold, warm = (lab.expected(changed(recipe, T_outdoor_C=t))["peak_nm"].item() for t in (-5.0, 25.0))
    assert 20 < abs(warm - cold) < 300


def test_noise_is_30_nm_and_a_tenth_of_peak_to_valley(lab, recipe):
    recipes = pd.concat([recipe] * 4000, ignore_index=True)
    expected, made = lab.expected(recipe), lab.make(recipes, random_state=0)
    assert made["peak_nm"].std() == pytest.approx(30, rel=0.05)
    assert np.log(made["peak_valley"]).std() == pytest.approx(0.1, rel=0.05)
    assert made["peak_nm"].mean() == pytest.approx(expected["peak_nm"].item(), abs=2)


def test_the_same_seed_makes_the_same_and_what_fails_has_no_outcomes(lab, space):
    recipes = space.sample(300, random_state=0, context={"T_outdoor_C": 10.0})
    made = lab.make(recipes, random_state=1)
    pd.testing.assert_frame_equal(made, lab.make(recipes, random_state=1))
    failed = made["peak_nm"].isna()
    assert 0 < failed.sum() < 150
    assert made[failed].isna().all(axis=None)
    assert made[~failed]["polydispersity"].between(0, 1).all()


def test_historical_recipes_have_historical_volumes_of_lead(space):
    recipes = historical_recipes(200, np.random.default_rng(0))
    assert set(recipes["PbOA2_mL"]) <= set(HISTORICAL_PBOA2_ML)
    assert space.is_feasible(recipes).all()


def test_a_simulated_table_of_full_size_is_read_like_the_published_one(space, tmp_path):
    table = simulated_table(space)
    text = table.to_csv(sep=" ", header=False, index=False)
    (tmp_path / "simulated.dat").write_text(f"# simulated, not measured\n{text}", encoding="utf-8")
    rows = load_cqd_pbs(tmp_path / "simulated.dat")  # refuses what has not the counts of the published table
    assert rows.data.shape == (2552, 9)
    assert rows.failed.sum() == 23
    np.testing.assert_allclose(rows.data, table[INPUTS])
