"""Optimizers to compare, each behind `tell(x, y)` and `ask()`, one setting at a time, y to be minimised.

All see the same first design and then choose on their own, with the defaults of their libraries; what
differs from the defaults is said at the class. Libraries are loaded by the optimizer that needs them.
"""

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import numpy as np
import pandas as pd
from scipy.stats import qmc

from benchmarks._peers_botorch import BoTorch
from benchmarks._surrogates import COMPARED
from bnnopt._typing import FloatArray
from bnnopt.objectives import Minimize
from bnnopt.optimizer import BayesianOptimizer
from bnnopt.space import Real, SearchSpace

__all__ = [
    "OPTIMIZERS",
    "SOFTWARE",
    "BatchOptimizer",
    "Bnnopt",
    "BoTorch",
    "NothingProposedError",
    "SequentialOptimizer",
    "SobolSearch",
]

LOG2_SOBOL = 10  # settings that SobolSearch has


class NothingProposedError(RuntimeError):
    """An optimizer was asked and has no setting to run."""


class SequentialOptimizer(Protocol):
    """What the benchmark needs of an optimizer."""

    def tell(self, x: FloatArray, y: float) -> None:
        """Store one result; x has shape (n_dims,)."""

    def ask(self) -> FloatArray:
        """Return the setting to run next, shape (n_dims,)."""


class BatchOptimizer(SequentialOptimizer, Protocol):
    """What the benchmark of batches needs besides."""

    def ask_many(self, n: int) -> FloatArray:
        """Return the settings to run next, shape (n, n_dims)."""


class RandomSearch:
    """Uniform draws within the bounds, shape (n_dims, 2)."""

    def __init__(self, bounds: FloatArray, n_initial: int, seed: int) -> None:
        self._bounds, self._rng = bounds, np.random.default_rng([seed, 1])

    def tell(self, x: FloatArray, y: float) -> None:
        """Learn nothing."""

    def ask(self) -> FloatArray:
        """Draw a setting."""
        return np.asarray(self._rng.uniform(*self._bounds.T))


class SobolSearch:
    """The scrambled Sobol sequence whose first points are those that all methods begin with."""

    def __init__(self, bounds: FloatArray, n_initial: int, seed: int) -> None:
        cube = qmc.Sobol(len(bounds), rng=seed).random_base2(LOG2_SOBOL)[n_initial:]
        self._settings = iter(bounds[:, 0] + cube * (bounds[:, 1] - bounds[:, 0]))

    def tell(self, x: FloatArray, y: float) -> None:
        """Learn nothing."""

    def ask(self) -> FloatArray:
        """Return the next setting."""
        return np.asarray(next(self._settings))


class Bnnopt:
    """`bnnopt.BayesianOptimizer` with a surrogate, by name or as an estimator, and an acquisition."""

    def __init__(
        self, bounds: FloatArray, n_initial: int, seed: int, *, surrogate: Any, acquisition: str = "log_ei"
    ) -> None:
        self._names = [f"x{position}" for position in range(len(bounds))]
        pairs = zip(self._names, bounds.tolist(), strict=True)
        space = SearchSpace([Real(name, lower, upper) for name, (lower, upper) in pairs])
        self._optimizer = BayesianOptimizer(
            space,
            [Minimize("y")],
            surrogate=surrogate,
            acquisition=acquisition,
            n_initial=n_initial,
            random_state=seed,
        )

    def tell(self, x: FloatArray, y: float) -> None:
        """Store one result."""
        self._optimizer.tell(pd.DataFrame([x], columns=self._names), {"y": y})

    def ask(self) -> FloatArray:
        """Return the setting with the best score; `NothingProposedError` if there is none."""
        settings = self.ask_many(1)
        if not len(settings):
            raise NothingProposedError("bnnopt has no setting to propose")
        return settings[0]

    def ask_many(self, n: int) -> FloatArray:
        """Return the settings of a batch, shape (n, n_dims)."""
        return self._optimizer.ask(n)[self._names].to_numpy(dtype=float)

    def recommend(self) -> FloatArray:
        """Return the setting told of that the model believes in."""
        return self._optimizer.best()[self._names].to_numpy(dtype=float)


class Optuna:
    """An Optuna sampler, told to use its model as soon as the first design is in."""

    def __init__(self, bounds: FloatArray, n_initial: int, seed: int, *, sampler: str) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._trial_of = optuna.trial.create_trial
        self._distributions: dict[str, Any] = {
            f"x{position}": optuna.distributions.FloatDistribution(lower, upper)
            for position, (lower, upper) in enumerate(bounds.tolist())
        }
        chosen = getattr(optuna.samplers, sampler)(seed=seed, n_startup_trials=n_initial)
        self._study = optuna.create_study(sampler=chosen)
        self._trial: Any = None

    def tell(self, x: FloatArray, y: float) -> None:
        """Store the result of the trial asked for, or one from elsewhere."""
        if self._trial is not None:
            self._study.tell(self._trial, y)
            self._trial = None
            return
        params = dict(zip(self._distributions, x.tolist(), strict=True))
        self._study.add_trial(self._trial_of(params=params, distributions=self._distributions, value=y))

    def ask(self) -> FloatArray:
        """Return the setting of a new trial."""
        self._trial = self._study.ask(self._distributions)
        return np.array([self._trial.params[name] for name in self._distributions])


class ScikitOptimize:
    """The `Optimizer` of scikit-optimize with its Gaussian process, by expected improvement."""

    def __init__(self, bounds: FloatArray, n_initial: int, seed: int) -> None:
        from skopt import Optimizer

        self._optimizer = Optimizer(
            [tuple(pair) for pair in bounds.tolist()],
            base_estimator="GP",
            n_initial_points=n_initial,
            acq_func="EI",
            random_state=seed,
        )

    def tell(self, x: FloatArray, y: float) -> None:
        """Store one result, and fit once the first design is in."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._optimizer.tell(x.tolist(), y)

    def ask(self) -> FloatArray:
        """Return the setting chosen at the last fit."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.array(self._optimizer.ask(), dtype=float)


OPTIMIZERS: dict[str, Callable[[FloatArray, int, int], SequentialOptimizer]] = {
    "random": RandomSearch,
    "optuna_tpe": partial(Optuna, sampler="TPESampler"),
    "optuna_gp": partial(Optuna, sampler="GPSampler"),
    "scikit_optimize": ScikitOptimize,
    "botorch": BoTorch,
    **{name: partial(Bnnopt, surrogate=name) for name in COMPARED},
}

SOFTWARE = {
    "random": "numpy",
    "sobol": "scipy",
    "optuna_tpe": "optuna",
    "optuna_gp": "optuna",
    "scikit_optimize": "scikit-optimize",
    "botorch": "botorch",
}
