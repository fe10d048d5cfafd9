"""What photos show as Arrow tables: photos, faces, pictures."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lfw17_kedro.scan_types import BOX, LANDMARKS, PHOTO_COLUMNS, WHOLE_PHOTO, Scanned
from lfw17_kedro.stores.vector_columns import make_column, read_column
from lfw17_kedro.types import F32, I64

VECTOR = "vector"  # the column of embeddings: lists of D float32


def tabulate_photos(photos: Sequence[Scanned]) -> Any:
    """Put photos into an Arrow table, one row per photo: `PHOTO_COLUMNS`."""
    import pyarrow as pa

    numbers = ("height", "width", "orientation", "turned")
    types = dict.fromkeys(numbers, pa.int64())
    return pa.table(
        {
            name: pa.array(
                [getattr(one, name) for one in photos], types.get(name, pa.string())
            )
            for name in PHOTO_COLUMNS
        }
    )


def tabulate_faces(photos: Sequence[Scanned], dimension: int) -> Any:
    """Put the faces of photos into an Arrow table, one row per face.

    Args:
        photos: readable ones.
        dimension: D, of an embedding.

    Returns:
        `FACE_COLUMNS` and the embedding `VECTOR`.

    Raises:
        ValueError: embeddings of another shape than (n, D).
    """
    import pyarrow as pa

    for one in photos:
        if len(one.boxes) and one.vectors.shape != (len(one.boxes), dimension):
            raise ValueError(
                f"expected embeddings of shape {(len(one.boxes), dimension)}, got "
                f"{one.vectors.shape}; open the store with the encoder's dimension."
            )
    columns: dict[str, Any] = {
        "sha256": pa.array(
            [one.sha256 for one in photos for _ in one.boxes], pa.string()
        )
    }
    with_empty = [Scanned(""), *photos]  # so that there is something to join
    points = [one.boxes for one in with_empty]
    marks = [one.landmarks.reshape(-1, 10) for one in with_empty]
    for names, values in ((BOX, points), (LANDMARKS, marks)):
        columns |= dict(zip(names, np.concatenate(values).T, strict=True))
    for name in ("detection", "sharpness", "extent"):
        columns[name] = np.concatenate([getattr(one, name) for one in with_empty])
    vectors = [one.vectors.reshape(-1, dimension) for one in with_empty]
    columns[VECTOR] = make_column(np.concatenate(vectors))
    return pa.table(columns)


def tabulate_pictures(photos: Sequence[Scanned]) -> Any:
    """Put the pictures into an Arrow table: of each readable photo and of each face."""
    import pyarrow as pa

    rows = [
        (one.sha256, face, jpg)
        for one in photos
        if one.picture
        for face, jpg in enumerate((one.picture, *one.face_pictures), WHOLE_PHOTO)
    ]
    sha256, faces, jpgs = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table(
        {
            "sha256": pa.array(sha256, pa.string()),
            "face": pa.array(faces, pa.int64()),
            "jpg": pa.array(jpgs, pa.binary()),
        }
    )


def take_vectors(faces: Any, dimension: int) -> F32:
    """Give the embeddings of a table of faces: (N, D) float32."""
    return read_column(faces[VECTOR], dimension)


def count_faces(photos: Any, faces: Any) -> I64:
    """Count the faces of each photo of a part: (P,) int64.

    Args:
        photos: table of P photos.
        faces: table of their faces, photo by photo.

    Raises:
        ValueError: faces of other photos, or in another order.
    """
    import pyarrow.compute as pc

    ids = photos["sha256"].combine_chunks()
    rows = pc.index_in(faces["sha256"], value_set=ids).to_numpy()
    if len(rows) and (np.isnan(rows).any() or (np.diff(rows) < 0).any()):
        raise ValueError("expected faces photo by photo, got others")
    return np.bincount(rows.astype(np.int64), minlength=len(ids)).astype(np.int64)
