"""What the model expects along each setting, and over two of them."""

from itertools import combinations
from typing import Any

import numpy as np

from bnnopt.inspection import attainable_map
from bnnopt.objectives import split_objectives
from bnnopt.plotting import MapDisplay, SliceDisplay
from bnnopt.report._asked import writers
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
    taken,
    with_unit,
)
from bnnopt.report._quality import NO_MODEL
from bnnopt.report._sensitivities import Effects, important_numbers
from bnnopt.report._units import plane_layout, scale_of
from bnnopt.report._words import Z95, rounded, writer_like

__all__ = ["maps_and_slices"]

N_POINTS = 60  # of a slice
N_CELLS = 36  # of a map, along each side
N_BEST_CELLS = 16
N_RECIPES = 2048  # of which the best in each cell are refined
N_MAPPED = 3  # settings of which maps are drawn, two at a time
FAINT = {"color": "--blue", "size": 6, "opacity": 0.45}
ON_MAP = {"color": "--ground", "size": 6, "line": {"color": "--ink", "width": 1}}
COLORS = "Viridis"
LEVEL = {"color": "--ink", "size": 10, "symbol": "line-ew", "line": {"color": "--ink", "width": 3}}


def maps_and_slices(data: ReportData, found: Effects | None) -> Section:
    """Return the section on what the model expects along settings and over two of them."""
    title = "Maps and slices"
    if found is None:
        return Section("maps", title, [NO_MODEL.format(n=data.optimizer.n_initial)])
    centre = f"those of run {data.best['id']}, the best" if data.best is not None else "those of the last run"
    text = (
        f"Slices and maps go through one run: all other settings are {centre}. Points are all measured runs, "
        "which differ in the other settings too; the pointer says which run a point is. A map of the best "
        "shows in each cell the recipe of the highest expected utility that keeps all limits. Bands hold a "
        "new measurement with 95 % probability. Dotted lines and white cells break a constraint between "
        "settings."
    )
    groups = [group for name in data.optimizer.outputs for group in _groups(data, found, name)]
    return Section("maps", title, [text], groups=groups)


def _groups(data: ReportData, found: Effects, outcome: str) -> list[Group]:
    pairs = list(combinations(important_numbers(data, found, outcome)[:N_MAPPED], 2))
    slices = [
        _slice(data, outcome, name) if name in data.numbers else _levels(data, outcome, name)
        for name in found.order(outcome)
        if name in data.numbers or name not in data.space.ranges
    ]
    name = with_unit(outcome, data.optimizer.units[outcome])
    maps = [_map(data, outcome, pair) for pair in pairs]
    groups = [
        Group(f"{name}: maps", [*_best_map(data, outcome, pairs[0]), *maps] if pairs else [], is_dense=True),
        Group(f"{name}: slices", slices, is_dense=True),
    ]
    return [group for group in groups if group.figures]


def _slice(data: ReportData, outcome: str, name: str) -> Figure:
    display = SliceDisplay.from_optimizer(
        data.optimizer, name, row=data.centre, outcome=outcome, n_points=N_POINTS
    )
    x_unit, y_unit = display.x_unit, display.y_unit
    template = hover((name, "x", x_unit), (outcome, "y", y_unit))
    traces = [] if display.interval is None else band(display.x, *display.interval)
    there = ~np.isnan(display.measured[1])
    x, y = (each[there] for each in display.measured)
    traces.append(points(x, y, taken(data.ids, there), template, marker=FAINT))
    kept = np.where(display.is_allowed, display.mean, np.nan)
    traces.append(line(display.x, kept))
    if not display.is_allowed.all():
        traces.append(line(display.x, display.mean, line={"color": "--ink", "width": 1.2, "dash": "dot"}))
    traces += _best_point(data, name, outcome, template)
    return Figure(
        f"{outcome} along {name}",
        _said_of_slice(data, display),
        traces,
        layout(axis(name, x_unit, **scale_of(data, name)), axis(outcome, y_unit)),
        height=290,
    )


def _said_of_slice(data: ReportData, display: SliceDisplay) -> str:
    """Return the ends of a slice, its top and its bottom."""
    write_x, write_y = writer_like(display.x), writers(data)[f"{display.y_label}_mean"]

    def at(place: int) -> str:
        y = f"{write_y(display.mean[place])} {display.y_unit}".rstrip()
        return f"{y} at {write_x(display.x[place])} {display.x_unit}".rstrip()

    top, bottom = int(np.argmax(display.mean)), int(np.argmin(display.mean))
    return f"Expected: {at(0)}, {at(-1)}; most {at(top)}, least {at(bottom)}."


def _best_point(data: ReportData, x: str, y: str, template: str) -> list[dict[str, Any]]:
    if data.best is None:
        return []
    return [points([data.best[x]], [data.best[y]], [f"{data.best['id']}, the best"], template, marker=BEST)]


def _levels(data: ReportData, outcome: str, name: str) -> Figure:
    """Return what the model expects of each level, with the runs of each."""
    variable = next(each for each in data.space.variables if each.name == name)
    levels = list(getattr(variable, "levels", ()) or ())
    rows = data.centre.iloc[np.zeros(len(levels), dtype=int)].reset_index(drop=True)
    rows[name] = levels
    mean = data.optimizer.predict(rows)[f"{outcome}_mean"].to_numpy()
    ends = data.optimizer.intervals(rows)
    over, under = ends[f"{outcome}_upper"] - mean, mean - ends[f"{outcome}_lower"]
    unit = data.optimizer.units[outcome]
    template = hover((outcome, "y", unit))
    done = ~data.told["is_failed"].to_numpy(bool)
    told = data.told[done]
    places = {level: place for place, level in enumerate(levels)}
    shift = np.random.default_rng(0).uniform(-0.18, 0.18, len(told))
    x = np.array([places.get(level, np.nan) for level in told[name]], dtype=float) + shift
    bars = {
        "type": "data",
        "array": rounded(over),
        "arrayminus": rounded(under),
        "color": "--ink",
        "thickness": 1.5,
        "width": 6,
    }
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
    top, bottom, write = int(np.argmax(mean)), int(np.argmin(mean)), writers(data)[f"{outcome}_mean"]
    return Figure(
        f"{outcome} by {name}",
        f"Expected {outcome} is largest for {levels[top]}, {write(mean[top])} {unit}".rstrip()
        + f", and smallest for {levels[bottom]}, {write(mean[bottom])} {unit}".rstrip()
        + ".",
        [points(x, told[outcome], told["id"].tolist(), template, marker=FAINT), expected],
        layout(axis(name, data.optimizer.units[name], **ticks), axis(outcome, unit)),
        height=290,
    )


def _map(data: ReportData, outcome: str, names: tuple[str, str]) -> Figure:
    display = MapDisplay.from_optimizer(
        data.optimizer, names, row=data.centre, outcome=outcome, n_points=N_CELLS
    )
    return _drawn(data, display, outcome, names, f"{outcome} over {names[0]} and {names[1]}", "Expected")


def _best_map(data: ReportData, outcome: str, names: tuple[str, str]) -> list[Figure]:
    """Return what can be had over two settings, where the outcome is that of the first objective."""
    goal = split_objectives(data.optimizer.objectives)[0][0]
    if goal.names != (outcome,):
        return []
    found = attainable_map(
        data.optimizer,
        *names,
        row=data.centre,
        n_cells=N_BEST_CELLS,
        n_pool=N_RECIPES,
        n_rounds=2,
    )
    told = {name: data.told[name].to_numpy(float) for name in names}
    display = MapDisplay.from_attainable(found, measured=(told[names[0]], told[names[1]]))
    if not np.isfinite(display.values).any() or display.contour is None:
        return []
    title = f"Best {outcome} over {names[0]} and {names[1]}, all other settings free"
    return [_drawn(data, display, outcome, names, title, "Best expected")]


def _drawn(
    data: ReportData, display: MapDisplay, outcome: str, names: tuple[str, str], title: str, head: str
) -> Figure:
    """Return a map with the runs on top."""
    unit = display.value_unit
    x, y = (_middles(edges) for edges in (display.x_edges, display.y_edges))
    heat = {
        "type": "heatmap",
        "x": rounded(x),
        "y": rounded(y),
        "z": _grid(display.values),
        "customdata": _grid(Z95 * np.asarray(display.contour)),
        "colorscale": COLORS,
        "colorbar": {"title": {"text": shown(with_unit(outcome, unit)), "side": "right"}, "thickness": 12},
        "hovertemplate": f"{head.lower()} {shown(outcome)}: %{{z}} ± %{{customdata}} {shown(unit)}".rstrip()
        + f"<br>{shown(names[0])} %{{x}}, {shown(names[1])} %{{y}}<extra></extra>",
    }
    template = hover((names[0], "x", display.x_unit), (names[1], "y", display.y_unit))
    failed = data.told["is_failed"].to_numpy(bool)
    across, up = display.measured
    traces = [heat, points(across[~failed], up[~failed], taken(data.ids, ~failed), template, marker=ON_MAP)]
    if failed.any():
        traces.append(
            points(
                across[failed], up[failed], taken(data.ids, failed), template, name="failed", marker=FAILED
            )
        )
    traces += _best_point(data, names[0], names[1], template)
    write = writers(data)[f"{outcome}_mean"]
    finite = display.values[np.isfinite(display.values)]
    said = (
        f"between {write(finite.min())} and {write(finite.max())} {unit}".rstrip()
        if len(finite)
        else "nowhere"
    )
    return Figure(
        title,
        f"{head} {outcome} is {said}; circles are measured runs, the star the best.",
        traces,
        plane_layout(data, names),
        height=400,
    )


def _grid(values: Any) -> list[list[float | None]]:
    flat = rounded(np.asarray(values).ravel())
    width = np.shape(values)[1]
    return [flat[start : start + width] for start in range(0, len(flat), width)]


def _middles(edges: np.ndarray) -> np.ndarray:
    return (edges[:-1] + edges[1:]) / 2
