"""The face of each photo, turned and scaled onto one template: the view `aligned`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from PIL import Image
from tqdm import tqdm

from lfw17_kedro.faces.align import align_similarity
from lfw17_kedro.faces.detect import Found, average_positions
from lfw17_kedro.threads import map_ahead
from lfw17_kedro.types import F64, U8

# Where the landmarks fall in an aligned face, fractions of its side: left eye, right
# eye, nose, left mouth corner, right mouth corner. dlib's chips (see `dlib_resnet`)
# without a tenth of their side at each edge, so that the face fills the image.
TEMPLATE = (
    np.array([[31.8, 31.0], [87.5, 30.8], [58.0, 64.6], [36.8, 94.8], [83.3, 94.8]])
    / 120
)
AHEAD = 64  # faces cut before they are asked for; bounds memory, nothing else


def align_photos(
    found: Iterable[Found],
    photos: Mapping[str, U8],
    photo_ids: Sequence[str],
    size: int,
    mean_position: F64 | None,
) -> tuple[U8, F64, F64, F64]:
    """Rotate, scale and shift the face of each photo onto one template.

    Args:
        found: result of `detect.find_faces`, for these photos.
        photos: id -> photo; those without a face are opened once more.
        photo_ids: N ids.
        size: side of the result, pixels.
        mean_position: (7, 2), of `detect`, taken where no face was found: no photo is
            dropped. None for the mean of the faces found here.

    Returns:
        (N, size, size) uint8 grey faces, the photo's edge pixels repeated outwards,
        (N, 7, 2) float64 positions and (N,) float64 confidences, both NaN where no face
        was found, and the (7, 2) float64 mean position: the one given, or the mean.

    Raises:
        ValueError: no face in any photo and no `mean_position`.
    """
    aligned = np.empty((len(photo_ids), size, size), np.uint8)
    positions = np.full((len(photo_ids), 7, 2), np.nan)
    confidences = np.full(len(photo_ids), np.nan)
    without_face = []

    def list_faces() -> Iterator[tuple[int, U8, F64]]:
        for one in tqdm(found, "find faces", len(photo_ids), unit="photo"):
            if one.position is None:
                without_face.append(one.row)
                continue
            positions[one.row], confidences[one.row] = one.position, one.confidence
            yield one.row, one.photo, one.position

    def cut(located: tuple[int, U8, F64]) -> tuple[int, U8]:
        row, photo, position = located
        grey = np.asarray(Image.fromarray(photo).convert("L"))
        edge = min(grey.shape) // 2  # most aligned faces reach beyond a tight crop
        image = Image.fromarray(np.pad(grey, edge, mode="edge"))
        landmarks = position[2:] * grey.shape[::-1] + edge
        return row, np.asarray(
            align_similarity(image, landmarks, TEMPLATE * size, size)
        )

    for row, face in map_ahead(cut, list_faces(), AHEAD):
        aligned[row] = face
    if mean_position is None:
        mean_position = average_positions(positions)
    missed = ((row, photos[photo_ids[row]], mean_position) for row in without_face)
    for row, face in map_ahead(cut, missed, AHEAD):
        aligned[row] = face
    return aligned, positions, confidences, mean_position
