"""The pictures beside the album and in the folders of unknown people."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from lfw17_kedro.gallery_types import Gallery
from lfw17_kedro.photo_types import HASH_DIGITS
from lfw17_kedro.scan_types import BOX, WHOLE_PHOTO, Picture, Scan
from lfw17_kedro.types import Table

if TYPE_CHECKING:
    import pandas as pd

FACE, PHOTO, PERSON = "faces/{}.jpg", "photos/{}.jpg", "people/{}.jpg"
GROUPED = "{}.jpg"


class LostScansError(ValueError):
    """The store has lost scans of enrolled photos; the caller says what to run."""


class PictureStore(Protocol):
    """Photos scanned so far."""

    def read(self, sha256: Sequence[str]) -> Scan:
        """Give what photos show."""

    def read_pictures(self, sha256: Collection[str]) -> Iterator[Picture]:
        """Give the pictures of photos and of their faces."""


Place = tuple[str, int]
"""SHA-256 of a photo, and the position of a face among its faces or `WHOLE_PHOTO`."""


PLACE_COLUMNS = ("sha256", "face", "path")
"""Of a table of pictures: SHA-256 of the photo, as categories; position of a face among
its faces or `WHOLE_PHOTO`; where the picture is to be written, relative to a folder."""


class Pictures:
    """Jpg files that are read when they are written, so that few are in memory."""

    def __init__(self, store: PictureStore, places: Table) -> None:
        """Remember what to read.

        Args:
            store: has the pictures.
            places: `PLACE_COLUMNS`, one row per file; rows may have one picture.
        """
        self._store, self._places = store, places

    def items(self) -> Iterator[tuple[str, bytes]]:
        """Give path and content of each file.

        Raises:
            ValueError: the store has lost pictures.
        """
        left = len(self)
        photos = self._places["sha256"].cat
        number_of = {sha256: code for code, sha256 in enumerate(photos.categories)}
        order = np.argsort(photos.codes.to_numpy(), kind="stable")
        numbers = np.arange(len(number_of) + 1)
        bounds = np.searchsorted(photos.codes.to_numpy()[order], numbers)
        faces, paths = self._places["face"].to_numpy(), self._places["path"].array
        for sha256, face, jpg in self._store.read_pictures(number_of):
            number = number_of[sha256]
            for row in order[bounds[number] : bounds[number + 1]]:
                if faces[row] == face:
                    left -= 1
                    yield paths[row], jpg
        if left:
            raise ValueError(
                f"expected {len(self)} pictures, got {left} fewer: a file that held "
                "them is damaged; run the same command again, which searches these "
                "photos again."
            )

    def __len__(self) -> int:
        """Count the files."""
        return len(self._places)


def tabulate_places(paths: Mapping[Place, Sequence[str]]) -> Table:
    """List where pictures are to be written: `PLACE_COLUMNS`.

    Args:
        paths: place of each picture -> paths to write it to.
    """
    rows = [(*place, path) for place, own in paths.items() for path in own]
    return _make_places(*(list(column) for column in zip(*rows, strict=True)))


def list_album_pictures(
    faces: Table, photos: Collection[str], people: Mapping[Place, str]
) -> Table:
    """List the pictures that the album shows: `PLACE_COLUMNS`.

    Args:
        faces: face_id, sha256 and number of each face.
        photos: SHA-256 of every readable photo.
        people: the picture of a person's enrolled face -> its path.
    """
    import pandas as pd

    names = pd.Series(photos, dtype="str").str[:HASH_DIGITS]
    own = [*people]
    return _make_places(
        [*photos, *faces["sha256"], *(sha256 for sha256, _ in own)],
        [*[WHOLE_PHOTO] * len(photos), *faces["number"], *(face for _, face in own)],
        pd.concat(
            [
                _fill(PHOTO, names),
                _fill(FACE, faces["face_id"]),
                pd.Series(people.values(), dtype="str"),
            ]
        ).array,
    )


def list_group_pictures(faces: Table) -> Table:
    """List the faces of unknown people, a folder per group: `PLACE_COLUMNS`.

    Args:
        faces: face_id, sha256, number and group of each face.
    """
    columns = ["face_id", "sha256", "number", "group"]
    grouped = faces.loc[faces["group"] != "", columns]
    names = grouped["group"].astype("str") + "/" + grouped["face_id"].astype("str")
    return _make_places(
        grouped["sha256"], grouped["number"], _fill(GROUPED, names).array
    )


def _make_places(
    sha256: Iterable[str] = (), faces: Iterable[int] = (), paths: Any = ()
) -> Table:
    """Make a table of pictures."""
    import pandas as pd

    codes, photos = pd.factorize(np.array([*sha256], object))
    categories = pd.Index(photos, dtype=object)  # each text once, of those there
    columns = {
        "sha256": pd.Categorical.from_codes(codes, categories),
        "face": np.array([*faces], np.int64),
        "path": pd.Series(paths, dtype="str"),
    }
    return pd.DataFrame(columns)


def _fill(pattern: str, names: "pd.Series") -> "pd.Series":
    """Put names into a path, see `FACE`."""
    before, after = pattern.split("{}")
    return before + names.astype("str") + after


def picture_people(gallery: Gallery, store: PictureStore) -> dict[str, Place]:
    """Choose a picture of each person enrolled: the sharpest face.

    Raises:
        LostScansError: the store has lost one of their photos.
    """
    sharpest = gallery.faces.sort_values("sharpness", ascending=False, kind="stable")
    first = sharpest.drop_duplicates("person").sort_values("person")
    return dict(zip(first["person"], find_places(first, store), strict=True))


def find_places(faces: Table, store: PictureStore) -> list[Place]:
    """Find the pictures of enrolled faces: of the same photo, with the nearest box.

    Args:
        faces: columns `FACE_COLUMNS`.
        store: has their photos.

    Raises:
        LostScansError: the store has lost one of them.
    """
    hashes = faces["sha256"].tolist()
    try:
        found = store.read(list(dict.fromkeys(hashes))).faces
    except KeyError as error:
        raise LostScansError(
            "expected the scan of every photo enrolled, got none of some"
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
