import numpy as np
import pandas as pd
import pytest

from lfw17_kedro.reporting.predictions import (
    StaleResultsError,
    join_predictions,
    list_truths,
)

CLASS_NAMES = ["Ann", "Bob"]
TRAIN = pd.DataFrame(
    {
        "id": ["a", "b", "c", "a_1"],
        "label": [0, 1, 1, 0],
        "copy": [0, 0, 0, 1],
        "fold": [0, 0, -1, 0],
    }
)
TEST = pd.DataFrame({"id": ["0", "1"], "label": [1, -1]})
TRUTHS = list_truths(TRAIN, TEST)


def make_results(**changes):
    """Ann for a and 1, Bob for b and 0: correct wherever the truth is known."""
    results = {
        "validation_probabilities": pd.DataFrame(
            {"id": ["b", "a"], "Ann": [0.2, 0.9], "Bob": [0.8, 0.1]}
        ),
        "test_probabilities": pd.DataFrame(
            {"id": ["0", "1"], "Ann": [0.4, 0.7], "Bob": [0.6, 0.3]}
        ),
        "metrics": {
            "validation": {
                "confusion_matrix": [[1, 0], [0, 1]],
                "calibration_error": 0.15,
            },
            "test": {"confusion_matrix": [[0, 0], [0, 1]], "calibration_error": 0.4},
            "calibration": {"temperature": 1.0},
        },
    }
    return results | changes


def test_only_validated_originals_and_test_images_count():
    assert TRUTHS.to_numpy().tolist() == [
        ["validation", "a", 0],
        ["validation", "b", 1],
        ["test", "0", 1],
        ["test", "1", -1],
    ]


def test_predictions_are_joined_by_image():
    predictions = join_predictions("net", make_results(), TRUTHS, CLASS_NAMES)

    assert predictions["id"].tolist() == ["a", "b", "0", "1"]
    assert predictions["predicted"].tolist() == [0, 1, 1, 0]
    assert predictions["correct"].tolist() == [True, True, True, False]
    np.testing.assert_allclose(predictions["confidence"], [0.9, 0.8, 0.6, 0.7])
    np.testing.assert_allclose(predictions["P(Bob)"], [0.1, 0.8, 0.6, 0.3])
    assert set(predictions["method"]) == {"net"}


@pytest.mark.parametrize(
    ("name", "table", "reason"),
    [
        (
            "test_probabilities",
            pd.DataFrame({"id": ["0", "1"], "Ann": [1.0, 1], "Eve": [0.0, 0]}),
            "its people are not those",
        ),
        (
            "test_probabilities",
            pd.DataFrame({"id": ["0"], "Ann": [1.0], "Bob": [0.0]}),
            "its 1 test images are not the present 2",
        ),
        (
            "validation_probabilities",
            pd.DataFrame({"id": ["a", "c"], "Ann": [1.0, 1], "Bob": [0.0, 0]}),
            "its 2 validation images are not the present 2",
        ),
        (
            "validation_probabilities",
            pd.DataFrame({"id": ["a", "b"], "Ann": [1.0, 1], "Bob": [0.0, 0]}),
            "its metrics are not those of its validation predictions",
        ),
    ],
)
def test_results_of_other_data_are_stale(name, table, reason):
    with pytest.raises(StaleResultsError, match=reason):
        join_predictions("net", make_results(**{name: table}), TRUTHS, CLASS_NAMES)


def test_metrics_with_labels_that_are_no_longer_known_are_stale():
    truths = TRUTHS.assign(truth=[0, 1, -1, -1])

    with pytest.raises(StaleResultsError, match="metrics are not those of its test"):
        join_predictions("net", make_results(), truths, CLASS_NAMES)
