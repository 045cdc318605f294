"""The command `bnnopt`: each command reads files, calls the campaign room and prints; no logic lives here."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import bnnopt
from bnnopt.exceptions import BnnoptError, InvalidDataError

if TYPE_CHECKING:
    from bnnopt.campaign import CampaignSettings
    from bnnopt.optimizer import BayesianOptimizer

__all__ = ["app", "main"]

app = typer.Typer(help=bnnopt.__doc__.splitlines()[0], no_args_is_help=True, add_completion=False)

Config = Annotated[Path, typer.Option("--config", "-c", help="The campaign's settings, a TOML file.")]
Data = Annotated[
    Path, typer.Option("--data", "-d", help="Past runs, CSV or xlsx; an empty outcome is a failure.")
]
Seed = Annotated[int, typer.Option(min=0, help="The same seed and runs give the same suggestions.")]


@app.command()
def suggest(
    config: Config,
    data: Data,
    n: Annotated[int, typer.Option("-n", min=1, help="Runs to suggest.")] = 8,
    context: Annotated[list[str] | None, typer.Option(help="NAME=VALUE of a context variable.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the suggestions to this new CSV file.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Let --out replace a file.")] = False,
    exploration: Annotated[float, typer.Option(min=0, max=1, help="Share of runs to explore with.")] = 0.0,
    replicates: Annotated[int, typer.Option(min=0, help="Runs that repeat promising ones.")] = 0,
    shared: Annotated[list[str] | None, typer.Option(help="A setting in which all runs agree.")] = None,
    seed: Seed = 0,
) -> None:
    """Suggest the next runs, with predicted outcomes, their standard deviations and 95 % intervals."""
    from bnnopt.campaign import context_of, readable, with_intervals, with_units, write_table

    if out is not None:
        _refuse_other_files(out, config, data, replace=replace)
    pairs = _pairs(context or [])
    settings, optimizer = _resumed(config, data, seed)
    batch = optimizer.ask(
        n,
        context=context_of(settings, pairs),
        exploration=exploration,
        n_replicates=replicates,
        shared=shared or (),
    )
    units: dict[str, str | None] = dict(optimizer.space.units)
    for each in (*optimizer.outcomes, *optimizer.objectives):
        units.update({name: unit for name, unit in each.units.items() if unit})
    table = with_intervals(batch, optimizer)
    typer.echo(with_units(readable(table, optimizer.space), units).to_string(index=False))
    if out is not None:
        write_table(with_units(table, units), out, replace=replace)
        typer.echo(f"Written to {out}.")


@app.command()
def status(config: Config, data: Data, seed: Seed = 0) -> None:
    """Check the settings and the past runs, count them, and show the best."""
    from bnnopt.campaign import readable

    _, optimizer = _resumed(config, data, seed)
    for name, count in optimizer.summary().items():
        typer.echo(f"{name}: {count}")
    try:
        best = optimizer.best().to_frame().T
        typer.echo(readable(best, optimizer.space).iloc[0].to_string())
    except InvalidDataError as error:
        typer.echo(f"No best run yet. {error}")


@app.command()
def advise(
    config: Config,
    data: Data,
    context: Annotated[list[str] | None, typer.Option(help="NAME=VALUE of a context variable.")] = None,
    budget: Annotated[int | None, typer.Option(min=1, help="Runs to make in all.")] = None,
    seed: Seed = 0,
) -> None:
    """Say whether going on is worth it, and why."""
    from bnnopt.campaign import context_of

    pairs = _pairs(context or [])
    settings, optimizer = _resumed(config, data, seed)
    advice = optimizer.advise(context=context_of(settings, pairs), budget=budget)
    typer.echo("Stop:" if advice.is_stop else "Go on:")
    for reason in advice.reasons:
        typer.echo(f"- {reason}")


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Show the version and stop.")] = False,
) -> None:
    if version:
        typer.echo(bnnopt.__version__)
        raise typer.Exit


def main() -> None:
    """Run the command; an error that bnnopt raises on purpose, or of a file, is shown as a plain message."""
    try:
        app()
    except (BnnoptError, OSError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise SystemExit(2) from error


def _resumed(config: Path, data: Path, seed: int) -> "tuple[CampaignSettings, BayesianOptimizer]":
    from bnnopt.campaign import CampaignSettings, read_runs, resume

    settings = CampaignSettings.from_toml(config)
    return settings, resume(settings, read_runs(data, settings), seed=seed)


def _refuse_other_files(out: Path, *inputs: Path, replace: bool) -> None:
    """Refuse to write over another file, and over what was read whatever is asked."""
    from bnnopt._tables import refuse_existing

    for path in inputs:
        if out.exists() and path.exists() and out.samefile(path):
            raise InvalidDataError(f"--out {out} is the file {path} that is read; give another name.")
    try:
        refuse_existing(out, replace=replace)
    except InvalidDataError as error:
        raise InvalidDataError(f"--out: {error} --replace lets it replace a file of suggestions.") from error


def _pairs(context: list[str]) -> dict[str, str]:
    """Return the names and values of a context, as text."""
    pairs: dict[str, str] = {}
    for pair in context:
        name, equals, value = pair.partition("=")
        if not equals or name in pairs:
            problem = f"{name!r} twice" if equals else f"{pair!r}"
            raise typer.BadParameter(f"expected NAME=VALUE, got {problem}", param_hint="--context")
        pairs[name] = value
    return pairs
