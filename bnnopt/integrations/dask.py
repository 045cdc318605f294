"""Predictions and pools on dask collections: lazily, block by block, each model shipped once to a worker.

What goes through joblib needs nothing from here: `joblib.parallel_config(backend="dask")` spreads it. And
`BayesianOptimizer.score_pool` takes a dask DataFrame as it is.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._dask import import_dask, shared
from bnnopt._estimators import draw_seed, last_step, require, whole
from bnnopt._plain import shown
from bnnopt._typing import FloatArray
from bnnopt.exceptions import InvalidDataError
from bnnopt.space import SearchSpace, random_pool

__all__ = ["predict", "random_partitions"]

ROWS_OF_A_PARTITION = 2**18
"""The first partition is drawn before the workers begin, and a few large ones are shared out unevenly. What
is kept of each is joined, which costs more the more there are."""


def predict(model: Any, X: Any, *, return_std: bool = False, noise: bool | None = None) -> Any:
    """Predict a dask array or DataFrame: nothing is computed before the result is asked for.

    The numbers are those of `model.predict` on the rows of a block.

    Parameters
    ----------
    model : fitted regressor
        Of bnnopt, or any other with `predict(X)`, and `predict(X, return_std=True)` if that is wanted; alone
        or as the last step of a Pipeline. It goes to each worker once.
    X : dask Array of shape (n_samples, n_features), or dask DataFrame
        Inputs, as the model takes them.
    return_std : bool, default=False
        Whether to return the standard deviation too.
    noise : bool, optional
        Whether the standard deviation is that of a new observation or of the function alone; by default what
        the model does by itself.

    Returns
    -------
    dask Array, tuple of two, or dask DataFrame
        For an array what `model.predict` returns, as dask arrays of shape (n_samples,) or (n_samples,
        n_outputs). For a DataFrame one with the index and the partitions of X and the columns `mean` and
        `std`, of several outputs `<name>_mean` and `<name>_std` for each: its name, or its number where it
        has none. In the units of y.

    Raises
    ------
    InvalidDataError
        If X is neither a dask array with an axis of features nor a dask DataFrame.
    MissingDependencyError
        If dask is not installed, or a worker of the active client cannot import bnnopt.

    Examples
    --------
    >>> import dask.array as da
    >>> import numpy as np
    >>> from bnnopt import GaussianProcessEnsembleRegressor
    >>> from bnnopt.integrations.dask import predict
    >>> X = np.linspace(0, 1, 30)[:, None]
    >>> model = GaussianProcessEnsembleRegressor(random_state=0).fit(X, np.sin(6 * X[:, 0]))
    >>> mean, std = predict(model, da.from_array(X, chunks=(10, 1)), return_std=True)
    >>> mean.compute().shape
    (30,)
    """
    import_dask()
    options = {"return_std": True} if return_std else {}
    options |= {} if noise is None else {"noise": noise}
    if hasattr(X, "to_delayed") and hasattr(X, "npartitions") and hasattr(X, "columns"):
        return _of_table(model, X, options)
    if hasattr(X, "map_blocks") and getattr(X, "ndim", 0) == 2:
        return _of_array(model, X, options)
    raise InvalidDataError(
        f"X must be a dask array of shape (n_samples, n_features) or a dask DataFrame, got {shown(X)}. Use "
        "model.predict for what is in memory."
    )


def random_partitions(
    space: SearchSpace,
    n: int,
    *,
    random_state: int | np.random.RandomState | None = None,
    context: Mapping[str, Any] | None = None,
    partition_size: int = ROWS_OF_A_PARTITION,
) -> Any:
    """Return `n` settings drawn uniformly within bounds and constraints, each partition where it is needed.

    Parameters
    ----------
    space : SearchSpace
        Where to draw.
    n : int
        Settings in all, at least 1.
    random_state : int, RandomState or None, default=None
        The seed. The same seed and size of partitions give the same settings in any process.
    context : mapping of str to value, optional
        As in `SearchSpace.sample`.
    partition_size : int, default=262144
        Settings in a partition, at least 1.

    Returns
    -------
    dask DataFrame of n rows
        Settings by name in the user's units; computed when and where a partition is needed.

    Raises
    ------
    InvalidDataError
        When a number is out of its range, or the context is missing or not valid.
    InfeasibleSpaceError
        When no setting satisfies the constraints, or none was found.
    MissingDependencyError
        If dask is not installed.
    """
    import_dask()
    import dask.dataframe as dd

    for name, value in {"n": n, "partition_size": partition_size}.items():
        require(whole(1), **{name: value})
    seed = draw_seed(random_state)
    sizes = [min(partition_size, n - start) for start in range(0, n, partition_size)]
    meta = next(random_pool(space, 1, random_state=seed, context=context)).iloc[:0]
    seeds = [(seed, number) for number in range(len(sizes))]
    return dd.from_map(_drawn, sizes, seeds, space=space, context=context, meta=meta)


def _drawn(
    n: int, seed: tuple[int, int], space: SearchSpace, context: Mapping[str, Any] | None
) -> pd.DataFrame:
    return next(
        random_pool(space, n, random_state=np.random.default_rng(seed), context=context, block_size=n)
    )


def _of_array(model: Any, X: Any, options: Mapping[str, bool]) -> Any:
    """Predict block by block; moments lie along a last axis while they are one array."""
    import dask.array as da

    one = _stacked(model, np.zeros((1, X.shape[1])), options)
    X = X.rechunk({1: -1})
    blocks = [
        da.from_delayed(part, (n, *one.shape[1:]), dtype=float)
        for part, n in zip(
            _predicted(_stacked, model, X.to_delayed().ravel(), options), X.chunks[0], strict=True
        )
    ]
    moments = da.concatenate(blocks)
    return (moments[..., 0], moments[..., 1]) if "return_std" in options else moments[..., 0]


def _of_table(model: Any, X: Any, options: Mapping[str, bool]) -> Any:
    import dask.dataframe as dd

    columns = _columns(model, options)
    parts = _predicted(_table, model, X.to_delayed(), options, columns)
    meta = pd.DataFrame({name: np.empty(0) for name in columns})
    return dd.from_delayed(list(parts), meta=meta, divisions=X.divisions, verify_meta=False)


def _predicted(function: Any, model: Any, parts: Any, *further: Any) -> list[Any]:
    from dask.delayed import delayed

    there, predicted = shared(model), delayed(function)
    return [predicted(there, part, *further) for part in parts]


def _stacked(model: Any, X: Any, options: Mapping[str, bool]) -> FloatArray:
    """Mean, and standard deviation if asked for, along a last axis."""
    found = model.predict(X, **options)
    return np.stack(found if "return_std" in options else [found], axis=-1)


def _table(model: Any, X: pd.DataFrame, options: Mapping[str, bool], columns: list[str]) -> pd.DataFrame:
    values = _stacked(model, X, options) if len(X) else np.empty((0, len(columns)))
    values = values.reshape(len(X), -1)
    if values.shape[1] != len(columns):
        raise InvalidDataError(
            f"The model predicts {values.shape[1]} columns, expected {columns}; predict an array instead."
        )
    return pd.DataFrame(values, columns=columns, index=X.index)


def _columns(model: Any, options: Mapping[str, bool]) -> list[str]:
    """Names of the moments, those of one output together, as `_stacked` has them."""
    step = last_step(model)[0]
    n_outputs = getattr(step, "n_outputs_", 1)
    names = getattr(step, "output_names_", range(n_outputs))
    moments = ["mean", "std"] if "return_std" in options else ["mean"]
    return moments if n_outputs == 1 else [f"{name}_{moment}" for name in names for moment in moments]
