"""How much of the plane of utilities the results of a run dominate."""

from bnnopt._pareto import as_reference, as_utilities, dominated_volume
from bnnopt._typing import ArrayLike

__all__ = ["hypervolume"]


def hypervolume(utilities: ArrayLike, reference: ArrayLike) -> float:
    """Return the hypervolume that experiments dominate above a reference point.

    HV = volume of {z : reference <= z <= u_i for some i}

    Parameters
    ----------
    utilities : array-like of shape (n, m)
        Utilities of m >= 2 objectives, larger is better, finite; leave failed experiments out. Dominated
        rows change nothing, and those that are not above the reference in all utilities count for nothing.
    reference : array-like of shape (m,)
        The worst utility that counts, of each objective, in its unit.

    Returns
    -------
    float
        At least 0, in the product of the units of the utilities; 0 without rows.

    Raises
    ------
    InvalidDataError
        A shape is wrong, or a number is NaN or infinite.

    References
    ----------
    E. Zitzler, L. Thiele, "Multiobjective evolutionary algorithms: a comparative case study and the strength
    Pareto approach", IEEE Trans. Evol. Comput. 3 (1999) 257-271; A. P. Guerreiro, C. M. Fonseca, L. Paquete,
    "The hypervolume indicator: computational problems and algorithms", ACM Comput. Surv. 54 (2021) 119;
    computed by moocore.

    Examples
    --------
    >>> hypervolume([[1.0, 3.0], [2.0, 1.0]], reference=[0.0, 0.0])
    4.0
    """
    rows = as_utilities(utilities, "utilities")
    return dominated_volume(rows, as_reference(reference, rows.shape[1]))
