import numpy as np
import pandas as pd
import pytest

from lfw17_kedro.people.pictures import (
    LostScansError,
    Pictures,
    find_places,
    list_album_pictures,
    list_group_pictures,
    tabulate_places,
)
from lfw17_kedro.scan_types import BOX, WHOLE_PHOTO, Picture, Scan

A, B = "a" * 64, "b" * 64
FACES = pd.DataFrame(
    {
        "face_id": ["a1", "a0", "b0"],
        "sha256": [A, A, B],
        "number": [1, 0, 0],
        "group": ["unknown-001", "", "unknown-001"],
    }
)


class Store:
    """The pictures of two photos."""

    def read_pictures(self, sha256):
        for one in sorted(sha256):
            for face in (WHOLE_PHOTO, 0, 1):
                yield Picture(one, face, f"{one[0]}{face}".encode())


def test_the_album_shows_each_photo_each_face_and_a_picture_of_each_person():
    paths = list_album_pictures(FACES, [A, B], {(A, 0): "people/0.jpg"})

    pictures = Pictures(Store(), paths)

    assert len(pictures) == 6
    assert dict(pictures.items()) == {
        f"photos/{'a' * 16}.jpg": b"a-1",
        "faces/a0.jpg": b"a0",
        "people/0.jpg": b"a0",
        "faces/a1.jpg": b"a1",
        f"photos/{'b' * 16}.jpg": b"b-1",
        "faces/b0.jpg": b"b0",
    }


def test_unknown_people_have_a_folder_each():
    pictures = Pictures(Store(), list_group_pictures(FACES))

    assert dict(pictures.items()) == {
        "unknown-001/a1.jpg": b"a1",
        "unknown-001/b0.jpg": b"b0",
    }


def test_one_picture_can_have_several_paths():
    places = tabulate_places({(B, 1): ["x.jpg", "y/z.jpg"], (A, 0): [], (A, 1): ["w"]})

    pictures = Pictures(Store(), places)

    assert len(pictures) == 3
    assert list(pictures.items()) == [
        ("w", b"a1"),
        ("x.jpg", b"b1"),
        ("y/z.jpg", b"b1"),
    ]


def test_lost_pictures_are_counted():
    class Damaged:
        def read_pictures(self, sha256):
            return (one for one in Store().read_pictures(sha256) if one.sha256 == A)

    with pytest.raises(ValueError, match="expected 2 pictures, got 1 fewer: a file"):
        list(Pictures(Damaged(), list_group_pictures(FACES)).items())


@pytest.mark.parametrize(
    "places",
    [
        tabulate_places({}),
        list_album_pictures(FACES[:0], [], {}),
        list_group_pictures(FACES.assign(group="")),
    ],
)
def test_nothing_has_no_pictures(places):
    pictures = Pictures(Store(), places)

    assert len(pictures) == 0
    assert list(pictures.items()) == []


def tabulate_boxes(*rows):
    return pd.DataFrame(rows, columns=["sha256", *BOX])


def test_an_enrolled_face_is_the_nearest_of_its_photo():
    class Scans:
        def read(self, sha256):
            faces = tabulate_boxes(
                [A, 50, 10, 70, 40], [A, 10.001, 10, 30, 40], [B, 10, 10, 30, 40]
            )
            return Scan(pd.DataFrame(), faces, np.empty((3, 0), np.float32), "")

    enrolled = tabulate_boxes([B, 10, 10, 30, 40], [A, 10, 10, 30, 40])

    assert find_places(enrolled, Scans()) == [(B, 0), (A, 1)]


def test_a_store_that_lost_an_enrolled_photo_is_refused():
    class Scans:
        def read(self, sha256):
            raise KeyError("expected scanned photos, got an unknown one")

    with pytest.raises(LostScansError, match="every photo enrolled, got none of some"):
        find_places(tabulate_boxes([A, 10, 10, 30, 40]), Scans())
