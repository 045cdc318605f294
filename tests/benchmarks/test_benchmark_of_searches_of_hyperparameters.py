import numpy as np
import pytest

from benchmarks import search


def test_the_short_form_searches_by_chance_and_by_a_model(capsys, tmp_path):
    search.main(["--short", "--results", str(tmp_path / "rows.csv")])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| short")]
    assert [line.split(" | ")[1] for line in lines] == ["random", "bnnopt"]


@pytest.mark.parametrize("method", ["random", "bnnopt"])
def test_a_row_has_the_best_of_all_scores(method):
    row = search.measure("short", method, 1, n_iter=3)
    scores = np.array(row["scores"].split(), dtype=float)
    assert row["n_iter"] == len(scores) == 3
    assert float(row["best"]) == pytest.approx(scores.max(), rel=1e-4)
    assert float(row["seconds_inside"]) > 0


def test_each_model_has_a_space_of_its_own_where_one_is_to_be_chosen():
    spaces = search.TASKS["models_digits"].spaces
    assert [type(space["model"][0]).__name__ for space in spaces] == [
        "LogisticRegression",
        "SVC",
        "RandomForestClassifier",
        "KNeighborsClassifier",
    ]
    assert all("scale" in space for space in spaces)
    assert search.TASKS["svc_digits"].spaces == [search.TASKS["svc_digits"].space]
