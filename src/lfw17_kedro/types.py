"""Plain types that the rooms of the project exchange: arrays, tables, callables.

Axes: N images, H rows, W columns, C channels, D embedding dimensions, K class_names.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
I64 = NDArray[np.int64]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Bools = NDArray[np.bool_]
Strings = NDArray[np.str_]

Network = Any
"""A `keras.Model`, whose import takes seconds and whose types nobody ships."""

UNKNOWN = -1  # the label of a test image whose person is not known


@dataclass(frozen=True)
class RawFaces:
    """What every source of faces gives, before validation.

    Attributes:
        train_images: (N, H*W) float32, grey, 0-255, each row an image, row-major.
        train_labels: (N,) int64, 0..K-1.
        test_images: (M, H*W) float32, like `train_images`.
        test_labels: (M,) int64, or None where nobody knows them.
        class_names: the K names; label k is `class_names[k]`.
    """

    train_images: NDArray[Any]
    train_labels: NDArray[Any]
    test_images: NDArray[Any]
    test_labels: NDArray[Any] | None
    class_names: list[str]


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
"""Maps RGB photos (H, W, 3), all of one size, to the faces found in each."""


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


class Embeddings(TypedDict):
    """Embeddings with their origin; a dict of arrays, so that it fits one .npz.

    Keys:
        ids: (N,) str, the photo each row comes from.
        vectors: (N, D) float32, rows of L2 norm 1.
        encoder: () str, `EncoderCard.fingerprint` of the encoder that made them, with
            "+flips" where mirror images are averaged in: whose distances may be taken.
    """

    ids: Strings
    vectors: F32
    encoder: Strings


class WeightsFile(NamedTuple):
    """A file of weights.

    Attributes:
        name: of the file; its suffix says the format.
        content: all of it.
    """

    name: str
    content: bytes


ReadPackaged = Callable[[], bytes]
"""Reads a weights file that is installed; called only where it is needed."""

ReadWeights = Callable[[str | None], WeightsFile]
"""Reads the weights file at a path, or with None the published one.

Called only where it is needed: the published file is downloaded then, once.
"""


@dataclass(frozen=True)
class EncoderCard:
    """What must be known of an encoder to use it, stored as JSON beside it.

    Attributes:
        name: as in the parameter `facenet_svm.encoder`.
        alignment: "similarity" (five landmarks onto `template`) or "box" (the
            detected box widened by `margin`).
        size: side of the aligned face it takes, pixels.
        dimension: length D of an embedding.
        licence: of the weights.
        weights_sha256: of the published file the weights come from.
        template: for "similarity": 5 landmark positions (x, y) in the aligned face.
        margin: for "box": pixels of the photo added to the detected box, half of them
            on each side.
        standardisation: of the pixels, for encoders that leave a choice.
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

    @property
    def fingerprint(self) -> str:
        """Two encoders with one fingerprint give interchangeable embeddings."""
        choice = f"/{self.standardisation}" if self.standardisation else ""
        return f"{self.name}@{self.weights_sha256[:12]}{choice}"


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


@dataclass(frozen=True)
class Features:
    """Features of photos, stored as one .npz.

    Attributes:
        ids: (N,) str, the photo each row comes from.
        arrays: name -> (N, ...); embeddings are `vectors`, (N, D) float32.
        fingerprint: what made them.
    """

    ids: Strings
    arrays: dict[str, NDArray[Any]]
    fingerprint: str
