import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfw17_kedro.encoders import boxes as b
from lfw17_kedro.encoders.boxes import make_square, shift_edges, suppress_non_maxima


def suppress_one_by_one(boxes, scores, groups, threshold, by_smaller):
    """Compare every pair, as the package mtcnn does."""
    order = sorted(range(len(boxes)), key=lambda row: (groups[row], -scores[row], row))
    kept = []
    for position, row in enumerate(order):
        better = [other for other in order[:position] if groups[other] == groups[row]]
        if all(
            overlap(boxes[row], boxes[other], by_smaller) <= threshold
            for other in better
        ):
            kept.append(row)
    return kept


def overlap(one, other, by_smaller):
    areas = [(x[2] - x[0]) * (x[3] - x[1]) for x in (one, other)]
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    shared = np.prod(np.maximum(sides, 0))
    whole = min(areas) if by_smaller else sum(areas) - shared
    return shared / whole if shared else 0


@st.composite
def candidates(draw):
    count = draw(st.integers(0, 12))
    numbers = st.lists(st.integers(-4, 8), min_size=4 * count, max_size=4 * count)
    boxes = np.array(draw(numbers), np.float64).reshape(count, 4)
    if draw(st.booleans()):  # else some have no area, or edges the wrong way round
        boxes[:, 2:] = boxes[:, :2] + 1 + np.abs(boxes[:, 2:])
    few = st.lists(st.integers(0, 3), min_size=count, max_size=count)
    return boxes, np.array(draw(few), np.float64), np.array(draw(few), np.int64)


@given(candidates(), st.sampled_from([0.0, 0.3, 0.7]), st.booleans(), st.integers(1, 9))
def test_each_box_is_compared_with_the_better_ones_of_its_group(
    drawn, threshold, by_smaller, max_pairs
):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(b, "MAX_PAIRS", max_pairs)
        kept = suppress_non_maxima(*drawn, threshold, by_smaller=by_smaller)

    assert kept.tolist() == suppress_one_by_one(*drawn, threshold, by_smaller)


def test_overlap_is_of_the_union_or_of_the_smaller_box():
    large, inside = [0.0, 0, 10, 10], [0.0, 0, 5, 10]
    boxes, scores = np.array([large, inside]), np.array([0.9, 0.8])
    group = np.zeros(2, np.int64)

    by_union = suppress_non_maxima(boxes, scores, group, 0.6)  # half
    by_smaller = suppress_non_maxima(boxes, scores, group, 0.6, by_smaller=True)

    assert by_union.tolist() == [0, 1]
    assert by_smaller.tolist() == [0]


def test_edges_move_by_fractions_of_the_pixels():
    boxes = np.array([[10.0, 20, 19, 39]])  # 10 x 20 pixels

    moved = shift_edges(boxes, np.array([[0.1, 0.1, -0.1, 0.5]]))

    np.testing.assert_allclose(moved, [[11, 22, 18, 49]])


def test_squares_have_the_centre_and_the_longer_side():
    boxes = np.array([[0.0, 0, 10, 4], [1, 1, 3, 9]])

    np.testing.assert_allclose(make_square(boxes), [[0, -3, 10, 7], [-2, 1, 6, 9]])
