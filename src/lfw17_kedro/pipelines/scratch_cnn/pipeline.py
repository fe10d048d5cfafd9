"""Wiring of `scratch_cnn`."""

from kedro.pipeline import Node, Pipeline

from lfw17_kedro.pipelines.scratch_cnn.nodes import (
    choose_settings,
    collect_metadata,
    predict_probabilities,
    train_cnn,
    validate_cnn,
)
from lfw17_kedro.training.wiring import wire_training


def create_pipeline(**kwargs: object) -> Pipeline:
    """Images -> networks for validation and for good -> probabilities."""
    train_inputs = [
        "train_images",
        "train_table",
        "class_names",
        "settings",
        "params:seed",
    ]
    return Pipeline(
        [
            Node(
                choose_settings,
                inputs=[
                    "params:architecture",
                    "params:architectures",
                    "params:precision",
                ],
                outputs="settings",
                name="choose_settings",
            ),
            *wire_training(
                validate_cnn,
                train_cnn,
                predict_probabilities,
                train_inputs,
                "test_images",
            ),
            Node(
                collect_metadata,
                inputs=["settings", "train_table", "history"],
                outputs="metadata",
                name="collect_metadata",
            ),
        ],
        namespace="scratch_cnn",
        inputs={
            "train_images",
            "train_table",
            "test_images",
            "test_table",
            "class_names",
        },
        parameters={"params:seed"},
    )
