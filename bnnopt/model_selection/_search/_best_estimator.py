"""What a search does with the best estimator that it found: it stands for it in all methods."""

from collections.abc import Callable
from typing import Any

import sklearn
from sklearn.base import BaseEstimator, MetaEstimatorMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils import Tags, get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from bnnopt._estimators import Documented
from bnnopt.exceptions import InvalidDataError
from bnnopt.model_selection._search._scorers import scorers_of

__all__ = ["StandsForBestEstimator"]


def is_routed() -> bool:
    """Tell whether scikit-learn routes metadata by what is requested."""
    return bool(sklearn.get_config()["enable_metadata_routing"])


def _has(name: str) -> Callable[[Any], bool]:
    """Return a check that the estimator of a search has a method, best one or not yet."""

    def check(search: Any) -> bool:
        _need_refit(search, name)
        getattr(getattr(search, "best_estimator_", search.estimator), name)
        return True

    return check


def _need_refit(search: Any, name: str) -> None:
    if not search.refit:
        raise AttributeError(
            f"This {type(search).__name__} instance was initialized with `refit=False`. {name} is "
            "available only after refitting on the best parameters: set refit=True, or fit an estimator "
            "with best_params_."
        )


class StandsForBestEstimator(Documented, MetaEstimatorMixin, BaseEstimator):
    """Methods and tags of `best_estimator_`, and the routes of metadata, for a search."""

    estimator: Any
    scoring: Any
    cv: Any
    refit: Any

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "multimetric_")

    def __sklearn_tags__(self) -> Tags:
        tags, own = super().__sklearn_tags__(), get_tags(self.estimator)
        tags.estimator_type = own.estimator_type
        tags.classifier_tags = own.classifier_tags
        tags.regressor_tags = own.regressor_tags
        tags.target_tags = own.target_tags
        tags.input_tags.pairwise = own.input_tags.pairwise
        tags.input_tags.sparse = own.input_tags.sparse
        return tags

    def get_metadata_routing(self) -> MetadataRouter:
        """Return where metadata go: to `fit` of the estimator, the scorers and the splitter.

        Returns
        -------
        MetadataRouter
            The routes of the search.
        """
        return self._router().add(
            splitter=self.cv, method_mapping=MethodMapping().add(caller="fit", callee="split")
        )

    def _shared_out(self, params: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """Return which parameters of `fit` the splitter, the fits that are scored and the last fit get."""
        params = {name: value for name, value in params.items() if value is not None}
        if not is_routed():
            groups = params.pop("groups", None)
            return {"groups": groups}, params, params
        routed = process_routing(self, "fit", **params)
        of_fit = {name: params[name] for name in self._router().consumes("fit", params)}
        return routed.splitter.split, of_fit, routed.estimator.fit

    def _router(self) -> MetadataRouter:
        """Return the routes to the estimator and the scorers."""
        scorers = scorers_of(self.estimator, self.scoring)
        several = scorers if isinstance(scorers, dict) else {"scorer": scorers}
        to_scorers = MethodMapping().add(caller="score", callee="score").add(caller="fit", callee="score")
        router = MetadataRouter(owner=self).add(
            estimator=self.estimator, method_mapping=MethodMapping().add(caller="fit", callee="fit")
        )
        for name, scorer in several.items():
            router.add(
                **{f"scorer_{name}" if several is scorers else name: scorer}, method_mapping=to_scorers
            )
        return router

    @property
    def classes_(self) -> Any:
        """Class labels of the best estimator."""
        _has("classes_")(self)
        return self._best.classes_

    @property
    def n_features_in_(self) -> int:
        """Number of features seen in `fit`, where the best estimator counts them."""
        if not hasattr(self, "best_estimator_"):
            raise AttributeError(f"This {type(self).__name__} has no n_features_in_ before it is fitted.")
        return int(self.best_estimator_.n_features_in_)

    @property
    def _best(self) -> Any:
        check_is_fitted(self)
        if not hasattr(self, "best_estimator_"):
            raise NotFittedError(f"This {type(self).__name__} was fitted with refit=False.")
        return self.best_estimator_

    def score(self, X: Any, y: Any = None, **params: Any) -> float:
        """Score the best estimator by the metric of the search, that of `refit` where there are several.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), optional
            Targets.
        **params
            For the scorer; only with metadata routing.

        Returns
        -------
        float
            Larger is better.

        Raises
        ------
        InvalidDataError
            Parameters for the scorer were passed without metadata routing.
        AttributeError
            The search has `refit=False`.
        """
        _need_refit(self, "score")
        best = self._best
        if params and not is_routed():
            raise InvalidDataError(
                f"score: {sorted(params)} were passed, which is only supported if "
                "sklearn.set_config(enable_metadata_routing=True) is set."
            )
        several = isinstance(self.scorer_, dict)
        scorer = self.scorer_[self.refit] if several else self.scorer_
        passed: dict[str, Any] = {}
        if is_routed():
            name = f"scorer_{self.refit}" if several else "scorer"
            passed = process_routing(self, "score", **params)[name]["score"]
        score = scorer(best, X, y, **passed)
        return score[self.refit] if isinstance(score, dict) else score

    @available_if(_has("predict"))
    def predict(self, X: Any) -> Any:
        """Predict with the best estimator.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            In the unit of the targets, or class labels.
        """
        return self._best.predict(X)

    @available_if(_has("predict_proba"))
    def predict_proba(self, X: Any) -> Any:
        """Predict probabilities of the classes with the best estimator.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Each row adds up to 1; columns as in `classes_`.
        """
        return self._best.predict_proba(X)

    @available_if(_has("predict_log_proba"))
    def predict_log_proba(self, X: Any) -> Any:
        """Predict logarithms of the probabilities of the classes with the best estimator.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Natural logarithms, at most 0; columns as in `classes_`.
        """
        return self._best.predict_log_proba(X)

    @available_if(_has("decision_function"))
    def decision_function(self, X: Any) -> Any:
        """Return the decision function of the best estimator.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            As the best estimator defines it.
        """
        return self._best.decision_function(X)

    @available_if(_has("score_samples"))
    def score_samples(self, X: Any) -> Any:
        """Return the score of each row by the best estimator.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,)
            As the best estimator defines it.
        """
        return self._best.score_samples(X)

    @available_if(_has("transform"))
    def transform(self, X: Any) -> Any:
        """Transform rows with the best estimator.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray or sparse matrix of shape (n_samples, n_features_out)
            As the best estimator defines it.
        """
        return self._best.transform(X)

    @available_if(_has("inverse_transform"))
    def inverse_transform(self, X: Any) -> Any:
        """Transform rows back with the best estimator.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features_out)
            Rows as `transform` returns them.

        Returns
        -------
        ndarray or sparse matrix of shape (n_samples, n_features)
            In the units of the rows that the search was fitted on.
        """
        return self._best.inverse_transform(X)
