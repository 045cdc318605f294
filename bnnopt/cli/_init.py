"""`init`: begin a campaign from a table of past runs, or from a campaign.toml."""

import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from bnnopt.cli._options import AsJson, Folder, echo_json, pairs_of

__all__ = ["add_to"]

EXAMPLE = "Example: bnnopt init runs.csv --maximize yield --minimize cost --folder my-campaign"

Names = list[str] | None
Source = Annotated[Path, typer.Argument(help="Past runs, a CSV or xlsx; or a campaign.toml.")]
Maximize = Annotated[Names, typer.Option(help="A column to make as large as can be.")]
Minimize = Annotated[Names, typer.Option(help="A column to make as small as can be.")]
Targets = Annotated[Names, typer.Option(help="NAME=VALUE or NAME=VALUE+-TOLERANCE, a wanted outcome.")]
AtLeast = Annotated[Names, typer.Option(help="NAME=VALUE that an outcome must not be below.")]
AtMost = Annotated[Names, typer.Option(help="NAME=VALUE that an outcome must not be above.")]
Recorded = Annotated[Names, typer.Option(help="A column that is recorded and cannot be set.")]
LeftOut = Annotated[Names, typer.Option(help="A column of yours that is no setting.")]
Bounds = Annotated[Names, typer.Option(help="NAME=LOWER:UPPER of a setting.")]
Steps = Annotated[Names, typer.Option(help="NAME=STEP of a setting.")]
Surrogate = Annotated[str, typer.Option(help="A key of bnnopt.SURROGATES.")]
Name = Annotated[str, typer.Option(help="Of the campaign; by default that of the folder.")]
Runs = Annotated[Path | None, typer.Option(help="Past runs, beside a campaign.toml.")]
Empty = Annotated[str, typer.Option(help="What an empty outcome means: planned or failed.")]
Xlsx = Annotated[bool, typer.Option("--xlsx", help="Keep the table as an Excel workbook.")]


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLE)(init)


def init(
    source: Source,
    folder: Folder = Path(),
    maximize: Maximize = None,
    minimize: Minimize = None,
    target: Targets = None,
    at_least: AtLeast = None,
    at_most: AtMost = None,
    context: Recorded = None,
    leave_out: LeftOut = None,
    bounds: Bounds = None,
    step: Steps = None,
    surrogate: Surrogate = "auto",
    name: Name = "",
    runs: Runs = None,
    empty: Empty = "planned",
    xlsx: Xlsx = False,
    as_json: AsJson = False,
) -> None:
    """Begin a campaign: write campaign.toml and experiments.csv, and say what was guessed.

    Of a table bounds, steps, levels, units and sums are guessed from the runs; what is wanted is asked for on
    a terminal, or given by flags. Everything can be corrected in campaign.toml afterwards.
    """
    from bnnopt.campaign import Campaign, guess_settings

    if empty not in ("planned", "failed"):
        raise typer.BadParameter(f"expected planned or failed, got {empty!r}", param_hint="--empty")
    reasons: tuple[str, ...] = ()
    settings: Any = source
    if source.suffix.lower() != ".toml":
        goals = _goals(maximize, minimize, target) or _asked_goals(source)
        guess = guess_settings(
            source,
            [*goals, *_limits(at_least, at_most)],
            name=name or folder.resolve().name,
            context=context or (),
            left_out=leave_out or (),
            bounds={key: _range(value) for key, value in pairs_of(bounds, "--bounds").items()},
            steps={key: _number(value, "--step") for key, value in pairs_of(step, "--step").items()},
            surrogate={"name": surrogate},
        )
        settings, reasons, runs = guess.settings, guess.reasons, source
    as_xlsx = xlsx or (runs is not None and runs.suffix.lower() == ".xlsx")
    campaign = Campaign.create(folder, settings, runs, as_xlsx=as_xlsx, empty=empty)
    counts = campaign.experiments["status"].value_counts().to_dict()
    if as_json:
        echo_json({"folder": str(folder), "guessed": list(reasons), "runs": counts})
        return
    for reason in reasons:
        typer.echo(f"- {reason}")
    said = ", ".join(f"{count} {status}" for status, count in counts.items()) or "no runs yet"
    typer.echo(f"Written to {folder}: campaign.toml (look through it), {campaign.table.name} ({said}).")
    typer.echo("Next: bnnopt suggest -n 4")


def _goals(maximize: Names, minimize: Names, target: Names) -> list[dict[str, Any]]:
    goals: list[dict[str, Any]] = [{"type": "maximize", "name": each} for each in maximize or []]
    goals += [{"type": "minimize", "name": each} for each in minimize or []]
    wanted = pairs_of(target, "--target")
    return [*goals, *({"type": "target", "name": key, **_target(value)} for key, value in wanted.items())]


def _limits(at_least: Names, at_most: Names) -> list[dict[str, Any]]:
    limits: dict[str, dict[str, Any]] = {}
    for texts, end, option in ((at_least, "lower", "--at-least"), (at_most, "upper", "--at-most")):
        for key, value in pairs_of(texts, option).items():
            limit = limits.setdefault(key, {"type": "outcome_constraint", "name": key})
            limit[end] = _number(value, option)
    return list(limits.values())


def _target(text: str) -> dict[str, float]:
    """Return a wanted value and its tolerance, by default a hundredth of the value."""
    value, _, tolerance = re.sub(r"\+-|\+/-|±", ",", text).partition(",")
    number = _number(value, "--target")
    width = _number(tolerance, "--target") if tolerance else abs(number) / 100 or 1.0
    return {"value": number, "tolerance": width}


def _range(text: str) -> tuple[float, float]:
    lower, colon, upper = text.partition(":")
    if not colon:
        raise typer.BadParameter(f"expected NAME=LOWER:UPPER, got {text!r}", param_hint="--bounds")
    return _number(lower, "--bounds"), _number(upper, "--bounds")


def _number(text: str, option: str) -> float:
    try:
        return float(text)
    except ValueError:
        problem = f"expected a number such as 0.5, got {text!r}"
        raise typer.BadParameter(problem, param_hint=option) from None


def _asked_goals(source: Path) -> list[dict[str, Any]]:
    """Return what is wanted as answered on the terminal."""
    from bnnopt.campaign import columns_of

    columns = columns_of(source)
    if not sys.stdin.isatty():
        problem = f"say what is wanted: --maximize, --minimize or --target with one of {columns}"
        raise typer.BadParameter(problem, param_hint="--maximize")
    typer.echo(f"Columns of numbers: {', '.join(columns)}")
    goals = []
    for kind in ("maximize", "minimize"):
        answer = typer.prompt(f"Which are to {kind}? (commas between, nothing for none)", default="")
        goals += [{"type": kind, "name": each.strip()} for each in answer.split(",") if each.strip()]
    if not goals:
        raise typer.BadParameter("nothing is wanted of any column", param_hint="--maximize")
    return goals
