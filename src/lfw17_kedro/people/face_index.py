"""Find the face that a correction means among the faces found."""

import unicodedata
from collections import defaultdict

import numpy as np

from lfw17_kedro.people.corrections_file import Correction
from lfw17_kedro.people.face_ids import (
    HASH_DIGITS,
    MIN_OVERLAP,
    measure_overlap,
    parse_face_id,
)
from lfw17_kedro.people_types import BOX
from lfw17_kedro.types import Table


class FaceIndex:
    """The faces found, by id, by photo and by content."""

    def __init__(self, faces: Table) -> None:
        """Index the faces.

        Args:
            faces: N rows with face_id, photo, sha256, left, top, right, bottom.
        """
        self.boxes = faces[list(BOX)].to_numpy(np.float64)
        self.ids: list[str] = faces["face_id"].tolist()
        self.photos: list[str] = faces["photo"].tolist()
        self.rows_of_id: dict[str, list[int]] = defaultdict(list)
        self.rows_of_hash: dict[str, list[int]] = defaultdict(list)
        self.rows_of_photo: dict[str, list[int]] = defaultdict(list)
        self.hash_of_photo: dict[str, str] = {}
        hashes = [sha256[:HASH_DIGITS] for sha256 in faces["sha256"]]
        names = map(_compose, self.photos)
        for row, (digits, photo) in enumerate(zip(hashes, names, strict=True)):
            self.rows_of_id[self.ids[row]].append(row)
            self.rows_of_hash[digits].append(row)
            self.rows_of_photo[photo].append(row)
            self.hash_of_photo[photo] = digits

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
        the face of the same photo content with the greatest overlap is taken, if the
        overlap is at least `MIN_OVERLAP`. Photo and box likewise.
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
        shares = measure_overlap(np.array([box]), self.boxes[rows])[0]
        best = int(shares.argmax())
        if shares[best] < MIN_OVERLAP:
            return "", (
                f"no face of the photo is near: expected an overlap of {MIN_OVERLAP} "
                f"at least, got {shares[best]:.2f}"
            )
        return self.ids[rows[best]], ""


def _compose(path: str) -> str:
    """Write accents as one code point, and no `./`, see `names.spell_path`.

    macOS stores accents as code points of their own, keyboards type one.
    """
    return unicodedata.normalize("NFC", path).removeprefix("./")
