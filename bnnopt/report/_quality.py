"""What the model is worth: rows predicted without themselves, and what the model is made of."""

from typing import Any

import numpy as np

from bnnopt.metrics import calibration_error, coverage, negative_log_likelihood
from bnnopt.plotting import CalibrationDisplay, ParityDisplay
from bnnopt.report._blocks import Cell, Column, Figure, Section, Table
from bnnopt.report._data import ReportData
from bnnopt.report._figures import PLAIN, axis, band, hover, layout, line, points
from bnnopt.report._next import diagonal
from bnnopt.report._words import Z95, count, number, rounded

__all__ = ["NO_MODEL", "quality"]

NO_MODEL = "There is no model yet: it begins with {n} runs, two of them measured."
FEWEST = 3  # rows of a comparison
FEWEST_CALIBRATED = 10  # rows of a calibration curve
SMALLEST_SHARE = 0.005


def quality(data: ReportData) -> Section:
    """Return the section on held-out predictions and shares."""
    title = "How good the model is"
    if not data.optimizer.has_model:
        return Section("model", title, [NO_MODEL.format(n=data.optimizer.n_initial)])
    displays = [
        ParityDisplay.from_optimizer(data.optimizer, outcome=name, names=data.ids, held_out=data.held_out)
        for name in data.optimizer.outputs
        if _n_held_out(data, name) >= FEWEST
    ]
    text = (
        "Every measured run is predicted by models that have not seen it. The log density says how probable "
        "the measurements were under these predictions, noise included: the higher, the better. Without "
        "settings it is that of a model which only knows mean and spread."
    )
    tables = [_scores(displays), _shares(data)]
    figures = [draw for each in displays for draw in (_held_out(data, each), *_calibration(each))]
    return Section("model", title, [text], figures, [t for t in tables if t.rows])


def _n_held_out(data: ReportData, name: str) -> int:
    return int(data.held_out[f"{name}_mean"].notna().sum())


def _held_out(data: ReportData, display: ParityDisplay) -> Figure:
    lower, upper = within_bounds(data, display.label, display.mean, Z95 * _std(display))
    bars = {
        "type": "data",
        "array": rounded(upper - display.mean),
        "arrayminus": rounded(display.mean - lower),
        "color": "--sky",
        "thickness": 1,
        "width": 0,
    }
    template = hover(("measured", "x", display.unit), ("predicted without it", "y", display.unit))
    trace = points(display.y, display.mean, display.names, template, marker=PLAIN, error_y=bars)
    inside = f"{100 * (display.coverage_ or 0):.0f} % of {count(len(display.y), 'run')}"
    error = f"{number(display.mae_, 3)} {display.unit}".rstrip()
    return Figure(
        f"{display.label}: predicted without the run",
        f"{inside} lie in their 95 % interval, R² is {display.r2_:.2f}, the mean absolute error {error}.",
        [diagonal(display.y, display.mean), trace],
        layout(axis(f"measured {display.label}", display.unit), axis("predicted", display.unit)),
        height=380,
    )


def _calibration(display: ParityDisplay) -> list[Figure]:
    """Return how often intervals held, of any probability; none for a few runs, whose curve is chance."""
    if len(display.y) < FEWEST_CALIBRATED:
        return []
    curve = CalibrationDisplay.from_predictions(display.y, display.mean, _std(display), label=display.label)
    percent = {name: 100 * getattr(curve, name) for name in ("levels", "observed", "lower_", "upper_")}
    outside = int(((curve.observed < curve.lower_) | (curve.observed > curve.upper_)).sum())
    verdict = (
        "which chance explains everywhere"
        if not outside
        else f"more than chance explains at {outside} of {len(curve.levels)} probabilities"
    )
    too = "wide" if (curve.observed - curve.levels).mean() > 0 else "narrow"
    trace = points(
        percent["levels"],
        percent["observed"],
        [],
        "intervals of %{x} %: %{y} % of the runs inside<extra></extra>",
        marker=PLAIN,
    )
    said = (
        f"Shares of {count(len(display.y), 'run')} inside their intervals are {100 * curve.error_:.0f} "
        f"points from the probabilities on average, {verdict}. Intervals are rather too {too} than too "
        f"{'narrow' if too == 'wide' else 'wide'}."
    )
    return [
        Figure(
            f"{display.label}: how often intervals held",
            said,
            [
                *band(percent["levels"], percent["lower_"], percent["upper_"], name="chance"),
                line([0, 100], [0, 100], line={"color": "--muted", "width": 1, "dash": "dash"}),
                {**trace, "mode": "lines+markers", "line": {"color": "--blue", "width": 2}},
            ],
            layout(
                axis("probability of the interval", "%", range=[0, 100]),
                axis("runs inside", "%", range=[0, 100]),
            ),
            height=380,
        )
    ]


def within_bounds(data: ReportData, name: str, mean: Any, half: Any) -> tuple[Any, Any]:
    """Return mean ± half, cut off at the bounds of an outcome."""
    known = {each.name: each for each in data.optimizer.outcomes}
    ends = [getattr(known.get(name), end, None) for end in ("lower", "upper")]
    lower, upper = (far if end is None else end for end, far in zip(ends, (-np.inf, np.inf), strict=True))
    return np.clip(mean - half, lower, upper), np.clip(mean + half, lower, upper)


def _std(display: ParityDisplay) -> np.ndarray:
    return np.asarray(display.std if display.std is not None else np.zeros(len(display.y)))


def _scores(displays: list[ParityDisplay]) -> Table:
    columns = [
        Column("outcome"),
        Column("runs", "", True),
        Column("log density", "nats a run", True),
        Column("without settings", "nats a run", True),
        Column("in 50 % interval", "%", True),
        Column("in 95 % interval", "%", True),
        Column("calibration error", "%", True),
        Column("R²", "", True),
    ]
    return Table("Held-out predictions", columns, [_score(each) for each in displays])


def _score(display: ParityDisplay) -> list[Cell]:
    y, mean, std = display.y, display.mean, _std(display)
    spread = float(y.std(ddof=1)) or 1.0
    values: list[Any] = [
        -negative_log_likelihood(y, mean, std),
        -negative_log_likelihood(y, np.full(len(y), y.mean()), np.full(len(y), spread)),
        100 * coverage(y, mean, std, level=0.5),
        100 * coverage(y, mean, std, level=0.95),
        100 * calibration_error(y, mean, std),
        display.r2_,
    ]
    digits = [f"{values[0]:.2f}", f"{values[1]:.2f}", *(f"{v:.0f}" for v in values[2:5]), f"{values[5]:.2f}"]
    return [Cell(display.label), Cell(str(len(y))), *(Cell(text) for text in digits)]


def _shares(data: ReportData) -> Table:
    shares = data.optimizer.shares()
    shown = shares[shares["share"] >= SMALLEST_SHARE]
    rows = [
        [Cell(each.outcome), Cell(each.model.replace("_", " ")), Cell(f"{100 * each.share:.0f}")]
        for each in shown.itertuples()
    ]
    return Table("What predicts", [Column("outcome"), Column("model"), Column("share", "%", True)], rows)
