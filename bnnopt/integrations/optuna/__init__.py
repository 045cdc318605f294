"""A sampler for Optuna; needs the extra `optuna`."""

from bnnopt.exceptions import MissingDependencyError

try:
    import optuna as _  # noqa: F401
except ImportError as error:
    raise MissingDependencyError(
        "The sampler for Optuna needs the package optuna, which cannot be loaded here "
        f'({error}): pip install "bnnopt[optuna]".'
    ) from error

from bnnopt.integrations.optuna._sampler import BnnSampler

__all__ = ["BnnSampler"]
