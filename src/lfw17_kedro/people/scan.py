"""Find, align and embed every face of photos of any kind: bytes in, `Scanned` out."""

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from lfw17_kedro.faces.align import align_face
from lfw17_kedro.faces.embed import embed_faces
from lfw17_kedro.faces.search import CopySize, SearchedPhoto, search_photos
from lfw17_kedro.lineage.digest import hash_data
from lfw17_kedro.messages import describe_error
from lfw17_kedro.people.quality import (
    hash_picture,
    measure_extent,
    measure_sharpness,
)
from lfw17_kedro.photos.decoding import decode_upright
from lfw17_kedro.photos.formats import REDUCING_GAP
from lfw17_kedro.scan_types import Scanned
from lfw17_kedro.threads import map_ahead
from lfw17_kedro.types import F32, U8, Detector, Encoder, EncoderCard, Face

# Whoever changes what scanning computes raises it: here, or in the decoding, detection,
# alignment and measures that this module calls. No hash of code does that, because all
# photos of all users are then searched again.
VERSION = 1
QUARTERS = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180} | {
    270: Image.Transpose.ROTATE_90  # Pillow turns the other way round: counterclockwise
}
PICTURE_SIDE = 640  # of a photo's picture for the album, the longer one, pixels
PICTURE_QUALITY = 82  # of its jpg, and of the faces'


@dataclass(frozen=True)
class ScanSettings:
    """How photos are searched.

    Attributes:
        max_long_side: a larger photo is decoded or reduced to this, pixels.
        sizes: sizes of the copies that the detector sees, one after the other until one
            shows a face.
        batch_size: photos and faces that the networks get at once.
        test_time_flip: average each face's embedding with its mirror image's.
        turn: search a photo that shows no face, and has no EXIF orientation, at 90,
            180 and 270 degrees too.
    """

    max_long_side: int
    sizes: tuple[CopySize, ...]
    batch_size: int
    test_time_flip: bool
    turn: bool

    def fingerprint(self, card: EncoderCard, detector: Any) -> str:
        """Two scans with one fingerprint find and embed alike.

        The code counts by `VERSION` alone.

        Args:
            card: card of the encoder.
            detector: what the detector depends on, as `lineage.digest.hash_data` takes
                it.
        """
        sizes = [list(size) for size in self.sizes]
        settings = [self.max_long_side, sizes, self.test_time_flip, self.turn]
        return hash_data([VERSION, card.fingerprint, detector, settings])[:16]


class _Opened(NamedTuple):
    """A photo on its way to its faces."""

    sha256: str
    pixels: U8 | None = None  # None if it cannot be read
    size: tuple[int, int] = (0, 0)  # height and width of the full-size photo
    orientation: int | None = None  # of the EXIF
    problem: str = ""
    is_gone: bool = False


class _Found(NamedTuple):
    """A photo, turned until it showed a face, and its faces in pixels of `pixels`."""

    opened: _Opened
    pixels: U8 | None
    turned: int
    faces: list[Face]


def scan_photos(
    contents: Iterable[tuple[str, str]],
    read: Callable[[str], bytes],
    detect: Detector,
    encoder: Encoder,
    settings: ScanSettings,
) -> Iterator[Scanned]:
    """Find, align and embed all faces of photos; each photo is decoded once.

    Photos are opened ahead in threads, and at most a few batches of them are in memory.

    Args:
        contents: SHA-256 and name of each photo; the name is for messages.
        read: gives the bytes of the photo of a name.
        detect: finds faces.
        encoder: aligns and embeds them.
        settings: how photos are searched.

    Yields:
        What each photo shows, in no fixed order. A photo that cannot be read has its
        `problem` and no faces.
    """

    def open_photo(content: tuple[str, str]) -> _Opened:
        sha256, name = content
        try:
            photo = decode_upright(read(name), name, settings.max_long_side)
        except (OSError, ValueError) as error:
            problem = describe_error(error)
            # Decoding raises ValueError; it may have failed for want of memory.
            is_gone = isinstance(error, OSError) or isinstance(
                error.__cause__, MemoryError
            )
            return _Opened(sha256, problem=problem, is_gone=is_gone)
        size = photo.height, photo.width
        return _Opened(sha256, photo.pixels, size, photo.orientation)

    opened = map_ahead(open_photo, contents, settings.batch_size)
    found = _search(opened, detect, settings)
    while block := list(islice(found, settings.batch_size)):
        yield from _embed(block, encoder, settings)


def _search(
    opened: Iterable[_Opened], detect: Detector, settings: ScanSettings
) -> Iterator[_Found]:
    """Find the faces of each photo, upright first."""
    searched: dict[int, _Opened] = {}
    unreadable: list[_Opened] = []
    faceless: list[_Opened] = []

    def list_photos() -> Iterator[tuple[int, U8]]:
        for row, one in enumerate(opened):
            if one.pixels is None:
                unreadable.append(one)
            else:
                searched[row] = one
                yield row, one.pixels

    for row, pixels, faces in _search_all(list_photos(), detect, settings):
        one = searched.pop(row)
        if faces or not settings.turn or one.orientation:
            yield _Found(one, pixels, 0, faces)
        else:
            faceless.append(one)
        if len(faceless) == settings.batch_size:
            yield from _search_turned(faceless, detect, settings)
            faceless = []
    yield from _search_turned(faceless, detect, settings)
    for one in unreadable:  # they hold no pixels: all of them can wait
        yield _Found(one, None, 0, [])


def _search_turned(
    faceless: list[_Opened], detect: Detector, settings: ScanSettings
) -> Iterable[_Found]:
    """Search photos at the three other quarters; keep the one with most faces.

    Most by the sum of the detector's scores: a face that lies on its side is sometimes
    found, too, with a lower score.
    """
    best = [_Found(one, one.pixels, 0, []) for one in faceless]
    most = [0.0] * len(faceless)
    for turned, transpose in QUARTERS.items():
        photos = (
            (row, np.asarray(Image.fromarray(one.pixels).transpose(transpose)))
            for row, one in enumerate(faceless)
            if one.pixels is not None
        )
        for row, pixels, faces in _search_all(photos, detect, settings):
            score = sum(face.confidence for face in faces)
            if score > most[row]:
                most[row] = score
                best[row] = _Found(faceless[row], pixels, turned, faces)
    return best


def _search_all(
    photos: Iterable[tuple[int, U8]], detect: Detector, settings: ScanSettings
) -> Iterator[SearchedPhoto]:
    """Search photos as the settings say."""
    return search_photos(
        photos, detect, settings.sizes, settings.batch_size, drop_border=True
    )


def _embed(
    block: list[_Found], encoder: Encoder, settings: ScanSettings
) -> Iterator[Scanned]:
    """Align and embed the faces of a few photos."""

    def align(face: tuple[U8, Face]) -> U8:
        pixels, (box, landmarks, _) = face
        points = np.concatenate([box.reshape(2, 2), landmarks])
        return align_face(pixels, points / pixels.shape[1::-1], encoder.card)

    faces = [
        (one.pixels, face)
        for one in block
        if one.pixels is not None
        for face in one.faces
    ]
    aligned = list(map_ahead(align, faces, settings.batch_size))
    vectors = [np.empty((0, encoder.card.dimension), np.float32)]
    for start in range(0, len(aligned), settings.batch_size):
        batch = np.stack(aligned[start : start + settings.batch_size])
        vectors.append(embed_faces(batch, encoder, settings.test_time_flip))
    embedded = np.concatenate(vectors)
    ends = np.cumsum([len(one.faces) for one in block])
    for one, end in zip(block, ends, strict=True):
        own = slice(end - len(one.faces), end)
        yield _describe(one, aligned[own], embedded[own])


def _describe(found: _Found, aligned: list[U8], vectors: F32) -> Scanned:
    """Put together what one photo shows."""
    opened, pixels, turned, faces = found
    if pixels is None:
        return Scanned(opened.sha256, opened.problem, opened.is_gone)
    height, width = opened.size if turned in (0, 180) else opened.size[::-1]
    scale = np.array([width, height]) / pixels.shape[1::-1]
    points = [np.concatenate([f.box.reshape(2, 2), f.landmarks]) for f in faces]
    scaled = np.reshape(points, (-1, 7, 2)) * scale
    return Scanned(
        opened.sha256,
        height=height,
        width=width,
        orientation=opened.orientation or 1,
        turned=turned,
        picture_hash=hash_picture(pixels),
        picture=encode_picture(pixels, PICTURE_SIDE),
        boxes=scaled[:, :2].reshape(-1, 4),
        landmarks=scaled[:, 2:],
        detection=np.array([face.confidence for face in faces], np.float64),
        sharpness=np.array([measure_sharpness(face) for face in aligned], np.float64),
        extent=measure_extent(scaled[:, 2:]),
        vectors=vectors,
        face_pictures=tuple(encode_picture(face, PICTURE_SIDE) for face in aligned),
    )


def encode_picture(pixels: U8, max_side: int) -> bytes:
    """Encode a picture for the album: (H, W) or (H, W, 3) uint8 -> jpg."""
    image = Image.fromarray(pixels)
    image.thumbnail((max_side, max_side), reducing_gap=REDUCING_GAP)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=PICTURE_QUALITY)
    return file.getvalue()
