import numpy as np
import pandas as pd
import pytest

from lfw17_kedro.gallery_types import NOTHING_FORBIDDEN
from lfw17_kedro.people.apply_corrections import (
    forbid_people,
    list_corrections,
    match_corrections,
)
from lfw17_kedro.people.corrections_file import Correction
from lfw17_kedro.people.face_ids import make_face_ids

A, B, C = "a" * 64, "b" * 64, "c" * 64
A_LEFT, A_RIGHT = f"{'a' * 16}_10_10_50_60", f"{'a' * 16}_60_10_100_60"


def make_faces():
    """Two faces in a.jpg and its copy, one in b.jpg."""
    faces = pd.DataFrame(
        [
            ("a.jpg", A, 10.0, 10.0, 50.0, 60.0),
            ("a.jpg", A, 60.0, 10.0, 100.0, 60.0),
            ("b/zoë.jpg", B, 5.2, 5.0, 30.0, 40.0),
        ],
        columns=["photo", "sha256", "left", "top", "right", "bottom"],
    )
    faces["face_id"] = make_face_ids(faces.assign(height=100, width=120))
    return pd.concat([faces, faces[:2].assign(photo="copy.jpg")], ignore_index=True)


GONE = f"{'d' * 16}_11_10_50_60"  # a face of a photo that was at a.jpg before


def compare(face_id, rows):
    """The first face of a.jpg is the one that is gone, and known; others are not."""
    return np.array([row == 0 for row in rows]) if face_id == GONE else None


def match(*corrections):
    return match_corrections(corrections, make_faces(), compare)


def test_a_face_is_found_by_id_by_box_and_by_photo():
    applied = match(
        Correction("is", "Ann", A_LEFT, enrol=True),
        Correction("is_not", "Bob", photo="a.jpg", box=(62, 12, 103, 61)),
        Correction("ignore", photo="b/zoe\u0308.jpg"),  # as macOS writes it
    )

    assert applied.names == {0: "Ann", 3: "Ann"}  # in the copy, too
    assert applied.forbidden == [(1, "Bob"), (4, "Bob")]
    assert applied.ignored == {2}
    assert applied.unmatched == []
    assert applied.notes == []


@pytest.mark.parametrize("path", ["c/zoë.jpg", "c/zoe\u0308.jpg", "./c/zoë.jpg"])
def test_a_face_is_found_by_the_path_of_a_copy(path):
    one = Correction("ignore", photo=path)

    applied = match_corrections(
        [one], make_faces(), compare, {"c/zoë.jpg": "b/zoë.jpg"}
    )

    assert applied.ignored == {2}
    assert applied.unmatched == []


def test_nothing_is_said_without_corrections_or_faces():
    assert match() == ({}, [], set(), [], [])
    lost = Correction("is", "Ann", A_LEFT)

    applied = match_corrections([lost], make_faces()[:0], compare)

    assert applied.names == {}
    assert applied.unmatched[0].correction is lost


def test_a_face_is_found_after_detection_changed():
    moved = f"{'a' * 16}_14_12_55_66"  # 36 x 48 of 2000 + 2214 - 1728: 0.70

    assert match(Correction("is", "Ann", moved)).names == {0: "Ann", 3: "Ann"}


def test_a_face_is_found_by_box_after_its_photo_was_edited():
    assert match(Correction("is", "Ann", GONE, "a.jpg")).names == {0: "Ann", 3: "Ann"}
    assert match(Correction("is", "Ann", GONE)).names == {}


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (
            np.array([False]),
            "the photo at this path has another content now, whose face is not like "
            "the one of face_id; correct it again in the album",
        ),
        (
            None,
            "the photo at this path has another content now, and the face of face_id "
            "is not known any more, so the two cannot be compared; correct it again in "
            "the album",
        ),
    ],
)
def test_a_correction_does_not_move_to_another_photo_of_the_same_path(known, reason):
    one = Correction("is", "Ann", GONE, "a.jpg")

    applied = match_corrections([one], make_faces(), lambda face_id, rows: known)

    assert applied.names == {}
    assert applied.unmatched == [(one, reason)]
    [listed] = list_corrections([one], make_faces(), lambda face_id, rows: known)
    assert listed["face"] == ""


def test_a_face_at_a_corner_is_found_after_detection_changed():
    """Its id has the 20 x 20 pixels of its box that are on the photo."""
    faces = make_faces().assign(left=100.0, top=80.0, right=150.0, bottom=130.0)[:1]
    faces["face_id"] = make_face_ids(faces.assign(height=100, width=120))
    one = Correction("is", "Ann", f"{'a' * 16}_101_81_120_100")

    assert match_corrections([one], faces, compare).names == {0: "Ann"}


COMPOSED, DECOMPOSED = "b/zoë.jpg", "b/zoe\u0308.jpg"


def make_twins():
    """Two photos whose paths differ in the code points of one letter alone."""
    faces = pd.concat([make_faces()[2:3].assign(photo=COMPOSED)] * 2, ignore_index=True)
    faces["photo"], faces["sha256"] = [DECOMPOSED, COMPOSED], [B, C]
    faces["face_id"] = [f"{one[:16]}_5_5_30_40" for one in (B, C)]
    return faces


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_photos_whose_paths_differ_in_code_points_alone_are_told_apart(order):
    faces = make_twins().iloc[order].reset_index(drop=True)
    box = (5, 5, 30, 40)

    by_id = match_corrections(
        [
            Correction("is", "Ann", f"{B[:16]}_5_5_30_40", DECOMPOSED),
            Correction("is", "Bob", f"{C[:16]}_5_5_30_40", COMPOSED),
        ],
        faces,
        compare,
    )
    by_box = match_corrections(
        [
            Correction("is", "Ann", photo=DECOMPOSED, box=box),
            Correction("is", "Bob", photo=COMPOSED, box=box),
        ],
        faces,
        compare,
    )

    assert by_id.names == by_box.names == dict(zip(order, ("Ann", "Bob"), strict=True))


def test_a_face_is_found_by_id_after_its_photo_was_moved():
    assert match(Correction("ignore", "", A_LEFT, "old/a.jpg")).ignored == {0, 3}


def test_an_iou_of_a_third_is_enough():
    box = (80.0, 10.0, 120.0, 60.0)  # 20 x 50 of 2000 + 2000 - 1000

    assert match(Correction("ignore", photo="a.jpg", box=box)).ignored == {1, 4}


@pytest.mark.parametrize(
    ("correction", "reason"),
    [
        (Correction("ignore", photo="no.jpg"), "no photo with a face has this"),
        (Correction("ignore", face_id=f"{'e' * 16}_1_2_3_4"), "no photo with a face"),
        (Correction("ignore", photo="a.jpg"), "has 2 faces; give face_id or the box"),
        (  # 18 x 50 of 2000 + 2000 - 900: 0.29
            Correction("ignore", photo="a.jpg", box=(82, 10, 122, 60)),
            "is near: expected an overlap of 0.3 at least, got 0.29",
        ),
    ],
)
def test_a_correction_without_a_face_is_reported(correction, reason):
    applied = match(correction)

    assert applied.ignored == set()
    [unmatched] = applied.unmatched
    assert unmatched.correction is correction
    assert reason in unmatched.reason


@pytest.mark.parametrize(
    ("first", "second", "problem"),
    [
        (("is", "Ann"), ("is", "Bob"), r"line 2 \(is Ann\) and line 3 \(is Bob\) mean"),
        (
            ("is", "Ann"),
            ("is_not", "Ann"),
            r"line 2 \(is Ann\) and line 3 \(is_not Ann",
        ),
        (
            ("is_not", "Ann"),
            ("is", "Ann"),
            r"line 2 \(is_not Ann\) and line 3 \(is Ann",
        ),
        (
            ("ignore", ""),
            ("is", "Ann"),
            r"line 2 \(ignore\) and line 3 \(is Ann\) mean",
        ),
        (("is", "Ann"), ("is_not", "Bob"), None),
        (("is_not", "Ann"), ("is_not", "Bob"), None),
        (("is_not", "Ann"), ("ignore", ""), None),
        (("is", "Ann"), ("is", "Ann"), None),
    ],
)
@pytest.mark.parametrize(
    "where", [{"face_id": A_LEFT}, {"photo": "copy.jpg", "box": (11, 10, 50, 60)}]
)
def test_contradictions_are_refused_however_the_face_is_named(
    first, second, problem, where
):
    pair = [
        Correction(*first, face_id=A_LEFT, line=2),
        Correction(*second, **where, line=3),
        Correction("is", "Cy", A_RIGHT, line=4),
    ]
    if problem is None:
        match(*pair)
        return
    with pytest.raises(ValueError, match=f"{problem}.*one face, {A_LEFT}; keep one"):
        match(*pair)


def test_the_album_lists_each_line_with_its_face():
    lines = [
        Correction("is", "Ann", A_LEFT, enrol=True),
        Correction("is_not", "Bob", photo="a.jpg", box=(62, 12, 103, 61)),
        Correction("ignore", photo="gone.jpg"),
    ]

    listed = list_corrections(lines, make_faces(), compare)

    box = ["62.0", "12.0", "103.0", "61.0"]
    assert listed == [
        {"cells": [A_LEFT, *[""] * 5, "is", "Ann", "yes"], "face": A_LEFT},
        {"cells": ["", "a.jpg", *box, "is_not", "Bob", ""], "face": A_RIGHT},
        {"cells": ["", "gone.jpg", *[""] * 4, "ignore", "", ""], "face": ""},
    ]


def test_all_contradictions_are_listed():
    with pytest.raises(ValueError, match=r"line 5 .* keep one; line 3 .* keep one\.$"):
        match(
            Correction("is", "Ann", A_LEFT, line=5),
            Correction("is", "Bob", A_RIGHT, line=3),
            Correction("is", "Cy", A_LEFT, line=6),
            Correction("ignore", "", A_RIGHT, line=4),
        )


def test_an_id_counts_where_another_photo_has_taken_the_path():
    applied = match(Correction("is", "Ann", A_LEFT, "b/zoë.jpg", line=7))

    assert applied.names == {0: "Ann", 3: "Ann"}
    [note] = applied.notes
    assert note.startswith(f"line 7: {A_LEFT} is no face of 'b/zoë.jpg', which has")


def test_a_photo_may_be_edited_while_the_original_lies_elsewhere():
    """The id is of a.jpg; b/zoë.jpg was its copy, and is edited now."""
    one = Correction("is", "Ann", A_LEFT, "b/zoë.jpg")

    def recognize(face_id, rows):
        assert (face_id, rows) == (A_LEFT, [2])
        return np.array([True])

    applied = match_corrections([one], make_faces(), recognize)

    assert applied.names == {0: "Ann", 3: "Ann"}


def test_one_person_twice_in_a_photo_is_noted():
    applied = match(Correction("is", "Ann", A_LEFT), Correction("is", "Ann", A_RIGHT))

    assert applied.names == {row: "Ann" for row in (0, 1, 3, 4)}
    assert [note.partition(" by ")[0] for note in applied.notes] == [
        "a.jpg: Ann is there 2 times",
        "copy.jpg: Ann is there 2 times",
    ]


def test_the_model_may_not_contradict_the_user():
    applied = match(
        Correction("is", "ann_lee", A_LEFT),
        Correction("is_not", "Bob", A_RIGHT),
        Correction("is_not", "Nobody Enrolled", A_RIGHT),
        Correction("ignore", photo="b/zoë.jpg"),
    )
    photos = np.array([0, 0, 1, 2, 2, 3])  # and a face that nothing is said of

    forbidden = forbid_people(applied, photos, ["Ann Lee", "Bob", "Cy"])

    # Ann is taken in photos 0 and 2. Row 2 is ignored, rows 0 and 3 are named.
    assert forbidden.people == {1: {0, 1}, 4: {0, 1}}
    assert forbidden.faces == {0, 2, 3}
    assert forbid_people(applied, photos, []).people == {}
    assert forbid_people(match(), photos, ["Ann Lee"]) == NOTHING_FORBIDDEN
