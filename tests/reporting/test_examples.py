import base64
import io

import numpy as np
import pandas as pd
from PIL import Image

from lfw17_kedro.reporting.examples import (
    describe_faces,
    encode_picture,
    pick_faces,
    plot_examples,
)

CLASS_NAMES = ["Ann", "Bob", "Eve", "Joe"]


def make_predictions(truths, probabilities, method="net"):
    probabilities = np.array(probabilities, float)
    predictions = pd.DataFrame(
        {"truth": truths, "predicted": probabilities.argmax(axis=1)}
    )
    predictions["method"], predictions["split"] = method, "test"
    predictions["id"] = [str(row) for row in range(len(predictions))]
    predictions["confidence"] = probabilities.max(axis=1)
    predictions["correct"] = predictions["predicted"] == predictions["truth"]
    return predictions.join(
        pd.DataFrame(probabilities, columns=[f"P({p})" for p in CLASS_NAMES])
    )


PREDICTIONS = make_predictions(
    [0, 1, 2, 3, 0],
    [
        [0.9, 0.1, 0.0, 0.0],  # correct
        [0.5, 0.3, 0.15, 0.05],  # incorrect
        [0.1, 0.1, 0.4, 0.4],  # correct, least certain
        [0.8, 0.1, 0.06, 0.04],  # incorrect, surest
        [0.6, 0.2, 0.1, 0.1],  # correct
    ],
)


def test_incorrect_faces_come_surest_first_the_others_least_certain_first():
    picked = pick_faces(PREDICTIONS, max_faces=2)

    assert picked["id"].tolist() == ["3", "1", "2", "4"]
    assert picked["kind"].tolist() == ["incorrect"] * 2 + ["least certain"] * 2


def test_without_labels_the_least_certain_are_shown():
    unknown = PREDICTIONS.assign(truth=-1, correct=False)

    picked = pick_faces(unknown, max_faces=2)

    assert picked["id"].tolist() == ["2", "1"]
    assert set(picked["kind"]) == {"least certain"}


def test_validation_faces_are_not_shown_where_test_labels_are_known():
    validated = PREDICTIONS.assign(split="validation")
    both = pd.concat([validated, PREDICTIONS], ignore_index=True)

    picked = pick_faces(both, 2)

    assert set(picked["split"]) == {"test"}


def test_validation_mistakes_are_shown_where_test_labels_are_unknown():
    validated = PREDICTIONS.assign(split="validation")
    tested = PREDICTIONS.assign(truth=-1, correct=False)

    picked = pick_faces(pd.concat([validated, tested], ignore_index=True), 2)

    rows = picked[["split", "kind", "id"]].to_numpy().tolist()
    assert rows == [
        ["validation", "incorrect", "3"],
        ["validation", "incorrect", "1"],
        ["test", "least certain", "2"],
        ["test", "least certain", "1"],
    ]
    images = {
        "validation": (np.full((5, 150, 100), 10, np.float32), list("43210")),
        "test": (np.full((5, 150, 100), 20, np.float32), list("01234")),
    }
    images["validation"][0][1] = 30  # of id 3
    faces = describe_faces(picked, images, CLASS_NAMES)
    assert [face["split"] for face in faces] == ["validation"] * 2 + ["test"] * 2
    assert [read_picture(face)[0, 0] for face in faces] == [30, 10, 20, 20]
    assert [face["truth"] for face in faces] == ["Joe", "Bob", None, None]


def test_names_are_shown_as_they_are_written():
    names = ["<b>Ann</b>", "Bob", "Eve", "Joe"]
    table = PREDICTIONS.rename(columns={"P(Ann)": "P(<b>Ann</b>)"})
    images = {"test": (np.zeros((5, 150, 100), np.float32), list("01234"))}

    faces = describe_faces(pick_faces(table, 1), images, names)

    assert faces[0]["names"][0] == "<b>Ann</b>"
    caption = plot_examples(faces).layout.annotations[0].text
    assert "predicted &lt;b&gt;Ann&lt;/b&gt; (80%)" in caption


def read_picture(face):
    picture = base64.b64decode(face["picture"].removeprefix("data:image/png;base64,"))
    with Image.open(io.BytesIO(picture)) as image:
        return np.asarray(image)


def test_every_method_has_its_own_faces():
    both = pd.concat([PREDICTIONS, PREDICTIONS.assign(method="svm")], ignore_index=True)

    assert pick_faces(both, 1)["method"].tolist() == ["net", "net", "svm", "svm"]


def test_faces_are_described_by_their_probabilities_and_picture():
    images = np.stack([np.full((150, 100), 10 * row, np.float32) for row in range(5)])

    faces = describe_faces(
        pick_faces(PREDICTIONS, 1), {"test": (images, list("01234"))}, CLASS_NAMES
    )

    incorrect, unsure = faces
    assert (incorrect["id"], incorrect["truth"]) == ("3", "Joe")
    assert incorrect["names"] == ["Ann", "Bob", "Eve"]
    assert incorrect["probabilities"] == [0.8, 0.1, 0.06]
    assert incorrect["truth_probability"] == 0.04
    assert (unsure["id"], unsure["names"][0]) == ("2", "Eve")
    picture = base64.b64decode(
        incorrect["picture"].removeprefix("data:image/png;base64,")
    )
    with Image.open(io.BytesIO(picture)) as image:
        assert np.all(np.asarray(image) == 30)
        assert image.size == (100, 150)
    assert len(plot_examples(faces).data) == 2


def test_small_faces_are_enlarged():
    picture = encode_picture(np.zeros((50, 37), np.float32))

    with Image.open(io.BytesIO(base64.b64decode(picture.partition(",")[2]))) as image:
        assert image.size == (111, 150)
