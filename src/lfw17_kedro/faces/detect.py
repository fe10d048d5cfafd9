"""Find the one face that each photo is about.

The photos of the study are tight 50x37 crops. MTCNN was trained on faces with some
background and misses a third of such crops. If the edge pixels are repeated outwards,
MTCNN misses hardly any, so every photo is padded before detection.

A position is (7, 2) float64: left top and right bottom of the box, then five landmarks
(left eye, right eye, nose, left and right mouth corner; left is the viewer's left), as
fractions of the photo's width and height.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from PIL import Image

from lfw17_kedro.faces.photos import map_ahead
from lfw17_kedro.types import F64, U8, Detector, Face, Table

BOX = ["left", "top", "right", "bottom"]
LANDMARKS = [
    f"{point}_{axis}"
    for point in ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
    for axis in "xy"
]
MAX_WAITING = 4  # batches of decoded photos that may wait for others of their size
REDUCING_GAP = 2.0  # Pillow: large photos are first shrunk by whole numbers, faster


class Found(NamedTuple):
    """The face of one photo.

    Attributes:
        row: position of the photo in the list of ids.
        photo: the decoded photo, (H, W) or (H, W, 3) uint8.
        position: of the face, None if none was found.
        confidence: the detector's score, 0-1; NaN if none was found.
    """

    row: int
    photo: U8
    position: F64 | None
    confidence: float


def find_faces(
    photos: Mapping[str, U8],
    photo_ids: Sequence[str],
    detect: Detector,
    *,
    short_sides: Sequence[int],
    padding: float,
    batch_size: int,
) -> Iterator[Found]:
    """Find the face each photo is about; each photo is decoded once.

    Args:
        photos: id -> photo, (H, W) grey or (H, W, 3) RGB, uint8, of any sizes, opened
            when asked for.
        photo_ids: which photos.
        detect: finds all faces of each photo of a batch.
        short_sides: the photos' short side during detection, pixels. The first size
            sees every photo, each later one only those without a face so far: small
            and fast first, larger for the rest.
        padding: how far edge pixels are repeated outwards, as a fraction of the short
            side, at least 0.
        batch_size: photos per call of `detect`, at least 1; those of one call have
            one size.

    Yields:
        The face of each photo, as they are found: photos that need another size or
        that wait for others of their size come later.
    """
    # (index of the short side, height, width of the copy) -> photos that wait
    waiting: dict[tuple[int, int, int], list[_Waiting]] = {}

    def wait(level: int, one: _Waiting) -> None:
        waiting.setdefault((level, *one.copy.shape[:2]), []).append(one)

    def open_photo(photo_id: str) -> tuple[U8, U8]:
        photo = photos[photo_id]
        return photo, _copy(photo, short_sides[0], padding)

    def detect_waiting(key: tuple[int, int, int]) -> Iterator[Found]:
        level, batch = key[0], waiting.pop(key)
        border = round(padding * short_sides[level])
        for one, faces in zip(batch, detect([b.copy for b in batch]), strict=True):
            face = choose_face(faces, *key[1:])
            if face is not None:
                position = _locate(face, border, key[1:])
                yield Found(one.row, one.photo, position, face.confidence)
            elif level + 1 < len(short_sides):
                copy = _copy(one.photo, short_sides[level + 1], padding)
                wait(level + 1, one._replace(copy=copy))
            else:
                yield Found(one.row, one.photo, None, np.nan)

    for row, opened in enumerate(map_ahead(open_photo, photo_ids, batch_size)):
        wait(0, _Waiting(row, *opened))
        while waiting:
            fullest = max(waiting, key=lambda key: len(waiting[key]))
            total = sum(map(len, waiting.values()))
            if len(waiting[fullest]) < batch_size and total < MAX_WAITING * batch_size:
                break
            yield from detect_waiting(fullest)
    while waiting:
        yield from detect_waiting(min(waiting))


class _Waiting(NamedTuple):
    """A photo whose copy waits for others of its size."""

    row: int
    photo: U8
    copy: U8


def _copy(photo: U8, short_side: int, padding: float) -> U8:
    """Copy a photo at the size of detection, with its edges repeated: RGB."""
    image = Image.fromarray(photo)
    scale = short_side / min(image.size)
    size = (round(image.width * scale), round(image.height * scale))
    copy = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=REDUCING_GAP)
    border = (round(padding * short_side),) * 2
    return np.pad(np.asarray(copy.convert("RGB")), (border, border, (0, 0)), "edge")


def choose_face(faces: list[Face], height: int, width: int) -> Face | None:
    """Choose the large central face: largest area - 2 (distance to the centre)^2.

    Source: align_dataset_mtcnn.py of davidsandberg/facenet, which the study ran.
    """
    centre = np.array([width, height]) / 2

    def prominence(face: Face) -> float:
        left_top, right_bottom = face.box[:2], face.box[2:]
        offset = (left_top + right_bottom) / 2 - centre
        return float(np.prod(right_bottom - left_top) - 2 * offset @ offset)

    return max(faces, key=prominence, default=None)


def _locate(face: Face, border: int, shape: tuple[int, int]) -> F64:
    """Give the position of a face found on a copy of that height and width."""
    points = np.concatenate([face.box.reshape(2, 2), face.landmarks])
    return (points - border) / (np.array(shape[::-1], np.float64) - 2 * border)


def tabulate_detections(
    photo_ids: Sequence[str], positions: F64, confidences: F64
) -> Table:
    """Put positions into a table.

    Args:
        photo_ids: N ids.
        positions: (N, 7, 2) float64, NaN where no face was found.
        confidences: (N,) float64, likewise.

    Returns:
        One row a photo: `id`, `found`, `confidence`, the columns `BOX` and
        `LANDMARKS` as fractions of width and height; NaN where no face was found.
    """
    table = pd.DataFrame(positions.reshape(-1, 14), columns=[*BOX, *LANDMARKS])
    table.insert(0, "id", list(photo_ids))
    table.insert(1, "found", ~np.isnan(confidences))
    table.insert(2, "confidence", confidences)
    return table
