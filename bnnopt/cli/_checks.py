"""What to think of a campaign: `validate`, `advise`, `history`."""

from pathlib import Path
from typing import Annotated

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

Later = Annotated[
    bool, typer.Option("--later", help="Also predict each later batch from those before it (5 fits more).")
]
Learning = Annotated[
    bool,
    typer.Option("--learning-curve", help="Also fit growing parts of the runs; up to 12 fits a repeat."),
]
Repeats = Annotated[int, typer.Option(min=1, help="Repeats of the learning curve.")]
Plot = Annotated[Path | None, typer.Option(help="Draw the learning curve into this file (.png, .svg, .pdf).")]
Replace = Annotated[bool, typer.Option("--replace", help="Let --plot replace a file.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog="Examples: bnnopt validate --folds 10; bnnopt validate --later; "
        "bnnopt validate --learning-curve --plot curve.png"
    )(validate)
    app.command(epilog="Example: bnnopt advise --budget 60")(advise)
    app.command(epilog="Example: bnnopt history")(history)


def validate(
    folder: Folder = Path(),
    folds: Annotated[int, typer.Option(min=2, help="Parts of the runs that are left out in turn.")] = 5,
    later: Later = False,
    learning: Learning = False,
    repeats: Repeats = 3,
    plot: Plot = None,
    replace: Replace = False,
    accept_changes: Accept = False,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Say how far the model is to be trusted: runs left out, later batches, the noise of repeats."""
    from bnnopt.campaign import (
        campaign_learning,
        check_picture,
        compare_batches,
        draw,
        shown_splits,
        validate,
    )

    if plot is not None and not learning:
        raise typer.BadParameter("needs --learning-curve, which is what it draws", param_hint="--plot")
    if plot is not None:
        check_picture(plot, replace=replace)
    campaign = opened(folder, accept_changes=accept_changes)
    with working("fitting"):
        found = validate(campaign, n_folds=folds, seed=seed)
        splits = compare_batches(campaign, n_folds=folds, seed=seed) if later else None
        grown = campaign_learning(campaign, n_repeats=repeats, seed=seed) if learning else None
        if grown is not None and plot is not None:
            draw(grown, plot, replace=replace)
    if as_json:
        tables = dict(found._asdict())
        tables |= {} if splits is None else {"later_beside_shuffled": splits}
        tables |= {} if grown is None else {"learning_curve": grown.curve.table}
        echo_json({name: as_records(table) for name, table in tables.items()})
        return
    for line in found.lines(campaign.settings.units):
        typer.echo(line)
    if splits is not None:
        echo_table(shown_splits(splits, campaign.settings), "\nLater batches beside shuffled runs:")
    for title, table in [] if grown is None else grown.shown():
        echo_table(table, title)
    if plot is not None:
        typer.echo(f"\nDrawn into {plot}.")


def advise(
    folder: Folder = Path(),
    context: Context = None,
    budget: Annotated[int | None, typer.Option(min=1, help="Runs to make in all.")] = None,
    accept_changes: Accept = False,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Say whether going on is worth it, and why."""
    from bnnopt.campaign import context_of

    campaign = opened(folder, accept_changes=accept_changes)
    fixed = context_of(campaign.settings, pairs_of(context, "--context"))
    with working("fitting"):
        advice = campaign.optimizer(seed=seed).advise(context=fixed, budget=budget)
    if as_json:
        echo_json({"is_stop": advice.is_stop, "reasons": advice.reasons})
        return
    typer.echo("Stop:" if advice.is_stop else "Go on:")
    for reason in advice.reasons:
        typer.echo(f"- {reason}")


def history(folder: Folder = Path(), as_json: AsJson = False) -> None:
    """List every batch ever asked with what became of it, and what was corrected since."""
    campaign = opened(folder)
    with working("reading"):
        batches, corrections = campaign.history(), campaign.corrections()
    if as_json:
        echo_json({"batches": as_records(batches), "corrections": as_records(corrections)})
        return
    if not len(batches):
        typer.echo("No batch was asked yet.")
    echo_table(batches.rename(columns=lambda name: str(name).removeprefix("n_")).astype(str))
    echo_table(corrections.astype(str), "\nCorrections:")
