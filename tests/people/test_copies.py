import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lfw17_kedro.people import copies
from lfw17_kedro.people.copies import find_originals

SQUARE = np.zeros((5, 2))
X, NEAR_X, Y = (1.0, 0.0), (0.96, 0.28), (0.0, 1.0)


def find(hashes, vectors, shapes=None, bits=2):
    shapes = np.array([SQUARE] * len(hashes) if shapes is None else shapes)
    return find_originals(
        np.array(hashes, np.uint64),
        shapes.reshape(-1, 5, 2),
        np.array(vectors, np.float32).reshape(-1, 2),
        bits,
    ).tolist()


def test_a_copy_has_the_original_of_the_first_that_it_is_like():
    # Three bits lie between the first and the last; the middle is like both.
    assert find([0b000, 0b001, 0b111], [X] * 3) == [0, 0, 0]
    assert find([0b000, 0b111, 0b001], [X] * 3) == [0, 1, 0]


def test_hash_landmarks_and_face_must_agree():
    moved = SQUARE + 0.03
    assert find([0, 0b111], [X, X]) == [0, 1]
    assert find([0, 0], [X, X], [SQUARE, moved]) == [0, 1]
    assert find([0, 0], [X, Y]) == [0, 1]
    assert find([0, 0], [X, NEAR_X]) == [0, 0]


def test_no_photos():
    assert find([], []) == []


def compare_one_by_one(hashes, shapes, vectors, bits):
    """Find originals without blocks."""
    found = []
    for row in range(len(hashes)):
        same = [
            one
            for one in range(row)
            if (int(hashes[one]) ^ int(hashes[row])).bit_count() <= bits
            and np.abs(shapes[one] - shapes[row]).max() <= 0.025
            and vectors[one] @ vectors[row] >= 0.95
        ]
        found.append(found[same[0]] if same else row)
    return found


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(*[st.integers(0, 3)] * 3), max_size=20),
    st.integers(1, 5),
    st.integers(1, 7),
    st.integers(0, 2),
)
def test_blocks_of_any_size_find_the_same(photos, n_photos, n_pairs, bits):
    kinds = np.array(photos, np.int64).reshape(-1, 3)
    hashes = np.array([0, 1, 3, 15], np.uint64)[kinds[:, 0]]
    shapes = np.array([0, 0.02, 0.04, 1])[kinds[:, 1], None, None] * np.ones((5, 2))
    angles = np.array([0, 15, 30, 90])[kinds[:, 2]] * np.pi / 180
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(copies, "PHOTOS", n_photos)
        patch.setattr(copies, "PAIRS", n_pairs)
        found = find_originals(hashes, shapes, vectors, bits)

    assert found.tolist() == compare_one_by_one(hashes, shapes, vectors, bits)


def test_memory_does_not_grow_with_the_pairs():
    # All pairs are alike: 4.5 million, whose vectors would take 4.6 GB.
    size = 3000
    vectors = np.zeros((size, 128), np.float32)
    vectors[:, 0] = 1
    shapes = np.zeros((size, 5, 2))

    tracemalloc.start()
    find_originals(np.zeros(size, np.uint64), shapes, vectors, 2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 80e6
