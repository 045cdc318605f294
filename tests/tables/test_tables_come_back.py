"""Any table that is written is read back equal, whatever its levels, columns and spreadsheet."""

import csv
import tempfile
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from bnnopt import BayesianOptimizer, Categorical, Integer, Minimize, Real, SearchSpace
from bnnopt.campaign import write_table
from bnnopt.space import file_pool

EXAMPLES = 150

TRICKY = ["1", "007", "1e3", "1,5", "1.50", "True", "NaN", "nan", "None", "NA", "", " ", "'", "'=1", "=1+1"]
TRICKY += [
    "-5",
    "-x",
    "@a",
    "+b",
    "\tc",
    "a,b",
    "a;b",
    'a"b',
    "a\nb",
    "a\r\nb",
    "ä",
    "x [mL]",
    "inf",
    "#",
    "\ufeff",
]
TEXTS = st.one_of(st.sampled_from(TRICKY), st.text(st.characters(exclude_categories=["Cs"]), max_size=8))
OF_THE_PROJECT = ("score", "reason", "goal", "is_failed", "row")  # which no setting may have
NAMES = TEXTS.filter(lambda name: bool(name.strip()) and name not in OF_THE_PROJECT)


def without_three_decimals(numbers):
    """Between tabs and with a decimal comma these may be thousands too."""
    return numbers.filter(lambda x: f"{x!r}"[-4:-3] != ".")


ALL_NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
NUMBERS = without_three_decimals(ALL_NUMBERS)
OUTCOMES = without_three_decimals(ALL_NUMBERS.map(lambda x: x if abs(x) < 1e140 else x / 1e170))
"""Larger ones are refused."""


@st.composite
def tables(draw, texts=TEXTS):
    """A space with levels of any text, and runs in it, their columns in any order."""
    lot, x, n, y = draw(st.lists(texts.filter(str.strip), min_size=4, max_size=4, unique=True))
    assume(" [" not in y and y.strip() not in (lot, x, n))  # what the space does not know comes without unit
    levels = draw(st.lists(texts, min_size=1, max_size=5, unique=True))
    space = SearchSpace([Categorical(lot, levels), Real(x, 0, 1), Integer(n, 0, 9)])
    rows = st.tuples(
        st.sampled_from(levels), NUMBERS, st.integers(-(2**53), 2**53), st.one_of(OUTCOMES, st.just(np.nan))
    )
    runs = pd.DataFrame(draw(st.lists(rows, min_size=1, max_size=5)), columns=[lot, x, n, y])
    return space, runs[draw(st.permutations(list(runs.columns)))], y


def written(table, ending):
    folder = Path(tempfile.mkdtemp())
    write_table(table, folder / f"runs{ending}")
    return folder / f"runs{ending}"


def read(path, space):
    """The rows of a file, as the space says what they are, without the folder that it lies in."""
    blocks = list(file_pool(path, space, block_size=3))
    path.unlink()
    path.parent.rmdir()
    return pd.concat(blocks)


@settings(max_examples=EXAMPLES, deadline=None)
@given(tables(), st.sampled_from([".csv", ".parquet"]))
def test_what_is_written_is_read_back(case, ending):
    space, runs, _ = case
    assert_frame_equal(read(written(runs, ending), space), runs, check_dtype=False, check_exact=True)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    tables(),
    st.sampled_from([(",", "."), (";", "."), (";", ","), ("\t", "."), ("\t", ","), ("|", ".")]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"]),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(0, 2),
    st.sampled_from(["", "sep=", "\n"]),
)
def test_a_spreadsheet_of_any_locale_may_save_it_again(case, marks, encoding, end, n_blank, head):
    """Other separators, decimal marks, encodings and line ends; blank columns and rows; a line `sep=;`."""
    space, runs, y = case
    path = written(runs, ".csv")
    text = _as_saved(
        path.read_bytes().decode("utf-8-sig"), runs, [*space.names[1:], y], marks, end, n_blank, head
    )
    try:
        content = text.encode(encoding)
    except UnicodeEncodeError:
        assume(False)
    if encoding == "cp1252":
        assume(text.isascii() or not _is_utf8(content))
    path.write_bytes(content)
    came = read(path, space)
    assert_frame_equal(came, runs.set_axis(came.index), check_dtype=False, check_exact=True)


def _as_saved(text, runs, numbers, marks, end, n_blank, head):
    separator, mark = marks
    rows = list(csv.reader(StringIO(text, newline="")))
    is_number = [name in numbers for name in runs.columns]
    for row in rows[1:]:
        row[:] = [
            cell.replace(".", mark) if is_it else cell for cell, is_it in zip(row, is_number, strict=True)
        ]
    stream = StringIO(newline="")
    csv.writer(stream, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(
        [row + [""] * n_blank for row in rows] + [[""] * (len(row) + n_blank) for row in rows[:n_blank]]
    )
    return {"sep=": f"sep={separator}{end}", "\n": end, "": ""}[head] + stream.getvalue()


def _is_utf8(content):
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def as_structured(table):
    kinds = [
        (name, table[name].dtype if table[name].dtype.kind in "fi" else object) for name in table.columns
    ]
    return np.array(list(table.itertuples(index=False, name=None)), dtype=kinds)


KINDS = {
    "pandas": lambda table: table,
    "polars": lambda table: pl.DataFrame({name: table[name].tolist() for name in table.columns}),
    "pyarrow": lambda table: pa.table({name: table[name].tolist() for name in table.columns}),
    "structured": as_structured,
    "mapping": lambda table: {name: table[name].tolist() for name in table.columns},
    "rows": lambda table: table.to_dict("records"),
}


@settings(max_examples=EXAMPLES, deadline=None)
@given(case=tables(), kind=st.sampled_from(sorted(KINDS)))
def test_tables_of_any_library_go_by_name(case, kind):
    space, runs, y = case
    runs = runs.drop(columns=space.names[1]).assign(**{space.names[1]: np.linspace(0, 1, len(runs))})[
        runs.columns
    ]
    optimizer = BayesianOptimizer(space, [Minimize(y)], surrogate="gaussian_process", random_state=0)
    optimizer.tell(KINDS[kind](runs[space.names[::-1]]), KINDS[kind](runs))
    told = optimizer.data[runs.columns]
    assert_frame_equal(told, runs, check_dtype=False, check_exact=True)
    assert space.encode(KINDS[kind](runs)).tolist() == space.encode(runs).tolist()
    assert space.is_inside(KINDS[kind](runs)).tolist() == space.is_inside(runs).tolist()
