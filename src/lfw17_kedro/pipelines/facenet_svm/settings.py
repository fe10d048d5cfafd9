"""The parameters of `facenet_svm`."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from lfw17_kedro.encoders.registry import ENCODERS
from lfw17_kedro.faces.requirements import CountRequirement, Split
from lfw17_kedro.parameter_types import (
    Count,
    Padding,
    Pixels,
    Positive,
    Probability,
    Settings,
    refuse,
)
from lfw17_kedro.pipelines.modelling.settings import MethodSettings

# Options that an encoder does not use.
UNUSED_OPTIONS = {"dlib_resnet": ("sha256", "standardisation")}

CALIBRATION_IMAGES = 2  # originals of each person: one fits the SVM, one calibrates it

CalibrationCount = Annotated[int, Field(ge=CALIBRATION_IMAGES)]
"""A number of images that suffices to calibrate the SVM."""


class EncoderOptions(Settings):
    """Options of the encoder; null where the encoder decides."""

    weights: str | None
    """Path of a weights file; null for the published one. facenet takes the model
    20180402-114759 as .zip, .pb or facenet-pytorch's .pt."""

    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None
    """SHA-256 that the weights file must have; null: the published one."""

    standardisation: Literal["prewhiten", "fixed"] | None
    """prewhiten: each face by its own mean and standard deviation (the study's).
    fixed: (x - 127.5) / 128. null: as the source of the weights does."""

    precision: Literal["auto", "float32", "bfloat16"]
    """Number format of the encoder. bfloat16 is twice as fast on processors that have
    it; auto takes it there."""


class DetectionSettings(Settings):
    """Face detection with MTCNN."""

    thresholds: Annotated[
        tuple[Probability, Probability, Probability], Field(strict=False)
    ]
    """Minimum scores of MTCNN's three stages: proposals, refinement, output."""

    short_sides: Annotated[tuple[Pixels, ...], Field(strict=False, min_length=1)]
    """Short side of the photos during detection, pixels. Every photo is searched at
    the first size, those without a face again at the next."""

    min_face_size: Annotated[float, Field(ge=12, allow_inf_nan=False)]
    """Side of the smallest faces to be found, pixels of the photo at the size of
    detection. The larger, the faster."""

    padding: Padding
    """Edge pixels are repeated outwards by this fraction of the short side. Without
    padding MTCNN misses a third of the faces on the study's tight crops."""

    batch_size: Count
    """Photos that are searched together."""


class EmbeddingSettings(Settings):
    """Embedding of the aligned faces."""

    batch_size: Count
    """Faces that are embedded together."""

    test_time_flip: bool
    """Average the embeddings of a face and its mirror image."""


class SvmSettings(Settings):
    """The SVM on the embeddings."""

    multi_class: Literal["one_vs_rest", "one_vs_one"]
    """one_vs_rest: an SVM for each person. one_vs_one: an SVM for each pair of people
    (the study's)."""

    C: Positive
    """Inverse of the regularisation strength."""

    nrof_train_images_per_class: CalibrationCount | None
    """At most this many images of a person train; null for all (the study: 200)."""

    min_nrof_images_per_class: Count
    """People with fewer training images are left out."""

    all_images_for_test: bool
    """Limit the images of a person in validation alone; the SVM that predicts the test
    set is trained on all (the study's)."""


class FacenetSvmSettings(MethodSettings):
    """A linear SVM on the embeddings of a published face encoder."""

    encoder: str
    """The network that turns an aligned face into an embedding. facenet is the
    study's."""

    encoder_options: EncoderOptions
    """Options of the encoder."""

    detection: DetectionSettings
    """Face detection."""

    embedding: EmbeddingSettings
    """Embedding of the faces."""

    svm: SvmSettings
    """The SVM."""

    @field_validator("encoder")
    @classmethod
    def _check_encoder(cls, encoder: str) -> str:
        """Refuse an encoder that nobody registered."""
        if encoder not in ENCODERS:
            raise refuse(f"one of {', '.join(ENCODERS)}")
        return encoder

    @field_validator("encoder_options")
    @classmethod
    def _check_options(cls, options: EncoderOptions, info: ValidationInfo) -> Any:
        """Refuse options that the encoder would ignore."""
        if (encoder := info.data.get("encoder")) is None:
            return options
        for name, value in options:
            if value is not None and name in UNUSED_OPTIONS.get(encoder, ()):
                takers = [x for x in ENCODERS if name not in UNUSED_OPTIONS.get(x, ())]
                raise refuse(
                    f"null with the encoder {encoder}, which does not use it "
                    f"(facenet_svm.encoder={' or '.join(takers)} does)",
                    name,
                )
        return options

    def require(self, method: str, split: Split, copies: int) -> CountRequirement:
        """Require the images for calibration, of each person not left out."""
        # The minimum counts copies too.
        leave_out_below = -(-self.svm.min_nrof_images_per_class // (1 + copies))
        return CountRequirement(
            split,
            method,
            CALIBRATION_IMAGES,
            "to calibrate its probabilities",
            leave_out_parameter=f"{method}.svm.min_nrof_images_per_class",
            leave_out_below=leave_out_below,
            copies=copies,
        )
