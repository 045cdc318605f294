"""The first files of a campaign, and its runs told to an optimizer."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bnnopt.campaign._experiments import Experiments, refuse_own_names
from bnnopt.campaign._folder import CampaignFolder
from bnnopt.campaign._recorded import Recorded
from bnnopt.campaign._recording import given_runs
from bnnopt.campaign._settings import CampaignSettings
from bnnopt.campaign._statuses import FAILED, PENDING, SETTLED, error_name
from bnnopt.campaign._suggestions import version_of
from bnnopt.campaign._toml import as_toml
from bnnopt.exceptions import InvalidDataError
from bnnopt.optimizer import BayesianOptimizer

__all__ = ["begin", "told"]


def begin(
    files: CampaignFolder, settings: CampaignSettings | str | Path, runs: Any, *, as_xlsx: bool, empty: str
) -> None:
    """Write the files of a new campaign, see `Campaign.create`."""
    is_there = files.settings.exists()
    if is_there and not _is_same_file(settings, files.settings):
        raise InvalidDataError(
            f"{files.settings} is there already; open this campaign, or name another folder."
        )
    if files.table.exists() and not _is_same_file(runs, files.table):
        raise InvalidDataError(f"{files.table} is there already; give it as the runs, or move it.")
    known = settings if isinstance(settings, CampaignSettings) else CampaignSettings.from_toml(settings)
    table = files.path / ("experiments.xlsx" if as_xlsx else "experiments.csv")
    refuse_own_names(known)
    experiments = _first_table(known, runs, table)
    if empty == FAILED:
        experiments = experiments.with_empties_failed()
    told(known.make_optimizer(), experiments)
    files.create()
    with files.lock():
        if not is_there:
            files.write(files.settings, _text_of(settings, known, files.path).encode())
        files.replace_table(table, experiments.content(None), files.read(files.table))
        files.write(files.recorded, Recorded().of(experiments, version_of("bnnopt")).content())


def told(optimizer: BayesianOptimizer, experiments: Experiments) -> BayesianOptimizer:
    """Tell an optimizer the runs of a table, failed ones too, and plan those on their way."""
    runs, outputs = experiments.frame, list(optimizer.outputs)
    settled = runs[runs["status"].isin(SETTLED)]
    bars = {name: settled[error_name(name)] for name in outputs if error_name(name) in runs}
    errors = (
        pd.DataFrame({name: bars.get(name, np.nan) for name in outputs}, index=settled.index)
        if bars
        else None
    )
    try:
        optimizer.tell(settled, settled, None if errors is None else errors.astype(float))
        optimizer.plan(runs[runs["status"].isin(PENDING)])
    except InvalidDataError as error:
        raise InvalidDataError(f"{experiments.where}: {error}") from error
    return optimizer


def _first_table(settings: CampaignSettings, runs: Any, path: Path) -> Experiments:
    """Return the table of a new campaign: past runs with all columns, or none."""
    new = Experiments.new(path, settings)
    if runs is None:
        return new
    if isinstance(runs, str | Path):
        experiments = Experiments.read(Path(runs), settings)
        return experiments.with_columns(new.text.names).filled_in().at(path)
    given, _ = given_runs(runs, settings)
    rows = given.astype(object).to_dict("records")
    return new.with_rows(
        [{name: cell for name, cell in row.items() if not pd.isna(cell)} for row in rows]
    ).filled_in()


def _text_of(settings: CampaignSettings | str | Path, known: CampaignSettings, folder: Path) -> str:
    """Return the text of the campaign's file: as it was written, unless it names files beside it."""
    if isinstance(settings, CampaignSettings):
        return as_toml(known)
    text = Path(settings).read_text(encoding="utf-8-sig")
    names_files = known.earlier or "descriptors" in text
    return as_toml(known) if names_files and Path(settings).parent.resolve() != folder.resolve() else text


def _is_same_file(given: Any, path: Path) -> bool:
    return isinstance(given, str | Path) and Path(given).exists() and Path(given).samefile(path)
