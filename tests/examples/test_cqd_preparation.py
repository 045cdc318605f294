import numpy as np
import pandas as pd
import pytest
from dataset import load_cqd_pbs, load_table1
from hypothesis import given, settings
from hypothesis import strategies as st
from preparation import (
    CONTEXT,
    PB_STOCK_MOL_PER_L,
    SETTINGS,
    TMS2S_G_PER_MOL,
    cohort_of,
    is_failed,
    parse_source,
    pb_to_s_ratio,
    peak_valley_from_polydispersity,
    polydispersity,
    pool_chlorides,
    prepare,
    summarize,
)

from bnnopt.exceptions import InvalidDataError

LINE = "19.9 19 15 0 160 180 8 0.3 0.3 2061 3.24"
NUMBERS = [19.9, 19, 15, 0, 160, 180, 8, 0.3, 0.3, 2061, 3.24]


def test_polydispersity_at_values_known_by_hand():
    expected = [1.0, 0.36787944117144233, 0.00012340980408667956]
    np.testing.assert_allclose(polydispersity([0.0, 1.0, 9.0]), expected, rtol=1e-14)
    assert np.isnan(polydispersity(np.nan))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(min_value=0, max_value=30), min_size=1, max_size=5))
def test_polydispersity_and_its_inverse_cancel(ratios):
    np.testing.assert_allclose(peak_valley_from_polydispersity(polydispersity(ratios)), ratios, atol=1e-3)


def test_a_smaller_polydispersity_is_a_better_peak():
    assert np.all(np.diff(polydispersity(np.linspace(0, 20, 50))) < 0)


@pytest.mark.parametrize("value", [0.0, -0.1, 1.2])
def test_a_polydispersity_outside_its_range_is_refused(value):
    with pytest.raises(InvalidDataError, match=r"lies in \(0, 1\], but value 1 is"):
        peak_valley_from_polydispersity([0.5, value])


def test_a_negative_peak_to_valley_ratio_is_refused():
    with pytest.raises(InvalidDataError, match="value 1 is -2"):
        polydispersity([1.0, -2.0])


def test_only_the_code_of_both_outcomes_is_a_failure():
    peak = [650, 650, 651, 650 + 1e-9, np.nan]
    ratio = [0.5, 1.04, 0.5, 0.5 - 1e-9, np.nan]
    assert is_failed(peak, ratio).tolist() == [True, False, False, True, False]


def test_the_cohort_rule_reproduces_the_cohort_column():
    bunch = load_cqd_pbs()
    assert cohort_of(bunch.data["PbOA2_mL"]).tolist() == bunch.cohort.tolist()
    assert cohort_of([18.0, 4.5, 7, 19, 18.8]).tolist() == ["historical"] * 4 + ["ml_guided"]


def test_ascl3_counts_five_times():
    salts = pd.DataFrame({"CdCl2": [0.3, 0.0], "TBAC": [0.1, 0.0], "PbCl2": [0.2, 0.0], "AsCl3": [0.1, 0.06]})
    np.testing.assert_allclose(pool_chlorides(**salts), [1.1, 0.3])
    np.testing.assert_allclose(pool_chlorides(PbCl2=[0.3, 0.6]), [0.3, 0.6])


def test_a_negative_molarity_is_refused_by_name():
    with pytest.raises(InvalidDataError, match="PbCl2"):
        pool_chlorides(PbCl2=[0.1, -0.1])


def test_the_lead_stock_has_the_concentration_of_the_recipe():
    oleic_acid_mol = 30 * 0.895 / 282.46
    assert pytest.approx(0.448, abs=5e-4) == PB_STOCK_MOL_PER_L
    assert oleic_acid_mol / (PB_STOCK_MOL_PER_L * 0.090) == pytest.approx(2.35, abs=0.02)


def test_the_molar_mass_of_the_sulfur_source_follows_from_its_formula():
    carbon, hydrogen, sulfur, silicon = 12.011, 1.008, 32.06, 28.085
    assert pytest.approx(6 * carbon + 18 * hydrogen + sulfur + 2 * silicon, abs=0.01) == TMS2S_G_PER_MOL


def test_the_best_recipes_reach_the_ratio_of_eight_that_the_paper_names():
    best = load_table1().data.iloc[-1]
    assert pb_to_s_ratio(best["PbOA2_mL"], best["TMS2S_uL"]) == pytest.approx(8.1, abs=0.05)


def test_the_ratio_is_linear_in_lead_and_inverse_in_sulfur():
    np.testing.assert_allclose(pb_to_s_ratio([36, 18], [200, 100]), 2 * pb_to_s_ratio([18, 18], [200, 200]))


def test_a_ratio_to_no_sulfur_is_refused():
    with pytest.raises(InvalidDataError, match="above 0 µL"):
        pb_to_s_ratio(18, 0)


@pytest.mark.parametrize("as_frame", [True, False])
def test_prepare_gives_settings_context_and_outcomes(as_frame):
    frame = prepare(load_cqd_pbs(as_frame=as_frame))
    assert list(frame) == [CONTEXT, *SETTINGS, "peak_nm", "polydispersity"]
    assert frame.loc[0, "peak_nm"] == 2061
    assert frame.loc[0, "polydispersity"] == pytest.approx(np.exp(-3.24))
    assert frame.isna().any(axis=1).sum() == 5
    assert frame["peak_nm"].isna().equals(frame["polydispersity"].isna())


def test_prepare_blanks_a_failure_that_has_numbers_and_leaves_the_bunch_alone():
    bunch = load_cqd_pbs()
    bunch.failed[0] = True
    before = bunch.target.copy()
    assert np.isnan(prepare(bunch).loc[0, "peak_nm"])
    pd.testing.assert_frame_equal(bunch.target, before)


def test_the_summary_counts_the_subset():
    summary = summarize(load_cqd_pbs())
    assert (summary.n_rows, summary.n_historical, summary.n_ml_guided, summary.n_failed) == (100, 55, 45, 5)
    assert summary.n_replicates == 6
    assert summary.n_recipes == 97


@pytest.mark.parametrize("separator", [" ", "\t", ",", ";", " ; ", "  "])
@pytest.mark.parametrize("header", ["", "# a comment\n\n", "T,Pb,ODE,OLA,Tinj,S,ODE,Cl,Cl,peak,ratio\n"])
def test_the_source_is_read_with_any_separator_and_header(separator, header):
    text = header + (LINE.replace(" ", separator) + "\r\n") * 2
    np.testing.assert_allclose(parse_source(text), [NUMBERS, NUMBERS])


@pytest.mark.parametrize(
    "line", [LINE.rsplit(" ", 1)[0], LINE + " 7", LINE.replace("160", "hot"), LINE.replace("3.24", "nan")]
)
def test_a_bad_line_of_the_source_is_named(line):
    with pytest.raises(InvalidDataError, match="line 2: 11 finite numbers"):
        parse_source(f"{LINE}\n{line}\n")


def test_an_empty_source_has_no_rows():
    assert parse_source("# nothing\n").shape == (0, 11)
