"""From the sections to one HTML file that needs nothing else."""

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from bnnopt._tables import refuse_existing, write_file
from bnnopt.exceptions import MissingDependencyError
from bnnopt.report._asked import asked_and_came, counts
from bnnopt.report._blocks import Figure, Section
from bnnopt.report._coverage import coverage_of_space, failures
from bnnopt.report._data import ReportData
from bnnopt.report._maps import maps_and_slices
from bnnopt.report._next import next_runs, predicted_and_measured
from bnnopt.report._origin import advice, origin
from bnnopt.report._progress import best_so_far, best_words
from bnnopt.report._quality import quality
from bnnopt.report._sensitivities import Effects, effects

__all__ = ["write_report"]

LONG = 50  # values of a list that is worth a place of its own
TEMPLATE, STYLE, SCRIPT = "report.html", "report.css", "report.js"


def write_report(data: ReportData, path: str | Path, *, replace: bool = False) -> None:
    """Write a campaign as one HTML page, whole or not at all, that needs no network.

    Parameters
    ----------
    data : ReportData
        What the page is about.
    path : str or Path
        Its folder exists; a name that ends in ".html" opens in a browser.
    replace : bool, default=False
        Whether a file of this name may be replaced.

    Raises
    ------
    InvalidDataError
        When there is such a file already, or something that is no file.
    MissingDependencyError
        When jinja2 or plotly is not installed.
    OSError
        When the file cannot be written; what was there stays.
    """
    refuse_existing(path, replace=replace)
    environment, plotly = _environment(), _plotly()
    sections = _sections(data)
    page = environment.get_template(TEMPLATE).render(
        data=data,
        counts=counts(data),
        best=best_words(data),
        advice=next(each.text[0] for each in sections if each.anchor == "advice"),
        sections=sections,
        specs=_as_json(sections),
        style=_part(STYLE),
        script=_part(SCRIPT),
        plotly=plotly,
    )
    write_file(path, page.encode(), replace=replace)


def _sections(data: ReportData) -> list[Section]:
    found = Effects.of(data) if data.optimizer.has_model else None
    return [
        best_so_far(data),
        next_runs(data),
        advice(data),
        predicted_and_measured(data),
        quality(data),
        effects(data, found),
        maps_and_slices(data, found),
        coverage_of_space(data, found),
        failures(data, found),
        asked_and_came(data),
        origin(data),
    ]


def figures_of(sections: list[Section]) -> Iterator[Figure]:
    """Yield all figures, in the order in which the template places them."""
    for section in sections:
        yield from section.figures
        for group in section.groups:
            yield from group.figures


def _as_json(sections: list[Section]) -> str:
    """Return what plotly draws as JSON that no text in it can end; long lists that occur again stand once."""
    shared: dict[str, int] = {}
    specs = [{"data": list(each.data), "layout": each.layout} for each in figures_of(sections)]
    figures = [_sharing(each, shared) for each in specs]
    lists = "[" + ",".join(shared) + "]"
    text = f'{{"lists":{lists},"figures":{_dumped(figures)}}}'
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _sharing(value: Any, shared: dict[str, int]) -> Any:
    """Return a value with the place among `shared` in the stead of each long list of plain values."""
    if isinstance(value, Mapping):
        return {key: _sharing(each, shared) for key, each in value.items()}
    if not isinstance(value, list) or not value:
        return value
    if isinstance(value[0], list | Mapping):
        return [_sharing(each, shared) for each in value]
    if len(value) < LONG:
        return value
    return {"list": shared.setdefault(_dumped(value), len(shared))}


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _part(name: str) -> str:
    return (files(__package__) / "templates" / name).read_text(encoding="utf-8")


def _environment() -> Any:
    """Return what fills the template: everything is text, never markup, unless the template says so."""
    try:
        import jinja2
    except ImportError as error:
        raise _missing("jinja2") from error
    loader = jinja2.FunctionLoader(_part)
    return jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def _plotly() -> str:
    """Return plotly.js, which goes into the page."""
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise _missing("plotly") from error
    return str(get_plotlyjs())


def _missing(package: str) -> MissingDependencyError:
    return MissingDependencyError(
        f'A report needs the package {package}, which is not installed: pip install "bnnopt[report]".'
    )
