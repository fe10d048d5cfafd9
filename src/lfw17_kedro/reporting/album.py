"""The album: one HTML page of everybody found, in which the user corrects names.

The page is complete: its script and its style are inside, it asks no network, and it
works from the disk. Names and paths come from other people's folders: they reach the
page as data, in one block of JSON, and only as text from there.
"""

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

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
    Column,
    count_texts,
    encode_data,
    list_numbers,
    list_texts,
)
from lfw17_kedro.reporting.page_parts import hash_source, load_template, read_template
from lfw17_kedro.scan_types import BOX
from lfw17_kedro.types import I64, Table

PHOTO_COLUMNS = ("photo", "sha256", "height", "width")
PEOPLE_COLUMNS = ("name", "photos", "picture")
SCRIPTS = ("data", "parts", "faces", "views", "photos", "correct", "routes", "keys")
DATA = "\0"  # stands for the data in the template; no other text has it
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
    corrections_file: str,
    command: str,
    pictures: str = "album_pictures",
) -> str:
    """Write the album as one HTML page.

    The page expects `<pictures>/faces/<face_id>.jpg`, 150x150, and
    `<pictures>/photos/<first 16 digits of the SHA-256>.jpg`, long side at most 640.

    Args:
        faces: one row for each face of each photo, `IDENTIFIED_COLUMNS`.
        photos: one row per photo, also those without faces: photo (relative path),
            sha256 (hexadecimal), height and width (of the upright photo, pixels).
        people: one row for each enrolled person: name, photos (enrolled), picture
            (path of one of their faces relative to the page, or "").
        left_out: photo (relative path) and reason, one row for each file left out.
        corrections: the lines of the user's corrections.csv. The page saves them
            together with the new ones.
        title: of the page.
        links: label -> path of another report, relative to the page, not
            percent-encoded.
        corrections_file: where the user puts the corrections that the page saves.
        command: that applies them.
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
            "photos": _describe_photos(photos),
            "people": {
                "name": list_texts(people["name"]),
                "photos": list_numbers(people["photos"], 0),
                "picture": map(_quote_path, list_texts(people["picture"])),
            }.items(),
            "leftOut": {
                "photo": list_texts(left_out["photo"]),
                "reason": count_texts(left_out["reason"]),
            }.items(),
            "check": list_doubtful(faces).items(),
        },
        {
            "corrections": list(corrections),
            "pictures": _quote_path(pictures.rstrip("/")),
        },
    )
    style = read_template("album.css")
    script = "\n".join(read_template(f"album_{part}.js") for part in SCRIPTS)
    page = load_template("album.html").render(
        title=one_line(title),
        links={one_line(label): _quote_path(path) for label, path in links.items()},
        data=DATA,
        style=Markup(style),  # noqa: S704 (our own)
        script=Markup(script),  # noqa: S704 (our own)
        style_hash=hash_source(style),
        script_hash=hash_source(script),
        corrections_file=corrections_file,
        command=command,
    )
    # Jinja would copy the data twice, which are nearly the whole page.
    before, _, after = page.partition(DATA)
    return "".join([before, data, after])


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
            f"album: expected one row per photo, got two of {one_line(twice.iloc[0])}; "
            "give each path once."
        )
    lost = faces["photo"][~faces["photo"].isin(photos["photo"])]
    if len(lost):
        raise ValueError(
            f"album: expected every face in one of {len(photos)} photos, got one in "
            f"{one_line(lost.iloc[0])}; give faces and photos of the same run."
        )


def _describe_photos(photos: Table) -> Iterator[tuple[str, Column]]:
    """Describe the photos, column by column."""
    yield "path", list_texts(photos["photo"])
    yield "picture", _list_digits(photos)
    yield "height", list_numbers(photos["height"], 0)
    yield "width", list_numbers(photos["width"], 0)


def _describe_faces(faces: Table, photos: Table) -> Iterator[tuple[str, Column]]:
    """Describe the faces, column by column; `photo` is the row of the photo."""
    rows = pd.Index(photos["photo"]).get_indexer(faces["photo"])
    yield "id", _shorten_ids(faces["face_id"], _list_digits(photos), rows)
    yield "photo", rows.tolist()
    for side in BOX:
        yield side, list_numbers(faces[side], SIDE_DIGITS)
    yield "name", count_texts(faces["name"])
    yield "nearest", count_texts(faces["nearest"])
    yield "second", count_texts(faces["second"])
    yield "similarity", list_numbers(faces["similarity"], SCORE_DIGITS)
    yield "margin", list_numbers(faces["margin"], SCORE_DIGITS)
    yield "rate", list_numbers(faces["false_accept_rate"], RATE_DIGITS)
    yield "nearestPhoto", count_texts(faces["nearest_photo"])
    yield "group", count_texts(faces["group"])
    yield "source", count_texts(faces["source"])


def _shorten_ids(ids: pd.Series, digits: Sequence[str], rows: I64) -> Iterator[str]:
    """Leave out the digits of its photo, with which a face id begins."""
    for face_id, row in zip(list_texts(ids), rows, strict=True):
        yield face_id.removeprefix(digits[row])


def _list_digits(photos: Table) -> list[str]:
    """Give the digits that the pictures of photos are named by."""
    return [text[:HASH_DIGITS] for text in list_texts(photos["sha256"])]


def _quote_path(path: str) -> str:
    """Write a relative path as a URL that no name can turn into another address."""
    return "./" + quote(path, errors="surrogateescape") if path else ""
