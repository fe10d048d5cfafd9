import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lfw17_kedro.faces.augment import augment_faces

STUDY = {
    "copies": 2,
    "max_degrees": 25,
    "rotation_probability": 0.5,
    "flip_probability": 0.5,
}


def augment(images, seed=0, **changes):
    return augment_faces(images, **STUDY | changes, rng=np.random.default_rng(seed))


@given(
    seed=st.integers(0, 99),
    copies=st.integers(0, 3),
    height=st.integers(3, 12),
    width=st.integers(3, 12),
)
def test_copies_keep_shape_and_range(seed, copies, height, width):
    images = np.random.default_rng(seed).uniform(0, 255, (4, height, width))
    images = images.astype(np.float32)
    before = images.copy()

    augmented = augment(images, seed, copies=copies)

    assert augmented.shape == (copies, 4, height, width)
    assert augmented.dtype == np.float32
    if copies:
        assert augmented.min() >= images.min()
        assert augmented.max() <= images.max()
    np.testing.assert_array_equal(images, before)


def test_certain_flip_mirrors_every_copy():
    images = np.arange(24, dtype=np.float32).reshape(2, 3, 4)

    augmented = augment(images, copies=1, rotation_probability=0, flip_probability=1)

    np.testing.assert_array_equal(augmented[0, 0, 0], [3, 2, 1, 0])
    np.testing.assert_array_equal(augmented[0], images[:, :, ::-1])


def test_chances_are_kept():
    images = np.zeros((2000, 5, 5), np.float32)
    images[:, 2, 0] = 1  # left of the centre

    turned = augment(images, copies=1, flip_probability=0)[0]
    flipped = augment(images, copies=1, rotation_probability=0)[0]

    unchanged = (turned == images).all(axis=(1, 2)).mean()
    assert 0.46 < unchanged < 0.54
    assert 0.46 < flipped[:, 2, 4].mean() < 0.54


def test_rotation_turns_about_the_centre_within_its_range():
    images = np.zeros((200, 101, 101), np.float32)
    images[:, 49:52, 90:93] = 255  # 41 pixels right of the centre

    turned = augment(images, copies=1, rotation_probability=1, flip_probability=0)[0]

    places = np.array([np.unravel_index(i.argmax(), i.shape) for i in turned]) - 50
    degrees = np.degrees(np.arctan2(places[:, 0], places[:, 1]))
    assert -27 < degrees.min() < -20
    assert 20 < degrees.max() < 27
    np.testing.assert_allclose(np.hypot(*places.T), 41, atol=2)


def test_seed_decides_everything():
    images = np.random.default_rng(1).uniform(0, 255, (5, 8, 6)).astype(np.float32)

    np.testing.assert_array_equal(augment(images, 3), augment(images, 3))
    assert (augment(images, 3) != augment(images, 4)).any()
