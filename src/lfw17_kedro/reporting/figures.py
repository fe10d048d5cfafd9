"""Figures of the scores: learning curves, people, calibration, class balance."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lfw17_kedro.faces.metrics import bin_confidences
from lfw17_kedro.reporting.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    MethodStyle,
    break_note,
    choose_styles,
    describe_figure,
    escape_markup,
    plot_note,
    put_legend_on_top,
    set_look,
    spell_note,
)
from lfw17_kedro.types import UNKNOWN

MAX_SCORED = 30  # people with F1 bars; of more, those with the lowest scores
MAX_COUNTED = 40  # people with a bar of images; more make a histogram
BAR = 18  # pixels of a person in a bar chart
SPLIT_LOOKS = {"train": (BLUE, ""), "validation": (ORANGE, "/"), "test": (GREEN, ".")}


def choose_split(predictions: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    """Give the split to show: test if all its labels are known, else validation."""
    tested = predictions[predictions["split"] == "test"]
    split = "validation" if (tested["truth"] == UNKNOWN).any() else "test"
    return split, predictions[predictions["split"] == split]


def plot_learning(histories: Mapping[str, pd.DataFrame | None]) -> go.Figure:
    """Plot loss and accuracy over the epochs of every network trained.

    Args:
        histories: method -> its validation history (`fold`, `network`, `epoch`,
            `loss`, `accuracy`, `val_loss`, `val_accuracy`), or None.
    """
    known = {m: table for m, table in histories.items() if table is not None}
    if not known:
        return plot_note("No method that trains a network was run.")
    figure = make_subplots(rows=2, shared_xaxes=True, vertical_spacing=0.06)
    styles = choose_styles(list(histories))
    ends = []
    for method, table in known.items():
        _add_curves(figure, method, table, styles[method].color)
        last = table.sort_values("epoch").groupby(["fold", "network"]).tail(1)
        ends.append(f"{method} ends at {last['val_accuracy'].mean():.1%}")
    figure.update_xaxes(
        title="epoch<br>dotted: training, solid: validation", row=2, col=1
    )
    # Written out: between powers of ten Plotly labels 0.5 and 5 both as "5".
    ticks = [digit * 10.0**power for power in range(-4, 3) for digit in (1, 2, 5)]
    figure.update_yaxes(
        title="loss (nats)",
        type="log",
        tickvals=ticks,
        ticktext=[f"{tick:g}" for tick in ticks],
        row=1,
        col=1,
    )
    figure.update_yaxes(title="accuracy (0-1)", range=[0, 1.02], row=2, col=1)
    return describe_figure(
        set_look(figure, 520),
        "Loss and accuracy by epoch, in training and validation. Mean validation "
        f"accuracy of the networks: {', '.join(ends)}.",
    )


def _add_curves(
    figure: go.Figure, method: str, table: pd.DataFrame, color: str
) -> None:
    """Add the curves of all networks of one method."""
    name = escape_markup(method)
    for index, ((fold, network), run) in enumerate(table.groupby(["fold", "network"])):
        for row, score in enumerate(("loss", "accuracy"), 1):
            for prefix, stage, dash in (
                ("", "training", "dot"),
                ("val_", "validation", "solid"),
            ):
                figure.add_scatter(
                    x=run["epoch"] + 1,
                    y=run[prefix + score],
                    name=name,
                    legendgroup=name,
                    showlegend=index == 0 and row == 1 and stage == "validation",
                    mode="lines",
                    line={"color": color, "dash": dash, "width": 2},
                    hovertemplate=f"{stage}, fold {fold}, network {network}<br>"
                    f"epoch %{{x}}: {score} %{{y:.4f}}<extra>{name}</extra>",
                    row=row,
                    col=1,
                )


def plot_classes(scores: pd.DataFrame, split: str) -> go.Figure:
    """Plot the F1 score of each person, a bar for each method.

    Args:
        scores: of `tabulate_classes`.
        split: "validation" or "test".

    Returns:
        Those with images in the split. Of more than `MAX_SCORED` people the figure
        shows those with the lowest F1 scores, averaged over the methods, lowest first,
        and says so.
    """
    shown = scores[(scores["split"] == split) & (scores["images"] > 0)]
    lowest = shown.sort_values("f1", kind="stable").iloc[0]
    means = shown.groupby("person", sort=False)["f1"].mean()
    people, note = list(means.index), ""
    if len(people) > MAX_SCORED:
        people = list(means.sort_values(kind="stable").index[:MAX_SCORED])
        note = f"{MAX_SCORED} of {len(means)} people: lowest F1 scores"
    styles = choose_styles(list(shown["method"].unique()))
    figure = go.Figure()
    for method, style in styles.items():
        own = shown[shown["method"] == method].set_index("person").loc[people]
        figure.add_bar(
            y=[escape_markup(person) for person in people],
            x=own["f1"],
            orientation="h",
            name=escape_markup(method),
            marker={"color": style.color, "pattern_shape": style.pattern},
            customdata=own[["precision", "recall", "images"]],
            hovertemplate="%{y}: F1 %{x:.3f}<br>precision %{customdata[0]:.3f}, recall "
            "%{customdata[1]:.3f}<br>%{customdata[2]} images<extra></extra>",
        )
    figure.update_xaxes(
        title=f"F1 score (0-1)<br>{split} images" + break_note(note),
        range=[0, 1.02],
    )
    figure.update_yaxes(title="person", type="category", autorange="reversed", dtick=1)
    figure.update_layout(barmode="group", bargap=0.25)
    height = 130 + len(people) * max(BAR, 7 * len(styles) + 6)
    return describe_figure(
        put_legend_on_top(set_look(figure, height)),
        f"F1 score of each person on the {split} images. Lowest: {lowest['person']} "
        f"with {lowest['f1']:.3f} by {lowest['method']}.",
        spell_note(note),
    )


def plot_reliability(
    predictions: pd.DataFrame, before: Mapping[str, Mapping[str, Any]]
) -> go.Figure:
    """Plot how often predictions of like confidence are correct.

    Args:
        predictions: a table of predictions; see `predictions`.
        before: method -> split -> `bins` before calibration (a list of `images`,
            `confidence` and `accuracy`).
    """
    split, shown = choose_split(predictions)
    figure = make_subplots(rows=2, vertical_spacing=0.16)
    line = {"color": GREY, "dash": "dash", "width": 1}
    sentences = []
    for row, stage in enumerate(("before", "after"), 1):
        figure.add_scatter(
            x=[0, 1],
            y=[0, 1],
            mode="lines",
            line=line,
            name="perfectly calibrated",
            showlegend=row == 1,
            row=row,
            col=1,
        )
        figure.update_xaxes(
            title=f"mean confidence {stage} calibration (0-1)<br>{split} images",
            range=[0, 1.03],
            row=row,
            col=1,
        )
    for method, style in choose_styles(list(shown["method"].unique())).items():
        own = shown[shown["method"] == method]
        raw = pd.DataFrame(before[method][split]["bins"])
        bins = bin_confidences(own["confidence"].to_numpy(), own["correct"].to_numpy())
        for row, one in enumerate((raw, bins), 1):
            _add_reliability(figure, method, one, style, row)
        was = np.average(raw["confidence"], weights=raw["images"])
        sentences.append(
            f"{method}: mean confidence {was:.1%} before and "
            f"{own['confidence'].mean():.1%} after, accuracy "
            f"{own['correct'].mean():.1%}."
        )
    figure.update_yaxes(title="accuracy (0-1)", range=[0, 1.04])
    return describe_figure(
        set_look(figure, 640),
        f"Accuracy against confidence on the {split} images, before and after "
        f"calibration. {' '.join(sentences)}",
    )


def _add_reliability(
    figure: go.Figure, method: str, bins: pd.DataFrame, style: MethodStyle, row: int
) -> None:
    """Add the bins of one method; the legend names it in the first row."""
    name = escape_markup(method)
    figure.add_scatter(
        x=bins["confidence"],
        y=bins["accuracy"],
        mode="lines+markers",
        name=name,
        legendgroup=name,
        showlegend=row == 1,
        cliponaxis=False,  # large marks lie on the edge
        line={"color": style.color, "width": 2},
        marker={
            "symbol": style.symbol,
            "size": 7 + 15 * np.sqrt(bins["images"] / bins["images"].sum()),
        },
        customdata=bins["images"],
        hovertemplate="confidence %{x:.3f}, accuracy %{y:.3f}<br>%{customdata} "
        f"images<extra>{name}</extra>",
        row=row,
        col=1,
    )


def plot_balance(counts: dict[str, Any]) -> go.Figure:
    """Plot how many images there are of each person.

    Args:
        counts: person -> images for `train`, `validation` and `test`.

    Returns:
        A bar for each person; of more than `MAX_COUNTED` people a histogram.
    """
    totals = {person: sum(of_person.values()) for person, of_person in counts.items()}
    least, greatest = (choose(totals, key=totals.__getitem__) for choose in (min, max))
    description = (
        f"Original images of {len(counts)} people, {sum(totals.values())} in all: from "
        f"{totals[least]} ({least}) to {totals[greatest]} ({greatest})."
    )
    if len(counts) > MAX_COUNTED:
        note = f"With more than {MAX_COUNTED} people, bars count people by images."
        return describe_figure(_plot_histogram(counts), description, note)
    figure = go.Figure()
    for split, (color, pattern) in SPLIT_LOOKS.items():
        figure.add_bar(
            y=[escape_markup(person) for person in counts],
            x=[of_person[split] for of_person in counts.values()],
            orientation="h",
            name=split,
            marker={"color": color, "pattern_shape": pattern},
            hovertemplate=f"%{{y}}: %{{x}} images<extra>{split}</extra>",
        )
    figure.update_layout(barmode="stack", bargap=0.2, legend_traceorder="normal")
    figure.update_xaxes(title="original images")
    figure.update_yaxes(title="person", type="category", autorange="reversed", dtick=1)
    set_look(figure, 130 + BAR * len(counts))
    return describe_figure(put_legend_on_top(figure), description)


def _plot_histogram(counts: dict[str, Any]) -> go.Figure:
    """Plot how many people have how many images, a histogram for each split."""
    figure = go.Figure()
    for split, (color, pattern) in SPLIT_LOOKS.items():
        figure.add_histogram(
            x=[of_person[split] for of_person in counts.values()],
            name=split,
            bingroup="images",
            marker={"color": color, "pattern_shape": pattern},
            hovertemplate=f"%{{x}} images: %{{y}} people<extra>{split}</extra>",
        )
    figure.update_layout(barmode="group", bargap=0.1)
    figure.update_xaxes(title="original images of a person")
    figure.update_yaxes(title="people")
    return set_look(figure, 420)
