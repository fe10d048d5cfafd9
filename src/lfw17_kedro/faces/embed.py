"""Turn aligned faces into embeddings, batch by batch."""

from collections.abc import Callable

import numpy as np
from tqdm import tqdm

from lfw17_kedro.types import F32, U8


def embed_faces(
    faces: U8, encode: Callable[[U8], F32], batch_size: int, test_time_flip: bool
) -> F32:
    """Map aligned faces to unit-length embeddings.

    Args:
        faces: (N, S, S, 3) uint8 RGB, aligned as the encoder wants.
        encode: maps (n, S, S, 3) uint8 to (n, D) float32, an `Encoder` for one.
        batch_size: faces per call, at least 1.
        test_time_flip: average each face's embedding with its mirror image's, at twice
            the time.

    Returns:
        (N, D) float32, each row of L2 norm 1.

    Raises:
        ValueError: wrong dtype or shape, no faces, or a batch size below 1.
    """
    if faces.dtype != np.uint8 or faces.ndim != 4 or faces.shape[-1] != 3:  # noqa: PLR2004
        raise ValueError(
            f"faces: expected uint8 (N, S, S, 3), got {faces.dtype} {faces.shape}; "
            "align them first."
        )
    if not len(faces):
        raise ValueError("faces: expected at least one, got none.")
    if batch_size < 1:
        raise ValueError(f"batch_size: expected at least 1, got {batch_size}.")
    embeddings = []
    for start in tqdm(range(0, len(faces), batch_size), "embed faces", unit="batch"):
        batch = faces[start : start + batch_size]
        vectors = encode(batch)
        if test_time_flip:
            vectors = vectors + encode(batch[:, :, ::-1])
        embeddings.append(vectors)
    return l2_normalize(np.concatenate(embeddings))


def l2_normalize(vectors: F32) -> F32:
    """Scale rows to L2 norm 1: (N, D) float32 -> (N, D) float32."""
    normalized: F32 = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return normalized
