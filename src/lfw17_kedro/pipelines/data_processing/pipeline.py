"""Wiring of `data_processing`."""

from kedro.pipeline import Node, Pipeline

from lfw17_kedro.pipelines.data_processing.nodes import (
    augment_train_images,
    list_test_images,
    make_photos,
    split_originals,
    validate_raw_faces,
)


def create_pipeline(**kwargs: object) -> Pipeline:
    """Raw faces -> checked arrays -> split -> augmented copies -> jpg photos."""
    return Pipeline(
        [
            Node(
                validate_raw_faces,
                inputs=["raw_faces", "params:height", "params:width"],
                outputs=[
                    "original_images",
                    "original_labels",
                    "test_images",
                    "test_labels",
                    "class_names",
                    "source_card",
                ],
                name="validate_raw_faces",
            ),
            Node(
                split_originals,
                inputs=["original_labels", "params:split", "params:seed"],
                outputs="original_folds",
                name="split_originals",
            ),
            Node(
                augment_train_images,
                inputs=[
                    "original_images",
                    "original_labels",
                    "original_folds",
                    "class_names",
                    "params:augmentation",
                    "params:seed",
                ],
                outputs=["train_images", "train_table"],
                name="augment_train_images",
            ),
            Node(
                list_test_images,
                inputs=["test_labels", "class_names"],
                outputs="test_table",
                name="list_test_images",
            ),
            Node(
                make_photos,
                inputs=["train_images", "train_table", "params:photo_short_side"],
                outputs="train_photos",
                name="make_train_photos",
            ),
            Node(
                make_photos,
                inputs=["test_images", "test_table", "params:photo_short_side"],
                outputs="test_photos",
                name="make_test_photos",
            ),
        ],
        namespace="data_processing",
        inputs={"raw_faces"},
        outputs={
            "train_images",
            "train_table",
            "train_photos",
            "test_images",
            "test_table",
            "test_photos",
            "class_names",
            "source_card",
        },
        parameters={"params:seed"},
    )
