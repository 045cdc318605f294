"""Sparse rows, as the encoders of scikit-learn give them, are the same as dense ones up to a stated size."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.compose import make_column_transformer
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils import get_tags

from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates import (
    ARDGaussianProcessRegressor,
    BayesianStackingRegressor,
    BoundedRegressor,
    GaussianProcessEnsembleRegressor,
    KerasMCDropoutRegressor,
    MCDropoutRegressor,
)

rng = np.random.default_rng(0)
DENSE = np.where(rng.random((12, 3)) < 0.5, 0.0, rng.uniform(size=(12, 3)))
Y = DENSE.sum(axis=1)
PROCESSES = GaussianProcessEnsembleRegressor(["matern_5_2"], random_state=0)

ESTIMATORS = {
    "ard": ARDGaussianProcessRegressor(n_restarts_optimizer=0, random_state=0),
    "bounded": BoundedRegressor(PROCESSES, lower=-9),
    "keras": KerasMCDropoutRegressor(epochs=1, n_masks=2, random_state=0),
    "networks": MCDropoutRegressor(n_networks=2, max_iter=5, random_state=0),
    "processes": PROCESSES,
    "stacking": BayesianStackingRegressor([("processes", PROCESSES)]),
}

FORMS = {
    f"{kind}_{form}": getattr(sparse, f"{kind}_{form}")
    for kind in ("csr", "csc", "coo")
    for form in ("matrix", "array")
}


@pytest.fixture(params=ESTIMATORS)
def estimator(request):
    return ESTIMATORS[request.param]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_sparse_rows_are_learned_from_as_dense_ones(estimator, form):
    expected = [np.array(part) for part in answers(estimator.fit(DENSE, Y), DENSE)]
    for part, wanted in zip(answers(estimator.fit(form(DENSE), Y), form(DENSE)), expected, strict=True):
        np.testing.assert_array_equal(part, wanted)


def answers(model, X):
    mean, std = model.predict(X, return_std=True)
    mixture = model.predict_mixture(X) if hasattr(model, "predict_mixture") else ()
    return mean, std, model.sample_y(X, 2), model.predict_quantiles(X, [0.1, 0.9]), *mixture


def test_scikit_learn_is_told(estimator):
    assert get_tags(estimator).input_tags.sparse


def test_batches_may_be_sparse():
    model = GaussianProcessEnsembleRegressor(["matern_5_2"], random_state=0)
    expected = model.fit_stream([(DENSE[:6], Y[:6]), (DENSE[6:], Y[6:])]).predict(DENSE)
    batches = [(sparse.csr_array(DENSE[:6]), Y[:6]), (sparse.coo_matrix(DENSE[6:]), Y[6:])]
    np.testing.assert_array_equal(model.fit_stream(batches).predict(DENSE), expected)


def test_an_encoder_goes_before_an_estimator_in_a_pipeline(estimator):
    table = pd.DataFrame({"solvent": list("abcabcabcabc"), "T": DENSE[:, 0]})
    encoder = make_column_transformer(
        (OneHotEncoder(), ["solvent"]), (StandardScaler(), ["T"]), sparse_threshold=1.0
    )
    assert sparse.issparse(encoder.fit_transform(table))
    scores = cross_val_score(make_pipeline(encoder, estimator), table, Y, cv=2, error_score="raise")
    assert np.isfinite(scores).all()
    alone = make_pipeline(OneHotEncoder(), estimator)
    assert np.isfinite(cross_val_score(alone, table[["solvent"]], Y, cv=2, error_score="raise")).all()


def test_more_than_fits_in_memory_is_refused(estimator):
    model = estimator.fit(sparse.csr_array(DENSE), Y)
    wide = sparse.csr_array((12, 2**24))
    message = (
        r"X is sparse and of shape \(12, 16777216\).* hold 201,326,592 numbers, and 67,108,864 are the "
        r"limit\. Make fewer columns"
    )
    with pytest.raises(InvalidDataError, match=message):
        estimator.fit(wide, Y)
    with pytest.raises(InvalidDataError, match="predict some rows at a time"):
        model.predict(sparse.coo_array((2**26, 3)))


def test_a_shape_beyond_any_memory_is_refused_at_once():
    wide = sparse.csr_array((2**31, 2**20))
    with pytest.raises(InvalidDataError, match="are the limit"):
        PROCESSES.fit(wide, Y)


def test_sparse_outcomes_are_refused(estimator):
    with pytest.raises(TypeError, match=r"y, but dense data is required\. Use y\.toarray\(\)"):
        estimator.fit(DENSE, sparse.csr_array(Y[:, None]))


def test_a_sparse_cell_that_is_not_finite_is_named():
    bad = DENSE.copy()
    bad[4, 1] = np.nan
    with pytest.raises(InvalidDataError, match="X contains NaN in row 4, column 1"):
        PROCESSES.fit(sparse.csc_matrix(bad), Y)
