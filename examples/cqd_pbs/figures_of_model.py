"""What the fitted models say: effects and trade-offs (2a), maps (2b), lead to sulfur (2c), sweeps (SI 4)."""

from typing import Any

import numpy as np
import pandas as pd
from looks import BLUE, NAMES, PEAK, POLYDISPERSITY, PURPLE, RED, draw_failed, draw_rows, legend_below
from matplotlib.figure import Figure
from models import LEARNED
from preparation import INPUTS, SETTINGS, pb_to_s_ratio
from results import Results

from bnnopt.inspection import local_effects, trade_off
from bnnopt.plotting import EffectArrowsDisplay, MapDisplay, TradeOffDisplay

__all__ = [
    "compensation_of",
    "effects",
    "maps",
    "near_target",
    "ratio_slice",
    "recipe_of",
    "sweeps",
    "trade_off_of",
]

STEPS = {"PbOA2_mL": 4.0, "T_inj_C": -15.0, "OLA_mL": 0.2, "TMS2S_uL": 40.0, "Cl_60C_mM": 0.6}
FIG2A_NM, FIG2C_NM = 950.0, 1500.0
MAPPED_NM = (950.0, 1330.0)
PLANE = ("PbOA2_mL", "T_inj_C")
N_CELLS = 18
N_SWEEP, N_DRAWS = 25, 40
SLICE_RANGE_C = 15.0


def recipe_of(results: Results, target: float) -> pd.DataFrame:
    """Return the verified recipe of Table 1 for a wavelength, one row."""
    place = int(np.flatnonzero(results.table1.target_nm == target)[0])
    return results.table1.data[INPUTS].iloc[[place]].reset_index(drop=True)


def trade_off_of(results: Results) -> Any:
    """Return what more lead with other heat does at the peak of the 950 nm recipe, which stays."""
    row = recipe_of(results, FIG2A_NM)
    return trade_off(results.model, "PbOA2_mL", "T_inj_C", held="peak_nm", row=row, n_points=21)


def compensation_of(results: Results) -> Any:
    """Return what a mL of lead does to the line width while heat keeps the peak, to first order."""
    found = local_effects(results.model, recipe_of(results, FIG2A_NM), steps=STEPS)
    return found.compensated("PbOA2_mL", by="T_inj_C", held="peak_nm", outcome="hwhm_meV")


def effects(figure: Figure, results: Results) -> None:
    """Figure 2a: arrows in the plane of peak and line width, and the line width at a constant peak."""
    left, right = figure.subplots(1, 2)
    found = local_effects(results.model, recipe_of(results, FIG2A_NM), steps=STEPS)
    display = EffectArrowsDisplay.from_effects(found, ("peak_nm", "hwhm_meV"), settings=list(STEPS))
    arrows = {_said(name): draws for name, draws in display.arrows.items()}
    axes = {
        "x_label": "Change of the exciton peak",
        "x_unit": "nm",
        "y_label": "Change of hwhm",
        "y_unit": "meV",
    }
    EffectArrowsDisplay(arrows, **axes).plot(ax=left)
    left.set_title(f"One step each from the verified {FIG2A_NM:.0f} nm recipe", fontsize="medium")
    path = trade_off_of(results)
    look = {"x_label": NAMES["PbOA2_mL"], "x_unit": "mL", "by_label": NAMES["T_inj_C"], "by_unit": "°C"}
    TradeOffDisplay.from_trade_off(path, "hwhm_meV", y_label="hwhm", y_unit="meV", title="", **look).plot(
        ax=right
    )
    right.set_title(f"More lead, with the heat that keeps the peak at {path.value:.0f} nm", fontsize="medium")
    legend_below(figure, left, right, n_columns=3)


def near_target(results: Results, target: float) -> pd.DataFrame:
    """Return the random recipes whose predicted peak is within the tolerance of a target."""
    tolerance = results.settings.targets.tolerance if results.settings.targets else 20.0
    return results.pool[(results.pool["peak_nm"] - target).abs() <= tolerance]


def maps(figure: Figure, results: Results) -> None:
    """Figure 2b: the best of each cell at two peaks, and the slice through one recipe with its peak."""
    axes = figure.subplots(1, 3, sharex=True, sharey=True)
    for ax, target in zip(axes, MAPPED_NM, strict=False):
        near = near_target(results, target)
        columns = [near[name].astype(float) for name in (*PLANE, "polydispersity")]
        look = {"statistic": "min", "n_bins": N_CELLS, **_map_look(results)}
        MapDisplay.from_points(*columns, **look).plot(ax=ax, size=12.0)
        ax.set_title(f"Best in each cell at {target:.0f} ± 20 nm", fontsize="medium")
    MapDisplay.from_estimator(
        results.fitted,
        recipe_of(results, FIG2A_NM),
        PLANE,
        tuple(_limits(results, name) for name in PLANE),
        output=LEARNED.index("polydispersity"),
        contour=LEARNED.index("peak_nm"),
        contour_label="predicted peak",
        contour_unit="nm",
        **_map_look(results),
    ).plot(ax=axes[2], size=12.0)
    axes[2].set_title(f"Others as in the {FIG2A_NM:.0f} nm recipe", fontsize="medium")
    legend_below(figure, *axes)


def _map_look(results: Results) -> dict[str, Any]:
    table = results.table
    return {
        "measured": tuple(table[name] for name in PLANE),
        "guided": results.guided,
        "failed": results.failed,
        "x_label": NAMES[PLANE[0]],
        "x_unit": "mL",
        "y_label": NAMES[PLANE[1]],
        "y_unit": "°C",
        "value_label": "Predicted polydispersity",
    }


def ratio_slice(figure: Figure, results: Results) -> None:
    """Figure 2c: peak against Pb:S with a band, the probability of success, failed rows as crosses."""
    row = recipe_of(results, FIG2C_NM)
    lead = np.linspace(*_limits(results, "PbOA2_mL"), 120)
    rows = pd.concat([row] * len(lead), ignore_index=True).assign(PbOA2_mL=lead)
    ratio = pb_to_s_ratio(rows["PbOA2_mL"], rows["TMS2S_uL"])
    lower, middle, upper = _quantiles(results, rows, "peak_nm")
    success = results.success.predict_proba(rows[INPUTS])[:, 1]
    upper_ax, lower_ax = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    upper_ax.plot(ratio, middle, color=BLUE, label="predicted, if it succeeds")
    upper_ax.fill_between(ratio, lower, upper, color=BLUE, alpha=0.2, linewidth=0, label="95 % interval")
    _draw_near(upper_ax, results, float(row["T_inj_C"].iloc[0]))
    upper_ax.set(ylabel=f"{PEAK} (nm)", ylim=(500, 2500))
    upper_ax.legend(frameon=False, fontsize="small", ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
    upper_ax.set_title(
        f"The {FIG2C_NM:.0f} nm recipe with other amounts of lead; rows within ± 15 °C",
        fontsize="small",
        pad=32,
    )
    lower_ax.plot(ratio, success, color=PURPLE, label="success, predicted")
    lower_ax.axvline(8.0, color="0.4", linestyle=":", label="Pb:S 8, the paper's limit")
    all_ratios = pb_to_s_ratio(results.table["PbOA2_mL"], results.table["TMS2S_uL"])
    failed = results.failed
    lower_ax.scatter(all_ratios[~failed], np.ones((~failed).sum()), s=8, color=RED, label="made")
    draw_failed(lower_ax, all_ratios[failed], np.zeros(failed.sum()))
    lower_ax.set(xlabel="Pb:S (mol/mol)", ylabel="probability", ylim=(-0.12, 1.12), xlim=(-1, 40))
    lower_ax.legend(frameon=False, fontsize="x-small", loc="upper right")


def sweeps(figure: Figure, results: Results) -> None:
    """SI 4: each setting swept over its range from the 950 nm recipe, with functions drawn from the model."""
    row = recipe_of(results, FIG2A_NM)
    start = results.fitted.predict(row)[0]
    places = [LEARNED.index("peak_nm"), LEARNED.index("polydispersity")]
    figure.suptitle(f"Each setting alone, from the verified {FIG2A_NM:.0f} nm recipe (star)")
    for ax, name in zip(figure.subplots(2, 4, sharex=True, sharey=True).flat, SETTINGS, strict=True):
        values = np.linspace(*_limits(results, name), N_SWEEP)
        rows = pd.concat([row] * N_SWEEP, ignore_index=True).assign(**{name: values})
        mean = results.fitted.predict(rows)[:, places]
        draws = results.fitted.sample_y(rows, N_DRAWS, random_state=0)[:, places]
        ax.plot(draws[:, 0], draws[:, 1], color=BLUE, alpha=0.12, linewidth=0.8)
        ax.plot(*mean.T, color="black", linewidth=1.5)
        shown = ax.scatter(*mean.T, c=values, cmap="viridis_r", s=20, zorder=3)
        ax.scatter(*start[places], marker="*", s=150, color=RED, edgecolors="white", zorder=4)
        figure.colorbar(shown, ax=ax, label=f"{NAMES[name]} ({results.settings.space.units[name]})")
    figure.supxlabel("Predicted exciton peak (nm)")
    figure.supylabel(f"Predicted {POLYDISPERSITY[0].lower()}{POLYDISPERSITY[1:]}")
    figure.axes[0].set(xlim=(450, 1900), ylim=(-0.01, 0.35))


def _limits(results: Results, name: str) -> tuple[float, float]:
    variable = next(each for each in results.settings.space.settings if each.name == name)
    return variable.lower, variable.upper


def _quantiles(results: Results, rows: pd.DataFrame, output: str) -> Any:
    found = results.fitted.predict_quantiles(rows, [0.025, 0.5, 0.975])
    return found[:, LEARNED.index(output)].T


def _draw_near(ax: Any, results: Results, centre: float) -> None:
    """Draw rows injected near a temperature; those that failed at the code of the source, 650 nm."""
    near = (results.table["T_inj_C"] - centre).abs() <= SLICE_RANGE_C
    table = results.table[near]
    ratio = pb_to_s_ratio(table["PbOA2_mL"], table["TMS2S_uL"])
    draw_rows(ax, ratio, table["peak_nm"], results.guided[near])
    failed = results.table[results.failed]
    x = pb_to_s_ratio(failed["PbOA2_mL"], failed["TMS2S_uL"])
    draw_failed(ax, x, np.full(len(failed), 650.0))
    ax.annotate(
        "no peak: coded 650 nm",
        (x.max(), 650),
        xytext=(-10, 8),
        textcoords="offset points",
        ha="right",
        fontsize=8,
    )


def _said(name: str) -> str:
    """Return the name of a change with the setting as people call it."""
    for column, said in NAMES.items():
        name = name.replace(column, said)
    return name
