"""Campaigns of real experiments: their settings in a TOML file, their runs in a spreadsheet."""

from bnnopt._tables import write_table
from bnnopt.campaign._readable import readable
from bnnopt.campaign._settings import CampaignSettings, EarlierRuns, NamedChoice, TargetList
from bnnopt.campaign._suggest import context_of, read_runs, resume, with_intervals, with_units

__all__ = [
    "CampaignSettings",
    "EarlierRuns",
    "NamedChoice",
    "TargetList",
    "context_of",
    "read_runs",
    "readable",
    "resume",
    "with_intervals",
    "with_units",
    "write_table",
]
