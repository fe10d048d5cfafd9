"""Check that every person has enough training images for what the parameters ask.

All checks use the numbers of original images alone, so they run before any face is
detected or any network is trained. Shapes: K people.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from lfw17_kedro.types import I64

MIN_IMAGES = 2  # of each person in any split: one trains, one validates
MIN_PEOPLE = 2  # to tell apart


@dataclass(frozen=True)
class Split:
    """How a parameter divides the originals into training and validation images.

    Attributes:
        parameter: full name of the parameter that says how.
        value: of the parameter: a fraction of the images to validate on (float), or a
            number of folds (int).
    """

    parameter: str
    value: float | int

    def count_train_images(
        self, counts: I64, value: float | int | None = None
    ) -> I64 | None:
        """Give the fewest images of each person that remain to train on.

        Args:
            counts: (K,) int64, images of each person.
            value: another value of the parameter; None for `self.value`.

        Returns:
            (K,) int64, or None where the images cannot be divided like this.
        """
        value = self.value if value is None else value
        if isinstance(value, int):
            return counts - -(-counts // value) if counts.min() >= value else None
        return _hold_out(counts, self.count_validated(int(counts.sum()), value))

    def count_validated(self, n_images: int, value: float | int) -> int:
        """Give how many of all images validate at most; rounded up by scikit-learn."""
        if isinstance(value, int):
            return -(-n_images // value)
        return math.ceil(value * n_images)

    def list_values(self, counts: I64) -> list[float | int]:
        """Give the values worth trying, the nearest to the present one first."""
        if isinstance(self.value, int):
            values: list[float | int] = list(range(2, int(counts.max()) + 1))
            return sorted(values, key=self._distance)
        rough = [step / 100 for step in range(1, 100)]
        # With hundreds of people 0.33 can be too few images and 0.34 too many.
        fine = [step / 10_000 for step in range(1, 10_000)]
        return sorted(rough, key=self._distance) + sorted(fine, key=self._distance)

    def _distance(self, value: float | int) -> float:
        """Tell how far a value is from the present one."""
        return abs(value - self.value)


@dataclass(frozen=True)
class CountRequirement:
    """What one user of the training images needs after they were divided.

    Attributes:
        split: how the images are divided.
        who: the method that trains, or "training" for all of them.
        min_images: originals of each person in every training part.
        purpose: why more than one image is needed, e.g. "to calibrate".
        leave_out_parameter: full name of the parameter that leaves rare people out.
        leave_out_below: its value, in originals: people with fewer in a training part
            are not used there, so they need none.
        batch_parameter: full name of the parameter that sets the batch size, if the
            training part must fill a batch.
        batch_size: its value.
        copies: augmented copies of each original that are trained on too.
    """

    split: Split
    who: str
    min_images: int = 1
    purpose: str = "to train on"
    leave_out_parameter: str | None = None
    leave_out_below: int = 0
    batch_parameter: str | None = None
    batch_size: int = 1
    copies: int = 0

    def find_short(self, train: I64) -> I64:
        """Give the people with too few images in a training part.

        Args:
            train: (K,) int64, originals of each person that train.

        Returns:
            (n,) int64 rows of `train`, the fewest images first.
        """
        short = (train < self.min_images) & (train >= self.leave_out_below)
        rows = np.flatnonzero(short)
        return rows[np.argsort(train[rows], kind="stable")]

    def count_people(self, train: I64) -> int:
        """Give how many people are not left out of a training part."""
        return int(np.count_nonzero(train >= self.leave_out_below))

    def is_met(self, train: I64) -> bool:
        """Tell whether at least two people train, each with enough images."""
        return (
            not len(self.find_short(train)) and self.count_people(train) >= MIN_PEOPLE
        )


def check_counts(
    train_counts: Mapping[str, int], requirements: Sequence[CountRequirement]
) -> None:
    """Refuse parameters that ask for more training images than there are.

    Args:
        train_counts: person -> number of original training images, K people.
        requirements: of all settings that the run uses.

    Raises:
        ValueError: names every parameter that asks for too much, the person with the
            fewest images, and a value that works.
    """
    names = list(train_counts)
    counts = np.array(list(train_counts.values()), np.int64)
    ordered = sorted(requirements, key=lambda one: one.split.parameter)
    causes = [
        cause
        for split, group in groupby(ordered, key=lambda one: one.split)
        for cause in _check_split(names, counts, split, list(group))
    ]
    if causes:
        text = "\n".join(f"  {cause}" for cause in dict.fromkeys(causes))
        raise ValueError(f"too few training images for these parameters:\n{text}")


def _check_split(
    names: list[str], counts: I64, split: Split, group: list[CountRequirement]
) -> Iterator[str]:
    """Say what is wrong with one split, and which value of its parameter works."""
    train = split.count_train_images(counts)
    if train is None or not all(one.is_met(train) for one in group):
        yield (
            f"{split.parameter}={split.value} "
            f"{_describe_cause(names, counts, train, split, group)}: "
            f"{_advise(names, counts, split, group)}."
        )
    else:
        yield from _check_batches(int(counts.sum()), split, group)


def _describe_cause(
    names: list[str],
    counts: I64,
    train: I64 | None,
    split: Split,
    group: list[CountRequirement],
) -> str:
    """Say who has too few images for what."""
    fewest = int(counts.argmin())
    if train is None and isinstance(split.value, int):
        return (
            f"needs at least {split.value} training images of each person; "
            f"{names[fewest]} has {counts[fewest]}"
        )
    if train is None:
        n_images = int(counts.sum())
        return (
            "must leave an image of each person to train on and one to validate on; "
            f"it takes {split.count_validated(n_images, split.value)} of the "
            f"{n_images} images of {len(names)} people to validate on, and "
            f"{names[fewest]} has {counts[fewest]}"
        )
    one = next(one for one in group if not one.is_met(train))
    short = one.find_short(train)
    if not len(short):
        return (
            f"leaves {one.count_people(train)} people with at least the "
            f"{one.leave_out_below} training images that {one.leave_out_parameter} "
            f"asks for; {one.who} needs at least {MIN_PEOPLE} people"
        )
    row = int(short[0])
    return (
        f"leaves {train[row]} of the {counts[row]} training images of {names[row]} to "
        f"train on; {one.who} needs at least {one.min_images} {one.purpose}"
    )


def _advise(
    names: list[str], counts: I64, split: Split, group: list[CountRequirement]
) -> str:
    """Name a value that works for everybody, or else the number of images needed."""
    for value in split.list_values(counts):
        train = split.count_train_images(counts, value)
        if train is not None and all(one.is_met(train) for one in group):
            return f"use {split.parameter.rpartition('.')[2]}={value}, or add photos"
    strictest = max(group, key=lambda one: one.min_images)
    needed = max(strictest.min_images + 1, strictest.leave_out_below + 1)
    rare = [person for person, n in zip(names, counts, strict=True) if n < needed]
    advice = (
        f"no value works with fewer than {needed} training images of each person, "
        f"{needed - 1} to train on and 1 to validate on; add photos of "
        f"{_list_some(rare) or 'them'}"
    )
    if not strictest.leave_out_parameter:
        return advice
    if len(names) - len(rare) >= MIN_PEOPLE:
        limit = (strictest.min_images - 1) * (1 + strictest.copies) + 1
        advice += f", or leave them out with {strictest.leave_out_parameter}={limit}"
    return f"{advice}, or run the pipelines of the other methods alone"


def _check_batches(
    n_images: int, split: Split, group: list[CountRequirement]
) -> Iterator[str]:
    """Say which batches the training images do not fill."""
    n_train = n_images - split.count_validated(n_images, split.value)
    for one in group:
        rows = n_train * (1 + one.copies)
        if one.batch_parameter and one.batch_size > rows:
            name = one.batch_parameter.rpartition(".")[2]
            yield (
                f"{one.batch_parameter}={one.batch_size} needs as many training "
                f"images; {split.parameter}={split.value} leaves {rows}: use "
                f"{name}={rows} or less, or add photos."
            )


def _hold_out(counts: I64, validated: int) -> I64 | None:
    """Give the training images of each person as a stratified hold-out leaves them.

    scikit-learn gives each person the whole part of the exact proportion, and the
    images that remain to the largest remainders; it draws lots among equal remainders,
    so here none of these people gets one more.
    """
    n_images, n_people = int(counts.sum()), len(counts)
    if not n_people <= validated <= n_images - n_people or counts.min() < MIN_IMAGES:
        return None
    proportions = counts * (n_images - validated)
    train, remainders = proportions // n_images, proportions % n_images
    unserved = np.sort(remainders)[::-1][n_images - validated - train.sum()]
    return np.asarray(train + (remainders > unserved), np.int64)


def _list_some(names: list[str], limit: int = 3) -> str:
    """Write a few names, and how many more there are."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
