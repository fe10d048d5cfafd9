"""Run `kedro run --env people` on many photos, each time in a project of its own."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.machine import ROOT
from benchmarks.process_tree import TreeWatch, wait_for

from lfw17_kedro.lineage.digest import hash_file

ENVIRONMENT = "people"
STORE = "data/04_feature/people/scan"  # of the catalog, under the project
RECORD = "data/08_reporting/people/run.json"
FACES = "data/07_model_output/people/faces.csv"
SCAN = "people.scan_photos"  # the node that searches the photos
ONCE = ("people.build_encoder",)  # what costs the same for any number of photos
TAIL = 2000  # characters of the log that an error shows


class Run(NamedTuple):
    """What one run took.

    Attributes:
        photos, faces: number of photos and faces.
        seconds: duration of the whole run, from the start of its process to its end.
        scan: seconds of these in which the photos were searched.
        rest: seconds that all other nodes took together, without the building of the
            encoder.
        processor: seconds of processor time of all processes.
        peak: memory of all processes together at its peak, bytes (PSS).
        scan_peak: the same while the photos were searched.
        largest: memory of the largest process at its peak, bytes (PSS).
        processes: max number of processes at once.
        parts: number of parts of the scan that the photos were written to.
        store: bytes of the scan on the disk.
        outputs, files: bytes and number of everything else that the run wrote.
    """

    photos: int
    faces: int
    seconds: float
    scan: float
    rest: float
    processor: float
    peak: int
    scan_peak: int
    largest: int
    processes: int
    parts: int
    store: int
    outputs: int
    files: int


def make_project(folder: Path) -> Path:
    """Make a project with this one's configuration, in which nothing was run.

    Args:
        folder: folder of the project; what is there is removed.
    """
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("src", "conf/local"):
        (folder / name).mkdir(parents=True)
    for one in (ROOT / "conf").iterdir():
        if one.is_dir() and one.name != "local":
            shutil.copytree(one, folder / "conf" / one.name)
    shutil.copy(ROOT / "conf/logging.yml", folder / "conf")
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(ROOT / name, folder)
    return folder


def start_run(
    project: Path, log: Path, parameters: Mapping[str, Any], *words: str
) -> subprocess.Popen[bytes]:
    """Start `kedro run --env people` in a session of its own.

    Args:
        project: folder of the project.
        log: file that gets all that the run writes.
        parameters: name -> value, for --params.
        words: further words of the command.
    """
    shown = ",".join(f"{name}={value}" for name, value in parameters.items())
    command = [sys.executable, "-m", "kedro", "run", "--env", ENVIRONMENT]
    command += ["--params", shown, *words]
    paths = [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHONUNBUFFERED": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    with log.open("wb") as output:
        return subprocess.Popen(  # noqa: S603 (our own)
            command,
            cwd=project,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def run_whole(
    project: Path, log: Path, parameters: Mapping[str, Any], *words: str
) -> None:
    """Run to the end.

    Raises:
        RuntimeError: the run failed; shows the end of its log.
    """
    with start_run(project, log, parameters, *words) as process:
        code = process.wait()
    _check_code(code, log)


def measure_run(project: Path, log: Path, parameters: Mapping[str, Any]) -> Run:
    """Run to the end and measure.

    Args: see `start_run`.

    Raises:
        RuntimeError: the run failed; shows the end of its log.
    """
    known = list_parts(project)
    before = _measure_files(project / "data", project / STORE)
    start = time.perf_counter()
    process = start_run(project, log, parameters)
    with TreeWatch([process.pid]) as watch:
        code, processor = wait_for(process.pid)
        seconds = time.perf_counter() - start
    process.returncode = code  # nobody waits for it again
    _check_code(code, log)
    nodes = json.loads((project / RECORD).read_text(encoding="utf-8"))["nodes"]
    began, ended = (read_time(nodes[SCAN][key]) for key in ("started", "finished"))
    peak = watch.find_peak()
    written = [one for one in list_parts(project) if one not in known]
    after = _measure_files(project / "data", project / STORE)
    rest = [one["seconds"] for name, one in nodes.items() if name not in (SCAN, *ONCE)]
    with (project / FACES).open("rb") as file:
        faces = sum(line.count(b"\n") for line in file) - 1
    return Run(
        photos=sum(part["photos"] for part in map(read_card, written)),
        faces=faces,
        seconds=seconds,
        scan=nodes[SCAN]["seconds"],
        rest=sum(rest),
        processor=processor,
        peak=peak.together,
        scan_peak=watch.find_peak(began, ended).together,
        largest=peak.largest,
        processes=peak.processes,
        parts=len(written),
        store=sum(_measure_files(one)[0] for one in written),
        outputs=after[0] - before[0],
        files=after[1] - before[1],
    )


def list_parts(project: Path) -> list[Path]:
    """Give the finished parts of the scan, of whatever fingerprint, in order."""
    cards = (project / STORE).glob("*/part-*/part.json")
    return sorted(card.parent for card in cards)


def hash_parts(project: Path) -> dict[str, str]:
    """Give the SHA-256 of each file of the scan, by its path in it."""
    store, hashes = project / STORE, {}
    for part in list_parts(project):
        for file in sorted(part.iterdir()):
            hashes[file.relative_to(store).as_posix()] = hash_file(file)
    return hashes


def read_card(part: Path) -> dict[str, Any]:
    """Read what a part says of itself, and count its photos.

    Returns:
        part.json, with the number of `photos`.
    """
    from pyarrow.parquet import read_metadata

    card: dict[str, Any] = json.loads((part / "part.json").read_text(encoding="utf-8"))
    return {**card, "photos": read_metadata(part / "photos.parquet").num_rows}


def read_time(text: str) -> float:
    """Give seconds since 1970 of a time of the run record, "... UTC"."""
    return datetime.fromisoformat(text.replace(" UTC", "+00:00")).timestamp()


def _check_code(code: int, log: Path) -> None:
    """Refuse a run that failed."""
    if code:
        end = log.read_text(encoding="utf-8", errors="replace")[-TAIL:]
        raise RuntimeError(f"expected a run that succeeds, got exit code {code}: {end}")


def _measure_files(folder: Path, *without: Path) -> tuple[int, int]:
    """Give bytes and number of the files under a folder, some folders left out."""
    size = count = 0
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if Path(root, name) not in without]
        for name in files:
            size += Path(root, name).lstat().st_size
            count += 1
    return size, count
