"""Nodes of `data_processing`: raw arrays -> checked, split, augmented photos."""

from typing import Any

import numpy as np
import pandas as pd

from lfw17_kedro.faces.augment import augment_faces
from lfw17_kedro.faces.photos import enlarge_images
from lfw17_kedro.faces.split import assign_folds, hold_out
from lfw17_kedro.faces.validate import check_faces
from lfw17_kedro.types import F32, I64, U8, UNKNOWN, RawFaces


def validate_raw_faces(
    raw_faces: RawFaces, height: int, width: int
) -> tuple[F32, I64, F32, I64, list[str]]:
    """Check the raw arrays; see `check_faces` for results and errors."""
    return check_faces(raw_faces, height, width)


def split_originals(labels: I64, split: dict[str, Any], seed: int) -> I64:
    """Give every original image its fold.

    Args:
        labels: (N,) int64, 0..K-1.
        split: `scheme` ("holdout" or "kfold"), `validation_fraction` for the first,
            `n_folds` for the second.
        seed: of the shuffle.

    Returns:
        (N,) int64 folds, `TRAIN_ONLY` (-1) for images that only train.

    Raises:
        ValueError: unknown scheme, or a side would miss a person.
    """
    if split["scheme"] == "holdout":
        return hold_out(labels, split["validation_fraction"], seed)
    if split["scheme"] == "kfold":
        return assign_folds(labels, split["n_folds"], seed)
    raise ValueError(
        "data_processing.split.scheme: expected 'holdout' or 'kfold', got "
        f"{split['scheme']!r}."
    )


def augment_train_images(
    images: F32,
    labels: I64,
    folds: I64,
    class_names: list[str],
    augmentation: dict[str, Any],
    seed: int,
) -> tuple[F32, pd.DataFrame]:
    """Add the study's changed copies; each takes its original's person and fold.

    Args:
        images: (N, H, W) float32, the originals, 0-255.
        labels: (N,) int64, 0..K-1.
        folds: (N,) int64, of `split_originals`.
        class_names: the K names.
        augmentation: arguments of `augment_faces` but for images and chance.
        seed: of all chance.

    Returns:
        (N * (1 + copies), H, W) float32, originals first, and the table whose row i
        describes image i: `id` (<person>/<original>, for copies with _<copy>),
        `person`, `label`, `original` (row of the original), `copy` (0 for the
        original) and `fold`.
    """
    copies = augment_faces(images, **augmentation, rng=np.random.default_rng(seed))
    originals = range(len(images))
    table = pd.DataFrame(
        [
            (_photo_id(class_names[labels[original]], original, copy), copy, original)
            for copy in range(len(copies) + 1)
            for original in originals
        ],
        columns=["id", "copy", "original"],
    )
    table["label"] = labels[table["original"]]
    table["person"] = [class_names[label] for label in table["label"]]
    table["fold"] = folds[table["original"]]
    columns = ["id", "person", "label", "original", "copy", "fold"]
    return np.concatenate([images[None], copies]).reshape(-1, *images.shape[1:]), table[
        columns
    ]


def _photo_id(person: str, original: int, copy: int) -> str:
    """Name a photo by its place in a jpg folder."""
    suffix = f"_{copy}" if copy else ""
    return f"{person.replace(' ', '_')}/{original:06d}{suffix}"


def list_test_images(labels: I64, class_names: list[str]) -> pd.DataFrame:
    """Describe the test images.

    Args:
        labels: (M,) int64, 0..K-1 or `UNKNOWN` (-1).
        class_names: the K names.

    Returns:
        One row an image: `id`, `person` (empty where unknown) and `label`.
    """
    return pd.DataFrame(
        {
            "id": [f"{row:06d}" for row in range(len(labels))],
            "person": ["" if k == UNKNOWN else class_names[k] for k in labels],
            "label": labels,
        }
    )


def make_photos(images: F32, table: pd.DataFrame, short_side: int) -> dict[str, U8]:
    """Enlarge images into photos named by their table; see `enlarge_images`."""
    return enlarge_images(images, table["id"], short_side)
