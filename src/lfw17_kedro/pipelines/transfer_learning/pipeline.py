"""Wiring of `transfer_learning`."""

from kedro.pipeline import Node, Pipeline

from lfw17_kedro.faces.split import choose_photos
from lfw17_kedro.pipelines.transfer_learning.nodes import (
    build_backbone,
    choose_settings,
    collect_metadata,
    compute_features,
    train_network,
    validate_network,
)
from lfw17_kedro.pipelines.transfer_learning.record_nodes import (
    read_images,
    write_records,
)
from lfw17_kedro.training.people import predict_probabilities
from lfw17_kedro.training.wiring import wire_training


def create_pipeline(**kwargs: object) -> Pipeline:
    """Photos -> TFRecords -> features -> head -> fine-tuning -> probabilities."""
    train_inputs = [
        "backbone",
        "train_inputs",
        "train_features",
        "used_table",
        "class_names",
        "settings",
        "params:seed",
    ]
    return Pipeline(
        [
            Node(
                choose_settings,
                inputs=["params:backbone", "params:backbones", "params:training"],
                outputs="settings",
                name="choose_settings",
            ),
            Node(
                build_backbone,
                inputs=["settings", "efficientnet_weights"],
                outputs="backbone",
                name="build_backbone",
            ),
            Node(
                choose_photos,
                inputs=["train_table", "params:use_copies"],
                outputs="used_table",
                name="choose_train_photos",
            ),
            Node(
                write_records,
                inputs=[
                    "train_photos@jpg",
                    "used_table",
                    "test_photos@jpg",
                    "test_table",
                ],
                outputs="records",
                name="write_records",
            ),
            Node(
                read_images,
                inputs=["records", "used_table", "test_table", "settings"],
                outputs=["train_inputs", "test_inputs"],
                name="read_images",
            ),
            Node(
                compute_features,
                inputs=["backbone", "train_inputs"],
                outputs="train_features",
                name="compute_features",
            ),
            *wire_training(
                validate_network,
                train_network,
                predict_probabilities,
                train_inputs,
                "test_inputs",
            ),
            Node(
                collect_metadata,
                inputs=["settings", "used_table", "history"],
                outputs="metadata",
                name="collect_metadata",
            ),
        ],
        namespace="transfer_learning",
        inputs={
            "train_photos@jpg",
            "train_table",
            "test_photos@jpg",
            "test_table",
            "class_names",
        },
        parameters={"params:seed"},
    )
