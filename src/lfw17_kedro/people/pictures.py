"""The pictures beside the album and in the folders of unknown people."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np

from lfw17_kedro.people.face_ids import HASH_DIGITS
from lfw17_kedro.people_types import (
    BOX,
    WHOLE_PHOTO,
    Gallery,
    Picture,
    Scan,
)
from lfw17_kedro.types import Table

FACE, PHOTO, PERSON = "faces/{}.jpg", "photos/{}.jpg", "people/{}.jpg"


class PictureStore(Protocol):
    """Photos scanned so far."""

    def read(self, sha256: Sequence[str]) -> Scan:
        """Give what photos show."""

    def read_pictures(self, sha256: Collection[str]) -> Iterator[Picture]:
        """Give the pictures of photos and of their faces."""


Place = tuple[str, int]
"""SHA-256 of a photo, and the position of a face among its faces or `WHOLE_PHOTO`."""


class Pictures:
    """Jpg files that are read when they are written, so that few are in memory."""

    def __init__(
        self, store: PictureStore, paths: Mapping[Place, Sequence[str]]
    ) -> None:
        """Remember what to read.

        Args:
            store: has the pictures.
            paths: where each picture is to be written, relative to a folder.
        """
        self._store, self._paths = store, paths

    def items(self) -> Iterator[tuple[str, bytes]]:
        """Give path and content of each file."""
        photos = {sha256 for sha256, _ in self._paths}
        for sha256, face, jpg in self._store.read_pictures(photos):
            for path in self._paths.get((sha256, face), ()):
                yield path, jpg

    def __len__(self) -> int:
        """Count the files."""
        return sum(map(len, self._paths.values()))


def list_album_pictures(
    faces: Table, photos: Collection[str], people: Mapping[Place, str]
) -> dict[Place, list[str]]:
    """List the pictures that the album shows.

    Args:
        faces: face_id, sha256 and number of each face.
        photos: SHA-256 of every readable photo.
        people: the picture of a person's enrolled face -> its path.
    """
    paths: dict[Place, list[str]] = {
        (sha256, WHOLE_PHOTO): [PHOTO.format(sha256[:HASH_DIGITS])] for sha256 in photos
    }
    for face_id, sha256, number in _list_places(faces):
        paths[sha256, number] = [FACE.format(face_id)]
    for place, path in people.items():
        paths.setdefault(place, []).append(path)
    return paths


def list_group_pictures(faces: Table) -> dict[Place, list[str]]:
    """List the faces of unknown people, a folder a group.

    Args:
        faces: face_id, sha256, number and group of each face.
    """
    grouped = faces[faces["group"] != ""]
    folders = grouped["group"].tolist()
    return {
        (sha256, number): [f"{folder}/{face_id}.jpg"]
        for folder, (face_id, sha256, number) in zip(
            folders, _list_places(grouped), strict=True
        )
    }


def picture_people(gallery: Gallery, store: PictureStore) -> dict[str, Place]:
    """Choose a picture of each person enrolled: the sharpest face."""
    sharpest = gallery.faces.sort_values("sharpness", ascending=False, kind="stable")
    first = sharpest.drop_duplicates("person").sort_values("person")
    return dict(zip(first["person"], find_places(first, store), strict=True))


def find_places(faces: Table, store: PictureStore) -> list[Place]:
    """Find the pictures of enrolled faces: of the same photo, with the nearest box.

    Args:
        faces: columns `FACE_COLUMNS`.
        store: has their photos.

    Raises:
        ValueError: the store has lost one of them.
    """
    hashes = faces["sha256"].tolist()
    try:
        found = store.read(list(dict.fromkeys(hashes))).faces
    except KeyError as error:
        raise ValueError(
            "expected the scan of every photo enrolled, got none of some: "
            "data/04_feature was deleted or damaged; run `kedro run --env people`, "
            "with the --params of the last run, to search them again."
        ) from error
    boxes = {
        str(sha256): own[[*BOX]].to_numpy(np.float64)
        for sha256, own in found.groupby("sha256")
    }
    distances = (
        np.abs(boxes[sha256] - box).sum(axis=1)
        for sha256, box in zip(hashes, faces[[*BOX]].to_numpy(np.float64), strict=True)
    )
    numbers = (int(one.argmin()) for one in distances)
    return list(zip(hashes, numbers, strict=True))


def _list_places(faces: Table) -> Iterator[tuple[str, str, int]]:
    """Give the id, photo and number of each face."""
    columns = (faces[name].tolist() for name in ("face_id", "sha256", "number"))
    return zip(*columns, strict=True)
