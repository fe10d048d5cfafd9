import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lfw17_kedro.people import neighbours
from lfw17_kedro.people.neighbours import NO_ROW, find_nearest, rank_exactly


def turn(*degrees):
    """Unit vectors of two dimensions; the cosine of two is that of their angle."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def embed(n, seed, dimension=4):
    vectors = np.random.default_rng(seed).normal(size=(n, dimension))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32)


def shrink_blocks(monkeypatch, size):
    """Compare a few at a time, so that results come from many blocks."""
    for name in ("PROBES", "VECTORS", "PAIRS"):
        monkeypatch.setattr(neighbours, name, size)
    monkeypatch.setattr(neighbours, "SPARE", 1)


def test_the_most_similar_come_first():
    found = find_nearest(turn(0, 100), turn(60, 10, 120, 50), 3)

    assert (found.rows.dtype, found.similarities.dtype) == (np.int64, np.float32)
    assert found.rows.tolist() == [[1, 3, 0], [2, 0, 3]]
    angles = np.radians([[10, 50, 60], [20, 40, 50]])
    np.testing.assert_allclose(found.similarities, np.cos(angles), atol=1e-6)


def test_all_vectors_if_there_are_fewer():
    assert find_nearest(turn(0), turn(90, 30), 5).rows.tolist() == [[1, 0]]


def test_no_probes_or_no_vectors():
    for probes, vectors, shape in ((0, 3, (0, 2)), (3, 0, (3, 0)), (0, 0, (0, 0))):
        found = find_nearest(turn(*range(probes)), turn(*range(vectors)), 2)

        assert found.rows.shape == found.similarities.shape == shape


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 30), st.integers(1, 60), st.integers(1, 9), st.integers(0, 500))
def test_as_sorting_all_similarities(n, m, k, seed):
    rng = np.random.default_rng(seed)
    probes, vectors = embed(n, seed), embed(m, seed + 1)
    vectors = vectors[rng.integers(0, m, m)]  # some are there several times

    with pytest.MonkeyPatch.context() as patch:
        shrink_blocks(patch, 1 + seed % 12)
        found = find_nearest(probes, vectors, k)

    similarities = (probes.astype(float)[:, None] * vectors).sum(axis=2)
    similarities = similarities.astype(np.float32)
    order = np.argsort(-similarities, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(found.rows, order)
    expected = np.take_along_axis(similarities, order, axis=1)
    np.testing.assert_array_equal(found.similarities, expected)


def test_of_equal_vectors_the_lowest_row_comes_first():
    found = find_nearest(turn(3, 80), turn(*[0] * 10_000), 4)

    assert found.rows.tolist() == [[0, 1, 2, 3]] * 2


def test_vectors_that_grow_more_similar_in_every_block(monkeypatch):
    shrink_blocks(monkeypatch, 4)

    found = find_nearest(turn(0), turn(*range(89, -1, -1)), 3)

    assert found.rows.tolist() == [[89, 88, 87]]


def test_the_result_does_not_depend_on_what_else_is_compared():
    probes, vectors = embed(50, 1, 128), embed(5000, 2, 128)

    found = find_nearest(probes, vectors, 5)

    for row in range(0, 50, 7):
        alone = find_nearest(probes[row : row + 1], vectors, 5)
        assert alone.rows.tolist() == found.rows[row : row + 1].tolist()
        assert alone.similarities.tolist() == found.similarities[row : row + 1].tolist()


def test_a_memory_map_is_read_in_blocks(tmp_path):
    vectors = embed(60_000, 3, 64)  # 15 MB
    np.save(tmp_path / "vectors.npy", vectors)
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")

    tracemalloc.start()
    found = find_nearest(vectors[:10], mapped, 1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert found.rows.ravel().tolist() == list(range(10))
    assert peak < 5e6


def test_memory_does_not_grow_with_the_vectors():
    probes, vectors = embed(1000, 1, 16), embed(100_000, 2, 16)

    tracemalloc.start()
    find_nearest(probes, vectors, 5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 100e6  # all similarities would take 400 MB


def test_rank_exactly_leaves_rows_out_that_are_none():
    rows = np.array([[2, NO_ROW, 0], [NO_ROW, NO_ROW, 1]])

    best = rank_exactly(turn(0, 0), turn(10, 20, 5), rows, 2)

    assert best.rows.tolist() == [[2, 0], [1, NO_ROW]]
    assert np.isneginf(best.similarities).tolist() == [[False] * 2, [False, True]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"probes": np.ones((2, 3), "f4")},
            r"probes \(N, D\) .* got \(2, 3\) and \(2,",
        ),
        ({"probes": np.ones(2, "f4")}, r"got \(2,\) and \(2, 2\); embed both with one"),
        ({"k": 0}, "k: expected at least 1 vector for each probe, got 0"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(changes, message):
    arguments = {"probes": turn(0), "vectors": turn(0, 1), "k": 1}

    with pytest.raises(ValueError, match=message):
        find_nearest(**arguments | changes)
