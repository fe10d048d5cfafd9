"""Enrolled photos that agree better with another person, beside that person's photo.

Axes: N enrolled faces, D embedding dimensions.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from lfw17_kedro.gallery_types import CHECK, DOUBTFUL_COLUMNS, LEFT_OUT, Gallery
from lfw17_kedro.people.enrol import choose_rows
from lfw17_kedro.people.names import spell_path
from lfw17_kedro.people.pictures import PictureStore, Place, find_places
from lfw17_kedro.photo_types import HASH_DIGITS, PhotoFile
from lfw17_kedro.scan_types import BOX, Scan
from lfw17_kedro.types import F32, Table

PICTURE = "{}_{}.jpg"  # of a face: its photo, its number there


class _Face(NamedTuple):
    """A face that was enrolled or could have been."""

    photo: str
    sha256: str
    box: tuple[float, ...]
    vector: F32


def list_doubtful_pairs(
    enrolment: Table,
    files: Sequence[PhotoFile],
    scan: Scan,
    gallery: Gallery,
    store: PictureStore,
) -> tuple[Table, dict[Place, list[str]]]:
    """List the faces that agree better with another person than with their own.

    Args:
        enrolment: one row per photo, `ENROLMENT_COLUMNS`.
        files: the photos.
        scan: scan of the same photos.
        gallery: the people enrolled.
        store: has the pictures of all their faces.

    Returns:
        One row per face, `DOUBTFUL_COLUMNS`, and where each picture is to be written.

    Raises:
        LostScansError: the store has lost the scan of a photo.
    """
    asked = enrolment["action"].isin([CHECK, LEFT_OUT])
    asked &= enrolment["similarity_other"].notna()
    lead = (enrolment["similarity_other"] - enrolment["similarity"])[asked]
    order = lead.sort_values(ascending=False, kind="stable").index
    rows = enrolment.loc[order]
    enrolled = _find_enrolled(enrolment, gallery).loc[order]
    faces = _find_faces(rows, enrolled, files, scan, gallery)
    others = [
        face and _find_nearest(face.vector, str(other), gallery)
        for face, other in zip(faces, rows["nearest_other"], strict=True)
    ]
    keys = [(one.sha256, *one.box) for one in [*faces, *others] if one]
    table = pd.DataFrame(keys, columns=["sha256", *BOX])
    places = dict(zip(keys, find_places(table, store), strict=True))

    def name_picture(face: _Face | None) -> str:
        if face is None:
            return ""
        sha256, number = places[face.sha256, *face.box]
        return PICTURE.format(sha256[:HASH_DIGITS], number)

    table = rows.assign(
        other=rows["nearest_other"],
        other_photo=[one.photo if one else "" for one in others],
        picture=[name_picture(one) for one in faces],
        other_picture=[name_picture(one) for one in others],
    )
    paths = {
        (sha256, number): [PICTURE.format(sha256[:HASH_DIGITS], number)]
        for sha256, number in places.values()
    }
    return table[[*DOUBTFUL_COLUMNS]].reset_index(drop=True), paths


def _find_enrolled(enrolment: Table, gallery: Gallery) -> "pd.Series[int]":
    """Find the row in the gallery of each row of the enrolment; -1 for none.

    A photo to name, of which the user chose a face, may have the path of a photo of
    the same person. Both tables have the two in the same order.
    """

    def list_keys(faces: Table) -> pd.MultiIndex:
        keys = faces[["person", "photo"]]
        turn = keys.groupby([*keys]).cumcount()
        return pd.MultiIndex.from_frame(keys.assign(turn=turn))

    kept = enrolment["action"] != LEFT_OUT
    rows = pd.Series(-1, enrolment.index)
    rows[kept] = list_keys(gallery.faces).get_indexer(list_keys(enrolment[kept]))
    return rows


def _find_faces(
    rows: Table,
    enrolled: "pd.Series[int]",
    files: Sequence[PhotoFile],
    scan: Scan,
    gallery: Gallery,
) -> list[_Face | None]:
    """Find the face of each row, in the gallery or among those left out.

    None for a face that the user chose from the photos to name and that was left out:
    it is neither in the gallery nor in the folder of people.
    """
    hashes = {spell_path(file.path): file.sha256 for file in files}
    chosen = choose_rows((hashes.get(path, "") for path in rows["photo"]), scan)
    found: list[_Face | None] = []
    for row, place, photo in zip(chosen, enrolled, rows["photo"], strict=True):
        if place >= 0:
            found.append(_make_face(photo, gallery.faces, gallery.vectors, place))
        elif row >= 0:
            found.append(_make_face(photo, scan.faces, scan.vectors, row))
        else:
            found.append(None)
    return found


def _find_nearest(vector: F32, person: str, gallery: Gallery) -> _Face | None:
    """Find a person's enrolled face that is most like an embedding, (D,)."""
    own = np.flatnonzero(gallery.faces["person"] == person)
    if not len(own):
        return None
    row = int(own[(gallery.vectors[own] @ vector).argmax()])
    photo = str(gallery.faces["photo"].iloc[row])
    return _make_face(photo, gallery.faces, gallery.vectors, row)


def _make_face(photo: str, faces: Table, vectors: F32, row: int) -> _Face:
    """Take one row of a table of faces."""
    box = tuple(float(side) for side in faces[[*BOX]].iloc[row])
    return _Face(photo, str(faces["sha256"].iloc[row]), box, vectors[row])
