"""Campaigns of real experiments: a folder with settings in a TOML file and runs in a spreadsheet."""

from bnnopt._tables import write_table
from bnnopt.campaign._campaign import Campaign
from bnnopt.campaign._readable import readable
from bnnopt.campaign._recorded import Change
from bnnopt.campaign._settings import CampaignSettings, EarlierRuns, NamedChoice, TargetList
from bnnopt.campaign._suggest import context_of, read_runs, resume, with_intervals, with_units

__all__ = [
    "Campaign",
    "CampaignSettings",
    "Change",
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
