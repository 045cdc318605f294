"""Pictures of data and models: one Display per picture; matplotlib is loaded when one is plotted."""

from bnnopt.plotting._agreement import AgreementDisplay
from bnnopt.plotting._calibration import CalibrationDisplay
from bnnopt.plotting._convergence import ConvergenceDisplay
from bnnopt.plotting._coverage import CoverageDisplay
from bnnopt.plotting._effect_arrows import EffectArrowsDisplay
from bnnopt.plotting._fit_check import FitCheckDisplay
from bnnopt.plotting._learning_curve import LearningCurveDisplay
from bnnopt.plotting._local_effects import LocalEffectsDisplay
from bnnopt.plotting._map import MapDisplay
from bnnopt.plotting._outcome_space import OutcomeSpaceDisplay
from bnnopt.plotting._pareto import ParetoDisplay
from bnnopt.plotting._parity import ParityDisplay
from bnnopt.plotting._replicates import ReplicateSpreadDisplay
from bnnopt.plotting._roughness import RoughnessDisplay
from bnnopt.plotting._search import SearchDisplay
from bnnopt.plotting._slice import SliceDisplay
from bnnopt.plotting._sweep import SweepDisplay
from bnnopt.plotting._trade_off import TradeOffDisplay

__all__ = [
    "AgreementDisplay",
    "CalibrationDisplay",
    "ConvergenceDisplay",
    "CoverageDisplay",
    "EffectArrowsDisplay",
    "FitCheckDisplay",
    "LearningCurveDisplay",
    "LocalEffectsDisplay",
    "MapDisplay",
    "OutcomeSpaceDisplay",
    "ParetoDisplay",
    "ParityDisplay",
    "ReplicateSpreadDisplay",
    "RoughnessDisplay",
    "SearchDisplay",
    "SliceDisplay",
    "SweepDisplay",
    "TradeOffDisplay",
]
