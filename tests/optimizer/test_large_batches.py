"""Many rows at once: those of candidates that are all scored each time, and a sign of how far it is."""

import pickle

import numpy as np
import pytest

from bnnopt import Real, SearchSpace
from bnnopt.acquisition import ACQUISITIONS
from bnnopt.exceptions import InvalidDataError
from bnnopt.optimizer._batch import Request
from bnnopt.optimizer._maximum._candidates import Candidates
from bnnopt.optimizer._maximum._draws import batch_by_draws
from bnnopt.optimizer._progress import progress, unseen

SPACE = SearchSpace([Real("x", 0, 1), Real("z", 0, 1)])


def greedy(draws, best, n):
    """Take the candidate that joined with those before improves most on the best, one after the other."""
    chosen = []
    for _ in range(n):
        known = draws[:, chosen]
        scores = ACQUISITIONS["q_ei"].score(draws, best=best, chosen=known)
        scores[chosen] = -np.inf
        chosen.append(int(np.argmax(scores)))
    return chosen


def test_a_batch_is_that_of_all_candidates_scored_each_time(make_told):
    told = make_told(SPACE, acquisition="q_ei", n=8, n_draws=128, surrogate="gaussian_process_ensemble")
    search = told._proposals.search(told.space, Request())
    pool = Candidates.of(search, search.everywhere(300, np.random.default_rng(0)))
    found = batch_by_draws(search, pool, 12)
    draws = search.model.draws(pool.points, 128, search.seed)[0]
    mean, std = (part[:, 0] for part in search.model.moments(pool.points))
    utilities = -(mean + (draws - draws.mean(axis=0)) * std / draws.std(axis=0))
    assert found.tolist() == greedy(utilities, search.situation.best, 12)


@pytest.mark.parametrize("surrogate", ["gaussian_process_ensemble", None])
def test_a_bar_shows_how_many_rows_are_found_where_it_is_asked_for(make_told, capsys, surrogate):
    options = {} if surrogate is None else {"surrogate": surrogate}
    told = make_told(SPACE, n=8, n_candidates=64, n_draws=32, **options)
    told.ask(2)
    assert capsys.readouterr().err == ""
    told.ask(5, verbose=True)
    assert "5/5" in capsys.readouterr().err
    told.ask(1, verbose=True)
    assert "1/1" in capsys.readouterr().err


@pytest.mark.parametrize("verbose", ["loud", 2, [True, False], np.array([1, 0])])
def test_verbose_is_a_flag(make_told, verbose):
    with pytest.raises(InvalidDataError, match="verbose must be True or False, got "):
        make_told(SPACE).ask(2, verbose=verbose)


def test_a_bar_stays_in_its_process():
    with progress(4, is_shown=True) as tick:
        tick(1)
        assert pickle.loads(pickle.dumps(tick)) is unseen
