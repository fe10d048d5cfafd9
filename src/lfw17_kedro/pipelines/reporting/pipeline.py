"""Wiring of `reporting`, for whatever methods there are."""

import warnings
from collections.abc import Mapping, Set

from kedro.pipeline import Node, Pipeline

from lfw17_kedro.pipelines.reporting.nodes import (
    collect_answers,
    compare_methods,
    draw_balance,
    draw_learning,
    draw_map,
    draw_people,
    find_methods,
    show_gallery,
    write_report,
)
from lfw17_kedro.reporting.data_card import describe_data
from lfw17_kedro.reporting.figures import draw_confusion, draw_reliability

FIGURES = ("confusion", "people", "reliability", "map", "learning", "balance")
OF_DATA = ("train_images", "train_table", "test_images", "test_table", "people")


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
                *_draw_figures(histories, embeddings),
                Node(
                    write_report,
                    inputs=_same("comparison", "paired_tests", "people_scores")
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
            collect_answers,
            inputs={"ran": "methods"}
            | _same("train_table", "test_table", "people", "run_record", *results),
            outputs=["answers", "left_out"],
            name="collect_answers",
        ),
        Node(
            compare_methods,
            inputs=_same("answers", "run_record", *metrics),
            outputs=["comparison", "paired_tests", "people_scores"],
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
            inputs=_same("answers", "test_images", "test_table", "people")
            | {"most_faces": "params:gallery.most_faces"},
            outputs=["gallery", "gallery_figure"],
            name="show_gallery",
        ),
    ]


def _draw_figures(histories: list[str], embeddings: list[str]) -> list[Node]:
    """Make the nodes that draw."""
    return [
        Node(
            draw_confusion,
            inputs=["answers", "people"],
            outputs="confusion_figure",
            name="draw_confusion",
        ),
        Node(
            draw_people,
            inputs=["people_scores", "answers"],
            outputs="people_figure",
            name="draw_people",
        ),
        Node(
            draw_reliability,
            inputs="answers",
            outputs="reliability_figure",
            name="draw_reliability",
        ),
        Node(
            draw_map,
            inputs=_same("answers", "train_table", "people", *embeddings)
            | {"settings": "params:map", "seed": "params:seed"},
            outputs="map_figure",
            name="draw_map",
        ),
        Node(
            draw_learning,
            inputs=_same("answers", *histories),
            outputs="learning_figure",
            name="draw_learning",
        ),
        Node(
            draw_balance,
            inputs="data_card",
            outputs="balance_figure",
            name="draw_balance",
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
