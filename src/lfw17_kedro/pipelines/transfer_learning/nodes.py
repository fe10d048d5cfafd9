"""What is `transfer_learning`'s own: an ImageNet network retrained on faces."""

from pathlib import Path

from lfw17_kedro.encoders.registry import BACKBONES
from lfw17_kedro.keras_random import seed_training
from lfw17_kedro.lineage.code_version import hash_code
from lfw17_kedro.pipelines.modelling import Fitted
from lfw17_kedro.pipelines.transfer_learning.features import POOLED
from lfw17_kedro.pipelines.transfer_learning.settings import (
    Backbones,
    TransferLearningSettings,
)
from lfw17_kedro.precision import choose_policy, use_policy
from lfw17_kedro.training.batches import count_steps
from lfw17_kedro.training.ensemble import join_networks, train_networks
from lfw17_kedro.training.ensemble import predict as predict_views
from lfw17_kedro.training.fit import train_classifier
from lfw17_kedro.training.optimizers import make_optimizer
from lfw17_kedro.types import (
    F32,
    F64,
    I64,
    U8,
    Features,
    Network,
    ReadWeights,
    Table,
)

FINE_TUNING = "fine_tuning"  # the second stage of training


def build_backbone(
    name: str, backbones: Backbones, read_weights: ReadWeights
) -> Network:
    """Build the chosen ImageNet network, without its classifier.

    Args:
        name: a key of `BACKBONES`.
        backbones: the settings of each.
        read_weights: reads published weights.

    Returns:
        Maps (N, height, width, 3) RGB images, 0-255, to (N, h, w, D) features.

    Raises:
        ValueError, OSError: see the builders of `encoders`.
    """
    chosen = getattr(backbones, name)
    with use_policy(choose_policy(chosen.precision)):
        return BACKBONES[name](
            read_weights, chosen.height, chosen.width, chosen.weights
        )


def fit(
    features: Features,
    table: Table,
    class_names: list[str],
    settings: TransferLearningSettings,
    seed: int,
    *,
    final: bool,
    checkpoint: Path,
    validation: tuple[Features, Table] | None,
    backbone: Network,
) -> Fitted:
    """Retrain the networks of the settings and average them; see `Fit`.

    Of each, first the head on pooled features, then some or all layers. The backbone,
    of `build_backbone`, is not changed.
    """
    labels = table["label"].to_numpy()
    validated = validation and (validation[0].arrays, validation[1]["label"].to_numpy())

    def train(view: str, own_seed: int, folder: Path) -> tuple[Network, Table]:
        pooled = view + POOLED
        return _train_network(
            backbone,
            features.arrays[view],
            features.arrays[pooled],
            labels,
            len(class_names),
            settings,
            own_seed,
            folder,
            validated and (validated[0][view], validated[1]),
            validated and (validated[0][pooled], validated[1]),
        )

    networks, history = train_networks(settings.networks.views, train, seed, checkpoint)
    chosen = settings.chosen_backbone
    sizes = {
        "original": [chosen.height, chosen.width],
        "aligned": [chosen.aligned_size, chosen.aligned_size],
    }
    metadata = {
        "backbone": settings.backbone,
        "networks": settings.networks.model_dump(),
        "explanation": settings.networks.explain(),
        "image_sizes": {view: sizes[view] for view in settings.networks.views},
        "precision": choose_policy(chosen.precision),
        "fine_tuned_layers": chosen.fine_tuned_layers,
        "fine_tuning_epochs": int(
            history.loc[history["stage"] == FINE_TUNING, "epoch"].nunique()
        ),
        "train_images": len(features),
    }
    model = join_networks(networks, settings.training.test_time_flip)
    return Fitted(model, metadata, history)


def predict(model: Network, features: Features) -> F64:
    """Predict with the retrained networks; see `Predict`."""
    return predict_views(model, features.arrays)


def build_network(
    backbone: Network,
    head: Network,
    settings: TransferLearningSettings,
    height: int,
    width: int,
) -> Network:
    """Put a trained head on a copy of the backbone, ready to be fine-tuned.

    Args:
        backbone: of `build_backbone`; not changed.
        head: of `networks.build_head`.
        settings: of the method.
        height: rows of the images, pixels.
        width: columns of the images, pixels.

    Returns:
        Maps (N, height, width, 3) RGB images, 0-255, to (N, K) float32 logits. Of its
        layers, those learn that the settings say.
    """
    from lfw17_kedro.pipelines.transfer_learning.networks import (
        attach_head,
        resize_backbone,
        unfreeze_layers,
    )

    training, chosen = settings.training, settings.chosen_backbone
    with use_policy(choose_policy(chosen.precision)):
        network = attach_head(
            resize_backbone(backbone, height, width),
            head,
            training.dropout,
            training.fine_tuning.head_lr_multiplier,
        )
    unfreeze_layers(network, chosen.fine_tuned_layers)
    return network


def _train_network(
    backbone: Network,
    images: U8,
    pooled: F32,
    labels: I64,
    n_classes: int,
    settings: TransferLearningSettings,
    seed: int,
    checkpoint: Path,
    validation: tuple[U8, I64] | None,
    pooled_validation: tuple[F32, I64] | None,
) -> tuple[Network, Table]:
    """Train a head, then the layers below it; gives network and history."""
    import pandas as pd

    from lfw17_kedro.pipelines.transfer_learning.networks import build_head

    common = labels, settings, seed, checkpoint
    with seed_training(seed):
        head = build_head(pooled.shape[1], n_classes)
        histories = [_train_head(head, pooled, *common, pooled_validation)]
        network = build_network(backbone, head, settings, *images.shape[1:3])
        tuned = _fine_tune(network, images, *common, validation)
    if tuned is not None:
        tuned["epoch"] += settings.training.head.epochs
        histories.append(tuned)
    return network, pd.concat(histories, ignore_index=True)


def _train_head(
    head: Network,
    pooled: F32,
    labels: I64,
    settings: TransferLearningSettings,
    seed: int,
    checkpoint: Path,
    validation: tuple[F32, I64] | None,
) -> Table:
    """Train the head on the features of the frozen backbone; gives the history."""
    training = settings.training
    batch_size = settings.chosen_recipe.batch_size
    epochs, optimizer = training.head.epochs, training.head.optimizer.model_dump()
    steps = epochs * count_steps(len(pooled), batch_size)
    history = train_classifier(
        head,
        make_optimizer(**optimizer, steps=steps),
        pooled,
        labels,
        head.output_shape[-1],
        epochs=epochs,
        batch_size=batch_size,
        augmentation=None,
        label_smoothing=training.label_smoothing,
        seed=seed,
        checkpoint=checkpoint / "head",
        fingerprint=(hash_code(__name__), optimizer),
        validation=validation,
    )
    return history.assign(stage="head")


def _fine_tune(
    network: Network,
    images: U8,
    labels: I64,
    settings: TransferLearningSettings,
    seed: int,
    checkpoint: Path,
    validation: tuple[U8, I64] | None,
) -> Table | None:
    """Train the last layers under a trained head; no history where none learns."""
    training, recipe = settings.training, settings.chosen_recipe
    if not (recipe.fine_tuning_epochs and network.trainable_weights):
        return None
    optimizer = settings.fine_tuning_optimizer.model_dump()
    steps = recipe.fine_tuning_epochs * count_steps(len(images), recipe.batch_size)
    history = train_classifier(
        network,
        make_optimizer(**optimizer, steps=steps),
        images,
        labels,
        network.output_shape[-1],
        epochs=recipe.fine_tuning_epochs,
        batch_size=recipe.batch_size,
        augmentation=training.augmentation.model_dump(),
        label_smoothing=training.label_smoothing,
        seed=seed,
        checkpoint=checkpoint / FINE_TUNING,
        fingerprint=(
            hash_code(__name__),
            training.fine_tuning.model_dump(),
            settings.chosen_backbone.fine_tuned_layers,
            optimizer,
            network.get_weights(),
        ),
        validation=validation,
    )
    return history.assign(stage=FINE_TUNING)
