"""From photos to embeddings in one pass: find the face, align it, embed it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice

import numpy as np
from tqdm import tqdm

from lfw17_kedro.faces.align import align_face
from lfw17_kedro.faces.detect import Found
from lfw17_kedro.threads import map_ahead
from lfw17_kedro.types import F32, F64, U8, Encoder


def embed_photos(
    found: Iterable[Found],
    photos: Mapping[str, U8],
    photo_ids: Sequence[str],
    encoder: Encoder,
    mean_position: F64 | None,
    *,
    batch_size: int,
    test_time_flip: bool,
) -> tuple[F32, F64, F64]:
    """Align and embed the face of each photo, holding one batch at a time.

    Args:
        found: of `detect.find_faces`, for these photos.
        photos: id -> photo; those without a face are opened once more.
        photo_ids: N ids.
        encoder: says how faces are aligned, and embeds them.
        mean_position: (7, 2), of `detect`, taken where no face was found: no photo is
            dropped. None for the mean of the faces found here.
        batch_size: faces per call of the encoder, at least 1.
        test_time_flip: average each face's embedding with its mirror image's, at
            twice the time.

    Returns:
        (N, D) float32 embeddings of L2 norm 1, (N, 7, 2) float64 positions and (N,)
        float64 confidences, both NaN where no face was found.

    Raises:
        ValueError: no face in any photo and no `mean_position`.
    """
    vectors = np.empty((len(photo_ids), encoder.card.dimension), np.float32)
    positions = np.full((len(photo_ids), 7, 2), np.nan)
    confidences = np.full(len(photo_ids), np.nan)
    without_face = []

    def list_faces() -> Iterator[tuple[int, U8, F64]]:
        for one in tqdm(found, "embed faces", len(photo_ids), unit="photo"):
            if one.position is None:
                without_face.append(one.row)
                continue
            positions[one.row], confidences[one.row] = one.position, one.confidence
            yield one.row, one.photo, one.position
        if without_face:
            fallback = (
                average_positions(positions) if mean_position is None else mean_position
            )
            for row in without_face:
                yield row, photos[photo_ids[row]], fallback

    def align(face: tuple[int, U8, F64]) -> tuple[int, U8]:
        row, photo, position = face
        return row, align_face(photo, position, encoder.card)

    aligned = map_ahead(align, list_faces(), batch_size)
    while batch := list(islice(aligned, batch_size)):
        rows, faces = (list(part) for part in zip(*batch, strict=True))
        vectors[rows] = embed_faces(np.stack(faces), encoder, test_time_flip)
    return vectors, positions, confidences


def average_positions(positions: F64) -> F64:
    """Average where the faces lie in their photos.

    Args:
        positions: (N, 7, 2) float64, NaN where no face was found.

    Returns:
        (7, 2) float64.

    Raises:
        ValueError: no face was found in any photo.
    """
    if np.isnan(positions).all():
        raise ValueError(
            f"expected faces in the training photos, found none in any of "
            f"{len(positions)}; look at the photos, lower detection.thresholds or "
            "enlarge detection.short_sides."
        )
    average: F64 = np.nanmean(positions, axis=0)
    return average


def embed_faces(faces: U8, encode: Callable[[U8], F32], test_time_flip: bool) -> F32:
    """Embed one batch of aligned faces.

    Args:
        faces: (N, S, S, 3) uint8 RGB, aligned as the encoder wants.
        encode: maps (N, S, S, 3) uint8 to (N, D) float32, an `Encoder` for one.
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
