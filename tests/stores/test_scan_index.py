import numpy as np
import pyarrow as pa
import pytest

from lfw17_kedro.stores.scan_index import (
    PartIndex,
    ScanIndex,
    index_part,
    make_keys,
)

A, B, C, D = (digit * 64 for digit in "abcd")


def make_part(photos, decoders):
    """Index a part of photos: SHA-256 -> whether it could be decoded."""
    return PartIndex(make_keys(photos), np.array([*photos.values()], bool), decoders)


def tell_settled(index, decoders, hashes=(A, B, C, D)):
    return index.is_settled(index.find(hashes), decoders).tolist()


@pytest.mark.parametrize("names", ["xy", "yx"])
def test_photo_is_settled_if_any_part_tried_todays_decoders(names):
    index = ScanIndex(
        {
            names[0]: make_part({B: True, A: False, C: False}, "old"),
            names[1]: make_part({A: False, C: True}, "new"),
        }
    )

    assert tell_settled(index, "new") == [True, True, True, False]
    assert tell_settled(index, "old") == [True, True, True, False]
    assert tell_settled(index, "newer") == [False, True, True, False]


def test_photo_of_one_part_is_settled_by_its_decoders():
    index = ScanIndex({"x": make_part({C: False, A: False, B: True}, "old")})

    assert tell_settled(index, "old") == [True, True, True, False]
    assert tell_settled(index, "new") == [False, True, False, False]


def test_part_that_could_decode_a_photo_counts_first():
    index = ScanIndex(
        {
            "x": make_part({D: True, A: False}, "old"),
            "y": make_part({A: True}, "new"),
            "z": make_part({A: True}, "new"),
        }
    )

    parts, rows = index.locate(index.find([A, D]))

    assert [index.parts[part] for part in parts] == ["y", "x"]
    assert rows.tolist() == [0, 0]


def test_nothing_is_settled_in_an_empty_index():
    assert tell_settled(ScanIndex({}), "new") == [False] * 4


@pytest.mark.parametrize("one", [None, "", A[:-1], A + "a", f" {A[1:]}", A.upper()])
def test_what_is_no_sha_256_is_refused(one):
    photos = pa.table({"sha256": [B, one], "problem": ["", ""]})

    with pytest.raises(ValueError, match="expected SHA-256 of 64 digits"):
        index_part(photos, "decoders")
