"""A campaign on one page: a self-contained HTML file to read, print and show."""

from bnnopt.report._data import ReportData
from bnnopt.report._of_campaign import campaign_report
from bnnopt.report._page import write_report

__all__ = ["ReportData", "campaign_report", "write_report"]
