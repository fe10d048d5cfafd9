import threading

import pytest

from lfw17_kedro.datasets.map_ahead import WAITING, map_ahead


@pytest.mark.parametrize("count", [0, 1, 5, 100])
def test_results_come_in_the_order_of_the_items(count):
    assert list(map_ahead(lambda i: 2 * i, range(count), 3)) == [
        2 * i for i in range(count)
    ]


def test_items_are_taken_a_few_at_a_time():
    taken = []

    def items():
        for i in range(10_000):
            taken.append(i)
            yield i

    results = map_ahead(lambda i: i, items(), 2)

    assert [next(results) for _ in range(10)] == list(range(10))
    assert len(taken) == 10 + 2 * WAITING


def test_an_error_ends_it():
    with pytest.raises(ZeroDivisionError):
        list(map_ahead(lambda i: 1 // i, [1, 0, 1], 2))


def test_what_waits_is_not_done_when_the_caller_has_enough():
    done, go_on = [], threading.Event()

    def work(i):
        if i:
            go_on.wait()
        done.append(i)
        return i

    results = map_ahead(work, range(1000), 1)
    threading.Timer(0.1, go_on.set).start()
    assert next(results) == 0
    results.close()

    assert done[0] == 0
    assert len(done) <= 2  # the one that was being done
