"""Names of parameters: unknown ones, and those that are suggested."""

import pytest
from changed_parameters import refuse

from lfw17_kedro.parameters import list_names


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("sed", "seed"),
        ("facenet_smv__svm__C", "facenet_svm.svm.C"),
        ("facenet_svm__svm__cots", "facenet_svm.svm.C"),
        ("facenet_svm__svm__cost", "facenet_svm.svm.C"),
        ("svm", "facenet_svm.svm"),
        ("use_copies", "data_processing.augmentation.copies"),
        ("scratch_cnn__resnet__epochs", "scratch_cnn.architectures.resnet.epochs"),
        (
            "facenet_svm__min_nrof_images_per_class",
            "facenet_svm.svm.min_nrof_images_per_class",
        ),
        ("facenet_svm__facenet__weights", "facenet_svm.encoder_options.weights"),
        (  # its name before it stood with the backbone
            "transfer_learning__training__fine_tuning__layers",
            "transfer_learning.backbones.efficientnet_lite0.fine_tuned_layers or "
            "transfer_learning.backbones.inception_v3.fine_tuned_layers",
        ),
    ],
)
def test_unknown_name_is_refused_with_the_nearest_right_one(name, nearest):
    typed = name.replace("__", ".")

    assert refuse(**{name: 10}) == [
        f"{typed}: there is no parameter of this name (got 10); did you mean {nearest}?"
    ]


def test_name_that_fits_several_parameters_gets_them_all():
    assert refuse(epochs=3) == [
        "epochs: there is no parameter of this name (got 3); did you mean "
        "scratch_cnn.architectures.small_resnet.epochs or "
        "scratch_cnn.architectures.resnet.epochs or "
        "scratch_cnn.architectures.published.epochs?"
    ]


@pytest.mark.parametrize(
    ("typed", "nearest"),
    [
        (
            "scratch_cnn__epochs",
            "scratch_cnn.architectures.small_resnet.epochs or "
            "scratch_cnn.architectures.resnet.epochs or "
            "scratch_cnn.architectures.published.epochs",
        ),
        ("facenet_svm__C", "facenet_svm.svm.C"),
        (
            "transfer_learning__epochs",
            "transfer_learning.training.head.epochs",
        ),
    ],
)
def test_name_without_its_middle_gets_the_full_names(typed, nearest):
    [line] = refuse(**{typed: 2})

    assert line.endswith(f"(got 2); did you mean {nearest}?")


def test_name_that_is_like_no_other_points_to_the_files():
    assert refuse(zzzzz=1) == [
        "zzzzz: there is no parameter of this name (got 1); the files in conf/base "
        "list all parameters."
    ]


def test_unknown_group_is_refused_value_by_value():
    lines = refuse(facenet_smv={"svm": {"C": 10}, "encoder": "facenet"})

    assert [line.partition(":")[0] for line in lines] == [
        "facenet_smv.svm.C",
        "facenet_smv.encoder",
    ]


def test_long_names_are_cut_and_not_compared():
    [line] = refuse(**{"a" * 50_000: "b" * 50_000})

    assert len(line) < 600
    assert "aaa...aaa" in line


def test_names_are_those_of_the_single_values():
    parameters = {"seed": 1, "svm": {"C": 2, "options": {}}, "sizes": [1, 2]}

    assert list_names(parameters) == ["seed", "svm.C", "svm.options", "sizes"]
