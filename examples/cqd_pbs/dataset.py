"""The PbS quantum dot syntheses of the paper: 100 rows kept here, Table 1, one's own file, the full table.

Source: O. Voznyy et al., ACS Nano 2019, 13, 11122-11128, DOI 10.1021/acsnano.9b03864. The data are
CC BY-NC 4.0 (`data/LICENSE-DATA`); `data/SOURCE.md` tells what the columns mean and how rows were chosen.
"""

import json
import logging
import os
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
from preparation import INPUTS, OUTCOMES, DataSummary, cohort_of, is_failed, parse_source, summarize
from sklearn.utils import Bunch

from bnnopt._validation import numeric_frame
from bnnopt.exceptions import DataFetchError, InvalidDataError

__all__ = ["fetch_cqd_pbs", "load_cqd_pbs", "load_table1"]

DATA = Path(__file__).parent / "data"
UNITS = {
    "T_outdoor_C": "°C",
    "PbOA2_mL": "mL",
    "ODE_Pb_mL": "mL",
    "OLA_mL": "mL",
    "T_inj_C": "°C",
    "TMS2S_uL": "µL",
    "ODE_S_mL": "mL",
    "Cl_hot_mM": "mM",
    "Cl_60C_mM": "mM",
    "peak_nm": "nm",
    "peak_valley": "",
}
TABLE1_UNITS = {
    "target_nm": "nm",
    "peak_valley": "",
    "peak_valley_err": "",
    "hwhm_meV": "meV",
    "hwhm_meV_err": "meV",
}

API_URL = "https://api.figshare.com/v2/articles/9896762"
ARCHIVE = "nn9b03864_si_002.zip"
MEMBER = "full.dat"
DATA_DOI = "https://doi.org/10.1021/acsnano.9b03864.s002"
PUBLISHED = {"n_rows": 2552, "n_historical": 2315, "n_ml_guided": 237, "n_failed": 23}


def load_cqd_pbs(path: str | os.PathLike[str] | None = None, *, as_frame: bool = True) -> Bunch:
    """Load PbS syntheses: the 100 rows kept with this example, or a file.

    Parameters
    ----------
    path : path-like, optional
        A CSV file with the nine input columns and peak_nm, peak_valley; record_id, cohort and failed are
        worked out where they are not given. Or the published table as downloaded by hand: the archive
        nn9b03864_si_002.zip or its `full.dat` (any name ending in .zip or .dat). Default: the 100 rows.
    as_frame : bool, default=True
        Whether `data` and `target` are DataFrames (`frame` the whole table) or arrays (`frame` is None).

    Returns
    -------
    Bunch
        data (n, 9): the inputs, each in the unit of its column name; target (n, 2): peak_nm in nm and the
        dimensionless peak_valley, NaN where the synthesis failed; feature_names, target_names; units, column
        to unit ("" where there is none); cohort, failed and record_id, arrays of shape (n,); DESCR; frame.

    Raises
    ------
    InvalidDataError
        If a column is missing, a cell is not a number, an outcome is empty in a row that is not marked as
        failed, or the published table is not as published.
    """
    if path is None:
        return _bunch(_read_csv(DATA / "si_subset_100.csv"), _source_text(), as_frame)
    file = Path(path)
    if file.suffix.lower() in {".zip", ".dat"}:
        return _published(file, as_frame)
    return _bunch(_read_csv(file), f"Experiments read from {file.name}.", as_frame)


def load_table1(*, t_outdoor_c: float | None = None, as_frame: bool = True) -> Bunch:
    """Load Table 1 of the paper: the best recipe for each of six wavelengths, verified several times.

    Parameters
    ----------
    t_outdoor_c : float, optional
        Outdoor temperature in °C to stand in for the one that Table 1 does not record. Default: the median
        of the 100 rows (10 °C).
    as_frame : bool, default=True
        Whether `data` is a DataFrame or an array.

    Returns
    -------
    Bunch
        data (6, 9) in the columns of `load_cqd_pbs`, Cl_hot_mM being 0 because the table's PbCl2 was
        injected at 60 °C; target_nm (nm), peak_valley, peak_valley_err (dimensionless), hwhm_meV,
        hwhm_meV_err (meV), arrays of shape (6,), the errors as printed after ±; feature_names, units, DESCR.
    """
    table = pd.read_csv(DATA / "table1.csv", dtype=float)
    inputs = table.assign(T_outdoor_C=_usual_temperature(t_outdoor_c), Cl_hot_mM=0.0)[INPUTS]
    measured = {name: np.array(table[name]) for name in TABLE1_UNITS}
    return Bunch(
        data=inputs if as_frame else np.array(inputs),
        **measured,
        feature_names=list(INPUTS),
        units={**{name: UNITS[name] for name in INPUTS}, **TABLE1_UNITS},
        DESCR=f"Table 1 of the paper, its PbCl2 as Cl_60C_mM.\n\n{_source_text()}",
    )


def fetch_cqd_pbs(
    *,
    data_home: str | os.PathLike[str] | None = None,
    api_url: str = API_URL,
    timeout: float = 60.0,
    as_frame: bool = True,
) -> Bunch:
    """Fetch the full table of 2,552 syntheses from figshare, once; later calls read the verified copy.

    Parameters
    ----------
    data_home : path-like, optional
        Folder for the copy. Default: the environment variable BNNOPT_DATA, else the user's cache folder.
    api_url : str
        The article in figshare's public interface; its reply names the archive and its MD5.
    timeout : float, default=60
        Seconds to wait for each answer of the server, above 0.
    as_frame : bool, default=True
        As in `load_cqd_pbs`.

    Returns
    -------
    Bunch
        As from `load_cqd_pbs`.

    Raises
    ------
    DataFetchError
        If pooch is not installed, the server does not answer, or what came is not what was published; the
        message says which, and how to go on with a copy downloaded by hand.
    """
    try:
        import pooch
    except ImportError as error:
        raise _fetch_error('pooch is not installed: pip install "bnnopt[data]"') from error
    home = Path(data_home or os.environ.get("BNNOPT_DATA") or pooch.os_cache("bnnopt")) / "cqd_pbs"
    stored = _stored_article(home)
    article = stored or _ask_article(api_url, timeout)
    archive = _retrieve(*_archive_entry(article), home, timeout)
    try:
        bunch = _published(archive, as_frame)
    except InvalidDataError as error:
        raise _fetch_error(str(error)) from error
    if stored is None:
        (home / "article.json").write_text(json.dumps(article), encoding="utf-8")
    return bunch


def _source_text() -> str:
    return (DATA / "SOURCE.md").read_text(encoding="utf-8")


def _usual_temperature(t_outdoor_c: float | None) -> float:
    if t_outdoor_c is not None:
        return float(t_outdoor_c)
    return float(load_cqd_pbs().data["T_outdoor_C"].median())


def _bunch(frame: pd.DataFrame, description: str, as_frame: bool) -> Bunch:
    data, target = frame[INPUTS], frame[OUTCOMES]
    return Bunch(
        data=data if as_frame else np.array(data),
        target=target if as_frame else np.array(target),
        feature_names=list(INPUTS),
        target_names=list(OUTCOMES),
        units=dict(UNITS),
        cohort=np.array(frame["cohort"], dtype=str),
        failed=np.array(frame["failed"], dtype=bool),
        record_id=np.array(frame["record_id"], dtype=str),
        DESCR=description,
        frame=frame if as_frame else None,
    )


def _read_csv(file: Path) -> pd.DataFrame:
    """Read a table by column names; messages number the rows as a spreadsheet does, the header being 1."""
    try:
        raw = pd.read_csv(file, encoding="utf-8-sig", skip_blank_lines=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InvalidDataError(f"{file.name} cannot be read as a CSV file in UTF-8: {error}") from error
    raw = raw.set_axis(range(2, len(raw) + 2)).dropna(how="all")
    if raw.empty:
        raise InvalidDataError(f"{file.name} has no rows; one row per experiment is needed.")
    inputs = numeric_frame(raw, INPUTS, file.name)
    outcomes = numeric_frame(raw, OUTCOMES, file.name, allow_nan=True)
    failed = _failures(raw, outcomes, file.name)
    frame = _table(inputs, outcomes, failed, [f"row-{row:06d}" for row in raw.index])
    given = [name for name in ("record_id", "cohort") if name in raw.columns]
    return frame.assign(**{name: raw[name].astype(str).to_numpy() for name in given})


def _failures(raw: pd.DataFrame, outcomes: np.ndarray, what: str) -> np.ndarray:
    coded, empty = is_failed(*outcomes.T), np.isnan(outcomes)
    if "failed" not in raw.columns:
        marked = empty.all(axis=1)
    else:
        marked = numeric_frame(raw, ["failed"], what)[:, 0] != 0
    failed = coded | marked
    unclear = raw.index[empty.any(axis=1) & ~failed].tolist()
    if unclear:
        raise InvalidDataError(
            f"{what}: an outcome is empty in row(s) {unclear[:5]}, which are not marked as failed. "
            "Fill in peak_nm and peak_valley, or set failed to 1."
        )
    return failed


def _table(
    inputs: np.ndarray, outcomes: np.ndarray, failed: np.ndarray, record_id: list[str]
) -> pd.DataFrame:
    frame = pd.DataFrame(inputs, columns=INPUTS)
    frame[OUTCOMES] = np.where(failed[:, np.newaxis], np.nan, outcomes)
    return frame.assign(record_id=record_id, cohort=cohort_of(frame["PbOA2_mL"]), failed=failed)


def _published(file: Path, as_frame: bool) -> Bunch:
    """Read the published table and refuse one that has not its shape and counts."""
    content = _unzipped(file) if file.suffix.lower() == ".zip" else file.read_bytes()
    values = parse_source(content.decode("utf-8-sig", errors="replace"))
    inputs, outcomes = values[:, : len(INPUTS)], values[:, len(INPUTS) :]
    names = [f"pbs2019-{row:06d}" for row in range(1, len(values) + 1)]
    frame = _table(inputs, outcomes, is_failed(*outcomes.T), names)
    description = f"The full table of the Supporting Information, {len(frame):,} rows.\n\n{_source_text()}"
    bunch = _bunch(frame, description, as_frame)
    _check_counts(summarize(bunch))
    return bunch


def _check_counts(summary: DataSummary) -> None:
    found = asdict(summary)
    wrong = [
        f"{name} is {found[name]}, not {count}" for name, count in PUBLISHED.items() if found[name] != count
    ]
    if wrong:
        raise InvalidDataError(f"{MEMBER} is not the published table: {'; '.join(wrong)}")


def _unzipped(file: Path) -> bytes:
    try:
        with zipfile.ZipFile(file) as archive:
            members = [name for name in archive.namelist() if PurePosixPath(name).name.lower() == MEMBER]
            if not members:
                raise InvalidDataError(f"{file.name} has no {MEMBER} in it, only {archive.namelist()[:5]}")
            return archive.read(min(members, key=len))
    except zipfile.BadZipFile as error:
        raise InvalidDataError(f"{file.name} is not a zip archive") from error


def _fetch_error(problem: str) -> DataFetchError:
    return DataFetchError(
        f"The PbS data set could not be fetched: {problem}. Or download {ARCHIVE} by hand from {DATA_DOI} "
        "and pass it with --data FILE (in Python: load_cqd_pbs(FILE))."
    )


def _stored_article(home: Path) -> dict[str, Any] | None:
    """Return the reply kept next to the archive, or None when either is missing or the reply is damaged."""
    if not (home / ARCHIVE).exists() or not (home / "article.json").exists():
        return None
    try:
        return dict(json.loads((home / "article.json").read_text(encoding="utf-8")))
    except (TypeError, ValueError):
        return None


def _ask_article(api_url: str, timeout: float) -> dict[str, Any]:
    request = urllib.request.Request(api_url, headers={"Accept": "application/json", "User-Agent": "bnnopt"})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as reply:
            return dict(json.load(reply))
    except urllib.error.HTTPError as error:
        error.close()
        raise _fetch_error(f"{api_url} answered HTTP {error.code} ({error.reason})") from error
    except (OSError, HTTPException) as error:
        raise _fetch_error(f"{api_url} could not be reached ({error})") from error
    except (TypeError, ValueError) as error:
        raise _fetch_error(f"{api_url} did not answer with a JSON object ({error})") from error


def _archive_entry(article: dict[str, Any]) -> tuple[str, str]:
    """Return the address and the MD5 of the archive."""
    files = article.get("files", [])
    for entry in files:
        if entry.get("name") == ARCHIVE:
            checksum = entry.get("computed_md5") or entry.get("supplied_md5")
            if checksum and entry.get("download_url"):
                return entry["download_url"], checksum
            raise _fetch_error(f"the article gives no address or no MD5 for {ARCHIVE}")
    raise _fetch_error(f"the article has no file {ARCHIVE}, only {[entry.get('name') for entry in files]}")


def _retrieve(url: str, checksum: str, home: Path, timeout: float) -> Path:
    """Download the archive unless the copy at hand has the MD5."""
    import pooch

    downloader = pooch.HTTPDownloader(timeout=timeout, headers={"User-Agent": "bnnopt"})
    try:
        with _quiet(pooch.get_logger()):
            return Path(pooch.retrieve(url, f"md5:{checksum}", ARCHIVE, home, downloader=downloader))
    except OSError as error:
        raise _fetch_error(f"{url} could not be downloaded to {home} ({error})") from error
    except ValueError as error:
        raise _fetch_error(f"what {url} sent is not the published archive ({error})") from error


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    """Drop the logger's messages for the length of one call."""

    def drop(record: logging.LogRecord) -> bool:
        return False

    logger.addFilter(drop)
    try:
        yield
    finally:
        logger.removeFilter(drop)
