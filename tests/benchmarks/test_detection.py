import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from benchmarks.detection import (
    HEADER,
    build_ours,
    build_package,
    compare,
    make_row,
    measure,
    open_copies,
)
from benchmarks.images import make_image_sets

ROOT = Path(__file__).parents[2]
SETTINGS = {
    "thresholds": (0.6, 0.7, 0.7),
    "min_face_size": 20,
    "short_sides": [74, 222],
    "padding": 0.27,
    "batch_size": 2,
}
NONE = np.empty((0, 11))


def make_faces(*lefts, side=100.0):
    """Faces whose landmarks all lie at (left, 0)."""
    return np.array([[side, *[left] * 5, *[0.0] * 5] for left in lefts])


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    return make_image_sets(folder, 3, None, with_large=False)


def test_faces_of_two_detectors_are_paired_nearest_first():
    expected = [make_faces(0, 15), NONE, make_faces(50)]
    # Of the first photo 15 is paired with 14 and 0 with 8; 200 has no partner.
    found = [make_faces(8, 200, 14), make_faces(3), make_faces(75)]

    same = compare(expected, found)

    assert same[:3] == (3, 1, 3)
    assert same.distances == [1] * 5 + [8] * 5


def test_nothing_is_missing_where_both_find_nothing():
    assert compare([NONE, NONE], [NONE, NONE]) == (0, 0, 0, [])


def test_landmarks_are_compared_one_by_one():
    expected, found = make_faces(0), make_faces(0)
    found[0, 1] = 3  # the left eye, 3 to the right and 4 down
    found[0, 6] = 4

    assert compare([expected], [found]).distances == [5, 0, 0, 0, 0]


def test_the_first_round_is_not_counted_and_calls_have_a_size():
    calls = []

    def name_calls(name):
        def detect(photos):
            calls.append((name, *photos))
            return [f"face {photo}" for photo in photos]

        return detect

    detectors = {"one": name_calls("one"), "two": name_calls("two")}

    seconds, found = measure(detectors, [1, 2, 3], 2, rounds=1)

    once = [("one", 1, 2), ("one", 3), ("two", 1, 2), ("two", 3)]
    assert calls == once * 2
    assert [len(times) for times in seconds.values()] == [1, 1]
    assert found["one"] == found["two"] == ["face 1", "face 2", "face 3"]


def test_crops_are_tried_as_in_a_run_and_photos_as_they_are(sets):
    crops, photos = (open_copies(images, SETTINGS) for images in sets)

    # 74 x 100 pixels and 20 more at each edge; 222 x 300 and 60.
    assert {size: len(copies) for size, copies in crops.items()} == {
        (140, 114): 3,
        (420, 342): 3,
    }
    assert list(photos) == [(250, 250)]
    for copies in (*crops.values(), *photos.values()):
        assert all(copy.dtype == np.uint8 and copy.shape[2] == 3 for copy in copies)


def test_both_detectors_find_the_same(sets):
    [first, *_] = open_copies(sets[0], SETTINGS).values()
    package = build_package(SETTINGS)
    ours = build_ours(SETTINGS)

    same = compare(package(first), ours(first))

    assert same[:3] == (3, 0, 0)
    assert max(same.distances) < 0.5


def test_ratios_are_those_of_each_round():
    seconds = {"mtcnn": [0.010, 0.040], "ours": [0.005, 0.010]}
    images = [np.zeros((140, 114, 3), np.uint8)] * 7

    row = make_row("crops", images, seconds, compare([make_faces(0)], [make_faces(8)]))

    times = ["25.0 ± 15.0", "7.5 ± 2.5", "3.0 ± 1.0"]
    assert row == ["crops", "114x140", "7", *times, "1", "0", "0", "8.0000", "8.00"]
    assert len(row) == len(HEADER)


def test_impossible_options_are_refused():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.detection", "--rounds", "0"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "--images, --rounds and --size must be at least 1" in done.stderr
