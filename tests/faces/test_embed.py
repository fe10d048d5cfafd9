import numpy as np
import pytest

from lfw17_kedro.faces.embed import embed_faces


def encode(batch):  # 5 x one-hot of the first pixel's value
    return 5 * np.eye(3, dtype=np.float32)[batch[:, 0, 0, 0]]


def make_faces(*values):
    return np.stack([np.full((4, 4, 3), value, np.uint8) for value in values])


def test_order_is_kept_across_batches():
    embeddings = embed_faces(make_faces(2, 0, 1), encode, 2, test_time_flip=False)

    assert embeddings.dtype == np.float32
    np.testing.assert_allclose(embeddings, np.eye(3)[[2, 0, 1]])


def test_flips_are_averaged():
    faces = make_faces(0)
    faces[:, :, -1] = 1  # the mirror image starts with 1

    embeddings = embed_faces(faces, encode, 2, test_time_flip=True)

    np.testing.assert_allclose(embeddings, [[0.5**0.5, 0.5**0.5, 0]], atol=1e-6)


@pytest.mark.parametrize(
    ("faces", "batch_size", "message"),
    [
        (make_faces(0).astype(float), 1, r"uint8 \(N, S, S, 3\), got float64"),
        (make_faces(0)[0], 1, r"got uint8 \(4, 4, 3\)"),
        (make_faces(0)[:0], 1, "expected at least one, got none"),
        (make_faces(0), 0, "batch_size: expected at least 1, got 0"),
    ],
)
def test_bad_input_is_refused(faces, batch_size, message):
    with pytest.raises(ValueError, match=message):
        embed_faces(faces, encode, batch_size, test_time_flip=False)
