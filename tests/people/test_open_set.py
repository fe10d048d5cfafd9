import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lfw17_kedro.gallery_types import OpenSetThreshold
from lfw17_kedro.people import open_set
from lfw17_kedro.people.open_set import (
    choose_threshold,
    compare_in_blocks,
    make_templates,
    rate_false_accepts,
    score_without_own,
    trace_curve,
)

NOTHING = np.empty(0)
FALLBACK = 0.5


def turn(*degrees):
    """Unit vectors of two dimensions; the cosine of two is that of their angle."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def cosine(degrees):
    return pytest.approx(np.cos(np.radians(degrees)), abs=1e-6)


def make_threshold(value=0.5, loo=(), cohort=(), genuine=()):
    sets = (np.array(one, float) for one in (loo, cohort, genuine))
    return OpenSetThreshold(value, 0.01, 0.01, *sets)


def embed(labels, seed):
    vectors = np.random.default_rng(seed).normal(size=(len(labels), 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32)


def test_template_is_the_mean_direction():
    templates = make_templates(turn(10, 90, 30), np.array([0, 1, 0]), 2)

    assert templates.dtype == np.float32
    np.testing.assert_allclose(templates, turn(20, 90), atol=1e-6)


def test_nobody_has_no_template():
    templates = make_templates(turn(), np.array([], np.int64), 0)

    assert templates.shape == (0, 2)


def test_leave_one_out_by_hand():
    # Ann at 0, 20 and 40 degrees, template 20; Bob at 90; Eve at 150 and 170.
    vectors, labels = turn(0, 20, 40, 90, 150, 170), np.array([0, 0, 0, 1, 2, 2])

    genuine, impostor, other = score_without_own(vectors, labels, 3)

    # Ann's first face against the mean of 20 and 40 degrees, and so on.
    assert genuine[:3].tolist() == [cosine(30), cosine(0), cosine(30)]
    assert np.isnan(genuine[3])
    assert genuine[4:].tolist() == [cosine(20), cosine(20)]
    assert impostor.tolist() == [cosine(a) for a in (90, 70, 50, 70, 60, 80)]
    assert other.tolist() == [1, 1, 1, 0, 1, 1]


def test_one_person_has_no_impostor():
    genuine, impostor, other = score_without_own(turn(0, 20), np.array([0, 0]), 1)

    assert genuine.tolist() == [cosine(20), cosine(20)]
    assert np.isnan(impostor).all()
    assert other.tolist() == [-1, -1]


def test_face_whose_rest_cancels_out_has_no_genuine_score():
    vectors = np.concatenate([turn(0), -turn(0), turn(90)])

    genuine, *_ = score_without_own(vectors, np.zeros(3, np.int64), 1)

    assert np.isnan(genuine[2])


@settings(deadline=None)
@given(st.lists(st.integers(0, 2), max_size=9), st.integers(0, 99))
def test_leave_one_out_equals_galleries_made_anew(extra, seed):
    labels = np.array([0, 1, 2, *extra])
    vectors = embed(labels, seed)

    genuine, impostor, _ = score_without_own(vectors, labels, 3)

    for row, label in enumerate(labels):
        own = np.delete(vectors, row, 0)[np.delete(labels, row) == label]
        others = [vectors[labels == k] for k in range(3) if k != label]
        templates = [make_templates(v, np.zeros(len(v), int), 1)[0] for v in others]
        nearest = max(vectors[row] @ template for template in templates)
        assert impostor[row] == pytest.approx(nearest, abs=1e-5)
        if len(own):
            mean = own.mean(axis=0)
            expected = vectors[row] @ mean / np.linalg.norm(mean)
            assert genuine[row] == pytest.approx(expected, abs=1e-4)
        else:
            assert np.isnan(genuine[row])


def test_threshold_is_the_conformal_quantile():
    # One person at 0 degrees; 9 strangers at 10, 20 ... 90. With a rate of 0.2 the
    # ceil(10 * 0.8) = 8th smallest cosine counts: that of 20 degrees.
    threshold = choose_threshold(
        turn(0), np.array([0]), 1, turn(*range(10, 91, 10)), 0.2, fallback=0
    )

    assert threshold.value == cosine(20)
    assert threshold.attainable_rate == 0.1
    assert threshold.rate == 0.2
    assert threshold.cohort.tolist() == [cosine(a) for a in range(90, 0, -10)]
    assert len(threshold.leave_one_out) == len(threshold.genuine) == 0


def test_99_impostors_are_enough_for_one_in_a_hundred():
    # The ceil(100 * 0.99) = 99th of 99, and of 199 the 198th.
    for n, expected in ((99, 1), (199, 2)):
        threshold = choose_threshold(
            turn(0), np.array([0]), 1, turn(*range(1, n + 1)), 0.01, fallback=0
        )

        assert threshold.value == cosine(expected)
        assert threshold.attainable_rate == pytest.approx(1 / (n + 1))


def test_stricter_of_the_two_counts():
    vectors, labels = turn(0, 60), np.array([0, 1])

    near = choose_threshold(vectors, labels, 2, turn(70, 170), 0.5, fallback=0)
    far = choose_threshold(vectors, labels, 2, turn(150, 170), 0.5, fallback=0)

    # Leave one out: 60 degrees twice; of 2 impostors the ceil(3 * 0.5) = 2nd.
    assert near.leave_one_out.tolist() == [cosine(60)] * 2
    assert near.value == cosine(10)
    assert far.value == cosine(60)


def test_few_impostors_do_not_lower_the_threshold_below_the_fallback():
    # Two faces left out cannot show one in a hundred: 60 degrees is too low.
    arguments = turn(0, 60), np.array([0, 1]), 2, turn(*range(90, 190)), 0.01

    assert choose_threshold(*arguments, fallback=0.9).value == 0.9
    assert choose_threshold(*arguments, fallback=0.1).value == cosine(30)


def test_fallback_does_not_count_with_enough_impostors():
    vectors, labels = turn(*[0, 60] * 50), np.array([0, 1] * 50)

    threshold = choose_threshold(vectors, labels, 2, turn(), 0.01, fallback=0.9)

    assert threshold.value == cosine(60)
    assert threshold.attainable_rate == pytest.approx(1 / 101)


@pytest.mark.parametrize("people", [0, 1])
def test_without_impostors_nothing_stands_behind_the_fallback(people):
    vectors, labels = turn(*[0] * people), np.zeros(people, np.int64)

    threshold = choose_threshold(
        vectors, labels, people, np.empty((0, 2), np.float32), 0.01, fallback=0.7
    )

    assert threshold.value == 0.7
    assert threshold.attainable_rate == 1
    assert np.isnan(rate_false_accepts(np.array([0.9]), threshold)).all()


def test_cohort_says_nothing_of_an_empty_gallery():
    threshold = choose_threshold(
        turn(), np.array([], np.int64), 0, turn(1, 2), 0.01, fallback=0.7
    )

    assert threshold.value == 0.7
    assert len(threshold.cohort) == 0


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 179), min_size=1, max_size=60),
    st.sampled_from([0.01, 0.05, 0.1, 0.3, 0.5]),
)
def test_no_more_impostors_than_the_rate_score_above_the_threshold(angles, rate):
    threshold = choose_threshold(
        turn(0), np.array([0]), 1, turn(*angles), rate, fallback=-1
    )

    above = np.count_nonzero(threshold.cohort > threshold.value)
    assert above <= rate * (len(angles) + 1)


@pytest.mark.parametrize("rate", [0, 1, -0.1, np.nan])
def test_rate_out_of_range_is_refused(rate):
    with pytest.raises(
        ValueError, match="rate: expected a fraction between 0 and 1, got"
    ):
        choose_threshold(turn(0), np.array([0]), 1, turn(), rate, fallback=FALLBACK)


def test_cohort_of_another_encoder_is_refused():
    with pytest.raises(ValueError, match=r"cohort: expected embeddings \(M, 2\)"):
        choose_threshold(
            turn(0), np.array([0]), 1, np.ones((4, 3), "f4"), 0.01, fallback=FALLBACK
        )


@pytest.mark.parametrize(
    ("vectors", "labels", "n_people", "message"),
    [
        (turn(0), [0, 1], 2, r"embeddings \(N, D\) and labels \(N,\), got \(1, 2\)"),
        (turn(0)[0], [0, 1], 2, r"embeddings \(N, D\)"),
        (turn(0, 1), [0, 2], 2, r"expected 0\.\.1 for 2 people, got 0\.\.2"),
        (turn(0, 1), [-1, 0], 1, r"expected 0\.\.0 for 1 people, got -1\.\.0"),
        (turn(0), [0], 2, "got none of person 1; leave people without a face out"),
        (
            np.eye(1, 2) * [[1], [-1]],
            [0, 0],
            1,
            "person 0 that cancel out; embed the photos again",
        ),
    ],
)
def test_arrays_that_do_not_fit_are_refused(vectors, labels, n_people, message):
    with pytest.raises(ValueError, match=message):
        make_templates(vectors, np.array(labels), n_people)


def test_false_accept_rate_is_the_larger_share():
    threshold = make_threshold(loo=[0.1, 0.2, 0.3, 0.4], cohort=[0.2, 0.5])

    rates = rate_false_accepts(np.array([0, 0.25, 0.4, 0.45, 0.6, np.nan]), threshold)

    assert rates[:5].tolist() == [1, 0.5, 0.5, 0.5, 0]
    assert np.isnan(rates[5])
    assert rate_false_accepts(NOTHING, threshold).shape == (0,)


def test_false_accept_rate_from_one_set():
    threshold = make_threshold(loo=[0.1, 0.2, 0.3, 0.4])

    assert rate_false_accepts(np.array([0.3]), threshold).tolist() == [0.5]


def test_curve_by_hand():
    threshold = make_threshold(0.5, loo=[0, 0.5], cohort=[0.2], genuine=[0.9, 1])

    curve = trace_curve(threshold, 3)

    assert curve.to_dict("list") == {
        "threshold": [0, 0.5, 1],
        "leave_one_out_accepted": [1, 0.5, 0],
        "cohort_accepted": [1, 0, 0],
        "genuine_missed": [0, 0, 0.5],
    }


def test_curve_without_scores_is_nan():
    curve = trace_curve(make_threshold(0.7), 2)

    assert curve["threshold"].tolist() == [0.7, 0.7]
    assert curve.drop(columns="threshold").isna().all(axis=None)


def test_curve_of_one_point_is_refused():
    with pytest.raises(ValueError, match="n_points: expected at least 2, got 1"):
        trace_curve(make_threshold(), 1)


def test_blocks_are_all_rows_in_order(monkeypatch):
    monkeypatch.setattr(open_set, "BLOCK", 2)
    faces, templates = turn(0, 30, 60, 90, 120), turn(0, 90)

    blocks = list(compare_in_blocks(faces, templates))

    assert [len(similarities) for _, similarities in blocks] == [2, 2, 1]
    joined = np.concatenate([similarities for _, similarities in blocks])
    np.testing.assert_allclose(joined, faces @ templates.T, atol=1e-6)


def test_blocks_have_fewer_faces_where_there_are_more_people(monkeypatch):
    monkeypatch.setattr(open_set, "MAX_PAIRS", 9)
    faces = turn(0, 30, 60, 90, 120)

    for n_people, sizes in ((0, [5]), (1, [5]), (3, [3, 2]), (20, [1] * 5)):
        blocks = list(compare_in_blocks(faces, turn(*range(n_people))))

        assert [len(similarities) for _, similarities in blocks] == sizes
        assert all(one.shape[1] == n_people for _, one in blocks)


def test_inputs_are_left_as_they_are():
    vectors, labels = turn(0, 20, 90), np.array([0, 0, 1])
    before = vectors.copy(), labels.copy()

    threshold = choose_threshold(vectors, labels, 2, vectors, 0.1, fallback=FALLBACK)
    rate_false_accepts(threshold.genuine, threshold)

    np.testing.assert_array_equal(vectors, before[0])
    np.testing.assert_array_equal(labels, before[1])
