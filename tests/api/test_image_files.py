import io
import os

import numpy as np
import pytest
from PIL import Image

from lfw17_kedro.api.image_files import (
    list_images,
    name_image,
    name_uniquely,
    open_image,
)
from lfw17_kedro.photos.decoding import decode_upright
from lfw17_kedro.photos.readers import MAX_BYTES

PIXELS = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)


def decode(image):
    return decode_upright(open_image(image).read(), "it").pixels


@pytest.mark.parametrize("pixels", [PIXELS, PIXELS[..., 0], PIXELS[::2, ::-1]])
def test_arrays_and_pillow_images_keep_their_pixels(pixels):
    np.testing.assert_array_equal(decode(pixels), pixels)
    np.testing.assert_array_equal(decode(Image.fromarray(pixels)), pixels)


def test_paths_and_bytes_are_taken_as_they_are(tmp_path):
    file = tmp_path / "a.png"
    Image.fromarray(PIXELS).save(file)

    for image in (file, str(file), file.read_bytes(), bytearray(file.read_bytes())):
        assert open_image(image).read() == file.read_bytes()
    assert open_image(file).name == str(file)
    assert open_image(file.read_bytes(), 2).name == "image 3"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"])
def test_pillow_images_of_all_modes_can_be_read(mode):
    assert decode(Image.fromarray(PIXELS).convert(mode)).shape[:2] == (5, 7)


def test_a_pillow_image_is_turned_by_its_exif():
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    Image.fromarray(PIXELS).save(file, "PNG", exif=exif)

    turned = decode(Image.open(io.BytesIO(file.getvalue())))

    np.testing.assert_array_equal(turned, np.rot90(PIXELS, -1))


@pytest.mark.parametrize(
    ("image", "error", "message"),
    [
        (PIXELS.astype(np.float32), ValueError, r"uint8.*got float32 \(5, 7, 3\)"),
        (PIXELS[None], ValueError, r"got uint8 \(1, 5, 7, 3\)"),
        (PIXELS[..., :2], ValueError, r"got uint8 \(5, 7, 2\)"),
        (PIXELS[:0], ValueError, r"got uint8 \(0, 7, 3\)"),
        (None, TypeError, "expected a path.*got NoneType"),
        ([PIXELS], TypeError, "got list; pass one of these, and a list of images to"),
    ],
)
def test_what_is_no_image_is_refused(image, error, message):
    with pytest.raises(error, match=message):
        open_image(image)


def test_a_path_that_cannot_be_read_says_why(tmp_path):
    with pytest.raises(
        ValueError, match="no regular file; name a file that may be read, for"
    ):
        open_image(tmp_path).read()
    with pytest.raises(ValueError, match="got: No such file or directory; name a file"):
        open_image(tmp_path / "missing.jpg").read()
    (tmp_path / "video.jpg").touch()
    os.truncate(tmp_path / "video.jpg", MAX_BYTES + 1)  # takes no room on the disk
    with pytest.raises(ValueError, match=r"video\.jpg: expected a photo of \d+ bytes"):
        open_image(tmp_path / "video.jpg").read()
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.jpg")
        with pytest.raises(ValueError, match="got: it is p.*no regular file"):
            open_image(tmp_path / "pipe.jpg").read()


def test_a_damaged_pillow_image_says_so():
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(file, "PNG")
    lazy = Image.open(io.BytesIO(file.getvalue()[:3000]))

    with pytest.raises(ValueError, match="Pillow image that can be decoded as image 1"):
        open_image(lazy).read()


def test_one_image_and_several_become_a_list():
    assert [one.name for one in list_images("a.jpg")] == ["a.jpg"]
    assert [one.name for one in list_images(PIXELS)] == ["image 1"]
    names = [one.name for one in list_images(["a.jpg", b"", PIXELS])]
    assert names == ["a.jpg", "image 2", "image 3"]
    with pytest.raises(TypeError, match="an image or a list of them, got int"):
        list_images(3)


def test_equal_names_get_numbers():
    names = name_uniquely(["a", "b", "a", "a (2)", "a"])
    assert names == ["a", "b", "a (2)", "a (2) (2)", "a (3)"]


@pytest.mark.parametrize(
    ("path", "name"), [("/a/b.jpg", "b.jpg"), (".", "."), ("/", "_")]
)
def test_an_image_is_named_by_the_last_part_of_its_path(path, name):
    assert name_image(open_image(path)) == name
