"""The search of the maximum: from what scores settings to the new ones of highest score."""

from bnnopt.optimizer._maximum._candidates import Candidates, from_everywhere
from bnnopt.optimizer._maximum._partitions import scan_partitions
from bnnopt.optimizer._maximum._pool import NoCandidateError, Pool, PoolScan, PoolScores, blocks_of
from bnnopt.optimizer._maximum._suggestion import best_of, suggest

__all__ = [
    "Candidates",
    "NoCandidateError",
    "Pool",
    "PoolScan",
    "PoolScores",
    "best_of",
    "blocks_of",
    "from_everywhere",
    "scan_partitions",
    "suggest",
]
