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

from lfw17_kedro.faces.search import CopySize, search_photos
from lfw17_kedro.scan_types import BOX, LANDMARKS
from lfw17_kedro.threads import map_ahead
from lfw17_kedro.types import F64, U8, Detector, Face, Table


class Found(NamedTuple):
    """The face of one photo.

    Attributes:
        row: position of the photo in the list of ids.
        photo: the decoded photo, (H, W) or (H, W, 3) uint8.
        position: where the face is, (7, 2) float64; None if none was found.
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

    def open_photo(row: int) -> tuple[int, U8]:
        return row, photos[photo_ids[row]]

    opened = map_ahead(open_photo, range(len(photo_ids)), batch_size)
    sizes = [CopySize(side, side, padding) for side in short_sides]
    for row, photo, faces in search_photos(opened, detect, sizes, batch_size):
        height, width = photo.shape[:2]
        face = choose_face(faces, height, width)
        if face is None:
            yield Found(row, photo, None, np.nan)
        else:
            points = np.concatenate([face.box.reshape(2, 2), face.landmarks])
            yield Found(row, photo, points / (width, height), face.confidence)


def choose_face(faces: list[Face], height: int, width: int) -> Face | None:
    """Choose the large central face; see `rate_prominence`."""
    if not faces:
        return None
    boxes = np.stack([face.box for face in faces])
    return faces[int(rate_prominence(boxes, height, width).argmax())]


def rate_prominence(boxes: F64, height: int, width: int) -> F64:
    """Rate how large and central faces are: area - 2 (distance to the centre)^2.

    Args:
        boxes: (N, 4) float64, in pixels.
        height: rows of the photo, pixels.
        width: columns of the photo, pixels.

    Returns:
        (N,) float64.

    Source: align_dataset_mtcnn.py of davidsandberg/facenet, which the study ran.
    """
    left_top, right_bottom = boxes[:, :2], boxes[:, 2:]
    offsets = (left_top + right_bottom) / 2 - np.array([width, height]) / 2
    areas = np.prod(right_bottom - left_top, axis=1)
    prominence: F64 = areas - 2 * (offsets**2).sum(axis=1)
    return prominence


def tabulate_detections(
    photo_ids: Sequence[str], positions: F64, confidences: F64
) -> Table:
    """Put positions into a table.

    Args:
        photo_ids: N ids.
        positions: (N, 7, 2) float64, NaN where no face was found.
        confidences: (N,) float64, NaN where no face was found.

    Returns:
        One row per photo: `id`, `found`, `confidence`, the columns `BOX` and
        `LANDMARKS` as fractions of width and height; NaN where no face was found.
    """
    table = pd.DataFrame(positions.reshape(-1, 14), columns=[*BOX, *LANDMARKS])
    table.insert(0, "id", list(photo_ids))
    table.insert(1, "found", ~np.isnan(confidences))
    table.insert(2, "confidence", confidences)
    return table


def read_positions(detections: Table, mean_position: F64) -> F64:
    """Give where the face of each photo is, or is expected.

    Args:
        detections: result of `tabulate_detections`.
        mean_position: (7, 2) float64, for photos in which no face was found.

    Returns:
        (N, 7, 2) float64, in the order of the table.
    """
    values = detections[[*BOX, *LANDMARKS]].to_numpy(np.float64)
    return np.where(np.isnan(values), mean_position.ravel(), values).reshape(-1, 7, 2)


def average_positions(positions: F64) -> F64:
    """Average where the faces lie in their photos.

    Args:
        positions: (N, 7, 2) float64, NaN where no face was found.

    Returns:
        (7, 2) float64.

    Raises:
        ValueError: no face was found in any photo.
    """
    if np.isnan(positions).all():
        raise ValueError(
            f"expected faces in the training photos, found none in any of "
            f"{len(positions)}; look at the photos, lower "
            "data_processing.detection.thresholds or enlarge "
            "data_processing.detection.short_sides."
        )
    average: F64 = np.nanmean(positions, axis=0)
    return average
