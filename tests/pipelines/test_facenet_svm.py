import json

import facenet_files
import joblib
import numpy as np
import pandas as pd
import pytest
import yaml
from kedro.io import DatasetError
from sklearn.calibration import CalibratedClassifierCV

from lfw17_kedro.face_classifier import OneVsOne
from lfw17_kedro.pipelines.encoder_settings import EncoderOptionSettings
from lfw17_kedro.pipelines.facenet_svm.nodes import build_encoder, fit
from lfw17_kedro.pipelines.facenet_svm.settings import FacenetSvmSettings
from lfw17_kedro.types import Features, WeightsFile

CLASS_NAMES = ["Ann", "Bob"]


@pytest.fixture
def settings(project):
    """The settings of conf/base, with changes to those of the SVM."""
    file = project / "conf/base/parameters_facenet_svm.yml"
    base = yaml.safe_load(file.read_text())["facenet_svm"]

    def change(**svm):
        return FacenetSvmSettings(**base | {"svm": base["svm"] | svm})

    return change


def test_only_the_chosen_encoders_weights_are_read():
    def read(weights):
        asked.append(weights)
        return WeightsFile("mine.pb", b"graph")

    asked = []
    none = EncoderOptionSettings(
        weights=None, sha256=None, standardisation=None, precision="float32"
    )
    with pytest.raises(ValueError, match=r"got 5 bytes"):
        build_encoder("dlib_resnet", none, read)
    assert "dlib" in asked[0].resource
    options = none.model_copy(update={"weights": "mine.pb", "sha256": "ab" * 32})
    with pytest.raises(ValueError, match=r"mine.pb: .* SHA-256 abab.* got 5 bytes"):
        build_encoder("facenet", options, read)
    assert len(asked) == 2


def test_limit_of_images_may_hold_in_validation_alone(settings):
    table = pd.DataFrame({"label": np.arange(20) % 2, "original": np.arange(20)})
    vectors = np.eye(2, dtype=np.float32)[table["label"]]
    features = Features(np.arange(20).astype(str), {"vectors": vectors}, "net@1")

    def count(final, **svm):
        limited = settings(nrof_train_images_per_class=4, **svm)
        fitted = fit(
            features,
            table,
            CLASS_NAMES,
            limited,
            0,
            final=final,
            checkpoint=None,
            validation=None,
        )
        return fitted.metadata["train_images"]

    assert count(final=True) == 8
    assert count(final=True, all_images_for_test=True) == 20
    assert count(final=False, all_images_for_test=True) == 8


def test_pipeline_names_orl_faces(few_faces, save_faces, run_project, tmp_path, capsys):
    save_faces(few_faces)

    catalog = run_project("facenet_svm")

    metrics = catalog.load("facenet_svm.metrics")
    assert metrics["test"]["correct"] == 9
    assert metrics["test"]["accuracy_95"][1] == 1
    assert metrics["metadata"]["encoder"] in (
        "dlib_resnet@55533b28a958+flips",
        "dlib_resnet@55533b28a958/bfloat16+flips",  # where the processor has it
    )
    assert metrics["metadata"]["train_images"] == 21
    assert metrics["metadata"]["no_face_found"] == {"train": 0, "test": 0}
    assert metrics["cross_validation"]["folds"] == 5
    submission = catalog.load("facenet_svm.submission")
    assert submission["PredictedClass"].tolist() == few_faces.test_labels.tolist()
    assert submission["ImageId"].tolist() == list(range(9))
    shown = capsys.readouterr().out
    assert "9 of 9" in shown
    assert "submission.csv" in shown
    models = tmp_path / "data/06_models/orl/facenet_svm"
    svm, class_names = joblib.load(models / "classifier.pkl")  # the study's form
    assert class_names == ["s1", "s2", "s3"]
    assert type(svm) is CalibratedClassifierCV
    probabilities = catalog.load("facenet_svm.uncalibrated_test_probabilities")
    features = catalog.load("facenet_svm.test_features")
    np.testing.assert_array_equal(
        probabilities[class_names].to_numpy(),
        svm.predict_proba(features.arrays["vectors"]),
    )
    with pytest.raises(DatasetError, match="an export for other programs"):
        catalog.load("facenet_svm.study_model")
    card = json.loads((models / "encoder/encoder.json").read_text())
    assert card["weights_sha256"].startswith("55533b28")


def test_facenet_runs_from_facenet_pytorchs_file(few_faces, save_faces, run_project):
    content = facenet_files.make_state_dict()
    file = save_faces(few_faces) / facenet_files.STATE_DICT
    file.write_bytes(content)
    sha256 = facenet_files.sha256(content)

    catalog = run_project(
        "facenet_svm",
        facenet_svm={
            "encoder": "facenet",
            "encoder_options": {
                "weights": str(file),
                "sha256": sha256,
                "precision": "float32",
            },
        },
        data_processing={"detection": {"short_sides": [74]}},
    )

    metrics = catalog.load("facenet_svm.metrics")
    assert metrics["metadata"]["encoder"] == f"facenet@{sha256[:12]}/fixed+flips"
    vectors = catalog.load("facenet_svm.train_features").arrays["vectors"]
    assert vectors.shape == (21, 512)
    # Invented weights still tell three people apart better than guessing does.
    assert metrics["test"]["correct"] > 5


def test_the_studys_method_runs_in_its_environment(
    project, few_faces, save_faces, run_project
):
    content = facenet_files.make_frozen_graph()
    file = save_faces(few_faces) / facenet_files.FROZEN_GRAPH
    file.write_bytes(content)
    sha256 = facenet_files.sha256(content)
    options = {"weights": str(file), "sha256": sha256}

    catalog = run_project(
        "facenet_svm", env="study", facenet_svm={"encoder_options": options}
    )

    metadata = catalog.load("facenet_svm.metrics")["metadata"]
    assert metadata["encoder"] == f"facenet@{sha256[:12]}/prewhiten"
    assert metadata["train_images"] == 63  # for the submission, copies and all
    assert catalog.load("facenet_svm.encoder_card").size == 182
    assert type(catalog.load("facenet_svm.model").svm) is OneVsOne
    assert len(catalog.load("facenet_svm.submission")) == 9
    validation = catalog.load("facenet_svm.validation_probabilities")
    assert not validation["id"].str.contains(r"_\d$").any()


def test_the_studys_protocol_runs(few_faces, save_faces, run_project):
    save_faces(few_faces)

    catalog = run_project(
        "facenet_svm",
        data_processing={
            "augmentation": {"copies": 2},
            "detection": {"short_sides": [74]},
        },
        facenet_svm={"svm": {"nrof_train_images_per_class": 10}},
    )

    metadata = catalog.load("facenet_svm.metrics")["metadata"]
    assert metadata["train_images"] == 30
    validation = catalog.load("facenet_svm.validation_probabilities")
    assert not validation["id"].str.contains(r"_\d$").any()
