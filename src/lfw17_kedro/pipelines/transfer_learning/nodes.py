"""What is `transfer_learning`'s own: an ImageNet network retrained on faces."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from lfw17_kedro.encoders.registry import BACKBONES
from lfw17_kedro.faces.ids import check_ids
from lfw17_kedro.pipelines.modelling import Fitted
from lfw17_kedro.pipelines.transfer_learning.records import (
    decode_records,
    make_records,
)
from lfw17_kedro.pipelines.transfer_learning.settings import (
    Backbones,
    TransferLearningSettings,
)
from lfw17_kedro.precision import choose_policy, use_policy
from lfw17_kedro.training.ensemble import ensemble_networks
from lfw17_kedro.training.ensemble import predict as predict_images
from lfw17_kedro.training.fit import train_classifier
from lfw17_kedro.training.optimizers import make_optimizer
from lfw17_kedro.types import (
    F32,
    F64,
    U8,
    Features,
    Network,
    Photos,
    ReadWeights,
    Record,
    Table,
)

FEATURE_BATCH = 64  # images; bounds memory, nothing else


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


def write_records(
    train_photos: Photos, train_table: Table, test_photos: Photos, test_table: Table
) -> dict[str, Iterable[Record]]:
    """Convert jpg photos to records of the splits train and test, as in the tables.

    Raises:
        ValueError: the photos are not those of the tables.
    """
    check_ids(list(train_photos), train_table, "training photos")
    check_ids(list(test_photos), test_table, "test photos")
    return {
        "train": make_records(train_photos, train_table),
        "test": make_records(test_photos, test_table),
    }


def make_train_features(
    records: Mapping[str, Iterable[Record]],
    table: Table,
    name: str,
    backbones: Backbones,
    backbone: Network,
) -> Features:
    """Decode the training photos and compute the features of the frozen backbone.

    Args:
        records: of `write_records`.
        table: describes the training photos.
        name: of the chosen backbone.
        backbones: the settings of each.
        backbone: of `build_backbone`.

    Returns:
        Features with `images`, (N, height, width, 3) uint8 RGB, and `pooled`, (N, D)
        float32: the features of the frozen backbone, averaged over each image.
    """
    features = _decode(records["train"], table, name, backbones)
    pooled = pool_features(backbone, features.arrays["images"])
    return Features(
        features.ids, features.arrays | {"pooled": pooled}, features.fingerprint
    )


def make_test_features(
    records: Mapping[str, Iterable[Record]],
    table: Table,
    name: str,
    backbones: Backbones,
) -> Features:
    """Decode the test photos; see `make_train_features`, but without `pooled`."""
    return _decode(records["test"], table, name, backbones)


def _decode(
    records: Iterable[Record], table: Table, name: str, backbones: Backbones
) -> Features:
    """Decode records to the backbone's size, in the order of the table."""
    chosen = getattr(backbones, name)
    ids = table["id"].to_numpy(np.str_)
    return Features(
        ids,
        {"images": decode_records(records, list(ids), chosen.height, chosen.width)},
        f"{name} {chosen.height}x{chosen.width}",
    )


def pool_features(backbone: Network, images: U8) -> F32:
    """Average the backbone's features over each image.

    Args:
        backbone: of `build_backbone`.
        images: (N, height, width, 3) uint8 RGB.

    Returns:
        (N, D) float32.
    """
    from tqdm import tqdm

    pooled = []
    with tqdm(total=len(images), desc="frozen features", unit="photo") as progress:
        for start in range(0, len(images), FEATURE_BATCH):
            batch = images[start : start + FEATURE_BATCH]
            pooled.append(backbone.predict(batch, verbose=0).mean(axis=(1, 2)))
            progress.update(len(batch))
    return np.concatenate(pooled).astype(np.float32)


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
    """Train the head on pooled features, then some or all layers; see `Fit`.

    The backbone, of `build_backbone`, is not changed.
    """
    import keras
    import pandas as pd

    from lfw17_kedro.pipelines.transfer_learning.networks import build_head

    keras.utils.set_random_seed(seed)  # first weights and dropout
    head = build_head(features.arrays["pooled"].shape[1], len(class_names))
    histories = [_train_head(head, features, table, settings, seed, checkpoint)]
    network, tuned = _fine_tune(
        backbone, head, features, table, settings, seed, checkpoint, validation
    )
    if tuned is not None:
        tuned["epoch"] += settings.training.head.epochs
        histories.append(tuned)
    chosen = settings.chosen_backbone
    metadata = {
        "backbone": settings.backbone,
        "image_size": [chosen.height, chosen.width],
        "precision": choose_policy(chosen.precision),
        "fine_tuned_layers": settings.training.fine_tuning.layers,
        "fine_tuning_epochs": 0 if tuned is None else len(tuned),
        "train_images": len(features),
    }
    model = ensemble_networks([network], settings.training.test_time_flip)
    history = pd.concat(histories, ignore_index=True).assign(network=0)
    return Fitted(model, metadata, history)


def predict(model: Network, features: Features) -> F64:
    """Predict with the retrained network; see `Predict`."""
    return predict_images(model, features.arrays["images"])


def _train_head(
    head: Network,
    features: Features,
    table: Table,
    settings: TransferLearningSettings,
    seed: int,
    checkpoint: Path,
) -> Table:
    """Train the head on the features of the frozen backbone; gives the history."""
    training = settings.training
    batch_size = settings.chosen_recipe.batch_size
    epochs, optimizer = training.head.epochs, training.head.optimizer.model_dump()
    steps = epochs * (len(features) // batch_size)
    history = train_classifier(
        head,
        make_optimizer(**optimizer, steps=steps),
        features.arrays["pooled"],
        table["label"].to_numpy(),
        head.output_shape[-1],
        epochs=epochs,
        batch_size=batch_size,
        augmentation=None,
        label_smoothing=training.label_smoothing,
        seed=seed,
        checkpoint=checkpoint / "head",
        fingerprint=optimizer,
    )
    return history.assign(stage="head")


def _fine_tune(
    backbone: Network,
    head: Network,
    features: Features,
    table: Table,
    settings: TransferLearningSettings,
    seed: int,
    checkpoint: Path,
    validation: tuple[Features, Table] | None,
) -> tuple[Network, Table | None]:
    """Train the last layers under a trained head; no history where none learns."""
    from lfw17_kedro.pipelines.transfer_learning.networks import (
        attach_head,
        unfreeze_layers,
    )

    training, tuning = settings.training, settings.training.fine_tuning
    recipe = settings.chosen_recipe
    with use_policy(choose_policy(settings.chosen_backbone.precision)):
        network = attach_head(
            backbone, head, training.dropout, tuning.head_lr_multiplier
        )
    trainable = unfreeze_layers(network, tuning.layers)
    if not (recipe.fine_tuning_epochs and trainable):
        return network, None
    optimizer = tuning.optimizer.model_dump()
    steps = recipe.fine_tuning_epochs * (len(features) // recipe.batch_size)
    history = train_classifier(
        network,
        make_optimizer(**optimizer, steps=steps),
        features.arrays["images"],
        table["label"].to_numpy(),
        head.output_shape[-1],
        epochs=recipe.fine_tuning_epochs,
        batch_size=recipe.batch_size,
        augmentation=training.augmentation.model_dump(),
        label_smoothing=training.label_smoothing,
        seed=seed,
        checkpoint=checkpoint / "fine_tuning",
        fingerprint=(tuning.model_dump(), head.get_weights()),
        validation=validation
        and (validation[0].arrays["images"], validation[1]["label"].to_numpy()),
    )
    return network, history.assign(stage="fine_tuning")
