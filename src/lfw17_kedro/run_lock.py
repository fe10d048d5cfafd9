"""One run at a time for a source of faces."""

import json
import os
import socket
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from lfw17_kedro.record import read_clock

LOCK, HOLDER = ".run.lock", ".run.holder.json"


class RunningError(RuntimeError):
    """Another run of the same source is under way."""


class RunLock:
    """A lock on a folder, with a note of who holds it.

    The operating system gives the lock back when its holder dies, whatever the note
    still says.
    """

    def __init__(self, folder: Path) -> None:
        """Remember the folder; nothing is locked yet.

        Args:
            folder: of the source, `data/08_reporting/<source>`.
        """
        self._folder = folder
        self._lock = FileLock(folder / LOCK)

    def acquire(self, command: str, max_wait: float) -> None:
        """Lock the folder and note who holds it.

        Args:
            command: of this run, for the note.
            max_wait: seconds to wait for another run.

        Raises:
            RunningError: another run holds the lock; says which, and what to do.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=max_wait)
        except Timeout:
            raise RunningError(self._describe_holder(max_wait)) from None
        holder = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "started": read_clock(),
            "command": command,
        }
        text = json.dumps(holder, indent=2) + "\n"
        (self._folder / HOLDER).write_text(text, encoding="utf-8")

    def release(self) -> None:
        """Give the lock back, if it is held."""
        if self._lock.is_locked:
            (self._folder / HOLDER).unlink(missing_ok=True)
            self._lock.release(force=True)

    def _describe_holder(self, waited: float) -> str:
        """Say who holds the lock and what to do."""
        holder = self._read_holder()
        who = (
            f"`{holder['command']}`, process {holder['pid']} on {holder['host']}, "
            f"started {holder['started']}"
            if holder
            else "another run"
        )
        after = f" for {waited:g} s" if waited else ""
        return (
            f"{self._folder}: {who}, has been using the data of this source{after}; "
            "wait until it ends, end it, or let this run wait with `--params "
            "runs.max_wait=SECONDS`."
        )

    def _read_holder(self) -> dict[str, Any] | None:
        """Read the note; None if there is no whole one."""
        try:
            holder = json.loads((self._folder / HOLDER).read_text(encoding="utf-8"))
            return {key: holder[key] for key in ("pid", "host", "started", "command")}
        except (OSError, ValueError, KeyError, TypeError):
            return None
