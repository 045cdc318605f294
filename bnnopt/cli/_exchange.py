"""A campaign to other programs and back: `export`, `import`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from bnnopt.cli._options import Folder, Seed, opened

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("export", epilog="Example: bnnopt export state.json")(export)
    app.command("import", epilog="Example: bnnopt import state.json --folder new-campaign")(take_over)


def export(
    file: Annotated[Path, typer.Argument(help="A new file, .json: the state of the optimizer.")],
    folder: Folder = Path(),
    schema: Annotated[
        bool, typer.Option("--schema", help="Write the JSON schema of campaign.toml, for editors.")
    ] = False,
    seed: Seed = 0,
) -> None:
    """Write the state of the optimizer as JSON, which BayesianOptimizer.from_json reads in Python."""
    from bnnopt.campaign import CampaignSettings, write_file

    if schema:
        text = json.dumps(CampaignSettings.model_json_schema(), indent=1)
    else:
        text = opened(folder).optimizer(seed=seed).to_json()
    write_file(file, text.encode())
    typer.echo(f"Written to {file}.")


def take_over(
    file: Annotated[Path, typer.Argument(help="The state of an optimizer, .json.")],
    folder: Folder = Path(),
    name: Annotated[str, typer.Option(help="Of the campaign; by default that of the folder.")] = "",
) -> None:
    """Begin a campaign with the settings and runs of an optimizer that was written as JSON."""
    from bnnopt.campaign import campaign_of_state

    campaign = campaign_of_state(folder, file, name or folder.resolve().name)
    typer.echo(f"Written to {campaign.folder}: campaign.toml and {campaign.table.name}.")
