"""Parameters that an estimator passes on, named by a prefix as in scikeras: `model__units`."""

from typing import Any, ClassVar, Self

from sklearn.base import BaseEstimator

from bnnopt._estimators import Documented
from bnnopt._validation import lookup

__all__ = ["RoutedParameters"]


class RoutedParameters(Documented, BaseEstimator):
    """An estimator whose `**kwargs` are parameters: in `get_params`, in `clone` and in a grid search.

    Names are checked by `fit`, as scikit-learn wants it, with `_check_routed_names`.
    """

    _routes: ClassVar[frozenset[str]] = frozenset()
    _decided_inside: ClassVar[dict[str, str]] = {}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, routed ones included.

        Parameters
        ----------
        deep : bool, default=True
            As in scikit-learn.

        Returns
        -------
        dict
            Values by name.
        """
        return super().get_params(deep) | {name: getattr(self, name) for name in self._further_names()}

    def set_params(self, **params: Any) -> Self:
        """Set parameters; routed ones need not have been there before.

        Parameters
        ----------
        **params
            Names and values.

        Returns
        -------
        self
            The estimator itself, not fitted again.
        """
        super().set_params(**{name: value for name, value in params.items() if not self._is_routed(name)})
        for name in filter(self._is_routed, params):
            setattr(self, name, params[name])
        return self

    def _routed_to(self, *routes: str) -> dict[str, Any]:
        """Return the routed parameters with one of these prefixes, under their full names."""
        return {
            name: getattr(self, name) for name in self._further_names() if name.partition("__")[0] in routes
        }

    def _further_names(self) -> list[str]:
        own = self._get_param_names()
        return [name for name in vars(self) if name not in own and name[0] != "_" and name[-1] != "_"]

    def _check_routed_names(self) -> None:
        for name in self._further_names():
            if name in self._decided_inside:
                raise ValueError(f"{name} cannot be set: {self._decided_inside[name]}.")
            if not self._is_routed(name):
                known = [*self._get_param_names(), *(f"{route}__..." for route in self._routes)]
                lookup(dict.fromkeys(known), name, "parameter")

    def _is_routed(self, name: str) -> bool:
        route, separator, rest = name.partition("__")
        return route in self._routes and bool(separator) and bool(rest)
