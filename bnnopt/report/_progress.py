"""The best so far, or the front, and how it came about."""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from bnnopt.objectives import Target, split_objectives
from bnnopt.plotting import ConvergenceDisplay, ParetoDisplay
from bnnopt.report._asked import writers
from bnnopt.report._blocks import Figure, Section, Table
from bnnopt.report._data import ReportData
from bnnopt.report._figures import FAILED, PLAIN, axis, hover, layout, line, points, taken, with_unit
from bnnopt.report._units import units_of
from bnnopt.report._words import DIGITS, Z95, count, rounded, writer_like

__all__ = ["best_so_far", "best_words", "goals_of"]

MOST_PAIRS = 6  # of objectives whose fronts are drawn
BROKEN = {"color": "--muted", "size": 7, "symbol": "circle-open"}
FRONT = {"color": "--vermillion", "size": 9}
OTHERS = {"color": "--muted", "size": 6, "opacity": 0.7}


def goals_of(data: ReportData) -> list[Any]:
    """Return the objectives that are not constraints."""
    return split_objectives(data.optimizer.objectives)[0]


def best_so_far(data: ReportData) -> Section:
    """Return the section on the best run or the front, with its history."""
    title = "Best so far" if len(goals_of(data)) == 1 else "Front so far"
    if data.best is None:
        return Section("best", title, [_why_none(data)], figures=_histories(data))
    figures = [*_fronts(data), *_histories(data)]
    return Section("best", title, [f"{best_words(data)} {_explained(data)}"], figures, [_best_table(data)])


def best_words(data: ReportData) -> str:
    """Return the best run, or the size of the front, in a sentence."""
    if data.best is None:
        return _why_none(data)
    if len(goals_of(data)) > 1:
        n_runs = len(data.optimizer.front())
        return f"{count(n_runs, 'run is', 'runs are')} in the front: no other run is better in all goals."
    return f"Best run: {data.best['id']}, with {_outcomes(data, '')}."


def _explained(data: ReportData) -> str:
    """Return by what the best run is the best."""
    if len(goals_of(data)) > 1:
        return "Noise can put a run into the front that would not stay there if it was repeated."
    if not data.optimizer.has_model:
        return "There is no model yet: it is the best value measured."
    is_beyond = data.best is not None and not data.best.get("is_measured_within", True)
    beyond = " What was measured there is beyond a limit, by no more than the noise." if is_beyond else ""
    return (
        "Of all measured runs it is the one that the model believes in most: it expects "
        f"{_outcomes(data, '_mean')} there. A single better value may be luck.{beyond}"
    )


def _outcomes(data: ReportData, end: str) -> str:
    write, units = writers(data), data.optimizer.units
    return ", ".join(
        f"{name} {write[name](data.best[f'{name}{end}'])} {units[name]}".rstrip()
        for name in data.optimizer.outputs
        if data.best is not None
    )


def _why_none(data: ReportData) -> str:
    if not data.ids:
        return "No run has come back yet."
    if data.told["is_failed"].all():
        return f"All {len(data.ids)} runs that came back failed; there is no best run yet."
    return "No measured run keeps all limits on outcomes yet."


def _best_table(data: ReportData) -> Table:
    is_one = len(goals_of(data)) == 1
    rows = data.best.to_frame().T.infer_objects() if is_one and data.best is not None else _front_rows(data)
    rows = rows.dropna(axis=1, how="all").rename(columns=_expected_name)
    caption = "The best run" if is_one else "The front"
    return Table.of(
        caption, rows, units=_with_expected(units_of(data.optimizer)), writers=_with_expected(writers(data))
    )


def _expected_name(name: str) -> str:
    return f"{name.removesuffix('_mean')}, expected" if name.endswith("_mean") else name


def _with_expected(values: dict[str, Any]) -> dict[str, Any]:
    return values | {_expected_name(name): value for name, value in values.items()}


def _front_rows(data: ReportData) -> pd.DataFrame:
    front = data.optimizer.front()
    front.insert(0, "id", [data.id_of[row] for row in front.index])
    return front


def _histories(data: ReportData) -> list[Figure]:
    if not data.ids:
        return []
    found = [_history(data, place) for place in range(len(goals_of(data)))]
    return [*found, _hypervolume(data)] if len(found) > 1 and data.best is not None else found


def _history(data: ReportData, place: int) -> Figure:
    display = ConvergenceDisplay.from_optimizer(data.optimizer, objective=place)
    goal, label, unit = goals_of(data)[place], display.y_label, display.y_unit
    template = hover((label, "y", unit))
    runs = np.arange(1, len(data.ids) + 1)
    done = ~display.failed
    kinds = [
        ("measured", done & display.allowed, PLAIN),
        ("breaks a limit", done & ~display.allowed, BROKEN),
    ]
    traces = [
        points(
            runs[is_kind],
            display.values[is_kind],
            taken(data.ids, is_kind),
            template,
            name=name,
            marker=look,
        )
        for name, is_kind, look in kinds
        if is_kind.any()
    ]
    traces += _failed_marks(data, runs, display)
    if np.isfinite(display.best).any():
        shape = {"color": "--ink", "width": 2, "shape": "hv"}
        traces.append(line(runs, display.best, name="best so far", line=shape))
    if isinstance(goal, Target):
        traces.append(_target_line(goal, len(runs)))
    return Figure(
        f"{label}, run after run",
        _said_of_history(data, display),
        traces,
        layout(axis("run, in order of the table", rangemode="tozero"), axis(label, unit)),
        is_wide=len(goals_of(data)) == 1,
    )


def _failed_marks(data: ReportData, runs: Any, display: ConvergenceDisplay) -> list[dict[str, Any]]:
    """Return crosses below all values, one for each failed run."""
    if not display.failed.any():
        return []
    values = display.values[~display.failed]
    low = values.min() - 0.08 * (np.ptp(values) or 1.0) if len(values) else 0.0
    places = np.full(display.failed.sum(), low)
    template = "<b>%{text}</b><br>failed<extra></extra>"
    ids = taken(data.ids, display.failed)
    return [points(runs[display.failed], places, ids, template, name="failed", marker=FAILED)]


def _target_line(goal: Target, n_runs: int) -> dict[str, Any]:
    look = {"color": "--green", "width": 1.5, "dash": "dash"}
    return line([1, n_runs], [goal.value, goal.value], name=f"target {goal.value:g}", line=look)


def _said_of_history(data: ReportData, display: ConvergenceDisplay) -> str:
    name = with_unit(display.y_label, display.y_unit)
    there = np.flatnonzero(np.isfinite(display.best))
    failed = f" {count(int(display.failed.sum()), 'run')} failed." if display.failed.any() else ""
    if not len(there):
        return f"No run counts for {name} yet.{failed}"
    best, write = display.best[there], writer_like(display.values.tolist(), DIGITS + 1)
    last = int(there[np.flatnonzero(best != best[-1])[-1] + 1]) if (best != best[-1]).any() else int(there[0])
    since = len(data.ids) - 1 - last
    when = f", {count(since, 'run')} ago" if since else ", the last one"
    return (
        f"Best value measured of {name}: from {write(best[0])} to {write(best[-1])}, reached by run "
        f"{data.ids[last]}{when}.{failed}"
    )


def _hypervolume(data: ReportData) -> Figure:
    reference = _worst_of_front(data)
    display = ConvergenceDisplay.of_hypervolume(data.optimizer, reference)
    final = display.best[-1] or 1.0
    share, runs = 100 * display.best / final, np.arange(1, len(display.best) + 1)
    most = int(np.flatnonzero(share >= 90)[0]) if display.best[-1] else 0
    template = hover(("hypervolume", "y", "%"))
    return Figure(
        "What the front dominates",
        f"Hypervolume that the front dominates, in percent of today's: 90 % were reached with run "
        f"{data.ids[most]}, after {most + 1} of {count(len(runs), 'run')}.",
        [
            line(runs, share, name="hypervolume", line={"color": "--ink", "width": 2, "shape": "hv"}),
            points(runs, share, data.ids, template, marker={**PLAIN, "size": 4}),
        ],
        layout(axis("run, in order of the table"), axis("hypervolume", "% of today", rangemode="tozero")),
    )


def _worst_of_front(data: ReportData) -> np.ndarray:
    """Return the utilities below all measured ones by a tenth of their range."""
    utilities = np.column_stack([_utility(data, goal) for goal in goals_of(data)])
    finite = utilities[~data.told["is_failed"].to_numpy(bool)]
    spread = np.ptp(finite, axis=0)
    return np.asarray(finite.min(axis=0) - 0.1 * np.where(spread > 0, spread, 1.0))


def _utility(data: ReportData, goal: Any) -> np.ndarray:
    outcomes = data.told[list(goal.names)].to_numpy(float)
    return np.asarray(goal.utility(outcomes if outcomes.shape[1] > 1 else outcomes[:, 0]))


def _fronts(data: ReportData) -> list[Figure]:
    pairs = list(combinations(range(len(goals_of(data))), 2))
    return [_front(data, pair) for pair in pairs[:MOST_PAIRS]]


def _front(data: ReportData, pair: tuple[int, int]) -> Figure:
    display = ParetoDisplay.from_optimizer(data.optimizer, pair=pair)
    is_front = data.optimizer.data.index.isin(data.optimizer.front().index)
    is_there = ~np.isnan(display.outcomes).any(axis=1) & ~data.told["is_failed"].to_numpy(bool)
    x, y = display.outcomes.T
    template = hover((display.x_label, "x", display.x_unit), (display.y_label, "y", display.y_unit))
    kinds = [("other runs", is_there & ~is_front, OTHERS), ("front", is_there & is_front, FRONT)]
    traces = [
        points(x[chosen], y[chosen], taken(data.ids, chosen), template, name=name, marker=look)
        for name, chosen, look in kinds
        if chosen.any()
    ]
    order = np.argsort(x[is_front], kind="stable")
    if len(goals_of(data)) == 2:
        look = {"color": "--vermillion", "width": 1.5, "shape": _steps(display.directions)}
        traces.insert(0, line(x[is_front][order], y[is_front][order], line=look))
    traces += _expected(data, pair)
    wanted = zip(display.directions, (display.x_label, display.y_label), strict=True)
    return Figure(
        f"{display.y_label} against {display.x_label}",
        f"{int(is_front.sum())} of {count(int(is_there.sum()), 'measured run')} make the front of what is "
        f"wanted: {' and '.join(f'{verb} {name}' for verb, name in wanted)}.",
        traces,
        layout(axis(display.x_label, display.x_unit), axis(display.y_label, display.y_unit)),
        height=420,
        is_wide=True,
    )


def _steps(directions: tuple[str, str]) -> str:
    """Return how steps go between runs of a front sorted by x, around what is dominated."""
    return "hv" if directions[0] == "minimize" else "vh"


def _expected(data: ReportData, pair: tuple[int, int]) -> list[dict[str, Any]]:
    """Return what was predicted of the next runs, with intervals of 95 %."""
    goals = [goals_of(data)[place] for place in pair]
    names = [goal.names[0] for goal in goals if goal.type in ("minimize", "maximize")]
    table = data.awaited
    wanted = [f"{name}{end}" for name in names for end in ("_mean", "_std")]
    if len(names) < 2 or not set(wanted) <= set(table.columns):
        return []
    rows = table.dropna(subset=wanted)
    if not len(rows):
        return []
    (x, sx), (y, sy) = ((rows[f"{name}_mean"], rows[f"{name}_std"]) for name in names)
    units = data.optimizer.units
    template = hover(*((name, axis_name, units[name]) for name, axis_name in zip(names, "xy", strict=True)))
    look = {"color": "--blue", "size": 8, "symbol": "diamond"}
    bars: dict[str, Any] = {
        f"error_{axis_name}": {"type": "data", "array": rounded(Z95 * std), "color": "--sky", "thickness": 1}
        for axis_name, std in (("x", sx), ("y", sy))
    }
    return [points(x, y, rows["id"].tolist(), template, name="next runs, predicted", marker=look, **bars)]
