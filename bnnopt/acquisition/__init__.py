"""Score candidates: pure functions of moments or draws, larger is better, and batches of them."""

from bnnopt._pareto import non_dominated
from bnnopt.acquisition._acquisition import Acquisition
from bnnopt.acquisition._batch import condition_draws, greedy_batch, moments_of_draws
from bnnopt.acquisition._bridge import acquisition_scores
from bnnopt.acquisition._confidence import posterior_standard_deviation, upper_confidence_bound
from bnnopt.acquisition._draws import expected_improvement_of_draws
from bnnopt.acquisition._feasibility import with_feasibility
from bnnopt.acquisition._hypervolume import (
    expected_hypervolume_improvement,
    expected_hypervolume_improvement_of_draws,
    noisy_hypervolume_improvement,
)
from bnnopt.acquisition._improvement import (
    expected_improvement,
    log_expected_improvement,
    probability_of_improvement,
)
from bnnopt.acquisition._mixture import NormalMixture, average_scores, posterior_mixtures
from bnnopt.acquisition._pareto import chebyshev_weights, reference_point
from bnnopt.acquisition._posterior import posterior_draws, posterior_moments
from bnnopt.acquisition._registry import ACQUISITIONS, get_acquisition
from bnnopt.acquisition._thompson import thompson

__all__ = [
    "ACQUISITIONS",
    "Acquisition",
    "NormalMixture",
    "acquisition_scores",
    "average_scores",
    "chebyshev_weights",
    "condition_draws",
    "expected_hypervolume_improvement",
    "expected_hypervolume_improvement_of_draws",
    "expected_improvement",
    "expected_improvement_of_draws",
    "get_acquisition",
    "greedy_batch",
    "log_expected_improvement",
    "moments_of_draws",
    "noisy_hypervolume_improvement",
    "non_dominated",
    "posterior_draws",
    "posterior_mixtures",
    "posterior_moments",
    "posterior_standard_deviation",
    "probability_of_improvement",
    "reference_point",
    "thompson",
    "upper_confidence_bound",
    "with_feasibility",
]
