"""Apply a function in threads, for any number of items, a few ahead of the caller."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

MAX_THREADS = 4  # as fast as the networks; more would take their cores

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_ahead(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    max_ahead: int,
    threads: int | None = None,
) -> Iterator[Result]:
    """Apply a function in threads while the caller works on earlier results.

    `Executor.map` would first take all items, and hold a future for each.

    Args:
        function: Pillow's, for one, lets other threads run meanwhile.
        items: taken one by one, in the caller's thread.
        max_ahead: how many results may be ready before the caller takes them.
        threads: None for one a core, `MAX_THREADS` at most.

    Yields:
        The results, in the order of the items.
    """
    results: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(threads or min(MAX_THREADS, os.cpu_count() or 1))
    try:
        for item in items:
            results.append(pool.submit(function, item))
            if len(results) > max_ahead:
                yield results.popleft().result()
        while results:
            yield results.popleft().result()
    finally:  # the caller may have had enough
        pool.shutdown(cancel_futures=True)
