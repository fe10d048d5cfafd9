"""The parameters of `enrol` and `identify`."""

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from lfw17_kedro.messages import advise_extra
from lfw17_kedro.parameter_types import (
    Count,
    Fraction,
    NotNegative,
    Padding,
    Pixels,
    Probability,
    Settings,
    refuse,
)
from lfw17_kedro.pipelines.encoder_settings import EncoderSettings
from lfw17_kedro.types import SMALLEST_FACE

if TYPE_CHECKING:
    from lfw17_kedro.people.scan import ScanSettings


class CopySizeSettings(Settings):
    """The size of the copy of a photo in which faces are searched."""

    min_short_side: Pixels
    """The short side of a smaller photo is enlarged to this, pixels."""

    max_short_side: Pixels
    """The short side of a larger photo is reduced to this, pixels."""

    padding: Padding
    """Edge pixels are repeated outwards by this fraction of the short side."""

    @model_validator(mode="after")
    def check_order(self) -> Self:
        """Refuse a largest size below the smallest, which would count alone."""
        if self.max_short_side < self.min_short_side:
            raise refuse(
                f"at least min_short_side ({self.min_short_side})", "max_short_side"
            )
        return self


class SearchSettings(Settings):
    """The search for all faces of a photo."""

    max_long_side: Annotated[int, Field(ge=64, le=20000)]
    """Larger photos are reduced to this long side when they are opened, pixels."""

    thresholds: Annotated[
        tuple[Probability, Probability, Probability], Field(strict=False)
    ]
    """Minimum scores of MTCNN's three stages: proposals, refinement, output."""

    min_face_size: Annotated[float, Field(ge=SMALLEST_FACE, allow_inf_nan=False)]
    """Side of the smallest faces to be found, pixels of the copy."""

    sizes: Annotated[tuple[CopySizeSettings, ...], Field(strict=False, min_length=1)]
    """Every photo is searched at the first size, those without a face at the next."""

    turn: bool
    """Search a photo that shows no face, and does not say which side is up, at 90, 180
    and 270 degrees too."""

    batch_size: Count
    """Photos, and faces, that are worked on together."""

    test_time_flip: bool
    """Average the embeddings of a face and its mirror image."""

    def to_scan_settings(self) -> "ScanSettings":
        """Give the settings of the scan in plain types."""
        from lfw17_kedro.faces.search import CopySize
        from lfw17_kedro.people.scan import ScanSettings

        return ScanSettings(
            max_long_side=self.max_long_side,
            sizes=tuple(CopySize(**size.model_dump()) for size in self.sizes),
            batch_size=self.batch_size,
            test_time_flip=self.test_time_flip,
            turn=self.turn,
        )


class QualitySettings(Settings):
    """What a face must have to be enrolled."""

    min_extent: NotNegative
    """Min distance between the eyes and the mouth, pixels of the photo."""

    min_sharpness: NotNegative
    """Min sharpness: variance of the Laplacian over the variance of the pixels."""

    max_different_bits: Annotated[int, Field(ge=0, le=64)]
    """Two photos whose difference hashes differ in at most this many of 64 bits, and
    whose faces agree, are the same picture."""


class GroupingSettings(Settings):
    """The groups of unknown faces that show one person."""

    max_distance: Annotated[float, Field(gt=0, lt=2)]
    """Max mean distance (1 - cosine) of the faces of a group."""

    min_faces: Count
    """Faces that make a group."""


class PeopleSettings(EncoderSettings):
    """Enrolling people and naming the faces of photos."""

    search: SearchSettings
    """The search for faces."""

    quality: QualitySettings
    """What a face must have to be enrolled."""

    false_accept_rate: Fraction
    """Fraction of strangers who may be given the name of somebody enrolled. From it and
    from the people enrolled follows the threshold of similarity."""

    grouping: GroupingSettings
    """The groups of unknown faces."""

    index: Literal["auto", "exact", "faiss"]
    """How similar people and faces are searched. exact: compare with all. faiss:
    compare with the likely ones; needs the extra `faiss`. auto: exact up to a million
    people and 300,000 unknown faces, faiss above if it is installed."""

    test_fraction: Probability
    """Fraction of each person's photos that test the methods of the study, which train
    on the others."""

    sidecars: bool
    """Write an XMP sidecar with the faces' places and names for each photo, for other
    programs."""

    @field_validator("index")
    @classmethod
    def _check_index(cls, index: str) -> str:
        """Refuse faiss before hours of search if it is not installed."""
        from lfw17_kedro.people.neighbour_index import FAISS, has_faiss

        if index == FAISS and not has_faiss():
            raise refuse(
                "auto or exact, as the package faiss is not installed (run "
                f"{advise_extra(FAISS)})"
            )
        return index
