import re

import numpy as np
import pandas as pd
import pytest

from lfw17_kedro.reporting.embedding_map import plot_map
from lfw17_kedro.types import Features

TRAIN_TABLE = pd.DataFrame(
    {"id": ["a", "a_1", "b", "c"], "label": [0, 0, 1, 1], "copy": [0, 1, 0, 0]}
)
PREDICTIONS = pd.DataFrame(
    {
        "method": "svm",
        "split": ["validation", "test", "test", "test"],
        "id": ["a", "0", "1", "2"],
        "truth": [0, 0, 1, -1],
        "predicted": [0, 1, 1, 0],
        "correct": [True, False, True, False],
    }
)
SETTINGS = {"projection": "pca", "max_faces": 100}


def make_features(ids, name="vectors"):
    vectors = np.random.default_rng(0).normal(size=(len(ids), 4)).astype(np.float32)
    return Features(np.array(ids), {name: vectors}, "invented")


def plot(class_names, name="vectors", **settings):
    train = make_features(["a", "a_1", "b", "c"], name)
    test = make_features(["0", "1", "2"], name)
    features = {"svm": (train, test), "absent": (None, None), "left": (train, test)}
    return plot_map(
        features, PREDICTIONS, TRAIN_TABLE, class_names, SETTINGS | settings, 0
    )


def test_originals_and_test_faces_are_on_the_map():
    figure = plot(["<i>Ann</i>", "Bob"])

    shown = {trace.name: list(trace.customdata[:, 0]) for trace in figure.data}
    assert shown == {
        "train": ["a", "b", "c"],
        "test, label unknown": ["2"],
        "test, correct": ["1"],
        "test, incorrect": ["0"],
    }
    incorrect = figure.data[3].customdata[0]
    assert incorrect.tolist() == ["0", "&lt;i&gt;Ann&lt;/i&gt;", "<br>predicted Bob"]
    texts = [annotation.text for annotation in figure.layout.annotations]
    assert texts == ["svm", "&lt;i&gt;Ann&lt;/i&gt;", "Bob"]
    assert (
        "3 train, 1 test, incorrect, 1 test, correct, 1 test, label unknown"
        in (figure.layout.meta["description"])
    )


@pytest.mark.parametrize(
    ("train_ids", "test_ids"),
    [
        (["a", "a_1", "b"], ["0", "1", "2"]),
        (["a", "a_1", "b", "z"], ["0", "1", "2"]),
        (["a", "a_1", "b", "c"], ["0", "1", "7"]),
        (["a", "a_1", "b", "c"], ["0", "1", "2", "2"]),
    ],
)
def test_features_of_other_images_are_not_on_the_map(train_ids, test_ids):
    features = {"svm": (make_features(train_ids), make_features(test_ids))}

    figure = plot_map(features, PREDICTIONS, TRAIN_TABLE, ["A", "B"], SETTINGS, 0)

    assert not figure.data
    [note] = figure.layout.annotations
    assert note.text == "svm: its features are of other images; run it again."


def test_features_are_joined_by_their_ids():
    """Rows in another order than the table's keep their person."""
    train, test = make_features(["c", "b", "a_1", "a"]), make_features(["2", "0", "1"])

    figure = plot_map(
        {"svm": (train, test)}, PREDICTIONS, TRAIN_TABLE, ["A", "B"], SETTINGS, 0
    )

    shown = {trace.name: trace.customdata[:, :2].tolist() for trace in figure.data}
    assert shown["train"] == [["c", "B"], ["b", "B"], ["a", "A"]]
    assert shown["test, incorrect"] == [["0", "A"]]


def test_more_faces_than_wanted_are_sampled():
    figure = plot(["Ann", "Bob"], max_faces=4)

    assert sum(len(trace.x) for trace in figure.data) == 4
    note = figure.layout.meta["note"]
    assert re.fullmatch(r"svm: a random sample of 4 of \d+ faces\.", note)
    assert plot(["Ann", "Bob"]).layout.meta["note"] == ""


def test_41_people_are_not_named_on_the_map():
    figure = plot([f"p{k}" for k in range(41)])

    assert [annotation.text for annotation in figure.layout.annotations] == ["svm"]
    assert figure.layout.meta["note"].startswith("With more than 40 people")


def test_features_that_are_not_embeddings_are_not_on_the_map():
    figure = plot(["Ann", "Bob"], name="images")

    assert figure.data == ()
    assert "No method that makes embeddings" in figure.layout.annotations[0].text
