"""Units and kinds of what a campaign sets and measures."""

from typing import Any

from bnnopt.report._data import ENDS
from bnnopt.space import Variable

__all__ = ["log_axis", "units_of"]


def units_of(optimizer: Any) -> dict[str, str]:
    """Return the unit of every setting and outcome, and of what is predicted of outcomes."""
    units = optimizer.units
    ends = {f"{name}{end}": units[name] for name in optimizer.outputs for end in ENDS}
    return {name: unit for name, unit in (units | ends).items() if unit}


def log_axis(variable: Variable) -> dict[str, Any]:
    """Return what makes an axis logarithmic where the variable is, else nothing."""
    is_log = getattr(variable, "scale", "linear") == "log"
    return {"type": "log", "dtick": 1} if is_log else {}
