"""Wiring of `facenet_svm`."""

from kedro.pipeline import Node, Pipeline

from lfw17_kedro.faces.split import choose_photos
from lfw17_kedro.pipelines.facenet_svm.nodes import (
    align_faces,
    average_positions,
    build_encoder,
    collect_metadata,
    cross_validate_svm,
    detect_faces,
    embed_faces,
    fit_svm,
    predict_probabilities,
    validate_svm,
)


def create_pipeline(**kwargs: object) -> Pipeline:
    """Photos -> landmarks -> aligned faces -> embeddings -> SVM -> probabilities."""
    fit_inputs = ["train_embeddings", "used_table", "class_names", "params:svm"]
    nodes = [
        Node(
            build_encoder,
            inputs=[
                "params:encoder",
                "params:facenet",
                "dlib_weights",
                "facenet_weights",
            ],
            outputs="encoder",
            name="build_encoder",
        ),
        Node(
            choose_photos,
            inputs=["train_table", "params:use_copies"],
            outputs="used_table",
            name="choose_train_photos",
        ),
        Node(
            average_positions,
            inputs=["train_photos@pixels", "train_detections"],
            outputs="average_position",
            name="average_positions",
        ),
        Node(
            validate_svm,
            inputs=[*fit_inputs, "params:seed"],
            outputs="validation_probabilities",
            name="validate_svm",
        ),
        Node(
            cross_validate_svm,
            inputs=[*fit_inputs, "params:cross_validation_folds", "params:seed"],
            outputs="cross_validation",
            name="cross_validate_svm",
        ),
        Node(
            fit_svm,
            inputs=[*fit_inputs, "params:seed"],
            outputs="classifier",
            name="fit_svm",
        ),
        Node(
            predict_probabilities,
            inputs=["test_embeddings", "classifier"],
            outputs="test_probabilities",
            name="predict_test_images",
        ),
        Node(
            collect_metadata,
            inputs=[
                "classifier",
                "cross_validation",
                "train_detections",
                "test_detections",
            ],
            outputs="metadata",
            name="collect_metadata",
        ),
    ]
    for side, table in (("train", "used_table"), ("test", "test_table")):
        nodes += [
            Node(
                detect_faces,
                inputs=[f"{side}_photos@pixels", table, "params:detection"],
                outputs=f"{side}_detections",
                name=f"detect_{side}_faces",
            ),
            Node(
                align_faces,
                inputs=[
                    f"{side}_photos@pixels",
                    f"{side}_detections",
                    "average_position",
                    "encoder",
                ],
                outputs=f"aligned_{side}_faces",
                name=f"align_{side}_faces",
            ),
            Node(
                embed_faces,
                inputs=[f"aligned_{side}_faces", table, "encoder", "params:embedding"],
                outputs=f"{side}_embeddings",
                name=f"embed_{side}_faces",
            ),
        ]
    return Pipeline(
        nodes,
        namespace="facenet_svm",
        inputs={
            "train_photos@pixels",
            "train_table",
            "test_photos@pixels",
            "test_table",
            "class_names",
        },
        parameters={"params:seed"},
    )
