"""The benchmark of measured reactions, on a small table of the same form."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from benchmarks import reactions


@pytest.fixture
def data(tmp_path):
    """Two bases, five ligands, two solvents, each at two concentrations and temperatures: 80 reactions."""
    levels = [["B1", "B2"], ["L1", "L2", "L3", "L4", "L5"], ["S1", "S2"], [0.1, 0.2], [90, 105]]
    columns = ["Base_SMILES", "Ligand_SMILES", "Solvent_SMILES", "Concentration", "Temp_C"]
    table = pd.DataFrame(product(*levels), columns=columns)
    table["yield"] = np.random.default_rng(0).permutation(len(table)) + 0.5
    table.to_csv(tmp_path / "direct_arylation.csv")
    runs = table["yield"].to_numpy()[[[3, 1, 4, 15, 9, 2, 6, 5], [8, 7, 60, 0, 20, 30, 40, 50]]]
    for file in ("published_edbo_runs.csv", "published_human_runs.csv"):
        pd.DataFrame(runs).to_csv(tmp_path / file)
    for name, own in zip(("base", "ligand", "solvent"), levels[:3], strict=True):
        numbers = pd.DataFrame({f"{name}_SMILES": own, "size": np.arange(len(own)), "text": own})
        numbers.to_csv(tmp_path / f"direct_arylation_{name}_dft.csv", index=False)
    return reactions.Reactions(tmp_path)


def test_first_reactions_are_those_of_the_published_run(data):
    assert data.first(0) == [3, 1, 4, 15, 9]
    assert data.first(1) == [8, 7, 60, 0, 20]


@pytest.mark.parametrize("method", ["random", "gaussian_process", "gaussian_process_described"])
def test_a_run_measures_different_reactions_from_the_same_start(data, method):
    yields = reactions.METHODS[method](data, 1, 12)
    assert len(set(yields)) == 12
    np.testing.assert_array_equal(yields[:5], data.measured["yield"][data.first(1)])


def test_figures_are_the_best_so_far(data):
    row = reactions.measure("direct_arylation", "published_people", 0, data=data, n_reactions=8)
    bests = [float(value) for value in row["bests"].split()]
    np.testing.assert_allclose(bests, np.maximum.accumulate(data.published("published_people")[0]))


def test_the_command_prints_a_table(data, capsys):
    reactions.main(["--short", "--data", str(data.folder), "--methods", "published_edbo", "random"])
    printed = capsys.readouterr().out
    assert "| published_edbo |" in printed
    assert "| random |" in printed
