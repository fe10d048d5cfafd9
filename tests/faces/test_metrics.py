import numpy as np
import pytest

from lfw17_kedro.faces.metrics import (
    bin_confidences,
    measure_calibration,
    score_probabilities,
)


def test_scores_worked_out_by_hand():
    probabilities = np.array([[0.8, 0.2], [0.4, 0.6], [0.3, 0.7], [0.1, 0.9]])

    scores = score_probabilities(probabilities, np.array([0, 0, 1, 1]), ["Ann", "Bob"])

    assert scores["images"] == 4
    assert scores["correct"] == 3
    assert scores["accuracy"] == 0.75
    assert scores["confusion_matrix"] == [[1, 1], [0, 2]]
    assert scores["per_person"]["Ann"] == {
        "precision": 1.0,
        "recall": 0.5,
        "f1": pytest.approx(2 / 3),
        "images": 2,
    }
    assert scores["macro_f1"] == pytest.approx((2 / 3 + 4 / 5) / 2)
    expected = -np.log([0.8, 0.4, 0.7, 0.9]).mean()
    assert scores["log_loss"] == pytest.approx(expected)
    # Wilson 1927: (p + z^2/2n +- z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n)
    z2, half = 1.959964**2, 1.959964 * np.sqrt(0.75 * 0.25 / 4 + 1.959964**2 / 64)
    middle = 0.75 + z2 / 8
    expected = [(middle - half) / (1 + z2 / 4), (middle + half) / (1 + z2 / 4)]
    assert scores["accuracy_95"] == pytest.approx(expected, abs=1e-6)


def test_person_without_images_does_not_break_the_scores():
    probabilities = np.array([[0.7, 0.2, 0.1]])

    scores = score_probabilities(probabilities, np.array([0]), ["Ann", "Bob", "Eve"])

    assert scores["per_person"]["Eve"]["images"] == 0
    assert scores["accuracy"] == scores["macro_f1"] == 1


def test_people_may_be_called_like_averages():
    probabilities = np.array([[0.7, 0.2, 0.1], [0.2, 0.7, 0.1], [0.7, 0.2, 0.1]])
    names = ["accuracy", "macro avg", "weighted avg"]

    scores = score_probabilities(probabilities, np.array([0, 1, 2]), names)

    assert [one["recall"] for one in scores["per_person"].values()] == [1, 1, 0]


def test_probabilities_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"\(N, 2\) for N > 0 labels, got \(3, 2\)"):
        score_probabilities(np.ones((3, 2)) / 2, np.array([0, 1]), ["Ann", "Bob"])


def test_calibration_error_by_hand():
    # 2 answers of 0.95, one correct: a gap of 0.45. 2 of 0.55, both correct: 0.45.
    # 1 of 0.25, wrong: 0.25. (2 * 0.45 + 2 * 0.45 + 0.25) / 5 = 0.41
    confidences = np.array([0.95, 0.55, 0.95, 0.25, 0.55])
    correct = np.array([True, True, False, False, True])

    assert measure_calibration(confidences, correct) == pytest.approx(0.41)


def test_full_confidence_has_a_bin():
    bins = bin_confidences(np.array([1.0, 0.91]), np.array([True, False]))

    assert bins["images"].tolist() == [2]
    assert bins["accuracy"].tolist() == [0.5]


def test_weighted_f1_counts_every_image_alike():
    # Ann: 3 images, all correct, one of Bob's too: precision 3/4, F1 6/7. Bob: 1 image,
    # named Ann: F1 0. Weighted: 3/4 * 6/7.
    predictions = np.eye(2)[[0, 0, 0, 0]]

    scores = score_probabilities(predictions, np.array([0, 0, 0, 1]), ["Ann", "Bob"])

    assert scores["weighted_f1"] == pytest.approx(18 / 28)
    assert scores["macro_f1"] == pytest.approx(3 / 7)
    assert scores["calibration_error"] == pytest.approx(0.25)
