"""Units and kinds of what a campaign sets and measures."""

from typing import Any

from bnnopt.report._data import ENDS, ReportData
from bnnopt.report._figures import axis, layout

__all__ = ["plane_layout", "scale_of", "units_of"]


def units_of(optimizer: Any) -> dict[str, str]:
    """Return the unit of every setting and outcome, and of what is predicted of outcomes."""
    units = optimizer.units
    ends = {f"{name}{end}": units[name] for name in optimizer.outputs for end in ENDS}
    return {name: unit for name, unit in (units | ends).items() if unit}


def scale_of(data: ReportData, name: str) -> dict[str, Any]:
    """Return what makes an axis logarithmic where a setting is, else nothing."""
    variable = next(each for each in data.space.variables if each.name == name)
    is_log = getattr(variable, "scale", "linear") == "log"
    return {"type": "log", "dtick": 1} if is_log else {}


def plane_layout(data: ReportData, names: tuple[str, str]) -> dict[str, Any]:
    """Return the layout of a picture over the plane of two settings."""
    x, y = (axis(name, data.optimizer.units[name], **scale_of(data, name)) for name in names)
    return layout(x, y)
