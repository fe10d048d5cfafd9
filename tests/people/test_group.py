import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist

from lfw17_kedro.people import components, group
from lfw17_kedro.people.group import NO_GROUP, group_faces, name_groups


def turn(*degrees):
    """Unit vectors of two dimensions; the cosine of two is that of their angle."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def distance(degrees):
    return 1 - np.cos(np.radians(degrees))


def embed(n, seed):
    """Embeddings of `n` faces of about n / 4 people, shuffled."""
    rng = np.random.default_rng(seed)
    people = rng.normal(size=(n // 4 + 1, 4))
    vectors = people[rng.integers(0, len(people), n)] + 0.3 * rng.normal(size=(n, 4))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), rng.integers(0, n, n)


def test_groups_are_numbered_by_size_then_by_first_face():
    faces = turn(200, 100, 10, 101, 11, 201, 12, 300)

    groups = group_faces(faces, np.arange(8), distance(5))

    assert groups.dtype == np.int64
    assert groups.tolist() == [1, 2, 0, 2, 0, 1, 0, NO_GROUP]


def test_min_faces_of_a_group():
    faces = turn(0, 1, 2, 90, 91, 200)

    at_least = {n: group_faces(faces, np.arange(6), distance(5), n) for n in (1, 3, 4)}

    assert at_least[1].tolist() == [0, 0, 0, 1, 1, 2]
    assert at_least[3].tolist() == [0, 0, 0, -1, -1, -1]
    assert at_least[4].tolist() == [-1] * 6


def test_mean_distance_counts():
    # 0 and 10 degrees join. Then 22 is 22 and 12 degrees from them, in the mean
    # (0.0728 + 0.0219) / 2 = 0.0473.
    faces, photos = turn(0, 10, 22), np.arange(3)

    assert group_faces(faces, photos, 0.048).tolist() == [0, 0, 0]
    assert group_faces(faces, photos, 0.046).tolist() == [0, 0, NO_GROUP]


def test_two_faces_of_a_photo_are_two_people():
    # The same face twice in photo 0, as in a picture with a mirror, and once more.
    groups = group_faces(turn(0, 0, 1), np.array([0, 0, 1]), distance(20))

    assert sorted(groups.tolist()) == [NO_GROUP, 0, 0]
    assert groups[0] != groups[1]


def test_no_faces_or_one():
    assert group_faces(turn(), np.arange(0), 0.1).shape == (0,)
    assert group_faces(turn(5), np.arange(1), 0.1).tolist() == [NO_GROUP]
    assert group_faces(turn(5), np.arange(1), 0.1, 1).tolist() == [0]


def as_sets(groups):
    return {frozenset(np.flatnonzero(groups == g).tolist()) for g in set(groups) - {-1}}


@settings(deadline=None)
@given(st.integers(2, 40), st.integers(0, 500), st.floats(0.01, 0.6))
def test_components_do_not_change_average_linkage(n, seed, limit):
    vectors, _ = embed(n, seed)

    groups = group_faces(vectors, np.arange(n), limit, 1)

    # Rounded as in group_faces: two pairs that are almost as near keep their order.
    tree = linkage(pdist(vectors.astype(float), "sqeuclidean") / 2, "average")
    assume(np.abs(tree[:, 2] - limit).min() > 1e-9)
    clusters = fcluster(tree, limit, "distance")
    assert as_sets(groups) == as_sets(clusters)


@settings(deadline=None)
@given(st.integers(2, 40), st.integers(0, 500), st.floats(0.01, 1.5))
def test_no_group_has_two_faces_of_a_photo_or_too_few(n, seed, limit):
    vectors, photos = embed(n, seed)

    groups = group_faces(vectors, photos, limit)

    numbers, sizes = np.unique(groups[groups != NO_GROUP], return_counts=True)
    assert numbers.tolist() == list(range(len(numbers)))
    assert sizes.tolist() == sorted(sizes, reverse=True)
    assert (sizes >= 2).all()
    for number in numbers:
        own = photos[groups == number]
        assert len(set(own.tolist())) == len(own)


@settings(deadline=None)
@given(st.integers(0, 500))
def test_permuted_faces_give_the_same_groups(seed):
    vectors, photos = embed(20, seed)
    order = np.random.default_rng(seed).permutation(20)

    groups = group_faces(vectors, photos, 0.1)
    permuted = np.empty_like(groups)
    permuted[order] = group_faces(vectors[order], photos[order], 0.1)

    assert as_sets(groups) == as_sets(permuted)


def test_large_component_is_cut_where_faces_are_less_near(monkeypatch):
    monkeypatch.setattr(group, "MAX_LINKED", 3)
    monkeypatch.setattr(components, "ROWS", 2)
    monkeypatch.setattr(components, "COLUMNS", 3)
    # A chain: three people of two faces 2 degrees apart, 5 degrees between people.
    faces = turn(0, 2, 7, 9, 14, 16)

    groups = group_faces(faces, np.arange(6), distance(6))

    assert groups.tolist() == [0, 0, 1, 1, 2, 2]


def test_more_copies_of_one_face_than_may_be_linked_end(monkeypatch):
    monkeypatch.setattr(group, "MAX_LINKED", 3)

    groups = group_faces(turn(*[0] * 9), np.arange(9), 0.1)

    assert np.bincount(groups).tolist() == [3, 3, 3]


def test_names():
    groups = np.array([0, NO_GROUP, 11, 1233])

    assert name_groups(groups) == ["unknown-001", "", "unknown-012", "unknown-1234"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"photos": np.arange(3)}, r"embeddings \(N, D\) and photos \(N,\), got"),
        ({"max_distance": 0}, "max_distance: expected 1 - cosine, above 0 .* got 0"),
        ({"max_distance": 2.5}, "max_distance: .* got 2.5; smaller values"),
        ({"max_distance": np.nan}, "max_distance: .* got nan"),
        ({"min_faces": 0}, "min_faces: expected at least 1, got 0"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(changes, message):
    arguments = {"vectors": turn(0, 1), "photos": np.arange(2), "max_distance": 0.1}

    with pytest.raises(ValueError, match=message):
        group_faces(**arguments | changes)


@given(photos=st.lists(st.integers(0, 6), min_size=2, max_size=12))
def test_pairs_of_one_photo_stand_where_pdist_puts_them(photos):
    numbers = np.array(photos)
    rows = np.triu_indices(len(photos), 1)  # in the order of pdist
    expected = np.flatnonzero(numbers[rows[0]] == numbers[rows[1]])

    assert sorted(group._list_same(numbers)) == expected.tolist()
