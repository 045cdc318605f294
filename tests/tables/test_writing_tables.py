"""Files written whole or not at all, never over another one unasked, with nothing that would run."""

import os
import subprocess
import sys
import time

import pandas as pd
import pytest

from bnnopt.campaign import read_runs, write_table
from bnnopt.exceptions import InvalidDataError

TABLE = pd.DataFrame({"x": [0.1, -1e-300], "note": ["=1+1", "-5"], "lot": ["'=a", "ä"]})


def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe_and_loses_it_again(tmp_path):
    write_table(TABLE, tmp_path / "t.csv")
    lines = (tmp_path / "t.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines == ["x,note,lot", "0.1,'=1+1,''=a", "-1e-300,-5,ä"]
    assert read_runs(tmp_path / "t.csv").to_dict("list") == TABLE.to_dict("list")


@pytest.mark.parametrize("head", ["=", "+", "-", "@", "\t", "\r", "|", "%", " =", "＝"])
def test_no_cell_and_no_name_begins_with_what_a_spreadsheet_runs(head, tmp_path):
    write_table(pd.DataFrame({f"{head}name": [f"{head}cmd"]}), tmp_path / "t.csv")
    text = (tmp_path / "t.csv").read_bytes().decode("utf-8-sig")
    assert [line.lstrip('"')[:2] for line in text.rstrip("\n").split("\n")] == [f"'{head[0]}"] * 2
    assert read_runs(tmp_path / "t.csv").to_dict("list") == {f"{head}name": [f"{head}cmd"]}


def test_a_file_is_replaced_only_when_asked(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("precious", encoding="utf-8")
    with pytest.raises(InvalidDataError, match="is there already and is not replaced"):
        write_table(TABLE, path)
    assert path.read_text(encoding="utf-8") == "precious"
    write_table(TABLE, path, replace=True)
    assert len(read_runs(path)) == 2
    assert os.listdir(tmp_path) == ["t.csv"]


def test_what_is_no_file_is_never_replaced(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InvalidDataError, match="is there and is no file"):
        write_table(TABLE, tmp_path / "folder.csv", replace=True)


@pytest.mark.parametrize("name", ["t.csv.gz", "t.xls", "t", "t.json"])
def test_other_formats_are_refused_by_the_ending(name, tmp_path):
    with pytest.raises(InvalidDataError, match="expected a name that ends in one of"):
        write_table(TABLE, tmp_path / name)
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("names", [["x", "x"], ["x", " "], [1, "1"]])
def test_names_that_would_not_come_back_are_refused(names, tmp_path):
    with pytest.raises(InvalidDataError, match="Expected different names of columns, none of them blank"):
        write_table(pd.DataFrame([[1, 2]], columns=names), tmp_path / "t.csv")


@pytest.mark.skipif(os.name != "posix", reason="links and modes of POSIX")
def test_a_link_stays_a_link_and_a_mode_stays(tmp_path):
    (tmp_path / "there.csv").write_text("old", encoding="utf-8")
    (tmp_path / "there.csv").chmod(0o640)
    (tmp_path / "here.csv").symlink_to(tmp_path / "there.csv")
    write_table(TABLE, tmp_path / "here.csv", replace=True)
    assert (tmp_path / "here.csv").is_symlink()
    assert (tmp_path / "there.csv").stat().st_mode & 0o777 == 0o640
    assert len(read_runs(tmp_path / "there.csv")) == 2


def test_where_writing_fails_the_old_content_stays(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text("old", encoding="utf-8")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_table(TABLE, path, replace=True)
    with pytest.raises(OSError, match="No space left"):
        write_table(TABLE, tmp_path / "new.csv")
    assert path.read_text(encoding="utf-8") == "old"
    assert os.listdir(tmp_path) == ["t.csv"]


WRITER = """
import sys
import pandas as pd
from bnnopt.campaign import write_table
tables = [pd.DataFrame({"x": [float(n)] * 40000}) for n in range(2)]
print("ready", flush=True)
while True:
    for table in tables:
        write_table(table, sys.argv[1], replace=True)
"""


def test_whoever_is_killed_while_writing_leaves_a_whole_table(tmp_path):
    path = tmp_path / "t.csv"
    for n in range(4):
        with subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE) as writer:
            writer.stdout.readline()
            time.sleep(0.1 + 0.037 * n)
            writer.kill()
        if path.exists():
            assert read_runs(path)["x"].value_counts().tolist() == [40000]
