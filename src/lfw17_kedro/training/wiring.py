"""Wiring that every trained network shares."""

from collections.abc import Callable
from typing import Any

from kedro.pipeline import Node

from lfw17_kedro.training.fit import delete_checkpoint


def wire_training(
    validate: Callable[..., Any],
    train: Callable[..., Any],
    predict: Callable[..., Any],
    train_inputs: list[str],
    test_images: str,
) -> list[Node]:
    """Train for validation and for good, then name the people of the test images.

    Args:
        validate: maps `train_inputs` and a state folder to validation probabilities
            and history.
        train: maps the same to model and history.
        predict: maps model, test images, their table and people to probabilities.
        train_inputs: datasets.
        test_images: dataset.

    Returns:
        Nodes from there to `model`, `test_probabilities`, `history` and their like for
        validation. State that a killed run needs is removed once its results are saved.
    """
    return [
        Node(
            validate,
            inputs=[*train_inputs, "validation_checkpoint"],
            outputs=["validation_probabilities", "validation_history"],
            name=validate.__name__,
        ),
        Node(
            delete_checkpoint,
            inputs=["validation_probabilities", "validation_checkpoint"],
            outputs=None,
            name="delete_validation_checkpoint",
        ),
        Node(
            train,
            inputs=[*train_inputs, "final_checkpoint"],
            outputs=["model", "history"],
            name=train.__name__,
        ),
        Node(
            predict,
            inputs=["model", test_images, "test_table", "class_names"],
            outputs="test_probabilities",
            name="predict_test_images",
        ),
        Node(
            delete_checkpoint,
            inputs=["test_probabilities", "final_checkpoint"],
            outputs=None,
            name="delete_final_checkpoint",
        ),
    ]
