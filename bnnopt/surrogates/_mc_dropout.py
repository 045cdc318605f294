"""The MC-dropout estimator: learning and posterior behind scikit-learn's interface."""

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, _fit_context

from bnnopt._typing import ArrayLike
from bnnopt.surrogates._array_rows import checked_rows
from bnnopt.surrogates._learning import Learned, learn
from bnnopt.surrogates._partwise import PartwiseLearner
from bnnopt.surrogates._plan import PARAMETER_RANGES
from bnnopt.surrogates._prediction import MixturePredictor
from bnnopt.surrogates._table import output_names
from bnnopt.surrogates._wide import ROWS_TO_JUDGE

__all__ = ["MCDropoutRegressor"]

SECONDS_OF_A_ROW, ROWS_TO_LEARN_FROM = 5e-3, 800  # of wide networks, in the search for scales
SECONDS_OF_A_FURTHER_ROW = 1.6e-4  # in the sums of the last layers
SECONDS_OF_AN_UPDATE = 2e-3  # of trained networks


class MCDropoutRegressor(PartwiseLearner, MixturePredictor, RegressorMixin, BaseEstimator):
    """Regression with a standard deviation, from neural networks with dropout.

    The prediction is a mixture of thinned networks of two kinds, weighed for each output by how well they
    predict rows that they have not seen; one rule serves from two rows to a million.

    - Wide networks have one hidden layer of sine units with random frequencies, integrated out in closed form
      over weights and dropout masks. The scale of each input, the size of the function and the noise are
      learned by the evidence; the last layer is solved on all rows. There are several, which differ by a draw
      from the prior that each is pulled to and by the rows that it learned its scales from.
    - Trained networks have the layers given here. A few are trained side by side with dropout, each without
      its share of the rows, and take part from 64 distinct rows on. On the rows that a network did not see,
      its error is split: what the networks disagree on is the spread of the function, which more data would
      reduce, and the rest is observation noise.

    A draw of the posterior is one network with one dropout mask, the same for all rows. Inputs and outputs
    are scaled inside.

    Up to 100,000 rows are copied, sorted and joined where they repeat: their order does not matter, to the
    last bit. More rows stay where they are, in an array, a memory-mapped file or a stream of batches
    (`fit_stream`), and are read in blocks; scales and judgement come from 16,384 of them drawn at random,
    last layers are solved on all, and networks are trained on random mini-batches. Another order of the rows
    then has the effect of another seed.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int, default=(20, 20, 20)
        Units of each hidden layer of the trained networks, each at least 1; at least one layer.
    activation : {"elu", "gelu", "relu", "selu", "silu", "softplus", "tanh"}, default="silu"
        Of the hidden layers of the trained networks.
    method : {"auto", "wide", "trained"}, default="auto"
        Which networks take part. With "auto", trained networks do from 64 distinct rows on, beyond 512 if a
        sixth of a training of more than 250 updates raises the log density of held-out rows by 0.01 or more,
        and in any case if `early_stopping`, `callbacks` or `warm_start` ask for a training; only if
        `n_networks` is above 1.
    dropout : float in [0, 1), default=0.05
        Probability that a hidden unit is left out, in training and in draws.
    noise : {"constant", "input_dependent"}, default="constant"
        Whether the noise is the same for all inputs, or learned as a function of them from held-out errors;
        with `method="trained"` it is always the same.
    calibrate : bool, default=False
        Whether to scale all variances so that the squared errors of held-out rows are as large as predicted.
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
        Optimizer updates of the trained networks, at least 1; an epoch each in full batch. Below 40 it also
        cuts the search for the scales of the wide networks short.
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
        Whether `fit` goes on from the weights of the last fit.
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
    noise_variance_ : float or ndarray of shape (n_outputs,)
        Estimated variance of the observation noise, in squared units of y; its mean over the rows where it
        depends on them.
    shares_ : DataFrame of shape (n_families, n_outputs)
        Share of each family of networks in the prediction of each output; each column makes 1.
    held_out_log_density_ : float
        Mean over rows, by their weights, and outputs of the log density of each standardised output under the
        stacked mixture of networks that did not see it, `log sum_k w_k N(y; m_k, v_k)` with noise included.
        Below 64 rows the scales of the networks have seen it; the shares w have in any case. NaN where
        trained networks take part and hold nothing out.
    output_names_ : ndarray of shape (n_outputs,)
        Names of the outputs, if y was a DataFrame with string column names. Predictions are arrays in that
        order.
    n_iter_ : int
        Optimizer updates made by the last `fit` or `partial_fit`; steps of the search for the scales of the
        wide networks if no network was trained, and then the attributes below are absent.
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

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = PARAMETER_RANGES

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (20, 20, 20),
        activation: str = "silu",
        *,
        method: str = "auto",
        dropout: float = 0.05,
        noise: str = "constant",
        calibrate: bool = False,
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
        self.method = method
        self.dropout = dropout
        self.noise = noise
        self.calibrate = calibrate
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
        """
        setting: dict[str, Any] = {
            "hidden_layer_sizes": (20, 20),
            "activation": "elu",
            "method": "trained",
            "dropout": 0.1,
            "n_networks": 1,
            "n_masks": 100,
            "learning_rate_init": 0.001,
            "max_iter": 15_000,
            "batch_size": 2**31 - 1,
        }
        return cls(**(setting | parameters))

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        noise_variance: ArrayLike | None = None,
    ) -> Self:
        """Learn the networks, their shares and the observation noise.

        With `warm_start=True` the training goes on from the weights of the last fit, in the scaling of the
        first one, and a fit that fails or is stopped leaves the last one as it was. Without it, such a fit
        leaves the estimator not fitted.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Inputs in any units, finite; at least 2 rows. More than 100,000 rows of an array, memory-mapped or
            not, are never copied as a whole, and neither are those of y.
        y : array-like or DataFrame of shape (n_samples,) or (n_samples, n_outputs)
            Outputs in any units, finite.
        sample_weight : array-like of shape (n_samples,), default=None
            How many times each row counts, at least 0 and not necessarily whole; 1 for all by default. A row
            of weight 2 is the same as that row twice, one of weight 0 as none. The order of the rows does not
            matter either. Beyond 100,000 rows both hold but for the numbers drawn.
        noise_variance : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Noise variance of each measurement where it is known, such as a squared standard error, in squared
            units of y. The wide networks add it to the noise that they learn; with `method="trained"` it has
            no effect.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter is out of its range, the data are not finite numbers of fitting shapes, fewer than
            2 rows have a weight above 0, or a warm start finds networks of another shape.

        Warns
        -----
        ConvergenceWarning
            If the loss fell by more than 5 % of the variance of y over the last chunk of 250 updates, or
            `max_iter` cut the search for the scales short.
        """
        before = getattr(self, "_learned", None) if self.warm_start else None
        if before is None:
            self._forget()
        rows = checked_rows(self, X, y, sample_weight, noise_variance, is_first=before is None)
        learned = learn(self, rows, before, n_updates=int(self.max_iter), is_more=False)
        return self._keep(learned, y)

    def expected_fit_seconds(self, n_rows: int, n_features: int) -> float:
        """Estimate the time of a fit from the size of its table, the same on any computer.

        Parameters
        ----------
        n_rows : int
            Number of rows; beyond 800 only the sums of the last layers grow, since scales are learned from
            some of the rows and the trained networks make `max_iter` updates whatever the number.
        n_features : int
            Number of inputs; it hardly matters.

        Returns
        -------
        float
            Seconds on one core.
        """
        is_trained = self.method == "trained" or (self.method == "auto" and n_rows >= ROWS_TO_JUDGE)
        of_trained = SECONDS_OF_AN_UPDATE * self.max_iter * is_trained
        if self.method == "trained":
            return of_trained
        n_further = max(n_rows - ROWS_TO_LEARN_FROM, 0)
        return of_trained + SECONDS_OF_A_ROW * (n_rows - n_further) + SECONDS_OF_A_FURTHER_ROW * n_further

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_learned")

    def _forget(self) -> None:
        """Leave the estimator not fitted until a fit has come through."""
        for name in [name for name in vars(self) if name.endswith("_") or name == "_learned"]:
            delattr(self, name)

    def _keep(self, learned: Learned, y: ArrayLike) -> Self:
        self._learned = learned
        self._has_output_axis = np.asarray(y).ndim == 2
        names = output_names(y)
        if names is not None:
            self.output_names_ = names
        for name, value in learned.attributes().items():
            setattr(self, name, value)
        self.noise_variance_ = self._as_given(learned.mixture.noise[None])[0]
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.non_deterministic = False
        return tags
