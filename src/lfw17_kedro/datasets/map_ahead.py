"""Call a function in threads for any number of items, few of them at a time."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

WAITING = 16  # items for each thread that wait, or whose results do


def map_ahead(
    function: Callable[[Item], Result], items: Iterable[Item], threads: int
) -> Iterator[Result]:
    """Apply a function in threads, a limited number of items ahead of the caller.

    `Executor.map` would first take all items, and hold a future for each.

    Args:
        function: waits for a disk or a network.
        items: taken one by one, in the caller's thread.
        threads: at least 1.

    Yields:
        The results, in the order of the items.
    """
    results: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for item in items:
            results.append(pool.submit(function, item))
            if len(results) > WAITING * threads:
                yield results.popleft().result()
        while results:
            yield results.popleft().result()
    finally:  # the caller may have had enough
        pool.shutdown(cancel_futures=True)
