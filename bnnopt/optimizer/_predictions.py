"""What the model of an optimizer says, of any settings and of the rows that it was fitted on."""

from typing import Any

import pandas as pd

from bnnopt._estimators import draw_seed, real, require
from bnnopt._typing import FloatArray
from bnnopt.optimizer._arguments import at_least
from bnnopt.optimizer._outcome_model import OutcomeModel
from bnnopt.optimizer._proposals import Proposals
from bnnopt.optimizer._saved import Saved
from bnnopt.optimizer._tables import as_settings
from bnnopt.space import SearchSpace

__all__ = ["Predictions"]


class Predictions(Saved):
    """The side of an optimizer that is asked what it expects; nothing becomes pending."""

    _proposals: Proposals

    def predict(self, X: Any, *, noise: bool = True) -> pd.DataFrame:
        """Predict the mean and the standard deviation of each outcome.

        Parameters
        ----------
        X : DataFrame, or array of shape (n_rows, n_names) in the order of `space.names`
            Settings and context; other columns are ignored.
        noise : bool, default=True
            Whether of a new observation, noise included; else of the function alone.

        Returns
        -------
        DataFrame of n_rows
            For each outcome `<name>_mean` and `<name>_std`, in its unit.

        Raises
        ------
        InvalidDataError
            A setting is not what it should be, or fewer than 2 rows were measured.
        """
        model, space = self._model()
        settings = as_settings(self.space, X)
        moments = model.observation_moments if noise else model.moments
        return self._as_table(*moments(space.encode(settings)), settings.index)

    def sample_y(self, X: Any, n_samples: int = 64, *, random_state: int | None = 0) -> FloatArray:
        """Draw functions that the model believes in; each draw is one function over all rows.

        Parameters
        ----------
        X : DataFrame, or array of shape (n_rows, n_names) in the order of `space.names`
            Settings and context; other columns are ignored.
        n_samples : int, default=64
            Draws, at least 1.
        random_state : int or None, default=0
            Seeds the draws.

        Returns
        -------
        ndarray of shape (n_outputs, n_samples, n_rows)
            Without noise, in the unit of each outcome.

        Raises
        ------
        InvalidDataError
            As in `predict`, or `n_samples` is below 1.
        """
        n_draws = at_least(n_samples, "n_samples", 1)
        model, space = self._model()
        rows = space.encode(as_settings(self.space, X))
        return model.draws(rows, n_draws, draw_seed(random_state))

    def intervals(self, X: Any, level: float = 0.95) -> pd.DataFrame:
        """Predict for settings between which limits a new observation of each outcome lies.

        The ends are quantiles, so they stay within the bounds of an outcome.

        Parameters
        ----------
        X : DataFrame, or array of shape (n_rows, n_names) in the order of `space.names`
            Settings and context, such as the table of `ask`; other columns are ignored.
        level : float, default=0.95
            Probability of the interval, above 0 and below 1; as much is left out below as above.

        Returns
        -------
        DataFrame of n_rows
            For each outcome `<name>_lower` and `<name>_upper`, in its unit; NaN while `ask` still returns
            rows of the first design.

        Raises
        ------
        InvalidDataError
            A setting is not what it should be, or the level is out of range.
        """
        require(real(0, 1), level=level)
        return self._proposals.intervals(self.space, as_settings(self.space, X), level)

    def predict_held_out(self) -> pd.DataFrame:
        """Predict each measured row without itself: what the model is worth for rows that it has not seen.

        Returns
        -------
        DataFrame with a row for each measured one
            For each outcome `<name>_mean` and `<name>_std` of a new observation, in its unit; NaN for rows
            that no model left out. The index is that of `data`.

        Raises
        ------
        InvalidDataError
            Fewer than 2 rows were measured.
        """
        model, _ = self._model()
        measured, _ = self._observations.measured
        return self._as_table(*model.held_out(len(measured)), measured.index)

    def shares(self) -> pd.DataFrame:
        """Return what share each model, such as a kernel or a member of a stacking, has in the predictions.

        Returns
        -------
        DataFrame with the columns outcome, model and share
            Shares of an outcome make 1; no rows where a surrogate has no `shares_`.

        Raises
        ------
        InvalidDataError
            Fewer than 2 rows were measured.
        """
        rows = [(self.outputs[place], name, share) for place, name, share in self._model()[0].shares()]
        return pd.DataFrame(rows, columns=["outcome", "model", "share"])

    def _model(self) -> tuple[OutcomeModel, SearchSpace]:
        """Return the fitted model, and the space in which it was fitted."""
        space = self.space.with_observed_context(self._observations.told)
        return self._modelling.of_outcomes(self._observations, space), space

    def _as_table(self, mean: FloatArray, std: FloatArray, index: pd.Index) -> pd.DataFrame:
        columns: dict[str, FloatArray] = {}
        for place, name in enumerate(self.outputs):
            columns |= {f"{name}_mean": mean[:, place], f"{name}_std": std[:, place]}
        return pd.DataFrame(columns, index=index)
