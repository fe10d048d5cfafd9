"""The engines that do work in shards, by name.

To add one, write a `Pool` in a file of its own and give it a line in `make_pool`.
"""

from collections.abc import Callable
from typing import Any, Literal

from lfw17_kedro.compute.dask_cluster import DaskPool
from lfw17_kedro.compute.local import LocalPool
from lfw17_kedro.compute.processes import ProcessPool
from lfw17_kedro.compute.tasks import Pool

EngineName = Literal["local", "processes", "dask"]
LOCAL: EngineName = "local"
PROCESSES: EngineName = "processes"
DASK: EngineName = "dask"


def make_pool(
    work: Callable[[Any], Any],
    engine: EngineName,
    workers: int,
    address: str | None = None,
) -> Pool:
    """Make the workers of an engine.

    Args:
        work: what they do with each item; for all but local it can be pickled.
        engine: this process, processes of this machine, or a Dask cluster.
        workers: processes, at least 1. This process is the only one of local, and a
            cluster that runs already has its own.
        address: of a Dask scheduler; None for a cluster of its own.

    Raises:
        StopError: no Dask scheduler answers, or the package for it is missing.
    """
    if engine == DASK:
        return DaskPool(work, address, workers)
    if engine == PROCESSES:
        return ProcessPool(work, workers)
    return LocalPool(work)
