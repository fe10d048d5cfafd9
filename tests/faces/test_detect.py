import numpy as np
import pytest

from lfw17_kedro.faces.detect import (
    average_positions,
    choose_face,
    find_faces,
    read_positions,
    tabulate_detections,
)
from lfw17_kedro.scan_types import BOX, LANDMARKS
from lfw17_kedro.types import Face


def make_face(left, top, right, bottom) -> Face:
    box = np.array([left, top, right, bottom], np.float64)
    return Face(box, np.tile([(left + right) / 2, (top + bottom) / 2], (5, 1)), 0.9)


def test_large_central_face_is_chosen():
    small_central = make_face(45, 45, 55, 55)  # 100 - 0
    large_aside = make_face(0, 0, 40, 40)  # 1600 - 2 * 1800 = -2000
    large_central = make_face(20, 20, 60, 60)  # 1600 - 2 * 200 = 1200

    chosen = choose_face([small_central, large_aside, large_central], 100, 100)

    assert chosen is large_central
    assert choose_face([], 100, 100) is None


def find(photos, detect, **settings):
    """Find faces; gives them by photo."""
    ids = list(photos)
    found = list(find_faces(photos, ids, detect, **settings))
    assert sorted(one.row for one in found) == list(range(len(ids)))
    return {ids[one.row]: one for one in found}


def test_positions_are_fractions_of_the_photo():
    sizes = []

    def detect(photos):
        sizes.append(photos[0].shape)
        # the photo's corners and centre, on the copy padded by 5 pixels
        return [[make_face(5, 5, 25, 45)] for _ in photos]

    photos = {"a": np.zeros((80, 40), np.uint8), "b": np.zeros((80, 40, 3), np.uint8)}
    found = find(photos, detect, short_sides=[20], padding=0.25, batch_size=8)

    assert sizes == [(50, 30, 3)]  # 40x20 and 5 more on each side
    for one in found.values():
        expected = [[0, 0], [1, 1]] + [[0.5, 0.5]] * 5
        np.testing.assert_allclose(one.position, expected)
        assert one.confidence == 0.9


def test_only_photos_without_a_face_are_tried_again_larger():
    def detect(photos):
        tried.append((len(photos), photos[0].shape[0]))
        seen = photos[0].shape[0] > 10
        return [[make_face(0, 0, 9, 9)] if p.max() or seen else [] for p in photos]

    tried = []
    dark, bright = np.zeros((40, 40), np.uint8), np.full((40, 40), 255, np.uint8)
    photos = {"dark": dark, "bright": bright}
    found = find(photos, detect, short_sides=[10, 20], padding=0, batch_size=8)

    assert tried == [(2, 10), (1, 20)]
    assert all(one.position is not None for one in found.values())
    np.testing.assert_array_equal(found["dark"].photo, dark)


def test_photo_without_a_face_is_found_missing():
    photos = {name: np.zeros((40, 40), np.uint8) for name in "ab"}
    settings = {"short_sides": [10], "padding": 0, "batch_size": 1}

    found = find(photos, lambda photos: [[] for _ in photos], **settings)

    assert [one.position for one in found.values()] == [None, None]


def test_batches_hold_photos_of_one_size():
    def detect(photos):
        shapes.append([p.shape[:2] for p in photos])
        return [[make_face(0, 0, 5, 5)] for _ in photos]

    shapes = []
    photos = {
        "a": np.zeros((40, 40), np.uint8),
        "b": np.zeros((80, 40), np.uint8),
        "c": np.zeros((40, 40), np.uint8),
    }
    find(photos, detect, short_sides=[10], padding=0, batch_size=2)

    assert shapes == [[(10, 10), (10, 10)], [(20, 10)]]


class Counted(dict):
    """Photos that count how often each is opened."""

    def __init__(self, photos):
        super().__init__(photos)
        self.opened = []

    def __getitem__(self, photo_id):
        self.opened.append(photo_id)
        return super().__getitem__(photo_id)


def test_each_photo_is_opened_once_and_few_wait():
    sizes = [(20 + n, 20) for n in range(60)]  # none like another
    photos = Counted({f"{n}": np.zeros(size, np.uint8) for n, size in enumerate(sizes)})
    waiting = []

    def detect(batch):
        waiting.append(len(photos.opened) - sum(map(len, done)))
        done.append(batch)
        return [[make_face(0, 0, 5, 5)] for _ in batch]

    done = []
    find(photos, detect, short_sides=[10], padding=0, batch_size=2)

    assert sorted(photos.opened, key=int) == list(dict.fromkeys(photos))
    assert max(waiting) <= 4 * 2 + 2 * (2 + 1)  # batches, those opened and copied ahead


def test_detections_keep_a_row_for_every_photo():
    positions = np.full((2, 7, 2), np.nan)
    positions[1] = 0.5

    table = tabulate_detections(["a", "b"], positions, np.array([np.nan, 0.9]))

    assert table["id"].tolist() == ["a", "b"]
    assert table["found"].tolist() == [False, True]
    assert table.loc[0, [*BOX, *LANDMARKS]].isna().all()
    assert (table.loc[1, [*BOX, *LANDMARKS]] == 0.5).all()


def test_positions_come_back_from_the_table():
    positions = np.random.default_rng(0).uniform(size=(2, 7, 2))
    positions[0] = np.nan
    table = tabulate_detections(["a", "b"], positions, np.array([np.nan, 0.9]))
    expected = np.full((7, 2), 0.5)

    read = read_positions(table, expected)

    np.testing.assert_array_equal(read, [expected, positions[1]])


def test_mean_position_leaves_photos_without_a_face_out():
    positions = np.full((3, 7, 2), np.nan)
    positions[0], positions[2] = 0.2, 0.4

    np.testing.assert_allclose(average_positions(positions), np.full((7, 2), 0.3))


def test_no_face_in_any_photo_is_an_error():
    message = r"found none in any of 2; .*data_processing\.detection\.thresholds"
    with pytest.raises(ValueError, match=message):
        average_positions(np.full((2, 7, 2), np.nan))
