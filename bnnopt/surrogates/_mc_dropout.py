"""The MC-dropout estimator: dropout networks trained side by side, behind scikit-learn's interface."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from bnnopt._estimators import Rule
from bnnopt._typing import ArrayLike
from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates._dropout._ensemble import FEW_ROWS, TENSORFLOW, check_installed
from bnnopt.surrogates._dropout._few_rows import KNOWN
from bnnopt.surrogates._dropout._fit import TrainedFit, fit_networks
from bnnopt.surrogates._dropout._networks import FULL_BATCH_ROWS, RULES, UPDATES_PER_CHUNK, check_layers
from bnnopt.surrogates._predictive._regressor import MixtureRegressor
from bnnopt.surrogates._rows import Rows, check_fit_data, check_number_of_outputs, open_batches

__all__ = ["MCDropoutRegressor"]

SHARE_OF_UPDATES = 1 / 6  # that a trial makes, and a training that goes on with some more rows


class MCDropoutRegressor(MixtureRegressor):
    """Regression with a standard deviation, from neural networks with dropout.

    A few networks are trained side by side with dropout, each without its share of the rows. A draw of the
    posterior is one network with one dropout mask, the same for all rows. On the rows that a network did not
    see, its error is split: what the networks disagree on is the spread of the function, which more data
    would reduce, and the rest is observation noise. Inputs and outputs are scaled inside.

    Up to 100,000 rows are copied, sorted and joined where they repeat: their order does not matter, to the
    last bit. More rows stay where they are, in an array, a memory-mapped file or a stream of batches
    (`fit_stream`), and networks are trained on random mini-batches of all and judged by 16,384 of them.

    With few rows, or a smooth function, `GaussianProcessEnsembleRegressor` says more;
    `BayesianStackingRegressor` weighs the two by rows that neither has seen.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int, default=(20, 20, 20)
        Units of each hidden layer, each at least 1; at least one layer.
    activation : {"elu", "gelu", "relu", "selu", "silu", "softplus", "tanh"}, default="silu"
        Of the hidden layers.
    dropout : float in [0, 1), default=0.05
        Probability that a hidden unit is left out, in training and in draws. With 0 draws
        differ by their network only.
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
        Rows in an update; "auto" takes all rows up to 1,024 and mini-batches of 256 beyond. Of more than
        100,000 rows an update takes at most 16,384.
    early_stopping : bool, default=False
        Whether to stop when the error of held-out rows no longer falls, and to go back to the weights of the
        chunk of 250 updates in which it was lowest.
    validation_fraction : float in (0, 1), default=0.1
        Share of the rows that a single network (`n_networks=1`) leaves out for early stopping. Several
        networks are judged by the rows that each leaves out in any case, `1 / n_networks` of them, so that no
        row is lost to all of them and this parameter is not used.
    n_iter_no_change : int, default=3
        Chunks of 250 updates without a better validation score after which `early_stopping` stops, at
        least 1.
    tol : float in [0, inf), default=0.001
        How much better a validation score (R squared) must be to count for `early_stopping`.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the last fit, in the scaling of the first one.
    callbacks : sequence of keras.callbacks.Callback, default=None
        Called in the training with chunks of 250 updates as epochs: `on_epoch_end` gets the logs "loss" and,
        where rows are held out, "val_loss". `self.model.stop_training = True` ends the training.
    verbose : int or bool, default=0
        With 1, a progress bar on the standard error.
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
    output_names_ : ndarray of shape (n_outputs,)
        Names of the outputs, if y was a DataFrame with string column names. Predictions are arrays in that
        order.
    noise_variance_ : float or ndarray of shape (n_outputs,)
        Estimated variance of the observation noise, in squared units of y.
    held_out_log_density_ : float
        Mean over rows, by their weights, and outputs of the log density of each standardised output, noise
        included, by the network that did not see the row; NaN of a single network.
    has_gradients_ : bool
        False: there are no exact gradients.
    n_iter_ : int
        Optimizer updates made by the last `fit` or `partial_fit`.
    loss_ : float
        Loss at the end of training: the mean over networks of the squared error of the scaled outputs plus
        the penalty, smoothed over the last 25 updates or so.
    loss_curve_ : list of float
        That loss after each chunk of 250 updates, of all trainings since the last fresh start.
    validation_scores_ : list of float or None
        R squared of the held-out rows after each of these chunks, outputs weighted by their variance in
        scaled units and by `output_weights`; None where nothing is held out.
    best_validation_score_ : float or None
        The largest of them.
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

    _rules: ClassVar[dict[str, Rule]] = RULES

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
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 3,
        tol: float = 1e-3,
        warm_start: bool = False,
        callbacks: Sequence[Any] | None = None,
        verbose: int | bool = 0,
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
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.verbose = verbose
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

        Returns
        -------
        MCDropoutRegressor
            Not fitted.
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

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train the networks, and estimate the observation noise.

        With `warm_start=True` the training goes on from the weights of the last fit, in the scaling of the
        first one. A fit that fails or is stopped leaves the last one as it was.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Inputs in any units, finite; at least 2 rows. More than 100,000 rows of an array, memory-mapped or
            not, are never copied as a whole, and neither are those of y.
        y : array-like or DataFrame of shape (n_samples,) or (n_samples, n_outputs)
            Outputs in any units, finite.
        sample_weight : array-like of shape (n_samples,), default=None
            How many times each row counts, at least 0 and not necessarily whole; 1 for all by default. A row
            of weight 2 is the same as that row twice, one of weight 0 as none. The order of the rows does not
            matter either. Beyond 100,000 rows both hold but for the numbers drawn.

        Returns
        -------
        self
            The estimator itself, fitted.

        Raises
        ------
        ValueError
            If a parameter is out of its range, the data are not finite numbers of fitting shapes, fewer than
            2 rows have a weight above 0, the training diverges, or a warm start finds networks of another
            shape.
        MissingDependencyError
            If TensorFlow is not installed.

        Warns
        -----
        ConvergenceWarning
            If the loss fell by more than 5 % of the variance of y over the last chunk of 250 updates.
        """
        before = self._trained if self.warm_start else None
        with self._fitting(is_first=before is None):
            rows = check_fit_data(self, X, y, sample_weight, is_first=before is None)
            return self._learn(rows, y, before, int(self.max_iter))

    def partial_fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Learn from further rows.

        The training goes on with the given rows alone. After a fit on more than 100,000 rows, which row a
        network leaves out is drawn anew.

        One call makes one chunk of updates (250, or `max_iter` if that is less), in which the step size falls
        along its own half cosine. The first call sets the scaling of inputs and outputs for all later ones,
        so its rows should span what is to come. Rows that were seen before stay with the network that leaves
        them out; the noise is estimated on the rows of all calls, each judged when it came.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Inputs in the units of the first call, finite; at least 2 rows in the first call, 1 later.
        y : array-like or DataFrame of shape (n_samples,) or (n_samples, n_outputs)
            Outputs in the units of the first call, finite.
        sample_weight : array-like of shape (n_samples,), default=None
            As in `fit`.

        Returns
        -------
        self
            The estimator itself, fitted.

        Raises
        ------
        InvalidDataError
            As `fit`, or if `early_stopping` is True.
        """
        if self.early_stopping:
            raise InvalidDataError(
                "partial_fit does not support early_stopping=True; fit with warm_start=True."
            )
        before = self._trained
        with self._fitting(is_first=before is None):
            rows = check_fit_data(self, X, y, sample_weight, is_first=before is None, may_stay=False)
            n_updates = min(int(self.max_iter), UPDATES_PER_CHUNK)
            return self._learn(rows, y, before, n_updates, is_more=True)

    def fit_stream(self, batches: Iterable[Any]) -> Self:
        """Learn from batches of rows, such as those of a tf.data set, without holding them all.

        Up to 100,000 rows are collected and fitted as `fit` does. More are read again and again: once for
        their number, ranges, means, spreads and 16,384 of them drawn at random, and once for each few hundred
        thousand rows that the training needs. They give the same numbers as `fit` on arrays of these rows in
        this order. `warm_start` works as in `fit`.

        Parameters
        ----------
        batches : iterable of (X, y) or (X, y, sample_weight)
            A finite tf.data set, or any iterable that starts anew each time it is gone through and gives the
            same rows, in the same order or another; in each batch X of shape (n, n_features), y of shape (n,)
            or (n, n_outputs) and weights of shape (n,), as arrays, tensors or DataFrames. At least 2 rows.

        Returns
        -------
        self
            The estimator itself, fitted.

        Raises
        ------
        TypeError
            If `batches` is not an iterable.
        ValueError
            If it is empty, endless or can be gone through only once, gives other rows at a later time, or a
            batch has values that are not finite (the message names batch and row) or other columns than the
            first; else as `fit`.

        Warns
        -----
        ConvergenceWarning
            As `fit`.

        Examples
        --------
        >>> import numpy as np
        >>> from bnnopt import MCDropoutRegressor
        >>> X = np.linspace(0, 1, 30)[:, None]
        >>> batches = [(X[:10], 2 * X[:10, 0]), (X[10:], 2 * X[10:, 0])]
        >>> model = MCDropoutRegressor(random_state=0).fit_stream(batches)
        >>> model.predict(X).shape
        (30,)
        """
        before = self._trained if self.warm_start else None
        with self._fitting(is_first=before is None):
            rows, source = open_batches(self, batches, is_first=before is None)
            return self._learn(rows, source.y, before, int(self.max_iter))

    def fit_after(self, previous: Any, X: ArrayLike, y: ArrayLike, **further: ArrayLike) -> Self:
        """Fit, going on from the weights of an earlier fit on much the same rows, in a sixth of the updates.

        Parameters
        ----------
        previous : MCDropoutRegressor or None
            Fitted; None, or one of another shape, trains anew.
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Inputs of all rows, as in `fit`.
        y : array-like or DataFrame of shape (n_samples,) or (n_samples, n_outputs)
            Their outputs, as in `fit`.
        **further
            `sample_weight`, as in `fit`.

        Returns
        -------
        self
            The estimator itself, fitted.
        """
        with self._fitting():
            rows = check_fit_data(self, X, y, further.get("sample_weight"))
            before = self._before(previous, rows)
            share = 1.0 if before is None else SHARE_OF_UPDATES
            return self._learn(rows, y, before, max(int(self.max_iter * share), 1))

    def fit_trial(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        previous: Any = None,
        share: float = 1.0,
    ) -> Self:
        """Fit, to show a stacking whether networks are worth their time; see `trial_parameters`.

        The same networks are trained as by `fit`, but on up to 1,024 rows in NumPy: that takes less time than
        to load TensorFlow and to have it share out small operations. Other numbers are drawn.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Inputs, as in `fit`.
        y : array-like or DataFrame of shape (n_samples,) or (n_samples, n_outputs)
            Outputs, as in `fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            As in `fit`.
        previous : MCDropoutRegressor or None, default=None
            An earlier part of the same trial, on much the same rows, to go on from; None to begin.
        share : float, default=1.0
            Share of the updates to make, above 0 and at most 1.

        Returns
        -------
        self
            The estimator itself, fitted.

        Raises
        ------
        MissingDependencyError
            If TensorFlow is not installed, without which no fit could follow.
        """
        check_installed()
        with self._fitting():
            rows = check_fit_data(self, X, y, sample_weight)
            is_small = rows.stream is None and len(rows) <= FULL_BATCH_ROWS
            is_known = self.activation in KNOWN and not self.early_stopping
            engine = FEW_ROWS if is_small and is_known else TENSORFLOW
            n_updates = max(round(self.max_iter * share), 1)
            return self._learn(rows, y, self._before(previous, rows), n_updates, engine=engine)

    @property
    def trial_parameters(self) -> dict[str, Any]:
        """Parameters of a short fit, which shows a stacking whether a long one is worth its time."""
        return {"max_iter": max(int(self.max_iter * SHARE_OF_UPDATES), 1), "verbose": 0, "callbacks": None}

    @property
    def _trained(self) -> TrainedFit | None:
        return getattr(self, "_posterior", None)

    def _before(self, previous: Any, rows: Rows) -> TrainedFit | None:
        """Return an earlier training that one on these rows can go on from, None if there is none."""
        before = previous._trained if isinstance(previous, MCDropoutRegressor) else None
        return before if before is not None and before.is_of_shape(self, rows) else None

    def _check(self) -> None:
        super()._check()
        check_layers(self.hidden_layer_sizes)

    def _learn(self, rows: Rows, y: Any, before: TrainedFit | None, n_updates: int, **how: Any) -> Self:
        """Train so many updates, from an earlier training if there is one; `how` as in `fit_networks`."""
        if before is not None:
            check_number_of_outputs(rows.y.shape[1], len(before.noise))
        fit = fit_networks(self, rows, before, n_updates=n_updates, **how)
        density = fit.held_out_log_density
        return self._keep(fit, y, held_out_log_density=density, has_gradients=False, **fit.attributes())
