"""The parameters of `facenet_svm`."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lfw17_kedro.faces.requirements import CountRequirement, Split
from lfw17_kedro.parameter_types import (
    Count,
    Positive,
    Settings,
    refuse,
)
from lfw17_kedro.pipelines.encoder_settings import EncoderSettings
from lfw17_kedro.pipelines.modelling.settings import MethodSettings

CALIBRATION_IMAGES = 2  # originals of each person: one fits the SVM, one calibrates it

CalibrationCount = Annotated[int, Field(ge=CALIBRATION_IMAGES)]
"""A number of images that suffices to calibrate the SVM."""


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

    @model_validator(mode="after")
    def check_limit(self) -> Self:
        """Refuse an exception from a limit that there is not."""
        if self.all_images_for_test and self.nrof_train_images_per_class is None:
            expected = "false where nrof_train_images_per_class is null"
            raise refuse(expected, "all_images_for_test")
        return self


class FacenetSvmSettings(EncoderSettings, MethodSettings):
    """A linear SVM on the embeddings of a published face encoder."""

    embedding: EmbeddingSettings
    """Embedding of the faces."""

    svm: SvmSettings
    """The SVM."""

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
