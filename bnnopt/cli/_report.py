"""A campaign as one page: `report`."""

from pathlib import Path
from typing import Annotated

import typer

from bnnopt.cli._options import Accept, Folder, Seed, opened, working

__all__ = ["add_to"]

Out = Annotated[Path | None, typer.Option(help="The page; by default report.html in the folder.")]
Replace = Annotated[bool, typer.Option("--replace", help="Let --out replace a page.")]


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: bnnopt report; bnnopt report --out week-12.html")(report)


def report(
    folder: Folder = Path(),
    out: Out = None,
    replace: Replace = False,
    accept_changes: Accept = False,
    seed: Seed = 0,
) -> None:
    """Write the campaign as one HTML page to read, print and show, which needs no network.

    Without --out it is report.html, which each report replaces.
    """
    from bnnopt.report import campaign_report, write_report

    campaign = opened(folder, accept_changes=accept_changes)
    path = campaign.folder / "report.html" if out is None else out
    with working("fitting and drawing"):
        write_report(campaign_report(campaign, seed=seed), path, replace=replace or out is None)
    typer.echo(f"Written to {path}.")
