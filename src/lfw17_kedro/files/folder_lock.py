"""A lock on a folder that only one process holds, with a note of who does."""

import json
import logging
import os
import socket
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from lfw17_kedro.files.atomic import is_alive
from lfw17_kedro.files.disk_errors import DISK_FULL
from lfw17_kedro.lineage.run_record import read_clock
from lfw17_kedro.messages import one_line

logger = logging.getLogger(__name__)

MAX_NOTE = 10_000  # bytes
MAX_SHOWN = 200  # characters of a command
# What a note raises that is cut, of another shape, nested deeply or endless.
NOTE_ERRORS = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    OverflowError,
    RecursionError,
)


class LockedError(RuntimeError):
    """Somebody else uses the folder, or it cannot be locked."""


class FolderLock:
    """A lock on a folder, with a note of who holds it.

    The operating system releases the lock when its holder dies, whatever the note
    still says. The note is only for the message.

    Two locks on one folder exclude each other in one process, too. Any thread may
    release a lock.
    """

    def __init__(self, folder: Path, name: str, use: str, advice: str) -> None:
        """Remember the folder; nothing is locked yet.

        Args:
            folder: to lock; made by `acquire` if it is missing.
            name: of the files in it: `.<name>.lock` and `.<name>.holder.json`.
            use: what the holder is doing, for the message.
            advice: what to do, for the message.
        """
        self._folder, self._use, self._advice = folder, use, advice
        self._file = folder / f".{name}.lock"
        self._note = folder / f".{name}.holder.json"
        self._lock = FileLock(self._file, thread_local=False)

    def acquire(self, command: str, max_wait: float = 0.0) -> None:
        """Lock the folder and note who holds it.

        Args:
            command: of this process, for the note.
            max_wait: seconds to wait for another holder; the log says once that this
                process waits.

        Raises:
            LockedError: somebody else holds the lock, or the folder cannot be locked;
                says who or why, and what to do.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._wait(max_wait)
            holder = {
                "pid": os.getpid(),
                "host": socket.gethostname(),
                "started": read_clock(),
                "command": command,
            }
            text = json.dumps(holder, indent=2) + "\n"
            self._note.unlink(missing_ok=True)  # never write through a link
            self._note.write_text(text, encoding="utf-8")
        except Timeout:
            raise LockedError(self._describe_holder(max_wait)) from None
        except OSError as error:
            self.release()
            raise LockedError(
                f"{self._folder}: expected a folder to lock and to write to, got: "
                f"{_explain(error)}."
            ) from error

    def release(self) -> None:
        """Release the lock, if it is held."""
        if self._lock.is_locked:
            try:
                self._note.unlink(missing_ok=True)
            except OSError as error:  # whoever holds the lock next replaces the note
                logger.debug("%s stays: %s", self._note, error)
            self._lock.release(force=True)

    def _wait(self, max_wait: float) -> None:
        """Take the lock, at once or within the limit."""
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            if not max_wait:
                raise
            logger.info(
                "%s: %s, is %s; this run waits up to %g s.",
                self._folder,
                self._name_holder(),
                self._use,
                max_wait,
            )
            self._lock.acquire(timeout=max_wait)

    def _describe_holder(self, waited: float) -> str:
        """Say who holds the lock and what to do."""
        after = f", also after {waited:g} s of waiting" if waited else ""
        return (
            f"{self._folder}: {self._name_holder()}, is {self._use}{after}; "
            f"{self._advice}."
        )

    def _name_holder(self) -> str:
        """Say who holds the lock, as far as the note says."""
        holder = self._read_note()
        if holder is None:
            return f"another process, which left no note in {self._note.name}"
        return (
            f"`{holder['command']}`, process {holder['pid']} on {holder['host']}, "
            f"started {holder['started']}"
        )

    def _read_note(self) -> dict[str, Any] | None:
        """Read the note; None if there is no whole one of a process that lives."""
        try:
            with self._note.open("rb") as file:
                holder = json.loads(file.read(MAX_NOTE).decode())
            pid = int(holder["pid"])
            texts = {
                key: one_line(holder[key], MAX_SHOWN)
                for key in ("host", "started", "command")
            }
        except NOTE_ERRORS:
            return None
        if texts["host"] == socket.gethostname() and not is_alive(pid):
            return None  # the next holder has not written its note yet
        return {"pid": pid, **texts}


def _explain(error: OSError) -> str:
    """Say why a folder cannot be locked, and what to do."""
    if error.errno in DISK_FULL:
        return "the disk is full; make room and run again"
    if isinstance(error, FileExistsError) and not Path(error.filename).exists():
        return (
            f"{error.filename} is a link to {Path(error.filename).resolve()}, which is "
            "not there; make that folder, or remove the link"
        )
    return (
        f"{error}; change the rights of what the error names, or remove it if it is a "
        "link or a file"
    )
