import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfw17_kedro.faces.requirements import CountRequirement, Split, count_validated
from lfw17_kedro.faces.split import TRAIN_ONLY, assign_folds, hold_out

image_counts = st.lists(st.integers(1, 30), min_size=2, max_size=6)


@given(counts=image_counts, percent=st.integers(1, 99), seed=st.integers(0, 9))
def test_hold_out_leaves_the_training_images_that_are_foretold(counts, percent, seed):
    labels = np.repeat(np.arange(len(counts)), counts)
    split = Split("validation_fraction", percent / 100)

    foretold = split.count_train_images(np.array(counts))

    if foretold is None:
        with pytest.raises(ValueError):
            hold_out(labels, percent / 100, seed)
    else:
        folds = hold_out(labels, percent / 100, seed)
        train = np.bincount(labels[folds == TRAIN_ONLY], minlength=len(counts))
        assert (foretold <= train).all()
        assert (train <= foretold + 1).all()
        validated = count_validated(len(labels), percent / 100)
        assert validated == np.count_nonzero(folds == 0)


@given(counts=image_counts, n_folds=st.integers(2, 6), seed=st.integers(0, 9))
def test_folds_leave_the_training_images_that_are_foretold(counts, n_folds, seed):
    labels = np.repeat(np.arange(len(counts)), counts)

    foretold = Split("n_folds", n_folds).count_train_images(np.array(counts))

    if foretold is None:
        assert min(counts) < n_folds
    else:
        folds = assign_folds(labels, n_folds, seed)
        train = [
            np.bincount(labels[folds != fold], minlength=len(counts))
            for fold in range(n_folds)
        ]
        np.testing.assert_array_equal(np.min(train, axis=0), foretold)


def test_equal_remainders_promise_nobody_an_image_more():
    # 9 images, 5 validate, 4 train: 3 * 4 / 9 = 1.33 each, so one of three gets 2.
    train = Split("validation_fraction", 0.5).count_train_images(np.array([3, 3, 3]))

    np.testing.assert_array_equal(train, [1, 1, 1])


def test_largest_remainder_is_promised_its_image():
    # 12 images, 3 validate, 9 train: 3 * 9 / 12 = 2.25 and 9 * 9 / 12 = 6.75.
    train = Split("validation_fraction", 0.25).count_train_images(np.array([3, 9]))

    np.testing.assert_array_equal(train, [2, 7])


def test_people_below_the_minimum_need_no_images():
    split = Split("n_folds", 2)
    train = np.array([5, 1, 6])

    strict = CountRequirement(split, "method", min_images=2)
    relaxed, limit = CountRequirement(
        split, "method", min_images=2, copies=2
    ).leave_out_rare()

    np.testing.assert_array_equal(strict.find_short(train), [1])
    assert not strict.is_met(train)
    assert relaxed.is_met(train)
    assert limit == 4  # one original and its two copies are 3 rows


def test_one_person_alone_is_not_enough():
    need = CountRequirement(Split("n_folds", 2), "method", leave_out_below=5)

    assert need.is_met(np.array([5, 6]))
    assert not need.is_met(np.array([4, 6]))
