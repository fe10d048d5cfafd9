"""Wiring of `reporting`, for all registered methods."""

from collections.abc import Mapping, Set

from kedro.pipeline import Node, Pipeline

from lfw17_kedro.pipelines.reporting.nodes import (
    collect_notes,
    collect_predictions,
    compare_methods,
    describe_data,
    find_methods,
    plot_balance,
    plot_classes,
    plot_confusion,
    plot_learning,
    plot_map,
    plot_reliability,
    show_examples,
    write_report,
)
from lfw17_kedro.pipelines.wiring import allow_dotted_names

# Its inputs may be results of any runs; the nodes check themselves whether they fit.
COMPARES_RUNS = "compares_runs"
IN_PAGE = ("classes", "reliability", "map", "learning", "balance")  # figures
IMAGES = ("train_images", "train_table", "test_images", "test_table", "class_names")


def create_pipeline(outputs: Mapping[str, Set[str]], embeds: Set[str]) -> Pipeline:
    """Results of the methods -> predictions -> tables and figures -> one page.

    Args:
        outputs: method -> the datasets its pipeline makes, `<method>.<dataset>`; which
            of them exist is found out in the run.
        embeds: the methods whose features are embeddings, for the map.
    """
    metrics = [f"{method}.metrics" for method in outputs]
    results = [
        f"{method}.{name}"
        for method in outputs
        for name in ("metrics", "validation_probabilities", "test_probabilities")
    ]
    histories = _find(outputs, "validation_history")
    embedding = {method: outputs[method] for method in outputs if method in embeds}
    features = _find(embedding, "train_features", "test_features")
    with allow_dotted_names():
        return Pipeline(
            [
                *_compare(metrics, results),
                *_plot_figures(metrics, histories, features),
                Node(
                    write_report,
                    inputs=_same("predictions", "class_names", "comparison")
                    | _same("paired_tests", "class_scores", "temperatures")
                    | _same("examples", "data_card", "left_out", "notes", "run_record")
                    | {figure: f"{figure}_figure" for figure in IN_PAGE},
                    outputs="report",
                    name="write_report",
                ),
            ],
            namespace="reporting",
            inputs={
                *results,
                *histories,
                *features,
                *IMAGES,
                "source_card",
                "run_record",
            },
            parameters={"params:seed"},
            tags={"report", COMPARES_RUNS},
        )


def _compare(metrics: list[str], results: list[str]) -> list[Node]:
    """Make the nodes that find, check and compare results."""
    return [
        Node(
            find_methods,
            inputs={name: name for name in metrics},
            outputs="methods",
            name="find_methods",
        ),
        Node(
            collect_predictions,
            inputs={"ran": "methods"}
            | _same("train_table", "test_table", "class_names", "run_record", *results),
            outputs=["predictions", "left_out"],
            name="collect_predictions",
        ),
        Node(
            compare_methods,
            inputs=_same("predictions", "run_record", *metrics),
            outputs=["comparison", "paired_tests", "class_scores", "temperatures"],
            name="compare_methods",
        ),
        Node(
            collect_notes,
            inputs=_same("predictions", *metrics),
            outputs="notes",
            name="collect_notes",
        ),
        Node(
            describe_data,
            inputs=_same(*IMAGES, "source_card") | {"ran": "methods"},
            outputs="data_card",
            name="describe_data",
        ),
        Node(
            show_examples,
            inputs=_same("predictions", *IMAGES)
            | {"max_faces": "params:examples.max_faces"},
            outputs=["examples", "examples_figure"],
            name="show_examples",
        ),
    ]


def _plot_figures(
    metrics: list[str], histories: list[str], features: list[str]
) -> list[Node]:
    """Make the nodes that plot."""
    return [
        Node(
            plot_confusion,
            inputs=["predictions", "class_names"],
            outputs="confusion_figure",
            name="plot_confusion",
        ),
        Node(
            plot_classes,
            inputs=["class_scores", "predictions"],
            outputs="classes_figure",
            name="plot_classes",
        ),
        Node(
            plot_reliability,
            inputs=_same("predictions", *metrics),
            outputs="reliability_figure",
            name="plot_reliability",
        ),
        Node(
            plot_map,
            inputs=_same("predictions", "train_table", "class_names", *features)
            | {"settings": "params:map", "seed": "params:seed"},
            outputs="map_figure",
            name="plot_map",
        ),
        Node(
            plot_learning,
            inputs=_same("predictions", *histories),
            outputs="learning_figure",
            name="plot_learning",
        ),
        Node(
            plot_balance,
            inputs="data_card",
            outputs="balance_figure",
            name="plot_balance",
        ),
    ]


def _same(*names: str) -> dict[str, str]:
    """Hand datasets to arguments of the same name."""
    return {name: name for name in names}


def _find(outputs: Mapping[str, Set[str]], *names: str) -> list[str]:
    """Find the datasets of these names, of the methods that make all of them."""
    found = []
    for method, made in outputs.items():
        datasets = [f"{method}.{name}" for name in names]
        if made >= set(datasets):
            found += datasets
    return found
