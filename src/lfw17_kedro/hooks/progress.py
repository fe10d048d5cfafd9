"""Log the progress of a run: one line per node, and what to do after Ctrl-C."""

import logging
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from lfw17_kedro.hooks.errors import is_expected
from lfw17_kedro.hooks.run_options import is_thread_runner, read_options
from lfw17_kedro.lineage.command import write_command

logger = logging.getLogger(__name__)

# A node that takes longer is named when it starts, too.
QUICK_SECONDS = 2.0
STOPPED = (
    "Stopped. Run the same command again: it resumes after the last epoch of training, "
    "or the last list of photos, that was finished."
)
STOPPING = (
    "Stopping. The nodes that have begun or are ready finish first, and other runs "
    "wait for them. Then run the same command again."
)
# Kedro's lines about a failed node: its whole call, the error that is shown again
# below, and advice that is wrong before the cause is gone. Ours take their place.
KEDRO_LOGS = (
    "kedro.pipeline.node",
    "kedro.runner.sequential_runner",
    "kedro.runner.thread_runner",
)
REPLACED = re.compile(
    r"Node .* failed with error|No nodes ran\. Repeat|There are \d+ nodes that have"
)
SEE_TRACEBACK = "; for its traceback, set lfw17_kedro in conf/logging.yml to DEBUG"


@dataclass
class _RunningNode:
    """A node under way: its start, its timer, and the outputs still to be saved."""

    timer: threading.Timer
    outputs: set[str]
    started: float = field(default_factory=time.perf_counter)


class ProgressHooks:
    """Logs each node with its seconds, loading and saving included.

    A node that takes longer than `QUICK_SECONDS` is named when it starts, too, so that
    the terminal is never silent. Ctrl-C logs what to do next.
    """

    def __init__(self, after_interrupt: Callable[[], None] = lambda: None) -> None:
        """Start with no run under way.

        Args:
            after_interrupt: called after Ctrl-C, when Kedro calls no hook.
        """
        self._after_interrupt = after_interrupt
        self._numbers: dict[str, str] = {}
        self._width = 0
        self._running: dict[str, _RunningNode] = {}
        self._done = 0
        self._around_run = ExitStack()

    @hook_impl
    def before_pipeline_run(
        self, pipeline: Pipeline, run_params: dict[str, Any]
    ) -> None:
        """Number the nodes; catch Ctrl-C; keep log lines and progress bars apart."""
        self._around_run.close()  # if no hook was called at the end of the last run
        for name in KEDRO_LOGS:
            logging.getLogger(name).addFilter(_is_not_replaced)
        self._done = 0
        names = [node.name for node in pipeline.nodes]
        total = len(names)
        self._numbers = {
            name: f"{number:>{len(str(total))}}/{total}"
            for number, name in enumerate(names, start=1)
        }
        self._width = max(map(len, names), default=0)
        if _logs_to_terminal():
            from tqdm.contrib.logging import logging_redirect_tqdm

            self._around_run.enter_context(logging_redirect_tqdm())
        self._around_run.callback(self._stop_timers)
        message = STOPPING if is_thread_runner(run_params) else STOPPED
        self._around_run.callback(_catch_interrupt(message, self._end_interrupted))
        if run_params.get("only_missing_outputs"):
            logger.info(
                "%d nodes; those whose results are there and up to date do not run.",
                total,
            )
        else:
            logger.info("%d nodes to run.", total)

    @hook_impl
    def before_dataset_loaded(self, node: Node) -> None:
        """Start the clock with the node's first input."""
        self._start(node)

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Start the clock of a node without inputs."""
        self._start(node)

    @hook_impl
    def after_node_run(self, node: Node) -> None:
        """Log a node without outputs."""
        if not node.outputs:
            self._finish(node)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, node: Node) -> None:
        """Log the node once all its outputs are saved."""
        running = self._running.get(node.name)
        if running is not None:
            running.outputs.discard(dataset_name)
            if not running.outputs:
                self._finish(node)

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Restore the handling of Ctrl-C and of the log."""
        self._around_run.close()

    @hook_impl
    def on_node_error(self, error: Exception, node: Node) -> None:
        """Log which node failed; the error itself ends the run."""
        hint = SEE_TRACEBACK if is_expected(error) else ""
        name = f"{self._numbers.get(node.name, '')} {node.name}".strip()
        logger.error("%s failed%s.", name, hint)

    @hook_impl
    def on_pipeline_error(self, run_params: dict[str, Any]) -> None:
        """Say how to continue; restore the handling of Ctrl-C and of the log."""
        if self._done:
            again = read_options(run_params) | {"only_missing_outputs": True}
            logger.info(
                "The results of %d of %d nodes are kept; after the correction, `%s` "
                "makes the others.",
                self._done,
                len(self._numbers),
                write_command(again),
            )
        self._around_run.close()

    def _start(self, node: Node) -> None:
        """Start a node's clock and the timer that names it; later calls do nothing."""
        if node.name in self._running:
            return
        timer = threading.Timer(QUICK_SECONDS, self._announce, [node.name])
        timer.daemon = True
        self._running[node.name] = _RunningNode(timer, set(node.outputs))
        timer.start()

    def _announce(self, name: str) -> None:
        """Log the name of a node that is still under way."""
        if name in self._running:
            logger.info("%s %s ...", self._numbers.get(name, ""), name)

    def _finish(self, node: Node) -> None:
        """Log a node's seconds."""
        running = self._running.pop(node.name)
        running.timer.cancel()
        self._done += 1
        seconds = time.perf_counter() - running.started
        number = self._numbers.get(node.name, "")
        logger.info("%s %-*s %6.1f s", number, self._width, node.name, seconds)

    def _end_interrupted(self) -> None:
        """End a run that Ctrl-C stops."""
        self._around_run.close()
        self._after_interrupt()

    def _stop_timers(self) -> None:
        """Forget the nodes of a run that failed or was stopped."""
        for running in self._running.values():
            running.timer.cancel()
        self._running.clear()


def _is_not_replaced(record: logging.LogRecord) -> bool:
    """Let every line of Kedro's log pass but those that ours replace."""
    return not REPLACED.match(record.getMessage())


def _logs_to_terminal() -> bool:
    """Tell whether a handler of the log writes plain lines to the terminal."""
    return any(
        isinstance(handler, logging.StreamHandler)
        and handler.stream in (sys.stdout, sys.stderr)
        for handler in logging.getLogger().handlers
    )


def _catch_interrupt(message: str, close: Callable[[], None]) -> Callable[[], None]:
    """Log what to do after Ctrl-C, then interrupt as before.

    Kedro calls no hook on a KeyboardInterrupt, so the signal itself is caught.

    Args:
        message: what to do.
        close: called after the message.

    Returns:
        A function that puts the handler back that was there before.
    """
    before = signal.getsignal(signal.SIGINT)
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not callable(before) or not in_main_thread:  # ignored, or not ours to catch
        return lambda: None
    process = os.getpid()

    def interrupt(number: int, frame: FrameType | None) -> None:
        try:
            if os.getpid() == process:  # forks inherit this
                logger.warning(message)
                close()
        finally:
            before(number, frame)

    signal.signal(signal.SIGINT, interrupt)
    return lambda: _put_back(before)


def _put_back(handler: Callable[[int, FrameType | None], object]) -> None:
    """Install a handler of Ctrl-C again."""
    signal.signal(signal.SIGINT, handler)
