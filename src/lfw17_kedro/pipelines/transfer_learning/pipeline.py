"""Wiring of `transfer_learning`."""

from kedro.pipeline import Node, Pipeline

from lfw17_kedro.pipelines.transfer_learning.nodes import (
    build_backbone,
    choose_settings,
    choose_train_photos,
    collect_facts,
    compute_features,
    read_images,
    train_network,
    validate_network,
    write_records,
)
from lfw17_kedro.training.fit import forget_state
from lfw17_kedro.training.people import predict_people


def create_pipeline(**kwargs: object) -> Pipeline:
    """Photos -> TFRecords -> features -> head -> fine-tuning -> probabilities."""
    train_inputs = [
        "backbone",
        "train_inputs",
        "train_features",
        "used_table",
        "people",
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
                choose_train_photos,
                inputs=["train_table", "settings"],
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
            Node(
                validate_network,
                inputs=[*train_inputs, "validation_state"],
                outputs=["validation_probabilities", "validation_history"],
                name="validate_network",
            ),
            Node(
                forget_state,
                inputs=["validation_probabilities", "validation_state"],
                outputs=None,
                name="forget_validation_state",
            ),
            Node(
                train_network,
                inputs=[*train_inputs, "final_state"],
                outputs=["model", "history"],
                name="train_network",
            ),
            Node(
                predict_people,
                inputs=["model", "test_inputs", "test_table", "people"],
                outputs="test_probabilities",
                name="predict_test_people",
            ),
            Node(
                forget_state,
                inputs=["test_probabilities", "final_state"],
                outputs=None,
                name="forget_final_state",
            ),
            Node(
                collect_facts,
                inputs=["settings", "used_table", "history"],
                outputs="facts",
                name="collect_facts",
            ),
        ],
        namespace="transfer_learning",
        inputs={
            "train_photos@jpg",
            "train_table",
            "test_photos@jpg",
            "test_table",
            "people",
        },
        parameters={"params:seed"},
    )
