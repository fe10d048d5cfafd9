"""`decode_upright`: size, memory, limits and damage of photos of any kind."""

import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from encoded_photos import FORMATS, HEIC, claim_size, encode, make_exif, make_noise
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lfw17_kedro.photos.decoding import MAX_USER_PIXELS, decode_upright


def refuse(content, match, **options):
    with pytest.raises(ValueError, match=f"^expected a photo at Ann/1.jpg, {match}"):
        decode_upright(content, "Ann/1.jpg", **options)


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
