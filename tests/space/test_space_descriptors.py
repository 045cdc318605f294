"""Levels described by numbers: few columns of the unit cube, always levels, mistakes named."""

import numpy as np
import pandas as pd
import pytest

from bnnopt import Categorical, Context, LinearConstraint, Real, SearchSpace
from bnnopt.exceptions import InvalidDataError

LEVELS = ["water", "DMF", "hexane"]
TABLE = pd.DataFrame(
    {"polarity": [80.0, 37.0, 2.0], "constant": 5.0, "twice": [160.0, 74.1, 4.0], "pKa": [14.0, 30.0, 15.0]},
    index=LEVELS,
)


def columns_of(variable):
    """Return the encoded columns of all levels."""
    return SearchSpace([variable]).encode(pd.DataFrame({variable.name: list(variable.levels)}))


def test_descriptors_are_scaled_and_those_that_repeat_others_are_dropped():
    space = SearchSpace([Categorical("solvent", LEVELS, descriptors=TABLE), Real("x", 0, 1)])
    assert space.encoded_names == ["solvent: polarity", "solvent: pKa", "x"]
    rows = pd.DataFrame({"solvent": LEVELS, "x": 0.5})
    expected = [[1, 0, 0.5], [35 / 78, 1, 0.5], [0, 1 / 16, 0.5]]
    np.testing.assert_allclose(space.encode(rows), expected, rtol=1e-12)
    pd.testing.assert_frame_equal(space.decode(space.encode(rows)), rows)
    assert space.decode([[0.6, 0.2, 0.5], [0.4, 0.4, 0.5]])["solvent"].tolist() == ["water", "hexane"]


@pytest.mark.parametrize(
    "table",
    [
        TABLE,
        TABLE.iloc[[2, 0, 1]],
        TABLE.T.to_dict(),
        {level: tuple(TABLE.loc[level]) for level in reversed(LEVELS)},
        {level: TABLE.loc[level].to_numpy() for level in LEVELS},
        TABLE.astype(object),
    ],
)
def test_tables_and_mappings_of_any_order_mean_the_same(table):
    expected = columns_of(Categorical("solvent", LEVELS, descriptors=TABLE))
    assert columns_of(Categorical("solvent", LEVELS, descriptors=table)).tolist() == expected.tolist()


def test_one_number_a_level_is_enough_and_levels_may_be_numbers():
    variable = Categorical("grade", [1, 2.5, True + 2], descriptors={2.5: 10, 3: 20, 1: 0})
    np.testing.assert_allclose(columns_of(variable), [[0.0], [0.5], [1.0]])


def test_without_descriptors_nothing_changes():
    assert columns_of(Categorical("solvent", LEVELS)).tolist() == np.eye(3).tolist()


@pytest.mark.parametrize(("n_levels", "n_columns"), [(12, 100), (4, 300), (2, 5), (3, 1), (30, 2000)])
def test_many_descriptors_become_few_columns_that_tell_levels_apart(n_levels, n_columns):
    rng = np.random.default_rng(0)
    levels = [f"L{number}" for number in range(n_levels)]
    variable = Categorical(
        "ligand", levels, descriptors=dict(zip(levels, rng.normal(size=(n_levels, n_columns)), strict=True))
    )
    encoded = columns_of(variable)
    assert encoded.shape[1] <= n_levels - 1
    assert encoded.min() >= 0
    assert encoded.max() <= 1
    assert len(np.unique(encoded.round(3), axis=0)) == n_levels
    space = SearchSpace([variable])
    assert space.decode(encoded)["ligand"].tolist() == levels


def test_components_keep_the_distances_of_levels():
    """Three columns of three levels leave two components, which are a rotation: all distances stay."""
    values = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.2, 1.0, 0.3]])
    encoded = columns_of(Categorical("s", list("abc"), descriptors=dict(zip("abc", values, strict=True))))
    assert encoded.shape == (3, 2)

    def distances(points):
        return np.array([np.linalg.norm(points[i] - points[j]) for i, j in ((0, 1), (0, 2), (1, 2))])

    ratios = distances(encoded) / distances(values)
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-9)


def test_levels_that_differ_in_a_dropped_column_only_stay_apart():
    descriptors = {"a": (0, 0), "b": (0, 0.02), "c": (1, 1), "d": (1, 0.99)}
    encoded = columns_of(Categorical("s", list("abcd"), descriptors=descriptors))
    assert len(np.unique(encoded.round(3), axis=0)) == 4


def test_levels_are_drawn_alike_and_all_of_them_enumerated():
    space = SearchSpace([Categorical("solvent", LEVELS, descriptors=TABLE)])
    drawn = space.sample(3000, random_state=0)["solvent"].value_counts(normalize=True)
    np.testing.assert_allclose(drawn.loc[LEVELS], 1 / 3, atol=0.03)
    assert set(space.design(3, random_state=0)["solvent"]) == set(LEVELS)
    assert space.enumerate_points(3)["solvent"].tolist() == LEVELS


def test_descriptors_survive_json_narrowing_and_holding():
    space = SearchSpace([Categorical("solvent", LEVELS, descriptors=TABLE), Real("x", 0, 1)])
    again = SearchSpace.model_validate_json(space.model_dump_json())
    assert again == space
    assert again.encoded_names == space.encoded_names
    narrow = space.restricted(bounds={"solvent": ["hexane", "DMF"]})
    assert narrow.encode(pd.DataFrame({"solvent": ["hexane", "DMF"], "x": 0.5}))[:, 0].tolist() == [0.0, 1.0]
    rows = pd.DataFrame({"solvent": LEVELS, "x": 0.5})
    assert space.holding({"solvent": "DMF"}).encode(rows).tolist() == space.encode(rows).tolist()
    with pytest.raises(ValueError, match="no descriptors of the levels \\['THF'\\]"):
        space.restricted(bounds={"solvent": ["DMF", "THF"]})


def test_context_has_descriptors_too():
    space = SearchSpace(
        [Real("x", 0, 1), Context("lot", levels=["p", "q", "r"], descriptors={"p": 1, "q": 2, "r": 5})]
    )
    rows = space.sample(2, context={"lot": "q"}, random_state=0)
    np.testing.assert_allclose(space.encode(rows)[:, 1], 0.25)
    with pytest.raises(ValueError, match="expected levels beside them"):
        Context("lot", descriptors={"p": 1})


def test_an_unknown_level_is_refused_by_name():
    space = SearchSpace([Categorical("solvent", LEVELS, descriptors=TABLE), Real("x", 0, 1)])
    with pytest.raises(
        InvalidDataError, match=r"column 'solvent' has a level that is not one of .* \(first: 'THF'\)"
    ):
        space.encode(pd.DataFrame({"solvent": ["DMF", "THF"], "x": 0.5}))
    with pytest.raises(ValueError, match="use a NonlinearConstraint"):
        SearchSpace(space.variables, [LinearConstraint({"solvent": 1}, upper=1)])


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (TABLE.drop("DMF"), r"a row for each level, got none for \['DMF'\]; there are \['water', 'hexane'\]"),
        ({**TABLE.T.to_dict("list"), "THF": [1, 2, 3, 4]}, r"only, got \['THF'\]; leave them out"),
        (pd.concat([TABLE, TABLE.iloc[:1]]), r"one row for each level, got several for \['water'\]"),
        (
            TABLE.assign(pKa=[1, np.nan, 2]),
            "finite numbers, got nan of level 'DMF' in column 'pKa'; correct it",
        ),
        (TABLE.assign(pKa=[1, 2, np.inf]), "finite numbers, got inf of level 'hexane' in column 'pKa'"),
        (TABLE.assign(pKa=["a", 1, 2]), "finite numbers, got 'a' of level 'water' in column 'pKa'"),
        ({"water": 1, "DMF": None, "hexane": 2}, "finite numbers, got None of level 'DMF'"),
        ({"water": [1, 2], "DMF": [1], "hexane": [2, 1]}, "of each level, got .* of 'DMF'"),
        ({"water": 1, "DMF": 3, "hexane": 3.0001}, "'DMF' and 'hexane' have the same numbers"),
        (dict.fromkeys(LEVELS, 1), "have the same numbers"),
        (TABLE[[]], "at least one column of numbers, got none"),
        ([1, 2, 3], "a DataFrame indexed by level or a mapping"),
        ("table.csv", "a DataFrame indexed by level or a mapping"),
        ({"names": ["a"], "values": [[1.0], [2.0]]}, "3 rows, one for each level, got 2"),
        (pd.concat([TABLE, TABLE], axis=1), "columns of different names"),
    ],
)
def test_descriptors_that_do_not_fit_are_refused(table, message):
    with pytest.raises(ValueError, match=message):
        Categorical("solvent", LEVELS, descriptors=table)


def test_wrong_levels_are_told_before_their_descriptors():
    with pytest.raises(ValueError, match="occur more than once"):
        Categorical("solvent", ["DMF", "DMF"], descriptors={"DMF": 1})
