import hashlib
import tracemalloc

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lfw17_kedro.lineage.digest import hash_data
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
        "<f8 (0,)",
        np.zeros(0),
        np.zeros(2, [("a", "<i4"), ("b", "<i4")]),
        np.zeros(2, [("a", "<i4"), ("c", "<i4")]),
        np.zeros(2, [("a", "<i4"), ("b", "<f4")]),
        np.int64(1),
        np.float64(1),
        np.float32(1),
        np.bool_(True),
        0.0,
        -0.0,
        10**5000,
        "\ud800",
        "\\ud800",
        {"a": 1, "b": 2},
        {"b": 2, "a": 1},
        [{}],
        {"a": {}},
        {"a": {"b": None}},
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


PLAIN = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False, width=16)
    | st.binary(max_size=3)
    | st.text(max_size=3)
    | st.sampled_from(["\ud800", "str 1:a", b"str 1:a", "list 0:", "None", "<f8 (0,)"])
)
DATA = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=5,
)


def describe(data):
    """Write data so that two texts are equal only where values and types are."""
    if isinstance(data, dict):
        return f"dict {describe([list(item) for item in data.items()])}"
    if isinstance(data, list):
        return f"list {[describe(one) for one in data]}"
    return f"{type(data).__name__} {data!r}"


@given(DATA, DATA)
@example(1, True)
@example(1, 1.0)
@example(0.0, -0.0)
@example([b"ab", b"c"], [b"a", b"bc"])
@example(None, b"None")
@example({"a": 1, "b": 2}, {"b": 2, "a": 1})
def test_two_hashes_are_equal_only_where_the_data_are(one, other):
    equal = describe(one) == describe(other)

    assert (hash_data(one) == hash_data(other)) == equal


@given(
    st.lists(st.sampled_from(["<f8", "<i8", "<f4", "|u1", "<U1"]), min_size=2),
    st.lists(st.integers(0, 2), max_size=3),
)
def test_arrays_of_zeros_differ_by_dtype_and_shape(dtypes, shape):
    arrays = [np.zeros(shape, dtype) for dtype in dtypes]

    assert len({hash_data(array) for array in arrays}) == len(set(dtypes))
    reshaped = np.zeros([*shape, 1], dtypes[0])
    assert hash_data(reshaped) != hash_data(arrays[0])


def test_a_tuple_counts_as_a_list():
    assert hash_data((1, (2,))) == hash_data([1, [2]])


def test_other_types_are_refused():
    with pytest.raises(TypeError, match="to hash, got set; convert it first"):
        hash_data([{1}])
    with pytest.raises(TypeError, match="to hash, got ndarray; convert it first"):
        hash_data(np.array([object()]))
    with pytest.raises(TypeError, match="to hash, got ndarray; convert it first"):
        hash_data(np.zeros(1, [("a", object)]))
    with pytest.raises(TypeError, match="to hash, got MaskedArray; convert it first"):
        hash_data(np.ma.array([1], mask=[True]))
