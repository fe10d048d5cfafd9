"""Embeddings as a column of an Arrow table: a list of D floats per row."""

from typing import Any

import numpy as np

from lfw17_kedro.types import F32, F64


def make_column(vectors: F32 | F64) -> Any:
    """Make a column of (N, D) vectors, of float32."""
    import pyarrow as pa

    flat = pa.array(np.ascontiguousarray(vectors, np.float32).ravel())
    return pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])


def read_column(column: Any, dimension: int) -> F32:
    """Give a column as an array: (N, D) float32.

    Raises:
        ValueError: lists of another length, or of something else.
    """
    import pyarrow as pa

    if column.type != pa.list_(pa.float32(), dimension):
        raise ValueError(f"vectors of the type {column.type}")
    flat = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, np.float32).reshape(-1, dimension)
