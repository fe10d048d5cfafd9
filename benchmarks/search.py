"""Measure the search for similar vectors, and what rests on it: naming, grouping.

    make benchmark-search
    make benchmark-search ARGS="--vectors 100000 --people 10000 --faces 10000"

Every case runs in a process of its own, on invented embeddings: noisy ones around
random people. Prints two tables and keeps them in benchmarks/RESULTS.md.
"""

import argparse
import json
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.machine import MIB, RESULTS, ROOT, describe_run
from benchmarks.report import keep_section
from benchmarks.search_cases import KINDS, rate_groups, read_groups
from benchmarks.table import render

HEADING = "# Search and grouping"
PROBES = 1000
NAMED = 10_000  # faces that are named
EXPLANATION = """\
Each row is a process of its own; *peak MiB* is all of its memory, the vectors (128
float32) included. *s* is by the clock, *cpu s* the sum over the cores, which depends
less on what else the machine does. The people are invented: *apart* are random unit
vectors; *as dlib* have the mean and the spread of the ORL faces as `dlib_resnet`
embeds them, of which 22 dimensions matter. *top 5 found* is the fraction of the
exact 5 nearest. Groups are made at a distance of 0.06, of 5 faces per person. *one
person* is the fraction of the pairs within groups that show one person (pairwise
precision), *pairs found* the fraction of the pairs of one person that are in one
group (pairwise recall). *as exact* is the fraction of the pairs within the exact
groups that are in one group here, too."""
SEARCH_HEADER = (
    *("work", "people", "index"),
    *("vectors", "faces", "build, s", "build, cpu s", "s", "cpu s", "top 5 found"),
    "peak MiB",
)
GROUP_HEADER = (
    *("work", "people", "index"),
    *("faces", "s", "cpu s", "one person", "pairs found", "as exact", "peak MiB"),
)


def run_case(**case: Any) -> dict[str, Any]:
    """Run one case of `search_cases`.

    Raises:
        RuntimeError: it failed.
    """
    command = [sys.executable, "-m", "benchmarks.search_cases", json.dumps(case)]
    print(shlex.join(command[3:]), file=sys.stderr)
    done = subprocess.run(  # noqa: S603 (our own)
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(
            f"expected an answer to {case}, got status {done.returncode}: "
            f"{done.stderr[-2000:]}"
        )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(f"  {answer}", file=sys.stderr)  # the tables come when all is measured
    return answer


def measure_search(options: argparse.Namespace) -> Iterable[Sequence[str]]:
    """Search and name, and give the rows of the table."""
    for kind in KINDS:
        for vectors in options.vectors:
            for index in options.indexes:
                case = {"kind": kind, "vectors": vectors, "index": index}
                answer = run_case(work="search", probes=PROBES, **case)
                yield (
                    *("search", kind, index, f"{vectors:,}", f"{PROBES:,}"),
                    *show_cost(answer["build"]),
                    *show_cost(answer["work"]),
                    f"{answer['recall']:.1%}",
                    show_peak(answer),
                )
        for people in options.people:
            case = {"kind": kind, "people": people, "faces": NAMED, "index": "exact"}
            answer = run_case(work="match", **case)
            yield (
                *("name", kind, "exact", f"{people:,}", f"{NAMED:,}", "", ""),
                *show_cost(answer["work"]),
                *("", show_peak(answer)),
            )


def measure_groups(
    options: argparse.Namespace, folder: Path
) -> Iterable[Sequence[str]]:
    """Group, and give the rows of the table."""
    for kind in KINDS:
        for faces in options.faces:
            groups = {}
            for index in options.indexes:
                file = folder / f"{index}.npy"
                case = {"kind": kind, "faces": faces, "index": index}
                answer = run_case(work="group", file=str(file), **case)
                groups[index] = read_groups(file)
                shared = ""
                if "exact" in groups:
                    shared = f"{rate_groups(groups[index], groups['exact'])[1]:.2%}"
                yield (
                    *("group", kind, index, f"{faces:,}"),
                    *show_cost(answer["work"]),
                    *(f"{answer['precision']:.2%}", f"{answer['recall']:.2%}", shared),
                    show_peak(answer),
                )


def show_cost(cost: Sequence[float]) -> tuple[str, str]:
    """Write the seconds by the clock and of the cores."""
    seconds, cpu = cost
    return f"{seconds:.1f}", f"{cpu:.1f}"


def show_peak(answer: Mapping[str, Any]) -> str:
    """Write the peak memory."""
    return f"{answer['peak'] / MIB:.0f}"


def parse_options(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--vectors", type=int, nargs="*", default=[10**5, 10**6])
    parser.add_argument("--people", type=int, nargs="*", default=[10**5])
    parser.add_argument(
        *("--faces", "-f"), type=int, nargs="*", default=[10**4, 5 * 10**4, 10**5]
    )
    parser.add_argument("--indexes", nargs="+", default=["exact", "faiss"])
    parser.add_argument("--results", type=Path, default=RESULTS, help="file to write")
    return parser.parse_args(words)


def main() -> None:
    """Measure, print the tables and keep them."""
    options = parse_options()
    described = describe_run("benchmark-search", sys.argv[1:])
    tables = [render([SEARCH_HEADER, *measure_search(options)])]
    with TemporaryDirectory() as folder:
        rows = measure_groups(options, Path(folder))
        tables.append(render([GROUP_HEADER, *rows]))
    print(*tables, sep="\n\n")
    text = "\n\n".join([described, *tables, EXPLANATION])
    keep_section(options.results, HEADING, text)


if __name__ == "__main__":
    main()
