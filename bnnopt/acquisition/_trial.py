"""A trial of an acquisition function on made-up candidates, so that bad parameters are found at once."""

from collections.abc import Callable
from typing import Any

import numpy as np

from bnnopt._typing import FloatArray
from bnnopt.acquisition._acquisition import Acquisition
from bnnopt.exceptions import InvalidDataError

__all__ = ["try_acquisition"]

N_CANDIDATES = 3
N_DRAWS = 8


def try_acquisition(acquisition: Acquisition) -> None:
    """Score a few made-up candidates.

    Parameters
    ----------
    acquisition : Acquisition
        Called once.

    Raises
    ------
    InvalidDataError
        The function cannot score with its parameters.
    """
    n_utilities = 1 if not acquisition.takes_many else 2
    n_utilities = acquisition.n_utilities if isinstance(acquisition.n_utilities, int) else n_utilities
    shaped = _shaped(acquisition.takes_many, n_utilities)
    rng = np.random.default_rng(0)
    draws = rng.standard_normal(shaped(N_DRAWS, N_CANDIDATES))
    moments = draws.mean(axis=0), draws.std(axis=0)
    situation: dict[str, Any] = {
        "best": 0.0,
        "chosen": rng.standard_normal(shaped(N_DRAWS, 1)),
        "observed": rng.standard_normal(shaped(N_DRAWS, N_CANDIDATES)),
        "n_observed": N_CANDIDATES,
        "noise_variance": 0.1,
        "front": np.zeros((1, n_utilities)) if acquisition.takes_many else None,
        "reference": np.full(n_utilities, -1.0) if acquisition.takes_many else None,
    }
    arrays: tuple[FloatArray, ...] = moments if acquisition.needs == "moments" else (draws,)
    try:
        with np.errstate(all="ignore"):
            acquisition.score(*arrays, **situation)
    except (Exception, SystemExit) as error:
        own = isinstance(error, InvalidDataError | TypeError | ValueError)
        raise InvalidDataError(
            f"The acquisition {acquisition.name!r} cannot score with the parameters "
            f"{dict(acquisition.parameters)}: {'' if own else f'{type(error).__name__}: '}{error}"
        ) from error


def _shaped(takes_many: bool, n_utilities: int) -> Callable[..., tuple[int, ...]]:
    """Return a function that adds the axis of the utilities where there is one."""
    return lambda *sizes: (*sizes, n_utilities) if takes_many else sizes
