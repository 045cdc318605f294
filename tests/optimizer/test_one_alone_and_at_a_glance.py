"""One objective or variable needs no list; summaries are short; messages show plain numbers."""

import numpy as np
import pandas as pd
import pytest

from bnnopt import (
    BayesianOptimizer,
    CampaignSettings,
    Categorical,
    Context,
    Discrete,
    Integer,
    LinearConstraint,
    Maximize,
    Minimize,
    Outcome,
    OutcomeConstraint,
    Real,
    SearchSpace,
    Target,
)
from bnnopt.acquisition import get_acquisition
from bnnopt.exceptions import InvalidDataError

X = SearchSpace(Real("x", 0, 1), LinearConstraint({"x": 1}, upper=0.9))
VARIABLES = [
    Real("T", 50, 170, unit="°C"),
    Real("c", 1e-3, 1, scale="log"),
    Real("p", 0, 1, step=0.05),
    Integer("k", 1, 5),
    Discrete("flask", [50, 100, 250]),
    Categorical("s", ["a<b", "b"]),
    Context("room"),
]
MIXED = SearchSpace(VARIABLES, LinearConstraint({"T": 1, "k": 2}, upper=160))


def test_one_of_each_needs_no_list():
    alone = BayesianOptimizer(X, Minimize("y"), outcomes=Outcome("y", lower=0), random_state=0)
    listed = BayesianOptimizer(X, [Minimize("y")], outcomes=[Outcome("y", lower=0)], random_state=0)
    assert alone.to_json() == listed.to_json()
    low = LinearConstraint({"x": 1}, upper=0.5)
    rows = alone.ask(3, constraints=low)
    pd.testing.assert_frame_equal(rows, listed.ask(3, constraints=[low]))
    assert (X.restricted(constraints=low).sample(20, random_state=0)["x"] <= 0.5).all()


def test_one_goal_of_one_ask_needs_no_list(make_told):
    told = make_told()
    pd.testing.assert_frame_equal(
        told.ask_each({"a": Target("y", 0.1, 0.1)}, 1).drop(columns="goal"),
        make_told().ask(objectives=Target("y", 0.1, 0.1)),
    )


def test_one_of_each_in_the_settings_of_a_campaign():
    settings = CampaignSettings(
        name="n", space=X, objectives={"type": "minimize", "name": "y"}, outcomes=Outcome("y", lower=0)
    )
    assert settings.objectives == (Minimize("y"),)
    assert settings.outcomes == (Outcome("y", lower=0),)


def test_the_best_of_nothing_says_so():
    optimizer = BayesianOptimizer(X, Minimize("y"))
    for ask in (optimizer.best, optimizer.front):
        with pytest.raises(InvalidDataError, match=r"can be the best yet: no row was told"):
            ask()
    optimizer.tell(pd.DataFrame({"x": [0.1, 0.2]}), [np.nan, np.nan])
    with pytest.raises(InvalidDataError, match=r"can be the best yet: all 2 row\(s\) told failed"):
        optimizer.best()


def test_a_space_is_printed_as_a_summary():
    assert str(MIXED).splitlines() == [
        "SearchSpace: 6 settings, 1 context variable, 1 constraint",
        "  T      real         50 to 170                °C",
        "  c      real         0.001 to 1, log scale",
        "  p      real         0 to 1 in steps of 0.05",
        "  k      integer      1 to 5",
        "  flask  discrete     50, 100, 250",
        "  s      categorical  a<b, b",
        "  room   context      as recorded",
        "  1*T + 2*k <= 160",
    ]
    assert "<td>a&lt;b, b</td>" in MIXED._repr_html_()
    assert "<li>1*T + 2*k &lt;= 160</li>" in MIXED._repr_html_()


def test_long_spaces_stay_short():
    many = [Real(f"x{i}", 0, 1) for i in range(99)]
    long = Categorical("s", [f"level {i}" for i in range(99)])
    text = str(SearchSpace([long, *many]))
    assert len(text.splitlines()) == 32
    assert max(map(len, text.splitlines())) < 120
    assert "99 values: level 0, level 1" in text


def test_an_optimizer_is_printed_as_a_summary():
    objectives = [Target("peak", 950, 5), Maximize("yield"), OutcomeConstraint("width", upper=3)]
    optimizer = BayesianOptimizer(MIXED, objectives, surrogate="gaussian_process", random_state=0)
    optimizer.ask(2, context={"room": 20.0})
    assert str(optimizer).splitlines() == [
        "BayesianOptimizer",
        "  objectives: target peak = 950 ± 5; maximize yield; outcome constraint width at most 3",
        "  settings: 6 (T, c, p, k, flask, s)",
        "  context: 1 (room)",
        "  constraints: 1",
        "  surrogate: ARDGaussianProcessRegressor",
        "  acquisition: ehvi",
        "  rows: 0 told, 0 measured, 0 failed, 0 repeated, 2 pending",
    ]
    assert "<td>target peak = 950 ± 5;" in optimizer._repr_html_()


NAN = np.float64("nan")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Real("x", NAN, np.float64(1)),
        lambda: Real("x", 0, 1, step=NAN),
        lambda: Integer("k", np.float64(0.5), np.int64(3)),
        lambda: Discrete("d", [np.float64(1), NAN]),
        lambda: Categorical("s", [np.float64(1), NAN]),
        lambda: LinearConstraint({"x": NAN}),
        lambda: Target("y", NAN, 1),
        lambda: Outcome("y", lower=np.float64(3), upper=np.float64(2)),
        lambda: X.sample(np.float64(1.5)),
        lambda: X.restricted(bounds={"x": (NAN,)}),
        lambda: MIXED.holding({"T": np.float64(7)}),
        lambda: BayesianOptimizer(X, Minimize("y"), n_initial=np.float64(1.5)),
        lambda: BayesianOptimizer(X, [Minimize("y"), Minimize("z")], reference_point=[NAN, np.float64(1)]),
        lambda: BayesianOptimizer(X, Minimize("y")).ask(np.int64(0)),
        lambda: BayesianOptimizer(X, Minimize("y")).ask(1, exploration=NAN),
        lambda: BayesianOptimizer(X, Minimize("y")).intervals([[0.5]], level=NAN),
        lambda: BayesianOptimizer(X, Minimize("y")).advise(min_gain=NAN),
        lambda: get_acquisition("ucb", kappa=NAN).score([0.0], [1.0]),
        lambda: get_acquisition("ei").score([0.0], [1.0], best=NAN),
    ],
)
def test_messages_show_numbers_as_python_does(wrong):
    with pytest.raises(ValueError, match=r"nan|\d") as caught:
        wrong()
    assert "np." not in str(caught.value)
