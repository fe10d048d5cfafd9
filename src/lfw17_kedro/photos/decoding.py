"""Decode photos from bytes that may be anything, within stated limits."""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from lfw17_kedro.messages import describe_error
from lfw17_kedro.photos.formats import (
    SIDEWAYS,
    USER_FORMATS,
    RefusedError,
    convert_photo,
    open_photo,
    read_orientation,
    read_stored_orientation,
    refuse_mode,
)
from lfw17_kedro.types import U8

FORMATS = ("JPEG",)  # of Pillow, whose other decoders are never called
MAX_PIXELS = 50_000_000  # of a photo: 150 MB once decoded
MODES = ("L", "RGB")  # of Pillow: grey and colour, 8 bits each

MAX_USER_PIXELS = 200_000_000  # of a user's photo, more than any phone or camera takes
DRAFTS = (8, 4, 2)  # by which a jpg can be decoded smaller
# EXIF orientation -> what turns the photo upright. Source: EXIF 2.3, section 4.6.4.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# As `warnings.filterwarnings` lists it: all that the modules of Pillow warn of.
PILLOW_WARNINGS = ("ignore", None, Warning, re.compile(r"PIL\."), 0)
_warnings_lock = Lock()


class UprightPhoto(NamedTuple):
    """A photo as a person looks at it.

    Attributes:
        pixels: (H, W) grey or (H, W, 3) RGB, uint8, perhaps at a reduced size.
        height: rows of the upright photo in its full size, pixels.
        width: columns of the upright photo in its full size, pixels.
        orientation: EXIF's, 1-8, by which the stored photo was turned upright; None if
            it has none, so that the photo may still lie on its side.
    """

    pixels: U8
    height: int
    width: int
    orientation: int | None


def decode_photo(content: bytes, name: str, min_short_side: int | None = None) -> U8:
    """Decode a jpg photo.

    Args:
        content: of the file.
        name: what to call the photo in an error.
        min_short_side: decode at a half, a quarter or an eighth of the size, in a
            fraction of the time, if the short side keeps this many pixels.

    Returns:
        (H, W) or (H, W, 3) uint8.

    Raises:
        ValueError: damaged, of another format, neither grey nor RGB, or of more than
            `MAX_PIXELS` pixels.
    """
    with _open_photo(content, name) as photo:
        if min_short_side is not None:
            photo.draft(None, (min_short_side, min_short_side))
        return np.asarray(photo)


def measure_photo(content: bytes, name: str) -> tuple[int, int]:
    """Give height and width of a jpg, pixels; only its head is read.

    Args: see `decode_photo`.

    Raises:
        ValueError: see `decode_photo`; the rest of the photo may still be damaged.
    """
    with _open_photo(content, name) as photo:
        return photo.height, photo.width


@contextmanager
def _open_photo(content: bytes, name: str) -> Iterator[Image.Image]:
    """Open a jpg, and explain whatever Pillow raises, also while it is used."""
    wanted = f"expected a jpg photo at {name}"
    limits = f"{wanted}, grey or RGB, of {MAX_PIXELS} pixels at most"
    with _explain(wanted, limits, content, "it is no jpg"):
        try:
            with Image.open(io.BytesIO(content), formats=FORMATS) as photo:
                _check_size(photo, MAX_PIXELS)
                if photo.mode not in MODES:
                    raise refuse_mode(photo.mode)
                yield photo
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise RefusedError(
                f"one of more than {MAX_PIXELS} pixels; scale it down"
            ) from error


@contextmanager
def _explain(wanted: str, limits: str, content: bytes, unknown: str) -> Iterator[None]:
    """Turn whatever is raised while a photo is used into one ValueError.

    Args:
        wanted: the message's start.
        limits: the start for a photo that can be decoded but is refused.
        content: of the file.
        unknown: what to say of another format.
    """
    try:
        yield
    except RefusedError as error:
        raise ValueError(f"{limits}, got {error}.") from error.__cause__
    except Exception as error:  # damaged photos raise nearly every kind of error
        is_known = not isinstance(error, UnidentifiedImageError)
        reason = describe_error(error)
        raise ValueError(
            f"{wanted}, got {len(content)} bytes that Pillow cannot decode: "
            f"{reason if is_known else unknown}; replace or remove it."
        ) from error


def _check_size(photo: Image.Image, max_pixels: int) -> None:
    """Refuse photos that are too large, or nothing at all."""
    if photo.width * photo.height > max_pixels:
        raise RefusedError(
            f"one of {photo.width} x {photo.height} pixels; scale it down"
        )
    if not photo.width * photo.height:
        raise RefusedError("one of no pixels; remove it")


def decode_upright(
    content: bytes, name: str, max_long_side: int | None = None
) -> UprightPhoto:
    """Decode a photo of any usual format and turn it upright by its EXIF orientation.

    Transparent pixels are laid over white. Of an animation the first frame counts.
    Grey values of more than 8 bits lose their lowest bits: as many as the brightest
    pixel allows (the photo is taken for one of 8, 10, 12, 14, 16 or more bits), so that
    a photo of 12 bits stored in 16 is not nearly black. Colour profiles are ignored,
    and so is EXIF that cannot be read. A jpg that is damaged in its middle, not cut
    short, may come with wrong pixels. May be called from several threads.

    Warnings of Pillow are from then on ignored in the whole process: what matters is
    raised or returned, and `warnings.catch_warnings` is not safe in threads.

    Args:
        content: of the file: JPEG, MPO, PNG, WEBP, GIF, BMP, TIFF, PPM, AVIF or, with
            the package `pi-heif`, HEIC. The content says which.
        name: what to call the photo in an error.
        max_long_side: reduce larger photos to this many pixels, at least 1; large jpgs
            are decoded at a fraction of their size, with as little memory.

    Raises:
        ValueError: damaged, truncated, of another format, of floating-point pixels, of
            more than `MAX_USER_PIXELS` pixels, or HEIC without the package; or
            `max_long_side` is below 1.
    """
    if max_long_side is not None and max_long_side < 1:
        raise ValueError(
            f"expected max_long_side of at least 1 pixel, got {max_long_side}."
        )
    _ignore_warnings()
    wanted = f"expected a photo at {name}"
    limits = f"{wanted}, of {MAX_USER_PIXELS} pixels at most"
    unknown = f"it is no {USER_FORMATS}"
    with _explain(wanted, limits, content, unknown), open_photo(content) as photo:
        _check_size(photo, MAX_USER_PIXELS)
        orientation = read_stored_orientation(photo)
        full_size = _load(photo, max_long_side)
        turn = read_orientation(photo)  # what the decoder left to do
        small = convert_photo(photo, _reduce(full_size, max_long_side))
        if turn in TURNS:
            small = small.transpose(TURNS[turn])
        width, height = full_size[::-1] if turn in SIDEWAYS else full_size
        return UprightPhoto(np.asarray(small), height, width, orientation)


def _ignore_warnings() -> None:
    """Put the filter of Pillow's warnings before all others, if it is not there yet."""
    with _warnings_lock:
        if PILLOW_WARNINGS not in warnings.filters[:1]:
            warnings.filterwarnings("ignore", module=PILLOW_WARNINGS[3].pattern)


def _load(photo: ImageFile, max_long_side: int | None) -> tuple[int, int]:
    """Decode a photo, a jpg as small as allowed; give the full width and height."""
    if not isinstance(photo, JpegImageFile):
        photo.load()
        return photo.size  # TIFF and HEIC may have been turned
    full_size = photo.size
    if max_long_side is not None:
        fraction = max(full_size) // max_long_side
        for draft in DRAFTS:
            if draft <= fraction:
                width, height = (max(1, side // draft) for side in full_size)
                photo.draft(None, (width, height))
                break
    photo.load()
    return full_size


def _reduce(size: tuple[int, int], max_long_side: int | None) -> tuple[int, int]:
    """Give the width and height to reduce to."""
    if max_long_side is None or max(size) <= max_long_side:
        return size
    scale = max_long_side / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
