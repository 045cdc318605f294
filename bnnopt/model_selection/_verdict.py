"""Overfits, underfits or fits: what the figures of a model say, with the reason."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from bnnopt._estimators import real, require
from bnnopt._validation import refuse_flags
from bnnopt.exceptions import InvalidDataError

__all__ = ["Finding", "FitVerdict", "judge_fit"]


@dataclass(frozen=True)
class Finding:
    """One figure of a model and where it should lie.

    Parameters
    ----------
    name : str
        What the figure is.
    value : float
        The figure, without a unit.
    lower, upper : float
        The limits between which it should lie, both included; infinite where there is none.
    fault : {"overfits", "underfits"}
        What a figure outside its limits says.
    """

    name: str
    value: float
    lower: float
    upper: float
    fault: Literal["overfits", "underfits"]

    @property
    def is_within(self) -> bool:
        """Whether the figure lies within its limits."""
        return self.lower <= self.value <= self.upper

    def __str__(self) -> str:
        """Say the figure and the limit that decides, on its own line of a report."""
        is_low = self.value < self.lower or not np.isfinite(self.upper)
        limit, side = (self.lower, "at least") if is_low else (self.upper, "at most")
        return f"{self.name} is {self.value:.2f}; {side} {limit:.2f} was expected"


@dataclass(frozen=True)
class FitVerdict:
    """Whether a model overfits, underfits or fits, and why.

    Parameters
    ----------
    findings : tuple of Finding
        The figures that were looked at.
    """

    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Literal["fits", "overfits", "underfits"]:
        """Underfits before overfits: what misses its own training rows has not adapted to their noise."""
        faults = {finding.fault for finding in self.findings if not finding.is_within}
        if "underfits" in faults:
            return "underfits"
        return "overfits" if faults else "fits"

    @property
    def reasons(self) -> tuple[str, ...]:
        """What lies outside its limits, a sentence each; empty for a model that fits."""
        return tuple(str(finding) for finding in self.findings if not finding.is_within)

    def __str__(self) -> str:
        """Return the verdict with its reasons."""
        return ": ".join([self.verdict, "; ".join(self.reasons)] if self.reasons else [self.verdict])


def judge_fit(
    *,
    train_r2: float,
    held_out_r2: float,
    agreement: float,
    roughness: float,
    noise_share: float = 0.0,
    min_explained: float = 0.7,
    max_gap: float = 0.3,
    min_agreement: float = 0.9,
    max_roughness: float = 1.5,
) -> FitVerdict:
    """Judge a model of one outcome by four figures.

    It underfits if train_r2 < min_explained (1 - noise_share). Otherwise it overfits if
    train_r2 - held_out_r2 > max_gap, agreement < min_agreement or roughness > max_roughness.

    Parameters
    ----------
    train_r2, held_out_r2 : float
        Coefficients of determination, at most 1, on the rows of the training and on rows held out.
    agreement : float
        See `bnnopt.metrics.retraining_agreement`.
    roughness : float
        See `bnnopt.metrics.sweep_roughness`.
    noise_share : float, default=0
        Share of the variance of the outcome that is noise and that no model should explain, 0 to 1; see
        `bnnopt.metrics.replicate_noise`. With 0, much noise looks like underfitting.
    min_explained : float, default=0.7
        Share of the explainable variance that the training rows should show, 0 to 1. A straight line
        through a whole period of a sine reaches 0.61.
    max_gap : float, default=0.3
        Allowed difference of the two coefficients, at least 0.
    min_agreement : float, default=0.9
        Koo and Li call a reliability above it excellent, above 0.75 good.
    max_roughness : float, default=1.5
        A response with one optimum within each sweep reaches 1, with two 2; allow more where it oscillates.

    Returns
    -------
    FitVerdict
        With one finding for each figure.

    Raises
    ------
    InvalidDataError
        A figure is not a number, or the noise share is not between 0 and 1.

    References
    ----------
    T. K. Koo, M. Y. Li, "A guideline of selecting and reporting intraclass correlation coefficients for
    reliability research", J. Chiropractic Medicine 15 (2016) 155-163. O. Voznyy et al., ACS Nano 2019, 13,
    11122, Methods (what is looked at).
    """
    require(real(0, 1, closed="both"), noise_share=noise_share)
    figures = {"train_r2": train_r2, "held_out_r2": held_out_r2, "agreement": agreement}
    limits = {"min_explained": min_explained, "max_gap": max_gap, "min_agreement": min_agreement}
    refuse_flags(**figures, **limits, roughness=roughness, max_roughness=max_roughness)
    least = min_explained * (1 - noise_share)
    gap = train_r2 - held_out_r2
    findings = (
        Finding("R² on training rows", train_r2, least, np.inf, "underfits"),
        Finding("R² on training minus held-out rows", gap, -np.inf, max_gap, "overfits"),
        Finding("agreement of retrained models", agreement, min_agreement, np.inf, "overfits"),
        Finding("roughness of sweeps", roughness, -np.inf, max_roughness, "overfits"),
    )
    for finding in findings:
        if np.isnan(finding.value):
            raise InvalidDataError(f"{finding.name} must be a number, got nan.")
    return FitVerdict(findings)
