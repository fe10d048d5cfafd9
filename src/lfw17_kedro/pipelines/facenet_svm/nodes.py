"""Nodes of `facenet_svm`: photos -> aligned faces -> embeddings -> named people."""

from typing import Any

import numpy as np
import pandas as pd

from lfw17_kedro.encoders.dlib_resnet import build_dlib_resnet
from lfw17_kedro.encoders.facenet import build_facenet
from lfw17_kedro.encoders.mtcnn import build_detector
from lfw17_kedro.faces import align, classifier, detect, embed
from lfw17_kedro.faces.classifier import FaceClassifier
from lfw17_kedro.faces.split import assign_folds, iterate_folds
from lfw17_kedro.types import (
    F64,
    U8,
    Embeddings,
    Encoder,
    ReadPackaged,
    ReadWeights,
)

ENCODERS = ("dlib_resnet", "facenet")


def build_encoder(
    name: str,
    facenet: dict[str, Any],
    read_dlib: ReadPackaged,
    read_facenet: ReadWeights,
) -> Encoder:
    """Build the encoder of that name from its weights; the others' are not read.

    Args:
        name: one of `ENCODERS`.
        facenet: `weights`, the path of FaceNet's file or None for the published one,
            and the arguments `sha256` and `standardisation` of `build_facenet`.
        read_dlib: reads the weights of dlib_resnet.
        read_facenet: reads FaceNet's, at a path or, with None, the published ones.

    Raises:
        ValueError: no encoder has that name, or the weights are not the expected ones.
    """
    if name not in ENCODERS:
        raise ValueError(
            f"facenet_svm.encoder: expected one of {[*ENCODERS]}, got {name!r}."
        )
    if name == "dlib_resnet":
        return build_dlib_resnet(read_dlib())
    weights = read_facenet(facenet["weights"])
    return build_facenet(weights, facenet["sha256"], facenet["standardisation"])


def detect_faces(
    photos: dict[str, U8], table: pd.DataFrame, detection: dict[str, Any]
) -> pd.DataFrame:
    """Find the face in each photo of a table with MTCNN.

    Args:
        photos: id -> photo; those not in the table are left alone.
        table: with the column `id`.
        detection: `thresholds` of MTCNN's three stages, and the arguments of
            `faces.detect.detect_faces`.

    Returns:
        One row for each row of the table; see `faces.detect.detect_faces`.
    """
    settings = dict(detection)
    detector = build_detector(*settings.pop("thresholds"))
    chosen = {name: photos[name] for name in table["id"]}
    return detect.detect_faces(chosen, detector, **settings)


def average_positions(photos: dict[str, U8], detections: pd.DataFrame) -> F64:
    """Average where the faces lie in their photos.

    Args:
        photos: id -> photo.
        detections: of those photos.

    Returns:
        (7, 2) float64, as shares of width and height; see `relative_positions`.

    Raises:
        ValueError: MTCNN found no face in any photo.
    """
    if not detections["found"].any():
        raise ValueError(
            f"expected faces in the training photos, MTCNN found none in any of "
            f"{len(detections)}; look at data/03_primary, lower "
            "facenet_svm.detection.thresholds or enlarge its short_sides."
        )
    average: F64 = np.nanmean(align.relative_positions(photos, detections), axis=0)
    return average


def align_faces(
    photos: dict[str, U8],
    detections: pd.DataFrame,
    average_position: F64,
    encoder: Encoder,
) -> U8:
    """Cut the face of each detected photo as the encoder wants it.

    Args:
        photos: id -> photo.
        detections: a row for each face to cut, of `detect_faces`.
        average_position: (7, 2), for photos in which no face was found.
        encoder: says alignment and size.

    Returns:
        (N, S, S, 3) uint8 RGB, row i from the photo `detections["id"][i]`.
    """
    positions = align.relative_positions(photos, detections)
    chosen = {name: photos[name] for name in detections["id"]}
    return align.align_faces(chosen, positions, average_position, encoder.card)


def embed_faces(
    faces: U8, table: pd.DataFrame, encoder: Encoder, embedding: dict[str, Any]
) -> Embeddings:
    """Embed aligned faces, remembering the photo and the encoder of each.

    Args:
        faces: (N, S, S, 3) uint8 RGB, row i from the photo `table["id"][i]`.
        table: with the column `id`.
        encoder: takes S x S faces.
        embedding: `batch_size` and `test_time_flip` of `faces.embed.embed_faces`.
    """
    flips = "+flips" if embedding["test_time_flip"] else ""
    return Embeddings(
        ids=table["id"].to_numpy(np.str_),
        vectors=embed.embed_faces(faces, encoder, **embedding),
        encoder=np.array(encoder.card.fingerprint + flips),
    )


def fit_svm(
    embeddings: Embeddings,
    table: pd.DataFrame,
    class_names: list[str],
    svm: dict[str, Any],
    seed: int,
) -> FaceClassifier:
    """Fit the SVM that answers the test images.

    Args:
        embeddings: N of them.
        table: row i describes embedding i.
        class_names: the K names.
        svm: `multi_class`, `C`, `nrof_train_images_per_class`,
            `min_nrof_images_per_class` and `all_images_for_test`, which leaves
            the first of the two limits to validation, as the study did.
        seed: of all chance.
    """
    if svm["all_images_for_test"]:
        svm = svm | {"nrof_train_images_per_class": None}
    return _fit_rows(embeddings, table, table.index, class_names, svm, seed)


def validate_svm(
    embeddings: Embeddings,
    table: pd.DataFrame,
    class_names: list[str],
    svm: dict[str, Any],
    seed: int,
) -> pd.DataFrame:
    """Give every validation image the probabilities of an SVM that never saw it.

    Args: see `fit_svm`; the folds are the table's.

    Returns:
        One row a validated original: `id`, then a column for each person.
    """
    parts = []
    for _, train, validation in iterate_folds(table):
        fitted = _fit_rows(embeddings, table, train, class_names, svm, seed)
        parts.append(predict_probabilities(_take(embeddings, validation), fitted))
    return pd.concat(parts, ignore_index=True)


def cross_validate_svm(
    embeddings: Embeddings,
    table: pd.DataFrame,
    class_names: list[str],
    svm: dict[str, Any],
    n_folds: int,
    seed: int,
) -> dict[str, Any]:
    """Cross-validate on all training images, whatever the table's own split.

    The encoder is fixed, so this costs no more than a few fits of the SVM.

    Args: see `fit_svm`; `n_folds` is at least 2.

    Returns:
        `folds`, the `accuracies` on the originals of each, their `mean_accuracy`.
    """
    originals = table[table["copy"] == 0].sort_values("original")
    folds = assign_folds(originals["label"].to_numpy(), n_folds, seed)
    dealt = table.assign(fold=folds[table["original"]])
    predictions = validate_svm(embeddings, dealt, class_names, svm, seed).set_index(
        "id"
    )
    truth = dealt.set_index("id").loc[predictions.index]
    right = predictions[class_names].to_numpy().argmax(axis=1) == truth["label"]
    accuracies = right.groupby(truth["fold"]).mean()
    return {
        "folds": n_folds,
        "accuracies": accuracies.tolist(),
        "mean_accuracy": float(accuracies.mean()),
    }


def predict_probabilities(
    embeddings: Embeddings, fitted: FaceClassifier
) -> pd.DataFrame:
    """Give each person's probability for each face.

    Returns:
        One row an embedding: `id`, then a column for each person.

    Raises:
        ValueError: the classifier was trained on another encoder's embeddings.
    """
    probabilities = fitted.predict_probabilities(embeddings)
    table = pd.DataFrame(probabilities, columns=list(fitted.class_names))
    table.insert(0, "id", embeddings["ids"])
    return table


def collect_metadata(
    fitted: FaceClassifier,
    cross_validation: dict[str, Any],
    train_detections: pd.DataFrame,
    test_detections: pd.DataFrame,
) -> dict[str, Any]:
    """Collect what the metrics should say of this method beside its scores."""
    return {
        "encoder": fitted.encoder,
        "train_images": fitted.train_images,
        "no_face_found": {
            "train": int((~train_detections["found"]).sum()),
            "test": int((~test_detections["found"]).sum()),
        },
        "cross_validation": cross_validation,
    }


def _fit_rows(
    embeddings: Embeddings,
    table: pd.DataFrame,
    rows: pd.Index,
    class_names: list[str],
    svm: dict[str, Any],
    seed: int,
) -> FaceClassifier:
    """Fit the SVM on some rows, within the study's limits for each person."""
    labels = table["label"].to_numpy()[rows]
    chosen = rows[
        classifier.choose_train_rows(
            labels,
            svm["nrof_train_images_per_class"],
            svm["min_nrof_images_per_class"],
            np.random.default_rng(seed),
        )
    ]
    return classifier.fit_classifier(
        _take(embeddings, chosen),
        table["label"].to_numpy()[chosen],
        table["original"].to_numpy()[chosen],
        class_names,
        multi_class=svm["multi_class"],
        C=svm["C"],
        seed=seed,
    )


def _take(embeddings: Embeddings, rows: pd.Index) -> Embeddings:
    """Take some rows of embeddings."""
    return Embeddings(
        ids=embeddings["ids"][rows],
        vectors=embeddings["vectors"][rows],
        encoder=embeddings["encoder"],
    )
