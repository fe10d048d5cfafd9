import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lfw17_kedro.training.batches import augment_images, make_batches, random_affine

STILL = {"flip_probability": 0.0, "max_degrees": 0.0, "max_shift": 0.0, "max_zoom": 0.0}
STRONG = {"flip_probability": 0.5, "max_degrees": 15, "max_shift": 0.1, "max_zoom": 0.1}


def warp(images, seed=(1, 2), **changes):
    return np.asarray(random_affine(images, np.array(seed), **STILL | changes))


def test_no_change_is_no_change():
    images = np.random.default_rng(0).uniform(0, 255, (3, 7, 5, 2)).astype(np.float32)

    np.testing.assert_allclose(warp(images), images, rtol=1e-5)


def test_certain_flip_mirrors():
    images = np.random.default_rng(0).uniform(0, 255, (3, 7, 5, 1)).astype(np.float32)

    np.testing.assert_allclose(
        warp(images, flip_probability=1.0), images[:, :, ::-1], rtol=1e-4
    )


@settings(max_examples=20)
@given(seed=st.tuples(st.integers(0, 999), st.integers(0, 999)))
def test_warped_pixels_stay_in_range(seed):
    images = np.random.default_rng(0).uniform(0, 255, (4, 9, 8, 1)).astype(np.float32)

    warped = warp(images, seed, **STRONG)

    assert warped.shape == images.shape
    assert warped.min() >= images.min() - 1e-3
    assert warped.max() <= images.max() + 1e-3


def test_shift_and_rotation_keep_their_limits():
    images = np.zeros((300, 101, 101, 1), np.float32)
    images[:, 49:52, 49:52] = 255  # the centre

    shifted = warp(images, max_shift=0.1)[..., 0]
    places = np.array([np.unravel_index(i.argmax(), i.shape) for i in shifted]) - 50
    assert 8 <= np.abs(places).max() <= 12
    assert abs(places.mean()) < 1.5

    turned = warp(images, max_degrees=90.0)[..., 0]
    places = np.array([np.unravel_index(i.argmax(), i.shape) for i in turned]) - 50
    assert np.abs(places).max() <= 1  # the centre stays


def test_light_changes_brightness_and_contrast():
    images = np.random.default_rng(0).uniform(0, 255, (200, 4, 3, 1)).astype("float32")
    seed = np.array([1, 2])

    brighter = np.asarray(augment_images(images, seed, max_brightness=0.1, **STILL))
    shifts = (brighter - images).mean(axis=(1, 2, 3))
    assert (brighter - images).std(axis=(1, 2, 3)).max() < 0.01  # one for each image
    assert 20 < np.abs(shifts).max() <= 25.5
    assert abs(shifts.mean()) < 4

    starker = np.asarray(augment_images(images, seed, max_contrast=0.2, **STILL))
    np.testing.assert_allclose(
        starker.mean(axis=(1, 2, 3)), images.mean(axis=(1, 2, 3)), rtol=1e-3
    )
    ratios = starker.std(axis=(1, 2, 3)) / images.std(axis=(1, 2, 3))
    assert 0.8 <= ratios.min() < 0.85
    assert 1.15 < ratios.max() <= 1.2 + 1e-5


def stream(count, **changes):
    images = np.arange(10, dtype=np.float32).repeat(12).reshape(10, 4, 3, 1)
    arguments = {"batch_size": 4, "augmentation": STRONG, "seed": 3} | changes
    batches = make_batches(images, np.arange(10) % 3, 3, **arguments)
    return [(np.asarray(x), np.asarray(y)) for x, y in batches.take(count)]


def test_batches_keep_images_beside_their_labels():
    seen = []
    for images, targets in stream(5):
        assert images.shape == (4, 4, 3, 1)
        values = images[:, 2, 1, 0].round().astype(int)  # each image is one grey
        np.testing.assert_array_equal(targets, np.eye(3)[values % 3])
        seen += values.tolist()
    assert sorted(seen) == sorted(list(range(10)) * 2)


@pytest.mark.parametrize("augmentation", [None, STRONG])
def test_stream_goes_on_where_it_was_left(augmentation):
    whole = stream(6, augmentation=augmentation)
    rest = stream(2, augmentation=augmentation, first_step=4)

    for (images, targets), (again, targets_again) in zip(whole[4:], rest, strict=True):
        np.testing.assert_array_equal(images, again)
        np.testing.assert_array_equal(targets, targets_again)
    assert (stream(1, seed=4)[0][1] != whole[0][1]).any()


def test_no_thread_tunes_the_stream():
    batches = make_batches(
        np.zeros((4, 2, 2, 1)), np.arange(4), 4, batch_size=2, augmentation=None, seed=0
    )

    assert batches.options().autotune.enabled is False  # it is slow to end
