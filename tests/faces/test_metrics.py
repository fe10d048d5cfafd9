import numpy as np
import pytest

from lfw17_kedro.faces.metrics import is_lfw17, score_probabilities


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
    assert scores["accuracy"] == 1


def test_probabilities_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"\(N, 2\) for N > 0 labels, got \(3, 2\)"):
        score_probabilities(np.ones((3, 2)) / 2, np.array([0, 1]), ["Ann", "Bob"])


def test_the_studys_data_are_recognised_by_their_counts():
    labels = np.repeat(np.arange(7), (51, 183, 85, 395, 86, 60, 106))

    assert is_lfw17(labels, 322)
    assert not is_lfw17(labels[1:], 322)
    assert not is_lfw17(labels, 321)
