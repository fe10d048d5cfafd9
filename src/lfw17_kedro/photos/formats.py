"""Open photos of many formats, and make grey or RGB photos of all their modes."""

import io
import re
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import PIL
from PIL import Image, UnidentifiedImageError
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.PpmImagePlugin import PpmImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from lfw17_kedro.messages import advise_extra

# How a file begins -> its decoder; Pillow's others are never called. MPO, which many
# phones write as jpg, is a JPEG with further pictures behind it.
DECODERS: dict[bytes, type[ImageFile]] = {
    rb"\xff\xd8\xff": JpegImageFile,
    rb"\x89PNG\r\n\x1a\n": PngImageFile,
    rb"RIFF....WEBP": WebPImageFile,
    rb"GIF8[79]a": GifImageFile,
    rb"BM": BmpImageFile,
    rb"II[*+]\0|MM\0[*+]": TiffImageFile,
    rb"P[1-6]\s": PpmImageFile,
}
# What follows the first 4 bytes of HEIF: "ftyp" and a brand (ISO/IEC 23008-12, annex B;
# AV1 Image File Format 1.1, section 6).
AVIF_BRANDS = (b"avif", b"avis")
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")
# The box of one part of a HEIC file: size, "infe", version 2 or 3 (0 and 1 are of
# other files), flags, number, protection, type, name (ISO/IEC 14496-12, 8.11.6). A box
# of size 1 has its true size in the place of the version.
HEIC_ITEM = re.compile(
    rb"(?P<size>.{4})infe(?P<version>[\0-\x03])"
    rb"(?:(?<=\x02).{3}.{2}|(?<=\x03).{3}.{4}|(?<=[\0\1])).{2}(?P<text>.{4})",
    re.DOTALL,
)
SHARED_BRANDS = (b"mif1", b"msf1")  # of both; the compatible brands tell them apart
USER_FORMATS = "JPEG, PNG, WEBP, GIF, BMP, TIFF, PPM, HEIC or AVIF"
MAX_HEAD = 256  # bytes in which all the brands stand
GREY_MODES = ("1", "L", "LA", "La")
COLOUR_MODES = ("P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "CMYK", "YCbCr", "HSV", "LAB")
DEEP_MODES = ("I", "I;16", "I;16B", "I;16L", "I;16N")  # grey, of more than 8 bits
MIN_BITS = 8
REDUCING_GAP = 2.0  # Pillow: large photos are first shrunk by whole numbers, faster
ORIENTATION_TAG = 0x0112  # EXIF 2.3, section 4.6.4
ORIENTATIONS = range(1, 9)
SIDEWAYS = (5, 6, 7, 8)  # orientations that swap height and width


class RefusedError(Exception):
    """A photo that is undamaged but not read: what it is; what to do."""


def describe_decoders() -> str:
    """Say what decodes photos here: others may read a photo that these cannot."""
    try:
        heif = version("pi-heif")
    except PackageNotFoundError:
        heif = "none"
    return f"pillow {PIL.__version__}, pi-heif {heif}"


def refuse_mode(mode: str) -> RefusedError:
    """Say that photos of one of Pillow's modes are not read."""
    return RefusedError(f"one of the mode {mode}; convert it to grey or RGB")


def open_photo(content: bytes) -> ImageFile:
    """Open a photo; only its head is read.

    Unlike `PIL.Image.open`, it knows no limit of pixels, which would be a variable of
    the whole process, and takes the first picture of an MPO file without looking at
    the list of the others.

    Args:
        content: of the file.

    Returns:
        The photo, of one of `USER_FORMATS`, in any of Pillow's modes.

    Raises:
        UnidentifiedImageError: of none of `USER_FORMATS`.
        RefusedError: HEIC, and `pi_heif` is not installed.
        Exception: nearly any, for a damaged photo.
    """
    for start, decoder in DECODERS.items():
        if re.match(start, content, re.DOTALL):
            return decoder(io.BytesIO(content), "")
    if content[4:8] == b"ftyp":
        brand = content[8:12]
        if brand in AVIF_BRANDS or (
            brand in SHARED_BRANDS and AVIF_BRANDS[0] in content[:MAX_HEAD]
        ):
            return AvifImageFile(io.BytesIO(content), "")
        if brand in HEIC_BRANDS + SHARED_BRANDS:
            return _open_heic(content)
    raise UnidentifiedImageError(f"none of the formats {USER_FORMATS}")


def _open_heic(content: bytes) -> ImageFile:
    """Open a HEIC photo with the optional package, which no one else needs."""
    try:
        decoder: Any = import_module("pi_heif").HeifImageFile
    except ImportError as error:
        raise RefusedError(
            f"a HEIC photo, which needs the extra heic; run {advise_extra('heic')}"
        ) from error
    _check_items(content)
    photo: ImageFile = decoder(io.BytesIO(content), "")
    return photo


def _check_items(content: bytes) -> None:
    """Refuse a HEIC photo whose parts have names that are no text.

    `pi_heif` 1.4.0 ends the whole process at one: a kind of metadata, which it turns
    into a string of Python, without looking whether that succeeded.

    Raises:
        ValueError: a name is no text, or it is not said where it ends.
    """
    for found in HEIC_ITEM.finditer(content):
        end = found.start() + int.from_bytes(found["size"], "big")
        if found["version"] not in b"\2\3" or end < found.end():
            raise ValueError("a part of it has no length")
        content[found.start("text") : end].decode("utf-8")


def read_stored_orientation(photo: ImageFile) -> int | None:
    """Read how the file says that it lies, 1-8 as in EXIF; None if it does not say.

    To be asked before the photo is loaded: Pillow turns TIFF photos while it decodes
    them, and `pi_heif` HEIC photos while it opens them; both drop the tag.
    """
    turned = photo.info.get("original_orientation")  # of HEIC
    return read_orientation(photo) if turned is None else _check_orientation(turned)


def read_orientation(photo: ImageFile) -> int | None:
    """Read how the photo is still to be turned, 1-8 as in EXIF; None if it is not said.

    EXIF that cannot be read, or that gives a number outside 1-8, says nothing.
    """
    try:
        orientation = photo.getexif().get(ORIENTATION_TAG)
    except Exception:  # EXIF is damaged in as many ways as photos are
        return None
    return _check_orientation(orientation)


def _check_orientation(value: Any) -> int | None:
    """Give an orientation that EXIF knows, None for anything else."""
    return value if isinstance(value, int) and value in ORIENTATIONS else None


def convert_photo(photo: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Make a photo of any mode grey or RGB, of 8 bits, and reduce it.

    Args:
        photo: decoded.
        size: width and height of the result, pixels.

    Returns:
        Of the mode L or RGB; what was transparent is laid over white.

    Raises:
        RefusedError: floating-point pixels.
    """
    if photo.mode in DEEP_MODES:
        photo = _reduce_depth(photo)
    if photo.mode not in GREY_MODES + COLOUR_MODES:
        raise refuse_mode(photo.mode)
    mode = "L" if photo.mode in GREY_MODES else "RGB"
    is_transparent = photo.has_transparency_data
    photo = _change_mode(photo, "RGBA" if is_transparent else mode)
    if photo.size != size:
        photo = photo.resize(size, Image.Resampling.BICUBIC, reducing_gap=REDUCING_GAP)
    if is_transparent:
        white = Image.new("RGBA", size, "white")
        photo = Image.alpha_composite(white, photo)
    return _change_mode(photo, mode)


def _change_mode(photo: Image.Image, mode: str) -> Image.Image:
    """Convert a photo, without a copy where nothing changes."""
    return photo if photo.mode == mode else photo.convert(mode)


def _reduce_depth(photo: Image.Image) -> Image.Image:
    """Keep the highest 8 of the bits that the photo uses; below zero is black."""
    values = np.asarray(photo)
    used = int(values.max()).bit_length()
    shift = max(MIN_BITS, used + used % 2) - MIN_BITS  # depths are even numbers
    return Image.fromarray((np.maximum(values, 0) >> shift).astype(np.uint8))
