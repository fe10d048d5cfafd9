"""Find the face that a correction means among the faces found."""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np

from lfw17_kedro.people.corrections_file import Correction
from lfw17_kedro.people.face_ids import (
    MIN_IOU,
    compute_iou,
    parse_face_id,
    read_id_boxes,
)
from lfw17_kedro.photo_types import HASH_DIGITS
from lfw17_kedro.scan_types import BOX
from lfw17_kedro.types import F64, Bools, Table

CompareFaces = Callable[[str, Sequence[int]], Bools | None]
"""Face id and n rows -> (n,) which of these faces look like the one of the id, or None
if that face is not known; see `stored_faces.FaceComparison`."""


class FaceIndex:
    """The faces found, by id, by photo and by content.

    Attributes:
        boxes: (N, 4) float64.
        ids, photos: id and photo of each of N faces.
    """

    def __init__(
        self, faces: Table, compare: CompareFaces, copies: Mapping[str, str]
    ) -> None:
        """Index the faces, when the first is looked up.

        Args:
            faces: N rows with face_id, photo, sha256, left, top, right, bottom.
            compare: tells which faces look like that of an id, see `CompareFaces`.
            copies: path of a further copy of a photo -> its path in `faces`.
        """
        self._faces, self._compare, self._copies = faces, compare, copies

    @cached_property
    def boxes(self) -> F64:
        """The boxes, pixels."""
        return self._faces[[*BOX]].to_numpy(np.float64)

    @cached_property
    def ids(self) -> list[str]:
        """The face ids."""
        ids: list[str] = self._faces["face_id"].tolist()
        return ids

    @cached_property
    def photos(self) -> list[str]:
        """The path of the photo of each face."""
        photos: list[str] = self._faces["photo"].tolist()
        return photos

    @cached_property
    def rows_of_id(self) -> Mapping[str, list[int]]:
        """Face id -> rows."""
        return _list_rows(self.ids)

    @cached_property
    def rows_of_hash(self) -> Mapping[str, list[int]]:
        """First digits of the content -> rows."""
        return _list_rows(sha256[:HASH_DIGITS] for sha256 in self._faces["sha256"])

    @cached_property
    def rows_of_photo(self) -> Mapping[str, list[int]]:
        """Path -> rows."""
        return _list_rows(map(_compose, self.photos))

    @cached_property
    def path_of_copy(self) -> Mapping[str, str]:
        """Path of a further copy of a photo -> its path among the faces."""
        return {_compose(copy): path for copy, path in self._copies.items()}

    def is_contradictory(self, one: Correction) -> bool:
        """Tell whether id and path are of two photos that are both there.

        They are not if the photo of that path shows the face, too: the user edited it
        and kept the original in another place.
        """
        if not (one.face_id and one.photo):
            return False
        digits = parse_face_id(one.face_id)[0]
        known = self.rows_of_hash.get(digits, [])
        # Photos whose paths differ in code points alone: the content tells them apart.
        rows = self.rows_of_photo.get(_compose(one.photo), [])
        if not (known and rows) or not set(known).isdisjoint(rows):
            return False
        alike = self._compare(one.face_id, rows)
        return alike is None or not alike.any()

    def find(self, one: Correction) -> tuple[str, str]:
        """Give the id of the face that is meant, or "" and the reason.

        A face id is looked up first. Detection may have changed since: without that id,
        the face of the same photo content with the greatest IoU is taken, if the IoU
        is at least `MIN_IOU`. A face given by photo and box is found the same way. If
        the content is gone, the photo at the path may be an edited one or another: its
        face is taken only if it is like the one of the id.
        """
        if one.face_id in self.rows_of_id:
            return one.face_id, ""
        box, rows = one.box, []
        if one.face_id:
            digits, edges = parse_face_id(one.face_id)
            box = box or tuple(edges.tolist())
            rows = self.rows_of_hash.get(digits, [])
        is_other = bool(one.face_id) and not rows
        rows = rows or self._list_rows_at(one.photo)
        if not rows:
            return "", "no photo with a face has this content or path"
        if box is None:
            # Copies under other paths do not count: the rows are those of one path.
            if len(rows) == 1:
                return self.ids[rows[0]], ""
            return "", f"the photo has {len(rows)} faces; give face_id or the box"
        # An id holds the box clipped to the photo: it is compared with clipped boxes.
        own = [self.ids[row] for row in rows]
        boxes = self.boxes[rows] if one.box else read_id_boxes(own)
        ious = compute_iou(np.array([box]), boxes)[0]
        best = int(ious.argmax())
        if ious[best] < MIN_IOU:
            return "", (
                f"no face of the photo is near: expected an overlap of {MIN_IOU} "
                f"at least, got {ious[best]:.2f}"
            )
        problem = self._find_difference(one.face_id, rows[best]) if is_other else ""
        return "" if problem else own[best], problem

    def _list_rows_at(self, path: str) -> list[int]:
        """Give the rows of the photo whose path is spelled like this, or the same.

        Of a copy, those of the photo that counts.
        """
        if _compose(path) not in self.rows_of_photo:
            path = self.path_of_copy.get(_compose(path), path)
        rows = self.rows_of_photo.get(_compose(path), [])
        exact = [row for row in rows if _shorten(self.photos[row]) == _shorten(path)]
        return exact or rows

    def _find_difference(self, face_id: str, row: int) -> str:
        """Say why a face is not shown to be that of an id; "" if it is."""
        alike = self._compare(face_id, [row])
        if alike is None:
            return (
                "the photo at this path has another content now, and the face of "
                "face_id is not known any more, so the two cannot be compared; correct "
                "it again in the album"
            )
        if alike.all():
            return ""
        return (
            "the photo at this path has another content now, whose face is not like "
            "the one of face_id; correct it again in the album"
        )


def _list_rows(keys: Iterable[str]) -> Mapping[str, list[int]]:
    """Give the rows of each key."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, key in enumerate(keys):
        rows[key].append(row)
    return dict(rows)


def _compose(path: str) -> str:
    """Write accents as one code point, and no `./`.

    macOS stores accents as code points of their own, keyboards type one.
    """
    return _shorten(unicodedata.normalize("NFC", path))


def _shorten(path: str) -> str:
    """Write a path without `./`, see `names.spell_path`."""
    return path.removeprefix("./")
