"""A campaign.toml becomes settings and an optimizer; a mistake in it is named with its place."""

import pytest

from bnnopt import CampaignSettings, LinearConstraint, Minimize, Outcome, OutcomeConstraint
from bnnopt.campaign import NamedChoice
from bnnopt.exceptions import InvalidDataError

TOML = """
name = "dots"
description = "small and even"
n_initial = 6
objectives = [
    { type = "minimize", name = "polydispersity" },
    { type = "outcome_constraint", name = "peak", lower = 930, upper = 970, unit = "nm" },
]

[space]
variables = [
    { type = "real", name = "T_inj", lower = 50, upper = 170, unit = "°C" },
    { type = "integer", name = "n_washes", lower = 1, upper = 4 },
    { type = "categorical", name = "solvent", levels = ["ODE", "OLA"] },
    { type = "context", name = "T_room", unit = "°C" },
]
constraints = [{ type = "linear", coefficients = { T_inj = 1, n_washes = 10 }, upper = 190 }]

[surrogate]
name = "gaussian_process"
parameters = { n_restarts_optimizer = 1 }

[acquisition]
name = "ucb"
parameters = { kappa = 3.0 }

[[outcomes]]
name = "polydispersity"
lower = 0
upper = 1
closed = "right"

[targets]
outcome = "peak"
values = [950, 1100]
tolerance = 10
"""


@pytest.fixture
def write(tmp_path):
    def write_file(text, encoding="utf-8"):
        path = tmp_path / "campaign.toml"
        path.write_text(text, encoding=encoding)
        return path

    return write_file


def test_a_good_file_becomes_an_optimizer(write):
    settings = CampaignSettings.from_toml(write(TOML))
    optimizer = settings.make_optimizer(random_state=0, n_draws=32)
    assert optimizer.space.names == ["T_inj", "n_washes", "solvent", "T_room"]
    assert optimizer.space.units["T_inj"] == "°C"
    assert optimizer.space.constraints == (LinearConstraint({"T_inj": 1, "n_washes": 10}, upper=190),)
    assert optimizer.outputs == ("polydispersity", "peak")
    assert optimizer.outcomes == (Outcome("polydispersity", lower=0, upper=1, closed="right"),)
    assert optimizer.surrogate.get_params()["n_restarts_optimizer"] == 1
    assert optimizer.acquisition.parameters == {"kappa": 3.0}
    assert (optimizer.n_initial, optimizer.n_draws) == (6, 32)
    assert len(optimizer.ask(2, context={"T_room": 20})) == 2


def test_only_name_space_and_objectives_are_needed():
    settings = CampaignSettings(
        name="small",
        space={"variables": [{"type": "real", "name": "x", "lower": 0, "upper": 1}]},
        objectives=[Minimize("y")],
    )
    assert (settings.surrogate.name, settings.acquisition) == ("auto", None)
    assert settings.make_optimizer().n_initial == 5
    assert settings.make_optimizer().acquisition.name == "log_ei"


def test_settings_survive_their_json_form_and_are_frozen(write):
    settings = CampaignSettings.from_toml(write(TOML))
    assert CampaignSettings.model_validate_json(settings.model_dump_json()) == settings
    with pytest.raises(InvalidDataError, match="frozen"):
        settings.name = "other"


def test_parameters_override_those_of_the_file(write):
    surrogate = CampaignSettings.from_toml(write(TOML)).make_surrogate(n_restarts_optimizer=0)
    assert surrogate.n_restarts_optimizer == 0


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("auto", {"mc_dropout__dropout": 0.2, "gaussian_process_ensemble__n_members": 3}),
        ("gaussian_process_ensemble", {"kernels": ["matern_5_2"]}),
        ("mc_dropout_paper", {"hidden_layer_sizes": [30, 30], "max_iter": 15_000}),
        ("keras_mc_dropout", {"model__dropout": 0.2}),
    ],
)
def test_every_surrogate_takes_its_parameters_and_those_of_its_parts(name, parameters, write):
    settings = CampaignSettings.from_toml(write(TOML))
    changed = settings.model_copy(update={"surrogate": NamedChoice(name=name, parameters=parameters)})
    assert parameters.items() <= changed.make_surrogate().get_params().items()
    assert changed.make_surrogate(random_state=3).get_params()["random_state"] == 3


def test_a_target_takes_the_place_of_the_constraint_on_its_outcome(write):
    settings = CampaignSettings.from_toml(write(TOML))
    assert settings.objectives_for(1100) == (
        Minimize("polydispersity"),
        OutcomeConstraint("peak", lower=1090, upper=1110),
    )
    assert settings.objectives[1].lower == 930


def test_targets_that_are_not_there_are_told(write):
    settings = CampaignSettings.from_toml(write(TOML.split("[targets]")[0]))
    with pytest.raises(InvalidDataError, match=r"no \[targets\]"):
        settings.objectives_for(950)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "dots"', "", "name: Field required"),
        ('name = "dots"', 'name = "dots"\nbudget = 3', "budget: Extra inputs are not permitted"),
        ("lower = 50, upper = 170", "lower = 170, upper = 50", r"space\.variables\.0.*swap them"),
        ("lower = 50, upper = 170", "lower = 50", r"space\.variables\.0\.real\.upper: Field required"),
        ("lower = 1, upper = 4", "lower = 1.5, upper = 4", r"space\.variables\.1\.integer\.lower"),
        ('type = "integer"', 'type = "whole"', r"space\.variables\.1.*'whole'"),
        ('["ODE", "OLA"]', '["ODE", "ODE"]', r"space\.variables\.2.*'ODE'"),
        ('name = "n_washes"', 'name = "T_inj"', "space: .*'T_inj'.*more than once"),
        ("{ T_inj = 1, n_washes", "{ T = 1, n_washes", r"space: .*unknown variable\(s\) \['T'\]"),
        ("lower = 930, upper = 970", "lower = 970, upper = 930", r"objectives\.1.*'peak'.*lower"),
        ('type = "minimize"', 'type = "reduce"', r"objectives\.0.*'reduce'"),
        ("gaussian_process", "gp", "Unknown surrogate 'gp'.*Known: auto, gaussian_process"),
        ("n_restarts_optimizer = 1", "restarts = 1", "'gaussian_process'.*'restarts'"),
        ('"ucb"', '"upper"', "Unknown acquisition 'upper'.*Known: bald"),
        ("kappa = 3.0", "kapa = 3.0", "no parameter 'kapa'.*Accepted: kappa"),
        ("n_initial = 6", "n_initial = 1", "n_initial: .*greater than or equal to 2"),
        ('outcome = "peak"', 'outcome = "peek"', "unknown outcome 'peek'.*'peak'"),
        ("tolerance = 10", "tolerance = 0", r"targets\.tolerance: .*greater than 0"),
        ("tolerance = 10", "tolerance = inf", r"targets\.tolerance: .*finite"),
        ("[950, 1100]", '[950, "long"]', r"targets\.values\.1: .*number"),
        ("[950, 1100]", "[]", r"targets\.values: .*at least 1"),
    ],
)
def test_a_mistake_is_named_with_its_place(old, new, message, write):
    assert TOML.count(old) >= 1
    path = write(TOML.replace(old, new, 1))
    with pytest.raises(InvalidDataError, match=rf"(?s)campaign\.toml is not a valid campaign:\n.*{message}"):
        CampaignSettings.from_toml(path)


def test_no_objective_is_a_mistake(write):
    start, end = TOML.index("objectives"), TOML.index("[space]")
    path = write(TOML[:start] + "objectives = []\n" + TOML[end:].split("[targets]")[0])
    with pytest.raises(InvalidDataError, match=r"objectives: .*at least 1 item"):
        CampaignSettings.from_toml(path)


def test_every_mistake_is_listed(write):
    path = write(TOML.replace("tolerance = 10", "tolerance = -1").replace("n_initial = 6", "n_initial = 0"))
    with pytest.raises(InvalidDataError, match=r"(?s)targets\.tolerance.*n_initial"):
        CampaignSettings.from_toml(path)


def test_a_file_that_is_not_there_or_not_toml_is_told(write, tmp_path):
    with pytest.raises(InvalidDataError, match=r"There is no file .*nowhere\.toml"):
        CampaignSettings.from_toml(tmp_path / "nowhere.toml")
    with pytest.raises(InvalidDataError, match="cannot be read"):
        CampaignSettings.from_toml(tmp_path)
    with pytest.raises(InvalidDataError, match=r"(?s)not valid TOML.*line 2"):
        CampaignSettings.from_toml(write("name = 'a'\nspace = = 1\n"))
    with pytest.raises(InvalidDataError, match="not valid TOML in UTF-8"):
        CampaignSettings.from_toml(write(TOML, encoding="latin-1"))


def test_two_objectives_need_an_acquisition_that_weighs_them(write):
    path = write(
        TOML.replace('type = "outcome_constraint"', 'type = "target", value = 950, tolerance = 5').replace(
            "lower = 930, upper = 970, ", ""
        )
    )
    assert len(CampaignSettings.from_toml(path).make_optimizer().objectives) == 2


def test_objectives_of_several_outcomes_stand_in_the_file():
    parts = [
        {"type": "minimize", "name": "width"},
        {"type": "target", "name": "p", "value": 9, "tolerance": 1},
    ]
    joined = {
        "type": "chebyshev",
        "weights": [0.25, 0.75],
        "lows": [-10, -1],
        "highs": [-5, 0],
        "parts": parts,
    }
    settings = CampaignSettings(
        name="two",
        space={"variables": [{"type": "discrete", "name": "x", "values": [1, 2, 5]}]},
        objectives=[joined],
        cost="hours",
        learns_failures=False,
    )
    optimizer = settings.make_optimizer()
    assert optimizer.outputs == ("width", "p", "hours")
    assert optimizer.success_classifier is None
    assert CampaignSettings.model_validate_json(settings.model_dump_json()) == settings


def test_a_resolution_stands_in_the_file_and_its_mistakes_are_named(write):
    space = CampaignSettings.from_toml(write(TOML.replace("upper = 170,", "upper = 170, step = 5,"))).space
    assert set(space.design(25, random_state=0, context={"T_room": 20.0})["T_inj"]) <= set(range(50, 175, 5))
    with pytest.raises(
        InvalidDataError, match=r"space.variables.0.real: .*step=200.0 is larger than the range"
    ):
        CampaignSettings.from_toml(write(TOML.replace("upper = 170,", "upper = 170, step = 200,")))


SOLVENTS = "solvent,polarity [1],pKa\nODE,2,30\nOLA,7,18\nwater,80,\n"
WITH_FILE = TOML.replace(
    'levels = ["ODE", "OLA"]', 'levels = ["OLA", "ODE"], descriptors = "data/solvents.csv"'
)


@pytest.fixture
def write_descriptors(tmp_path):
    def write_file(text):
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / "solvents.csv").write_text(text, encoding="utf-8")

    return write_file


def test_descriptors_are_read_from_a_file_beside_the_settings(write, write_descriptors):
    """Rows of other levels are left aside; the settings hold the numbers, not the file."""
    write_descriptors(SOLVENTS)
    settings = CampaignSettings.from_toml(write(WITH_FILE))
    assert settings.space.variables[2].descriptors.values == ((7.0, 18.0), (2.0, 30.0))
    assert settings.space.encoded_names[2] == "solvent: polarity [1]"
    assert CampaignSettings.model_validate_json(settings.model_dump_json()) == settings


def test_descriptors_in_the_settings_themselves_and_levels_that_are_numbers(write, write_descriptors):
    write_descriptors("size,a\n1,5\n2.50,6\ntrue,7\n")
    text = WITH_FILE.replace('["OLA", "ODE"]', "[2.5, 1]")
    assert CampaignSettings.from_toml(write(text)).space.variables[2].descriptors.values == ((6.0,), (5.0,))
    inline = TOML.replace(
        'levels = ["ODE", "OLA"]', 'levels = ["ODE", "OLA"], descriptors = { ODE = 2, OLA = 7 }'
    )
    assert CampaignSettings.from_toml(write(inline)).space.variables[2].descriptors.values == ((2.0,), (7.0,))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (None, r"descriptors of 'solvent': the file .*solvents.csv is not there; paths are relative"),
        ("", "cannot be read as CSV"),
        ("solvent\nODE\nOLA\n", r"has the columns \['solvent'\]; expected the level first"),
        ("solvent,a\nODE,2\n", r"space.variables.2.categorical.descriptors: .* got none for \['OLA'\]"),
        ("solvent,a\nODE,2\nOLA,\n", "got nan of level 'OLA' in column 'a'"),
        ("solvent,a\nODE,2\nOLA,polar\n", "got 'polar' of level 'OLA' in column 'a'"),
        ("solvent,a\nODE,2\nOLA,3\nODE,4\n", r"got several for \['ODE'\]"),
    ],
)
def test_a_file_of_descriptors_that_does_not_fit_is_told(table, message, write, write_descriptors):
    if table is not None:
        write_descriptors(table)
    with pytest.raises(InvalidDataError, match=message):
        CampaignSettings.from_toml(write(WITH_FILE))
