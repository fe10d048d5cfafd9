"""The engines that do work in shards, by name.

To add one, write a `Pool` in a file of its own and give it a line in `make_pool`.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from lfw17_kedro.compute.dask_cluster import DaskPool
from lfw17_kedro.compute.local import LocalPool
from lfw17_kedro.compute.processes import ProcessPool
from lfw17_kedro.compute.tasks import Pool
from lfw17_kedro.threads import count_cores

EngineName = Literal["local", "processes", "dask"]
LOCAL: EngineName = "local"
PROCESSES: EngineName = "processes"
DASK: EngineName = "dask"


class Engine(NamedTuple):
    """Where work is done.

    Attributes:
        name: this process, processes of this machine, or a Dask cluster.
        workers: processes; None for one a core. A cluster that runs already has its
            own.
        address: of a Dask scheduler; None for a cluster of its own.
        shard_size: photos that are worked on and written together.
    """

    name: EngineName = "local"
    workers: int | None = None
    address: str | None = None
    shard_size: int = 2000


def make_pool(work: Callable[[Any], Any], engine: Engine) -> Pool:
    """Make the workers of an engine.

    Args:
        work: what they do with each item; for all but local it can be pickled.
        engine: which.

    Raises:
        StopError: no Dask scheduler answers, or the package for it is missing.
    """
    workers = engine.workers or count_cores()
    if engine.name == DASK:
        return DaskPool(work, engine.address, workers)
    if engine.name == PROCESSES:
        return ProcessPool(work, workers)
    return LocalPool(work)
