"""Lay out what runs on many photos took."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median

from benchmarks.machine import MIB
from benchmarks.scale_runs import Run
from benchmarks.table import show_spread

from lfw17_kedro.compute.engines import LOCAL

MAX_SHOWN = 5  # files that differ
HEADER = (
    *("engine", "photos", "faces", "run, s", "search, s", "search, ms per photo"),
    *("photos per second", "rest, ms per photo", "processor, ms per photo"),
    *("peak MiB, all", "while searching", "largest process", "processes"),
    *("parts", "scan, MiB", "outputs, MiB", "output files"),
)
EXPLANATION = """\
{rounds}Each run is a `kedro run --env people` of its own in a new project, in which the
people were enrolled before. *search* is the node that decodes the photos, finds and
embeds their faces and writes the parts; *rest* are all other nodes: enrolling again,
naming, grouping, the album; *run* also includes the start of Python, TensorFlow and
the encoder. *processor* is the time that all cores spent on the whole run. Memory is
sampled every half second: the proportional set sizes of all processes together, and of
the largest. *scan* is what the search keeps of the photos, *outputs* is everything else
that the run writes."""

Key = tuple[str, int]
"""Engine and number of photos."""


def compare_parts(
    name: str, found: Mapping[str, str], expected: Mapping[str, str]
) -> list[str]:
    """Say how the parts of a run differ from those of the first one.

    Args:
        name: name of the run.
        found: file -> SHA-256, of this run.
        expected: file -> SHA-256, of the first run.
    """
    wrong = [
        file
        for file in sorted(found.keys() | expected.keys())
        if found.get(file) != expected.get(file)
    ]
    if not wrong:
        return []
    shown = ", ".join(wrong[:MAX_SHOWN])
    return [f"{name}: {len(wrong)} files of the scan differ: {shown}"]


def make_row(key: Key, workers: int, runs: Sequence[Run]) -> list[str]:
    """Write a row of the table, in the order of `HEADER`.

    Args:
        key: engine and number of photos asked for.
        workers: number of workers, for engines that have some.
        runs: one run for each round.
    """
    engine, count = key
    shown = engine if engine == LOCAL else f"{engine} x{workers}"
    last = runs[-1]
    return [
        shown,
        f"{count:,}",
        f"{last.faces:,}",
        show_spread([run.seconds for run in runs], 0),
        show_spread([run.scan for run in runs], 0),
        show_spread([1000 * run.scan / run.photos for run in runs], 2),
        show_spread([run.photos / run.scan for run in runs]),
        show_spread([1000 * run.rest / run.photos for run in runs], 2),
        show_spread([1000 * run.processor / run.photos for run in runs], 2),
        show_spread([run.peak / MIB for run in runs], 0),
        show_spread([run.scan_peak / MIB for run in runs], 0),
        show_spread([run.largest / MIB for run in runs], 0),
        str(last.processes),
        str(last.parts),
        f"{last.store / MIB:.1f}",
        f"{last.outputs / MIB:.1f}",
        f"{last.files:,}",
    ]


def write_notes(
    runs: Mapping[Key, Sequence[Run]], differences: Sequence[str]
) -> list[str]:
    """Compare numbers of photos, engines and parts.

    Args:
        runs: what was measured in each round.
        differences: how the parts differ.
    """
    notes = []
    smallest = min(count for _, count in runs)
    for (engine, count), large in runs.items():
        small = runs.get((engine, smallest))
        if small and count != smallest:
            ratios = [
                f"{name} {_divide(large, small, key):.2f} times"
                for name, key in (
                    ("peak memory", lambda run: run.peak),
                    ("while searching", lambda run: run.scan_peak),
                    ("search per photo", lambda run: run.scan / run.photos),
                    ("whole run per photo", lambda run: run.seconds / run.photos),
                )
            ]
            notes.append(
                f"{engine}, {count:,} photos against {smallest:,}: {', '.join(ratios)}."
            )
            notes.append(describe_further(engine, small, large))
        local = runs.get((LOCAL, count))
        if local and engine != LOCAL:
            search = _divide(large, local, lambda run: run.scan)
            whole = _divide(large, local, lambda run: run.seconds)
            notes.append(
                f"{engine} against local, {count:,} photos: search {search:.2f} times, "
                f"whole run {whole:.2f} times as long."
            )
    numbers = {count: sum(map(len, _of(runs, count))) for _, count in runs}
    for count, number in numbers.items():
        if number > 1 and not differences:
            notes.append(f"{count:,} photos: the same parts in all {number} runs.")
    return [*notes, *differences]


def describe_further(engine: str, small: Sequence[Run], large: Sequence[Run]) -> str:
    """Say what each further photo costs, without what every run costs.

    Args:
        engine: engine of both.
        small: runs on few photos.
        large: runs on more photos.
    """

    def grow(take: Callable[[Run], float]) -> float:
        return median(map(take, large)) - median(map(take, small))

    photos = grow(lambda run: run.photos)
    costs = [
        f"{1000 * grow(lambda run: run.seconds) / photos:.2f} ms",
        f"{1000 * grow(lambda run: run.processor) / photos:.2f} ms of one core",
        f"{grow(lambda run: run.peak) / photos:.0f} bytes of memory",
        f"{grow(lambda run: run.store) / photos:.0f} bytes of scan",
        f"{grow(lambda run: run.outputs) / photos:.0f} bytes of outputs",
        f"{grow(lambda run: run.files) / photos:.2f} output files",
    ]
    return f"{engine}, each further photo: {', '.join(costs)}."


def _of(runs: Mapping[Key, Sequence[Run]], count: int) -> list[Sequence[Run]]:
    """Give the runs on a number of photos."""
    return [some for (_, number), some in runs.items() if number == count]


def _divide(
    one: Sequence[Run], other: Sequence[Run], key: Callable[[Run], float]
) -> float:
    """Divide the medians of a quantity."""
    return median(map(key, one)) / median(map(key, other))
