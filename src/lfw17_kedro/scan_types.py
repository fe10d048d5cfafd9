"""Plain types of the faces found in photos, and of their embeddings.

Axes: N faces, D embedding dimensions.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from lfw17_kedro.types import F32, F64, I64, Table

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

sha256: SHA-256 of the file, hexadecimal. problem: why it could not be read, "" if it
could. height, width: of the upright photo, pixels, 0 if unreadable. orientation:
EXIF's, 1-8, by which the stored photo was made upright. turned: degrees clockwise, 0,
90, 180 or 270, by which it was turned besides until it showed a face. picture_hash: 16
hexadecimal digits of the difference hash, see `people.quality`.
"""

FACE_COLUMNS = ("sha256", *BOX, *LANDMARKS, "detection", "sharpness", "extent")
"""Of `Scan.faces`, one row for each face.

Box and landmarks in pixels of the upright photo; detection: the detector's score, 0-1;
sharpness and extent: see `people.quality`.
"""


@dataclass(frozen=True)
class Scanned:
    """What one photo shows: n faces. An unreadable one has nothing but its problem.

    Attributes: as the columns of `PHOTO_COLUMNS` and `FACE_COLUMNS`, and
        is_gone: the file could not be read at all, which says nothing of its content.
        picture: a small copy of the photo, jpg.
        boxes: (n, 4) float64: left, top, right, bottom.
        landmarks: (n, 5, 2) float64.
        detection, sharpness, extent: (n,) float64.
        vectors: (n, D) float32 of L2 norm 1.
        face_pictures: pictures of the n faces, aligned, jpg.
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
        sha256: SHA-256 of the photo.
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
        photos: one row per content, `PHOTO_COLUMNS`.
        faces: N rows, `FACE_COLUMNS`; the faces of a photo in the detector's order.
        vectors: (N, D) float32 of L2 norm 1, the embedding of each row of `faces`.
        fingerprint: fingerprint of encoder, detection and settings; only scans with the
            same one can be joined.
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

    Attributes: see `Scan`, and
        vectors: embeddings of the rows of `faces`.
        gone: SHA-256 of the photos whose files could not be read this time. The next
            search may find faces in them.
    """

    photos: Table
    faces: Table
    vectors: Vectors
    fingerprint: str
    gone: frozenset[str] = frozenset()

    @property
    def is_incomplete(self) -> bool:
        """Whether the next search may find more."""
        return bool(self.gone)

    def load(self) -> Scan:
        """Read all embeddings into memory."""
        vectors = self.vectors.take(np.arange(len(self.vectors)))
        return Scan(self.photos, self.faces, vectors, self.fingerprint)


class LocatedFaces(NamedTuple):
    """The faces of a folder of photos.

    Attributes:
        table: N rows, sorted by photo, then from left to right: face_id, photo, height
            and width of the photo, `FACE_COLUMNS`; number: position among the faces
            of the photo in the scan.
        vectors: the embeddings of these rows.
        left_out: photos without a row in `table`, `LEFT_OUT_COLUMNS`.
        copies: path of a further copy of a photo -> the path that counts.
    """

    table: Table
    vectors: Vectors
    left_out: Table
    copies: dict[str, str]
