"""The command `bnnopt`: each command reads its options, calls the campaign room and prints; no logic here."""

import sys
from typing import Annotated

import typer

import bnnopt
from bnnopt.cli import _checks, _exchange, _init, _inspect, _report, _rounds
from bnnopt.exceptions import BnnoptError, ChangedRowsError

__all__ = ["app", "main"]

EPILOG = (
    "Exit codes: 0 done, 130 interrupted, 2 something given cannot be used (the message says what), 3 runs "
    "read otherwise than they were recorded (--accept-changes takes them)."
)

app = typer.Typer(
    help=bnnopt.__doc__.splitlines()[0], no_args_is_help=True, add_completion=False, epilog=EPILOG
)
for room in (_init, _rounds, _checks, _inspect, _report, _exchange):
    room.add_to(app)


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Show the version and stop.")] = False,
) -> None:
    if version:
        typer.echo(bnnopt.__version__)
        raise typer.Exit


def main() -> None:
    """Run the command; an error that bnnopt raises on purpose, or of a file, is shown as a plain message.

    Raises
    ------
    SystemExit
        With the exit code: 2 for such an error, 3 where recorded runs read otherwise, 130 after an
        interruption.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that has no character for a unit
    try:
        app()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except ChangedRowsError as error:
        typer.echo(f"Error: {error}", err=True)
        raise SystemExit(3) from error
    except (BnnoptError, OSError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise SystemExit(2) from error
