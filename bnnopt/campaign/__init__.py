"""Campaigns of real experiments: a folder with settings in a TOML file and runs in a spreadsheet."""

from bnnopt._tables import write_file, write_table
from bnnopt.campaign._campaign import Campaign
from bnnopt.campaign._exchange_from_study import campaign_of_study
from bnnopt.campaign._exchange_surf import campaign_of_surf, write_surf
from bnnopt.campaign._exchange_to_study import study_of_campaign
from bnnopt.campaign._given import campaign_of_state, one_run, read_candidates
from bnnopt.campaign._guess import Guess, columns_of, guess_settings
from bnnopt.campaign._inspection import CampaignEffects, CampaignMap, campaign_effects, campaign_map
from bnnopt.campaign._learning import CampaignLearning, campaign_learning, compare_batches, shown_splits
from bnnopt.campaign._overview import Overview, overview
from bnnopt.campaign._pictures import check_picture, draw
from bnnopt.campaign._readable import readable
from bnnopt.campaign._recorded import Change
from bnnopt.campaign._settings import CampaignSettings, EarlierRuns, NamedChoice, TargetList
from bnnopt.campaign._shown import shown_number, shown_predictions, shown_runs, shown_suggestions
from bnnopt.campaign._suggest import context_of, read_runs, resume, with_intervals, with_units
from bnnopt.campaign._toml import as_toml
from bnnopt.campaign._validation import Validation, validate

__all__ = [
    "Campaign",
    "CampaignEffects",
    "CampaignLearning",
    "CampaignMap",
    "CampaignSettings",
    "Change",
    "EarlierRuns",
    "Guess",
    "NamedChoice",
    "Overview",
    "TargetList",
    "Validation",
    "as_toml",
    "campaign_effects",
    "campaign_learning",
    "campaign_map",
    "campaign_of_state",
    "campaign_of_study",
    "campaign_of_surf",
    "check_picture",
    "columns_of",
    "compare_batches",
    "context_of",
    "draw",
    "guess_settings",
    "one_run",
    "overview",
    "read_candidates",
    "read_runs",
    "readable",
    "resume",
    "shown_number",
    "shown_predictions",
    "shown_runs",
    "shown_splits",
    "shown_suggestions",
    "study_of_campaign",
    "validate",
    "with_intervals",
    "with_units",
    "write_file",
    "write_surf",
    "write_table",
]
