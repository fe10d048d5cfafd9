"""Nodes of `data_processing`: raw arrays -> checked, split, aligned photos."""

from collections.abc import Mapping
from dataclasses import asdict

import numpy as np

from lfw17_kedro.faces.class_names import name_folder
from lfw17_kedro.faces.ids import check_ids, check_rows
from lfw17_kedro.faces.split import assign_folds, hold_out
from lfw17_kedro.faces.validate import check_faces
from lfw17_kedro.pipelines.data_processing.settings import (
    CopySettings,
    DetectionSettings,
    SplitSettings,
)
from lfw17_kedro.types import F32, F64, I64, U8, UNKNOWN, RawFaces, Table


def validate_raw_faces(
    raw_faces: RawFaces, height: int, width: int
) -> tuple[F32, I64, F32, I64, list[str], dict[str, str]]:
    """Check the raw arrays; see `check_faces` for results and errors.

    Returns:
        Those of `check_faces`, and the source's name and credit.
    """
    return *check_faces(raw_faces, height, width), asdict(raw_faces.source)


def split_originals(labels: I64, split: SplitSettings, seed: int) -> I64:
    """Give every original image its fold.

    Args:
        labels: (N,) int64, 0..K-1.
        split: the scheme and its numbers.
        seed: of the shuffle.

    Returns:
        (N,) int64 folds, `TRAIN_ONLY` (-1) for images that only train.
    """
    if split.scheme == "kfold":
        return assign_folds(labels, split.n_folds, seed)
    return hold_out(labels, split.validation_fraction, seed)


def augment_train_images(
    images: F32,
    labels: I64,
    folds: I64,
    class_names: list[str],
    augmentation: CopySettings,
    seed: int,
) -> tuple[F32, Table]:
    """Add the study's augmented copies, where they are asked for.

    Each copy takes its original's person and fold.

    Args:
        images: (N, H, W) float32, the originals, 0-255.
        labels: (N,) int64, 0..K-1.
        folds: (N,) int64, of `split_originals`.
        class_names: the K names.
        augmentation: how many copies of each image, and how they are changed.
        seed: of all randomness.

    Returns:
        (N * (1 + copies), H, W) float32, originals first, and the table whose row i
        describes image i: `id` (<person>/<original>, for copies with _<copy>),
        `person`, `label`, `original` (row of the original), `copy` (0 for the
        original) and `fold`.

    Raises:
        ValueError: images, labels and folds do not have the same length.
    """
    import pandas as pd

    from lfw17_kedro.faces.augment import augment_faces

    check_rows(images=images, labels=labels, folds=folds)
    if augmentation.copies:
        rng = np.random.default_rng(seed)
        copies = augment_faces(images, **augmentation.model_dump(), rng=rng)
        everything = np.concatenate([images, *copies])
    else:
        everything = images
    copy, original = np.divmod(np.arange(len(everything)), len(images))
    people = [class_names[label] for label in labels[original]]
    rows = zip(people, original, copy, strict=True)
    table = pd.DataFrame({"id": [_photo_id(*row) for row in rows], "person": people})
    table["label"] = labels[original]
    table["original"] = original
    table["copy"] = copy
    table["fold"] = folds[original]
    return everything, table


def _photo_id(person: str, original: int, copy: int) -> str:
    """Name a photo by its place in a jpg folder."""
    suffix = f"_{copy}" if copy else ""
    return f"{name_folder(person)}/{original:06d}{suffix}"


def list_test_images(labels: I64, class_names: list[str]) -> Table:
    """Describe the test images.

    Args:
        labels: (M,) int64, 0..K-1 or `UNKNOWN` (-1).
        class_names: the K names.

    Returns:
        One row per image: `id`, `person` (empty where unknown) and `label`.
    """
    import pandas as pd

    return pd.DataFrame(
        {
            "id": [f"{row:06d}" for row in range(len(labels))],
            "person": ["" if k == UNKNOWN else class_names[k] for k in labels],
            "label": labels,
        }
    )


def make_photos(images: F32, table: Table, short_side: int) -> Mapping[str, U8]:
    """Make photos named by their table, enlarged while they are saved.

    Raises:
        ValueError: images and table do not have the same length.
    """
    from lfw17_kedro.faces.photos import EnlargedImages

    check_rows(images=images, table=table)
    return EnlargedImages(images, table["id"], short_side)


def align_train_photos(
    photos: Mapping[str, U8],
    table: Table,
    detection: DetectionSettings,
    size: int,
) -> tuple[Table, U8, F64]:
    """Find and align the face of each training photo, in one pass.

    Photos without a face are aligned with the mean position of the others.

    Args:
        photos: id -> photo, opened when asked for.
        table: with the column `id`.
        detection: arguments of `find_faces`, and of MTCNN.
        size: side of the aligned faces, pixels.

    Returns:
        The detections (see `tabulate_detections`), the (N, size, size) uint8 grey
        aligned faces, and the mean position of the faces found, (7, 2) float64.

    Raises:
        ValueError: the photos are not those of the table, or no face was found in any.
    """
    return _align(photos, table, detection, size, None)


def align_test_photos(
    photos: Mapping[str, U8],
    table: Table,
    detection: DetectionSettings,
    size: int,
    mean_position: F64,
) -> tuple[Table, U8]:
    """Find and align the faces of the test photos.

    Photos without a face are aligned with the mean position of the training faces,
    so that the test set stays complete.

    Args: see `align_train_photos`, which gives the mean position.

    Returns:
        The detections and the aligned faces, as of the training photos.

    Raises:
        ValueError: the photos are not those of the table.
    """
    detections, aligned, _ = _align(photos, table, detection, size, mean_position)
    return detections, aligned


def _align(
    photos: Mapping[str, U8],
    table: Table,
    detection: DetectionSettings,
    size: int,
    mean_position: F64 | None,
) -> tuple[Table, U8, F64]:
    """Find and align the face of each photo of a table; see `align_photos`."""
    from lfw17_kedro.encoders.mtcnn import build_detector
    from lfw17_kedro.faces import detect
    from lfw17_kedro.faces.aligned import align_photos

    check_ids(list(photos), table, "photos")
    photo_ids = list(table["id"])
    found = detect.find_faces(
        photos,
        photo_ids,
        build_detector(detection.thresholds, detection.min_face_size),
        short_sides=detection.short_sides,
        padding=detection.padding,
        batch_size=detection.batch_size,
    )
    aligned, positions, confidences, mean_position = align_photos(
        found, photos, photo_ids, size, mean_position
    )
    detections = detect.tabulate_detections(photo_ids, positions, confidences)
    return detections, aligned, mean_position
