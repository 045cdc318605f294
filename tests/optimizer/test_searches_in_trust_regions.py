"""With a trust region new rows come from its box, whatever else is asked for, and always come."""

import json

import numpy as np
import pandas as pd
import pytest

from bnnopt import (
    BayesianOptimizer,
    CampaignSettings,
    Categorical,
    Context,
    Integer,
    LinearConstraint,
    Maximize,
    Minimize,
    OutcomeConstraint,
    Real,
    SearchSpace,
)
from bnnopt.exceptions import InfeasibleSpaceError, InvalidDataError
from bnnopt.optimizer import TrustRegion
from bnnopt.space import Discrete

XZ = SearchSpace([Real("x", 0, 1), Real("z", 0, 1)])
MIXED = SearchSpace(
    [
        Real("x", 0, 10),
        Real("c", 0.01, 100, scale="log"),
        Integer("k", 0, 20),
        Discrete("flask", [50, 100, 250, 500]),
        Categorical("oven", ["a", "b"]),
        Context("T"),
    ]
)
SMALL = TrustRegion(initial_length=0.2)


def told_xz(make_optimizer, rule=SMALL, n=6, **options):
    """Return an optimizer that was told rows on a diagonal; the best of them is x = z = 0.4."""
    optimizer = make_optimizer(options.pop("space", XZ), n_initial=6, trust_region=rule, **options)
    places = np.array([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])[:n]
    rows = pd.DataFrame({"x": places, "z": places})
    optimizer.tell(rows, (places - 0.4) ** 2)
    return optimizer


def test_rows_stay_within_a_tenth_of_the_best(make_optimizer):
    batch = told_xz(make_optimizer).ask(5, exploration=0.4)
    assert (np.abs(batch[["x", "z"]] - 0.4) <= 0.1 + 1e-9).all(axis=None)
    assert batch["reason"].unique().tolist() == ["the box of length 0.2 around row 2"]


def test_each_kind_of_setting_keeps_to_its_part_of_the_box(make_optimizer):
    """Around x = 5, c = 1, k = 10 and flask 100, in half sides of 0.1; levels and context are free."""
    optimizer = make_optimizer(MIXED, n_initial=2, trust_region=SMALL)
    best = {"x": 5.0, "c": 1.0, "k": 10, "flask": 100.0, "oven": "a", "T": 20.0}
    optimizer.tell(pd.DataFrame([best, best | {"x": 9.0, "k": 3}]), [0.0, 1.0])
    batch = optimizer.ask(12, context={"T": 22.0})
    assert batch["x"].between(4, 6).all()
    assert batch["c"].between(10**-0.4 - 1e-9, 10**0.4 + 1e-9).all()
    assert batch["k"].between(8, 12).all()
    assert batch["flask"].isin([50, 100, 250]).all()  # 0.56 between neighbours at most: 500 is 0.89 away
    assert set(batch["oven"]) == {"a", "b"}


def test_a_restart_of_the_process_changes_nothing(make_optimizer):
    before = told_xz(make_optimizer, TrustRegion(initial_length=0.3), surrogate="gaussian_process")
    after = BayesianOptimizer.from_json(before.to_json())
    assert after.trust_region == TrustRegion(initial_length=0.3)
    pd.testing.assert_frame_equal(before.ask(2), after.ask(2))
    state = json.loads(before.to_json())
    del state["trust_region"]  # saved before there were regions
    assert BayesianOptimizer.from_json(json.dumps(state), verify=False).trust_region is None


def lived(make_optimizer, n_steps):
    """Return an optimizer whose steps never improve, with two failures a halving."""
    rule = TrustRegion(failure_tolerance=2, min_length=0.3)
    optimizer = told_xz(make_optimizer, rule)
    reasons = []
    for _ in range(n_steps):
        row = optimizer.ask()
        optimizer.tell(row, [2.0])
        reasons.append(row["reason"].iloc[0])
    return optimizer, reasons


def test_failures_halve_the_box_and_lead_to_a_new_design(make_optimizer):
    optimizer, reasons = lived(make_optimizer, 12)
    box = "the box of length {} around row {}"
    assert reasons[:4] == [box.format(length, 2) for length in (0.8, 0.8, 0.4, 0.4)]
    assert reasons[4:10] == ["start after restart 1"] * 6
    assert reasons[10:] == [box.format(0.8, 10)] * 2  # the first of equally good rows since then
    design = optimizer.data.iloc[10:16][["x", "z"]]
    assert (np.ptp(design, axis=0) > 0.5).all()


def test_a_new_start_has_predictions_and_repeats(make_optimizer):
    optimizer, _ = lived(make_optimizer, 4)
    batch = optimizer.ask(3, n_replicates=1)
    assert batch["reason"].tolist() == ["start after restart 1"] * 2 + ["replicate"]
    assert batch["y_mean"].notna().all()
    assert batch["score"].isna().tolist() == [True, True, False]


def test_a_record_told_at_once_leads_to_the_same_row(make_optimizer):
    optimizer, _ = lived(make_optimizer, 9)
    again = make_optimizer(XZ, n_initial=6, trust_region=optimizer.trust_region)
    again.tell(optimizer.data, optimizer.data)
    pd.testing.assert_frame_equal(again.ask(2), optimizer.ask(2))


def test_corrections_and_retractions_move_the_box(make_optimizer):
    optimizer = told_xz(make_optimizer)
    optimizer.correct([4], [-1.0])
    assert optimizer.ask()["reason"].item() == "the box of length 0.2 around row 4"
    optimizer.retract([4])
    assert optimizer.ask()["reason"].item() == "the box of length 0.2 around row 2"


def test_what_is_not_in_the_box_is_sought_in_the_whole_space(make_optimizer):
    optimizer = told_xz(make_optimizer)
    far = optimizer.ask(2, constraints=[LinearConstraint({"x": 1}, lower=0.9)])
    assert (far["x"] >= 0.9).all()
    reason = "whole space: nothing new and feasible in the box of length 0.2 around row 2"
    assert far["reason"].tolist() == [reason, reason]
    with pytest.raises(InfeasibleSpaceError, match="1\\*x"):
        optimizer.ask(constraints=[LinearConstraint({"x": 1}, lower=1.1)])


def test_constraints_hold_inside_the_box(make_optimizer):
    line = LinearConstraint({"x": 1, "z": 1}, lower=0.8, upper=0.8)
    batch = told_xz(make_optimizer, space=SearchSpace(XZ.variables, [line])).ask(3)
    np.testing.assert_allclose(batch["x"] + batch["z"], 0.8, rtol=1e-9)
    assert batch["x"].between(0.3 - 1e-9, 0.5 + 1e-9).all()
    assert batch["reason"].str.startswith("the box").all()


def test_a_box_that_is_used_up_leaves_the_rest_to_the_whole_space(make_optimizer):
    grid = SearchSpace([Integer("k", 0, 10)])
    optimizer = make_optimizer(grid, n_initial=2, trust_region=SMALL)
    optimizer.tell(pd.DataFrame({"k": [5, 9]}), [0.0, 1.0])
    batch = optimizer.ask(4)
    assert sorted(batch["k"].iloc[:2]) == [4, 6]
    assert batch["reason"].str.startswith("whole space").tolist() == [False, False, True, True]


def test_tables_of_candidates_are_searched_in_the_box_first(make_optimizer):
    table = pd.DataFrame({"x": [0.35, 0.9, 0.45, 0.1], "z": [0.4, 0.9, 0.45, 0.1]})
    near = told_xz(make_optimizer).ask(2, candidates=table)
    assert sorted(near["x"]) == [0.35, 0.45]
    mixed = told_xz(make_optimizer).ask(3, candidates=[table.iloc[:2], table.iloc[2:]])
    assert sorted(mixed["x"].iloc[:2]) == [0.35, 0.45]
    assert mixed["reason"].str.startswith("whole space").tolist() == [False, False, True]
    far = told_xz(make_optimizer).ask(1, candidates=table.iloc[[1]])
    assert far["reason"].item().startswith("whole space")
    stream = told_xz(make_optimizer).ask(4, candidates=iter([table]))
    assert stream["reason"].tolist() == ["all candidates: a stream is read only once"] * 4
    with pytest.raises(InvalidDataError, match="None of the 1 candidate"):
        told_xz(make_optimizer).ask(candidates=pd.DataFrame({"x": [2.0], "z": [0.4]}))


def test_a_new_start_among_candidates_takes_those_of_which_the_model_is_least_sure(make_optimizer):
    optimizer, _ = lived(make_optimizer, 4)
    rows = optimizer.ask(2, candidates=XZ.sample(40, random_state=0))
    assert rows["reason"].tolist() == ["start after restart 1"] * 2
    assert (rows["score"] > 0).all()  # standard deviations; log_ei is below 0 here


def test_held_shared_and_repeated_rows(make_optimizer):
    optimizer = told_xz(make_optimizer)
    held = optimizer.ask(2, held={"x": 0.9})
    assert (held["x"] == 0.9).all()
    assert held["z"].between(0.3 - 1e-9, 0.5 + 1e-9).all()
    shared = optimizer.ask(3, shared="x")
    assert np.ptp(shared["x"]) == 0
    assert (np.abs(shared[["x", "z"]] - 0.4) <= 0.1 + 1e-9).all(axis=None)
    told = told_xz(make_optimizer, objectives=[Maximize("y")])
    told.tell(pd.DataFrame({"x": [0.5], "z": [0.5]}), [9.0])
    again = told.ask(2, n_replicates=2)
    assert again["reason"].tolist() == ["replicate"] * 2
    assert (np.abs(again["x"] - 0.5) > 0.1).any()  # measured rows of the whole space


def test_failures_limits_and_pending_rows_go_together(make_optimizer):
    """The best row that keeps the limit is the one at 0.6; the failed one is nowhere."""
    objectives = [Minimize("y"), OutcomeConstraint("w", lower=0.5)]
    optimizer = make_optimizer(XZ, objectives, n_initial=6, trust_region=SMALL)
    places = np.array([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    y = (places - 0.4) ** 2
    y[5] = np.nan
    optimizer.tell(pd.DataFrame({"x": places, "z": places}), {"y": y, "w": places})
    batches = [optimizer.ask(2), optimizer.ask(2)]
    for batch in batches:
        assert batch["reason"].unique().tolist() == ["the box of length 0.2 around row 3"]
        assert (np.abs(batch[["x", "z"]] - 0.6) <= 0.1 + 1e-9).all(axis=None)
    assert len(pd.concat(batches)[["x", "z"]].drop_duplicates()) == 4


def test_other_objectives_have_a_box_of_their_own(make_optimizer):
    batch = told_xz(make_optimizer).ask(1, objectives=[Maximize("y")])
    assert batch["reason"].item() == "the box of length 0.2 around row 5"
    assert (batch[["x", "z"]] >= 0.9 - 1e-9).all(axis=None)


def test_advice_and_pools_look_at_the_whole_space(make_optimizer):
    within, without = told_xz(make_optimizer), told_xz(make_optimizer, rule=False)
    assert within.advise() == without.advise()
    pool = XZ.sample(50, random_state=1)
    pd.testing.assert_frame_equal(within.score_pool(pool).best, without.score_pool(pool).best)
    assert set(without.ask()["reason"]) == {"the highest score"}


TWO = [Minimize("y"), Maximize("w")]
LEVELS = SearchSpace([Categorical("a", ["p", "q"]), Categorical("b", ["p", "q"])])


@pytest.mark.parametrize(
    ("space", "objectives", "rule", "message"),
    [
        (XZ, TWO, True, "needs one objective, got 2.*WeightedSum"),
        (XZ, None, "auto", "trust_region must be True, False or a TrustRegion, got 'auto'"),
        (LEVELS, None, True, "a box needs a numeric one"),
        (SearchSpace([Real("reason", 0, 1)]), None, True, r"\['reason'\] is a column"),
    ],
)
def test_regions_that_cannot_be_are_refused(space, objectives, rule, message, make_optimizer):
    with pytest.raises(InvalidDataError, match=message):
        make_optimizer(space, objectives, trust_region=rule)


def test_several_objectives_of_one_ask_are_refused(make_optimizer):
    objectives = [Minimize("y"), OutcomeConstraint("w", lower=0.5)]
    optimizer = make_optimizer(XZ, objectives, trust_region=True)
    with pytest.raises(InvalidDataError, match="needs one objective, got 2"):
        optimizer.ask(objectives=TWO)
    assert optimizer.pending.empty


def test_campaigns_have_regions():
    settings = {"name": "mine", "space": XZ, "objectives": [Minimize("y")]}
    assert CampaignSettings(**settings).make_optimizer().trust_region is None
    assert CampaignSettings(**settings, trust_region=True).make_optimizer().trust_region == TrustRegion()
    shorter = CampaignSettings.model_validate(settings | {"trust_region": {"initial_length": 0.5}})
    assert shorter.make_optimizer().trust_region == TrustRegion(initial_length=0.5)
    with pytest.raises(ValueError, match="needs one objective"):
        CampaignSettings(**settings | {"objectives": TWO}, trust_region=True)


@pytest.mark.parametrize("is_exact", [False, True])
@pytest.mark.parametrize("constraints", [(), [LinearConstraint({"x": 1}, upper=9)]], ids=["bounds", "a line"])
def test_climbs_end_at_the_faces_of_the_box(constraints, is_exact, ask_best):
    """Uphill in one and downhill in the other coordinate of a box around 0.25 and 0.7, of length 0.1."""
    wide = SearchSpace([Real("x", 0, 10), Real("c", 0.01, 100, scale="log")], constraints)
    told = pd.DataFrame({"x": [8.0, 2.5], "c": [0.05, 10**0.8]})  # the second is the best
    slope = (lambda points: np.tile([1.0, -1.0], (len(points), 1))) if is_exact else None
    rule = TrustRegion(initial_length=0.1)
    _, end = ask_best(wide, lambda X: X[:, 0] - X[:, 1], slope=slope, told=told, trust_region=rule)
    np.testing.assert_allclose(end, [0.3, 0.65], rtol=1e-9)
