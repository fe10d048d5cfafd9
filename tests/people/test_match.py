import tracemalloc
from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from lfw17_kedro.gallery_types import (
    MATCH_COLUMNS,
    NOTHING_FORBIDDEN,
    UNKNOWN_NAME,
    Forbidden,
    Gallery,
    OpenSetThreshold,
)
from lfw17_kedro.people import match, neighbours
from lfw17_kedro.people.neighbour_index import ExactIndex
from lfw17_kedro.people.neighbours import Nearest
from lfw17_kedro.people.open_set import make_templates
from lfw17_kedro.scan_types import MemoryVectors, Vectors

NAMES = ("Ann", "Bob", "Eve")


def match_faces(vectors, photos, gallery, forbidden=NOTHING_FORBIDDEN):
    """Match faces in memory."""
    return match.match_faces(MemoryVectors(vectors), photos, gallery, forbidden)


def turn(*degrees):
    """Unit vectors of two dimensions; the cosine of two is that of their angle."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def cosine(degrees):
    return pytest.approx(np.cos(np.radians(degrees)), abs=1e-6)


def enrol(vectors, people, max_angle, impostors=()):
    """A gallery; faces are named within an angle of a template, degrees."""
    names = tuple(sorted(set(people)))
    labels = np.array([names.index(name) for name in people], np.int64)
    files = [f"{name}/{row}.jpg" for row, name in enumerate(people)]
    none = np.empty(0)
    value = float(np.cos(np.radians(max_angle)))
    return Gallery(
        people=names,
        faces=pd.DataFrame({"person": people, "photo": files}),
        vectors=vectors,
        templates=make_templates(vectors, labels, len(names)),
        threshold=OpenSetThreshold(
            value, 0.01, 0.01, np.array(impostors, float), none, none
        ),
        fingerprint="",
    )


def list_photos(*photos):
    return np.array(photos, np.int64)


def embed(n, seed, dimension=3):
    vectors = np.random.default_rng(seed).normal(size=(n, dimension))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32)


def test_all_columns_by_hand():
    gallery = enrol(
        turn(0, 20, 90), ["Ann", "Ann", "Bob"], 25, impostors=[0.1, 0.5, 0.9, 0.95]
    )

    table = match_faces(turn(30, 45), list_photos(0, 1), gallery)

    assert tuple(table.columns) == MATCH_COLUMNS
    assert table["name"].tolist() == ["Ann", UNKNOWN_NAME]
    assert table["nearest"].tolist() == ["Ann", "Ann"]
    assert table["similarity"].tolist() == [cosine(20), cosine(35)]
    assert table["second"].tolist() == ["Bob", "Bob"]
    margins = np.cos(np.radians([20, 35])) - np.cos(np.radians([60, 45]))
    assert table["margin"].tolist() == pytest.approx(margins, abs=1e-6)
    assert table["false_accept_rate"].tolist() == [0.25, 0.5]
    assert table["nearest_photo"].tolist() == ["Ann/1.jpg", "Ann/1.jpg"]


def test_only_person_has_no_second():
    table = match_faces(turn(10), list_photos(0), enrol(turn(0), ["Ann"], 20))

    [row] = table.to_dict("records")
    assert (row["name"], row["nearest"], row["second"]) == ("Ann", "Ann", "")
    assert np.isnan(row["margin"])
    assert np.isnan(row["false_accept_rate"])


def test_nobody_is_enrolled():
    gallery = enrol(turn(), [], 20)

    table = match_faces(turn(0, 10), list_photos(0, 0), gallery)

    assert table["name"].tolist() == [UNKNOWN_NAME] * 2
    for column in ("nearest", "second", "nearest_photo"):
        assert table[column].tolist() == ["", ""]
    for column in ("similarity", "margin", "false_accept_rate"):
        assert table[column].isna().all()


def test_no_faces():
    for people in ([], ["Ann"]):
        gallery = enrol(turn(*[0] * len(people)), people, 20)

        table = match_faces(turn(), list_photos(), gallery)

        assert table.shape == (0, len(MATCH_COLUMNS))


def test_person_is_named_once_in_a_photo_and_in_every_photo():
    gallery = enrol(turn(0, 90), ["Ann", "Bob"], 30)

    table = match_faces(turn(20, 10, 5), list_photos(7, 7, 3), gallery)

    assert table["name"].tolist() == [UNKNOWN_NAME, "Ann", "Ann"]
    assert table["nearest"].tolist() == ["Ann"] * 3


def test_face_that_loses_its_nearest_person_gets_the_next_if_similar_enough():
    # Ann at 0, Bob at 30. Faces at 2 and at 12: both are nearer Ann.
    for max_angle, expected in ((20, "Bob"), (17, UNKNOWN_NAME)):
        gallery = enrol(turn(0, 30), ["Ann", "Bob"], max_angle)

        table = match_faces(turn(12, 2), list_photos(0, 0), gallery)

        assert table["name"].tolist() == [expected, "Ann"]
        assert table["nearest"].tolist() == ["Ann", "Ann"]
        assert table["second"].tolist() == ["Bob", "Bob"]


def test_sure_name_is_not_given_up_for_two_doubtful_ones():
    # Ann at 0, Bob at 50, faces at 1 and at -24.9, threshold 50 degrees. Above it:
    # Ann alone cos 1 - cos 50 = 0.357; Bob and Ann 0.013 + 0.264 = 0.277.
    gallery = enrol(turn(0, 50), ["Ann", "Bob"], 50)

    table = match_faces(turn(1, -24.9), list_photos(0, 0), gallery)

    assert table["name"].tolist() == ["Ann", UNKNOWN_NAME]


def test_name_that_is_not_allowed_is_not_given():
    gallery = enrol(turn(0, 30), ["Ann", "Bob"], 25)
    faces, photos = turn(10, 10), list_photos(0, 1)

    table = match_faces(faces, photos, gallery, Forbidden({1: {0}}, set()))
    none = match_faces(faces, photos, gallery, Forbidden({0: {0, 1}}, {1}))

    assert table["name"].tolist() == ["Ann", "Bob"]
    assert table["nearest"].tolist() == ["Ann", "Ann"]
    assert none["name"].tolist() == [UNKNOWN_NAME] * 2
    assert none["nearest"].tolist() == ["Ann", "Ann"]


def test_similarity_equal_to_the_threshold_is_enough():
    gallery = enrol(turn(0, 90), ["Ann", "Bob"], 0)  # cos 0 = 1

    table = match_faces(turn(0, 0), list_photos(0, 0), gallery)

    assert sorted(table["name"]) == ["Ann", UNKNOWN_NAME]


def test_faces_of_a_photo_may_lie_in_any_order(monkeypatch):
    # Blocks of two faces must not part the three of photo 5.
    monkeypatch.setattr(match, "BLOCK", 2)
    gallery = enrol(turn(0, 90), ["Ann", "Bob"], 30)
    faces, photos = turn(10, 91, 5, 20, 0), list_photos(5, 2, 9, 5, 5)

    table = match_faces(faces, photos, gallery)

    assert table["name"].tolist() == [UNKNOWN_NAME, "Bob", "Ann", UNKNOWN_NAME, "Ann"]


def make_case(n, seed):
    """Random faces, photos, limits and a gallery of three people."""
    rng = np.random.default_rng(seed)
    gallery = enrol(embed(6, seed), [*NAMES, *NAMES], rng.uniform(20, 120))
    allowed = rng.random((n, 3)) < 0.8
    return embed(n, seed + 1000), rng.integers(0, 3, n), gallery, allowed


def forbid(allowed):
    """What a matrix of faces and people forbids."""
    nobody = np.flatnonzero(~allowed.any(axis=1)).tolist()
    people = {row: set(np.flatnonzero(~one)) for row, one in enumerate(allowed)}
    return Forbidden(people, set(nobody))


def total_of(names, above):
    return sum(above[row, name] for row, name in enumerate(names) if name >= 0)


def assign_by_brute_force(above):
    """Greatest total over all ways to name faces, each person at most once."""
    return max(
        total_of(names, above)
        for names in product(range(-1, 3), repeat=len(above))
        if len({n for n in names if n >= 0}) == sum(n >= 0 for n in names)
        and all(n < 0 or above[row, n] >= 0 for row, n in enumerate(names))
    )


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 5), st.integers(0, 400))
def test_total_equals_brute_force_and_every_rule_holds(n, seed):
    vectors, photos, gallery, allowed = make_case(n, seed)

    table = match_faces(vectors, photos, gallery, forbid(allowed))

    similarities = (vectors @ gallery.templates.T).astype(float)
    above = np.where(allowed, similarities - gallery.threshold.value, -np.inf)
    everybody = [*NAMES, UNKNOWN_NAME]
    codes = np.array([everybody.index(name) for name in table["name"]], np.int64)
    named = np.flatnonzero(codes < 3)
    assert (above[named, codes[named]] >= -1e-6).all()
    assert not pd.DataFrame({"p": photos[named], "n": codes[named]}).duplicated().any()
    codes[codes == 3] = -1
    for photo in set(photos.tolist()):
        rows = photos == photo
        best = assign_by_brute_force(above[rows])
        assert total_of(codes[rows], above[rows]) == pytest.approx(best, abs=1e-6)
    order = np.argsort(-similarities, axis=1, kind="stable")
    assert table["nearest"].tolist() == [NAMES[k] for k in order[:, 0]]
    assert table["second"].tolist() == [NAMES[k] for k in order[:, 1]]


@settings(deadline=None)
@given(st.integers(0, 400))
def test_permuted_faces_give_permuted_rows(seed):
    vectors, photos, gallery, allowed = make_case(8, seed)
    order = np.random.default_rng(seed).permutation(8)

    table = match_faces(vectors, photos, gallery, forbid(allowed))
    permuted = match_faces(
        vectors[order], photos[order], gallery, forbid(allowed[order])
    )

    expected = table.iloc[order].reset_index(drop=True)
    pd.testing.assert_frame_equal(permuted, expected, rtol=0, atol=1e-6)


def test_every_order_of_three_rivals_names_the_same_face():
    gallery = enrol(turn(0), ["Ann"], 40)

    for angles in permutations((10, 20, 30)):
        table = match_faces(turn(*angles), list_photos(1, 1, 1), gallery)

        assert table["name"].tolist()[angles.index(10)] == "Ann"
        assert table["name"].tolist().count("Ann") == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"photos": list_photos(0)}, r"embeddings \(N, D\) and photos \(N,\), got"),
        (
            {"vectors": np.ones((2, 3), np.float32)},
            r"templates \(2, 3\), one for each person, .* got \(2, 2\); enrol and",
        ),
        (
            {"forbidden": Forbidden({2: {0}}, {0})},
            r"forbidden: expected rows 0\.\.1, one for each face, got 0\.\.2; apply",
        ),
    ],
)
def test_arrays_that_do_not_fit_are_refused(changes, message):
    gallery = enrol(turn(0, 90), ["Ann", "Bob"], 9)
    arguments = {"vectors": turn(0, 1), "photos": list_photos(0, 0), "gallery": gallery}

    with pytest.raises(ValueError, match=message):
        match_faces(**arguments | changes)


def test_person_without_a_face_is_refused():
    gallery = enrol(turn(0, 90), ["Ann", "Bob"], 9)
    gallery = replace(gallery, faces=gallery.faces[:1])

    with pytest.raises(ValueError, match="each person, got none of 'Bob'; enrol again"):
        match_faces(turn(0), list_photos(0), gallery)


def match_by_formula(vectors, photos, gallery, allowed):
    """Names, nearest and second by the full matrix of faces and people.

    Not by a matrix product of float32, for which equal faces differ in the last digit.
    """
    products = vectors.astype(float)[:, None] * gallery.templates
    similarities = products.sum(axis=2).astype(np.float32).astype(float)
    above = np.where(allowed, similarities - gallery.threshold.value, -np.inf)
    names = np.full(len(vectors), -1)
    for photo in np.unique(photos):
        rows = np.flatnonzero(photos == photo)
        weights = np.where(above[rows] >= 0, above[rows] + 1e-9, 0)
        faces, people = linear_sum_assignment(weights, maximize=True)
        given = weights[faces, people] > 0
        names[rows[faces[given]]] = people[given]
    return names, np.argsort(-similarities, axis=1, kind="stable")[:, :2]


class CutVectors(Vectors):
    """Vectors that come in blocks of whole photos, the last first."""

    def __init__(self, vectors, photos, n_photos):
        self.shape, self._vectors, self._photos = vectors.shape, vectors, photos
        self._n_photos = n_photos

    def take(self, rows):
        return self._vectors[rows]

    def select(self, rows):
        return CutVectors(self._vectors[rows], self._photos[rows], self._n_photos)

    def stream(self):
        numbers = np.unique(self._photos)[::-1]
        for start in range(0, len(numbers), self._n_photos):
            own = np.isin(self._photos, numbers[start : start + self._n_photos])
            yield np.flatnonzero(own), self._vectors[own]


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 60), st.integers(1, 40), st.integers(1, 20), st.integers(0, 999))
def test_as_the_formula_with_all_people_at_once(n, n_people, n_photos, seed):
    rng = np.random.default_rng(seed)
    people = [f"{person:02}" for person in range(n_people)]
    gallery = enrol(embed(n_people, seed, 5), people, rng.uniform(0, 120))
    vectors, photos = embed(n, seed + 1, 5), rng.integers(0, n_photos, n)
    if seed % 2 and n:  # some faces are there several times, as in a collage
        vectors = vectors[rng.integers(0, n, n)]
    allowed = rng.random((n, n_people)) < rng.choice([0.3, 0.9, 1])

    cut = CutVectors(vectors, photos, 1 + seed % 7)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(match, "BLOCK", 1 + seed % 16)
        patch.setattr(neighbours, "VECTORS", 1 + seed % 8)
        table = match.match_faces(cut, photos, gallery, forbid(allowed))

    names, nearest = match_by_formula(vectors, photos, gallery, allowed)
    everybody = [*people, UNKNOWN_NAME]
    assert table["name"].tolist() == [everybody[name] for name in names]
    assert table["nearest"].tolist() == [people[k] for k in nearest[:, 0]]
    if n_people > 1:
        assert table["second"].tolist() == [people[k] for k in nearest[:, 1]]


def test_the_index_is_that_asked_for(monkeypatch):
    asked = []

    def make_index(templates, index):
        asked.append((len(templates), index))
        return ExactIndex(templates)

    monkeypatch.setattr(match, "make_index", make_index)
    gallery = enrol(turn(0, 90), ["Ann", "Bob"], 30)

    match.match_faces(MemoryVectors(turn(0)), list_photos(0), gallery, index="faiss")

    assert asked == [(2, "faiss")]


def test_what_an_index_does_not_find_is_not_named(monkeypatch):
    class Forgetful(ExactIndex):
        def search(self, probes, k):
            rows, similarities = super().search(probes, k)
            rows[0], similarities[0] = -1, -np.inf
            rows[1, 1], similarities[1, 1] = -1, -np.inf
            return Nearest(rows, similarities)

    monkeypatch.setattr(match, "make_index", lambda vectors, index: Forgetful(vectors))
    gallery = enrol(turn(0, 90), ["Ann", "Bob"], 30)

    table = match_faces(turn(0, 0), list_photos(0, 1), gallery)

    assert table["name"].tolist() == [UNKNOWN_NAME, "Ann"]
    assert table["nearest"].tolist() == ["", "Ann"]
    assert table["second"].tolist() == ["", ""]
    assert table["margin"].isna().all()
    assert table["similarity"].isna().tolist() == [True, False]
    assert table["nearest_photo"].tolist() == ["", "Ann/0.jpg"]


def test_memory_does_not_grow_with_faces_times_people():
    # 2,000 faces and 20,000 people: a matrix of floats would take 320 MB.
    people = [f"{person:05}" for person in range(20_000)]
    gallery = enrol(embed(len(people), 0, 8), people, 5)
    vectors, photos = embed(2000, 1, 8), np.arange(2000) // 3

    tracemalloc.start()
    match_faces(vectors, photos, gallery)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 100e6
