"""The next runs, and what was predicted of earlier ones against what came."""

from typing import Any

import numpy as np
import pandas as pd

from bnnopt._tables import with_columns
from bnnopt.objectives import split_objectives
from bnnopt.plotting import ParityDisplay
from bnnopt.report._asked import writers
from bnnopt.report._blocks import Cell, Column, Figure, Section, Table
from bnnopt.report._data import ReportData
from bnnopt.report._figures import axis, hover, layout, line, points
from bnnopt.report._words import Z95, count, interval, number, rounded

__all__ = ["next_runs", "predicted_and_measured"]

SHORT = 24  # runs of a figure with a line for each
INTERVAL = {"color": "--sky", "thickness": 1.2, "width": 0}
NEW = {"color": "--orange", "size": 8, "symbol": "diamond"}
OLD = {"color": "--blue", "size": 7, "opacity": 0.8}


def next_runs(data: ReportData) -> Section:
    """Return the section on planned and running runs."""
    rows = data.awaited
    if not len(rows):
        return Section("next", "Next runs", ["No run is planned or running."])
    told = f"{count(len(rows), 'run')} {'is' if len(rows) == 1 else 'are'} planned or running."
    intervals = [_with_interval(rows, name) for name in data.optimizer.outputs]
    if not any(each is not None for each in intervals):
        said = f"{told} Nothing is predicted of them: they were chosen before there was a model."
        return Section("next", "Next runs", [said], tables=[_next_table(data, rows)])
    figures = [
        _next_figure(data, name, rows, ends)
        for name, ends in zip(data.optimizer.outputs, intervals, strict=True)
        if ends is not None
    ]
    said = (
        f"{told} Intervals hold a new measurement with 95 % probability, as predicted when it was suggested."
    )
    return Section("next", "Next runs", [said], figures, [_next_table(data, rows)])


def predicted_and_measured(data: ReportData) -> Section:
    """Return the section that holds every batch ever suggested against what came of it."""
    title = "Predicted against measured"
    joined = _joined(data)
    if not len(joined):
        text = "Nothing suggested has come back yet."
        return Section("predicted", title, [text])
    found = [(name, _compared(joined, name)) for name in data.optimizer.outputs]
    figures = [_parity(data, name, rows) for name, rows in found if len(rows)]
    text = "What was predicted when a run was suggested, against what was measured then."
    if not figures:
        text = "Of the runs that came back nothing was predicted: they were chosen before there was a model."
    return Section("predicted", title, [text], figures, [_by_batch(data, joined)])


def _with_interval(rows: pd.DataFrame, name: str) -> pd.DataFrame | None:
    """Return id, mean, lower and upper of one outcome; None where nothing was predicted."""
    if f"{name}_mean" not in rows.columns:
        return None
    mean = pd.to_numeric(rows[f"{name}_mean"], errors="coerce")
    half = Z95 * pd.to_numeric(rows[f"{name}_std"], errors="coerce")
    lower = pd.to_numeric(rows[f"{name}_lower"], errors="coerce").fillna(mean - half)
    upper = pd.to_numeric(rows[f"{name}_upper"], errors="coerce").fillna(mean + half)
    table = pd.DataFrame({"id": rows["id"], "mean": mean, "lower": lower, "upper": upper})
    return table if mean.notna().any() else None


def _next_table(data: ReportData, rows: pd.DataFrame) -> Table:
    names = ["id", "status", *data.optimizer.space.names]
    shown = rows[names].copy()
    for name in data.optimizer.outputs:
        ends = _with_interval(rows, name)
        if ends is not None:
            shown[name] = [interval(*each) for each in ends[["mean", "lower", "upper"]].to_numpy()]
    if "reason" in rows.columns and rows["reason"].notna().any():
        shown["reason"] = rows["reason"].fillna("").astype(object)
    units = {name: unit for name, unit in data.optimizer.units.items() if unit}
    return Table.of("Next runs, predictions with 95 % intervals", shown, units=units, writers=writers(data))


def _next_figure(data: ReportData, name: str, rows: pd.DataFrame, ends: pd.DataFrame) -> Figure:
    unit = data.optimizer.units[name]
    there = ends.dropna(subset=["mean"])
    ids, write = there["id"].tolist(), writers(data)[f"{name}_mean"]
    places = [f"run {each}" for each in ids]
    bars = _bars("x", there["mean"], there["lower"], there["upper"])
    template = hover((name, "x", unit))
    trace = points(
        there["mean"], np.arange(len(ids)), ids, template, name="predicted, 95 %", marker=NEW, **bars
    )
    traces = [trace, *_best_line(data, name, len(ids))]
    is_named = len(ids) <= SHORT
    ticks = {"tickvals": list(range(len(ids))), "ticktext": places} if is_named else {"showticklabels": False}
    return Figure(
        f"{name} expected of the next runs",
        f"{name} of {count(len(ids), 'run')} is expected between {write(there['lower'].min())} and "
        f"{write(there['upper'].max())} {unit}".rstrip()
        + ".",
        traces,
        layout(axis(name, unit), axis(autorange="reversed", **ticks)),
        height=150 + 22 * min(len(ids), SHORT),
    )


def _best_line(data: ReportData, name: str, n: int) -> list[dict[str, Any]]:
    if data.best is None or len(split_objectives(data.optimizer.objectives)[0]) > 1:
        return []
    look = {"color": "--muted", "width": 1.5, "dash": "dash"}
    value = float(data.best[name])
    return [
        line([value, value], [-0.5, n - 0.5], name=f"measured of the best, run {data.best['id']}", line=look)
    ]


def _joined(data: ReportData) -> pd.DataFrame:
    """Return predictions of every run that came back, with what was measured."""
    told = data.told[["id", *data.optimizer.outputs, "is_failed"]]
    return data.predictions.merge(told, on="id", how="inner")


def _compared(joined: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return id, batch, measured, mean, std and ends where all of them are there."""
    ends = _with_interval(joined, name)
    if ends is None:
        return joined.iloc[:0]
    columns = {"batch": joined["batch_number"], "y": joined[name], "std": joined[f"{name}_std"].astype(float)}
    return with_columns(ends, columns).dropna()


def _parity(data: ReportData, name: str, rows: pd.DataFrame) -> Figure:
    unit = data.optimizer.units[name]
    display = ParityDisplay.from_predictions(
        rows["y"], rows["mean"], rows["std"], names=rows["id"].tolist(), label=name, unit=unit
    )
    inside = int(rows["y"].between(rows["lower"], rows["upper"]).sum())
    last = rows["batch"] == rows["batch"].max()
    kinds = [("earlier batches", ~last, OLD), (f"batch {int(rows['batch'].max())}, the latest", last, NEW)]
    template = hover(("measured", "x", unit), ("predicted", "y", unit), ("batch", "customdata", ""))
    traces = [
        points(
            part["y"],
            part["mean"],
            part["id"].tolist(),
            template,
            name=label,
            marker=look,
            customdata=part["batch"].astype(int).tolist(),
            **_bars("y", part["mean"], part["lower"], part["upper"]),
        )
        for label, chosen, look in kinds
        for part in [rows[chosen]]
        if len(part)
    ]
    return Figure(
        f"{name}: predicted when suggested, measured later",
        f"{inside} of {count(len(rows), 'measurement')} lie in the 95 % interval predicted; the mean "
        f"absolute error is {number(display.mae_, 3)} {unit}".rstrip()
        + ".",
        [diagonal(rows["y"], rows["mean"]), *traces],
        layout(axis(f"measured {name}", unit), axis(f"predicted {name}", unit)),
        height=380,
    )


def diagonal(x: Any, y: Any) -> dict[str, Any]:
    """Return the line on which prediction and measurement agree."""
    values = np.concatenate([np.asarray(x, dtype=float), np.asarray(y, dtype=float)])
    ends = [float(values.min()), float(values.max())]
    return line(ends, ends, name="equal", line={"color": "--muted", "width": 1, "dash": "dash"})


def _bars(name: str, middle: pd.Series, lower: pd.Series, upper: pd.Series) -> dict[str, Any]:
    bars = {
        "type": "data",
        "array": rounded(upper - middle),
        "arrayminus": rounded(middle - lower),
        **INTERVAL,
    }
    return {f"error_{name}": bars}


def _by_batch(data: ReportData, joined: pd.DataFrame) -> Table:
    columns = [Column("batch", "", True), Column("suggested", "", True), Column("came back", "", True)]
    columns += [Column("failed", "", True)]
    for name in data.optimizer.outputs:
        unit = data.optimizer.units[name]
        columns += [
            Column(f"{name} in the 95 % interval"),
            Column(f"{name}: mean absolute error", unit, True),
        ]
    rows = [_batch_row(data, joined, n, len(table)) for n, table in enumerate(data.suggestions, start=1)]
    return Table("Batches", columns, rows, is_folded=len(rows) > SHORT)


def _batch_row(data: ReportData, joined: pd.DataFrame, batch: int, n_suggested: int) -> list[Cell]:
    part = joined[joined["batch_number"] == batch]
    cells = [batch, n_suggested, len(part), int(part["is_failed"].sum())]
    row = [Cell(str(each)) for each in cells]
    for name in data.optimizer.outputs:
        rows = _compared(part, name)
        inside = int(rows["y"].between(rows["lower"], rows["upper"]).sum()) if len(rows) else 0
        error = (rows["y"] - rows["mean"]).abs().mean() if len(rows) else None
        said = f"{inside} of {len(rows)}" if len(rows) else number(None)
        row += [Cell(said), Cell(number(error, 3), None if error is None else float(f"{error:.6g}"))]
    return row
