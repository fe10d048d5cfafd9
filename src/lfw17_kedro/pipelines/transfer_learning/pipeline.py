"""Wiring of what is `transfer_learning`'s own."""

from kedro.pipeline import Node, Pipeline

from lfw17_kedro.pipelines.modelling import Method
from lfw17_kedro.pipelines.transfer_learning.features import (
    make_test_features,
    make_train_features,
    write_records,
)
from lfw17_kedro.pipelines.transfer_learning.nodes import (
    build_backbone,
    fit,
    predict,
)
from lfw17_kedro.pipelines.transfer_learning.settings import TransferLearningSettings


def create_features() -> Pipeline:
    """Photos -> TFRecords -> views, and the frozen backbone's features."""
    chosen = ["params:backbone", "params:backbones"]
    return Pipeline(
        [
            Node(
                build_backbone,
                inputs=[*chosen, "weights"],
                outputs="backbone",
                name="build_backbone",
                tags="train",
            ),
            Node(
                write_records,
                inputs=["train_photos", "train_table", "test_photos", "test_table"],
                outputs="records",
                name="write_records",
                tags="train",
            ),
            Node(
                make_train_features,
                inputs=[
                    *("records", "train_aligned", "train_table", "params:networks"),
                    *(*chosen, "backbone"),
                ],
                outputs="train_features",
                name="make_train_features",
                tags="train",
            ),
            Node(
                make_test_features,
                inputs=[
                    *("records", "test_aligned", "test_table", "params:networks"),
                    *chosen,
                ],
                outputs="test_features",
                name="make_test_features",
                tags="predict",
            ),
        ]
    )


METHOD = Method(
    name="transfer_learning",
    settings=TransferLearningSettings,
    create_features=create_features,
    fit=fit,
    predict=predict,
    resumable=True,
    resources=("backbone",),
)
