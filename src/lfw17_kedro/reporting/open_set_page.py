"""The page that says how sure the names are, and which photos were enrolled.

The page is complete but for the pictures beside it, and asks no network. Names and
paths come from other people's folders: the template escapes them.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from lfw17_kedro.gallery_types import (
    ACTIONS,
    CHECK,
    ENROLLED,
    LEFT_OUT,
    OpenSetThreshold,
)
from lfw17_kedro.reporting.open_set import fraction_below
from lfw17_kedro.reporting.page_parts import (
    hash_source,
    load_template,
    read_template,
    replace_nan,
)
from lfw17_kedro.reporting.style import read_description
from lfw17_kedro.types import Table

MAX_ROWS = 3000  # of the table of photos; a browser shows so many at once
MAX_PAIRS = 200  # doubtful faces with pictures
MAX_OPEN = 40  # rows of a table that is not folded


@dataclass(frozen=True)
class Evidence:
    """How many impostors stand behind a threshold, and what they can show.

    Attributes:
        needed: impostors that the rate asked for needs: 99 for 1 %.
        own: enrolled photos that played strangers.
        cohort: strangers of the cohort.
        rate: asked for, or the smallest that can be claimed if that is greater.
        support: `none`, `too few`, `cohort` (it alone has enough), or `own`.
    """

    needed: int
    own: int
    cohort: int
    rate: float
    support: str


def weigh_evidence(threshold: OpenSetThreshold) -> Evidence:
    """Say what may be claimed of a threshold.

    Args:
        threshold: its impostors, and the rate asked for.
    """
    # Without rounding, 1 / 0.01 or the like may end just above an integer.
    needed = math.ceil(round(1 / threshold.rate - 1, 9))
    own, cohort = len(threshold.leave_one_out), len(threshold.cohort)
    if not max(own, cohort):
        support = "none"
    elif max(own, cohort) < needed:
        support = "too few"
    else:
        support = "own" if own >= needed else "cohort"
    rate = max(threshold.rate, threshold.attainable_rate)
    return Evidence(needed, own, cohort, rate, support)


def write_open_set_page(
    threshold: OpenSetThreshold,
    enrolment: Table,
    pairs: Table,
    figures: Mapping[str, go.Figure],
    *,
    cohort: str,
) -> str:
    """Write the open-set page.

    Beside it the page expects `album.html`, `enrolment.csv` and the pictures of the
    pairs in `enrolment_pictures`.

    Args:
        threshold: of the gallery.
        enrolment: one row per photo, `ENROLMENT_COLUMNS`.
        pairs: `DOUBTFUL_COLUMNS`, the faces that agree better with another person.
        figures: `open_set` and `trade_off`, see `open_set`.
        cohort: who the strangers of the cohort are, a sentence.

    Returns:
        A whole HTML page, which can be encoded as UTF-8.

    Raises:
        ValueError: an action that no rule of the enrolment gives.
    """
    if strange := sorted(set(enrolment["action"]) - set(ACTIONS)):
        raise ValueError(
            f"enrolment: expected an action of {', '.join(ACTIONS)}, got "
            f"{strange[0]!r}; enrol again."
        )
    style = read_template("report.css") + read_template("open_set.css")
    script = read_template("open_set.js")
    plotlyjs = get_plotlyjs()
    order = enrolment["action"].map(ACTIONS.index)
    photos = enrolment.assign(order=order).sort_values(
        ["order", "person", "photo"], kind="stable"
    )
    return load_template("open_set.html").render(
        threshold=threshold,
        evidence=weigh_evidence(threshold),
        count_of=_write_fraction,
        missed=_count_missed(threshold),
        impostors=_count_accepted(threshold),
        actions=enrolment["action"].value_counts().to_dict(),
        all_actions=ACTIONS,
        left_out=LEFT_OUT,
        check=CHECK,
        people=_count_photos(enrolment),
        photos=[replace_nan(row) for row in photos.head(MAX_ROWS).to_dict("records")],
        n_photos=len(photos),
        pairs=[replace_nan(row) for row in pairs.head(MAX_PAIRS).to_dict("records")],
        n_pairs=len(pairs),
        max_open=MAX_OPEN,
        cohort=cohort,
        figures={name: _embed_figure(figure) for name, figure in figures.items()},
        style=Markup(style),  # noqa: S704 (our own)
        script=Markup(script),  # noqa: S704 (our own)
        plotlyjs=Markup(plotlyjs),  # noqa: S704 (plotly's own)
        hashes=[hash_source(plotlyjs), hash_source(script)],
    )


def _write_fraction(rate: float) -> tuple[str, int]:
    """Write a rate as "1 of so many", or as so many of 100."""
    whole = round(1 / rate)
    if math.isclose(rate * whole, 1, rel_tol=1e-6):
        return "1", whole
    return f"{100 * rate:.3g}", 100


def _count_missed(threshold: OpenSetThreshold) -> dict[str, Any] | None:
    """Count the enrolled faces below the threshold; None if none could be tried."""
    scores = threshold.genuine
    if not len(scores):
        return None
    fraction = fraction_below(scores, threshold.value)
    count, of_hundred = round(fraction * len(scores)), f"{100 * fraction:.0f}"
    return {
        "count": count,
        "of": len(scores),
        "text": "fewer than 1" if count and of_hundred == "0" else of_hundred,
    }


def _count_accepted(threshold: OpenSetThreshold) -> list[tuple[str, int, int]]:
    """Count the impostors at or above the threshold: who, accepted, of."""
    sets = {
        "Enrolled people, each in turn not enrolled": threshold.leave_one_out,
        "Strangers of the cohort": threshold.cohort,
    }
    return [
        (name, int((scores >= threshold.value).sum()), len(scores))
        for name, scores in sets.items()
    ]


def _count_photos(enrolment: Table) -> list[dict[str, Any]]:
    """Count each person's photos by action, those with the fewest enrolled first."""
    named = enrolment[enrolment["person"] != ""]
    counts = pd.crosstab(named["person"], named["action"]).reindex(
        columns=[*ACTIONS], fill_value=0
    )
    people = [
        {
            "person": person,
            "enrolled": int(row[ENROLLED] + row[CHECK]),
            "check": int(row[CHECK]),
            "left_out": int(row[LEFT_OUT]),
        }
        for person, row in counts.iterrows()
    ]
    return sorted(people, key=lambda one: (one["enrolled"], one["person"]))


def _embed_figure(figure: go.Figure) -> dict[str, Any]:
    """Give a figure as JSON that no markup can end, with its description."""
    return {
        "json": htmlsafe_json_dumps(json.loads(figure.to_json())),
        "height": int(figure.layout.height),
        **read_description(figure),
    }
