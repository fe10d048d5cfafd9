"""How many training images of each person a split and a method need. K people."""

import math
from dataclasses import dataclass, replace

import numpy as np

from lfw17_kedro.types import I64, MIN_PEOPLE

MIN_IMAGES = 2  # of each person in any split: one trains, one validates


@dataclass(frozen=True)
class Split:
    """How a parameter divides the originals into training and validation images.

    Attributes:
        parameter: full name of the parameter that says how.
        value: the parameter's value: a fraction of the images to validate on (float),
            or a number of folds (int).
        optional: whether null as the value switches this split off.
    """

    parameter: str
    value: float | int
    optional: bool = False

    @property
    def name(self) -> str:
        """The parameter without its groups."""
        return self.parameter.rpartition(".")[2]

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
        return _hold_out(counts, count_validated(int(counts.sum()), value))

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
        enough_people = self.count_people(train) >= MIN_PEOPLE
        return enough_people and not len(self.find_short(train))

    def leave_out_rare(self) -> tuple["CountRequirement", int]:
        """Give this requirement without the people that have too few images.

        Returns:
            The requirement, and the value that `leave_out_parameter` then has: it
            counts copies too.
        """
        limit = (self.min_images - 1) * (1 + self.copies) + 1
        return replace(self, leave_out_below=self.min_images), limit


def count_validated(n_images: int, value: float | int) -> int:
    """Give the max number of images that validate; scikit-learn rounds up.

    Args:
        n_images: that are divided.
        value: a fraction of them (float), or a number of folds (int).
    """
    if isinstance(value, int):
        return -(-n_images // value)
    return math.ceil(value * n_images)


def is_divisible(counts: I64, validated: int) -> bool:
    """Tell whether a hold-out can have every person in both of its parts.

    Args:
        counts: (K,) int64, images of each person.
        validated: how many of the images validate.
    """
    n_images, n_people = int(counts.sum()), len(counts)
    enough_images = bool(counts.min() >= MIN_IMAGES)
    return enough_images and n_people <= validated <= n_images - n_people


def _hold_out(counts: I64, validated: int) -> I64 | None:
    """Give the min training images of each person after a stratified hold-out.

    scikit-learn gives each person the whole part of the exact proportion, and the
    images that remain to the largest remainders. Among equal remainders it samples, so
    here none of these people gets one more.
    """
    if not is_divisible(counts, validated):
        return None
    n_images = int(counts.sum())
    proportions = counts * (n_images - validated)
    train, remainders = proportions // n_images, proportions % n_images
    unserved = np.sort(remainders)[::-1][n_images - validated - train.sum()]
    return np.asarray(train + (remainders > unserved), np.int64)
