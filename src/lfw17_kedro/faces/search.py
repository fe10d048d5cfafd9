"""Search photos of any size for faces, in batches of copies of one size."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from lfw17_kedro.photos.formats import REDUCING_GAP
from lfw17_kedro.threads import map_ahead
from lfw17_kedro.types import U8, Detector, Face

MAX_WAITING = 4  # batches of decoded photos that may wait for others of their size
MAX_PIXELS = 1 << 23  # of a copy
# Of a copy larger than its photo. One of 2 pixels by 1920 would else fill 8 megapixels,
# at each quarter turn: 14 s, and 0.4 GB for each photo of a batch.
MAX_ENLARGED = 1 << 20


class CopySize(NamedTuple):
    """How large the copy of a photo is that a detector sees.

    Attributes:
        min_short_side: pixels; the short side of a smaller photo is enlarged to this.
        max_short_side: pixels; that of a larger photo is reduced to this.
        padding: how far edge pixels are repeated outwards, as a fraction of the copy's
            short side, at least 0.
    """

    min_short_side: int
    max_short_side: int
    padding: float

    def measure(self, photo: U8) -> tuple[tuple[int, int], int]:
        """Give width and height of a photo's copy, and its border, pixels."""
        height, width = photo.shape[:2]
        short_side = min(height, width)
        scale = np.clip(short_side, self.min_short_side, self.max_short_side)
        scale = min(scale / short_side, (MAX_PIXELS / (height * width)) ** 0.5)
        if scale > 1:
            scale = min(scale, max(1, (MAX_ENLARGED / (height * width)) ** 0.5))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        return size, round(self.padding * min(size))


class SearchedPhoto(NamedTuple):
    """The faces of one photo.

    Attributes:
        row: the photo's number, as it was given.
        photo: the photo, as it was given.
        faces: its faces, in pixels of the photo, in the detector's order; [] if none
            was found.
    """

    row: int
    photo: U8
    faces: list[Face]


def search_photos(
    photos: Iterable[tuple[int, U8]],
    detect: Detector,
    sizes: Sequence[CopySize],
    batch_size: int,
    drop_border: bool = False,
) -> Iterator[SearchedPhoto]:
    """Find all faces of each photo.

    Args:
        photos: a number of your own and the photo, (H, W) grey or (H, W, 3) RGB, uint8;
            taken one by one.
        detect: finds all faces of each photo of a batch.
        sizes: sizes of the copies. The first size sees every photo, each later one only
            those without a face so far: small and fast first, larger for the rest.
        batch_size: photos per call of `detect`, at least 1; those of one call have
            one size.
        drop_border: leave out faces whose box has its centre outside the photo, in the
            repeated edges; the next size sees a photo that has no others.

    Yields:
        The faces of each photo, as they are found: photos that need another size or
        that wait for others of their size come later.
    """
    # (index of the size, height, width of the copy) -> photos that wait
    waiting: dict[tuple[int, int, int], list[_Waiting]] = {}

    def wait(level: int, one: _Waiting) -> None:
        waiting.setdefault((level, *one.copy.shape[:2]), []).append(one)

    def copy_first(given: tuple[int, U8]) -> _Waiting:
        return _Waiting(*given, _copy(given[1], sizes[0]))

    def detect_waiting(key: tuple[int, int, int]) -> Iterator[SearchedPhoto]:
        # A batch of the size before may have brought in more than one batch.
        level, ready = key[0], waiting.pop(key)
        batch, rest = ready[:batch_size], ready[batch_size:]
        if rest:
            waiting[key] = rest
        for one, found in zip(batch, detect([b.copy for b in batch]), strict=True):
            faces = [_locate(face, one.photo, sizes[level]) for face in found]
            if drop_border:
                faces = [face for face in faces if _is_inside(face, one.photo)]
            if faces or level + 1 == len(sizes):
                yield SearchedPhoto(one.row, one.photo, faces)
            else:
                wait(level + 1, one._replace(copy=_copy(one.photo, sizes[level + 1])))

    for one in map_ahead(copy_first, photos, batch_size):
        wait(0, one)
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


def _copy(photo: U8, copy_size: CopySize) -> U8:
    """Copy a photo at the size of detection, with its edges repeated: RGB."""
    size, border = copy_size.measure(photo)
    copy = Image.fromarray(photo).resize(
        size, Image.Resampling.BICUBIC, reducing_gap=REDUCING_GAP
    )
    edges = ((border, border), (border, border), (0, 0))
    return np.pad(np.asarray(copy.convert("RGB")), edges, "edge")


def _locate(face: Face, photo: U8, copy_size: CopySize) -> Face:
    """Give a face of a copy in pixels of the photo."""
    size, border = copy_size.measure(photo)
    scale = np.array(photo.shape[1::-1]) / size
    box = (face.box.reshape(2, 2) - border) * scale
    landmarks = (face.landmarks - border) * scale
    return Face(box.ravel(), landmarks, face.confidence)


def _is_inside(face: Face, photo: U8) -> bool:
    """Tell whether the centre of a face's box lies in the photo."""
    centre = (face.box[:2] + face.box[2:]) / 2
    return bool(((centre >= 0) & (centre < photo.shape[1::-1])).all())
