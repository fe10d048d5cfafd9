"""From located faces to embeddings: align each face and embed it."""

from collections.abc import Callable, Iterable
from itertools import islice

import numpy as np
from tqdm import tqdm

from lfw17_kedro.faces.align import align_face
from lfw17_kedro.threads import map_ahead
from lfw17_kedro.types import F32, F64, U8, Encoder


def embed_photos(
    located: Iterable[tuple[int, U8, F64]],
    count: int,
    encoder: Encoder,
    *,
    batch_size: int,
    test_time_flip: bool,
) -> F32:
    """Align and embed the face of each photo, holding one batch at a time.

    Args:
        located: the row, the photo and the position of the face, (7, 2) as of
            `detect`, of each photo in any order.
        count: N, of the photos.
        encoder: says how faces are aligned, and embeds them.
        batch_size: faces per call of the encoder, at least 1.
        test_time_flip: average each face's embedding with its mirror image's, at
            twice the time.

    Returns:
        (N, D) float32 embeddings of L2 norm 1.
    """
    vectors = np.empty((count, encoder.card.dimension), np.float32)

    def align(face: tuple[int, U8, F64]) -> tuple[int, U8]:
        row, photo, position = face
        return row, align_face(photo, position, encoder.card)

    shown = tqdm(located, "embed faces", count, unit="photo")
    aligned = map_ahead(align, shown, batch_size)
    while batch := list(islice(aligned, batch_size)):
        rows, faces = (list(part) for part in zip(*batch, strict=True))
        vectors[rows] = embed_faces(np.stack(faces), encoder, test_time_flip)
    return vectors


def embed_faces(faces: U8, encode: Callable[[U8], F32], test_time_flip: bool) -> F32:
    """Embed one batch of aligned faces.

    Args:
        faces: (N, S, S, 3) uint8 RGB, aligned as the encoder wants.
        encode: maps (N, S, S, 3) uint8 to (N, D) float32, as an `Encoder` does.
        test_time_flip: average with the mirror images' embeddings.

    Returns:
        (N, D) float32, each row of L2 norm 1.

    Raises:
        ValueError: wrong dtype or shape, or no faces.
    """
    if faces.dtype != np.uint8 or faces.ndim != 4 or faces.shape[-1] != 3:  # noqa: PLR2004
        raise ValueError(
            f"faces: expected uint8 (N, S, S, 3), got {faces.dtype} {faces.shape}; "
            "align them first."
        )
    if not len(faces):
        raise ValueError("faces: expected at least one, got none.")
    if not test_time_flip:
        return l2_normalize(encode(faces))
    both = encode(np.concatenate([faces, faces[:, :, ::-1]]))
    return l2_normalize(both[: len(faces)] + both[len(faces) :])


def l2_normalize(vectors: F32) -> F32:
    """Scale rows to L2 norm 1: (N, D) float32 -> (N, D) float32."""
    normalized: F32 = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return normalized
