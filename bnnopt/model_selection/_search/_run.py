"""One run of a search: propose, fit and score, tell; until the settings, the time or the patience end."""

import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel
from sklearn.exceptions import FitFailedWarning

from bnnopt._typing import FloatArray
from bnnopt.exceptions import InvalidDataError, SpaceExhaustedWarning
from bnnopt.model_selection._search._compatibility import optimize_result
from bnnopt.model_selection._search._evaluation import Evaluator, Trial
from bnnopt.model_selection._search._proposals import Proposals
from bnnopt.model_selection._search._results import mean_scores, names_of_scores
from bnnopt.model_selection._search._watching import Watch

__all__ = ["Run"]

LONGEST_ERROR = 1000


@dataclass
class Run:
    """One run of a search.

    Attributes
    ----------
    evaluator : Evaluator
        Fits and scores.
    names : callable
        From the names of all scores to those that are raised.
    report : callable
        Takes all trials and the scores that are raised after each batch.
    watch : Watch
        Ends the run early.
    n_points : int
        Settings that run at a time.
    trials : list of Trial
        All so far; those of an earlier search first.
    scores : DataFrame of shape (n_trials, n_scores)
        The mean scores that are raised; larger is better.
    """

    evaluator: Evaluator
    names: Callable[[list[str]], list[str]]
    report: Callable[[Sequence[Trial], pd.DataFrame], None]
    watch: Watch
    n_points: int
    trials: list[Trial] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._n_earlier = len(self.trials)
        self.scores = self._mean_scores()

    def search(self, proposals: Proposals, n: int, parallel: Parallel) -> bool:
        """Try up to `n` settings of one space; return whether the whole run ends."""
        n_before = len(self.trials)
        block: list[dict[str, Any]] = []
        while (n_left := n - (len(self.trials) - n_before)) > 0:
            if not block:
                settings = [trial.params for trial in self.trials]
                goes_on = 0 < self._n_earlier == len(self.trials)
                block = proposals.next(n_left, settings, self.scores, goes_on=goes_on)
            chosen, block = block[: self.n_points], block[self.n_points :]
            if not chosen:
                warnings.warn(
                    f"The search ended after {n - n_left} of {n} settings: there are no others in the space.",
                    SpaceExhaustedWarning,
                    stacklevel=5,
                )
                return False
            self.trials += self.evaluator.trials(chosen, parallel)
            self.scores = self._mean_scores()
            self.report(self.trials, self.scores)
            if len(self.trials) - n_before >= proposals.model.n_initial:
                self.check_any_score()
            scores = self._first_score
            result = optimize_result([trial.params for trial in self.trials[n_before:]], scores[n_before:])
            if self.watch.is_over(scores, len(chosen), result):
                return True
        return False

    def _mean_scores(self) -> pd.DataFrame:
        names = [f"test_{name}" for name in self.names(names_of_scores(self.trials))]
        means = {name: mean_scores(self.trials, name, self.evaluator.missing) for name in names}
        return pd.DataFrame(means, index=range(len(self.trials)))

    @property
    def _first_score(self) -> FloatArray:
        nothing = np.full(len(self.trials), np.nan)
        return self.scores.iloc[:, 0].to_numpy() if len(self.scores.columns) else nothing

    def check_any_score(self) -> None:
        """Raise `InvalidDataError` if no setting has a score."""
        if np.isfinite(self._first_score).any():
            return
        n_fits = len(self.trials) * len(self.evaluator.splits)
        errors = self._errors()
        if errors.total() == n_fits:
            raise InvalidDataError(
                f"All the {n_fits} fits failed, of {len(self.trials)} settings. It is likely that your model "
                "is misconfigured: correct it, the data or search_spaces, or set error_score='raise' to see "
                "where."
                f"\n{_listed(errors)}"
            )
        text = "" if errors else self.evaluator.scoring_error(self.trials[0].params)
        said = f"\n{_listed(errors)}" if errors else f" The scoring raised {text}" if text else ""
        raise InvalidDataError(
            f"None of the first {len(self.trials)} settings has a score that is a finite number, so there is "
            "nothing to search by: correct the scoring, or set error_score='raise' to see where it fails."
            + said
        )

    def warn_of_failures(self) -> None:
        """Say once how many fits failed and why, and that scores are not finite."""
        errors = self._errors()
        n_fits = (len(self.trials) - self._n_earlier) * len(self.evaluator.splits)
        if errors:
            warnings.warn(
                f"{errors.total()} fits failed out of a total of {n_fits}. The score on these train-test "
                "partitions for these parameters will be set to "
                f"{self.evaluator.missing}; set error_score='raise' to see where they fail.\n"
                f"{_listed(errors)}",
                FitFailedWarning,
                stacklevel=3,
            )
        for kind in ("test", "train"):
            names = [f"{kind}_{name}" for name in names_of_scores(self.trials, kind)]
            means = [mean_scores(self.trials, name, self.evaluator.missing) for name in names]
            for each in means:
                if not np.isfinite(each).all():
                    warnings.warn(
                        f"One or more of the {kind} scores are non-finite: {each}", UserWarning, stacklevel=3
                    )

    def _errors(self) -> Counter[str]:
        return Counter(error for trial in self.trials for error in trial.errors)


def _listed(errors: Counter[str]) -> str:
    return "\n".join(
        f"{n} fits failed with the following error:\n{error[-LONGEST_ERROR:]}"
        for error, n in errors.most_common(3)
    )
