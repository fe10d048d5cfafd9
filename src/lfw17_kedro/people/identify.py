"""Name every face of every photo, the user's corrections included."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lfw17_kedro.people.apply_corrections import Applied, allow_people
from lfw17_kedro.people.face_ids import make_face_ids
from lfw17_kedro.people.group import group_faces, name_groups
from lfw17_kedro.people.match import match_faces
from lfw17_kedro.people.names import spell_path
from lfw17_kedro.people_types import (
    CORRECTION,
    IDENTIFIED_COLUMNS,
    IGNORED_NAME,
    LEFT_OUT_COLUMNS,
    MODEL,
    UNKNOWN_NAME,
    Gallery,
    LocatedFaces,
    PhotoFile,
    StoredScan,
)
from lfw17_kedro.types import I64, Table


def locate_faces(files: Sequence[PhotoFile], scan: StoredScan) -> LocatedFaces:
    """Say which photo of a folder shows which faces.

    Args:
        files: of the folder.
        scan: of the same photos.

    Returns:
        The faces, each once: of a photo that is there twice, the first path counts.
    """
    photos = scan.photos.set_index("sha256")
    with_faces = set(scan.faces["sha256"])
    paths: dict[str, str] = {}
    left_out = []
    for file in files:
        path = spell_path(file.path)
        if file.problem:
            left_out.append((path, file.problem))
        elif file.sha256 in paths:
            left_out.append((path, f"the same file as {paths[file.sha256]}"))
        else:
            paths[file.sha256] = path
            if problem := str(photos.loc[file.sha256, "problem"]):
                left_out.append((path, problem))
            elif file.sha256 not in with_faces:
                left_out.append((path, "no face was found"))
    table = scan.faces[scan.faces["sha256"].isin(list(paths))]
    table = table.assign(photo=table["sha256"].map(paths).astype(object))
    table = table.assign(number=table.groupby("sha256").cumcount())
    table = table.join(photos[["height", "width"]], on="sha256")
    table = table.sort_values(["photo", "left"], kind="stable")
    vectors = scan.vectors.select(table.index.to_numpy())
    table = table.reset_index(drop=True)
    table.insert(0, "face_id", make_face_ids(table))
    columns = [*LEFT_OUT_COLUMNS]
    return LocatedFaces(table, vectors, pd.DataFrame(left_out, columns=columns))


def identify_faces(
    located: LocatedFaces,
    gallery: Gallery,
    applied: Applied,
    max_distance: float,
    min_faces: int,
) -> Table:
    """Name each face; group those of people whom nobody knows.

    Args:
        located: N faces.
        gallery: the people enrolled, of the same encoder and settings.
        applied: the user's corrections.
        max_distance: of a group, see `group_faces`.
        min_faces: likewise.

    Returns:
        N rows, `IDENTIFIED_COLUMNS`.
    """
    photos = _number_photos(located.table)
    vectors = located.vectors.take(np.arange(len(photos)))
    allowed = allow_people(applied, photos, gallery.people)
    table = located.table.join(match_faces(vectors, photos, gallery, allowed))
    names, sources = table["name"].copy(), pd.Series(MODEL, table.index, object)
    # A face that a correction keeps from its nearest person was named by the user, too.
    held = [
        row
        for row, name in applied.forbidden
        if table["nearest"][row] == name
        and table["similarity"][row] >= gallery.threshold.value
    ]
    given = applied.names | dict.fromkeys(applied.ignored, IGNORED_NAME)
    names[[*given]] = [*given.values()]
    sources[[*given, *held]] = CORRECTION
    table = table.assign(name=names, source=sources, group="")
    unknown = np.flatnonzero(table["name"] == UNKNOWN_NAME)
    groups = group_faces(vectors[unknown], photos[unknown], max_distance, min_faces)
    table.loc[unknown, "group"] = np.array(name_groups(groups), object)
    return table[[*IDENTIFIED_COLUMNS]]


def _number_photos(table: Table) -> I64:
    """Number the photos of faces: (N,) int64."""
    numbers: I64 = pd.factorize(table["sha256"])[0].astype(np.int64)
    return numbers
