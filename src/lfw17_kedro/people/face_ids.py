"""Name a face by its photo's content and its box, and find it again.

A face id is `0123456789abcdef_40_30_90_100`: the first 16 digits of the SHA-256 of the
photo, then left, top, right and bottom in whole pixels of the upright photo. It stays
the same when the photo is renamed or moved.
"""

import re
from collections.abc import Iterable

import numpy as np

from lfw17_kedro.messages import one_line
from lfw17_kedro.photo_types import HASH_DIGITS
from lfw17_kedro.scan_types import BOX
from lfw17_kedro.types import F64, Table

FACE_ID = re.compile(
    rf"([0-9a-f]{{{HASH_DIGITS}}})_([0-9]+)_([0-9]+)_([0-9]+)_([0-9]+)(?:_[0-9]+)?"
)
# A choice between digiKam's two: ItemScanner::commitFaces takes a box that shares 0.25
# with that of a named face for the same face, 0.5 with that of an unnamed one.
MIN_IOU = 0.3  # of two boxes of one face, see `compute_iou`
MAX_ID = 120  # characters: more is no id, and Python refuses to read endless numbers


def make_face_ids(faces: Table) -> list[str]:
    """Give each face an id of its own, whatever the order of the rows.

    Args:
        faces: N rows with sha256, left, top, right, bottom, and height and width of the
            upright photo, pixels; each photo's faces once.

    Returns:
        N ids. Faces of one photo whose clipped and rounded boxes are equal get `_2`,
        `_3` and so on behind theirs, in the order of their unclipped boxes.

    Raises:
        ValueError: a box that is not finite.
    """
    import pandas as pd

    boxes = faces[list(BOX)].to_numpy(np.float64)
    if wrong := np.flatnonzero(~np.isfinite(boxes).all(axis=1)).tolist():
        raise ValueError(
            f"expected boxes of finite pixels, got {boxes[wrong[0]].tolist()} in row "
            f"{wrong[0]}; detect the faces of that photo again."
        )
    sizes = faces[["width", "height", "width", "height"]].to_numpy(np.float64)
    pixels = np.rint(np.clip(boxes, 0, sizes)).astype(np.int64)
    sides = (column.tolist() for column in pixels.T)
    ids = [
        f"{sha256[:HASH_DIGITS]}_{left}_{top}_{right}_{bottom}"
        for sha256, left, top, right, bottom in zip(
            faces["sha256"], *sides, strict=True
        )
    ]
    # Few faces share an id: only these are counted.
    shared = np.flatnonzero(pd.Index(ids, dtype=object).duplicated(keep=False))
    counts: dict[str, int] = {}
    for row in shared[np.lexsort(boxes[shared].T[::-1])]:  # left, top, right, bottom
        name = ids[row]
        counts[name] = counts.get(name, 0) + 1
        if counts[name] > 1:
            ids[row] = f"{name}_{counts[name]}"
    return ids


def parse_face_id(text: str) -> tuple[str, F64]:
    """Take a face id apart.

    Args:
        text: a face id.

    Returns:
        The first 16 digits of the photo's SHA-256, and the box, (4,) float64: left,
        top, right, bottom, pixels of the upright photo.

    Raises:
        ValueError: not a face id.
    """
    parts = FACE_ID.fullmatch(text) if len(text) <= MAX_ID else None
    box = np.array(parts.groups()[1:], np.float64) if parts else np.zeros(0)
    if parts is None or (box[:2] > box[2:]).any():
        raise ValueError(
            f"expected a face id such as 0123456789abcdef_40_30_90_100 ({HASH_DIGITS} "
            "digits of the photo's SHA-256, then left, top, right and bottom, pixels), "
            f"got {one_line(repr(text), 80)}; copy it from faces.csv."
        )
    return parts[1], box


def read_id_boxes(ids: Iterable[str]) -> F64:
    """Give the boxes of face ids: clipped to the photo and rounded.

    Args:
        ids: ids of N faces.

    Returns:
        (N, 4) float64: left, top, right, bottom, pixels of the upright photo.

    Raises:
        ValueError: one is no face id.
    """
    return np.reshape([parse_face_id(one)[1] for one in ids], (-1, 4))


def compute_iou(boxes_a: F64, boxes_b: F64) -> F64:
    """Compute the IoU of boxes: the area of intersection over that of the union.

    Args:
        boxes_a: (N, 4) float64: left, top, right, bottom.
        boxes_b: (M, 4) float64: left, top, right, bottom.

    Returns:
        (N, M) float64, 0-1; 0 for boxes without area.
    """
    a, b = boxes_a[:, None], boxes_b[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = np.prod(np.maximum(sides, 0), axis=-1)
    areas_a, areas_b = (
        np.prod(np.maximum(boxes[..., 2:] - boxes[..., :2], 0), axis=-1)
        for boxes in (a, b)
    )
    union = areas_a + areas_b - shared
    iou: F64 = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return iou
