"""Before a run: one run at a time, and no results of other settings, data or code.

During a run: each artifact records what it is made from.
"""

import logging
import threading
from pathlib import Path
from typing import Any

from click import ClickException
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog, DatasetError
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from lfw17_kedro.files.folder_lock import LockedError
from lfw17_kedro.files.run_lock import RunLock
from lfw17_kedro.hooks.failed_shards import lists_failed
from lfw17_kedro.hooks.input_check import InputCheck
from lfw17_kedro.hooks.node_calls import (
    RECORD,
    describe_call,
    find_stored,
    hash_node_code,
    hash_outside,
    is_from_outside,
    is_incomplete,
    list_datasets,
    read_origin,
    strip_transcoding,
)
from lfw17_kedro.hooks.node_makers import find_shared_files, find_unavailable
from lfw17_kedro.hooks.run_options import keep_results, read_options, runs_in_threads
from lfw17_kedro.lineage.command import write_command
from lfw17_kedro.lineage.origin import Origin, mark_incomplete, trace_origin

logger = logging.getLogger(__name__)


class LineageHooks:
    """Locks the source, refuses stale inputs, and gives each artifact its origin."""

    def __init__(self) -> None:
        """Start without a run."""
        self._lock: RunLock | None = None
        self._thread = threading.current_thread()  # of the run that has the lock
        self._in_threads = False
        self._hashes: dict[str, str] = {}
        self._made: dict[str, Origin] = {}
        self._command = ""

    @property
    def hashes(self) -> dict[str, str]:
        """SHA-256 of what this run loaded from outside the project, by dataset."""
        return dict(self._hashes)

    @hook_impl(tryfirst=True)
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Lock the source and check the artifacts that this run reads.

        Raises:
            ClickException: another run is under way, this one would use several
                processes or read a file that it writes under another name, or an
                artifact is missing, damaged or stale; a command ends with this
                message.
        """
        # If its first process is killed, the others write on, and hold no lock.
        if "ParallelRunner" in str(run_params.get("runner")):
            raise ClickException(
                "expected a run in one process, got ParallelRunner; use `--runner "
                "ThreadRunner`, or leave the option out: the networks use all cores."
            )
        if self._is_busy():
            raise ClickException(
                f"expected one run at a time in a process, got a second one while "
                f"the thread {self._thread.name} runs the first; wait until it ends, "
                "or start the second in a process of its own."
            )
        self.release()  # of a run in this process that was interrupted
        self._hashes, self._made = {}, {}
        self._in_threads = runs_in_threads(run_params)
        again = keep_results(run_params) | {"only_missing_outputs": True}
        self._command = write_command(again)
        settings = catalog.load("parameters")["runs"]
        try:
            if unavailable := find_unavailable(pipeline, catalog):
                raise ClickException("\n".join(unavailable))
            kept = keep_results(run_params)
            if shared := find_shared_files(pipeline, catalog, kept):
                raise ClickException("\n".join(shared))
            self._acquire(catalog, run_params, settings.max_wait)
            for node in pipeline.nodes:
                hash_node_code(node, catalog)
            check = InputCheck(pipeline, catalog, again)
            if damaged := check.find_damaged():
                raise ClickException("\n".join(damaged))
            stale = check.find_stale()
            if stale and settings.stale_inputs == "refuse":
                raise ClickException("\n".join(stale))
            for problem in stale:
                logger.warning("%s", problem)
            if run_params.get("only_missing_outputs"):
                check.expect_outputs()
        except (LockedError, DatasetError) as error:
            self.release()
            # Kedro writes some errors of a dataset on three lines, the first empty.
            raise ClickException(str(error).strip().replace("\n", " ")) from None
        except BaseException:
            self.release()
            raise

    @hook_impl
    def after_dataset_loaded(self, dataset_name: str, data: Any) -> None:
        """Hash what comes from outside the project, once per run."""
        if is_from_outside(data) and dataset_name not in self._hashes:
            self._hashes[dataset_name] = hash_outside(data)

    @hook_impl
    def after_node_run(
        self,
        node: Node,
        catalog: DataCatalog,
        inputs: dict[str, Any],
        outputs: dict[str, Any],
    ) -> None:
        """Tell the artifacts from what they are made, before they are saved.

        If some photos were not searched, all that is made of the others counts as
        stale afterwards, so that `--only-missing-outputs` makes it again.
        """
        origin = self.trace(node, catalog, inputs)
        if any(
            is_incomplete(data) or (lists_failed(name) and len(data))
            for name, data in outputs.items()
        ):
            origin = mark_incomplete(origin)
        for name in node.outputs:
            self._made[strip_transcoding(name)] = origin
            dataset = find_stored(catalog, name)
            if dataset is not None:
                dataset.set_origin(origin.model_dump(), self._command)

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Let other runs begin."""
        self.release()

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Let other runs begin."""
        self.release()

    def release(self) -> None:
        """Release the lock, if there is one."""
        if self._lock is not None:
            self._lock.release()
        self._lock = None

    def release_interrupted(self) -> None:
        """Let other runs begin after Ctrl-C, when Kedro calls no hook.

        Threads finish the nodes under way and save what they make: then the lock stays
        until the process ends, or begins another run.
        """
        if not self._in_threads:
            self.release()

    def trace(self, node: Node, catalog: DataCatalog, inputs: dict[str, Any]) -> Origin:
        """Say from what a node makes its outputs.

        Args:
            node: as Kedro runs it.
            catalog: of the run.
            inputs: dataset or parameter -> the value that the node got.
        """
        origins: dict[str, Origin | None] = {}
        for name in list_datasets(node.inputs):
            stored = find_stored(catalog, name)
            origins[strip_transcoding(name)] = self._made.get(
                strip_transcoding(name)
            ) or (read_origin(stored) if stored else None)
        return trace_origin(describe_call(node, catalog, inputs), origins, self._hashes)

    def _is_busy(self) -> bool:
        """Tell whether another thread of this process is in the middle of a run."""
        other = self._thread is not threading.current_thread()
        return self._lock is not None and other and self._thread.is_alive()

    def _acquire(
        self, catalog: DataCatalog, run_params: dict[str, Any], max_wait: float
    ) -> None:
        """Lock the folder of the run record, where there is one."""
        record = find_stored(catalog, RECORD)
        if record is not None:
            self._thread = threading.current_thread()
            self._lock = RunLock(Path(record._describe()["filepath"]).parent)
            self._lock.acquire(write_command(read_options(run_params)), max_wait)
