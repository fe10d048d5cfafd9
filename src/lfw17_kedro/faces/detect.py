"""Find the one face that each photo is about.

The photos of the study are tight 50x37 crops. MTCNN was trained on faces with something
around them and misses a third of such crops; with their edge pixels repeated outwards
it misses hardly any, so every photo is padded before detection.
"""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pandas as pd
from PIL import Image
from tqdm import tqdm

from lfw17_kedro.types import F64, U8, Detector, Face

BOX = ["left", "top", "right", "bottom"]
LANDMARKS = [
    f"{point}_{axis}"
    for point in ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
    for axis in "xy"
]


def detect_faces(
    photos: Mapping[str, U8],
    detect: Detector,
    *,
    short_sides: Iterable[int],
    padding: float,
    batch_size: int,
) -> pd.DataFrame:
    """Find the face each photo is about.

    Args:
        photos: id -> photo, (H, W) grey or (H, W, 3) RGB, uint8, of any sizes.
        detect: finds all faces of a batch of photos of one size.
        short_sides: the photos' short side during detection, pixels. The first size
            sees every photo, each later one only those without a face so far: small
            and fast first, larger for the rest.
        padding: how far edge pixels are repeated outwards, as a share of the short
            side, at least 0.
        batch_size: photos per call of `detect`, at least 1.

    Returns:
        One row a photo, in the order of `photos`: `id`, `found`, `confidence`, the
        columns `BOX` and `LANDMARKS` in pixels of the photo; NaN where no face was
        found.
    """
    faces: dict[str, Face] = {}
    with tqdm(total=len(photos), desc="detect faces", unit="photo") as progress:
        for short_side in short_sides:
            missing = [name for name in photos if name not in faces]
            for names in _batches_of_one_size(missing, photos, batch_size):
                found = _detect_batch(
                    [photos[name] for name in names], detect, short_side, padding
                )
                faces |= {
                    name: face for name, face in zip(names, found, strict=True) if face
                }
                progress.update(len(faces) - progress.n)
    columns = ["confidence", *BOX, *LANDMARKS]
    nothing = np.full(len(columns), np.nan)
    rows = [_row(faces[name]) if name in faces else nothing for name in photos]
    table = pd.DataFrame(np.asarray(rows), columns=columns)
    table.insert(0, "id", list(photos))
    table.insert(1, "found", [name in faces for name in photos])
    return table


def _batches_of_one_size(
    names: list[str], photos: Mapping[str, U8], batch_size: int
) -> Iterator[list[str]]:
    """Yield batches of names whose photos share one size."""
    by_size: dict[tuple[int, ...], list[str]] = {}
    for name in names:
        by_size.setdefault(photos[name].shape[:2], []).append(name)
    for same in by_size.values():
        for start in range(0, len(same), batch_size):
            yield same[start : start + batch_size]


def _detect_batch(
    photos: list[U8], detect: Detector, short_side: int, padding: float
) -> list[Face | None]:
    """Detect on padded copies of one size; faces come in pixels of the photos."""
    height, width = photos[0].shape[:2]
    scale = short_side / min(height, width)
    size = (round(width * scale), round(height * scale))
    border = round(padding * short_side)
    copies = []
    for photo in photos:
        image = Image.fromarray(photo).convert("RGB")
        copy = np.asarray(image.resize(size, Image.Resampling.BICUBIC))
        copies.append(np.pad(copy, ((border,) * 2, (border,) * 2, (0, 0)), "edge"))
    to_photo = np.array([width / size[0], height / size[1]])
    chosen = []
    for candidates in detect(copies):
        face = choose_face(candidates, copies[0].shape[0], copies[0].shape[1])
        chosen.append(face and _move_face(face, border, to_photo))
    return chosen


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


def _move_face(face: Face, border: int, to_photo: F64) -> Face:
    """Take a face from pixels of the padded copy to pixels of the photo."""
    return Face(
        box=((face.box.reshape(2, 2) - border) * to_photo).ravel(),
        landmarks=(face.landmarks - border) * to_photo,
        confidence=face.confidence,
    )


def _row(face: Face) -> F64:
    """Lay a face out as the table's numeric columns."""
    return np.concatenate([[face.confidence], face.box, face.landmarks.ravel()])
