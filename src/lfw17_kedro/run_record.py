"""A record of what ran: when, from which data, code and parameters, at what cost.

The record is one JSON file, the catalog's `run_record`:

    nodes: node -> run (its id), seconds, peak_memory_mb, finished
    runs:  run id -> started, finished, command, seed and all other parameters, git,
           versions, machine, data (SHA-256 of what came from outside the project)

Each node keeps its last record, whichever run that was, so running one pipeline does
not lose the others'. Runs that no node refers to any more are dropped.
"""

import copy
import logging
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from filelock import FileLock
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog, DatasetError
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from lfw17_kedro.digest import hash_data
from lfw17_kedro.types import RawFaces

RECORD = "run_record"
DISTRIBUTIONS = (
    "lfw17-kedro",
    "kedro",
    "numpy",
    "scikit-learn",
    "tensorflow",
    "keras",
    "mtcnn",
    "plotly",
)
Record = dict[str, Any]


class RunRecordHooks:
    """Writes the run record, node by node, so that a killed run leaves one too.

    `reporting` reads the record in the same run: by then all nodes before it are in.
    """

    def __init__(self) -> None:
        """Start with nothing under way."""
        self._started: dict[str, float] = {}
        self._hashes: dict[str, str] = {}
        self._runs: dict[str, dict[str, Any]] = {}

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], catalog: DataCatalog
    ) -> None:
        """Describe this run; its record is written with that of its first node.

        A run that ends before leaves nothing. Only the processes of ParallelRunner,
        which know nothing of this object, must find the run on disk.
        """
        self._hashes.clear()
        run_id = run_params["run_id"]
        self._runs = {run_id: describe_run(run_params, catalog.load("parameters"))}
        if "ParallelRunner" in str(run_params.get("runner")):
            _update(catalog, lambda record: add_runs(record, self._runs))

    @hook_impl
    def after_dataset_loaded(self, dataset_name: str, data: Any) -> None:
        """Hash what comes from outside the project: raw faces and weights."""
        if isinstance(data, RawFaces | bytes) and dataset_name not in self._hashes:
            self._hashes[dataset_name] = hash_data(data)

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Start the clock and the meter of memory."""
        _reset_peak_memory()
        self._started[node.name] = time.perf_counter()

    @hook_impl
    def after_node_run(self, node: Node, catalog: DataCatalog, run_id: str) -> None:
        """Add the node to the record."""
        entry = {
            "run": run_id,
            "seconds": round(time.perf_counter() - self._started.pop(node.name), 3),
            "peak_memory_mb": _read_peak_memory(),
            "finished": _now(),
        }
        _update(
            catalog,
            lambda record: add_node(
                add_runs(record, self._runs), node.name, entry, self._hashes
            ),
        )

    @hook_impl
    def after_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Close the record of this run."""
        _update(catalog, lambda record: finish_run(record, run_params["run_id"]))


def add_runs(record: Record, runs: dict[str, dict[str, Any]]) -> Record:
    """Add runs, by their ids, that the record does not know yet."""
    return record | {"runs": runs | record["runs"]}


def add_node(
    record: Record, name: str, entry: dict[str, Any], hashes: dict[str, str]
) -> Record:
    """Add a node in place of its older record, and hashes to its run.

    A record begun anew in the middle of a run does not know the run and stays as it is.
    """
    if entry["run"] not in record["runs"]:
        return record
    changed = copy.deepcopy(record)
    changed["nodes"][name] = entry
    changed["runs"][entry["run"]]["data"] |= hashes
    return changed


def finish_run(record: Record, run_id: str) -> Record:
    """Say when a run ended; drop ended runs of which no node is left."""
    runs = record["runs"]
    if run_id in runs:
        runs = runs | {run_id: runs[run_id] | {"finished": _now()}}
    used = {run_id} | {node["run"] for node in record["nodes"].values()}
    kept = {
        name: run
        for name, run in runs.items()
        if name in used or run["finished"] is None  # another run, under way
    }
    return record | {"runs": kept}


def describe_run(
    run_params: dict[str, Any], parameters: dict[str, Any]
) -> dict[str, Any]:
    """Describe a run as it starts.

    Args:
        run_params: as Kedro gives them to `before_pipeline_run`.
        parameters: all parameters of the project.
    """
    names = run_params.get("pipeline_names") or []
    words = ["kedro run", *(f"--pipeline {name}" for name in names)]
    if run_params.get("env"):
        words.append(f"--env {run_params['env']}")
    return {
        "started": _now(),
        "finished": None,
        "command": " ".join(words),
        "runtime_parameters": run_params.get("runtime_params") or {},
        "parameters": {
            k: v.model_dump(mode="json") if hasattr(v, "model_dump") else v
            for k, v in parameters.items()
        },
        "git": describe_git(Path(run_params["project_path"])),
        "versions": {"python": platform.python_version()} | _list_versions(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "data": {},
    }


def describe_git(folder: Path) -> dict[str, Any] | None:
    """Give a folder's git `revision` and whether it is `dirty`, None without git."""
    git = shutil.which("git")
    if git is None:
        return None

    def ask(*words: str) -> str | None:
        asked = subprocess.run(  # noqa: S603 (git with fixed words)
            [git, "-C", str(folder), *words],
            capture_output=True,
            text=True,
            check=False,
        )
        return asked.stdout.strip() if asked.returncode == 0 else None

    revision = ask("rev-parse", "HEAD")
    if revision is None:
        return None
    return {"revision": revision, "dirty": bool(ask("status", "--porcelain"))}


def _list_versions() -> dict[str, str]:
    """List the versions of what the numbers depend on, without importing it."""
    versions = {}
    for name in DISTRIBUTIONS:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:  # the project itself may run uninstalled
            continue
    return versions


def _update(catalog: DataCatalog, change: Callable[[Record], Record]) -> None:
    """Change the record on disk; nodes of other processes may do so at the same time.

    A record that cannot be read is begun anew: it never stops a run.
    """
    if RECORD not in catalog:
        return
    path = Path(catalog[RECORD]._describe()["filepath"])
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{path.name}.lock")):
        try:
            record = catalog.load(RECORD) or {"nodes": {}, "runs": {}}
        except DatasetError as error:
            logging.getLogger(__name__).warning("%s: begun anew, as %s", path, error)
            record = {"nodes": {}, "runs": {}}
        catalog.save(RECORD, change(record))


def _now() -> str:
    """Give the time, UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _reset_peak_memory() -> None:
    """Let Linux measure the peak anew; see proc(5), /proc/pid/clear_refs."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def _read_peak_memory() -> float | None:
    """Give the greatest resident memory since the reset, MB, None but on Linux."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    kilobytes = [line.split()[1] for line in status.splitlines() if "VmHWM" in line]
    return round(int(kilobytes[0]) / 1024, 1) if kilobytes else None
