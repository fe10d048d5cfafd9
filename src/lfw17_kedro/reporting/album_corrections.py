"""Which face of the album each row of the user's corrections.csv speaks of.

The page replaces an old row where the user corrects the same face again. So the rows
must find their faces as they do when the corrections are applied.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import TypedDict

import numpy as np

from lfw17_kedro.people_types import BOX
from lfw17_kedro.types import F64, Strings, Table

CORRECTION_COLUMNS = ("face_id", "photo", *BOX, "correction", "name", "enrol")
MIN_OVERLAP = 0.3  # as where corrections are applied
FACE_ID = re.compile(r"([0-9a-f]{16})_([0-9]+)_([0-9]+)_([0-9]+)_([0-9]+)(?:_[0-9]+)?")


class OldCorrection(TypedDict):
    """A row of corrections.csv.

    Keys:
        cells: the texts of `CORRECTION_COLUMNS`.
        face: the face_id of the face that it is about, "" if that is not here.
    """

    cells: list[str]
    face: str


def match_corrections(
    faces: Table, corrections: Sequence[Mapping[str, str]]
) -> list[OldCorrection]:
    """Find the face of each correction.

    By face_id; where no face has it, by the box among the faces of the same content,
    or else of the photo; without a box, a photo's only face.

    Args:
        faces: with face_id, photo and the box, pixels of the upright photo.
        corrections: rows of corrections.csv, column -> text.

    Returns:
        One for each row, in order.
    """
    ids = faces["face_id"].to_numpy(np.str_)
    contents = np.array([face_id[:16] for face_id in ids], np.str_)
    photos = np.array([_compose(photo) for photo in faces["photo"]], np.str_)
    boxes = faces[[*BOX]].to_numpy(np.float64)
    known = set(ids.tolist())
    matched: list[OldCorrection] = []
    for row in corrections:
        cells = [str(row.get(column) or "") for column in CORRECTION_COLUMNS]
        face_id, photo, *edges = [cell.strip() for cell in cells[:6]]
        face = face_id if face_id in known else ""
        if not face:
            parts = FACE_ID.fullmatch(face_id)
            here = np.flatnonzero(contents == parts[1]) if parts else np.zeros(0, int)
            if not here.size and photo:
                here = np.flatnonzero(photos == _compose(photo.removeprefix("./")))
            box = edges if any(edges) or not parts else [*parts.groups()[1:]]
            face = _find_box(box, ids[here], boxes[here])
        matched.append(OldCorrection(cells=cells, face=face))
    return matched


def _compose(path: str) -> str:
    """Write accents as one code point, as macOS does not."""
    return unicodedata.normalize("NFC", path)


def _find_box(edges: Sequence[str], ids: Strings, boxes: F64) -> str:
    """Find the face whose box overlaps most; "" if none does enough."""
    if not any(edges):
        return str(ids[0]) if ids.size == 1 else ""
    try:
        box = np.array([float(edge) for edge in edges])
    except ValueError:  # the next run says what is wrong with the row
        return ""
    if not ids.size:
        return ""
    inner = np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2])
    shared = inner.clip(min=0).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    union = areas + (box[2:] - box[:2]).prod() - shared
    shares = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    best = int(shares.argmax())
    return str(ids[best]) if shares[best] >= MIN_OVERLAP else ""
