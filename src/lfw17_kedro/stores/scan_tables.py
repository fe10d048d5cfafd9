"""What photos show as Arrow tables: photos, faces, pictures."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from lfw17_kedro.people_types import (
    BOX,
    FACE_COLUMNS,
    LANDMARKS,
    PHOTO_COLUMNS,
    WHOLE_PHOTO,
    Scanned,
)
from lfw17_kedro.types import F32, I64, Table

VECTOR = "vector"  # the column of embeddings: lists of D float32


def tabulate_photos(photos: Sequence[Scanned]) -> Any:
    """Put photos into an Arrow table, one row a photo: `PHOTO_COLUMNS`."""
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
    """Put the faces of photos into an Arrow table, one row a face.

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
    vectors = np.concatenate([one.vectors.ravel() for one in with_empty])
    flat = pa.array(vectors.astype(np.float32))
    columns[VECTOR] = pa.FixedSizeListArray.from_arrays(flat, dimension)
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
    column = faces[VECTOR].combine_chunks()
    flat = column.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, np.float32).reshape(-1, dimension)


class JoinedTables:
    """The photos and faces of all parts, each photo once.

    Attributes:
        parts: P paths.
        photos: one row a photo, `PHOTO_COLUMNS`.
        part_numbers: of each photo, the position of its part.
        faces: N rows, `FACE_COLUMNS`, in no order; see `find_faces`.
        vectors: (N, D) float32.
    """

    def __init__(
        self,
        parts: list[Path],
        tables: list[tuple[Any, Any]],
        empty: tuple[Any, Any],
        dimension: int,
    ) -> None:
        """Join the parts.

        Args:
            parts: P paths.
            tables: of photos and faces, of each part.
            empty: the same without rows.
            dimension: of the embeddings.
        """
        import pyarrow as pa

        self.parts = parts
        photos = pa.concat_tables([empty[0], *(one for one, _ in tables)])
        faces = pa.concat_tables([empty[1], *(one for _, one in tables)])
        all_photos = photos.to_pandas()
        part_numbers = np.repeat(np.arange(len(parts)), [len(one) for one, _ in tables])
        is_first = ~all_photos["sha256"].duplicated().to_numpy()
        all_photos = all_photos[[*PHOTO_COLUMNS]]
        self.photos: Table = all_photos[is_first].reset_index(drop=True)
        self.part_numbers: I64 = part_numbers[is_first]
        self.vectors: F32 = take_vectors(faces, dimension)
        self.faces: Table = faces.drop_columns([VECTOR]).to_pandas()[[*FACE_COLUMNS]]
        face_parts = np.repeat(np.arange(len(parts)), [len(one) for _, one in tables])
        rows = self.index.get_indexer(self.faces["sha256"])
        # Of a photo in two parts only the faces of the first count.
        rows[np.append(self.part_numbers, -1)[rows] != face_parts] = len(self.photos)
        self._order = np.argsort(rows, kind="stable")
        bounds = np.arange(len(self.photos) + 1)
        self._bounds = np.searchsorted(rows[self._order], bounds)

    @cached_property
    def index(self) -> Any:
        """Row of each SHA-256."""
        import pandas as pd

        return pd.Index(self.photos["sha256"])

    @cached_property
    def sorted_ids(self) -> list[str]:
        """The SHA-256 of all photos."""
        return sorted(self.photos["sha256"].tolist())

    def find_faces(self, rows: I64) -> I64:
        """Give the rows of the faces of photos, photo by photo."""
        starts, ends = self._bounds[rows], self._bounds[rows + 1]
        counts = ends - starts
        firsts = np.repeat(
            starts - np.r_[0, np.cumsum(counts)[:-1]][: len(rows)], counts
        )
        found: I64 = self._order[firsts + np.arange(counts.sum())]
        return found
