"""A Dask cluster on this machine, each part of it a process that can be killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.machine import ROOT

# Of a scheduler: how many messages to each worker it keeps, 1,000 if nobody says so.
MESSAGE_LOG = "DASK_DISTRIBUTED__ADMIN__LOW_LEVEL_LOG_LENGTH"
START_SECONDS = 300.0  # that the scheduler may take
POLL = 0.1  # seconds


class DaskServers:
    """What `dask scheduler` and `dask worker` start, as long as it is entered.

    Attributes:
        address: address of the scheduler.
        scheduler: process of the scheduler.
        workers: the processes that watch over the workers (nannies), one each.
    """

    def __init__(self, folder: Path, workers: int, message_log: int = 0) -> None:
        """Start nothing yet.

        Args:
            folder: folder for logs and the workers' own files; must exist.
            workers: number of workers, with one thread each.
            message_log: messages to each worker that the scheduler keeps.
        """
        self._message_log = message_log
        self.address = ""
        self.workers: list[subprocess.Popen[bytes]] = []
        self.scheduler: subprocess.Popen[bytes] | None = None
        self._folder, self._count = folder, workers

    def __enter__(self) -> Self:
        """Start the scheduler and the workers.

        Raises:
            TimeoutError: the scheduler does not say its address.
        """
        note = self._folder / "scheduler.json"
        note.unlink(missing_ok=True)
        words = ["scheduler", "--host", "127.0.0.1", "--port", "0"]
        words += ["--dashboard-address", ":0", "--scheduler-file", str(note)]
        self.scheduler = self._start("scheduler", words)
        try:
            self.address = self._wait_for_address(note)
        except TimeoutError:
            self.close()
            raise
        for _ in range(self._count):
            self.add_worker()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End all of them."""
        self.close()

    def add_worker(self) -> None:
        """Start one more worker."""
        words = ["worker", self.address, "--nworkers", "1", "--nthreads", "1"]
        words += ["--local-directory", str(self._folder), "--no-dashboard"]
        self.workers.append(self._start(f"worker-{len(self.workers)}", words))

    def close(self) -> None:
        """Kill all that are left."""
        for process in [*self.workers, self.scheduler]:
            if process is not None:
                kill_group(process)

    def _start(self, name: str, words: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start one part in a session of its own."""
        paths = [str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")]
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            MESSAGE_LOG: str(self._message_log),
        }
        with (self._folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(  # noqa: S603 (our own)
                [sys.executable, "-m", "dask", *words],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _wait_for_address(self, note: Path) -> str:
        """Read the file in which the scheduler says its address."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            with suppress(FileNotFoundError, ValueError, KeyError):  # not whole yet
                return str(json.loads(note.read_text())["address"])
            time.sleep(POLL)
        log = (self._folder / "scheduler.log").read_text(errors="replace")
        raise TimeoutError(
            f"expected a Dask scheduler within {START_SECONDS:g} s, got none; its log "
            f"says: {log[-500:]}"
        )


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that began a session, and all that it has started in it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
