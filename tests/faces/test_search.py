"""`search_photos` with detectors that are told what to see."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfw17_kedro.faces.search import MAX_ENLARGED, CopySize, search_photos
from lfw17_kedro.types import Face


def make_face(left, top, right, bottom, confidence=0.9) -> Face:
    box = np.array([left, top, right, bottom], np.float64)
    corners = box.reshape(2, 2)
    landmarks = np.concatenate([corners, corners[::-1], corners[:1]])
    return Face(box, landmarks, confidence)


def search(photos, detect, sizes, batch_size=2, **options):
    """Search photos; gives the faces of each, in the photos' order."""
    found = list(search_photos(enumerate(photos), detect, sizes, batch_size, **options))
    assert sorted(one.row for one in found) == list(range(len(photos)))
    for one in found:
        assert one.photo is photos[one.row]
    return [one.faces for one in sorted(found, key=lambda one: one.row)]


def detect_white(photos):
    """Find the pixels of value 255 as the one face of each photo, exactly."""
    found = []
    for photo in photos:
        rows, columns = np.nonzero((photo == 255).all(axis=2))
        if not len(rows):
            found.append([])
            continue
        box = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
        found.append([make_face(*box)])
    return found


@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    padding=st.sampled_from([0, 0.1, 0.27, 1]),
    data=st.data(),
)
def test_marked_pixel_comes_back_where_it_was(height, width, padding, data):
    row, column = data.draw(
        st.tuples(st.integers(0, height - 1), st.integers(0, width - 1))
    )
    photo = np.zeros((height, width), np.uint8)
    photo[row, column] = 255
    short = min(height, width)

    def detect(photos):  # only in the photo: padding repeats pixels of the edge
        border = round(padding * short)
        inner = photos[0][border:, border:][:height, :width]
        assert photos[0].shape == (height + 2 * border, width + 2 * border, 3)
        [[face]] = detect_white([inner])
        return [[Face(face.box + border, face.landmarks + border, 0.9)]]

    [[face]] = search([photo], detect, [CopySize(short, short, padding)])

    np.testing.assert_allclose(face.box, [column, row, column + 1, row + 1])
    assert face.landmarks[0].tolist() == face.box[:2].tolist()
    assert face.landmarks[1].tolist() == face.box[2:].tolist()


@pytest.mark.parametrize(
    ("shape", "size", "copy"),
    [
        ((50, 100), CopySize(100, 200, 0.1), (100, 200)),  # enlarged
        ((300, 400, 3), CopySize(100, 150, 0.1), (150, 200)),  # reduced
        ((120, 400), CopySize(100, 150, 0.1), (120, 400)),  # as it is
        ((1, 1), CopySize(24, 24, 0.5), (24, 24)),
        ((1, 3, 3), CopySize(10, 10, 0), (10, 30)),
    ],
)
def test_copies_have_the_size_that_is_asked_for(shape, size, copy):
    def detect(photos):
        border = round(size.padding * min(copy))
        height, width = copy
        assert [one.shape for one in photos] == [
            (height + 2 * border, width + 2 * border, 3)
        ]
        assert photos[0].dtype == np.uint8
        return [[make_face(border, border, border + width, border + height)]]

    [[face]] = search([np.zeros(shape, np.uint8)], detect, [size])

    np.testing.assert_allclose(face.box, [0, 0, shape[1], shape[0]])


@pytest.mark.parametrize("shape", [(1, 10_000), (10_000, 1, 3), (2, 5000)])
def test_extreme_aspects_are_not_enlarged_without_limit(shape):
    photo = np.zeros(shape, np.uint8)
    sizes = []

    def detect(photos):
        sizes.append(photos[0].shape)
        height, width = photos[0].shape[:2]
        return [[make_face(0, 0, width, height)]]

    [[face]] = search([photo], detect, [CopySize(240, 960, 0)])

    assert 0.9 * MAX_ENLARGED < np.prod(sizes[0][:2]) < 1.1 * MAX_ENLARGED
    np.testing.assert_allclose(face.box, [0, 0, shape[1], shape[0]])


def test_long_photo_is_reduced_to_at_least_one_pixel():
    size, border = CopySize(1, 2, 0.1).measure(np.zeros((10_000, 3), np.uint8))

    assert size == (2, 6667)
    assert border == 0


def test_edges_are_repeated_outwards():
    photo = np.array([[10, 20], [30, 40]], np.uint8)
    seen = []

    def detect(photos):
        seen.extend(photos)
        return [[]]

    search([photo], detect, [CopySize(2, 2, 0.5)])

    expected = [[10, 10, 20, 20], [10, 10, 20, 20], [30, 30, 40, 40], [30, 30, 40, 40]]
    np.testing.assert_array_equal(
        seen[0], np.repeat(np.array(expected)[..., None], 3, 2)
    )


def test_later_sizes_see_only_photos_without_a_face():
    tried = []

    def detect(photos):
        short = photos[0].shape[0]
        tried.append((len(photos), short))
        # a photo of grey value n shows a face from the short side n on
        return [[make_face(0, 0, 5, 5)] if short >= p.max() else [] for p in photos]

    photos = [np.full((60, 60), value, np.uint8) for value in (10, 20, 40, 10, 99)]
    sizes = [CopySize(side, side, 0) for side in (10, 20, 40)]
    faces = search(photos, detect, sizes, batch_size=5)

    assert tried == [(5, 10), (3, 20), (2, 40)]
    assert [len(one) for one in faces] == [1, 1, 1, 1, 0]
    # 5 pixels of the copy in which each was found
    assert [one[0].box[2] for one in faces[:4]] == [30, 15, 7.5, 30]


def test_faces_keep_the_order_of_the_detector():
    faces = [make_face(n, n, n + 4, n + 4, n / 10) for n in (5, 1, 9)]

    [found] = search(
        [np.zeros((20, 20), np.uint8)], lambda _: [faces], [CopySize(20, 20, 0)]
    )

    assert [one.confidence for one in found] == [0.5, 0.1, 0.9]
    assert [one.box[0] for one in found] == [5, 1, 9]


def test_faces_in_the_border_are_dropped_when_asked_to():
    in_border = make_face(0, 8, 4, 12)  # the photo begins at 5
    across = make_face(0, 8, 12, 20)  # its centre is in the photo

    def detect(photos):
        return [[in_border, across] for _ in photos]

    photo, sizes = np.zeros((20, 20), np.uint8), [CopySize(20, 20, 0.25)]
    [kept] = search([photo], detect, sizes)
    [inside] = search([photo], detect, sizes, drop_border=True)

    assert [one.box.tolist() for one in kept] == [[-5, 3, -1, 7], [-5, 3, 7, 15]]
    assert [one.box.tolist() for one in inside] == [[-5, 3, 7, 15]]


def test_next_size_sees_a_photo_that_has_faces_in_the_border_alone():
    def detect(photos):
        if photos[0].shape[0] == 30:  # 20 and 5 on each side
            return [[make_face(0, 0, 4, 4)] for _ in photos]
        return [[make_face(0, 0, 10, 10)] for _ in photos]

    sizes = [CopySize(20, 20, 0.25), CopySize(40, 40, 0)]
    [faces] = search([np.zeros((20, 20), np.uint8)], detect, sizes, drop_border=True)

    assert [one.box.tolist() for one in faces] == [[0, 0, 5, 5]]


@pytest.mark.parametrize("edge", [(0, 0, 0, 0), (20, 20, 20, 20)])
def test_centre_on_the_far_edge_lies_outside(edge):
    [faces] = search(
        [np.zeros((20, 20), np.uint8)],
        lambda photos: [[make_face(*edge)] for _ in photos],
        [CopySize(20, 20, 0)],
        drop_border=True,
    )

    assert len(faces) == (edge == (0, 0, 0, 0))


def test_photos_of_the_next_size_make_no_larger_batch():
    counts = []

    def detect(batch):
        counts.append(len(batch))
        level = int(len(batch[0]) > 8)
        return [[make_face(0, 0, 8, 8)] if one.max() <= level else [] for one in batch]

    photos = [np.full((8, 8), value, np.uint8) for value in [0] * 13 + [1] * 3]
    sizes = [CopySize(8, 8, 0), CopySize(16, 16, 0)]
    assert len(search(photos, detect, sizes, batch_size=2)) == 16

    assert max(counts) == 2


@given(
    shapes=st.lists(st.sampled_from([(8, 8), (8, 9), (9, 8), (16, 8)]), max_size=25),
    batch_size=st.integers(1, 7),
    data=st.data(),
)
def test_each_photo_comes_back_once_whatever_the_batches(shapes, batch_size, data):
    # the grey value says at which size a face is seen: 0, 1 or never
    levels = data.draw(
        st.lists(st.integers(0, 2), min_size=len(shapes), max_size=len(shapes))
    )
    photos = [np.full(s, v, np.uint8) for s, v in zip(shapes, levels, strict=True)]

    def detect(batch):
        assert 1 <= len(batch) <= batch_size
        assert len({one.shape for one in batch}) == 1
        level = int(min(batch[0].shape[:2]) > 8)
        return [[make_face(0, 0, 8, 8)] if one.max() <= level else [] for one in batch]

    sizes = [CopySize(8, 8, 0), CopySize(16, 16, 0)]
    faces = search(photos, detect, sizes, batch_size)

    assert [len(one) for one in faces] == [int(level < 2) for level in levels]


def test_no_photos_give_nothing():
    assert search([], detect_white, [CopySize(10, 10, 0)]) == []


def test_detector_that_forgets_a_photo_is_found_out():
    photos = [np.zeros((9, 9), np.uint8)] * 2

    with pytest.raises(ValueError, match="zip"):
        search(photos, lambda _: [[]], [CopySize(9, 9, 0)])
