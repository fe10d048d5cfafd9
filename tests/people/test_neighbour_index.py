import logging
import sys

import numpy as np
import pytest

from lfw17_kedro.people import neighbour_index
from lfw17_kedro.people.neighbour_index import (
    ExactIndex,
    FaissIndex,
    choose_index,
    make_index,
    measure_recall,
)
from lfw17_kedro.people.neighbours import find_nearest


def embed(n, per_person, seed, dimension=32):
    """Noisy embeddings of n / per_person people."""
    rng = np.random.default_rng(seed)
    people = rng.normal(size=(n // per_person, dimension))
    vectors = people[np.arange(n) % len(people)] + 0.2 * rng.normal(size=(n, dimension))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32)


def test_auto_is_exact_up_to_a_limit(monkeypatch):
    vectors = embed(2000, 5, 0)
    monkeypatch.setattr(neighbour_index, "MAX_EXACT", 1999)

    assert isinstance(make_index(vectors[:1999]), ExactIndex)
    assert isinstance(make_index(vectors), FaissIndex)
    assert isinstance(make_index(vectors, "exact"), ExactIndex)
    assert isinstance(make_index(vectors[:1000], "faiss"), FaissIndex)


def test_few_vectors_are_searched_exactly():
    index = make_index(embed(999, 3, 0), "faiss")

    assert isinstance(index, ExactIndex)


def test_exact_finds_what_find_nearest_finds():
    vectors = embed(100, 5, 0)

    found = make_index(vectors, "exact").search(vectors[:7], 4)

    expected = find_nearest(vectors[:7], vectors, 4)
    np.testing.assert_array_equal(found.rows, expected.rows)
    np.testing.assert_array_equal(found.similarities, expected.similarities)


def test_faiss_finds_almost_all_and_their_true_similarities(monkeypatch):
    # Of 126 lists it looks into 16.
    monkeypatch.setattr(neighbour_index, "VISITED", 16)
    vectors = embed(5000, 5, 0)

    found = FaissIndex(vectors).search(vectors[:500], 5)

    expected = find_nearest(vectors[:500], vectors, 5)
    assert measure_recall(found.rows, expected.rows) > 0.95
    products = np.einsum("nkd,nd->nk", vectors[found.rows], vectors[:500])
    np.testing.assert_allclose(found.similarities, products, atol=1e-6)
    assert (np.diff(found.similarities, axis=1) <= 0).all()


def test_faiss_is_exact_where_it_looks_into_all_lists():
    vectors = embed(1000, 5, 1)  # 25 lists

    found = FaissIndex(vectors).search(vectors[:50], 5)

    np.testing.assert_array_equal(
        found.rows, find_nearest(vectors[:50], vectors, 5).rows
    )


def test_two_builds_find_the_same(monkeypatch):
    monkeypatch.setattr(neighbour_index, "VISITED", 2)
    vectors = embed(3000, 5, 2)

    one, two = (FaissIndex(vectors).search(vectors, 5) for _ in range(2))

    np.testing.assert_array_equal(one.rows, two.rows)


def test_a_memory_map_is_indexed(tmp_path, capfd):
    vectors = embed(1000, 5, 3)
    np.save(tmp_path / "vectors.npy", vectors)
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")

    found = FaissIndex(mapped).search(vectors, 1)

    assert found.rows.ravel().tolist() == list(range(1000))
    assert capfd.readouterr().err == ""  # faiss may warn of few vectors


def test_an_odd_dimension():
    vectors = embed(1000, 5, 3, 7)

    found = FaissIndex(vectors).search(vectors, 1)

    assert found.rows.ravel().tolist() == list(range(1000))


def test_copies_of_one_vector():
    vectors = np.repeat(embed(1, 1, 0), 1500, axis=0)

    found = FaissIndex(vectors).search(vectors[:2], 3)

    np.testing.assert_allclose(found.similarities, 1, atol=1e-6)


def test_no_probes():
    found = FaissIndex(embed(1000, 5, 0)).search(embed(5, 1, 0)[:0], 3)

    assert found.rows.shape == (0, 3)


def test_recall_is_logged_at_the_first_search(caplog, monkeypatch):
    monkeypatch.setattr(neighbour_index, "SAMPLE", 20)
    vectors = embed(1000, 5, 0)
    index = FaissIndex(vectors)

    with caplog.at_level(logging.INFO):
        index.search(vectors[:0], 3)
        index.search(vectors[:30], 3)
        index.search(vectors[:30], 3)

    assert caplog.messages == [
        "faiss: of the 3 nearest of 1000 vectors 100.0 % were found, on 20 faces."
    ]


def test_measure_recall_by_hand():
    exact = np.array([[1, 2], [3, 4]])

    assert measure_recall(np.array([[2, 9, 8], [4, 7, 3]]), exact) == 0.75


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)

    with pytest.raises(
        ModuleNotFoundError, match="faiss-cpu, got none: .*EXTRAS=faiss.*=exact"
    ):
        make_index(embed(1000, 5, 0), "faiss")


def test_auto_without_faiss_is_exact_and_warns_once(monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "faiss", None)
    neighbour_index._warn_of_exact.cache_clear()

    assert [choose_index("auto", count, 10) for count in (10, 11, 12)] == ["exact"] * 3
    monkeypatch.setattr(neighbour_index, "MAX_EXACT", 999)
    assert isinstance(make_index(embed(1000, 5, 0)), ExactIndex)

    assert caplog.messages == [
        "There are many vectors, and the package faiss, which searches them faster, is "
        "not installed: they are searched exactly. To install it, run `make extras "
        "EXTRAS=faiss`, or without make `pip install -e '.[faiss]'`."
    ]


@pytest.mark.parametrize(
    ("index", "count", "expected"),
    [
        ("auto", 10, "exact"),
        ("auto", 11, "faiss"),
        ("exact", 11, "exact"),
        ("faiss", 1, "faiss"),
    ],
)
def test_an_index_is_chosen_by_name_and_number(index, count, expected):
    assert choose_index(index, count, 10) == expected


def test_another_index_is_refused():
    with pytest.raises(ValueError, match="one of auto, exact, faiss, got 'annoy'"):
        make_index(embed(10, 2, 0), "annoy")


def test_vectors_of_another_length_are_refused():
    with pytest.raises(ValueError, match=r"got \(5, 16\) and \(1000, 32\); embed both"):
        FaissIndex(embed(1000, 5, 0)).search(embed(5, 1, 0, 16), 1)
