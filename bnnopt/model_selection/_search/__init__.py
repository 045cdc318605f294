"""`BayesSearchCV`: hyperparameters searched by Bayesian optimization, as scikit-learn's searches are used.

`_preparation` makes what a search needs of its parameters: `_spaces` reads what is searched
(`_parameter_space` one space, `_dimensions` one parameter, `_distributions` those of scipy.stats).
`_proposals` asks a `BayesianOptimizer` for settings; `_evaluation` fits and scores them (`_scorers` says by
what); `_results` makes `cv_results_` of them; `_run` goes round, `_watching` says how far it is and when it
ends. `_best_estimator` is what the search does afterwards, `_compatibility` what code written for
scikit-optimize hands over.
"""

from bnnopt.model_selection._search._bayes_search import BayesSearchCV
from bnnopt.model_selection._search._evaluation import KilledWorkerError

__all__ = ["BayesSearchCV", "KilledWorkerError"]
