"""Wiring of what is `facenet_svm`'s own."""

from kedro.pipeline import Node, Pipeline

from lfw17_kedro.pipelines.facenet_svm.nodes import (
    build_encoder,
    describe_features,
    embed_photos,
    embed_test_photos,
    fit,
    predict,
)
from lfw17_kedro.pipelines.facenet_svm.settings import FacenetSvmSettings
from lfw17_kedro.pipelines.modelling import Method


def create_features() -> Pipeline:
    """Photos -> detected, aligned and embedded faces."""
    settings = ["encoder", "params:detection", "params:embedding"]
    return Pipeline(
        [
            Node(
                build_encoder,
                inputs=["params:encoder", "params:encoder_options", "weights"],
                outputs=["encoder", "encoder_card"],
                name="build_encoder",
                tags="train",
            ),
            Node(
                embed_photos,
                inputs=["train_photos", "train_table", *settings],
                outputs=["train_detections", "train_features", "mean_position"],
                name="embed_train_photos",
                tags="train",
            ),
            Node(
                embed_test_photos,
                inputs=["test_photos", "test_table", *settings, "mean_position"],
                outputs=["test_detections", "test_features"],
                name="embed_test_photos",
                tags="predict",
            ),
            Node(
                describe_features,
                inputs=["train_detections", "test_detections"],
                outputs="feature_metadata",
                name="describe_features",
                tags="report",
            ),
        ]
    )


METHOD = Method(
    name="facenet_svm",
    settings=FacenetSvmSettings,
    create_features=create_features,
    fit=fit,
    predict=predict,
    exports=("study_model",),
    embeds=True,
)
