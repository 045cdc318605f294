"""The storage of a study of Optuna, by the URL of a database or the path of a file, and its errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bnnopt.exceptions import InvalidDataError, MissingDependencyError

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

__all__ = ["StorageLike", "errors_in_words", "optuna_package", "storage_of"]

StorageLike = Any
"""A URL such as "postgresql+psycopg://user@host/name", the path of an SQLite file, or a storage of Optuna."""

ENDINGS = (".db", ".sqlite", ".sqlite3")


def optuna_package() -> Any:
    """Return the package, or raise `MissingDependencyError` with the remedy."""
    try:
        import optuna
    except ImportError as error:
        raise MissingDependencyError(
            'Studies need the package optuna, which is not installed: pip install "bnnopt[optuna]".'
        ) from error
    return optuna


def storage_of(given: StorageLike, *, is_new: bool) -> "BaseStorage":
    """Return the storage that is meant.

    Parameters
    ----------
    given : str, Path or storage
        What says "://" is a URL; what ends in .db, .sqlite or .sqlite3 the path of an SQLite file.
    is_new : bool
        Whether a file may be made.

    Raises
    ------
    InvalidDataError
        It is none of these, or the file is not there.
    """
    optuna = optuna_package()
    if isinstance(given, optuna.storages.BaseStorage):
        return given
    if isinstance(given, str) and "://" in given:
        return _database(given)
    path = Path(given)
    if path.suffix.lower() not in ENDINGS:
        raise InvalidDataError(
            f"{path}: expected the URL of a database, such as postgresql+psycopg://user@host/name, or the "
            f"path of an SQLite file that ends in one of {list(ENDINGS)}."
        )
    if not is_new and not path.exists():
        raise InvalidDataError(f"There is no file {str(path)!r}; give that of the study.")
    return _database(f"sqlite:///{path.resolve().as_posix()}")


def _database(url: str) -> "BaseStorage":
    """Return a database that keeps no connection open between calls."""
    from sqlalchemy.pool import NullPool

    return optuna_package().storages.RDBStorage(url, engine_kwargs={"poolclass": NullPool})


@contextmanager
def errors_in_words(given: StorageLike) -> Iterator[None]:
    """Raise errors of a database as `InvalidDataError`, without passwords."""
    from sqlalchemy.exc import SQLAlchemyError

    problems = (optuna_package().exceptions.StorageInternalError, SQLAlchemyError)
    try:
        yield
    except problems as error:
        raise InvalidDataError(
            f"The storage {_shown(given)} cannot be used: {_first_line(error)}. Look whether the database "
            "runs and lets you in, and try again."
        ) from error
    except MissingDependencyError:
        raise
    except ImportError as error:
        raise MissingDependencyError(
            f"The storage {_shown(given)} needs a driver that is not installed: {_first_line(error)}. "
            'Install that package; for PostgreSQL this is pip install "psycopg[binary]".'
        ) from error


def _first_line(error: Exception) -> str:
    """Return what an error says first, of the error that it came from if there is one."""
    return str(error.__cause__ or error).strip().splitlines()[0].rstrip(".")


def _shown(given: StorageLike) -> str:
    """Return what was given without a password."""
    if not isinstance(given, str) or "://" not in given:
        return str(given)
    scheme, _, rest = given.partition("://")
    user, at, host = rest.rpartition("@")
    return f"{scheme}://{user.partition(':')[0]}{at}{host}"
