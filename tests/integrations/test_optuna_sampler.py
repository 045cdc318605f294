import copy
import datetime
import pickle
import sys
import threading
import warnings
from importlib import import_module

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF

from bnnopt.exceptions import InvalidDataError, MissingDependencyError, UnknownNameError
from bnnopt.integrations.optuna import BnnSampler

UNIT = {"x": FloatDistribution(0, 1), "y": FloatDistribution(0, 1)}


KERNEL = RBF(0.3, "fixed")


class Smooth(GaussianProcessRegressor):
    """A Gaussian process that is fitted at once, and counts how often."""

    n_fits = 0

    def __init__(self, kernel=KERNEL, alpha=1e-6, normalize_y=True):
        super().__init__(kernel, alpha=alpha, normalize_y=normalize_y)

    def fit(self, X, y):
        Smooth.n_fits += 1
        return super().fit(X, y)


def sampler(**options):
    return BnnSampler(**{"surrogate": Smooth(), "n_candidates": 256, "seed": 0} | options)


def square(trial):
    return (trial.suggest_float("x", 0, 1) - 0.3) ** 2 + (trial.suggest_float("y", 0, 1) - 0.6) ** 2


def params_of(study):
    return [trial.params for trial in study.trials]


def ran(objective, n_trials, chosen=None, **options):
    study = optuna.create_study(sampler=chosen or sampler(), **options)
    study.optimize(objective, n_trials=n_trials, catch=ArithmeticError)
    return study


def told(study, rows, state=TrialState.COMPLETE, **more):
    """Add trials of two parameters: x, y and, of those that have one, a value."""
    for x, y, *value in rows:
        trial = create_trial(
            params={"x": x, "y": y}, distributions=UNIT, state=state, values=value or None, **more
        )
        study.add_trial(trial)


def asked(study, distributions=UNIT):
    return study.ask(distributions).params


def grid_of_values():
    places = [(x, y) for x in (0.05, 0.35, 0.65, 0.95) for y in (0.05, 0.35, 0.65, 0.95)]
    return [(x, y, (x - 0.3) ** 2 + (y - 0.6) ** 2) for x, y in places]


def test_the_minimum_of_a_square_is_found_and_larger_is_better_where_the_study_says_so():
    assert ran(square, 16).best_value < 1e-3
    study = ran(lambda trial: -square(trial), 16, direction="maximize")
    assert study.best_value > -1e-3


def test_the_same_seed_gives_the_same_trials_and_another_seed_others():
    first, again, other = (params_of(ran(square, 8, sampler(seed=seed))) for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_a_sampler_that_was_copied_pickled_or_begun_anew_goes_on_the_same():
    study = ran(square, 7)
    expected = asked(study)
    for same in (copy.deepcopy(study.sampler), pickle.loads(pickle.dumps(study.sampler)), sampler()):
        other = optuna.create_study(sampler=same)
        other.add_trials(study.get_trials(states=[TrialState.COMPLETE]))
        assert asked(other) == expected


def test_one_sampler_serves_two_studies_in_turns():
    chosen = sampler()
    up, down = (optuna.create_study(sampler=chosen, direction=each) for each in ("maximize", "minimize"))
    for study in (up, down):
        told(study, grid_of_values())
    assert asked(up) == pytest.approx({"x": 1, "y": 0}, abs=0.2)
    assert asked(down) == pytest.approx({"x": 0.3, "y": 0.6}, abs=0.1)
    assert asked(up)["x"] > 0.5


def test_new_seeds_give_other_trials():
    study = optuna.create_study(sampler=sampler())
    told(study, grid_of_values()[:3])
    first = asked(study)
    study.sampler.reseed_rng()
    assert asked(study) != first


def test_values_lie_at_steps_and_choices_come_back_as_they_are():
    choices = [None, 1, True, "a", 2.5]
    distributions = {
        "float": FloatDistribution(-0.3, 0.9, step=0.3),
        "int": IntDistribution(3, 12, step=3),
        "log": IntDistribution(1, 1000, log=True),
        "wide": IntDistribution(-(10**15), 10**15),
        "choice": CategoricalDistribution(choices),
    }
    study = optuna.create_study(sampler=sampler(n_startup_trials=3))
    for number in range(6):
        trial = study.ask(distributions)
        params = trial.params
        assert min(abs(params["float"] - np.array([-0.3, 0, 0.3, 0.6, 0.9]))) < 1e-9
        assert params["int"] in (3, 6, 9, 12)
        assert isinstance(params["log"], int)
        assert isinstance(params["wide"], int)
        assert any(params["choice"] is choice for choice in choices)
        study.tell(trial, float(number))


def test_a_space_of_few_settings_is_run_through_and_then_repeated():
    distributions = {"a": CategoricalDistribution([None, "b"]), "n": IntDistribution(0, 2)}
    study = optuna.create_study(sampler=sampler(n_startup_trials=2))
    for _ in range(9):
        trial = study.ask(distributions)
        study.tell(trial, trial.params["n"] + 0.5 * (trial.params["a"] is None))
    settings = [tuple(params.values()) for params in params_of(study)]
    assert len(set(settings[:6])) == 6
    assert set(settings[6:]) <= set(settings[:6])


def test_constraints_that_trials_set_are_kept():
    def objective(trial):
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        trial.set_user_attr("excess", 0.9 - x - y)
        return x + y

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # experimental in Optuna 4, and 5 would rather have set_constraint
        chosen = sampler(constraints_func=lambda trial: (trial.user_attrs["excess"],))
    study = ran(objective, 20, chosen)
    feasible = [trial.value for trial in study.trials if trial.user_attrs["excess"] <= 0]
    assert 0.9 <= min(feasible) < 0.95


def test_trials_without_the_constraints_of_others_are_left_out_and_named():
    study = optuna.create_study(sampler=sampler())
    told(study, grid_of_values()[:8])
    told(study, [(0.1, 0.2, 3.0), (0.6, 0.2, 2.0)], system_attrs={"constraints": (-1.0,)})
    with pytest.warns(UserWarning, match=r"Trials \[0, 1, 2, 3, 4, 5, 6, 7\] are left out"):
        asked(study)


def test_failed_trials_are_learned_from():
    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        if x > 0.6:
            raise ArithmeticError
        return -x

    failed = [trial.state == TrialState.FAIL for trial in ran(objective, 20).trials]
    ignoring = ran(objective, 20, sampler(success_classifier=None))
    n_ignoring = sum(trial.state == TrialState.FAIL for trial in ignoring.trials)
    assert sum(failed) < n_ignoring
    assert ran(objective, 20).best_value < -0.5


@pytest.mark.parametrize("value", [np.inf, 1e200])
def test_an_infinite_value_counts_as_a_failure(value):
    study = optuna.create_study(sampler=sampler())
    told(study, [*grid_of_values(), (0.32, 0.61, value)])
    assert asked(study) == pytest.approx({"x": 0.3, "y": 0.6}, abs=0.15)


def test_an_infinite_constraint_counts_as_a_failure():
    study = optuna.create_study(sampler=sampler())
    told(study, grid_of_values()[:8], system_attrs={"constraints": (-1.0,)})
    told(study, [(0.7, 0.2, 0.1)], system_attrs={"constraints": (float("inf"),)})
    assert set(asked(study)) == {"x", "y"}


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_a_pruned_trial_counts_between_the_median_and_the_worst_of_the_completed_ones(direction):
    def proposed(reported):
        study = optuna.create_study(sampler=sampler(), direction=direction)
        told(study, [(0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (0.0, 1.0, 2.0), (1.0, 0.0, 3.0), (0.4, 0.6, 4.0)])
        told(study, [(0.5, 0.5)], TrialState.PRUNED, intermediate_values={0: -7.0, 1: reported})
        return asked(study)

    worst, beyond, good = (4.0, 90.0, -90.0) if direction == "minimize" else (0.0, -90.0, 90.0)
    assert proposed(beyond) == proposed(worst)
    assert proposed(good) == proposed(2.0)
    assert proposed(worst) != proposed(2.0)


def test_trials_on_their_way_are_not_proposed_again_whoever_asked():
    study = optuna.create_study(sampler=sampler())
    told(study, grid_of_values())
    first = asked(study)
    worker = optuna.load_study(study_name=study.study_name, storage=study._storage, sampler=sampler())
    second = asked(worker)
    assert np.hypot(first["x"] - second["x"], first["y"] - second["y"]) > 0.01


def test_a_trial_that_another_worker_begins_meanwhile_is_not_proposed_again():
    study = optuna.create_study(sampler=sampler())
    told(study, grid_of_values())
    alike = optuna.create_study(sampler=sampler())
    told(alike, grid_of_values())
    first = asked(alike)

    class Meddled(Smooth):
        def fit(self, X, y):
            told(study, [(first["x"], first["y"])], TrialState.RUNNING)
            return super().fit(X, y)

    study.sampler = sampler(surrogate=Meddled())
    second = asked(study)
    assert np.hypot(first["x"] - second["x"], first["y"] - second["y"]) > 0.01


def test_workers_that_ask_in_the_same_instant_with_the_same_seed_are_told_apart():
    study = optuna.create_study(sampler=sampler())
    told(study, grid_of_values())
    places = []
    for _ in range(3):  # none has taken its settings when the next one asks
        worker = optuna.load_study(
            study_name=study.study_name, storage=study._storage, sampler=sampler(surrogate=Smooth())
        )
        places.append(worker.ask())
    found = np.array([[trial.suggest_float(name, 0, 1) for name in "xy"] for trial in places])
    distances = np.linalg.norm(found[:, None] - found, axis=2)[np.triu_indices(3, 1)]
    assert distances.min() > 0.01


def test_a_trial_that_never_took_its_settings_is_forgotten_after_a_while():
    study, alike = (optuna.create_study(sampler=sampler()) for _ in range(2))
    for each, state in ((study, TrialState.RUNNING), (alike, TrialState.FAIL)):
        told(each, grid_of_values())
        died = create_trial(state=state)
        died.datetime_start = datetime.datetime.now() - datetime.timedelta(hours=1)
        each.add_trial(died)
    assert asked(study) == asked(alike)


def test_threads_that_fit_at_the_same_time_are_told_apart():
    study = optuna.create_study(sampler=sampler())
    told(study, grid_of_values())
    all_have_begun = threading.Barrier(3, timeout=60)

    class Together(Smooth):
        def fit(self, X, y):
            all_have_begun.wait()
            return super().fit(X, y)

    def work():
        own = sampler(surrogate=Together())
        found.append(
            asked(optuna.load_study(study_name=study.study_name, storage=study._storage, sampler=own))
        )

    found, threads = [], [threading.Thread(target=work) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len({tuple(params.values()) for params in found}) == 3


def test_the_first_trials_of_workers_with_one_seed_differ():
    study = optuna.create_study(sampler=sampler())
    first = asked(study, {"x": UNIT["x"]})
    study.sampler = sampler()
    assert asked(study, {"x": UNIT["x"]}) != first


def test_what_was_proposed_counts_before_the_objective_has_taken_it():
    study = optuna.create_study(sampler=sampler())
    told(study, grid_of_values())
    trials = [study.ask() for _ in range(2)]
    first, second = (trial.suggest_float("x", 0, 1) for trial in trials)
    rest = [trial.suggest_float("y", 0, 1) for trial in trials]
    assert (first, rest[0]) != (second, rest[1])


def test_a_model_is_fitted_only_when_there_is_something_new():
    study = optuna.create_study(sampler=sampler())
    told(study, grid_of_values())
    Smooth.n_fits = 0
    for _ in range(3):
        asked(study)
    assert Smooth.n_fits == 1
    told(study, [(0.3, 0.61, 0.0)])
    asked(study)
    assert Smooth.n_fits == 2


def test_two_objectives_with_two_directions_spread_along_the_front():
    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        return x, x - (trial.suggest_float("y", 0, 1) - 0.5) ** 2

    study = ran(objective, 13, sampler(surrogate="gaussian_process"), directions=["minimize", "maximize"])
    found = np.array([trial.values for trial in study.trials[7:]])
    assert np.median(found[:, 0] - found[:, 1]) < 0.01
    assert np.ptp(found[:, 0]) > 0.3


def test_parameters_outside_the_common_space_are_sampled_by_themselves():
    class Independent(optuna.samplers.RandomSampler):
        names: tuple[str, ...] = ()

        def sample_independent(self, study, trial, param_name, param_distribution):
            self.names += (param_name,)
            return super().sample_independent(study, trial, param_name, param_distribution)

    def objective(trial):
        kind = trial.suggest_categorical("kind", ["a", "b"])
        return trial.suggest_float("x", 0, 1) + trial.suggest_float(kind, 0, 1)

    independent = Independent(seed=0)
    ran(objective, 6, sampler(independent_sampler=independent))
    assert {*independent.names[:2]} == {"kind", "x"}
    assert {*independent.names[3:]} <= {"a", "b"}


def test_a_range_that_changes_and_a_trial_outside_of_it_do_no_harm():
    study = ran(square, 6)
    study.add_trial(
        create_trial(
            params={"x": 5.0, "y": 0.5},
            distributions={"x": FloatDistribution(0, 10), "y": FloatDistribution(0, 1)},
            value=30.0,
        )
    )
    study.optimize(square, n_trials=3)
    assert all(0 <= params["x"] <= 1 for params in params_of(study)[-3:])


class NeverAsked(optuna.samplers.RandomSampler):
    """Samples nothing one by one."""

    def sample_independent(self, study, trial, param_name, param_distribution):
        raise AssertionError(f"{param_name} was sampled by itself")


def test_a_range_that_has_become_narrower_is_searched_with_the_others_again():
    def narrower(trial):
        return (trial.suggest_float("x", 0.2, 0.6) - 0.3) ** 2 + (trial.suggest_float("y", 0, 1) - 0.6) ** 2

    study = ran(square, 7)
    study.optimize(narrower, n_trials=1)
    study.sampler = sampler(independent_sampler=NeverAsked(seed=0))
    study.optimize(narrower, n_trials=3)
    assert all(0.2 <= params["x"] <= 0.6 for params in params_of(study)[-3:])


def test_trials_without_parameters_do_not_end_the_search():
    study = optuna.create_study(sampler=sampler(independent_sampler=NeverAsked(seed=0)))
    study.add_trial(create_trial(params={}, distributions={}, value=1.0))
    told(study, grid_of_values())
    best = study.best_value
    study.optimize(square, n_trials=2)
    assert study.best_value < best


def test_choices_that_change_are_refused_by_optuna_and_the_study_goes_on():
    def objective(trial, choices):
        return len(trial.suggest_categorical("a", choices)) + trial.suggest_float("x", 0, 1)

    study = ran(lambda trial: objective(trial, ["p", "q"]), 4)
    with pytest.raises(ValueError, match="dynamic value space"):
        study.optimize(lambda trial: objective(trial, ["p", "q", "rr"]), n_trials=1)
    study.optimize(lambda trial: objective(trial, ["p", "q"]), n_trials=2)
    assert study.trials[-1].state == TrialState.COMPLETE


def test_a_storage_that_goes_away_is_told_and_the_study_goes_on_when_it_is_back():
    class Storage(optuna.storages.InMemoryStorage):
        is_away = False

        def get_all_trials(self, *args, **kwargs):
            if self.is_away:
                raise optuna.exceptions.StorageInternalError("away")
            return super().get_all_trials(*args, **kwargs)

    storage = Storage()
    study = ran(square, 6, storage=storage)
    storage.is_away = True
    with pytest.raises(optuna.exceptions.StorageInternalError, match="away"):
        study.optimize(square, n_trials=1)
    storage.is_away = False
    study.optimize(square, n_trials=2)
    assert [trial.state for trial in study.trials[-2:]] == [TrialState.COMPLETE] * 2


def test_brackets_of_a_pruner_each_learn_from_their_own_trials():
    def objective(trial):
        value = square(trial)
        for step in range(3):
            trial.report(value + 1 / (step + 1), step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return value

    pruner = optuna.pruners.HyperbandPruner(max_resource=3)
    study = ran(objective, 12, pruner=pruner)
    assert len(study.trials) == 12


def test_trials_of_several_threads_differ():
    study = optuna.create_study(sampler=sampler())
    study.optimize(square, n_trials=10, n_jobs=2)
    assert len({tuple(params.values()) for params in params_of(study)}) == 10


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"n_initial": 3}, InvalidDataError, r"no parameter \['n_initial'\]; further options are"),
        ({"n_candidates": 1}, InvalidDataError, "n_candidates must be a whole number of at least 2"),
        ({"n_startup_trials": 1}, InvalidDataError, "at least 2, or None, got 1"),
        (
            {"seed": -1, "constraints_func": 3, "independent_sampler": "tpe"},
            InvalidDataError,
            "seed must be .* got -1; constraints_func must be .* got 3; independent_sampler must be .*'tpe'",
        ),
        ({"surrogate": "gaussian_proces"}, UnknownNameError, "gaussian_process"),
        ({"acquisition": "logei"}, UnknownNameError, "log_ei"),
    ],
)
def test_what_cannot_be_used_is_told_at_once(options, error, match):
    with pytest.raises(error, match=match):
        BnnSampler(**options)


def test_without_optuna_it_says_what_to_install(monkeypatch):
    for name in [each for each in sys.modules if each.startswith("bnnopt.integrations.optuna")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingDependencyError, match=r"pip install \"bnnopt\[optuna\]\""):
        import_module("bnnopt.integrations.optuna")
