import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfw17_kedro.faces.split import (
    TRAIN_ONLY,
    assign_folds,
    hold_out,
    iterate_folds,
    select_originals,
    select_validated,
)

label_counts = st.lists(st.integers(5, 30), min_size=2, max_size=6)


@given(counts=label_counts, seed=st.integers(0, 99))
def test_hold_out_is_stratified(counts, seed):
    labels = np.repeat(np.arange(len(counts)), counts)

    folds = hold_out(labels, 0.4, seed)

    assert set(folds) == {0, TRAIN_ONLY}
    for label, count in enumerate(counts):
        validated = np.count_nonzero(folds[labels == label] == 0)
        assert abs(validated - 0.4 * count) <= 1
    np.testing.assert_array_equal(folds, hold_out(labels, 0.4, seed))


@given(counts=label_counts, n_folds=st.integers(2, 5), seed=st.integers(0, 99))
def test_every_image_has_one_fold_and_every_fold_every_person(counts, n_folds, seed):
    labels = np.repeat(np.arange(len(counts)), counts)

    folds = assign_folds(labels, n_folds, seed)

    assert set(folds) == set(range(n_folds))
    for fold in range(n_folds):
        assert set(labels[folds == fold]) == set(labels)


@given(
    folds=st.lists(st.integers(-1, 3), min_size=2, max_size=20),
    copies=st.integers(0, 3),
)
def test_no_copy_of_a_validation_image_is_trained_on(folds, copies):
    table = pd.DataFrame(
        [
            (original, copy, fold)
            for copy in range(copies + 1)
            for original, fold in enumerate(folds)
        ],
        columns=["original", "copy", "fold"],
    )

    validated = []
    for fold, train, validation in iterate_folds(table):
        assert fold != TRAIN_ONLY
        assert (table.loc[validation, "copy"] == 0).all()
        assert not set(table.loc[train, "original"]) & set(
            table.loc[validation, "original"]
        )
        validated += table.loc[validation, "original"].tolist()
    assert sorted(validated) == [
        i for i, fold in enumerate(folds) if fold != TRAIN_ONLY
    ]


def test_copies_are_no_originals_and_only_folds_are_validated():
    table = pd.DataFrame(
        {"id": list("abcdef"), "copy": [1, 0, 0, 0, 1, 0], "fold": [0, 0, -1, 1, -1, 2]}
    )

    assert select_originals(table)["id"].tolist() == ["b", "c", "d", "f"]
    assert select_validated(table)["id"].tolist() == ["b", "d", "f"]


def test_person_with_fewer_images_than_folds_is_named():
    labels = np.array([0] * 9 + [1] * 3)

    with pytest.raises(ValueError, match="at least 5 images .*got 3 .* label 1"):
        assign_folds(labels, 5, seed=0)
    with pytest.raises(ValueError, match="n_folds: expected at least 2, got 1"):
        assign_folds(labels, 1, seed=0)


def test_hold_out_that_would_miss_a_person_is_refused():
    labels = np.repeat(np.arange(10), 2)

    with pytest.raises(ValueError, match="all 10 people, got 4 of 20 images"):
        hold_out(labels, 0.2, seed=0)
    with pytest.raises(ValueError, match=r"between 0 and 1, got 1\.5"):
        hold_out(labels, 1.5, seed=0)
    with pytest.raises(ValueError, match="at least 2 images .*got 1 .* label 2"):
        hold_out(np.array([0, 0, 1, 1, 2]), 0.5, seed=0)
