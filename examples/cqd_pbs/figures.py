"""The figures of the paper, drawn for the rows at hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from explore import LAYERS
from judge import OUTPUTS
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from preparation import INPUTS, pb_to_s_ratio
from results import Results

from bnnopt.plotting import (
    CoverageDisplay,
    MapDisplay,
    OutcomeSpaceDisplay,
    ParityDisplay,
    SliceDisplay,
    SweepDisplay,
)
from bnnopt.space import SearchSpace

LABELS = {"PbOA2_mL": "Pb oleate", "T_inj_C": "Injection temperature"}
PEAK, POLYDISPERSITY = "Exciton peak", "Polydispersity, exp(-peak/valley)"
PARITY_LABELS = {"peak_nm": ("exciton peak", "nm"), "polydispersity": ("polydispersity", "")}
SLICE_RANGE_C = 15.0
N_POINTS_DRAWN = 60_000
DPI = 200


def draw_all(out: Path, results: Results) -> list[Path]:
    """Draw all figures into the folder `out`; return the files."""
    table, guided, pool = results.table, results.guided, results.pool
    fitted, space, table1 = results.fitted, results.settings.space, results.table1
    recipe_of = {nm: table1.data[INPUTS].iloc[[k]] for k, nm in enumerate(table1.target_nm)}
    displays = {
        "fig1_coverage": _coverage(table, guided),
        "fig2b_map": _map(table, guided, pool),
        "fig2c_slice": _slice(table, guided, fitted, space, recipe_of[1500.0]),
        "fig3_output_space": _output_space(table, guided, pool),
        "si4_sweeps": _sweeps(fitted, space, recipe_of[950.0]),
        **{f"parity_{output}": _parity(results, output) for output in OUTPUTS},
    }
    return [_save(display, out / f"{name}.png") for name, display in displays.items()]


def _parity(results: Results, output: str) -> ParityDisplay:
    """Measured against predicted, from cross-validation."""
    label, unit = PARITY_LABELS[output]
    predictions = results.predictions
    mean, std = predictions[f"{output}_mean"], predictions[f"{output}_std"]
    measured = results.table.loc[predictions.index, output]
    return ParityDisplay.from_predictions(measured, mean, std, label=label, unit=unit)


def _coverage(table: pd.DataFrame, guided: Any) -> CoverageDisplay:
    return CoverageDisplay(
        table["PbOA2_mL"],
        table["T_inj_C"],
        table["peak_nm"],
        guided=guided,
        failed=table["peak_nm"].isna(),
        x_label=LABELS["PbOA2_mL"],
        x_unit="mL",
        y_label=LABELS["T_inj_C"],
        y_unit="°C",
        outcome_label=PEAK,
        outcome_unit="nm",
    )


def _map(table: pd.DataFrame, guided: Any, pool: pd.DataFrame) -> MapDisplay:
    return MapDisplay.from_points(
        pool["PbOA2_mL"],
        pool["T_inj_C"],
        pool["polydispersity"],
        contour_values=pool["peak_nm"],
        measured=(table["PbOA2_mL"], table["T_inj_C"]),
        guided=guided,
        x_label=LABELS["PbOA2_mL"],
        x_unit="mL",
        y_label=LABELS["T_inj_C"],
        y_unit="°C",
        value_label="Mean predicted polydispersity",
        contour_label="mean predicted peak",
        contour_unit="nm",
    )


def _slice(
    table: pd.DataFrame, guided: Any, fitted: Any, space: SearchSpace, recipe: pd.DataFrame
) -> SliceDisplay:
    centre = float(recipe["T_inj_C"].iloc[0])
    is_near = (table["T_inj_C"] - centre).abs() <= SLICE_RANGE_C
    near = table[is_near]
    ratio = pb_to_s_ratio(near["PbOA2_mL"], near["TMS2S_uL"])
    return SliceDisplay.from_estimator(
        fitted,
        recipe,
        "PbOA2_mL",
        _limits(space)["PbOA2_mL"],
        output=OUTPUTS.index("peak_nm"),
        x_of=lambda rows: pb_to_s_ratio(rows["PbOA2_mL"], rows["TMS2S_uL"]),
        measured=(ratio, near["peak_nm"]),
        guided=np.asarray(guided)[is_near],
        x_label=f"Pb:S ratio (data within ± {SLICE_RANGE_C:.0f} °C of the injection at {centre:.0f} °C)",
        y_label=PEAK,
        y_unit="nm",
    )


def _output_space(table: pd.DataFrame, guided: Any, pool: pd.DataFrame) -> OutcomeSpaceDisplay:
    drawn = pool.iloc[:N_POINTS_DRAWN]
    parts = [drawn[drawn["layer"] == k] for k in range(len(LAYERS))]
    layers = {
        name: (part["peak_nm"], part["polydispersity"]) for name, part in zip(LAYERS, parts, strict=True)
    }
    return OutcomeSpaceDisplay(
        layers,
        sort_layers=False,
        measured=(table["peak_nm"], table["polydispersity"]),
        guided=guided,
        x_label=PEAK,
        x_unit="nm",
        y_label=POLYDISPERSITY,
    )


def _sweeps(fitted: Any, space: SearchSpace, recipe: pd.DataFrame) -> SweepDisplay:
    return SweepDisplay.from_estimator(
        fitted,
        recipe,
        _limits(space),
        units=space.units,
        outputs=(OUTPUTS.index("peak_nm"), OUTPUTS.index("polydispersity")),
        x_label=PEAK,
        x_unit="nm",
        y_label=POLYDISPERSITY,
    )


def _limits(space: SearchSpace) -> dict[str, tuple[float, float]]:
    return {variable.name: (variable.lower, variable.upper) for variable in space.settings}


def _save(display: Any, file: Path) -> Path:
    figure = Figure(layout="constrained")
    FigureCanvasAgg(figure)
    display.plot(ax=figure.add_subplot())
    figure.savefig(file, dpi=DPI)
    return file
