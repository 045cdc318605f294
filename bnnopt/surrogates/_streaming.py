"""The side of the MC-dropout estimator that learns from batches."""

from collections.abc import Callable, Iterable
from typing import Any, Self

from sklearn.base import _fit_context

from bnnopt.surrogates._batch_rows import opened
from bnnopt.surrogates._learning import Learned, learn
from bnnopt.surrogates._many_rows import collected
from bnnopt.surrogates._table import check_collected

__all__ = ["StreamLearner"]


class StreamLearner:
    """Learns from what can only be read in batches; an estimator adds its parameters and what it keeps."""

    warm_start: bool
    max_iter: int

    _forget: Callable[[], None]
    _keep: Callable[[Learned, Any], Any]

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
