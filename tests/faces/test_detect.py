import numpy as np

from lfw17_kedro.faces.detect import BOX, LANDMARKS, choose_face, detect_faces
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


def test_positions_are_in_pixels_of_the_photo():
    sizes = []

    def detect(photos):
        sizes.append(photos[0].shape)
        # the photo's corners and centre, on the copy padded by 5 pixels
        return [[make_face(5, 5, 25, 45)] for _ in photos]

    photos = {"a": np.zeros((80, 40), np.uint8), "b": np.zeros((80, 40, 3), np.uint8)}
    found = detect_faces(photos, detect, short_sides=[20], padding=0.25, batch_size=8)

    assert sizes == [(50, 30, 3)]  # 40x20 and 5 more on each side
    assert found["id"].tolist() == ["a", "b"]
    assert found["found"].all()
    np.testing.assert_allclose(found[BOX], [[0, 0, 40, 80]] * 2)
    np.testing.assert_allclose(found[LANDMARKS], [[20, 40] * 5] * 2)


def test_only_photos_without_a_face_are_tried_again_larger():
    def detect(photos):
        tried.append((len(photos), photos[0].shape[0]))
        seen = photos[0].shape[0] > 10
        return [[make_face(0, 0, 9, 9)] if p.max() or seen else [] for p in photos]

    tried = []
    dark, bright = np.zeros((40, 40), np.uint8), np.full((40, 40), 255, np.uint8)
    photos = {"dark": dark, "bright": bright}
    found = detect_faces(photos, detect, short_sides=[10, 20], padding=0, batch_size=8)

    assert tried == [(2, 10), (1, 20)]
    assert found["found"].tolist() == [True, True]


def test_photo_without_a_face_keeps_its_row():
    photos = {name: np.zeros((40, 40), np.uint8) for name in "ab"}

    found = detect_faces(
        photos,
        lambda photos: [[] for _ in photos],
        short_sides=[10],
        padding=0,
        batch_size=1,
    )

    assert found["id"].tolist() == ["a", "b"]
    assert not found["found"].any()
    assert found[[*BOX, *LANDMARKS]].isna().all(axis=None)


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
    detect_faces(photos, detect, short_sides=[10], padding=0, batch_size=2)

    assert shapes == [[(10, 10), (10, 10)], [(20, 10)]]
