import numpy as np
import pandas as pd
import pytest

from lfw17_kedro.lineage.run_record import start_record
from lfw17_kedro.reporting.compare import (
    add_seconds,
    compare_pair,
    compare_pairs,
    tabulate_scores,
    tabulate_temperatures,
)


def test_mcnemar_by_hand():
    # The first alone is correct for 1 image, the second alone for 5. With a fair coin,
    # 1 or fewer heads of 6 come with (1 + 6) / 64, two-sided twice that.
    first = np.array([1, 1, 1, 0, 0, 0, 0, 0, 0], bool)
    second = np.array([1, 1, 0, 1, 1, 1, 1, 1, 0], bool)

    test = compare_pair(first, second)

    assert test == {
        "both_correct": 2,
        "first_only": 1,
        "second_only": 5,
        "both_incorrect": 1,
        "p_value": pytest.approx(14 / 64),
    }


def test_methods_that_never_differ_are_not_told_apart():
    assert compare_pair(np.ones(3, bool), np.ones(3, bool))["p_value"] == 1


def test_pairs_are_joined_by_image_and_unknown_labels_left_out():
    predictions = pd.DataFrame(
        [
            ("a", "validation", "x", 0, True),
            ("a", "validation", "y", 0, False),
            ("b", "validation", "y", 0, False),
            ("b", "validation", "x", 0, False),
            ("a", "test", "0", -1, False),
            ("b", "test", "0", -1, False),
        ],
        columns=["method", "split", "id", "truth", "correct"],
    )

    pairs = compare_pairs(predictions)

    assert len(pairs) == 1
    assert pairs.loc[0, ["split", "first", "second"]].tolist() == [
        "validation",
        "a",
        "b",
    ]
    assert pairs.loc[0, ["first_only", "second_only", "both_incorrect"]].tolist() == [
        1,
        0,
        1,
    ]


def test_one_method_alone_has_no_pair():
    predictions = pd.DataFrame(
        [("a", "test", "0", 0, True)],
        columns=["method", "split", "id", "truth", "correct"],
    )

    assert compare_pairs(predictions).empty


@pytest.mark.parametrize("names", [("fit", "embed", "name"), ("x", "test_y", "z")])
def test_seconds_are_added_by_tag_whatever_the_names(names):
    fit, embed, name = names
    nodes = {
        f"svm.{fit}": (["train"], 1.0),
        f"svm.{embed}": (["other", "train"], 2.0),
        f"svm.{name}": (["predict"], 0.25),
        "svm.embed_test_faces": (["predict"], 0.5),
        "svm.train_and_test": (["validate"], 64.0),
        "svm.predict": ([], 128.0),
        "svm_2.fit": (["train"], 256.0),
        "fit": (["train"], 512.0),
    }
    record = {
        "nodes": {n: {"tags": t, "seconds": s} for n, (t, s) in nodes.items()},
        "runs": {},
    }

    assert add_seconds("svm", record) == {"training": 3.0, "prediction": 0.75}
    assert add_seconds("svm_3", record) == {"training": None, "prediction": None}
    assert add_seconds("svm", start_record()) == {"training": None, "prediction": None}


def test_scores_stand_in_one_table():
    scores = {
        "images": 4,
        "correct": 3,
        "accuracy": 0.75,
        "accuracy_95": [0.3, 0.95],
        "macro_f1": 0.7,
        "weighted_f1": 0.72,
        "log_loss": 0.5,
        "calibration_error": 0.1,
    }
    published = {"public": 0.9, "private": 0.9, "correct": 315}
    metrics = {
        "a": {"validation": scores, "test": None, "published": None},
        "b": {"validation": scores, "test": scores, "published": published},
    }

    table = tabulate_scores(metrics, start_record()).set_index(["method", "split"])

    assert list(table.index) == [
        ("a", "validation"),
        ("b", "validation"),
        ("b", "test"),
    ]
    assert table.loc[("b", "test"), "published"] == 315
    assert np.isnan(table.loc[("a", "validation"), "published"])
    assert table.loc[("a", "validation"), "accuracy_low"] == 0.3
    assert table.loc[("a", "validation"), "calibration_error"] == 0.1


def test_calibration_is_told_for_each_split_with_known_labels():
    scores = {"log_loss": 0.1, "calibration_error": 0.01}
    before = {"log_loss": 0.3, "calibration_error": 0.2, "bins": []}
    fitted = {"temperature": 0.5, "fitted_on": "validation", "images": 56}
    metrics = {
        "validation": scores,
        "test": None,
        "calibration": fitted | {"before": {"validation": before, "test": None}},
    }

    table = tabulate_temperatures({"net": metrics})

    assert table.to_dict("records") == [
        {"method": "net", "split": "validation"}
        | fitted
        | {"log_loss_before": 0.3, "log_loss_after": 0.1}
        | {"calibration_error_before": 0.2, "calibration_error_after": 0.01}
    ]
