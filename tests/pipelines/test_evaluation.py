import numpy as np
import pandas as pd
import pytest

from lfw17_kedro.pipelines.evaluation.nodes import make_submission, score_method

CLASS_NAMES = ["Ann", "Bob"]
TRAIN = pd.DataFrame(
    {"id": ["a", "b", "a_1", "b_1"], "label": [0, 1, 0, 1], "copy": [0, 0, 1, 1]}
)


def probabilities(ids, predictions):
    table = pd.DataFrame(np.eye(2)[predictions] * 0.8 + 0.1, columns=CLASS_NAMES)
    table.insert(0, "id", ids)
    return table


def score(test_labels=(0, 0), validation_ids=("b", "a"), **changes):
    inputs = {
        "validation_probabilities": probabilities(validation_ids, [1, 1]),
        "test_probabilities": probabilities(["0", "1"], [0, 1]),
        "metadata": {"encoder": "net"},
        "train_table": TRAIN,
        "test_table": pd.DataFrame({"id": ["0", "1"], "label": test_labels}),
        "class_names": CLASS_NAMES,
        "method": "facenet_svm",
    }
    return score_method(**inputs | changes)


def test_probabilities_are_joined_with_the_truth_by_id():
    metrics = score([0, 0])

    assert metrics["validation"]["confusion_matrix"] == [[0, 1], [0, 1]]
    assert metrics["test"]["correct"] == 1
    assert metrics["metadata"] == {"encoder": "net"}
    assert metrics["published"] is None


def test_method_that_named_nobody_yet_cannot_be_scored():
    with pytest.raises(ValueError, match="got none: the method has not named these"):
        score(validation_probabilities=None)
    with pytest.raises(ValueError, match="run its whole pipeline"):
        make_submission(None, CLASS_NAMES)


def test_unknown_test_labels_give_no_score():
    assert score([-1, -1])["test"] is None


def test_published_scores_stand_beside_ours_on_the_studys_data():
    labels = np.repeat(np.arange(7), (51, 183, 85, 395, 86, 60, 106))
    ids = np.arange(966).astype(str)
    class_names = [f"p{k}" for k in range(7)]
    train = pd.DataFrame({"id": ids, "label": labels, "copy": 0})
    table = pd.DataFrame(np.eye(7)[labels], columns=class_names)
    table.insert(0, "id", ids)

    metrics = score(
        validation_probabilities=table,
        train_table=train,
        test_table=pd.DataFrame({"id": ids[:322], "label": -1}),
        test_probabilities=table[:322],
        class_names=class_names,
    )

    assert metrics["published"] == {
        "public": 0.96894,
        "private": 0.98757,
        "correct": 315,
    }


def test_probabilities_of_another_run_are_refused():
    with pytest.raises(ValueError, match="got 'z', which is not: they come from anot"):
        score([0, 0], validation_ids=("a", "z"))


def test_submission_is_what_kaggle_reads(tmp_path):
    submission = make_submission(probabilities(["0", "1", "2"], [1, 0, 1]), CLASS_NAMES)

    text = submission.to_csv(index=False)
    assert text == "ImageId,PredictedClass\n0,1\n1,0\n2,1\n"
