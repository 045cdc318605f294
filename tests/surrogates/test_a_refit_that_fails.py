"""A refit that fails or is stopped, at whatever instant, leaves the last fit as it was, to the last bit."""

import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import bnnopt
from bnnopt.surrogates import (
    ARDGaussianProcessRegressor,
    BayesianStackingRegressor,
    BoundedRegressor,
    GaussianProcessEnsembleRegressor,
    KerasMCDropoutRegressor,
    MCDropoutRegressor,
)

X = np.random.default_rng(0).uniform(size=(24, 2))
Y = np.sin(4 * X[:, 0]) + X[:, 1]
NEW = np.random.default_rng(1).uniform(size=(5, 2))
PACKAGE = str(Path(bnnopt.__file__).parent)


def processes():
    return GaussianProcessEnsembleRegressor(["matern_5_2"], random_state=0)


def networks(**parameters):
    return MCDropoutRegressor((8,), n_networks=2, max_iter=5, random_state=0, **parameters)


def keras_network(**parameters):
    return KerasMCDropoutRegressor(epochs=2, n_masks=3, random_state=0, **parameters)


MAKE = {
    "ard": lambda: ARDGaussianProcessRegressor(n_restarts_optimizer=1, random_state=0),
    "bounded": lambda: BoundedRegressor(processes(), lower=-9, random_state=0),
    "keras": keras_network,
    "keras, warm": lambda: keras_network(warm_start=True),
    "networks": networks,
    "networks, warm": lambda: networks(warm_start=True),
    "processes": processes,
    "stacking": lambda: BayesianStackingRegressor([("a", processes()), ("b", networks())], random_state=0),
}

BAD_PARAMETERS = {
    "ard": {"n_restarts_optimizer": -1},
    "bounded": {"scale": "cubic"},
    "keras": {"n_masks": "many"},
    "networks": {"n_masks": 0},
    "processes": {"kernels": ["round"]},
    "stacking": {"calibrate": "yes"},
}


@pytest.fixture(params=MAKE)
def model(request):
    return MAKE[request.param]().fit(X, Y)


def kind_of(model):
    names = {type(make()): name for name, make in MAKE.items() if "warm" not in name}
    return names[type(model)]


class Unchanged:
    """What a fitted estimator holds and says, to be compared with later."""

    def __init__(self, model):
        self.model, self.held, self.said = model, dict(vars(model)), answers(model)

    def check(self, *but):
        held = vars(self.model)
        assert set(held) == set(self.held)
        assert [name for name in held if held[name] is not self.held[name] and name not in but] == []
        for mine, theirs in zip(answers(self.model), self.said, strict=True):
            np.testing.assert_array_equal(mine, theirs)


def answers(model):
    levels = model.predict_quantiles(NEW, [0.1, 0.9])
    return *model.predict(NEW, return_std=True), model.sample_y(NEW, 2), levels, model.noise_variance_


def changed_by_a_warm_start(model):
    """A network is stored anew before it is trained on."""
    return ["posterior_"] if kind_of(model) == "keras" and model.warm_start else []


BAD_DATA = {
    "NaN in y": (X, np.where(Y[3] == Y, np.nan, Y)),
    "None in y": (X, [None, *Y[1:]]),
    "text in X": ([*X.astype(str).tolist()[:-1], ["x", "y"]], Y),
    "rows too few": (X[:1], Y[:0]),
    "too far apart": (X, Y * 1e200),
    "other columns": (np.column_stack([X, X])[:, :3], np.where(Y[3] == Y, np.inf, Y)),
}


@pytest.mark.parametrize("data", BAD_DATA.values(), ids=BAD_DATA)
def test_bad_data(model, data):
    last = Unchanged(model)
    with pytest.raises(ValueError, match=r".+"):
        model.fit(*data)
    last.check(*changed_by_a_warm_start(model))


def test_a_bad_parameter(model):
    good = {name: model.get_params()[name] for name in BAD_PARAMETERS[kind_of(model)]}
    said = answers(model)
    model.set_params(**BAD_PARAMETERS[kind_of(model)])
    last = Unchanged(model)
    for mine, theirs in zip(last.said, said, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    with pytest.raises(ValueError, match=r".+"):
        model.fit(X + 1, Y)
    last.check(*changed_by_a_warm_start(model))
    model.set_params(**good).fit(X, Y)


class CtrlC:
    """Stop a call when it enters the n-th function of the package, counted from 1."""

    def __init__(self, n_th=sys.maxsize):
        self.n_th, self.n_calls = n_th, 0

    def __enter__(self):
        self.before = sys.gettrace()
        sys.settrace(self._count)
        return self

    def __exit__(self, *_):
        sys.settrace(self.before)

    def _count(self, frame, event, argument):
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGE):
            self.n_calls += 1
            if self.n_calls == self.n_th:
                raise KeyboardInterrupt


@pytest.mark.parametrize("share", [0.02, 0.2, 0.5, 0.8, 0.99])
def test_ctrl_c_at_any_instant(model, share):
    other = X[:20] + 1, 2 * Y[:20]
    twin = clone(model).fit(X, Y)
    with CtrlC() as counted:
        twin.fit(*other)
    last = Unchanged(model.fit(X, Y))
    with pytest.raises(KeyboardInterrupt), CtrlC(max(2, int(share * counted.n_calls))):
        model.fit(*other)
    last.check(*changed_by_a_warm_start(model))


def test_ctrl_c_in_a_first_fit_leaves_nothing():
    for make in MAKE.values():
        with CtrlC() as counted:
            make().fit(X, Y)
        model = make()
        with pytest.raises(KeyboardInterrupt), CtrlC(int(0.7 * counted.n_calls)):
            model.fit(X, Y)
        assert vars(model).keys() == vars(make()).keys()
        with pytest.raises(NotFittedError):
            model.predict(NEW)


class BrokenStream:
    """Batches that give out when they are gone through for the second time."""

    def __init__(self):
        self.n_times = 0

    def __iter__(self):
        self.n_times += 1
        yield X[:12], Y[:12]
        if self.n_times > 1:
            raise OSError("the disk is gone")
        yield X[12:], Y[12:]


@pytest.mark.parametrize("kind", ["networks", "networks, warm", "processes"])
def test_a_stream_that_breaks_off(kind):
    model = MAKE[kind]().fit(X, Y)
    last = Unchanged(model)
    with pytest.raises(OSError, match="the disk is gone"):
        model.fit_stream(BrokenStream())
    last.check()


@pytest.mark.parametrize("kind", ["bounded", "networks", "stacking"])
def test_a_fit_after_an_earlier_one_that_is_stopped_leaves_both(kind):
    previous, model = MAKE[kind]().fit(X[:20], Y[:20]), MAKE[kind]().fit(X, Y)
    both = Unchanged(previous), Unchanged(model)
    with CtrlC() as counted:
        MAKE[kind]().fit_after(previous, X, Y)
    for share in (0.3, 0.95):
        with pytest.raises(KeyboardInterrupt), CtrlC(int(share * counted.n_calls)):
            model.fit_after(previous, X, Y)
        for each in both:
            each.check()


class Interrupt(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        raise KeyboardInterrupt


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_keras_network_that_was_being_trained_on_goes_back(method):
    model = keras_network(warm_start=True).fit(X, Y)
    last, history = Unchanged(model), dict(model.history_)
    model.set_params(callbacks=[Interrupt()])
    with pytest.raises(KeyboardInterrupt):
        getattr(model, method)(X, Y)
    model.set_params(callbacks=None)
    last.check("posterior_")
    assert model.history_ == history
    twin = keras_network(warm_start=True).fit(X, Y)
    for each in (model, twin):
        getattr(each, method)(X, Y)
    np.testing.assert_allclose(model.predict(NEW), twin.predict(NEW), rtol=1e-4)
