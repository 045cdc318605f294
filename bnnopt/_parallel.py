"""Independent calls through joblib: in this process, unless `joblib.parallel_config` says where else."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from joblib import effective_n_jobs
from sklearn.utils.parallel import Parallel, delayed

from bnnopt._dask import check_workers

__all__ = ["n_at_once", "spread"]

T = TypeVar("T")


def n_at_once() -> int:
    """Return how many calls run side by side: 1, or what `joblib.parallel_config` says."""
    return int(effective_n_jobs(None))


def spread(function: Callable[..., T], calls: Iterable[tuple[Any, ...]]) -> list[T]:
    """Return what a function gives for each tuple of arguments, in their order.

    Parameters
    ----------
    function : callable
        Of a module, so that other processes find it; its results do not depend on what was called before.
    calls : iterable of tuple
        The arguments of each call.

    Raises
    ------
    MissingDependencyError
        If dask is used and a worker cannot import bnnopt.

    Notes
    -----
    A call travels as one tuple. joblib would leave a large argument by itself with one worker of a dask
    cluster, where it is lost when that worker dies; what is part of a call is sent again.
    """
    calls = list(calls)
    if len(calls) < 2 or n_at_once() == 1:
        return [function(*arguments) for arguments in calls]
    check_workers()
    return list(Parallel()(delayed(_called)((function, arguments)) for arguments in calls))


def _called(call: tuple[Callable[..., T], tuple[Any, ...]]) -> T:
    function, arguments = call
    return function(*arguments)
