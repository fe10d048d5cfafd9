"""Compare this project with others from photo files to embeddings.

    make benchmark
    make benchmark ARGS="--images 8 --rounds 1"

Every contestant runs in a process of its own and reads the same jpg files. In each
round they take their turn one after the other, so that all see the machine in the same
state. Prints one table and keeps it in benchmarks/RESULTS.md.

FaceNet's published weights are a download that not every machine reaches: ours and
facenet-pytorch's FaceNet run on invented weights of the real size, as fast as the real
ones.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.contestants import (
    COMPETITORS,
    CONTESTANTS,
    Contestant,
    compare_embeddings,
    list_skipped,
    make_command,
    prepare,
)
from benchmarks.images import ImageSet, make_image_sets
from benchmarks.machine import RESULTS
from benchmarks.processes import Measured, Worker, measure_round, start_in_turn
from benchmarks.report import (
    choose_peaks,
    describe_command,
    lay_out,
    write_notes,
    write_results,
)
from benchmarks.table import Entry, Once


def run(
    contestants: Sequence[Contestant], folder: Path, options: argparse.Namespace
) -> tuple[str, list[str]]:
    """Measure everything.

    Returns:
        The table, and lines about what is not in it.
    """
    built = prepare(folder)
    photos = folder / "photos"
    photos.mkdir()
    sets = make_image_sets(photos, options.images, options.lfw17)
    skipped = list_skipped(contestants, built["bfloat16"], options.competitors)
    commands = {
        one.name: make_command(one, folder, options.competitors)
        for one in contestants
        if one.name not in skipped
    }
    first = sets[0].files[0]
    workers, starts, failures, versions = start_in_turn(
        commands, first, folder, options
    )
    try:
        differences = compare_embeddings(workers, contestants, folder)
        results, left_out = measure_sets(workers, sets, options)
    finally:
        for worker in workers.values():
            worker.close()
    operations = built["operations"]
    entries = {
        one.name: Entry(one.name, operations.get(one.network), one.precision)
        for one in contestants
    }
    table = lay_out(entries, sets, results, Once(starts, differences))
    rows = [row for measured in results.values() for row in measured.items()]
    peaks = choose_peaks(entries, rows)
    notes = write_notes(skipped | failures, peaks, operations, versions)
    return table, notes + left_out


def measure_sets(
    workers: Mapping[str, Worker], sets: Sequence[ImageSet], options: argparse.Namespace
) -> tuple[dict[tuple[str, int], dict[str, Measured]], list[str]]:
    """Measure all sets, each with every number of images per call.

    Returns:
        (set, images per call) -> contestant -> what was measured, and lines about what
        was left out.
    """
    results, left_out = {}, []
    gone: dict[str, str] = {}
    for images in sets:
        for size in options.sizes:
            if size > len(images.files):
                left_out.append(
                    f"{images.name}, {size} per call: left out, there are only "
                    f"{len(images.files)}; see --images."
                )
                continue
            print(f"{images.name}, {size} per call", file=sys.stderr)
            alive = {name: w for name, w in workers.items() if name not in gone}
            measured = measure_round(alive, images, size, options.rounds)
            gone |= {
                name: f"its process ended before: {measured[name].failure}"
                for name, worker in alive.items()
                if worker.ended
            }
            results[images.name, size] = {
                name: measured.get(name) or Measured([], failure=gone[name])
                for name in workers
            }
    return results, left_out


def parse_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=64, help="per set; 1 or more")
    parser.add_argument("--rounds", type=int, default=5, help="repetitions; 1 or more")
    parser.add_argument(
        *("--sizes", "-s"),
        type=int,
        nargs="+",
        default=[1, 8, 64],
        help="images per call",
    )
    parser.add_argument(
        "--only", nargs="+", default=[""], help="parts of contestants' names"
    )
    parser.add_argument("--lfw17", help="folder of the competition's .npy files")
    parser.add_argument(
        "--limit", type=float, default=600, help="seconds that an answer may take"
    )
    parser.add_argument(
        "--competitors", default=str(COMPETITORS), help="a Python that has them"
    )
    parser.add_argument("--results", type=Path, default=RESULTS, help="file to write")
    options = parser.parse_args()
    names = [one.name for one in CONTESTANTS]
    if unknown := [p for p in options.only if not any(p in name for name in names)]:
        parser.error(f"--only {unknown[0]}: expected a part of one of {names}")
    if min(options.images, options.rounds, *options.sizes) < 1:
        parser.error("--images, --rounds and --sizes must be at least 1")
    return options


def main() -> None:
    """Compare, print the table and keep it."""
    options = parse_options()
    contestants = [
        one for one in CONTESTANTS if any(part in one.name for part in options.only)
    ]
    described = describe_command(options)
    with TemporaryDirectory() as folder:
        table, notes = run(contestants, Path(folder), options)
    print(table, *notes, sep="\n")
    write_results(options.results, described, table, notes, options.rounds)


if __name__ == "__main__":
    main()
