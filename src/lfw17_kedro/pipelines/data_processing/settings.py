"""The parameters of `data_processing`."""

from typing import Literal

from lfw17_kedro.faces.requirements import CountRequirement, Split
from lfw17_kedro.parameter_types import (
    Copies,
    Folds,
    Fraction,
    NotNegative,
    Pixels,
    Probability,
    Settings,
)


class SplitSettings(Settings):
    """How the original training images are divided to validate the methods."""

    scheme: Literal["holdout", "kfold"]
    """holdout: one stratified part of the originals validates, the rest trains.
    kfold: each original validates once, in one of `n_folds` stratified folds."""

    validation_fraction: Fraction
    """Fraction of the originals that validate, for holdout."""

    n_folds: Folds
    """Number of folds, for kfold."""

    @property
    def division(self) -> Split:
        """The chosen scheme with its parameter."""
        name = "validation_fraction" if self.scheme == "holdout" else "n_folds"
        return Split(f"data_processing.split.{name}", getattr(self, name))


class CopySettings(Settings):
    """The study's offline augmentation: copies of each training image.

    A copy always stays in the split of its original.
    """

    copies: Copies
    """Copies of each training image; 0 for none."""

    max_degrees: NotNegative
    """A copy is rotated by an angle between minus and plus this."""

    rotation_probability: Probability
    """Probability that a copy is rotated at all."""

    flip_probability: Probability
    """Probability that a copy is mirrored left to right."""


class DataProcessingSettings(Settings):
    """How the raw faces become checked, divided and augmented photos."""

    height: Pixels
    """Rows of a raw image, pixels."""

    width: Pixels
    """Columns of a raw image, pixels."""

    split: SplitSettings
    """How the training images are divided to validate the methods."""

    augmentation: CopySettings
    """Augmented copies of the training images."""

    photo_short_side: Pixels
    """Photos are enlarged until their short side has this many pixels."""

    def count_requirements(self) -> list[CountRequirement]:
        """Say how many images of each person the split needs."""
        return [CountRequirement(self.split.division, "training")]
