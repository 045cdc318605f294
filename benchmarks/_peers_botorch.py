"""BoTorch as an optimizer, and its Gaussian process as a scikit-learn regressor; loaded when first used."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from bnnopt._typing import ArrayLike, FloatArray

__all__ = ["BoTorch", "BoTorchRegressor"]


class BoTorch:
    """BoTorch's `SingleTaskGP` on the unit cube and the log of the expected improvement, on one thread.

    For one setting it is `LogExpectedImprovement`; for several it is `qLogExpectedImprovement`, maximised by
    one setting after the other (`sequential=True`). With `is_noisy` it is `qLogNoisyExpectedImprovement` of
    any number, whose best is that of the function at the settings that were run, not the best value measured.
    """

    def __init__(self, bounds: FloatArray, n_initial: int, seed: int, *, is_noisy: bool = False) -> None:
        import torch

        torch.set_num_threads(1)  # and loaded here: that counts in no step
        self._lower, self._width = bounds[:, 0], bounds[:, 1] - bounds[:, 0]
        self._seed, self._is_noisy = seed, is_noisy
        self._x: list[FloatArray] = []
        self._y: list[float] = []

    def tell(self, x: FloatArray, y: float) -> None:
        """Store one result."""
        self._x.append((x - self._lower) / self._width)
        self._y.append(-y)

    def ask(self) -> FloatArray:
        """Return the setting with the largest expected improvement, shape (n_dims,)."""
        return self.ask_many(1)[0]

    def ask_many(self, n: int) -> FloatArray:
        """Fit, and maximise from 10 starts out of 512 raw samples; shape (n, n_dims)."""
        import torch
        from botorch.optim import optimize_acqf

        cube = torch.stack([torch.zeros(len(self._width)), torch.ones(len(self._width))]).double()
        with _quiet(1000 * self._seed + len(self._y)):
            x, _ = optimize_acqf(
                self._improvement(n), bounds=cube, q=n, num_restarts=10, raw_samples=512, sequential=n > 1
            )
        return np.asarray(self._lower + self._width * x.detach().numpy())

    def _improvement(self, n: int) -> Any:
        """Fit, and return the acquisition function of n settings."""
        import torch
        from botorch.acquisition import (
            LogExpectedImprovement,
            qLogExpectedImprovement,
            qLogNoisyExpectedImprovement,
        )

        rows = np.array(self._x)
        model = _fitted(rows, np.array(self._y))
        if self._is_noisy:
            return qLogNoisyExpectedImprovement(model, X_baseline=torch.as_tensor(rows, dtype=torch.double))
        kind: Any = LogExpectedImprovement if n == 1 else qLogExpectedImprovement
        return kind(model, best_f=max(self._y))


class BoTorchRegressor(RegressorMixin, BaseEstimator):
    """The same `SingleTaskGP`, fitted in the same way, as a surrogate of `bnnopt.BayesianOptimizer`.

    Attributes
    ----------
    model_ : SingleTaskGP
        Fitted.
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Find the kernel's parameters from rows (n, n_features) in the unit cube and outcomes (n,)."""
        rows, outcomes = validate_data(self, X, y, y_numeric=True, dtype=np.float64)
        with _quiet(0):
            self.model_ = _fitted(rows, outcomes)
        return self

    def predict(
        self, X: ArrayLike, return_std: bool = False, *, noise: bool = True
    ) -> FloatArray | tuple[FloatArray, FloatArray]:
        """Return the mean and, on request, the standard deviation, of the function alone without noise."""
        import torch

        with _quiet(0), torch.no_grad():
            posterior = self._posterior(self._rows(X)[:, None], noise)  # of each row alone
            mean, std = (each.numpy()[:, 0, 0] for each in (posterior.mean, posterior.variance.sqrt()))
        return (mean, std) if return_std else mean

    def sample_y(self, X: ArrayLike, n_samples: int = 1, random_state: int = 0) -> FloatArray:
        """Draw from the joint distribution of the function at rows, shape (n, n_samples)."""
        import torch

        with _quiet(random_state), torch.no_grad():
            draws = self._posterior(self._rows(X), is_noisy=False).rsample(torch.Size([n_samples]))
            return np.asarray(draws.numpy()[:, :, 0].T)

    def _rows(self, X: ArrayLike) -> Any:
        import torch

        check_is_fitted(self)
        return torch.as_tensor(validate_data(self, X, reset=False, dtype=np.float64))

    def _posterior(self, rows: Any, is_noisy: bool) -> Any:
        """Return the joint distribution of rows (n, n_features), or of each of several such tables."""
        return self.model_.posterior(rows, observation_noise=is_noisy)


def _fitted(X: FloatArray, y: FloatArray) -> Any:
    """Return the model of rows in the unit cube, shape (n, n_dims), and outcomes (n,)."""
    import torch
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from botorch.models.transforms import Standardize
    from gpytorch.mlls import ExactMarginalLogLikelihood

    x = torch.as_tensor(X, dtype=torch.double)
    outcomes = torch.as_tensor(y, dtype=torch.double)[:, None]
    model = SingleTaskGP(x, outcomes, outcome_transform=Standardize(m=1))
    fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
    return model


@contextmanager
def _quiet(seed: int) -> Iterator[None]:
    """Seed torch and silence its warnings, for this while."""
    from botorch.utils.sampling import manual_seed

    with warnings.catch_warnings(), manual_seed(seed):
        warnings.simplefilter("ignore")
        yield
