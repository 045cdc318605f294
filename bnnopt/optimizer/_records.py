"""What an optimizer was told: rows come in, are corrected, retracted or withdrawn, and nothing is lost."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._tables import with_columns
from bnnopt._typing import BoolArray, FloatArray
from bnnopt.acquisition import non_dominated
from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives import Outcome
from bnnopt.optimizer._goals import Goals
from bnnopt.optimizer._kept_limits import kept_limits
from bnnopt.optimizer._modelling import MIN_MEASURED, Modelling
from bnnopt.optimizer._observations import Earlier, Observations
from bnnopt.optimizer._same_settings import is_new
from bnnopt.optimizer._tables import as_campaigns, as_noise_std, as_outcomes, as_settings, as_told
from bnnopt.space import SearchSpace

__all__ = ["Records"]


class Records:
    """The side of an optimizer that takes results; `BayesianOptimizer` adds the side that proposes.

    Parameters
    ----------
    space : SearchSpace
        Names and checks the settings.
    observations : Observations
        Where rows are kept.
    modelling : Modelling
        Is told to forget its models when rows change.
    goals : Goals
        What is wanted of the outcomes.
    outcomes : sequence of Outcome, optional
        What values they can have at all.
    n_initial : int, default=0
        Rows of the first design, before which no model is asked.
    """

    def __init__(
        self,
        space: SearchSpace,
        observations: Observations,
        modelling: Modelling,
        goals: Goals,
        outcomes: Sequence[Outcome] = (),
        n_initial: int = 0,
    ) -> None:
        self._n_initial = n_initial
        self.space = space
        self.outcomes = tuple(outcomes)
        self._goals = goals
        self._observations = observations
        self._modelling = modelling

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outcomes to be told."""
        return self._observations.outputs

    @property
    def units(self) -> dict[str, str]:
        """Unit of each setting, context and outcome, by name; "" where none is known."""
        units = {**self.space.units, **dict.fromkeys(self.outputs, "")}
        for each in (*self.outcomes, *self._goals.objectives, *self._goals.constraints):
            units |= {name: unit for name, unit in each.units.items() if unit}
        return units

    @property
    def data(self) -> pd.DataFrame:
        """Every row told and not retracted: settings, context, outcomes and a column `is_failed`."""
        return self._observations.as_frame()

    @property
    def retracted(self) -> pd.DataFrame:
        """The rows that were retracted, as in `data`."""
        return self._observations.as_frame(is_retracted=True)

    @property
    def corrections(self) -> pd.DataFrame:
        """What was told at first of rows corrected later: `row` and the former outcomes, oldest first."""
        return self._observations.corrections.copy()

    @property
    def earlier(self) -> pd.DataFrame:
        """Rows of earlier campaigns, settings and outcomes; the index says of which campaign each is."""
        settings, outcomes, campaigns = self._observations.earlier
        values = dict(zip(self.outputs, outcomes.T, strict=True))
        return with_columns(settings, values).set_index(pd.Index(campaigns, name="campaign", dtype=object))

    @property
    def pending(self) -> pd.DataFrame:
        """Rows asked for that no row told has settled yet; `withdraw` takes off what will not be run."""
        return self._observations.pending.copy()

    @property
    def has_model(self) -> bool:
        """Whether there are rows enough for a model: those of the first design, two of them measured."""
        is_early = len(self._observations.known) < self._n_initial
        return not is_early and len(self._observations.measured[0]) >= MIN_MEASURED

    def summary(self) -> dict[str, int]:
        """Count the rows told, measured, failed, repeated (settings as before) and pending.

        Returns
        -------
        dict of str to int
            `n_told`, `n_measured`, `n_failed`, `n_repeated` and `n_pending`.
        """
        told = self._observations.told
        n_failed = int(self._observations.is_failed.sum())
        return {
            "n_told": len(told),
            "n_measured": len(told) - n_failed,
            "n_failed": n_failed,
            "n_repeated": int((~is_new(self.space, told, told.iloc[:0])).sum()),
            "n_pending": len(self._observations.pending),
        }

    def tell(self, X: Any, y: Any, noise_std: Any = None) -> None:
        """Store results; nothing is stored if anything is wrong with them.

        Parameters
        ----------
        X : table, mapping, or array of shape (n_rows, n_names) in the order of `space.names`
            Settings and context as they were in the experiments, in any order; other columns are ignored,
            rows outside the bounds are welcome. Whatever has names goes by name: tables of pandas, polars,
            pyarrow and the like, structured arrays, mappings, a Series as one row. Each settles the pending
            row that it means: the same settings, else the nearest within a hundredth of each range, or within
            what the number told may have been rounded by (80 for 75 to 85).
        y : table, mapping, Series or array of shape (n_rows,) or (n_rows, n_outputs)
            Outcomes as numbers of up to 1e140 in size (times, dates, True and False are refused), by name or,
            where there are none, in the order of `outputs`. An empty cell (NaN, None) is a failed experiment:
            it is kept, left out of the regression, counted in `summary`, learned from (see
            `success_classifier`), and not proposed again.
        noise_std : like y, optional
            Standard error of each outcome, in its unit; NaN or 0 where it is not known. Surrogates whose
            `fit` takes `noise_variance` use it.

        Raises
        ------
        InvalidDataError
            A column is missing, a cell is not what it should be or an outcome is beyond its bounds (the
            message names column and row), or the lengths differ.
        """
        told = as_told(self.space, X, y, noise_std, self.outputs, self.outcomes)
        self._observations.add(*told)
        self._modelling.forget()

    def tell_earlier(self, X: Any, y: Any, campaign: str | Sequence[str]) -> None:
        """Store rows of earlier, similar campaigns, which help as far as the rows told say that they do.

        Models learn from the rows told alone and, beside that, from all; what both predict for rows told
        without them decides what the earlier ones count (`TransferRegressor`). They are rows of no first
        design, never pending, best or repeated, and no failure among them is learned from.

        Parameters
        ----------
        X : table, mapping, or array of shape (n_rows, n_names)
            Settings of this space, as in `tell`.
        y : table, mapping, Series or array of shape (n_rows,) or (n_rows, n_outputs)
            Outcomes in their units, as in `tell`.
        campaign : str or sequence of str of length n_rows
            The name of the campaign, or that of each row. The function may differ between campaigns.

        Raises
        ------
        InvalidDataError
            As in `tell`, or the names are not as many as the rows.
        """
        settings, outcomes, _ = as_told(self.space, X, y, None, self.outputs, self.outcomes)
        names = as_campaigns(campaign, len(settings))
        self._observations.add_earlier(Earlier(settings, outcomes, names))
        self._modelling.begin_anew()

    def correct(self, rows: Sequence[int], y: Any, noise_std: Any = None) -> None:
        """Put other outcomes in the place of those told; what was told first is kept in `corrections`.

        Parameters
        ----------
        rows : sequence of int
            Numbers of the rows, the index of `data`.
        y : table, mapping, Series or array of shape (n_rows,) or (n_rows, n_outputs)
            The outcomes as in `tell`, one row for each of `rows`.
        noise_std : as `y`, optional
            Their standard errors as in `tell`.

        Raises
        ------
        InvalidDataError
            A row is not in `data`, or an outcome is not what it should be.
        """
        places = self._observations.places(rows)
        outcomes = as_outcomes(y, self.outputs, len(places), self.outcomes)
        self._observations.correct(places, outcomes, as_noise_std(noise_std, self.outputs, len(places)))
        self._modelling.forget()

    def retract(self, rows: Sequence[int]) -> None:
        """Leave told rows out of everything, such as runs of a wrong batch; they stay in `retracted`.

        Parameters
        ----------
        rows : sequence of int
            Numbers of the rows, the index of `data`.

        Raises
        ------
        InvalidDataError
            A row is not in `data`.
        """
        self._observations.retract(rows)
        self._modelling.forget()

    def plan(self, X: Any) -> None:
        """Count rows as pending that were not asked for here: planned by somebody, or asked for elsewhere.

        Parameters
        ----------
        X : DataFrame with the columns of the space
            Settings and context; `tell` settles them and `withdraw` takes them off, as rows asked for.

        Raises
        ------
        InvalidDataError
            A column is missing, or a cell is not what it should be.
        """
        self._observations.add_pending(as_settings(self.space, X))

    def withdraw(self, X: Any) -> int:
        """Forget that rows are pending, because they will not be run; return how many were.

        Parameters
        ----------
        X : DataFrame with the columns of the space
            The rows, such as those of `pending` or as `tell` would take them.

        Returns
        -------
        int
            Number of rows that were pending and are so no more.
        """
        return self._observations.withdraw(as_settings(self.space, X))

    def best(self) -> pd.Series:
        """Return the measured row that the model believes in most, among those that satisfy the constraints.

        With noise the best value measured is the luckiest one. So what counts is the utility of what the
        model expects of each measured row; while rows of the first design are missing, what was measured.
        Which rows satisfy the outcome constraints is decided as for `ask`, see `keeps_limits`. Of several
        objectives the first counts; `front` has the others too.

        Returns
        -------
        Series
            Settings, what was measured, with outcome constraints `is_measured_within` (whether that is within
            the limits, or only what the model believes), and for each outcome `<name>_mean`, the function
            that the model expects there; NaN while there is no model.

        Raises
        ------
        InvalidDataError
            No row was measured, or none satisfies the constraints.
        """
        rows, believed = self._within()
        names = [f"{name}_mean" for name in self.outputs]
        if believed is None:
            return with_columns(rows, dict.fromkeys(names, np.nan)).iloc[0]
        place = int(np.argmax(self._goals.utilities(believed)[:, 0]))
        return with_columns(rows, dict(zip(names, believed.T, strict=True))).iloc[place]

    def front(self) -> pd.DataFrame:
        """Return the measured rows that satisfy the outcome constraints and that no other such row dominates.

        With one objective these are the rows of the best utility. Which rows satisfy the constraints is as in
        `best`, and so is the column `is_measured_within`.

        Returns
        -------
        DataFrame of shape (n_rows, n_columns)
            Rows of `data` in the order in which they were told, with `is_measured_within` where there are
            outcome constraints.

        Raises
        ------
        InvalidDataError
            As in `best`.
        """
        rows, _ = self._within(is_believed=False)
        utilities = self._goals.utilities(rows[list(self.outputs)].to_numpy(float))
        return rows[
            utilities[:, 0] == utilities[0, 0] if utilities.shape[1] == 1 else non_dominated(utilities)
        ]

    def keeps_limits(self) -> pd.Series:
        """Tell which rows of `data` keep all outcome constraints, as `ask`, `best` and `front` count them.

        Where the noise of a limited outcome is more than a hundredth of its range, what the model believes
        decides; else, and before there is a model, what was measured. A failed row keeps none.

        Returns
        -------
        Series of bool
            By the index of `data`.
        """
        is_measured = ~self._observations.is_failed
        flags = pd.Series(is_measured, index=self.data.index, name="keeps_limits")
        if self._goals.constraints and is_measured.any():
            flags[is_measured] = self._counted(is_believed=False)[0]
        return flags

    def _counted(self, *, is_believed: bool) -> tuple[BoolArray, FloatArray | None]:
        """Return which measured rows count as within the limits, and what the model believes of all.

        That is None without a model, and where nobody wants it and no limit needs it.
        """
        measured, outcomes = self._observations.measured
        if not self.has_model or not (is_believed or self._goals.constraints):
            return self._goals.is_feasible(outcomes), None
        space = self.space.with_observed_context(self._observations.told)
        model = self._modelling.of_outcomes(self._observations, space)
        counts = kept_limits(self._goals, model, space.encode(measured), outcomes)
        return counts.is_within, counts.believed

    def _within(self, *, is_believed: bool = True) -> tuple[pd.DataFrame, FloatArray | None]:
        """Return the measured rows within the limits, best measured first, and what is believed of them."""
        measured, outcomes = self._observations.measured
        if not len(measured):
            n_failed = len(self._observations.told)
            told = f"all {n_failed} row(s) told failed" if n_failed else "no row was told"
            raise InvalidDataError(
                f"None of the 0 measured rows can be the best yet: {told}. Tell rows with outcomes first."
            )
        is_within, believed = self._counted(is_believed=is_believed)
        is_measured_within = self._goals.is_feasible(outcomes)
        if not is_within.any():
            raise InvalidDataError(_none_within(measured.index[is_measured_within], len(measured)))
        frame = self.data[~self._observations.is_failed].drop(columns="is_failed")
        if self._goals.constraints:
            frame = frame.assign(is_measured_within=is_measured_within)
        places = np.flatnonzero(is_within)
        places = places[np.argsort(-self._goals.utilities(outcomes[places])[:, 0], kind="stable")]
        return frame.iloc[places], None if believed is None else believed[places]


def _none_within(within: pd.Index, n_measured: int) -> str:
    """Say that no row keeps the limits, and which are measured within them by luck alone."""
    none = (
        f"None of the {n_measured} measured row(s) satisfies the outcome constraints; tell more rows, or "
        "look at `data`."
    )
    if not len(within):
        return none
    return (
        f"{none} Row(s) {within.tolist()} were measured within the limits, but with this noise the model "
        "does not believe it; run them again to know."
    )
