"""Watch how much memory a process and all that it starts take together (Linux)."""

import os
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

PROC = Path("/proc")
KIB = 2**10
INTERVAL = 0.5  # seconds between two samples


class Sample(NamedTuple):
    """What a tree of processes holds at one moment.

    Attributes:
        time: seconds since 1970.
        together: proportional set size (PSS) of all of them, bytes: a page that n of
            them share counts 1/n for each.
        largest: PSS of the largest of them, bytes.
        processes: how many there are.
    """

    time: float
    together: int
    largest: int
    processes: int


def list_tree(root: int, proc: Path = PROC) -> list[int]:
    """Give a process and all its descendants that live, by their numbers.

    Args:
        root: the process.
        proc: folder in which Linux describes the processes.
    """
    children: dict[int, list[int]] = {}
    for folder in proc.iterdir():
        if folder.name.isdigit():
            try:
                text = (folder / "stat").read_text(errors="replace")
            except OSError:  # it has ended
                continue
            # The name in brackets may hold spaces and brackets.
            parent = int(text.rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(folder.name))
    tree = [root]
    for process in tree:  # grows while it is read
        tree += children.get(process, [])
    return tree


def read_pss(process: int, proc: Path = PROC) -> int:
    """Give the proportional set size of a process, bytes; 0 if it has ended."""
    try:
        text = (proc / str(process) / "smaps_rollup").read_text()
    except OSError:
        return 0
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * KIB
    return 0


def sample_tree(roots: Iterable[int], proc: Path = PROC) -> Sample:
    """Measure some processes and their descendants once."""
    tree = {process for root in roots for process in list_tree(root, proc)}
    sizes = [size for process in tree if (size := read_pss(process, proc))]
    return Sample(time.time(), sum(sizes), max(sizes, default=0), len(sizes))


class TreeWatch:
    """Samples some processes and their descendants in a thread, until it is left.

    Example:
        >>> with TreeWatch([os.getpid()]) as watch:
        ...     data = bytearray(10**8)
        >>> watch.find_peak().together > 10**8
        True
    """

    def __init__(self, roots: Iterable[int], interval: float = INTERVAL) -> None:
        """Remember what to watch.

        Args:
            roots: the processes.
            interval: seconds between two samples.
        """
        self.samples: list[Sample] = []
        self._roots = list(roots)
        self._interval = interval
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def find_peak(self, start: float = 0.0, end: float = float("inf")) -> Sample:
        """Give the greatest of the samples between two times, each part on its own.

        Args:
            start: seconds since 1970.
            end: seconds since 1970.

        Raises:
            ValueError: there is no sample between them.
        """
        found = [one for one in self.samples if start <= one.time <= end]
        if not found:
            raise ValueError(
                f"expected samples from {start:.1f} to {end:.1f} s, got none; sample "
                f"more often than every {self._interval:g} s."
            )
        largest = [max(values) for values in zip(*found, strict=True)]
        return Sample(*largest)

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Watch no more."""
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        """Take samples until the end, at least one."""
        while True:
            self.samples.append(sample_tree(self._roots))
            if self._ended.wait(self._interval):
                return


def wait_for(process: int) -> tuple[int, float]:
    """Wait until a child of this process ends.

    Returns:
        Its exit code, negative for a signal, and the seconds of processor time that it
        and all that it waited for have taken.
    """
    _, status, usage = os.wait4(process, 0)
    return os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime
