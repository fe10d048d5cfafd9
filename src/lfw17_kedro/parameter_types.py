"""The types of the parameters: the base of all settings and the ranges of values.

A settings class is a group of parameters. Its fields are the only place that says what
a parameter means and which values it takes. The values themselves stand in `conf/`.

YAML has types, so nothing is converted: `"5"` is not a number and 1 is not `true`. But
a whole number is accepted where any number is, and a list becomes a tuple.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

Count = Annotated[int, Field(ge=1)]
"""A number of things, at least 1."""

CountOrZero = Annotated[int, Field(ge=0)]
"""A number of things that may be 0."""

Pixels = Annotated[int, Field(ge=1, le=4096)]
"""The side of an image. Larger ones would fill the memory of any machine."""

Copies = Annotated[int, Field(ge=0, le=100)]
"""A number of copies of every training image, all of them in memory at once."""

Units = Annotated[int, Field(ge=1, le=65536)]
"""Channels or units of a layer. Larger ones would fill the memory of any machine."""

Folds = Annotated[int, Field(ge=2)]
"""A number of folds: at least one to train on and one to validate on."""

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
"""A number above 0."""

Padding = Annotated[float, Field(ge=0, le=4)]
"""A fraction of an image's side that is added around it: 4 makes 81 images of one."""

NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""A number of at least 0."""

Probability = Annotated[float, Field(ge=0, le=1)]
"""A number from 0 to 1."""

DropProbability = Annotated[float, Field(ge=0, lt=1)]
"""A probability below 1: with 1 there would be nothing to learn from."""

Fraction = Annotated[float, Field(gt=0, lt=1)]
"""A fraction above 0 and below 1."""

Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
"""What NumPy, scikit-learn and Keras all accept as a seed."""


Alternatives = Mapping[str, Mapping[str, str]]
"""Field that chooses -> value that it takes -> field that is read with this value
alone, a name such as `architectures.resnet`."""


class Settings(BaseModel):
    """A group of parameters: no unknown names, no conversions, read-only.

    Attributes:
        ALTERNATIVES: fields of which only that of the chosen alternative is read, see
            `Alternatives`.
        COUNTS: field that says how many things there are -> fields or groups of
            fields that nothing else reads: with 0 nothing does. All are names such as
            `networks.aligned`; the first may take the value of a field in braces:
            `recipes.{recipe}.epochs`.
    """

    ALTERNATIVES: ClassVar[Alternatives] = {}
    COUNTS: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True
    )


def list_alternatives(group: str, settings: type[Settings]) -> dict[str, str]:
    """List the fields of a group of which one is chosen, see `Alternatives`.

    Args:
        group: field that holds the group.
        settings: of the group.
    """
    return {name: f"{group}.{name}" for name in settings.model_fields}


def refuse(expected: str, *path: str) -> PydanticCustomError:
    """Make the error of a rule that joins several parameters.

    Args:
        expected: what the parameter must be, and what to do; "expected" and the value
            that came are put around it.
        path: the wrong parameter, inside the one whose validator raises this.
    """
    context = {"expected": expected, "path": list(path)}
    return PydanticCustomError("rule", "{expected}", context)


class OptimizerKind(Settings):
    """An optimizer whose learning rate stands elsewhere."""

    name: Literal["adamw", "sgd"]
    """adamw: the learning rate rises during the warm-up, then falls along a cosine to
    0 (Loshchilov and Hutter 2017). sgd: plain gradient descent at a constant rate."""

    weight_decay: NotNegative
    """Weight decay of adamw, for kernels only; 0 with sgd."""

    warmup: Probability
    """Fraction of the steps over which adamw's learning rate rises; 0 with sgd."""

    @model_validator(mode="after")
    def check_use(self) -> Self:
        """Refuse what sgd would ignore."""
        for field in ("weight_decay", "warmup"):
            if self.name == "sgd" and getattr(self, field):
                raise refuse("0 with the optimizer sgd", field)
        return self


class OptimizerSettings(OptimizerKind):
    """The optimizer of a network's training."""

    learning_rate: Positive
    """The largest learning rate."""


class WarpSettings(Settings):
    """Random geometric changes of a training image, drawn again in each epoch."""

    flip_probability: Probability
    """Probability that an image is mirrored left to right."""

    max_degrees: NotNegative
    """An image is rotated by up to this angle, either way."""

    max_shift: NotNegative
    """An image is shifted by up to this fraction of its width and height."""

    max_zoom: NotNegative
    """An image is scaled by up to exp(this), either way: 0.12 is 12 %."""


class RunSettings(Settings):
    """How runs behave, whatever they make."""

    stale_inputs: Literal["refuse", "warn"]
    """Results of earlier runs that were made with other settings, data or code.
    refuse: a run that reads one ends at once. warn: it uses them."""

    max_wait: NotNegative
    """Seconds to wait while another run of the same source is under way."""
