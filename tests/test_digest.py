import hashlib
import tracemalloc

import numpy as np
import pytest

from lfw17_kedro.digest import hash_data
from lfw17_kedro.types import RawFaces, SourceCard

CARD = SourceCard("Two people", "the test")


def test_parts_count_with_type_and_length():
    different = [
        None,
        "None",
        b"None",
        b"",
        "",
        [],
        [b"ab", b"c"],
        [b"a", b"bc"],
        [b"abc"],
        [[b"abc"]],
        b"abc",
        1,
        1.0,
        "1",
        True,
        {"a": 1},
        {"a": 2},
        {},
        [("a", 1)],
        np.array(1),
        np.array([1]),
        np.zeros((0, 2)),
        np.zeros((2, 0)),
        np.array(["ab", "c"]),
        np.array(["a", "bc"]),
    ]

    assert len({hash_data(data) for data in different}) == len(different)


def test_a_hash_by_hand():
    # the type, the number of bytes, then the bytes
    assert hash_data(b"weights") == hashlib.sha256(b"bytes 7:weights").hexdigest()


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


def test_contiguous_arrays_are_not_copied():
    pixels = np.zeros(8_000_000, np.uint8)
    tracemalloc.start()
    try:
        hash_data(pixels)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < pixels.nbytes / 10


def test_every_part_of_raw_faces_counts():
    x, y = np.zeros((2, 4), np.float32), np.array([0, 1])
    faces = RawFaces(x, y, x, None, ["Ann", "Bob"], CARD)
    others = [
        RawFaces(x, y[::-1], x, None, ["Ann", "Bob"], CARD),
        RawFaces(x, y, x, y, ["Ann", "Bob"], CARD),
        RawFaces(x, y, x, None, ["AnnB", "ob"], CARD),
        RawFaces(x, y, x, None, ["Ann", "Bob"], SourceCard("Two people", "")),
    ]

    assert len({hash_data(one) for one in (faces, *others)}) == 5
    assert hash_data(faces) == hash_data(RawFaces(x, y, x, None, ["Ann", "Bob"], CARD))


def test_other_types_are_refused():
    with pytest.raises(TypeError, match="to hash, got set; convert it first"):
        hash_data([{1}])
    with pytest.raises(TypeError, match="to hash, got ndarray; convert it first"):
        hash_data(np.array([object()]))
