"""Add people to a gallery, or take them out, without the photos of the others."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from lfw17_kedro.faces.class_names import find_name_problem, simplify_name
from lfw17_kedro.gallery_types import (
    ENROLLED,
    ENROLMENT_COLUMNS,
    GALLERY_COLUMNS,
    Cohort,
    Gallery,
    GallerySettings,
    OpenSetThreshold,
)
from lfw17_kedro.people.enrol import (
    ThresholdRule,
    choose_faces,
    leave_out_known,
    make_gallery,
    number_people,
)
from lfw17_kedro.people.gate import (
    QualityGate,
    is_open,
    mark_wrong_folders,
    refuse_poor_faces,
    refuse_same_files,
    refuse_same_pictures,
)
from lfw17_kedro.people.names import is_reserved
from lfw17_kedro.people.open_set import get_fallback
from lfw17_kedro.people.verify import choose_pair_threshold
from lfw17_kedro.photo_types import PhotoFile
from lfw17_kedro.scan_types import (
    BOX,
    FACE_COLUMNS,
    LANDMARKS,
    PHOTO_COLUMNS,
    Scan,
    Scanned,
)
from lfw17_kedro.types import F32, Bools, Table

NO_HASH = "0" * 16  # of a face that a correction enrolled


def make_empty_gallery(
    cohort: Cohort, settings: GallerySettings, rate: float, fingerprint: str
) -> Gallery:
    """Make a gallery of nobody.

    Args:
        cohort: M strangers.
        settings: those that people will be enrolled with.
        rate: false accept rate to aim at, 0-1.
        fingerprint: fingerprint of the scan that the cohort comes from.
    """
    nobody = pd.DataFrame(columns=[*GALLERY_COLUMNS], dtype=object)
    none = np.empty((0, cohort.vectors.shape[1]), np.float32)
    return _rebuild(nobody, none, cohort, settings, rate, fingerprint)


def add_photos(
    gallery: Gallery, person: str, photos: Mapping[str, Scanned]
) -> tuple[Gallery, Table]:
    """Enrol photos of one person; who is enrolled already stays as they are.

    Args:
        gallery: a gallery with its settings.
        person: name of a person, enrolled already or new.
        photos: names of the photos, and what they show.

    Returns:
        The new gallery, and one row per photo in order, `ENROLMENT_COLUMNS`.

    Raises:
        ValueError: a name that no person can have, or that looks the same as another's.
    """
    check_name(person, gallery.people)
    files = [
        PhotoFile(f"{person}/{name}", one.sha256, one.problem)
        for name, one in photos.items()
    ]
    width = gallery.vectors.shape[1]
    scan = collect_scan([*photos.values()], gallery.fingerprint, width)
    listed, vectors = choose_faces(files, scan)
    fresh = is_open(listed)
    marked, kept = _compare_with_enrolled(gallery, listed[fresh], vectors[fresh])
    table = pd.concat([marked, listed[~fresh]]).sort_index()
    table.loc[table["action"] == "", "action"] = ENROLLED
    faces = [gallery.faces, marked[kept][[*GALLERY_COLUMNS]]]
    changed = _rebuild(
        pd.concat([one for one in faces if len(one)] or faces, ignore_index=True),
        np.concatenate([gallery.vectors, vectors[fresh][kept]]),
        gallery.cohort,
        get_settings(gallery),
        gallery.threshold.rate,
        gallery.fingerprint,
    )
    return changed, table.reindex(columns=[*ENROLMENT_COLUMNS])


def forget_person(gallery: Gallery, person: str) -> Gallery:
    """Take a person out of a gallery.

    Raises:
        ValueError: nobody of this name is enrolled.
    """
    kept = (gallery.faces["person"] != person).to_numpy()
    if kept.all():
        raise ValueError(
            f"expected the name of somebody enrolled, got {person!r}; there are "
            f"{', '.join(gallery.people) or 'none'}."
        )
    return _rebuild(
        gallery.faces[kept],
        gallery.vectors[kept],
        gallery.cohort,
        get_settings(gallery),
        gallery.threshold.rate,
        gallery.fingerprint,
    )


def choose_pairs(gallery: Gallery) -> OpenSetThreshold:
    """Choose the threshold for two single faces; see `choose_pair_threshold`."""
    enrolled = Cohort(tuple(gallery.faces["person"]), gallery.vectors)
    return choose_pair_threshold(
        enrolled,
        leave_out_known(gallery.cohort, gallery.vectors),
        gallery.threshold.rate,
        fallback=get_fallback(get_settings(gallery).encoder),
    )


def check_name(person: str, people: Sequence[str]) -> None:
    """Check the name of a person to enrol.

    Raises:
        ValueError: a name that no folder, table or page could bear, a reserved one, or
            one that looks the same as another of the people's.
    """
    looks = {simplify_name(one): one for one in people}
    twin = looks.get(simplify_name(person), person)
    if is_reserved(person):
        problem: str | None = "is reserved; choose another"
    elif twin != person:
        problem = f"looks the same as {twin!r}, who is enrolled; write one of them"
    else:
        problem = find_name_problem(person)
    if problem:
        raise ValueError(f"name: expected the name of a person, {person!r} {problem}.")


def get_settings(gallery: Gallery) -> GallerySettings:
    """Give what the gallery was made with.

    Raises:
        ValueError: the gallery does not know.
    """
    if gallery.settings is None:
        raise ValueError(
            "expected a gallery that knows its settings, got one without; enrol again."
        )
    return gallery.settings


def collect_scan(scanned: Sequence[Scanned], fingerprint: str, dimension: int) -> Scan:
    """Put together what photos show, each content once.

    Args:
        scanned: what each photo shows.
        fingerprint: fingerprint of the scan.
        dimension: length D of an embedding.
    """
    once = {one.sha256: one for one in scanned}.values()
    rows = [[getattr(one, name) for name in PHOTO_COLUMNS] for one in once]
    faces = [
        [one.sha256, *box, *marks.ravel(), *values]
        for one in once
        for box, marks, *values in zip(
            one.boxes,
            one.landmarks,
            one.detection,
            one.sharpness,
            one.extent,
            strict=True,
        )
    ]
    vectors = [one.vectors.reshape(-1, dimension) for one in once]
    numbers = dict.fromkeys((*BOX, *LANDMARKS, *FACE_COLUMNS[-3:]), np.float64)
    return Scan(
        pd.DataFrame(rows, columns=[*PHOTO_COLUMNS]),
        pd.DataFrame(faces, columns=[*FACE_COLUMNS]).astype(numbers),
        np.concatenate([np.empty((0, dimension), np.float32), *vectors]),
        fingerprint,
    )


def _compare_with_enrolled(
    gallery: Gallery, listed: Table, vectors: F32
) -> tuple[Table, Bools]:
    """Apply the rules of enrolment to photos with a face, beside those enrolled.

    Returns:
        Their rows with marks, and which of them are to be enrolled.
    """
    settings = get_settings(gallery)
    gate = QualityGate(
        settings.min_extent, settings.min_sharpness, settings.max_different_bits
    )
    if not len(listed):
        return listed, np.zeros(0, bool)
    # Enrolled faces have passed; endless size makes the new one of two the copy.
    enrolled = gallery.faces.assign(
        action="", reason="", nearest_other="", extent=np.inf, sharpness=np.inf
    ).replace({"picture_hash": {"": NO_HASH}})
    old = len(enrolled)
    every = np.concatenate([gallery.vectors, vectors])
    parts = [enrolled, listed] if old else [listed]
    table = pd.concat(parts, ignore_index=True)
    # After each rule: it may leave an enrolled face out, and the next compares with it.
    marks = ["action", "reason"]
    refuse_same_files(table)
    table.loc[: old - 1, marks] = ""
    refuse_poor_faces(table, gate)
    refuse_same_pictures(table, every, gate)
    table.loc[: old - 1, marks] = ""
    kept = is_open(table)
    marked = table[kept].copy()
    labels, _ = number_people(marked["person"])
    cohort = leave_out_known(gallery.cohort, every[kept]).vectors
    rate = gallery.threshold.rate
    mark_wrong_folders(marked, every[kept], labels, cohort, rate)
    table = pd.concat([marked, table[~kept]]).sort_index()[old:]
    table.index = listed.index
    return table, is_open(table)


def _rebuild(
    faces: Table,
    vectors: F32,
    cohort: Cohort,
    settings: GallerySettings,
    rate: float,
    fingerprint: str,
) -> Gallery:
    """Make a gallery of enrolled faces, with a threshold of its own."""
    rule = ThresholdRule(
        leave_out_known(cohort, vectors).vectors,
        rate,
        get_fallback(settings.encoder),
    )
    gallery = make_gallery(faces, vectors, rule, fingerprint)
    return replace(gallery, cohort=cohort, settings=settings)
