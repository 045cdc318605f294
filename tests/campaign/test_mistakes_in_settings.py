"""Every mistake in a campaign.toml is named with its place and the word that was meant, before any fit."""

import gzip
import random

import pytest

from bnnopt import CampaignSettings, Minimize, NonlinearConstraint, Real, SearchSpace
from bnnopt.exceptions import InvalidDataError

TOML = """name = "dots"
n_initial = 6
objectives = [
    { type = "minimize", name = "polydispersity" },
    { type = "outcome_constraint", name = "peak", lower = 930, upper = 970, unit = "nm" },
]

[space]
variables = [
    { type = "real", name = "T_inj", lower = 50, upper = 170, unit = "°C" },
    { type = "categorical", name = "solvent", levels = ["ODE", "OLA"] },
]
constraints = []

[surrogate]
name = "auto"
parameters = { calibrate = false }

[acquisition]
name = "ucb"
parameters = { kappa = 3.0 }

[[outcomes]]
name = "polydispersity"
lower = 0
closed = "right"
"""
PLACE = "space.constraints.0.nonlinear.function"
SURROGATE = 'name = "auto"\nparameters = { calibrate = false }'
STRAY = [b'"', b"[", b"}", b"=", b"9" * 5000, b"nan", b"\xff"]
FUNCTION = 'constraints = [{{ type = "nonlinear", function = "{}" }}]'


def read(tmp_path, text):
    path = tmp_path / "campaign.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return CampaignSettings.from_toml(path)


def mistakes(tmp_path, old, new):
    """Return the lines of the message, but for the first, which names the file."""
    assert TOML.count(old) >= 1
    with pytest.raises(InvalidDataError) as caught:
        read(tmp_path, TOML.replace(old, new, 1))
    first, *lines = str(caught.value).splitlines()
    assert first.endswith("campaign.toml is not a valid campaign:")
    return lines


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("kappa = 3.0", 'kappa = "x"', "acquisition", "kappa must be finite and at least 0, got 'x'"),
        ("kappa = 3.0", "kappa = nan", "acquisition", "kappa must be finite and at least 0, got nan"),
        ("kappa = 3.0", "kappa = true", "acquisition", "kappa must be finite and at least 0, got True"),
        ("calibrate = false", 'calibrate = "x"', "surrogate", "calibrate must be True or False"),
        ("calibrate = false", "calibrat = true", "surrogate", "Did you mean 'calibrate'"),
        ("calibrate = false", "mc_dropout__dropout = 2.0", "surrogate", "a number in [0, 1), got 2.0"),
        ("calibrate = false", "mc_dropout__droput = 0.2", "surrogate", "Did you mean 'mc_dropout__dropout'"),
        ("calibrate = false", "estimators = 3", "surrogate", "estimators must be"),
        (SURROGATE, 'name = "mc_dropout"\nparameters = { dropout = "x" }', "surrogate", "got 'x'"),
        (SURROGATE, 'name = "mc_dropout"\nparameters = { hidden_layer_sizes = [0] }', "surrogate", "got [0]"),
        (
            SURROGATE,
            'name = "gaussian_process"\nparameters = { n_restarts_optimizer = -1 }',
            "surrogate",
            "got -1",
        ),
        (
            SURROGATE,
            'name = "gaussian_process_ensemble"\nparameters = { kernels = ["matern"] }',
            "surrogate",
            "Did you mean 'matern_5_2'",
        ),
        ("n_initial = 6", "n_initial = 1e10", "n_initial", "valid integer"),
        ("n_initial = 6", "n_initial = 9999999999", "campaign", "at most 1,048,576, got 9999999999"),
        ("n_initial = 6", 'n_initial = "6"', "n_initial", "valid integer"),
        ("n_initial = 6", 'trust_region = "yes"', "trust_region", "valid boolean"),
        ('"minimize"', '"maximise"', "objectives.0", "did you mean 'maximize'?"),
        ('"real"', '"reel"', "space.variables.0", "did you mean 'real'?"),
        ('"right"', '"rigth"', "outcomes.0.closed", "did you mean 'right'?"),
        ("upper = 170", "uper = 170", "space.variables.0.real.uper", "did you mean 'upper'?"),
        ("objectives = [", "objective = [", "objective", "did you mean 'objectives'?"),
        ("[surrogate]", "[surogate]", "surogate", "did you mean 'surrogate'?"),
        ('name = "auto"', 'name = "ato"', "surrogate", "Did you mean 'auto'"),
        ("constraints = []", FUNCTION.format("bnnopt_raising:f"), PLACE, "KeyError"),
        ("constraints = []", FUNCTION.format("bnnopt_leaving:f"), PLACE, "SystemExit: 3"),
        ('name = "ucb"', 'name = "bnnopt_leaving:f"', "acquisition", "SystemExit: 3"),
        (
            'name = "ucb"\nparameters = { kappa = 3.0 }',
            'name = "bnnopt_booming:f"',
            "acquisition",
            "RuntimeError: boom",
        ),
        (
            "constraints = []",
            FUNCTION.format("bnnopt_booming:g"),
            "campaign",
            "its function raised SystemExit",
        ),
    ],
)
def test_a_mistake_is_one_line_with_its_place_and_the_word_that_was_meant(
    old, new, place, words, tmp_path, monkeypatch
):
    (tmp_path / "bnnopt_raising.py").write_text("{}['key']")
    (tmp_path / "bnnopt_leaving.py").write_text("raise SystemExit(3)")
    booming = "def f(mean, std): raise RuntimeError('boom')\ndef g(rows): raise SystemExit(9)"
    (tmp_path / "bnnopt_booming.py").write_text(booming)
    monkeypatch.syspath_prepend(tmp_path)
    lines = mistakes(tmp_path, old, new)
    assert len(lines) == 1
    assert lines[0].startswith(f"  {place}: ")
    assert words in lines[0]


def test_mistakes_of_several_kinds_are_told_at_once(tmp_path):
    text = TOML.replace("kappa = 3.0", 'kappa = "x"').replace("calibrate = false", "calibrate = 3")
    with pytest.raises(InvalidDataError, match=r"(?s)'maximize'.*surrogate: .*acquisition: ") as caught:
        read(tmp_path, text.replace('"minimize"', '"maximise"') + "\n[targts]\nvalues = [1]\n")
    assert len(str(caught.value).splitlines()) == 5


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (gzip.compress(TOML.encode()), r"compressed \(gzip\); unpack it"),
        (b"PK\x03\x04 and so on", "a zip archive or a workbook"),
        (TOML.encode("utf-16"), "UTF-16; save it as UTF-8"),
        (TOML.encode("latin-1"), r"line 10 has a character in another encoding \(0xb0\)"),
        ("x = " + "[" * 20_000, "nested too deeply"),
        ("x = " + "9" * 5_000, "a number has thousands of digits"),
        ("x = 1\ny = = 2", "line 2"),
    ],
    ids=["gzip", "zip", "utf-16", "latin-1", "brackets", "digits", "syntax"],
)
def test_a_file_that_is_no_toml_is_told_what_it_is(content, words, tmp_path):
    with pytest.raises(InvalidDataError, match=rf"campaign\.toml is not valid TOML in UTF-8: .*{words}"):
        read(tmp_path, content)


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""], ids=["with a mark", "without"])
@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"], ids=["lf", "crlf", "cr"])
def test_line_endings_and_a_mark_at_the_beginning_do_not_matter(mark, ending, tmp_path):
    content = mark + TOML.encode().replace(b"\n", ending)
    assert read(tmp_path, content) == read(tmp_path, TOML)


def test_a_constraint_that_a_file_cannot_hold_is_refused_when_it_is_given():
    space = SearchSpace([Real("x", 0, 1)], [NonlinearConstraint(lambda rows: rows["x"] > 0.1)])
    with pytest.raises(ValueError, match="cannot be imported by name; make it a plain function of a module"):
        CampaignSettings(name="n", space=space, objectives=[Minimize("y")])


def test_mangled_files_are_read_or_refused_with_their_name(tmp_path):
    """No error but that of bnnopt comes out of files cut, doubled, swapped and with stray characters."""
    rng, good = random.Random(0), TOML.encode()
    for _ in range(60):
        place, lines = rng.randrange(len(good)), good.split(b"\n")
        mangled = rng.choice(
            [
                good[:place] + good[place + rng.randrange(1, 20) :],
                good[:place] + rng.choice(STRAY) + good[place:],
                good[:place] + bytes([good[place] ^ (1 << rng.randrange(8))]) + good[place + 1 :],
                b"\n".join(rng.sample(lines, len(lines))),
                good[:place],
            ]
        )
        try:
            read(tmp_path, mangled)
        except InvalidDataError as error:
            said = str(error)
        else:
            continue
        assert "campaign.toml is not" in said
