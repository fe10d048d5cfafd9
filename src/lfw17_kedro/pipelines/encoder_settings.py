"""The parameters that choose an encoder, of whatever pipeline embeds faces."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from lfw17_kedro.encoders.registry import ENCODERS, find_unused
from lfw17_kedro.parameter_types import Settings, refuse
from lfw17_kedro.types import EncoderOptions


class EncoderOptionSettings(Settings):
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

    def to_options(self) -> EncoderOptions:
        """Give the options in plain types, as encoders take them."""
        return EncoderOptions(**self.model_dump())


class EncoderSettings(Settings):
    """The encoder of faces."""

    encoder: str
    """The network that turns an aligned face into an embedding. facenet is the
    study's."""

    encoder_options: EncoderOptionSettings
    """Options of the encoder."""

    @field_validator("encoder")
    @classmethod
    def _check_encoder(cls, encoder: str) -> str:
        """Refuse an encoder that nobody registered."""
        if encoder not in ENCODERS:
            raise refuse(f"one of {', '.join(ENCODERS)}")
        return encoder

    @field_validator("encoder_options")
    @classmethod
    def _check_options(
        cls, options: EncoderOptionSettings, info: ValidationInfo
    ) -> Any:
        """Refuse options that the encoder would ignore."""
        encoder = info.data.get("encoder")
        if encoder and (problem := find_unused(encoder, options.model_dump())):
            option, advice = problem
            raise refuse(advice, option)
        return options
