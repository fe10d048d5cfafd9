"""Wiring of `evaluation`, one copy for each method."""

from functools import partial, update_wrapper

from kedro.pipeline import Node, Pipeline

from lfw17_kedro.pipelines.evaluation.nodes import make_submission, score_method


def create_pipeline(method: str) -> Pipeline:
    """Class probabilities of one method -> its metrics and its submission.

    Args:
        method: name and namespace of the method's pipeline, whose outputs
            `validation_probabilities`, `test_probabilities` and `facts` are scored.
    """
    score = update_wrapper(partial(score_method, method=method), score_method)
    return Pipeline(
        [
            Node(
                score,
                inputs=[
                    "validation_probabilities",
                    "test_probabilities",
                    "metadata",
                    "train_table",
                    "test_table",
                    "class_names",
                ],
                outputs="metrics",
                name="score_method",
            ),
            Node(
                make_submission,
                inputs=["test_probabilities", "class_names"],
                outputs="submission",
                name="make_submission",
            ),
        ],
        namespace=method,
        inputs={"train_table", "test_table", "class_names"},
    )
