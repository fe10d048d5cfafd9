import hashlib

import numpy as np
import pytest

from lfw17_kedro.digest import hash_data
from lfw17_kedro.types import RawFaces


def test_bytes_hash_as_their_file_would():
    assert hash_data(b"weights") == hashlib.sha256(b"weights").hexdigest()


def test_arrays_count_with_values_dtype_and_shape():
    pixels = np.arange(6, dtype=np.float32)
    others = [
        pixels.astype(np.float64),
        pixels.reshape(2, 3),
        pixels[::-1],
        pixels + np.float32(1),
    ]

    hashes = {hash_data(array) for array in (pixels, *others)}

    assert len(hashes) == 5
    assert hash_data(np.arange(12, dtype=np.float32)[:6]) == hash_data(pixels)


def test_every_part_of_raw_faces_counts():
    x, y = np.zeros((2, 4), np.float32), np.array([0, 1])
    faces = RawFaces(x, y, x, None, ["Ann", "Bob"])
    others = [
        RawFaces(x, y[::-1], x, None, ["Ann", "Bob"]),
        RawFaces(x, y, x, y, ["Ann", "Bob"]),
        RawFaces(x, y, x, None, ["AnnB", "ob"]),
    ]

    assert len({hash_data(one) for one in (faces, *others)}) == 4
    assert hash_data(faces) == hash_data(RawFaces(x, y, x, None, ["Ann", "Bob"]))


def test_other_types_are_refused():
    with pytest.raises(TypeError, match="to hash, got set; convert it first"):
        hash_data([{1}])
