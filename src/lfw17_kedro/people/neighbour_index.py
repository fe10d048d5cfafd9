"""Choose how similar vectors are searched: exactly, or with faiss where there are many.

Axes: N probes, M vectors, D embedding dimensions.
"""

import logging
import math
from abc import ABC, abstractmethod
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from lfw17_kedro.messages import advise_extra
from lfw17_kedro.people.neighbours import (
    Nearest,
    check_vectors,
    find_nearest,
    rank_exactly,
)
from lfw17_kedro.types import F32

AUTO, EXACT, FAISS = INDEXES = "auto", "exact", "faiss"
MAX_EXACT = 1_000_000  # vectors that `auto` searches exactly
FEW = 1000  # from so many on faiss can learn an index
LISTS = 4  # times the square root of M, as faiss's guidelines say
TRAINED = 40  # vectors per list, from which faiss learns the lists
ROUNDS = 10  # of k-means
CODES = 16  # of two dimensions, four bits
VISITED = 256  # lists that a search looks into
RANKED = 400  # vectors that are compared again,
RANKED_FOR_EACH = 4  # or this many for each that is wanted
ADDED = 1 << 16  # vectors added at a time
SAMPLE = 200  # probes that are searched exactly, too
SEED = 17

logger = logging.getLogger(__name__)


class Index(ABC):
    """M vectors that can be searched."""

    @abstractmethod
    def search(self, probes: F32, k: int) -> Nearest:
        """Find the min(k, M) most similar vectors of each of (N, D) probes.

        Raises:
            ValueError: see `find_nearest`.
        """


class ExactIndex(Index):
    """Compares with all vectors, see `find_nearest`."""

    def __init__(self, vectors: F32) -> None:
        """Keep (M, D) float32."""
        self._vectors = vectors

    def search(self, probes: F32, k: int) -> Nearest:
        """Find the most similar vectors."""
        return find_nearest(probes, self._vectors, k)


class FaissIndex(Index):
    """Compares with the vectors of the nearest lists of an inverted file of faiss.

    The index holds two bits per dimension. The vectors stay the truth: the best
    `RANKED` that it finds are compared again with them, and the index is never stored.
    Two builds from the same vectors are the same.

    HNSW, the other common index, found more in as little time (of 100,000 vectors as
    `dlib_resnet` makes them 99.9 % of the nearest 10; this one 99.2 % with half of
    `RANKED`), but took three times as long to build, and threads that build it at once
    build it another way each time. How many of the nearest are found is in
    benchmarks/RESULTS.md; the first search measures it for its own probes and writes
    it to the log.

    Source: Jegou et al. 2011, Product Quantization for Nearest Neighbor Search, section
    IV (inverted file); Douze et al. 2024, arXiv:2401.08281 (faiss).
    """

    def __init__(self, vectors: F32) -> None:
        """Build the index.

        Args:
            vectors: (M, D) float32 of L2 norm 1, `FEW` at least; may be a memory map.

        Raises:
            ModuleNotFoundError: faiss is not installed.
        """
        count, dimension = vectors.shape
        n_lists = max(1, min(int(LISTS * math.sqrt(count)), count // TRAINED))
        index = _make_inverted_file(dimension, n_lists)
        rows = np.random.default_rng(SEED).choice(
            count, min(count, TRAINED * n_lists), replace=False
        )
        index.train(np.ascontiguousarray(vectors[np.sort(rows)]))
        for start in range(0, count, ADDED):
            index.add(np.ascontiguousarray(vectors[start : start + ADDED]))
        self._index, self._vectors, self._measured = index, vectors, False

    def search(self, probes: F32, k: int) -> Nearest:
        """Find the most similar vectors of the nearest lists."""
        check_vectors(probes, self._vectors, k)
        k = min(k, len(self._vectors))
        wanted = min(max(RANKED, RANKED_FOR_EACH * k), len(self._vectors))
        _, rows = self._index.search(np.ascontiguousarray(probes), wanted)
        found = rank_exactly(probes, self._vectors, rows, k)
        if not self._measured and len(probes):
            self._measured = True
            self._log_recall(probes, found)
        return found

    def _log_recall(self, probes: F32, found: Nearest) -> None:
        """Write which fraction of the nearest vectors of some probes was found."""
        k = found.rows.shape[1]
        sample = np.linspace(0, len(probes) - 1, min(len(probes), SAMPLE)).astype(int)
        exact = find_nearest(probes[sample], self._vectors, k)
        logger.info(
            "faiss: of the %d nearest of %d vectors %.1f %% were found, on %d faces.",
            k,
            len(self._vectors),
            100 * measure_recall(found.rows[sample], exact.rows),
            len(sample),
        )


def make_index(vectors: F32, index: str = AUTO) -> Index:
    """Make vectors searchable.

    Args:
        vectors: (M, D) float32 of L2 norm 1; may be a memory map.
        index: `exact`, `faiss`, or `auto`: exact up to `MAX_EXACT` vectors, faiss
            above, see `choose_index`. Fewer than `FEW` are always searched exactly.

    Raises:
        ValueError: another index.
        ModuleNotFoundError: `faiss` is asked for and not installed.
    """
    chosen = choose_index(index, len(vectors), MAX_EXACT)
    if chosen == EXACT or len(vectors) < FEW:
        return ExactIndex(vectors)
    return FaissIndex(vectors)


def choose_index(index: str, count: int, max_exact: int) -> str:
    """Choose `exact` or `faiss`.

    Args:
        index: one of `INDEXES`.
        count: number of vectors.
        max_exact: vectors up to which `auto` is exact. Above that it is faiss, or with
            a warning, once in a process, exact if faiss is not installed.

    Raises:
        ValueError: another index.
    """
    check_index(index)
    if index != AUTO:
        return index
    if count <= max_exact:
        return EXACT
    if not has_faiss():
        _warn_of_exact()
        return EXACT
    return FAISS


def has_faiss() -> bool:
    """Tell whether the package faiss is installed."""
    return find_spec("faiss") is not None


@cache
def _warn_of_exact() -> None:
    """Warn, the first time, that the search will take longer than it must."""
    logger.warning(
        "There are many vectors, and the package faiss, which searches them faster, is "
        "not installed: they are searched exactly. To install it, run %s.",
        advise_extra(FAISS),
    )


def check_index(index: str) -> None:
    """Check the name of an index.

    Raises:
        ValueError: it is none of `INDEXES`.
    """
    if index not in INDEXES:
        raise ValueError(f"index: expected one of {', '.join(INDEXES)}, got {index!r}.")


def measure_recall(found: Any, exact: Any) -> float:
    """Give the fraction of (N, k) exact rows that are among the (N, n) rows found."""
    return float((exact[:, :, None] == found[:, None, :]).any(axis=2).mean())


def _make_inverted_file(dimension: int, n_lists: int) -> Any:
    """Make an empty index."""
    faiss = _import_faiss()
    index = faiss.IndexIVFPQFastScan(
        faiss.IndexFlatIP(dimension),
        dimension,
        n_lists,
        dimension if dimension % 2 else dimension // 2,
        int(math.log2(CODES)),
        faiss.METRIC_INNER_PRODUCT,
    )
    index.by_residual = True
    index.cp.niter = index.pq.cp.niter = ROUNDS
    index.cp.spherical = True
    index.cp.max_points_per_centroid = TRAINED
    # faiss would warn of few vectors on the standard error.
    index.cp.min_points_per_centroid = index.pq.cp.min_points_per_centroid = 1
    # With more than there are, faiss 1.15 finds wrong vectors.
    index.nprobe = min(VISITED, n_lists)
    return index


def _import_faiss() -> Any:
    """Import faiss.

    Raises:
        ModuleNotFoundError: it is not installed.
    """
    # It lists the instruction sets that it was not built for, as if they failed.
    logging.getLogger("faiss.loader").setLevel(logging.WARNING)
    try:
        import faiss
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"expected the package faiss-cpu, got none: run {advise_extra(FAISS)}, or "
            "choose people.index=exact, which takes longer.",
            name=error.name,
        ) from error
    return faiss
