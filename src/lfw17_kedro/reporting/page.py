"""The report: one HTML page with everything in it, that needs no network."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd
import plotly.graph_objects as go
from markupsafe import Markup, escape
from plotly.offline import get_plotlyjs

from lfw17_kedro.lineage.run_record import Record
from lfw17_kedro.reporting.examples import KINDS, ExampleFace
from lfw17_kedro.reporting.page_parts import load_template, replace_nan
from lfw17_kedro.reporting.provenance import describe_provenance
from lfw17_kedro.reporting.style import has_buttons, read_description

# name, how to write it, whether more is better, what it means
SCORES = (
    ("accuracy", "{:.2%}", "max", "Accuracy", "fraction of images predicted correctly"),
    (
        "macro_f1",
        "{:.4f}",
        "max",
        "Macro F1",
        "F1 averaged over the people with images, each with equal weight",
    ),
    (
        "weighted_f1",
        "{:.4f}",
        "max",
        "Weighted F1",
        "F1 averaged over people, weighted by their images",
    ),
    ("log_loss", "{:.4f}", "min", "Log loss", "nats; lower is better"),
    (
        "calibration_error",
        "{:.4f}",
        "min",
        "Calibration error",
        "mean gap between confidence and accuracy; lower is better",
    ),
)
SIGNIFICANT = 0.05
CODE = re.compile("`([^`]+)`")
PAPER, INK = "#FFFFFF", "#1B1F24"  # the page's own, whatever theme Kedro-Viz has


class PageFigure(NamedTuple):
    """A figure as the page shows it.

    Attributes:
        html: the figure, which uses the page's one copy of plotly.js.
        description: one or two sentences for readers who cannot see the figure.
        note: what the figure leaves out, or nothing.
    """

    html: Markup
    description: str
    note: str


def write_page(
    comparison: pd.DataFrame,
    pairs: pd.DataFrame,
    class_scores: pd.DataFrame,
    temperatures: pd.DataFrame,
    examples: list[ExampleFace],
    data_card: dict[str, Any],
    left_out: dict[str, str],
    notes: dict[str, str],
    record: Record,
    figures: Mapping[str, go.Figure],
) -> str:
    """Write the report.

    Args:
        comparison: of `compare.tabulate_scores`.
        pairs: of `compare.compare_pairs`.
        class_scores: of `compare.tabulate_classes`.
        temperatures: of `compare.tabulate_temperatures`.
        examples: of `examples.describe_faces`.
        data_card: of `data_card.describe_data`.
        left_out: method -> why it is not in the report.
        notes: method -> what it says of itself.
        record: see `lfw17_kedro.lineage.run_record`.
        figures: name -> figure; the template says where each goes. Those whose name
            starts with "confusion" stand side by side.

    Returns:
        A whole HTML page.
    """
    methods = list(comparison["method"].unique())
    main_split = "test" if data_card["test_labels_known"] else "validation"
    scored = comparison["split"].unique()
    splits = sorted(scored, key=lambda split: split != main_split)
    return load_template("report.html", mark_code=mark_code).render(
        methods=methods,
        splits=splits,
        main_split=main_split,
        scores=SCORES,
        table={
            (row["method"], row["split"]): replace_nan(row)
            for row in comparison.to_dict("records")
        },
        published=bool(comparison["published"].notna().any()),
        zip=zip,
        best=_find_best(comparison),
        pairs=pairs.to_dict("records"),
        significant=SIGNIFICANT,
        class_scores=class_scores[class_scores["split"] == main_split].to_dict(
            "records"
        ),
        temperatures=temperatures[temperatures["split"] == main_split].to_dict(
            "records"
        ),
        examples=_group_faces(examples, methods),
        data=data_card,
        left_out=left_out,
        notes=notes,
        provenance=describe_provenance(methods, record),
        figures={name: _embed_figure(name, one) for name, one in figures.items()},
        plotlyjs=Markup(get_plotlyjs()),  # noqa: S704 (plotly's own script)
    )


def mark_code(text: str) -> Markup:
    """Show what stands between backquotes as code; everything is escaped.

    Args:
        text: a message as the log has it.
    """
    marked = CODE.sub(r"<code>\1</code>", str(escape(text)))
    return Markup(marked)  # noqa: S704 (escaped)


def _find_best(comparison: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Find the best value of each split and score."""
    return {
        (str(split), name): float(getattr(of_split[name], better)())
        for split, of_split in comparison.groupby("split")
        for name, _, better, _, _ in SCORES
    }


def _group_faces(
    examples: list[ExampleFace], methods: list[str]
) -> dict[tuple[str, str], list[ExampleFace]]:
    """Group the faces by method and kind; a group may be empty."""
    return {
        (method, kind): [
            face
            for face in examples
            if face["method"] == method and face["kind"] == kind
        ]
        for method in methods
        for kind in KINDS
    }


def _embed_figure(name: str, figure: go.Figure) -> PageFigure:
    """Write a figure as HTML, dark on white."""
    still = go.Figure(figure).update_layout(
        dragmode=False,  # a finger scrolls the page
        font_color=INK,
        paper_bgcolor=PAPER,
        plot_bgcolor=PAPER,
    )
    still.update_annotations(bgcolor="rgba(255,255,255,0.7)")  # names among points
    html = still.to_html(
        full_html=False,
        include_plotlyjs=False,
        div_id=f"figure-{name}",
        default_height=f"{figure.layout.height or 450}px",
        config={
            "responsive": True,
            "displaylogo": False,
            "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
        }
        | ({} if has_buttons(figure) else {"displayModeBar": False}),
    )
    # plotly escapes what it embeds
    return PageFigure(Markup(html), **read_description(figure))  # noqa: S704
