"""A campaign to other programs and back: `export`, `import`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from bnnopt.cli._options import Folder, Seed, opened, working

__all__ = ["add_to"]

Optuna = Annotated[
    str | None,
    typer.Option("--optuna", help="A study of Optuna: the URL of its database, or an SQLite file (.db)."),
]
Study = Annotated[str | None, typer.Option("--study", help="The name of the study.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("export", epilog="Examples: bnnopt export state.json; bnnopt export --optuna study.db")(
        export
    )
    app.command(
        "import",
        epilog="Examples: bnnopt import state.json -f new; bnnopt import --optuna study.db -f new",
    )(take_over)


def export(
    file: Annotated[
        Path | None, typer.Argument(help="A new file, .json: the state of the optimizer.")
    ] = None,
    folder: Folder = Path(),
    optuna: Optuna = None,
    study: Study = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Write the JSON schema of campaign.toml, for editors.")
    ] = False,
    seed: Seed = 0,
) -> None:
    """Write the campaign for other programs: the optimizer's state as JSON, or a study of Optuna.

    BayesianOptimizer.from_json reads the state in Python. Nothing that is there is replaced.
    """
    from bnnopt.campaign import CampaignSettings, study_of_campaign, write_file

    path = _one_of(file, optuna)
    if optuna is not None:
        with working("writing"):
            made = study_of_campaign(opened(folder), optuna, study)
        typer.echo(f"Written as the study {made.study_name!r}: {len(made.trials)} trial(s).")
        return
    if schema:
        text = json.dumps(CampaignSettings.model_json_schema(), indent=1)
    else:
        text = opened(folder).optimizer(seed=seed).to_json()
    write_file(path, text.encode())
    typer.echo(f"Written to {path}.")


def take_over(
    file: Annotated[Path | None, typer.Argument(help="The state of an optimizer, .json.")] = None,
    folder: Folder = Path(),
    optuna: Optuna = None,
    study: Study = None,
    settings: Annotated[
        Path | None, typer.Option(help="A campaign.toml in place of the settings of the study.")
    ] = None,
    name: Annotated[str, typer.Option(help="Of the campaign; by default that of the folder or study.")] = "",
) -> None:
    """Begin a campaign with the settings and runs of an optimizer's state, or of a study of Optuna."""
    from bnnopt.campaign import campaign_of_state, campaign_of_study

    path = _one_of(file, optuna)
    if optuna is not None:
        with working("reading"):
            campaign = campaign_of_study(folder, optuna, study, name=name or None, settings=settings)
    else:
        campaign = campaign_of_state(folder, path, name or folder.resolve().name)
    typer.echo(f"Written to {campaign.folder}: campaign.toml and {campaign.table.name}.")


def _one_of(file: Path | None, optuna: str | None) -> Path:
    """Return the file, or raise `BadParameter` unless either it or a database is given."""
    if (file is None) == (optuna is None):
        raise typer.BadParameter("expected either a file, or --optuna with a database", param_hint="FILE")
    return file or Path()
