"""Ask and tell: propose rows to run, store what came out."""

from bnnopt.optimizer._optimizer import BayesianOptimizer

__all__ = ["BayesianOptimizer"]
