"""Wiring of what is `facenet_svm`'s own."""

from kedro.pipeline import Node, Pipeline

from lfw17_kedro.pipelines.facenet_svm.nodes import (
    build_encoder,
    describe_features,
    embed_photos,
    fit,
    predict,
)
from lfw17_kedro.pipelines.facenet_svm.settings import FacenetSvmSettings
from lfw17_kedro.pipelines.modelling import Method

SPLITS = (("train", "train"), ("test", "predict"))  # split, tag of its nodes


def create_features() -> Pipeline:
    """Photos and where their faces are -> aligned and embedded faces."""
    return Pipeline(
        [
            Node(
                build_encoder,
                inputs=["params:encoder", "params:encoder_options", "weights"],
                outputs=["encoder", "encoder_card"],
                name="build_encoder",
                tags="train",
            ),
            *(_embed(split, tag) for split, tag in SPLITS),
            Node(
                describe_features,
                inputs=["train_detections", "test_detections"],
                outputs="feature_metadata",
                name="describe_features",
                tags="report",
            ),
        ]
    )


def _embed(split: str, tag: str) -> Node:
    """Make the node that embeds the photos of a split."""
    return Node(
        embed_photos,
        inputs=[
            *(f"{split}_photos", f"{split}_table", f"{split}_detections"),
            *("mean_position", "encoder", "params:embedding"),
        ],
        outputs=f"{split}_features",
        name=f"embed_{split}_photos",
        tags=tag,
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
