"""Where the runs lie in the space, and which of them failed."""

from typing import Any

import numpy as np

from bnnopt.plotting import CoverageDisplay
from bnnopt.report._asked import runs_table, writers
from bnnopt.report._blocks import Figure, Section
from bnnopt.report._data import ReportData
from bnnopt.report._figures import (
    FAILED,
    MANY,
    axis,
    hover,
    layout,
    line,
    points,
    shortened,
    shown,
    taken,
    with_unit,
)
from bnnopt.report._sensitivities import Effects, important_numbers
from bnnopt.report._units import plane_layout
from bnnopt.report._words import count, number, rounded

__all__ = ["coverage_of_space", "failures"]

HEIGHT_OF_STRIP = 40
STRIP = {"color": "--blue", "size": 6, "opacity": 0.5}
COLORS = "Viridis"
EDGE = {"color": "--ground", "width": 0.7}


def coverage_of_space(data: ReportData, found: Effects | None) -> Section:
    """Return the section on where runs lie."""
    title = "Coverage of the space"
    if not data.ids:
        return Section("coverage", title, ["No run has come back yet."])
    names = important_numbers(data, found)
    figures = [_strips(data)] if data.numbers else []
    if len(names) > 1:
        figures.append(_plane(data, (names[0], names[1])))
    return Section("coverage", title, figures=figures, tables=[])


def failures(data: ReportData, found: Effects | None) -> Section:
    """Return the section on failed runs."""
    title, is_failed = "Failures", data.told["is_failed"].to_numpy(bool)
    if not is_failed.any():
        return Section("failures", title, ["No run failed."] if data.ids else ["No run has come back yet."])
    rows = data.runs[data.is_told][is_failed]
    text = f"{int(is_failed.sum())} of {count(len(data.ids), 'run')} that came back failed."
    names = _parting(data, important_numbers(data, found), is_failed)
    figures = [_failed_plane(data, (names[0], names[1]), is_failed)] if len(names) > 1 else []
    return Section("failures", title, [text], figures, [runs_table(data, rows, "Failed runs")])


def _strips(data: ReportData) -> Figure:
    """Return one line of points for each setting, from its lower to its upper bound."""
    rows, is_failed = data.told, data.told["is_failed"].to_numpy(bool)
    kinds = [("measured", rows[~is_failed], STRIP), ("failed", rows[is_failed], FAILED)]
    traces = [
        {**_strip(data, part, name, place), "name": label, "marker": look, "showlegend": place == 0}
        for label, part, look in kinds
        if len(part)
        for place, name in enumerate(data.numbers)
    ]
    units = data.optimizer.units
    ticks = [
        f"{shown(shortened(with_unit(name, units[name])))}<br>{number(low)} … {number(high)}"
        for name, (low, high) in ((name, data.space.ranges[name]) for name in data.numbers)
    ]
    last = len(ticks) - 0.5
    frame = {"tickvals": list(range(len(ticks))), "ticktext": ticks, "range": [last, -0.5], "showgrid": False}
    edges = [line([x, x], [-0.5, last], line={"color": "--line", "width": 1}) for x in (0, 1)]
    return Figure(
        "Every run, setting by setting",
        f"{count(len(data.ids), 'run')} between the lower (left) and the upper bound (right) of "
        f"{count(len(ticks), 'setting')}; {_outside(data)}.",
        [*edges, *traces],
        layout(axis("from lower to upper bound", showticklabels=False, showgrid=False), axis(**frame)),
        height=130 + HEIGHT_OF_STRIP * len(ticks),
        is_wide=True,
    )


def _strip(data: ReportData, rows: Any, name: str, place: int) -> dict[str, Any]:
    """Return the points of one setting, shifted so that they do not hide each other."""
    values = rows[name].to_numpy(float)
    shift = np.random.default_rng(0).uniform(-0.25, 0.25, len(rows))
    template = hover((name, "customdata", data.optimizer.units[name]))
    trace = points(
        np.round(_place(data, name, values), 3),
        np.round(place + shift, 2),
        rows["id"].tolist(),
        template,
        customdata=rounded(values),
        legendgroup="failed" if rows["is_failed"].iloc[0] else "measured",
    )
    is_many = len(data.ids) * len(data.numbers) > MANY
    return {**trace, "type": "scattergl" if is_many else "scatter"}


def _place(data: ReportData, name: str, values: np.ndarray) -> np.ndarray:
    """Return where values lie between the bounds of a setting, 0 to 1, on its own scale."""
    low, high = data.space.ranges[name]
    variable = next(each for each in data.space.variables if each.name == name)
    if getattr(variable, "scale", "linear") == "log":
        return np.asarray(np.log(values / low) / np.log(high / low))
    return np.asarray((values - low) / (high - low))


def _outside(data: ReportData) -> str:
    beyond = np.zeros(len(data.told), dtype=bool)
    for name in data.numbers:
        places = _place(data, name, data.told[name].to_numpy(float))
        beyond |= (places < -1e-9) | (places > 1 + 1e-9)
    return f"{count(int(beyond.sum()), 'run')} beyond a bound" if beyond.any() else "none is beyond a bound"


def _plane(data: ReportData, names: tuple[str, str]) -> Figure:
    display = CoverageDisplay.from_optimizer(data.optimizer, names)
    done = ~display.failed
    unit = display.outcome_unit
    template = hover((names[0], "x", display.x_unit), (names[1], "y", display.y_unit))
    with_value = template.replace(
        "<extra>", f"<br>{shown(display.outcome_label)}: %{{marker.color}} {shown(unit)}<extra>"
    )
    traces = []
    if done.any():
        bar = {
            "title": {"text": shown(with_unit(display.outcome_label, unit)), "side": "right"},
            "thickness": 12,
        }
        look = {
            "size": 9,
            "color": rounded(display.outcome[done]),
            "colorscale": COLORS,
            "colorbar": bar,
            "line": EDGE,
        }
        ids = taken(data.ids, done)
        traces.append(points(display.x[done], display.y[done], ids, with_value, marker=look))
    traces += _failed_points(data, display, template)
    return Figure(
        f"Runs in the plane of {names[0]} and {names[1]}",
        f"Measured runs coloured by {display.outcome_label}; "
        f"{count(int(display.failed.sum()), 'failed run')} as crosses.",
        traces,
        plane_layout(data, names),
        height=420,
        is_wide=True,
    )


def _failed_points(data: ReportData, display: CoverageDisplay, template: str) -> list[dict[str, Any]]:
    failed = display.failed
    if not failed.any():
        return []
    ids = taken(data.ids, failed)
    return [points(display.x[failed], display.y[failed], ids, template, name="failed", marker=FAILED)]


def _failed_plane(data: ReportData, names: tuple[str, str], is_failed: np.ndarray) -> Figure:
    display = CoverageDisplay.from_optimizer(data.optimizer, names)
    template = hover((names[0], "x", display.x_unit), (names[1], "y", display.y_unit))
    done, look = ~display.failed, {"color": "--muted", "size": 6, "opacity": 0.6}
    ids = taken(data.ids, done)
    traces = [points(display.x[done], display.y[done], ids, template, name="measured", marker=look)]
    why = "" if is_failed.all() else "The two settings in which failed and measured runs differ most. "
    medians = [_medians(data, name, is_failed) for name in names]
    return Figure(
        f"Where runs failed: {names[0]} and {names[1]}",
        f"{why}Medians: {'; '.join(medians)}.",
        [*(traces if done.any() else []), *_failed_points(data, display, template)],
        plane_layout(data, names),
        height=400,
        is_wide=True,
    )


def _medians(data: ReportData, name: str, is_failed: np.ndarray) -> str:
    unit, values, write = data.optimizer.units[name], data.told[name].to_numpy(float), writers(data)[name]
    said = f"{name} {write(np.median(values[is_failed]))} {unit}".rstrip() + " of failed runs"
    if is_failed.all():
        return said
    return f"{said}, {write(np.median(values[~is_failed]))} {unit}".rstrip() + " of measured ones"


def _parting(data: ReportData, names: list[str], is_failed: np.ndarray) -> list[str]:
    """Return settings, first those in which failed runs differ most from the others, by their ranks."""
    if is_failed.all():
        return names

    def difference(name: str) -> float:
        ranks = data.told[name].rank(pct=True).to_numpy()
        return -abs(float(ranks[is_failed].mean() - ranks[~is_failed].mean()))

    return sorted(names, key=difference)
