"""The models of the rows told, fitted when they are needed and kept until something changes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from bnnopt._estimators import LARGEST_SEED
from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives import Outcome
from bnnopt.optimizer._observations import Observations
from bnnopt.optimizer._outcome_model import EarlierRows, OutcomeModel
from bnnopt.optimizer._success import SuccessModel
from bnnopt.space import SearchSpace

__all__ = ["MIN_MEASURED", "Modelling"]

MIN_MEASURED = 2


class Modelling:
    """Surrogate of the outcomes and classifier of success, and the seeds of each state.

    Parameters
    ----------
    surrogate : estimator
        Cloned for each fit.
    classifier : estimator or None or "auto"
        Of success and failure; "auto" for the default of `SuccessModel`, None not to learn from failures.
    seed : int
        Seeds everything.
    bounds, wanted
        As in `OutcomeModel`.
    """

    def __init__(
        self,
        surrogate: BaseEstimator,
        classifier: Any,
        seed: int,
        bounds: Sequence[Outcome | None] = (),
        wanted: Mapping[int, float] | None = None,
    ) -> None:
        _check_classifier(classifier)
        self._bounds, self._wanted = bounds, wanted
        self._surrogate, self._classifier, self.seed = surrogate, classifier, seed
        self._outcomes: OutcomeModel | None = None
        self._success: SuccessModel | None = None
        self._previous: OutcomeModel | None = None

    def forget(self) -> None:
        """Drop the fitted models: rows have changed. The next fit may go on from the surrogates dropped."""
        self._previous = self._outcomes or self._previous
        self._outcomes = self._success = None

    def begin_anew(self) -> None:
        """Drop the fitted models, and what the next fit might go on from: the space has changed."""
        self._outcomes = self._success = self._previous = None

    def of_outcomes(self, observations: Observations, space: SearchSpace) -> OutcomeModel:
        """Return the surrogate of the outcomes, fitted on the rows measured."""
        if self._outcomes is None:
            measured, outcomes = observations.measured
            if len(measured) < MIN_MEASURED:
                raise InvalidDataError(
                    f"A model needs at least {MIN_MEASURED} rows with outcomes, got {len(measured)} "
                    f"({int(observations.is_failed.sum())} failed). "
                    "Ask without candidates for a first design."
                )
            seed = self.seed_after(len(observations.told))
            model = OutcomeModel(self._surrogate, seed, self._previous, self._bounds, self._wanted)
            known = observations.earlier.measured
            earlier = EarlierRows(space.encode(known.settings), known.outcomes, known.numbers)
            self._outcomes = model.fit(space.encode(measured), outcomes, observations.noise_std, earlier)
        return self._outcomes

    def of_success(self, observations: Observations, space: SearchSpace) -> SuccessModel | None:
        """Return the classifier of success, fitted on the rows told; None if none failed."""
        is_failed = observations.is_failed
        if self._classifier is None or not is_failed.any() or is_failed.all():
            return None
        if self._success is None:
            own = None if isinstance(self._classifier, str) else self._classifier
            model = SuccessModel(own, self.seed_after(len(is_failed)))
            self._success = model.fit(space.encode(observations.told), ~is_failed)
        return self._success

    def seed_after(self, *counts: int) -> int:
        """Return the seed of a state: a surrogate that is random anew with each row repeats no error."""
        return int(np.random.default_rng([self.seed, *counts]).integers(LARGEST_SEED))


def _check_classifier(classifier: Any) -> None:
    is_known = classifier is None or (isinstance(classifier, str) and classifier == "auto")
    if not is_known and not (hasattr(classifier, "fit") and hasattr(classifier, "predict_proba")):
        raise InvalidDataError(
            'success_classifier must be "auto", None or a classifier with fit and predict_proba, '
            f"got {classifier!r}."
        )
