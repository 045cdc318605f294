"""Score candidates: pure functions of moments or draws, larger is better, and batches of them."""

from bnnopt._pareto import non_dominated
from bnnopt.acquisition._acquisition import SITUATION, Acquisition
from bnnopt.acquisition._batch import condition_draws, greedy_batch, moments_of_draws
from bnnopt.acquisition._bridge import acquisition_scores
from bnnopt.acquisition._confidence import (
    posterior_standard_deviation,
    scheduled_upper_confidence_bound,
    upper_confidence_bound,
)
from bnnopt.acquisition._constrained_draws import draws_where_feasible, probability_of_draws
from bnnopt.acquisition._cost import per_unit_cost
from bnnopt.acquisition._draws import expected_improvement_of_draws
from bnnopt.acquisition._entropy_search import max_value_entropy_search
from bnnopt.acquisition._feasibility import Form, with_feasibility
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
from bnnopt.acquisition._joint import (
    q_expected_improvement,
    q_noisy_expected_improvement,
    q_upper_confidence_bound,
)
from bnnopt.acquisition._knowledge_gradient import knowledge_gradient
from bnnopt.acquisition._level_sets import expected_feasibility, straddle
from bnnopt.acquisition._mixture import (
    MixtureWithGradients,
    NormalMixture,
    average_scores,
    has_gradients,
    posterior_mixtures,
    posterior_mixtures_with_gradients,
)
from bnnopt.acquisition._mutual_information import mutual_information
from bnnopt.acquisition._pareto import chebyshev_weights, reference_point
from bnnopt.acquisition._posterior import posterior_draws, posterior_moments, posterior_quantiles
from bnnopt.acquisition._registry import ACQUISITIONS, get_acquisition, joint_form_of, stand_in_for
from bnnopt.acquisition._smooth_improvement import q_log_expected_improvement
from bnnopt.acquisition._target import (
    expected_improvement_to_target,
    log_expected_improvement_to_target,
    probability_of_improvement_to_target,
)
from bnnopt.acquisition._thompson import thompson
from bnnopt.acquisition._trial import try_acquisition

__all__ = [
    "ACQUISITIONS",
    "SITUATION",
    "Acquisition",
    "Form",
    "MixtureWithGradients",
    "NormalMixture",
    "acquisition_scores",
    "average_scores",
    "chebyshev_weights",
    "condition_draws",
    "draws_where_feasible",
    "expected_feasibility",
    "expected_hypervolume_improvement",
    "expected_hypervolume_improvement_of_draws",
    "expected_improvement",
    "expected_improvement_of_draws",
    "expected_improvement_to_target",
    "get_acquisition",
    "greedy_batch",
    "has_gradients",
    "joint_form_of",
    "knowledge_gradient",
    "log_expected_improvement",
    "log_expected_improvement_to_target",
    "max_value_entropy_search",
    "moments_of_draws",
    "mutual_information",
    "noisy_hypervolume_improvement",
    "non_dominated",
    "per_unit_cost",
    "posterior_draws",
    "posterior_mixtures",
    "posterior_mixtures_with_gradients",
    "posterior_moments",
    "posterior_quantiles",
    "posterior_standard_deviation",
    "probability_of_draws",
    "probability_of_improvement",
    "probability_of_improvement_to_target",
    "q_expected_improvement",
    "q_log_expected_improvement",
    "q_noisy_expected_improvement",
    "q_upper_confidence_bound",
    "reference_point",
    "scheduled_upper_confidence_bound",
    "stand_in_for",
    "straddle",
    "thompson",
    "try_acquisition",
    "upper_confidence_bound",
    "with_feasibility",
]
