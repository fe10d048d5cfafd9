"""The hook that records what ran: when, from which data, code and parameters.

`record` says what the record holds.
"""

import json
import logging
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog, DatasetError
from kedro.pipeline.node import Node
from pydantic import ValidationError

from lfw17_kedro.atomic import atomic_write
from lfw17_kedro.command import write_command
from lfw17_kedro.hooks.lineage import LineageHooks
from lfw17_kedro.hooks.node_calls import (
    RECORD,
    find_stored,
    strip_transcoding,
    to_json,
)
from lfw17_kedro.record import (
    Record,
    RunRecord,
    add_node,
    add_runs,
    finish_run,
    read_clock,
)

LOCK_SECONDS = 10  # how long to wait for another process that writes the record
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

    def __init__(self, lineage: LineageHooks) -> None:
        """Start without a run.

        Args:
            lineage: says from what each node makes its outputs.
        """
        self._lineage = lineage
        self._started: dict[str, tuple[str, float]] = {}
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
        self._recording, self._recorded = True, False
        run_id = run_params["run_id"]
        self._runs = {run_id: describe_run(run_params, catalog.load("parameters"))}
        if "ParallelRunner" in str(run_params.get("runner")):
            self._update(catalog, lambda record: add_runs(record, self._runs))

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
            "tags": sorted(node.tags),
            "outputs": list(dict.fromkeys(map(strip_transcoding, node.outputs))),
        } | self._lineage.trace(node, catalog, inputs).model_dump(
            include={"parameters", "inputs", "fingerprint", "data"}
        )
        hashes = self._lineage.hashes
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
        """Close the record of this run, and copy it."""
        self._update(catalog, lambda record: finish_run(record, run_params["run_id"]))
        path = self._find_record(catalog)
        if path is not None and path.is_file():
            with atomic_write(find_copy(path)) as part:
                shutil.copyfile(path, part)

    @hook_impl
    def on_pipeline_error(
        self, run_params: dict[str, Any], catalog: DataCatalog
    ) -> None:
        """Close the record of a run that failed after its first node."""
        if self._recorded:
            self.after_pipeline_run(run_params, catalog)

    def _find_record(self, catalog: DataCatalog) -> Path | None:
        """Give the path of the record, None without one in the catalog."""
        dataset = find_stored(catalog, RECORD)
        return Path(dataset._describe()["filepath"]) if dataset else None

    def _update(self, catalog: DataCatalog, change: Callable[[Record], Record]) -> None:
        """Change the record on disk; other threads and processes may do so as well.

        If another process holds the record's lock for too long, this run continues
        without recording.
        """
        path = self._find_record(catalog)
        if path is None or not self._recording:
            return
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


def _load_record(catalog: DataCatalog, path: Path) -> Record:
    """Load the record; take its copy, or an empty one, for one that is damaged."""
    empty: Record = {"nodes": {}, "runs": {}}
    try:
        dataset = find_stored(catalog, RECORD)
        if dataset is None or dataset.check() is None:
            return empty
        return _check_record(catalog.load(RECORD))
    except DatasetError as error:
        reason = str(error)
    copy = find_copy(path)
    try:
        record = _check_record(json.loads(copy.read_text(encoding="utf-8")))
        what = f"replaced by {copy.name}, the copy of the last run that ended"
    except (OSError, ValueError, DatasetError):
        record = empty
        what = "begun anew, so the report does not show earlier runs"
    logging.getLogger(__name__).warning("%s: %s; %s", path, what, reason)
    return record


def _check_record(record: Any) -> Record:
    """Refuse what has not the shape of a record."""
    try:
        RunRecord.model_validate(record)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise DatasetError(
            f"it is not a run record: {place or 'the file'}: {first['msg']}"
        ) from None
    return dict(record)


def find_copy(path: Path) -> Path:
    """Give the path of the record's copy, which each run makes when it ends."""
    return path.with_name(f".{path.stem}.copy{path.suffix}")


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
