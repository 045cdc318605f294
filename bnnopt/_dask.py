"""What bnnopt asks of dask: a value that every worker gets once, and workers that have bnnopt."""

import pickle
import sys
from importlib.util import find_spec
from typing import Any

from bnnopt.exceptions import MissingDependencyError

__all__ = ["check_workers", "import_dask", "is_partitioned", "shared"]


def import_dask() -> None:
    """Import what bnnopt uses of dask.

    Raises
    ------
    MissingDependencyError
        If it is not installed.
    """
    try:
        import dask.array
        import dask.dataframe  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(
            f'dask is needed here and cannot be imported ({error}); install it: pip install "bnnopt[dask]".'
        ) from error


def is_partitioned(table: Any) -> bool:
    """Tell whether a table is a dask DataFrame, whose partitions may be anywhere."""
    return hasattr(table, "to_delayed") and hasattr(table, "npartitions")


def shared(value: Any) -> Any:
    """Return a value as a task of its own: each worker gets it once, and again when it was lost.

    Parameters
    ----------
    value : object
        Anything that cloudpickle can write, such as a fitted model.

    Returns
    -------
    dask.delayed.Delayed

    Raises
    ------
    MissingDependencyError
        If a worker of the active client cannot import bnnopt.
    """
    from cloudpickle import dumps
    from dask.delayed import delayed

    check_workers()
    return delayed(pickle.loads)(dumps(value))


def check_workers() -> None:
    """Look whether all workers of the active client of dask.distributed, if there is one, have bnnopt.

    Raises
    ------
    MissingDependencyError
        If a worker cannot import it; the message names the workers.
    """
    client = _client()
    found = client.run(find_spec, "bnnopt", on_error="return") if client else {}
    missing = sorted(worker for worker, spec in found.items() if spec is None)
    if missing:
        raise MissingDependencyError(
            f"{len(missing)} of {len(found)} dask worker(s) cannot import bnnopt: {missing}. Install the "
            "same version of bnnopt there as here, and start these workers again."
        )


def _client() -> Any:
    """Return the active client of this process; None where there is none, and within a worker."""
    distributed = sys.modules.get("distributed")
    if distributed is None or _is_worker(distributed):
        return None
    try:
        return distributed.default_client()
    except ValueError:  # none was made
        return None


def _is_worker(distributed: Any) -> bool:
    try:
        distributed.get_worker()
    except ValueError:
        return False
    return True
