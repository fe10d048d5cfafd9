"""The hook that records what ran: when, from which data, code and parameters.

`record` says what the record holds.
"""

import logging
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog, DatasetError
from kedro.pipeline.node import Node
from pydantic import ValidationError
from pydantic_core import to_jsonable_python

from lfw17_kedro.command import write_command
from lfw17_kedro.digest import hash_data
from lfw17_kedro.record import (
    Record,
    RunRecord,
    add_node,
    add_runs,
    finish_run,
    read_clock,
)
from lfw17_kedro.types import RawFaces

RECORD = "run_record"
LOCK_SECONDS = 10  # how long to wait for another process that writes the record
PARAMETER = "params:"
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


class RunRecordHooks:
    """Writes the run record, node by node, so that a killed run has one too.

    `reporting` reads the record in the same run: by then all nodes before it are in.
    """

    def __init__(self) -> None:
        """Start without a run."""
        self._started: dict[str, tuple[str, float]] = {}
        self._hashes: dict[str, str] = {}
        self._runs: dict[str, dict[str, Any]] = {}
        self._recording, self._recorded = True, False

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], catalog: DataCatalog
    ) -> None:
        """Describe this run; its record is written with that of its first node.

        A run that fails before its first node is not recorded. Only the processes of
        ParallelRunner, which do not share this object, must find the run on disk.
        """
        self._hashes.clear()
        self._recording, self._recorded = True, False
        run_id = run_params["run_id"]
        self._runs = {run_id: describe_run(run_params, catalog.load("parameters"))}
        if "ParallelRunner" in str(run_params.get("runner")):
            self._update(catalog, lambda record: add_runs(record, self._runs))

    @hook_impl
    def after_dataset_loaded(self, dataset_name: str, data: Any) -> None:
        """Hash what comes from outside the project, once a run: raw faces, weights."""
        if isinstance(data, RawFaces | bytes) and dataset_name not in self._hashes:
            self._hashes[dataset_name] = hash_data(data)

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Start to measure time and memory."""
        _reset_peak_memory()
        self._started[node.name] = (read_clock("microseconds"), time.perf_counter())

    @hook_impl
    def after_node_run(
        self, node: Node, catalog: DataCatalog, inputs: dict[str, Any], run_id: str
    ) -> None:
        """Add the node to the record."""
        self._recorded = True
        started, start = self._started.pop(node.name)
        entry = {
            "run": run_id,
            "started": started,
            "finished": read_clock("microseconds"),
            "seconds": round(time.perf_counter() - start, 3),
            "peak_memory_mb": _read_peak_memory(),
        } | describe_node(node, inputs)
        hashes = dict(self._hashes)
        self._update(
            catalog,
            lambda record: add_node(
                add_runs(record, self._runs), node.name, entry, hashes
            ),
        )

    @hook_impl
    def after_pipeline_run(
        self, run_params: dict[str, Any], catalog: DataCatalog
    ) -> None:
        """Close the record of this run."""
        self._update(catalog, lambda record: finish_run(record, run_params["run_id"]))

    @hook_impl
    def on_pipeline_error(
        self, run_params: dict[str, Any], catalog: DataCatalog
    ) -> None:
        """Close the record of a run that failed after its first node."""
        if self._recorded:
            self.after_pipeline_run(run_params, catalog)

    def _update(self, catalog: DataCatalog, change: Callable[[Record], Record]) -> None:
        """Change the record on disk; other threads and processes may do so as well.

        If another process holds the record's lock for too long, this run continues
        without recording.
        """
        if RECORD not in catalog or not self._recording:
            return
        path = Path(catalog[RECORD]._describe()["filepath"])
        lock = path.with_name(f".{path.name}.lock")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(lock, timeout=LOCK_SECONDS):
                record = _load_record(catalog, path)
                if (changed := change(record)) != record:
                    catalog.save(RECORD, changed)
        except Timeout:
            self._recording = False
            logging.getLogger(__name__).warning(
                "%s: another process has held %s for %s s, so this run continues "
                "without recording; end that process and run again for a full report.",
                path,
                lock,
                LOCK_SECONDS,
            )


def describe_node(node: Node, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Describe a node and the parameters that it got.

    Args:
        node: as Kedro runs it.
        inputs: dataset or parameter -> the value the node got.

    Returns:
        `tags`, `parameters`, `inputs` and `outputs` (names of datasets, without the
        `@` of transcoding), all of them JSON.
    """
    parameters: dict[str, Any] = {}
    for name in node.inputs:
        if name == "parameters":
            parameters |= to_json(inputs[name])
        elif name.startswith(PARAMETER):
            parameters[name.removeprefix(PARAMETER)] = to_json(inputs[name])
    datasets = [
        name
        for name in node.inputs
        if name != "parameters" and not name.startswith(PARAMETER)
    ]
    return {
        "tags": sorted(node.tags),
        "parameters": parameters,
        "inputs": _list_datasets(datasets),
        "outputs": _list_datasets(node.outputs),
    }


def describe_run(
    run_params: dict[str, Any], parameters: dict[str, Any]
) -> dict[str, Any]:
    """Describe a run as it starts.

    Args:
        run_params: as Kedro gives them to `before_pipeline_run`.
        parameters: all parameters of the project.
    """
    runtime = to_json(run_params.get("runtime_params") or {})
    return {
        "started": read_clock(),
        "finished": None,
        "env": run_params.get("env") or None,
        "command": write_command(run_params | {"runtime_params": runtime}),
        "runtime_parameters": runtime,
        "parameters": to_json(parameters),
        "git": describe_git(Path(run_params["project_path"])),
        "versions": {"python": platform.python_version()} | _list_versions(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "data": {},
    }


def to_json(value: Any) -> Any:
    """Convert parameters, pydantic models among them, to what JSON can hold."""
    return to_jsonable_python(value, fallback=str)


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
    """List the versions of packages that affect results, without importing them."""
    versions = {}
    for name in DISTRIBUTIONS:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:  # the project itself may run uninstalled
            continue
    return versions


def _list_datasets(names: list[str]) -> list[str]:
    """List datasets once each, by the name that all their transcodings share."""
    return list(dict.fromkeys(name.partition("@")[0] for name in names))


def _load_record(catalog: DataCatalog, path: Path) -> Record:
    """Load the record; one that cannot be read or has another shape is replaced."""
    empty: Record = {"nodes": {}, "runs": {}}
    try:
        record: Record | None = catalog.load(RECORD)
        if record is None:
            return empty
        RunRecord.model_validate(record)
        return record
    except DatasetError as error:
        reason = str(error)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        reason = f"it is not a run record: {place or 'the file'}: {first['msg']}"
    logging.getLogger(__name__).warning(
        "%s: begun anew, so the report does not show earlier runs; %s", path, reason
    )
    return empty


def _reset_peak_memory() -> None:
    """Reset the peak that Linux measures; see proc(5), /proc/pid/clear_refs."""
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
