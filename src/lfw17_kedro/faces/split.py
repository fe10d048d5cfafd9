"""Split images for validation, by original image.

Each original has a fold number. An image is validated by a model that was trained on
the other folds. Images with the number `TRAIN_ONLY` are never validated. Augmented
copies take their original's fold, so no copy of a validation image is trained on.
"""

from collections.abc import Iterator

import numpy as np

from lfw17_kedro.faces.requirements import MIN_IMAGES, count_validated, is_divisible
from lfw17_kedro.types import I64, Table

TRAIN_ONLY = -1


def hold_out(labels: I64, fraction: float, seed: int) -> I64:
    """Hold one stratified part out: fold 0 validates, `TRAIN_ONLY` trains.

    Args:
        labels: (N,) int64, 0..K-1, of the originals.
        fraction: fraction of the images to validate on, between 0 and 1.
        seed: seed of the shuffle.

    Returns:
        (N,) int64, 0 or `TRAIN_ONLY`.

    Raises:
        ValueError: too few images for every person to be in both splits. A person with
            few images may still be in one alone.
    """
    from sklearn.model_selection import train_test_split

    if not 0 < fraction < 1:
        raise ValueError(
            f"validation_fraction: expected between 0 and 1, got {fraction}."
        )
    _check_counts(labels, MIN_IMAGES, "the hold-out split", "or remove the person")
    counts = np.unique(labels, return_counts=True)[1]
    validated = count_validated(len(labels), fraction)
    if not is_divisible(counts, validated):
        raise ValueError(
            f"validation_fraction: expected both splits to hold all {len(counts)} "
            f"people, got {validated} of {len(labels)} images to validate on with "
            f"{fraction}; choose another fraction."
        )
    folds = np.full(len(labels), TRAIN_ONLY, np.int64)
    _, validation = train_test_split(
        np.arange(len(labels)), test_size=fraction, stratify=labels, random_state=seed
    )
    folds[validation] = 0
    return folds


def assign_folds(labels: I64, n_folds: int, seed: int) -> I64:
    """Assign images to stratified folds.

    Args:
        labels: (N,) int64, 0..K-1, of the originals.
        n_folds: number of folds, at least 2.
        seed: seed of the shuffle.

    Returns:
        (N,) int64, 0..n_folds-1.

    Raises:
        ValueError: fewer than two folds, or a person with fewer images than folds.
    """
    from sklearn.model_selection import StratifiedKFold

    if n_folds < 2:  # noqa: PLR2004 (one to train, one to validate)
        raise ValueError(f"n_folds: expected at least 2, got {n_folds}.")
    advice = "remove the person, or choose fewer folds"
    _check_counts(labels, n_folds, f"{n_folds} folds", advice)
    folds = np.full(len(labels), TRAIN_ONLY, np.int64)
    splitter = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    for fold, (_, validation) in enumerate(splitter.split(labels, labels)):
        folds[validation] = fold
    return folds


def select_originals(table: Table) -> Table:
    """Select the originals, in the order of the table.

    Args:
        table: of images, with the column `copy` (0 for an original).
    """
    return table[table["copy"] == 0]


def select_validated(table: Table) -> Table:
    """Select the originals that are validated, in the order of the table.

    Args:
        table: a table of images, with the columns `fold` and `copy` (0 for an
            original).
    """
    originals = select_originals(table)
    return originals[originals["fold"] != TRAIN_ONLY]


def iterate_folds(table: Table) -> Iterator[tuple[int, I64, I64]]:
    """Walk through the folds of a table of images.

    Args:
        table: a table of images, with the columns `fold` and `copy` (0 for an
            original).

    Yields:
        The fold, the rows to train on and the rows to validate on, (n,) int64: only
        originals are validated.
    """
    for fold in sorted(set(table["fold"]) - {TRAIN_ONLY}):
        validated = table["fold"] == fold
        originals = table["copy"] == 0
        yield (
            int(fold),
            np.flatnonzero(~validated),
            np.flatnonzero(validated & originals),
        )


def _check_counts(labels: I64, least: int, purpose: str, advice: str) -> None:
    """Refuse people with too few images for a split."""
    classes, counts = np.unique(labels, return_counts=True)
    if counts.min() < least:
        raise ValueError(
            f"expected at least {least} images of each person for {purpose}, got "
            f"{counts.min()} of the person with label {classes[counts.argmin()]}; add "
            f"images, {advice}."
        )
