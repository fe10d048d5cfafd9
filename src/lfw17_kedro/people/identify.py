"""Name every face of every photo, the user's corrections included.

Axes: N faces, D embedding dimensions.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from lfw17_kedro.gallery_types import (
    CORRECTION,
    IDENTIFIED_COLUMNS,
    IGNORED_NAME,
    MATCH_COLUMNS,
    MODEL,
    UNKNOWN_NAME,
    Gallery,
)
from lfw17_kedro.people.apply_corrections import Applied, forbid_people
from lfw17_kedro.people.face_ids import make_face_ids
from lfw17_kedro.people.group import group_faces, name_groups
from lfw17_kedro.people.match import match_faces
from lfw17_kedro.people.names import spell_path
from lfw17_kedro.people.neighbour_index import AUTO
from lfw17_kedro.photo_types import LEFT_OUT_COLUMNS, PhotoFile
from lfw17_kedro.scan_types import FACE_COLUMNS, LocatedFaces, StoredScan
from lfw17_kedro.types import I64, Table


class _Listed(NamedTuple):
    """The files of a folder: path of each content with faces; files left out, why.

    Attributes:
        copies: path of a further copy -> the path that counts.
    """

    paths: dict[str, str]
    left_out: list[tuple[str, str]]
    copies: dict[str, str]


def locate_faces(files: Sequence[PhotoFile], scan: StoredScan) -> LocatedFaces:
    """Say which photo of a folder shows which faces.

    Args:
        files: all files of the folder.
        scan: scan of the same photos.

    Returns:
        The faces, each once: of a photo that is there twice, the first path counts.
    """
    paths, left_out, copies = _list_files(files, scan)
    photos = sorted((path, sha256) for sha256, path in paths.items())
    hashes = pd.Index([sha256 for _, sha256 in photos], dtype=object)
    numbers = hashes.get_indexer(
        pd.Index(scan.faces["sha256"])
    )  # of the photo of each face
    order = np.lexsort((scan.faces["left"], numbers))
    order = order[numbers[order] >= 0]
    own = numbers[order]
    table = scan.faces[[*FACE_COLUMNS[1:]]].iloc[order].reset_index(drop=True)
    # A hundred thousand photos have twice as many faces: each text stands there once.
    table["sha256"] = pd.Categorical.from_codes(own, hashes)
    paths_index = pd.Index([path for path, _ in photos], dtype=object)
    table["photo"] = pd.Categorical.from_codes(own, paths_index)
    positions = pd.Series(numbers).groupby(numbers).cumcount().to_numpy()
    table["number"] = positions[order]
    rows = pd.Index(scan.photos["sha256"]).get_indexer(hashes)
    for side in ("height", "width"):
        table[side] = scan.photos[side].to_numpy()[rows][own]
    table.insert(0, "face_id", make_face_ids(table))
    return LocatedFaces(
        table,
        scan.vectors.select(order),
        pd.DataFrame(left_out, columns=[*LEFT_OUT_COLUMNS]),
        copies,
    )


def _list_files(files: Iterable[PhotoFile], scan: StoredScan) -> _Listed:
    """Tell the files with faces from the others."""
    unreadable = scan.photos[scan.photos["problem"] != ""]
    problems = dict(zip(unreadable["sha256"], unreadable["problem"], strict=True))
    with_faces = set(scan.faces["sha256"].unique())
    paths: dict[str, str] = {}
    copies: dict[str, str] = {}
    left_out = []
    for file in files:
        path = spell_path(file.path)
        if file.problem:
            left_out.append((path, file.problem))
        elif file.sha256 in paths:
            copies[path] = paths[file.sha256]
            left_out.append((path, f"the same file as {paths[file.sha256]}"))
        else:
            paths[file.sha256] = path
            if file.sha256 in problems:
                left_out.append((path, str(problems[file.sha256])))
            elif file.sha256 not in with_faces:
                left_out.append((path, "no face was found"))
    shown = {sha256: path for sha256, path in paths.items() if sha256 in with_faces}
    return _Listed(shown, left_out, copies)


def identify_faces(
    located: LocatedFaces,
    gallery: Gallery,
    applied: Applied,
    max_distance: float,
    min_faces: int,
    index: str = AUTO,
) -> Table:
    """Name each face; group those of people whom nobody knows.

    Embeddings are read in blocks; only those of unknown faces are all in memory.

    Args:
        located: N faces.
        gallery: the people enrolled, of the same encoder and settings.
        applied: the user's corrections.
        max_distance: max distance inside a group, see `group_faces`.
        min_faces: min number of faces of a group, see `group_faces`.
        index: how similar faces and people are searched, see `make_index`.

    Returns:
        N rows, `IDENTIFIED_COLUMNS`.
    """
    table, vectors = located.table, located.vectors
    photos = _number_photos(table)
    forbidden = forbid_people(applied, photos, gallery.people)
    matched = match_faces(vectors, photos, gallery, forbidden, index)
    names = np.array(matched["name"], object)
    sources = np.full(len(table), MODEL, object)
    # Unknown because a correction keeps it from its nearest person: the user's word. If
    # the next person took the nearest one's place, that name is the model's.
    held = [
        row
        for row, name in applied.forbidden
        if names[row] == UNKNOWN_NAME
        and matched["nearest"][row] == name
        and matched["similarity"][row] >= gallery.threshold.value
    ]
    given = applied.names | dict.fromkeys(applied.ignored, IGNORED_NAME)
    names[[*given]] = [*given.values()]
    sources[[*given, *held]] = CORRECTION
    unknown = np.flatnonzero(names == UNKNOWN_NAME)
    found = group_faces(
        vectors.take(unknown), photos[unknown], max_distance, min_faces, index
    )
    groups = np.full(len(table), "", object)
    groups[unknown] = name_groups(found)
    columns = {name: table[name] for name in IDENTIFIED_COLUMNS if name in table}
    columns |= {name: matched[name] for name in MATCH_COLUMNS}
    texts = {"name": names, "group": groups, "source": sources}
    columns |= {name: pd.Series(pd.Categorical(own)) for name, own in texts.items()}
    # Without a copy: the tables share their columns.
    return pd.DataFrame(columns, columns=[*IDENTIFIED_COLUMNS], copy=False)


def _number_photos(table: Table) -> I64:
    """Number the photos of faces: (N,) int64."""
    numbers: I64 = pd.factorize(table["sha256"])[0].astype(np.int64)
    return numbers
