"""What a method must define so that the template can run it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from kedro.pipeline import Pipeline

from lfw17_kedro.pipelines.modelling.settings import MethodSettings
from lfw17_kedro.types import F64, Features, Table


class Fitted(NamedTuple):
    """What fitting gives.

    Attributes:
        model: whatever the method's `predict` takes; saved as `<method>.model`.
        metadata: what the metrics say of the model beside its scores, JSON-able.
        exports: the datasets of `Method.exports`, by name.
        history: one row per epoch (`network`, `epoch`, `loss`, `accuracy`, ...), None
            for methods that do not train in epochs.
    """

    model: Any
    metadata: dict[str, Any]
    history: Table | None = None
    exports: Mapping[str, Any] = MappingProxyType({})


class Fit(Protocol):
    """Fits a model on some rows of the training set."""

    def __call__(
        self,
        features: Features,
        table: Table,
        class_names: list[str],
        settings: Any,
        seed: int,
        *,
        final: bool,
        checkpoint: Path | None,
        validation: tuple[Features, Table] | None,
        **resources: Any,
    ) -> Fitted:
        """Fit.

        Args:
            features: of N training images.
            table: describes them: `id`, `label`, `original`, `copy`.
            class_names: the K names; label k is `class_names[k]`.
            settings: the method's parameters, an instance of `Method.settings`.
            seed: of all randomness.
            final: the model that predicts the test set, not one of validation.
            checkpoint: folder from which interrupted training resumes, None for
                methods that are not resumable.
            validation: features and table of the images that this model will
                validate, for monitoring only; None where there are none.
            resources: the datasets of `Method.resources`.
        """


class Predict(Protocol):
    """Predicts with a fitted model."""

    def __call__(self, model: Any, features: Features) -> F64:
        """Give (N, K) float64 probabilities, rows in the order of the features.

        Raises:
            ValueError: the features are not of the kind that the model was fitted on.
        """


@dataclass(frozen=True)
class Method:
    """One method to name the person in an image.

    Attributes:
        name: namespace of its nodes and datasets, name of its pipeline, and key of
            its parameters.
        settings: the type of its parameters, `params:<name>`.
        create_features: gives the nodes from photos or images to `train_features`
            and `test_features` (`Features`), and, if the metrics should say more,
            `feature_metadata` (JSON).
        fit: fits a model on rows of features.
        predict: predicts rows of features with a model.
        resumable: it trains in epochs: it has a history and a checkpoint.
        resources: further datasets of `create_features` that fitting needs, which
            come to `fit` as keyword arguments.
        exports: further datasets that the final fit makes, for other programs.
        embeds: its features have an array `vectors`, (N, D), in which faces of one
            person lie close together; the report shows a map of them.
    """

    name: str
    settings: type[MethodSettings]
    create_features: Callable[[], Pipeline]
    fit: Callable[..., Fitted]  # a `Fit`
    predict: Predict
    resumable: bool = False
    resources: tuple[str, ...] = ()
    exports: tuple[str, ...] = ()
    embeds: bool = False
