from dataclasses import replace

import numpy as np
import pytest
from sklearn.svm import SVC, LinearSVC

from lfw17_kedro.face_classifier import OneVsOne, OneVsRest
from lfw17_kedro.faces.classifier import (
    choose_train_rows,
    fit_classifier,
    predict_probabilities,
)
from lfw17_kedro.types import Features

CLASS_NAMES = ["Ann", "Bob", "Eve"]
REST, PAIRS = "one_vs_rest", "one_vs_one"


def make_embeddings(labels, encoder="net@1", seed=0) -> Features:
    rng = np.random.default_rng(seed)
    vectors = np.eye(4)[labels] + rng.normal(0, 0.05, (len(labels), 4))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = np.arange(len(labels)).astype(str)
    return Features(ids, {"vectors": vectors.astype(np.float32)}, encoder)


def fit_both(labels, class_names=CLASS_NAMES, originals=None, multi_class=REST):
    originals = np.arange(len(labels)) if originals is None else originals
    embeddings = make_embeddings(labels)
    return fit_classifier(
        embeddings,
        labels,
        originals,
        class_names,
        multi_class=multi_class,
        C=1.0,
        seed=0,
    )


def fit(*arguments, **options):
    return fit_both(*arguments, **options)[0]


@pytest.mark.parametrize(
    ("multi_class", "kind", "exported"),
    [(REST, OneVsRest, LinearSVC), (PAIRS, OneVsOne, SVC)],
)
def test_new_faces_are_named(multi_class, kind, exported):
    fitted, svm = fit_both(np.repeat([0, 1, 2], 8), multi_class=multi_class)

    probabilities = predict_probabilities(fitted, make_embeddings([2, 0, 1], seed=9))

    assert probabilities.argmax(axis=1).tolist() == [2, 0, 1]
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert fitted.train_images == 24
    assert type(fitted.svm) is kind
    assert type(svm.estimator) is exported


@pytest.mark.parametrize("people", [2, 3, 7, 40])
@pytest.mark.parametrize(("multi_class", "digits"), [(REST, 0), (PAIRS, 1e-12)])
def test_arrays_predict_what_scikit_learn_does(people, multi_class, digits):
    rng = np.random.default_rng(people)
    centres = rng.normal(0, 1, (people, 128))

    def embed(labels):
        vectors = centres[labels] + rng.normal(0, 2, (len(labels), 128))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        ids = np.arange(len(labels)).astype(str)
        return Features(ids, {"vectors": vectors.astype(np.float32)}, "net@1")

    labels = np.repeat(np.arange(people), 6)
    names = [f"s{k}" for k in range(people)]
    arrays, svm = fit_classifier(
        embed(labels),
        labels,
        np.arange(len(labels)),
        names,
        multi_class=multi_class,
        C=1.0,
        seed=0,
    )
    faces = embed(np.tile(labels, 3))

    probabilities = predict_probabilities(arrays, faces)

    expected = svm.predict_proba(faces.arrays["vectors"])
    np.testing.assert_allclose(probabilities, expected, rtol=0, atol=digits)


def test_probabilities_are_equal_where_every_sigmoid_is_zero():
    fitted = fit(np.repeat([0, 1, 2], 8))
    certain = replace(fitted, slopes=np.zeros(3), offsets=np.full(3, 1e4))

    probabilities = predict_probabilities(certain, make_embeddings([0], seed=9))

    np.testing.assert_array_equal(probabilities, np.full((1, 3), 1 / 3))


def test_person_left_out_of_training_has_probability_zero():
    fitted = fit(np.repeat([0, 2], 8))

    probabilities = predict_probabilities(fitted, make_embeddings([2, 0], seed=9))

    assert probabilities.argmax(axis=1).tolist() == [2, 0]
    assert (probabilities[:, 1] == 0).all()


def test_embeddings_of_another_encoder_are_refused():
    fitted = fit(np.repeat([0, 1, 2], 8))

    with pytest.raises(ValueError, match=r"trained on .* net@1, got .* of other@2"):
        predict_probabilities(fitted, make_embeddings([0], encoder="other@2"))


def test_embeddings_of_another_length_are_refused():
    fitted = fit(np.repeat([0, 1, 2], 8))
    ids = np.array(["a"])
    short = Features(ids, {"vectors": np.zeros((1, 3), np.float32)}, "net@1")

    with pytest.raises(ValueError, match=r"of shape \(N, 4\), got \(1, 3\); train it"):
        predict_probabilities(fitted, short)


def test_person_with_one_original_is_named():
    labels = np.array([0, 0, 0, 1, 1, 1])
    originals = np.array([0, 1, 2, 3, 3, 3])  # Bob: one original, two copies

    with pytest.raises(ValueError, match="got 2 people, 1 of Bob"):
        fit(labels, originals=originals)


def test_train_rows_keep_the_studys_limits():
    labels = np.array([0] * 5 + [1] * 2 + [2] * 3)
    rng = np.random.default_rng(0)

    own = np.arange(10)
    rows = choose_train_rows(labels, own, maximum=3, minimum=3, rng=rng)

    assert labels[rows].tolist() == [0, 0, 0, 2, 2, 2]
    assert len(set(rows)) == 6
    everything = choose_train_rows(labels, own, maximum=None, minimum=1, rng=rng)
    assert everything.tolist() == list(range(10))


def test_the_studys_limit_gives_its_1333_images():
    labels = np.repeat(np.arange(7), 3 * np.array([51, 183, 85, 395, 86, 60, 106]))
    assert len(labels) == 2898

    originals = np.arange(len(labels)) // 3
    rows = choose_train_rows(labels, originals, 200, 1, np.random.default_rng(0))

    assert len(rows) == 1333


@pytest.mark.parametrize("maximum", [2, 3])
def test_of_few_rows_two_are_of_different_originals(maximum):
    labels, originals = np.repeat([0, 1, 2], [8, 8, 4]), np.arange(20) // 4

    for seed in range(20):
        rng = np.random.default_rng(seed)
        rows = choose_train_rows(labels, originals, maximum, 1, rng)

        assert len(set(rows)) == 3 * maximum
        assert labels[rows].tolist() == np.repeat([0, 1, 2], maximum).tolist()
        # the last person has a single original
        assert set(originals[rows]) == {0, 1, 2, 3, 4}
