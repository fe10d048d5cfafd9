import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfw17_kedro.faces.photos import EnlargedImages, map_ahead


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
def test_results_come_in_the_order_of_the_items(ids, max_ahead):
    assert list(map_ahead(np.negative, ids, max_ahead)) == [-n for n in ids]


def test_no_more_results_wait_than_the_bound():
    def work(item):
        with lock:
            begun.append(item)
        return item

    begun, lock = [], threading.Lock()
    ahead = map_ahead(work, range(50), max_ahead=3)

    for taken in range(10):
        assert next(ahead) == taken
        assert len(begun) <= taken + 1 + 3
    ahead.close()


def test_an_error_comes_where_its_result_would():
    ahead = map_ahead(lambda item: 1 / item, [1, 0, 1], max_ahead=2)

    assert next(ahead) == 1
    with pytest.raises(ZeroDivisionError):
        next(ahead)
