"""Wiring of `scratch_cnn`."""

from kedro.pipeline import Node, Pipeline

from lfw17_kedro.pipelines.scratch_cnn.nodes import (
    choose_settings,
    collect_facts,
    predict_people,
    train_cnn,
    validate_cnn,
)
from lfw17_kedro.training.fit import forget_state


def create_pipeline(**kwargs: object) -> Pipeline:
    """Images -> networks for validation and for good -> probabilities."""
    train_inputs = ["train_images", "train_table", "people", "settings", "params:seed"]
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
            Node(
                validate_cnn,
                inputs=[*train_inputs, "validation_state"],
                outputs=["validation_probabilities", "validation_history"],
                name="validate_cnn",
            ),
            Node(
                forget_state,
                inputs=["validation_probabilities", "validation_state"],
                outputs=None,
                name="forget_validation_state",
            ),
            Node(
                train_cnn,
                inputs=[*train_inputs, "final_state"],
                outputs=["model", "history"],
                name="train_cnn",
            ),
            Node(
                predict_people,
                inputs=["model", "test_images", "test_table", "people"],
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
                inputs=["settings", "train_table", "history"],
                outputs="facts",
                name="collect_facts",
            ),
        ],
        namespace="scratch_cnn",
        inputs={"train_images", "train_table", "test_images", "test_table", "people"},
        parameters={"params:seed"},
    )
