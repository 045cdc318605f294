"""Tables of the example, on the screen and as CSV."""

from pathlib import Path
from typing import Any

import pandas as pd
from explore import COOL_C, cost_of_limit, for_print, is_new
from models import left_out, shares
from results import Results, Trust
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

__all__ = ["print_results", "write_tables"]

SHORT_NAMES = {
    "target_nm": "target nm",
    "T_inj_limit_C": "limit °C",
    "PbOA2_mL": "Pb mL",
    "ODE_Pb_mL": "ODE mL",
    "OLA_mL": "OLA mL",
    "T_inj_C": "T °C",
    "TMS2S_uL": "S µL",
    "ODE_S_mL": "ODE S mL",
    "Cl_hot_mM": "Cl hot mM",
    "Cl_60C_mM": "Cl 60 mM",
    "peak_nm_mean": "peak nm",
    "polydispersity_mean": "polyd.",
    "hwhm_meV_median": "hwhm meV",
}
LATER_COLUMNS = ["outcome", "split", "n_train", "n", "beyond", "mae", "r2", "inside", "half_width"]


def write_tables(out: Path, results: Results) -> None:
    """Write cross_validation.csv, later_rows.csv, table1.csv and suggestions.csv."""
    tables = {
        "cross_validation": results.scores,
        "later_rows": results.trust.later,
        "table1": results.verified,
        "suggestions": for_print(results.suggestions, results.settings.space.units),
    }
    for name, table in tables.items():
        table.to_csv(out / f"{name}.csv", index=False, float_format="%.6g")


def print_results(console: Console, results: Results) -> None:
    """Print the three tables, the members of the stacking, and whether suggestions keep what they promise."""
    _print(console, "5-fold cross-validation", results.scores)
    _print_shares(console, results.fitted)
    _print_trust(console, results.trust)
    _print_verified(console, results.verified)
    _print(console, "Suggested recipes", results.suggestions[list(SHORT_NAMES)].rename(columns=SHORT_NAMES))
    if results.settings.targets:
        cost = cost_of_limit(results.pool, results.settings.targets)
        _print(
            console, f"Best of the random recipes: anywhere, and injected at {COOL_C:.0f} °C at most", cost
        )
    _print_checks(console, results)


def _print_shares(console: Console, fitted: Any) -> None:
    """Say what share each member of a stacking has in each outcome, and who was left out and why."""
    for name, row in shares(fitted).iterrows():
        of_outcomes = ", ".join(f"{share:.0%} of {output}" for output, share in row.dropna().items())
        console.print(f"{name}: {of_outcomes}", markup=False, highlight=False)
    for (name, output), reason in left_out(fitted).items():
        console.print(f"{name} is left out of {output}: {reason}", markup=False, highlight=False)


def _print_trust(console: Console, trust: Trust) -> None:
    _print(console, "Shuffled rows and later ones", trust.later[LATER_COLUMNS])
    repeats = trust.repeats.summary.set_index("outcome")
    for output, row in repeats.iterrows():
        console.print(
            f"{output}: repeats scatter by {row['std']:.3g} ({row['degrees_of_freedom']:.0f} repeats), "
            f"the model expects {row['model_std']:.3g}.",
            highlight=False,
        )
    _print(console, "Trained again from scratch: agreement near the rows, 1 at best", trust.agreement)


def _print_verified(console: Console, verified: pd.DataFrame) -> None:
    peaks = [column for column in verified.columns if column.startswith("peak_nm")]
    shown = verified[peaks].rename(columns=lambda name: name.removeprefix("peak_nm_").replace("_95", ""))
    _print(console, "Peaks of the recipes of Table 1, nm, with 95 % intervals", shown)
    error = (verified["peak_nm_predicted"] - verified["peak_nm_measured"]).abs().mean()
    n_inside = verified["peak_nm_inside"].sum()
    half = (verified["peak_nm_upper_95"] - verified["peak_nm_lower_95"]).median() / 2
    console.print(
        f"Mean absolute error {error:.0f} nm; {n_inside} of {len(verified)} inside, at intervals of "
        f"± {half:.0f} nm (median)."
    )


def _print_checks(console: Console, results: Results) -> None:
    suggestions, space = results.suggestions, results.settings.space
    n_feasible = int(space.is_feasible(suggestions).sum())
    n_containing = int(suggestions["interval_contains_target"].sum())
    half = suggestions["peak_nm_width_95"].median() / 2
    console.print(
        f"Of {len(suggestions)} suggestions {n_feasible} are inside bounds and constraints, "
        f"{n_containing} have an interval that contains the target, ± {half:.0f} nm wide (median); "
        f"{'all are new' if is_new(suggestions, results.table) else 'SOME WERE MADE BEFORE'}."
    )


def _print(console: Console, title: str, frame: pd.DataFrame) -> None:
    shown = Table(title=title, box=SIMPLE, title_justify="left")
    for column in frame.columns:
        shown.add_column(str(column).replace("_", " "), overflow="fold")
    for row in frame.itertuples(index=False):
        shown.add_row(*map(_cell, row))
    console.print(shown)


def _cell(value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    return "-" if value != value else f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
