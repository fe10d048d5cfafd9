"""Find the face that a correction means among the faces found."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property

import numpy as np

from lfw17_kedro.people.corrections_file import Correction
from lfw17_kedro.people.face_ids import MIN_IOU, compute_iou, parse_face_id
from lfw17_kedro.photo_types import HASH_DIGITS
from lfw17_kedro.scan_types import BOX
from lfw17_kedro.types import F64, Table


class FaceIndex:
    """The faces found, by id, by photo and by content.

    Attributes:
        boxes: (N, 4) float64.
        ids, photos: id and photo of each of N faces.
    """

    def __init__(self, faces: Table) -> None:
        """Index the faces, when the first is looked up.

        Args:
            faces: N rows with face_id, photo, sha256, left, top, right, bottom.
        """
        self._faces = faces

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
    def hash_of_photo(self) -> Mapping[str, str]:
        """Path -> first digits of the content."""
        pairs = zip(self.photos, self._faces["sha256"], strict=True)
        return {_compose(photo): sha256[:HASH_DIGITS] for photo, sha256 in pairs}

    def is_contradictory(self, one: Correction) -> bool:
        """Tell whether id and path are of two photos that are both there."""
        if not (one.face_id and one.photo):
            return False
        digits = parse_face_id(one.face_id)[0]
        other = self.hash_of_photo.get(_compose(one.photo), digits)
        return digits in self.rows_of_hash and other != digits

    def find(self, one: Correction) -> tuple[str, str]:
        """Give the id of the face that is meant, or "" and the reason.

        A face id is looked up first. Detection may have changed since: without that id,
        the face of the same photo content with the greatest IoU is taken, if the IoU
        is at least `MIN_IOU`. A face given by photo and box is found the same way.
        """
        if one.face_id in self.rows_of_id:
            return one.face_id, ""
        box, rows = one.box, []
        if one.face_id:
            digits, edges = parse_face_id(one.face_id)
            box = box or tuple(edges.tolist())
            rows = self.rows_of_hash.get(digits, [])
        # An edited photo has another content, but the user may have given its path.
        rows = rows or self.rows_of_photo.get(_compose(one.photo), [])
        if not rows:
            return "", "no photo with a face has this content or path"
        if box is None:
            # Copies under other paths do not count: the rows are those of one path.
            if len(rows) == 1:
                return self.ids[rows[0]], ""
            return "", f"the photo has {len(rows)} faces; give face_id or the box"
        ious = compute_iou(np.array([box]), self.boxes[rows])[0]
        best = int(ious.argmax())
        if ious[best] < MIN_IOU:
            return "", (
                f"no face of the photo is near: expected an overlap of {MIN_IOU} "
                f"at least, got {ious[best]:.2f}"
            )
        return self.ids[rows[best]], ""


def _list_rows(keys: Iterable[str]) -> Mapping[str, list[int]]:
    """Give the rows of each key."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, key in enumerate(keys):
        rows[key].append(row)
    return dict(rows)


def _compose(path: str) -> str:
    """Write accents as one code point, and no `./`, see `names.spell_path`.

    macOS stores accents as code points of their own, keyboards type one.
    """
    return unicodedata.normalize("NFC", path).removeprefix("./")
