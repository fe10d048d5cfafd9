"""Plain types of the people pipelines: photo folders, faces found, the gallery.

Axes: N faces, D embedding dimensions, K people.
"""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lfw17_kedro.types import F32, F64, Table

UNKNOWN_NAME = "unknown"  # the name of a face that is nobody enrolled
IGNORED_NAME = "ignored"  # of one that the user does not want to see
RESERVED_NAMES = (UNKNOWN_NAME, IGNORED_NAME)

BOX = ("left", "top", "right", "bottom")
LANDMARKS = tuple(
    f"{point}_{axis}"
    for point in ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
    for axis in "xy"
)

PHOTO_COLUMNS = ("sha256", "problem", "height", "width", "turned", "picture_hash")
"""Of `Scan.photos`, one row for each content.

sha256: of the file, hexadecimal; problem: why it could not be read, "" if it could;
height, width: of the upright photo, pixels, 0 if unreadable; turned: degrees clockwise,
0, 90, 180 or 270, by which the photo was turned (after its EXIF orientation) until it
showed a face; picture_hash: 16 hexadecimal digits of the difference hash, see
`people.quality`.
"""

FACE_COLUMNS = ("sha256", *BOX, *LANDMARKS, "detection", "sharpness", "extent")
"""Of `Scan.faces`, one row for each face.

Box and landmarks in pixels of the upright photo; detection: the detector's score, 0-1;
sharpness and extent: see `people.quality`.
"""

IDENTIFIED_COLUMNS = (
    "face_id",
    "photo",
    *BOX,
    *LANDMARKS,
    "detection",
    "name",
    "nearest",
    "similarity",
    "second",
    "margin",
    "false_accept_rate",
    "nearest_photo",
    "group",
    "source",
)
"""Of faces.csv, one row for each face of each photo.

photo: path relative to the folder. name: a person, `UNKNOWN_NAME` or `IGNORED_NAME`.
nearest: the enrolled person with the greatest similarity, a cosine; "" if nobody is
enrolled. second: the person after. margin: similarity less that of the second, NaN
where there is none. false_accept_rate: the share of impostors that score at least as
high. nearest_photo: of the nearest person. group: `unknown-001` for unknown faces that
show one person, else "". source: `model` or `correction`.
"""


class PhotoFile(NamedTuple):
    """One file of a folder of photos.

    Attributes:
        path: relative to the folder, with forward slashes.
        sha256: of the content, hexadecimal; "" if it cannot be read.
        problem: why it cannot be read, "" if it can.
    """

    path: str
    sha256: str
    problem: str = ""


class PhotoFolder(Sequence[PhotoFile]):
    """The photo files of a folder, sorted by path; none is decoded.

    Attributes:
        files: of the folder, also those that cannot be read.
    """

    files: tuple[PhotoFile, ...]

    @abstractmethod
    def read_bytes(self, path: str) -> bytes:
        """Read one file of the folder.

        Raises:
            OSError: it cannot be read, or not any more.
        """

    def __getitem__(self, index: int) -> PhotoFile:  # type: ignore[override]
        """Give one file."""
        return self.files[index]

    def __len__(self) -> int:
        """Count the files."""
        return len(self.files)

    def __iter__(self) -> Iterator[PhotoFile]:
        """Give the files in order."""
        return iter(self.files)


@dataclass(frozen=True)
class Scan:
    """All faces found in some photos, by content.

    Attributes:
        photos: one row a content, `PHOTO_COLUMNS`.
        faces: N rows, `FACE_COLUMNS`; the faces of a photo in the detector's order.
        vectors: (N, D) float32 of L2 norm 1, the embedding of each row of `faces`.
        fingerprint: of encoder, detection and settings; only scans with the same one
            can be joined.
    """

    photos: Table
    faces: Table
    vectors: F32
    fingerprint: str


@dataclass(frozen=True)
class OpenSetThreshold:
    """The similarity from which on a face is given a name, and what it rests on.

    Attributes:
        value: min cosine to a person's template.
        rate: the false accept rate asked for, 0-1.
        attainable_rate: the smallest rate that this many impostors can show.
        leave_one_out: (n,) float64, sorted: the greatest similarity of each enrolled
            photo to the other people; empty with fewer than two people.
        cohort: (m,) float64, sorted: of each stranger of the cohort to any person.
        genuine: (p,) float64, sorted: of each enrolled photo to its own person's
            template made without it; of people with one photo there is none.
    """

    value: float
    rate: float
    attainable_rate: float
    leave_one_out: F64
    cohort: F64
    genuine: F64


GALLERY_COLUMNS = ("person", "photo", *FACE_COLUMNS)
"""Of `Gallery.faces`; photo: path relative to the people's folder."""


@dataclass(frozen=True)
class Gallery:
    """The people enrolled.

    Attributes:
        people: the K names, sorted.
        faces: N rows, `GALLERY_COLUMNS`: the enrolled face of each photo.
        vectors: (N, D) float32 of L2 norm 1, of `faces`.
        templates: (K, D) float32 of L2 norm 1: the mean of each person's vectors.
        threshold: of similarity.
        fingerprint: of the scan that the vectors come from.
    """

    people: tuple[str, ...]
    faces: Table
    vectors: F32
    templates: F32
    threshold: OpenSetThreshold
    fingerprint: str
