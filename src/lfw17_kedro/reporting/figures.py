"""Figures of the scores: confusion, learning, persons, calibration, class balance."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots
from sklearn.metrics import confusion_matrix

from lfw17_kedro.faces.metrics import bin_confidences
from lfw17_kedro.reporting.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    choose_styles,
    plot_note,
    set_look,
)
from lfw17_kedro.types import UNKNOWN

MAX_PRINTED = 12  # people up to whom a confusion matrix shows its numbers
BAR = 18  # pixels of a person in a bar chart


def choose_split(predictions: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    """Give the split to show: test where all its labels are known, else validation."""
    of_test = predictions[predictions["split"] == "test"]
    split = "validation" if (of_test["truth"] == UNKNOWN).any() else "test"
    return split, predictions[predictions["split"] == split]


def plot_confusion(predictions: pd.DataFrame, class_names: list[str]) -> go.Figure:
    """Draw who is taken for whom, a matrix for each method.

    Args:
        predictions: a table of predictions; see `predictions`.
        class_names: the K names.
    """
    split, shown = choose_split(predictions)
    methods = list(shown["method"].unique())
    figure = make_subplots(
        rows=len(methods),
        subplot_titles=[f"{method}, {split} images" for method in methods],
        vertical_spacing=0.22 / len(methods),
    )
    greatest = 0
    for row, method in enumerate(methods, 1):
        own = shown[shown["method"] == method]
        counts = confusion_matrix(
            own["truth"], own["predicted"], labels=np.arange(len(class_names))
        )
        greatest = max(greatest, int(counts.max()))
        figure.add_heatmap(
            z=counts,
            x=class_names,
            y=class_names,
            coloraxis="coloraxis",
            texttemplate="%{z}" if len(class_names) <= MAX_PRINTED else None,
            hovertemplate="is %{y}<br>named %{x}<br>%{z} images<extra></extra>",
            xgap=1,
            ygap=1,
            row=row,
            col=1,
        )
    figure.update_xaxes(title="named", type="category", tickangle=-45)
    figure.update_yaxes(title="is", type="category", autorange="reversed")
    figure.update_layout(
        coloraxis={"colorscale": "Blues", "cmin": 0, "cmax": greatest}
        | {
            "colorbar": {
                "title": "images",
                "thickness": 10,
                "tickformat": ",d",
                "nticks": 5,
            }
        }
    )
    return set_look(figure, 100 + 460 * len(methods))


def plot_learning(histories: Mapping[str, pd.DataFrame | None]) -> go.Figure:
    """Draw loss and accuracy over the epochs of every network trained.

    Args:
        histories: method -> its validation history (`fold`, `network`, `epoch`,
            `loss`, `accuracy`, `val_loss`, `val_accuracy`), or None.
    """
    known = {m: table for m, table in histories.items() if table is not None}
    if not known:
        return plot_note("No method that trains a network was run.")
    figure = make_subplots(rows=2, shared_xaxes=True, vertical_spacing=0.06)
    styles = choose_styles(list(histories))
    for method, table in known.items():
        networks = table.groupby(["fold", "network"])
        for turn, ((fold, network), run) in enumerate(networks):
            for row, score in enumerate(("loss", "accuracy"), 1):
                for prefix, kind, dash in (
                    ("", "training", "dot"),
                    ("val_", "validation", "solid"),
                ):
                    figure.add_scatter(
                        x=run["epoch"] + 1,
                        y=run[prefix + score],
                        name=f"{method}, {kind}",
                        legendgroup=f"{method} {kind}",
                        showlegend=turn == 0 and row == 1,
                        mode="lines",
                        line={"color": styles[method].color, "dash": dash, "width": 2},
                        hovertemplate=f"{kind}, fold {fold}, network {network}<br>"
                        f"epoch %{{x}}: {score} %{{y:.4f}}<extra>{method}</extra>",
                        row=row,
                        col=1,
                    )
    figure.update_xaxes(title="epoch", row=2, col=1)
    figure.update_yaxes(
        title="loss (nats, log scale)", type="log", dtick="D2", row=1, col=1
    )
    figure.update_yaxes(title="accuracy (share)", range=[0, 1.02], row=2, col=1)
    return set_look(figure, 560)


def plot_classes(scores: pd.DataFrame, split: str) -> go.Figure:
    """Draw the F1 score of each person, a bar for each method.

    Args:
        scores: of `tabulate_classes`.
        split: "validation" or "test".
    """
    shown = scores[scores["split"] == split]
    styles = choose_styles(list(shown["method"].unique()))
    figure = go.Figure()
    for method, style in styles.items():
        own = shown[shown["method"] == method]
        figure.add_bar(
            y=own["person"],
            x=own["f1"],
            orientation="h",
            name=method,
            marker_color=style.color,
            customdata=own[["precision", "recall", "images"]],
            hovertemplate="%{y}: F1 %{x:.3f}<br>precision %{customdata[0]:.3f}, recall "
            "%{customdata[1]:.3f}<br>%{customdata[2]} images<extra></extra>",
        )
    figure.update_xaxes(title=f"F1 score on the {split} images (0-1)", range=[0, 1.02])
    figure.update_yaxes(
        title="person", type="category", autorange="reversed", dtick=1, automargin=True
    )
    figure.update_layout(barmode="group", bargap=0.25)
    class_names = shown["person"].nunique()
    return set_look(figure, 130 + class_names * max(BAR, 9 * len(styles) + 6))


def plot_reliability(predictions: pd.DataFrame) -> go.Figure:
    """Draw how often answers of like confidence are right.

    Args:
        predictions: a table of predictions; see `predictions`.
    """
    split, shown = choose_split(predictions)
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": GREY, "dash": "dash", "width": 1},
        name="perfectly calibrated",
        hoverinfo="skip",
    )
    for method, style in choose_styles(list(shown["method"].unique())).items():
        own = shown[shown["method"] == method]
        bins = bin_confidences(own["confidence"].to_numpy(), own["correct"].to_numpy())
        figure.add_scatter(
            x=bins["confidence"],
            y=bins["accuracy"],
            mode="lines+markers",
            name=method,
            line={"color": style.color, "width": 2},
            marker={
                "symbol": style.symbol,
                "size": 7 + 15 * np.sqrt(bins["images"] / len(own)),
            },
            customdata=bins["images"],
            hovertemplate="confidence %{x:.3f}, accuracy %{y:.3f}<br>%{customdata} "
            f"images<extra>{method}</extra>",
        )
    figure.update_xaxes(
        title=f"mean confidence of the answers (0-1), {split} images", range=[0, 1.03]
    )
    figure.update_yaxes(title="accuracy (0-1)", range=[0, 1.04])
    return set_look(figure, 460)


def plot_balance(counts: dict[str, Any]) -> go.Figure:
    """Draw how many images there are of each person.

    Args:
        counts: person -> images for `train`, `validation` and `test`.
    """
    figure = go.Figure()
    colors = {"train": BLUE, "validation": ORANGE, "test": GREEN}
    patterns = {"train": "", "validation": "/", "test": "."}
    for split, color in colors.items():
        figure.add_bar(
            y=list(counts),
            x=[of_person[split] for of_person in counts.values()],
            orientation="h",
            name=split,
            marker={"color": color, "pattern_shape": patterns[split]},
            hovertemplate="%{y}: %{x} images<extra>" + split + "</extra>",
        )
    figure.update_layout(barmode="stack", bargap=0.2)
    figure.update_xaxes(title="original images")
    figure.update_yaxes(
        title="person", type="category", autorange="reversed", dtick=1, automargin=True
    )
    return set_look(figure, 130 + BAR * len(counts))
