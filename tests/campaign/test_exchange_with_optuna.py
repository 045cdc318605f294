import json
import sys

import numpy as np
import optuna
import pandas as pd
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import create_trial
from sqlalchemy.pool import NullPool
from typer.testing import CliRunner

from bnnopt import (
    Campaign,
    CampaignSettings,
    Categorical,
    Context,
    Discrete,
    Integer,
    Maximize,
    Minimize,
    OutcomeConstraint,
    Real,
    SearchSpace,
    Target,
    WeightedSum,
)
from bnnopt.campaign import campaign_of_study, study_of_campaign
from bnnopt.cli import app
from bnnopt.exceptions import InvalidDataError, MissingDependencyError
from bnnopt.integrations.optuna import BnnSampler


@pytest.fixture(autouse=True)
def quiet():
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    yield
    optuna.logging.set_verbosity(before)


def database(folder):
    """Return a storage that keeps no connection open, which Python 3.13 warns of."""
    return optuna.storages.RDBStorage(f"sqlite:///{folder}/any.db", engine_kwargs={"poolclass": NullPool})


SETTINGS = CampaignSettings(
    name="dyes",
    space=SearchSpace(
        [
            Real("T", 20, 120, step=0.5, unit="°C"),
            Real("c", 1e-3, 1, scale="log"),
            Integer("n", 1, 5),
            Discrete("volume", [50, 100, 250], unit="mL"),
            Categorical("solvent", ["DMF", "water"]),
            Context("humidity", unit="%"),
        ]
    ),
    objectives=[
        Maximize("yield", unit="%"),
        Target("peak", value=950, tolerance=5),
        OutcomeConstraint("pd", upper=0.3),
    ],
    surrogate={"name": "gaussian_process_ensemble"},
)
RUNS = pd.DataFrame(
    {
        "T": [20, 40.5, 60, 60, 70.5, 80],
        "c": [0.01, 0.1, 0.2, 1 / 3, 0.4, 0.5],
        "n": [1, 2, 3, 4, 5, 1],
        "volume": [50, 100, 250, 50, 100, 50],
        "solvent": ["DMF", "water", "DMF", "DMF", "water", "DMF"],
        "humidity": [1, 2, 3, 4, 5, 6.5],
        "yield": [1.5, 2, None, None, 0.1 + 0.2, None],
        "peak": [940, 951, None, None, 1e3, None],
        "pd": [0.1, 0.2, None, None, 0.4, None],
        "status": ["", "", "failed", "running", "", "withdrawn"],
        "who": ["Ann", "Bo", None, "Ann", "=B1", None],
        "note": ["", "grün", "", "", "", "spilled"],
        "yield_error": [0.1, None, None, None, None, None],
        "date": ["2026-01-02", "", "", "", "", ""],
    }
)


@pytest.fixture(params=["csv", "xlsx"])
def campaign(tmp_path, request):
    made = Campaign.create(tmp_path / "first", SETTINGS, RUNS, as_xlsx=request.param == "xlsx")
    made.suggest(2, context={"humidity": 3})
    return made


def table_of(campaign):
    table = campaign.experiments.set_index("id").sort_index()
    return (
        table[sorted(table.columns)].astype(object).where(lambda cells: cells.notna() & (cells != ""), None)
    )


def test_a_campaign_comes_back_from_a_study_to_the_last_digit(campaign, tmp_path):
    study = study_of_campaign(campaign, tmp_path / "study.db")
    states = [trial.state.name for trial in study.trials]
    assert states == ["COMPLETE", "COMPLETE", "FAIL", "RUNNING", "COMPLETE", "WAITING", "WAITING"]
    again = campaign_of_study(tmp_path / "again", tmp_path / "study.db")
    assert again.settings == campaign.settings
    pd.testing.assert_frame_equal(table_of(again), table_of(campaign))


def test_trials_say_what_optuna_and_its_dashboard_need(tmp_path):
    campaign = Campaign.create(tmp_path / "first", SETTINGS, RUNS)
    study = study_of_campaign(campaign)
    assert [direction.name for direction in study.directions] == ["MAXIMIZE", "MAXIMIZE"]
    assert study.metric_names == ["yield", "peak"]
    trial = study.trials[4]
    assert trial.params == {"T": 70.5, "c": 0.4, "n": 5, "volume": 100.0, "solvent": "water"}
    assert trial.values == [0.1 + 0.2, -10.0]
    assert trial.user_attrs["humidity"] == 5
    assert trial.user_attrs["who"] == "=B1"
    ranges = trial.distributions
    assert ranges["T"] == FloatDistribution(20, 120, step=0.5)
    assert ranges["c"] == FloatDistribution(1e-3, 1, log=True)
    assert ranges["n"] == IntDistribution(1, 5)
    assert ranges["volume"] == CategoricalDistribution([50.0, 100.0, 250.0])
    assert {trial.number for trial in study.best_trials} <= {0, 1}  # 4 breaks the constraint


def test_an_objective_of_two_outcomes_is_a_value_that_is_maximized(tmp_path):
    goal = WeightedSum([Minimize("width"), Maximize("yield")], weights=[2.0, 1.0])
    settings = CampaignSettings(name="a", space=SearchSpace([Real("x", 0, 1)]), objectives=[goal])
    runs = pd.DataFrame({"x": [0.5], "width": [3.0], "yield": [10.0]})
    campaign = Campaign.create(tmp_path / "first", settings, runs)
    study = study_of_campaign(campaign, tmp_path / "study.db")
    assert study.best_value == 4.0
    assert study.direction.name == "MAXIMIZE"
    pd.testing.assert_frame_equal(
        table_of(campaign_of_study(tmp_path / "again", tmp_path / "study.db")), table_of(campaign)
    )


def test_a_run_outside_the_bounds_widens_the_range_and_one_off_the_grid_takes_the_step_away(tmp_path):
    space = SearchSpace([Real("a", 0, 1, step=0.1), Real("b", 0, 1, digits=2)])
    settings = CampaignSettings(name="a", space=space, objectives=[Minimize("y")])
    runs = pd.DataFrame({"a": [0.3, 1.2], "b": [0.123, 0.5], "y": [1.0, 2.0]})
    study = study_of_campaign(Campaign.create(tmp_path, settings, runs))
    assert study.trials[0].distributions["a"] == FloatDistribution(0, 1.2, step=0.1)
    assert study.trials[0].distributions["b"] == FloatDistribution(0, 1)
    assert study.trials[1].params == {"a": 1.2, "b": 0.5}


def test_what_is_run_in_the_study_comes_back_with_it(tmp_path):
    space = SearchSpace([Real("x", 0, 1)])
    settings = CampaignSettings(
        name="a", space=space, objectives=[Minimize("y"), Target("z", value=1, tolerance=0.1)]
    )
    runs = pd.DataFrame({"x": [0.1, 0.8], "y": [1.0, 2.0], "z": [0.0, 1.0], "status": ""})
    campaign = Campaign.create(tmp_path / "first", settings, runs)
    planned = campaign.suggest(1)["x"].iloc[0]
    study = study_of_campaign(campaign, tmp_path / "study.db")
    study.sampler = BnnSampler(surrogate="gaussian_process", seed=0)

    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        trial.set_user_attr("z", 3 * x)
        return x**2, -abs(3 * x - 1)

    study.optimize(objective, n_trials=2)
    table = campaign_of_study(tmp_path / "again", tmp_path / "study.db").experiments
    assert table["status"].tolist() == ["measured"] * 4
    assert table["id"].tolist() == ["1", "2", "3", "4"]
    assert table["x"].iloc[2] == planned
    assert np.allclose(table["z"].iloc[2:], 3 * table["x"].iloc[2:])
    assert table["date"].iloc[2:].str.match(r"\d{4}-\d\d-\d\d").all()


def test_any_study_makes_a_campaign(tmp_path):
    study = optuna.create_study(storage=database(tmp_path), direction="maximize")

    def objective(trial):
        x = trial.suggest_float("x", 0, 1, step=0.25)
        n = trial.suggest_int("n", 2, 10, step=4)
        if trial.number == 5:
            raise ArithmeticError  # before all parameters are known
        log = trial.suggest_float("log", 1e-3, 1, log=True)
        kind = trial.suggest_categorical("kind", ["a", "b"])
        trial.suggest_float("fixed", 3, 3)
        trial.set_user_attr("curve", [1, 2.5])
        if trial.number == 1:
            raise optuna.TrialPruned
        if trial.number == 2:
            raise ArithmeticError
        return x + n + log + (kind == "a")

    study.optimize(objective, n_trials=6, catch=ArithmeticError)
    campaign = campaign_of_study(tmp_path / "made", tmp_path / "any.db", name="mine")
    assert campaign.settings.name == "mine"
    assert [variable.type for variable in campaign.settings.space.variables] == [
        "real",
        "discrete",
        "real",
        "categorical",
    ]
    assert [goal.type for goal in campaign.settings.objectives] == ["maximize"]
    table = campaign.experiments
    assert table["status"].tolist() == ["measured", "withdrawn", "failed", "measured", "measured"]
    assert table["value"].dropna().tolist() == [study.trials[i].value for i in (0, 3, 4)]
    assert table["note"].iloc[1].startswith("pruned")
    assert table["curve"].iloc[0] == "[1, 2.5]"
    assert len(campaign.suggest(1)) == 1


def test_constraints_of_a_study_become_outcomes_that_must_not_exceed_0(tmp_path):
    study = optuna.create_study(storage=database(tmp_path))
    for x in (0.2, 0.7):
        trial = create_trial(
            params={"x": x},
            distributions={"x": FloatDistribution(0, 1)},
            value=x,
            system_attrs={"constraints": (0.5 - x,)},
        )
        study.add_trial(trial)
    campaign = campaign_of_study(tmp_path / "made", tmp_path / "any.db")
    assert campaign.settings.objectives[1] == OutcomeConstraint("constraint 0", upper=0)
    assert campaign.optimizer().best()["x"] == 0.7


def any_study(tmp_path, **options):
    return optuna.create_study(storage=database(tmp_path), study_name="any", **options)


def test_conditional_parameters_are_refused_by_name(tmp_path):
    study = any_study(tmp_path)
    study.optimize(lambda trial: trial.suggest_float("ab"[trial.number], 0, 1), n_trials=2)
    with pytest.raises(InvalidDataError, match=r"parameters \['a', 'b'\].*conditional"):
        campaign_of_study(tmp_path / "made", tmp_path / "any.db")
    assert not (tmp_path / "made").exists()


def test_settings_that_want_other_directions_are_refused(tmp_path):
    study = any_study(tmp_path)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    wanted = CampaignSettings(name="a", space=SearchSpace([Real("x", 0, 1)]), objectives=[Maximize("y")])
    with pytest.raises(InvalidDataError, match=r"directions \['minimize'\].*want \['maximize'\]"):
        campaign_of_study(tmp_path / "made", tmp_path / "any.db", settings=wanted)


def test_outcomes_that_no_value_tells_are_asked_for_by_trial(tmp_path):
    study = any_study(tmp_path)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    goals = [Minimize("y"), OutcomeConstraint("peak", upper=1)]
    wanted = CampaignSettings(name="a", space=SearchSpace([Real("x", 0, 1)]), objectives=goals)
    with pytest.raises(
        InvalidDataError, match=r"trial 0 has no peak\n  trial 1 has no peak\n.*set_user_attr"
    ):
        campaign_of_study(tmp_path / "made", tmp_path / "any.db", settings=wanted)


@pytest.mark.parametrize(
    "text",
    [
        'name = "a"\n[[space.constraints]]\ntype = "nonlinear"\nfunction = "os:getcwd"',
        'name = "a"\n[acquisition]\nname = "os:getcwd"',
    ],
)
def test_a_study_imports_nothing(tmp_path, text):
    study = any_study(tmp_path)
    study.set_user_attr("bnnopt:settings", text)
    with pytest.raises(InvalidDataError, match=r"name code to import, \['os:getcwd'\].*campaign.toml"):
        campaign_of_study(tmp_path / "made", tmp_path / "any.db")


def test_a_study_that_is_there_is_never_written_into(tmp_path):
    campaign = Campaign.create(tmp_path / "first", SETTINGS, RUNS)
    study_of_campaign(campaign, tmp_path / "study.db")
    with pytest.raises(InvalidDataError, match=r"study 'dyes' in this storage already.*--study"):
        study_of_campaign(campaign, tmp_path / "study.db")
    assert study_of_campaign(campaign, tmp_path / "study.db", "other").study_name == "other"
    with pytest.raises(InvalidDataError, match=r"Name one of its studies.*\['dyes', 'other'\]"):
        campaign_of_study(tmp_path / "again", tmp_path / "study.db")


def test_a_study_that_could_not_be_written_whole_is_not_there(tmp_path):
    class Full(optuna.storages.InMemoryStorage):
        def create_new_trial(self, *args, **kwargs):
            template = kwargs.get("template_trial")
            if template is not None and template.params.get("n") == 5:
                raise optuna.exceptions.StorageInternalError("disk full")
            return super().create_new_trial(*args, **kwargs)

    storage = Full()
    with pytest.raises(InvalidDataError, match="disk full"):
        study_of_campaign(Campaign.create(tmp_path / "first", SETTINGS, RUNS), storage)
    assert optuna.get_all_study_names(storage) == []


@pytest.mark.parametrize(
    ("storage", "match"),
    [
        ("study.json", "URL of a database.*ends in one of"),
        ("missing.db", "no file 'missing.db'"),
        ("sqlite:////nowhere/at/all.db", "cannot be used.*try again"),
        ("mysql+none://me@host/name", "cannot be used|needs a driver"),
    ],
)
def test_storages_that_cannot_be_used_are_told(tmp_path, monkeypatch, storage, match):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((InvalidDataError, MissingDependencyError), match=match):
        campaign_of_study(tmp_path / "made", storage)


def test_a_password_is_never_shown(tmp_path):
    with pytest.raises((InvalidDataError, MissingDependencyError)) as caught:
        campaign_of_study(tmp_path / "made", "postgresql+psycopg://me:secret@127.0.0.1:1/none")
    assert "secret" not in str(caught.value)
    assert "me@127.0.0.1:1/none" in str(caught.value)


def test_without_optuna_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingDependencyError, match=r"pip install \"bnnopt\[optuna\]\""):
        campaign_of_study(tmp_path / "made", "study.db")


def test_by_shell_to_a_study_and_back(tmp_path):
    Campaign.create(tmp_path / "first", SETTINGS, RUNS)

    def done(*arguments):
        result = CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    file, first, again = (str(tmp_path / name) for name in ("study.db", "first", "again"))
    assert "the study 'dyes': 5 trial(s)" in done("export", "--optuna", file, "--folder", first)
    done("import", "--optuna", file, "--folder", again, "--name", "dyes again")
    done("history", "--folder", again)
    counts = json.loads(done("status", "--folder", again, "--json"))["counts"]
    assert counts["measured"] == 3
    for command in ("export", "import"):
        both = CliRunner().invoke(app, [command, "state.json", "--optuna", file])
        assert both.exit_code == 2
        assert "either a file" in both.output


def test_a_study_of_only_waiting_trials_is_no_campaign(tmp_path):
    any_study(tmp_path).enqueue_trial({"x": 0.5})
    with pytest.raises(InvalidDataError, match="no completed trial"):
        campaign_of_study(tmp_path / "made", tmp_path / "any.db")
