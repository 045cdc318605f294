"""How far the model of a campaign is to be trusted: rows left out, later batches, repeats."""

from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold

from bnnopt._estimators import require, whole
from bnnopt.campaign._campaign import Campaign
from bnnopt.campaign._shown import shown_number
from bnnopt.campaign._suggest import resume
from bnnopt.exceptions import InvalidDataError
from bnnopt.inspection import replicate_spread
from bnnopt.metrics import prediction_scores, replicate_noise
from bnnopt.optimizer import BayesianOptimizer

__all__ = ["Validation", "validate"]

FEWEST = 5


class Validation(NamedTuple):
    """How far the model of a campaign is to be trusted.

    Parameters
    ----------
    held_out : DataFrame
        For each outcome how well runs were predicted that the model had not seen: n, rmse, mae (in the unit
        of the outcome), r2, share inside the 95 % interval, calibration_error, negative_log_likelihood.
    later : DataFrame
        The same of the predictions with which runs were suggested: n, rmse, mae, inside.
    noise : DataFrame
        For each outcome the standard deviation of repeated runs, the degrees of freedom of the estimate, and
        the standard deviation of a new run that the model expects there; NaN without repeats.
    predictions : DataFrame
        For each run that was left out and outcome: row, outcome, mean, std, lower, upper, measured.
    """

    held_out: pd.DataFrame
    later: pd.DataFrame
    noise: pd.DataFrame
    predictions: pd.DataFrame

    def lines(self, units: Mapping[str, str]) -> list[str]:
        """Return the same in words, one line for each outcome and kind of check.

        Parameters
        ----------
        units : mapping of str to str
            Units of the outcomes by name.

        Returns
        -------
        list of str
            Numbers in the units of the outcomes.
        """
        found = [
            f"{row['outcome']}: {row['n']} runs left out in turn: error {_with_unit(row, 'rmse', units)} "
            f"(root mean square), R² {row['r2']:.2f}; {row['inside']:.0%} inside the 95 % interval"
            for row in self.held_out.to_dict("records")
        ]
        found += [
            f"{row['outcome']}: {row['n']} suggested runs: error {_with_unit(row, 'rmse', units)}; "
            f"{row['inside']:.0%} inside the 95 % interval"
            for row in self.later.to_dict("records")
        ]
        for row in self.noise.to_dict("records"):
            freedom = row["degrees_of_freedom"]
            known = f"{_with_unit(row, 'std', units)} ({freedom:.0f} repeat(s))"
            if np.isfinite(row["model_std"]):
                known += f"; the model expects {_with_unit(row, 'model_std', units)} there"
            found.append(
                f"{row['outcome']}: noise of repeated runs: {known if freedom else 'no repeats yet'}"
            )
        return found


def validate(campaign: Campaign, *, n_folds: int = 5, seed: int = 0) -> Validation:
    """Predict the runs of a campaign from the others, and compare.

    Parameters
    ----------
    campaign : Campaign
        With at least 5 measured runs.
    n_folds : int, default=5
        Parts that are left out in turn, at least 2.
    seed : int, default=0
        Of the parts and of the surrogate.

    Returns
    -------
    Validation
        Predictions of each run without itself, and how good they are.

    Raises
    ------
    InvalidDataError
        Fewer than 5 runs were measured, or `n_folds` is out of range.
    """
    require(whole(2), n_folds=n_folds)
    require(whole(0), seed=seed)
    optimizer = campaign.optimizer(seed=seed)
    measured = optimizer.data[~optimizer.data["is_failed"]]
    if len(measured) < FEWEST:
        raise InvalidDataError(
            f"A validation needs at least {FEWEST} measured runs, got {len(measured)}; record more."
        )
    if not 2 <= n_folds <= len(measured):
        raise InvalidDataError(f"n_folds must be from 2 to the {len(measured)} measured runs, got {n_folds}.")
    outputs = list(optimizer.outputs)
    parts = []
    for train, test in KFold(n_folds, shuffle=True, random_state=seed).split(measured):
        model = resume(campaign.settings, measured.iloc[train], seed=seed, n_initial=2)
        rows = measured.iloc[test]
        parts.append(pd.concat([model.predict(rows), model.intervals(rows)], axis=1).set_axis(rows.index))
    predicted = pd.concat(parts).loc[measured.index]
    held_out = pd.DataFrame([_scores(name, measured[name], predicted) for name in outputs])
    noise = _noise(optimizer, measured)
    return Validation(held_out, _later(campaign), noise, _long(measured, predicted, outputs))


def _noise(optimizer: BayesianOptimizer, measured: pd.DataFrame) -> pd.DataFrame:
    """Return for each outcome the scatter of repeats, and what the model expects there."""
    outputs = list(optimizer.outputs)
    std, freedom = replicate_noise(measured[optimizer.space.setting_names], measured[outputs])
    noise = pd.DataFrame({"outcome": outputs, "std": np.ravel(std), "degrees_of_freedom": np.ravel(freedom)})
    if not (np.ravel(freedom) > 0).any():
        return noise.assign(model_std=np.nan)
    expected = replicate_spread(optimizer).summary.set_index("outcome")["model_std"]
    return noise.assign(model_std=expected[outputs].to_numpy(float))


def _with_unit(row: Mapping[Hashable, Any], name: str, units: Mapping[str, str]) -> str:
    return f"{shown_number(row[name])} {units.get(row['outcome'], '')}".strip()


def _scores(name: str, measured: pd.Series, predicted: pd.DataFrame) -> dict[str, object]:
    y, mean, std = (
        measured.to_numpy(float),
        predicted[f"{name}_mean"].to_numpy(),
        predicted[f"{name}_std"].to_numpy(),
    )
    ends = {end: predicted[f"{name}_{end}"].to_numpy() for end in ("lower", "upper")}
    scores = prediction_scores(y, mean, std, **ends)
    return {
        "outcome": name,
        **_errors(y - mean),
        "r2": scores.r2,
        "inside": scores.inside,
        "inside_normal": prediction_scores(y, mean, std).inside,
        "calibration_error": scores.calibration_error,
        "negative_log_likelihood": -scores.log_density,
    }


def _errors(differences: np.ndarray) -> dict[str, object]:
    return {
        "n": len(differences),
        "rmse": float(np.sqrt(np.mean(differences**2))) if len(differences) else np.nan,
        "mae": float(np.mean(np.abs(differences))) if len(differences) else np.nan,
    }


def _later(campaign: Campaign) -> pd.DataFrame:
    table = campaign.predictions()
    came = table[table["measured"].notna() & table["mean"].notna()]
    rows = [
        {
            "outcome": name,
            **_errors((part["measured"] - part["mean"]).to_numpy()),
            "inside": part["is_inside"].astype(bool).mean(),
        }
        for name, part in came.groupby("outcome", sort=False)
    ]
    return pd.DataFrame(rows, columns=["outcome", "n", "rmse", "mae", "inside"])


def _long(measured: pd.DataFrame, predicted: pd.DataFrame, outputs: list[str]) -> pd.DataFrame:
    ends = ("mean", "std", "lower", "upper")
    parts = [
        predicted[[f"{name}_{end}" for end in ends]]
        .set_axis(ends, axis=1)
        .assign(measured=measured[name], outcome=name)
        for name in outputs
    ]
    return pd.concat(parts).rename_axis("row").reset_index()
