"""Ask and tell: propose rows to run, store what came out."""

from bnnopt.optimizer._advice import StoppingAdvice
from bnnopt.optimizer._optimizer import BayesianOptimizer
from bnnopt.optimizer._pool import PoolScores

__all__ = ["BayesianOptimizer", "PoolScores", "StoppingAdvice"]
