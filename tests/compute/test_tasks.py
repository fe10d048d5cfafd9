"""`run_tasks`: who gets which task, and what becomes of those that fail."""

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfw17_kedro.compute.local import LocalPool
from lfw17_kedro.compute.tasks import (
    MAX_ATTEMPTS,
    MAX_FAILED,
    Attempt,
    Pool,
    StopError,
    UnfitError,
    run_tasks,
)


class FakePool(Pool):
    """Workers that fail as they are told, and end their tasks in the order given."""

    def __init__(self, workers, fails):
        self.free = deque(workers)
        self.n_workers = len(workers)
        self.fails = fails  # (item, worker) -> bool
        self.running = deque()
        self.log = []

    def submit(self, task, avoid):
        for worker in self.free:
            if worker != avoid or self.n_workers == 1:
                self.free.remove(worker)
                self.running.append((task, worker))
                self.log.append((task.item, worker))
                return True
        return False

    def wait(self):
        task, worker = self.running.popleft()
        self.free.append(worker)
        if self.fails(task.item, worker):
            return Attempt(task, worker, error="no luck")
        return Attempt(task, worker, task.item.upper())

    def close(self):
        pass


@given(items=st.lists(st.characters(codec="ascii"), max_size=9), n=st.integers(1, 4))
def test_every_item_is_done_once(items, n):
    pool = FakePool("wxyz"[:n], fails=lambda item, worker: False)

    attempts = list(run_tasks(pool, items))

    assert sorted(one.task.number for one in attempts) == list(range(len(items)))
    assert all(one.result == one.task.item.upper() for one in attempts)
    assert len(pool.log) == len(items)


def test_failed_task_goes_to_another_worker():
    pool = FakePool("xy", fails=lambda item, worker: (item, worker) == ("a", "x"))

    attempts = list(run_tasks(pool, "ab"))

    assert {one.task.item: one.result for one in attempts} == {"a": "A", "b": "B"}
    assert [worker for item, worker in pool.log if item == "a"] == ["x", "y"]


def test_task_that_fails_everywhere_is_given_up_and_the_others_are_done():
    pool = FakePool("xy", fails=lambda item, worker: item == "b")

    attempts = list(run_tasks(pool, "abc"))

    errors = {one.task.item: one.error for one in attempts}
    assert errors == {"a": "", "b": "no luck", "c": ""}
    assert sum(item == "b" for item, _ in pool.log) == MAX_ATTEMPTS == 3


def test_when_task_after_task_fails_from_both_ends_the_rest_is_left():
    pool = FakePool("x", fails=lambda item, worker: True)
    items = "abcdefghijklmnopqrstuvwxyz"

    attempts = list(run_tasks(pool, items))

    assert MAX_FAILED == 5
    assert "".join(one.task.item for one in attempts) == "abcdezyxwv"
    assert all(one.error == "no luck" for one in attempts)


def test_bad_tasks_at_the_beginning_do_not_keep_the_others_from_being_done():
    pool = FakePool("x", fails=lambda item, worker: item in "abcde")

    attempts = list(run_tasks(pool, "abcdefghij"))

    done = {one.task.item for one in attempts if not one.error}
    assert done == set("fghij")


class PickyPool(FakePool):
    """Workers of which some are unfit."""

    def __init__(self, workers, unfit):
        super().__init__(workers, fails=lambda item, worker: False)
        self.unfit, self.excluded = unfit, []

    def wait(self):
        attempt = super().wait()
        if attempt.worker not in self.unfit:
            return attempt
        return Attempt(attempt.task, attempt.worker, error="other", is_unfit=True)

    def exclude(self, worker, reason):
        self.excluded.append((worker, reason))
        self.free.remove(worker)


def test_worker_that_is_unfit_costs_no_attempt_and_gets_no_more_tasks():
    pool = PickyPool("vwxyz", unfit="vwxy")

    attempts = list(run_tasks(pool, "abcdefg"))

    assert {one.task.item: one.result for one in attempts} == {
        item: item.upper() for item in "abcdefg"
    }
    assert sorted(pool.excluded) == [(worker, "other") for worker in "vwxy"]
    assert len(pool.log) == len("abcdefg") + len("vwxy")


def test_only_worker_that_is_unfit_ends_all():
    def work(item):
        raise UnfitError("other software")

    with pytest.raises(StopError, match="this process: other software"):
        list(run_tasks(LocalPool(work), "ab"))


def test_success_between_failures_gives_hope():
    pool = FakePool("x", fails=lambda item, worker: item in "bcdfghjk")
    items = "bcdabcdabcdabcda"

    assert len(list(run_tasks(pool, items))) == len(items)


def test_work_that_says_stop_ends_all():
    done = []

    def work(item):
        done.append(item)
        if item == "b":
            raise StopError("the disk is full")

    with pytest.raises(StopError, match="the disk is full"):
        list(run_tasks(LocalPool(work), "abc"))
    assert done == ["a", "b"]


def test_errors_of_any_kind_are_kept_in_one_line():
    def work(item):
        raise MemoryError if item == "a" else ValueError("two\nlines")

    attempts = list(run_tasks(LocalPool(work), "ab"))

    assert [one.error for one in attempts] == [
        "MemoryError",
        "ValueError: two lines",
    ]


def test_waiting_without_a_task_is_a_mistake():
    with pytest.raises(StopError, match="expected a task to wait for"):
        LocalPool(str).wait()
