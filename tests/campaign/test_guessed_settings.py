"""Settings guessed from a table: kinds, bounds, steps, units, sums, each with its reason."""

import numpy as np
import pandas as pd
import pytest

from bnnopt import Campaign, Categorical, Context, Discrete, LinearConstraint, Outcome, Real
from bnnopt.campaign import columns_of, guess_settings
from bnnopt.exceptions import InvalidDataError

N = 30
RNG = np.random.default_rng(0)
TABLE = pd.DataFrame(
    {
        "Entry": range(1, N + 1),
        "T [°C]": RNG.integers(10, 35, N) * 5.0,
        "flow (mL/min)": np.exp(RNG.uniform(np.log(0.01), np.log(50), N)),
        "volume / mL": RNG.uniform(0.2, 9.7, N),
        "flask": RNG.choice([50, 100, 250], N),
        "solvent": RNG.choice(["ODE", "OLA", "007"], N),
        "pressure": 1.0,
        "lab": RNG.uniform(18, 25, N).round(1),
        "remark": [f"run of day {day}" for day in range(N)],
        "note": "mine",
        "yield (%)": RNG.uniform(0, 99, N).round(1),
        "time": RNG.integers(1, 9, N),
    }
)
GOALS = [{"type": "maximize", "name": "yield"}, {"type": "minimize", "name": "time"}]


@pytest.fixture
def path(tmp_path):
    TABLE.to_csv(tmp_path / "runs.csv", index=False)
    return tmp_path / "runs.csv"


def variables(guess):
    return {variable.name: variable for variable in guess.settings.space.variables}


def test_kinds_bounds_steps_and_units_are_guessed(path):
    guess = guess_settings(path, GOALS, context=["lab"], surrogate={"name": "gaussian_process"})
    found = variables(guess)
    assert list(found) == ["T", "flow", "volume", "flask", "solvent", "lab"]
    values = TABLE["T [°C]"]
    assert isinstance(found["T"], Real)
    assert (found["T"].step, found["T"].unit) == (5.0, "°C")
    assert found["T"].lower <= values.min() < values.max() <= found["T"].upper
    assert (found["flow"].scale, found["flow"].unit) == ("log", "mL/min")
    assert (found["volume"].digits, found["volume"].unit) == (2, "mL")
    assert found["volume"].lower <= TABLE["volume / mL"].min()
    assert isinstance(found["flask"], Discrete)
    assert found["flask"].values == (50, 100, 250)
    assert isinstance(found["solvent"], Categorical)
    assert found["solvent"].levels == ("007", "ODE", "OLA")
    assert isinstance(found["lab"], Context)
    assert guess.settings.outcomes == (Outcome("yield", lower=0, upper=100),)
    assert guess.settings.units["yield"] == "%"
    said = "\n".join(guess.reasons)
    assert "pressure: always 1, so nothing can be learned" in said
    assert "remark: 30 different texts in 30 runs, so remarks" in said
    assert "T: real, " in said
    assert "in steps of 5 (the runs span" in said
    assert "Entry" not in said


def test_what_is_said_goes_before_what_is_guessed(path):
    guess = guess_settings(
        path,
        GOALS,
        name="mine",
        left_out=["lab", "solvent"],
        bounds={"T": (0, 300), "pressure": (1, 5)},
        steps={"volume": 0.25},
    )
    found = variables(guess)
    assert (found["T"].lower, found["T"].upper) == (0, 300)
    assert (found["pressure"].lower, found["pressure"].upper) == (1, 5)
    assert found["volume"].step == 0.25
    assert {"lab", "solvent"}.isdisjoint(found)
    assert guess.settings.name == "mine"


def test_numbers_that_add_up_to_the_same_are_a_mixture(tmp_path):
    parts = RNG.multinomial(100, [0.2, 0.3, 0.5], 20)
    runs = pd.DataFrame(parts, columns=["A (%)", "B (%)", "C (%)"]).assign(T=RNG.uniform(20, 90, 20), y=1.0)
    runs.to_csv(tmp_path / "runs.csv", index=False)
    guess = guess_settings(tmp_path / "runs.csv", [{"type": "minimize", "name": "y"}])
    (constraint,) = guess.settings.space.constraints
    assert constraint == LinearConstraint({"A": 1, "B": 1, "C": 1}, lower=100, upper=100)


def test_a_table_with_pending_rows_and_priorities_is_taken(tmp_path):
    """As other programs for reactions write it."""
    rows = ["base,T,yield,priority", *(f"{'KOAc' if k % 2 else 'CsF'},{90 + k},{k},-1" for k in range(8))]
    rows += ["KOAc,97,PENDING,1", "CsF,91.5,PENDING,0"]
    (tmp_path / "runs.csv").write_text("\n".join(rows), encoding="utf-8")
    guess = guess_settings(
        tmp_path / "runs.csv", [{"type": "maximize", "name": "yield"}], left_out=["priority"]
    )
    assert list(variables(guess)) == ["base", "T"]
    campaign = Campaign.create(tmp_path / "c", guess.settings, tmp_path / "runs.csv")
    assert campaign.experiments["status"].tolist() == ["measured"] * 8 + ["planned"] * 2
    assert "priority" in campaign.experiments


def test_columns_that_may_be_outcomes_are_listed(path):
    assert columns_of(path)[-2:] == ["yield", "time"]
    assert "solvent" not in columns_of(path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"context": ["weather"]}, r"has no column\(s\) \['weather'\]; it has \["),
        ({"bounds": {"T": (9, 1)}}, "what was guessed of it is no campaign"),
        (
            {"left_out": ["T", "flow", "volume", "flask", "solvent", "lab"]},
            "no column is left that could be set",
        ),
    ],
)
def test_what_cannot_be_guessed_is_told(options, message, path):
    with pytest.raises(InvalidDataError, match=message):
        guess_settings(path, GOALS, **options)
