import numpy as np

from lfw17_kedro.faces.photos import EnlargedImages


def test_short_side_reaches_its_length():
    images = np.full((2, 50, 37), 99.6, np.float32)

    photos = EnlargedImages(images, ["a", "b"], short_side=256)

    assert list(photos) == ["a", "b"]
    assert len(photos) == 2
    assert photos["a"].shape == (346, 256)
    assert photos["a"].dtype == np.uint8
    assert (photos["b"] == 100).all()


def test_large_images_stay_as_they_are():
    image = np.arange(12, dtype=np.float32).reshape(1, 3, 4)

    photos = EnlargedImages(image, ["a"], short_side=2)

    np.testing.assert_array_equal(photos["a"], image[0])
