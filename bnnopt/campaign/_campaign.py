"""A campaign that lives for months: a folder with settings, a table, and every batch ever asked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import pandas as pd

from bnnopt.campaign._beginning import begin, told
from bnnopt.campaign._experiments import Experiments, refuse_own_names
from bnnopt.campaign._folder import CampaignFolder
from bnnopt.campaign._models import fit_record
from bnnopt.campaign._planned import planned_rows, with_ids, without_planned
from bnnopt.campaign._recorded import Change, Recorded, changes_of, listed_changes
from bnnopt.campaign._recording import Recording, given_runs
from bnnopt.campaign._settings import CampaignSettings
from bnnopt.campaign._suggest import resume, with_intervals
from bnnopt.campaign._suggestions import (
    batch_document,
    batches,
    history_of,
    last_rows,
    next_number,
    predictions_of,
    today,
    version_of,
)
from bnnopt.exceptions import ChangedRowsError, InvalidDataError
from bnnopt.optimizer import BayesianOptimizer

__all__ = ["Campaign"]


class Campaign:
    """A folder with a campaign of real experiments: open it, suggest, record, and again for months.

    The folder holds `campaign.toml` (the settings), `experiments.csv` or `.xlsx` (one row a run: id,
    settings, context, outcomes, `<outcome>_error`, status, batch, replicate_of, date, note, and any columns
    of your own, which stay as they are), `suggestions/` (every batch ever asked, with its predictions),
    `models/` (how the model of each batch came about, and what the last one says of the best run) and
    `history/` (former versions of the table, and what was recorded of each run). A run is *planned*,
    *running*, *measured*, *failed* or *withdrawn*; an empty outcome is awaited, and a failure says so:
    `failed` as the status or in the cell.

    The table may be edited in any spreadsheet program between calls. A run that was measured and reads
    otherwise later is not taken silently: `check` tells, and `accept_changes` takes it. Files are written
    whole or not at all, by one process at a time.

    Parameters
    ----------
    folder : str or Path
        Of a campaign that is there; see `create` for a new one.

    Attributes
    ----------
    folder : Path
        Where it lives.
    settings : CampaignSettings
        As they stood when it was opened.

    Raises
    ------
    InvalidDataError
        There is no campaign in the folder, it is of a newer version, or its settings are not valid.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from bnnopt import Campaign, CampaignSettings, Minimize, Real, SearchSpace
    >>> space = SearchSpace([Real("x", 0, 1)])
    >>> settings = CampaignSettings(name="a", space=space, objectives=[Minimize("y")])
    >>> folder = TemporaryDirectory()
    >>> campaign = Campaign.create(folder.name, settings)
    >>> batch = campaign.suggest(2)
    >>> campaign.record({"id": 1, "y": 0.5})
    ['1']
    >>> campaign.experiments["status"].tolist()
    ['measured', 'planned']
    >>> folder.cleanup()
    """

    def __init__(self, folder: str | Path) -> None:
        self._files = CampaignFolder(folder)
        self.folder = self._files.path
        if not self._files.settings.exists():
            raise InvalidDataError(
                f"There is no campaign in {self.folder}: it has no campaign.toml. Begin one there with "
                "bnnopt init, or name the folder of another with --folder."
            )
        Recorded.read(self._files)  # a campaign of a newer version is told before its settings are
        self.settings = CampaignSettings.from_toml(self._files.settings)
        refuse_own_names(self.settings)

    @classmethod
    def open(cls, folder: str | Path) -> Self:
        """Open a campaign that is there.

        Parameters
        ----------
        folder : str or Path
            Where its campaign.toml is.

        Returns
        -------
        Campaign
            That of the folder.

        Raises
        ------
        InvalidDataError
            There is no campaign in the folder, it is of a newer version, or its settings are not valid.
        """
        return cls(folder)

    @classmethod
    def create(
        cls,
        folder: str | Path,
        settings: CampaignSettings | str | Path,
        runs: Any = None,
        *,
        as_xlsx: bool = False,
        empty: str = "planned",
    ) -> Self:
        """Begin a campaign in a folder.

        Parameters
        ----------
        folder : str or Path
            New, or without a campaign in it.
        settings : CampaignSettings or path of a TOML file
            What it is about; a file in this very folder stays as it is.
        runs : table, or path of a CSV or xlsx file, optional
            Past runs; their columns stay in their place, and those of bnnopt that are missing come at the
            right. An empty outcome is a run that is planned.
        as_xlsx : bool, default=False
            Whether the table is an Excel workbook instead of a CSV.
        empty : {"planned", "failed"}, default="planned"
            What an empty outcome of a run without status means.

        Returns
        -------
        Campaign
            That of the folder, with its first files written.

        Raises
        ------
        InvalidDataError
            There is a campaign already, or a run is not what the settings say.
        """
        begin(CampaignFolder(folder), settings, runs, as_xlsx=as_xlsx, empty=empty)
        return cls(folder)

    @property
    def experiments(self) -> pd.DataFrame:
        """The table as it stands in the file: one row a run, `status` as outcomes and words say."""
        return self._read()[0].frame.reset_index(drop=True)

    @property
    def table(self) -> Path:
        """The file of the table."""
        return self._files.table

    def optimizer(self, *, seed: int = 0, **parameters: Any) -> BayesianOptimizer:
        """Return an optimizer that was told all measured and failed runs, and knows of those on their way.

        Parameters
        ----------
        seed : int, default=0
            Seeds it.
        **parameters
            Parameters of `BayesianOptimizer` that are to differ from the settings, such as `acquisition`.

        Returns
        -------
        BayesianOptimizer
            Its rows are the measured and failed runs in the order of the table; planned and running ones are
            pending.

        Raises
        ------
        InvalidDataError
            A run is not what it should be, or reads otherwise than it was recorded (`ChangedRowsError`).
        """
        return self._optimizer(self._unchanged()[0], seed, parameters)

    def check(self) -> list[Change]:
        """Return what reads otherwise than it was recorded, in words too: nothing, as a rule.

        Returns
        -------
        list of Change
            One for each run and column, in the order of the table; empty where nothing changed.
        """
        experiments, recorded = self._read()
        return changes_of(recorded, experiments)

    def accept_changes(self) -> list[Change]:
        """Take what reads otherwise than it was recorded, and keep what it was as corrections.

        Returns
        -------
        list of Change
            What was accepted; empty where nothing changed.
        """
        with self._files.lock():
            experiments, recorded = self._read()
            changes = changes_of(recorded, experiments)
            self._save(experiments, experiments, recorded.corrected(changes, today()))
        return changes

    def suggest(
        self,
        n: int = 1,
        *,
        seed: int = 0,
        targets: Sequence[float] = (),
        is_dry: bool = False,
        as_xlsx: bool | None = None,
        acquisition: Any = None,
        **options: Any,
    ) -> pd.DataFrame:
        """Suggest the next runs, and write them into the table as planned ones.

        Parameters
        ----------
        n : int, default=1
            Runs, of each target.
        seed : int, default=0
            The same seed and runs give the same suggestions.
        targets : sequence of float, default=()
            Wanted values of the outcome that `targets` of the settings names, each for a batch of its own.
        is_dry : bool, default=False
            Whether nothing is written.
        as_xlsx : bool, optional
            Whether the table is to be an Excel workbook from now on, or a CSV; by default what it is.
        acquisition : str, callable or Acquisition, optional
            In place of that of the settings.
        **options
            As in `BayesianOptimizer.ask`: context, held, shared, candidates, exploration, n_replicates and
            others.

        Returns
        -------
        DataFrame of n rows
            id, settings, context, for each outcome its mean, standard deviation and 95 % interval, score,
            reason.

        Raises
        ------
        InvalidDataError
            As in `ask` and `optimizer`; nothing is written then.
        """
        asked = {"n": n, "targets": list(targets), "acquisition": acquisition, **options}
        parameters = {} if acquisition is None else {"acquisition": acquisition}
        if is_dry:
            experiments = self._unchanged()[0]
            batch = self._asked(self._optimizer(experiments, seed, parameters), n, targets, options)
            return with_ids(batch, self.settings, experiments)
        with self._files.asking():
            optimizer = self._optimizer(self._unchanged()[0], seed, parameters)
            batch = self._asked(optimizer, n, targets, options)
            model = fit_record(self.settings, optimizer) if optimizer.has_model else None
            with self._files.lock():
                experiments, recorded = self._unchanged()  # as the laboratory has it after a long fit
                table = experiments.filled_in()
                batch, number = with_ids(batch, self.settings, table), next_number(self._files)
                document = batch_document(number, batch, seed=seed, options=asked, units=self.settings.units)
                self._files.write_batch(number, document)
                if model is not None:
                    self._files.write_model(number, model)
                rows = planned_rows(batch, number, self.settings, table)
                self._save(table.with_rows(rows), experiments, recorded, as_xlsx=as_xlsx)
        return batch

    def record(self, results: Any, *, accept_changes: bool = False, repeats: bool = False) -> list[str]:
        """Write results into the table; when this returns, they are stored.

        Parameters
        ----------
        results : table, mapping, or path of a CSV or xlsx file
            Runs by `id`, or by their settings: those mean the planned run that is nearest (see
            `BayesianOptimizer.tell`), and a new run where none is near. Cells that are empty change nothing;
            `failed` as an outcome or status says that a run failed.
        accept_changes : bool, default=False
            Whether a run that has outcomes may get others; the former are kept as corrections.
        repeats : bool, default=False
            Whether runs may be recorded once more with the same settings and outcomes. By default that is
            taken for a table that was recorded before, and refused; by id it changes nothing.

        Returns
        -------
        list of str
            The ids of the runs, in the order of the results.

        Raises
        ------
        InvalidDataError
            A row is not what it should be, or would change a run (`ChangedRowsError`); nothing is recorded
            then.
        """
        given, where = given_runs(results, self.settings)
        with self._files.lock():
            experiments, recorded = self._unchanged()
            recording = Recording(
                experiments.filled_in(), given, where, accept_changes=accept_changes, repeats=repeats
            )
            changed, ids = recording.run()
            corrected = recorded.corrected(changes_of(recorded, changed), today())
            self._save(changed, experiments, corrected)
        return ids

    def withdraw(self, ids: Iterable[Any]) -> list[str]:
        """Say that planned runs will not be made; they stay in the table as withdrawn.

        Parameters
        ----------
        ids : iterable of str or int
            Of runs that are planned or running.

        Returns
        -------
        list of str
            The ids.

        Raises
        ------
        InvalidDataError
            There is no such run, or it has outcomes.
        """
        wanted = [str(name).strip() for name in ids]
        with self._files.lock():
            experiments, recorded = self._unchanged()
            self._save(without_planned(experiments, wanted), experiments, recorded)
        return wanted

    def history(self) -> pd.DataFrame:
        """Return every batch ever asked: number, when, version, seed, runs, and what became of them.

        Returns
        -------
        DataFrame with the columns batch, asked, version, seed, n_runs, n_measured, n_failed, n_pending
            One row a batch, oldest first.
        """
        return history_of(batches(self._files), self._read()[0].frame)

    def predictions(self) -> pd.DataFrame:
        """Return what was predicted for every run ever suggested, and what came out.

        Returns
        -------
        DataFrame with the columns batch, id, status, outcome, mean, lower, upper, measured, is_inside
            One row for each run and outcome; the ends are those of the 95 % interval.
        """
        return predictions_of(batches(self._files), self._read()[0].frame, self.settings.outputs)

    def suggestions(self) -> list[pd.DataFrame]:
        """Return every batch ever asked, oldest first, as it was suggested.

        Returns
        -------
        list of DataFrame
            Each with a row for each run: `id`, the settings, `<outcome>_mean`, `_std`, `_lower` and `_upper`
            (NaN of a first design), `score` and `reason`.
        """
        return [pd.DataFrame(document["rows"]) for document in batches(self._files) if document["rows"]]

    def corrections(self) -> pd.DataFrame:
        """Return what was changed of recorded runs and accepted, oldest first.

        Returns
        -------
        DataFrame with the columns id, column, before, after, date
            One row a change; the date is that of its acceptance, as YYYY-MM-DD.
        """
        columns = ["id", "column", "before", "after", "date"]
        return pd.DataFrame(Recorded.read(self._files).corrections, columns=columns)

    def _read(self) -> tuple[Experiments, Recorded]:
        """Return the table and what was recorded, which is read first: never newer than the table."""
        recorded, path = Recorded.read(self._files), self._files.table
        if path.exists():
            used = (*recorded.runs, *(str(row.get("id")) for row in last_rows(self._files)))
            return replace(Experiments.read(path, self.settings), used=used), recorded
        if recorded.runs:
            raise InvalidDataError(
                f"{path} is not there, and {len(recorded.runs)} run(s) were recorded in it. Put it back; "
                f"former versions are in {self.folder / 'history'}."
            )
        return Experiments.new(path, self.settings), recorded

    def _unchanged(self) -> tuple[Experiments, Recorded]:
        """Return the same, or raise `ChangedRowsError` if a run reads otherwise than it was recorded."""
        experiments, recorded = self._read()
        changes = changes_of(recorded, experiments)
        if changes:
            lines = "\n  ".join(listed_changes(changes))
            raise ChangedRowsError(
                f"{experiments.where} reads otherwise than it was recorded:\n  {lines}\nCorrect the table "
                f"(former versions are in {self.folder / 'history'}), or take it as it is now: "
                "--accept-changes, in Python accept_changes()."
            )
        return experiments, recorded

    def _optimizer(
        self, experiments: Experiments, seed: int, parameters: Mapping[str, Any]
    ) -> BayesianOptimizer:
        empty = experiments.frame.iloc[:0]
        optimizer = resume(self.settings, empty, seed=seed, **parameters)
        return told(optimizer, experiments)

    def _asked(
        self, optimizer: BayesianOptimizer, n: int, targets: Sequence[float], options: Mapping[str, Any]
    ) -> pd.DataFrame:
        if not targets:
            return with_intervals(optimizer.ask(n, **options), optimizer)
        goals = {f"{target:g}": self.settings.objectives_for(target) for target in targets}
        return with_intervals(optimizer.ask_each(goals, n, **options), optimizer)

    def _save(
        self, changed: Experiments, before: Experiments, recorded: Recorded, *, as_xlsx: bool | None = None
    ) -> None:
        """Write the table, then what is recorded of it: killed in between, its new rows are read as such."""
        old = before.text.path
        path = old if as_xlsx is None else old.with_suffix(".xlsx" if as_xlsx else ".csv")
        table = changed.filled_in().at(path)
        content = table.content(before if path == old and old.exists() else None)
        self._files.create()
        self._files.replace_table(path, content, self._files.read(old))
        self._files.write(self._files.recorded, recorded.of(table, version_of("bnnopt")).content())
