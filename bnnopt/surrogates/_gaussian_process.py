"""A Gaussian process from scikit-learn with a kernel that suits inputs in the unit cube."""

from typing import Any

from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

__all__ = ["gaussian_process"]


def gaussian_process(n_features: int | None = None, **parameters: Any) -> GaussianProcessRegressor:
    """Make a Gaussian process with a Matérn-5/2 kernel, a learned amplitude and learned noise.

    Parameters
    ----------
    n_features : int, default=None
        With a number, one length scale for each input (automatic relevance determination); otherwise one for
        all.
    **parameters
        Of `sklearn.gaussian_process.GaussianProcessRegressor`.

    Returns
    -------
    GaussianProcessRegressor
        Not fitted; it normalises y.

    References
    ----------
    J. Snoek, H. Larochelle, R. P. Adams, "Practical Bayesian Optimization of Machine Learning Algorithms",
    NeurIPS 2012, section 3.1 (the choice of the kernel).
    """
    length_scale = 1.0 if n_features is None else [1.0] * n_features
    kernel = ConstantKernel(1.0, (1e-3, 1e3)) * Matern(length_scale, (1e-2, 1e3), nu=2.5) + WhiteKernel(
        1e-2, (1e-8, 1e1)
    )
    setting: dict[str, Any] = {
        "kernel": kernel,
        "normalize_y": True,
        "n_restarts_optimizer": 2,
        "random_state": 0,
    }
    return GaussianProcessRegressor(**(setting | parameters))
