"""The side of the MC-dropout estimator that learns from rows in parts: further ones, or batches."""

from collections.abc import Callable, Iterable
from typing import Any, Self

from sklearn.base import _fit_context

from bnnopt._typing import ArrayLike
from bnnopt.surrogates._batch_rows import opened
from bnnopt.surrogates._learning import Learned, learn
from bnnopt.surrogates._many_rows import collected
from bnnopt.surrogates._networks import UPDATES_PER_CHUNK
from bnnopt.surrogates._table import check_collected, checked_table

__all__ = ["PartwiseLearner"]


class PartwiseLearner:
    """Learns from rows that come in parts; an estimator adds its parameters and what it keeps."""

    early_stopping: bool
    warm_start: bool
    max_iter: int

    _forget: Callable[[], None]
    _keep: Callable[[Learned, Any], Any]

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Learn from further rows.

        Where wide networks take part, they are learned anew from all rows so far, as `fit` would, and the
        training goes on with these; with `method="trained"` it goes on with the given rows alone. The rows
        are kept and sorted however many they are; after a fit on more than 100,000, which keeps none, it
        needs `method="trained"`, and which network leaves out which row is drawn anew.

        One call makes one chunk of updates (250, or `max_iter` if that is less), in which the step size falls
        along its own half cosine. The first call sets the scaling of inputs and outputs for all later ones,
        so its rows should span what is to come. Rows that were seen before stay with the network that leaves
        them out; the noise is estimated on the rows of all calls, each judged when it came.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Inputs in the units of the first call, finite; at least 2 rows in the first call, 1 later.
        y : array-like or DataFrame of shape (n_samples,) or (n_samples, n_outputs)
            Outputs in the units of the first call, finite.
        sample_weight : array-like of shape (n_samples,), default=None
            As in `fit`.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            As `fit`, or if `early_stopping` is True, or if wide networks are to learn from all rows and the
            last fit had too many to keep them.
        """
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True; fit with warm_start=True.")
        before = getattr(self, "_learned", None)
        table = checked_table(self, X, y, sample_weight, is_first=before is None)
        n_updates = min(int(self.max_iter), UPDATES_PER_CHUNK)
        return self._keep(learn(self, table, before, n_updates=n_updates, is_more=True), y)

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_stream(self, batches: Iterable[Any]) -> Self:
        """Learn from batches of rows, such as those of a tf.data set, without holding them all.

        Up to 100,000 rows are collected and fitted as `fit` does. More are read again and again: once for
        their number, ranges, means, spreads and 16,384 of them drawn at random, once for each family of wide
        networks and output (4 families; twice as often with `noise="input_dependent"`), and once for each few
        hundred thousand rows that the training of networks needs. They give the same numbers as `fit` on
        arrays of these rows in this order. `warm_start` works as in `fit`.

        Parameters
        ----------
        batches : iterable of (X, y) or (X, y, sample_weight)
            A finite tf.data set, or any iterable that starts anew each time it is gone through and gives the
            same rows, in the same order or another; in each batch X of shape (n, n_features), y of shape (n,)
            or (n, n_outputs) and weights of shape (n,), as arrays, tensors or DataFrames. At least 2 rows.

        Returns
        -------
        self

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
        before = getattr(self, "_learned", None) if self.warm_start else None
        is_first = before is None
        if is_first:
            self._forget()
        source = opened(self, batches, is_first=is_first)
        table = collected(source)
        rows = source if table is None else check_collected(table, is_first=is_first)
        learned = learn(self, rows, before, n_updates=int(self.max_iter), is_more=False)
        return self._keep(learned, source.y)
