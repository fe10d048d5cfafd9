"""The parameters of work in shards."""

import re
from typing import Annotated, Self

from pydantic import Field, model_validator

from lfw17_kedro.compute.engines import DASK, LOCAL, EngineName
from lfw17_kedro.parameter_types import Count, Settings, refuse

ADDRESS = re.compile(r"(tcp|tls|ws|wss|ucx)://[^\s/]+:\d{1,5}")


class ComputeSettings(Settings):
    """Where work on many photos is done, and in what portions."""

    engine: EngineName
    """local: this process. processes: several of this machine, each with networks of
    its own. dask: the workers of a Dask cluster."""

    workers: Annotated[int, Field(ge=1, le=1024)] | None
    """How many processes search, with the engine processes or on a cluster that the run
    starts itself; they share the cores. null: one per core."""

    address: str | None
    """Address of a Dask cluster's scheduler, for example tcp://host:8786. null: the run
    starts a cluster on this machine, and ends it."""

    shard_size: Count
    """Photos that are worked on and written together. A killed run loses the shards
    that it was at; memory grows with it."""

    @model_validator(mode="after")
    def check_use(self) -> Self:
        """Refuse what nobody would use."""
        if self.address is not None and not ADDRESS.fullmatch(self.address):
            raise refuse("null, or an address such as tcp://host:8786", "address")
        if self.address is not None and self.engine != DASK:
            raise refuse("null, or compute.engine=dask", "address")
        if self.workers is not None and self.engine == LOCAL:
            raise refuse("null, or compute.engine=processes or dask", "workers")
        if self.workers is not None and self.address is not None:
            raise refuse("null: the cluster at compute.address has its own", "workers")
        return self
