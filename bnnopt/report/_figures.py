"""Traces and layouts of plotly as plain values, in the look that all figures share.

Only what plotly.js 2 to 4 share is used. Colours that begin with "--" are variables of the page, so that
figures follow its light and dark form. Names of users are text: what plotly would take for markup is escaped.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bnnopt.report._words import rounded

__all__ = [
    "BEST",
    "FAILED",
    "MANY",
    "PLAIN",
    "axis",
    "band",
    "hover",
    "layout",
    "line",
    "points",
    "shortened",
    "shown",
    "taken",
    "with_unit",
]

FEW = 200
"""Points up to which markers have their full size."""
MANY = 25_000
"""Points of a trace from which on they are drawn by the graphics card."""

PLAIN = {"color": "--blue", "size": 7, "opacity": 0.75}
BEST = {"color": "--orange", "size": 12, "symbol": "star", "line": {"color": "--ink", "width": 1}}
FAILED = {"color": "--vermillion", "size": 9, "symbol": "x", "line": {"color": "--ground", "width": 1}}


def shown(text: Any) -> str:
    """Return text that plotly shows as it is, whatever tags it looks like."""
    escaped = str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return escaped.replace("%{", "%\u200b{")


def shortened(text: str, most: int = 28) -> str:
    """Return text that leaves room for a picture beside it."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def with_unit(name: str, unit: str = "") -> str:
    """Return a name with its unit, as on an axis."""
    return f"{name} ({unit})" if unit else name


def axis(name: str = "", unit: str = "", /, **options: Any) -> dict[str, Any]:
    """Return an axis with its name and unit."""
    title = {"text": shown(with_unit(name, unit)), "standoff": 8}
    return {"title": title, "automargin": True, "zeroline": False, "exponentformat": "power", **options}


def layout(x: Mapping[str, Any], y: Mapping[str, Any], **options: Any) -> dict[str, Any]:
    """Return a layout with the legend above the axes, where it hides no data."""
    legend = {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"}
    return {"xaxis": dict(x), "yaxis": dict(y), "legend": legend, "hovermode": "closest", **options}


def hover(*parts: tuple[str, str, str]) -> str:
    """Return what the pointer shows of a point: its text, then (name, placeholder, unit) a line each."""
    lines = [f"{shown(name)}: %{{{place}}} {shown(unit)}".rstrip() for name, place, unit in parts]
    return "<br>".join(["<b>%{text}</b>", *lines]) + "<extra></extra>"


def points(
    x: Iterable[Any],
    y: Iterable[Any],
    ids: Sequence[str],
    template: str,
    *,
    name: str = "",
    marker: Mapping[str, Any] = PLAIN,
    is_text: bool = False,
    **options: Any,
) -> dict[str, Any]:
    """Return a trace of points that say which run each is; `is_text` if x are levels."""
    across = [shown(value) for value in x] if is_text else rounded(x)
    return {
        "type": "scattergl" if len(ids) > MANY else "scatter",
        "mode": "markers",
        "x": across,
        "y": rounded(y),
        "text": [f"run {shown(each)}" for each in ids],
        "hovertemplate": template,
        "name": shown(name),
        "showlegend": bool(name),
        "marker": _sized(marker, len(ids)),
        **options,
    }


def _sized(marker: Mapping[str, Any], n: int) -> dict[str, Any]:
    """Return a marker that is smaller where there are many."""
    if n <= FEW:
        return dict(marker)
    share = max((FEW / n) ** 0.4, 0.4)
    sized = {**marker, "size": round(marker["size"] * share, 1)}
    return {**sized, "line": {**marker["line"], "width": 0.4}} if "line" in marker else sized


def taken(ids: Sequence[str], chosen: Iterable[Any]) -> list[str]:
    """Return the ids of chosen rows."""
    return [each for each, is_chosen in zip(ids, chosen, strict=True) if is_chosen]


def line(x: Iterable[Any], y: Iterable[Any], *, name: str = "", **options: Any) -> dict[str, Any]:
    """Return a line without points."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": rounded(x),
        "y": rounded(y),
        "name": shown(name),
        "showlegend": bool(name),
        "hoverinfo": "skip",
        "line": {"color": "--ink", "width": 2},
        **options,
    }


def band(
    x: Iterable[Any], lower: Iterable[Any], upper: Iterable[Any], *, name: str = ""
) -> list[dict[str, Any]]:
    """Return the two lines between which a band is shaded."""
    across, none = list(x), {"color": "rgba(0,0,0,0)", "width": 0}
    return [
        line(across, lower, line=none, legendgroup="band"),
        line(across, upper, name=name, line=none, fill="tonexty", fillcolor="--band", legendgroup="band"),
    ]
