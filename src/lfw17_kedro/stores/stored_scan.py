"""Read the photos and faces of a scan out of its parts, embeddings only when asked.

Axes: N faces, D embedding dimensions, P photos.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfw17_kedro.scan_types import FACE_COLUMNS, PHOTO_COLUMNS, StoredScan, Vectors
from lfw17_kedro.stores.scan_parts import FACES, PHOTOS
from lfw17_kedro.stores.scan_tables import VECTOR, count_faces, take_vectors
from lfw17_kedro.types import F32, I64

Rows = NDArray[np.integer]

ReadPart = Callable[[str, Sequence[str]], list[Any]]
"""Name of a part and names of its files -> Arrow tables."""


class StoredVectors(Vectors):
    """Embeddings that lie in the parts of a scan."""

    def __init__(
        self,
        read_part: ReadPart,
        names: Sequence[str],
        parts: Rows,
        rows: Rows,
        dimension: int,
    ) -> None:
        """Remember where the embeddings lie.

        Args:
            read_part: reads files of a part.
            names: of all parts.
            parts: (N,) the part of each face.
            rows: (N,) its row among the faces of that part.
            dimension: D.
        """
        self.shape = len(parts), dimension
        self._read_part, self._names = read_part, names
        self._parts, self._rows = parts.astype(np.int32), rows.astype(np.int32)

    def take(self, rows: I64) -> F32:
        """Read the embeddings of some faces."""
        vectors = np.empty((len(rows), self.shape[1]), np.float32)
        for number in np.unique(self._parts[rows]):
            own = np.flatnonzero(self._parts[rows] == number)
            vectors[own] = self._read(number)[self._rows[rows[own]]]
        return vectors

    def select(self, rows: I64) -> "StoredVectors":
        """Remember where some of the embeddings lie."""
        return StoredVectors(
            self._read_part,
            self._names,
            self._parts[rows],
            self._rows[rows],
            self.shape[1],
        )

    def stream(self) -> Iterator[tuple[I64, F32]]:
        """Read all embeddings, a part at a time."""
        for number in np.unique(self._parts):
            own = np.flatnonzero(self._parts == number)
            yield own, self._read(number)[self._rows[own]]

    def _read(self, number: int) -> F32:
        """Read the embeddings of a part, of all its faces."""
        [faces] = self._read_part(self._names[number], [FACES])
        return take_vectors(faces, self.shape[1])


def read_scan(
    read_part: ReadPart,
    names: Sequence[str],
    parts: I64,
    rows: I64,
    empty: Mapping[str, Any],
    fingerprint: str,
) -> StoredScan:
    """Read what photos show.

    Args:
        read_part: reads files of a part.
        names: of all parts.
        parts: (P,) the part of each photo.
        rows: (P,) its row in that part.
        empty: tables of `PHOTOS` and `FACES` without rows.
        fingerprint: of the scan.

    Returns:
        P photos in their order, and their faces.
    """
    import pyarrow as pa

    photos, faces = [empty[PHOTOS]], [empty[FACES].drop_columns([VECTOR])]
    # Of each photo, in the order in which they are read: where it was asked for, the
    # row of its first face in its part, and how many faces it has.
    order, firsts, counts = ([np.empty(0, np.int64)] for _ in range(3))
    for number in np.unique(parts):
        own = np.flatnonzero(parts == number)
        own_photos, own_faces = read_part(names[number], [PHOTOS, FACES])
        own_counts = count_faces(own_photos, own_faces)
        order.append(own)
        counts.append(own_counts[rows[own]])
        firsts.append((np.cumsum(own_counts) - own_counts)[rows[own]])
        photos.append(own_photos.take(rows[own]))
        own_faces = own_faces.drop_columns([VECTOR])
        faces.append(own_faces.take(_spread(firsts[-1], counts[-1])))
    back = np.argsort(np.concatenate(order))
    n_faces, first = np.concatenate(counts)[back], np.concatenate(firsts)[back]
    read_counts = np.concatenate(counts)
    read_first = (np.cumsum(read_counts) - read_counts)[back]
    vectors = StoredVectors(
        read_part,
        names,
        np.repeat(parts, n_faces),
        _spread(first, n_faces),
        empty[FACES].schema.field(VECTOR).type.list_size,
    )
    all_photos = pa.concat_tables(photos).take(back)
    all_faces = pa.concat_tables(faces).take(_spread(read_first, n_faces))
    return StoredScan(
        all_photos.to_pandas()[[*PHOTO_COLUMNS]],
        all_faces.to_pandas()[[*FACE_COLUMNS]],
        vectors,
        fingerprint,
    )


def _spread(firsts: I64, counts: I64) -> I64:
    """Give the rows of ranges: first, first + 1, and so on, count of them."""
    before = np.cumsum(counts) - counts
    rows: I64 = np.repeat(firsts - before, counts) + np.arange(counts.sum())
    return rows
