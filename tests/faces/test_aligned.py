import numpy as np
import pytest

from lfw17_kedro.faces.aligned import TEMPLATE, align_photos
from lfw17_kedro.faces.detect import Found

SIZE = 40
BOX = [[0.1, 0.1], [0.9, 0.9]]


def draw_face(landmarks, shape=(200, 120)):
    """A dark photo with a bright dot at each landmark; gives it and its position."""
    photo = np.full(shape, 50, np.uint8)
    for x, y in landmarks.round().astype(int):
        photo[y - 3 : y + 4, x - 3 : x + 4] = 250
    return photo, np.concatenate([BOX, landmarks / (shape[1], shape[0])])


def align(found, photos, mean_position=None):
    return align_photos(found, photos, list(photos), SIZE, mean_position)


def is_bright_at(face, points):
    return [face[int(y), int(x)] > 150 for x, y in points]


@pytest.mark.parametrize("colour", [False, True])
def test_landmarks_of_a_turned_face_land_on_the_template(colour):
    turn = np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    photo, position = draw_face(90 * (TEMPLATE - 0.5) @ turn.T + (60, 100))
    photo = np.stack([photo] * 3, axis=2) if colour else photo

    faces, positions, confidences, mean = align(
        [Found(0, photo, position, 0.9)], {"a": photo}
    )

    assert faces.shape == (1, SIZE, SIZE)
    assert faces.dtype == np.uint8
    assert all(is_bright_at(faces[0], TEMPLATE * SIZE))
    assert not is_bright_at(faces[0], [(20, 2)])[0]
    np.testing.assert_array_equal(positions, [position])
    np.testing.assert_array_equal(mean, position)
    assert confidences.tolist() == [0.9]


def test_edge_pixels_are_repeated_where_a_photo_ends():
    photo, position = draw_face(160 * (TEMPLATE - 0.5) + (60, 100))  # wider than it is

    faces, *_ = align([Found(0, photo, position, 0.9)], {"a": photo})

    assert (faces[0][:, [0, -1]] == 50).all()


def test_rows_are_those_of_the_ids_however_faces_are_found():
    photos = {name: np.full((90, 60), 80 * n, np.uint8) for n, name in enumerate("abc")}
    position = np.concatenate([BOX, TEMPLATE])

    found = [Found(row, photos["abc"[row]], position, 0.9) for row in (2, 0, 1)]
    faces, *_ = align(found, photos)

    assert faces[:, 20, 20].tolist() == [0, 80, 160]


def test_photo_without_a_face_takes_the_mean_position_or_the_one_given():
    photo, position = draw_face(50 * TEMPLATE + (10, 10))
    other = np.concatenate([BOX, (50 * TEMPLATE + (60, 120)) / (120, 200)])
    photos = {"seen": photo, "missed": photo}
    found = [Found(0, photo, position, 0.9), Found(1, photo, None, np.nan)]

    by_mean, positions, confidences, mean = align(found, photos)
    by_given, *_, given = align(found, photos, other)

    np.testing.assert_array_equal(by_mean[1], by_mean[0])
    np.testing.assert_array_equal(mean, position)
    np.testing.assert_array_equal(given, other)
    assert not any(is_bright_at(by_given[1], TEMPLATE * SIZE))
    assert np.isnan(positions[1]).all()
    assert np.isnan(confidences[1])


def test_without_any_face_a_position_must_be_given():
    photos = {"missed": np.full((90, 60), 80, np.uint8)}
    found = [Found(0, photos["missed"], None, np.nan)]

    faces, *_ = align(found, photos, np.concatenate([BOX, TEMPLATE]))

    assert (faces == 80).all()
    with pytest.raises(ValueError, match="found none in any of 1"):
        align(found, photos)
