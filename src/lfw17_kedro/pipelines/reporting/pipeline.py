"""Wiring of `reporting`, for whatever methods there are."""

import warnings
from collections.abc import Mapping, Set

from kedro.pipeline import Node, Pipeline

from lfw17_kedro.pipelines.reporting.nodes import (
    collect_predictions,
    compare_methods,
    find_methods,
    plot_balance,
    plot_classes,
    plot_learning,
    plot_map,
    show_gallery,
    write_report,
)
from lfw17_kedro.reporting.data_card import describe_data
from lfw17_kedro.reporting.figures import plot_confusion, plot_reliability

FIGURES = ("confusion", "classes", "reliability", "map", "learning", "balance")
OF_DATA = ("train_images", "train_table", "test_images", "test_table", "class_names")


def create_pipeline(leaves: Mapping[str, Set[str]]) -> Pipeline:
    """Results of the methods -> answers -> tables and figures -> one page.

    Args:
        leaves: method -> the datasets its pipeline leaves, `<method>.<dataset>`; which
            of them exist is found out in the run.
    """
    metrics = [f"{method}.metrics" for method in leaves]
    results = [
        f"{method}.{name}"
        for method in leaves
        for name in ("metrics", "validation_probabilities", "test_probabilities")
    ]
    histories = _find(leaves, ("validation_history",))
    embeddings = _find(leaves, ("train_embeddings", "test_embeddings"))
    with warnings.catch_warnings():
        # Reading what the namespaces of the methods made is what this pipeline is for.
        warnings.filterwarnings("ignore", "One or more dataset names contain '.'")
        return Pipeline(
            [
                *_compare(metrics, results),
                *_plot_figures(histories, embeddings),
                Node(
                    write_report,
                    inputs=_same("comparison", "paired_tests", "class_scores")
                    | {"faces": "gallery"}
                    | _same("data_card", "left_out", "run_record")
                    | {figure: f"{figure}_figure" for figure in FIGURES},
                    outputs="report",
                    name="write_report",
                ),
            ],
            namespace="reporting",
            inputs={*results, *histories, *embeddings, *OF_DATA, "run_record"},
            parameters={"params:seed"},
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
            outputs=["comparison", "paired_tests", "class_scores"],
            name="compare_methods",
        ),
        Node(
            describe_data,
            inputs=_same(*OF_DATA) | {"source": "params:source", "ran": "methods"},
            outputs="data_card",
            name="describe_data",
        ),
        Node(
            show_gallery,
            inputs=_same("predictions", "test_images", "test_table", "class_names")
            | {"max_faces": "params:gallery.max_faces"},
            outputs=["gallery", "gallery_figure"],
            name="show_gallery",
        ),
    ]


def _plot_figures(histories: list[str], embeddings: list[str]) -> list[Node]:
    """Make the nodes that draw."""
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
            inputs="predictions",
            outputs="reliability_figure",
            name="plot_reliability",
        ),
        Node(
            plot_map,
            inputs=_same("predictions", "train_table", "class_names", *embeddings)
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


def _find(leaves: Mapping[str, Set[str]], names: tuple[str, ...]) -> list[str]:
    """Find which methods leave the datasets of these names."""
    return [
        f"{m}.{n}" for m, left in leaves.items() for n in names if f"{m}.{n}" in left
    ]
