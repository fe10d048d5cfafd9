import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from lfw17_kedro.people.quality import (
    count_different_bits,
    hash_picture,
    measure_extent,
    measure_sharpness,
    read_hashes,
)

HASHES = st.integers(0, 2**64 - 1)


def make_picture(seed=0, height=60, width=80, channels=3):
    """A few soft blobs, as photos have them."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (6, 8, channels), np.uint8))
    return np.asarray(small.resize((width, height), Image.Resampling.BICUBIC))


def make_face(seed=0):
    """Blobs of all sizes."""
    rng = np.random.default_rng(seed)
    layers = [
        np.asarray(
            Image.fromarray(rng.normal(0, 12, (side, side)).astype(np.float32)).resize(
                (150, 150), Image.Resampling.BICUBIC
            )
        )
        for side in (5, 10, 20, 40, 75)
    ]
    return np.clip(128 + sum(layers), 0, 255).astype(np.uint8)


def blur(face, radius):
    return np.asarray(Image.fromarray(face).filter(ImageFilter.GaussianBlur(radius)))


def test_hash_has_a_bit_for_each_pixel_brighter_than_its_left():
    rising = np.arange(9, dtype=np.uint8) * 20 + np.zeros((8, 1), np.uint8)
    picture = rising.copy()
    picture[1] = rising[0, ::-1]  # falling: no bit
    picture[2] = 7  # flat: none
    picture[3] = [0, 9, 0, 9, 0, 9, 0, 9, 0]  # 10101010

    assert hash_picture(picture) == "ff0000aa" + "ff" * 4
    assert hash_picture(np.full((1, 1), 9, np.uint8)) == "0" * 16
    assert hash_picture(np.stack([picture] * 3, axis=2)) == hash_picture(picture)


def test_copies_of_a_picture_have_nearly_one_hash():
    picture = make_picture()
    copies = [
        np.asarray(Image.fromarray(picture).resize((200, 150))),
        np.asarray(Image.fromarray(picture).convert("L")),
        blur(picture, 1),
        (picture * 0.8 + 20).astype(np.uint8),
    ]
    others = [make_picture(seed) for seed in range(1, 20)]

    own = hash_picture(picture)

    assert count_different_bits(own, [hash_picture(c) for c in copies]).max() <= 2
    assert count_different_bits(own, [hash_picture(o) for o in others]).min() > 10


@given(st.lists(HASHES, min_size=1, max_size=5), st.lists(HASHES, min_size=1))
def test_different_bits_are_counted_for_all_pairs(a, b):
    expected = [[(x ^ y).bit_count() for y in b] for x in a]
    texts = [f"{x:016x}" for x in a]

    numbers = np.array(a, np.uint64)[:, None], np.array(b, np.uint64)
    np.testing.assert_array_equal(count_different_bits(*numbers), expected)
    mixed = count_different_bits(np.array(texts)[:, None], numbers[1])
    np.testing.assert_array_equal(mixed, expected)
    assert count_different_bits(texts, texts).sum() == 0


def test_no_hashes_have_no_bits():
    assert count_different_bits([], []).shape == (0,)
    assert count_different_bits("00000000000000ff", "0" * 16) == 8


@pytest.mark.parametrize("hashes", [["xyz"], [""], ["1" * 17], [1.5], [" " * 16], [12]])
def test_what_is_no_hash_is_refused(hashes):
    with pytest.raises(
        ValueError, match="uint64 or 16 hexadecimal digits, got .*use h"
    ):
        count_different_bits(hashes, "0" * 16)


def test_sharpness_falls_with_blur():
    for seed in range(5):
        face = make_face(seed)
        blurred = [measure_sharpness(blur(face, r)) for r in (0, 1, 2, 3, 4, 6, 8)]
        assert (np.diff(blurred) < 0).all()
        assert blurred[0] > 5 * blurred[-1]


def test_sharpness_falls_with_fewer_pixels():
    face = Image.fromarray(make_face())

    sharp = [
        measure_sharpness(np.asarray(face.resize((n, n)).resize((150, 150))))
        for n in (150, 60, 40, 30, 20)
    ]

    assert (np.diff(sharp) < 0).all()


@given(st.floats(0.3, 1.0), st.floats(0, 60))
def test_sharpness_is_that_of_dim_and_pale_faces(contrast, brightness):
    face = (make_face() * 0.7).astype(np.uint8)

    changed = (face * contrast + brightness).astype(np.uint8)

    assert measure_sharpness(changed) == pytest.approx(measure_sharpness(face), rel=0.1)


def test_noise_does_not_make_a_blurred_face_sharp():
    face = make_face()
    noise = np.random.default_rng(0).normal(0, 5, face.shape)

    noisy = np.clip(blur(face, 4) + noise, 0, 255).astype(np.uint8)

    assert measure_sharpness(noisy) < 0.5 * measure_sharpness(face)


def test_edges_of_the_photo_are_not_sharp():
    face = blur(make_face(), 3)
    cut = face.copy()
    cut[:20] = cut[:, -20:] = 0  # black, as alignment leaves it

    assert measure_sharpness(cut) == pytest.approx(measure_sharpness(face), rel=0.02)


def test_sharpness_of_colour_is_that_of_its_luminance():
    face = make_face()
    red = np.zeros((150, 150, 3), np.uint8)
    red[:, :, 0] = face

    colour = np.stack([face] * 3, axis=2)
    assert measure_sharpness(colour) == pytest.approx(measure_sharpness(face))
    assert measure_sharpness(red) == pytest.approx(measure_sharpness(face))
    for flat in (colour * 0, face * 0, np.full((1, 1), 9, np.uint8)):
        assert measure_sharpness(flat) == 0.0


def test_extent_is_the_larger_of_two_distances():
    frontal = [[10, 10], [40, 50], [0, 0], [10, 40], [40, 80]]  # eyes 50, mouth 30
    profile = [[10, 10], [12, 10], [99, 99], [10, 50], [12, 50]]  # eyes 2, mouth 40

    extent = measure_extent(np.array([frontal, profile], np.float64))

    np.testing.assert_allclose(extent, [50, 40])
    assert measure_extent(np.empty((0, 5, 2))).shape == (0,)


def test_hashes_are_read_as_integers():
    read = read_hashes(["00000000000000ff", "8000000000000000"])

    assert read.dtype == np.uint64
    assert read.tolist() == [255, 2**63]
    np.testing.assert_array_equal(read_hashes(read), read)
