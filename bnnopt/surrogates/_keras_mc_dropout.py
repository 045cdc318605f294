"""MC dropout with a Keras network of the user's own, behind scikit-learn's interface."""

from collections.abc import Callable
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted

from bnnopt._estimators import (
    Rule,
    check_parameters,
    draw_seed,
    flag,
    is_whole,
    last_fit_kept,
    real,
    seed_parameter,
    whole,
)
from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.surrogates._keras._posterior import KerasPosterior, Training
from bnnopt.surrogates._keras._routed_parameters import RoutedParameters
from bnnopt.surrogates._predictive._quantiles import NormalQuantiles
from bnnopt.surrogates._predictive._regressor import checked_number_of_draws
from bnnopt.surrogates._rows import Rows, check_fit_data, check_number_of_outputs, check_rows, number_of_axes

__all__ = ["KerasMCDropoutRegressor"]


class KerasMCDropoutRegressor(NormalQuantiles, RegressorMixin, RoutedParameters):
    """Regression with a standard deviation, from a Keras network of your own that has dropout layers.

    The network is trained by Keras, through scikeras. A draw of the posterior is the trained network with one
    dropout mask, the same mask for all rows, in the place of each dropout layer; mean and standard deviation
    are those over `n_masks` draws. On rows that are held out, the error is split into observation noise and
    spread of the function, and the spread of the draws is scaled down where it is larger than the error.
    Inputs are scaled to [0, 1] and centred, outputs are scaled to [0, 1] inside.

    Parameters
    ----------
    model : callable, default=None
        Build function as scikeras has it: returns a Sequential or functional `keras.Model`, compiled or not,
        with one input (None, n_features) and one output (None, n_outputs). It may take `meta`, a dict with
        `n_features_in_` and `n_outputs_`, and parameters that are routed to it as `model__name`. Supported
        are Dropout, SpatialDropout1D to 3D, GaussianDropout and AlphaDropout, in nested models too. None
        builds dense layers, with `model__hidden_layer_sizes=(64, 64)`, `model__activation="silu"` and
        `model__dropout=0.1`.
    n_masks : int, default=100
        Draws that `predict` averages over, at least 1.
    epochs : int, default=300
        Passes over the rows, at least 1.
    batch_size : int, default=32
        Rows in an update, at least 1; -1 takes all rows.
    optimizer : str, class or keras.optimizers.Optimizer, default=None
        Of networks that the build function does not compile. None is Adam with a learning rate of 0.01, or
        `optimizer__learning_rate`; "adam" is Keras's, with 0.001. An instance is copied.
    loss : str, class, callable or keras.losses.Loss, default=None
        On the scaled outputs, of networks that the build function does not compile; None for the mean squared
        error.
    metrics : list, default=None
        Metrics of Keras, on the scaled outputs.
    callbacks : list of keras.callbacks.Callback, default=None
        Callbacks of Keras. With callbacks the held-out rows are the validation data of Keras, so that
        `EarlyStopping(monitor="val_loss")` works; the noise is then estimated on rows that chose the epoch.
    validation_fraction : float in [0, 1), default=0.1
        Share of the distinct rows that are held out of training to estimate the noise. If that is fewer than
        10 rows, nothing is held out and the training rows are used, which gives too little noise where the
        network overfits.
    require_dropout : bool, default=True
        Whether a network without dropout is an error; if not, its draws are all equal.
    warm_start : bool, default=False
        Whether `fit` trains on from the last one, with its network, scaling and optimizer.
    verbose : int or str, default=0
        As in `keras.Model.fit`.
    random_state : int, RandomState or None, default=None
        Seeds first weights, dropout, held-out rows, order of the rows and masks. The same seed gives the same
        numbers in any process, if the network draws its random numbers through Keras layers.
    **routed
        Parameters with a prefix, as in scikeras: `model__units=32`, `optimizer__learning_rate=0.01`,
        `loss__delta=1.0`, `compile__steps_per_execution=10`, `fit__verbose=2`, `callbacks__patience=5`.

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
        Epochs made by the last `fit` and the calls of `partial_fit` since.
    history_ : dict of str to list of float
        Loss and metrics of each of these epochs, on the scaled outputs.
    posterior_ : object
        The trained network, the scaling around it and what is needed to store it.
    model_ : keras.Model
        The trained network; it takes scaled inputs and gives scaled outputs.

    References
    ----------
    Y. Gal, Z. Ghahramani, "Dropout as a Bayesian Approximation: Representing Model Uncertainty in Deep
    Learning", ICML 2016 (equations 7 to 9 for the predictive moments).

    Examples
    --------
    >>> import numpy as np
    >>> from bnnopt import KerasMCDropoutRegressor
    >>> X = np.linspace(0, 1, 30)[:, None]
    >>> model = KerasMCDropoutRegressor(epochs=50, model__dropout=0.2, random_state=0)
    >>> mean, std = model.fit(X, np.sin(6 * X[:, 0])).predict(X, return_std=True)
    >>> mean.shape, std.shape
    ((30,), (30,))
    """

    trains_outputs_jointly: ClassVar[bool] = True

    _routes = frozenset({"callbacks", "compile", "fit", "loss", "metrics", "model", "optimizer"})
    _decided_inside: ClassVar[dict[str, str]] = {
        "fit__epochs": "use epochs",
        "fit__initial_epoch": "fit starts at 0 and partial_fit goes on",
        "fit__sample_weight": "pass sample_weight to fit",
        "fit__shuffle": "rows are shuffled in each epoch, in an order that hangs on random_state",
        "fit__validation_data": "use validation_fraction",
        "fit__validation_split": "use validation_fraction",
    }

    posterior_: KerasPosterior

    _rules: ClassVar[dict[str, Rule]] = {
        "model": Rule(lambda value: value is None or callable(value), "a build function or None"),
        "n_masks": whole(1),
        "epochs": whole(1),
        "batch_size": Rule(
            lambda value: is_whole(value) and (value >= 1 or value == -1), "at least 1, or -1"
        ),
        "validation_fraction": real(0, 1, closed="left"),
        "require_dropout": flag(),
        "warm_start": flag(),
        "random_state": seed_parameter(),
    }

    def __init__(
        self,
        model: Callable[..., Any] | None = None,
        *,
        n_masks: int = 100,
        epochs: int = 300,
        batch_size: int = 32,
        optimizer: Any = None,
        loss: Any = None,
        metrics: Any = None,
        callbacks: Any = None,
        validation_fraction: float = 0.1,
        require_dropout: bool = True,
        warm_start: bool = False,
        verbose: int | str = 0,
        random_state: int | np.random.RandomState | None = None,
        **routed: Any,
    ) -> None:
        self.model = model
        self.n_masks = n_masks
        self.epochs = epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.loss = loss
        self.metrics = metrics
        self.callbacks = callbacks
        self.validation_fraction = validation_fraction
        self.require_dropout = require_dropout
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state
        for name, value in routed.items():
            setattr(self, name, value)

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train the network and estimate the observation noise.

        A fit that fails or is stopped leaves the last one as it was, one that goes on from it too.

        The order of the rows does not matter. Rows that agree in all inputs and outputs are joined, with the
        sum of their weights: a row of weight 2 is the same as a row given twice, to the last digit, whatever
        the batch size. In mini-batches a joined row is one row with a larger gradient.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Inputs in any units, finite; at least 2 rows.
        y : array-like or DataFrame of shape (n_samples,) or (n_samples, n_outputs)
            Outputs in any units, finite.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row in loss and noise, at least 0; 1 by default. Only ratios matter.

        Returns
        -------
        self
            The estimator itself, fitted.

        Raises
        ------
        ValueError
            If a parameter is out of its range, the data are not finite numbers of fitting shapes, the network
            does not fit the data, has no dropout or dropout that cannot be fixed for all rows, or diverges.
        """
        return self._train(X, y, sample_weight, is_continued=self.warm_start and hasattr(self, "posterior_"))

    def partial_fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train for one epoch, from the present weights if there are any.

        The first call, or the `fit` before, sets the scaling of inputs and outputs. The noise is estimated
        anew on the rows of each call.

        Parameters
        ----------
        X, y, sample_weight : array-like
            As in `fit`.

        Returns
        -------
        self
            The estimator itself, fitted.
        """
        return self._train(X, y, sample_weight, is_continued=hasattr(self, "posterior_"), is_partial=True)

    def _check(self) -> None:
        check_parameters(self, self._rules)
        self._check_routed_names()

    def _train(
        self, X: Any, y: Any, sample_weight: Any, *, is_continued: bool, is_partial: bool = False
    ) -> Self:
        before = self.posterior_ if is_continued else None
        if before is not None:
            self.posterior_ = before.stored()  # what stays if the training, which changes the network, stops
        with last_fit_kept(self, *_OF_A_FIT, is_first=before is None):
            self._check()
            rows = self._checked_rows(X, y, sample_weight, is_continued)
            posterior = self._new_posterior(rows) if before is None else before
            if self.require_dropout:
                posterior.network.check_dropout()
            posterior.train(rows, self._training(is_partial))
            return self._take(posterior)

    def _take(self, posterior: KerasPosterior) -> Self:
        noise = posterior.noise_variance
        self.noise_variance_ = float(noise[0]) if self._y_ndim == 1 else noise
        self.history_ = posterior.network.history
        self.n_iter_ = len(self.history_["loss"])
        self._n_masks = int(self.n_masks)
        self.posterior_ = posterior
        return self

    def _checked_rows(self, X: Any, y: Any, sample_weight: Any, is_continued: bool) -> Rows:
        rows = check_fit_data(self, X, y, sample_weight, is_first=not is_continued, may_stay=False)
        if is_continued:
            check_number_of_outputs(rows.y.shape[1], self.n_outputs_)
        self._y_ndim: int = number_of_axes(y)
        self.n_outputs_: int = rows.y.shape[1]
        return rows

    def _new_posterior(self, rows: Rows) -> KerasPosterior:
        from bnnopt.surrogates._keras._network import UserNetwork

        seed = draw_seed(self.random_state)
        settings = {"optimizer": self.optimizer, "loss": self.loss, "metrics": self.metrics}
        settings |= self._routed_to("compile", "loss", "metrics", "model", "optimizer")
        network = UserNetwork(self.model, settings, self.n_features_in_, self.n_outputs_, seed)
        return KerasPosterior.start(network, seed, rows)

    def _training(self, is_partial: bool) -> Training:
        options = {"batch_size": self.batch_size, "callbacks": self.callbacks, "verbose": self.verbose}
        return Training(
            epochs=1 if is_partial else int(self.epochs),
            n_masks=int(self.n_masks),
            validation_fraction=float(self.validation_fraction),
            options=options | self._routed_to("callbacks", "fit"),
            has_callbacks=self.callbacks is not None or hasattr(self, "fit__callbacks"),
            is_partial=is_partial,
        )

    def predict(
        self, X: ArrayLike, return_std: bool = False, *, noise: bool = True
    ) -> FloatArray | tuple[FloatArray, FloatArray]:
        """Predict the mean and, on request, the standard deviation of each output.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
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
        mean, variance = self._moments(self._checked(X))
        if not return_std:
            return mean
        return mean, np.sqrt(variance + self.noise_variance_ if noise else variance)

    def sample_y(
        self, X: ArrayLike, n_samples: int = 1, random_state: int | np.random.RandomState | None = 0
    ) -> FloatArray:
        """Draw functions from the posterior and evaluate them at X.

        A draw is the network with one dropout mask for all rows, without observation noise, pulled towards
        the mean so that draws vary as much as `predict` says with `noise=False`.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples_X, n_features)
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
        rows = self._checked(X)
        n_draws, rng = checked_number_of_draws(n_samples), np.random.default_rng(draw_seed(random_state))
        values = self.posterior_.draws(rows, n_draws, self._n_masks, rng)
        return values[:, 0] if self._y_ndim == 1 else values

    @property
    def model_(self) -> Any:
        """The trained `keras.Model`; it takes scaled inputs and gives scaled outputs."""
        check_is_fitted(self, "posterior_")
        return self.posterior_.network.network

    def _checked(self, X: ArrayLike) -> FloatArray:
        check_is_fitted(self, "posterior_")
        return check_rows(self, X)

    def _moments(self, rows: FloatArray) -> tuple[Any, Any]:
        mean, variance = self.posterior_.moments(rows, self._n_masks)
        return (mean[:, 0], variance[:, 0]) if self._y_ndim == 1 else (mean, variance)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = True
        return tags


_OF_A_FIT = ("_n_masks", "_y_ndim")
