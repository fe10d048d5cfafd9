"""Workers of a Dask cluster: one that runs already, or one on this machine."""

import logging
import time
from collections.abc import Callable
from threading import Lock
from typing import Any
from uuid import uuid4

from lfw17_kedro.compute.local import attempt_task
from lfw17_kedro.compute.tasks import (
    Attempt,
    Pool,
    StopError,
    Task,
    describe_error,
)
from lfw17_kedro.compute.threads import count_cores, limit_threads

logger = logging.getLogger(__name__)

QUEUED = 2  # tasks that a worker has: the one that it does, and the next
CONNECT_SECONDS = 30
LOST_SECONDS = 30  # without scheduler or workers, until the run gives up
LOOK_SECONDS = 1.0  # between two looks at the workers
WAIT_SECONDS = 0.02  # between two looks at the tasks

_one_at_a_time = Lock()  # in a worker: its threads are for one task's networks


class DaskPool(Pool):
    """The workers of a cluster, also those that come later.

    Dask itself gives the task of a worker that dies to another. A task of which
    several workers died counts as failed.
    """

    def __init__(
        self, work: Callable[[Any], Any], address: str | None, workers: int
    ) -> None:
        """Connect, or start a cluster on this machine.

        Args:
            work: can be pickled; it is sent with every task.
            address: of the scheduler, tcp://host:8786 for one; None for a new cluster.
            workers: processes of a new cluster; they share the cores.

        Raises:
            StopError: the package is missing, or nothing answers at the address.
        """
        try:
            import dask
            import distributed
        except ImportError as error:
            raise StopError(
                "compute.engine: expected the package distributed for dask, got none; "
                "run `pip install 'lfw17-kedro[dask]'`."
            ) from error
        self._work = work
        self._cluster = None
        # Dask keeps the last 1,000 messages to each process: ours hold lists of photos.
        dask.config.set({"distributed.admin.low-level-log-length": 0})
        try:
            if address is None:
                self._cluster = distributed.LocalCluster(
                    n_workers=workers,
                    threads_per_worker=max(1, count_cores() // workers),
                    dashboard_address=":0",
                )
            self._client = distributed.Client(
                self._cluster or address, timeout=CONNECT_SECONDS, set_as_default=False
            )
        except (OSError, ValueError, TypeError) as error:
            raise StopError(
                f"compute.address: expected a Dask scheduler at {address}, got: "
                f"{describe_error(error)}; start one with `dask scheduler`, and give "
                "the address that it prints."
            ) from error
        logger.info("Dask: dashboard at %s", self._client.dashboard_link)
        self._ended = distributed.as_completed(
            loop=self._client.loop, with_results=True, raise_errors=False
        )
        self._tasks: dict[str, Task] = {}
        self._workers: list[str] = []
        self._looked = self._well = time.monotonic()
        self._look()

    def submit(self, task: Task, avoid: str) -> bool:
        """Give a task to the scheduler, two for each worker at a time."""
        if len(self._tasks) >= QUEUED * max(1, len(self._list_workers())):
            return False
        others = [worker for worker in self._workers if avoid and worker != avoid]
        future = self._client.submit(
            _attempt_on_worker,
            self._work,
            task,
            key=f"task-{task.number}-{uuid4().hex}",
            pure=False,
            workers=others or None,
            allow_other_workers=bool(others),  # they may be gone by then
        )
        self._tasks[future.key] = task
        self._ended.add(future)
        return True

    def wait(self) -> Attempt:
        """Wait for the scheduler to report a task that ended."""
        while not self._ended.has_ready():
            self._list_workers()
            time.sleep(WAIT_SECONDS)
        future, result = next(self._ended)
        task = self._tasks.pop(future.key)
        if future.status == "finished":
            attempt: Attempt = result
            return attempt
        if future.status in ("cancelled", "lost"):
            raise StopError(self._describe_loss("it is gone, or has lost a task"))
        error = result[1]
        worker = getattr(getattr(error, "last_worker", None), "address", "")
        return Attempt(task, worker, error=describe_error(error))

    def close(self) -> None:
        """Give up what is not done, and end a cluster that was started here."""
        self._ended.clear()
        self._client.close(timeout=CONNECT_SECONDS)
        if self._cluster is not None:
            self._cluster.close(timeout=CONNECT_SECONDS)

    def _list_workers(self) -> list[str]:
        """List the addresses of the workers, as they were a moment ago.

        Raises:
            StopError: scheduler or workers are gone for long.
        """
        if time.monotonic() - self._looked > LOOK_SECONDS:
            self._look()
        return self._workers

    def _look(self) -> None:
        """Ask the scheduler for its workers."""
        problem = "it does not answer"
        if self._client.status == "running":
            try:
                self._workers = sorted(self._client.nthreads())
                problem = "" if self._workers else "it has no workers"
            except (OSError, TimeoutError):
                pass  # the client tries to connect again
        self._looked = time.monotonic()
        if not problem:
            self._well = self._looked
        elif self._looked - self._well > LOST_SECONDS:
            raise StopError(self._describe_loss(problem))

    def _describe_loss(self, problem: str) -> str:
        """Say what is lost, and what to do."""
        address = self._client.scheduler.addr if self._client.scheduler else "?"
        return (
            f"compute.address: expected a Dask scheduler with workers at {address}, "
            f"but {problem}; what was finished is kept: start `dask scheduler` and "
            "`dask worker ADDRESS` again, then this run."
        )


def _attempt_on_worker(work: Callable[[Any], Any], task: Task) -> Attempt:
    """Do a task in a worker of the cluster, one at a time in each process."""
    from distributed import get_worker

    worker = get_worker()
    with _one_at_a_time:
        limit_threads(worker.state.nthreads)
        return attempt_task(work, task, worker.address)
