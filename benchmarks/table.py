"""Lay the results out as one table, in Markdown that is also readable as text."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import NamedTuple

from benchmarks.machine import MIB
from benchmarks.processes import Measured

STAGES = ("find", "cut", "embed", "together")
HEADER = (
    *("images", "per call", "contestant"),
    *(f"{stage}, ms" for stage in STAGES),
    *("of peak", "images found", "faces found", "first answer, s"),
    *("difference", "peak MiB"),
)
NUMBERS_FROM = 3  # the first column that is aligned to the right


class Entry(NamedTuple):
    """One contestant in the table.

    Attributes:
        name: name in the table.
        operations: floating-point operations of its encoder per face, or None.
        precision: precision of its encoder.
    """

    name: str
    operations: float | None
    precision: str


class Once(NamedTuple):
    """What is measured once for each contestant, not for each set.

    Attributes:
        starts: contestant -> seconds until the first answer, in each round.
        differences: contestant -> greatest difference of embeddings from those of the
            original of its network, on the same aligned faces.
    """

    starts: Mapping[str, Sequence[float]]
    differences: Mapping[str, float]


def show_spread(values: Sequence[float], digits: int = 1) -> str:
    """Write the median and half the range of repeated measurements.

    Args:
        values: at least one; of a single one only itself is written.
        digits: after the point.
    """
    shown = f"{median(values):.{digits}f}"
    if len(values) == 1:
        return shown
    return f"{shown} ± {(max(values) - min(values)) / 2:.{digits}f}"


def show_fraction(
    entry: Entry, row: Measured, images: int, peaks: Mapping[str, float]
) -> str:
    """Write which fraction of the peak an encoder reaches, in per cent.

    Args:
        entry: the contestant.
        row: what was measured of it.
        images: how many.
        peaks: precision -> operations per second of matrix products.
    """
    peak = peaks.get(entry.precision)
    if entry.operations is None or not row.faces or not peak:
        return ""
    seconds = median(one["embed"] for one in row.seconds) * images
    return f"{entry.operations * row.faces / seconds / peak:.0%}"


def make_cells(
    entry: Entry,
    row: Measured,
    images: tuple[int, int],
    peaks: Mapping[str, float],
    once: Once | None,
) -> list[str]:
    """Write the numbers of a row, in the order of `HEADER`.

    Args:
        entry: the contestant.
        row: what was measured.
        images: how many, and how many faces they show.
        peaks: precision -> operations per second of matrix products.
        once: what is measured once; None in all rows but a contestant's first.
    """
    if row.failure is not None:
        return [f"failed: {row.failure}", *[""] * (len(HEADER) - NUMBERS_FROM - 1)]
    times = [
        show_spread([1000 * one[stage] for one in row.seconds])
        if stage in row.seconds[0]
        else ""
        for stage in STAGES
    ]
    starts = once.starts.get(entry.name) if once else None
    difference = once.differences.get(entry.name) if once else None
    return [
        *times,
        show_fraction(entry, row, images[0], peaks),
        f"{row.found[0]} of {images[0]}",
        f"{row.found[1]} of {images[1]}",
        show_spread(starts) if starts else "",
        "" if difference is None else f"{difference:.0e}",
        f"{row.memory / MIB:.0f}",
    ]


def render(rows: Iterable[Sequence[str]]) -> str:
    """Write a Markdown table whose columns are as wide as their widest cell.

    Args:
        rows: cells from left to right; the first row is the header. A cell that
            begins with "failed: " does not widen its column.
    """
    lines = [[cell.replace("|", "/") for cell in row] for row in rows]
    widths = [
        max(len(cell) for cell in column if not cell.startswith("failed: "))
        for column in zip(*lines, strict=True)
    ]
    marks = [
        "-" * width if index < NUMBERS_FROM else "-" * (width - 1) + ":"
        for index, width in enumerate(widths)
    ]
    shown = []
    for line in (lines[0], marks, *lines[1:]):
        cells = [
            cell.ljust(width) if index < NUMBERS_FROM else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        shown.append(f"| {' | '.join(cells)} |")
    return "\n".join(shown)
