"""Figures of the threshold of similarity: who passes it, and what another one costs."""

from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lfw17_kedro.gallery_types import OpenSetThreshold
from lfw17_kedro.reporting.style import (
    BLUE,
    GREEN,
    GREY,
    VERMILION,
    describe_figure,
    plot_note,
    set_look,
)
from lfw17_kedro.types import F64, Table

BINS = 60  # of the histogram
POWERS = range(-6, 1)  # of ten, labelled on an axis of rates


class _Look(NamedTuple):
    """How one set of scores looks."""

    name: str
    color: str
    pattern: str
    dash: str


OWN = _Look("enrolled people as strangers", VERMILION, "/", "solid")
COHORT = _Look("strangers of the cohort", GREY, "", "dash")
GENUINE = _Look("enrolled people as themselves", BLUE, "", "solid")
RATES = {  # column of the curve, and what happens to these faces
    OWN: ("leave_one_out_accepted", "accepted"),
    COHORT: ("cohort_accepted", "accepted"),
    GENUINE: ("genuine_missed", "missed"),
}
POINT = (  # of the trade-off
    "%{customdata[0]:.2%} accepted, %{customdata[1]:.2%} missed<br>"
    "threshold %{customdata[2]:.3f}"
)


def plot_open_set(threshold: OpenSetThreshold, curve: Table) -> go.Figure:
    """Plot the scores, and below them the errors that each threshold would make.

    Args:
        threshold: its value and scores.
        curve: of `people.open_set.trace_curve`.

    Returns:
        Two plots above each other with one axis of similarity and the threshold drawn:
        a histogram of each set of scores; the fraction of strangers accepted and of
        enrolled faces missed, on a logarithmic axis. A note if there are no scores.
    """
    sets = {
        OWN: threshold.leave_one_out,
        COHORT: threshold.cohort,
        GENUINE: threshold.genuine,
    }
    sets = {look: scores for look, scores in sets.items() if len(scores)}
    if not sets:
        return plot_note("Nobody is enrolled: there is nothing to compare.")
    figure = make_subplots(
        rows=2, shared_xaxes=True, vertical_spacing=0.08, row_heights=[0.45, 0.55]
    )
    _add_histograms(figure, sets)
    floor = _find_floor(*sets.values())
    for look in sets:
        column, verb = RATES[look]
        rates = curve[["threshold", column]].to_numpy(np.float64)
        _add_rates(figure, look, verb, rates, floor)
    _draw_threshold(figure, threshold.value)
    figure.update_layout(barmode="overlay", bargap=0)
    figure.update_yaxes(title="fraction of the faces", tickformat=".0%", row=1, col=1)
    figure.update_yaxes(_make_rate_axis("fraction of wrong decisions", floor), row=2)
    figure.update_xaxes(title="similarity (cosine)", row=2, col=1)
    return describe_figure(
        set_look(figure, 640, title_lines=1), _describe(threshold, sets)
    )


def plot_trade_off(threshold: OpenSetThreshold, curve: Table) -> go.Figure:
    """Plot strangers accepted against enrolled faces missed, the chosen point marked.

    Args:
        threshold: its value, rate and scores.
        curve: of `people.open_set.trace_curve`.

    Returns:
        Both axes are logarithmic, with a place for 0; a line for leave one out, one for
        the cohort. A note if there are no impostors or no genuine scores.
    """
    impostors = {OWN: threshold.leave_one_out, COHORT: threshold.cohort}
    impostors = {look: scores for look, scores in impostors.items() if len(scores)}
    if not impostors or not len(threshold.genuine):
        return plot_note("This curve needs a person with two photos, and strangers.")
    floors = _find_floor(*impostors.values()), _find_floor(threshold.genuine)
    miss = fraction_below(threshold.genuine, threshold.value)
    figure = go.Figure()
    sentences: list[str] = []
    for look, scores in impostors.items():
        accept = 1 - fraction_below(scores, threshold.value)
        rates = curve[[RATES[look][0], "genuine_missed", "threshold"]]
        _add_trade_off(figure, look, rates.to_numpy(np.float64), floors)
        _mark_point(figure, (accept, miss, threshold.value), floors, not sentences)
        sentences.append(f"{look.name}: {accept:.1%} accepted")
    figure.add_vline(x=threshold.rate, line={"color": GREY, "dash": "dot", "width": 1})
    figure.update_xaxes(_make_rate_axis("strangers accepted", floors[0]))
    figure.update_yaxes(_make_rate_axis("enrolled missed", floors[1]))
    return describe_figure(
        set_look(figure, 460),
        f"Enrolled faces missed against strangers accepted. At the chosen threshold "
        f"{miss:.1%} are missed; {', '.join(sentences)}. The dotted line is the rate "
        f"aimed at, {threshold.rate:.1%}.",
    )


def _add_trade_off(
    figure: go.Figure, look: _Look, rates: F64, floors: tuple[float, float]
) -> None:
    """Add one curve; rates: (n, 3), accepted, missed and the threshold."""
    shown = rates[_find_steps(rates[:, 0]) | _find_steps(rates[:, 1])]
    figure.add_scatter(
        x=np.maximum(shown[:, 0], floors[0]),
        y=np.maximum(shown[:, 1], floors[1]),
        customdata=shown,
        name=look.name,
        mode="lines",
        line={"color": look.color, "dash": look.dash, "width": 2.5},
        hovertemplate=f"{POINT}<extra>{look.name}</extra>",
    )


def _mark_point(
    figure: go.Figure,
    point: tuple[float, float, float],
    floors: tuple[float, float],
    named: bool,
) -> None:
    """Mark the point chosen: accepted, missed and the threshold."""
    figure.add_scatter(
        x=[max(point[0], floors[0])],
        y=[max(point[1], floors[1])],
        customdata=[point],
        name="the chosen threshold",
        legendgroup="chosen",
        showlegend=named,
        mode="markers",
        marker={"color": GREEN, "symbol": "diamond", "size": 13}
        | {"line": {"color": "white", "width": 1.5}},
        hovertemplate=f"{POINT}<extra>chosen</extra>",
    )


def fraction_below(scores: F64, value: float) -> float:
    """Give the fraction of sorted scores below a value; NaN of none."""
    below = np.searchsorted(scores, value, side="left")
    return float(below) / len(scores) if len(scores) else np.nan


def _add_histograms(figure: go.Figure, sets: dict[_Look, F64]) -> None:
    """Add a histogram of each set; counted here, so that the figure stays small."""
    everything = np.concatenate([*sets.values()])
    edges = np.histogram_bin_edges(everything, BINS)
    for look, scores in sets.items():
        counts, _ = np.histogram(scores, edges)
        shown = np.flatnonzero(counts)
        figure.add_bar(
            x=((edges[:-1] + edges[1:]) / 2)[shown],
            y=counts[shown] / len(scores),
            width=np.diff(edges)[shown],
            name=f"{look.name} ({len(scores)})",
            marker={"color": look.color, "pattern_shape": look.pattern, "opacity": 0.7}
            | {"line": {"width": 0}},
            customdata=counts[shown],
            hovertemplate="similarity %{x:.3f}: %{customdata} faces"
            f"<extra>{look.name}</extra>",
            row=1,
            col=1,
        )


def _add_rates(
    figure: go.Figure, look: _Look, verb: str, rates: F64, floor: float
) -> None:
    """Add the fraction of wrong decisions at each threshold; rates: (n, 2)."""
    shown = rates[_find_steps(rates[:, 1])]
    figure.add_scatter(
        x=shown[:, 0],
        y=np.maximum(shown[:, 1], floor),
        customdata=shown[:, 1],
        name=f"{look.name}: {verb}",
        mode="lines",
        line={"color": look.color, "dash": look.dash, "width": 2.5, "shape": "hv"},
        hovertemplate=f"threshold %{{x:.3f}}: %{{customdata:.2%}} {verb}"
        f"<extra>{look.name}</extra>",
        row=2,
        col=1,
    )


def _draw_threshold(figure: go.Figure, value: float) -> None:
    """Draw the threshold through both plots, with its value above."""
    line = {"color": GREEN, "width": 2}
    figure.add_vline(x=value, line=line, row="all", col=1)
    place = {"x": value, "xref": "x", "y": 1, "yref": "paper", "yanchor": "bottom"}
    font = {"color": GREEN, "size": 14, "weight": 700}
    text = f"threshold {value:.3f}"
    figure.add_annotation(place, text=text, showarrow=False, font=font)


def _find_steps(rates: F64) -> np.ndarray:
    """Mark the points where a rate changes, and both ends: the others add nothing."""
    changes = np.append(np.diff(rates) != 0, True)
    changes[1:] |= changes[:-1]
    changes[0] = True
    return changes


def _find_floor(*sets: F64) -> float:
    """Give the place of 0 on a logarithmic axis: below the smallest rate there is."""
    return 0.5 / max(map(len, sets))


def _make_rate_axis(title: str, floor: float) -> dict[str, object]:
    """Make a logarithmic axis of rates that has a place for 0."""
    ticks = [10.0**power for power in POWERS if 10.0**power > 1.4 * floor]
    return {
        "title": {"text": title},
        "type": "log",
        "range": [np.log10(floor) - 0.06, 0.06],
        "tickvals": [floor, *ticks],
        "ticktext": ["0", *(f"{100 * tick:g}%" for tick in ticks)],
    }


def _describe(threshold: OpenSetThreshold, sets: dict[_Look, F64]) -> str:
    """Describe the scores in a sentence or two."""
    parts = []
    for look, scores in sets.items():
        above = 1 - fraction_below(scores, threshold.value)
        parts.append(f"{look.name}: {len(scores)} faces, {above:.1%} at or above")
    scores_text = "; ".join(parts)
    return f"Similarities, and the threshold of {threshold.value:.3f}. {scores_text}."
