"""Give tasks to workers, try those that failed again elsewhere, and go on."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

MAX_ATTEMPTS = 3  # at one task
# Tasks that fail one after the other, without a good one between. Then the next ones
# are taken from the other end. If as many of these fail, something is wrong with all
# tasks, and hours of trying would not fix it.
MAX_FAILED = 5


class StopError(Exception):
    """No further task can succeed: the disk is full, the cluster is gone."""


class UnfitError(Exception):
    """This worker must get no tasks, though others may succeed."""


class Task(NamedTuple):
    """A piece of work.

    Attributes:
        number: of the task, from 0.
        item: what to work on.
    """

    number: int
    item: Any


class Attempt(NamedTuple):
    """A task that ended.

    Attributes:
        task: which.
        worker: who had it.
        result: of the work, None if it failed.
        error: why it failed, "" if it did not.
        is_final: trying any task again is of no use.
        is_unfit: this worker must get no task; it did not try this one.
    """

    task: Task
    worker: str
    result: Any = None
    error: str = ""
    is_final: bool = False
    is_unfit: bool = False


class Pool(ABC):
    """Workers that do one kind of work."""

    @abstractmethod
    def submit(self, task: Task, avoid: str) -> bool:
        """Give a task to a worker.

        Args:
            task: to do.
            avoid: a worker that failed at it, "" for none.

        Returns:
            False if nobody is free who may have it; nothing is done then.

        Raises:
            StopError: there are no workers any more.
        """

    @abstractmethod
    def wait(self) -> Attempt:
        """Wait for the next task that ends, well or not.

        Raises:
            StopError: there are no workers any more.
        """

    def exclude(self, worker: str, reason: str) -> None:
        """Give a worker no task any more.

        Raises:
            StopError: there are no others.
        """
        raise StopError(f"{worker}: {reason}")

    @abstractmethod
    def close(self) -> None:
        """End the workers, in the middle of their tasks if need be."""


def run_tasks(pool: Pool, items: Iterable[Any]) -> Iterator[Attempt]:
    """Do some work on each item.

    An item whose work fails is tried again, by another worker if there is one, three
    times in all. The caller closes the pool.

    Args:
        pool: of workers.
        items: to work on.

    Yields:
        The last attempt at each item, as they end. Items that are not tried, because
        all others fail, are left out.

    Raises:
        StopError: see `Pool`.
    """
    queue = _Queue(items)
    attempts: dict[int, int] = {}
    in_flight = failed = 0
    while True:
        in_flight += queue.give_out(pool)
        if not in_flight:
            return
        attempt = pool.wait()
        in_flight -= 1
        if attempt.is_final:
            raise StopError(attempt.error)
        if attempt.is_unfit:
            pool.exclude(attempt.worker, attempt.error)
            queue.repeat(attempt)
            continue
        number = attempt.task.number
        attempts[number] = attempts.get(number, 0) + 1
        if attempt.error and attempts[number] < MAX_ATTEMPTS and queue.is_open:
            queue.repeat(attempt)
            continue
        del attempts[number]
        failed = failed + 1 if attempt.error else 0
        queue.is_reversed = failed >= MAX_FAILED
        if failed == 2 * MAX_FAILED:
            queue.close()
        yield attempt


class _Queue:
    """Tasks that wait for a worker, those to be tried again first.

    Attributes:
        is_open: the tasks that wait are still to be tried.
        is_reversed: the last tasks come first.
    """

    def __init__(self, items: Iterable[Any]) -> None:
        """Number the items."""
        self.is_open, self.is_reversed = True, False
        self._fresh = deque(enumerate(items))
        self._repeated: deque[tuple[Task, str]] = deque()  # and the workers to avoid

    def give_out(self, pool: Pool) -> int:
        """Give tasks to the workers that are free; say how many."""
        given = 0
        for _ in range(len(self._repeated)):
            task, avoid = self._repeated.popleft()
            if pool.submit(task, avoid):
                given += 1
            else:
                self._repeated.append((task, avoid))
        while self._fresh:
            end = -1 if self.is_reversed else 0
            if not pool.submit(Task(*self._fresh[end]), ""):
                break
            del self._fresh[end]
            given += 1
        return given

    def repeat(self, attempt: Attempt) -> None:
        """Let a task that failed wait for another worker."""
        self._repeated.append((attempt.task, attempt.worker))

    def close(self) -> None:
        """Give nothing out any more."""
        self.is_open = False
        self._fresh.clear()
        self._repeated.clear()
