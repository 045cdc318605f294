"""The rounds of a campaign: `status`, `suggest`, `record`, `withdraw`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bnnopt.cli._options import (
    Accept,
    AsJson,
    Context,
    Folder,
    Seed,
    as_records,
    echo_json,
    echo_table,
    opened,
    pairs_of,
    working,
)

__all__ = ["add_to"]

MOST_SHOWN = 20

Count = Annotated[int, typer.Option("-n", min=1, help="Runs to suggest.")]
Hold = Annotated[list[str] | None, typer.Option(help="NAME=VALUE of a setting that is given.")]
Shared = Annotated[list[str] | None, typer.Option(help="A setting in which all runs agree.")]
Target = Annotated[list[float] | None, typer.Option(help="A wanted value, of campaigns that list targets.")]
Replicates = Annotated[int, typer.Option(min=0, help="Runs that repeat promising ones.")]
Exploration = Annotated[float, typer.Option(min=0, max=1, help="Share of runs to explore with.")]
Candidates = Annotated[Path | None, typer.Option(help="CSV or xlsx of the only settings to choose from.")]
AcquisitionName = Annotated[str | None, typer.Option("--acquisition", help="A key of bnnopt.ACQUISITIONS.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print only; write nothing.")]
Xlsx = Annotated[
    bool | None, typer.Option("--xlsx/--csv", help="Keep the table as a workbook, or a CSV, from now on.")
]
Results = Annotated[list[str] | None, typer.Argument(help="A CSV or xlsx file; or NAME=VALUE of one run.")]
Id = Annotated[str | None, typer.Option("--id", help="The run that NAME=VALUE are of.")]
Repeats = Annotated[bool, typer.Option("--repeats", help="Runs may be there with the same outcomes.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example: bnnopt status")(status)
    app.command(epilog="Example: bnnopt suggest -n 8 --context T_outdoor_C=12 --shared rate")(suggest)
    app.command(epilog="Examples: bnnopt record results.csv; bnnopt record --id 7 yield=81.2")(record)
    app.command(epilog="Example: bnnopt withdraw 7 8")(withdraw)


def status(
    folder: Folder = Path(), accept_changes: Accept = False, seed: Seed = 0, as_json: AsJson = False
) -> None:
    """Say where the campaign stands: counts, the best, what is on its way, what came of the last runs."""
    from bnnopt.campaign import overview, shown_predictions, shown_runs

    campaign = opened(folder, accept_changes=accept_changes)
    with working("fitting"):
        found = overview(campaign, seed=seed)
    if as_json:
        tables = {name: as_records(getattr(found, name)) for name in ("best", "pending", "predictions")}
        echo_json({"counts": found.counts, "note": found.note, **tables})
        return
    settings = campaign.settings
    counts = ", ".join(f"{count} {name}" for name, count in found.counts.items() if count)
    typer.echo(f"{settings.name}: {counts or 'no runs yet'}")
    if found.note:
        typer.echo(f"No best run yet. {found.note}")
    names = [name for name in found.best if name != "is_failed"]
    title = "\nBest so far:" if len(found.best) == 1 else "\nFront so far:"
    echo_table(shown_runs(found.best, settings, names), title)
    pending = shown_runs(found.pending.iloc[:MOST_SHOWN], settings, found.pending.columns)
    echo_table(pending, f"\nOn their way ({len(found.pending)}):")
    came = found.predictions
    echo_table(shown_predictions(came.iloc[:MOST_SHOWN]), "\nLast predictions against what came:")


def suggest(
    n: Count = 4,
    folder: Folder = Path(),
    context: Context = None,
    hold: Hold = None,
    shared: Shared = None,
    target: Target = None,
    replicates: Replicates = 0,
    exploration: Exploration = 0.0,
    candidates: Candidates = None,
    acquisition: AcquisitionName = None,
    dry_run: DryRun = False,
    xlsx: Xlsx = None,
    accept_changes: Accept = False,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Suggest the next runs and write them into the table of experiments as planned ones."""
    fixed, held = pairs_of(context, "--context"), pairs_of(hold, "--hold")
    from bnnopt.campaign import context_of, read_candidates, shown_suggestions

    campaign = opened(folder, accept_changes=accept_changes)
    options: dict[str, Any] = {
        "context": context_of(campaign.settings, fixed),
        "held": context_of(campaign.settings, held),
        "shared": shared or (),
        "exploration": exploration,
        "n_replicates": replicates,
    }
    if candidates is not None:
        options["candidates"] = read_candidates(candidates, campaign.settings)
    options |= {"targets": target or (), "is_dry": dry_run, "as_xlsx": xlsx, "acquisition": acquisition}
    with working("fitting and searching"):
        batch = campaign.suggest(n, seed=seed, **options)
    if as_json:
        echo_json(as_records(batch))
        return
    echo_table(shown_suggestions(batch, campaign.settings))
    if dry_run:
        typer.echo("Nothing was written (--dry-run).")
    else:
        typer.echo(f"Written to {campaign.table}; fill in what comes out, or use bnnopt record.")


def record(
    results: Results = None,
    folder: Folder = Path(),
    id: Id = None,
    repeats: Repeats = False,
    accept_changes: Accept = False,
    as_json: AsJson = False,
) -> None:
    """Write results into the table; when the command ends, they are stored.

    Runs go by id or by their settings. failed as a value says that a run failed; an empty cell is awaited.
    """
    from bnnopt.campaign import one_run

    given = results or []
    if not given:
        raise typer.BadParameter(
            "expected a file, or NAME=VALUE such as yield=81.2",
            param_hint="RESULTS",
        )
    campaign = opened(folder, accept_changes=accept_changes)
    is_file = id is None and len(given) == 1 and ("=" not in given[0] or Path(given[0]).exists())
    source: Any = Path(given[0])
    if not is_file:
        source = one_run(campaign.settings, pairs_of(given, "RESULTS"), id)
    with working("recording"):
        ids = campaign.record(source, accept_changes=accept_changes, repeats=repeats)
    if as_json:
        echo_json(ids)
        return
    more = f" and {len(ids) - MOST_SHOWN} more" if len(ids) > MOST_SHOWN else ""
    typer.echo(f"Recorded {len(ids)} run(s) in {campaign.table}: id {', '.join(ids[:MOST_SHOWN])}{more}.")


def withdraw(
    ids: Annotated[list[str], typer.Argument(help="Of planned runs that will not be made.")],
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Say that planned runs will not be made; they stay in the table as withdrawn."""
    with working("withdrawing"):
        done = opened(folder).withdraw(ids)
    if as_json:
        echo_json(done)
        return
    typer.echo(f"Withdrawn: id {', '.join(done)}.")
