"""What a report is about: an optimizer, the table of runs and every batch ever suggested."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._tables import as_named
from bnnopt._typing import BoolArray
from bnnopt._validation import require_columns
from bnnopt.exceptions import InvalidDataError
from bnnopt.optimizer import BayesianOptimizer
from bnnopt.space import SearchSpace

__all__ = ["AWAITED", "TOLD", "ReportData"]

TOLD = ("measured", "failed")
AWAITED = ("planned", "running")
CLOSE = 1e-6  # of a setting, relative: what may differ between a table and what was told of it


@dataclass(frozen=True)
class ReportData:
    """Everything that a report shows, checked.

    Parameters
    ----------
    optimizer : BayesianOptimizer
        Told every measured and failed run, in the order of `runs`.
    runs : DataFrame
        One row a run: id, settings, outcomes, status, and whatever else is recorded.
    suggestions : tuple of DataFrame
        One for each batch ever asked for: id, settings, `<outcome>_mean`, `<outcome>_std`, where they are
        known `<outcome>_lower` and `<outcome>_upper`, and reason.
    name, description : str
        Of the campaign.
    created : str
        When the report was made, in words; "" to leave it out.
    versions, hashes : mapping of str to str
        Of what the results depend on, and of the files or tables that were read.
    seed : int or None
        Of the optimizer; None to take it from its state.
    """

    optimizer: BayesianOptimizer
    runs: pd.DataFrame
    suggestions: tuple[pd.DataFrame, ...] = ()
    name: str = "Campaign"
    description: str = ""
    created: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None

    @classmethod
    def of(
        cls,
        optimizer: BayesianOptimizer,
        experiments: Any,
        suggestions: Sequence[Any] = (),
        *,
        name: str,
        description: str = "",
        created: str = "",
        versions: Mapping[str, str] | None = None,
        hashes: Mapping[str, str] | None = None,
        seed: int | None = None,
    ) -> "ReportData":
        """Check that the tables and the optimizer are about the same runs.

        Parameters
        ----------
        optimizer : BayesianOptimizer
            Told every measured and failed run, in the order of `experiments`.
        experiments : table
            One row a run, with the columns `id` (unique), the settings, the outcomes, and `status` (planned,
            running, measured, failed, or another word for runs that are not told); where there is one,
            `batch` says with which a run was suggested. All other columns are shown as they are.
        suggestions : sequence of tables, default=()
            One for each batch ever asked for, see `ReportData`; ids are those of `experiments`.
        name : str
            Of the campaign.
        description : str, default=""
            Shown below the name.
        created : str, default=""
            When the report was made, in words.
        versions : mapping of str to str, optional
            Versions by name of package, added to those of this process.
        hashes : mapping of str to str, optional
            Hashes by name of file, added to those of the tables and of the optimizer's state.
        seed : int, optional
            Of the campaign; by default the seed in the state of the optimizer.

        Returns
        -------
        ReportData
            For `write_report`.

        Raises
        ------
        InvalidDataError
            A column is missing, an id is missing or doubled, or the runs told are not those of the table.
        """
        runs = _as_runs(optimizer, experiments)
        batches = tuple(_as_batch(table, number) for number, table in enumerate(suggestions, start=1))
        _check_told(optimizer, runs)
        further = (name, description, created, dict(versions or {}), dict(hashes or {}), seed)
        return cls(optimizer, runs, batches, *further)

    @cached_property
    def is_told(self) -> BoolArray:
        """Whether each run is measured or failed, shape (n_runs,)."""
        return self.runs["status"].isin(TOLD).to_numpy()

    @cached_property
    def ids(self) -> list[str]:
        """Ids of the rows told, in the order of `optimizer.data`."""
        return self.runs["id"][self.is_told].tolist()

    @cached_property
    def told(self) -> pd.DataFrame:
        """The rows told, as the optimizer has them, with the id of each in front."""
        data = self.optimizer.data.reset_index(drop=True)
        return pd.concat([pd.Series(self.ids, name="id", dtype=object), data], axis=1)

    @cached_property
    def space(self) -> SearchSpace:
        """The space, where a context without bounds has the range of the rows told."""
        space = self.optimizer.space
        return space.with_observed_context(self.told) if len(self.told) else space

    @cached_property
    def numbers(self) -> list[str]:
        """Names of settings and context that are numbers of more than one value."""
        return [name for name, (low, high) in self.space.ranges.items() if low < high]

    @cached_property
    def held_out(self) -> pd.DataFrame:
        """What the model predicts of each measured row without it, see `optimizer.predict_held_out`."""
        return self.optimizer.predict_held_out()

    @cached_property
    def best(self) -> pd.Series | None:
        """What `optimizer.best` returns, with the id of the run; None while there is no best run."""
        try:
            row = self.optimizer.best()
        except InvalidDataError:
            return None
        return pd.concat([pd.Series({"id": self.id_of[row.name]}), row])

    @cached_property
    def centre(self) -> pd.DataFrame:
        """Settings of the best row, without one of the last that was measured, as a table of one row."""
        if self.best is not None:
            return self.space.as_table(self.best[self.space.names].to_frame().T.infer_objects())
        rows = self.told[~self.told["is_failed"]]
        return self.space.as_table(rows[self.space.names].iloc[[-1]].reset_index(drop=True))

    @cached_property
    def id_of(self) -> dict[int, str]:
        """Id of each row told, by its number in `optimizer.data`."""
        return dict(zip(self.optimizer.data.index.tolist(), self.ids, strict=True))

    @cached_property
    def awaited(self) -> pd.DataFrame:
        """Planned and running runs, with what was predicted of them when they were suggested."""
        rows = self.runs[self.runs["status"].isin(AWAITED)]
        if not self.suggestions:
            return rows
        predicted = self.predictions.drop_duplicates("id", keep="last")
        new = [name for name in predicted.columns if name not in rows.columns or name == "id"]
        return rows.merge(predicted[new], on="id", how="left")

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """What was predicted of every run when it was suggested, with the number of its batch."""
        names = [f"{name}{end}" for name in self.optimizer.outputs for end in ENDS]
        tables = [
            table.reindex(columns=["id", *names, "reason"])
            .astype(dict.fromkeys(names, float))
            .assign(batch_number=number)
            for number, table in enumerate(self.suggestions, start=1)
        ]
        filled = [table for table in tables if len(table)]
        return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=["id", *names])


ENDS = ("_mean", "_std", "_lower", "_upper")


def _as_runs(optimizer: BayesianOptimizer, experiments: Any) -> pd.DataFrame:
    table = _table(experiments, "experiments")
    wanted = ["id", *optimizer.space.names, *optimizer.outputs, "status"]
    require_columns(table, wanted, "experiments")
    runs = table.reset_index(drop=True).assign(id=_ids(table["id"], "experiments"))
    return runs.assign(status=runs["status"].fillna("").astype(str).str.strip().str.lower())


def _as_batch(suggestions: Any, number: int) -> pd.DataFrame:
    where = f"suggestions, batch {number}"
    table = _table(suggestions, where)
    require_columns(table, ["id"], where)
    return table.reset_index(drop=True).assign(id=_ids(table["id"], where))


def _table(values: Any, where: str) -> pd.DataFrame:
    table = as_named(values)
    if table is None:
        raise InvalidDataError(f"{where}: expected a table with names, got {type(values).__name__}.")
    return table


def _ids(column: pd.Series, where: str) -> pd.Series:
    """Return ids as text, or raise `InvalidDataError` for one that is missing or doubled."""
    ids = pd.Series([_id(cell) for cell in column], dtype=object)
    if (ids == "").any():
        raise InvalidDataError(
            f"{where}: row {int(np.flatnonzero(ids == '')[0])} has no id; give each run one."
        )
    if ids.duplicated().any():
        doubled = ids[ids.duplicated()].iloc[0]
        raise InvalidDataError(f"{where}: the id {doubled!r} occurs more than once; make ids unique.")
    return ids


def _id(cell: Any) -> str:
    if cell is None or pd.isna(cell):
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _check_told(optimizer: BayesianOptimizer, runs: pd.DataFrame) -> None:
    """Raise `InvalidDataError` unless the rows told are the measured and failed ones, in their order."""
    told, data = runs[runs["status"].isin(TOLD)], optimizer.data
    if len(told) != len(data):
        raise InvalidDataError(
            f"experiments: {len(told)} run(s) are measured or failed, but the optimizer was told {len(data)};"
            " tell it each of them once, in their order."
        )
    given = optimizer.space.as_table(told).reset_index(drop=True)
    for name in optimizer.space.names:
        is_same = _are_same(given[name], data[name].reset_index(drop=True))
        if not is_same.all():
            run = told["id"].iloc[int(np.flatnonzero(~is_same)[0])]
            raise InvalidDataError(
                f"experiments: {name!r} of run {run!r} is not what the optimizer was told; tell it the rows "
                "of this table, in their order."
            )


def _are_same(first: pd.Series, second: pd.Series) -> BoolArray:
    try:
        return np.isclose(first.to_numpy(float), second.to_numpy(float), rtol=CLOSE, atol=0, equal_nan=True)
    except (TypeError, ValueError):
        return (first.astype(str) == second.astype(str)).to_numpy()
