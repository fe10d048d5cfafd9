"""What is `facenet_svm`'s own: photos -> embeddings, and a linear SVM on them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lfw17_kedro.encoders import registry
from lfw17_kedro.face_classifier import FaceClassifier
from lfw17_kedro.pipelines.encoder_settings import EncoderOptionSettings
from lfw17_kedro.pipelines.facenet_svm import settings as s
from lfw17_kedro.pipelines.modelling import Fitted
from lfw17_kedro.types import (
    F64,
    U8,
    Encoder,
    EncoderCard,
    EncoderOptions,
    Features,
    ReadWeights,
    Table,
)


def build_encoder(
    name: str, options: EncoderOptionSettings, read_weights: ReadWeights
) -> tuple[Encoder, EncoderCard]:
    """Build an encoder, see `registry.build_encoder`; gives it and its description."""
    chosen = EncoderOptions(**options.model_dump())
    encoder = registry.build_encoder(name, read_weights, chosen)
    return encoder, encoder.card


def embed_photos(
    photos: Mapping[str, U8],
    table: Table,
    encoder: Encoder,
    detection: s.DetectionSettings,
    embedding: s.EmbeddingSettings,
    mean_position: F64 | None = None,
) -> tuple[Table, Features, F64]:
    """Find, align and embed the face of each photo of a table, in one pass.

    Args:
        photos: id -> photo, opened when asked for.
        table: with the column `id`.
        encoder: says how faces are aligned, and embeds them.
        detection: arguments of `find_faces`, and of MTCNN.
        embedding: arguments of `embed_photos`.
        mean_position: where faces are expected in photos without one, None for the
            mean of these photos.

    Returns:
        The detections (see `tabulate_detections`), the embeddings, and the mean
        position of the faces found.

    Raises:
        ValueError: the photos are not those of the table, or no face was found in any.
    """
    from lfw17_kedro.encoders.mtcnn import build_detector
    from lfw17_kedro.faces import detect, embed
    from lfw17_kedro.faces.ids import check_ids

    check_ids(list(photos), table, "photos")
    photo_ids = list(table["id"])
    settings = detection.model_dump()
    thresholds, min_face_size = map(settings.pop, ("thresholds", "min_face_size"))
    detector = build_detector(thresholds, min_face_size)
    found = detect.find_faces(photos, photo_ids, detector, **settings)
    vectors, positions, confidences = embed.embed_photos(
        found, photos, photo_ids, encoder, mean_position, **embedding.model_dump()
    )
    if mean_position is None:
        mean_position = embed.average_positions(positions)
    flips = "+flips" if embedding.test_time_flip else ""
    features = Features(
        ids=np.array(photo_ids, np.str_),
        arrays={"vectors": vectors},
        fingerprint=encoder.card.fingerprint + flips,
    )
    detections = detect.tabulate_detections(photo_ids, positions, confidences)
    return detections, features, mean_position


def embed_test_photos(
    photos: Mapping[str, U8],
    table: Table,
    encoder: Encoder,
    detection: s.DetectionSettings,
    embedding: s.EmbeddingSettings,
    mean_position: F64,
) -> tuple[Table, Features]:
    """Embed the test photos; see `embed_photos`.

    Photos without a face are aligned with the mean position of the training faces,
    so that the test set stays complete.
    """
    return embed_photos(photos, table, encoder, detection, embedding, mean_position)[:2]


def describe_features(
    train_detections: Table, test_detections: Table
) -> dict[str, Any]:
    """Count the photos without a face, for the metrics."""
    return {
        "no_face_found": {
            "train": int((~train_detections["found"]).sum()),
            "test": int((~test_detections["found"]).sum()),
        },
    }


def fit(
    features: Features,
    table: Table,
    class_names: list[str],
    settings: s.FacenetSvmSettings,
    seed: int,
    *,
    final: bool,
    checkpoint: Path | None,
    validation: tuple[Features, Table] | None,
) -> Fitted:
    """Fit the SVM within the study's limits for each person; see `Fit`.

    It exports `study_model`, scikit-learn's SVM with the names, as the study kept it.
    With `all_images_for_test` the first limit holds in validation alone, as in the
    study.
    """
    from lfw17_kedro.faces.classifier import choose_train_rows, fit_classifier

    svm = settings.svm
    unlimited = final and svm.all_images_for_test
    labels = table["label"].to_numpy()
    rows = choose_train_rows(
        labels,
        None if unlimited else svm.nrof_train_images_per_class,
        svm.min_nrof_images_per_class,
        np.random.default_rng(seed),
    )
    classifier, svm = fit_classifier(
        features.take(rows),
        labels[rows],
        table["original"].to_numpy()[rows],
        class_names,
        multi_class=svm.multi_class,
        C=svm.C,
        seed=seed,
    )
    metadata = {
        "encoder": classifier.encoder,
        "train_images": classifier.train_images,
    }
    exports = {"study_model": (svm, class_names)}
    return Fitted(classifier, metadata, exports=exports)


def predict(model: FaceClassifier, features: Features) -> F64:
    """Predict with the SVM; see `Predict`."""
    from lfw17_kedro.faces.classifier import predict_probabilities

    return predict_probabilities(model, features)
