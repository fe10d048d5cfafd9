"""A record of what ran: when, from which data, code and parameters, at what cost.

The record is one JSON file, the catalog's `run_record`:

    nodes: node -> run (its id), started, finished, seconds, peak_memory_mb, tags,
           parameters (name -> the value the node got),
           inputs (dataset -> fingerprint of what the node read, null where not known),
           outputs (datasets), fingerprint (see `lineage`: what was made),
           data (dataset from outside -> every SHA-256 the results depend on)
    runs:  run id -> started, finished, env, conf_source, command, runtime_parameters,
           parameters, git, versions, machine,
           data (SHA-256 of what came from outside the project)

Each node keeps its last record, whichever run that was, so running one pipeline does
not lose the others'. Runs that no node refers to any more are dropped.

A dataset's fingerprint is that of the node that made it, see `lineage`. If a node runs
again with the same parameters, inputs and code, its fingerprint stays the same, so what
others made from its outputs stays valid.
"""

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

Record = dict[str, Any]


class Entry(BaseModel):
    """A part of the record, whose values must have the types that they are used as."""

    model_config = ConfigDict(strict=True)


class NodeEntry(Entry):
    """What the record says of a node; see the module."""

    run: str
    started: str
    finished: str
    seconds: float
    peak_memory_mb: float | None
    tags: list[str]
    parameters: dict[str, Any]
    inputs: dict[str, str | None]
    outputs: list[str]
    fingerprint: str
    data: dict[str, list[str]]


class GitState(Entry):
    """The commit of the project, and whether files differ from it."""

    revision: str
    dirty: bool


class RunEntry(Entry):
    """What the record says of a run; see the module. Further keys are not checked."""

    started: str
    finished: str | None
    env: str | None
    conf_source: str | None = None  # older records do not have it
    command: str
    runtime_parameters: dict[str, Any]
    parameters: dict[str, Any]
    git: GitState | None
    versions: dict[str, str]
    machine: str
    data: dict[str, str]


class RunRecord(Entry):
    """The whole record; every node refers to one of the runs."""

    nodes: dict[str, NodeEntry]
    runs: dict[str, RunEntry]

    @model_validator(mode="after")
    def check_runs(self) -> "RunRecord":
        """Refuse a node of an unknown run."""
        for name, node in self.nodes.items():
            if node.run not in self.runs:
                raise ValueError(f"{name} is of run {node.run}, which is not there")
        return self


def start_record() -> Record:
    """Give a record of nothing, for where there is none yet."""
    return {"nodes": {}, "runs": {}}


def get_namespace(node: str) -> str:
    """Give what stands before the last dot of a node's name, "" without a dot."""
    return node.rpartition(".")[0]


def add_runs(record: Record, runs: dict[str, dict[str, Any]]) -> Record:
    """Add runs, by their ids, that the record does not have yet."""
    return record | {"runs": runs | record["runs"]}


def add_node(
    record: Record, name: str, entry: dict[str, Any], hashes: dict[str, str]
) -> Record:
    """Add a node in place of its older record, and hashes to its run.

    Other nodes that made one of the same outputs are dropped: the node was renamed. A
    record started afresh in the middle of a run does not have the run and is not
    changed.

    Args:
        record: it is not changed.
        name: of the node.
        entry: as the record keeps it.
        hashes: dataset from outside the project -> its SHA-256.
    """
    if (run_id := entry["run"]) not in record["runs"]:
        return record
    run = record["runs"][run_id]
    made = set(entry["outputs"])
    nodes = {
        other: node
        for other, node in record["nodes"].items()
        if other != name and made.isdisjoint(node["outputs"])
    }
    nodes[name] = entry
    runs = record["runs"] | {run_id: run | {"data": run["data"] | hashes}}
    return record | {"nodes": nodes, "runs": runs}


def finish_run(record: Record, run_id: str) -> Record:
    """Set the time when a run ended; drop other runs that no node refers to.

    None of them is under way: of one source there is one run at a time.
    """
    runs = record["runs"]
    if run_id in runs:
        runs = runs | {run_id: runs[run_id] | {"finished": read_clock()}}
    used = {run_id} | {node["run"] for node in record["nodes"].values()}
    kept = {name: run for name, run in runs.items() if name in used}
    return record | {"runs": kept}


def read_clock(timespec: str = "seconds") -> str:
    """Give the time, UTC; two such texts compare as their times do."""
    now = datetime.now(UTC).replace(tzinfo=None)
    return now.isoformat(sep=" ", timespec=timespec) + " UTC"
