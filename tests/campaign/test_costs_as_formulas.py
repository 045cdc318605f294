"""What a run costs as a formula over settings."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from bnnopt import CampaignSettings


def settings(cost):
    return CampaignSettings.model_validate(
        {
            "name": "costly",
            "space": {
                "variables": [
                    {"type": "real", "name": "Pb", "lower": 1, "upper": 10},
                    {"type": "real", "name": "T", "lower": 20, "upper": 180},
                    {"type": "categorical", "name": "solvent", "levels": ["a", "b"]},
                ]
            },
            "objectives": [{"type": "minimize", "name": "y"}],
            "surrogate": {"name": "gaussian_process"},
            "cost": cost,
        }
    )


@pytest.mark.parametrize(
    ("cost", "expected"),
    [
        ("2*Pb + 0.3*T", [36, 50]),
        ("Pb", [3, 10]),
        ("-(-T)/Pb**2 + 1e0", [100 / 9 + 1, 1.0 + 1]),
        ("max(Pb, 5) + min(T, 50) - abs(-1)", [54, 59]),
        ("sqrt(T) + exp(0*Pb) + log(1) + 0*Pb", [11, 11]),
    ],
)
def test_a_formula_is_reckoned_for_each_row(cost, expected):
    table = pd.DataFrame({"Pb": [3, 10], "T": [100.0, 100.0], "solvent": "a"})
    formula = settings(cost).cost_formula
    assert settings(cost).outputs == ("y",)
    np.testing.assert_allclose(formula(table), expected)


@pytest.mark.parametrize("cost", ["hours", "price (EUR)", "cost per run", "a/b"])
def test_what_has_no_setting_in_it_is_an_outcome(cost):
    assert settings(cost).cost_formula is None
    assert settings(cost).outputs == ("y", cost)


@pytest.mark.parametrize(
    ("cost", "message"),
    [
        ("2*Pb + 0.3*t", r"\['t'\] in the formula .* are no numeric settings"),
        ("2*Pb + solvent", r"\['solvent'\]"),
        ("Pb.real", "a formula has numbers"),
        ("[Pb for Pb in range(9)]", r"range|a formula has numbers"),
        ("__import__('os').system('echo') + Pb", "a formula has numbers"),
        ("open(Pb)", "a formula has numbers"),
        ("max(Pb)", "a formula has numbers"),
        ("Pb if T else Pb", "a formula has numbers"),
        ("Pb + 'a'", "a formula has numbers"),
        ("(lambda: Pb)()", "a formula has numbers"),
        ("Pb + True", "a formula has numbers"),
    ],
)
def test_what_is_no_formula_is_refused_and_nothing_is_run(cost, message):
    with pytest.raises(ValidationError, match=message):
        settings(cost)


def test_scores_are_per_unit_of_a_cost_that_is_a_formula():
    rows = pd.DataFrame({"Pb": [1.0, 5, 10, 3, 7], "T": [20.0, 100, 180, 60, 140], "solvent": "a"})
    asked = []
    for cost in (None, "0.01 + (Pb/10)**8"):
        optimizer = settings(cost).make_optimizer(random_state=0)
        optimizer.tell(rows, pd.DataFrame({"y": 10 - rows["Pb"]}))
        asked.append(optimizer.ask(1)["Pb"][0])
    assert asked[1] < asked[0]
