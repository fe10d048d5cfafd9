"""Measure what it costs to give out shards, by shards without work in any number.

    make benchmark-cluster
    make benchmark-cluster ARGS="--counts 1000 10000 --engines processes"

Gives out shards to two workers with the same code as `kedro run`. The work of a shard
is simulated: it returns the number that it gets, or counts the files on its list. So
all time and memory measured here are those of the engine. Dask's scheduler and workers
are processes of their own, as `dask scheduler` and `dask worker` start them. Prints a
table and keeps it in benchmarks/RESULTS.md.
"""

import argparse
import operator
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, get_args

from benchmarks.dask_servers import DaskServers
from benchmarks.machine import MIB, RESULTS, describe_run
from benchmarks.process_tree import read_pss
from benchmarks.report import keep_section
from benchmarks.table import render

from lfw17_kedro.compute.engines import DASK, EngineName, make_pool
from lfw17_kedro.compute.tasks import Pool, run_tasks
from lfw17_kedro.photo_types import PhotoFile

HEADING = "# Shards without work"
ENGINES = get_args(EngineName)
LISTED = 2000  # files on the list of a shard
LISTS = 10_000  # shards with a list at most
HEADER = (
    *("engine", "item of a shard", "shards", "until the first, s", "all, s"),
    *("ms per shard", "this process, MiB", "this grew, MiB"),
    *("scheduler, MiB", "scheduler grew, MiB"),
)
EXPLANATION = """\
Shards without work on {workers} workers of this machine: the table shows the cost of
giving out shards and of learning that they ended. The work is simulated: it returns the
number that it gets, or counts the {listed:,} invented files on its list. *until the
first* includes the start of the workers. *this process* gives out the shards, as the
run does; *grew* is how much more memory it and the scheduler hold after the last shard
than after the first. Memory is the proportional set size. The time of `local` with
files is the time to invent them."""


class Cost(NamedTuple):
    """What giving out shards took.

    Attributes:
        shards: number of shards.
        first: seconds until the first shard ended, with the start of the workers.
        seconds: seconds until all shards ended.
        client: bytes of this process after the last shard.
        client_growth: bytes more than after the first shard.
        scheduler: bytes of the scheduler's process, 0 where there is none.
        scheduler_growth: bytes more than after the first shard.
    """

    shards: int
    first: float
    seconds: float
    client: int
    client_growth: int
    scheduler: int
    scheduler_growth: int


def measure(
    start_workers: Callable[[], Pool],
    items: Iterable[Any],
    scheduler: int | None,
) -> Cost:
    """Give out shards and count their ends.

    Args:
        start_workers: starts the workers.
        items: one item for each shard, at least one shard.
        scheduler: process number of the scheduler, None where there is none.

    Raises:
        RuntimeError: a shard failed.
    """
    processes = [os.getpid(), *([scheduler] if scheduler else [])]
    began: list[int] = []
    first = 0.0
    shards = 0
    start = time.perf_counter()
    pool = start_workers()
    try:
        for attempt in run_tasks(pool, items):
            if attempt.error:
                raise RuntimeError(f"expected no work, got {attempt.error}")
            shards += 1
            if shards == 1:
                first = time.perf_counter() - start
                began = [read_pss(one) for one in processes]
        seconds = time.perf_counter() - start
        ended = [read_pss(one) for one in processes]
    finally:
        pool.close()
    grown = [after - before for before, after in zip(began, ended, strict=True)]
    return Cost(
        shards,
        first,
        seconds,
        ended[0],
        grown[0],
        ended[1] if scheduler else 0,
        grown[1] if scheduler else 0,
    )


def list_files(shards: int) -> Iterator[tuple[PhotoFile, ...]]:
    """Invent the list of files of each shard, as a listing of a folder gives it."""
    for shard in range(shards):
        yield tuple(
            PhotoFile(f"{shard:07d}/{index:07d}.jpg", f"{shard * LISTED + index:064x}")
            for index in range(LISTED)
        )


def measure_engine(
    engine: EngineName,
    work: Callable[[Any], Any],
    items: Iterable[Any],
    workers: int,
    message_log: int = 0,
) -> Cost:
    """Measure one engine.

    Args:
        engine: one of `ENGINES`.
        work: what to do with the item of a shard; workers can import it.
        items: one item for each shard, at least one shard.
        workers: number of workers, with one thread each.
        message_log: messages to each worker that Dask's scheduler keeps.
    """
    if engine != DASK:
        return measure(lambda: make_pool(work, engine, workers), items, None)
    with (
        TemporaryDirectory() as folder,
        DaskServers(Path(folder), workers, message_log) as servers,
    ):
        address, scheduler = servers.address, servers.scheduler
        if scheduler is None:
            raise RuntimeError("expected a scheduler that runs, got none.")
        return measure(
            lambda: make_pool(work, engine, workers, address), items, scheduler.pid
        )


def make_row(engine: str, item: str, cost: Cost) -> list[str]:
    """Write a row of the table, in the order of `HEADER`."""
    later = 1000 * (cost.seconds - cost.first) / max(1, cost.shards - 1)
    row = [engine, item, f"{cost.shards:,}", f"{cost.first:.1f}"]
    row += [f"{cost.seconds:.1f}", f"{later:.3f}"]
    row += [f"{cost.client / MIB:.0f}", f"{cost.client_growth / MIB:.1f}"]
    if not cost.scheduler:
        return [*row, "", ""]
    growth = cost.scheduler_growth / MIB
    return [*row, f"{cost.scheduler / MIB:.0f}", f"{growth:.1f}"]


def describe_command(options: argparse.Namespace) -> str:
    """Say with which command, when, with which code and where it is run."""
    words = ["--counts", *options.counts, "--engines", *options.engines]
    words += ["--workers", options.workers, "--message-log", options.message_log]
    return describe_run("benchmark-cluster", words)


def parse_options(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    counts = [10_000, 100_000, 1_000_000]
    add("--counts", type=int, nargs="+", default=counts, help="numbers of shards")
    add("--engines", nargs="+", choices=ENGINES, default=ENGINES)
    add("--workers", type=int, default=2, help="for processes and dask")
    add("--message-log", type=int, default=0, help="messages Dask's scheduler keeps")
    add("--results", type=Path, default=RESULTS, help="file to write")
    options = parser.parse_args(words)
    if min(*options.counts, options.workers) < 1:
        parser.error("--counts and --workers must be at least 1")
    return options


def main() -> None:
    """Measure, print the table and keep it."""
    options = parse_options()
    described = describe_command(options)
    rows: list[Sequence[str]] = [HEADER]
    for engine in options.engines:
        works = [("a number", operator.index, range(count)) for count in options.counts]
        lists = min(LISTS, max(options.counts))
        works.append((f"{LISTED:,} files", len, list_files(lists)))
        for item, work, items in works:
            print(engine, item, file=sys.stderr)
            cost = measure_engine(
                engine, work, items, options.workers, options.message_log
            )
            rows.append(make_row(engine, item, cost))
            print(*rows[-1], sep=", ", file=sys.stderr)
    explained = EXPLANATION.format(workers=options.workers, listed=LISTED)
    parts = [described, render(rows), explained]
    print(*parts, sep="\n\n")
    keep_section(options.results, HEADING, "\n\n".join(parts))


if __name__ == "__main__":
    main()
