"""Find the faces that the user's corrections mean, and hold the model to them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from lfw17_kedro.faces.class_names import simplify_name
from lfw17_kedro.gallery_types import Forbidden, ListedCorrection
from lfw17_kedro.messages import one_line
from lfw17_kedro.people.corrections import IGNORE, IS, IS_NOT
from lfw17_kedro.people.corrections_file import (
    Correction,
    Unmatched,
    list_cells,
    raise_problems,
)
from lfw17_kedro.people.face_index import CompareFaces, FaceIndex
from lfw17_kedro.types import I64, Table


class Applied(NamedTuple):
    """What the corrections say of the N faces found; row: position of a face.

    Attributes:
        names: row -> name that the user gave.
        forbidden: rows and names that they must not be given, sorted.
        ignored: rows of faces that nobody needs to see.
        unmatched: corrections without a face; they are reported and change nothing.
        notes: what the user may want to check.
    """

    names: dict[int, str]
    forbidden: list[tuple[int, str]]
    ignored: set[int]
    unmatched: list[Unmatched]
    notes: list[str]


def match_corrections(
    corrections: Iterable[Correction],
    faces: Table,
    compare: CompareFaces,
    copies: Mapping[str, str] = MappingProxyType({}),
) -> Applied:
    """Find the face of each correction, see `FaceIndex.find`.

    A correction holds for a photo's content: for all its copies in the folder.

    Args:
        corrections: checked by `parse_corrections`.
        faces: N rows with face_id, photo, sha256, left, top, right, bottom.
        compare: tells which faces look like that of an id, see `CompareFaces`.
        copies: path of a further copy of a photo -> its path in `faces`.

    Returns:
        What the corrections say of each row.

    Raises:
        ValueError: lists corrections that contradict each other.
    """
    index = FaceIndex(faces, compare, copies)
    said: dict[str, list[Correction]] = defaultdict(list)  # face id -> corrections
    unmatched, notes = [], []
    for one in corrections:
        if index.is_contradictory(one):
            # The photo was renamed, and another took its path.
            notes.append(
                f"line {one.line}: {one.face_id} is no face of "
                f"{one_line(repr(one.photo), 80)}, which has another content; face_id "
                "counts"
            )
        face_id, reason = index.find(one)
        if face_id:
            said[face_id].append(one)
        else:
            unmatched.append(Unmatched(one, reason))
    raise_problems(
        [
            problem
            for face_id in said
            for problem in _find_conflicts(face_id, said[face_id])
        ]
    )
    return _apply(said, index, unmatched, notes)


def list_corrections(
    corrections: Iterable[Correction],
    faces: Table,
    compare: CompareFaces,
    copies: Mapping[str, str] = MappingProxyType({}),
) -> list[ListedCorrection]:
    """List corrections with the face that each is about, for the album.

    Args:
        corrections: see `match_corrections`.
        faces: see `match_corrections`.
        compare: see `match_corrections`.
        copies: see `match_corrections`.
    """
    index = FaceIndex(faces, compare, copies)
    return [
        ListedCorrection(cells=list_cells(one), face=index.find(one)[0])
        for one in corrections
    ]


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
    said: dict[str, list[Correction]],
    index: FaceIndex,
    unmatched: list[Unmatched],
    notes: list[str],
) -> Applied:
    """Collect what is said of each row."""
    applied = Applied({}, [], set(), unmatched, notes)
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
    applied.forbidden.extend(sorted(forbidden))
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


def forbid_people(applied: Applied, photos: I64, people: Sequence[str]) -> Forbidden:
    """Say which person the model must not give to which face.

    Args:
        applied: what the corrections say of N faces.
        photos: (N,) int64, the photo of each face; equal numbers, one photo.
        people: the K names of the gallery.

    Returns:
        The people that the user kept from faces, and those that the user gave to
        another face of the same photo; faces that are ignored or that the user named
        are given nobody.
    """
    numbers = {simplify_name(person): number for number, person in enumerate(people)}
    forbidden: dict[int, set[int]] = defaultdict(set)
    for row, name in applied.forbidden:
        if (number := numbers.get(simplify_name(name))) is not None:
            forbidden[row].add(number)
    order = np.argsort(photos, kind="stable")
    for row, name in applied.names.items():
        if (number := numbers.get(simplify_name(name))) is not None:
            own = [photos[row], photos[row] + 1]
            first, end = np.searchsorted(photos, own, sorter=order)
            for one in order[first:end].tolist():
                forbidden[one].add(number)
    closed = applied.ignored.union(applied.names)
    open_faces = {row: ones for row, ones in forbidden.items() if row not in closed}
    return Forbidden(open_faces, closed)
