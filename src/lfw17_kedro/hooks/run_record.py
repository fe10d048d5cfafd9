"""The hook that records what ran: when, from which data, code and parameters.

`lineage.run_record` says what the record holds.
"""

import logging
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from click import ClickException
from filelock import Timeout
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog, DatasetError
from kedro.pipeline.node import Node

from lfw17_kedro.hooks.lineage import LineageHooks
from lfw17_kedro.hooks.node_calls import strip_transcoding, to_json
from lfw17_kedro.hooks.record_file import (
    LOCK_SECONDS,
    copy_record,
    find_record,
    update_record,
)
from lfw17_kedro.hooks.run_options import read_options
from lfw17_kedro.lineage.command import write_command
from lfw17_kedro.lineage.run_record import (
    Record,
    add_node,
    add_runs,
    finish_run,
    read_clock,
)
from lfw17_kedro.messages import one_line

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


@dataclass
class _UnsavedNode:
    """A node that has run, and of which nothing is saved yet: its entry."""

    catalog: DataCatalog
    entry: dict[str, Any]


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
        self._unsaved: dict[str, _UnsavedNode] = {}
        self._runs: dict[str, dict[str, Any]] = {}
        self._recording, self._recorded = True, False

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], catalog: DataCatalog
    ) -> None:
        """Describe this run; its record is written with that of its first node.

        A run that fails before its first node is not recorded. A damaged record is
        replaced now, before a node of the report reads it.

        Raises:
            ClickException: the record cannot be locked or written; says what to do.
        """
        self._recording, self._recorded = True, False
        self._unsaved = {}
        run_id = run_params["run_id"]
        self._runs = {run_id: describe_run(run_params, catalog.load("parameters"))}
        try:
            self._update(catalog, lambda record: record)
        except (DatasetError, OSError) as error:  # Kedro shows a traceback of others
            self._lineage.release()
            raise ClickException(one_line(error)) from error

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Start to measure time and memory."""
        _reset_peak_memory()
        self._started[node.name] = (read_clock("microseconds"), time.perf_counter())

    @hook_impl
    def after_node_run(
        self, node: Node, catalog: DataCatalog, inputs: dict[str, Any], run_id: str
    ) -> None:
        """Describe the node; it is recorded when its first output is saved.

        Not before: its outputs may be refused, and what lies there is then still what
        the record says.
        """
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
        self._unsaved[node.name] = _UnsavedNode(catalog, entry)
        if not node.outputs:
            self._record(node.name)

    @hook_impl
    def after_dataset_saved(self, node: Node) -> None:
        """Add the node to the record with its first output."""
        if node.name in self._unsaved:
            self._record(node.name)

    @hook_impl
    def after_pipeline_run(
        self, run_params: dict[str, Any], catalog: DataCatalog
    ) -> None:
        """Close the record of this run, and copy it.

        On a full disk the record stays open: what the run made is there all the same,
        and an error of its own is what counts.
        """
        try:
            record = self._update(
                catalog, lambda record: finish_run(record, run_params["run_id"])
            )
            if record is not None:
                copy_record(catalog, record)
        except (DatasetError, OSError) as error:
            logging.getLogger(__name__).warning("%s", one_line(error))

    @hook_impl
    def on_pipeline_error(
        self, run_params: dict[str, Any], catalog: DataCatalog
    ) -> None:
        """Close the record of a run that failed after its first node."""
        if self._recorded:
            self.after_pipeline_run(run_params, catalog)

    def _record(self, name: str) -> None:
        """Add a node to the record."""
        self._recorded = True
        unsaved, hashes = self._unsaved.pop(name), self._lineage.hashes
        self._update(
            unsaved.catalog,
            lambda record: add_node(
                add_runs(record, self._runs), name, unsaved.entry, hashes
            ),
        )

    def _update(
        self, catalog: DataCatalog, change: Callable[[Record], Record]
    ) -> Record | None:
        """Change the record on disk.

        If another process holds the record's lock for too long, this run continues
        without recording.

        Returns:
            The record as it is now, None if this run does not record.
        """
        path = find_record(catalog)
        if path is None or not self._recording:
            return None
        try:
            return update_record(catalog, path, change)
        except Timeout as error:
            self._recording = False
            logging.getLogger(__name__).warning(
                "%s: another process has held %s for %s s, so this run continues "
                "without recording; end that process, and run the same command again "
                "for a full report.",
                path,
                error.lock_file,
                LOCK_SECONDS,
            )
            return None


def describe_run(
    run_params: dict[str, Any], parameters: dict[str, Any]
) -> dict[str, Any]:
    """Describe a run as it starts.

    Args:
        run_params: as Kedro gives them to `before_pipeline_run`.
        parameters: all parameters of the project.
    """
    options = read_options(run_params)
    return {
        "started": read_clock(),
        "finished": None,
        "env": run_params.get("env") or None,
        "conf_source": options["conf_source"],
        "command": write_command(options),
        "runtime_parameters": options["runtime_params"],
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
