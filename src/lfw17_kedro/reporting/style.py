"""How every figure looks, and how a name or a description enters one."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

# The colours of Okabe and Ito 2008, made to be told apart with any kind of colour
# blindness (https://jfly.uni-koeln.de/color/); each method has a symbol of its own too.
BLUE, VERMILION, GREEN = "#0072B2", "#D55E00", "#009E73"
PURPLE, ORANGE, SKY = "#CC79A7", "#E69F00", "#56B4E9"
GREY = "#8A939B"
# Kedro-Viz shows the figures on a light or a dark page: this grey has a contrast of 4
# to 1 on both, and the grid lets either background through.
TEXT, GRID = "#7A828B", "rgba(128,136,144,0.28)"
CLEAR = "rgba(0,0,0,0)"

COLORS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star")
PATTERNS = ("", "/", "x", ".", "-", "+")  # of bars


@dataclass(frozen=True)
class MethodStyle:
    """How one method looks in every figure."""

    color: str
    symbol: str
    pattern: str


def choose_styles(methods: Sequence[str]) -> dict[str, MethodStyle]:
    """Give each method a style; no two of the first 36 methods share one."""
    styles = {}
    for index, method in enumerate(methods):
        cycle, place = divmod(index, len(COLORS))
        styles[method] = MethodStyle(
            COLORS[place],
            SYMBOLS[(place + cycle) % len(SYMBOLS)],
            PATTERNS[cycle % len(PATTERNS)],
        )
    return styles


def escape_markup(text: str) -> str:
    """Escape a name, so that a figure shows it letter by letter.

    Plotly reads `<b>`, `<br>` and `<a href>` in every text as markup, and `%{...}` as
    a place for a value.

    Args:
        text: the name of a person, of an image or of a method.

    Returns:
        The text with HTML entities in place of these signs.
    """
    return html.escape(text).replace("{", "&#123;")


def describe_figure(figure: go.Figure, description: str, note: str = "") -> go.Figure:
    """Keep a description in a figure; changes the figure in place.

    Args:
        figure: the figure.
        description: one or two sentences with the main number, for readers who cannot
            see the figure. Plain text, not escaped.
        note: what the figure leaves out, for every reader; may be empty.
    """
    return figure.update_layout(meta={"description": description, "note": note})


def read_description(figure: go.Figure) -> dict[str, str]:
    """Read the `description` and the `note` that `describe_figure` kept."""
    meta: dict[str, Any] = figure.layout.meta or {}
    return {key: str(meta.get(key, "")) for key in ("description", "note")}


def set_look(figure: go.Figure, height: int, title_lines: int = 0) -> go.Figure:
    """Give a figure the common look; changes the figure in place.

    The buttons of plotly have the top to themselves, the legend has the bottom.

    Args:
        figure: the figure.
        height: pixels.
        title_lines: lines of the subplots' titles.
    """
    figure.update_layout(
        template="none",
        height=height,
        font={"family": "system-ui, sans-serif", "size": 13, "color": TEXT},
        margin={"l": 8, "r": 8, "t": 40 + 20 * title_lines, "b": 8},
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        legend={"orientation": "h", "x": 0, "bgcolor": CLEAR}
        | {"yref": "container", "y": 0, "yanchor": "bottom"},
        hoverlabel={"font": {"family": "system-ui, sans-serif"}},
        modebar={"bgcolor": CLEAR, "color": GREY, "activecolor": BLUE},
    )
    look = {"title_font_size": 13, "title_standoff": 8, "automargin": True} | {
        "gridcolor": GRID,
        "zerolinecolor": GRID,
        "linecolor": GREY,
    }
    figure.update_xaxes(look)
    figure.update_yaxes(look)
    return figure


def put_legend_on_top(figure: go.Figure) -> go.Figure:
    """Put the legend above the plot; changes the figure in place.

    A page shows a tall figure in a box that scrolls: below, the legend would be out of
    sight. There it takes the place of plotly's buttons.
    """
    return figure.update_layout(legend={"yref": "paper", "y": 1, "yanchor": "bottom"})


def has_buttons(figure: go.Figure) -> bool:
    """Tell whether plotly's buttons have room, and something to change."""
    return bool(figure.data) and figure.layout.legend.yref != "paper"


def spell_note(note: str) -> str:
    """Write "2 of 9 people: most mistakes" as a sentence; nothing for no note."""
    return note and f"Shown are {note.replace(':', ', those with the')}."


def break_note(note: str) -> str:
    """Break a note into short lines below an axis title; nothing for no note."""
    return "".join(f"<br>{line}" for line in note.replace(": ", ":\n").splitlines())


def plot_note(text: str) -> go.Figure:
    """Make a figure that says why there is nothing to see."""
    figure = set_look(go.Figure(), 120)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.add_annotation(
        text=text, showarrow=False, x=0.5, y=0.5, xref="paper", yref="paper"
    )
    return describe_figure(figure, text)
