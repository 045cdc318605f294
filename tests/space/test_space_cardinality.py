"""At most k of n: numbers by hand, supports of equal chance, exact zeros, and what cannot be is refused."""

from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnnopt.exceptions import InfeasibleSpaceError, InvalidDataError
from bnnopt.space import (
    CardinalityConstraint,
    Categorical,
    Context,
    Discrete,
    Integer,
    LinearConstraint,
    NonlinearConstraint,
    Real,
    SearchSpace,
    faces_of,
    product_pool,
    random_pool,
    sobol_pool,
    support_steps,
    supports_of,
)

ABCD = ["a", "b", "c", "d"]
AT_MOST_TWO = CardinalityConstraint(ABCD, upper=2, least=0.1)


def parts(names, upper=1.0):
    return [Real(name, 0, upper) for name in names]


def mixture_of(names, total=1.0):
    return LinearConstraint(dict.fromkeys(names, 1.0), lower=total, upper=total)


def supports(rows, names):
    return set(map(tuple, rows[list(names)].to_numpy() != 0))


def test_rows_by_hand():
    rows = pd.DataFrame(
        [[0, 0, 0, 0], [0.1, 0, 0.9, 0], [0.05, 0, 0.95, 0], [0.2, 0.3, 0.5, 0], [0, 0, 0, 1]], columns=ABCD
    )
    assert AT_MOST_TWO.is_satisfied(rows).tolist() == [True, True, False, False, True]
    at_least = CardinalityConstraint(ABCD, lower=2, least=0.05)
    assert at_least.is_satisfied(rows).tolist() == [False, True, True, True, False]


def test_round_off_is_forgiven_and_no_more():
    rows = pd.DataFrame({"a": [0.3 - 0.1 - 0.2, 0.1 * (1 - 1e-12), 0.0999], "b": 0.5})
    assert rows["a"].iloc[0] != 0
    constraint = CardinalityConstraint(["a", "b"], upper=2, lower=1, least=0.1)
    assert constraint.is_satisfied(rows).tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"upper": 0}, "upper must be from 1 to 4"),
        ({"upper": 5}, "got lower=0 and upper=5"),
        ({"upper": 2, "lower": 3, "least": 0.1}, "lower from 0 to upper"),
        ({"upper": 2, "lower": -1}, "lower from 0"),
        ({"upper": 2, "lower": 1}, "needs a least amount above 0"),
        ({"upper": 2, "least": -0.1}, "greater than or equal to 0"),
        ({"upper": 2, "least": np.inf}, "finite"),
        ({"variables": ["a", "b", "a"], "upper": 2}, r"\['a'\] occur more than once"),
        ({"variables": []}, "at least 1 item"),
    ],
)
def test_a_constraint_that_makes_no_sense_is_refused(options, message):
    with pytest.raises(InvalidDataError, match=message):
        CardinalityConstraint(**{"variables": ABCD, **options})


@pytest.mark.parametrize(
    ("variables", "constraints", "message"),
    [
        (parts("abc"), [AT_MOST_TWO], r"unknown variable\(s\) \['d'\]. Known: \['a', 'b', 'c'\]"),
        ([*parts("abc"), Integer("d", 0, 9)], [AT_MOST_TWO], "'d' is of type 'integer'"),
        ([*parts("abc"), Discrete("d", [0, 1])], [AT_MOST_TWO], "'d' is of type 'discrete'"),
        ([*parts("abc"), Categorical("d", [0, 1])], [AT_MOST_TWO], "'d' is of type 'categorical'"),
        ([*parts("abc"), Context("d", lower=0, upper=1)], [AT_MOST_TWO], "'d' is of type 'context'"),
        ([*parts("abc"), Real("d", 0.2, 1)], [AT_MOST_TWO], r"\[0.2, 1\]; the amount of a part begins at 0"),
        ([*parts("abc"), Real("d", -1, 1)], [AT_MOST_TWO], "begins at 0"),
        ([*parts("abc"), Real("d", 0, 0.05)], [AT_MOST_TWO], "'d' cannot be more than 0.05"),
        (
            parts("abcd", 0.4),
            [mixture_of(ABCD), CardinalityConstraint(ABCD, upper=1)],
            "No setting within the bounds satisfies: 1.a .* = 1|No setting within the bounds .* at most 1 of",
        ),
        (
            parts("abcd"),
            [mixture_of(ABCD, 0.5), CardinalityConstraint(ABCD, lower=3, least=0.2)],
            "at least 3 of a, b, c, d not zero, each at least 0.2. Allow more parts",
        ),
    ],
)
def test_a_space_that_cannot_be_is_refused(variables, constraints, message):
    with pytest.raises(InvalidDataError, match=message):
        SearchSpace(variables, constraints)


def test_supports_of_equal_chance():
    space = SearchSpace(parts(ABCD), [AT_MOST_TWO])
    rows = space.sample(11_000, random_state=0)
    counts = pd.Series(list(map(tuple, rows.to_numpy() != 0))).value_counts()
    assert len(counts) == 1 + 4 + 6  # nothing, one or two of four
    assert counts.between(1000 - 120, 1000 + 120).all()  # four standard deviations of 30
    amounts = rows.to_numpy()[rows.to_numpy() > 0]
    assert amounts.min() >= 0.1
    assert abs(amounts.mean() - 0.55) < 0.01  # uniform from 0.1 to 1


@pytest.mark.parametrize("method", ["sobol", "latin_hypercube", "random"])
@pytest.mark.parametrize("constraints", [(), (mixture_of("abcdef"),)])
def test_first_designs(method, constraints):
    names = "abcdef"
    space = SearchSpace(
        [*parts(names), Real("T", 20, 90)],
        [*constraints, CardinalityConstraint(list(names), upper=3, lower=2, least=0.05)],
    )
    rows = space.design(40, method=method, random_state=1)
    assert space.is_feasible(rows).all()
    assert not rows.duplicated().any()
    assert set((rows[list(names)] != 0).sum(axis=1)) == {2, 3}
    assert len(supports(rows, names)) >= 20  # of 15 + 20


def test_a_mixture_meets_all_supports_and_its_sum():
    names = "abcdef"
    space = SearchSpace(parts(names), [mixture_of(names), CardinalityConstraint(list(names), 3, least=0.05)])
    rows = space.sample(500, random_state=0)
    np.testing.assert_allclose(rows.sum(axis=1), 1, rtol=1e-9)
    assert len(supports(rows, names)) == 6 + 15 + 20  # all but nothing at all
    amounts = rows.to_numpy()
    assert amounts[amounts != 0].min() >= 0.05
    pairs = rows[(amounts != 0).sum(axis=1) == 2].to_numpy()
    assert abs(pairs[pairs != 0].std() - 0.9 / np.sqrt(12)) < 0.03  # a uniform share from 0.05 to 0.95


def test_supports_are_not_listed_one_by_one():
    names = [f"x{i}" for i in range(60)]
    space = SearchSpace(parts(names), [mixture_of(names), CardinalityConstraint(names, 20, least=0.01)])
    rows = space.sample(30, random_state=0)
    assert space.is_feasible(rows).all()
    assert len(supports(rows, names)) == 30  # of some 10**15


def test_the_one_support_that_is_feasible_is_found():
    names = [f"x{i}" for i in range(20)]
    high = {"x3", "x11", "x17"}
    variables = [Real(name, 0, 0.4 if name in high else 0.3) for name in names]
    space = SearchSpace(variables, [mixture_of(names, 1.15), CardinalityConstraint(names, 3, least=0.05)])
    for rows in (space.sample(5, random_state=0), space.design(5, random_state=0)):
        assert space.is_feasible(rows).all()
        assert supports(rows, names) == {tuple(name in high for name in names)}


def test_constraints_that_share_parts():
    first, second = CardinalityConstraint(["a", "b", "c"], 1, least=0.2), CardinalityConstraint(["c", "d"], 1)
    space = SearchSpace(parts(ABCD), [first, second])
    found = supports(space.sample(2000, random_state=0), ABCD)
    allowed = {
        tuple(name in chosen for name in ABCD)
        for chosen in [set(), {"a"}, {"b"}, {"c"}, {"d"}, {"a", "d"}, {"b", "d"}]
    }
    assert found == allowed


def test_pools_keep_to_it():
    space = SearchSpace(parts(ABCD), [AT_MOST_TWO])
    for pool in (random_pool(space, 300, random_state=0), sobol_pool(space, 256, random_state=0)):
        rows = pd.concat(pool)
        assert len(rows) >= 256
        assert space.is_feasible(rows).all()
        assert len(supports(rows, ABCD)) == 11
    every = pd.concat(product_pool(space, {name: [0, 0.05, 0.5] for name in ABCD}))
    assert len(every) == 1 + 4 + 6


def test_narrower_bounds_say_what_is_in():
    space = SearchSpace(parts(ABCD), [mixture_of(ABCD), AT_MOST_TWO])
    rows = space.restricted(bounds={"a": (0.3, 0.6), "b": (0, 0.05)}).sample(100, random_state=0)
    assert rows["a"].between(0.3, 0.6).all()
    assert (rows["b"] == 0).all()
    assert supports(rows, ABCD) == {(True, False, True, False), (True, False, False, True)}


def test_a_constraint_that_is_added_is_checked():
    space = SearchSpace(parts(ABCD), [mixture_of(ABCD)])
    assert space.restricted(constraints=[AT_MOST_TWO]).constraints == (mixture_of(ABCD), AT_MOST_TWO)
    with pytest.raises(InvalidDataError, match=r"unknown variable\(s\) \['e'\]"):
        space.restricted(constraints=[CardinalityConstraint(["a", "e"], 1)])


@pytest.mark.parametrize(("value", "n_others"), [(0.0, 2), (0.4, 1)])
def test_a_held_part_counts(value, n_others):
    space = SearchSpace(parts(ABCD), [mixture_of(ABCD), AT_MOST_TWO]).holding({"a": value})
    rows = space.sample(60, random_state=0, context={"a": value})
    assert (rows["a"] == value).all()
    assert (rows[["b", "c", "d"]] != 0).sum(axis=1).max() == n_others
    assert space.is_feasible(rows).all()


def test_what_is_held_may_leave_no_support():
    space = SearchSpace(parts(ABCD), [mixture_of(ABCD), AT_MOST_TWO]).holding({"a": 0.2, "b": 0.2})
    with pytest.raises(InfeasibleSpaceError, match=r"No setting within the bounds .* with \{'a': 0.2, 'b'"):
        space.sample(3, random_state=0, context={"a": 0.2, "b": 0.2})


def test_beside_other_constraints_context_and_integers():
    space = SearchSpace(
        [
            *parts("abc", 10),
            Integer("n", 1, 5),
            Context("lab", lower=10, upper=30),
            Categorical("s", ["x", "y"]),
        ],
        [
            CardinalityConstraint(["a", "b", "c"], 2, lower=1, least=0.5),
            LinearConstraint({"a": 1, "b": 1, "c": 1, "n": 1}, lower=8, upper=8),
            NonlinearConstraint(lambda rows: rows["a"] <= rows["lab"] - 18),
        ],
    )
    for rows in (
        space.sample(200, random_state=0, context={"lab": 20.0}),
        space.design(20, random_state=0, context={"lab": 20.0}),
    ):
        assert space.is_feasible(rows).all()
        assert rows["a"].max() <= 2
        assert len(supports(rows, "abc")) == 5  # a alone is at most 2, and n at most 5


def test_where_a_function_allows_no_face_it_is_said():
    space = SearchSpace(
        parts(ABCD), [mixture_of(ABCD), AT_MOST_TWO, NonlinearConstraint(lambda rows: rows["a"] > 2)]
    )
    with pytest.raises(InfeasibleSpaceError, match="whichever parts were zero"):
        space.sample(3, random_state=0)


def test_json_and_back():
    space = SearchSpace(parts(ABCD), [mixture_of(ABCD), AT_MOST_TWO])
    assert SearchSpace.model_validate_json(space.model_dump_json()) == space
    assert str(AT_MOST_TWO) == "at most 2 of a, b, c, d not zero, each at least 0.1"


def test_faces_are_spaces_without_it():
    space = SearchSpace([*parts(ABCD), Real("T", 0, 9)], [mixture_of(ABCD), AT_MOST_TWO])
    rows = pd.DataFrame(
        [[0.5, 0.5, 0, 0, 1], [0.3, 0.3, 0.4, 0, 1], [0.9, 0.1, 0, 0, 2], [0, 0, 0, 1, 3]],
        columns=[*ABCD, "T"],
        dtype=float,
    )
    first, second = faces_of(space, rows)
    assert first.rows.tolist() == [0, 2]  # the second row has three parts
    assert second.rows.tolist() == [3]
    assert first.values == {"c": 0.0, "d": 0.0}
    assert first.space.setting_names == ["a", "b", "T"]
    assert [each.lower for each in first.space.settings] == [0.1, 0.1, 0]
    assert first.space.constraints == (mixture_of(ABCD),)
    assert supports_of(space, rows).sum(axis=1).tolist() == [2, 3, 2, 1]


def test_without_it_the_space_is_its_own_face():
    space = SearchSpace(parts(ABCD), [mixture_of(ABCD)])
    (face,) = faces_of(space, space.sample(3, random_state=0))
    assert face.space is space
    assert face.rows.tolist() == [0, 1, 2]
    assert support_steps(space, dict.fromkeys(ABCD, 0.25)) == []


def test_steps_by_hand():
    space = SearchSpace(parts("abc"), [CardinalityConstraint(["a", "b", "c"], 2, lower=1, least=0.1)])
    alone = support_steps(space, {"a": 0.7, "b": 0.0, "c": 0.0})
    assert alone == [{"b": 0.1}, {"c": 0.1}, {"a": 0.0, "b": 0.7}, {"a": 0.0, "c": 0.7}]
    two = support_steps(space, {"a": 0.7, "b": 0.2, "c": 0.0})
    assert two == [{"a": 0.0}, {"b": 0.0}, {"a": 0.0, "c": 0.7}, {"b": 0.0, "c": 0.2}]


@given(seed=st.integers(0, 10_000), n=st.integers(2, 7), data=st.data())
@settings(max_examples=25, deadline=None)
def test_whatever_the_numbers_all_supports_that_are_allowed_are_met(seed, n, data):
    names = [f"x{i}" for i in range(n)]
    upper = data.draw(st.integers(1, n))
    lower = data.draw(st.integers(0, upper))
    space = SearchSpace(parts(names), [CardinalityConstraint(names, upper, lower=lower, least=0.1)])
    rows = space.sample(60 * 2**n, random_state=seed)
    assert space.is_feasible(rows).all()
    assert len(supports(rows, names)) == sum(comb(n, size) for size in range(lower, upper + 1))


@given(seed=st.integers(0, 10_000), highs=st.lists(st.floats(0.15, 0.7), min_size=4, max_size=6))
@settings(max_examples=10, deadline=None)
def test_feasible_supports_of_a_mixture_are_those_by_hand(seed, highs):
    names = [f"x{i}" for i in range(len(highs))]
    feasible = {
        tuple(i in chosen for i in range(len(highs)))
        for size in (1, 2, 3)
        for chosen in combinations(range(len(highs)), size)
        if sum(highs[i] for i in chosen) >= 1.001
    }
    variables = [Real(name, 0, high) for name, high in zip(names, highs, strict=True)]
    constraints = [mixture_of(names), CardinalityConstraint(names, 3, least=0.1)]
    if not feasible and not sum(sorted(highs)[-3:]) >= 1:
        with pytest.raises(InvalidDataError, match="No setting within the bounds"):
            SearchSpace(variables, constraints)
        return
    space = SearchSpace(variables, constraints)
    rows = space.sample(100, random_state=seed)
    assert space.is_feasible(rows).all()
    assert feasible <= supports(rows, names)
