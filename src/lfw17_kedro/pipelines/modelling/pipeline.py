"""Wiring of the template, instantiated once per method."""

from collections.abc import Callable, Iterable
from typing import Any

from kedro.pipeline import Node, Pipeline

from lfw17_kedro.pipelines.modelling.calibrate import calibrate_probabilities
from lfw17_kedro.pipelines.modelling.method import Method
from lfw17_kedro.pipelines.modelling.nodes import (
    cross_validate_model,
    fit_model,
    predict_images,
    validate_model,
)
from lfw17_kedro.pipelines.modelling.results import make_submission, score_method
from lfw17_kedro.pipelines.wiring import bind_arguments
from lfw17_kedro.training.checkpoint import delete_checkpoint

# Datasets outside every method's namespace; a method reads those that it needs.
SHARED = {
    "train_images",
    "train_photos",
    "train_detections",
    "train_aligned",
    "train_table",
    "test_images",
    "test_photos",
    "test_detections",
    "test_aligned",
    "test_table",
    "mean_position",
    "class_names",
    "weights",
}


def create_pipeline(method: Method) -> Pipeline:
    """Photos -> features -> validation, final model -> metrics and submission.

    Args:
        method: whose name becomes the namespace. Its parameters are `params:<name>`,
            inside the pipeline `params:settings`.
    """
    features = method.create_features()
    described = features.outputs() & {"feature_metadata"}
    pipeline = features + Pipeline(
        [
            *_wire_fits(method),
            _wire_prediction(method),
            *wire_results(method.name, ["cross_validation", *described]),
        ]
    )
    return Pipeline(
        pipeline,
        namespace=method.name,
        inputs=SHARED & pipeline.inputs(),
        parameters={
            "params:seed": "params:seed",
            "params:settings": f"params:{method.name}",
        },
    )


def _wire_fits(method: Method) -> list[Node]:
    """Make the nodes that fit models; a resumable one keeps and drops checkpoints."""
    common = {
        "features": "train_features",
        "table": "train_table",
        "class_names": "class_names",
        "settings": "params:settings",
        "seed": "params:seed",
    } | {name: name for name in method.resources}
    # function, outputs, those of a resumable method, tag; the first output is small
    # and says that all are saved.
    fits: dict[str, tuple[Callable[..., Any], list[str], list[str], str]] = {
        "validate": (
            validate_model,
            ["uncalibrated_validation_probabilities"],
            ["validation_history"],
            "validate",
        ),
        "cross_validate": (
            cross_validate_model,
            ["cross_validation", "uncalibrated_out_of_fold_probabilities"],
            [],
            "validate",
        ),
        "fit": (fit_model, ["metadata", "model"], ["history"], "train"),
    }
    nodes = []
    for name, (function, outputs, histories, tag) in fits.items():
        checkpoint = {"checkpoint": f"{name}_checkpoint"} if method.resumable else {}
        saved = [*outputs, *histories] if method.resumable else outputs
        saved = [*saved, *method.exports] if function is fit_model else saved
        nodes.append(
            Node(
                bind_arguments(function, method=method),
                inputs=common | checkpoint,
                outputs=saved if len(saved) > 1 else saved[0],
                name=name,
                tags=tag,
            )
        )
        if method.resumable:
            nodes.append(
                Node(
                    delete_checkpoint,
                    inputs=[saved[0], *checkpoint.values()],
                    outputs=None,
                    name=f"delete_{name}_checkpoint",
                )
            )
    return nodes


def _wire_prediction(method: Method) -> Node:
    """Make the node that predicts the test images."""
    return Node(
        bind_arguments(predict_images, method=method),
        inputs=["model", "test_features", "test_table", "class_names"],
        outputs="uncalibrated_test_probabilities",
        name="predict",
        tags="predict",
    )


def wire_results(name: str, described: Iterable[str] = ()) -> list[Node]:
    """Make the nodes that calibrate probabilities, score them and submit.

    Args:
        name: of the method.
        described: further datasets for the metrics: `cross_validation`,
            `feature_metadata`.
    """
    raw = {
        split: f"uncalibrated_{split}_probabilities"
        for split in ("validation", "out_of_fold", "test")
    }
    scored = [
        *("validation_probabilities", "test_probabilities"),
        *(raw["validation"], raw["test"]),
        *("calibration", "metadata", "train_table", "test_table", "class_names"),
        *described,
    ]
    return [
        Node(
            calibrate_probabilities,
            inputs=raw | {one: one for one in ("train_table", "class_names")},
            outputs=["calibration", *(f"{split}_probabilities" for split in raw)],
            name="calibrate",
            tags="report",
        ),
        Node(
            bind_arguments(score_method, name=name),
            inputs={one: one for one in scored},
            outputs="metrics",
            name="score",
            tags="report",
        ),
        Node(
            make_submission,
            inputs=["test_probabilities", "test_table", "class_names"],
            outputs="submission",
            name="submit",
            tags="report",
        ),
    ]
