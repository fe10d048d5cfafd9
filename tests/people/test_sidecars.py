import numpy as np
import pandas as pd
import pytest

from lfw17_kedro.people.sidecars import list_sidecars
from lfw17_kedro.people.xmp import write_packet

COLUMNS = ["name", "left", "top", "right", "bottom"]


def make_faces(*rows):
    return pd.DataFrame(rows, columns=COLUMNS)


def make_photos():
    names = ["photo", "height", "width", "turned", "orientation"]
    rows = [("a/1.jpg", 50, 40, 0, 6), ("b.jpg", 50, 40, 0, 1), ("c.jpg", 50, 40, 0, 1)]
    return pd.DataFrame(rows, columns=names)


def test_each_photo_with_a_face_has_a_sidecar_beside_it():
    faces = make_faces(
        ("Ann", 8, 9, 12, 11),
        ("ignored", 8, 9, 12, 11),
        ("unknown", 8, 9, 12, 11),
        ("ignored", 8, 9, 12, 11),
        ("Bob", 8, 9, 12, 11),
    ).assign(photo=["b.jpg", "c.jpg", "a/1.jpg", "b.jpg", "b.jpg"])
    boxes = np.array([[8.0, 9.0, 12.0, 11.0]] * 2)

    listed = list_sidecars(faces, make_photos()[::-1])

    assert len(listed) == 2
    sidecars = dict(listed.items())
    assert list(sidecars) == ["a/1.jpg.xmp", "b.jpg.xmp"]
    assert sidecars == {
        "a/1.jpg.xmp": write_packet(["unknown"], boxes[:1], 40, 50, 6, 0),
        "b.jpg.xmp": write_packet(["Ann", "Bob"], boxes, 40, 50, 1, 0),
    }


def test_no_faces_have_no_sidecars():
    listed = list_sidecars(make_faces().assign(photo=[]), make_photos())

    assert len(listed) == 0
    assert list(listed.items()) == []


def test_faces_of_another_run_are_refused():
    faces = make_faces(("Ann", 8, 9, 12, 11)).assign(photo="x.jpg")

    with pytest.raises(ValueError, match=r"got none of 'x.jpg'; give the table of the"):
        list_sidecars(faces, make_photos())


def test_a_name_that_breaks_a_file_is_refused_before_any_is_written():
    faces = make_faces(("a/b", 8, 9, 12, 11)).assign(photo="b.jpg")

    with pytest.raises(ValueError, match=r"expected names of people, got 'a/b', which"):
        list_sidecars(faces, make_photos())
