"""The environment `study`, a fixed method."""

import pytest
from omegaconf import OmegaConf


def test_study_is_the_studys_method(load_context):
    parameters = load_context(env="study").config_loader["parameters"]

    svm = parameters["facenet_svm"]
    assert svm.encoder == "facenet"
    assert svm.encoder_options.standardisation == "prewhiten"
    assert svm.embedding.test_time_flip is False
    assert svm.svm.multi_class == "one_vs_one"
    assert svm.svm.nrof_train_images_per_class == 200
    assert svm.svm.all_images_for_test is True
    assert parameters["data_processing"].augmentation.copies == 2
    assert parameters["scratch_cnn"].chosen.steps == 30000
    assert parameters["transfer_learning"].backbone == "inception_v3"


def test_study_takes_a_weights_file_and_keeps_the_rest(load_context):
    params = "seed=1,facenet_svm.encoder_options.weights=F.pt"

    svm = load_context(params, "study").config_loader["parameters"]["facenet_svm"]

    assert svm.encoder_options.weights == "F.pt"
    assert svm.encoder_options.standardisation == "prewhiten"
    assert svm.svm.multi_class == "one_vs_one"


@pytest.mark.parametrize(
    "params", ["facenet_svm.svm.C=10", "scratch_cnn.architecture=resnet"]
)
def test_study_refuses_what_would_make_it_something_else(refuse, params):
    [line] = refuse(params, "study")

    name = params.partition("=")[0]
    assert line.startswith(
        f"{name}: the environment study is a fixed method, so --params may only change "
        "seed, runs.stale_inputs, runs.max_wait, raw_folder, "
    )
    assert line.endswith("`--env kaggle` takes any parameter.")


def test_studys_list_cannot_be_changed_by_the_command_line(refuse):
    lines = refuse("allowed_runtime_parameters=[facenet_svm],facenet_svm=5", "study")

    names = {line.partition(":")[0] for line in lines}
    assert names == {"allowed_runtime_parameters", "facenet_svm"}


def test_study_may_change_only_parameters_that_exist(load_context):
    loader = load_context(env="study").config_loader
    known = OmegaConf.create(
        {
            name: value.model_dump() if hasattr(value, "model_dump") else value
            for name, value in loader["parameters"].items()
        }
    )

    for name in set(loader["globals"]["allowed_runtime_parameters"]) - {"raw_folder"}:
        assert OmegaConf.select(known, name, default="absent") != "absent", name
