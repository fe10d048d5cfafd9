import numpy as np
import pytest
from invented_scans import make_scan

from lfw17_kedro.gallery_types import Cohort
from lfw17_kedro.people.enrol import (
    ChosenFace,
    ThresholdRule,
    choose_rows,
    enrol_people,
    leave_out_known,
    list_cohort,
)
from lfw17_kedro.people.gate import QualityGate
from lfw17_kedro.photo_types import PhotoFile
from lfw17_kedro.scan_types import FACE_COLUMNS

GATE = QualityGate(min_extent=15, min_sharpness=0.1, max_different_bits=2)
X, Y, Z = (1, 0, 0), (0, 1, 0), (0, 0, 1)
NEAR_X = (1, 0.3, 0)
NOBODY = np.empty((0, 3), np.float32)


def enrol(photos, chosen=(), cohort=NOBODY, **changes):
    """Enrol photos: path -> faces, each with a content of its own unless it says so."""
    contents = {path: changes.pop(path, path) for path in photos}
    files = [
        PhotoFile(path, "", own[1:])
        if isinstance(own, str) and own.startswith("!")
        else PhotoFile(path, contents[path])
        for path, own in photos.items()
    ]
    scanned = {f.sha256: photos[f.path] for f in files if not f.problem}
    rule = ThresholdRule(np.asarray(cohort, np.float32), 0.01, 0.9)
    gallery, table = enrol_people(
        files, make_scan(scanned, **changes), GATE, rule, chosen
    )
    return gallery, table.set_index("photo")


def test_a_face_of_each_photo_is_enrolled_and_people_are_sorted():
    gallery, table = enrol(
        {
            "Bob/1.jpg": [{"vector": Y}],
            "Ann/1.jpg": [{"vector": X}],
            "Ann/b/2.jpg": [{"vector": NEAR_X}],
        }
    )

    assert gallery.people == ("Ann", "Bob")
    assert gallery.faces["photo"].tolist() == ["Ann/1.jpg", "Ann/b/2.jpg", "Bob/1.jpg"]
    np.testing.assert_allclose(gallery.vectors[2], Y)
    mean = np.array(X) + np.array(NEAR_X) / np.hypot(1, 0.3)
    np.testing.assert_allclose(gallery.templates[0], mean / np.linalg.norm(mean), 1e-6)
    assert set(table["action"]) == {"enrolled"}
    assert set(table["reason"]) == {""}


def test_the_large_central_face_of_a_photo_counts():
    small = {"vector": Y, "box": (90, 40, 110, 60)}
    large = {"vector": X, "box": (60, 10, 140, 90)}
    aside = {"vector": Z, "box": (0, 0, 60, 60)}

    gallery, _ = enrol({"Ann/1.jpg": [small, large, aside]})

    np.testing.assert_allclose(gallery.vectors, [X])


@pytest.mark.parametrize(
    ("photos", "photo", "reason"),
    [
        ({"1.jpg": [{"vector": X}]}, "1.jpg", "it lies in no folder of a person"),
        (
            {"Unknown/1.jpg": [{"vector": X}]},
            "Unknown/1.jpg",
            "the name Unknown is reserved; name the folder after the person",
        ),
        (
            {"unknown-001/1.jpg": [{"vector": X}]},
            "unknown-001/1.jpg",
            "the name unknown-001 is reserved; name the folder after the person",
        ),
        (
            {"=cmd()/1.jpg": [{"vector": X}]},
            "=cmd()/1.jpg",
            "the name of the folder starts with = + - or @",
        ),
        (
            {"CON/1.jpg": [{"vector": X}]},
            "CON/1.jpg",
            "the name of the folder is reserved on Windows; rename it",
        ),
        (
            {"<b>Ann/1.jpg": [{"vector": X}]},
            "<b>Ann/1.jpg",
            "the name of the folder holds one of <",
        ),
        (
            {"Ann/1.jpg": [{"vector": X}], "ann/1.jpg": [{"vector": Y}]},
            "ann/1.jpg",
            "the folder looks the same as Ann; rename one of them",
        ),
        ({"Ann/1.jpg": "it is no photo"}, "Ann/1.jpg", "it is no photo"),
        ({"Ann/1.jpg": "!no permission"}, "Ann/1.jpg", "no permission"),
        ({"Ann/1.jpg": []}, "Ann/1.jpg", "no face was found"),
        (
            {"Ann/1.jpg": [{"vector": X, "extent": 14.4}]},
            "Ann/1.jpg",
            "the face is small: 14 pixels between eyes and mouth, at least 15 are",
        ),
        (
            {"Ann/1.jpg": [{"vector": X, "sharpness": 0.05}]},
            "Ann/1.jpg",
            "the face is blurred: sharpness 0.05, at least 0.1 is needed",
        ),
    ],
)
def test_a_photo_that_would_mislead_is_left_out(photos, photo, reason):
    gallery, table = enrol(photos)

    row = table.loc[f"./{photo}" if photo.startswith("=") else photo]
    assert row["action"] == "left out"
    assert row["reason"].startswith(reason)
    assert not row["person"].startswith("=")
    assert photo not in gallery.faces["photo"].tolist()


def test_the_same_file_counts_once():
    photos = {"Ann/1.jpg": [{"vector": X}], "Ann/2.jpg": [{"vector": X}]}

    gallery, table = enrol(photos, **{"Ann/1.jpg": "one", "Ann/2.jpg": "one"})

    assert gallery.faces["photo"].tolist() == ["Ann/1.jpg"]
    assert table.loc["Ann/2.jpg", "reason"] == "the same file as Ann/1.jpg"


def test_one_file_under_two_names_is_enrolled_for_neither():
    photos = {
        "Ann/1.jpg": [{"vector": X}],
        "Bob/1.jpg": [{"vector": X}],
        "Bob/2.jpg": [{"vector": Y}],
    }

    gallery, table = enrol(photos, **{"Ann/1.jpg": "one", "Bob/1.jpg": "one"})

    assert gallery.people == ("Bob",)
    assert set(table.loc[["Ann/1.jpg", "Bob/1.jpg"], "reason"]) == {
        "the same file is there as Ann and as Bob; remove it from one of them"
    }


def test_of_two_files_of_one_picture_the_one_with_the_larger_face_counts():
    photos = {
        "Ann/1.jpg": [{"vector": X, "extent": 20.0}],
        "Ann/2.jpg": [{"vector": X, "extent": 40.0}],
        "Ann/3.jpg": [{"vector": X, "extent": 30.0}],
    }
    hashes = ("00000000000000ff", "00000000000000fc", "0000000000000000")
    changes = {
        path: {"picture_hash": one} for path, one in zip(photos, hashes, strict=True)
    }

    files = [PhotoFile(path, path) for path in photos]
    rule = ThresholdRule(NOBODY, 0.01, 0.9)
    gallery, table = enrol_people(files, make_scan(photos, **changes), GATE, rule)

    assert gallery.faces["photo"].tolist() == ["Ann/2.jpg", "Ann/3.jpg"]
    reasons = table.set_index("photo")["reason"]
    assert reasons["Ann/1.jpg"] == "the same picture as Ann/2.jpg"


def test_two_shots_of_one_sitting_are_two_pictures():
    smile = {"mouth_left_x": 18.0}  # of an extent of 50 pixels
    photos = {
        "Ann/1.jpg": [{"vector": X}],
        "Ann/2.jpg": [{"vector": X, "landmarks": smile}],
    }
    changes = {path: {"picture_hash": "0" * 16} for path in photos}
    files = [PhotoFile(path, path) for path in photos]

    gallery, _ = enrol_people(
        files, make_scan(photos, **changes), GATE, ThresholdRule(NOBODY, 0.01, 0.9)
    )

    assert len(gallery.faces) == 2


def test_two_faces_before_one_wall_are_two_pictures():
    photos = {"Ann/1.jpg": [{"vector": X}], "Bob/1.jpg": [{"vector": Y}]}
    changes = {path: {"picture_hash": "0" * 16} for path in photos}
    files = [PhotoFile(path, path) for path in photos]

    gallery, _ = enrol_people(
        files, make_scan(photos, **changes), GATE, ThresholdRule(NOBODY, 0.01, 0.9)
    )

    assert gallery.people == ("Ann", "Bob")


WRONG_FOLDER = {
    "Ann/1.jpg": [{"vector": X}],
    "Ann/2.jpg": [{"vector": (1, 0.02, 0)}],
    "Ann/3.jpg": [{"vector": (0.05, 1, 0)}],  # it is Bob
    "Bob/1.jpg": [{"vector": Y}],
    "Bob/2.jpg": [{"vector": (0.02, 1, 0)}],
}


def test_a_face_in_a_wrong_folder_is_left_out():
    cohort = np.tile(np.array(Z, np.float32), (200, 1))

    gallery, table = enrol(WRONG_FOLDER, cohort=cohort)

    row = table.loc["Ann/3.jpg"]
    assert row["action"] == "left out"
    assert row["reason"] == "it looks more like Bob than like its own person"
    assert row["nearest_other"] == "Bob"
    assert row["similarity_other"] > 0.99 > row["similarity"]
    assert len(gallery.faces) == 4


def test_below_the_strangers_similarity_it_is_enrolled_but_to_be_checked():
    near_bob = np.array([[0.01, 1, 0]], np.float32)
    cohort = np.tile(near_bob / np.linalg.norm(near_bob), (200, 1))

    gallery, table = enrol(WRONG_FOLDER, cohort=cohort)

    assert table.loc["Ann/3.jpg", "action"] == "enrolled, check it"
    assert len(gallery.faces) == 5


def test_nobody_can_be_enrolled():
    gallery, table = enrol({})

    assert gallery.people == ()
    assert gallery.templates.shape == (0, 3)
    assert len(table) == 0


def test_a_face_that_the_user_chose_is_enrolled_as_it_is():
    scan = make_scan({"p": [{"vector": Z, "extent": 3.0}]})
    face = scan.faces.iloc[0][[*FACE_COLUMNS]]
    chosen = [ChosenFace("Cleo", "party.jpg", face, scan.vectors[0])]

    gallery, table = enrol({"Ann/1.jpg": [{"vector": X}]}, chosen)

    assert gallery.people == ("Ann", "Cleo")
    assert table.loc["party.jpg", "action"] == "enrolled"
    np.testing.assert_allclose(gallery.vectors[1], Z)


def test_a_chosen_face_that_is_in_a_folder_too_counts_once():
    photos = {"Ann/1.jpg": [{"vector": X}], "Ann/2.jpg": [{"vector": NEAR_X}]}
    scan = make_scan({"Ann/1.jpg": [{"vector": X}]})
    face = scan.faces.iloc[0][[*FACE_COLUMNS]]
    same = [ChosenFace("Ann", "party.jpg", face, scan.vectors[0])] * 2

    gallery, table = enrol(photos, same)

    assert gallery.faces["photo"].tolist() == ["Ann/1.jpg", "Ann/2.jpg"]
    assert set(table.loc["party.jpg", "reason"]) == {"the same face as Ann/1.jpg"}


def test_one_face_under_two_names_is_enrolled_for_neither():
    scan = make_scan({"Ann/1.jpg": [{"vector": X}]})
    face = scan.faces.iloc[0][[*FACE_COLUMNS]]
    chosen = [ChosenFace("Bob", "party.jpg", face, scan.vectors[0])]

    gallery, table = enrol({"Ann/1.jpg": [{"vector": X}]}, chosen)

    assert gallery.people == ()
    assert set(table["reason"]) == {
        "the same face is there as Ann and as Bob; remove it from one of them"
    }


def test_rows_are_chosen_by_photo():
    scan = make_scan({"a": [{"vector": X}], "b": [], "c": [{"vector": Y}]})

    np.testing.assert_array_equal(choose_rows(["c", "b", "a"], scan), [1, -1, 0])


def test_strangers_are_listed_by_the_face_of_each_photo():
    scan = make_scan({"a": [{"vector": X}], "b": [], "c": [{"vector": Y}]})

    cohort = list_cohort(["team/s1", "s2", "team/s2"], ["a", "b", "c"], scan)

    assert cohort.people == ("team/s1", "team/s2")
    np.testing.assert_allclose(cohort.vectors, [X, Y])


def test_a_stranger_who_is_enrolled_is_left_out_of_the_cohort():
    cohort = Cohort(("s1", "s1", "s2"), np.array([X, Y, Z], np.float32))
    enrolled = np.array([[1, 0.1, 0]], np.float32) / np.float32(np.hypot(1, 0.1))

    np.testing.assert_allclose(leave_out_known(cohort, enrolled).vectors, [Z])
    np.testing.assert_allclose(leave_out_known(cohort, NOBODY).vectors, [X, Y, Z])


def test_the_user_knows_better_than_the_rule_of_wrong_folders():
    cohort = np.tile(np.array(Z, np.float32), (200, 1))
    photos = {path: own for path, own in WRONG_FOLDER.items() if path != "Ann/3.jpg"}
    scan = make_scan({"p": WRONG_FOLDER["Ann/3.jpg"]})
    face = scan.faces.iloc[0][[*FACE_COLUMNS]]
    chosen = [ChosenFace("Ann", "party.jpg", face, scan.vectors[0])]

    gallery, table = enrol(photos, chosen, cohort=cohort)

    assert table.loc["party.jpg", "action"] == "enrolled, check it"
    assert len(gallery.faces) == 5
