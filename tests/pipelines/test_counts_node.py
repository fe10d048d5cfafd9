import numpy as np
import pytest

from lfw17_kedro.faces.requirements import CountRequirement
from lfw17_kedro.pipelines.data_processing.counts_node import check_train_counts
from lfw17_kedro.pipelines.data_processing.settings import DataProcessingSettings


class Calibrated:
    def count_requirements(self, split, copies):
        return [CountRequirement(split, "calibrated", 2, "to calibrate", copies=copies)]


def make_settings(**split):
    return DataProcessingSettings(
        height=50,
        width=37,
        split={"scheme": "kfold", "validation_fraction": 0.2, "n_folds": 2} | split,
        augmentation={
            "copies": 0,
            "max_degrees": 0,
            "rotation_probability": 0,
            "flip_probability": 0,
        },
        photo_short_side=100,
    )


def test_labels_pass_through_where_there_are_enough_images():
    labels = np.array([0, 1, 0, 1, 0, 1, 0, 1])

    passed = check_train_counts(
        labels, ["Ann Lee", "Bo Ek"], make_settings(), method=Calibrated()
    )

    np.testing.assert_array_equal(passed, labels)


def test_person_with_too_few_images_is_named():
    labels = np.array([0, 0, 0, 0, 1, 1])

    check_train_counts(labels, ["Ann Lee", "Bo Ek"], make_settings())
    with pytest.raises(ValueError, match="leaves 1 of the 2 training images of Bo Ek"):
        check_train_counts(
            labels, ["Ann Lee", "Bo Ek"], make_settings(), method=Calibrated()
        )


def test_hold_out_reads_the_fraction_not_the_folds():
    labels = np.array([0, 0, 0, 1, 1, 1])
    settings = make_settings(scheme="holdout", n_folds=9, validation_fraction=0.9)

    with pytest.raises(ValueError, match="validation_fraction=0.9 must leave"):
        check_train_counts(labels, ["Ann Lee", "Bo Ek"], settings)


def test_person_without_an_image_is_counted():
    with pytest.raises(ValueError, match="Bo Ek has 0"):
        check_train_counts(np.array([0, 0]), ["Ann Lee", "Bo Ek"], make_settings())
