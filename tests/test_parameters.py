import copy

import pytest
from changed_parameters import BASE, MODEL, change, refuse
from pydantic import BaseModel, ValidationError

from lfw17_kedro.encoders import registry
from lfw17_kedro.parameter_types import Count, Settings
from lfw17_kedro.parameters import (
    ParameterError,
    check_parameters,
    make_parameters_model,
)


def test_parameters_of_the_project_become_settings():
    checked = check_parameters(MODEL, BASE)

    assert list(checked) == list(BASE)
    assert checked["seed"] == 666
    assert checked["facenet_svm"].svm.C == 1.0
    assert checked["data_processing"].detection.short_sides == (74, 222)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("seed", "abc", "a whole number from 0 to 4294967295, got 'abc'"),
        ("seed", -1, "a whole number from 0 to 4294967295, got -1"),
        ("seed", 2**32, "a whole number from 0 to 4294967295, got 4294967296"),
        ("seed", 1.5, "a whole number from 0 to 4294967295, got 1.5"),
        ("seed", True, "a whole number from 0 to 4294967295, got True"),
        (
            "data_processing__augmentation__copies",
            "two",
            "a whole number from 0 to 100, got 'two'",
        ),
        ("data_processing__split__scheme", "hold", "one of holdout, kfold, got 'hold'"),
        (
            "data_processing__split__validation_fraction",
            1.0,
            "a number above 0 and below 1, got 1.0",
        ),
        ("data_processing__split__n_folds", 1, "a whole number of at least 2, got 1"),
        (
            "facenet_svm__svm",
            5,
            "a group of parameters (multi_class, C, nrof_train_images_per_class, "
            "min_nrof_images_per_class, all_images_for_test), got 5",
        ),
        ("facenet_svm__svm__C", 0, "a number above 0, got 0"),
        ("facenet_svm__svm__C", None, "a number above 0, got null"),
        ("facenet_svm__svm__C", float("inf"), "a finite number above 0, got inf"),
        (
            "facenet_svm__svm__multi_class",
            "ovr",
            "one of one_vs_rest, one_vs_one, got 'ovr'",
        ),
        (
            "facenet_svm__svm__nrof_train_images_per_class",
            1,
            "a whole number of at least 2, or null, got 1",
        ),
        ("facenet_svm__encoder", "arcface", "one of dlib_resnet, facenet, got"),
        (
            "facenet_svm__encoder_options__standardisation",
            "fixed",
            "null with the encoder dlib_resnet, which does not use it "
            "(facenet does), got 'fixed'",
        ),
        ("facenet_svm__encoder_options__precision", "half", "one of auto, float32, "),
        (
            "data_processing__detection__min_face_size",
            11,
            "a number of at least 12, got 11",
        ),
        (
            "data_processing__detection__thresholds",
            [0.6, 0.7],
            "a list of 3 values, each a number from 0 to 1, got [0.6, 0.7]",
        ),
        (
            "data_processing__detection__thresholds",
            [0.6, 0.7, 7],
            "a list of 3 values, each a number from 0 to 1, got [0.6, 0.7, 7]",
        ),
        (
            "data_processing__detection__short_sides",
            [],
            "a list of one or more values, each a whole number from 1 to 4096, got []",
        ),
        (
            "data_processing__detection__short_sides",
            [74, 0],
            "a list of one or more values, each a whole number from 1 to 4096, got "
            "[74, 0]",
        ),
        ("data_processing__detection__padding", -0.1, "a number from 0 to 4, got -0.1"),
        # Sizes that would fill the memory.
        ("data_processing__detection__padding", 1000, "a number from 0 to 4, got 1000"),
        (
            "data_processing__detection__short_sides",
            [10**6],
            "a list of one or more values, each a whole number from 1 to 4096, got "
            "[1000000]",
        ),
        (
            "data_processing__photo_short_side",
            10**6,
            "a whole number from 1 to 4096, got 1000000",
        ),
        (
            "data_processing__augmentation__copies",
            10**5,
            "a whole number from 0 to 100, got 100000",
        ),
        ("facenet_svm__svm__C", float("nan"), "a finite number above 0, got nan"),
        ("data_processing__detection__batch_size", 0, "a whole number of at least 1"),
        ("facenet_svm__embedding__test_time_flip", "None", "true or false, got 'None'"),
        (
            "facenet_svm__cross_validation_folds",
            "None",
            "a whole number of at least 2, or null, got 'None'; write null, not None",
        ),
        ("scratch_cnn__architecture", "vgg", "one of small_resnet, resnet, published"),
        ("scratch_cnn__precision", "half", "one of auto, float32, bfloat16, got"),
        ("scratch_cnn__networks__original", -1, "a whole number of at least 0"),
        (
            "scratch_cnn__architectures__resnet__epochs",
            0,
            "a whole number of at least 1, or null, got 0",
        ),
        (
            "scratch_cnn__architectures__resnet__steps",
            100,
            "null because epochs is a number (set epochs=null to train by steps), got "
            "100",
        ),
        (
            "scratch_cnn__architectures__published__steps",
            None,
            "a number of at least 1 because epochs is null, got null",
        ),
        (
            "scratch_cnn__architectures__resnet__network__blocks",
            [1, 1],
            "as many numbers as widths has: 4, got [1, 1]",
        ),
        (
            "scratch_cnn__architectures__resnet__augmentation__max_zoom",
            -1,
            "a number of at least 0, got -1",
        ),
        (
            "scratch_cnn__architectures__resnet__optimizer__name",
            "adam",
            "one of adamw, sgd, got 'adam'",
        ),
        (
            "scratch_cnn__architectures__resnet__optimizer__learning_rate",
            0,
            "a number above 0, got 0",
        ),
        (
            "scratch_cnn__architectures__resnet__label_smoothing",
            1,
            "a number of at least 0 and below 1, got 1",
        ),
        ("transfer_learning__backbone", "vgg16", "one of efficientnet_lite0, incep"),
        (
            "transfer_learning__backbones__inception_v3__height",
            74,
            "a whole number of at least 75, got 74",
        ),
        ("transfer_learning__recipe", "slow", "one of short, long, got 'slow'"),
        (
            "transfer_learning__recipes__long__batch_size",
            0,
            "a whole number of at least 1, got 0",
        ),
        (
            "transfer_learning__training__head__epochs",
            0,
            "a whole number of at least 1, got 0",
        ),
        (
            "transfer_learning__training__dropout",
            1,
            "a number of at least 0 and below 1, got 1",
        ),
        (
            "transfer_learning__backbones__inception_v3__fine_tuned_layers",
            -1,
            "a whole number of at least 0, or null, got -1",
        ),
        ("reporting__map__projection", "umap", "one of tsne, pca, got 'umap'"),
        ("reporting__map__max_faces", 1, "a whole number of at least 2, got 1"),
    ],
)
def test_wrong_value_is_refused_with_what_was_expected(name, value, said):
    [line] = refuse(**{name: value})

    assert line.startswith(f"{name.replace('__', '.')}: expected {said}")
    assert line.endswith(".")


def test_an_exception_from_no_limit_is_refused():
    [line] = refuse(facenet_svm__svm__all_images_for_test=True)

    assert line == (
        "facenet_svm.svm.all_images_for_test: expected false where "
        "nrof_train_images_per_class is null, got True."
    )


def test_what_sgd_would_ignore_or_square_is_refused():
    lines = refuse(
        scratch_cnn__architectures__resnet__optimizer__name="sgd",
        transfer_learning__training__fine_tuning__optimizer={
            "name": "sgd",
            "weight_decay": 0.0,
            "warmup": 0.0,
        },
    )

    assert lines == [
        "scratch_cnn.architectures.resnet.optimizer.weight_decay: expected 0 with the "
        "optimizer sgd, got 0.05.",
        "transfer_learning.training.fine_tuning.head_lr_multiplier: expected 1 with "
        "the optimizer sgd, got 5.0.",
    ]


def test_groups_in_a_list_are_refused_by_their_places():
    size = BASE["people"]["search"]["sizes"][0]
    sizes = [size, size | {"max_short_side": 100}, size | {"padding": "x", "pad": 1}]

    lines = refuse(people__search__sizes=sizes)

    assert lines == [
        "people.search.sizes.1.max_short_side: expected at least min_short_side (240), "
        "got 100.",
        "people.search.sizes.2.padding: expected a number from 0 to 4, got 'x'.",
        "people.search.sizes.2.pad: there is no parameter of this name (got 1); did "
        "you mean people.search.sizes.padding?",
    ]
    assert refuse(people__search__sizes=[5]) == [
        "people.search.sizes: expected a list of one or more values, each a group of "
        "parameters (min_short_side, max_short_side, padding), got [5]."
    ]


def test_missing_parameter_is_named():
    raw = change()
    del raw["reporting"]["examples"]

    with pytest.raises(ParameterError) as refused:
        check_parameters(MODEL, raw)

    assert str(refused.value) == (
        "reporting.examples: expected a group of parameters (max_faces), got nothing; "
        "add it."
    )


def test_all_causes_come_at_once():
    lines = refuse(
        seed="abc",
        sed=1,
        data_processing__augmentation__copies="two",
        facenet_svm__svm__C=0,
        scratch_cnn__architectures__resnet__batch_size=0,
        scratch_cnn__architectures__resnet__steps=3,
    )

    assert sorted(line.partition(":")[0] for line in lines) == [
        "data_processing.augmentation.copies",
        "facenet_svm.svm.C",
        "scratch_cnn.architectures.resnet.batch_size",
        "scratch_cnn.architectures.resnet.steps",
        "sed",
        "seed",
    ]


def test_many_causes_are_counted():
    lines = refuse(**{f"wrong_{number}": 1 for number in range(25)})

    assert len(lines) == 21
    assert lines[-1] == "and 5 more."


def test_whole_number_is_accepted_where_any_number_is():
    checked = check_parameters(MODEL, change(facenet_svm__svm__C=10))

    assert checked["facenet_svm"].svm.C == 10


def test_chosen_settings_are_those_of_the_chosen_names():
    checked = check_parameters(
        MODEL,
        change(
            scratch_cnn__architecture="published",
            transfer_learning__backbone="inception_v3",
            transfer_learning__recipe="long",
        ),
    )

    assert checked["scratch_cnn"].chosen.steps == 30000
    assert checked["transfer_learning"].chosen_backbone.height == 299
    assert checked["transfer_learning"].chosen_recipe.fine_tuning_epochs == 24


def test_settings_are_read_only_and_deep_copies_are_equal():
    settings = check_parameters(MODEL, BASE)["scratch_cnn"]

    with pytest.raises(ValidationError, match="frozen"):
        settings.precision = "float32"
    assert copy.deepcopy(settings) == settings


def test_counts_of_a_method_follow_its_settings():
    checked = check_parameters(
        MODEL,
        change(
            scratch_cnn__cross_validation_folds=3,
            facenet_svm__svm__min_nrof_images_per_class=4,
        ),
    )
    split = checked["data_processing"].split.division

    cnn = checked["scratch_cnn"].count_requirements("scratch_cnn", split, 0)
    transfer = checked["transfer_learning"].count_requirements(
        "transfer_learning", split, 0
    )
    svm = checked["facenet_svm"].count_requirements("facenet_svm", split, 2)

    assert [one.split.parameter for one in cnn] == [
        "data_processing.split.validation_fraction",
        "scratch_cnn.cross_validation_folds",
    ]
    assert {(one.batch_parameter, one.batch_size) for one in cnn} == {
        ("scratch_cnn.architectures.small_resnet.batch_size", 32)
    }
    assert [(one.batch_parameter, one.batch_size) for one in transfer] == [
        ("transfer_learning.recipes.short.batch_size", 16)
    ]
    # 4 images with two copies of each original are 2 originals.
    assert [one.leave_out_below for one in svm] == [2, 2]
    assert [one.min_images for one in svm] == [2, 2]
    assert [one.split.value for one in svm] == [0.2, 5]


def test_new_method_adds_its_own_parameters():
    class HogSettings(Settings):
        cells: Count
        """Cells of the histogram."""

    model = make_parameters_model({"hog": HogSettings})
    shared = ("seed", "runs", "data_processing", "reporting", "people", "compute")
    raw = {name: BASE[name] for name in shared}

    checked = check_parameters(model, {**raw, "hog": {"cells": 8}})

    assert checked["hog"] == HogSettings(cells=8)
    with pytest.raises(ParameterError, match="hog.cell: .* did you mean hog.cells?"):
        check_parameters(model, {**raw, "hog": {"cells": 8, "cell": 8}})


def test_every_parameter_says_what_it_means():
    def walk(model):
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name}"
            for inner in (field.annotation, *getattr(field.annotation, "__args__", ())):
                if isinstance(inner, type) and issubclass(inner, BaseModel):
                    walk(inner)

    walk(MODEL)


def test_encoder_of_the_registry_is_accepted(monkeypatch):
    monkeypatch.setitem(registry.ENCODERS, "blocks", registry.EncoderEntry(None))

    checked = check_parameters(MODEL, change(facenet_svm__encoder="blocks"))

    assert checked["facenet_svm"].encoder == "blocks"


@pytest.mark.parametrize(
    ("value", "got"),
    [
        (-1, "-1"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        ("60 s", "'60 s'"),
        (True, "True"),
        (None, "null"),
        ([1], "[1]"),
        (10**400, "1000000"),
    ],
)
def test_seconds_to_wait_are_a_finite_number(value, got):
    (line,) = refuse(runs__max_wait=value)

    assert line.startswith("runs.max_wait: expected a ")
    assert f"number of at least 0, got {got}" in line


@pytest.mark.parametrize("value", [0, 0.5, 1e308])
def test_any_other_number_of_seconds_may_be_waited(value):
    assert check_parameters(MODEL, change(runs__max_wait=value))["runs"].max_wait == (
        value
    )
