"""Enrol people: choose one face of each photo, and leave out what would mislead.

Every photo gets a row that says whether it was enrolled, and if not, why.
"""

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np
import pandas as pd

from lfw17_kedro.faces.detect import rate_prominence
from lfw17_kedro.gallery_types import (
    CHECK,
    ENROLLED,
    ENROLMENT_COLUMNS,
    GALLERY_COLUMNS,
    LEFT_OUT,
    Cohort,
    Gallery,
)
from lfw17_kedro.people.gate import (
    QualityGate,
    is_open,
    leave_out,
    mark_wrong_folders,
    refuse_names,
    refuse_poor_faces,
    refuse_same_faces,
    refuse_same_files,
    refuse_same_pictures,
)
from lfw17_kedro.people.names import quote_name, spell_path
from lfw17_kedro.people.neighbours import find_nearest
from lfw17_kedro.people.open_set import choose_threshold, make_templates
from lfw17_kedro.photo_types import PhotoFile
from lfw17_kedro.scan_types import BOX, Scan
from lfw17_kedro.types import F32, I64, Table

MIN_KNOWN = 0.97
"""A stranger of the cohort with at least this cosine counts as somebody enrolled.

Measured with `dlib_resnet`: two people of ORL or LFW17 stay below 0.956, two photos of
one person of ORL have 0.980 (median). A stranger who is left out by mistake would lower
the threshold, so it is far above that.
"""


class ChosenFace(NamedTuple):
    """A face of a photo to name that the user chose for enrolment.

    Attributes:
        person: the person's name.
        photo: path of the photo.
        face: columns `FACE_COLUMNS`.
        vector: (D,) float32.
    """

    person: str
    photo: str
    face: "pd.Series[float]"
    vector: F32


class ThresholdRule(NamedTuple):
    """What the threshold of similarity is chosen with; see `choose_threshold`.

    Attributes:
        cohort: (M, D) float32, embeddings of people who are not enrolled.
        rate: false accept rate to aim at, 0-1.
        fallback: min threshold where too few people are enrolled.
    """

    cohort: F32
    rate: float
    fallback: float


def enrol_people(
    files: Sequence[PhotoFile],
    scan: Scan,
    gate: QualityGate,
    rule: ThresholdRule,
    chosen: Sequence[ChosenFace] = (),
) -> tuple[Gallery, Table]:
    """Choose a face of each photo and make the gallery.

    Args:
        files: the photos, `<person>/.../<photo>`.
        scan: scan of the same photos.
        gate: what a face must have.
        rule: how the threshold is chosen.
        chosen: faces that may be small, blurred or not the large central one.

    Returns:
        The gallery, and one row per photo, `ENROLMENT_COLUMNS`.
    """
    table, vectors = choose_faces(files, scan)
    refuse_poor_faces(table, gate)
    refuse_same_pictures(table, vectors, gate)
    n_photos = len(table)
    table, vectors = _append_chosen(table, vectors, chosen)

    kept = is_open(table)
    marked = table[kept].copy()
    labels, _ = number_people(marked["person"])
    mark_wrong_folders(marked, vectors[kept], labels, rule.cohort, rule.rate)
    insisted = (marked.index >= n_photos) & (marked["action"] == LEFT_OUT)
    marked.loc[insisted, "action"] = CHECK  # the user knows who it is
    table = pd.concat([marked, table[~kept]]).sort_index()
    vectors = vectors[is_open(table)]
    gallery = make_gallery(table[is_open(table)], vectors, rule, scan.fingerprint)
    table.loc[table["action"] == "", "action"] = ENROLLED
    table["person"] = table["person"].map(quote_name)
    return gallery, table.reindex(columns=[*ENROLMENT_COLUMNS])


def choose_faces(files: Sequence[PhotoFile], scan: Scan) -> tuple[Table, F32]:
    """List photos with the face that each would be enrolled with.

    Args:
        files: N photos, `<person>/.../<photo>`.
        scan: scan of the same photos.

    Returns:
        N rows, those left out marked: bad names, unreadable photos, files that are
        there twice, no face; and (N, D) float32, zeros where there is no face.
    """
    table = _list_photos(files, scan)
    refuse_names(table)
    leave_out(table, (table["problem"] != "").to_numpy(), table["problem"])
    refuse_same_files(table)
    rows = choose_rows(table["sha256"], scan)
    leave_out(table, rows < 0, "no face was found")
    faces = scan.faces.reindex(rows).set_index(table.index)
    table = table.join(faces.drop(columns="sha256"))
    vectors = np.zeros((len(table), scan.vectors.shape[1]), np.float32)
    vectors[rows >= 0] = scan.vectors[rows[rows >= 0]]
    return table, vectors


def _list_photos(files: Sequence[PhotoFile], scan: Scan) -> Table:
    """List the photos, with nothing decided."""
    text = ("person", "photo", "sha256", "listed", "action", "reason", "nearest_other")
    rows = [
        [name_person(file.path), spell_path(file.path), file.sha256, file.problem]
        + [""] * 3
        for file in files
    ]
    table = pd.DataFrame(rows, columns=[*text], dtype=object)
    table = table.merge(scan.photos, "left", "sha256")
    problem = table["problem"].where(table["listed"] == "", table["listed"])
    return table.assign(problem=problem.fillna(""))


def name_person(path: str) -> str:
    """Give the person of a photo: its first folder, "" if it lies in none."""
    folders = PurePosixPath(path).parts[:-1]
    return folders[0] if folders else ""


def choose_rows(sha256: Iterable[str], scan: Scan) -> I64:
    """Choose the large central face of each photo.

    Args:
        sha256: SHA-256 of N photos.
        scan: scan of these photos.

    Returns:
        (N,) int64, rows of `scan.faces`; -1 for a photo without a face.
    """
    best = {}
    columns = (scan.photos[name].tolist() for name in ("sha256", "height", "width"))
    sizes = {one: (height, width) for one, height, width in zip(*columns, strict=True)}
    boxes = scan.faces[[*BOX]].to_numpy(np.float64)
    for one, rows in scan.faces.groupby("sha256", sort=False).indices.items():
        prominences = rate_prominence(boxes[rows], *sizes[str(one)])
        best[one] = int(rows[int(prominences.argmax())])
    return np.array([best.get(one, -1) for one in sha256], np.int64)


def list_cohort(people: Sequence[str], sha256: Sequence[str], scan: Scan) -> Cohort:
    """List strangers by the large central face of each photo that shows one.

    Args:
        people: the stranger of each of M photos.
        sha256: SHA-256 of the photos.
        scan: scan of the same photos.
    """
    rows = choose_rows(sha256, scan)
    kept = [person for person, row in zip(people, rows, strict=True) if row >= 0]
    return Cohort(tuple(kept), scan.vectors[rows[rows >= 0]])


def leave_out_known(cohort: Cohort, vectors: F32) -> Cohort:
    """Leave out the strangers one of whose photos is among those of others.

    Args:
        cohort: M faces.
        vectors: (N, D) float32, of the others.
    """
    if not (cohort.people and len(vectors)):
        return Cohort(cohort.people, cohort.vectors.reshape(-1, vectors.shape[1]))
    people = np.array(cohort.people, np.str_)
    nearest = find_nearest(cohort.vectors, vectors, 1).similarities[:, 0]
    kept = ~np.isin(people, np.unique(people[nearest >= MIN_KNOWN]))
    return Cohort(tuple(people[kept].tolist()), cohort.vectors[kept])


def _append_chosen(
    table: Table, vectors: F32, chosen: Sequence[ChosenFace]
) -> tuple[Table, F32]:
    """Append the faces that the user chose, and mark those that are there already."""
    if not chosen:
        return table, vectors
    rows = [
        {"person": one.person, "photo": one.photo, "action": "", "reason": ""}
        | {"nearest_other": "", **one.face.to_dict()}
        for one in chosen
    ]
    table = pd.concat([table, pd.DataFrame(rows)], ignore_index=True)
    refuse_same_faces(table)
    return table, np.concatenate([vectors, [one.vector for one in chosen]])


def number_people(people: "pd.Series[str]") -> tuple[I64, list[str]]:
    """Number people in the order of their first photo: labels and names."""
    labels, names = pd.factorize(people)
    return labels.astype(np.int64), [str(name) for name in names]


def make_gallery(
    table: Table, vectors: F32, rule: ThresholdRule, fingerprint: str
) -> Gallery:
    """Make a gallery.

    Args:
        table: N rows, all of them enrolled, `GALLERY_COLUMNS` at least.
        vectors: (N, D) float32.
        rule: how the threshold is chosen.
        fingerprint: fingerprint of the scan.
    """
    order = np.argsort(table["person"].to_numpy(), kind="stable")
    table, vectors = table.iloc[order], vectors[order]
    labels, people = number_people(table["person"])
    faces = table[[*GALLERY_COLUMNS]].fillna({"picture_hash": ""})
    return Gallery(
        people=tuple(people),
        faces=faces.reset_index(drop=True),
        vectors=vectors,
        templates=make_templates(vectors, labels, len(people)),
        threshold=choose_threshold(
            vectors,
            labels,
            len(people),
            rule.cohort,
            rule.rate,
            fallback=rule.fallback,
        ),
        fingerprint=fingerprint,
    )
