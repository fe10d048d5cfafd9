"""Plain types of the people pipelines: photo folders, faces found, the gallery.

Axes: N faces, D embedding dimensions, K people.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple, TypedDict

import numpy as np

from lfw17_kedro.types import F32, F64, I64, EncoderOptions, Table

UNKNOWN_NAME = "unknown"  # the name of a face that is nobody enrolled
IGNORED_NAME = "ignored"  # of one that the user does not want to see
RESERVED_NAMES = (UNKNOWN_NAME, IGNORED_NAME)
MODEL, CORRECTION = "model", "correction"  # who named a face

BOX = ("left", "top", "right", "bottom")
LANDMARKS = tuple(
    f"{point}_{axis}"
    for point in ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
    for axis in "xy"
)

PHOTO_COLUMNS = (
    "sha256",
    "problem",
    "height",
    "width",
    "orientation",
    "turned",
    "picture_hash",
)
"""Of `Scan.photos`, one row for each content.

sha256: of the file, hexadecimal. problem: why it could not be read, "" if it could.
height, width: of the upright photo, pixels, 0 if unreadable. orientation: EXIF's, 1-8,
by which the stored photo was made upright. turned: degrees clockwise, 0, 90, 180 or
270, by which it was turned besides until it showed a face. picture_hash: 16 hexadecimal
digits of the difference hash, see `people.quality`.
"""

FACE_COLUMNS = ("sha256", *BOX, *LANDMARKS, "detection", "sharpness", "extent")
"""Of `Scan.faces`, one row for each face.

Box and landmarks in pixels of the upright photo; detection: the detector's score, 0-1;
sharpness and extent: see `people.quality`.
"""

MATCH_COLUMNS = (
    "name",
    "nearest",
    "similarity",
    "second",
    "margin",
    "false_accept_rate",
    "nearest_photo",
)
IDENTIFIED_COLUMNS = (
    "face_id",
    "photo",
    *BOX,
    *LANDMARKS,
    "detection",
    *MATCH_COLUMNS,
    "group",
    "source",
)
"""Of faces.csv, one row for each face of each photo.

photo: path relative to the folder. name: a person, `UNKNOWN_NAME` or `IGNORED_NAME`.
nearest: the enrolled person with the greatest similarity, a cosine; "" if nobody is
enrolled. second: the person after. margin: similarity less that of the second, NaN
where there is none. false_accept_rate: the share of impostors that score at least as
high. nearest_photo: of the nearest person. group: `unknown-001` for unknown faces that
show one person, else "". source: `MODEL` or `CORRECTION`.
"""


HASH_DIGITS = 16  # 64 bits: a million photos share one with a probability of 3e-8
"""Digits of a photo's SHA-256 in the ids of its faces and the names of its pictures."""


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


ReadPhoto = Callable[[PhotoFile], bytes]
"""Reads a listed photo without a problem.

It is small, can be pickled, and works in any process and thread, also on another
machine that reaches the photos by the same path or URL. It raises OSError where the
photo is gone or its content is not `PhotoFile.sha256`.
"""


class PhotoFolder(Sequence[PhotoFile]):
    """The photo files of a folder or a bucket, sorted by path; none is decoded.

    Attributes:
        files: of the folder, also those that cannot be read.
        reader: reads one of them.
    """

    files: tuple[PhotoFile, ...]
    reader: ReadPhoto

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
class Scanned:
    """What one photo shows: n faces. An unreadable one has nothing but its problem.

    Attributes: as the columns of `PHOTO_COLUMNS` and `FACE_COLUMNS`, and
        is_gone: the file could not be read at all, which says nothing of its content.
        picture: of the photo, jpg.
        boxes: (n, 4) float64: left, top, right, bottom.
        landmarks: (n, 5, 2) float64.
        detection, sharpness, extent: (n,) float64.
        vectors: (n, D) float32 of L2 norm 1.
        face_pictures: of the n faces, aligned, jpg.
    """

    sha256: str
    problem: str = ""
    is_gone: bool = False
    height: int = 0
    width: int = 0
    orientation: int = 1
    turned: int = 0
    picture_hash: str = ""
    picture: bytes = b""
    boxes: F64 = field(default_factory=lambda: np.empty((0, 4)))
    landmarks: F64 = field(default_factory=lambda: np.empty((0, 5, 2)))
    detection: F64 = field(default_factory=lambda: np.empty(0))
    sharpness: F64 = field(default_factory=lambda: np.empty(0))
    extent: F64 = field(default_factory=lambda: np.empty(0))
    vectors: F32 = field(default_factory=lambda: np.empty((0, 0), np.float32))
    face_pictures: tuple[bytes, ...] = ()


WHOLE_PHOTO = -1  # instead of a face


class Picture(NamedTuple):
    """A picture for the album.

    Attributes:
        sha256: of the photo.
        face: position among the photo's faces, or `WHOLE_PHOTO`.
        jpg: the encoded picture.
    """

    sha256: str
    face: int
    jpg: bytes


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


class Vectors(ABC):
    """Embeddings of N faces, in memory or on disk, of L2 norm 1.

    Attributes:
        shape: N, D.
    """

    shape: tuple[int, int]

    @abstractmethod
    def take(self, rows: I64) -> F32:
        """Give the embeddings of n faces, (n, D) float32, in the order of the rows."""

    @abstractmethod
    def select(self, rows: I64) -> "Vectors":
        """Give some faces, in the order of the rows, without reading embeddings."""

    @abstractmethod
    def stream(self) -> Iterator[tuple[I64, F32]]:
        """Give all embeddings in blocks that fit in memory.

        Yields:
            (n,) rows and (n, D) float32. Each row comes once, in any order; the faces
            of one photo come in one block.
        """

    def __len__(self) -> int:
        """Count the faces."""
        return self.shape[0]


class MemoryVectors(Vectors):
    """Embeddings in memory."""

    def __init__(self, vectors: F32) -> None:
        """Hold embeddings, (N, D) float32."""
        self.shape = vectors.shape
        self._vectors = vectors

    def take(self, rows: I64) -> F32:
        """Give the embeddings of some faces."""
        return self._vectors[rows]

    def select(self, rows: I64) -> "MemoryVectors":
        """Give some faces, copied."""
        return MemoryVectors(self._vectors[rows])

    def stream(self) -> Iterator[tuple[I64, F32]]:
        """Give all embeddings as one block; none if there are no faces."""
        if len(self):
            yield np.arange(len(self)), self._vectors


@dataclass(frozen=True)
class StoredScan:
    """A `Scan` whose embeddings stay on disk until they are asked for.

    Attributes: see `Scan`; vectors: of the rows of `faces`.
    """

    photos: Table
    faces: Table
    vectors: Vectors
    fingerprint: str

    def load(self) -> Scan:
        """Read all embeddings into memory."""
        vectors = self.vectors.take(np.arange(len(self.vectors)))
        return Scan(self.photos, self.faces, vectors, self.fingerprint)


FAILED_COLUMNS = ("shard", "photo", "reason")
"""Of failed_shards.csv, one row a photo that was not searched.

shard: from 1. reason: why the last attempt at it failed.
"""

LEFT_OUT_COLUMNS = ("photo", "reason")  # of left_out.csv

# What became of a photo of enrolment.csv, what asks for the user first.
LEFT_OUT, CHECK, ENROLLED = ACTIONS = "left out", "enrolled, check it", "enrolled"

ENROLMENT_COLUMNS = (
    "person",
    "photo",
    "action",
    "reason",
    "detection",
    "sharpness",
    "extent",
    "similarity",
    "nearest_other",
    "similarity_other",
)
"""Of enrolment.csv, one row a photo.

action: one of `ACTIONS`. reason: why, "" if enrolled.
detection, sharpness, extent: of the face. similarity: to the person's template made
without this photo. nearest_other: the other person whom it is most like.
similarity_other: to that person's template.
"""

DOUBTFUL_COLUMNS = (
    "person",
    "photo",
    "action",
    "similarity",
    "picture",
    "other",
    "other_photo",
    "similarity_other",
    "other_picture",
)
"""Of the faces that agree better with another person, one row each, those most like the
other person first.

picture, other_picture: names of files, "" where there is no picture. other_photo: the
enrolled photo of the other person that is most like the face, "" where none is known.
The rest: see `ENROLMENT_COLUMNS`.
"""


class ListedCorrection(TypedDict):
    """A line of the user's corrections.csv, as the album takes it.

    Keys:
        cells: the texts of the file's columns.
        face: the face_id of the face that it is about, "" if that is not here.
    """

    cells: list[str]
    face: str


class LocatedFaces(NamedTuple):
    """The faces of a folder of photos.

    Attributes:
        table: N rows, sorted by photo, then from left to right: face_id, photo, height
            and width of the photo, `FACE_COLUMNS`; number: position among the faces
            of the photo in the scan.
        vectors: of these rows.
        left_out: photos without a row in `table`, `LEFT_OUT_COLUMNS`.
    """

    table: Table
    vectors: Vectors
    left_out: Table


class Forbidden(NamedTuple):
    """The names that N faces must not be given; row: position of a face.

    Attributes:
        people: row -> people, as positions in `Gallery.people`.
        faces: rows of faces that must be given nobody's name.
    """

    people: Mapping[int, AbstractSet[int]]
    faces: AbstractSet[int]


NOTHING_FORBIDDEN = Forbidden({}, frozenset())


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
    leave_one_out: F64 = field(repr=False)
    cohort: F64 = field(repr=False)
    genuine: F64 = field(repr=False)


GALLERY_COLUMNS = ("person", "photo", *FACE_COLUMNS, "picture_hash")
"""Of `Gallery.faces`.

photo: path relative to the people's folder. picture_hash: of `PHOTO_COLUMNS`, "" for a
face that a correction enrolled.
"""


PUBLISHED = EncoderOptions(precision="auto")  # the published weights


@dataclass(frozen=True)
class GallerySettings:
    """What is needed to embed and enrol further faces as those of a gallery.

    The defaults are those of conf/base/parameters_people.yml, where they are explained.

    Attributes:
        encoder: a key of `encoders.registry.ENCODERS`.
        encoder_options: of a gallery with the precision that was chosen, never auto.
        sizes: min and max short side and padding of each copy that is searched.
        thresholds, min_face_size: of the detector.
        max_long_side, turn, batch_size, test_time_flip: see `people.scan.ScanSettings`.
        min_extent, min_sharpness, max_different_bits: see `people.gate.QualityGate`.
    """

    encoder: str = "dlib_resnet"
    encoder_options: EncoderOptions = PUBLISHED
    max_long_side: int = 1920
    thresholds: tuple[float, float, float] = (0.6, 0.7, 0.8)
    min_face_size: float = 24.0
    sizes: tuple[tuple[int, int, float], ...] = ((240, 960, 0.1), (74, 222, 0.27))
    turn: bool = True
    batch_size: int = 16
    test_time_flip: bool = True
    min_extent: float = 15.0
    min_sharpness: float = 1.0
    max_different_bits: int = 2


class Cohort(NamedTuple):
    """Strangers that thresholds are measured with.

    Attributes:
        people: the stranger of each of M faces.
        vectors: (M, D) float32 of L2 norm 1.
    """

    people: tuple[str, ...] = ()
    vectors: F32 = np.empty((0, 0), np.float32)


NO_COHORT = Cohort()


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
        cohort: all strangers, also those who are among the people.
        settings: that the gallery was made with; None if nobody said so.
    """

    people: tuple[str, ...]
    faces: Table
    vectors: F32
    templates: F32
    threshold: OpenSetThreshold
    fingerprint: str
    cohort: Cohort = NO_COHORT
    settings: GallerySettings | None = None
