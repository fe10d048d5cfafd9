"""Find the vectors that are most like others, exactly and in bounded memory.

Axes: N probes, M vectors, D embedding dimensions.
"""

from typing import NamedTuple

import numpy as np

from lfw17_kedro.types import F32, I64

PROBES = 1024  # compared with `VECTORS` vectors at a time: 16 MB of similarities
VECTORS = 4096
SPARE = 8  # kept beyond k until the last comparison, which is without blocks
PAIRS = 1 << 13  # compared at a time in the last comparison: 12 MB for D = 128
NO_ROW = -1  # where an index found fewer


class Nearest(NamedTuple):
    """The most similar vectors of N probes, the most similar first.

    Attributes:
        rows: (N, k) int64, of the vectors; `NO_ROW` where fewer were found.
        similarities: (N, k) float32, cosines; -inf where fewer were found.
    """

    rows: I64
    similarities: F32


def find_nearest(probes: F32, vectors: F32, k: int) -> Nearest:
    """Find the k most similar of M vectors for each probe.

    The vectors are read once, in blocks, so they may be a memory map. What is held
    beside the arguments is the result and a few blocks, whatever N and M. Of equally
    similar vectors that with the lowest row comes first.

    Each similarity returned is computed of its two vectors alone. So the result does
    not depend on what else is compared with them, as that of a matrix product does.
    Both hold as long as no more than `SPARE` vectors beyond the k are as similar as the
    k-th but for rounding: of more such near-ties, copies of one picture for example,
    rounding in the blocks decides which are kept.

    Args:
        probes: (N, D) float32 of L2 norm 1.
        vectors: (M, D) float32 of L2 norm 1.
        k: how many, at least 1; all M vectors if there are fewer.

    Returns:
        min(k, M) rows and similarities of each probe.

    Raises:
        ValueError: vectors of another length, or k below 1.
    """
    check_vectors(probes, vectors, k)
    kept = min(k + SPARE, len(vectors))
    rows = np.full((len(probes), kept), NO_ROW)
    similarities = np.full((len(probes), kept), -np.inf, np.float32)
    tile = np.empty((min(len(probes), PROBES), min(len(vectors), VECTORS)), np.float32)
    for start in range(0, len(vectors), VECTORS) if len(probes) else ():
        block = vectors[start : start + VECTORS]
        for first in range(0, len(probes), PROBES):
            own = slice(first, first + PROBES)
            products = tile[: len(probes[own]), : len(block)]
            np.matmul(probes[own], block.T, out=products)
            _merge(rows[own], similarities[own], products, start)
    return rank_exactly(probes, vectors, rows, min(k, len(vectors)))


def rank_exactly(probes: F32, vectors: F32, rows: I64, k: int) -> Nearest:
    """Keep the k most similar of a few vectors for each probe.

    Args:
        probes: (N, D) float32.
        vectors: (M, D) float32.
        rows: (N, n) int64, of the vectors to choose from; `NO_ROW` for none.
        k: how many, n at most.
    """
    best = Nearest(
        np.full((len(probes), k), NO_ROW), np.full((len(probes), k), -np.inf, "f4")
    )
    step = max(1, PAIRS // max(1, rows.shape[1]))
    for start in range(0, len(probes), step) if k else ():
        own = slice(start, start + step)
        left, right = vectors[rows[own]].astype(np.float64), probes[own]
        # Without an optimisation, einsum adds each pair's products in the same order.
        exact = np.einsum("nkd,nd->nk", left, right.astype(np.float64))
        exact = exact.astype(np.float32)
        exact[rows[own] == NO_ROW] = -np.inf
        order = np.lexsort((rows[own], -exact), axis=1)[:, :k]
        best.rows[own] = np.take_along_axis(rows[own], order, axis=1)
        best.similarities[own] = np.take_along_axis(exact, order, axis=1)
    return best


def check_vectors(probes: F32, vectors: F32, k: int) -> None:
    """Check what is compared.

    Raises:
        ValueError: vectors of another length, or k below 1.
    """
    if probes.ndim != 2 or probes.shape[1:] != vectors.shape[1:]:  # noqa: PLR2004
        raise ValueError(
            f"expected probes (N, D) and vectors (M, D), got {probes.shape} and "
            f"{vectors.shape}; embed both with one encoder."
        )
    if k < 1:
        raise ValueError(f"k: expected at least 1 vector for each probe, got {k}.")


def _merge(rows: I64, similarities: F32, products: F32, start: int) -> None:
    """Put the most similar vectors of a block among those kept, in place.

    Args:
        rows: (n, kept) int64, sorted by similarity, then by row.
        similarities: (n, kept) float32.
        products: (n, m) float32, with the vectors from row `start` on.
        start: first row of the block; its rows are greater than those kept.
    """
    kept = rows.shape[1]
    # One that is only as similar as the last one kept has a greater row.
    touched = np.flatnonzero(products.max(axis=1) > similarities[:, -1])
    if not len(touched):
        return
    products = products[touched]
    better = products > similarities[touched, -1:]
    if np.count_nonzero(better) > kept * len(touched):
        least = max(0, products.shape[1] - kept)
        limits = np.partition(products, least, axis=1)[:, least]
        better &= products >= limits[:, None]
    # NumPy finds what is true in one dimension twenty times as fast as in two.
    probes, columns = np.divmod(np.flatnonzero(better), products.shape[1])
    of_probe = np.concatenate([np.repeat(np.arange(len(touched)), kept), probes])
    every = np.concatenate([similarities[touched].ravel(), products[probes, columns]])
    every_row = np.concatenate([rows[touched].ravel(), start + columns])
    order = np.lexsort((every_row, -every, of_probe))
    counts = np.bincount(of_probe)
    first = np.cumsum(counts) - counts
    best = order[first[:, None] + np.arange(kept)]
    rows[touched], similarities[touched] = every_row[best], every[best]
