"""Wiring of `data_processing`."""

from kedro.pipeline import Node, Pipeline

from lfw17_kedro.pipelines.data_processing.nodes import (
    align_test_photos,
    align_train_photos,
    augment_train_images,
    list_test_images,
    make_photos,
    split_originals,
    validate_raw_faces,
)


def create_pipeline(**kwargs: object) -> Pipeline:
    """Raw faces -> checked arrays -> split -> copies -> jpg photos -> aligned faces."""
    aligning = ["params:detection", "params:aligned_size"]
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
            Node(
                align_train_photos,
                inputs=["train_photos", "train_table", *aligning],
                outputs=["train_detections", "train_aligned", "mean_position"],
                name="align_train_photos",
            ),
            Node(
                align_test_photos,
                inputs=["test_photos", "test_table", *aligning, "mean_position"],
                outputs=["test_detections", "test_aligned"],
                name="align_test_photos",
            ),
        ],
        namespace="data_processing",
        inputs={"raw_faces"},
        outputs={
            "train_images",
            "train_table",
            "train_photos",
            "train_detections",
            "train_aligned",
            "test_images",
            "test_table",
            "test_photos",
            "test_detections",
            "test_aligned",
            "mean_position",
            "class_names",
            "source_card",
        },
        parameters={"params:seed"},
    )
