"""How every figure looks: colours, symbols and margins in one place."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

# The colours of Okabe and Ito 2008, made to be told apart with any kind of colour
# blindness (https://jfly.uni-koeln.de/color/); each method has a symbol and a dash too.
BLUE, VERMILION, GREEN = "#0072B2", "#D55E00", "#009E73"
PURPLE, ORANGE, SKY = "#CC79A7", "#E69F00", "#56B4E9"
GREY, INK = "#8A939B", "#1B1F24"


@dataclass(frozen=True)
class MethodStyle:
    """How one method is figures in every figure."""

    color: str
    symbol: str


STYLES = (
    MethodStyle(BLUE, "circle"),
    MethodStyle(VERMILION, "square"),
    MethodStyle(GREEN, "diamond"),
    MethodStyle(PURPLE, "triangle-up"),
    MethodStyle(ORANGE, "cross"),
    MethodStyle(SKY, "star"),
)


def choose_styles(methods: Sequence[str]) -> dict[str, MethodStyle]:
    """Give each method its style; more than six start over."""
    return {method: STYLES[turn % len(STYLES)] for turn, method in enumerate(methods)}


def set_look(figure: go.Figure, height: int) -> go.Figure:
    """Give a figure the common look and a height in pixels; changes it in place."""
    figure.update_layout(
        template="plotly_white",
        height=height,
        font={"family": "system-ui, sans-serif", "size": 13, "color": INK},
        margin={"l": 8, "r": 8, "t": 48, "b": 8},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0},
        hoverlabel={"font": {"family": "system-ui, sans-serif"}},
    )
    figure.update_xaxes(automargin=True, fixedrange=False)
    figure.update_yaxes(automargin=True)
    return figure


def plot_note(text: str) -> go.Figure:
    """Draw a figure that says why there is nothing to see."""
    figure = set_look(go.Figure(), 120)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure.add_annotation(
        text=text, showarrow=False, x=0.5, y=0.5, xref="paper", yref="paper"
    )
