"""The other end of `fault_server`: describe trials, get outcomes."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SRC = HERE.parents[1] / "src"
COMPILERS = ("cc", "gcc", "clang")
HANG = 600.0  # seconds that a trial may take on a busy machine

# As in fault_shim.c.
OPERATIONS = {
    "open": 1,
    "write": 2,
    "fsync": 4,
    "rename": 8,
    "mkdir": 16,
    "unlink": 32,
    "read": 64,
}
CHANGES = sum(OPERATIONS.values()) - OPERATIONS["read"]  # all that change a folder


@dataclass(frozen=True)
class Fault:
    """What befalls a process: its n-th operation below a folder fails or kills it.

    Attributes:
        root: the folder.
        at: n, from 1; 0 for never, to count.
        operations: sum of `OPERATIONS` that count.
        error: errno; 0 kills with SIGKILL.
        persistent: all operations from the n-th on fail.
        log: file to which the operations are listed.
    """

    root: str
    at: int = 0
    operations: int = CHANGES
    error: int = 0
    persistent: bool = False
    log: str | None = None


@dataclass(frozen=True)
class Trial:
    """One process: a function of `fault_tasks` and its arguments."""

    task: str
    arguments: dict[str, Any] = field(default_factory=dict)
    kill_after: float | None = None
    timeout: float = HANG


@dataclass(frozen=True)
class Outcome:
    """How the process of a trial ended."""

    result: Any
    output: str
    code: int  # negative: the signal
    hung: bool
    seconds: float
    peak_mb: float


def find_compiler() -> str | None:
    """Give a C compiler for Linux, None where there is none."""
    if not sys.platform.startswith("linux"):
        return None
    return next((found for name in COMPILERS if (found := shutil.which(name))), None)


class Zygote:
    """A process that forks the processes of trials."""

    def __init__(self, folder: Path) -> None:
        shim = folder / "fault_shim.so"
        command = [find_compiler(), "-shared", "-fPIC", "-O1", "-o", shim]
        subprocess.run([*command, HERE / "fault_shim.c"], check=True)
        paths = [str(SRC), str(HERE), str(HERE.parent / "stand_ins")]
        environment = os.environ | {
            "LD_PRELOAD": str(shim),
            "PYTHONPATH": os.pathsep.join(paths),
            "CUDA_VISIBLE_DEVICES": "-1",
            "PYTHONWARNINGS": "ignore",
        }
        self._process = subprocess.Popen(
            [sys.executable, HERE / "fault_server.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        if self._process.stdout.readline() != "ready\n":
            raise RuntimeError("expected fault_server.py to start, it ended.")

    def run(self, trials: list[Trial], jobs: int = 1) -> list[Outcome]:
        """Run trials, `jobs` at a time; gives their outcomes in order."""
        asked = {"trials": [asdict(trial) for trial in trials], "jobs": jobs}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return [Outcome(**one) for one in json.loads(self._process.stdout.readline())]

    def do(self, task: str, **arguments: Any) -> Outcome:
        """Run one trial without a planned kill."""
        return self.run([Trial(task, arguments)])[0]

    def close(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
