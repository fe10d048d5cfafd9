"""Workers that are processes of this machine, spawned: TensorFlow cannot be forked."""

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for_any
from typing import Any

from lfw17_kedro.compute.local import attempt_task
from lfw17_kedro.compute.tasks import Attempt, Pool, Task
from lfw17_kedro.messages import describe_error
from lfw17_kedro.threads import count_cores, limit_threads

logger = logging.getLogger(__name__)

CONTEXT = multiprocessing.get_context("spawn")
NAME = "process {}"
DIED = "the process died: it was killed, or needed more memory than there is"
ORPHANED = 1  # exit status of a worker whose run is gone


class ProcessPool(Pool):
    """A number of processes, each with its own networks.

    Each is an executor of one process, so that one that dies takes no task of another
    with it; a new one takes its place.
    """

    def __init__(self, work: Callable[[Any], Any], workers: int) -> None:
        """Start nothing yet: a process starts with its first task.

        Args:
            work: can be pickled.
            workers: number of processes; they share the cores.
        """
        self._work = work
        self._threads = max(1, count_cores() // workers)
        # Never written to: it ends when it is closed, and when this process dies.
        self._lifeline, self._alive = CONTEXT.Pipe(duplex=False)
        self._executors = [self._make_executor() for _ in range(workers)]
        self._tasks: dict[Future[Attempt], tuple[Task, int]] = {}

    def submit(self, task: Task, avoid: str) -> bool:
        """Give a task to a process that has none."""
        busy = {slot for _, slot in self._tasks.values()}
        slots = [slot for slot in range(len(self._executors)) if slot not in busy]
        if len(self._executors) > 1:
            slots = [slot for slot in slots if NAME.format(slot) != avoid]
        if not slots:
            return False
        slot = slots[0]
        try:
            future = self._executors[slot].submit(
                attempt_task, self._work, task, NAME.format(slot)
            )
        except BrokenProcessPool:  # it died between two tasks
            self._replace(slot)
            return self.submit(task, avoid)
        self._tasks[future] = (task, slot)
        return True

    def wait(self) -> Attempt:
        """Wait for a process to end its task, or to die."""
        future = next(iter(wait(self._tasks, return_when=FIRST_COMPLETED).done))
        task, slot = self._tasks.pop(future)
        try:
            return future.result()
        except BrokenProcessPool:
            self._replace(slot)
            logger.warning("%s died; another takes its place.", NAME.format(slot))
            return Attempt(task, NAME.format(slot), error=DIED)
        except Exception as error:  # the task or its result could not be sent
            return Attempt(
                task, NAME.format(slot), error=describe_error(error, with_type=True)
            )

    def close(self) -> None:
        """End the processes."""
        self._alive.close()
        for executor in self._executors:
            executor.shutdown(wait=True, cancel_futures=True)
        self._lifeline.close()

    def _make_executor(self) -> ProcessPoolExecutor:
        """Prepare one process."""
        return ProcessPoolExecutor(
            1,
            CONTEXT,
            initializer=_start_worker,
            initargs=(self._lifeline, self._threads),
        )

    def _replace(self, slot: int) -> None:
        """Put a new process in the place of a dead one."""
        self._executors[slot].shutdown(wait=False)
        self._executors[slot] = self._make_executor()


def _start_worker(lifeline: Connection, threads: int) -> None:
    """Make a process a worker: it ends with its run, and only the run takes Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_run, args=(lifeline,), daemon=True).start()
    limit_threads(threads)


def _end_with_run(lifeline: Connection) -> None:
    """End this process with its run, which may be killed: it would wait for ever."""
    wait_for_any([lifeline])
    os._exit(ORPHANED)
