"""The Gaussian process ensemble: several kernels and anchors, weighed by rows that they have not seen."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from bnnopt._estimators import (
    Rule,
    draw_seed,
    flag,
    is_whole,
    one_of,
    seed_parameter,
    whole,
)
from bnnopt._plain import shown
from bnnopt._threads import one_thread
from bnnopt._typing import ArrayLike, BoolArray, FloatArray
from bnnopt._validation import lookup
from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates._gaussian_process import FAMILIES, EnsemblePosterior, learn_output
from bnnopt.surrogates._predictive._regressor import MixtureRegressor
from bnnopt.surrogates._rows import Rows, check_fit_data, open_batches

__all__ = ["GaussianProcessEnsembleRegressor"]

ROUNDING = 1e-9  # how far from 0 and 1 a number in a column of a level may be

DEFAULT_KERNELS = (
    "matern_5_2",
    "squared_exponential",
    "anova_matern_5_2",
    "matern_5_2_by_rank",
    "exponential_by_rank",
    "deep_relu",
)


class GaussianProcessEnsembleRegressor(MixtureRegressor):
    """Regression with a standard deviation from Gaussian processes of several kernels.

    Each is the infinite-width limit of a network (Neal 1996): kernels of one length scale an input, their
    ANOVA forms, in which inputs are dropped too, and that of a deep network of rectified linear units, which
    knows trends, with inputs laid by their range or halfway to their ranks. Length scales, signal and noise
    variance are maxima of the marginal likelihood, each member pulled to a draw of its own from the prior.
    Kernels are weighed for each output by how well they predict rows without them (stacking); members of one
    kernel by their marginal likelihood. One rule holds from two rows to a million, and TensorFlow is never
    loaded.

    Beyond 1,000 rows posteriors go through 512 inducing points; hyperparameters are learned from as many rows
    as half a second on one core allows. Up to 100,000 rows are copied, sorted and joined where they repeat:
    their order does not matter, to the last bit. More stay where they are, in an array, a memory-mapped file
    or a stream of batches (`fit_stream`), and are read in blocks; hyperparameters and shares come from 16,384
    of them, posteriors from all.

    Parameters
    ----------
    kernels : sequence of str, default=("matern_5_2", "squared_exponential", "anova_matern_5_2", \
"matern_5_2_by_rank", "exponential_by_rank", "deep_relu")
        At least one of "matern_5_2", "squared_exponential", "anova_matern_5_2", "anova_squared_exponential",
        "matern_5_2_by_rank", "exponential_by_rank", "deep_relu".
    n_members : int, default=1
        Members of each kernel, at least 1.
    noise : {"constant", "input_dependent"}, default="constant"
        Whether the noise is the same for all inputs, or learned as a function of them from held-out errors.
    calibrate : bool, default=False
        Whether to scale all variances so that the squared errors of held-out rows are as large as predicted.
    one_hot_columns : sequence of sequence of int, default=None
        For each category the columns of its levels, at least two, by position, such as `[[0, 1, 2], [5, 6]]`:
        1 in the column of the level of a row, 0 in the others. They share one length scale, the distance
        between any two levels, so that levels without rows are as open as those that have rows are unlike.
    random_state : int, RandomState or None, default=None
        Seeds anchors, parts and inducing points. The same seed gives the same numbers in any process.

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
        Estimated variance of the observation noise, in squared units of y; its mean over the rows where it
        depends on them.
    shares_ : DataFrame of shape (n_kernels, n_outputs)
        Share of each kernel in the prediction of each output; each column makes 1.
    members_ : DataFrame
        One row for each output and member that predicts: kernel, share, noise and signal variance in units of
        the variance of y, and the length scale of each input in units of its range.
    held_out_log_density_ : float
        Mean over rows, by their weights, and outputs of the log density of each standardised output, noise
        included, predicted without the row.
    has_gradients_ : bool
        True: `predict_mixture` can return gradients.

    References
    ----------
    R. M. Neal, "Bayesian Learning for Neural Networks", Springer 1996, chapter 2. C. E. Rasmussen, C. K. I.
    Williams, "Gaussian Processes for Machine Learning", MIT Press 2006. Y. Yao, A. Vehtari, D. Simpson, A.
    Gelman, "Using stacking to average Bayesian predictive distributions", Bayesian Analysis 2018, 13, 917. T.
    Pearce, F. Leibfried, A. Brintrup, "Uncertainty in neural networks: approximately Bayesian ensembling",
    AISTATS 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from bnnopt import GaussianProcessEnsembleRegressor
    >>> X = np.linspace(0, 1, 30)[:, None]
    >>> model = GaussianProcessEnsembleRegressor(random_state=0).fit(X, np.sin(6 * X[:, 0]))
    >>> mean, std = model.predict(X, return_std=True)
    >>> mean.shape, std.shape
    ((30,), (30,))
    """

    trains_outputs_jointly: ClassVar[bool] = True

    _rules: ClassVar[dict[str, Rule]] = {
        "n_members": whole(1),
        "noise": one_of("constant", "input_dependent"),
        "calibrate": flag(),
        "random_state": seed_parameter(),
    }

    def __init__(
        self,
        kernels: Sequence[str] = DEFAULT_KERNELS,
        *,
        n_members: int = 1,
        noise: str = "constant",
        calibrate: bool = False,
        one_hot_columns: Sequence[Sequence[int]] | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.kernels = kernels
        self.n_members = n_members
        self.noise = noise
        self.calibrate = calibrate
        self.one_hot_columns = one_hot_columns
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        noise_variance: ArrayLike | None = None,
    ) -> Self:
        """Learn hyperparameters, shares and the observation noise.

        A fit that fails or is stopped leaves the last one as it was.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Inputs in any units, finite; at least 2 rows. More than 100,000 rows of an array, memory-mapped or
            not, are never copied as a whole, and neither are those of y.
        y : array-like or DataFrame of shape (n_samples,) or (n_samples, n_outputs)
            Outputs in any units, finite.
        sample_weight : array-like of shape (n_samples,), default=None
            How many times each row counts, at least 0 and not necessarily whole; 1 for all by default. A row
            of weight 2 is the same as that row twice, one of weight 0 as none.
        noise_variance : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Noise variance of each measurement where it is known, such as a squared standard error, in squared
            units of y; it comes on top of the noise that is learned.

        Returns
        -------
        self
            The estimator itself, fitted.

        Raises
        ------
        ValueError
            If a parameter is out of its range, the data are not finite numbers of fitting shapes, or fewer
            than 2 rows have a weight above 0.
        """
        with self._fitting():
            return self._learn(check_fit_data(self, X, y, sample_weight, noise_variance), y)

    def fit_stream(self, batches: Iterable[Any]) -> Self:
        """Learn from batches of rows, such as those of a tf.data set, without holding them all.

        Up to 100,000 rows are collected and fitted as `fit` does. More are read again and again: once for
        their number, ranges, means, spreads and a sample, and once for each member and output. They give the
        same numbers as `fit` on arrays of these rows in this order.

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
        """
        with self._fitting():
            rows, source = open_batches(self, batches)
            return self._learn(rows, source.y)

    def _check(self) -> None:
        super()._check()
        if (
            isinstance(self.kernels, str)
            or not isinstance(self.kernels, Sequence | np.ndarray)
            or not len(self.kernels)
            or len(set(self.kernels)) < len(self.kernels)
        ):
            raise InvalidDataError(
                f"kernels must name at least one of {sorted(FAMILIES)}, none twice, got "
                f"{shown(self.kernels)}."
            )
        for name in self.kernels:
            lookup(FAMILIES, name, "kernel")
        _check_one_hot_columns(self.one_hot_columns)

    @one_thread()
    def _learn(self, rows: Rows, y: Any) -> Self:
        _check_one_hot_columns(self.one_hot_columns, rows.X)
        rng = np.random.default_rng(draw_seed(self.random_state))
        settings: dict[str, Any] = {
            "families": list(self.kernels),
            "n_members": int(self.n_members),
            "has_noise_model": self.noise == "input_dependent",
            "is_calibrated": bool(self.calibrate),
            "one_hot_columns": () if self.one_hot_columns is None else self.one_hot_columns,
        }
        learned = [learn_output(rows, place, rng, **settings) for place in range(rows.y.shape[1])]
        posterior = EnsemblePosterior(tuple(output for output, _ in learned), rows.detached())
        density = [output.held_out_log_density for output, _ in learned]
        return self._keep(
            posterior,
            y,
            shares=pd.DataFrame([shares for _, shares in learned]).T,
            members=_members_table(posterior),
            held_out_log_density=float(np.mean(density)),
            has_gradients=True,
        )


def _members_table(posterior: EnsemblePosterior) -> pd.DataFrame:
    rows = []
    for place, output in enumerate(posterior.outputs):
        for (name, member), share in zip(output.members, output.shares, strict=True):
            own = member.hyperparameters
            scales = {f"length_scale_{k}": v for k, v in enumerate(np.exp(own.log_length_scales[0]).tolist())}
            variances = {
                "noise_variance": member.noise_variance,
                "signal_variance": float(own.signal_variance[0]),
            }
            rows.append({"output": place, "kernel": name, "share": float(share), **variances, **scales})
    return pd.DataFrame(rows)


def _check_one_hot_columns(one_hot_columns: Any, X: FloatArray | None = None) -> None:
    """Raise `InvalidDataError` for columns that are no levels of categories.

    Parameters
    ----------
    one_hot_columns : sequence of sequence of int, or None
        Positions of the columns of each category.
    X : ndarray of shape (n_rows, n_inputs), default=None
        Rows that are to have one 1 among the columns of each category, and 0 in the others.
    """
    if one_hot_columns is None:
        return
    if not _are_groups(one_hot_columns):
        raise InvalidDataError(
            "one_hot_columns must hold the positions of the columns of each category, at least two of each, "
            f"whole numbers from 0, none twice, such as [[0, 1, 2], [5, 6]]; got {shown(one_hot_columns)}."
        )
    for columns in one_hot_columns if X is not None else ():
        _check_levels(list(columns), np.asarray(X))


def _are_groups(groups: Any) -> bool:
    if not _is_sequence(groups) or not all(_is_sequence(group) and len(group) > 1 for group in groups):
        return False
    places = [place for group in groups for place in group]
    return all(is_whole(place) and place >= 0 for place in places) and len(set(places)) == len(places)


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence | np.ndarray) and not isinstance(value, str | bytes)


def _check_levels(columns: list[int], X: FloatArray) -> None:
    if max(columns) >= X.shape[1]:
        raise InvalidDataError(
            f"one_hot_columns: X has no column {max(columns)}, it has {X.shape[1]}. Count from 0."
        )
    is_bad = ~_is_one_level(X[:, columns])
    if is_bad.any():
        row = X[np.argmax(is_bad), columns]
        raise InvalidDataError(
            f"one_hot_columns: in columns {columns} each row must have one 1 and else 0, got "
            f"{shown(row.tolist())} in {int(is_bad.sum())} row(s) such as this one. Name the columns of one "
            "category, or leave one_hot_columns out."
        )


def _is_one_level(X: FloatArray) -> BoolArray:
    is_one, is_zero = np.abs(X - 1.0) <= ROUNDING, np.abs(X) <= ROUNDING
    return np.asarray((is_one | is_zero).all(axis=1) & (is_one.sum(axis=1) == 1))
