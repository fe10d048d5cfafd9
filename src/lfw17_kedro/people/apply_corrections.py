"""Find the faces that the user's corrections mean, and hold the model to them."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from lfw17_kedro.faces.class_names import simplify_name
from lfw17_kedro.messages import one_line
from lfw17_kedro.people.corrections import IGNORE, IS, IS_NOT
from lfw17_kedro.people.corrections_file import Correction, raise_problems
from lfw17_kedro.people.face_ids import (
    HASH_DIGITS,
    MIN_OVERLAP,
    overlap,
    parse_face_id,
)
from lfw17_kedro.people_types import BOX
from lfw17_kedro.types import I64, Bools, Table


class Unmatched(NamedTuple):
    """A correction whose face is not among the faces found.

    Attributes:
        correction: as the user wrote it.
        reason: no such photo, no face near, or several that could be meant.
    """

    correction: Correction
    reason: str


class Applied(NamedTuple):
    """What the corrections say of the N faces found; row: position of a face.

    Attributes:
        names: row -> name that the user gave.
        forbidden: rows and names that they must not be given, sorted.
        ignored: rows of faces that nobody needs to see.
        enrolled: rows to use for enrolment, too, sorted; one of each photo content.
        unmatched: corrections without a face; they are reported and change nothing.
        notes: what the user may want to check.
    """

    names: dict[int, str]
    forbidden: list[tuple[int, str]]
    ignored: set[int]
    enrolled: list[int]
    unmatched: list[Unmatched]
    notes: list[str]


def match_corrections(corrections: Iterable[Correction], faces: Table) -> Applied:
    """Find the face of each correction.

    A face id is looked up first. Detection may have changed since: without that id, the
    face of the same photo content with the greatest overlap is taken, if the overlap is
    at least `MIN_OVERLAP`. Photo and box likewise. A correction holds for a photo's
    content: for all its copies in the folder.

    Args:
        corrections: checked by `parse_corrections`.
        faces: N rows with face_id, photo, sha256, left, top, right, bottom.

    Returns:
        What the corrections say of each row.

    Raises:
        ValueError: lists corrections that contradict each other, and those whose face
            id and photo are two photos.
    """
    index = _Index(faces)
    said: dict[str, list[Correction]] = defaultdict(list)  # face id -> corrections
    unmatched, problems = [], []
    for one in corrections:
        if index.is_contradictory(one):
            problems.append(
                f"line {one.line}: {one.face_id} is no face of "
                f"{one_line(repr(one.photo), 80)}, which has another content; remove "
                "one of the two"
            )
            continue
        face_id, reason = index.find(one)
        if face_id:
            said[face_id].append(one)
        else:
            unmatched.append(Unmatched(one, reason))
    problems += [
        problem
        for face_id in said
        for problem in _find_conflicts(face_id, said[face_id])
    ]
    raise_problems(problems)
    return _apply(said, index, unmatched)


class _Index:
    """The faces by id, by photo and by content."""

    def __init__(self, faces: Table) -> None:
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
        """Give the id of the face that is meant, or "" and the reason."""
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
        shares = overlap(np.array([box]), self.boxes[rows])[0]
        best = int(shares.argmax())
        if shares[best] < MIN_OVERLAP:
            return "", (
                f"no face of the photo is near: expected an overlap of {MIN_OVERLAP} "
                f"at least, got {shares[best]:.2f}"
            )
        return self.ids[rows[best]], ""


def _compose(path: str) -> str:
    """Write accents as one code point: macOS stores two, keyboards type one."""
    return unicodedata.normalize("NFC", path)


def _find_conflicts(face_id: str, said: Sequence[Correction]) -> list[str]:
    """Say which corrections of one face contradict each other."""
    named = [one for one in said if one.correction == IS]
    first = named[0] if named else None
    if first is None:
        return []
    name = simplify_name(first.name)
    against = [
        one
        for one in said
        if one.correction == IGNORE
        or (simplify_name(one.name) == name) == (one.correction == IS_NOT)
    ]
    if not against:
        return []
    lines = sorted([first, *against], key=lambda one: one.line)
    words = [f"line {one.line} ({one.correction} {one.name}".rstrip() for one in lines]
    return [f"{') and '.join(words)}) mean one face, {face_id}; keep one"]


def _apply(
    said: dict[str, list[Correction]], index: _Index, unmatched: list[Unmatched]
) -> Applied:
    """Collect what is said of each row."""
    applied = Applied({}, [], set(), [], unmatched, [])
    forbidden: set[tuple[int, str]] = set()
    for face_id, ones in said.items():
        rows = index.rows_of_id[face_id]
        for one in ones:
            if one.correction == IS:
                applied.names.update(dict.fromkeys(rows, one.name))
            elif one.correction == IS_NOT:
                forbidden.update((row, one.name) for row in rows)
            else:
                applied.ignored.update(rows)
        if any(one.enrol for one in ones):
            applied.enrolled.append(rows[0])
    applied.forbidden.extend(sorted(forbidden))
    applied.enrolled.sort()
    twice: dict[tuple[str, str], int] = defaultdict(int)
    for row, name in applied.names.items():
        twice[index.photos[row], name] += 1
    applied.notes.extend(
        f"{photo}: {name} is there {count} times by correction, as in a mirror or a "
        "collage"
        for (photo, name), count in sorted(twice.items())
        if count > 1
    )
    return applied


def allow_people(applied: Applied, photos: I64, people: Sequence[str]) -> Bools:
    """Say which person the model may give to which face.

    Args:
        applied: what the corrections say of N faces.
        photos: (N,) int64, the photo of each face; equal numbers, one photo.
        people: the K names of the gallery.

    Returns:
        (N, K) bool. False for a person that a face must not be given, for all people of
        faces that are ignored or that the user named, and for a person that the user
        gave to another face of the same photo.
    """
    allowed = np.ones((len(photos), len(people)), bool)
    columns = {simplify_name(person): column for column, person in enumerate(people)}
    for row, name in applied.forbidden:
        if (column := columns.get(simplify_name(name))) is not None:
            allowed[row, column] = False
    for row, name in applied.names.items():
        if (column := columns.get(simplify_name(name))) is not None:
            allowed[photos == photos[row], column] = False
    allowed[[*applied.ignored, *applied.names]] = False
    return allowed
