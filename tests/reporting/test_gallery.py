import base64
import io

import numpy as np
import pandas as pd
from PIL import Image

from lfw17_kedro.reporting.gallery import (
    describe_faces,
    encode_picture,
    pick_faces,
    plot_gallery,
)

CLASS_NAMES = ["Ann", "Bob", "Eve", "Joe"]


def make_answers(truths, chances, method="net"):
    chances = np.array(chances, float)
    predictions = pd.DataFrame({"truth": truths, "predicted": chances.argmax(axis=1)})
    predictions["method"], predictions["split"] = method, "test"
    predictions["id"] = [str(row) for row in range(len(predictions))]
    predictions["confidence"] = chances.max(axis=1)
    predictions["correct"] = predictions["predicted"] == predictions["truth"]
    return predictions.join(
        pd.DataFrame(chances, columns=[f"P({p})" for p in CLASS_NAMES])
    )


ANSWERS = make_answers(
    [0, 1, 2, 3, 0],
    [
        [0.9, 0.1, 0.0, 0.0],  # right
        [0.5, 0.3, 0.15, 0.05],  # wrong
        [0.1, 0.1, 0.4, 0.4],  # right, least certain
        [0.8, 0.1, 0.06, 0.04],  # wrong, surest
        [0.6, 0.2, 0.1, 0.1],  # right
    ],
)


def test_wrong_faces_come_surest_first_the_others_least_certain_first():
    picked = pick_faces(ANSWERS, max_faces=2)

    assert picked["id"].tolist() == ["3", "1", "2", "4"]
    assert picked["kind"].tolist() == ["wrong"] * 2 + ["least certain"] * 2


def test_without_labels_the_least_certain_are_shown():
    unknown = ANSWERS.assign(truth=-1, right=False)

    picked = pick_faces(unknown, max_faces=2)

    assert picked["id"].tolist() == ["2", "1"]
    assert set(picked["kind"]) == {"least certain"}


def test_validation_faces_are_not_in_the_gallery():
    assert pick_faces(ANSWERS.assign(split="validation"), 2).empty


def test_every_method_has_its_own_faces():
    both = pd.concat([ANSWERS, ANSWERS.assign(method="svm")], ignore_index=True)

    assert pick_faces(both, 1)["method"].tolist() == ["net", "net", "svm", "svm"]


def test_faces_are_described_by_their_probabilities_and_picture():
    images = np.stack([np.full((150, 100), 10 * row, np.float32) for row in range(5)])

    faces = describe_faces(pick_faces(ANSWERS, 1), images, list("01234"), CLASS_NAMES)

    wrong, unsure = faces
    assert (wrong["id"], wrong["truth"]) == ("3", "Joe")
    assert wrong["names"] == ["Ann", "Bob", "Eve"]
    assert wrong["probabilities"] == [0.8, 0.1, 0.06]
    assert wrong["truth_probability"] == 0.04
    assert (unsure["id"], unsure["names"][0]) == ("2", "Eve")
    picture = base64.b64decode(wrong["picture"].removeprefix("data:image/png;base64,"))
    with Image.open(io.BytesIO(picture)) as image:
        assert np.all(np.asarray(image) == 30)
        assert image.size == (100, 150)
    assert len(plot_gallery(faces).data) == 2


def test_small_faces_are_enlarged():
    picture = encode_picture(np.zeros((50, 37), np.float32))

    with Image.open(io.BytesIO(base64.b64decode(picture.partition(",")[2]))) as image:
        assert image.size == (111, 150)
