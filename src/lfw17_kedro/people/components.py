"""Find which faces are connected through faces that are near each other.

Axes: N faces, D embedding dimensions, L limits of distance.
"""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from lfw17_kedro.people.neighbour_index import AUTO, FAISS, choose_index, make_index
from lfw17_kedro.people.neighbours import NO_ROW
from lfw17_kedro.types import F32, F64, I64

ROWS = 1024  # faces compared with `COLUMNS` faces at a time: 16 MB of similarities
COLUMNS = 4096
MAX_WAITING = 1 << 18  # pairs that wait to be joined: 6 MB
ROUNDING = 1e-6  # of cosines in float32
MAX_EXACT = 300_000  # faces of which `auto` compares all pairs
NEIGHBOURS = 64  # of each face that the index is asked for


def connect(vectors: F32, limits: F64, index: str = AUTO) -> I64:
    """Label the connected components of the pairs within each of some distances.

    Memory grows with N, not with the number of pairs: a pair is forgotten once its
    faces are connected.

    All pairs of 100,000 faces take 50 seconds of one core; twice as many faces take
    four times as long.

    With faiss only pairs of a face and one of the `NEIGHBOURS` nearest that it finds
    count. So a component may come in parts, for example where somebody has more
    copies of one picture than that: these know each other alone. Of 50,000 and 100,000
    faces of `benchmarks/search.py` none of the pairs of faces in a group was parted.

    Args:
        vectors: (N, D) float32 of L2 norm 1.
        limits: (L,) float64, 1 - cosine, falling.
        index: `exact` compares all pairs; `faiss`; `auto`: exact up to `MAX_EXACT`
            faces, faiss above.

    Returns:
        (L, N) int64, labels of components, from 0 at each limit.

    Raises:
        ValueError: no such index.
        ModuleNotFoundError: `faiss` is asked for and not installed.
    """
    chosen = choose_index(index, len(vectors), MAX_EXACT)
    components = _Components(len(vectors), limits)
    if chosen == FAISS:
        _connect_neighbours(vectors, components)
    else:
        _connect_all(vectors, components)
    components.join()
    return components.labels


class _Components:
    """The components found so far.

    Attributes:
        labels: (L, N) int64.
        least: min similarity of a pair that counts.
    """

    def __init__(self, count: int, limits: F64) -> None:
        """Begin with each face alone."""
        self.labels: I64 = np.tile(np.arange(count), (len(limits), 1))
        self._least = 1 - limits - ROUNDING
        self.least = self._least[0]
        self._waiting: list[tuple[I64, I64, I64]] = []
        self._n_waiting = 0

    def add(self, left: I64, right: I64, similarities: F32) -> None:
        """Add n pairs whose similarity is `least` or more; they wait to be joined."""
        levels = np.searchsorted(self._least, similarities, side="right") - 1
        new = self.labels[levels, left] != self.labels[levels, right]
        if new.any():
            self._waiting.append((levels[new], left[new], right[new]))
            self._n_waiting += int(new.sum())
        if self._n_waiting >= MAX_WAITING:
            self.join()

    def join(self) -> None:
        """Join the components of the pairs that wait."""
        if not self._waiting:
            return
        levels, left, right = map(np.concatenate, zip(*self._waiting, strict=True))
        self._waiting, self._n_waiting = [], 0
        for level, labels in enumerate(self.labels):
            near = levels >= level
            edges = labels[left[near]], labels[right[near]]
            size = int(labels.max()) + 1
            graph = coo_array((np.ones(len(edges[0]), np.bool_), edges), (size, size))
            _, joined = connected_components(graph, directed=False)
            labels[:] = joined[labels]


def _connect_all(vectors: F32, components: _Components) -> None:
    """Compare all pairs."""
    tightest = components.labels[-1]
    size = len(vectors)
    tile = np.empty((min(size, ROWS), min(size, COLUMNS)), np.float32)
    for start in range(0, size, ROWS):
        rows = slice(start, start + ROWS)
        for first in range(start, size, COLUMNS):
            columns = slice(first, first + COLUMNS)
            both = np.concatenate([tightest[rows], tightest[columns]])
            if (both == both[0]).all():
                continue  # all of them are connected already
            products = tile[: len(tightest[rows]), : len(tightest[columns])]
            np.matmul(vectors[rows], vectors[columns].T, out=products)
            near = np.flatnonzero(products >= components.least)
            for begin in range(0, len(near), MAX_WAITING):
                pairs = near[begin : begin + MAX_WAITING]
                left, right = np.divmod(pairs, products.shape[1])
                similarities = products[left, right]
                components.add(start + left, first + right, similarities)
        components.join()


def _connect_neighbours(vectors: F32, components: _Components) -> None:
    """Compare each face with its nearest ones."""
    searched = make_index(vectors, FAISS)
    for start in range(0, len(vectors), COLUMNS):
        found = searched.search(vectors[start : start + COLUMNS], NEIGHBOURS + 1)
        left = start + np.arange(len(found.rows))[:, None]
        near = (found.similarities >= components.least) & (found.rows != left)
        near &= found.rows != NO_ROW
        places, _ = np.nonzero(near)
        components.add(start + places, found.rows[near], found.similarities[near])
