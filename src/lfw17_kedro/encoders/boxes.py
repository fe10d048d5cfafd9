"""Arithmetic on the boxes of face detection, for all photos of a batch at once.

A box is (4,) float64: left, top, right, bottom, in pixels.
"""

import numpy as np

from lfw17_kedro.types import F64, I64

MAX_PAIRS = 1 << 21  # compared at once, some 200 MB


def suppress_non_maxima(
    boxes: F64,
    scores: F64,
    groups: I64,
    max_overlap: float,
    *,
    by_smaller: bool = False,
) -> I64:
    """Drop each box that overlaps a better one of its group (non-maximum suppression).

    A box that is dropped drops others, too, as in the package `mtcnn` 1.0.0: which box
    goes depends on no other, so that no loop over boxes is needed.

    Args:
        boxes: (N, 4) float64.
        scores: (N,) float64; of equal scores the first is the better.
        groups: (N,) int64, 0 and up; only boxes of one group are compared.
        max_overlap: max IoU of two boxes that are kept, 0-1: the area of their
            intersection over that of their union.
        by_smaller: divide by the area of the smaller box instead of the union.

    Returns:
        (M,) int64: the rows that are kept, by group, the best first.
    """
    order = np.lexsort((-scores, groups))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    # Each group gets a range of x of its own. Then a sweep from left to right meets
    # only pairs that share some x, for all groups at once.
    left, top, right, bottom = boxes.T
    span = 1 + (right.max() - left.min() if len(boxes) else 0)
    by_left = np.lexsort((left, groups))
    starts, ends = (x[by_left] + groups[by_left] * span for x in (left, right))
    last = np.searchsorted(starts, ends)
    counts = np.maximum(last - np.arange(len(boxes)) - 1, 0)
    areas = (right - left) * (bottom - top)
    dropped = np.zeros(len(boxes), bool)
    for block in _split(counts):
        first = np.repeat(np.arange(len(boxes))[block], counts[block])
        offsets = np.cumsum(counts[block]) - counts[block]
        second = first + 1 + np.arange(len(first)) - np.repeat(offsets, counts[block])
        a, b = by_left[first], by_left[second]
        width = np.minimum(right[a], right[b]) - np.maximum(left[a], left[b])
        height = np.minimum(bottom[a], bottom[b]) - np.maximum(top[a], top[b])
        shared = np.maximum(width, 0) * np.maximum(height, 0)
        smaller = np.minimum(areas[a], areas[b])
        whole = smaller if by_smaller else areas[a] + areas[b] - shared
        worse = np.where(rank[a] > rank[b], a, b)
        dropped[worse[shared > np.maximum(max_overlap * whole, 0)]] = True
    return order[~dropped[order]]


def _split(counts: I64) -> list[slice]:
    """Split boxes into blocks of at most `MAX_PAIRS` pairs, or of one box."""
    totals = np.cumsum(counts)
    blocks, begin, done = [], 0, 0
    while begin < len(counts):
        end = int(np.searchsorted(totals, done + MAX_PAIRS, "right"))
        end = max(end, begin + 1)
        blocks.append(slice(begin, end))
        begin, done = end, int(totals[end - 1])
    return blocks


def shift_edges(boxes: F64, offsets: F64) -> F64:
    """Move the edges of boxes by fractions of their width and height.

    Args:
        boxes: (N, 4) float64.
        offsets: (N, 4) float64, of a network.

    Returns:
        (N, 4) float64. One pixel is added to width and height, as in the original
        (Zhang et al., Matlab), which counted pixels from edge to edge.
    """
    sizes = boxes[:, 2:] - boxes[:, :2] + 1
    return boxes + offsets * np.tile(sizes, 2)


def make_square(boxes: F64) -> F64:
    """Give boxes of one centre and the longer side's length: (N, 4) float64."""
    sizes = boxes[:, 2:] - boxes[:, :2]
    side = sizes.max(axis=1, keepdims=True)
    corner = boxes[:, :2] + (sizes - side) / 2
    return np.concatenate([corner, corner + side], axis=1)
