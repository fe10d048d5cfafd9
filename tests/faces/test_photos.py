import threading

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lfw17_kedro.faces.photos import EnlargedImages, read_ahead


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


@given(ids=st.lists(st.integers(0, 255), max_size=30), max_ahead=st.integers(0, 9))
def test_photos_come_in_the_order_asked_for(ids, max_ahead):
    photos = {n: np.full((1, 1), n, np.uint8) for n in ids}

    assert [int(photo[0, 0]) for photo in read_ahead(photos, ids, max_ahead)] == ids


def test_no_more_photos_are_opened_than_the_bound():
    class Watched(dict):
        def __getitem__(self, key):
            with lock:
                opened.append(key)
            return key

    opened, lock = [], threading.Lock()
    ahead = read_ahead(Watched(), range(50), max_ahead=3)

    for taken in range(10):
        assert next(ahead) == taken
        assert len(opened) <= taken + 1 + 3
    ahead.close()
