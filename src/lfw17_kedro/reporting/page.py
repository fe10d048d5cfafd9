"""The report: one HTML page with everything in it, that needs no network."""

from collections.abc import Mapping
from typing import Any

import jinja2
import pandas as pd
import plotly.graph_objects as go
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from lfw17_kedro.reporting.gallery import GalleryFace

# name, how to write it, whether more is better, what it means
SCORES = (
    ("accuracy", "{:.2%}", "max", "Accuracy", "share of images named rightly"),
    ("macro_f1", "{:.4f}", "max", "Macro F1", "every person counts alike"),
    ("weighted_f1", "{:.4f}", "max", "Weighted F1", "every image counts alike"),
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


def describe_runs(
    methods: list[str], run_record: dict[str, Any] | None
) -> dict[str, dict[str, Any]]:
    """Find the run that last scored each method.

    Args:
        methods: their names.
        run_record: of the hook `RunRecordHooks`, or None.

    Returns:
        method -> that run; methods without a record are left out.
    """
    nodes = run_record["nodes"] if run_record else {}
    runs = run_record["runs"] if run_record else {}
    return {
        method: runs[nodes[f"{method}.score_method"]["run"]]
        for method in methods
        if f"{method}.score_method" in nodes
    }


def write_page(
    comparison: pd.DataFrame,
    pairs: pd.DataFrame,
    class_scores: pd.DataFrame,
    gallery: list[GalleryFace],
    data_card: dict[str, Any],
    left_out: dict[str, str],
    run_record: dict[str, Any] | None,
    figures: Mapping[str, go.Figure],
) -> str:
    """Write the report.

    Args:
        comparison: of `compare.tabulate_scores`.
        pairs: of `compare.compare_pairs`.
        class_scores: of `compare.tabulate_classes`.
        gallery: of `gallery.describe_faces`.
        data_card: of `data_card.describe_data`.
        left_out: method -> why it is not in the report.
        run_record: of the hook `RunRecordHooks`, or None.
        figures: name -> figure; the template says where each goes.

    Returns:
        A whole HTML page.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("lfw17_kedro.reporting", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    methods = list(comparison["method"].unique())
    splits = [s for s in ("test", "validation") if (comparison["split"] == s).any()]
    main_side = splits[0]
    return environment.get_template("report.html").render(
        methods=methods,
        splits=splits,
        main_side=main_side,
        scores=SCORES,
        table={
            (row["method"], row["split"]): _none_for_nan(row)
            for row in comparison.to_dict("records")
        },
        published=bool(comparison["published"].notna().any()),
        zip=zip,
        best=_find_best(comparison),
        pairs=pairs.to_dict("records"),
        significant=SIGNIFICANT,
        class_scores=class_scores[class_scores["split"] == main_side].to_dict(
            "records"
        ),
        gallery=gallery,
        data=data_card,
        left_out=left_out,
        runs=describe_runs(methods, run_record),
        figures={name: _embed_figure(name, one) for name, one in figures.items()},
        plotlyjs=Markup(get_plotlyjs()),  # noqa: S704 (plotly's own script)
    )


def _none_for_nan(row: dict[Any, Any]) -> dict[str, Any]:
    """Write None where a table says not known."""
    return {str(k): None if pd.isna(v) else v for k, v in row.items()}


def _find_best(comparison: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Find the best value of each split and score."""
    return {
        (str(split), name): float(getattr(of_split[name], better)())
        for split, of_split in comparison.groupby("split")
        for name, _, better, _, _ in SCORES
    }


def _embed_figure(name: str, figure: go.Figure) -> Markup:
    """Write a figure as HTML that uses the page's one copy of plotly.js."""
    still = go.Figure(figure).update_layout(dragmode=False)  # a finger scrolls the page
    html = still.to_html(
        full_html=False,
        include_plotlyjs=False,
        div_id=f"figure-{name}",
        default_height=f"{figure.layout.height or 450}px",
        config={
            "responsive": True,
            "displaylogo": False,
            "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
        },
    )
    return Markup(html)  # noqa: S704 (plotly escapes what it embeds)
