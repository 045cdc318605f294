"""Errors and warnings of bnnopt; each error is one of Python's own too, such as a `ValueError`."""

__all__ = [
    "BnnoptError",
    "ChangedRowsError",
    "DataFetchError",
    "ForkedProcessError",
    "InfeasibleSpaceError",
    "InvalidDataError",
    "MissingDependencyError",
    "NothingToGainWarning",
    "ShadowedNameWarning",
    "SpaceExhaustedWarning",
    "UnknownNameError",
]


class BnnoptError(Exception):
    """Base of all errors that bnnopt raises on purpose."""


class InvalidDataError(BnnoptError, ValueError):
    """Data that cannot be used: the message names the column and the row."""


class ChangedRowsError(InvalidDataError):
    """Runs that were recorded before read otherwise now; the message names each, and how to accept it."""


class InfeasibleSpaceError(BnnoptError, ValueError):
    """No point satisfies the bounds and constraints of a search space."""


class UnknownNameError(BnnoptError, ValueError):
    """A name that is not in a registry; the message lists the names that are."""


class DataFetchError(BnnoptError, OSError):
    """A data set could not be fetched, or what came is not what was expected."""


class ForkedProcessError(BnnoptError, RuntimeError):
    """A dropout network was to run in a process forked from one that had run some; says what to do."""


class MissingDependencyError(BnnoptError, ImportError):
    """A package that is needed for what was asked is not installed; the message says which and what to do."""


class SpaceExhaustedWarning(UserWarning):
    """Fewer points were left in a finite space than were asked for."""


class NothingToGainWarning(UserWarning):
    """No row can be told from another by what it might gain; rows were looked for elsewhere."""


class ShadowedNameWarning(UserWarning):
    """A package brings something under a name that bnnopt has already; bnnopt's is used."""
