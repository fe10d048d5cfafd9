"""`decode_upright`: photos of any kind, as users have them."""

import base64
import io
import subprocess
import sys
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lfw17_kedro.photos.decoding import MAX_USER_PIXELS, decode_upright

FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF")
LOSSLESS = ("PNG", "GIF", "BMP", "TIFF", "PPM")
ORIENTATION = 0x0112
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
# 48 x 32 pixels, squares of 16 x 16: red, green; blue, light grey; black, grey; the
# EXIF orientation 6. Made once: pillow_heif.from_pillow(photo).save(file, quality=50,
# exif=exif) of pillow-heif 1.8.1.
HEIC = base64.b64decode(
    """
AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAchtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAA
AAAAAAAAAAAAAAAAADRpbG9jAAAAAERAAAIAAQAAAAAB7AABAAAAAAAAAIEAAgAAAAACbQABAAAAAAAAACQA
AAA4aWluZgAAAAAAAgAAABVpbmZlAgAAAAABAABodmMxAAAAABVpbmZlAgAAAQACAABFeGlmAAAAAA5waXRt
AAAAAAABAAABB2lwcnAAAADmaXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH/
/wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq5Ka5uAhoMCAAAAMDIAAA
AwAhYgABAAZEAcFzwIkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAAAAAoY2xhcAAA
ACAAAAABAAAAMAAAAAH////gAAAAAv////AAAAACAAAAEHBpeGkAAAAAAwgICAAAAAlpcm90AwAAABlpcG1h
AAAAAAAAAAEAAQaBAgMFhIYAAAAaaXJlZgAAAAAAAAAOY2RzYwACAAEAAQAAAK1tZGF0AAAAfSgBrxOA5TOR
f/+htT/1HhP+wsNSt6wHH/MUX/1g2S1/ygxY+FMJ/xrQoRMe/nq/zwIpJlc9WDCKO3L/NLP8pea5i1xJNYJ2
K/rjd/1XB/374zUeobMvlRNO52ExSKu1OuHCJFOxY2SX4pNqBP8ebH3YEVnCpfvUTGr0lraAAAAABkV4aWYA
AE1NACoAAAAIAAEBEgADAAAAAQAGAAAAAAAA
"""
)


def encode(photo, kind="PNG", **options):
    file = io.BytesIO()
    if not isinstance(photo, Image.Image):
        photo = Image.fromarray(np.asarray(photo))
    photo.save(file, kind, **options)
    return file.getvalue()


def make_noise(height=40, width=30, channels=3):
    shape = (height, width, channels) if channels else (height, width)
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def make_exif(orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return exif


def claim_size(content, width, height):
    """Change the size in the head of a png; its checksum too."""
    head = content[12:16] + width.to_bytes(4, "big") + height.to_bytes(4, "big")
    head += content[24:29]
    return content[:12] + head + zlib.crc32(head).to_bytes(4, "big") + content[33:]


def refuse(content, match, **options):
    with pytest.raises(ValueError, match=f"^expected a photo at Ann/1.jpg, {match}"):
        decode_upright(content, "Ann/1.jpg", **options)


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


@pytest.mark.parametrize("kind", FORMATS)
def test_long_side_is_reduced_exactly(kind):
    content = encode(np.full((300, 410, 3), 90, np.uint8), kind)

    photo = decode_upright(content, "x", max_long_side=40)

    assert photo.pixels.shape == (29, 40, 3)
    assert np.abs(photo.pixels.astype(int) - 90).max() <= 3
    assert photo[1:] == (300, 410, None)
    same = decode_upright(content, "x", max_long_side=5000)
    assert same.pixels.shape == (300, 410, 3)  # never enlarged


@given(
    height=st.integers(1, 300), width=st.integers(1, 300), max_long=st.integers(1, 320)
)
def test_aspect_is_kept(height, width, max_long):
    for orientation in (1, 6):
        content = encode(
            np.zeros((height, width), np.uint8), "JPEG", exif=make_exif(orientation)
        )
        photo = decode_upright(content, "x", max_long)

        size = (height, width) if orientation == 1 else (width, height)
        assert (photo.height, photo.width) == size
        shape = np.array(photo.pixels.shape)
        scale = min(1, max_long / max(size))
        assert max(shape) == min(max_long, max(size))
        assert (np.abs(shape - np.array(size) * scale) < 1).all()


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="needs Linux's /proc"
)
def test_large_jpgs_take_little_memory(tmp_path):
    file = tmp_path / "100-megapixel.jpg"
    Image.new("RGB", (10_000, 10_000), "olive").save(file, quality=10)
    script = (
        "import pathlib, re, sys\n"
        "from lfw17_kedro.photos.decoding import decode_upright\n"
        "def read_peak():\n"  # ru_maxrss would begin with the peak of this process
        "    status = pathlib.Path('/proc/self/status').read_text()\n"
        "    return int(re.search(r'VmHWM:\\s+(\\d+) kB', status)[1])\n"
        "content = pathlib.Path(sys.argv[1]).read_bytes()\n"
        "before = read_peak()\n"
        "photo = decode_upright(content, 'x', 1250)\n"
        "print(*photo.pixels.shape, photo.height, photo.width, read_peak() - before)"
    )

    run = subprocess.run(
        [sys.executable, "-c", script, file], capture_output=True, check=True, text=True
    )

    *shape, height, width, kilobytes = map(int, run.stdout.split())
    assert (shape, height, width) == ([1250, 1250, 3], 10_000, 10_000)
    assert kilobytes < 50_000  # 400 MB at full size


def test_one_pixel_is_a_photo():
    for kind in FORMATS:
        pixels = decode_upright(encode(np.full((1, 1), 99, np.uint8), kind), "x").pixels
        assert pixels.shape[:2] == (1, 1)
        assert np.abs(pixels.astype(int) - 99).max() <= 2


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("max_long_side", [None, 9])
def test_truncated_photos_are_refused(kind, max_long_side):
    content = encode(make_noise(), kind)
    whole = decode_upright(content, "x", max_long_side).pixels
    refused = 0

    for kept in {*range(0, len(content), 61), *range(len(content) - 30, len(content))}:
        try:
            photo = decode_upright(content[:kept], "x", max_long_side)
        except ValueError as error:
            assert str(error).startswith("expected a photo at x, got ")
            refused += 1
        else:  # what is missing held no pixels
            np.testing.assert_array_equal(photo.pixels, whole)
            assert kept >= len(content) - 30

    assert refused


def test_truncated_heic_is_refused():
    pytest.importorskip("pi_heif")

    for kept in range(12, 600, 49):
        with pytest.raises(ValueError, match="expected a photo at x, got "):
            decode_upright(HEIC[:kept], "x")


def test_heic_that_would_end_the_process_is_refused():
    pytest.importorskip("pi_heif")
    item = HEIC.index(b"Exif\0\0\0\0\x0epitm")  # after the box's size and 12 bytes
    broken = HEIC[:item] + b"Ex\xe9f" + HEIC[item + 4 :]

    refuse(broken, "got 657 bytes .*: it is not UTF-8")
    start = item - 16
    for size in (b"\0\0\0\0", b"\0\0\0\1"):  # to the end; stated elsewhere
        refuse(
            broken[:start] + size + broken[start + 4 :], "got .* part of it has no le"
        )
    older = broken[: start + 8] + b"\1" + broken[start + 9 :]
    refuse(older, "got 657 bytes .* part of it has no length")


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (b"", "got 0 bytes that Pillow cannot decode: it is no JPEG, PNG, .*; replace"),
        (
            b"<html>no photo</html>",
            "got 21 bytes that Pillow cannot .*; replace or rem",
        ),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "got 23 bytes .* it is no JPEG"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0", "got 16 bytes .* it is no JPEG"),
        (encode(Image.new("F", (2, 2)), "TIFF"), "of .*got one of the mode F; convert"),
        (
            claim_size(encode(make_noise()), 20_000, 10_001),
            f"of {MAX_USER_PIXELS} pixels at most, got one of 20000 x 10001 pixels; sc",
        ),
        (
            claim_size(encode(make_noise()), 2**31 - 1, 2**31 - 1),
            "of .* got one of 2147483647 x 2147483647 pixels; scale it down",
        ),
        (b"P5 0 3 255\n", "got "),
        (claim_size(encode(make_noise()), 0, 0), "got "),
    ],
)
def test_what_is_no_photo_is_refused(content, got):
    refuse(content, got)


def test_photos_just_within_the_limit_are_no_bombs():
    photo = Image.new("1", (20_000, 9_500))  # 190 megapixels, more than Pillow allows

    pixels = decode_upright(encode(photo), "x", max_long_side=20).pixels

    assert pixels.shape == (10, 20)


def test_long_side_below_one_is_refused():
    with pytest.raises(ValueError, match="max_long_side of at least 1 pixel, got 0"):
        decode_upright(encode(make_noise()), "x", max_long_side=0)


def test_warnings_of_pillow_do_not_leak_from_threads():
    damaged = bytearray(encode(make_noise(), "TIFF"))
    offset = int.from_bytes(damaged[4:8], "little")
    tags = int.from_bytes(damaged[offset : offset + 2], "little")
    last = offset + 2 + 12 * (tags - 1)  # two values where one is expected
    damaged[last : last + 12] = (
        (0x011A).to_bytes(2, "little") + b"\5\0" + b"\2\0\0\0" + b"\xff\xff\xff\x7f"
    )
    contents = [bytes(damaged), encode(make_noise(), "JPEG"), HEIC[:300]] * 20

    def decode(content):
        try:
            return decode_upright(content, "x").pixels.shape
        except ValueError as error:
            return str(error)[:20]

    expected = [decode(content) for content in contents]
    with warnings.catch_warnings(record=True) as caught, ThreadPoolExecutor(4) as pool:
        warnings.simplefilter("always")
        results = list(pool.map(decode, contents))

    assert not caught
    assert results == expected
    assert results[0] == (40, 30, 3)


@given(st.sampled_from(FORMATS), st.integers(0, 2**32 - 1))
def test_damaged_photos_raise_nothing_but_value_errors(kind, seed):
    rng = np.random.default_rng(seed)
    content = bytearray(encode(make_noise(), kind))
    for place in rng.integers(0, len(content), 5):
        content[place] = rng.integers(256)

    try:
        photo = decode_upright(bytes(content), "x", 25)
    except ValueError as error:
        assert str(error).startswith("expected a photo at x,")
    else:
        assert max(photo.pixels.shape[:2]) <= 25
