"""Which face of the album each row of the user's corrections.csv speaks of."""

import re
from collections.abc import Mapping, Sequence
from typing import TypedDict

import numpy as np

from lfw17_kedro.people_types import BOX
from lfw17_kedro.types import F64, Table

CORRECTION_COLUMNS = ("face_id", "photo", *BOX, "correction", "name", "enrol")
# Boxes that share half of their union are one object: the rule of PASCAL VOC,
# Everingham et al. 2010, doi:10.1007/s11263-009-0275-4, section 4.2.
MIN_OVERLAP = 0.5
FACE_ID = re.compile(r"([0-9a-f]{16})_(\d+)_(\d+)_(\d+)_(\d+)")


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
    """Find the face of each correction: by face_id, or else by the overlap of boxes.

    Args:
        faces: with face_id, photo and the box, pixels of the upright photo.
        corrections: rows of corrections.csv, column -> text.

    Returns:
        One for each row, in order.
    """
    ids = faces["face_id"].astype(str).to_numpy()
    contents = np.array([face_id[:16] for face_id in ids], dtype=object)
    photos = faces["photo"].astype(str).to_numpy()
    boxes = faces[[*BOX]].to_numpy(np.float64)
    known = set(ids)
    matched: list[OldCorrection] = []
    for row in corrections:
        cells = [str(row.get(column) or "") for column in CORRECTION_COLUMNS]
        face_id, photo, *sides = cells[:6]
        if face_id in known:
            face = face_id
        elif parts := FACE_ID.fullmatch(face_id):
            here = np.flatnonzero(contents == parts[1])
            face = _find_box(parts.groups()[1:], ids[here], boxes[here])
        else:
            here = np.flatnonzero(photos == photo)
            face = _find_box(sides, ids[here], boxes[here])
        matched.append(OldCorrection(cells=cells, face=face))
    return matched


def _find_box(sides: Sequence[str], ids: np.ndarray, boxes: F64) -> str:
    """Find the face whose box overlaps most; "" if none does enough."""
    try:
        box = np.array([float(side) for side in sides])
    except ValueError:  # a row without a box
        return ""
    if not len(boxes):
        return ""
    inner = np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2])
    shared = inner.clip(min=0).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):  # empty boxes
        overlap = shared / (areas + (box[2:] - box[:2]).prod() - shared)
    best = int(np.nan_to_num(overlap).argmax())
    return str(ids[best]) if overlap[best] >= MIN_OVERLAP else ""
