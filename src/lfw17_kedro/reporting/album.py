"""The album: one HTML page of everybody found, in which the user corrects names.

The page is complete: its script and its style are inside, it asks no network, and it
works from the disk. Names and paths come from other people's folders: they reach the
page as data, in one block of JSON, and only as text from there.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import jinja2
import numpy as np
import pandas as pd
from markupsafe import Markup

from lfw17_kedro.gallery_types import (
    CORRECTION,
    IDENTIFIED_COLUMNS,
    RESERVED_NAMES,
    UNKNOWN_NAME,
    ListedCorrection,
)
from lfw17_kedro.messages import one_line
from lfw17_kedro.photo_types import HASH_DIGITS, LEFT_OUT_COLUMNS
from lfw17_kedro.reporting.album_data import (
    count_texts,
    encode_data,
    list_numbers,
    list_texts,
)
from lfw17_kedro.reporting.page_parts import hash_source, read_template
from lfw17_kedro.scan_types import BOX
from lfw17_kedro.types import Table

PHOTO_COLUMNS = ("photo", "sha256", "height", "width")
PEOPLE_COLUMNS = ("name", "photos", "picture")
CORRECTIONS_FILE = "data/01_raw/corrections.csv"
COMMAND = "kedro run --env people"
SCRIPTS = ("data", "parts", "faces", "views", "photos", "correct", "routes", "keys")
SIDE_DIGITS, SCORE_DIGITS, RATE_DIGITS = 1, 4, 6  # behind the point, more than needed


def render_album(
    faces: Table,
    photos: Table,
    people: Table,
    left_out: Table,
    corrections: Sequence[ListedCorrection],
    *,
    title: str,
    links: Mapping[str, str],
    pictures: str = "album_pictures",
) -> str:
    """Write the album as one HTML page.

    The page expects `<pictures>/faces/<face_id>.jpg`, 150x150, and
    `<pictures>/photos/<first 16 digits of the SHA-256>.jpg`, long side at most 640.

    Args:
        faces: one row for each face of each photo, `IDENTIFIED_COLUMNS`.
        photos: one row a photo, also those without faces: photo (relative path),
            sha256 (hexadecimal), height and width (of the upright photo, pixels).
        people: one row for each enrolled person: name, photos (enrolled), picture
            (path of one of their faces relative to the page, or "").
        left_out: photo (relative path) and reason, one row for each file left out.
        corrections: the lines of the user's corrections.csv. The page saves them
            together with the new ones.
        title: of the page.
        links: label -> path of another report, relative to the page, not
            percent-encoded.
        pictures: folder of the pictures, relative to the page.

    Returns:
        A whole HTML page, which can be encoded as UTF-8.

    Raises:
        ValueError: columns are missing, a photo has two rows, or a face lies in a
            photo that is not in `photos`.
    """
    _check_tables(faces, photos, people, left_out)
    data = encode_data(
        {
            "faces": _describe_faces(faces, photos),
            "photos": {
                "path": list_texts(photos["photo"]),
                "picture": _list_digits(photos),
                "height": list_numbers(photos["height"], 0),
                "width": list_numbers(photos["width"], 0),
            },
            "people": {
                "name": list_texts(people["name"]),
                "photos": list_numbers(people["photos"], 0),
                "picture": map(_quote_path, list_texts(people["picture"])),
            },
            "leftOut": {
                "photo": list_texts(left_out["photo"]),
                "reason": count_texts(left_out["reason"]),
            },
            "check": list_doubtful(faces),
        },
        {
            "corrections": list(corrections),
            "pictures": _quote_path(pictures.rstrip("/")),
        },
    )
    style = read_template("album.css")
    script = "\n".join(read_template(f"album_{part}.js") for part in SCRIPTS)
    return _load_template().render(
        title=one_line(title),
        links={one_line(label): _quote_path(path) for label, path in links.items()},
        data=data,
        style=Markup(style),  # noqa: S704 (our own)
        script=Markup(script),  # noqa: S704 (our own)
        style_hash=hash_source(style),
        script_hash=hash_source(script),
        corrections_file=CORRECTIONS_FILE,
        command=COMMAND,
    )


def list_doubtful(faces: Table) -> dict[str, list[int]]:
    """List the faces to check, the most doubtful first; corrected ones are certain.

    Args:
        faces: N rows, `IDENTIFIED_COLUMNS`.

    Returns:
        Rows, 0..N-1. `named`: faces with a name, those with the smallest margin or the
        highest false accept rate first. `unknown`: unknown faces, those first that
        the fewest impostors resemble the gallery as much as.
    """
    columns = ["name", "source", "nearest", "similarity", "margin", "false_accept_rate"]
    table = faces[columns].reset_index(drop=True)
    by_model = table["source"] != CORRECTION
    named = table[by_model & ~table["name"].isin(RESERVED_NAMES)]
    margin = named["margin"].rank(na_option="bottom")
    # many faces share a rate: of these the margin decides
    rate = (-named["false_accept_rate"]).rank(method="max", na_option="bottom")
    doubt = pd.DataFrame({"doubt": np.minimum(margin, rate), "margin": margin})
    doubt = doubt.sort_values(["doubt", "margin"], kind="stable")
    near = by_model & (table["name"] == UNKNOWN_NAME)
    unknown = table[near & ~table["nearest"].isin(["", None, np.nan])].sort_values(
        ["false_accept_rate", "similarity"], ascending=[True, False], kind="stable"
    )
    return {
        "named": doubt.index.tolist(),
        "unknown": unknown.index.tolist(),
    }


def _check_tables(faces: Table, photos: Table, people: Table, left_out: Table) -> None:
    """Check the columns, and that every face has its photo."""
    tables = {
        "faces": (faces, IDENTIFIED_COLUMNS),
        "photos": (photos, PHOTO_COLUMNS),
        "people": (people, PEOPLE_COLUMNS),
        "left_out": (left_out, LEFT_OUT_COLUMNS),
    }
    for name, (table, columns) in tables.items():
        if missing := [column for column in columns if column not in table]:
            raise ValueError(
                f"album: expected {', '.join(columns)} in {name}, got no "
                f"{', '.join(missing)}; run identify again."
            )
    twice = photos["photo"][photos["photo"].duplicated()]
    if len(twice):
        raise ValueError(
            f"album: expected one row a photo, got two of {one_line(twice.iloc[0])}; "
            "give each path once."
        )
    lost = faces["photo"][~faces["photo"].isin(photos["photo"])]
    if len(lost):
        raise ValueError(
            f"album: expected every face in one of {len(photos)} photos, got one in "
            f"{one_line(lost.iloc[0])}; give faces and photos of the same run."
        )


def _describe_faces(faces: Table, photos: Table) -> dict[str, Iterable[Any]]:
    """Describe the faces; `photo` is the row of the photo.

    A face id begins with the digits of its photo, which are left out.
    """
    rows = pd.Index(photos["photo"]).get_indexer(faces["photo"])
    digits = _list_digits(photos)
    return {
        "id": (
            face_id.removeprefix(digits[row])
            for face_id, row in zip(list_texts(faces["face_id"]), rows, strict=True)
        ),
        "photo": rows.tolist(),
        **{side: list_numbers(faces[side], SIDE_DIGITS) for side in BOX},
        "name": count_texts(faces["name"]),
        "nearest": count_texts(faces["nearest"]),
        "second": count_texts(faces["second"]),
        "similarity": list_numbers(faces["similarity"], SCORE_DIGITS),
        "margin": list_numbers(faces["margin"], SCORE_DIGITS),
        "rate": list_numbers(faces["false_accept_rate"], RATE_DIGITS),
        "nearestPhoto": count_texts(faces["nearest_photo"]),
        "group": count_texts(faces["group"]),
        "source": count_texts(faces["source"]),
    }


def _list_digits(photos: Table) -> list[str]:
    """Give the digits that the pictures of photos are named by."""
    return [text[:HASH_DIGITS] for text in list_texts(photos["sha256"])]


def _quote_path(path: str) -> str:
    """Write a relative path as a URL that no name can turn into another address."""
    return "./" + quote(path, errors="surrogateescape") if path else ""


def _load_template() -> jinja2.Template:
    """Load the page's template, which escapes what it is given."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(read_template("album.html"))
