"""Open photos of many formats, and make grey or RGB photos of all their modes."""

import io
import re
from importlib import import_module
from typing import Any

import numpy as np
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
SHARED_BRANDS = (b"mif1", b"msf1")  # of both; the compatible brands tell them apart
USER_FORMATS = "JPEG, PNG, WEBP, GIF, BMP, TIFF, PPM, HEIC or AVIF"
# An item of HEIF: version, flags, number and protection; its type; names follow.
# Source: ISO/IEC 14496-12, section 8.11.6.
ITEM_ENTRY = re.compile(rb"infe(?:\x02.{5}|\x03.{7}).{2}(?P<kind>.{4})", re.DOTALL)
MAX_TEXTS = 4096  # bytes of the names of an item
MAX_HEAD = 256  # bytes in which all the brands stand
GREY_MODES = ("1", "L", "LA", "La")
COLOUR_MODES = ("P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "CMYK", "YCbCr", "HSV", "LAB")
DEEP_MODES = ("I", "I;16", "I;16B", "I;16L", "I;16N")  # grey, of more than 8 bits
MIN_BITS = 8
REDUCING_GAP = 2.0  # Pillow: large photos are first shrunk by whole numbers, faster
ORIENTATION_TAG = 0x0112  # EXIF 2.3, section 4.6.4
ORIENTATIONS = range(1, 9)


class RefusedError(Exception):
    """A photo that is undamaged but not read: what it is; what to do."""


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
            "a HEIC photo, which needs the package pi-heif; run `pip install pi-heif`"
        ) from error
    _check_items(content)
    photo: ImageFile = decoder(io.BytesIO(content), "")
    return photo


def _check_items(content: bytes) -> None:
    """Refuse a list of a HEIC file's items whose types are no text.

    On such a file pi-heif 1.4.0 ends the whole process with a segmentation fault.
    """
    for entry in ITEM_ENTRY.finditer(content):
        kind = entry["kind"]
        if kind == b"mime":  # its MIME type follows its name
            texts = content[entry.end() : entry.end() + MAX_TEXTS].split(b"\0")
            kind = b"".join(texts[1:2])
        try:
            kind.decode()
        except UnicodeDecodeError as error:
            raise ValueError("its list of items is damaged") from error


def has_orientation(photo: ImageFile) -> bool:
    """Say whether EXIF gives an orientation, 1-8; to be asked before the photo loads.

    TIFF and HEIC photos are turned, and the tag is lost, as they are decoded.
    """
    if photo.info.get("original_orientation") is not None:  # of HEIC
        return True
    return read_orientation(photo) is not None


def read_orientation(photo: ImageFile) -> int | None:
    """Read how the photo is still to be turned, 1-8 as in EXIF; None if it is not said.

    EXIF that cannot be read, or that gives a number outside 1-8, says nothing.
    """
    try:
        orientation = photo.getexif().get(ORIENTATION_TAG)
    except Exception:  # EXIF is damaged in as many ways as photos are
        return None
    is_known = isinstance(orientation, int) and orientation in ORIENTATIONS
    return orientation if is_known else None


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
