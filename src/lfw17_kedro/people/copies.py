"""Find files that hold one picture: another size, quality or format of it.

Axes: N photos, D embedding dimensions.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lfw17_kedro.people.quality import count_different_bits
from lfw17_kedro.types import F32, F64, I64

MIN_SAME = 0.95
"""Min cosine of the faces of one picture in two files.

Measured with `dlib_resnet` on ORL: a file saved again at quality 75 keeps 0.992 at
least, at half the size besides 0.953. Without it two portraits before a plain wall
could pass for one picture.
"""
MAX_MOVED = 0.025
"""Max distance between the landmarks of one picture in two files, of the extent.

Without it two shots of one sitting could pass for one picture. Measured on ORL: of the
13 pairs of shots whose hashes differ in 2 bits at most one is below it; of files saved
again at quality 75 nine of ten are, at 0.7 times the size eight of ten.
"""
PHOTOS = 1024  # compared with as many at a time: 8 MB of hashes
PAIRS = 1 << 14  # whose faces are compared at a time: 16 MB of vectors for D = 128


def find_originals(
    hashes: NDArray[np.uint64], shapes: F64, vectors: F32, max_different_bits: int
) -> I64:
    """Find the picture that each photo is a copy of.

    That of the first photo, in order, that shows the same; of a copy, its original. All
    pairs are compared: the time grows with the square of N, but what is held beside the
    arguments is a few blocks.

    Args:
        hashes: (N,) uint64, see `quality.read_hashes`.
        shapes: (N, 5, 2) float64, landmarks about their mean, of the extent.
        vectors: (N, D) float32 of L2 norm 1.
        max_different_bits: max bits in which the hashes of one picture differ.

    Returns:
        (N,) int64, rows; its own of a photo that is no copy.
    """
    first = np.arange(len(hashes))
    for left, right in _pair_alike(hashes, max_different_bits):
        moved = np.abs(shapes[left] - shapes[right]).max(axis=(1, 2))
        cosines = np.einsum("nd,nd->n", vectors[left], vectors[right])
        same = (moved <= MAX_MOVED) & (cosines >= MIN_SAME)
        np.minimum.at(first, left[same], right[same])
    for row, original in enumerate(first):
        first[row] = first[original]
    return first


def _pair_alike(
    hashes: NDArray[np.uint64], max_different_bits: int
) -> Iterator[tuple[I64, I64]]:
    """Give each photo and those before it whose hashes are alike, `PAIRS` at most."""
    for start in range(0, len(hashes), PHOTOS):
        rows = hashes[start : start + PHOTOS, None]
        for begin in range(0, start + 1, PHOTOS):
            bits = count_different_bits(rows, hashes[begin : begin + PHOTOS])
            alike = bits <= max_different_bits
            if begin == start:
                alike = np.tril(alike, -1)
            found = np.flatnonzero(alike)
            for one in range(0, len(found), PAIRS):
                left, right = np.divmod(found[one : one + PAIRS], alike.shape[1])
                yield start + left, begin + right
