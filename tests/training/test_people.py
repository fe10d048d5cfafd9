import numpy as np
import pandas as pd
import pytest

from lfw17_kedro.training.people import check_train_labels, validate_by_folds

CLASS_NAMES = ["Ann", "Bob"]


class Guess:
    """Names the person whose number is the image's only pixel."""

    def predict(self, images, batch_size, verbose):
        return np.eye(2, dtype=np.float32)[images[:, 0, 0, 0].astype(int)]


def test_every_fold_is_named_by_a_model_of_the_others(tmp_path):
    table = pd.DataFrame(
        {
            "id": list("abcdef"),
            "label": [0, 1, 0, 1, 0, 1],
            "copy": [0, 0, 0, 0, 1, 1],
            "fold": [0, 0, 1, -1, 0, 1],
        }
    )
    images = table["label"].to_numpy(np.float32).reshape(6, 1, 1, 1)
    seen = []

    def train(rows, state, validation):
        seen.append((list(table["id"][rows]), state.name, validation[1].tolist()))
        return Guess(), pd.DataFrame({"epoch": [0]})

    predictions, history = validate_by_folds(
        train, images, table, CLASS_NAMES, tmp_path
    )

    assert seen == [
        (["c", "d", "f"], "fold_0", [0, 1]),
        (["a", "b", "d", "e"], "fold_1", [0]),
    ]
    assert predictions["id"].tolist() == ["a", "b", "c"]
    np.testing.assert_array_equal(predictions[CLASS_NAMES], [[1, 0], [0, 1], [1, 0]])
    assert history["fold"].tolist() == [0, 1]


def test_bad_training_data_are_refused():
    with pytest.raises(ValueError, match="at most the 3 training images, got 4"):
        check_train_labels(np.array([0, 1, 0]), CLASS_NAMES, 4)
    with pytest.raises(ValueError, match=r"got none of \['Bob'\]"):
        check_train_labels(np.array([0, 0, 0]), CLASS_NAMES, 2)
