import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components

from lfw17_kedro.people import components
from lfw17_kedro.people.components import connect


def turn(*degrees):
    """Unit vectors of two dimensions; the cosine of two is that of their angle."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def distances(*degrees):
    return 1 - np.cos(np.radians(degrees))


def as_sets(labels):
    return {frozenset(np.flatnonzero(labels == one).tolist()) for one in set(labels)}


def test_components_at_each_limit_by_hand():
    labels = connect(turn(0, 90, 2, 5, 91), distances(4, 2.5, 1.5))

    assert as_sets(labels[0]) == {frozenset({0, 2, 3}), frozenset({1, 4})}
    assert as_sets(labels[1]) == {frozenset({0, 2}), frozenset({3}), frozenset({1, 4})}
    assert len(as_sets(labels[2])) == 4  # only 1 and 4 are connected


def test_no_faces_and_one():
    assert connect(turn(), distances(4, 2)).shape == (2, 0)
    assert connect(turn(7), distances(4, 2)).tolist() == [[0], [0]]


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 80), st.integers(0, 500))
def test_as_the_graph_of_all_pairs(n, seed):
    vectors = np.random.default_rng(seed).normal(size=(n, 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    limits = np.array([0.1, 0.03, 0.01])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(components, "ROWS", 1 + seed % 9)
        patch.setattr(components, "COLUMNS", 1 + seed % 14)
        patch.setattr(components, "MAX_WAITING", 1 + seed % 20)
        labels = connect(vectors.astype(np.float32), limits)

    for limit, own in zip(limits, labels, strict=True):
        _, expected = connected_components(1 - vectors @ vectors.T <= limit)
        assert as_sets(own) == as_sets(expected)


def test_memory_does_not_grow_with_the_pairs():
    # All 20,000 faces are near each other: 200 million pairs.
    vectors = turn(*np.random.default_rng(0).uniform(0, 5, 20_000))

    tracemalloc.start()
    labels = connect(vectors, distances(20, 10, 1))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert (labels == 0).all()
    assert peak < 250e6


def test_faiss_connects_nearest_neighbours(monkeypatch):
    asked = []
    make = components.make_index

    def make_index(vectors, index):
        asked.append(index)
        return make(vectors, index)

    monkeypatch.setattr(components, "make_index", make_index)
    monkeypatch.setattr(components, "NEIGHBOURS", 4)
    vectors = np.concatenate([turn(*range(0, 20, 2)), turn(*range(90, 110, 2))])

    exact = connect(vectors, distances(3, 1), "exact")
    assert asked == []
    near = connect(vectors, distances(3, 1), "faiss")
    monkeypatch.setattr(components, "MAX_EXACT", 19)
    auto = connect(vectors, distances(3, 1))

    assert asked == ["faiss", "faiss"]
    assert as_sets(near[0]) == as_sets(exact[0])
    assert len(as_sets(near[0])) == 2
    assert as_sets(near[1]) == as_sets(exact[1])
    np.testing.assert_array_equal(auto, near)


def test_more_copies_than_neighbours_may_part_a_component(monkeypatch):
    # Each of the four copies knows its three copies only.
    monkeypatch.setattr(components, "NEIGHBOURS", 3)

    labels = connect(turn(0, 0, 0, 0, 1, 1, 1, 1), distances(3), "faiss")

    assert len(as_sets(labels[0])) == 2


def test_auto_without_faiss_compares_all_pairs(monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    monkeypatch.setattr(components, "MAX_EXACT", 2)

    labels = connect(turn(0, 2, 4, 90), distances(3))

    assert as_sets(labels[0]) == as_sets(np.array([0, 0, 0, 1]))


def test_another_index_is_refused():
    with pytest.raises(ValueError, match="index: expected one of .*, got 'hnsw'"):
        connect(turn(0, 1), distances(3), "hnsw")
