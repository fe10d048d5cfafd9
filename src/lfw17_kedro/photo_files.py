"""Decode jpg photos from bytes that may be anything, within stated limits."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image, UnidentifiedImageError

from lfw17_kedro.messages import one_line
from lfw17_kedro.types import U8

FORMATS = ("JPEG",)  # of Pillow, whose other decoders are never called
MAX_PIXELS = 50_000_000  # of a photo: 150 MB once decoded
MODES = ("L", "RGB")  # of Pillow: grey and colour, 8 bits each


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
    """Open a photo, and explain whatever Pillow raises, also while it is used."""
    wanted = f"expected a jpg photo at {name}"
    refusal = None
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as photo:
            if photo.width * photo.height > MAX_PIXELS:
                refusal = f"one of {photo.width} x {photo.height} pixels; scale it down"
            elif photo.mode not in MODES:
                refusal = f"one of the mode {photo.mode}; convert it to grey or RGB"
            else:
                yield photo
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        refusal = f"one of more than {MAX_PIXELS} pixels; scale it down"
    except Exception as error:  # damaged photos raise nearly every kind of error
        is_jpg = not isinstance(error, UnidentifiedImageError)
        raise ValueError(
            f"{wanted}, got {len(content)} bytes that Pillow cannot decode: "
            f"{one_line(error) if is_jpg else 'it is no jpg'}; "
            "replace or remove it."
        ) from error
    if refusal:
        raise ValueError(
            f"{wanted}, grey or RGB, of {MAX_PIXELS} pixels at most, got {refusal}."
        )
