"""Ask and tell: propose rows to run, store what came out."""

from bnnopt.optimizer._advice import StoppingAdvice
from bnnopt.optimizer._maximum import PoolScores
from bnnopt.optimizer._optimizer import BayesianOptimizer
from bnnopt.optimizer._same_settings import is_met
from bnnopt.optimizer._state import OptimizerState
from bnnopt.optimizer._trust_region import TrustRegion

__all__ = ["BayesianOptimizer", "OptimizerState", "PoolScores", "StoppingAdvice", "TrustRegion", "is_met"]
