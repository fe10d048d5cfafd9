import numpy as np
import pytest

from lfw17_kedro.faces.embed import embed_faces, embed_photos
from lfw17_kedro.types import Encoder, EncoderCard

CARD = EncoderCard("net", "box", 4, 3, "CC0-1.0", "ab" * 32, margin=0)
WHOLE = np.array([[0, 0], [1, 1]] + [[0.5, 0.5]] * 5, np.float64)


def encode(batch):  # 5 x one-hot of the first pixel's value
    return 5 * np.eye(3, dtype=np.float32)[batch[:, 0, 0, 0]]


def make_faces(*values):
    return np.stack([np.full((4, 4, 3), value, np.uint8) for value in values])


def test_embeddings_are_in_the_order_of_the_rows():
    # in another order, and more of them than a batch holds
    located = [(row, np.full((8, 8), row, np.uint8), WHOLE) for row in (2, 0, 1)]

    vectors = embed_photos(
        located, 3, Encoder(CARD, encode), batch_size=2, test_time_flip=False
    )

    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, np.eye(3))


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
