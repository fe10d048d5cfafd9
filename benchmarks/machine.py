"""Say on which machine and with which code something was measured.

The environments of the competitors import this module, too: it needs no package.
"""

import os
import platform
import resource
import shlex
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "RESULTS.md"
MIB, GIB = 2**20, 2**30
# What a result depends on, as git writes paths.
CODE = ("src", "conf", "benchmarks", ":!benchmarks/RESULTS.md")


def describe_machine(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Name the processor, its cores, the memory and the system.

    Args:
        cpuinfo: file in which Linux names the processor.
    """
    processor = platform.processor() or platform.machine()
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                processor = line.partition(":")[2].strip()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    return (
        f"{processor}, {os.cpu_count()} cores, {memory:.0f} GiB of memory, "
        f"{platform.system()}, Python {platform.python_version()}; load of the minute "
        f"before {os.getloadavg()[0]:.1f}."
    )


def describe_run(target: str, words: Iterable[object]) -> str:
    """Say with which command, when, with which code and where something is run.

    Call it before the run, whose own load would otherwise count.

    Args:
        target: target of make.
        words: arguments of the target.
    """
    arguments = shlex.join(map(str, words))
    given = f" ARGS={shlex.quote(arguments)}" if arguments else ""
    return f"`make {target}{given}`, {describe_revision()}.\n{describe_machine()}"


def describe_revision() -> str:
    """Give the date and the git revision, and whether files differ from it."""
    today = datetime.now(UTC).date().isoformat()
    commit = _git("rev-parse", "--short", "HEAD")
    changed = " with changes" if _git("status", "--porcelain", "--", *CODE) else ""
    return f"{today}, commit {commit}{changed}" if commit else f"{today}, no commit"


def read_peak_memory() -> int:
    """Give the most memory that this process had at any time, bytes.

    On Linux `getrusage` also counts the process that started this one, until its exec.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        status = ""
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _git(*words: str) -> str:
    """Run git in the project; nothing where there is no git or no repository."""
    try:
        done = subprocess.run(  # noqa: S603 (our own)
            ["git", *words],  # noqa: S607 (the user's git)
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return ""
    return done.stdout.strip()
