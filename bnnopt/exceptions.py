"""Errors and warnings of bnnopt; each error is a `ValueError` or an `OSError` too."""

__all__ = [
    "BnnoptError",
    "DataFetchError",
    "InfeasibleSpaceError",
    "InvalidDataError",
    "SpaceExhaustedWarning",
    "UnknownNameError",
]


class BnnoptError(Exception):
    """Base of all errors that bnnopt raises on purpose."""


class InvalidDataError(BnnoptError, ValueError):
    """Data that cannot be used: the message names the column and the row."""


class InfeasibleSpaceError(BnnoptError, ValueError):
    """No point satisfies the bounds and constraints of a search space."""


class UnknownNameError(BnnoptError, ValueError):
    """A name that is not in a registry; the message lists the names that are."""


class DataFetchError(BnnoptError, OSError):
    """A data set could not be fetched, or what came is not what was expected."""


class SpaceExhaustedWarning(UserWarning):
    """Fewer points were left in a finite space than were asked for."""
