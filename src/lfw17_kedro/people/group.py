"""Group faces without a name, so that each group shows one person.

Axes: N faces, D embedding dimensions, L limits of distance.
"""

import math

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist

from lfw17_kedro.people.components import connect
from lfw17_kedro.people.neighbour_index import AUTO
from lfw17_kedro.types import F32, F64, I64

NO_GROUP = -1
MAX_LINKED = 6000  # faces at once: two arrays of pairs, 0.3 GB
NEVER = 1e12  # a distance that stays above any limit in the mean of all pairs
STEP = 0.85  # by which the limit falls where too many faces are connected
MIN_FRACTION = 0.25  # of the limit; nearer faces are copies of one picture


def group_faces(
    vectors: F32,
    photos: I64,
    max_distance: float,
    min_faces: int = 2,
    index: str = AUTO,
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
        min_faces: min number of faces of a group, at least 1.
        index: `exact` compares all pairs of faces; `faiss` each face with those that
            an index says are nearest, which may split groups; `auto` decides by N. See
            `components.connect`, also for the fraction of pairs that are split.

    Returns:
        (N,) int64: groups are numbered from 0, the largest first, those of one size by
        their first face; `NO_GROUP` for faces in none.

    Raises:
        ValueError: vectors and photos that do not fit, a limit out of range, or no
            such index.
        ModuleNotFoundError: `faiss` is asked for and not installed.

    Source: Sokal and Michener 1958 (average linkage). Measured with `dlib_resnet` on
    2, 3, 5, 10 and 30 photos of each person of ORL and LFW17, 20 draws: at 0.06, the
    default, 99.2 to 100 % of the pairs within groups show one person, and 94 to 98 %
    of each person's pairs are found; at 0.07, 89 to 100 % and 98 to 99.5 %. HDBSCAN
    with groups of 3 gave 8 to 100 % and 55 to 99 %.
    """
    _check(vectors, photos, max_distance, min_faces)
    groups = np.full(len(vectors), NO_GROUP)
    n_groups = 0
    for rows in _list_components(connect(vectors, list_limits(max_distance), index)):
        if len(rows) >= min_faces:
            groups[rows] = n_groups + _link(vectors[rows], photos[rows], max_distance)
            n_groups = groups[rows].max() + 1
    return _number(groups, min_faces)


def list_limits(max_distance: float) -> F64:
    """List the distances at which faces may be cut apart, the greatest first."""
    steps = STEP ** np.arange(1 + math.log(MIN_FRACTION) // math.log(STEP))
    return max_distance * steps


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


def _list_components(labels: I64) -> list[I64]:
    """List the rows of faces that are connected, `MAX_LINKED` at most.

    Args:
        labels: (L, N) int64, the component of each face at each limit, the greatest
            limit first.
    """
    components: list[I64] = []
    waiting = np.arange(labels.shape[1])
    for own in labels:
        sizes = np.bincount(own[waiting])
        small = sizes[own[waiting]] <= MAX_LINKED
        components += _split(waiting[small], own)
        waiting = waiting[~small]
    for rows in _split(waiting, labels[-1]):
        components += np.array_split(rows, math.ceil(len(rows) / MAX_LINKED))
    return components


def _split(rows: I64, labels: I64) -> list[I64]:
    """Split sorted rows by their label."""
    order = np.argsort(labels[rows], kind="stable")
    ends = np.flatnonzero(np.diff(labels[rows[order]])) + 1
    return [part for part in np.split(rows[order], ends) if len(part)]


def _link(vectors: F32, photos: I64, max_distance: float) -> I64:
    """Cluster a few faces: (n,) int64 from 0."""
    if len(vectors) == 1:
        return np.zeros(1, np.int64)
    # Of unit vectors, 1 - cosine is half the squared distance.
    distances = pdist(vectors.astype(np.float64), "sqeuclidean")
    distances /= 2
    distances[_list_same(photos)] = NEVER
    tree = linkage(distances, "average")
    clusters: I64 = fcluster(tree, max_distance, "distance").astype(np.int64) - 1
    return clusters


def _list_same(photos: I64) -> I64:
    """List the pairs of faces of one photo, by their places in what `pdist` gives."""
    n, order = len(photos), np.argsort(photos, kind="stable")
    pairs = [np.empty(0, np.int64)]
    for step in range(1, np.unique(photos, return_counts=True)[1].max()):
        same = photos[order[step:]] == photos[order[:-step]]
        left, right = order[:-step][same], order[step:][same]
        pairs.append(left * n - left * (left + 3) // 2 + right - 1)
    return np.concatenate(pairs)


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
