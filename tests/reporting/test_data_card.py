import numpy as np
import pandas as pd
import pytest

from lfw17_kedro.reporting.data_card import describe_data

IMAGES = np.zeros((4, 5, 3), np.float32)
TRAIN = pd.DataFrame(
    {"label": [0, 0, 1, 0], "copy": [0, 0, 0, 1], "fold": [-1, 0, 0, 0]}
)
CARD = {"name": "ORL", "credit": "Samaria and Harter 1994."}


@pytest.mark.parametrize(("labels", "known"), [([0, 1], True), ([0, -1], False)])
def test_only_known_test_labels_have_a_hash(labels, known):
    test = pd.DataFrame({"label": labels})

    card = describe_data(["Ann", "Bob"], IMAGES, TRAIN, IMAGES[:2], test, CARD)

    assert card["test_labels_known"] is known
    assert ("test labels" in card["hashes"]) is known
    assert {"training images", "training labels", "test images"} <= set(card["hashes"])
    assert card["source"] == CARD
    assert (card["height"], card["width"], card["people"]) == (5, 3, 2)
    assert card["images"] == {
        "train": 1,
        "validation": 2,
        "test": 2,
        "augmented copies": 1,
    }
    assert card["counts"]["Bob"] == {"train": 0, "validation": 1, "test": int(known)}
