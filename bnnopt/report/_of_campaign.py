"""What a report needs, out of the folder of a campaign."""

from hashlib import sha256

from bnnopt.campaign import Campaign
from bnnopt.report._data import ReportData

__all__ = ["campaign_report"]


def campaign_report(campaign: Campaign, *, seed: int = 0) -> ReportData:
    """Gather the runs of a campaign, every batch ever asked, and a model of all that was told.

    Parameters
    ----------
    campaign : Campaign
        Of a folder.
    seed : int, default=0
        Of the optimizer, as of `Campaign.suggest`.

    Returns
    -------
    ReportData
        For `write_report`.

    Raises
    ------
    ChangedRowsError
        A run reads otherwise than it was recorded.
    """
    settings, files = campaign.settings, (campaign.folder / "campaign.toml", campaign.table)
    return ReportData.of(
        campaign.optimizer(seed=seed),
        campaign.experiments,
        campaign.suggestions(),
        name=settings.name,
        description=settings.description,
        hashes={path.name: sha256(path.read_bytes()).hexdigest() for path in files},
        seed=seed,
    )
