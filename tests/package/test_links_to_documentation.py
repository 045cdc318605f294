"""The HTML form of an estimator links its page where the installed package says where it is, else nothing."""

from email.message import Message

import pytest
from sklearn.utils import estimator_html_repr

from bnnopt import (
    BayesianStackingRegressor,
    BayesSearchCV,
    GaussianProcessEnsembleRegressor,
    KerasMCDropoutRegressor,
    _estimators,
)
from bnnopt.surrogates import ARDGaussianProcessRegressor

ROOMS = {
    ARDGaussianProcessRegressor(): "surrogates",
    BayesianStackingRegressor(): "surrogates",
    KerasMCDropoutRegressor(): "surrogates",
    BayesSearchCV(ARDGaussianProcessRegressor(), {"alpha": (1e-9, 1.0)}): "model_selection",
}


@pytest.fixture
def installed_with(monkeypatch):
    """Have the installed package say some addresses."""

    def say(*urls):
        message = Message()
        for url in urls:
            message["Project-URL"] = url
        monkeypatch.setattr(_estimators, "metadata", lambda name: message)
        _estimators._address_of_documentation.cache_clear()

    yield say
    _estimators._address_of_documentation.cache_clear()


@pytest.mark.parametrize("estimator", ROOMS, ids=lambda each: type(each).__name__)
def test_each_links_its_own_page(estimator, installed_with):
    installed_with("Source, https://code.example/", "Documentation, https://pages.example/{1}/")
    page = f"api/generated/bnnopt.{ROOMS[estimator]}.{type(estimator).__name__}.html"
    assert f'href="https://pages.example/{{1}}/{page}"' in estimator_html_repr(estimator)


@pytest.mark.parametrize("urls", [(), ("Source, https://code.example/",), ("Documentation, docs/index.md",)])
def test_without_an_address_there_is_no_link(urls, installed_with):
    installed_with(*urls)
    assert "href=" not in estimator_html_repr(GaussianProcessEnsembleRegressor())


def test_a_class_of_somebody_else_is_not_linked(installed_with):
    installed_with("Documentation, https://pages.example")

    class Own(GaussianProcessEnsembleRegressor):
        pass

    assert "pages.example" not in estimator_html_repr(Own())
