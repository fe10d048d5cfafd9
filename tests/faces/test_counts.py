import re

import pytest

from lfw17_kedro.faces.counts import check_counts
from lfw17_kedro.faces.requirements import CountRequirement, Split

HOLD_OUT = "data_processing.split.validation_fraction"
FOLDS = "data_processing.split.n_folds"


def need_calibration(split, **changes):
    settings = {
        "min_images": 2,
        "purpose": "to calibrate its probabilities",
        "leave_out_parameter": "facenet_svm.svm.min_nrof_images_per_class",
        "leave_out_below": 1,
    }
    return CountRequirement(split, "facenet_svm", **{**settings, **changes})


def refuse(counts, *requirements):
    with pytest.raises(ValueError) as refused:
        check_counts(counts, requirements)
    head, *causes = str(refused.value).splitlines()
    assert head == "too few training images for these parameters:"
    return [cause.strip() for cause in causes]


def test_enough_images_pass():
    split = Split(HOLD_OUT, 0.2)
    needs = [CountRequirement(split, "training"), need_calibration(split)]

    check_counts({"Ann Lee": 7, "Bo Ek": 7, "Cy Fox": 7}, needs)


def test_too_many_folds_name_the_person_and_the_folds_that_work():
    causes = refuse(
        {"Ann Lee": 3, "Bo Ek": 20}, CountRequirement(Split(FOLDS, 8), "training")
    )

    assert causes == [
        "data_processing.split.n_folds=8 needs at least 8 training images of each "
        "person; Ann Lee has 3: use n_folds=3, or add photos."
    ]


def test_small_fraction_names_the_nearest_one_that_works():
    # 6 images of 3 people: 3 must validate, and 0.34 * 6 is rounded up to 3.
    causes = refuse(
        {"Ann Lee": 2, "Bo Ek": 2, "Cy Fox": 2},
        CountRequirement(Split(HOLD_OUT, 0.2), "training"),
    )

    assert causes == [
        "data_processing.split.validation_fraction=0.2 must leave an image of each "
        "person to train on and one to validate on; it takes 2 of the 6 images of 3 "
        "people to validate on, and Ann Lee has 2: use validation_fraction=0.34, or "
        "add photos."
    ]


def test_suggested_fraction_suits_every_method_at_once():
    # Half of 9 images leaves someone 1 of 3; a third leaves everybody 2.
    split = Split(HOLD_OUT, 0.5)

    causes = refuse(
        {"Ann Lee": 3, "Bo Ek": 3, "Cy Fox": 3},
        CountRequirement(split, "training"),
        need_calibration(split),
    )

    assert causes == [
        "data_processing.split.validation_fraction=0.5 leaves 1 of the 3 training "
        "images of Ann Lee to train on; facenet_svm needs at least 2 to calibrate its "
        "probabilities: use validation_fraction=0.33, or add photos."
    ]
    check_counts(
        {"Ann Lee": 3, "Bo Ek": 3, "Cy Fox": 3},
        [need_calibration(Split(HOLD_OUT, 0.33))],
    )


def test_many_people_get_a_finer_fraction():
    # 600 images of 200 people: exactly 200 must validate, and 0.33 * 600 = 198.
    people = {f"person {row}": 3 for row in range(200)}

    [cause] = refuse(people, need_calibration(Split(HOLD_OUT, 0.5)))

    assert "use validation_fraction=0.3333, or add photos" in cause


def test_two_images_of_each_person_are_too_few_to_calibrate():
    split = Split(HOLD_OUT, 0.5)

    [cause] = refuse(
        {"Ann Lee": 2, "Bo Ek": 2},
        CountRequirement(split, "training"),
        need_calibration(split),
    )

    assert cause.endswith(
        "no value works, because facenet_svm needs at least 3 training images of each "
        "person, 2 to train on and 1 to validate on; add photos of Ann Lee and Bo Ek, "
        "or run the pipelines of the other methods alone."
    )


def test_two_images_of_each_person_are_enough_for_a_network():
    check_counts(
        {"Ann Lee": 2, "Bo Ek": 2},
        [CountRequirement(Split(HOLD_OUT, 0.5), "scratch_cnn")],
    )


def test_rare_people_can_be_left_out():
    split = Split(FOLDS, 2)
    people = {"Ann Lee": 2, "Bo Ek": 20, "Cy Fox": 20}

    [cause] = refuse(people, need_calibration(split, copies=2))

    assert (
        "add photos of Ann Lee, or use facenet_svm.svm.min_nrof_images_per_class=4, or"
        in cause
    )
    check_counts(people, [need_calibration(split, copies=2, leave_out_below=2)])


def test_cross_validation_can_be_switched_off():
    split = Split("facenet_svm.cross_validation_folds", 5, optional=True)

    [some] = refuse({"Ann Lee": 4, "Bo Ek": 9}, need_calibration(split))
    [none] = refuse({"Ann Lee": 2, "Bo Ek": 9}, need_calibration(split))

    assert "use cross_validation_folds=4 or null, or add photos." in some
    assert "use cross_validation_folds=null, or add photos of Ann Lee" in none


def test_limit_that_leaves_out_nearly_everybody_is_named():
    split = Split(HOLD_OUT, 0.2)

    [cause] = refuse(
        {"Ann Lee": 9, "Bo Ek": 9, "Cy Fox": 40},
        need_calibration(split, leave_out_below=30),
    )

    assert "leaves 1 of 3 people with at least the 30 training images that" in cause
    assert "use facenet_svm.svm.min_nrof_images_per_class=2" in cause


def test_large_batch_is_refused_with_the_size_that_works():
    # 10 images, 2 validate; one copy of each of the other 8 trains too.
    need = CountRequirement(
        Split(HOLD_OUT, 0.2),
        "scratch_cnn",
        batch_parameter="scratch_cnn.architectures.resnet.batch_size",
        batch_size=32,
        copies=1,
    )

    assert refuse({"Ann Lee": 5, "Bo Ek": 5}, need) == [
        "scratch_cnn.architectures.resnet.batch_size=32 needs as many training images; "
        "data_processing.split.validation_fraction=0.2 leaves 16: use batch_size=16 or "
        "less, or add photos."
    ]


def test_all_causes_come_at_once_and_a_batch_counts_the_suggested_split():
    causes = refuse(
        {"Ann Lee": 3, "Bo Ek": 3},
        CountRequirement(
            Split(FOLDS, 8), "scratch_cnn", batch_parameter="m.batch_size", batch_size=9
        ),
        need_calibration(Split("facenet_svm.cross_validation_folds", 5, optional=True)),
    )

    assert [re.split("[= ]", cause)[0] for cause in causes] == [
        FOLDS,
        "facenet_svm.cross_validation_folds",
        "m.batch_size",
    ]
    assert "data_processing.split.n_folds=3 leaves 4" in causes[2]
