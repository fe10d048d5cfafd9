"""The parameters of `transfer_learning`."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from lfw17_kedro.encoders.inception_v3 import MIN_SIZE
from lfw17_kedro.faces.requirements import CountRequirement, Split
from lfw17_kedro.parameter_types import (
    Alternatives,
    Count,
    CountOrZero,
    DropProbability,
    NotNegative,
    OptimizerKind,
    OptimizerSettings,
    Pixels,
    Positive,
    Probability,
    Settings,
    WarpSettings,
    list_alternatives,
    refuse,
)
from lfw17_kedro.pipelines.modelling.settings import MethodSettings, NetworkCounts

InceptionSide = Annotated[int, Field(ge=MIN_SIZE)]
"""Pixels; on smaller images Keras's InceptionV3 runs out of rows or columns."""


class BackboneSettings(Settings):
    """What differs between the backbones."""

    height: Pixels
    """Rows of the images that the backbone gets, pixels."""

    width: Pixels
    """Columns of these images, pixels."""

    aligned_size: Pixels
    """Side of the aligned faces that the backbone gets, pixels."""

    precision: Literal["auto", "float32", "bfloat16"]
    """Numbers to compute with. auto: bfloat16 where the processor has it in hardware,
    elsewhere float32."""

    fine_tuned_layers: CountOrZero | None
    """Layers with weights that learn after the head, counted from the top, the head
    among them; null for all, 0 for none."""

    weights: str | None
    """Path of a weights file; null: the published weights, of the installed package
    for efficientnet_lite0, downloaded once by Keras (88 MB) for inception_v3."""


class InceptionSettings(BackboneSettings):
    """InceptionV3, the study's backbone."""

    height: InceptionSide
    """Rows of the images that the backbone gets, pixels."""

    width: InceptionSide
    """Columns of these images, pixels."""

    aligned_size: InceptionSide
    """Side of the aligned faces that the backbone gets, pixels."""


class Backbones(Settings):
    """The settings of each backbone; `backbone` chooses one."""

    efficientnet_lite0: BackboneSettings
    """EfficientNet-Lite0; its weights come with an installed package."""

    inception_v3: InceptionSettings
    """InceptionV3, the study's."""


class RecipeSettings(Settings):
    """How long to fine-tune, how fast, on how large batches."""

    batch_size: Count
    """Images of one step; at most as many as there are training images."""

    fine_tuning_epochs: CountOrZero
    """Passes over the training images while fine-tuning; 0 trains the head alone."""

    learning_rate: Positive
    """The largest learning rate of the fine-tuning."""


class Recipes(Settings):
    """The two lengths of fine-tuning; `recipe` chooses one."""

    short: RecipeSettings
    """For a first result within minutes."""

    long: RecipeSettings
    """For the competition's images."""


class HeadSettings(Settings):
    """Training of the head on the features of the frozen backbone."""

    epochs: Count
    """Passes over the training images."""

    optimizer: OptimizerSettings
    """The optimizer of the head."""


class FineTuningSettings(Settings):
    """Training of the last layers, after the head."""

    head_lr_multiplier: Positive
    """The head learns this many times as fast as the layers below it; 1 with sgd."""

    optimizer: OptimizerKind
    """The optimizer of the fine-tuning; each recipe has its learning rate."""

    @model_validator(mode="after")
    def check_multiplier(self) -> Self:
        """Refuse a multiplier that sgd would square; see `networks.attach_head`."""
        if self.optimizer.name == "sgd" and self.head_lr_multiplier != 1:
            raise refuse("1 with the optimizer sgd", "head_lr_multiplier")
        return self


class ImageSettings(WarpSettings):
    """Random changes of a training image, drawn again in each epoch."""

    max_brightness: NotNegative
    """Brightness changes by up to this fraction of 255, either way."""

    max_contrast: Probability
    """Contrast changes by up to this fraction, either way."""


class TrainingSettings(Settings):
    """Training of the head and of the layers below it."""

    label_smoothing: DropProbability
    """Fraction of the target probability that is spread over all class names."""

    dropout: DropProbability
    """Probability that a feature is dropped before the head."""

    test_time_flip: bool
    """Average the probabilities of an image and its mirror image."""

    head: HeadSettings
    """First the head alone is trained."""

    fine_tuning: FineTuningSettings
    """Then the last layers are trained."""

    augmentation: ImageSettings
    """Random changes of each image while fine-tuning."""


def list_fields(
    group: str, alternatives: type[Settings], field: str
) -> tuple[str, ...]:
    """Name a field of each alternative: recipes.short.epochs, recipes.long.epochs."""
    names = list_alternatives(group, alternatives).values()
    return tuple(f"{name}.{field}" for name in names)


# Read while fine-tuning alone. The head is trained before, on fixed features.
FINE_TUNING = (
    "training.dropout",
    "training.fine_tuning",
    "training.augmentation",
    *list_fields("recipes", Recipes, "learning_rate"),
)


class TransferLearningSettings(MethodSettings):
    """Networks trained on ImageNet and retrained on the faces."""

    ALTERNATIVES: ClassVar[Alternatives] = {
        "backbone": list_alternatives("backbones", Backbones),
        "recipe": list_alternatives("recipes", Recipes),
    }
    COUNTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "networks.original": (
            *list_fields("backbones", Backbones, "height"),
            *list_fields("backbones", Backbones, "width"),
        ),
        "networks.aligned": list_fields("backbones", Backbones, "aligned_size"),
        "recipes.{recipe}.fine_tuning_epochs": (
            *list_fields("backbones", Backbones, "fine_tuned_layers"),
            *FINE_TUNING,
        ),
        "backbones.{backbone}.fine_tuned_layers": (
            *list_fields("recipes", Recipes, "fine_tuning_epochs"),
            *FINE_TUNING,
        ),
    }

    backbone: Literal["efficientnet_lite0", "inception_v3"]
    """Which of the `backbones` to retrain."""

    backbones: Backbones
    """The settings of each backbone."""

    networks: NetworkCounts
    """Networks that are retrained; their probabilities are averaged."""

    recipe: Literal["short", "long"]
    """Which of the `recipes` to train with."""

    recipes: Recipes
    """The two lengths of fine-tuning."""

    training: TrainingSettings
    """Training of the head and of the layers below it."""

    @property
    def chosen_backbone(self) -> BackboneSettings | InceptionSettings:
        """The settings of the chosen backbone."""
        chosen: BackboneSettings = getattr(self.backbones, self.backbone)
        return chosen

    @property
    def chosen_recipe(self) -> RecipeSettings:
        """The chosen recipe."""
        chosen: RecipeSettings = getattr(self.recipes, self.recipe)
        return chosen

    @property
    def fine_tuning_optimizer(self) -> OptimizerSettings:
        """The optimizer of the fine-tuning, with the rate of the chosen recipe."""
        kind, rate = (
            self.training.fine_tuning.optimizer,
            self.chosen_recipe.learning_rate,
        )
        return OptimizerSettings(**kind.model_dump(), learning_rate=rate)

    def require(self, method: str, split: Split, copies: int) -> CountRequirement:
        """Require an image of each person, and a full batch."""
        return CountRequirement(
            split,
            method,
            batch_parameter=f"{method}.recipes.{self.recipe}.batch_size",
            batch_size=self.chosen_recipe.batch_size,
            copies=copies,
        )
