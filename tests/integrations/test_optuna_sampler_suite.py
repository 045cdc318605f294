"""Optuna's own suite for samplers, by a surrogate that is fast because the suite asks hundreds of times."""

from functools import partial

import pytest
from optuna.testing import pytest_samplers
from sklearn.linear_model import BayesianRidge

from bnnopt.integrations.optuna import BnnSampler

pytestmark = pytest.mark.slow


class _Fixture:
    @pytest.fixture
    def sampler(self):
        return partial(BnnSampler, surrogate=BayesianRidge(), n_startup_trials=2, n_candidates=64, seed=0)


class TestBasics(_Fixture, pytest_samplers.BasicSamplerTestCase):
    pass


class TestRelativeSampling(_Fixture, pytest_samplers.RelativeSamplerTestCase):
    pass


class TestSeveralObjectives(_Fixture, pytest_samplers.MultiObjectiveSamplerTestCase):
    pass
