"""Run a reader on hostile bytes in a process of its own, and watch that process.

The child notes each input in shared memory before it reads it. So when the child dies,
hangs or grows, the watcher knows which input did it.
"""

import contextlib
import faulthandler
import json
import mmap
import os
import resource
import select
import shutil
import signal
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

MAX_SECONDS = 10.0  # of processor time for one input
MAX_WAIT = 60.0  # of the clock for one input: it waits for something
MAX_GROWTH = 1 << 30  # bytes of memory, over the size of the input
MAX_ADDRESSES = 8 << 30  # of address space; only so that the machine survives
MAX_INPUT = 4 << 20
START_SECONDS = 120.0  # for the first input: TensorFlow starts then
POLL = 0.01
TRACE_SECONDS, TRACE_POLL = 10.0, 0.1
TRACE_LOOKS = 5  # at a trace that does not grow: then it is whole

_HEADER = struct.Struct("<dqqqq")  # started (0: idle), done, accepted, refused, size
_CALLS = ("os.system", "os.exec", "os.posix_spawn", "subprocess.Popen")
_CALLS += ("socket.connect", "os.remove", "os.rename", "shutil.rmtree")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


@dataclass(frozen=True)
class Finding:
    """What an input did that no input may do.

    Attributes:
        kind: abort, hang, memory, error, message or effect.
        place: where in the code; two findings of one place count once.
        detail: what happened.
        content: the input.
    """

    kind: str
    place: str
    detail: str
    content: bytes


class Board:
    """Shared memory: the input under way, and counts."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _HEADER.size + MAX_INPUT)
        self.set(0.0, 0, 0, 0, 0)

    def get(self) -> tuple[float, int, int, int, int]:
        """Give started, done, accepted, refused and size."""
        return _HEADER.unpack_from(self._memory)

    def set(self, *values: float) -> None:
        """Set the same."""
        _HEADER.pack_into(self._memory, 0, *values)

    def begin(self, content: bytes) -> None:
        """Note an input before it is read."""
        _, done, accepted, refused, _ = self.get()
        self._memory[_HEADER.size : _HEADER.size + len(content)] = content
        self.set(time.monotonic(), done, accepted, refused, len(content))

    def end(self, accepted: bool) -> None:
        """Note that it was read, or refused."""
        _, done, yes, no, size = self.get()
        self.set(0.0, done + 1, yes + accepted, no + (not accepted), size)

    def read_input(self) -> bytes:
        """Give the input that was noted last."""
        return self._memory[_HEADER.size : _HEADER.size + self.get()[4]]


class Trial:
    """Reads inputs in the child, and reports what none of them may do."""

    def __init__(
        self,
        read: Callable[[bytes, Path], Any],
        judge: Callable[[BaseException], tuple[str, str, str] | None],
        board: Board,
        pipe: int,
        folder: Path,
    ) -> None:
        self._read, self._judge = read, judge
        self._board, self._pipe = board, pipe
        self.folder = folder
        self._effects: list[str] | None = None
        self._sent: set[tuple[str, str]] = set()
        sys.addaudithook(self._audit)

    def __call__(self, content: bytes) -> None:
        """Read one input in an empty folder."""
        folder = self.folder / "input"
        folder.mkdir()
        reset_peak()
        before = read_memory("VmRSS")
        self._board.begin(content)
        self._effects, problem, accepted = [], None, True
        try:
            self._read(content, folder)
        except Exception as error:
            problem, accepted = self._judge(error), False
        effects, self._effects = self._effects, None
        effects += [f"made {name!r}" for name in self._list_strangers()]
        growth = read_memory("VmHWM") - before
        self._board.end(accepted)
        shutil.rmtree(folder)
        if problem:
            self.report(*problem, content)
        if effects:
            self.report("effect", effects[0], effects[0], content)
        if growth > MAX_GROWTH + len(content):
            detail = f"{growth >> 20} MB for {len(content)} bytes"
            self.report("memory", "reader", detail, content)

    def report(self, kind: str, place: str, detail: str, content: bytes) -> None:
        """Send a finding to the watcher, the first of its kind and place."""
        if (kind, place) in self._sent:
            return
        self._sent.add((kind, place))
        finding = asdict(Finding(kind, place, detail[:400], b""))
        line = json.dumps(finding | {"content": content.hex()}) + "\n"
        data = line.encode("utf-8", "backslashreplace")
        while data:
            data = data[os.write(self._pipe, data) :]

    def _list_strangers(self) -> list[str]:
        """List what lies in the working folder besides what belongs there."""
        return sorted({*os.listdir(self.folder)} - {"input", "tmp", "trace"})

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note what Python does besides reading, while an input is read."""
        if self._effects is None:
            return
        place = str(arguments[0]) if arguments else ""
        inside = place.startswith(str(self.folder))
        # shutil.rmtree names files by their folder's descriptor; it is seen itself.
        if inside or (event == "os.remove" and arguments[-1] != -1):
            return
        if event == "open" and arguments[2] & _WRITES and place != os.devnull:
            self._effects.append(f"open {place!r} to write")
        elif event in _CALLS:
            self._effects.append(f"{event} {place!r}")


def reset_peak() -> None:
    """Reset the peak of memory that Linux measures: proc(5), clear_refs."""
    Path("/proc/self/clear_refs").write_text("5")


def read_processor_time(process: int) -> float:
    """Give the seconds of processor time that a process has used."""
    text = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace")
    user, system = text.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def read_memory(field: str, process: str = "self") -> int:
    """Give a process's resident memory (VmRSS) or its peak (VmHWM), bytes."""
    with open(f"/proc/{process}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith(field):
                return int(line.split()[1]) << 10
    return 0  # the process has ended


@contextlib.contextmanager
def empty_folder() -> Iterator[Path]:
    """Give a folder in memory where the system has one."""
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
    folder = Path(tempfile.mkdtemp(prefix="fuzz-", dir=base)).resolve()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_child(
    read: Callable[[bytes, Path], Any],
    judge: Callable[[BaseException], tuple[str, str, str] | None],
    work: Callable[[Trial], None],
    seconds: float,
) -> tuple[list[Finding], tuple[int, int, int]]:
    """Fork a child that does the work, and watch it until it ends.

    Args:
        read: the reader: content, an empty folder -> anything.
        judge: gives kind, place and detail of an error that no input may raise.
        work: calls the trial with one input after the other; ends by itself.
        seconds: after which the child is ended, between two inputs.

    Returns:
        The findings, and how many inputs were read, accepted and refused.
    """
    board = Board()
    source, sink = os.pipe()
    with empty_folder() as folder:
        child = os.fork()
        if child == 0:
            _live_as_child(Trial(read, judge, board, sink, folder), work, source)
        os.close(sink)
        findings = _watch(child, board, source, folder, time.monotonic() + seconds)
        os.close(source)
    _, done, accepted, refused, _ = board.get()
    return findings, (done, accepted, refused)


def _live_as_child(trial: Trial, work: Callable[[Trial], None], source: int) -> None:
    """Do the work of a child, which never returns."""
    code = 1
    try:
        os.close(source)
        # A reader may be the first to import a module, whose bytecode is no effect.
        sys.dont_write_bytecode = True
        os.setpgid(0, 0)
        os.chdir(trial.folder)
        (trial.folder / "tmp").mkdir()
        os.environ["TMPDIR"] = tempfile.tempdir = str(trial.folder / "tmp")
        nothing = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):  # what libraries print of hostile files is of no use
            os.dup2(nothing, stream)
        trace = open(trial.folder / "trace", "w")
        faulthandler.enable(trace)
        faulthandler.register(signal.SIGUSR1, trace)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        limit = read_memory("VmSize") + MAX_ADDRESSES
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        work(trial)
        code = 0
    except BaseException as error:
        trial.report("harness", type(error).__name__, repr(error), b"")
        raise
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _watch(
    child: int, board: Board, source: int, folder: Path, end: float
) -> list[Finding]:
    """Watch a child until it ends or has to be ended."""
    text, content, problem, status, rest = b"", b"", None, None, 0
    base, used, last = 0, 0.0, -1
    while status is None:
        if select.select([source], [], [], POLL)[0]:
            text += os.read(source, 1 << 16)
        started, done, _, _, size = board.get()
        now, memory = time.monotonic(), read_memory("VmRSS", str(child))
        busy = read_processor_time(child)
        if done != last or not started:
            last, base, used = done, memory, busy
        allowed = MAX_SECONDS if done else START_SECONDS
        if started and busy - used > allowed:
            problem = ("hang", f"more than {allowed:g} s of processor time")
        elif started and now - started > allowed + MAX_WAIT:
            problem = ("hang", f"more than {allowed + MAX_WAIT:g} s")
        elif started and memory - base > MAX_GROWTH + size:
            problem = ("memory", f"{(memory - base) >> 20} MB for {size} bytes")
        content = board.read_input()
        if problem and board.get()[1] != done:
            problem = None  # the child went on meanwhile, and reports it itself
        late = now > end + START_SECONDS + MAX_WAIT
        if problem or late:
            os.kill(child, signal.SIGUSR1)
            _wait_for_trace(folder / "trace")
            os.killpg(child, signal.SIGKILL)
        pid, rest = os.waitpid(child, 0 if problem or late else os.WNOHANG)
        status = rest if pid else None
    while chunk := os.read(source, 1 << 16):
        text += chunk
    findings = [_parse(line) for line in text.splitlines()]
    if problem is None and os.WIFSIGNALED(rest) and not late:
        problem = ("abort", f"signal {signal.Signals(os.WTERMSIG(rest)).name}")
        content = board.read_input()
    if problem:
        place = _find_place((folder / "trace").read_text(errors="replace"))
        findings.append(Finding(problem[0], place, problem[1], content))
    return findings


def _wait_for_trace(trace: Path) -> None:
    """Wait until a child has written its trace, as far as its growth tells."""
    size, looks, end = 0, 0, time.monotonic() + TRACE_SECONDS
    while looks < TRACE_LOOKS and time.monotonic() < end:
        time.sleep(TRACE_POLL)
        before, size = size, trace.stat().st_size if trace.is_file() else 0
        looks = looks + 1 if size == before > 0 else 0


def _parse(line: bytes) -> Finding:
    """Read a finding that the child sent."""
    fields = json.loads(line)
    return Finding(**fields | {"content": bytes.fromhex(fields["content"])})


def _find_place(trace: str) -> str:
    """Give the innermost line of our own code in faulthandler's trace."""
    lines = [line.strip() for line in trace.splitlines() if "File " in line]
    ours = [line for line in lines if "lfw17_kedro" in line] or lines
    return ours[0].split("/")[-1].replace('"', "") if ours else "unknown"
