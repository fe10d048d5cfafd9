from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lfw17_kedro.people import match
from lfw17_kedro.people.match import match_faces
from lfw17_kedro.people.open_set import make_templates
from lfw17_kedro.people_types import (
    MATCH_COLUMNS,
    UNKNOWN_NAME,
    Gallery,
    OpenSetThreshold,
)

NAMES = ("Ann", "Bob", "Eve")


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
    allowed = np.array([[True, True], [False, True]])

    table = match_faces(faces, photos, gallery, allowed)
    none = match_faces(faces, photos, gallery, np.zeros_like(allowed))

    assert table["name"].tolist() == ["Ann", "Bob"]
    assert table["nearest"].tolist() == ["Ann", "Ann"]
    assert none["name"].tolist() == [UNKNOWN_NAME] * 2


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

    table = match_faces(vectors, photos, gallery, allowed)

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

    table = match_faces(vectors, photos, gallery, allowed)
    permuted = match_faces(vectors[order], photos[order], gallery, allowed[order])

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
            {"allowed": np.ones((2, 3), np.bool_)},
            r"allowed: expected \(2, 2\), a row for each face .* got \(2, 3\)",
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
