"""Group faces without a name, so that each group shows one person.

Axes: N faces, D embedding dimensions.
"""

import math

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import pdist

from lfw17_kedro.types import F32, I64

NO_GROUP = -1
MAX_LINKED = 6000  # faces at once: three arrays of pairs, 0.5 GB
BLOCK = 512  # faces compared with all others at a time
NEVER = 1e12  # a distance that stays above any limit in the mean of all pairs
STEP = 0.85  # by which the limit falls where too many faces hang together
ROUNDING = 1e-6  # of cosines in float32
MIN_FRACTION = 0.25  # of the limit; nearer faces are copies of one picture


def group_faces(
    vectors: F32, photos: I64, max_distance: float, min_faces: int = 2
) -> I64:
    """Group faces that show one person, by average linkage of cosine distances.

    Groups are joined while the mean distance of their faces is `max_distance` at most.
    Two faces of one photo are two people, so they are never in one group.

    Two groups can only be joined if two of their faces are that near. So linkage runs
    within the connected components of the graph of such pairs, with the same result.
    A component of more than `MAX_LINKED` faces is first cut at a smaller distance.
    That bounds the memory. It may leave one person in two groups, but the faces of a
    group are as near each other as in any other.

    Args:
        vectors: (N, D) float32 of L2 norm 1.
        photos: (N,) int64, equal for the faces of one photo.
        max_distance: 1 - cosine, above 0 and less than 2.
        min_faces: of a group, at least 1.

    Returns:
        (N,) int64: groups are numbered from 0, the largest first, those of one size by
        their first face; `NO_GROUP` for faces in none.

    Raises:
        ValueError: vectors and photos that do not fit, or a limit out of range.

    Source: Sokal and Michener 1958 (average linkage). Measured with `dlib_resnet` on
    2, 3, 5, 10 and 30 photos of each person of ORL and LFW17, 20 draws: at 0.06, the
    default, 99.2 to 100 % of the pairs within groups show one person, and 94 to 98 %
    of each person's pairs are found; at 0.07, 89 to 100 % and 98 to 99.5 %. HDBSCAN
    with groups of 3 gave 8 to 100 % and 55 to 99 %.
    """
    _check(vectors, photos, max_distance, min_faces)
    groups = np.full(len(vectors), NO_GROUP)
    n_groups = 0
    for rows in _list_components(vectors, max_distance):
        if len(rows) >= min_faces:
            groups[rows] = n_groups + _link(vectors[rows], photos[rows], max_distance)
            n_groups = groups[rows].max() + 1
    return _number(groups, min_faces)


def name_groups(groups: I64) -> list[str]:
    """Name groups: 0 is "unknown-001", and `NO_GROUP` is "".

    Args:
        groups: (N,) int64, of `group_faces`.
    """
    return ["" if group == NO_GROUP else f"unknown-{group + 1:03}" for group in groups]


def _check(vectors: F32, photos: I64, max_distance: float, min_faces: int) -> None:
    """Check the arguments.

    Raises:
        ValueError: they do not fit.
    """
    if vectors.ndim != 2 or photos.shape != vectors.shape[:1]:  # noqa: PLR2004 (N, D)
        raise ValueError(
            f"expected embeddings (N, D) and photos (N,), got {vectors.shape} and "
            f"{photos.shape}; pass the rows of one scan."
        )
    if not 0 < max_distance < 2:  # noqa: PLR2004 (of opposite embeddings)
        raise ValueError(
            f"max_distance: expected 1 - cosine, above 0 and less than 2, got "
            f"{max_distance}; smaller values make smaller, surer groups."
        )
    if min_faces < 1:
        raise ValueError(f"min_faces: expected at least 1, got {min_faces}.")


def _list_components(vectors: F32, max_distance: float) -> list[I64]:
    """List the rows of faces that hang together, `MAX_LINKED` at most."""
    components: list[I64] = []
    waiting = [(np.arange(len(vectors)), max_distance)]
    while waiting:
        rows, limit = waiting.pop()
        if len(rows) <= MAX_LINKED and limit < max_distance:
            components.append(rows)
        elif limit < MIN_FRACTION * max_distance:
            components += np.array_split(rows, math.ceil(len(rows) / MAX_LINKED))
        else:
            labels = _connect(vectors[rows], limit)
            order = np.argsort(labels, kind="stable")
            parts = np.split(rows[order], np.flatnonzero(np.diff(labels[order])) + 1)
            waiting += [(part, limit * STEP) for part in parts]
    return components


def _connect(vectors: F32, limit: float) -> I64:
    """Label the connected components of the pairs within a distance, (N,) int64."""
    labels: I64 = np.arange(len(vectors))
    for start in range(0, len(vectors), BLOCK):
        similarities = vectors[start : start + BLOCK] @ vectors[start:].T
        near, other = np.nonzero(similarities >= 1 - limit - ROUNDING)
        edges = labels[start + near], labels[start + other]
        size = labels.max() + 1
        graph = coo_array((np.ones(len(near), np.bool_), edges), (size, size))
        _, joined = connected_components(graph, directed=False)
        labels = joined.astype(np.int64)[labels]
    return labels


def _link(vectors: F32, photos: I64, max_distance: float) -> I64:
    """Cluster a few faces: (n,) int64 from 0."""
    if len(vectors) == 1:
        return np.zeros(1, np.int64)
    # Of unit vectors, 1 - cosine is half the squared distance.
    distances = pdist(vectors.astype(np.float64), "sqeuclidean") / 2
    distances[pdist(photos[:, None].astype(np.float64), "cityblock") == 0] = NEVER
    tree = linkage(distances, "average")
    clusters: I64 = fcluster(tree, max_distance, "distance").astype(np.int64) - 1
    return clusters


def _number(groups: I64, min_faces: int) -> I64:
    """Number groups by size and first face; small ones become `NO_GROUP`."""
    _, first, inverse, sizes = np.unique(
        groups, return_index=True, return_inverse=True, return_counts=True
    )
    large = (sizes >= min_faces) & (groups[first] != NO_GROUP)
    order = np.lexsort((first, -sizes, ~large))
    numbers = np.empty(len(order), np.int64)
    numbers[order] = np.arange(len(order))
    numbers[~large] = NO_GROUP
    return numbers[inverse]
