"""Which face an old correction is about."""

import re

from invented_album import correct, make_album, make_face

from lfw17_kedro.people_types import BOX
from lfw17_kedro.reporting.album_corrections import match_corrections


def test_corrections_find_their_face():
    album = make_album(
        [
            make_face("a.jpg", (0, 0, 100, 100)),
            make_face("a.jpg", (200, 0, 300, 100)),
            make_face("b.jpg", (0, 0, 100, 100)),
        ]
    )
    first, second, third = album.faces["face_id"]
    moved = re.sub(r"_.*", "_10_0_110_100", first)  # shares 90 of 110 columns
    far = re.sub(r"_.*", "_60_0_160_100_2", first)  # shares 40 of 160 columns
    edited = re.sub(r"^.*?_", "f" * 16 + "_", first)  # the photo has other bytes now
    box = dict(zip(BOX, ("205", "0.5", "300", "100"), strict=True))
    rows = [
        correct(face_id=second, name="Ann"),
        correct(face_id=moved),
        correct(face_id=far),
        correct(photo="a.jpg", **box),
        correct(photo="b.jpg", **box),
        correct(photo="gone.jpg", **box),
        correct(photo="b.jpg", **box | {"left": "x"}),
        correct(photo="./b.jpg"),  # which has one face
        correct(photo="a.jpg"),  # which has two
        correct(face_id=edited, photo="a.jpg"),
        correct(face_id=edited),
        {"face_id": third},
        correct(),
    ]

    matched = match_corrections(album.faces, rows)

    assert [row["face"] for row in matched] == [
        *(second, first, "", second, "", "", "", third, "", first, ""),
        *(third, ""),
    ]
    assert matched[0]["cells"] == [second, *[""] * 6, "Ann", ""]
    assert matched[11]["cells"] == [third, *[""] * 8]


def test_a_box_without_area_is_nobody_s():
    album = make_album([make_face("a.jpg", (5, 5, 5, 5))])
    box = dict.fromkeys(BOX, "5")

    (row,) = match_corrections(album.faces, [correct(photo="a.jpg", **box)])

    assert row["face"] == ""
