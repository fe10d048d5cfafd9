import dataclasses

import numpy as np
import pytest

from lfw17_kedro.faces.validate import check_faces
from lfw17_kedro.types import RawFaces, SourceCard

GOOD = RawFaces(
    train_images=np.full((4, 6), 100, np.float32),
    train_labels=np.array([0, 1, 0, 1]),
    test_images=np.full((2, 6), 255, np.float64),
    test_labels=np.array([1, 0]),
    class_names=["Ann", "Bob"],
    source=SourceCard("two people", "the test"),
)


def check(**changes):
    return check_faces(dataclasses.replace(GOOD, **changes), height=2, width=3)


def with_value(value):
    images = GOOD.train_images.copy()
    images[2, 4] = value
    return {"train_images": images}


def test_good_faces_come_out_as_images():
    rows = np.arange(24, dtype=np.uint8).reshape(4, 6)

    train, labels, test, test_labels, class_names = check(train_images=rows)

    assert train.dtype == test.dtype == np.float32
    assert train.shape == (4, 2, 3)
    np.testing.assert_array_equal(train[1], [[6, 7, 8], [9, 10, 11]])
    np.testing.assert_array_equal(labels, [0, 1, 0, 1])
    np.testing.assert_array_equal(test_labels, [1, 0])
    assert class_names == ["Ann", "Bob"]


def test_unknown_test_labels_are_minus_one():
    np.testing.assert_array_equal(check(test_labels=None)[3], [-1, -1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"train_images": np.zeros((4, 7), np.float32)},
            r"train images: expected float32 \(N, 6\), rows of 2x3 .*shape \(4, 7\)",
        ),
        (
            {"test_images": np.zeros((4, 2, 3))},
            r"test images: .*got shape \(4, 2, 3\); reshape it, or correct the "
            r"parameters data_processing.height and data_processing.width\.",
        ),
        ({"train_images": np.full((4, 6), "a")}, "got dtype <U1; save it as float32"),
        (
            {"test_images": np.zeros((0, 6))},
            "test images: .*at least one row, got none",
        ),
        (with_value(np.nan), "NaN or infinity in 1 of 4 rows"),
        (with_value(np.inf), "NaN or infinity in 1 of 4 rows"),
        (with_value(256), "got values from 100 to 256"),
        (with_value(-1), "got values from -1 to 100"),
        ({"train_images": np.full((4, 6), 0.5)}, "scale of 0-1; multiply by 255"),
        ({"train_labels": np.array([0, 1, 0])}, r"int64 \(4,\), .*got shape \(3,\)"),
        ({"train_labels": np.array([0, 1.0, 0, 1])}, "got dtype float64"),
        (
            {"train_labels": np.array([0, 2, 0, 2])},
            "each 0-1 for 2 people, got 0 to 2",
        ),
        (
            {"train_labels": np.array([0, 0, 0, 0])},
            r"without a gap, got none for \[1\]",
        ),
        (
            {
                "class_names": ["Ann", "Bob", "Eve"],
                "train_labels": np.array([0, 2, 0, 2]),
            },
            r"without a gap, got none for \[1\]",
        ),
        (
            {
                "class_names": ["Ann"],
                "train_labels": np.zeros(4, int),
                "test_labels": None,
            },
            r"at least two people, got only \['Ann'\]",
        ),
        ({"test_labels": np.array([0, 5])}, "test labels: .*got 0 to 5"),
        ({"class_names": ["Ann", "../Bob"]}, "class_names: .*'../Bob' is a path"),
        ({"class_names": "AB"}, "class_names: expected a list of names, .*got 'AB'"),
    ],
)
def test_bad_faces_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        check(**changes)


def test_float32_pixels_are_not_copied():
    assert np.shares_memory(check()[0], GOOD.train_images)
