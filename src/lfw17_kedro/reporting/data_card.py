"""The data card: what the methods were trained and tested on."""

from typing import Any

import pandas as pd

from lfw17_kedro.faces.split import TRAIN_ONLY, select_originals
from lfw17_kedro.lineage.digest import hash_data
from lfw17_kedro.types import F32, UNKNOWN


def describe_data(
    class_names: list[str],
    train_images: F32,
    train_table: pd.DataFrame,
    test_images: F32,
    test_table: pd.DataFrame,
    source_card: dict[str, str],
) -> dict[str, Any]:
    """Describe the data behind a comparison.

    Args:
        class_names: the K names.
        train_images: (N, H, W) float32, 0-255, originals and copies.
        train_table: describes them.
        test_images: (M, H, W) float32, 0-255.
        test_table: describes them.
        source_card: `name` and `credit`.

    Returns:
        `source`, image `height` and `width`, `people` (number), `images` by kind,
        `test_labels_known`, `counts` (person -> originals in train, validation, test;
        a test image without label counts for nobody) and SHA-256 `hashes`, that of the
        test labels only where all of them are known.
    """
    originals = select_originals(train_table)
    validated = originals["fold"] != TRAIN_ONLY
    known = test_table[test_table["label"] != UNKNOWN]
    hashes = {
        "training images": hash_data(train_images),
        "training labels": hash_data(train_table["label"].to_numpy("int64")),
        "test images": hash_data(test_images),
    }
    if labels_known := len(known) == len(test_table):
        hashes["test labels"] = hash_data(test_table["label"].to_numpy("int64"))
    return {
        "source": source_card,
        "height": int(train_images.shape[1]),
        "width": int(train_images.shape[2]),
        "people": len(class_names),
        "images": {
            "train": int((~validated).sum()),
            "validation": int(validated.sum()),
            "test": len(test_table),
            "augmented copies": len(train_table) - len(originals),
        },
        "test_labels_known": labels_known,
        "counts": _count_images(
            class_names,
            train=originals[~validated],
            validation=originals[validated],
            test=known,
        ),
        "hashes": hashes,
    }


def _count_images(
    class_names: list[str], **tables: pd.DataFrame
) -> dict[str, dict[str, int]]:
    """Count the images of each person in each split's table."""
    counts = {split: table["label"].value_counts() for split, table in tables.items()}
    return {
        person: {split: int(one.get(label, 0)) for split, one in counts.items()}
        for label, person in enumerate(class_names)
    }
