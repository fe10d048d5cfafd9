"""Find faces of photos that were searched before, also of photos that are gone."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from lfw17_kedro.people.face_ids import (
    MIN_IOU,
    compute_iou,
    make_face_ids,
    parse_face_id,
    read_id_boxes,
)
from lfw17_kedro.scan_types import Scan, Vectors
from lfw17_kedro.types import Bools


class FindScan(Protocol):
    """Photos scanned so far."""

    def find(self, digits: str) -> str | None:
        """Give the SHA-256 that starts with some digits."""

    def read(self, sha256: Iterable[str]) -> Scan:
        """Give what photos show."""


def find_row(face_id: str, scan: Scan) -> int | None:
    """Find the face of an id among the faces of its photo.

    Args:
        face_id: id of the face.
        scan: scan of its photo alone.

    Returns:
        The row of the face with this id; without it, as detection may have changed,
        that of the greatest IoU, if it is at least `MIN_IOU`; None if no face is near.
    """
    sizes = {side: scan.photos[side].iloc[0] for side in ("height", "width")}
    ids = make_face_ids(scan.faces.assign(**sizes))
    if face_id in ids:
        return ids.index(face_id)
    # An id holds the box clipped to the photo: it is compared with clipped boxes.
    boxes = read_id_boxes(ids)
    ious = compute_iou(parse_face_id(face_id)[1][None], boxes)[0]
    if not len(ious) or ious.max() < MIN_IOU:
        return None
    return int(ious.argmax())


class FaceComparison:
    """Tells whether faces look like a face that was found in an earlier run."""

    def __init__(self, store: FindScan, vectors: Vectors, threshold: float) -> None:
        """Remember what is compared.

        Args:
            store: store of all photos scanned so far.
            vectors: embeddings of the N faces found now.
            threshold: least cosine of two faces that count as alike.
        """
        self._store, self._vectors, self._threshold = store, vectors, threshold

    def __call__(self, face_id: str, rows: Sequence[int]) -> Bools | None:
        """Compare the face of an id with n of the faces found now.

        Args:
            face_id: id of the earlier face; its photo may be gone.
            rows: rows of n of the faces found now.

        Returns:
            (n,) bool; None if the earlier face is not known.
        """
        sha256 = self._store.find(parse_face_id(face_id)[0])
        if sha256 is None:
            return None
        scan = self._store.read([sha256])
        if (row := find_row(face_id, scan)) is None:
            return None
        own = self._vectors.take(np.array(rows, np.int64))
        alike: Bools = own @ scan.vectors[row] >= self._threshold
        return alike
