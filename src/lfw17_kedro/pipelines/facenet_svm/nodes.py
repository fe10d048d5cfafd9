"""What is `facenet_svm`'s own: photos -> embeddings, and a linear SVM on them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lfw17_kedro.encoders import registry
from lfw17_kedro.face_classifier import FaceClassifier
from lfw17_kedro.faces.ids import check_ids
from lfw17_kedro.pipelines.encoder_settings import EncoderOptionSettings
from lfw17_kedro.pipelines.facenet_svm import settings as s
from lfw17_kedro.pipelines.modelling import Fitted
from lfw17_kedro.types import (
    F64,
    U8,
    Encoder,
    EncoderCard,
    Features,
    ReadWeights,
    Table,
)


def build_encoder(
    name: str, options: EncoderOptionSettings, read_weights: ReadWeights
) -> tuple[Encoder, EncoderCard]:
    """Build an encoder, see `registry.build_encoder`; gives it and its description."""
    encoder = registry.build_encoder(name, read_weights, options.to_options())
    return encoder, encoder.card


def embed_photos(
    photos: Mapping[str, U8],
    table: Table,
    detections: Table,
    mean_position: F64,
    encoder: Encoder,
    embedding: s.EmbeddingSettings,
) -> Features:
    """Align and embed the face of each photo of a table.

    Args:
        photos: id -> photo, opened when asked for.
        table: with the column `id`.
        detections: of `data_processing`: where the faces are.
        mean_position: where faces are expected in photos without one, (7, 2).
        encoder: says how faces are aligned, and embeds them.
        embedding: arguments of `faces.embed.embed_photos`.

    Returns:
        Features whose array `vectors` is (N, D) float32, rows of L2 norm 1.

    Raises:
        ValueError: photos or detections are not those of the table.
    """
    from lfw17_kedro.faces.detect import read_positions
    from lfw17_kedro.faces.embed import embed_photos as embed
    from lfw17_kedro.threads import map_ahead

    check_ids(list(photos), table, "photos")
    check_ids(detections["id"], table, "detections", in_order=True)
    photo_ids = list(table["id"])
    positions = read_positions(detections, mean_position)

    def locate(row: int) -> tuple[int, U8, F64]:
        return row, photos[photo_ids[row]], positions[row]

    located = map_ahead(locate, range(len(photo_ids)), embedding.batch_size)
    vectors = embed(located, len(photo_ids), encoder, **embedding.model_dump())
    flips = "+flips" if embedding.test_time_flip else ""
    return Features(
        ids=np.array(photo_ids, np.str_),
        arrays={"vectors": vectors},
        fingerprint=encoder.card.fingerprint + flips,
    )


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
    labels, originals = table["label"].to_numpy(), table["original"].to_numpy()
    rows = choose_train_rows(
        labels,
        originals,
        None if unlimited else svm.nrof_train_images_per_class,
        svm.min_nrof_images_per_class,
        np.random.default_rng(seed),
    )
    classifier, study_model = fit_classifier(
        features.take(rows),
        labels[rows],
        originals[rows],
        class_names,
        multi_class=svm.multi_class,
        C=svm.C,
        seed=seed,
    )
    metadata = {
        "encoder": classifier.encoder,
        "train_images": classifier.train_images,
    }
    exports = {"study_model": (study_model, class_names)}
    return Fitted(classifier, metadata, exports=exports)


def predict(model: FaceClassifier, features: Features) -> F64:
    """Predict with the SVM; see `Predict`."""
    from lfw17_kedro.faces.classifier import predict_probabilities

    return predict_probabilities(model, features)
