"""Measure `kedro run --env people` on many photos, with every engine.

    make benchmark-scale
    make benchmark-scale ARGS="--counts 200 400 --shard-size 50"

Makes face photos out of the ORL faces, enrols the 30 people of `make run-people`, and
then searches and names the photos in a new project for each run. The smallest number
of photos runs with every engine, the others with --large-engines alone. All runs of
one number of photos must leave the same parts, byte for byte. Prints a table and keeps
it in benchmarks/RESULTS.md. 100,000 photos take an hour or two and 10 GB of disk.
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

from benchmarks.machine import RESULTS, ROOT, describe_run
from benchmarks.photo_maker import make_photos
from benchmarks.report import keep_section
from benchmarks.scale_listing import describe_listing, measure_listing
from benchmarks.scale_runs import (
    Run,
    hash_parts,
    make_project,
    measure_run,
    run_whole,
)
from benchmarks.scale_table import (
    EXPLANATION,
    HEADER,
    Key,
    compare_parts,
    make_row,
    write_notes,
)
from benchmarks.table import render

from lfw17_kedro.compute.engines import LOCAL, EngineName

HEADING = "# Many photos"
ENGINES = get_args(EngineName)


def measure_all(
    photos: Mapping[int, Path], folder: Path, options: argparse.Namespace
) -> tuple[dict[Key, list[Run]], list[str]]:
    """Measure every engine on every number of photos that it is asked for.

    Args:
        photos: number of photos -> their folder.
        folder: folder for projects and logs.
        options: options of the command line.

    Returns:
        What was measured in each round, and how parts differ: nothing if they do not.
    """
    people = folder / "example" / "people"
    if not people.exists():
        make_people = [sys.executable, "tools/make_people.py", str(people.parent)]
        subprocess.run(make_people, cwd=ROOT, check=True)  # noqa: S603 (our own)
    enrolled = make_project(folder / "enrolled")
    parameters: dict[str, object] = {"people_folder": people}
    if options.shard_size:
        parameters["compute.shard_size"] = options.shard_size
    run_whole(enrolled, folder / "enrol.log", parameters, "--pipelines", "enrol")
    runs: dict[Key, list[Run]] = {}
    parts: dict[int, dict[str, str]] = {}
    differences = []
    for index in range(options.rounds):
        for engine, count in plan_runs(options):
            name = f"{engine}-{count}-{index}"
            print(name, file=sys.stderr)
            project = folder / name
            shutil.rmtree(project, ignore_errors=True)
            shutil.copytree(enrolled, project)
            chosen = {**parameters, "photos_folder": photos[count]}
            chosen["compute.engine"] = engine
            if engine != LOCAL:
                chosen["compute.workers"] = options.workers
            run = measure_run(project, folder / f"{name}.log", chosen)
            print(run, file=sys.stderr)
            runs.setdefault((engine, count), []).append(run)
            written = hash_parts(project)
            expected = parts.setdefault(count, written)
            differences += compare_parts(name, written, expected)
            shutil.rmtree(project)
    return runs, differences


def plan_runs(options: argparse.Namespace) -> list[Key]:
    """Say which engine runs on how many photos, in which order."""
    smallest, *others = sorted(options.counts)
    plan = [(engine, smallest) for engine in options.engines]
    return plan + [(engine, n) for n in others for engine in options.large_engines]


def describe_command(options: argparse.Namespace) -> str:
    """Say with which command, when, with which code and where it is run."""
    words = ["--counts", *options.counts, "--engines", *options.engines]
    words += ["--large-engines", *options.large_engines]
    words += ["--workers", options.workers, "--rounds", options.rounds]
    if options.shard_size:
        words += ["--shard-size", options.shard_size]
    return describe_run("benchmark-scale", words)


def parse_options(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add(
        "--counts",
        type=int,
        nargs="+",
        default=[10_000, 100_000],
        help="numbers of photos",
    )
    add("--engines", nargs="+", choices=ENGINES, default=ENGINES)
    add("--large-engines", nargs="+", choices=ENGINES, default=[LOCAL])
    add("--workers", type=int, default=2, help="for processes and dask")
    add("--shard-size", type=int, help="photos per shard, if not the project's own")
    add("--rounds", type=int, default=1, help="interleaved repetitions")
    add("--photos", type=Path, help="folder that keeps the photos, in photos-COUNT")
    add("--folder", type=Path, help="folder that keeps photos and logs")
    add("--results", type=Path, default=RESULTS, help="file to write")
    options = parser.parse_args(words)
    if (
        min(*options.counts, options.workers, options.rounds, options.shard_size or 1)
        < 1
    ):
        parser.error("--counts, --workers, --rounds and --shard-size: 1 or more")
    return options


def main() -> None:
    """Measure, print the table and keep it."""
    options = parse_options()
    described = describe_command(options)
    with TemporaryDirectory() as scratch:
        # In a folder of its own: projects of its names are removed there.
        folder = (options.folder or Path(scratch)).resolve() / "benchmark-scale"
        folder.mkdir(parents=True, exist_ok=True)
        place = (options.photos or folder).resolve()
        photos = {count: place / f"photos-{count}" for count in options.counts}
        for count, one in photos.items():
            make_photos(one, count)
        listings = [measure_listing(one) for one in photos.values()]
        runs, differences = measure_all(photos, folder, options)
    rows = [make_row(key, options.workers, some) for key, some in runs.items()]
    several = "Median ± half the range of {} interleaved rounds.\n"
    rounds = several.format(options.rounds) if options.rounds > 1 else ""
    texts = [*write_notes(runs, differences), *map(describe_listing, listings)]
    notes = "\n".join(f"- {note}" for note in texts)
    explained = EXPLANATION.format(rounds=rounds)
    parts = [described, render([HEADER, *rows]), explained, notes]
    print(*parts, sep="\n\n")
    keep_section(options.results, HEADING, "\n\n".join(parts))
    if differences:
        sys.exit(1)


if __name__ == "__main__":
    main()
