"""Wiring of `ensemble`, for all registered methods."""

from collections.abc import Iterable

from kedro.pipeline import Node, Pipeline

from lfw17_kedro.pipelines.ensemble.nodes import SPLITS, pool_methods
from lfw17_kedro.pipelines.modelling import wire_results
from lfw17_kedro.pipelines.wiring import allow_dotted_names

NAME = "ensemble"
TABLES = ("train_table", "test_table", "class_names")


def create_pipeline(methods: Iterable[str]) -> Pipeline:
    """Probabilities of the methods -> those of the ensemble -> metrics and submission.

    Args:
        methods: their names; which of them were run is found out in the run.
    """
    results = [f"{m}.{split}_probabilities" for m in methods for split in SPLITS]
    with allow_dotted_names():
        return Pipeline(
            [
                Node(
                    pool_methods,
                    inputs={name: name for name in (*TABLES, *results)},
                    outputs=[
                        "metadata",
                        *(f"uncalibrated_{split}_probabilities" for split in SPLITS),
                    ],
                    name="pool",
                    tags="report",  # after all that is tagged train or predict
                ),
                *wire_results(NAME),
            ],
            namespace=NAME,
            inputs={*TABLES, *results},
        )
