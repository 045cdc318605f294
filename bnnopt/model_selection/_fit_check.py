"""One cross-validation that yields all that a verdict on a model needs."""

from collections.abc import Hashable
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, check_cv

from bnnopt._estimators import draw_seed, require, whole
from bnnopt._tables import with_names
from bnnopt._typing import ArrayLike, FloatArray, IntArray, RandomState
from bnnopt._validation import as_generator
from bnnopt.exceptions import InvalidDataError
from bnnopt.metrics import retraining_agreement, sweep_roughness
from bnnopt.model_selection._held_out import take
from bnnopt.model_selection._noise import noise_share
from bnnopt.model_selection._retraining import retrain
from bnnopt.model_selection._sweeps import Ranges, Sweep, input_sweeps, varying_ranges
from bnnopt.model_selection._verdict import FitVerdict, judge_fit

__all__ = ["FitCheck", "check_fit"]


@dataclass(frozen=True)
class FitCheck:
    """What a model did in a cross-validation with retrainings, and what that says.

    Parameters
    ----------
    outcomes : ndarray of shape (n_rows, n_outputs)
        Outcomes of the held-out rows, split after split, in the unit of y.
    predictions : ndarray of shape (n_retrainings, n_rows, n_outputs)
        What each retraining predicts for them, in the unit of y.
    sweeps : dict of feature to Sweep
        Predictions along each input around held-out rows, of shape (n_sweeps, n_points, n_outputs).
    train_r2, held_out_r2 : ndarray of shape (n_outputs,)
        Coefficients of determination of single retrainings on the rows of their training and on the
        held-out rows, at most 1.
    noise_share : ndarray of shape (n_outputs,)
        Share of the variance of each outcome that is noise, 0 to 1.
    """

    outcomes: FloatArray
    predictions: FloatArray
    sweeps: dict[Hashable, Sweep]
    train_r2: FloatArray
    held_out_r2: FloatArray
    noise_share: FloatArray

    @property
    def agreement(self) -> FloatArray:
        """The `bnnopt.metrics.retraining_agreement` of each output, shape (n_outputs,)."""
        return np.asarray(retraining_agreement(self.predictions))

    @property
    def roughness(self) -> FloatArray:
        """The `bnnopt.metrics.sweep_roughness` of each output over all inputs, shape (n_outputs,)."""
        return np.asarray(sweep_roughness(np.concatenate([s.predictions for s in self.sweeps.values()])))

    def verdict(self, *, output: int = 0, **limits: float) -> FitVerdict:
        """Say whether the model overfits, underfits or fits one output.

        Parameters
        ----------
        output : int, default=0
            Which output.
        **limits : float
            `min_explained`, `max_gap`, `min_agreement` and `max_roughness` of `judge_fit`.

        Returns
        -------
        FitVerdict
            With one finding for each figure.

        Raises
        ------
        InvalidDataError
            There is no such output.
        """
        require(whole(0), output=output)
        if not 0 <= output < len(self.train_r2):
            raise InvalidDataError(
                f"output must be a number from 0 to {len(self.train_r2) - 1}, got {output!r}."
            )
        names = ("train_r2", "held_out_r2", "agreement", "roughness", "noise_share")
        return judge_fit(**{name: float(getattr(self, name)[output]) for name in names}, **limits)


def check_fit(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    cv: Any = 5,
    groups: ArrayLike | None = None,
    n_retrainings: int = 3,
    noise: float | ArrayLike | None = None,
    ranges: Ranges | None = None,
    n_sweeps: int = 20,
    n_points: int = 50,
    random_state: RandomState = None,
) -> FitCheck:
    """Cross-validate a model, each split trained several times, and sweep its inputs around held-out rows.

    Parameters
    ----------
    estimator : regressor
        With scikit-learn's `fit`, `predict` and `get_params`; it is not changed. It is fitted
        n_splits * n_retrainings times.
    X : array-like or DataFrame of shape (n, n_features)
        Settings, in the units of the estimator.
    y : array-like or DataFrame of shape (n,) or (n, n_outputs)
        Outcomes, finite.
    cv : int, splitter or iterable, default=5
        A splitter of scikit-learn, `LaterCohortSplit`, pairs of indices (train, test), or the number of
        folds into which the rows are shuffled.
    groups : array-like of shape (n,), optional
        The group or cohort of each row, for splitters that want it.
    n_retrainings : int, default=3
        Trainings for each split, with other seeds, at least 2.
    noise : float or array-like of shape (n_outputs,), optional
        Standard deviation of repeated experiments, in the unit of y, at least 0. Default: that of rows with
        the same settings; without such rows an upper bound, half the mean square of the difference of the
        outcomes of nearest neighbours, so that few rows in many dimensions are not called underfitted.
    ranges : mapping of feature to tuple (lower, upper), optional
        The inputs to sweep; see `input_sweeps`. Default: each column of numbers of X, over its range.
    n_sweeps : int, default=20
        Held-out rows around which each input is swept, over all splits; at least one for each split.
    n_points : int, default=50
        Points of a sweep, at least 3.
    random_state : int, Generator, RandomState or None, default=None
        Seeds the folds, the retrainings and the choice of the rows to sweep around.

    Returns
    -------
    FitCheck
        Predictions of all trainings and splits, and the sweeps.

    Raises
    ------
    InvalidDataError
        A number is out of its range, or there is no column to sweep.
    """
    X, y = with_names(X), with_names(y)
    require(whole(1), n_sweeps=n_sweeps)
    rng = as_generator(random_state)
    splits = _splits(cv, X, y, groups, rng)
    seed = draw_seed(rng)
    limits = varying_ranges(pd.DataFrame(X)) if ranges is None else ranges
    trained, held_out, sweeps = [], [], []
    for train, test in splits:
        models = retrain(
            estimator, take(X, train), take(y, train), n_retrainings=n_retrainings, random_state=seed
        )
        trained.append(_compared(models, X, y, train))
        held_out.append(_compared(models, X, y, test))
        centres = rng.permutation(test)[: -(-n_sweeps // len(splits))]
        sweeps.append(input_sweeps(models[0], take(X, centres), limits, n_points=n_points))
    measured, predicted = _joined(held_out)
    return FitCheck(
        outcomes=measured,
        predictions=predicted,
        sweeps={name: _joined_sweep([of_split[name] for of_split in sweeps]) for name in limits},
        train_r2=_r2(*_joined(trained)),
        held_out_r2=_r2(measured, predicted),
        noise_share=noise_share(X, y, noise),
    )


def _splits(
    cv: Any, X: Any, y: Any, groups: ArrayLike | None, rng: np.random.Generator
) -> list[tuple[IntArray, IntArray]]:
    if isinstance(cv, Integral):
        cv = KFold(int(cv), shuffle=True, random_state=draw_seed(rng))
    return list(check_cv(cv).split(X, y, groups))


def _compared(models: list[Any], X: Any, y: Any, rows: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return outcomes (n_rows, n_outputs) and predictions (n_models, n_rows, n_outputs) of rows."""
    inputs = take(X, rows)
    predictions = [np.asarray(model.predict(inputs), dtype=float).reshape(len(rows), -1) for model in models]
    return np.asarray(take(y, rows), dtype=float).reshape(len(rows), -1), np.stack(predictions)


def _joined(parts: list[tuple[FloatArray, FloatArray]]) -> tuple[FloatArray, FloatArray]:
    """Join outcomes and predictions of all splits along the rows."""
    outcomes, predictions = zip(*parts, strict=True)
    return np.concatenate(outcomes), np.concatenate(predictions, axis=1)


def _joined_sweep(sweeps: list[Sweep]) -> Sweep:
    """Join the curves of all splits, with an axis of outputs."""
    curves = np.concatenate([sweep.predictions for sweep in sweeps])
    return Sweep(sweeps[0].values, curves.reshape(*curves.shape[:2], -1))


def _r2(outcomes: FloatArray, predictions: FloatArray) -> FloatArray:
    """Return R² of each output over all rows of all retrainings."""
    repeated = np.tile(outcomes, (len(predictions), 1))
    return r2_score(repeated, predictions.reshape(repeated.shape), multioutput="raw_values")
