"""The parameters of `scratch_cnn`."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from lfw17_kedro.faces.requirements import CountRequirement, Split
from lfw17_kedro.parameter_types import (
    Alternatives,
    Count,
    CountOrZero,
    DropProbability,
    OptimizerSettings,
    Pixels,
    Settings,
    Units,
    WarpSettings,
    list_alternatives,
    refuse,
)
from lfw17_kedro.pipelines.modelling.settings import MethodSettings, NetworkCounts


class ResnetSettings(Settings):
    """The shape of the small residual network."""

    widths: Annotated[tuple[Units, ...], Field(strict=False, min_length=1)]
    """Channels of each stage."""

    blocks: Annotated[tuple[CountOrZero, ...], Field(strict=False, min_length=1)]
    """Residual blocks of each stage, as many numbers as `widths` has."""

    dense: Units
    """Units of the dense layer."""

    dropout: DropProbability
    """Probability that a unit is dropped, before and after the dense layer."""

    @field_validator("blocks")
    @classmethod
    def _check_blocks(cls, blocks: tuple[int, ...], info: ValidationInfo) -> Any:
        """Refuse stages without a width or without a number of blocks."""
        widths = info.data.get("widths", blocks)
        if len(widths) != len(blocks):
            raise refuse(f"as many numbers as widths has: {len(widths)}")
        return blocks


class PublishedNetworkSettings(Settings):
    """What can be chosen in the study's own network."""

    dropout: DropProbability
    """Probability that a unit is dropped after each dense layer; the study's is
    0.725."""


class ArchitectureSettings(Settings):
    """A network and its training."""

    epochs: Count | None
    """Passes over the training images; null where `steps` says how long to train."""

    steps: Count | None
    """Batches to train on, rounded up to whole epochs; null where `epochs` says."""

    batch_size: Count
    """Images of one step; at most as many as there are training images."""

    augmentation: WarpSettings | None
    """Random changes of each image, drawn again in every epoch; null for none."""

    test_time_flip: bool
    """Average the probabilities of an image and its mirror image."""

    label_smoothing: DropProbability
    """Fraction of the target probability that is spread over all class names."""

    optimizer: OptimizerSettings
    """The optimizer."""

    @field_validator("steps")
    @classmethod
    def _check_duration(cls, steps: int | None, info: ValidationInfo) -> Any:
        """Refuse settings with neither `epochs` nor `steps`, or with both."""
        if "epochs" in info.data and (info.data["epochs"] is None) == (steps is None):
            raise refuse(
                "null because epochs is a number (set epochs=null to train by steps)"
                if steps
                else "a number of at least 1 because epochs is null"
            )
        return steps


class ResnetArchitecture(ArchitectureSettings):
    """A small residual network and its training."""

    network: ResnetSettings
    """The shape of the network."""


class PublishedArchitecture(ArchitectureSettings):
    """The study's own network and its training."""

    network: PublishedNetworkSettings
    """What can be chosen in the network."""


class Architectures(Settings):
    """The settings of each architecture; `architecture` chooses one."""

    small_resnet: ResnetArchitecture
    """A residual network that trains on a CPU in a few minutes."""

    resnet: ResnetArchitecture
    """A larger residual network for the competition's images."""

    published: PublishedArchitecture
    """The study's own network and training: hours on a CPU."""


class ScratchCnnSettings(MethodSettings):
    """Networks trained from random weights on the grey images and the aligned faces."""

    ALTERNATIVES: ClassVar[Alternatives] = {
        "architecture": list_alternatives("architectures", Architectures)
    }
    COUNTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "networks.aligned": ("aligned_size",)
    }

    architecture: Literal["small_resnet", "resnet", "published"]
    """Which of the `architectures` to train. published trains for hours on a CPU."""

    precision: Literal["auto", "float32", "bfloat16"]
    """Numbers to compute with. auto: bfloat16 where the processor has it in hardware,
    elsewhere float32."""

    networks: NetworkCounts
    """Networks that are trained; their probabilities are averaged."""

    aligned_size: Pixels
    """Side of the aligned faces, pixels."""

    architectures: Architectures
    """The settings of each architecture."""

    @property
    def chosen(self) -> ResnetArchitecture | PublishedArchitecture:
        """The settings of the chosen architecture."""
        chosen: ResnetArchitecture | PublishedArchitecture = getattr(
            self.architectures, self.architecture
        )
        return chosen

    def require(self, method: str, split: Split, copies: int) -> CountRequirement:
        """Require an image of each person, and a full batch."""
        return CountRequirement(
            split,
            method,
            batch_parameter=f"{method}.architectures.{self.architecture}.batch_size",
            batch_size=self.chosen.batch_size,
            copies=copies,
        )
