"""Formats, orientations and colours of photos, as `decode_upright` gives them."""

import sys

import numpy as np
import pytest
from encoded_photos import FORMATS, HEIC, LOSSLESS, encode, make_exif, make_noise
from PIL import Image

from lfw17_kedro.photos.decoding import decode_upright

# Pixels of four corners, turned so that EXIF's orientation shows [[1, 2], [3, 4]].
STORED = {
    1: [[1, 2], [3, 4]],
    2: [[2, 1], [4, 3]],
    3: [[4, 3], [2, 1]],
    4: [[3, 4], [1, 2]],
    5: [[1, 3], [2, 4]],
    6: [[2, 4], [1, 3]],
    7: [[4, 2], [3, 1]],
    8: [[3, 1], [4, 2]],
}


@pytest.mark.parametrize("kind", FORMATS)
def test_formats_are_told_by_their_content(kind):
    colour = np.full((20, 30, 3), (200, 100, 50), np.uint8)

    photo = decode_upright(encode(colour, kind), "wrong-ending.txt")

    assert photo.pixels.dtype == np.uint8
    assert photo[1:] == (20, 30, None)
    assert np.abs(photo.pixels.astype(int) - colour).max() <= 4
    if kind in LOSSLESS:
        np.testing.assert_array_equal(photo.pixels, colour)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "TIFF", "PPM"])
def test_grey_stays_grey(kind):
    photo = decode_upright(encode(np.full((5, 4), 77, np.uint8), kind), "x")

    np.testing.assert_array_equal(photo.pixels, np.full((5, 4), 77))


def test_heic_is_turned_once():
    pytest.importorskip("pi_heif")

    photo = decode_upright(HEIC, "x")

    assert photo[1:] == (32, 48, 6)
    centres = photo.pixels[8::16, 8::16].astype(int)
    black, blue, red, grey, light, green = centres.reshape(6, 3)
    assert np.abs(black - 20).max() < 30
    assert np.abs(grey - 120).max() < 30
    assert np.abs(light - 200).max() < 30
    assert (blue.argmax(), red.argmax(), green.argmax()) == (2, 0, 1)


def test_heic_without_its_package_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pi_heif", None)

    with pytest.raises(ValueError, match="at a.heic, .*run `make extras EXTRAS=heic`"):
        decode_upright(HEIC, "a.heic")


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF"])
def test_photos_are_turned_upright(kind, orientation):
    stored = np.kron(STORED[orientation], np.full((32, 48), 50)).astype(np.uint8)
    options = {} if kind == "TIFF" else {"quality": 95}
    exif = make_exif(orientation)

    photo = decode_upright(encode(stored, kind, exif=exif, **options), "x")

    corners = photo.pixels.reshape(*photo.pixels.shape[:2], -1)[..., 0]
    height, width = corners.shape
    rows, columns = [height // 4, -height // 4], [width // 4, -width // 4]
    assert np.abs(corners[rows][:, columns] - [[50.0, 100], [150, 200]]).max() <= 3
    assert (photo.height, photo.width) == (height, width)
    assert (height, width) == ((64, 96) if orientation < 5 else (96, 64))
    # Pillow stores AVIF's orientation 1 as none at all
    expected = None if (kind, orientation) == ("AVIF", 1) else orientation
    assert photo.orientation == expected


@pytest.mark.parametrize(
    "exif", [make_exif(77), make_exif(0), b"Exif\0\0II*\0\xff\xff"]
)
def test_absurd_exif_says_nothing(exif):
    photo = decode_upright(encode(make_noise(), "JPEG", exif=exif), "x")

    assert photo[1:] == (40, 30, None)


def test_broken_colour_profiles_are_ignored():
    for kind in ("JPEG", "PNG", "WEBP", "TIFF"):
        photo = decode_upright(encode(make_noise(), kind, icc_profile=b"broken"), "x")
        assert photo.pixels.shape == (40, 30, 3)


def test_cmyk_keeps_its_colours():
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))

    for kind in ("JPEG", "TIFF"):  # Pillow writes the former as Adobe does: inverted
        pixels = decode_upright(encode(red, kind), "x").pixels
        assert np.abs(pixels - [255.0, 0, 0]).max() <= 3


@pytest.mark.parametrize(
    ("photo", "expected"),
    [
        (Image.new("RGBA", (2, 2), (9, 9, 9, 0)), [255, 255, 255]),
        (Image.new("RGBA", (2, 2), (0, 100, 200, 51)), [204, 224, 244]),
        (Image.new("LA", (2, 2), (0, 0)), 255),
        (Image.new("LA", (2, 2), (100, 255)), 100),
        (Image.new("1", (2, 2), 1), 255),
    ],
)
def test_transparent_pixels_lie_over_white(photo, expected):
    pixels = decode_upright(encode(photo), "x").pixels

    np.testing.assert_array_equal(pixels, np.full(pixels.shape, expected))
    assert pixels.ndim == 2 + isinstance(expected, list)


def test_palettes_are_looked_up():
    photo = Image.fromarray(np.array([[0, 1]], np.uint8)).convert("P")
    photo.putpalette([10, 20, 30, 40, 50, 60])

    pixels = decode_upright(encode(photo), "x").pixels
    np.testing.assert_array_equal(pixels, [[[10, 20, 30], [40, 50, 60]]])
    see_through = decode_upright(encode(photo, transparency=b"\xff\x00"), "x").pixels
    np.testing.assert_array_equal(see_through, [[[10, 20, 30], [255, 255, 255]]])
    first = decode_upright(encode(photo, "GIF", transparency=1), "x").pixels
    np.testing.assert_array_equal(first, see_through)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([[0, 257, 65535]], [[0, 1, 255]]),  # 16 bits
        ([[0, 2048, 4095]], [[0, 128, 255]]),  # 12
        ([[0, 100, 255]], [[0, 100, 255]]),  # 8
        ([[0, 0, 0]], [[0, 0, 0]]),
    ],
)
def test_deep_grey_keeps_its_highest_bits(values, expected):
    deep = np.array(values, np.uint16)

    for kind in ("PNG", "TIFF"):
        pixels = decode_upright(encode(deep, kind), "x").pixels
        np.testing.assert_array_equal(pixels, expected)
    pgm = b"P5 3 1 65535\n" + deep.astype(">u2").tobytes()
    np.testing.assert_array_equal(decode_upright(pgm, "x").pixels, expected)
    below = encode(deep.astype(np.int32) - 1, "TIFF")  # -1 is black
    assert decode_upright(below, "x").pixels[0, 0] == 0


@pytest.mark.parametrize("mode", ["LAB", "YCbCr"])
def test_other_colour_spaces_become_rgb(mode):
    grey = Image.new(mode, (4, 4), (128, 128, 128))

    pixels = decode_upright(encode(grey, "TIFF"), "x").pixels

    assert pixels.shape == (4, 4, 3)
    assert np.ptp(pixels[0, 0]) <= 3  # without chroma: grey


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF", "TIFF", "MPO"])
def test_first_frame_counts(kind):
    frames = [Image.new("RGB", (16, 16), color) for color in ("red", "blue")]
    content = encode(frames[0], kind, save_all=True, append_images=frames[1:])

    pixels = decode_upright(content, "x").pixels

    assert np.abs(pixels - [255.0, 0, 0]).max() <= 6
