"""Embeddings that come in blocks, as from a disk."""

import numpy as np

from lfw17_kedro.scan_types import Vectors


class BlockVectors(Vectors):
    """Embeddings in memory that come in blocks."""

    def __init__(self, vectors, blocks):
        """Hold (N, D) embeddings, and the number of the block of each."""
        self.shape = vectors.shape
        self._vectors, self._blocks = vectors, np.asarray(blocks, int)

    def take(self, rows):
        return self._vectors[rows]

    def select(self, rows):
        return BlockVectors(self._vectors[rows], self._blocks[rows])

    def stream(self):
        for block in np.unique(self._blocks)[::-1]:  # the order means nothing
            rows = np.flatnonzero(self._blocks == block)
            yield rows, self._vectors[rows]
