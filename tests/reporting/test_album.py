"""The album's data, its escaping, and what it refuses."""

import base64
import hashlib
import html
import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invented_album import make_album, make_face, name_face, small_album

from lfw17_kedro.people.corrections_file import Correction
from lfw17_kedro.reporting.album import list_doubtful
from lfw17_kedro.scan_types import BOX

BLOCK = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.S)
HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"'`&amp;{{ 7*7 }}",
    "javascript:alert(1)",
    "\u202egpj.x\u2028\u2029",
    "محمد",
)


def read_data(page):
    """Read the data as they were: each column as a list, and whole face ids."""
    (block,) = BLOCK.findall(page)
    data = json.loads(block)
    for table in ("faces", "photos", "people", "leftOut"):
        for name, column in data[table].items():
            if isinstance(column, dict):
                texts = [column["texts"][row] for row in column["rows"]]
                data[table][name] = texts
    faces, digits = data["faces"], data["photos"]["picture"]
    assert all(rest.startswith("_") for rest in faces["id"])
    pairs = zip(faces["photo"], faces["id"], strict=True)
    faces["id"] = [digits[photo] + rest for photo, rest in pairs]
    return data


def test_the_data_hold_every_face_and_photo():
    album = small_album()

    data = read_data(album.render())

    faces, photos = data["faces"], data["photos"]
    assert faces["id"] == album.faces["face_id"].tolist()
    assert faces["photo"] == [0, 0, 1, 1, 2, 2, 3]
    assert photos["path"] == [
        "a b#1.jpg",
        "trip/2.jpg",
        "trip/3?.jpg",
        "四.jpg",
        "nobody.jpg",
    ]
    assert [len(digits) for digits in photos["picture"]] == [16] * 5
    assert (photos["height"][0], photos["width"][0]) == (600, 800)
    assert [faces[side][0] for side in BOX] == [80, 60, 280, 300]
    assert faces["margin"][3:] == [None] * 4  # NaN is not JSON
    assert faces["second"][3:] == [""] * 4
    assert data["people"]["name"] == ["Ann", "Bob", "Eve"]
    assert data["people"]["picture"][:2] == [
        "./album_pictures/people/ann%20%231.jpg",
        "",
    ]
    assert data["leftOut"]["reason"] == ["it is not a picture", "it is empty"]
    assert data["pictures"] == "./album_pictures"


def test_numbers_are_rounded():
    row = name_face("a.jpg", (1, 2, 3, 4), "Ann", 0.123456789)
    row |= {"left": 1.23456, "false_accept_rate": 1 / 3, "margin": np.float32(0.1)}

    faces = read_data(make_album([row]).render())["faces"]

    assert faces["similarity"] == [0.1235]
    assert faces["rate"] == [0.333333]
    assert faces["margin"] == [0.1]
    assert [faces[side] for side in BOX] == [[1.2], [2], [3], [4]]


def hostile_album(text):
    row = name_face(text, (0, 0, 9, 9), text, second=text, margin=0.1)
    row |= {"nearest_photo": text, "group": text}
    return make_album([row], [(text, 1, "")], [(text, text)])


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_enters_as_data_alone(text):
    plain = hostile_album("plain").render(title="plain", links={"plain": "plain.html"})

    page = hostile_album(text).render(
        [Correction("is", text, photo=text)], title=text, links={text: text}
    )

    page.encode()  # so that it can be written
    data = read_data(page)
    assert data["faces"]["name"] == [text]
    assert data["photos"]["path"] == [text]
    assert data["corrections"][0]["cells"][7] == text
    around = BLOCK.sub("", page)
    for sign in ("<script", "</script", "<img", "onerror=", "\u2028", "\u2029"):
        assert around.count(sign) == BLOCK.sub("", plain).count(sign) + (
            # as the escaped title and label of a link
            3 * (sign == "onerror=" and sign in text)
        )
    (block,) = BLOCK.findall(page)
    assert block.isascii()
    assert not set("<>&'\u2028") & set(block)


@settings(max_examples=25)  # each writes a page
@given(text=st.text())
def test_any_text_comes_back_from_the_block(text):
    data = read_data(hostile_album(text).render())

    assert data["faces"]["name"] == data["faces"]["second"] == [text]
    assert data["leftOut"] == {"photo": [text], "reason": [text]}


def test_a_file_name_that_is_not_utf8_can_be_written():
    text = "\udce9.jpg"  # as Python reads the byte E9; a table cannot hold it

    page = small_album().render(
        [Correction("ignore", photo=text)], title=text, links={text: text}
    )

    page.encode()
    assert read_data(page)["corrections"][0]["cells"][1] == text
    assert 'href="./%E9.jpg"' in page


def test_the_page_says_where_corrections_belong_and_what_applies_them():
    page = small_album().render(corrections_file="a<b>.csv", command="run & see")

    assert "to <code>a&lt;b&gt;.csv</code>, replacing the old file" in page
    assert "<li>Run <code>run &amp; see</code>, with the same" in page


def test_links_lead_to_files_beside_the_page_alone():
    links = {
        "Enrolment": "enrolment list #1.csv",
        "Script": "javascript:alert(1)",
        "Elsewhere": "//example.com/?a",
        "Above": "../四.html",
    }

    page = small_album().render(links=links)

    urls = re.findall(r'<a href="(\./[^"]*)"', page)
    assert [html.unescape(url) for url in urls] == [
        "./enrolment%20list%20%231.csv",
        "./javascript%3Aalert%281%29",
        ".///example.com/%3Fa",  # a path, not a host
        "./../%E5%9B%9B.html",
    ]


def test_the_security_policy_allows_the_page_s_own_parts_alone():
    page = small_album().render()

    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "'self' file: data:"
    for part in ("script", "style"):
        (text,) = re.findall(f"<{part}>(.*?)</{part}>", page, re.S)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[f"{part}-src"] == f"'sha256-{digest}'"
    assert " style=" not in page
    assert not re.search(r"<[^>]* on\w+=", BLOCK.sub("", page).split("<script>")[0])
    assert "http:" not in page and "https:" not in page


def test_the_hash_of_the_data_follows_what_they_say():
    album = small_album()
    same = read_data(album.render())["hash"]

    assert read_data(small_album().render(title="Other"))["hash"] == same
    assert read_data(album.render([Correction("is", "Ann")]))["hash"] != same


def test_doubtful_faces_come_first():
    def named(**values):
        return name_face("a.jpg", (0, 0, 9, 9), "Ann", **values)

    def unknown(**values):
        return make_face("a.jpg", (0, 0, 9, 9), nearest="Ann", **values)

    rows = [
        named(margin=0.5, false_accept_rate=0.001),
        named(margin=0.1, false_accept_rate=0.002),  # smallest margin
        named(margin=np.nan, false_accept_rate=0.009),  # highest rate
        named(margin=0.4, false_accept_rate=0.005),
        named(margin=0.01, source="correction"),  # certain
        unknown(false_accept_rate=0.5, similarity=0.2),
        unknown(false_accept_rate=0.02, similarity=0.4),
        unknown(false_accept_rate=0.02, similarity=0.5),
        make_face("a.jpg", (0, 0, 9, 9)),  # nobody is near
        make_face("a.jpg", (0, 0, 9, 9), name="ignored", nearest="Ann"),
    ]

    listed = list_doubtful(make_album(rows).faces)

    assert listed == {"named": [1, 2, 3, 0], "unknown": [7, 6, 5]}


def test_no_photos_give_a_page():
    data = read_data(make_album([]).render())

    assert data["faces"]["id"] == []
    assert data["photos"]["path"] == []
    assert data["check"] == {"named": [], "unknown": []}


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("faces", "margin"),
        ("photos", "height"),
        ("people", "picture"),
        ("left_out", "reason"),
    ],
)
def test_missing_columns_are_named(table, column):
    album = small_album()
    album = album._replace(**{table: getattr(album, table).drop(columns=column)})

    with pytest.raises(ValueError, match=f"in {table}, got no {column}; run identify"):
        album.render()


def test_faces_without_their_photo_are_refused():
    album = small_album()

    with pytest.raises(ValueError, match="in one of 4 photos, got one in a b#1.jpg;"):
        album._replace(photos=album.photos[1:]).render()


def test_a_photo_with_two_rows_is_refused():
    album = small_album()
    photos = album.photos.iloc[[0, 0, 1, 2, 3, 4]]

    with pytest.raises(ValueError, match="one row per photo, got two of a b#1.jpg;"):
        album._replace(photos=photos).render()
