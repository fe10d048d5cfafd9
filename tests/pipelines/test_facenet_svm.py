import json

import facenet_files
import numpy as np
import pandas as pd
import pytest
import yaml
from kedro.framework.cli.project import run as kedro_run
from sklearn.svm import SVC

from lfw17_kedro.faces.detect import BOX, LANDMARKS
from lfw17_kedro.pipelines.facenet_svm.nodes import (
    average_positions,
    build_encoder,
    cross_validate_svm,
    embed_faces,
    fit_svm,
    validate_svm,
)
from lfw17_kedro.types import Embeddings, Encoder, EncoderCard, WeightsFile

CLASS_NAMES = ["Ann", "Bob"]
SVM = {
    "multi_class": "one_vs_rest",
    "C": 1.0,
    "nrof_train_images_per_class": None,
    "min_nrof_images_per_class": 1,
    "all_images_for_test": False,
}


@pytest.fixture
def table():
    """Ten originals of two people and one copy of each; the first four validate."""
    return pd.DataFrame(
        [
            (
                f"{original}_{copy}",
                original % 2,
                original,
                copy,
                0 if original < 4 else -1,
            )
            for copy in (0, 1)
            for original in range(10)
        ],
        columns=["id", "label", "original", "copy", "fold"],
    )


def embed(table, vectors):
    return Embeddings(
        ids=table["id"].to_numpy(np.str_),
        vectors=np.asarray(vectors, np.float32),
        encoder=np.array("net@1"),
    )


def test_validation_answers_for_originals_alone(table):
    predictions = validate_svm(
        embed(table, np.eye(2)[table["label"]]), table, CLASS_NAMES, SVM, 0
    )

    assert predictions["id"].tolist() == ["0_0", "1_0", "2_0", "3_0"]
    assert predictions[CLASS_NAMES].to_numpy().argmax(axis=1).tolist() == [0, 1, 0, 1]


def test_validation_cannot_profit_from_copies(table):
    # Every original has a direction of its own, shared only by its copy: who trains on
    # the copy of a validation image is always right, who does not can only guess.
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat([0, 1], 100))
    originals = np.tile(np.arange(200), 2)
    table = pd.DataFrame(
        {
            "id": [f"{row}" for row in range(400)],
            "label": labels[originals],
            "original": originals,
            "copy": np.repeat([0, 1], 200),
            "fold": np.where(originals < 100, 0, -1),
        }
    )
    vectors = np.eye(200)[originals]

    predictions = validate_svm(embed(table, vectors), table, CLASS_NAMES, SVM, 0)
    result = cross_validate_svm(embed(table, vectors), table, CLASS_NAMES, SVM, 5, 0)

    right = predictions[CLASS_NAMES].to_numpy().argmax(axis=1) == labels[:100]
    assert right.mean() < 0.7
    assert result["mean_accuracy"] < 0.7


def test_cross_validation_uses_every_original(table):
    result = cross_validate_svm(
        embed(table, np.eye(2)[table["label"]]), table, CLASS_NAMES, SVM, 5, 0
    )

    assert result == {"folds": 5, "accuracies": [1.0] * 5, "mean_accuracy": 1.0}


def refuse_to_read(*arguments):
    raise AssertionError("weights of an encoder that was not chosen")


def test_only_the_chosen_encoders_weights_are_read():
    facenet = {"weights": "mine.pb", "sha256": "ab" * 32, "standardisation": None}
    with pytest.raises(ValueError, match=r"dlib_face_recog.* got 4 bytes"):
        build_encoder("dlib_resnet", facenet, lambda: b"dlib", refuse_to_read)
    with pytest.raises(ValueError, match=r"mine.pb: .* SHA-256 abab.* got 5 bytes"):
        build_encoder(
            "facenet", facenet, refuse_to_read, lambda path: WeightsFile(path, b"graph")
        )
    with pytest.raises(ValueError, match=r"\['dlib_resnet', 'facenet'\], got 'resnet'"):
        build_encoder("resnet", facenet, refuse_to_read, refuse_to_read)


def test_no_face_in_any_photo_is_an_error():
    detections = pd.DataFrame(
        [["a", False] + [np.nan] * 14], columns=["id", "found", *BOX, *LANDMARKS]
    )

    with pytest.raises(ValueError, match="found none in any of 1; .*thresholds"):
        average_positions({"a": np.zeros((9, 9), np.uint8)}, detections)


def test_pipeline_names_orl_faces(few_faces, save_faces, run_project, tmp_path, capsys):
    save_faces(few_faces)

    catalog = run_project("facenet_svm")

    metrics = catalog.load("facenet_svm.metrics")
    assert metrics["test"]["correct"] == 9
    assert metrics["test"]["accuracy_95"][1] == 1
    assert metrics["metadata"]["encoder"] == "dlib_resnet@55533b28a958+flips"
    assert metrics["metadata"]["train_images"] == 21
    assert metrics["metadata"]["no_face_found"] == {"train": 0, "test": 0}
    assert metrics["metadata"]["cross_validation"]["folds"] == 5
    submission = catalog.load("facenet_svm.submission")
    assert submission["PredictedClass"].tolist() == few_faces.test_labels.tolist()
    assert submission["ImageId"].tolist() == list(range(9))
    shown = capsys.readouterr().out
    assert "9 of 9" in shown
    assert "submission.csv" in shown
    models = tmp_path / "data/06_models/orl/facenet_svm"
    card = json.loads((models / "encoder/encoder.json").read_text())
    assert card["weights_sha256"].startswith("55533b28")


def test_final_svm_may_take_all_images(table):
    limited = SVM | {"nrof_train_images_per_class": 4}
    faces = embed(table, np.eye(2)[table["label"]])

    assert fit_svm(faces, table, CLASS_NAMES, limited, 0).train_images == 8
    everything = limited | {"all_images_for_test": True}
    assert fit_svm(faces, table, CLASS_NAMES, everything, 0).train_images == 20


def test_embeddings_with_and_without_flips_do_not_mix(table):
    card = EncoderCard("net", "box", 2, 3, "CC0-1.0", "ab" * 32, margin=0)
    encoder = Encoder(card, lambda faces: faces[:, 0, 0] + np.float32(1))
    faces = np.zeros((len(table), 2, 2, 3), np.uint8)

    made_of = [
        embed_faces(
            faces, table, encoder, {"batch_size": 8, "test_time_flip": average}
        )["encoder"]
        for average in (False, True)
    ]

    assert made_of == ["net@abababababab", "net@abababababab+flips"]


def test_facenet_runs_from_facenet_pytorchs_file(few_faces, save_faces, run_project):
    content = facenet_files.make_state_dict()
    file = save_faces(few_faces) / facenet_files.STATE_DICT
    file.write_bytes(content)
    sha256 = facenet_files.sha256(content)

    catalog = run_project(
        "facenet_svm",
        facenet_svm={
            "encoder": "facenet",
            "facenet": {"weights": str(file), "sha256": sha256},
            "detection": {"short_sides": [74]},
        },
    )

    metrics = catalog.load("facenet_svm.metrics")
    assert metrics["metadata"]["encoder"] == f"facenet@{sha256[:12]}/fixed+flips"
    vectors = catalog.load("facenet_svm.train_embeddings")["vectors"]
    assert vectors.shape == (21, 512)
    # Invented weights still tell three people apart better than guessing does.
    assert metrics["test"]["correct"] > 5


def test_the_studys_method_runs_in_one_command(
    project, few_faces, save_faces, run_project
):
    config = project / "conf" / "study.yml"
    command = kedro_run.make_context("run", ["--config", str(config)]).params
    assert command["env"] == "kaggle"
    assert command["pipelines"] == ["facenet_svm"]
    study = command["params"]["facenet_svm"]
    base = yaml.safe_load(
        (project / "conf/base/parameters_facenet_svm.yml").read_text()
    )
    known = base["facenet_svm"]
    assert set(study) <= set(known)
    assert all(set(study[key]) <= set(known[key]) for key in ("svm", "embedding"))
    content = facenet_files.make_frozen_graph()
    file = save_faces(few_faces) / facenet_files.FROZEN_GRAPH
    file.write_bytes(content)
    sha256 = facenet_files.sha256(content)
    study["facenet"] |= {"weights": str(file), "sha256": sha256}
    study["detection"] = {"short_sides": [74]}
    study["svm"]["nrof_train_images_per_class"] = 10

    catalog = run_project("facenet_svm", **command["params"])

    facts = catalog.load("facenet_svm.metrics")["metadata"]
    assert facts["encoder"] == f"facenet@{sha256[:12]}/prewhiten"
    assert facts["train_images"] == 63  # for the submission, copies and all
    assert catalog.load("facenet_svm.aligned_test_faces").shape == (9, 182, 182, 3)
    assert type(catalog.load("facenet_svm.classifier").svm.estimator) is SVC
    assert len(catalog.load("facenet_svm.submission")) == 9
    validation = catalog.load("facenet_svm.validation_probabilities")
    assert not validation["id"].str.contains(r"_\d$").any()


def test_the_studys_protocol_runs_without_leakage(few_faces, save_faces, run_project):
    save_faces(few_faces)

    catalog = run_project(
        "facenet_svm",
        facenet_svm={
            "use_copies": True,
            "svm": {"nrof_train_images_per_class": 10},
            "detection": {"short_sides": [74]},
        },
    )

    facts = catalog.load("facenet_svm.metrics")["metadata"]
    assert facts["train_images"] == 30
    validation = catalog.load("facenet_svm.validation_probabilities")
    assert not validation["id"].str.contains(r"_\d$").any()
