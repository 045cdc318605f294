"""Options that several commands share, and what their texts mean."""

import json
import math
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

    from bnnopt.campaign import Campaign

__all__ = [
    "Accept",
    "AsJson",
    "Context",
    "Folder",
    "Seed",
    "as_records",
    "echo_json",
    "echo_table",
    "opened",
    "pairs_of",
    "working",
]

Folder = Annotated[Path, typer.Option("--folder", "-f", help="Where the campaign lives; by default here.")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed and runs give the same suggestions.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Accept = Annotated[
    bool, typer.Option("--accept-changes", help="Take runs that read otherwise than recorded.")
]
Context = Annotated[list[str] | None, typer.Option("--context", help="NAME=VALUE of what cannot be set.")]


def opened(folder: Path, *, accept_changes: bool = False) -> "Campaign":
    """Return the campaign of a folder, what reads otherwise than it was recorded accepted if so wished."""
    from bnnopt.campaign import Campaign

    campaign = Campaign.open(folder)
    if accept_changes:
        for change in campaign.accept_changes():
            typer.echo(f"Accepted: {change.text}", err=True)
    return campaign


def pairs_of(texts: Iterable[str] | None, option: str) -> dict[str, str]:
    """Return names and values out of texts such as "T=20"."""
    pairs: dict[str, str] = {}
    for text in texts or []:
        name, equals, value = text.partition("=")
        if not equals or name.strip() in pairs:
            problem = f"{name!r} twice" if equals else f"{text!r}"
            raise typer.BadParameter(f"expected NAME=VALUE, got {problem}", param_hint=option)
        pairs[name.strip()] = value.strip()
    return pairs


def echo_table(table: "pd.DataFrame", title: str = "") -> None:
    """Print a table of texts, nothing if it has no rows."""
    if len(table):
        typer.echo(f"{title}\n{table.to_string(index=False)}" if title else table.to_string(index=False))


def as_records(table: "pd.DataFrame") -> list[dict[str, Any]]:
    """Return the rows of a table as plain values, None for what is not there."""
    return [{str(name): _plain(cell) for name, cell in row.items()} for row in table.to_dict("records")]


def echo_json(document: Any) -> None:
    """Print a document as JSON."""
    typer.echo(json.dumps(document, ensure_ascii=False, indent=1, default=_plain))


@contextmanager
def working(said: str) -> Iterator[None]:
    """Show on a terminal that something takes its time, and warnings as plain lines.

    Ended by hand, nothing is damaged.
    """
    with warnings.catch_warnings(record=True) as found:
        if sys.stderr.isatty():
            with _bar(said):
                yield
        else:
            yield
    for text in dict.fromkeys(str(each.message) for each in found):
        typer.echo(f"Note: {text}", err=True)


def _bar(said: str) -> Any:
    """Return a moving bar with the time since, for work of which nobody knows how long it takes."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    end = TextColumn("Ctrl+C ends it, and leaves all as it was")
    columns = TextColumn("{task.description}"), BarColumn(bar_width=20), TimeElapsedColumn(), end
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    bar.add_task(said, total=None)
    return bar


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value
