"""Tables in SURF, the simple user-friendly reaction format: one reaction a row, columns of fixed names.

The format is that of Nippa, Müller, Atz, Konrad, Grether, Martin and Schneider, ChemRxiv 2023: constant
columns that every table has, then for each component what it is and how much of it, then others.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from bnnopt._plain import plain
from bnnopt._tables import Header, TextTable, as_file, escaped, read_text, write_file
from bnnopt.campaign._campaign import Campaign
from bnnopt.campaign._guess import guess_settings
from bnnopt.campaign._settings import CampaignSettings
from bnnopt.exceptions import InvalidDataError

__all__ = ["campaign_of_surf", "is_surf_name", "write_surf"]

FIRST = (
    "rxn_id",
    "source_id",
    "source_type",
    "rxn_date",
    "rxn_type",
    "rxn_name",
    "rxn_tech",
    "temperature_deg_c",
    "time_h",
    "atmosphere",
    "stirring_shaking",
    "scale_mol",
    "concentration_mol_l",
)
LAST = ("provenance", "comment", "procedure")
ROLES = ("startingmat", "reagent", "catalyst", "ligand", "additive", "solvent", "product")
COMPONENT = re.compile(rf"({'|'.join(ROLES)})_([1-9][0-9]*)_([a-z_]+)")
OWN_NAMES = {"id": "rxn_id", "date": "rxn_date", "note": "comment"}
"""Columns of a campaign's table that SURF has too, and their names there."""

DESCRIPTIONS = ("source_id", "source_type", "rxn_type", "rxn_name", "rxn_tech", "provenance", "procedure")
AMOUNTS, ABSENT = ("eq", "fraction"), "none"


def is_surf_name(name: str) -> bool:
    """Tell whether SURF has a column of this name."""
    return name in FIRST or name in LAST or COMPONENT.fullmatch(name) is not None


def write_surf(campaign: Campaign, path: str | Path, names: Mapping[str, str] | None = None) -> list[str]:
    """Write all runs of a campaign as a table in SURF: text, separated by tabs.

    Parameters
    ----------
    campaign : Campaign
        What is written; id, date and note are rxn_id, rxn_date and comment.
    path : str or Path
        A new file, such as "reactions.txt".
    names : mapping of str to str, optional
        The names in SURF of settings, context and outcomes that are called otherwise here, such as
        {"Temp_C": "temperature_deg_c"}. Columns without one stand behind those of SURF under their own names.

    Returns
    -------
    list of str
        The columns that are none of SURF.

    Raises
    ------
    InvalidDataError
        The file is there already, a column is unknown, a name is none of SURF, or two columns have the same.
    """
    runs = campaign.experiments
    table = runs.rename(columns=_checked(names or {}, runs.columns))
    columns = _ordered([str(name) for name in table.columns])
    cells = [[_written(row.get(name)) for name in columns] for row in table.to_dict("records")]
    header = Header(1, columns, list(range(len(columns))), len(columns), [*map(escaped, columns)])
    rows = list(range(2, 2 + len(cells)))
    write_file(path, as_file(TextTable(Path(path).with_suffix(".txt"), "\t", header, rows, cells)))
    return [name for name in columns if not is_surf_name(name)]


def campaign_of_surf(
    folder: str | Path,
    path: str | Path,
    objectives: Sequence[Mapping[str, Any]] = (),
    *,
    name: str = "campaign",
    settings: CampaignSettings | str | Path | None = None,
    names: Mapping[str, str] | None = None,
) -> Campaign:
    """Begin a campaign with the reactions of a table in SURF.

    Without settings they are guessed, as `guess_settings` does: conditions, components and their amounts are
    settings where they differ between reactions. Identities given twice (CAS number or name beside a
    structure), analytics and descriptions are no settings, but stay in the table. A component that a
    reaction does without is "none", its amount 0.

    Parameters
    ----------
    folder : str or Path
        Of the new campaign.
    path : str or Path
        The table: text with tabs or commas, or a workbook.
    objectives : sequence of mapping
        What is wanted of which columns, as in a campaign.toml; not needed with settings.
    name : str, default="campaign"
        Of the campaign, if settings are guessed.
    settings : CampaignSettings or path of a TOML file, optional
        In place of those guessed.
    names : mapping of str to str, optional
        As in `write_surf`: the names of columns in the campaign, and in SURF.

    Returns
    -------
    Campaign
        The new campaign, a run for each reaction.

    Raises
    ------
    InvalidDataError
        The file is no table in SURF, a column is missing, or the runs are not what the settings say.
    """
    text = _read(Path(path), {after: before for before, after in (OWN_NAMES | dict(names or {})).items()})
    with TemporaryDirectory() as place:
        runs = Path(place) / "runs.csv"
        runs.write_bytes(as_file(text))
        if settings is None:
            outputs = [str(each["name"]) for each in objectives]
            settings = guess_settings(
                runs, objectives, name=name, left_out=_left_out(text.names, outputs)
            ).settings
        return Campaign.create(folder, settings, runs)


def _checked(names: Mapping[str, str], columns: Sequence[Any]) -> dict[str, str]:
    """Return the names in SURF of a campaign's columns, or raise `InvalidDataError`."""
    unknown = [name for name in names if name not in columns]
    if unknown:
        raise InvalidDataError(f"The campaign has no column(s) {unknown}; it has {list(columns)}.")
    strange = [name for name in names.values() if not is_surf_name(name)]
    if strange:
        raise InvalidDataError(
            f"{strange} are no columns of SURF: expected one of {list(FIRST)}, or such as reagent_1_smiles, "
            f"reagent_1_eq and product_1_yield, of {list(ROLES)}."
        )
    renamed = OWN_NAMES | dict(names)
    after = [renamed.get(str(name), str(name)) for name in columns]
    doubled = sorted({name for name in after if after.count(name) > 1})
    if doubled:
        raise InvalidDataError(f"More than one column would be called {doubled}; give each another name.")
    return renamed


def _ordered(names: Sequence[str]) -> list[str]:
    """Return the columns of the table: those that all tables in SURF have, components, others, the last."""
    components = sorted((name for name in names if COMPONENT.fullmatch(name)), key=_place)
    others = [name for name in names if not is_surf_name(name)]
    return [*FIRST, *components, *others, *LAST]


def _place(name: str) -> tuple[int, int, str]:
    role, number, what = re.fullmatch(COMPONENT, name).groups()  # type: ignore[union-attr]
    return ROLES.index(role), int(number), what


def _written(cell: Any) -> str:
    value = plain(cell)
    if value is None or value == "" or pd.isna(value):
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return escaped(str(value))


def _read(path: Path, names: Mapping[str, str]) -> TextTable:
    """Return a table in SURF with the names of the campaign, what a reaction does without filled in."""
    text = read_text(path, keeps_units=True)
    if not any(is_surf_name(name) for name in text.names):
        raise InvalidDataError(
            f"{path} is no table in SURF: none of its columns {text.names[:20]} is one of its, such as "
            "rxn_id, temperature_deg_c or product_1_yield."
        )
    renamed = [names.get(name, name) for name in text.names]
    header = Header(1, renamed, list(range(len(renamed))), len(renamed), [*map(escaped, renamed)])
    cells = [
        [cell or _absent(name) for name, cell in zip(text.names, row, strict=True)] for row in text.cells
    ]
    return TextTable(Path("runs.csv"), ",", header, list(range(2, 2 + len(cells))), cells)


def _absent(name: str) -> str:
    """Return what an empty cell of a component means, an empty text for other columns."""
    found = COMPONENT.fullmatch(name)
    if found is None or found[1] == "product":
        return ""
    return "0" if found[3] in AMOUNTS else ABSENT


def _left_out(names: Sequence[str], outputs: Sequence[str]) -> list[str]:
    """Return the columns that are no settings: descriptions, analytics, and identities given twice."""
    return [name for name in names if name not in outputs and _is_description(name, names)]


def _is_description(name: str, names: Sequence[str]) -> bool:
    found = COMPONENT.fullmatch(name)
    if found is None:
        return name in DESCRIPTIONS
    role, number, what = found.groups()
    is_known = what != "smiles" and f"{role}_{number}_smiles" in names
    return role == "product" or (what not in AMOUNTS and is_known)
