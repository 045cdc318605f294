"""Checks of `fit` and of what is left behind: the estimator, the data and the process."""

import pickle

import numpy as np

from bnnopt.testing._check import expect, expect_same
from bnnopt.testing._globals import WARNING_FILTERS, watched_globals
from bnnopt.testing._subject import Subject, draws, moments
from bnnopt.testing._tables import INSIDE

__all__ = [
    "data_stay_unchanged",
    "fit_returns_self",
    "fitting_again_gives_the_same",
    "globals_stay_unchanged",
    "pickling_keeps_predictions",
]


def fit_returns_self(subject: Subject) -> None:
    """Expect that `fit` returns the estimator."""
    fit = subject.first
    expect(fit.returned is fit.estimator, "the estimator itself as the result of fit", fit.returned)


def fitting_again_gives_the_same(subject: Subject) -> None:
    """Expect the same predictions of a clone that is fitted with the same random_state."""
    first, again = (np.stack(moments(fit.estimator, INSIDE)) for fit in (subject.first, subject.again))
    expect_same(again, first, "the same predictions of a clone fitted with the same random_state")


def pickling_keeps_predictions(subject: Subject) -> None:
    """Expect the same predictions after pickling."""
    model = subject.first.estimator
    copy = pickle.loads(pickle.dumps(model))
    expected = "the same predictions after pickling"
    expect_same(np.stack(moments(copy, INSIDE)), np.stack(moments(model, INSIDE)), expected)


def data_stay_unchanged(subject: Subject) -> None:
    """Expect that `fit`, `predict` and `sample_y` do not change X and y in place."""
    expect(not subject.first.is_data_changed, "X and y unchanged by fit", "other values")
    model, rows = subject.first.estimator, INSIDE.copy()
    model.predict(rows, return_std=True)
    expect(np.array_equal(rows, INSIDE), "X unchanged by predict", "other values")
    if hasattr(model, "sample_y"):
        model.sample_y(rows, n_samples=2, random_state=subject.seed)
        expect(np.array_equal(rows, INSIDE), "X unchanged by sample_y", "other values")


def globals_stay_unchanged(subject: Subject) -> None:
    """Expect that `fit`, `predict` and `sample_y` leave what the process shares as it was.

    The first fit may import libraries, which bring warning filters of their own: filters are compared from
    the second fit on.
    """
    model = subject.again.estimator
    with watched_globals() as changed_later:
        moments(model, INSIDE)
        if hasattr(model, "sample_y"):
            draws(model, INSIDE, 2, subject.seed)
    first = subject.first.changed_globals - {WARNING_FILTERS}
    changed = sorted({*first, *subject.again.changed_globals, *changed_later})
    expect(not changed, "nothing changed that the process shares", f"a change of {', '.join(changed)}")
