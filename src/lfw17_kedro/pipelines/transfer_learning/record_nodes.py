"""Nodes of `transfer_learning`: photos -> TFRecords -> images for the backbone."""

import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from tqdm import tqdm

from lfw17_kedro.faces.split import TRAIN_ONLY
from lfw17_kedro.types import U8, Record


def write_records(
    train_photos: Mapping[str, bytes],
    used_table: pd.DataFrame,
    test_photos: Mapping[str, bytes],
    test_table: pd.DataFrame,
) -> dict[str, Iterable[Record]]:
    """Turn jpg photos into records of the splits train, validation and test.

    Args:
        train_photos: id -> jpg.
        used_table: the training photos to take; those with a fold are `validation`.
        test_photos: id -> jpg.
        test_table: the test photos.
    """
    validated = used_table["fold"] != TRAIN_ONLY
    return {
        "train": _iterate_records(train_photos, used_table[~validated]),
        "validation": _iterate_records(train_photos, used_table[validated]),
        "test": _iterate_records(test_photos, test_table),
    }


def _iterate_records(
    photos: Mapping[str, bytes], table: pd.DataFrame
) -> Iterator[Record]:
    """Give the record of each row; only the head of a jpg is read for its size."""
    for photo_id, label in zip(table["id"], table["label"], strict=True):
        with Image.open(io.BytesIO(photos[photo_id])) as photo:
            width, height = photo.size
        yield Record(photo_id, photos[photo_id], height, width, int(label))


def read_images(
    records: Mapping[str, Iterable[Record]],
    used_table: pd.DataFrame,
    test_table: pd.DataFrame,
    settings: dict[str, Any],
) -> tuple[U8, U8]:
    """Decode the records to the backbone's size, in the order of the tables.

    Args:
        records: splits train, validation and test.
        used_table: describes the training photos.
        test_table: describes the test photos.
        settings: with `height` and `width` of the backbone.

    Returns:
        Train images (N, height, width, 3) and test images (M, height, width, 3),
        uint8 RGB, bicubic.
    """
    size = (settings["width"], settings["height"])
    train = {**_decode(records["train"], size), **_decode(records["validation"], size)}
    test = _decode(records["test"], size)
    return (
        np.stack([train[name] for name in used_table["id"]]),
        np.stack([test[name] for name in test_table["id"]]),
    )


def _decode(records: Iterable[Record], size: tuple[int, int]) -> dict[str, U8]:
    """Decode one split: id -> (height, width, 3) uint8."""
    images = {}
    for record in tqdm(records, "read records", unit="photo"):
        with Image.open(io.BytesIO(record.jpg)) as photo:
            resized = photo.convert("RGB").resize(size, Image.Resampling.BICUBIC)
            images[record.photo_id] = np.asarray(resized)
    return images
