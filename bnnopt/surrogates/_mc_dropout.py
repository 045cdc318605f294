"""The MC-dropout estimator: scaling, training and posterior behind scikit-learn's interface."""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.surrogates._columns import check_cells, check_columns
from bnnopt.surrogates._holdout import assign_holdout, split_error
from bnnopt.surrogates._networks import ACTIVATIONS, Networks, TrainingPlan, draw_masks
from bnnopt.surrogates._scaling import InputScaler, RangeScaler

__all__ = ["MCDropoutRegressor"]

FULL_BATCH_ROWS = 1024
MINI_BATCH_ROWS = 256
N_MASKS_FOR_NOISE = 32
LARGEST_SEED = 2**31 - 1000  # room for the seeds that are counted up from it


class MCDropoutRegressor(RegressorMixin, BaseEstimator):
    """Regression with a standard deviation, from neural networks with dropout in training and in prediction.

    A few networks are trained side by side with dropout, each without its share of the rows. A draw of the
    posterior is one network with one dropout mask, the same mask for all rows. On the rows that a network did
    not see, its error is split: what the networks disagree on is the spread of the function, which more data
    would reduce, and the rest is observation noise. The spread over networks and masks is scaled to that.
    Inputs and outputs are scaled to [0, 1] inside, several outputs share the hidden layers.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int, default=(20, 20, 20)
        Units of each hidden layer, each at least 1; at least one layer.
    activation : {"elu", "gelu", "relu", "selu", "silu", "softplus", "tanh"}, default="silu"
        Of the hidden layers.
    dropout : float in [0, 1), default=0.05
        Probability that a hidden unit is left out, in training and in prediction.
    alpha : float in [0, inf), default=0.01
        Strength of the L2 penalty as in `sklearn.neural_network.MLPRegressor`: `alpha / n_samples` times the
        sum of the squared weights is added to the mean squared error of the scaled outputs.
    output_weights : array-like of shape (n_outputs,), default=None
        Factor of each scaled output's squared error, above 0; 1 for all by default. To divide an output by 3,
        as the reference does with polydispersity, is a factor of 1/9.
    n_networks : int, default=8
        Networks in the ensemble, at least 1. With 1, nothing is held out and the noise is estimated on the
        training rows, which is too low where the network overfits.
    n_masks : int, default=12
        Dropout masks of each network that `predict` averages over, at least 1. The masks of the last hidden
        layer are integrated in closed form and need no draws.
    learning_rate_init : float in (0, inf), default=0.01
        First step size of Adam; it falls along half a cosine to 2 % of it.
    max_iter : int, default=3000
        Optimizer updates, at least 1; an epoch each in full batch.
    batch_size : int or "auto", default="auto"
        Rows in an update; "auto" takes all rows up to 1,024 and mini-batches of 256 beyond.
    random_state : int, RandomState or None, default=None
        Seeds weights, held-out rows and masks. The same seed gives the same numbers in any process.

    Attributes
    ----------
    n_features_in_ : int
        Number of inputs.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the inputs, if fitted on a DataFrame with string column names.
    n_outputs_ : int
        Number of outputs.
    noise_variance_ : float or ndarray of shape (n_outputs,)
        Estimated variance of the observation noise, in squared units of y.
    n_iter_ : int
        Optimizer updates made.
    networks_ : Networks
        The trained weights as arrays.

    References
    ----------
    Y. Gal, Z. Ghahramani, "Dropout as a Bayesian Approximation: Representing Model Uncertainty in Deep
    Learning", ICML 2016 (equations 7 to 9 for the predictive moments). O. Voznyy et al., "Machine Learning
    Accelerates Discovery of Optimal Colloidal Quantum Dot Synthesis", ACS Nano 2019, 13, 11122 (the setting
    of `from_paper`). B. Lakshminarayanan, A. Pritzel, C. Blundell, "Simple and Scalable Predictive
    Uncertainty Estimation using Deep Ensembles", NeurIPS 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from bnnopt import MCDropoutRegressor
    >>> X = np.linspace(0, 1, 30)[:, None]
    >>> model = MCDropoutRegressor(max_iter=500, random_state=0).fit(X, np.sin(6 * X[:, 0]))
    >>> mean, std = model.predict(X, return_std=True)
    >>> mean.shape, std.shape
    ((30,), (30,))
    """

    trains_outputs_jointly: ClassVar[bool] = True

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hidden_layer_sizes": ["array-like"],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "output_weights": ["array-like", None],
        "n_networks": [Interval(Integral, 1, None, closed="left")],
        "n_masks": [Interval(Integral, 1, None, closed="left")],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (20, 20, 20),
        activation: str = "silu",
        *,
        dropout: float = 0.05,
        alpha: float = 0.01,
        output_weights: ArrayLike | None = None,
        n_networks: int = 8,
        n_masks: int = 12,
        learning_rate_init: float = 0.01,
        max_iter: int = 3000,
        batch_size: int | str = "auto",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.alpha = alpha
        self.output_weights = output_weights
        self.n_networks = n_networks
        self.n_masks = n_masks
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.random_state = random_state

    @classmethod
    def from_paper(cls, **parameters: Any) -> Self:
        """Make the network of Voznyy et al. 2019: 2 x 20 elu, 10 % dropout, L2, 15,000 full-batch epochs.

        The paper chose its L2 strength by cross-validation and does not print it; the default `alpha` stands
        for it here. Pass `output_weights=(1, 1 / 9)` for its weighting of wavelength and polydispersity.

        Parameters
        ----------
        **parameters
            Parameters that are to differ from the paper's.
        """
        setting: dict[str, Any] = {
            "hidden_layer_sizes": (20, 20),
            "activation": "elu",
            "dropout": 0.1,
            "n_networks": 1,
            "n_masks": 100,
            "learning_rate_init": 0.001,
            "max_iter": 15_000,
            "batch_size": 2**31 - 1,
        }
        return cls(**(setting | parameters))

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train the networks and estimate the observation noise.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Inputs in any units, finite; at least 2 rows.
        y : array-like or DataFrame of shape (n_samples,) or (n_samples, n_outputs)
            Outputs in any units, finite.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter is out of its range, or the data are not finite numbers of fitting shapes.
        """
        check_cells(X, "X")
        check_cells(y, "y")
        rows, outcomes = validate_data(
            self, X, y, multi_output=True, y_numeric=True, dtype=np.float64, ensure_min_samples=2
        )
        self._y_ndim = outcomes.ndim
        targets = np.asarray(outcomes, dtype=np.float64).reshape(len(rows), -1)
        self.n_outputs_ = targets.shape[1]
        self._seed = int(check_random_state(self.random_state).randint(0, LARGEST_SEED))
        self._x_scaler, self._y_scaler = InputScaler.of(rows), RangeScaler.of(targets)
        if hasattr(self, "networks_"):
            del self.networks_  # a fit that fails or is stopped leaves the estimator not fitted
        self._train(self._x_scaler.scale(rows), self._y_scaler.scale(targets))
        self.n_iter_ = int(self.max_iter)
        return self

    def _train(self, X: FloatArray, y: FloatArray) -> None:
        from bnnopt.surrogates._keras import propagate, train_networks

        rng = np.random.default_rng(self._seed)
        is_held_out = assign_holdout(len(X), self.n_networks, rng)
        networks = train_networks(X, y, (~is_held_out).astype(float), self._plan(len(X)))
        self._masks = draw_masks(networks, self.n_masks, rng)
        draws = propagate(X, networks, draw_masks(networks, N_MASKS_FOR_NOISE, rng))
        _check_finite(draws)
        noise, self._spread_scale = split_error(y, draws, is_held_out)
        noise = noise * self._y_scaler.span**2
        self.noise_variance_ = float(noise[0]) if self._y_ndim == 1 else noise
        self.networks_: Networks = networks

    def _plan(self, n_rows: int) -> TrainingPlan:
        sizes = list(self.hidden_layer_sizes)
        if not sizes or not all(_is_whole(size) and size >= 1 for size in sizes):
            raise ValueError(
                "hidden_layer_sizes must name at least one layer of at least one unit, in whole numbers, "
                f"got {self.hidden_layer_sizes!r}."
            )
        return TrainingPlan(
            hidden_layer_sizes=tuple(int(size) for size in sizes),
            activation=self.activation,
            dropout=float(self.dropout),
            n_networks=int(self.n_networks),
            penalty=float(self.alpha) / n_rows,
            output_weights=self._checked_output_weights(),
            learning_rate_init=float(self.learning_rate_init),
            n_updates=int(self.max_iter),
            batch_size=self._rows_per_update(n_rows),
            seed=self._seed,
        )

    def _rows_per_update(self, n_rows: int) -> int:
        if self.batch_size == "auto":
            return n_rows if n_rows <= FULL_BATCH_ROWS else MINI_BATCH_ROWS
        return min(int(self.batch_size), n_rows)

    def _checked_output_weights(self) -> tuple[float, ...]:
        if self.output_weights is None:
            return (1.0,) * self.n_outputs_
        weights = np.asarray(self.output_weights, dtype=float)
        if weights.shape != (self.n_outputs_,) or not np.all(np.isfinite(weights) & (weights > 0)):
            raise ValueError(
                f"output_weights must be {self.n_outputs_} finite number(s) above 0, one for each output, "
                f"got {self.output_weights!r}."
            )
        return tuple(weights.tolist())

    def predict(
        self, X: ArrayLike, return_std: bool = False, *, noise: bool = True
    ) -> FloatArray | tuple[FloatArray, FloatArray]:
        """Predict the mean and, on request, the standard deviation of each output.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Inputs; a DataFrame needs the columns of fitting in the same order.
        return_std : bool, default=False
            Whether to return the standard deviation too.
        noise : bool, default=True
            Whether the standard deviation is that of a new observation (True) or of the function alone
            (False).

        Returns
        -------
        mean : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            In the units of y.
        std : ndarray of the same shape
            Only with `return_std=True`; in the units of y.
        """
        from bnnopt.surrogates._keras import propagate_moments

        mean, variance = propagate_moments(self._checked(X), self.networks_, self._masks)
        mean = self._as_given(self._y_scaler.restore(mean))
        if not return_std:
            return mean
        function = self._as_given(variance * self._spread_scale * self._y_scaler.span**2)
        return mean, np.sqrt(function + self.noise_variance_ if noise else function)

    def sample_y(
        self, X: ArrayLike, n_samples: int = 1, random_state: int | np.random.RandomState | None = 0
    ) -> FloatArray:
        """Draw functions from the posterior and evaluate them at X.

        A draw is one network with one dropout mask for all rows, without observation noise, pulled towards
        the mean so that draws vary as much as `predict` says with `noise=False`. The networks take turns, so
        that few draws already show how they differ.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples_X, n_features)
            Inputs.
        n_samples : int, default=1
            Number of draws, at least 1.
        random_state : int, RandomState or None, default=0
            Seeds the masks.

        Returns
        -------
        ndarray of shape (n_samples_X, n_samples) or (n_samples_X, n_outputs, n_samples)
            In the units of y.
        """
        from bnnopt.surrogates._keras import propagate, propagate_moments

        rows = self._checked(X)
        if not _is_whole(n_samples) or n_samples < 1:
            raise ValueError(f"n_samples must be a whole number of at least 1, got {n_samples!r}.")
        rng = np.random.default_rng(check_random_state(random_state).randint(0, 2**31 - 1))
        n_masks = -(-n_samples // self.networks_.n_networks)
        draws = propagate(rows, self.networks_, draw_masks(self.networks_, n_masks, rng))
        in_turns = np.swapaxes(draws, 1, 2).reshape(len(rows), -1, self.n_outputs_)[:, :n_samples]
        mean, _ = propagate_moments(rows, self.networks_, self._masks)
        scaled = mean[:, None] + np.sqrt(self._spread_scale) * (in_turns - mean[:, None])
        values = np.swapaxes(self._y_scaler.restore(scaled), 1, 2)
        return values[:, 0] if self._y_ndim == 1 else values

    def _checked(self, X: ArrayLike) -> FloatArray:
        check_is_fitted(self, "networks_")
        check_columns(getattr(self, "feature_names_in_", None), X)
        check_cells(X, "X")
        return self._x_scaler.scale(validate_data(self, X, reset=False, dtype=np.float64))

    def _as_given(self, values: FloatArray) -> Any:
        """Drop the axis of the outputs if y had none."""
        return values[..., 0] if self._y_ndim == 1 else values

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.non_deterministic = False
        return tags


def _is_whole(value: object) -> bool:
    """Tell whether a value is a whole number, and not a truth value."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def _check_finite(draws: FloatArray) -> None:
    if not np.isfinite(draws).all():
        raise ValueError(
            "The training diverged: some predictions of the training rows are not finite. Lower "
            "learning_rate_init, and check that output_weights are of the order of 1."
        )
