"""A campaign to other programs and back: `export`, `import`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from bnnopt.cli._options import Folder, Seed, opened, pairs_of, working

__all__ = ["add_to"]

Names = list[str] | None
Optuna = Annotated[
    str | None,
    typer.Option("--optuna", help="A study of Optuna: the URL of its database, or an SQLite file (.db)."),
]
Study = Annotated[str | None, typer.Option("--study", help="The name of the study.")]
Surf = Annotated[bool, typer.Option("--surf", help="The file is a table of reactions in SURF.")]
Called = Annotated[Names, typer.Option("--as", help="NAME=SURF_NAME of a column, with --surf.")]
Source = Annotated[Path | None, typer.Argument(help="The state of an optimizer, .json; or a table in SURF.")]
Settings = Annotated[
    Path | None, typer.Option(help="A campaign.toml in place of the settings of a study or table.")
]
Maximize = Annotated[Names, typer.Option(help="A column of a table in SURF to make as large as can be.")]
Minimize = Annotated[Names, typer.Option(help="A column of a table in SURF to make as small as can be.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("export", epilog="Examples: bnnopt export state.json; bnnopt export --optuna study.db")(
        export
    )
    app.command("import", epilog="Example: bnnopt import --optuna study.db --folder new-campaign")(take_over)


def export(
    file: Annotated[
        Path | None, typer.Argument(help="A new file: the state of the optimizer, .json, or see --surf.")
    ] = None,
    folder: Folder = Path(),
    optuna: Optuna = None,
    study: Study = None,
    surf: Surf = False,
    called: Called = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Write the JSON schema of campaign.toml, for editors.")
    ] = False,
    seed: Seed = 0,
) -> None:
    """Write the campaign for other programs: the state as JSON, a study of Optuna, or a table in SURF.

    BayesianOptimizer.from_json reads the state in Python. Nothing that is there is replaced.
    """
    from bnnopt.campaign import CampaignSettings, study_of_campaign, write_file, write_surf

    path = _one_of(file, optuna)
    if optuna is not None:
        with working("writing"):
            made = study_of_campaign(opened(folder), optuna, study)
        typer.echo(f"Written as the study {made.study_name!r}: {len(made.trials)} trial(s).")
        return
    if surf:
        others = write_surf(opened(folder), path, pairs_of(called, "--as"))
        if others:
            typer.echo(
                f"SURF has no columns {', '.join(others)}; they stand behind its own (--as).", err=True
            )
    elif schema:
        write_file(path, json.dumps(CampaignSettings.model_json_schema(), indent=1).encode())
    else:
        write_file(path, opened(folder).optimizer(seed=seed).to_json().encode())
    typer.echo(f"Written to {path}.")


def take_over(
    file: Source = None,
    folder: Folder = Path(),
    optuna: Optuna = None,
    study: Study = None,
    surf: Surf = False,
    called: Called = None,
    maximize: Maximize = None,
    minimize: Minimize = None,
    settings: Settings = None,
    name: Annotated[str, typer.Option(help="Of the campaign; by default that of the folder or study.")] = "",
) -> None:
    """Begin a campaign with what an optimizer's state, a study of Optuna or a table in SURF holds."""
    from bnnopt.campaign import campaign_of_state, campaign_of_study, campaign_of_surf

    path = _one_of(file, optuna)
    named = name or folder.resolve().name
    if optuna is not None:
        with working("reading"):
            campaign = campaign_of_study(folder, optuna, study, name=name or None, settings=settings)
    elif surf:
        goals = [{"type": "maximize", "name": each} for each in maximize or []]
        goals += [{"type": "minimize", "name": each} for each in minimize or []]
        if not goals and settings is None:
            problem = "say what is wanted, such as --maximize product_1_yield, or give --settings"
            raise typer.BadParameter(problem, param_hint="--maximize")
        names = pairs_of(called, "--as")
        campaign = campaign_of_surf(folder, path, goals, name=named, settings=settings, names=names)
    else:
        campaign = campaign_of_state(folder, path, named)
    typer.echo(f"Written to {campaign.folder}: campaign.toml and {campaign.table.name}.")


def _one_of(file: Path | None, optuna: str | None) -> Path:
    """Return the file, or raise `BadParameter` unless either it or a database is given."""
    if (file is None) == (optuna is None):
        raise typer.BadParameter("expected either a file, or --optuna with a database", param_hint="FILE")
    return file or Path()
