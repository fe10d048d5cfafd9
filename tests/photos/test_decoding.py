import io
import warnings

import numpy as np
import pytest
from PIL import Image

from lfw17_kedro.photos.decoding import MAX_PIXELS, decode_photo, measure_photo


def encode(mode="L", size=(30, 40), kind="JPEG", color=100):
    file = io.BytesIO()
    color = color if mode == "L" else (color,) * len(Image.new(mode, (1, 1)).getbands())
    Image.new(mode, size, color).save(file, kind)
    return file.getvalue()


def claim_size(content, width, height):
    """Change the size in the head of a jpg (marker SOF0)."""
    head = content.index(b"\xff\xc0") + 5
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return content[:head] + size + content[head + 4 :]


@pytest.mark.parametrize(("mode", "shape"), [("L", (40, 30)), ("RGB", (40, 30, 3))])
def test_grey_and_colour_photos_are_decoded(mode, shape):
    photo = decode_photo(encode(mode), "Ann/1.jpg")

    np.testing.assert_array_equal(photo, np.full(shape, 100, np.uint8))
    assert measure_photo(encode(mode), "Ann/1.jpg") == (40, 30)


def test_large_photos_are_decoded_smaller():
    content = encode("RGB", (4000, 3000))

    assert decode_photo(content, "x", min_short_side=640).shape == (750, 1000, 3)
    assert decode_photo(content, "x", min_short_side=751).shape == (1500, 2000, 3)
    assert decode_photo(content, "x", min_short_side=3001).shape == (3000, 4000, 3)
    assert decode_photo(content, "x").shape == (3000, 4000, 3)


@pytest.mark.parametrize("read", [decode_photo, measure_photo])
@pytest.mark.parametrize(
    ("content", "got"),
    [
        (b"", "got 0 bytes that Pillow cannot decode"),
        (b"<html>not found</html>", "got 22 bytes that Pillow cannot decode"),
        (encode(kind="PNG"), "cannot decode: it is no jpg; replace or remove"),
        (encode(kind="GIF"), "bytes that Pillow cannot decode"),
        (
            encode("CMYK"),
            "got one of the mode CMYK; convert it to grey",
        ),
        (claim_size(encode(), 10_000, 6_000), "got one of 10000 x 6000 pixels; scale"),
        (claim_size(encode(), 65_500, 2_000), f"more than {MAX_PIXELS} pixels; scale"),
        (claim_size(encode(), 65_500, 65_500), f"more than {MAX_PIXELS} pixels; scale"),
        (claim_size(encode(), 0, 0), "bytes that Pillow cannot decode"),
    ],
)
def test_what_is_no_photo_within_the_limits_is_refused(read, content, got):
    with pytest.raises(ValueError, match=rf"expected a jpg photo at Ann/1\.jpg.*{got}"):
        read(content, "Ann/1.jpg")


def test_a_bomb_is_refused_where_warnings_are_not_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match="65500 x 2000 pixels; scale it down"):
            decode_photo(claim_size(encode(), 65_500, 2_000), "x")


@pytest.mark.parametrize("kept", [20, 200, -20])
def test_truncated_photos_are_refused(kept):
    with pytest.raises(ValueError, match="that Pillow cannot decode: .*; replace or"):
        decode_photo(encode()[:kept], "x")
