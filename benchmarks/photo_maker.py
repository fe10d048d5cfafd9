"""Make face photos in any number, all of them different, out of the ORL faces.

    python -m benchmarks.photo_maker FOLDER 100000

A photo shows one face, or 2 to 4 of them in a collage, on a background of soft colours.
Each face is turned a little, mirrored, cropped and brightened. Photo i depends on the
seed and on i alone: the first 10,000 of 100,000 photos are the 10,000 of the same seed.
"""

import argparse
import os
from collections.abc import Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from benchmarks.images import ORL_SIZE, draw_background, tint_face
from PIL import Image

from lfw17_kedro.datasets.face_sources import SOURCES
from lfw17_kedro.types import U8

SIDE = 250  # pixels, as LFW's own photos
PER_FOLDER = 1000
QUALITY = 90  # of the jpg files
SEED = 666
COLLAGES = 0.2  # fraction of the photos that show several faces
MAX_FACES = 4
TURN = 12.0  # degrees, to either side
CROP = 0.06  # of each side, cut away at most
GAIN = (0.8, 1.4)  # by which a face is brightened
HEIGHTS = (110, 180)  # min and max of the only face of a photo, pixels
COLLAGE_HEIGHTS = (84, 118)  # of each face of a collage
CHUNK = 100  # photos that a process takes at a time


def make_photos(
    folder: Path, count: int, seed: int = SEED, processes: int | None = None
) -> None:
    """Write photos into folders of 1,000: `0000/0000000.jpg` and so on.

    A photo that is there already stays, so a run that was stopped can go on.

    Args:
        folder: made if it is missing.
        count: number of photos, at least 1.
        seed: the same seed gives the same photos.
        processes: number of processes that draw; None for one per core.

    Raises:
        ValueError: no photos, or no process.
    """
    processes = os.cpu_count() or 1 if processes is None else processes
    if count < 1 or processes < 1:
        raise ValueError(
            f"expected at least one photo and one process, got {count} and "
            f"{processes}; ask for more."
        )
    for first in range(0, count, PER_FOLDER):
        name_photo(folder, first).parent.mkdir(parents=True, exist_ok=True)
    faces = load_faces()
    context = get_context("spawn")
    with context.Pool(processes, _keep_faces, (faces,)) as pool:
        write = partial(_write_photo, folder, seed)
        for _ in pool.imap_unordered(write, range(count), CHUNK):
            pass


def load_faces() -> U8:
    """Give the ORL faces in their full size, (400, 112, 92) uint8."""
    height, width = ORL_SIZE
    orl = SOURCES["orl"](height=height, width=width)
    images = np.concatenate([orl.train_images, orl.test_images])
    return np.asarray(images).reshape(-1, height, width).astype(np.uint8)


def name_photo(folder: Path, index: int) -> Path:
    """Give the file of a photo."""
    return folder / f"{index // PER_FOLDER:04d}" / f"{index:07d}.jpg"


def draw_photo(faces: Sequence[U8], seed: int, index: int) -> Image.Image:
    """Draw one photo, 250 x 250 RGB.

    Args:
        faces: grey faces, each (H, W) uint8.
        seed: seed of all photos.
        index: index of this photo.
    """
    rng = np.random.default_rng([seed, index])
    photo = draw_background(SIDE, SIDE, rng)
    if rng.random() >= COLLAGES:
        face = draw_face(faces[rng.integers(len(faces))], HEIGHTS, rng)
        _paste(photo, face, (0, 0), SIDE, rng)
        return photo
    shown = rng.integers(2, MAX_FACES + 1)
    chosen = rng.choice(len(faces), shown, replace=False)
    cell = SIDE // 2
    for place, row in zip(rng.permutation(MAX_FACES), chosen, strict=False):
        corner = (int(place) % 2 * cell, int(place) // 2 * cell)
        face = draw_face(faces[row], COLLAGE_HEIGHTS, rng)
        _paste(photo, face, corner, cell, rng)
    return photo


def draw_face(
    face: U8, heights: tuple[int, int], rng: np.random.Generator
) -> Image.Image:
    """Turn, mirror, crop, brighten and enlarge a face.

    Args:
        face: (H, W) uint8, grey.
        heights: min and max of the result, pixels.
        rng: source of all random numbers.
    """
    grey = Image.fromarray(face)
    if rng.random() < 0.5:  # noqa: PLR2004 (half of them)
        grey = grey.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    # What the turn brings in from outside has the face's mean grey.
    grey = grey.rotate(
        rng.uniform(-TURN, TURN),
        Image.Resampling.BILINEAR,
        fillcolor=int(face.mean()),
    )
    left, top, right, bottom = rng.uniform(0, CROP, 4)
    width, height = grey.size
    box = (left * width, top * height, (1 - right) * width, (1 - bottom) * height)
    grey = grey.crop(tuple(round(side) for side in box))
    bright = np.asarray(grey, np.float32) * rng.uniform(*GAIN)
    tinted = tint_face(bright.clip(0, 255), int(rng.integers(*heights)), rng)
    return tinted.convert("RGB")


def _paste(
    photo: Image.Image,
    face: Image.Image,
    corner: tuple[int, int],
    side: int,
    rng: np.random.Generator,
) -> None:
    """Put a face somewhere into a square of the photo."""
    left = corner[0] + rng.integers(max(1, side - face.width))
    top = corner[1] + rng.integers(max(1, side - face.height))
    photo.paste(face, (int(left), int(top)))


_faces: dict[str, U8] = {}  # of this process


def _keep_faces(faces: U8) -> None:
    """Keep the faces in a process that draws."""
    _faces["orl"] = faces


def _write_photo(folder: Path, seed: int, index: int) -> None:
    """Draw a photo and write it, unless it is there."""
    file = name_photo(folder, index)
    if file.exists():
        return
    part = file.with_suffix(".part")
    photo = draw_photo(_faces["orl"], seed, index)
    photo.save(part, "JPEG", quality=QUALITY)
    part.rename(file)


def main() -> None:
    """Make the photos that the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where the photos go")
    parser.add_argument("count", type=int, help="how many, at least 1")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--processes", type=int, help="default: one per core")
    options = parser.parse_args()
    try:
        make_photos(options.folder, options.count, options.seed, options.processes)
    except ValueError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
