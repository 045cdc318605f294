"""What the model says of the settings: `effects`, `map`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bnnopt.cli._options import (
    Accept,
    AsJson,
    Folder,
    Seed,
    as_records,
    echo_json,
    echo_table,
    opened,
    pairs_of,
    working,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["add_to"]

Id = Annotated[str | None, typer.Option("--id", help="The run whose recipe it is; by default the best one.")]
At = Annotated[list[str] | None, typer.Option(help="NAME=VALUE of a setting that is to differ from it.")]
Plot = Annotated[Path | None, typer.Option(help="Draw into this file (.png, .svg, .pdf).")]
Replace = Annotated[bool, typer.Option("--replace", help="Let --plot replace a file.")]
Step = Annotated[list[str] | None, typer.Option(help="NAME=NUMBER, how far to move a setting.")]
Improve = Annotated[
    str | None, typer.Option(help='What all settings together are to improve, such as "min width".')
]
Keep = Annotated[list[str] | None, typer.Option(help="An outcome that stays; by default all others do.")]
Trade = Annotated[
    tuple[str, str] | None,
    typer.Option(metavar="MOVED BY", help="A setting to move, and one that makes up for it."),
]
Held = Annotated[str | None, typer.Option(help="The outcome that --trade keeps; by default the first.")]
Best = Annotated[bool, typer.Option("--best", help="The best over all other settings (the default).")]
Mean = Annotated[bool, typer.Option("--mean", help="The mean over all other settings.")]
Slice = Annotated[bool, typer.Option("--slice", help="All other settings as in one recipe.")]
Objective = Annotated[
    str | None, typer.Option(help='What is best, such as "min width"; by default the first objective.')
]
Cells = Annotated[int, typer.Option(min=2, max=200, help="Cells along each setting.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog="Examples: bnnopt effects; bnnopt effects --id 7 --step T=10 --plot effects.png; "
        'bnnopt effects --improve "min width" --keep peak; bnnopt effects --trade lead T --held peak'
    )(effects)
    app.command(
        "map",
        epilog="Examples: bnnopt map lead T; bnnopt map lead T --slice --id 7 --cells 40 --plot map.svg",
    )(map_)


def effects(
    folder: Folder = Path(),
    id: Id = None,
    at: At = None,
    step: Step = None,
    improve: Improve = None,
    keep: Keep = None,
    trade: Trade = None,
    held: Held = None,
    plot: Plot = None,
    replace: Replace = False,
    accept_changes: Accept = False,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Say what each setting does to each outcome at one recipe, with intervals."""
    cells, steps = pairs_of(at, "--at"), _numbers(pairs_of(step, "--step"))
    from bnnopt.campaign import campaign_effects, check_picture, draw

    if plot is not None:
        check_picture(plot, replace=replace)
    campaign = opened(folder, accept_changes=accept_changes)
    with working("fitting"):
        found = campaign_effects(
            campaign,
            id=id,
            at=cells,
            steps=steps,
            improve=improve,
            keep=keep,
            trade=trade,
            held=held,
            seed=seed,
        )
        if plot is not None:
            draw(found, plot, replace=replace)
    if as_json:
        echo_json({name: as_records(table) for name, table in found.tables().items()})
        return
    for title, table in found.shown():
        _echo(title, table)
    _echo_written(plot)


def map_(
    x: Annotated[str, typer.Argument(help="A setting that is a number.")],
    y: Annotated[str, typer.Argument(help="Another one.")],
    folder: Folder = Path(),
    best: Best = False,
    mean: Mean = False,
    slice_: Slice = False,
    objective: Objective = None,
    id: Id = None,
    at: At = None,
    cells: Cells = 10,
    plot: Plot = None,
    replace: Replace = False,
    accept_changes: Accept = False,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Say what two settings allow: the best over all others, their mean, or the slice of a recipe."""
    values = pairs_of(at, "--at")
    chosen = [name for name, is_wanted in (("best", best), ("mean", mean), ("slice", slice_)) if is_wanted]
    if len(chosen) > 1:
        raise typer.BadParameter("give one of --best, --mean and --slice", param_hint=f"--{chosen[1]}")
    from bnnopt.campaign import campaign_map, check_picture, draw

    if plot is not None:
        check_picture(plot, replace=replace)
    campaign = opened(folder, accept_changes=accept_changes)
    with working("fitting and searching"):
        found = campaign_map(
            campaign,
            x,
            y,
            reduce=chosen[0] if chosen else "best",
            objective=objective,
            id=id,
            at=values,
            n_cells=cells,
            seed=seed,
        )
        if plot is not None:
            draw(found, plot, replace=replace)
    if as_json:
        echo_json({name: as_records(table) for name, table in found.tables().items()})
        return
    for title, table in found.shown():
        _echo(title, table)
    _echo_written(plot)


def _numbers(pairs: dict[str, str]) -> dict[str, float]:
    """Return texts as numbers; a decimal comma will do."""
    numbers = {}
    for name, text in pairs.items():
        try:
            numbers[name] = float(text.replace(",", "."))
        except ValueError:
            raise typer.BadParameter(f"expected {name}=NUMBER, got {text!r}", param_hint="--step") from None
    return numbers


def _echo(title: str, table: "pd.DataFrame") -> None:
    if len(table):
        echo_table(table, title)
    else:
        typer.echo(title)


def _echo_written(plot: Path | None) -> None:
    if plot is not None:
        typer.echo(f"\nDrawn into {plot}.")
