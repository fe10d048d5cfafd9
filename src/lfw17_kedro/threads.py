"""Threads: how many this process may use, and a function that works ahead in some."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

MAX_THREADS = 4  # as fast as the networks; more would take their cores
# NumPy's linear algebra reads these when it is loaded, TensorFlow its own when it runs
# its first operation.
VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)

_share: list[int] = []  # of the cores, once it is limited

Item = TypeVar("Item")
Result = TypeVar("Result")


def count_cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def limit_threads(threads: int) -> None:
    """Limit the threads of a process that has not used its networks yet.

    Args:
        threads: at least 1, of the networks and of `map_ahead`.
    """
    os.environ.update(dict.fromkeys(VARIABLES, str(threads)))
    _share[:] = [threads]


def map_ahead(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    max_ahead: int,
    threads: int | None = None,
) -> Iterator[Result]:
    """Apply a function in threads while the caller works on earlier results.

    `Executor.map` would first take all items, and hold a future for each.

    Args:
        function: one that lets other threads run meanwhile, as Pillow's do.
        items: taken one by one, in the caller's thread.
        max_ahead: how many results may be ready before the caller takes them.
        threads: number of threads; None for one per core of this process, `MAX_THREADS`
            at most.

    Yields:
        The results, in the order of the items.
    """
    results: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(threads or min(MAX_THREADS, *_share, count_cores()))
    try:
        for item in items:
            results.append(pool.submit(function, item))
            if len(results) > max_ahead:
                yield results.popleft().result()
        while results:
            yield results.popleft().result()
    finally:  # the caller may have had enough
        pool.shutdown(cancel_futures=True)
