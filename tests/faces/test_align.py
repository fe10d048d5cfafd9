import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lfw17_kedro.faces.align import (
    align_box,
    align_face,
    align_similarity,
    fit_similarity,
    resize_faces,
)
from lfw17_kedro.types import EncoderCard

TEMPLATE = np.array([[30, 30], [70, 30], [50, 50], [35, 70], [65, 70]], np.float64)


def make_card(**changes) -> EncoderCard:
    settings = {
        "name": "test",
        "alignment": "similarity",
        "size": 100,
        "dimension": 3,
        "licence": "none",
        "weights_sha256": "0" * 64,
        "template": tuple(map(tuple, TEMPLATE)),
    }
    return EncoderCard(**settings | changes)


@given(
    scale=st.floats(0.1, 10),
    angle=st.floats(-3, 3),
    shift=st.tuples(st.floats(-99, 99), st.floats(-99, 99)),
)
def test_similarity_transform_is_recovered(scale, angle, shift):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    targets = scale * TEMPLATE @ turn.T + shift

    a, b = fit_similarity(TEMPLATE, targets)

    assert abs(a - scale * np.exp(1j * angle)) < 1e-8 * scale
    assert abs(b - complex(*shift)) < 1e-6


def test_large_faces_are_averaged():
    rows, columns = np.indices((800, 800))
    chequered = ((rows + columns) % 2 * 255).astype(np.uint8)

    face = align_similarity(Image.fromarray(chequered), 8 * TEMPLATE, TEMPLATE, 100)

    assert np.ptp(np.asarray(face)) <= 2  # grey, no pattern of the pixels taken


def test_landmarks_land_on_the_template():
    # One white dot per landmark, on a face twice as large, turned by 90 degrees.
    landmarks = np.stack([250 - 2 * TEMPLATE[:, 1], 10 + 2 * TEMPLATE[:, 0]], axis=1)
    photo = np.zeros((250, 250), np.uint8)
    for x, y in landmarks.astype(int):
        photo[y - 3 : y + 3, x - 3 : x + 3] = 255

    face = np.asarray(
        align_similarity(Image.fromarray(photo), landmarks, TEMPLATE, 100)
    )

    for x, y in TEMPLATE.astype(int):
        assert face[y - 1 : y + 1, x - 1 : x + 1].min() > 200
    assert face.mean() < 10  # and nothing else is white


def test_box_is_widened_by_half_the_margin_and_clipped():
    photo = np.zeros((100, 100), np.uint8)
    photo[:, 50:] = 200

    inside = align_box(Image.fromarray(photo), np.array([30.0, 30, 70, 70]), 20, 60)
    clipped = align_box(Image.fromarray(photo), np.array([0.0, 0, 100, 100]), 44, 100)

    # 20..80 of the photo, so the edge at 50 lies in the middle
    assert np.asarray(inside).shape == (60, 60)
    np.testing.assert_array_equal(
        np.asarray(inside)[0, [0, 29, 30, 59]], [0, 0, 200, 200]
    )
    np.testing.assert_array_equal(np.asarray(clipped), photo)


def test_similarity_alignment_is_chosen_by_the_card():
    photo = np.random.default_rng(0).integers(0, 256, (200, 100), np.uint8)
    position = np.concatenate([[[0, 0], [1, 1]], TEMPLATE / [100, 200]])

    face = align_face(photo, position, make_card())

    assert face.shape == (100, 100, 3)
    # the landmarks are the template: the photo's own top left 100 x 100 pixels
    assert np.abs(face[:, :, 0].astype(int) - photo[:100]).max() <= 1


def test_box_alignment_is_chosen_by_the_card():
    photo = np.arange(100, dtype=np.uint8).repeat(100).reshape(100, 100)
    position = np.full((7, 2), 0.5)
    position[:2] = [[0.2, 0.2], [0.8, 0.8]]
    card = make_card(alignment="box", template=None, margin=0, size=60)

    face = align_face(photo, position, card)

    np.testing.assert_array_equal(face[:, :, 1], photo[20:80, 20:80])


def test_unknown_alignment_is_refused():
    with pytest.raises(ValueError, match=r"'similarity' .* or 'box' .*got 'none'"):
        align_face(
            np.zeros((10, 10), np.uint8),
            np.zeros((7, 2)),
            make_card(alignment="none"),
        )


def test_resizing_keeps_what_a_face_shows():
    faces = np.zeros((2, 12, 12), np.uint8)
    faces[1, :, 6:] = 200

    smaller = resize_faces(faces, 4)

    assert smaller.dtype == np.uint8
    assert (smaller[0] == 0).all()
    assert (smaller[1, :, 0] < 10).all()
    assert (smaller[1, :, -1] > 190).all()
    assert resize_faces(faces, 12) is faces
