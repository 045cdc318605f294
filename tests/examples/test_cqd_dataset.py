import hashlib
import io
import json
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dataset import ARCHIVE, DATA, INPUTS, MEMBER, OUTCOMES, fetch_cqd_pbs, load_cqd_pbs, load_table1

from bnnopt.exceptions import DataFetchError, InvalidDataError

HEADER = ",".join([*INPUTS, *OUTCOMES])
ROW = "6,18,15,0,140,210,8,0,0.3,1500,9"


def full_table(n_rows=2552, n_ml_guided=237, n_failed=23):
    """A table of the published shape and counts: failures first, then ml_guided rows at the end."""
    rows = np.tile([6.0, 18, 15, 0, 140, 210, 8, 0, 0.3, 1500, 9], (n_rows, 1))
    rows[:, 4] += np.arange(n_rows) % 50
    rows[n_rows - n_ml_guided :, 1] = 20.5
    rows[:n_failed, -2:] = [650, 0.5]
    rows[n_failed, -2:] = [650, 1.04]
    return "\n".join(" ".join(f"{cell:g}" for cell in row) for row in rows)


def zipped(text, member=f"SI/model/{MEMBER}"):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("SI/readme.txt", "raw data and trained model")
        archive.writestr(member, text)
    return content.getvalue()


class Figshare:
    """A server on this machine that answers as figshare does and counts what it is asked."""

    def __init__(self):
        self.requests, self.status, self.article, self.archive = [], 200, None, b""
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server.requests.append(self.path)
                body = server.archive if self.path == "/files/1" else server.reply()
                self.send_response(server.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def reply(self):
        return self.article if isinstance(self.article, bytes) else json.dumps(self.article).encode()

    def publish(self, archive, name=ARCHIVE, **entry):
        digest = hashlib.md5(archive).hexdigest()
        listed = {"name": name, "download_url": f"{self.url}/files/1", "size": len(archive)}
        checksums = {"computed_md5": digest, "supplied_md5": digest}
        self.archive, self.article = archive, {"id": 9896762, "files": [{**listed, **checksums, **entry}]}

    def close(self):
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


@pytest.fixture
def figshare():
    server = Figshare()
    server.publish(zipped(full_table()))
    yield server
    server.close()


@pytest.fixture
def fetch(figshare, tmp_path):
    return lambda **options: fetch_cqd_pbs(data_home=tmp_path, api_url=figshare.url, timeout=10, **options)


def write_csv(folder, *lines):
    file = folder / "mine.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_the_subset_has_the_rows_of_its_file():
    bunch = load_cqd_pbs()
    assert bunch.data.shape == (100, 9)
    assert list(bunch.data) == bunch.feature_names == INPUTS
    assert bunch.target_names == ["peak_nm", "peak_valley"]
    assert bunch.target.iloc[0].tolist() == [2061.0, 3.24]
    assert bunch.record_id[0] == "pbs2019-000001"
    assert bunch.failed.sum() == 5
    assert bunch.target[bunch.failed].isna().all(axis=None)
    assert bunch.target[~bunch.failed].notna().all(axis=None)
    assert set(bunch.units) == {*INPUTS, *OUTCOMES}
    assert bunch.units["TMS2S_uL"] == "µL"
    assert "CC BY-NC 4.0" in bunch.DESCR
    assert len(bunch.frame) == 100


def test_row_923_is_an_ordinary_row():
    bunch = load_cqd_pbs()
    row = bunch.record_id.tolist().index("pbs2019-000923")
    assert not bunch.failed[row]
    assert bunch.target.iloc[row].tolist() == [650.0, 1.04]


def test_arrays_instead_of_frames():
    bunch = load_cqd_pbs(as_frame=False)
    assert isinstance(bunch.data, np.ndarray)
    assert bunch.target.shape == (100, 2)
    assert bunch.frame is None


def test_the_licence_travels_with_the_data():
    text = (DATA / "LICENSE-DATA").read_text(encoding="utf-8")
    for part in [
        "https://creativecommons.org/licenses/by-nc/4.0/",
        "Sargent",
        "10.1021/acsnano.9b03864",
        "wheel",
    ]:
        assert part in text


def test_table1_in_the_columns_of_the_subset():
    table = load_table1()
    assert list(table.data) == INPUTS
    assert table.data.iloc[1].tolist() == [10.0, 13.5, 15, 0.23, 76, 220, 16.3, 0, 0.3]
    assert table.target_nm.tolist() == [620, 780, 950, 1150, 1330, 1500]
    assert (table.peak_valley[4], table.peak_valley_err[4]) == (8.5, 1.0)
    assert (table.hwhm_meV[0], table.hwhm_meV_err[0]) == (145.0, 4.0)
    assert table.units["hwhm_meV"] == "meV"


def test_table1_takes_another_outdoor_temperature():
    assert load_table1(t_outdoor_c=-3.5, as_frame=False).data[:, 0].tolist() == [-3.5] * 6


def test_a_file_of_ones_own_needs_only_inputs_and_outcomes(tmp_path):
    failed = "6,19.6,15,0,140,60,8,0,0.3,,"
    coded = "6,18,15,0,140,60,8,0,0.3,650,0.5"
    bunch = load_cqd_pbs(write_csv(tmp_path, HEADER, ROW, failed, "", coded))
    assert bunch.failed.tolist() == [False, True, True]
    assert bunch.cohort.tolist() == ["historical", "ml_guided", "historical"]
    assert bunch.record_id.tolist() == ["row-000002", "row-000003", "row-000005"]
    assert np.isnan(bunch.target.to_numpy()).sum() == 4
    assert "mine.csv" in bunch.DESCR


def test_given_identifiers_cohorts_and_failures_are_kept(tmp_path):
    file = write_csv(tmp_path, f"{HEADER},record_id,cohort,failed", f"{ROW},a1,ml_guided,1")
    bunch = load_cqd_pbs(file)
    assert (bunch.record_id[0], bunch.cohort[0], bunch.failed[0]) == ("a1", "ml_guided", True)
    assert np.isnan(bunch.target.to_numpy()).all()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([HEADER.replace("T_inj_C", "T_inj"), ROW], r"missing column\(s\) \['T_inj_C'\]"),
        (
            [HEADER, ROW, ROW.replace("140", "hot")],
            r"'T_inj_C' has text where a number is needed in row\(s\) 3",
        ),
        ([HEADER, ROW.replace("210", "")], r"'TMS2S_uL' has an empty cell in row\(s\) 2"),
        ([HEADER, ROW, ROW.replace("1500,9", "1500,")], r"an outcome is empty in row\(s\) \[3\]"),
        ([f"{HEADER},failed", ROW.replace("1500,9", ",") + ",0"], "set failed to 1"),
        ([HEADER], "has no rows"),
        ([HEADER, ROW + ",1,2,3,4", ROW + ",1,2,3,4,5"], "cannot be read as a CSV file"),
        ([""], "cannot be read as a CSV file"),
    ],
)
def test_a_bad_file_is_refused_with_what_is_wrong(tmp_path, lines, message):
    with pytest.raises(InvalidDataError, match=message):
        load_cqd_pbs(write_csv(tmp_path, *lines))


def test_the_archive_downloaded_by_hand_is_read(tmp_path):
    (tmp_path / "by_hand.zip").write_bytes(zipped(full_table(), member="Full.dat"))
    (tmp_path / "full.dat").write_text(full_table(), encoding="utf-8")
    from_zip, from_dat = load_cqd_pbs(tmp_path / "by_hand.zip"), load_cqd_pbs(tmp_path / "full.dat")
    pd.testing.assert_frame_equal(from_zip.frame, from_dat.frame)
    assert len(from_zip.data) == 2552


def test_a_truncated_published_table_is_refused(tmp_path):
    (tmp_path / "full.dat").write_text(f"{HEADER}\n{ROW}\n", encoding="utf-8")
    with pytest.raises(InvalidDataError, match="n_rows is 1, not 2552"):
        load_cqd_pbs(tmp_path / "full.dat")


def test_fetch_gives_the_full_table_and_asks_once(figshare, fetch, tmp_path, capfd):
    bunch = fetch()
    assert bunch.data.shape == (2552, 9)
    assert (bunch.cohort == "historical").sum() == 2315
    assert bunch.failed.sum() == 23
    assert bunch.target[bunch.failed].isna().all(axis=None)
    assert bunch.record_id[[0, -1]].tolist() == ["pbs2019-000001", "pbs2019-002552"]
    assert figshare.requests == ["/", "/files/1"]
    assert {path.name for path in (tmp_path / "cqd_pbs").iterdir()} == {ARCHIVE, "article.json"}
    pd.testing.assert_frame_equal(fetch().frame, bunch.frame)
    assert len(figshare.requests) == 2
    assert capfd.readouterr() == ("", "")


def test_a_second_call_needs_no_network(figshare, tmp_path):
    fetch_cqd_pbs(data_home=tmp_path, api_url=figshare.url)
    assert len(fetch_cqd_pbs(data_home=tmp_path, api_url="http://127.0.0.1:9").data) == 2552


def test_a_damaged_copy_is_fetched_again(figshare, fetch, tmp_path):
    fetch()
    (tmp_path / "cqd_pbs" / ARCHIVE).write_bytes(b"damaged")
    assert len(fetch().data) == 2552
    assert figshare.requests.count("/files/1") == 2


def test_a_damaged_reply_is_asked_for_again(figshare, fetch, tmp_path):
    fetch()
    (tmp_path / "cqd_pbs" / "article.json").write_text("{", encoding="utf-8")
    assert len(fetch().data) == 2552
    assert figshare.requests == ["/", "/files/1", "/"]


def test_the_environment_variable_names_the_folder(figshare, tmp_path, monkeypatch):
    monkeypatch.setenv("BNNOPT_DATA", str(tmp_path / "elsewhere"))
    fetch_cqd_pbs(api_url=figshare.url)
    assert (tmp_path / "elsewhere" / "cqd_pbs" / ARCHIVE).exists()


def test_the_supplied_md5_serves_where_none_was_computed(figshare, fetch):
    figshare.publish(zipped(full_table()), computed_md5="")
    assert len(fetch().data) == 2552


def test_a_wrong_md5_is_refused_and_nothing_is_kept(figshare, fetch, tmp_path):
    figshare.publish(zipped(full_table()), computed_md5="0" * 32)
    with pytest.raises(DataFetchError, match="is not the published archive"):
        fetch()
    assert not list(tmp_path.rglob("*.zip"))


@pytest.mark.parametrize(
    ("archive", "message"),
    [
        (zipped(full_table(n_rows=2551)), "n_rows is 2551, not 2552"),
        (zipped(full_table(n_ml_guided=200)), "n_ml_guided is 200, not 237"),
        (zipped(full_table(n_failed=22)), "n_failed is 22, not 23"),
        (zipped(full_table().replace(" 1500 9", " 1500", 1)), "line 25: 11 finite numbers"),
        (zipped(full_table(), member="SI/other.dat"), "has no full.dat in it"),
        (b"<html>not an archive</html>", "is not a zip archive"),
    ],
)
def test_an_archive_that_is_not_as_published_is_refused(figshare, fetch, archive, message):
    figshare.publish(archive)
    with pytest.raises(DataFetchError, match=message) as caught:
        fetch()
    assert "--data FILE" in str(caught.value)
    assert "https://doi.org/10.1021/acsnano.9b03864.s002" in str(caught.value)


@pytest.mark.parametrize(
    ("article", "message"),
    [
        ({"files": [{"name": "other.pdf"}]}, r"has no file nn9b03864_si_002.zip, only \['other.pdf'\]"),
        ({"message": "no such article"}, "has no file"),
        ({"files": [{"name": ARCHIVE, "download_url": "x"}]}, "no address or no MD5"),
        (b"<html>", "did not answer with a JSON object"),
        ([1, 2], "did not answer with a JSON object"),
    ],
)
def test_a_reply_without_the_archive_is_refused(figshare, fetch, article, message):
    figshare.article = article
    with pytest.raises(DataFetchError, match=message):
        fetch()


def test_an_error_of_the_server_is_told(figshare, fetch):
    figshare.status = 500
    with pytest.raises(DataFetchError, match="answered HTTP 500"):
        fetch()


def test_no_network_is_told(figshare, tmp_path):
    figshare.close()
    with pytest.raises(DataFetchError, match="could not be reached"):
        fetch_cqd_pbs(data_home=tmp_path, api_url=figshare.url, timeout=2)


def test_an_archive_that_cannot_be_reached_is_told(figshare, fetch):
    figshare.publish(zipped(full_table()), download_url="http://127.0.0.1:9/files/1")
    with pytest.raises(DataFetchError, match="could not be downloaded"):
        fetch()


def test_without_pooch_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(DataFetchError, match=r'pip install "bnnopt\[data\]"'):
        fetch_cqd_pbs(data_home=tmp_path)


def test_the_files_are_those_of_the_example():
    assert {path.name for path in Path(DATA).iterdir()} == {
        "si_subset_100.csv",
        "table1.csv",
        "SOURCE.md",
        "LICENSE-DATA",
    }
