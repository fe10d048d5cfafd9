"""The file of corrections: read it into a table of text, write its lines."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

from lfw17_kedro.faces.class_names import starts_formula
from lfw17_kedro.messages import one_line
from lfw17_kedro.scan_types import BOX
from lfw17_kedro.types import Table

COLUMNS = ("face_id", "photo", *BOX, "correction", "name", "enrol")
LINE = "line"  # name of the table's index: the line of the file, the header is line 1
MAX_LISTED = 20  # problems in one message
MAX_LENGTH = 1700  # characters of them, so that the message can be read

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Correction:
    """What the user says of one face.

    Attributes:
        correction: `is`, `is_not` or `ignore`.
        name: the person's name; "" for `ignore`.
        face_id: id of the face, "" if the user gave none.
        photo: path relative to the folder, "" if the user gave none.
        box: left, top, right, bottom, pixels of the upright photo; None without one.
        enrol: use the face for enrolment, too.
        line: line of the file; no part of what the correction says.
    """

    correction: str
    name: str = ""
    face_id: str = ""
    photo: str = ""
    box: Box | None = None
    enrol: bool = False
    line: int = field(default=0, compare=False)


class Unmatched(NamedTuple):
    """A correction whose face is not there, or cannot be enrolled.

    Attributes:
        correction: the correction, as the user wrote it.
        reason: why, for example no such photo, or no face near.
    """

    correction: Correction
    reason: str


def read_corrections_table(content: bytes) -> Table:
    """Read a CSV file as spreadsheets write it.

    Args:
        content: UTF-8 with or without a byte order mark, commas or semicolons.

    Returns:
        Text only, "" where there is nothing, spaces around it removed; columns as in
        the file; the index `line` counts the lines of the file. Empty lines are left
        out. An empty file gives a table without rows.

    Raises:
        ValueError: not UTF-8, not a CSV file, two columns of one name, or a line of
            more cells than there are columns.
    """
    import pandas as pd

    lines = list(_read_lines(content))
    if not lines:
        return pd.DataFrame(
            columns=[*COLUMNS], index=pd.Index([], name=LINE), dtype=str
        )
    header, rows = lines[0][1], lines[1:]
    width = max((len(cells) for _, cells in lines), default=0)
    cells = [row + [""] * (width - len(row)) for _, row in rows]
    names = header + [""] * (width - len(header))
    table = pd.DataFrame(
        cells, index=pd.Index([line for line, _ in rows], name=LINE), dtype=str
    )
    if table.empty:
        table = pd.DataFrame(columns=range(width), index=table.index, dtype=str)
    kept = [place for place, name in enumerate(names) if name]
    problems = [
        f"line {line}: {one_line(repr(row[place]), 80)} stands in no column; give it a "
        "column or put quotes around a text with separators"
        for line, row in zip(table.index, cells, strict=True)
        for place in range(width)
        if row[place] and place not in kept
    ]
    named = [names[place] for place in kept]
    problems += [
        f"header: the column {name!r} is there twice; remove one"
        for name in dict.fromkeys(named)
        if named.count(name) > 1
    ]
    raise_problems(problems)
    return table[kept].set_axis(named, axis=1)


def _read_lines(content: bytes) -> Iterable[tuple[int, list[str]]]:
    """Give the lines that are not empty: number and cells without outer spaces."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"corrections: expected a CSV file in UTF-8, got another one: "
            f"{one_line(error)}; save it as 'CSV UTF-8' in the spreadsheet."
        ) from error
    header = next(iter(text.lstrip().splitlines()), "")
    separator = ";" if header.count(";") > header.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 1
    try:
        for cells in reader:
            trimmed = [cell.strip() for cell in cells]
            if any(trimmed):
                yield line, trimmed
            line = reader.line_num + 1  # a cell in quotes may hold line ends
    except csv.Error as error:
        raise ValueError(
            f"corrections: expected a CSV file, got one that breaks off in line "
            f"{line}: {one_line(error)}; correct its quotes."
        ) from error


def list_cells(one: Correction) -> list[str]:
    """Write a correction as a line of the file: the texts of `COLUMNS`.

    No path starts like a formula of a spreadsheet, and `parse_corrections` reads the
    same correction back.
    """
    photo = one.photo
    if starts_formula(photo) or photo.startswith("./") or photo[:1].isspace():
        photo = f"./{photo}"  # names the same file
    edges = [""] * len(BOX) if one.box is None else [str(float(x)) for x in one.box]
    enrol = "yes" if one.enrol else ""
    return [one.face_id, photo, *edges, one.correction, one.name, enrol]


def raise_problems(problems: Sequence[str]) -> None:
    """Refuse a file of corrections with all that is wrong with it.

    Args:
        problems: each says where it is and what to do; nothing is raised if there are
            none.

    Raises:
        ValueError: lists the problems, `MAX_LISTED` of them at most, and not more than
            fit into `MAX_LENGTH`; the first in any case.
    """
    if problems:
        lengths = accumulate(len(problem) + len("; ") for problem in problems)
        fitting = sum(length <= MAX_LENGTH for length in lengths)
        listed = problems[: max(1, min(fitting, MAX_LISTED))]
        more = len(problems) - len(listed)
        rest = f"; and {more} more" if more > 0 else ""
        raise ValueError(
            "corrections: expected lines that can be applied, got: "
            f"{'; '.join(listed)}{rest}."
        )
