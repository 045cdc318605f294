"""The search of the maximum: from what scores settings to the new ones of highest score."""

from bnnopt.optimizer._maximum._pool import NoCandidateError, Pool, PoolScan, PoolScores, blocks_of
from bnnopt.optimizer._maximum._suggestion import suggest

__all__ = ["NoCandidateError", "Pool", "PoolScan", "PoolScores", "blocks_of", "suggest"]
