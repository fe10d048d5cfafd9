import numpy as np
import pytest

from lfw17_kedro.faces.detect import Found
from lfw17_kedro.faces.embed import average_positions, embed_faces, embed_photos
from lfw17_kedro.types import Encoder, EncoderCard

CARD = EncoderCard("net", "box", 4, 3, "CC0-1.0", "ab" * 32, margin=0)
WHOLE = np.array([[0, 0], [1, 1]] + [[0.5, 0.5]] * 5, np.float64)


def encode(batch):  # 5 x one-hot of the first pixel's value
    return 5 * np.eye(3, dtype=np.float32)[batch[:, 0, 0, 0]]


def make_faces(*values):
    return np.stack([np.full((4, 4, 3), value, np.uint8) for value in values])


def embed(found, photos, mean_position=None, batch_size=2):
    return embed_photos(
        found,
        photos,
        list(photos),
        Encoder(CARD, encode),
        mean_position,
        batch_size=batch_size,
        test_time_flip=False,
    )


def test_embeddings_are_in_the_order_of_the_ids():
    photos = {name: np.full((8, 8), n, np.uint8) for n, name in enumerate("abc")}
    # found in another order, and more of them than a batch holds
    found = [Found(row, photos["abc"[row]], WHOLE, 0.9) for row in (2, 0, 1)]

    vectors, positions, confidences = embed(found, photos)

    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, np.eye(3))
    np.testing.assert_array_equal(positions, [WHOLE] * 3)
    assert confidences.tolist() == [0.9] * 3


def test_photo_without_a_face_takes_the_mean_position():
    photo = np.zeros((8, 8), np.uint8)
    photo[4:, 4:] = 2
    photos = {"seen": photo, "missed": photo}
    lower_right = WHOLE.copy()
    lower_right[0] = 0.5
    seen = Found(0, photo, lower_right, 0.9)

    vectors, positions, _ = embed([seen, Found(1, photo, None, np.nan)], photos)
    given, *_ = embed([seen, Found(1, photo, None, np.nan)], photos, WHOLE)

    np.testing.assert_allclose(vectors, np.eye(3)[[2, 2]])
    np.testing.assert_allclose(given, np.eye(3)[[2, 0]])
    assert np.isnan(positions[1]).all()


def test_no_face_in_any_photo_is_an_error():
    with pytest.raises(ValueError, match=r"found none in any of 2; .*thresholds"):
        average_positions(np.full((2, 7, 2), np.nan))


def test_flips_are_averaged():
    faces = make_faces(0)
    faces[:, :, -1] = 1  # the mirror image starts with 1

    embeddings = embed_faces(faces, encode, test_time_flip=True)

    np.testing.assert_allclose(embeddings, [[0.5**0.5, 0.5**0.5, 0]], atol=1e-6)


@pytest.mark.parametrize(
    ("faces", "message"),
    [
        (make_faces(0).astype(float), r"uint8 \(N, S, S, 3\), got float64"),
        (make_faces(0)[0], r"got uint8 \(4, 4, 3\)"),
        (make_faces(0)[:0], "expected at least one, got none"),
    ],
)
def test_bad_input_is_refused(faces, message):
    with pytest.raises(ValueError, match=message):
        embed_faces(faces, encode, test_time_flip=False)
