"""Where the runs lie in the space, and what the model expects between them."""

from itertools import combinations
from typing import Any

import numpy as np

from bnnopt.plotting import CoverageDisplay, MapDisplay, SliceDisplay
from bnnopt.report._asked import runs_table
from bnnopt.report._blocks import Figure, Group, Section
from bnnopt.report._data import ReportData
from bnnopt.report._figures import (
    BEST,
    FAILED,
    axis,
    band,
    hover,
    layout,
    line,
    points,
    shown,
    with_unit,
)
from bnnopt.report._quality import NO_MODEL
from bnnopt.report._sensitivities import Effects, centre_of, important_numbers
from bnnopt.report._units import log_axis
from bnnopt.report._words import Z95, count, number, rounded

__all__ = ["coverage_of_space", "failures", "maps_and_slices"]

N_POINTS = 60  # of a slice
N_CELLS = 36  # of a map, along each side
N_MAPPED = 3  # settings of which maps are drawn, two at a time
HEIGHT_OF_STRIP = 30
FAINT = {"color": "--blue", "size": 6, "opacity": 0.45}
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


def maps_and_slices(data: ReportData, found: Effects | None) -> Section:
    """Return the section on what the model expects along settings and over two of them."""
    title = "Maps and slices"
    if found is None:
        return Section("maps", title, [NO_MODEL.format(n=data.optimizer.n_initial)])
    centre = f"those of run {data.best['id']}, the best" if data.best is not None else "those of the last run"
    text = (
        f"Slices and maps go through one run: all other settings are {centre}. Points are all measured runs, "
        "which differ in the other settings too; the pointer says which run a point is. Dashed lines and white "
        "cells break a constraint between settings."
    )
    groups = [_group(data, found, name) for name in data.optimizer.outputs]
    return Section("maps", title, [text], groups=groups)


def _strips(data: ReportData) -> Figure:
    """Return one line of points for each setting, from its lower to its upper bound."""
    data_rows, is_failed = data.told, data.told["is_failed"].to_numpy(bool)
    traces = []
    for is_kind, label, look in ((~is_failed, "measured", STRIP), (is_failed, "failed", FAILED)):
        if is_kind.any():
            traces.append(_strip(data, data_rows[is_kind], label, look))
    ends = [data.space.ranges[name] for name in data.numbers]
    units = data.optimizer.units
    ticks = [
        f"{with_unit(name, units[name])}<br>{number(low)} … {number(high)}"
        for name, (low, high) in zip(map(shown, data.numbers), ends, strict=True)
    ]
    places = list(range(len(ticks)))
    frame = {"tickvals": places, "ticktext": ticks, "range": [len(ticks) - 0.4, -0.6], "showgrid": False}
    edges = [line([x, x], [-0.5, len(ticks) - 0.5], line={"color": "--line", "width": 1}) for x in (0, 1)]
    return Figure(
        "Every run, setting by setting",
        f"{count(len(data.ids), 'run')} between the lower (left) and the upper bound (right) of "
        f"{count(len(ticks), 'setting')}; {_outside(data)}.",
        [*edges, *traces],
        layout(axis("from lower to upper bound", showticklabels=False), axis(**frame)),
        height=130 + (HEIGHT_OF_STRIP + 10) * len(ticks),
        is_wide=True,
    )


def _strip(data: ReportData, rows: Any, label: str, look: Any) -> dict[str, Any]:
    shift = np.random.default_rng(0).uniform(-0.25, 0.25, len(rows))
    x = [_place(data, name, rows[name].to_numpy(float)) for name in data.numbers]
    y = [place + shift for place in range(len(x))]
    values = [text for name in data.numbers for text in _cells(data, rows, name)]
    ids = rows["id"].tolist() * len(x)
    return points(
        np.concatenate(x),
        np.round(np.concatenate(y), 2),
        ids,
        "<b>%{text}</b><br>%{customdata}<extra></extra>",
        name=label,
        marker=look,
        customdata=values,
    )


def _cells(data: ReportData, rows: Any, name: str) -> list[str]:
    unit = data.optimizer.units[name]
    return [shown(f"{name} {number(value)} {unit}".rstrip()) for value in rows[name]]


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
        ids = _taken(data.ids, done)
        traces.append(points(display.x[done], display.y[done], ids, with_value, marker=look))
    traces += _failed_points(data, display, template)
    return Figure(
        f"Runs in the plane of {names[0]} and {names[1]}",
        f"Measured runs coloured by {display.outcome_label}; {count(int(display.failed.sum()), 'failed run')} "
        "as crosses.",
        traces,
        _layout_of(data, names),
        height=420,
        is_wide=True,
    )


def _failed_points(data: ReportData, display: CoverageDisplay, template: str) -> list[dict[str, Any]]:
    failed = display.failed
    if not failed.any():
        return []
    ids = _taken(data.ids, failed)
    return [points(display.x[failed], display.y[failed], ids, template, name="failed", marker=FAILED)]


def _failed_plane(data: ReportData, names: tuple[str, str], is_failed: np.ndarray) -> Figure:
    display = CoverageDisplay.from_optimizer(data.optimizer, names)
    template = hover((names[0], "x", display.x_unit), (names[1], "y", display.y_unit))
    done, look = ~display.failed, {"color": "--muted", "size": 6, "opacity": 0.6}
    ids = _taken(data.ids, done)
    traces = [points(display.x[done], display.y[done], ids, template, name="measured", marker=look)]
    medians = [_medians(data, name, is_failed) for name in names]
    return Figure(
        f"Where runs failed: {names[0]} and {names[1]}",
        f"The two settings in which failed and measured runs differ most. Medians: {'; '.join(medians)}.",
        [*(traces if done.any() else []), *_failed_points(data, display, template)],
        _layout_of(data, names),
        height=400,
        is_wide=True,
    )


def _medians(data: ReportData, name: str, is_failed: np.ndarray) -> str:
    unit, values = data.optimizer.units[name], data.told[name].to_numpy(float)
    said = f"{name} {number(np.median(values[is_failed]))} {unit}".rstrip() + " of failed runs"
    if is_failed.all():
        return said
    return f"{said}, {number(np.median(values[~is_failed]))} {unit}".rstrip() + " of measured ones"


def _parting(data: ReportData, names: list[str], is_failed: np.ndarray) -> list[str]:
    """Return settings, first those in which failed runs differ most from the others, by their ranks."""
    if is_failed.all():
        return names

    def difference(name: str) -> float:
        ranks = data.told[name].rank(pct=True).to_numpy()
        return -abs(float(ranks[is_failed].mean() - ranks[~is_failed].mean()))

    return sorted(names, key=difference)


def _group(data: ReportData, found: Effects, name: str) -> Group:
    numbers = important_numbers(data, found)
    pairs = list(combinations(numbers[:N_MAPPED], 2))
    figures = [_map(data, name, pair) for pair in pairs]
    for each in found.order:
        if each in data.numbers:
            figures.append(_slice(data, name, each))
        elif each not in data.space.ranges:
            figures.append(_levels(data, name, each))
    return Group(with_unit(name, data.optimizer.units[name]), figures=figures)


def _row(data: ReportData) -> Any:
    """Return the row through which slices go, None for the best one."""
    if data.best is not None:
        return None
    rows = data.told[~data.told["is_failed"]]
    return rows[data.space.names].iloc[[-1]].reset_index(drop=True)


def _slice(data: ReportData, outcome: str, name: str) -> Figure:
    display = SliceDisplay.from_optimizer(
        data.optimizer, name, row=_row(data), outcome=outcome, n_points=N_POINTS
    )
    x_unit, y_unit = display.x_unit, display.y_unit
    template = hover((name, "x", x_unit), (outcome, "y", y_unit))
    std = display.std if display.std is not None else np.zeros(len(display.x))
    traces = band(display.x, display.mean - Z95 * std, display.mean + Z95 * std)
    kept = np.where(display.is_allowed, display.mean, np.nan)
    traces.append(line(display.x, kept))
    if not display.is_allowed.all():
        traces.append(line(display.x, display.mean, line={"color": "--ink", "width": 1.2, "dash": "dot"}))
    there = ~np.isnan(display.measured[1])
    x, y = (each[there] for each in display.measured)
    traces.append(points(x, y, _taken(data.ids, there), template, marker=FAINT))
    traces += _best_point(data, name, outcome, template)
    low, high = display.mean.min(), display.mean.max()
    return Figure(
        f"{outcome} along {name}",
        f"Expected {outcome} from {number(display.mean[0])} at {number(display.x[0])} to "
        f"{number(display.mean[-1])} at {number(display.x[-1])} {x_unit}".rstrip()
        + f", between {number(low)} and {number(high)} {y_unit}".rstrip()
        + ".",
        traces,
        layout(axis(name, x_unit, **_log(data, name)), axis(outcome, y_unit)),
        height=290,
    )


def _best_point(data: ReportData, x: str, y: str, template: str) -> list[dict[str, Any]]:
    if data.best is None:
        return []
    return [points([data.best[x]], [data.best[y]], [f"{data.best['id']}, the best"], template, marker=BEST)]


def _levels(data: ReportData, outcome: str, name: str) -> Figure:
    """Return what the model expects of each level, with the runs of each."""
    variable = next(each for each in data.space.variables if each.name == name)
    levels = list(getattr(variable, "levels", ()) or ())
    rows = centre_of(data).iloc[np.zeros(len(levels), dtype=int)].reset_index(drop=True)
    table = data.optimizer.predict(rows.assign(**{name: levels}))
    mean, std = table[f"{outcome}_mean"].to_numpy(), table[f"{outcome}_std"].to_numpy()
    unit = data.optimizer.units[outcome]
    template = hover((outcome, "y", unit))
    done = ~data.told["is_failed"].to_numpy(bool)
    told = data.told[done]
    places = {level: place for place, level in enumerate(levels)}
    shift = np.random.default_rng(0).uniform(-0.18, 0.18, len(told))
    x = np.array([places.get(level, np.nan) for level in told[name]], dtype=float) + shift
    bars = {"type": "data", "array": rounded(Z95 * std), "color": "--ink", "thickness": 1.5, "width": 6}
    expected = {
        **points(
            range(len(levels)),
            mean,
            [],
            template,
            marker={
                "color": "--ink",
                "size": 10,
                "symbol": "line-ew",
                "line": {"color": "--ink", "width": 3},
            },
        ),
        "error_y": bars,
    }
    expected["text"] = [f"{shown(level)}, expected" for level in levels]
    ticks = {"tickvals": list(range(len(levels))), "ticktext": [shown(level) for level in levels]}
    top = levels[int(np.argmax(mean))]
    return Figure(
        f"{outcome} by {name}",
        f"Expected {outcome} is largest for {top} ({number(mean.max())} {unit}".rstrip()
        + f") and smallest for {levels[int(np.argmin(mean))]} ({number(mean.min())} {unit}".rstrip()
        + ").",
        [points(x, told[outcome], told["id"].tolist(), template, marker=FAINT), expected],
        layout(axis(name, data.optimizer.units[name], **ticks), axis(outcome, unit)),
        height=290,
    )


def _map(data: ReportData, outcome: str, names: tuple[str, str]) -> Figure:
    display = MapDisplay.from_optimizer(
        data.optimizer, names, row=_row(data), outcome=outcome, n_points=N_CELLS
    )
    unit = display.value_unit
    x, y = (_middles(edges) for edges in (display.x_edges, display.y_edges))
    heat = {
        "type": "heatmap",
        "x": rounded(x),
        "y": rounded(y),
        "z": _grid(display.values),
        "customdata": _grid(Z95 * display.contour),
        "colorscale": COLORS,
        "colorbar": {"title": {"text": shown(with_unit(outcome, unit)), "side": "right"}, "thickness": 12},
        "hovertemplate": f"expected {shown(outcome)}: %{{z}} ± %{{customdata}} {shown(unit)}".rstrip()
        + f"<br>{shown(names[0])} %{{x}}, {shown(names[1])} %{{y}}<extra></extra>",
    }
    template = hover((names[0], "x", display.x_unit), (names[1], "y", display.y_unit))
    failed = data.told["is_failed"].to_numpy(bool)
    look = {"color": "--ground", "size": 6, "line": {"color": "--ink", "width": 1}}
    across, up = display.measured
    traces = [heat, points(across[~failed], up[~failed], _taken(data.ids, ~failed), template, marker=look)]
    if failed.any():
        traces.append(
            points(
                across[failed], up[failed], _taken(data.ids, failed), template, name="failed", marker=FAILED
            )
        )
    traces += _best_point(data, names[0], names[1], template)
    finite = display.values[np.isfinite(display.values)]
    said = (
        f"between {number(finite.min())} and {number(finite.max())} {unit}".rstrip()
        if len(finite)
        else "nowhere"
    )
    return Figure(
        f"{outcome} over {names[0]} and {names[1]}",
        f"Expected {outcome} is {said}; circles are measured runs, the star the best.",
        traces,
        _layout_of(data, names),
        height=400,
    )


def _grid(values: Any) -> list[list[float | None]]:
    flat = rounded(np.asarray(values).ravel())
    width = np.shape(values)[1]
    return [flat[start : start + width] for start in range(0, len(flat), width)]


def _middles(edges: np.ndarray) -> np.ndarray:
    return (edges[:-1] + edges[1:]) / 2


def _layout_of(data: ReportData, names: tuple[str, str]) -> dict[str, Any]:
    x, y = (axis(name, data.optimizer.units[name], **_log(data, name)) for name in names)
    return layout(x, y)


def _log(data: ReportData, name: str) -> dict[str, Any]:
    return log_axis(next(each for each in data.space.variables if each.name == name))


def _taken(ids: list[str], chosen: Any) -> list[str]:
    return [each for each, is_chosen in zip(ids, chosen, strict=True) if is_chosen]
