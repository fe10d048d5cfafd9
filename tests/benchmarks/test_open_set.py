import numpy as np
import pytest
from benchmarks.open_set import FaceSet, describe, draw, list_people


def make_set(people, photos, **changes):
    """Make a set of people whose photos are all alike, each person like no other."""
    labels = np.repeat(np.arange(people), photos)
    vectors = np.eye(people, dtype=np.float32)[labels]
    options = {"enrolled": 2, "strangers": 2, "cohort": None} | changes
    return FaceSet("invented", vectors, labels, **options)


def test_people_who_are_like_nobody_else_are_named_and_strangers_are_not():
    score = draw(make_set(6, 3), 2, np.random.default_rng(0))

    assert score[:3] == (0, 1, 1)


def test_strangers_like_somebody_enrolled_are_named():
    faces = make_set(4, 3, strangers=2, cohort=np.zeros((5, 4), np.float32))
    vectors = np.ones_like(faces.vectors) / 2  # all people look the same

    score = draw(faces._replace(vectors=vectors), 2, np.random.default_rng(0))

    assert score.accepted == 1
    assert score.threshold == pytest.approx(1)


def test_a_row_gives_means_in_percent():
    faces = make_set(6, 3)
    scores = [draw(faces, 2, np.random.default_rng(seed)) for seed in range(3)]

    row = describe(faces, 2, scores)

    assert row[:6] == ["invented", "2", "2", "2", "2", "3"]
    assert row[6:9] == ["0.0", "100.0", "100.0"]


def test_people_are_listed_by_folder(tmp_path):
    for name in ("Bob/1.jpg", "Ann/b/2.PNG", "Ann/a.jpg", "Ann/notes.txt", "loose.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "Nobody").mkdir()

    people = list_people(tmp_path)

    assert {name: [p.name for p in own] for name, own in people.items()} == {
        "Ann": ["a.jpg", "2.PNG"],
        "Bob": ["1.jpg"],
    }
