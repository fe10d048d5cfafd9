"""Find faces of photos that were searched before, also of photos that are gone."""

from collections.abc import Iterable, Sequence
from functools import cached_property
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
from lfw17_kedro.types import F32, Bools


class FindScan(Protocol):
    """Photos scanned so far."""

    def find(self, starts: Iterable[str]) -> list[str | None]:
        """Give the SHA-256 that start with some digits."""

    def read(self, sha256: Iterable[str]) -> Scan:
        """Give what photos show."""


def read_photos(face_ids: Iterable[str], store: FindScan) -> dict[str, Scan]:
    """Read the photos of faces, all at once: a store may be far away.

    Args:
        face_ids: ids of the faces.
        store: store of all photos scanned so far.

    Returns:
        Face id -> scan of its photo alone, for those that were scanned.
    """
    ids = [*dict.fromkeys(face_ids)]
    if not ids:
        return {}
    hashes = store.find([parse_face_id(face_id)[0] for face_id in ids])
    known = {
        face_id: sha256
        for face_id, sha256 in zip(ids, hashes, strict=True)
        if sha256 is not None
    }
    unique = [*dict.fromkeys(known.values())]
    scan = store.read(unique)
    photos = {sha256: _select_photo(scan, sha256) for sha256 in unique}
    return {face_id: photos[sha256] for face_id, sha256 in known.items()}


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
    """Tells whether faces look like a face that was found in an earlier run.

    Two faces that are edits of one shot are far more alike than any threshold asks for.
    It only rules out another person's photo that took the same path.
    """

    def __init__(
        self,
        store: FindScan,
        vectors: Vectors,
        threshold: float,
        face_ids: Iterable[str],
    ) -> None:
        """Remember what is compared.

        Args:
            store: store of all photos scanned so far.
            vectors: embeddings of the N faces found now.
            threshold: least cosine of two faces that count as alike.
            face_ids: ids of all earlier faces that may be asked for.
        """
        self._store, self._vectors, self._threshold = store, vectors, threshold
        self._face_ids = [*face_ids]

    def __call__(self, face_id: str, rows: Sequence[int]) -> Bools | None:
        """Compare the face of an id with n of the faces found now.

        Args:
            face_id: id of the earlier face, one of `face_ids`; its photo may be gone.
            rows: rows of n of the faces found now.

        Returns:
            (n,) bool; None if the earlier face is not known.
        """
        earlier = self._earlier.get(face_id)
        if earlier is None:
            return None
        own = self._vectors.take(np.array(rows, np.int64))
        alike: Bools = own @ earlier >= self._threshold
        return alike

    @cached_property
    def _earlier(self) -> dict[str, F32]:
        """The embedding of each earlier face that is known; read once, if ever."""
        found = {}
        for face_id, photo in read_photos(self._face_ids, self._store).items():
            if (row := find_row(face_id, photo)) is not None:
                found[face_id] = photo.vectors[row]
        return found


def _select_photo(scan: Scan, sha256: str) -> Scan:
    """Select what one photo of a scan shows."""
    is_own = (scan.faces["sha256"] == sha256).to_numpy()
    return Scan(
        scan.photos[scan.photos["sha256"] == sha256],
        scan.faces[is_own].reset_index(drop=True),
        scan.vectors[is_own],
        scan.fingerprint,
    )
