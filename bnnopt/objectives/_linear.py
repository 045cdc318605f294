"""Objectives whose utility is the outcome itself or its negative."""

from typing import Any, Literal

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt._validation import numbers_of
from bnnopt.objectives._base import UNSET, SingleObjective, given
from bnnopt.objectives._moments import as_moments

__all__ = ["Maximize", "Minimize"]


class Minimize(SingleObjective):
    """Make an outcome as small as possible.

    utility(y) = -y

    Parameters
    ----------
    name : str
        The outcome; the only argument that may be given by position.
    unit : str, optional
        Unit of the outcome, for tables and plots.

    Raises
    ------
    InvalidDataError
        The name is missing or empty, or a field is not known.

    Examples
    --------
    >>> Minimize("polydispersity").utility([0.2, 0.1])
    array([-0.2, -0.1])
    """

    type: Literal["minimize"] = "minimize"

    def __init__(self, name: str = UNSET, **fields: Any) -> None:
        super().__init__(**given(name=name, **fields))

    @property
    def is_linear(self) -> bool:
        """Whether a normal outcome has a normal utility: yes."""
        return True

    def utility(self, y: ArrayLike) -> FloatArray:
        """Return the utility of outcomes: -y.

        Parameters
        ----------
        y : array-like of any shape
            Outcomes in their unit; NaN stays NaN.

        Returns
        -------
        ndarray of the shape of `y`
            Utility, larger is better, in the unit of the outcome.
        """
        return -numbers_of(y, "y")

    def utility_moments(self, mean: ArrayLike, std: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation of the utility of y ~ Normal(mean, std²): -mean and std.

        Parameters
        ----------
        mean, std : array-like of one shape
            Moments of the outcome, in its unit; std at least 0.

        Returns
        -------
        mean, std : ndarray of the same shape
            Moments of the utility.

        Raises
        ------
        InvalidDataError
            The shapes differ, a mean is not finite, or a std is negative or not finite.
        """
        mean_array, std_array = as_moments(mean, std, self.name)
        return -mean_array, std_array.copy()


class Maximize(SingleObjective):
    """Make an outcome as large as possible.

    utility(y) = y

    Parameters
    ----------
    name : str
        The outcome; the only argument that may be given by position.
    unit : str, optional
        Unit of the outcome, for tables and plots.

    Raises
    ------
    InvalidDataError
        The name is missing or empty, or a field is not known.

    Examples
    --------
    >>> Maximize("yield", unit="%").utility([40, 55])
    array([40., 55.])
    """

    type: Literal["maximize"] = "maximize"

    def __init__(self, name: str = UNSET, **fields: Any) -> None:
        super().__init__(**given(name=name, **fields))

    @property
    def is_linear(self) -> bool:
        """Whether a normal outcome has a normal utility: yes."""
        return True

    def utility(self, y: ArrayLike) -> FloatArray:
        """Return the utility of outcomes: a copy of y.

        Parameters
        ----------
        y : array-like of any shape
            Outcomes in their unit; NaN stays NaN.

        Returns
        -------
        ndarray of the shape of `y`
            Utility, larger is better, in the unit of the outcome.
        """
        return numbers_of(y, "y").copy()

    def utility_moments(self, mean: ArrayLike, std: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation of the utility of y ~ Normal(mean, std²): mean and std.

        Parameters
        ----------
        mean, std : array-like of one shape
            Moments of the outcome, in its unit; std at least 0.

        Returns
        -------
        mean, std : ndarray of the same shape
            Moments of the utility.

        Raises
        ------
        InvalidDataError
            The shapes differ, a mean is not finite, or a std is negative or not finite.
        """
        mean_array, std_array = as_moments(mean, std, self.name)
        return mean_array.copy(), std_array.copy()
