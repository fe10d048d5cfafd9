"""What programs hand over as an image, as the bytes of a file."""

import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, count
from pathlib import Path, PurePath
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lfw17_kedro.messages import describe_error, one_line
from lfw17_kedro.photos.readers import find_size_problem, open_regular_file
from lfw17_kedro.types import U8

ImageLike = (
    str
    | os.PathLike[str]
    | bytes
    | bytearray
    | memoryview
    | Image.Image
    | NDArray[np.uint8]
)
"""A path, the bytes of an image file, a Pillow image, or (H, W[, 3]) uint8 RGB."""

PNG_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")  # that a PNG file can hold
RGB = 3  # channels
SINGLE = (str, os.PathLike, bytes, bytearray, memoryview, Image.Image, np.ndarray)
"""The types of one image, of which some are iterable."""


class ImageFile(NamedTuple):
    """An image that can be read.

    Attributes:
        name: path of the file, or `image 1` and so on; for messages and tables.
        read: gives the bytes; raises a ValueError if it cannot.
    """

    name: str
    read: Callable[[], bytes]


def open_image(image: ImageLike, position: int = 0) -> ImageFile:
    """Make an image of any kind one that gives bytes; a path is not yet read.

    Args:
        image: path, bytes of a file, Pillow image, or array (H, W) grey or (H, W, 3)
            RGB, uint8.
        position: the image's position among others, for its name.

    Raises:
        ValueError: an array of another shape or dtype, or an empty one.
        TypeError: something else.
    """
    name = f"image {position + 1}"
    if isinstance(image, bytes | bytearray | memoryview):
        content = bytes(image)
        return ImageFile(name, lambda: content)
    if isinstance(image, Image.Image):
        return ImageFile(name, lambda: _encode_image(image, name))
    if isinstance(image, np.ndarray):
        _check_pixels(image)
        return ImageFile(name, lambda: _encode_pixels(image))
    if isinstance(image, str | os.PathLike):
        path = Path(image)
        return ImageFile(str(path), lambda: _read_file(path))
    raise TypeError(
        "image: expected a path, the bytes of an image file, a Pillow image or an "
        f"array (H, W) or (H, W, 3) uint8, got {type(image).__name__}; pass one of "
        "these, and a list of images to identify_many."
    )


def open_images(images: Iterable[ImageLike]) -> Iterator[ImageFile]:
    """Open several images one after the other, each when it is asked for.

    Raises:
        TypeError: one image. Its parts, letters of a path or rows of pixels, would be
            taken for images.
    """
    if isinstance(images, SINGLE) or not isinstance(images, Iterable):
        raise TypeError(
            f"images: expected several images, got one {type(images).__name__}; pass "
            "a list, or one image to identify."
        )
    return (open_image(image, position) for position, image in enumerate(images))


def list_images(images: ImageLike | Iterable[ImageLike]) -> list[ImageFile]:
    """Make a list of one image or of several.

    Raises: see `open_image`.
    """
    if isinstance(images, SINGLE):
        return [open_image(images)]
    if not isinstance(images, Iterable):
        raise TypeError(
            f"images: expected an image or a list of them, got "
            f"{type(images).__name__}; pass a path, for example."
        )
    return [*open_images(images)]


def name_image(image: ImageFile) -> str:
    """Give the last part of an image's name; of a path without one, all of it."""
    return PurePath(image.name).name or image.name.replace("/", "_")


def name_uniquely(names: Sequence[str]) -> list[str]:
    """Give each of some names that are equal a number of its own: ` (2)` and so on."""
    given: dict[str, None] = {}
    for name in names:
        numbers = (f"{name} ({number})" for number in count(2))
        given[next(one for one in chain([name], numbers) if one not in given)] = None
    return [*given]


def _read_file(path: Path) -> bytes:
    """Read a file; raises a ValueError."""
    try:
        with open_regular_file(os.fsencode(path)) as file:
            if problem := find_size_problem(os.fstat(file.fileno()).st_size):
                raise ValueError(f"{path}: {problem}.")
            return file.read()
    except OSError as error:
        reason = one_line(error.strerror or error)
        raise ValueError(
            f"expected an image file at {path}, got: {reason}; name a file that may be "
            "read, for example each one of a folder."
        ) from error


def _check_pixels(pixels: NDArray[Any]) -> None:
    """Refuse arrays that are no images."""
    shape = pixels.shape
    is_shaped = len(shape) == 2 or (len(shape) == 3 and shape[2] == RGB)  # noqa: PLR2004
    if pixels.dtype != np.uint8 or not is_shaped or not pixels.size:
        raise ValueError(
            "image: expected an array (H, W) or (H, W, 3) uint8, RGB 0-255, got "
            f"{pixels.dtype} {shape}; convert it, and a batch of images pass to "
            "identify_many."
        )


def _encode_pixels(pixels: U8) -> bytes:
    """Write pixels as PPM, which is the pixels themselves after a short head."""
    kind = b"P5" if pixels.ndim == 2 else b"P6"  # noqa: PLR2004 - grey
    height, width = pixels.shape[:2]
    return b"%b %d %d 255\n" % (kind, width, height) + pixels.tobytes()


def _encode_image(image: Image.Image, name: str) -> bytes:
    """Write a Pillow image, which may not be decoded yet, without loss."""
    file = io.BytesIO()
    try:
        kind = "PNG" if image.mode in PNG_MODES else "TIFF"
        image.save(file, kind, exif=image.getexif(), compress_level=1)
    except Exception as error:  # damaged images raise nearly every kind of error
        reason = describe_error(error)
        raise ValueError(
            f"expected a Pillow image that can be decoded as {name}, got: {reason}; "
            "open it again, or pass its path."
        ) from error
    return file.getvalue()
