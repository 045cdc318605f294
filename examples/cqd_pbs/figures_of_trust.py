"""How far the surrogate is to be believed: parity, repeats (SI 1), growing data (SI 3), retraining."""

from typing import Any

from looks import BLUE, LABELS, legend_below
from matplotlib.figure import Figure
from models import LEARNED, OUTPUTS
from results import Results

from bnnopt.plotting import AgreementDisplay, LearningCurveDisplay, ParityDisplay, ReplicateSpreadDisplay

__all__ = ["growing_data", "parity", "repeats", "retraining"]

SHOWN = {"peak_nm": (300, 2700), "polydispersity": (-0.02, 0.6), "hwhm_meV": (0, 220)}


def parity(figure: Figure, results: Results) -> None:
    """Measured against predicted medians, from cross-validation, with intervals that keep to the bounds."""
    predictions = results.predictions
    for ax, output in zip(figure.subplots(1, 3), ("peak_nm", "polydispersity", "hwhm_meV"), strict=True):
        label, unit = LABELS[output]
        measured = results.table.loc[predictions.index, output]
        lower, upper = predictions[f"{output}_lower"], predictions[f"{output}_upper"]
        ax.vlines(measured, lower, upper, color=BLUE, alpha=0.3, linewidth=1, zorder=1)
        ParityDisplay(measured, predictions[f"{output}_median"], label=label, unit=unit).plot(ax=ax)
        row = results.scores.query("outcome == @output").iloc[0]
        error = f"mean absolute error {row['mean_absolute_error']:.3g} {unit}".strip()
        text = (
            f"{error}, R² {row['r2']:.2f}\n{row['coverage_95']:.0%} of {len(measured)} inside 95 % intervals"
        )
        ax.get_legend().remove()
        ax.set_title(text, fontsize="small", loc="left")
        ax.set(xlim=SHOWN[output], ylim=SHOWN[output])


def repeats(figure: Figure, results: Results) -> None:
    """SI 1: syntheses made again, beside what the model expects of a new one."""
    axes, found = figure.subplots(1, 2), results.trust.repeats
    for ax, output in zip(axes, reversed(OUTPUTS), strict=True):
        label, unit = LABELS[output]
        ReplicateSpreadDisplay.from_spread(found, output, label=label, unit=unit).plot(ax=ax)
        row = found.summary.query("outcome == @output").iloc[0]
        text = f"repeats scatter by {row['std']:.3g} {unit} ({row['degrees_of_freedom']:.0f} repeats); "
        ax.set_title(f"{text}the model expects {row['model_std']:.3g} {unit}", fontsize="small")
    legend_below(figure, *axes)


def growing_data(figure: Figure, results: Results) -> None:
    """SI 1b to e and SI 3: the error of held-out rows as rows are added."""
    for ax, output in zip(figure.subplots(1, 2), reversed(OUTPUTS), strict=True):
        label, unit = LABELS[output]
        curve = results.trust.curve
        LearningCurveDisplay.from_curve(curve, output, score="mae", label=label, unit=unit).plot(ax=ax)


def retraining(figure: Figure, results: Results) -> None:
    """Predictions of models trained again from scratch, against each other."""
    found: dict[str, Any] = results.trust.retrained
    place = LEARNED.index("peak_nm")
    axes = figure.subplots(1, len(found), squeeze=False)[0]
    for ax, (name, predictions) in zip(axes, found.items(), strict=True):
        AgreementDisplay(predictions[:, :, place], label="exciton peak", unit="nm").plot(ax=ax)
        ax.set_title(name, fontsize="medium")
