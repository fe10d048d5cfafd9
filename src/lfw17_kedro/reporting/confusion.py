"""Confusion matrices: which people are predicted as which."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots
from sklearn.metrics import confusion_matrix

from lfw17_kedro.reporting.figures import choose_split
from lfw17_kedro.reporting.style import (
    break_note,
    describe_figure,
    escape_markup,
    plot_note,
    set_look,
    spell_note,
)
from lfw17_kedro.types import I64

MAX_PRINTED = 12  # people up to whom a matrix shows its numbers
MAX_PEOPLE = 30  # people in a matrix; of more, those with the most mistakes
COLUMNS = 2  # matrices side by side


def plot_confusion(predictions: pd.DataFrame, class_names: list[str]) -> go.Figure:
    """Plot the confusion matrix of each method.

    Args:
        predictions: a table of predictions; see `predictions`.
        class_names: the K names.

    Returns:
        One heatmap per method. Of more than `MAX_PEOPLE` people the figure shows those
        with the most mistakes, and says so.
    """
    split, shown = choose_split(predictions)
    matrices = {
        str(method): confusion_matrix(
            own["truth"], own["predicted"], labels=np.arange(len(class_names))
        )
        for method, own in shown.groupby("method", sort=False)
    }
    people = choose_people(matrices.values())
    description = _describe_matrices(matrices, class_names, split)
    if not len(people):
        note = f"No mistakes on the {split} images of {len(class_names)} people."
        return describe_figure(plot_note(note), f"{note} {description}")
    note = ""
    if len(people) < len(class_names):
        note = f"{len(people)} of {len(class_names)} people: most mistakes"
    figure = _plot_matrices(
        {method: matrix[np.ix_(people, people)] for method, matrix in matrices.items()},
        [escape_markup(class_names[label]) for label in people],
        [escape_markup(method) for method in matrices],
    )
    figure.update_xaxes(title_text=f"predicted<br>{split} images" + break_note(note))
    return describe_figure(figure, description, spell_note(note))


def choose_people(matrices: Iterable[I64]) -> I64:
    """Choose the people to show.

    Args:
        matrices: each (K, K) int64, rows are the truth, columns the prediction.

    Returns:
        Labels, ascending: all K where K is at most `MAX_PEOPLE`, else the `MAX_PEOPLE`
        with the most mistakes, none without a mistake.
    """
    total = np.sum(list(matrices), axis=0)
    if len(total) <= MAX_PEOPLE:
        return np.arange(len(total))
    mistakes = total.sum(axis=0) + total.sum(axis=1) - 2 * total.diagonal()
    order = np.argsort(-mistakes, kind="stable")[:MAX_PEOPLE]
    return np.sort(order[mistakes[order] > 0])


def _plot_matrices(
    matrices: Mapping[str, I64], names: list[str], titles: list[str]
) -> go.Figure:
    """Plot matrices of the same people side by side."""
    columns = min(COLUMNS, len(matrices))
    rows = -(-len(matrices) // columns)
    few = len(names) <= MAX_PRINTED
    height = 440 if few else 220 + 15 * len(names)
    figure = make_subplots(
        rows=rows,
        cols=columns,
        subplot_titles=titles if len(titles) > 1 else None,
        vertical_spacing=0.3 / rows,
        horizontal_spacing=0.2 / columns,
    )
    for place, matrix in enumerate(matrices.values()):
        figure.add_heatmap(
            z=matrix,
            x=names,
            y=names,
            coloraxis="coloraxis",
            texttemplate="%{z}" if few else None,
            hovertemplate="is %{y}<br>predicted %{x}<br>%{z} images<extra></extra>",
            xgap=1,
            ygap=1,
            row=place // columns + 1,
            col=place % columns + 1,
        )
    angle, size = (-45, 12) if few else (-90, 10)
    figure.update_xaxes(type="category", tickangle=angle, tickfont_size=size)
    figure.update_yaxes(
        title="truth", type="category", autorange="reversed", tickfont_size=size
    )
    bar = {"title": "images", "thickness": 10, "tickformat": ",d", "nticks": 5}
    greatest = max(int(matrix.max()) for matrix in matrices.values())
    figure.update_layout(
        coloraxis={"colorscale": "Blues", "cmin": 0, "cmax": greatest, "colorbar": bar}
        | {"showscale": not few}
    )
    figure.update_annotations(font_size=14)
    return set_look(figure, 40 + height * rows, title_lines=len(titles) > 1)


def _describe_matrices(
    matrices: Mapping[str, I64], class_names: list[str], split: str
) -> str:
    """Say how many are correct and which mistake is the most frequent."""
    sentences = []
    for method, matrix in matrices.items():
        correct = int(matrix.trace())
        sentence = f"{method}: {correct} of {int(matrix.sum())} {split} images correct"
        mistakes = matrix - np.diag(matrix.diagonal())
        if mistakes.any():
            truth, predicted = np.unravel_index(mistakes.argmax(), mistakes.shape)
            sentence += (
                f"; most frequent mistake: {class_names[int(truth)]} predicted as "
                f"{class_names[int(predicted)]}, {int(mistakes.max())} images"
            )
        sentences.append(f"{sentence}.")
    return "Confusion matrix. " + " ".join(sentences)
