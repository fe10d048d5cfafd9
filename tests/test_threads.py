import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfw17_kedro.threads import map_ahead


@given(ids=st.lists(st.integers(0, 255), max_size=30), max_ahead=st.integers(0, 9))
def test_results_come_in_the_order_of_the_items(ids, max_ahead):
    assert list(map_ahead(np.negative, ids, max_ahead)) == [-n for n in ids]


def test_no_more_results_wait_than_the_bound():
    def work(item):
        with lock:
            begun.append(item)
        return item

    begun, lock = [], threading.Lock()
    ahead = map_ahead(work, range(50), max_ahead=3)

    for taken in range(10):
        assert next(ahead) == taken
        assert len(begun) <= taken + 1 + 3
    ahead.close()


def test_an_error_comes_where_its_result_would():
    ahead = map_ahead(lambda item: 1 / item, [1, 0, 1], max_ahead=2)

    assert next(ahead) == 1
    with pytest.raises(ZeroDivisionError):
        next(ahead)


def test_items_are_taken_a_few_at_a_time():
    taken = []

    def items():
        for i in range(10_000):
            taken.append(i)
            yield i

    results = map_ahead(lambda i: i, items(), 32, 2)

    assert [next(results) for _ in range(10)] == list(range(10))
    assert len(taken) == 10 + 32


def test_what_waits_is_not_done_when_the_caller_has_enough(monkeypatch):
    done, go_on = [], threading.Event()
    shut_down = ThreadPoolExecutor.shutdown

    def work(i):
        if i:
            go_on.wait()
        done.append(i)
        return i

    def go_on_after_cancelling(pool, **options):
        shut_down(pool, **options | {"wait": False})
        go_on.set()
        shut_down(pool, **options)

    monkeypatch.setattr(ThreadPoolExecutor, "shutdown", go_on_after_cancelling)
    results = map_ahead(work, range(1000), 16, 1)
    assert next(results) == 0
    results.close()

    assert done[0] == 0
    assert len(done) <= 2  # the one that was being done
