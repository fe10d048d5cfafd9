"""Turn what was measured into the table, the notes below it and RESULTS.md."""

import argparse
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median

from benchmarks.images import ImageSet
from benchmarks.machine import describe_run
from benchmarks.processes import Measured
from benchmarks.table import HEADER, Entry, Once, make_cells, render, show_spread

HEADING = "# From photo files to embeddings"
EXPLANATION = """\
Median ± half the range of the interleaved rounds ({rounds}). Times are milliseconds per
image: *find* decodes the file and detects faces, *cut* aligns or crops them, *embed*
maps them to vectors, *together* does all of this. Each library runs on the CPU, with
its own defaults and as many threads as it takes. Ours finds the one face that each
photo is about, on a smaller copy; the others find all faces, at the size of the photo.
*of peak* is the encoder's fraction of the fastest matrix products in its precision,
measured in the same rounds. *first answer* goes from the start of the process to the
embedding of one image of the first set. *difference* is the greatest difference from
the embeddings of the original encoder, on the same aligned faces. *peak MiB* is the
peak memory of the process until then. FaceNet has invented weights, which run as
fast as the published ones."""


def choose_peaks(
    entries: Mapping[str, Entry], measured: Iterable[tuple[str, Measured]]
) -> dict[str, Sequence[float]]:
    """Choose for each precision the fastest matrix products.

    Args:
        entries: the contestants by name.
        measured: contestant, and what was measured of it.

    Returns:
        Precision -> operations per second in each round.
    """
    best: dict[str, Sequence[float]] = {}
    for name, row in measured:
        precision = entries[name].precision
        if row.peaks and median(row.peaks) > median(best.get(precision, (0.0,))):
            best[precision] = row.peaks
    return best


def lay_out(
    entries: Mapping[str, Entry],
    sets: Sequence[ImageSet],
    results: Mapping[tuple[str, int], Mapping[str, Measured]],
    once: Once,
) -> str:
    """Make the table."""
    rows: list[Sequence[str]] = [HEADER]
    counts = {s.name: (len(s.files), sum(map(len, s.boxes))) for s in sets}
    shown: set[str] = set()
    for (name, size), measured in results.items():
        best = choose_peaks(entries, measured.items())
        peaks = {precision: median(values) for precision, values in best.items()}
        for contestant, row in measured.items():
            new = None if contestant in shown else once
            shown.add(contestant)
            cells = make_cells(entries[contestant], row, counts[name], peaks, new)
            rows.append((name, str(size), contestant, *cells))
    return render(rows)


def write_notes(
    skipped: Mapping[str, str],
    peaks: Mapping[str, Sequence[float]],
    operations: Mapping[str, float],
    versions: Mapping[str, Mapping[str, str]],
) -> list[str]:
    """Say what is not in the table, and what the fractions in it refer to.

    Args:
        skipped: contestant -> why it is missing.
        peaks: precision -> operations per second of the fastest matrix products.
        operations: network -> floating-point operations per face.
        versions: contestant -> package -> version.
    """
    notes = [f"{name} is missing: {reason}." for name, reason in skipped.items()]
    for precision, values in peaks.items():
        speed = show_spread([peak / 1e9 for peak in values], 0)
        notes.append(f"Matrix products of {precision}: {speed} GFLOP/s.")
    for network, count in operations.items():
        notes.append(f"{network}: {count / 1e9:.2f} GFLOP per face.")
    for name, packages in versions.items():
        shown = ", ".join(f"{package} {v}" for package, v in packages.items())
        notes.append(f"{name}: {shown}.")
    return notes


def describe_command(options: argparse.Namespace) -> str:
    """Say how it is run, see `describe_run`, with the name FOLDER for folders.

    Args:
        options: options of `benchmarks.faces`.
    """
    words = ["--images", options.images, "--rounds", options.rounds]
    words += ["--sizes", *options.sizes]
    if options.only != [""]:
        words += ["--only", *options.only]
    if options.lfw17:
        words += ["--lfw17", "FOLDER"]
    return describe_run("benchmark", words)


def write_results(
    file: Path, described: str, table: str, notes: Sequence[str], rounds: int
) -> None:
    """Keep the table with machine, date and revision."""
    parts = [
        described,
        table,
        EXPLANATION.format(rounds=rounds),
        "\n".join(f"- {note}" for note in notes),
    ]
    keep_section(file, HEADING, "\n\n".join(parts))


def keep_section(file: Path, heading: str, text: str) -> None:
    """Put a section into a file in place of the one with its heading, or at the end.

    Args:
        file: Markdown; it need not exist.
        heading: `# ...`, unlike all others there.
        text: below it, without a line that begins with `# `.
    """
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    sections = [part for part in re.split(r"^(?=# )", before, flags=re.M) if part]
    section = f"{heading}\n\n{text}\n"
    places = [i for i, one in enumerate(sections) if one.startswith(f"{heading}\n")]
    for place in places:
        sections[place] = section
    if not places:
        sections.append(section)
    whole = "\n".join(one.rstrip("\n") + "\n" for one in sections)
    file.write_text(whole, encoding="utf-8")
