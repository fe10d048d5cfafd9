import numpy as np
import pandas as pd
import pytest

from lfw17_kedro.pipelines.data_processing.nodes import (
    augment_train_images,
    list_test_images,
    make_photos,
    split_originals,
)
from lfw17_kedro.pipelines.data_processing.settings import (
    CopySettings,
    SplitSettings,
)

AUGMENTATION = CopySettings(
    copies=2, max_degrees=25, rotation_probability=0.5, flip_probability=0.5
)


def test_copies_follow_their_original():
    images = np.arange(3, dtype=np.float32).repeat(20).reshape(3, 5, 4)
    labels, folds = np.array([1, 0, 1]), np.array([0, -1, 0])

    augmented, table = augment_train_images(
        images, labels, folds, ["Ann", "Bob Ray"], AUGMENTATION, seed=0
    )

    assert augmented.shape == (9, 5, 4)
    # every image is one grey, which neither rotation nor flip changes
    np.testing.assert_array_equal(augmented[:, 0, 0], table["original"])
    assert table["id"].tolist()[:4] == [
        "Bob_Ray/000000",
        "Ann/000001",
        "Bob_Ray/000002",
        "Bob_Ray/000000_1",
    ]
    assert table["id"].is_unique
    assert table["copy"].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    np.testing.assert_array_equal(table["label"], labels[table["original"]])
    np.testing.assert_array_equal(table["fold"], folds[table["original"]])


@pytest.mark.parametrize("rows", [(3, 2, 3), (3, 3, 2), (2, 3, 3)])
def test_arrays_of_different_runs_are_refused(rows):
    images, labels, folds = (np.zeros((n, 5, 4)) for n in rows)

    with pytest.raises(ValueError, match=f"got {rows[0]} of images, {rows[1]} of labe"):
        augment_train_images(images, labels, folds, ["Ann"], AUGMENTATION, seed=0)


def test_photos_of_another_table_are_refused():
    table = pd.DataFrame({"id": ["0", "1"]})

    with pytest.raises(ValueError, match="got 3 of images, 2 of table; they come from"):
        make_photos(np.zeros((3, 5, 4), np.float32), table, 10)


def test_without_copies_the_images_stay_as_they_are():
    images = np.zeros((2, 5, 4), np.float32)
    none = AUGMENTATION.model_copy(update={"copies": 0})

    everything, table = augment_train_images(
        images, np.array([0, 1]), np.array([0, -1]), ["Ann", "Bob"], none, seed=0
    )

    assert everything is images
    assert table["id"].tolist() == ["Ann/000000", "Bob/000001"]
    assert table["copy"].tolist() == [0, 0]


def test_scheme_of_the_split_is_a_parameter():
    labels = np.repeat([0, 1], 10)
    split = SplitSettings(scheme="holdout", validation_fraction=0.2, n_folds=5)

    assert np.bincount(split_originals(labels, split, 666) + 1).tolist() == [16, 4]
    kfold = split.model_copy(update={"scheme": "kfold"})
    assert np.bincount(split_originals(labels, kfold, 666)).tolist() == [4] * 5


def test_unknown_test_images_have_no_person():
    table = list_test_images(np.array([1, -1]), ["Ann", "Bob"])

    assert table["id"].tolist() == ["000000", "000001"]
    assert table["person"].tolist() == ["Bob", ""]
    assert table["label"].tolist() == [1, -1]


def test_pipeline_fills_its_layers(few_faces, save_faces, run_project, tmp_path):
    save_faces(few_faces, y_test=None)

    catalog = run_project("data_processing")

    images, table = catalog.load("train_images"), catalog.load("train_table")
    photos = catalog.load("train_photos")
    assert images.shape == (21, 50, 37)
    assert set(photos) == set(table["id"])
    assert photos["s1/000000"].shape == (346, 256)
    assert (table.loc[table["fold"] == 0, "copy"] == 0).sum() == 5
    assert catalog.load("test_table")["person"].tolist() == [""] * 9
    assert list(catalog.load("test_photos")) == [f"{row:06d}" for row in range(9)]
    assert catalog.load("class_names") == ["s1", "s2", "s3"]
    assert "competition" in catalog.load("source_card")["name"]
    photo = tmp_path / "data/03_primary/orl/train_photos/s1/000000.jpg"
    assert photo.is_file()
    detections = catalog.load("train_detections")
    assert detections["id"].tolist() == table["id"].tolist()
    assert detections["found"].all()
    assert catalog.load("train_aligned").shape == (21, 112, 112)
    assert catalog.load("test_aligned").shape == (9, 112, 112)
    assert catalog.load("mean_position").shape == (7, 2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"X_train": np.zeros((21, 99), np.float32)}, r"got shape \(21, 99\)"),
        ({"y_train": np.zeros(21, np.int64)}, r"got none for \[1, 2\]"),
        ({"X_test": np.zeros((0, 1850), np.float32)}, "at least one row, got none"),
        ({"X_train": np.array([{}], dtype=object)}, "without pickled objects"),
    ],
)
def test_bad_faces_end_the_run_with_nothing_written(
    few_faces, save_faces, run_project, tmp_path, changes, message
):
    save_faces(few_faces, **changes)

    with pytest.raises(Exception, match=message):
        run_project("data_processing")

    written = {path.parent.name for path in (tmp_path / "data").rglob("[!.]*.*")}
    assert written == {"01_raw"}


def test_copies_are_made_where_they_are_asked_for(
    few_faces, save_faces, run_project, tmp_path
):
    save_faces(few_faces)

    catalog = run_project(
        "data_processing", data_processing={"augmentation": {"copies": 2}}
    )

    assert catalog.load("train_images").shape == (63, 50, 37)
    assert len(catalog.load("train_photos")) == 63
    assert (tmp_path / "data/03_primary/orl/train_photos/s1/000000_1.jpg").is_file()
