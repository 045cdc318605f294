"""The limit of threads of linear algebra, which is one of the whole process."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import scipy.linalg  # noqa: F401
from threadpoolctl import threadpool_info, threadpool_limits

from bnnopt._threads import one_thread


def n_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_a_block_within_a_block_leaves_the_limit_of_the_outer_one():
    with threadpool_limits(2, user_api="blas"):
        before = n_threads()
        with one_thread():
            with one_thread():
                assert set(n_threads()) == {1}
            assert set(n_threads()) == {1}
        assert n_threads() == before


def test_an_error_in_an_inner_block_takes_all_limits_back():
    with threadpool_limits(2, user_api="blas"):
        before = n_threads()
        with pytest.raises(ZeroDivisionError), one_thread(), one_thread():
            1 / 0  # noqa: B018
        assert n_threads() == before


def test_threads_of_python_have_limits_one_after_the_other():
    def limited():
        with one_thread():
            return n_threads()

    before = n_threads()
    with ThreadPoolExecutor(1) as pool:
        for _ in range(2):
            assert set(pool.submit(limited).result()) == {1}
            assert n_threads() == before
            assert set(limited()) == {1}
