"""Check raw faces before anything is made from them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfw17_kedro.faces.class_names import check_class_names
from lfw17_kedro.types import F32, I64, MIN_PEOPLE, UNKNOWN, RawFaces

MAX_PIXEL = 255


def check_images(images: NDArray[Any], name: str, height: int, width: int) -> F32:
    """Check rows of pixels and give them as images.

    Args:
        images: (N, height * width) real numbers, 0-255.
        name: what to call the array in an error.
        height: rows of an image, pixels.
        width: columns of an image, pixels.

    Returns:
        (N, height, width) float32.

    Raises:
        ValueError: another shape or dtype, no image, NaN, values outside 0-255 or
            scaled to 0-1.
    """
    columns = height * width
    wanted = f"{name}: expected float32 (N, {columns}), rows of {height}x{width} pixels"
    if images.dtype.kind not in "fiu":
        raise ValueError(f"{wanted}, got dtype {images.dtype}; save it as float32.")
    if images.ndim != 2 or images.shape[1] != columns:  # noqa: PLR2004 (rows, columns)
        raise ValueError(
            f"{wanted}, got shape {images.shape}; reshape it, or correct "
            "the parameters data_processing.height and data_processing.width."
        )
    if not len(images):
        raise ValueError(
            f"{wanted} with at least one row, got none; add images. Of your own "
            "people, those with three photos or more give some to the test: see the "
            "parameter people.test_fraction."
        )
    if bad := int(np.count_nonzero(~np.isfinite(images).all(axis=1))):
        raise ValueError(
            f"{wanted}, 0-255, got NaN or infinity in {bad} of {len(images)} rows; "
            "repair or remove those rows."
        )
    low, high = float(images.min()), float(images.max())
    if low < 0 or high > MAX_PIXEL:
        raise ValueError(
            f"{wanted}, 0-255, got values from {low:g} to {high:g}; rescale them."
        )
    if high <= 1 and images.dtype.kind == "f":
        raise ValueError(
            f"{wanted}, 0-255, got values from {low:g} to {high:g}, which looks like "
            "a scale of 0-1; multiply by 255."
        )
    return images.astype(np.float32, copy=False).reshape(-1, height, width)


def check_labels(
    labels: NDArray[Any], name: str, rows: int, class_names: list[str]
) -> I64:
    """Check labels against their images and the people's names.

    Args:
        labels: (N,) integers, 0..K-1.
        name: what to call the array in an error.
        rows: how many images there are.
        class_names: the K names.

    Returns:
        (N,) int64.

    Raises:
        ValueError: another shape or dtype, or a label without a name.
    """
    wanted = f"{name}: expected int64 ({rows},), one label for each image"
    if labels.dtype.kind not in "iu":
        raise ValueError(f"{wanted}, got dtype {labels.dtype}; save it as int64.")
    if labels.shape != (rows,):
        raise ValueError(
            f"{wanted}, got shape {labels.shape}; images and labels must come from "
            "one export."
        )
    if labels.min() < 0 or labels.max() >= len(class_names):
        raise ValueError(
            f"{wanted}, each 0-{len(class_names) - 1} for {len(class_names)} people, "
            f"got {labels.min()} to {labels.max()}; renumber the labels, or "
            "correct class_names."
        )
    return labels.astype(np.int64)


def check_faces(
    raw: RawFaces, height: int, width: int
) -> tuple[F32, I64, F32, I64, list[str]]:
    """Check everything that a source of faces gave.

    Args:
        raw: the source's arrays.
        height: rows of an image, pixels.
        width: columns of an image, pixels.

    Returns:
        Train images (N, height, width) float32, train labels (N,) int64, test images
        (M, height, width) float32, test labels (M,) int64, `UNKNOWN` (-1) where
        they are unknown, and the K names. Images may share memory with `raw`.

    Raises:
        ValueError: says what was expected, what came and what to do.
    """
    class_names = check_class_names(raw.class_names)
    train_images = check_images(raw.train_images, "train images", height, width)
    test_images = check_images(raw.test_images, "test images", height, width)
    train_labels = check_labels(
        raw.train_labels, "train labels", len(train_images), class_names
    )
    absent = sorted(set(range(len(class_names))) - set(train_labels.tolist()))
    if absent:
        raise ValueError(
            f"train labels: expected images of each of {len(class_names)} people, "
            f"labels 0-{len(class_names) - 1} without a gap, got none for {absent}; "
            "renumber the labels, or correct class_names."
        )
    if len(class_names) < MIN_PEOPLE:
        raise ValueError(
            f"train labels: expected at least two people, got only {class_names}; add "
            "images of other people."
        )
    if raw.test_labels is None:
        test_labels = np.full(len(test_images), UNKNOWN, np.int64)
    else:
        test_labels = check_labels(
            raw.test_labels, "test labels", len(test_images), class_names
        )
    return train_images, train_labels, test_images, test_labels, class_names
