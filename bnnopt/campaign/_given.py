"""What a command is given: one run as texts, candidates, the state of an optimizer."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._tables import read_table, typed
from bnnopt.campaign._campaign import Campaign
from bnnopt.campaign._experiments import kinds_of_columns
from bnnopt.campaign._settings import CampaignSettings
from bnnopt.campaign._statuses import FAILED, MEASURED, PLANNED, error_name
from bnnopt.exceptions import InvalidDataError
from bnnopt.optimizer import BayesianOptimizer

__all__ = ["campaign_of_state", "one_run", "read_candidates"]


def one_run(settings: CampaignSettings, cells: Mapping[str, str], id: str | None = None) -> dict[str, Any]:
    """Return one run as `Campaign.record` takes it, out of texts.

    Parameters
    ----------
    settings : CampaignSettings
        Say what the columns are.
    cells : mapping of str to str
        Texts by the name of the column; a decimal comma will do.
    id : str, optional
        Of the run.

    Returns
    -------
    dict
        Values by name of column, with `id` if it was given.

    Raises
    ------
    InvalidDataError
        A name is unknown.
    """
    kinds = kinds_of_columns(settings)
    unknown = [name for name in cells if name not in kinds]
    if unknown:
        raise InvalidDataError(f"{unknown} are no columns of the campaign; it has {list(kinds)}.")
    run = {
        name: typed([text], kinds[name], "," if "," in text and "." not in text else ".").tolist()[0]
        for name, text in cells.items()
    }
    return run if id is None else {"id": id, **run}


def read_candidates(path: str | Path, settings: CampaignSettings) -> pd.DataFrame:
    """Read the only settings to choose from.

    Parameters
    ----------
    path : str or Path
        CSV, xlsx or Parquet with a column for each setting.
    settings : CampaignSettings
        Say what the columns are.

    Returns
    -------
    DataFrame of shape (n_candidates, n_settings)
        Values in the units of the settings.
    """
    return read_table(path, settings.space.kinds(), units=settings.units)


def campaign_of_state(folder: str | Path, path: str | Path, name: str) -> Campaign:
    """Begin a campaign with the settings and rows of an optimizer that was written as JSON.

    Parameters
    ----------
    folder : str or Path
        Of the new campaign.
    path : str or Path
        What `BayesianOptimizer.to_json` or `bnnopt export` wrote.
    name : str
        Of the campaign.

    Returns
    -------
    Campaign
        The new campaign, with all rows of the optimizer.

    Raises
    ------
    InvalidDataError
        The file is no such state, or has a surrogate or acquisition of one's own.
    """
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        raise InvalidDataError(f"{path} cannot be read: {error.strerror}.") from error
    optimizer = BayesianOptimizer.from_json(text)
    state = optimizer.state()
    settings = CampaignSettings.model_validate(
        {
            "name": name,
            "space": state.space,
            "objectives": state.objectives,
            "outcomes": state.outcomes,
            "surrogate": state.surrogate.model_dump(),
            "acquisition": state.acquisition.model_dump(),
            "n_initial": state.n_initial,
            "cost": state.cost,
            "learns_failures": state.success_classifier is not None,
            "trust_region": state.trust_region or False,
        }
    )
    return Campaign.create(folder, settings, _runs(optimizer))


def _runs(optimizer: BayesianOptimizer) -> pd.DataFrame:
    """Return the rows of an optimizer as runs of a table."""
    told = optimizer.data.copy()
    errors = pd.DataFrame(optimizer.state().rows.noise_std).iloc[told.index]
    for name in optimizer.outputs:
        if len(errors) and errors[name].any():
            told[error_name(name)] = errors[name].replace(0.0, np.nan)
    told["status"] = [FAILED if failed else MEASURED for failed in told.pop("is_failed")]
    parts = [part for part in (told, optimizer.pending.assign(status=PLANNED)) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else told
