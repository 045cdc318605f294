"""Pictures of a campaign as files: Displays side by side, written whole or not at all."""

from io import BytesIO
from pathlib import Path
from typing import Any

from bnnopt._tables import refuse_existing, write_file
from bnnopt.campaign._inspection import CampaignEffects, CampaignMap
from bnnopt.campaign._learning import CampaignLearning
from bnnopt.exceptions import InvalidDataError, MissingDependencyError
from bnnopt.plotting import (
    EffectArrowsDisplay,
    LearningCurveDisplay,
    LocalEffectsDisplay,
    MapDisplay,
    TradeOffDisplay,
)

__all__ = ["check_picture", "draw"]

FORMATS = (".png", ".svg", ".pdf")
WIDTH, HEIGHT, HEIGHT_OF_BAR = 6.4, 4.8, 0.3  # inches
DPI = 150
MOST_COLUMNS = 2


def check_picture(path: str | Path, *, replace: bool = False) -> Path:
    """Say before anything is computed whether a picture can be written to a file.

    Parameters
    ----------
    path : str or Path
        A file that ends in .png, .svg or .pdf.
    replace : bool, default=False
        Whether a file of this name may be replaced.

    Returns
    -------
    Path
        The path of the file.

    Raises
    ------
    InvalidDataError
        It ends otherwise, there is such a file already, or its folder is not there.
    """
    file = Path(path)
    if file.suffix.lower() not in FORMATS:
        raise InvalidDataError(f"A picture ends in {', '.join(FORMATS)}; got {file.name!r}.")
    if not file.absolute().parent.is_dir():
        raise InvalidDataError(f"There is no folder {file.parent} for the picture; make it first.")
    refuse_existing(file, replace=replace)
    return file


def draw(
    found: CampaignEffects | CampaignMap | CampaignLearning, path: str | Path, *, replace: bool = False
) -> None:
    """Draw what was found and write it to a file.

    Parameters
    ----------
    found : CampaignEffects, CampaignMap or CampaignLearning
        What to draw.
    path : str or Path
        A file that ends in .png, .svg or .pdf.
    replace : bool, default=False
        Whether a file of this name may be replaced.

    Raises
    ------
    InvalidDataError
        As in `check_picture`.
    MissingDependencyError
        matplotlib is not installed.
    """
    file = check_picture(path, replace=replace)
    displays = _displays(found)
    figure = _figure(len(displays), _height(displays))
    for ax, display in zip(figure.axes, displays, strict=True):
        display.plot(ax)
    content = BytesIO()
    figure.savefig(content, format=file.suffix[1:].lower(), dpi=DPI)
    write_file(file, content.getvalue(), replace=replace)


def _figure(n_axes: int, height: float) -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingDependencyError('Pictures need matplotlib: pip install "bnnopt[plot]".') from error
    n_columns = min(n_axes, MOST_COLUMNS)
    n_rows = -(-n_axes // n_columns)
    figure = Figure(figsize=(WIDTH * n_columns, height * n_rows), layout="constrained")
    for ax in figure.subplots(n_rows, n_columns, squeeze=False).ravel()[n_axes:]:
        ax.remove()
    return figure


def _height(displays: list[Any]) -> float:
    bars = [len(each.names) for each in displays if isinstance(each, LocalEffectsDisplay)]
    return max(HEIGHT, 1.2 + HEIGHT_OF_BAR * max(bars, default=0))


def _displays(found: CampaignEffects | CampaignMap | CampaignLearning) -> list[Any]:
    if isinstance(found, CampaignMap):
        told = found.told
        x, y = (told[name].to_numpy(float) for name in (found.found.x, found.found.y))
        runs: dict[str, Any] = {"measured": (x, y), "failed": told["is_failed"].to_numpy(bool)}
        return [MapDisplay.from_attainable(found.found, found.reduce, **runs)]
    if isinstance(found, CampaignLearning):
        units = found.settings.units
        return [
            LearningCurveDisplay.from_curve(found.curve, name, score=score, unit=units.get(name, ""))
            for name in found.curve.outputs
            for score in ("rmse", "inside")
        ]
    effects = found.effects
    shown: list[Any] = [LocalEffectsDisplay.from_effects(effects, name) for name in effects.outputs]
    if len(effects.outputs) > 1:
        shown.append(EffectArrowsDisplay.from_effects(effects))
    if found.trade is not None and found.trade.start >= 0:
        shown.append(TradeOffDisplay.from_trade_off(found.trade))
    return shown
