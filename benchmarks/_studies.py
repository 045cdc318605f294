"""Peers for searches on tables of settings: Optuna's samplers and BoTorch's search for a front.

Libraries are loaded by the search that needs them; what differs from their defaults is said at the class.
"""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._searches import Task
from bnnopt._typing import FloatArray
from bnnopt.objectives import OutcomeConstraint
from bnnopt.space import LinearConstraint, SearchSpace

__all__ = ["BoTorchFront", "Box", "MixtureBox", "OptunaStudy", "box_of", "excesses_of"]


@dataclass(frozen=True)
class Box:
    """The settings as they are: independent intervals of real or whole numbers."""

    space: SearchSpace

    def limits(self) -> dict[str, tuple[Any, Any, bool]]:
        """Return smallest and largest value of each parameter, and whether it is whole."""
        return {v.name: (v.lower, v.upper, v.type == "integer") for v in self.space.variables}

    def params_of(self, row: pd.DataFrame) -> dict[str, float]:
        """Return the parameters of one row of settings."""
        return {name: row[name].iloc[0].item() for name in self.limits()}

    def row_of(self, params: dict[str, float]) -> pd.DataFrame:
        """Return the row of settings that parameters stand for."""
        return pd.DataFrame([params])[self.space.names]


@dataclass(frozen=True)
class MixtureBox:
    """Shares of a given sum, one after the other, each as its position between the limits left to it.

    With s what is left of the sum, share i is l + p_i (h - l), l = max(lower_i, s - sum of upper_j, j > i),
    h = min(upper_i, s - sum of lower_j, j > i), so that every point of the cube is a mixture and the last
    share follows.
    """

    space: SearchSpace
    total: float

    def limits(self) -> dict[str, tuple[Any, Any, bool]]:
        """Return the limits 0 and 1 of each position."""
        return dict.fromkeys(self.space.names[:-1], (0.0, 1.0, False))

    def params_of(self, row: pd.DataFrame) -> dict[str, float]:
        """Return the positions of the shares of one row."""
        shares = row[self.space.names].to_numpy(float)[0]
        pairs = [self._room(i, shares[:i]) for i in range(len(shares) - 1)]
        positions = [(share - low) / (high - low) for share, (low, high) in zip(shares, pairs, strict=False)]
        return dict(zip(self.limits(), np.clip(positions, 0, 1).tolist(), strict=True))

    def row_of(self, params: dict[str, float]) -> pd.DataFrame:
        """Return the shares of positions."""
        shares: list[float] = []
        for position in params.values():
            low, high = self._room(len(shares), np.array(shares))
            shares.append(low + position * (high - low))
        return pd.DataFrame([[*shares, self.total - sum(shares)]], columns=self.space.names)

    def _room(self, i: int, before: FloatArray) -> tuple[float, float]:
        lower = np.array([v.lower for v in self.space.variables])
        upper = np.array([v.upper for v in self.space.variables])
        rest = self.total - before.sum()
        return max(lower[i], rest - upper[i + 1 :].sum()), min(upper[i], rest - lower[i + 1 :].sum())


def box_of(space: SearchSpace) -> Box | MixtureBox:
    """Return the box of a space: of positions if all settings must have a given sum."""
    for constraint in space.constraints:
        if isinstance(constraint, LinearConstraint) and constraint.lower == constraint.upper:
            return MixtureBox(space, float(constraint.lower))
    return Box(space)


class OptunaStudy:
    """An Optuna sampler, told to use its model, or its first generation, as soon as the first design is in.

    A generation of NSGA-II is as large as the first design; its default of 50 would leave no second one. A
    linear constraint between settings counts as one of the outcomes, since Optuna knows no other; a sum is
    replaced by positions (`MixtureBox`).
    """

    def __init__(self, task: Task, n_initial: int, seed: int, *, sampler: str) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._task, self._box = task, box_of(task.space())
        self._names = [each.name for each in task.objectives() if not isinstance(each, OutcomeConstraint)]
        self._distributions = _distributions(self._box)
        size = "population_size" if sampler == "NSGAIISampler" else "n_startup_trials"
        chosen = getattr(optuna.samplers, sampler)(seed=seed, **{size: n_initial})
        self._study = optuna.create_study(directions=["minimize"] * len(self._names), sampler=chosen)
        self._trial: Any = None

    def tell(self, row: pd.DataFrame, outcomes: pd.DataFrame) -> None:
        """Store the outcomes of the trial asked for, or of a row from elsewhere, of the first generation."""
        values = outcomes[self._names].iloc[0].tolist()
        numbered = enumerate(excesses_of(self._task, row, outcomes))
        excesses = {str(number): excess for number, excess in numbered}
        if self._trial is None:
            self._study.add_trial(self._given(self._box.params_of(row), values, excesses))
            return
        for number, excess in excesses.items():
            self._trial.set_constraint(number, excess)
        self._study.tell(self._trial, values)
        self._trial = None

    def ask(self) -> pd.DataFrame:
        """Return the row of a new trial."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._trial = self._study.ask(self._distributions)
        return self._box.row_of({name: self._trial.params[name] for name in self._distributions})

    def _given(self, params: dict[str, float], values: list[float], excesses: dict[str, float]) -> Any:
        from optuna.trial import create_trial

        return create_trial(
            params=params,
            distributions=self._distributions,
            values=values,
            constraints=excesses,
            system_attrs={"NSGAIISampler:generation": 0},
        )


def excesses_of(task: Task, row: pd.DataFrame, outcomes: pd.DataFrame) -> Iterator[float]:
    """Yield by how much one row exceeds each limit, at most 0 where it is kept; sums of settings are kept."""
    limits = [each for each in task.objectives() if isinstance(each, OutcomeConstraint)]
    pairs = [(outcomes[limit.name].iloc[0], limit.limits) for limit in limits]
    for linear in task.space().constraints if isinstance(box_of(task.space()), Box) else ():
        value = sum(weight * row[name].iloc[0] for name, weight in linear.coefficients.items())
        pairs.append((value, linear.limits))
    for value, (lower, upper) in pairs:
        yield from (float(excess) for excess in (lower - value, value - upper) if np.isfinite(excess))


def _distributions(box: Box | MixtureBox) -> dict[str, Any]:
    from optuna.distributions import FloatDistribution, IntDistribution

    kinds: dict[bool, Callable[..., Any]] = {True: IntDistribution, False: FloatDistribution}
    return {name: kinds[is_whole](low, high) for name, (low, high, is_whole) in box.limits().items()}


class BoTorchFront:
    """BoTorch as in its tutorial on several objectives, on the unit cube and one thread, one row at a time.

    One `SingleTaskGP` for each objective, `qLogNoisyExpectedHypervolumeImprovement` with 128 Sobol samples
    and the reference point of the task, from 10 starts out of 512 raw samples, at most 200 iterations each.
    """

    def __init__(self, task: Any, n_initial: int, seed: int) -> None:
        import torch

        torch.set_num_threads(1)
        self._space, self._seed, self._reference = task.space(), seed, list(task.reference_utilities)
        self._x: list[FloatArray] = []
        self._y: list[FloatArray] = []

    def tell(self, row: pd.DataFrame, outcomes: pd.DataFrame) -> None:
        """Store one row."""
        lower, width = self._bounds()
        self._x.append((row[self._space.names].to_numpy(float)[0] - lower) / width)
        self._y.append(-outcomes.to_numpy(float)[0])

    def ask(self) -> pd.DataFrame:
        """Fit, and maximise the expected gain in hypervolume."""
        import torch
        from botorch.optim import optimize_acqf
        from botorch.utils.sampling import manual_seed

        lower, width = self._bounds()
        cube = torch.stack([torch.zeros(len(width)), torch.ones(len(width))]).double()
        with warnings.catch_warnings(), manual_seed(1000 * self._seed + len(self._y)):
            warnings.simplefilter("ignore")
            x, _ = optimize_acqf(
                self._acquisition(),
                bounds=cube,
                q=1,
                num_restarts=10,
                raw_samples=512,
                options={"batch_limit": 5, "maxiter": 200},
            )
        return pd.DataFrame(lower + width * x.detach().numpy(), columns=self._space.names)

    def _acquisition(self) -> Any:
        import torch
        from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
        from botorch.sampling.normal import SobolQMCNormalSampler

        return qLogNoisyExpectedHypervolumeImprovement(
            model=self._fitted(),
            ref_point=self._reference,
            X_baseline=torch.as_tensor(np.array(self._x), dtype=torch.double),
            prune_baseline=True,
            sampler=SobolQMCNormalSampler(sample_shape=torch.Size([128]), seed=len(self._y)),
        )

    def _fitted(self) -> Any:
        import torch
        from botorch.fit import fit_gpytorch_mll
        from botorch.models import ModelListGP, SingleTaskGP
        from botorch.models.transforms import Standardize
        from gpytorch.mlls import SumMarginalLogLikelihood

        x = torch.as_tensor(np.array(self._x), dtype=torch.double)
        columns = torch.as_tensor(np.array(self._y), dtype=torch.double).T
        parts = [SingleTaskGP(x, y[:, None], outcome_transform=Standardize(m=1)) for y in columns]
        model = ModelListGP(*parts)
        fit_gpytorch_mll(SumMarginalLogLikelihood(model.likelihood, model))
        return model

    def _bounds(self) -> tuple[FloatArray, FloatArray]:
        lower = np.array([v.lower for v in self._space.variables], dtype=float)
        return lower, np.array([v.upper for v in self._space.variables], dtype=float) - lower
