import dataclasses

import numpy as np
import pandas as pd

from lfw17_kedro.gallery_types import (
    DOUBTFUL_COLUMNS,
    ENROLMENT_COLUMNS,
    GALLERY_COLUMNS,
    Gallery,
    OpenSetThreshold,
)
from lfw17_kedro.people.doubtful import list_doubtful_pairs
from lfw17_kedro.photo_types import PhotoFile
from lfw17_kedro.scan_types import BOX, FACE_COLUMNS, PHOTO_COLUMNS, Scan

NONE = np.empty(0)
THRESHOLD = OpenSetThreshold(0.5, 0.01, 1.0, NONE, NONE, NONE)


def make_faces(columns, **values):
    return pd.DataFrame(values).reindex(columns=[*columns], fill_value=0.0)


def make_boxes(lefts):
    boxes = np.array([(left, 0, left + 10, 10) for left in lefts], float)
    return dict(zip(BOX, boxes.T, strict=True))


# Photo a shows two faces; the larger is the second.
SCAN = Scan(
    make_faces(PHOTO_COLUMNS, sha256=["a" * 64, "b" * 64, "c" * 64]).assign(
        height=20, width=40
    ),
    make_faces(
        FACE_COLUMNS,
        sha256=["a" * 64, "a" * 64, "b" * 64, "c" * 64],
        left=[0.0, 10, 10, 10],
        top=[0.0, 0, 0, 0],
        right=[4.0, 30, 30, 30],
        bottom=[4.0, 20, 20, 20],
    ),
    np.array([[0, 0, 1], [1, 0, 0], [0.8, 0.6, 0], [0, 1, 0]], np.float32),
    "f",
)
FILES = [PhotoFile(f"{one}/1.jpg", letter * 64) for one, letter in
         [("Ann", "a"), ("Bob", "b"), ("Bob2", "c")]]  # fmt: skip


class Store:
    """Shows what was scanned."""

    def __init__(self, scan):
        self.scan, self.reads = scan, 0

    def read(self, sha256):
        self.reads += 1
        assert len(set(sha256)) == len(sha256)
        rows = self.scan.faces["sha256"].isin(sha256)
        return dataclasses.replace(self.scan, faces=self.scan.faces[rows])

    def read_pictures(self, sha256):
        yield from ()


def make_gallery(*rows):
    """Enrol faces of the scan: (person, photo, row)."""
    faces = SCAN.faces.iloc[[row for _, _, row in rows]].reset_index(drop=True)
    faces["person"] = [person for person, _, _ in rows]
    faces["photo"] = [photo for _, photo, _ in rows]
    faces["picture_hash"] = ""
    return Gallery(
        tuple(sorted({person for person, _, _ in rows})),
        faces[[*GALLERY_COLUMNS]],
        SCAN.vectors[[row for _, _, row in rows]],
        np.eye(3, dtype=np.float32),
        THRESHOLD,
        "f",
    )


def make_enrolment(*rows):
    columns = [
        *ENROLMENT_COLUMNS[:3],
        "similarity",
        "nearest_other",
        "similarity_other",
    ]
    table = pd.DataFrame([*rows], columns=columns)
    return table.reindex(columns=[*ENROLMENT_COLUMNS])


def test_a_face_left_out_is_shown_beside_the_nearest_photo_of_the_other():
    gallery = make_gallery(("Bob", "Bob/1.jpg", 2), ("Bob", "Bob2/1.jpg", 3))
    enrolment = make_enrolment(
        ("Ann", "Ann/1.jpg", "left out", 0.2, "Bob", 0.9),
        ("Bob", "Bob/1.jpg", "enrolled", 0.6, "Ann", 0.1),
    )

    table, paths = list_doubtful_pairs(enrolment, FILES, SCAN, gallery, Store(SCAN))

    expected = {
        "person": "Ann",
        "photo": "Ann/1.jpg",
        "action": "left out",
        "similarity": 0.2,
        "picture": f"{'a' * 16}_1.jpg",
        "other": "Bob",
        "other_photo": "Bob/1.jpg",
        "similarity_other": 0.9,
        "other_picture": f"{'b' * 16}_0.jpg",
    }
    assert table.to_dict("records") == [expected]
    assert paths == {
        ("a" * 64, 1): [f"{'a' * 16}_1.jpg"],
        ("b" * 64, 0): [f"{'b' * 16}_0.jpg"],
    }


def test_the_most_doubtful_come_first_and_the_store_is_read_once():
    gallery = make_gallery(("Ann", "Ann/1.jpg", 1), ("Bob", "Bob/1.jpg", 2))
    enrolment = make_enrolment(
        ("Ann", "Ann/1.jpg", "enrolled, check it", 0.5, "Bob", 0.6),
        ("Bob", "Bob/1.jpg", "enrolled, check it", 0.5, "Ann", 0.9),
    )
    store = Store(SCAN)

    table, _ = list_doubtful_pairs(enrolment, FILES, SCAN, gallery, store)

    assert table["person"].tolist() == ["Bob", "Ann"]
    assert store.reads == 1


def test_photos_left_out_for_another_reason_are_not_doubtful():
    enrolment = make_enrolment(("Ann", "Ann/1.jpg", "left out", np.nan, "", np.nan))

    table, paths = list_doubtful_pairs(
        enrolment, FILES, SCAN, make_gallery(("Bob", "Bob/1.jpg", 2)), Store(SCAN)
    )

    assert table.columns.tolist() == [*DOUBTFUL_COLUMNS]
    assert (len(table), paths) == (0, {})


def test_a_face_the_user_chose_from_other_photos_is_found_in_the_gallery():
    gallery = make_gallery(("Ann", "party.jpg", 0), ("Bob", "Bob/1.jpg", 2))
    enrolment = make_enrolment(
        ("Ann", "party.jpg", "enrolled, check it", 0.5, "Bob", 0.6)
    )

    table, _ = list_doubtful_pairs(enrolment, FILES, SCAN, gallery, Store(SCAN))

    assert table["picture"].tolist() == [f"{'a' * 16}_0.jpg"]


def test_a_chosen_face_is_told_from_the_persons_photo_of_the_same_path():
    gallery = make_gallery(
        ("Ann", "Ann/1.jpg", 1), ("Ann", "Ann/1.jpg", 3), ("Bob", "Bob/1.jpg", 2)
    )
    enrolment = make_enrolment(
        ("Ann", "Ann/1.jpg", "enrolled, check it", 0.5, "Bob", 0.6),
        ("Bob", "Bob/1.jpg", "enrolled", 0.9, "Ann", 0.1),
        ("Ann", "Ann/1.jpg", "enrolled, check it", 0.5, "Bob", 0.7),
    )

    table, _ = list_doubtful_pairs(enrolment, FILES, SCAN, gallery, Store(SCAN))

    assert table["similarity_other"].tolist() == [0.7, 0.6]
    assert table["picture"].tolist() == [f"{'c' * 16}_0.jpg", f"{'a' * 16}_1.jpg"]


def test_what_cannot_be_found_has_no_picture():
    enrolment = make_enrolment(("Ann", "party.jpg", "left out", 0.5, "Eve", 0.9))

    table, paths = list_doubtful_pairs(
        enrolment, FILES, SCAN, make_gallery(("Bob", "Bob/1.jpg", 2)), Store(SCAN)
    )

    [row] = table.to_dict("records")
    assert (row["picture"], row["other_photo"], row["other_picture"]) == ("", "", "")
    assert paths == {}
