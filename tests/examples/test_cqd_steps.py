"""The steps of the PbS example, each alone, on numbers known by hand."""

import io
from types import SimpleNamespace

import explore
import judge
import numpy as np
import pandas as pd
import pytest
import run
import trust
from dataset import load_cqd_pbs, load_table1
from figures import draw_networks, lower_edge
from models import HWHM, LEARNED, OutcomeModels, recipes_of_points, success_model, with_hwhm
from preparation import INPUTS, SETTINGS, chemical_inputs, hwhm_mev, prepare
from report import LATER_COLUMNS, print_results
from results import Results, Trust
from rich.console import Console
from sklearn.base import BaseEstimator
from sklearn.model_selection import ParameterSampler
from trust import near_rows, sizes

from bnnopt.campaign import NamedChoice, read_runs, resume
from bnnopt.exceptions import MissingDependencyError, UnknownNameError
from bnnopt.model_selection import network_grid
from bnnopt.surrogates import GaussianProcessEnsembleRegressor


class Plane(BaseEstimator):
    """Predicts polydispersity 0.1 and a peak of ten times the injection temperature; remembers its rows."""

    def fit(self, X, y):
        self.rows_ = set(X.itertuples(index=False, name=None))
        return self

    def predict(self, X, return_std=False):
        mean = np.column_stack([np.full(len(X), 0.1), 10.0 * X["T_inj_C"]])
        return (mean, np.tile([0.05, 50.0], (len(X), 1))) if return_std else mean


class Memory(Plane):
    """Predicts 1 for rows that it was fitted on and 0 for others."""

    def predict(self, X, return_std=False):
        seen = [row in self.rows_ for row in X.itertuples(index=False, name=None)]
        mean = np.column_stack([seen, seen]).astype(float)
        return (mean, np.ones_like(mean)) if return_std else mean


class Known:
    """Predicts polydispersity 0.1, a peak of ten times the injection temperature, and a hwhm of 50 meV."""

    names = ("polydispersity", "peak_nm", "hwhm_meV")

    def predict(self, X, return_std=False):
        mean = np.column_stack([Plane().predict(X), np.full(len(X), 50.0)])
        return (mean, np.tile([0.05, 50.0, 10.0], (len(X), 1))) if return_std else mean

    def only(self, output):
        place = self.names.index(output)
        return SimpleNamespace(predict=lambda X: self.predict(X)[:, place])


class Success:
    """Says that everything succeeds."""

    def predict_proba(self, X):
        return np.tile([0.0, 1.0], (len(X), 1))


class Missing(Plane):
    """Cannot be fitted."""

    def fit(self, X, y):
        raise MissingDependencyError("TensorFlow is not here")


@pytest.fixture(scope="module")
def settings():
    return run.load_settings(short=False)


@pytest.fixture(scope="module")
def table():
    return prepare(load_cqd_pbs())


def predictions_of(table, *, offset, std):
    """Normal predictions that miss each measured outcome by an offset."""
    columns = {}
    for output in judge.OUTPUTS:
        mean = table[output] + offset[output]
        columns |= {f"{output}_mean": mean, f"{output}_median": mean, f"{output}_std": std[output]}
        reach = 1.959964 * std[output]
        columns |= {f"{output}_lower": mean - reach, f"{output}_upper": mean + reach}
    return pd.DataFrame(columns, index=table.index)


def test_settings_of_the_full_run(settings):
    assert settings.targets.values == (620, 780, 950, 1150, 1330, 1500)
    assert settings.space.setting_names == SETTINGS
    assert settings.surrogate == NamedChoice(name="auto")
    assert [objective.name for objective in settings.objectives] == judge.OUTPUTS


def test_the_short_mode_takes_fewer_targets_and_nothing_else(settings):
    short = run.load_settings(short=True)
    assert short.targets.values == (620, 780)
    assert short.model_dump(exclude={"targets"}) == settings.model_dump(exclude={"targets"})


def test_the_prepared_table_is_what_the_command_line_reads(settings, table, tmp_path):
    table.to_csv(tmp_path / "runs.csv", index=False)
    counts = resume(settings, read_runs(tmp_path / "runs.csv")).summary()
    assert counts == {"n_told": 100, "n_measured": 95, "n_failed": 5, "n_repeated": 3, "n_pending": 0}


def test_score_by_hand():
    table = pd.DataFrame(
        {"polydispersity": [0.1, 0.2, 0.3, 0.4], "peak_nm": [600.0, 800.0, 1000.0, 1200.0]},
        index=[3, 1, 7, 5],
    )
    offset = {"polydispersity": 0.1, "peak_nm": [0.0, 0.0, 0.0, 300.0]}
    result = judge.score(
        table, predictions_of(table, offset=offset, std={"polydispersity": 0.1, "peak_nm": 100})
    )
    assert result["outcome"].tolist() == ["polydispersity", "peak_nm"]
    assert result["mean_absolute_error"].to_numpy() == pytest.approx([0.1, 75.0])
    assert result["r2"].to_numpy() == pytest.approx([1 - 0.04 / 0.05, 1 - 90_000 / 200_000])
    assert result["coverage_95"].tolist() == [1.0, 0.75]
    assert result["width_95"].to_numpy() == pytest.approx([0.391993, 391.993], abs=1e-3)
    assert result["mean_log_density"].to_numpy() == pytest.approx([0.883646, -6.649109], abs=1e-6)


def first_of(surrogate):
    return judge.predictors(surrogate, "auto", seed=0)["stacking"]


def test_each_model_has_its_own_name():
    peers = ["MC dropout", "paper's network", "Gaussian process", "random forest"]
    assert list(judge.predictors(Plane(), "auto", seed=0)) == ["stacking", *peers]
    assert list(judge.predictors(Plane(), "mine", seed=0)) == ["mine", *peers]


def test_models_that_cannot_be_had_here_are_told_and_left_out(table):
    done = table.dropna().iloc[:10]
    judged = {"plane": first_of(Plane()), "networks": first_of(Missing())}
    text = io.StringIO()
    scores, predictions = run._judge(judged, done, 0, lambda _: None, Console(file=text, width=200))
    assert scores["model"].tolist() == ["plane", "plane"]
    assert predictions["polydispersity_mean"].tolist() == [0.1] * 10
    assert text.getvalue() == "Without the networks: TensorFlow is not here\n"


def test_no_row_is_predicted_by_a_model_that_saw_it(table):
    done = table.dropna().drop_duplicates(INPUTS)
    predictions = judge.cross_validate(done, first_of(Memory()), seed=0)
    assert predictions.index.equals(done.index)
    assert predictions["peak_nm_mean"].tolist() == [0.0] * len(done)


def test_table1_is_judged_by_its_intervals():
    verified = judge.judge_table1(Plane(), load_table1())
    assert verified["peak_nm_measured"].tolist() == [620, 780, 950, 1150, 1330, 1500]
    assert verified["peak_nm_predicted"].tolist() == [530, 760, 1090, 1100, 1250, 1400]
    assert verified["peak_nm_upper_95"][0] == pytest.approx(530 + 1.959964 * 50)
    assert verified["peak_nm_inside"].tolist() == [True, True, False, True, True, False]
    assert verified["polydispersity_measured"].to_numpy() == pytest.approx(
        np.exp([-1.27, -2.1, -3.8, -6.6, -8.5, -9])
    )
    assert verified["polydispersity_inside"].tolist() == [False, True, True, False, False, False]


def test_the_usual_outdoor_temperature_is_the_median():
    table = pd.DataFrame({"T_outdoor_C": [3.0, 20.0, 5.0]})
    assert explore.usual_context(table, None) == {"T_outdoor_C": 5.0}
    assert explore.usual_context(table, 12) == {"T_outdoor_C": 12.0}
    assert explore.usual_context(table, 0.0) == {"T_outdoor_C": 0.0}


def test_a_recipe_is_new_whatever_the_weather(table):
    made = table.iloc[:5]
    assert not explore.is_new(made.iloc[[2]].assign(T_outdoor_C=-40.0), made)
    assert not explore.is_new(made.iloc[[2]] + 1e-12, made)
    assert explore.is_new(made.iloc[[2]].assign(OLA_mL=0.31), made)
    assert not explore.is_new(pd.concat([made.iloc[[2]].assign(OLA_mL=0.31), made.iloc[[0]]]), made)


def test_the_pool_has_three_layers_of_recipes_that_can_be_made(settings, monkeypatch):
    monkeypatch.setattr(explore, "CHUNK", 400)
    steps = []
    context = {"T_outdoor_C": 7.0}
    pool = explore.score_pool(Known(), Success(), settings.space, context, 1000, 0, steps.append)
    assert steps == [400, 400, 200]
    assert settings.space.is_feasible(pool.astype(float).round(explore.DECIMALS)).all()
    assert set(pool["layer"]) == {0, 1, 2}
    chlorides = pool[["Cl_hot_mM", "Cl_60C_mM"]].sum(axis=1)
    assert (chlorides[pool["layer"] >= 1] == 0).all()
    assert (chlorides[pool["layer"] == 0] > 0).all()
    assert (pool.loc[pool["layer"] == 2, "OLA_mL"] == 0).all()
    assert (pool["T_inj_C"] % 1 == 0).all()
    assert (pool["peak_nm"] == 10 * pool["T_inj_C"]).all()
    assert (pool["T_outdoor_C"] == 7).all()
    assert (pool["success"] == 1).all()


def test_without_a_recipe_near_the_target_the_closest_are_candidates(settings, table):
    """Peaks of the pool are 460 to 1750 nm by construction; the second target lies far above."""
    surrogate = NamedChoice(name="gaussian_process", parameters={"n_restarts_optimizer": 0})
    targets = settings.targets.model_copy(update={"values": (1000.0, 5000.0)})
    settings = settings.model_copy(update={"surrogate": surrogate, "targets": targets})
    context = {"T_outdoor_C": 10.0}
    pool = explore.score_pool(Known(), Success(), settings.space, context, 3000, 0, lambda _: None)
    result = explore.suggest(settings, Known(), table.iloc[:40], pool, context, 0, lambda _: None)
    assert result["target_nm"].tolist() == [1000.0] * 3 + [5000.0] * 6
    assert result["T_inj_limit_C"].isna().tolist() == [True] * 6 + [False] * 3
    assert result["T_inj_C"][:3].between(98, 102).all()
    assert (result["T_inj_C"][3:6] > 165).all()
    assert result["T_inj_C"][6:].between(130, 140).all()
    assert not result["interval_contains_target"][3:6].any()
    assert (result["hwhm_meV_median"] == 50).all()


def test_what_a_limit_of_the_injection_costs_is_read_off_the_pool(settings):
    peaks, heat = [950.0, 960.0, 940.0, 1330.0], [160.0, 120.0, 130.0, 100.0]
    widths = [0.01, 0.05, 0.03, 0.02]
    pool = pd.DataFrame({"peak_nm": peaks, "T_inj_C": heat, "polydispersity": widths})
    targets = settings.targets.model_copy(update={"values": (950.0, 1330.0)})
    cost = explore.cost_of_limit(pool, targets)
    assert cost["T_inj_C"].tolist() == [160.0, 100.0]
    assert cost["polydispersity"].tolist() == [0.01, 0.02]
    assert cost["polydispersity_cool"].tolist() == [0.03, 0.02]


def test_outcomes_keep_their_bounds_and_are_asked_by_name(settings, table):
    done = with_hwhm(table).dropna().iloc[:40]
    surrogate = GaussianProcessEnsembleRegressor(n_members=2, kernels=("matern_5_2",))
    models = OutcomeModels(surrogate, (*settings.outcomes, HWHM), random_state=0)
    fitted = models.fit(done[INPUTS], done[LEARNED])
    found = judge.predicted(fitted, load_table1().data, LEARNED)
    ends = found[["polydispersity_mean", "polydispersity_lower", "polydispersity_upper"]]
    assert ((ends >= 0) & (ends <= 1)).all(axis=None)
    assert (found["hwhm_meV_lower"] > 0).all()
    rows = load_table1().data
    assert fitted.only("peak_nm").predict(rows[INPUTS]).tolist() == found["peak_nm_mean"].tolist()
    assert fitted.sample_y(rows, 4).shape == (6, 3, 4)
    with_noise, without = (fitted.predict(rows, return_std=True, noise=each)[1] for each in (True, False))
    assert (with_noise >= without).all()


def test_success_falls_where_rows_failed(table):
    model = success_model().fit(table[INPUTS], table["peak_nm"].notna())
    failed = table["peak_nm"].isna()
    found = model.predict_proba(table[INPUTS])[:, 1]
    assert found[failed].max() < np.median(found[~failed])
    assert found[failed].mean() < 0.5


def test_points_of_the_cube_are_recipes_again(settings):
    space = settings.space
    recipes = space.sample(5, random_state=0, context={"T_outdoor_C": 10.0})
    observed = space.with_observed_context(pd.DataFrame({"T_outdoor_C": [0.0, 20.0]}))
    back = recipes_of_points(observed.encode(recipes), space)
    np.testing.assert_allclose(back[SETTINGS], recipes[SETTINGS])
    assert back["T_outdoor_C"].tolist() == [0.5] * 5


def test_the_line_width_follows_table1():
    table1 = load_table1()
    width = hwhm_mev(table1.target_nm, np.exp(-table1.peak_valley))
    assert np.sqrt(np.mean((width - table1.hwhm_meV) ** 2)) < 2.2
    assert np.isnan(hwhm_mev([950.0], [np.nan])).all()


def test_chemical_inputs_by_hand():
    recipe = pd.DataFrame([dict.fromkeys(INPUTS, 0.0) | {"PbOA2_mL": 18.0, "TMS2S_uL": 210.0, "OLA_mL": 0.2}])
    found = chemical_inputs(recipe)
    assert found["OLA_mL"].item() == pytest.approx(np.log(2))
    assert np.exp(found["ln_PbS"].item()) == pytest.approx(8.10, abs=0.01)


def test_sizes_of_trainings_grow_by_equal_ratios():
    assert sizes(95) == [9, 18, 37, 76]
    assert sizes(2529)[-1] == 500


def test_what_is_cut_of_a_large_table_is_said():
    assert run.what_is_cut(95) == []
    exact, curve = run.what_is_cut(2529)
    assert "exact Gaussian process is not compared: with 2,529 rows, more than 500" in exact
    assert "ends at 500 rows" in curve
    models = judge.predictors(Plane(), "auto", seed=0, n_rows=2529)
    assert list(models) == ["stacking", "MC dropout", "paper's network", "random forest"]


def test_recipes_near_the_rows_stay_near_and_inside(settings, table):
    recipes = near_rows(table, settings.space, np.random.default_rng(0))
    assert settings.space.is_inside(recipes).all()
    made = table["T_inj_C"].to_numpy()
    distance = np.abs(recipes["T_inj_C"].to_numpy()[:, None] - made).min(axis=1)
    assert distance.max() <= 0.05 * 130


def test_the_lower_edge_has_the_least_of_each_bin():
    peaks = np.repeat([610.0, 640.0, 900.0], [30, 25, 3])
    recipes = pd.DataFrame({"peak_nm": peaks, "polydispersity": np.linspace(0.1, 0.2, len(peaks))})
    edge, best = lower_edge(recipes)
    assert list(edge) == [612.5, 637.5]
    assert best.tolist() == pytest.approx([0.1, recipes["polydispersity"][30]])


def test_networks_are_drawn_by_their_dropout(tmp_path):
    grid = network_grid(prefix="mcdropoutregressor__")
    tried = ParameterSampler(grid, 4, random_state=0)
    scores = {"mean_train_score": [-0.03, -0.2, -0.1, -0.1], "mean_test_score": [-0.12, -0.2, -0.11, np.nan]}
    found = {
        **{name: np.array(values) for name, values in scores.items()},
        "std_test_score": np.full(4, 0.01),
    }
    search = SimpleNamespace(cv_results_={**found, "params": list(tried)}, n_splits_=3)
    content = draw_networks(tmp_path / "networks.png", search).read_bytes()
    size = [int.from_bytes(content[start : start + 4]) for start in (16, 20)]
    assert content[:4] == b"\x89PNG"
    assert size == [1024, 768]  # 6.4 and 4.8 inches at 160 dots
    search.cv_results_["params"] = [{"alpha": 1.0}] * 4
    with pytest.raises(UnknownNameError, match="mcdropoutregressor__dropout"):
        draw_networks(tmp_path / "none.png", search)
    assert not (tmp_path / "none.png").exists()


@pytest.mark.tensorflow
def test_networks_are_searched_on_outcomes_scaled_as_in_the_paper(table, monkeypatch, tmp_path):
    monkeypatch.setattr(trust, "N_NETWORKS", 2)
    search = trust.search_networks(table.dropna().iloc[:24], seed=0, max_iter=40)
    scores = pd.DataFrame(search.cv_results_)
    assert len(scores) == 2
    assert scores[["mean_train_score", "mean_test_score"]].le(0).all(axis=None)
    assert scores[["mean_train_score", "mean_test_score"]].ge(-1).all(axis=None)
    assert draw_networks(tmp_path / "networks.png", search).exists()


@pytest.fixture
def results(settings, table):
    """Results whose tables hold the numbers that the tests look for on the screen."""
    recipes = settings.space.sample(2, random_state=0, context={"T_outdoor_C": 10.0})
    moments = {"peak_nm_mean": [949.6, 1501.2], "polydispersity_mean": [0.012345, -0.0005]}
    limits = {"target_nm": [950.0, 1500.0], "T_inj_limit_C": [np.nan, 140.0]}
    hwhm = {"hwhm_meV_median": [51.23, 25.0], "peak_nm_width_95": [400.0, 600.0]}
    suggestions = recipes.assign(**limits, **moments, **hwhm, interval_contains_target=[True, False])
    pool = pd.DataFrame({"peak_nm": [950.0], "T_inj_C": [100.0], "polydispersity": [0.05]})
    later = pd.DataFrame([dict.fromkeys(LATER_COLUMNS, 0.5)]).assign(
        outcome="peak_nm", split="later", mae=249.1
    )
    columns = {"outcome": ["peak_nm"], "std": [128.8], "degrees_of_freedom": [3], "model_std": [120.7]}
    trust = Trust(
        later=later,
        curve=None,
        repeats=SimpleNamespace(summary=pd.DataFrame(columns)),
        agreement=pd.DataFrame({"model": ["stacking"], "outcome": ["peak_nm"], "agreement": [0.9987]}),
        retrained={},
    )
    return Results(
        settings=settings,
        table=table,
        cohort=np.full(len(table), "historical"),
        scores=pd.DataFrame({"outcome": ["peak_nm"], "mean_absolute_error": [137.57], "r2": [0.82283]}),
        predictions=pd.DataFrame(),
        trust=trust,
        fitted=SimpleNamespace(models_={}),
        model=None,
        success=Success(),
        table1=load_table1(),
        verified=judge.judge_table1(Plane(), load_table1()),
        pool=pool,
        suggestions=suggestions,
    )


def printed_lines(results):
    text = io.StringIO()
    print_results(Console(file=text, width=200), results)
    return [line.split() for line in text.getvalue().splitlines()]


def test_printed_numbers_have_three_digits_or_are_whole(results):
    lines = printed_lines(results)
    assert ["peak_nm", "138", "0.823"] in lines
    first, second = (line for line in lines if line[:2] in (["950", "-"], ["1500", "140"]))
    assert first[-3:] == ["950", "0.0123", "51.2"]
    assert second[-3:] == ["1501", "-0.0005", "25"]
    assert ["950", "1090", "992", "1188", "False"] in lines


def test_the_printed_checks_count_what_is_kept(results):
    lines = [" ".join(line) for line in printed_lines(results)]
    assert "Mean absolute error 80 nm; 4 of 6 inside, at intervals of ± 98 nm (median)." in lines
    assert "peak_nm: repeats scatter by 129 (3 repeats), the model expects 121." in lines
    assert "peak_nm later 0.5 0.5 0.5 249 0.5 0.5 0.5" in lines
    assert "stacking peak_nm 0.999" in lines
    checks = "Of 2 suggestions 2 are inside bounds and constraints, 1 have an interval that contains"
    assert f"{checks} the target, ± 250 nm wide (median); all are new." in lines


def test_the_members_of_a_stacking_are_told_with_their_shares(results):
    for name, shares in (
        ("polydispersity", {"processes": 0.75, "networks": 0.25}),
        ("peak_nm", {"processes": 1}),
    ):
        inner = SimpleNamespace(
            shares_=pd.DataFrame({0: shares}), left_out_={} if len(shares) > 1 else {"networks": "no help"}
        )
        results.fitted.models_[name] = [inner]
    lines = [" ".join(line) for line in printed_lines(results)]
    assert "processes: 75% of polydispersity, 100% of peak_nm" in lines
    assert "networks: 25% of polydispersity" in lines
    assert "networks is left out of peak_nm: no help" in lines


def test_a_recipe_made_before_is_told(results):
    results.suggestions.loc[0, SETTINGS] = results.table.loc[0, SETTINGS]
    assert any("SOME WERE MADE BEFORE" in " ".join(line) for line in printed_lines(results))
