"""Read and check the user's corrections of names.

corrections.csv belongs to the user; no run writes it. One correction per line:

    face_id,photo,left,top,right,bottom,correction,name,enrol
    0123456789abcdef_40_30_90_100,,,,,,is,Ann Lee,yes
    ,party/1.jpg,12,20,52,80,is_not,Ann Lee,
    ,party/2.jpg,,,,,ignore,,

A line names its face by `face_id`, by `photo` and box (pixels of the upright photo), or
by `photo` alone if that photo has one face. `enrol`: use this face for enrolment, too.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from lfw17_kedro.faces.class_names import find_name_problem, simplify_name
from lfw17_kedro.messages import one_line, suggest
from lfw17_kedro.people.corrections_file import (
    COLUMNS,
    LINE,
    Box,
    Correction,
    raise_problems,
)
from lfw17_kedro.people.face_ids import MIN_IOU, compute_iou, parse_face_id
from lfw17_kedro.people.names import is_reserved
from lfw17_kedro.scan_types import BOX
from lfw17_kedro.types import Table

IS, IS_NOT, IGNORE = WORDS = ("is", "is_not", "ignore")
ENROL = {"yes": True, "no": False, "": False}
MAX_EDGE = 1e6  # pixels; far beyond any photo, and areas stay finite
ROUNDED = 1.0  # pixels; a face id's box is in whole ones


def parse_corrections(table: Table | None) -> list[Correction]:
    """Check the user's corrections.

    Args:
        table: text, "" where there is nothing, see `read_corrections_table`; some of
            `COLUMNS` in any order. Without an index named `line`, the rows count as the
            lines of a file from line 2 on. None if there is no file.

    Returns:
        In the order of the file, each once: the same line twice is left out.

    Raises:
        ValueError: lists all problems with their lines. Those of one face that
            contradict each other are found by `match_corrections`.
    """
    if table is None:
        return []
    problems = [
        f"header: unknown column {one_line(repr(name), 80)}"
        f"{suggest(str(name).replace(' ', '_'), COLUMNS)}"
        for name in table.columns
        if name not in COLUMNS
    ]
    if "correction" not in table.columns:
        problems.append("header: there is no column 'correction'; add it")
    records = table.to_dict("records")
    if not all(isinstance(cell, str) for row in records for cell in row.values()):
        problems.append("cells that are not text; read it with read_corrections_table")
    raise_problems(problems)
    numbered = table.index.name == LINE
    lines = table.index if numbered else range(2, len(table) + 2)
    found: dict[Correction, None] = {}
    spellings: dict[str, tuple[str, int]] = {}  # what look-alikes share -> name, line
    for line, row in zip(lines, records, strict=True):
        cells = {name: row.get(name, "").strip() for name in COLUMNS}
        if not any(cells.values()):
            continue
        correction, wrong = _parse_line(cells, int(line))
        problems += [f"line {line}: {problem}" for problem in wrong]
        if not wrong:
            found.setdefault(correction)
        if name := correction.name:
            first, where = spellings.setdefault(simplify_name(name), (name, int(line)))
            if first != name:
                problems.append(
                    f"line {line}: {name!r} and {first!r} of line {where} look the "
                    "same or would share one folder; write the name in one way"
                )
    raise_problems(problems)
    return list(found)


def _parse_line(cells: dict[str, str], line: int) -> tuple[Correction, list[str]]:
    """Read one line; give what it says and what is wrong with it."""
    word, enrol, name = (cells[key] for key in ("correction", "enrol", "name"))
    word, enrol = word.casefold(), enrol.casefold()
    problems = []
    if word not in WORDS:
        problems.append(
            f"expected is, is_not or ignore as correction, got "
            f"{one_line(repr(cells['correction']), 80)}"
            f"{suggest(word.replace(' ', '_'), WORDS)}"
        )
    elif word == IGNORE and name:
        problems.append(
            f"ignore needs no name, got {one_line(repr(name), 80)}; remove it"
        )
    elif word != IGNORE and not name:
        problems.append(f"{word} needs a name; write one")
    if name and (problem := _find_reserved(name) or find_name_problem(name)):
        problems.append(f"{one_line(repr(name), 80)} {problem}")
    if enrol not in ENROL:
        problems.append(
            f"expected yes, no or nothing as enrol, got {one_line(repr(enrol), 80)}"
            f"{suggest(enrol, ENROL)}"
        )
    elif ENROL[enrol] and word in (IS_NOT, IGNORE):
        problems.append(f"only a face that is somebody can be enrolled, not {word}")
    box, wrong = _parse_box([cells[edge] for edge in BOX])
    photo = cells["photo"].removeprefix("./")
    problems += wrong + _check_face(cells["face_id"], photo, box, bool(wrong))
    return (
        Correction(
            word, name, cells["face_id"], photo, box, ENROL.get(enrol, False), line
        ),
        problems,
    )


def _find_reserved(name: str) -> str | None:
    """Say why a name of ours cannot be a person's."""
    if not is_reserved(name):
        return None
    return (
        "is no person's name here; write is_not and the name that is false, or ignore "
        "for a face nobody needs to see"
    )


def _parse_box(cells: Sequence[str]) -> tuple[Box | None, list[str]]:
    """Read the four edges of a box; give it and what is wrong with it."""
    if not any(cells):
        return None, []
    if not all(cells):
        missing = [edge for edge, cell in zip(BOX, cells, strict=True) if not cell]
        return None, [
            f"half a box, without {', '.join(missing)}; give four edges or none"
        ]
    edges, problems = [], []
    for edge, cell in zip(BOX, cells, strict=True):
        try:
            edges.append(float(cell))
        except ValueError:
            edges.append(math.nan)
        if not abs(edges[-1]) <= MAX_EDGE:  # also NaN
            problems.append(
                f"expected a number of pixels such as 12 or 12.5 as {edge}, got "
                f"{one_line(repr(cell), 80)}"
            )
    left, top, right, bottom = edges
    if not problems and (left >= right or top >= bottom):
        problems.append(
            f"expected left < right and top < bottom, got {', '.join(cells)}; swap them"
        )
    return (left, top, right, bottom), problems


def _check_face(face_id: str, photo: str, box: Box | None, damaged: bool) -> list[str]:
    """Say what is wrong with the way a line names its face."""
    if not face_id:
        if photo:
            return []
        return ["names no face; give a face_id, or a photo and a box"]
    try:
        own = parse_face_id(face_id)[1]
    except ValueError as error:
        return [str(error).removesuffix(".")]
    if box is None or damaged:
        return []
    # The id's box is clipped to the photo, the other one may reach beyond it.
    outside = np.subtract(box, own) * (-1, -1, 1, 1)
    near = compute_iou(np.array([own]), np.array([box]))[0, 0] >= MIN_IOU
    if near or (outside >= -ROUNDED).all():
        return []
    return [
        f"face_id and the box {', '.join(f'{edge:g}' for edge in box)} are two faces; "
        "remove one of the two"
    ]


def spell_names(
    corrections: Iterable[Correction], people: Iterable[str]
) -> list[Correction]:
    """Write the names of people as the gallery or their folders do.

    Args:
        corrections: whose names may be spelled in another case, with underscores for
            spaces, or with other code points for the same letters.
        people: names of the gallery, or those to be enrolled; of two that look the same
            the first counts.

    Returns:
        The corrections; names of nobody among the people are unchanged.
    """
    spellings: dict[str, str] = {}
    for person in people:
        spellings.setdefault(simplify_name(person), person)
    return [
        replace(one, name=spellings.get(simplify_name(one.name), one.name))
        for one in corrections
    ]
