from dataclasses import replace

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from invented_scans import make_scan
from invented_vectors import BlockVectors

from lfw17_kedro.gallery_types import IDENTIFIED_COLUMNS
from lfw17_kedro.people.apply_corrections import match_corrections
from lfw17_kedro.people.corrections_file import Correction
from lfw17_kedro.people.enrol import ThresholdRule, enrol_people
from lfw17_kedro.people.gate import QualityGate
from lfw17_kedro.people.identify import identify_faces, locate_faces
from lfw17_kedro.photo_types import PhotoFile
from lfw17_kedro.scan_types import MemoryVectors, StoredScan

X, Y, Z = (1, 0, 0), (0, 1, 0), (0, 0, 1)
GATE = QualityGate(0, 0, 2)
HASH = {name: digit * 64 for name, digit in zip("abcd", "abcd", strict=True)}
LEFT, RIGHT = (10, 10, 60, 60), (110, 10, 160, 60)


def make_gallery(people):
    """Enrol one photo of each person, with a threshold of 0.9."""
    photos = {f"{name}/1.jpg": [{"vector": one}] for name, one in people.items()}
    files = [PhotoFile(path, path) for path in photos]
    rule = ThresholdRule(np.empty((0, 3), np.float32), 0.01, 0.9)
    return enrol_people(files, make_scan(photos), GATE, rule)[0]


GALLERY = make_gallery({"Ann": X, "Bob": Y})


def locate(photos):
    """Locate the faces of photos: path -> (content, faces)."""
    files = [PhotoFile(path, HASH[content]) for path, (content, _) in photos.items()]
    scan = make_scan({HASH[content]: faces for content, faces in photos.values()})
    return locate_faces(files, keep_in_memory(scan))


def keep_in_memory(scan):
    return StoredScan(
        scan.photos, scan.faces, MemoryVectors(scan.vectors), scan.fingerprint
    )


def identify(located, corrections=(), gallery=GALLERY):
    applied = match_corrections(corrections, located.table, lambda face_id, rows: None)
    table = identify_faces(located, gallery, applied, 0.1, 2)
    assert tuple(table.columns) == IDENTIFIED_COLUMNS
    return table.set_index("face_id")


PARTY = {
    "z.jpg": ("a", [{"vector": Y, "box": RIGHT}, {"vector": X, "box": LEFT}]),
    "b.jpg": ("b", [{"vector": Z, "box": LEFT}]),
    "c.jpg": ("c", [{"vector": (0, 0.01, 1), "box": LEFT}]),
}
ANN, BOB = f"{'a' * 16}_10_10_60_60", f"{'a' * 16}_110_10_160_60"
STRANGER = f"{'b' * 16}_10_10_60_60"


def test_further_copies_of_a_photo_are_listed():
    located = locate(PARTY | {"zz/copy.jpg": PARTY["z.jpg"]})

    assert located.copies == {"zz/copy.jpg": "z.jpg"}


def test_faces_are_sorted_by_photo_and_from_left_to_right():
    located = locate(PARTY)

    assert located.table["photo"].tolist() == ["b.jpg", "c.jpg", "z.jpg", "z.jpg"]
    assert located.table["face_id"].tolist()[2:] == [ANN, BOB]
    assert located.table["number"].tolist() == [0, 0, 1, 0]
    np.testing.assert_allclose(located.vectors.take(np.arange(2, 4)), [X, Y])


def test_each_face_has_a_name_or_a_group():
    table = identify(locate(PARTY))

    assert table.loc[[ANN, BOB], "name"].tolist() == ["Ann", "Bob"]
    assert table.loc[[ANN, BOB], "group"].tolist() == ["", ""]
    strangers = table[table["name"] == "unknown"]
    assert strangers["group"].tolist() == ["unknown-001", "unknown-001"]
    assert set(table["source"]) == {"model"}


def test_photos_without_a_row_are_listed_with_the_reason():
    photos = {
        "a.jpg": ("a", [{"vector": X}]),
        "b.jpg": ("b", []),
        "c.jpg": ("c", "it is no photo"),
        "copy.jpg": ("a", [{"vector": X}]),
    }
    files = [PhotoFile(path, HASH[content]) for path, (content, _) in photos.items()]
    files.append(PhotoFile("locked.jpg", "", "no permission"))
    scan = make_scan({HASH[content]: faces for content, faces in photos.values()})

    located = locate_faces(files, keep_in_memory(scan))

    assert located.table["photo"].tolist() == ["a.jpg"]
    pd.testing.assert_frame_equal(
        located.left_out,
        pd.DataFrame(
            {
                "photo": ["b.jpg", "c.jpg", "copy.jpg", "locked.jpg"],
                "reason": [
                    "no face was found",
                    "it is no photo",
                    "the same file as a.jpg",
                    "no permission",
                ],
            },
        ),
        check_dtype=False,
    )


def test_a_correction_names_a_face_and_keeps_the_person_from_others():
    corrections = [Correction("is", "Ann", face_id=BOB)]

    table = identify(locate(PARTY), corrections)

    assert table.loc[BOB, ["name", "source"]].tolist() == ["Ann", "correction"]
    assert table.loc[ANN, "name"] == "unknown"  # Ann is there already
    assert table.loc[ANN, "nearest"] == "Ann"


def test_a_correction_can_say_who_it_is_not():
    table = identify(locate(PARTY), [Correction("is_not", "Ann", face_id=ANN)])

    assert table.loc[ANN, ["name", "source"]].tolist() == ["unknown", "correction"]


def test_the_model_s_second_choice_is_not_the_user_s_word():
    gallery = make_gallery({"Ann": X, "Bob": (1, 0.1, 0)})

    table = identify(locate(PARTY), [Correction("is_not", "Ann", face_id=ANN)], gallery)

    assert table.loc[ANN, ["name", "nearest", "source"]].tolist() == [
        "Bob",
        "Ann",
        "model",
    ]


def test_not_somebody_whom_the_model_did_not_name_changes_nothing():
    table = identify(locate(PARTY), [Correction("is_not", "Bob", face_id=ANN)])

    assert table.loc[ANN, ["name", "source"]].tolist() == ["Ann", "model"]


def test_an_ignored_face_is_in_no_group():
    table = identify(locate(PARTY), [Correction("ignore", face_id=STRANGER)])

    assert table.loc[STRANGER, ["name", "group", "source"]].tolist() == [
        "ignored",
        "",
        "correction",
    ]
    assert set(table["group"]) == {""}


def test_somebody_new_can_be_named():
    table = identify(locate(PARTY), [Correction("is", "Cleo", face_id=STRANGER)])

    assert table.loc[STRANGER, "name"] == "Cleo"


def test_nobody_enrolled_and_no_photos():
    nobody = make_gallery({})

    everybody = identify(locate(PARTY), gallery=nobody)
    nothing = identify(locate({}))

    assert set(everybody["name"]) == {"unknown"}
    assert everybody["similarity"].isna().all()
    assert len(nothing) == 0


@settings(max_examples=25)
@given(
    faces_of_photos=st.lists(st.integers(0, 3), min_size=1, max_size=12),
    cuts=st.sets(st.integers(0, 12)),
    seed=st.integers(0, 99),
)
def test_blocks_give_what_all_in_memory_give(faces_of_photos, cuts, seed):
    random = np.random.default_rng(seed)
    axes = np.array([X, Y, Z]) + 0.1 * random.normal(size=(sum(faces_of_photos), 1, 3))
    vectors = iter(axes[np.arange(len(axes)), random.integers(3, size=len(axes))])
    photos = {
        f"{number:02}".ljust(64, "0"): [
            {"vector": next(vectors), "box": (40 * k, 10, 40 * k + 30, 50)}
            for k in range(count)
        ]
        for number, count in enumerate(faces_of_photos)
    }
    files = [PhotoFile(f"{one[1]}/{one[:2]}.jpg", one) for one in photos]
    whole = keep_in_memory(make_scan(photos))
    numbers = np.repeat(np.arange(len(photos)), faces_of_photos)
    parts = np.digitize(numbers, sorted(cuts))  # the faces of a photo stay together
    blocks = BlockVectors(make_scan(photos).vectors, parts)
    corrections = [Correction("is", "Ann", photo=files[0].path)]

    tables = [
        identify(locate_faces(files, scan), corrections)
        for scan in (whole, replace(whole, vectors=blocks))
    ]

    pd.testing.assert_frame_equal(*tables, rtol=1e-6)


def test_no_spreadsheet_runs_the_name_of_a_photo():
    located = locate(
        {"=1+1.jpg": ("a", [{"vector": X, "box": LEFT}]), "@b.jpg": ("b", [])}
    )

    assert located.table["photo"].tolist() == ["./=1+1.jpg"]
    assert located.left_out["photo"].tolist() == ["./@b.jpg"]
    for photo in ("=1+1.jpg", "./=1+1.jpg"):  # as the user may write it
        table = identify(located, [Correction("is", "Cleo", photo=photo)])
        assert table["name"].tolist() == ["Cleo"]
