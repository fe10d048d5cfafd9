"""Plain types that the packages of the project exchange: arrays, tables, callables.

Axes: N images, H rows, W columns, C channels, D embedding dimensions, K people.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
I64 = NDArray[np.int64]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Bools = NDArray[np.bool_]
Strings = NDArray[np.str_]

if TYPE_CHECKING:
    import pandas as pd

    Table = pd.DataFrame
else:
    Table = Any  # pandas takes long to import: only functions that use it import it

Network = Any
"""A `keras.Model`, whose import takes seconds and whose types nobody ships."""

Figure = Any
"""A `plotly.graph_objects.Figure`, whose import takes seconds."""

UNKNOWN = -1  # the label of a test image whose person is not known
SMALLEST_FACE = 12
"""Side of the smallest face that MTCNN's first network sees, pixels."""

MIN_PEOPLE = 2  # to tell apart


@dataclass(frozen=True)
class SourceCard:
    """What the report says of a source of faces.

    Attributes:
        name: the data set's name.
        credit: who made the data set.
    """

    name: str
    credit: str


@dataclass(frozen=True)
class RawFaces:
    """What every source of faces gives, before validation.

    Attributes:
        train_images: (N, H*W) float32, grey, 0-255, each row an image, row-major.
        train_labels: (N,) int64, 0..K-1.
        test_images: (M, H*W) float32, like `train_images`.
        test_labels: (M,) int64, or None where they are unknown.
        class_names: the K names; label k is `class_names[k]`.
        source: where the faces come from.
    """

    train_images: NDArray[Any]
    train_labels: NDArray[Any]
    test_images: NDArray[Any]
    test_labels: NDArray[Any] | None
    class_names: list[str]
    source: SourceCard


class Photos(Mapping[str, U8]):
    """Photos by id. `photos[id]` decodes one photo each time, (H, W) or (H, W, 3)."""

    @abstractmethod
    def read_bytes(self, photo_id: str) -> bytes:
        """Read one photo as it is stored: the encoded jpg."""


@dataclass(frozen=True)
class Features:
    """What a method computes from photos before it fits a model.

    Attributes:
        ids: (N,) str, the photo that each row comes from.
        arrays: name -> (N, ...).
        fingerprint: what made the arrays. Compare or join features only if this value
            is equal.
    """

    ids: Strings
    arrays: dict[str, NDArray[Any]]
    fingerprint: str

    def __post_init__(self) -> None:
        """Check that every array has one row for each id.

        Raises:
            ValueError: ids that are not (N,) str, or an array with another length.
        """
        if self.ids.ndim != 1 or self.ids.dtype.kind != "U":
            raise ValueError(
                f"features: expected ids (N,) str, got {self.ids.dtype} "
                f"{self.ids.shape}; convert a table's column with to_numpy(np.str_)."
            )
        for name, array in self.arrays.items():
            if array.shape[:1] != self.ids.shape:
                raise ValueError(
                    f"features: expected {len(self.ids)} rows in {name}, one for each "
                    f"id, got shape {array.shape}; compute the features again."
                )

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.ids)

    def take(
        self, rows: "slice | Sequence[int] | NDArray[Any] | pd.Index"
    ) -> "Features":
        """Give some rows, in the order asked for.

        Args:
            rows: positions 0..N-1: a slice, or integers of any kind.

        Raises:
            TypeError: rows that are not integers, a mask of booleans for example.
        """
        if not isinstance(rows, slice):
            rows = np.asarray(rows)
            if rows.size and rows.dtype.kind not in "iu":
                raise TypeError(
                    f"features: expected rows as integers, got {rows.dtype}; turn a "
                    "mask into positions with np.flatnonzero."
                )
            rows = rows.astype(np.intp, copy=False)
        arrays = {name: array[rows] for name, array in self.arrays.items()}
        return Features(self.ids[rows], arrays, self.fingerprint)


class Face(NamedTuple):
    """One detected face, in pixels of the photo it was found in.

    Attributes:
        box: (4,) float64: left, top, right, bottom.
        landmarks: (5, 2) float64, x and y of left eye, right eye, nose, left and
            right mouth corner; left is the viewer's left.
        confidence: the detector's score, 0-1.
    """

    box: F64
    landmarks: F64
    confidence: float


Detector = Callable[[Sequence[U8]], list[list[Face]]]
"""Maps RGB photos, (H, W, 3) uint8 of any sizes, to the faces found in each."""


class Record(NamedTuple):
    """One photo as it lies in a TFRecord file.

    Attributes:
        photo_id: as in the table that describes it.
        jpg: the encoded photo.
        height: rows of the photo, pixels.
        width: columns of the photo, pixels.
        label: 0..K-1, or `UNKNOWN`.
    """

    photo_id: str
    jpg: bytes
    height: int
    width: int
    label: int


class WeightsFile(NamedTuple):
    """A file of weights.

    Attributes:
        name: the file's name; its suffix says the format.
        content: all of it.
    """

    name: str
    content: bytes


class PackagedWeights(NamedTuple):
    """Published weights that come inside an installed Python package.

    Attributes:
        package: import name.
        resource: path inside the package.
        distribution: the name to install the package by.
        sha256: SHA-256 of the file, hexadecimal.
    """

    package: str
    resource: str
    distribution: str
    sha256: str


class PublishedWeights(NamedTuple):
    """Published weights to download.

    Attributes:
        url: http or https.
        sha256: SHA-256 of the file, hexadecimal.
        name: the file's name on disk.
        max_bytes: max bytes that a server may send.
    """

    url: str
    sha256: str
    name: str
    max_bytes: int = 512 << 20


ReadWeights = Callable[[PackagedWeights | PublishedWeights | Path], WeightsFile]
"""Reads a weights file: an installed one, one to download once, or a user's own file.

It checks the SHA-256 of a file to download, and says that another one in its place is
to be removed. The encoders check that of every file before they read what is in it.
"""


class EncoderOptions(NamedTuple):
    """What a user may choose of an encoder.

    Attributes:
        weights: path of a weights file; None for the published one.
        sha256: SHA-256 that the file must have, hexadecimal; None for the published
            file's.
        standardisation: how pixels are standardised, for encoders that leave a choice;
            None for the encoder's own.
        precision: float32, bfloat16, or auto: bfloat16 where the processor has it.
    """

    weights: str | None = None
    sha256: str | None = None
    standardisation: str | None = None
    precision: str = "float32"


@dataclass(frozen=True)
class EncoderCard:
    """What must be known of an encoder to use it, stored as JSON beside it.

    Attributes:
        name: as in `encoders.registry.ENCODERS`.
        alignment: "similarity" (five landmarks onto `template`) or "box" (the
            detected box widened by `margin`).
        size: height and width of the aligned face it takes, pixels.
        dimension: length D of an embedding.
        licence: the licence of the weights.
        weights_sha256: SHA-256 of the published file the weights come from.
        template: 5 landmark positions (x, y) in the aligned face, for "similarity".
        margin: pixels of the photo added to the detected box, half of them on each
            side, for "box".
        standardisation: how pixels are standardised, for encoders that leave a choice.
        precision: that of the convolutions, float32 or bfloat16.
    """

    name: str
    alignment: str
    size: int
    dimension: int
    licence: str
    weights_sha256: str
    template: tuple[tuple[float, float], ...] | None = None
    margin: int | None = None
    standardisation: str | None = None
    precision: str = "float32"

    @property
    def fingerprint(self) -> str:
        """Two encoders with one fingerprint give interchangeable embeddings."""
        choice = f"/{self.standardisation}" if self.standardisation else ""
        precision = "" if self.precision == "float32" else f"/{self.precision}"
        return f"{self.name}@{self.weights_sha256[:12]}{choice}{precision}"


@dataclass(frozen=True)
class Encoder:
    """A face encoder: call it on aligned faces, read its card.

    Attributes:
        card: the encoder's description.
        network: maps (N, size, size, 3) uint8 RGB faces to (N, D) float32 embeddings
            of L2 norm 1; a Keras model when built, a SavedModel when loaded.
    """

    card: EncoderCard
    network: Callable[[U8], Any]

    def __call__(self, faces: U8) -> F32:
        """Embed one batch, (N, size, size, 3) uint8 RGB -> (N, D) float32."""
        return np.asarray(self.network(faces), np.float32)
