"""The parameters of `data_processing`."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from lfw17_kedro.faces.requirements import CountRequirement, Split
from lfw17_kedro.parameter_types import (
    Alternatives,
    Copies,
    Count,
    Folds,
    Fraction,
    NotNegative,
    Padding,
    Pixels,
    Probability,
    Settings,
)
from lfw17_kedro.types import SMALLEST_FACE


class SplitSettings(Settings):
    """How the original training images are divided to validate the methods."""

    ALTERNATIVES: ClassVar[Alternatives] = {
        "scheme": {"holdout": "validation_fraction", "kfold": "n_folds"}
    }

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
        name = self.ALTERNATIVES["scheme"][self.scheme]
        return Split(f"data_processing.split.{name}", getattr(self, name))


class CopySettings(Settings):
    """The study's offline augmentation: copies of each training image.

    A copy always stays in the split of its original.
    """

    COUNTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "copies": ("max_degrees", "rotation_probability", "flip_probability"),
        "rotation_probability": ("max_degrees",),
    }

    copies: Copies
    """Copies of each training image; 0 for none."""

    max_degrees: NotNegative
    """A copy is rotated by an angle between minus and plus this."""

    rotation_probability: Probability
    """Probability that a copy is rotated at all."""

    flip_probability: Probability
    """Probability that a copy is mirrored left to right."""


class DetectionSettings(Settings):
    """Face detection with MTCNN."""

    thresholds: Annotated[
        tuple[Probability, Probability, Probability], Field(strict=False)
    ]
    """Minimum scores of MTCNN's three stages: proposals, refinement, output."""

    short_sides: Annotated[tuple[Pixels, ...], Field(strict=False, min_length=1)]
    """Short side of the photos during detection, pixels. Every photo is searched at
    the first size, those without a face again at the next."""

    min_face_size: Annotated[float, Field(ge=SMALLEST_FACE, allow_inf_nan=False)]
    """Side of the smallest faces to be found, pixels of the photo at the size of
    detection. The larger, the faster."""

    padding: Padding
    """Edge pixels are repeated outwards by this fraction of the short side. Without
    padding MTCNN misses a third of the faces on the study's tight crops."""

    batch_size: Count
    """Photos that are searched together."""


class DataProcessingSettings(Settings):
    """How the raw faces become checked, divided, augmented and aligned photos."""

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

    detection: DetectionSettings
    """Detection of the face on each photo."""

    aligned_size: Pixels
    """Side of the aligned faces, pixels: rotated, scaled and shifted so that eyes, nose
    and mouth lie at the same place in all of them."""

    def count_requirements(self) -> list[CountRequirement]:
        """Say how many images of each person the split needs."""
        return [CountRequirement(self.split.division, "training")]
