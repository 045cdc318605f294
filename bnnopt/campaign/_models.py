"""What is kept of fitted models, in `models/`: a record of each fit, and what the last one says of the best.

All of it is JSON, numbers and words, never an object: a folder may come from anybody, and what is loaded from
a pickle runs. So a model itself is not kept; `status` needs of it only what stands here, and other commands
fit again.
"""

import json
import warnings
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._plain import plain
from bnnopt._tables import write_file
from bnnopt.campaign._settings import CampaignSettings
from bnnopt.campaign._suggestions import checksum_of, versions
from bnnopt.campaign._toml import as_toml
from bnnopt.metrics import coverage, negative_log_likelihood
from bnnopt.optimizer import BayesianOptimizer

__all__ = ["best_of", "fit_record"]

FORMAT = 1
RULE = 2  # by which rows are the best: 1 read limits from what was measured, 2 from what is believed
FEWEST = 2  # rows of a mean over rows left out


def best_of(
    folder: Path,
    settings: CampaignSettings,
    optimizer: BayesianOptimizer,
    find: Callable[[], pd.DataFrame],
) -> pd.DataFrame:
    """Return the best rows, as they were found last if nothing was told since, without a fit.

    Parameters
    ----------
    folder : Path
        Of the campaign. A file of it that is damaged is left aside with a warning, one of other runs,
        settings, versions or another seed without.
    settings : CampaignSettings
        Of the campaign.
    optimizer : BayesianOptimizer
        That was told all runs.
    find : callable
        Finds the best rows, by a fit.
    """
    file, key = folder / "models" / "best.json", _key(settings, optimizer)
    kept = _kept(file, key)
    if kept is None:
        kept = find()
        rows = [{"row": plain(row), **_plain(cells)} for row, cells in _records(kept)]
        body = {"columns": list(kept.columns), "rows": rows}
        document = {"format": FORMAT, "key": key, "checksum": checksum_of(body), **body}
        with suppress(OSError):  # of a folder that one may only read
            _write(file, document)
    return kept


def fit_record(settings: CampaignSettings, optimizer: BayesianOptimizer) -> dict[str, Any]:
    """Return how the model of an optimizer came about and what it is worth, as plain values.

    Parameters
    ----------
    settings : CampaignSettings
        Of the campaign.
    optimizer : BayesianOptimizer
        With a model.

    Returns
    -------
    dict
        When, versions, seed, the surrogate, the runs (how many, and a checksum), the share of each model,
        and by outcome the log density of rows left out (nats a row) and how many are in their 95 % interval.
    """
    state = optimizer.state()
    return {
        "format": FORMAT,
        "fitted": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "seed": state.seed,
        "surrogate": settings.surrogate.model_dump(mode="json"),
        "n_measured": optimizer.summary()["n_measured"],
        "runs": checksum_of(state.rows.model_dump(mode="json", exclude={"pending"})),
        "shares": [_plain(row) for row in optimizer.shares().to_dict("records")],
        "held_out": _held_out(optimizer),
    }


def _held_out(optimizer: BayesianOptimizer) -> dict[str, Any]:
    """Return by outcome what predictions of rows left out are worth; none where no model left rows out."""
    predicted = optimizer.predict_held_out()
    measured = optimizer.data.loc[predicted.index]
    found: dict[str, Any] = {}
    for name in optimizer.outputs:
        mean, std = (predicted[f"{name}_{end}"].to_numpy(float) for end in ("mean", "std"))
        is_known = np.isfinite(mean) & (std > 0)
        if is_known.sum() >= FEWEST:
            rows = [column[is_known] for column in (measured[name].to_numpy(float), mean, std)]
            density, share = -negative_log_likelihood(*rows), coverage(*rows, level=0.95)
            found[name] = {
                "n_rows": int(is_known.sum()),
                "log_density": float(density),
                "in_95_interval": float(share),
            }
    return found


def _key(settings: CampaignSettings, optimizer: BayesianOptimizer) -> str:
    """Return what tells all apart that the best rows depend on; what is on its way is none of it."""
    state = optimizer.state().model_dump(mode="json", exclude={"rows": {"pending"}, "checksum": True})
    return checksum_of([FORMAT, RULE, state, optimizer.has_model, as_toml(settings), versions()])


def _kept(file: Path, key: str) -> pd.DataFrame | None:
    """Return the rows that a file holds, None if it is not there, of something else, or damaged."""
    try:
        document = json.loads(file.read_bytes())
        if document["key"] != key:
            return None
        body = {name: document[name] for name in ("columns", "rows")}
        if document["checksum"] != checksum_of(body):
            raise ValueError("the checksum is another")
        rows = [row["row"] for row in body["rows"]]
        return pd.DataFrame(body["rows"], index=rows)[body["columns"]]
    except OSError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        warnings.warn(f"{file} is damaged and left aside ({error}); it is made anew.", stacklevel=2)
        return None


def _write(file: Path, document: dict[str, Any]) -> None:
    file.parent.mkdir(exist_ok=True)
    write_file(file, json.dumps(document, ensure_ascii=False, indent=1).encode(), replace=True)


def _records(table: pd.DataFrame) -> list[tuple[Any, dict[str, Any]]]:
    return list(zip(table.index, table.to_dict("records"), strict=True))


def _plain(cells: dict[Any, Any]) -> dict[str, Any]:
    return {str(name): plain(cell) for name, cell in cells.items()}
