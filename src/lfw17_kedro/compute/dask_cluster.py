"""Workers of a Dask cluster: one that runs already, or one on this machine."""

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import contextmanager, suppress
from multiprocessing.resource_tracker import ensure_running
from threading import Lock
from typing import Any
from uuid import uuid4

from lfw17_kedro.compute.local import attempt_task
from lfw17_kedro.compute.tasks import Attempt, Pool, StopError, Task
from lfw17_kedro.messages import advise_extra, describe_error
from lfw17_kedro.threads import count_cores, limit_threads

logger = logging.getLogger(__name__)

SETTINGS = {  # set before distributed is imported, which sets up its logs then
    # Dask keeps the last 1,000 messages to each process: ours hold lists of photos.
    "distributed.admin.low-level-log-length": 0,
    # A task of which a worker dies comes back at once, and is counted here.
    "distributed.scheduler.allowed-failures": 0,
    # What matters comes back with the tasks. When the client of a cluster with tasks
    # under way closes, as after Ctrl-C, Tornado logs tracebacks of lost connections.
    "logging": {"distributed": "critical", "tornado.application": "critical"},
}
QUEUED = 2  # tasks that a worker has: the one that it does, and the next
CONNECT_SECONDS = 30
LOST_SECONDS = 30  # without scheduler or workers, until the run gives up
LOOK_SECONDS = 1.0  # between two looks at the workers
WAIT_SECONDS = 0.02  # while there is no worker to give a task to

_one_at_a_time = Lock()  # in a worker: its threads are for one task's networks


class DaskPool(Pool):
    """The workers of a cluster, also those that come later.

    A scheduler of your own may itself give the task of a worker that dies to others,
    three times by default, before it counts as failed.
    """

    def __init__(
        self, work: Callable[[Any], Any], address: str | None, workers: int
    ) -> None:
        """Connect, or start a cluster on this machine.

        Args:
            work: can be pickled; it is sent with every task.
            address: address of the scheduler, for example tcp://host:8786; None for a
                new cluster.
            workers: processes of a new cluster; they share the cores.

        Raises:
            StopError: the package is missing, or nothing answers at the address.
        """
        self._work = work
        self._cluster, self._client = _connect(address, workers)
        logger.info("Dask: dashboard at %s", self._client.dashboard_link)
        self._tasks: dict[Future[Attempt], Task] = {}
        self._workers: list[str] = []
        self._unfit: dict[str, str] = {}  # workers that must get no task, and why
        self._looked = self._well = time.monotonic()
        self._look()

    def submit(self, task: Task, avoid: str) -> bool:
        """Give a task to the scheduler, two for each worker at a time."""
        while self._unfit and not self._list_workers() and not self._tasks:
            time.sleep(WAIT_SECONDS)  # a fit one may come yet
        if self._unfit and not self._workers:
            return False
        if len(self._tasks) >= QUEUED * max(1, len(self._list_workers())):
            return False
        others = [worker for worker in self._workers if worker != avoid]
        is_limited = bool(others) and (bool(avoid) or bool(self._unfit))
        future = self._client.submit(
            _attempt_on_worker,
            self._work,
            task,
            key=f"task-{task.number}-{uuid4().hex}",
            pure=False,
            workers=others if is_limited else None,
            # Those chosen may be gone by then.
            allow_other_workers=is_limited and not self._unfit,
        )
        loop = self._client.loop.asyncio_loop
        self._tasks[asyncio.run_coroutine_threadsafe(_gather(future), loop)] = task
        return True

    def wait(self) -> Attempt:
        """Wait for the result of a task, or the news that there will be none.

        The result of a worker that dies before it has given it is made again.
        """
        done: set[Future[Attempt]] = set()
        while not done:
            self._list_workers()
            done = wait(self._tasks, LOOK_SECONDS, FIRST_COMPLETED).done
        future = done.pop()
        task = self._tasks.pop(future)
        try:
            return future.result()
        except CancelledError as error:
            loss = self._describe_loss("it is gone, or has lost a task")
            raise StopError(loss) from error
        except Exception as error:  # as where its worker died
            worker = getattr(getattr(error, "last_worker", None), "address", "")
            return Attempt(task, worker, error=describe_error(error, with_type=True))

    def exclude(self, worker: str, reason: str) -> None:
        """Give a worker no task any more; the others may be fit."""
        logger.warning("%s gets no photos: %s", worker, reason)
        self._unfit[worker] = reason
        self._look()

    def close(self) -> None:
        """Give up what is not done, and end a cluster that was started here."""
        for one in (self._client, self._cluster):
            if one is not None:
                with suppress(
                    OSError, TimeoutError, RuntimeError
                ):  # it is gone already
                    one.close(timeout=CONNECT_SECONDS)

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
            # A scheduler that is gone is no error yet: the client connects again.
            with suppress(OSError, TimeoutError, RuntimeError):
                found = self._client.scheduler_info(n_workers=-1)["workers"]
                fit = {one: found[one] for one in found if one not in self._unfit}
                self._workers = sorted(fit)
                problem = _find_problem([one["status"] for one in fit.values()])
                if not fit and found:
                    problem = f"no worker is fit: {next(iter(self._unfit.values()))}"
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


def _connect(address: str | None, workers: int) -> tuple[Any, Any]:
    """Give the cluster, None for one that runs already, and its client.

    Raises:
        StopError: the package is missing, nothing answers, or no cluster starts.
    """
    try:
        import dask

        dask.config.set(SETTINGS)
        import distributed
    except ImportError as error:
        raise StopError(
            "compute.engine: expected the package distributed for dask, got none; "
            f"run {advise_extra('dask')}."
        ) from error
    cluster = None
    try:
        if address is None:
            with _hold_interrupts():
                cluster = distributed.LocalCluster(
                    n_workers=workers,
                    threads_per_worker=max(1, count_cores() // workers),
                    memory_limit=None,  # as processes have: Dask's own may be too low
                    dashboard_address="127.0.0.1:0",
                    silence_logs=logging.CRITICAL,
                )
        client = distributed.Client(
            cluster or address, timeout=CONNECT_SECONDS, set_as_default=False
        )
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        if cluster is not None:
            cluster.close()
        wanted = "a Dask scheduler at compute.address=" + str(address)
        step = "start one with `dask scheduler`, and give the address that it prints"
        if address is None:
            wanted = "to start a Dask cluster on this machine"
            step = "use compute.engine=processes, or start one with `dask scheduler`"
        raise StopError(
            f"expected {wanted}, got: {describe_error(error, with_type=True)}; {step}."
        ) from error
    return cluster, client


@contextmanager
def _hold_interrupts() -> Iterator[None]:
    """Let Ctrl-C wait, and never reach processes that are started meanwhile.

    A terminal sends it to all of them. The run alone takes it and ends the workers,
    which inherit the mask; else each would print tracebacks. Windows has no masks.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    ensure_running()  # where multiprocessing starts its tracker, it takes the mask off
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _find_problem(statuses: Sequence[str]) -> str:
    """Say what is wrong with all workers, "" if one can work."""
    if not statuses:
        return "it has no workers"
    if all(status == "paused" for status in statuses):
        return "all its workers are short of memory; give them --memory-limit 0"
    return ""


async def _gather(future: Any) -> Attempt:
    """Wait, in the client's thread, for the result of a task of Dask."""
    attempt: Attempt = await future
    return attempt


def _attempt_on_worker(work: Callable[[Any], Any], task: Task) -> Attempt:
    """Do a task in a worker of the cluster, one at a time in each process."""
    from distributed import get_worker

    worker = get_worker()
    with _one_at_a_time:
        limit_threads(worker.state.nthreads)
        return attempt_task(work, task, worker.address)
